//! `github_comment`: one comment on an issue or pull request, written once and then kept up to date.

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
use crate::client::query;
use crate::marker;
use crate::repository::{self, Repository};
use crate::tag;
use crate::viewer::{Author, Through};

/// Name of the type.
pub(crate) const TYPE_NAME: &str = "github_comment";

const DOCS: &str = r#"Keeps one comment on an issue or a pull request, and edits it in place:

```hcl
resource "github_comment" "status" {
  repository = "acme/shop"
  number     = 42
  marker     = "release-status"
  body       = "Released in ${release.version}: ${github_release.shop.url}"
}
```

The comment is found again by its `marker`, which stands in it as an HTML comment that nobody sees; so one that this account wrote under this mark is
taken over, and however often this runs there is one. When it leaves the file it is deleted."#;

/// The schema.
pub(crate) fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: TYPE_NAME,
        lifetime: Lifetime::Live,
        summary: "One comment on an issue or pull request, edited in place.",
        docs: DOCS,
        attributes: vec![
            tag::repository_argument(),
            Attribute::required("number", Type::Number, "Number of the issue or pull request.").immutable(),
            Attribute::required("marker", Type::String, "The word by which the comment is found again.")
                .immutable(),
            Attribute::required("body", Type::String, "Its text, in Markdown."),
            Attribute::computed("id", Type::Number, "Its number.").stable(),
            Attribute::computed("url", Type::String, "Where it stands.").stable(),
        ],
        repeat: Repeat::AskFirst,
        destroyable: true,
        backup: false,
        preview: false,
        gate: false,
        undo: "write the text before",
        headline: None,
        settle: Duration::from_secs(30),
        timeout: Duration::from_secs(300),
    }
}

#[derive(Deserialize)]
struct Found {
    id: i64,
    html_url: String,
    #[serde(default)]
    body: Option<String>,
    user: Option<Author>,
    performed_via_github_app: Option<Through>,
}

/// Where the comment stands.
struct Place {
    repository: Repository,
    number: String,
    marker: String,
    /// The comment's number, where it was made already.
    known: Option<i64>,
}

impl Place {
    fn of(object: &Value) -> Result<Option<Self>, Problem> {
        let (number, marker) = (object.get("number").as_i64(), text(object, "marker"));
        let (Some(repository), Some(number), Some(marker)) = (Repository::of(object)?, number, marker) else {
            return Ok(None);
        };
        let known = object.get("id").as_i64();
        Ok(Some(Self { repository, number: number.to_string(), marker, known }))
    }
}

/// The resource type.
pub(crate) struct Comment {
    github: Arc<GitHub>,
    schema: ResourceSchema,
}

impl Comment {
    pub(crate) fn new(github: Arc<GitHub>) -> Self {
        Self { github, schema: schema() }
    }

    async fn find(&self, context: &Context, place: &Place) -> Result<Option<Found>, Problem> {
        let path =
            query(&place.repository.path(&["issues", &place.number, "comments"]), &[("per_page", "100")]);
        let all = self.github.client.all::<Found>(context, &path, |left, right| left.id == right.id).await;
        let what = format!("The comments on {}#{} could not be read", place.repository, place.number);
        let all = all.map_err(|fault| fault.reading(&what))?;
        let mut marked =
            all.into_iter().filter(|one| marker::is_in(one.body.as_deref(), &place.marker)).peekable();
        if marked.peek().is_none() {
            return Ok(None);
        }
        // Anybody can write the mark into a comment of their own.
        let viewer = self.github.viewer(context).await?;
        Ok(marked.find(|one| {
            Some(one.id) == place.known
                || viewer.wrote(one.user.as_ref(), one.performed_via_github_app.as_ref())
        }))
    }

    async fn make(&self, context: &Context, planned: &Value) -> Result<Applied, Problem> {
        let place = Place::of(planned)?.ok_or_else(not_known)?;
        let wanted = marker::with(&text(planned, "body").ok_or_else(not_known)?, &place.marker);
        let body = json!({ "body": wanted });
        let client = &self.github.client;
        let what = format!("The comment on {}#{} could not be written", place.repository, place.number);
        let written = match self.find(context, &place).await? {
            Some(found) if found.body.as_deref() == Some(&wanted) => found,
            Some(found) => {
                let path = place.repository.path(&["issues", "comments", &found.id.to_string()]);
                let edited = client.change(context, Method::PATCH, &path, &body).await;
                edited.map_err(|fault| fault.reading(&what))?
            }
            None => {
                let path = place.repository.path(&["issues", &place.number, "comments"]);
                let made = client.change(context, Method::POST, &path, &body).await;
                made.map_err(|fault| fault.changing(&what))?
            }
        };
        Ok(Applied::new(with_comment(planned, &written)))
    }

    async fn observe(&self, context: &Context, prior: &Value) -> Result<Observed, Problem> {
        let Some(place) = Place::of(prior)? else { return Ok(Observed::Same) };
        let Some(found) = self.find(context, &place).await? else { return Ok(Observed::Absent) };
        let (now, before) =
            (found.body.as_deref().unwrap_or_default(), text(prior, "body").unwrap_or_default());
        if now.replace('\r', "") == marker::with(&before, &place.marker) {
            return Ok(Observed::Same);
        }
        let shown = now.split("\n\n<!-- relplan:").next().unwrap_or_default();
        Ok(Observed::Present(with_comment(prior, &found).with("body", shown.into())))
    }

    async fn find_out(
        &self,
        context: &Context,
        request: ReconcileRequest<'_>,
    ) -> Result<Reconciled, Problem> {
        let object = if request.destroy { request.prior.unwrap_or(request.planned) } else { request.planned };
        let place = Place::of(object)?.ok_or_else(not_known)?;
        let found = self.find(context, &place).await?;
        if request.destroy {
            let gone = Reconciled::Done(Applied::new(Value::NULL));
            return Ok(if found.is_some() { Reconciled::NotDone } else { gone });
        }
        let wanted = marker::with(&text(object, "body").unwrap_or_default(), &place.marker);
        let done = found.filter(|found| found.body.as_deref() == Some(&wanted));
        Ok(done.map_or(Reconciled::NotDone, |found| {
            Reconciled::Done(Applied::new(with_comment(request.planned, &found)))
        }))
    }

    async fn remove(&self, context: &Context, prior: &Value) -> Result<(), Problem> {
        let place = Place::of(prior)?.ok_or_else(not_known)?;
        let Some(found) = self.find(context, &place).await? else { return Ok(()) };
        let path = place.repository.path(&["issues", "comments", &found.id.to_string()]);
        match self.github.client.bare(context, Method::DELETE, &path).await {
            Err(fault) if !fault.is_status(404) => Err(fault.reading("The comment could not be deleted")),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn with_comment(object: &Value, comment: &Found) -> Value {
    object.clone().with("id", comment.id.into()).with("url", comment.html_url.as_str().into())
}

impl Resource for Comment {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems: Vec<Problem> = repository::check(config).into_iter().collect();
        let marker = config.get("marker").as_str();
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
        if marker.is_some_and(|marker| marker.is_empty() || marker.len() > 100 || !marker.chars().all(plain))
        {
            let message = "A marker is a word of letters, digits, `_`, `.`, `:` and `-`.";
            problems.push(Problem::invalid("marker", message));
        }
        let number = config.get("number");
        if !(number.is_null() || number.is_unknown() || number.as_i64().is_some_and(|number| number > 0)) {
            problems.push(Problem::invalid("number", "The number of an issue or pull request is 1 or more."));
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
        Box::pin(self.make(context, request.planned))
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(self.find_out(context, request))
    }

    fn destroy<'a>(
        &'a self,
        context: &'a Context,
        prior: &'a Value,
        _key: &'a str,
    ) -> Answer<'a, Result<(), Problem>> {
        Box::pin(self.remove(context, prior))
    }
}
