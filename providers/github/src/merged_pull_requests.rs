//! `data "github_merged_pull_requests"`: what was merged, for release notes.

use std::sync::Arc;

use relplan_contract::{Answer, Attribute, Context, DataSchema, DataSource, Problem, Type, Value};

use crate::GitHub;
use crate::pulls::{self, Pull, Selection, Wants};

/// Name of the type.
pub(crate) const TYPE_NAME: &str = "github_merged_pull_requests";

const DOCS: &str = r#"Lists what was merged since the last release before this version:

```hcl
data "github_merged_pull_requests" "shop" {
  repositories = data.github_repositories.shop.full_names
}

resource "release_notes" "shop" {
  changes = data.github_merged_pull_requests.shop.pull_requests
}
```

Which ones is told as for `github_pull_requests`. They come in the order of repositories and numbers. `type`, `scope` and
`breaking` are read from a title in the form of Conventional Commits, such as `feat(cart)!: forget the coupon`; a body with a line
`BREAKING CHANGE: ...` is breaking, too."#;

/// The schema.
pub(crate) fn schema() -> DataSchema {
    let mut attributes = pulls::arguments();
    attributes.extend([
        Attribute::computed("pull_requests", Type::list(pull_type()), "What was merged."),
        Attribute::computed("total", Type::Number, "How many there are."),
        Attribute::computed("authors", Type::list(Type::String), "Who wrote them, in alphabetical order."),
    ]);
    DataSchema {
        type_name: TYPE_NAME,
        summary: "What was merged, for release notes.",
        docs: DOCS,
        attributes,
    }
}

fn pull_type() -> Type {
    let text = |name, docs| Attribute::required(name, Type::String, docs);
    let maybe = |name, docs| Attribute::optional(name, Type::String, docs);
    relplan_contract::object_type(&[
        text("repository", "OWNER/NAME."),
        Attribute::required("number", Type::Number, "Its number."),
        text("title", "Its title, without the Conventional Commits prefix."),
        text("url", "Its page."),
        text("author", "Who wrote it."),
        text("merged_at", "When it was merged, as RFC 3339."),
        maybe("commit", "The commit that it was merged as."),
        Attribute::required("labels", Type::list(Type::String), "Its labels, in alphabetical order."),
        maybe("type", "The word before the colon of a conventional title: `feat`."),
        maybe("scope", "The word in parentheses behind it."),
        Attribute::required("breaking", Type::Bool, "Whether it is marked as a breaking change."),
        maybe("breaking_note", "What breaks, from the body."),
    ])
}

/// A title in the form of Conventional Commits 1.0.0, taken apart.
struct Conventional<'t> {
    kind: &'t str,
    scope: Option<&'t str>,
    breaking: bool,
    rest: &'t str,
}

fn conventional(title: &str) -> Option<Conventional<'_>> {
    let (head, rest) = title.split_once(": ")?;
    let (head, breaking) = head.strip_suffix('!').map_or((head, false), |head| (head, true));
    let (kind, scope) = match head.strip_suffix(')').and_then(|head| head.split_once('(')) {
        Some((kind, scope)) => (kind, Some(scope)),
        None => (head, None),
    };
    let is_word = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    is_word.then_some(Conventional { kind, scope, breaking, rest: rest.trim() })
}

/// What follows `BREAKING CHANGE:` in a body. A template's hint for authors, in a comment that nobody sees, is none.
fn breaking_note(body: &str) -> Option<String> {
    shown(body).lines().find_map(|line| {
        let line = line.trim_start();
        let note = line.strip_prefix("BREAKING CHANGE:").or_else(|| line.strip_prefix("BREAKING-CHANGE:"))?;
        Some(note.trim().to_owned())
    })
}

/// A body without its HTML comments.
fn shown(body: &str) -> String {
    let mut shown = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, comment)) = rest.split_once("<!--") {
        shown.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    shown + rest
}

fn to_value(pull: &Pull) -> Value {
    let maybe = |text: Option<&str>| text.map_or(Value::NULL, Value::from);
    let told = conventional(&pull.title);
    let note = breaking_note(&pull.body);
    let mut labels: Vec<&str> = pull.labels.iter().map(String::as_str).collect();
    labels.sort_unstable();
    let marked =
        labels.iter().any(|label| matches!(*label, "breaking" | "breaking-change" | "breaking change"));
    Value::map([
        ("repository", Value::from(pull.repository.as_str())),
        ("number", pull.number.into()),
        ("title", told.as_ref().map_or(pull.title.as_str(), |told| told.rest).into()),
        ("url", pull.url.as_str().into()),
        ("author", pull.author.as_str().into()),
        ("merged_at", maybe(pull.merged_at.as_deref())),
        ("commit", maybe(pull.merge_commit.as_deref())),
        ("type", told.as_ref().map_or(Value::NULL, |told| told.kind.to_ascii_lowercase().into())),
        ("scope", maybe(told.as_ref().and_then(|told| told.scope))),
        ("breaking", (marked || note.is_some() || told.is_some_and(|told| told.breaking)).into()),
        ("breaking_note", maybe(note.as_deref().filter(|note| !note.is_empty()))),
        ("labels", Value::list(labels.into_iter().map(Value::from))),
    ])
}

/// The data source type.
pub(crate) struct MergedPullRequests {
    github: Arc<GitHub>,
    schema: DataSchema,
}

impl MergedPullRequests {
    pub(crate) fn new(github: Arc<GitHub>) -> Self {
        Self { github, schema: schema() }
    }

    async fn look(&self, context: &Context, config: &Value) -> Result<Value, Problem> {
        let selection = Selection::read(config)?.ok_or_else(crate::arguments::not_known)?;
        let mut pulls = selection.pulls(&self.github, context, Wants::default()).await?;
        pulls.retain(|pull| pull.merged_at.is_some());
        let mut authors: Vec<&str> = pulls.iter().map(|pull| pull.author.as_str()).collect();
        authors.sort_unstable();
        authors.dedup();
        let authors = Value::list(authors.into_iter().map(Value::from));
        let total = i64::try_from(pulls.len()).unwrap_or(i64::MAX);
        let given = self.schema.attributes.iter().map(|a| (a.name, config.get(a.name).clone()));
        Ok(Value::map(given)
            .with("pull_requests", Value::list(pulls.iter().map(to_value)))
            .with("total", total.into())
            .with("authors", authors))
    }
}

impl DataSource for MergedPullRequests {
    fn schema(&self) -> &DataSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        pulls::check(config)
    }

    fn read<'a>(&'a self, context: &'a Context, config: &'a Value) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(self.look(context, config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conventional_titles_are_taken_apart() {
        let told = conventional("feat(cart)!: forget the coupon").expect("conventional");
        assert_eq!(
            (told.kind, told.scope, told.breaking, told.rest),
            ("feat", Some("cart"), true, "forget the coupon")
        );
        assert!(conventional("Note: this is no type of change, but a word").is_some());
        for plain in ["Fix the cart", "a b: c", ": x", "feat(cart: x"] {
            assert!(conventional(plain).is_none(), "{plain}");
        }
        for (body, note) in [
            ("Text\nBREAKING CHANGE: the flag is gone\n", Some("the flag is gone")),
            ("Text\r\n  BREAKING-CHANGE: gone\r\n", Some("gone")),
            ("<!--\nBREAKING CHANGE: describe what breaks\n-->\nText", None),
            ("<!-- a --> <!-- b -->\nBREAKING CHANGE: <b>gone</b>", Some("<b>gone</b>")),
            ("Text <!--\nBREAKING CHANGE: never closed", None),
            ("This is no BREAKING CHANGE: at all", None),
        ] {
            assert_eq!(breaking_note(body).as_deref(), note, "{body}");
        }
    }
}
