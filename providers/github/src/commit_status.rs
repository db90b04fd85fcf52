//! `github_commit_status`: a mark on a commit, as the checks of a pull request show it.

use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Problem, Repeat, Resource, ResourceSchema,
    Type, Value,
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::GitHub;
use crate::arguments::{not_known, text};
use crate::client::query;
use crate::repository::{self, Repository};
use crate::tag;

/// Name of the type.
pub(crate) const TYPE_NAME: &str = "github_commit_status";

/// The longest description that GitHub takes, in characters.
const LONGEST: usize = 140;

const DOCS: &str = r#"Marks a commit, where its pull request and its branch show it:

```hcl
resource "github_commit_status" "released" {
  repository  = "acme/shop"
  commit      = github_release.shop.commit
  context     = "release"
  description = "Live in production as ${release.version}"
  target_url  = github_workflow_deployment.production.run_url
}
```

Of several statuses with one `context` the last counts, so that telling it again does no harm."#;

/// The schema.
pub(crate) fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: TYPE_NAME,
        lifetime: Lifetime::Record,
        summary: "A status of a commit.",
        docs: DOCS,
        attributes: vec![
            tag::repository_argument(),
            Attribute::required("commit", Type::String, "Full name of the commit.").immutable(),
            Attribute::optional("state", Type::String, "`success`, `failure`, `pending` or `error`.")
                .or("success")
                .immutable(),
            Attribute::optional("context", Type::String, "The word that tells it from other statuses.")
                .or("relplan")
                .immutable(),
            Attribute::optional("description", Type::String, "A short text, up to 140 characters.")
                .immutable(),
            Attribute::optional("target_url", Type::String, "Where more can be read.").immutable(),
            Attribute::computed("id", Type::Number, "Its number.").stable(),
        ],
        repeat: Repeat::Harmless,
        destroyable: false,
        backup: false,
        preview: false,
        gate: false,
        undo: "none: a later status of the same context counts",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(300),
    }
}

/// The last status of each context.
#[derive(Deserialize)]
struct Combined {
    statuses: Vec<Status>,
}

#[derive(Deserialize)]
struct Status {
    id: i64,
    state: String,
    context: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    target_url: Option<String>,
}

/// The resource type.
pub(crate) struct CommitStatus {
    github: Arc<GitHub>,
    schema: ResourceSchema,
}

impl CommitStatus {
    pub(crate) fn new(github: Arc<GitHub>) -> Self {
        Self { github, schema: schema() }
    }

    async fn make(&self, context: &Context, planned: &Value) -> Result<Applied, Problem> {
        let (Some(repository), Some(commit)) = (Repository::of(planned)?, text(planned, "commit")) else {
            return Err(not_known());
        };
        let mut body = json!({ "state": text(planned, "state"), "context": text(planned, "context") });
        if let Some(body) = body.as_object_mut() {
            for name in ["description", "target_url"] {
                body.extend(text(planned, name).map(|text| (name.to_owned(), json!(text))));
            }
        }
        // Told once is enough, though telling it again would do no harm.
        let what = format!("The status of {} in {repository} could not be read", tag::short(&commit));
        let path = query(&repository.path(&["commits", &commit, "status"]), &[("per_page", "100")]);
        let there: Result<Combined, _> = self.github.client.get(context, &path).await;
        let there = there.map_err(|fault| fault.reading(&what))?;
        let is = |told: &Option<String>, name: &str| *told == text(planned, name);
        let same = |status: &&Status| {
            Some(&status.state) == text(planned, "state").as_ref()
                && Some(&status.context) == text(planned, "context").as_ref()
                && is(&status.description, "description")
                && is(&status.target_url, "target_url")
        };
        if let Some(status) = there.statuses.iter().find(same) {
            return Ok(Applied::new(planned.clone().with("id", status.id.into())));
        }
        let path = repository.path(&["statuses", &commit]);
        let made = self.github.client.change::<Status>(context, Method::POST, &path, &body).await;
        let what = format!("The status of {} in {repository} could not be told", tag::short(&commit));
        let made = made.map_err(|fault| fault.reading(&what))?;
        Ok(Applied::new(planned.clone().with("id", made.id.into())))
    }
}

impl Resource for CommitStatus {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems: Vec<Problem> = repository::check(config).into_iter().collect();
        let commit = config.get("commit").as_str();
        if commit
            .is_some_and(|commit| commit.len() != 40 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            problems.push(Problem::invalid("commit", "A commit is told by its forty digits."));
        }
        let states = ["success", "failure", "pending", "error"];
        if config.get("state").as_str().is_some_and(|state| !states.contains(&state)) {
            problems.push(Problem::invalid("state", "A state is success, failure, pending or error."));
        }
        if config.get("description").as_str().is_some_and(|text| text.chars().count() > LONGEST) {
            problems.push(Problem::invalid("description", "A description has up to 140 characters."));
        }
        problems
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(self.make(context, request.planned))
    }
}
