//! Saved plans: what was asked for, what the outside answered, and the digest of what follows from it.
//!
//! Carrying a saved plan out makes the plan anew from the same files, the same state and the saved answers, and
//! goes on only when it has the saved digest: so nothing is decided again, no secret is in the file (sensitive
//! variables are given again), and an edit of any part is noticed.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::Value;
use serde_json::{Value as Json, json};

use super::setup::Options;
use super::{Plan, ask::Answer};
use crate::addr::Target;
use crate::canonical::{self, Digest, Hidden};
use crate::event::RunMode;
use crate::world::Given;

mod answers;

/// Version of the form of the file.
pub const FORMAT: i64 = 1;

/// Answers by object and question.
pub type Answers = BTreeMap<(String, String), Vec<Answer>>;

/// A saved plan as it is read.
#[derive(Clone, Debug)]
pub struct SavedPlan {
    /// The digest of what was reviewed.
    pub digest: Digest,
    /// Name of the product.
    pub product: String,
    /// Version of the release.
    pub version: String,
    /// The release file or folder, as it was named.
    pub source: String,
    /// Digest of the source files.
    pub config: String,
    /// Digest of the state.
    pub state: String,
    /// Identity of the ledger.
    pub lineage: Option<String>,
    /// Version of each provider.
    pub providers: BTreeMap<String, String>,
    /// What was asked for.
    pub options: Options,
    /// Values that were given for variables; those of sensitive ones are null and must be given again.
    pub variables: BTreeMap<Arc<str>, Value>,
    /// What the outside answered.
    pub answers: Answers,
    /// The plan as people read it, without colours.
    pub text: String,
    /// The plan as programs read it.
    pub json: Json,
}

/// Why a file is no saved plan that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SavedPlanError {
    /// It is something else.
    #[error("it is no saved plan of relplan")]
    Foreign,
    /// A newer relplan wrote it.
    #[error("it has the format {0}, and this relplan knows {FORMAT}")]
    Version(i64),
    /// It does not have the bytes that were written.
    #[error("it was changed since it was saved")]
    Edited,
    /// A part of it does not make sense.
    #[error("its part {0:?} is damaged")]
    Damaged(&'static str),
}

/// The text of a saved plan. `text` and `json` are the plan as it was shown.
#[must_use]
pub fn write(
    plan: &Plan,
    digest: &Digest,
    options: &Options,
    given: &BTreeMap<Arc<str>, Given>,
    answers: &Answers,
    (source, text, json): (&str, &str, &Json),
) -> String {
    let body = json!({
        "relplan_saved_plan": FORMAT,
        "digest": digest.to_string(),
        "product": *plan.product,
        "version": *plan.version,
        "source": source,
        "config": plan.basis.config.map(|digest| digest.to_string()),
        "state": plan.basis.state.to_string(),
        "lineage": plan.basis.lineage.as_ref().map(|lineage| lineage.0.to_string()),
        "providers": plan.basis.providers,
        "options": options_json(options),
        "variables": variables(plan, given),
        "answers": answers::encode(answers),
        "text": text,
        "plan": json,
    });
    let body = canonical::to_string(&body);
    format!("{} {body}\n", Digest::of(body.as_bytes()).hex())
}

/// Reads a saved plan.
pub fn read(bytes: &[u8]) -> Result<SavedPlan, SavedPlanError> {
    let text = std::str::from_utf8(bytes).map_err(|_| SavedPlanError::Foreign)?;
    let (sum, body) = text.trim_end_matches('\n').split_once(' ').ok_or(SavedPlanError::Foreign)?;
    if !body.contains("\"relplan_saved_plan\":") {
        return Err(SavedPlanError::Foreign);
    }
    if Digest::of(body.as_bytes()).hex() != sum {
        return Err(SavedPlanError::Edited);
    }
    let json: Json = serde_json::from_str(body).map_err(|_| SavedPlanError::Edited)?;
    let format = json.get("relplan_saved_plan").and_then(Json::as_i64).ok_or(SavedPlanError::Foreign)?;
    if format != FORMAT {
        return Err(SavedPlanError::Version(format));
    }
    let string = |name: &'static str| {
        json.get(name).and_then(Json::as_str).map(str::to_owned).ok_or(SavedPlanError::Damaged(name))
    };
    let strings = |name: &'static str| -> Result<BTreeMap<String, String>, SavedPlanError> {
        let map = json.get(name).and_then(Json::as_object).ok_or(SavedPlanError::Damaged(name))?;
        map.iter()
            .map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect::<Option<_>>()
            .ok_or(SavedPlanError::Damaged(name))
    };
    Ok(SavedPlan {
        digest: string("digest")?.parse().map_err(|_| SavedPlanError::Damaged("digest"))?,
        product: string("product")?,
        version: string("version")?,
        source: string("source")?,
        config: string("config")?,
        state: string("state")?,
        lineage: json.get("lineage").and_then(Json::as_str).map(str::to_owned),
        providers: strings("providers")?,
        options: options_of(&json).ok_or(SavedPlanError::Damaged("options"))?,
        variables: variables_of(&json).ok_or(SavedPlanError::Damaged("variables"))?,
        answers: answers::decode(json.get("answers")).ok_or(SavedPlanError::Damaged("answers"))?,
        text: string("text")?,
        json: json.get("plan").cloned().unwrap_or(Json::Null),
    })
}

/// What was given for each variable, unless it is sensitive.
fn variables(plan: &Plan, given: &BTreeMap<Arc<str>, Given>) -> Json {
    let shown = given.iter().map(|(name, given)| {
        let sensitive = plan.basis.variables.get(name).is_some_and(Value::has_sensitive);
        let value = if sensitive { Json::Null } else { canonical::encode(&given.value, &Hidden) };
        (name.to_string(), value)
    });
    Json::Object(shown.collect())
}

fn variables_of(json: &Json) -> Option<BTreeMap<Arc<str>, Value>> {
    let map = json.get("variables")?.as_object()?;
    map.iter().map(|(name, value)| Some((name.as_str().into(), canonical::decode(value).ok()?))).collect()
}

fn options_json(options: &Options) -> Json {
    let texts = |targets: &[Target]| targets.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "mode": mode_name(options.mode),
        "targets": texts(&options.targets),
        "excludes": texts(&options.excludes),
        "replace": texts(&options.replace),
        "refresh": options.refresh,
    })
}

fn options_of(json: &Json) -> Option<Options> {
    let options = json.get("options")?;
    let targets = |name: &str| -> Option<Vec<Target>> {
        options.get(name)?.as_array()?.iter().map(|text| text.as_str()?.parse().ok()).collect()
    };
    let mode = options.get("mode")?.as_str()?;
    Some(Options {
        mode: MODES.into_iter().find(|known| mode_name(*known) == mode)?,
        targets: targets("targets")?,
        excludes: targets("excludes")?,
        replace: targets("replace")?,
        refresh: options.get("refresh")?.as_bool()?,
        retry: Vec::new(),
        accept: Vec::new(),
        ask: true,
    })
}

const MODES: [RunMode; 3] = [RunMode::Apply, RunMode::Destroy, RunMode::Refresh];

const fn mode_name(mode: RunMode) -> &'static str {
    match mode {
        RunMode::Apply => "apply",
        RunMode::Destroy => "destroy",
        RunMode::Rollback => "rollback",
        RunMode::Refresh => "refresh",
        RunMode::State => "state",
    }
}

#[cfg(test)]
mod tests;
