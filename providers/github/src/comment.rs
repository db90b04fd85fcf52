//! `github_comment`: one comment on an issue or pull request, written once and then kept up to date.

use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Observed, Problem, ReconcileRequest,
    Reconciled, Repeat, Resource, ResourceSchema, Type, Value,
};

use crate::GitHub;
use crate::arguments::{not_known, text};
use crate::client::Fault;
use crate::conversation::{self, Comment as Written, Conversation};
use crate::marker;
use crate::repository::{self, Repository};
use crate::tag;

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
taken over, and however often this runs there is one. What others wrote is neither edited nor deleted, whatever marks it holds. One that
somebody minimised is shown again when its text changes. When it leaves the file it is deleted."#;

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

/// Where the comment stands.
struct Place {
    conversation: Conversation,
    marker: String,
}

impl Place {
    fn of(object: &Value) -> Result<Option<Self>, Problem> {
        let (number, marker) = (object.get("number").as_i64(), text(object, "marker"));
        let (Some(repository), Some(number), Some(marker)) = (Repository::of(object)?, number, marker) else {
            return Ok(None);
        };
        Ok(Some(Self { conversation: Conversation { repository, number: number.to_string() }, marker }))
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

    /// The comments of this account with the mark, the oldest first.
    async fn all(&self, context: &Context, place: &Place) -> Result<Vec<Written>, Problem> {
        let is_marked = |one: &Written| marker::is_in(one.body.as_deref(), &place.marker);
        place.conversation.ours(&self.github, context, is_marked).await
    }

    /// The newest of them.
    async fn find(&self, context: &Context, place: &Place) -> Result<Option<Written>, Problem> {
        Ok(self.all(context, place).await?.pop())
    }

    async fn make(&self, context: &Context, planned: &Value) -> Result<Applied, Problem> {
        // A text that was not known when the plan was made may be too long, too.
        if let Some(problem) = marker::check(planned, "body") {
            return Err(problem);
        }
        let place = Place::of(planned)?.ok_or_else(not_known)?;
        let wanted = marker::with(&text(planned, "body").ok_or_else(not_known)?, &place.marker);
        // Two runs at the same time, or one that was cut off while it replaced one, leave several.
        let mut ours = self.all(context, &place).await?;
        let newest = ours.pop();
        for older in &ours {
            place.conversation.delete(&self.github.client, context, older.id).await?;
        }
        let written = match newest {
            Some(found) => self.renew(context, &place.conversation, found, &wanted).await?,
            None => place.conversation.post(&self.github.client, context, &wanted).await?,
        };
        Ok(Applied::new(with_comment(planned, &written)))
    }

    /// Gives a comment this text, where people see it: one that was folded away is shown again, and where the token may not do
    /// that, a new one takes its place.
    async fn renew(
        &self,
        context: &Context,
        place: &Conversation,
        found: Written,
        wanted: &str,
    ) -> Result<Written, Problem> {
        let client = &self.github.client;
        if conversation::is_hidden(client, context, &found.node_id).await? {
            match conversation::show(client, context, &found.node_id).await {
                Ok(true) => {}
                Ok(false) | Err(Fault::Refused(_)) => {
                    let written = place.post(client, context, wanted).await?;
                    place.delete(client, context, found.id).await?;
                    return Ok(written);
                }
                Err(fault) => return Err(fault.reading("The comment could not be shown again")),
            }
        }
        if found.body.as_deref() == Some(wanted) {
            return Ok(found);
        }
        place.edit(client, context, found.id, wanted).await
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
        for found in self.all(context, &place).await? {
            place.conversation.delete(&self.github.client, context, found.id).await?;
        }
        Ok(())
    }
}

fn with_comment(object: &Value, comment: &Written) -> Value {
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
