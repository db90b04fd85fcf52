//! `data "github_ref"`: the commit that a branch, a tag or a commit's short name stands for now.

use std::sync::Arc;

use relplan_contract::{Answer, Attribute, Context, DataSchema, DataSource, Problem, Type, Value};
use serde::Deserialize;

use crate::GitHub;
use crate::arguments::check_reference;
use crate::repository::{self, Repository};

/// Name of the type.
pub(crate) const TYPE_NAME: &str = "github_ref";

const DOCS: &str = r#"Looks a branch, a tag or a commit up, without a clone:

```hcl
data "github_ref" "fix" {
  repository = "acme/shop"
  ref        = "3f2a1c9"
}

resource "github_tag" "hotfix" {
  repository = "acme/shop"
  name       = "v${release.version}"
  ref        = data.github_ref.fix.commit
}
```

The first digits of a commit's name will do, while they are no other's."#;

/// The schema.
pub(crate) fn schema() -> DataSchema {
    let text = |name, docs| Attribute::computed(name, Type::String, docs);
    DataSchema {
        type_name: TYPE_NAME,
        summary: "The commit that a branch or tag stands for.",
        docs: DOCS,
        attributes: vec![
            Attribute::required("repository", Type::String, "The repository, as OWNER/NAME."),
            Attribute::optional("ref", Type::String, "Branch, tag or commit; left out, the default branch."),
            text("commit", "Full name of the commit."),
            text("title", "First line of its message."),
            text("message", "Its whole message."),
            text("author", "Name of its author."),
            text("date", "When it was committed, as RFC 3339."),
            text("url", "Its page."),
        ],
    }
}

#[derive(Deserialize)]
struct Found {
    sha: String,
    html_url: String,
    commit: Inner,
}

#[derive(Deserialize)]
struct Inner {
    message: String,
    author: Option<Person>,
    committer: Option<Person>,
}

#[derive(Deserialize)]
struct Person {
    name: Option<String>,
    date: Option<String>,
}

/// The data source type.
pub(crate) struct GitRef {
    github: Arc<GitHub>,
    schema: DataSchema,
}

impl GitRef {
    pub(crate) fn new(github: Arc<GitHub>) -> Self {
        Self { github, schema: schema() }
    }

    async fn look(&self, context: &Context, config: &Value) -> Result<Value, Problem> {
        let Some(repository) = Repository::of(config)? else { return Err(crate::arguments::not_known()) };
        let reference = config.get("ref").as_str().unwrap_or("HEAD");
        let path = repository.path(&["commits", reference]);
        let found: Found = match self.github.client.get(context, &path).await {
            Ok(found) => found,
            Err(fault) if fault.is_status(404) || fault.is_status(422) || fault.is_status(409) => {
                return Err(crate::tag::no_commit(&repository, reference));
            }
            Err(fault) => {
                return Err(fault.reading(&format!("{reference} of {repository} could not be read")));
            }
        };
        let maybe = |text: Option<String>| text.map_or(Value::NULL, Value::from);
        let title = found.commit.message.lines().next().unwrap_or_default().to_owned();
        let given = self.schema.attributes.iter().map(|a| (a.name, config.get(a.name).clone()));
        Ok(Value::map(given)
            .with("commit", found.sha.into())
            .with("title", title.into())
            .with("message", found.commit.message.into())
            .with("author", maybe(found.commit.author.and_then(|author| author.name)))
            .with("date", maybe(found.commit.committer.and_then(|committer| committer.date)))
            .with("url", found.html_url.into()))
    }
}

impl DataSource for GitRef {
    fn schema(&self) -> &DataSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        repository::check(config).into_iter().chain(check_reference(config, "ref")).collect()
    }

    fn read<'a>(&'a self, context: &'a Context, config: &'a Value) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(self.look(context, config))
    }
}
