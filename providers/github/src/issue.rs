//! `github_issue`: a ticket as a record of a release, such as its retrospective.

use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Observed, Problem, ReconcileRequest,
    Reconciled, Repeat, Resource, ResourceSchema, Type, Value,
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::GitHub;
use crate::arguments::{not_known, text};
use crate::client::{Fault, query};
use crate::marker;
use crate::repository::{self, Repository};
use crate::tag;
use crate::viewer::{Author, Through};

/// Name of the type.
pub(crate) const TYPE_NAME: &str = "github_issue";

const DOCS: &str = r#"Opens an issue once for a version, such as for the retrospective or for what is to be written down:

```hcl
resource "github_issue" "retrospective" {
  repository = "acme/shop"
  title      = "Retrospective of ${release.version}"
  labels     = ["retrospective"]
  body       = <<-EOT
    Deployed by ${github_workflow_deployment.production.run_url}.
    ${data.github_merged_pull_requests.shop.total} pull requests by ${join(", ", data.github_merged_pull_requests.shop.authors)}.
  EOT
  depends_on = [http_smoke_test.production]
}
```

A mark that nobody sees, at the end of the text, tells a run that was cut off whether the issue was opened. What people change in it afterwards is theirs:
it is no drift."#;

/// The schema.
pub(crate) fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: TYPE_NAME,
        lifetime: Lifetime::Record,
        summary: "An issue in a GitHub repository, opened once for a version.",
        docs: DOCS,
        attributes: vec![
            tag::repository_argument(),
            Attribute::required("title", Type::String, "Its title.").immutable(),
            Attribute::optional("body", Type::String, "Its text, in Markdown.").immutable(),
            Attribute::optional("labels", Type::set(Type::String), "Its labels.").immutable(),
            Attribute::optional(
                "assignees",
                Type::set(Type::String),
                "Logins of those who are to work on it.",
            )
            .immutable(),
            Attribute::optional("milestone", Type::Number, "Number of its milestone.").immutable(),
            Attribute::computed("number", Type::Number, "Its number.").stable(),
            Attribute::computed("url", Type::String, "Its page.").stable(),
        ],
        repeat: Repeat::AskFirst,
        destroyable: false,
        backup: false,
        preview: false,
        gate: false,
        undo: "none: close the issue by hand",
        headline: None,
        settle: Duration::from_secs(30),
        timeout: Duration::from_secs(300),
    }
}

#[derive(Deserialize)]
struct Opened {
    number: i64,
    html_url: String,
    #[serde(default)]
    body: Option<String>,
    user: Option<Author>,
    performed_via_github_app: Option<Through>,
}

/// The resource type.
pub(crate) struct Issue {
    github: Arc<GitHub>,
    schema: ResourceSchema,
}

impl Issue {
    pub(crate) fn new(github: Arc<GitHub>) -> Self {
        Self { github, schema: schema() }
    }

    async fn make(&self, context: &Context, planned: &Value, key: &str) -> Result<Applied, Problem> {
        let (Some(repository), Some(title)) = (Repository::of(planned)?, text(planned, "title")) else {
            return Err(not_known());
        };
        // A text that was not known when the plan was made may be too long, too.
        if let Some(problem) = marker::check(planned, "body") {
            return Err(problem);
        }
        let body = marker::with(&text(planned, "body").unwrap_or_default(), key);
        let texts = |name: &str| -> Vec<String> {
            let items = planned.get(name).as_list().unwrap_or_default();
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let mut request = json!({ "title": title, "body": body });
        if let Some(request) = request.as_object_mut() {
            for name in ["labels", "assignees"] {
                let items = texts(name);
                request.extend((!items.is_empty()).then(|| (name.to_owned(), json!(items))));
            }
            let milestone = planned.get("milestone").as_i64();
            request.extend(milestone.map(|number| ("milestone".to_owned(), json!(number))));
        }
        let path = repository.path(&["issues"]);
        let made: Result<Opened, Fault> =
            self.github.client.change(context, Method::POST, &path, &request).await;
        let what = format!("The issue in {repository} could not be opened");
        let opened = made.map_err(|fault| fault.changing(&what))?;
        context.progress.line(&format!("Opened {}", opened.html_url));
        Ok(Applied::new(with_issue(planned, &opened)))
    }

    async fn observe(&self, context: &Context, prior: &Value) -> Result<Observed, Problem> {
        let (Some(repository), Some(number)) = (Repository::of(prior)?, prior.get("number").as_i64()) else {
            return Ok(Observed::Same);
        };
        let path = repository.path(&["issues", &number.to_string()]);
        let found = self.github.client.find::<Opened>(context, &path).await;
        let found = found.or_else(|fault| if fault.is_status(410) { Ok(None) } else { Err(fault) });
        let found = found.map_err(|fault| {
            fault.reading(&format!("The issue {number} of {repository} could not be read"))
        })?;
        Ok(found.map_or(Observed::Absent, |_| Observed::Same))
    }

    async fn find_out(
        &self,
        context: &Context,
        request: ReconcileRequest<'_>,
    ) -> Result<Reconciled, Problem> {
        let repository = Repository::of(request.planned)?.ok_or_else(not_known)?;
        // The newest come first: one that a dead process opened is on the first page.
        let pairs = [("state", "all"), ("per_page", "100")];
        let path = query(&repository.path(&["issues"]), &pairs);
        let issues: Result<Vec<Opened>, Fault> = self.github.client.get(context, &path).await;
        let issues = issues
            .map_err(|fault| fault.reading(&format!("The issues of {repository} could not be read")))?;
        let mut marked =
            issues.into_iter().filter(|issue| marker::is_in(issue.body.as_deref(), request.key)).peekable();
        if marked.peek().is_none() {
            return Ok(Reconciled::NotDone);
        }
        // Whoever saw the key of an issue of ours can write it into one of their own.
        let viewer = self.github.viewer(context).await?;
        let ours =
            marked.find(|issue| viewer.wrote(issue.user.as_ref(), issue.performed_via_github_app.as_ref()));
        Ok(ours.map_or(Reconciled::NotDone, |issue| {
            Reconciled::Done(Applied::new(with_issue(request.planned, &issue)))
        }))
    }
}

fn with_issue(object: &Value, issue: &Opened) -> Value {
    object.clone().with("number", issue.number.into()).with("url", issue.html_url.as_str().into())
}

impl Resource for Issue {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems: Vec<Problem> = repository::check(config).into_iter().collect();
        if config.get("title").as_str().is_some_and(|title| title.trim().is_empty() || title.len() > 256) {
            problems.push(Problem::invalid("title", "A title is one line of 1 to 256 characters."));
        }
        problems.extend(marker::check(config, "body"));
        problems
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        Box::pin(self.observe(context, prior))
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(self.make(context, request.planned, request.key))
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(self.find_out(context, request))
    }
}
