//! The arguments of `github_workflow_deployment`, checked.

use std::collections::BTreeMap;
use std::time::Duration;

use relplan_contract::{Path, Problem, Value};
use reqwest::Url;

use crate::arguments::{check_reference, flag, text};
use crate::repository::{self, Repository};

/// The most characters that an input may have together with all others, as GitHub has it.
const LONGEST_INPUTS: usize = 65_535;

/// What is to be deployed, and how.
pub(super) struct Arguments {
    pub(super) repository: Repository,
    pub(super) workflow: String,
    pub(super) version: String,
    pub(super) reference: String,
    pub(super) inputs: BTreeMap<String, String>,
    /// Name of the input that carries the key.
    pub(super) key_input: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) environment_url: Option<String>,
    pub(super) record: bool,
    pub(super) version_url: Option<Url>,
    pub(super) version_field: Option<String>,
    pub(super) version_wait: Duration,
    pub(super) poll: Duration,
    pub(super) cancels: bool,
}

impl Arguments {
    /// Reads an object; none where something that it needs is not known.
    pub(super) fn read(object: &Value) -> Result<Option<Self>, Problem> {
        let repository = Repository::of(object)?;
        let required = ["workflow", "version", "ref"].map(|name| text(object, name));
        let (Some(repository), [Some(workflow), Some(version), Some(reference)]) = (repository, required)
        else {
            return Ok(None);
        };
        if object.get("inputs").has_unknown() {
            return Ok(None);
        }
        let inputs = object.get("inputs").as_map().into_iter().flatten();
        let inputs = inputs.filter_map(|(name, value)| Some((name.to_string(), value.as_str()?.to_owned())));
        let version_url = text(object, "version_url").map(|url| Url::parse(&url)).transpose();
        let seconds = |name: &str| {
            Duration::from_secs(
                object.get(name).as_i64().and_then(|number| u64::try_from(number).ok()).unwrap_or_default(),
            )
        };
        Ok(Some(Self {
            repository,
            workflow,
            version,
            reference,
            inputs: inputs.collect(),
            key_input: text(object, "key_input").filter(|name| !name.is_empty()),
            environment: text(object, "environment"),
            environment_url: text(object, "environment_url"),
            record: flag(object, "record_deployment"),
            version_url: version_url.map_err(|error| no_url(&error.to_string()))?,
            version_field: text(object, "version_field"),
            version_wait: seconds("version_seconds"),
            poll: seconds("poll_seconds").max(Duration::from_secs(1)),
            cancels: object.get("on_interrupt").as_str() == Some("cancel"),
        }))
    }
}

fn no_url(error: &str) -> Problem {
    Problem::invalid("version_url", format!("This is no URL: {error}."))
        .hint("Give one such as https://shop.example/version.")
}

/// What is wrong with the known parts.
pub(super) fn check(object: &Value) -> Vec<Problem> {
    let mut problems: Vec<Problem> = repository::check(object).into_iter().collect();
    problems.extend(check_reference(object, "ref"));
    problems.extend(Arguments::read(object).err());
    if object.get("workflow").as_str().is_some_and(|name| !is_file_name(name)) {
        let message = "The workflow is named by its file in .github/workflows, such as \"deploy.yml\".";
        problems.push(Problem::invalid("workflow", message));
    }
    if object.get("on_interrupt").as_str().is_some_and(|word| !["finish", "cancel"].contains(&word)) {
        problems.push(Problem::invalid("on_interrupt", "on_interrupt is either \"finish\" or \"cancel\"."));
    }
    for (name, least) in [("poll_seconds", 1), ("version_seconds", 0)] {
        let value = object.get(name);
        let fits = value.as_i64().is_some_and(|number| (least..=3_600).contains(&number));
        if !(fits || value.is_null() || value.is_unknown()) {
            let message = format!("{name} is a whole number from {least} to 3600.");
            problems.push(Problem::invalid(name, message));
        }
    }
    if flag(object, "record_deployment") && object.get("environment").is_null() {
        let message = "A deployment is recorded for an environment: give `environment`, too.";
        problems.push(Problem::invalid("record_deployment", message));
    }
    problems.extend(check_inputs(object));
    problems
}

fn is_file_name(name: &str) -> bool {
    let has_kind = [".yml", ".yaml"].iter().any(|kind| name.ends_with(kind));
    has_kind && !name.contains(['/', '\\', '?', '#', '%']) && !name.starts_with('.')
}

fn check_inputs(object: &Value) -> Option<Problem> {
    let inputs = object.get("inputs").as_map()?;
    let key = object.get("key_input").as_str().unwrap_or_default();
    if inputs.contains_key(key) {
        let at = Path::attribute("inputs").key(key);
        let message = format!("The input {key} carries the key of the deployment, which relplan fills in.");
        return Some(Problem::invalid("inputs", message).about(at));
    }
    let length: usize =
        inputs.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
    let most = if key.is_empty() { 25 } else { 24 };
    (inputs.len() > most || length > LONGEST_INPUTS).then(|| {
        let message = "A workflow takes at most 25 inputs of 65,535 characters in all, the key among them.";
        Problem::invalid("inputs", message)
    })
}
