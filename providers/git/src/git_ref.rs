//! `data "git_ref"`: the commit that a branch, a tag or `HEAD` leads to now.

use relplan_contract::{Answer, Attribute, Context, DataSchema, DataSource, Problem, Type, Value};

use crate::arguments::{check_repository, check_revision, parse_location};
use crate::oid::Oid;
use crate::place::Place;
use crate::program::Program;

const DOCS: &str = r#"Reads one ref of a repository on this machine or at a URL.

```hcl
data "git_ref" "main" {
  repository = "https://git.example.org/shop.git"
  ref        = "main"
}

output "released" {
  value = "${data.git_ref.main.short} ${data.git_ref.main.subject}"
}
```"#;

/// The schema of `data "git_ref"`.
pub(crate) fn schema() -> DataSchema {
    let text = |name, docs| Attribute::computed(name, Type::String, docs);
    DataSchema {
        type_name: "git_ref",
        summary: "The commit that a branch, a tag or HEAD leads to.",
        docs: DOCS,
        attributes: vec![
            Attribute::optional(
                "repository",
                Type::String,
                "A folder in or above which the repository is, relative to the release file, or a URL.",
            )
            .or("."),
            Attribute::optional("ref", Type::String, "HEAD, a branch, a tag, a full ref or a commit.")
                .or("HEAD"),
            text("commit", "Full name of the commit."),
            text("short", "Its first seven digits."),
            text("subject", "First paragraph of its message, on one line."),
            text("body", "The rest of its message."),
            text("author_name", "Name of its author."),
            text("author_email", "E-mail address of its author."),
            text("date", "When it was committed, as RFC 3339."),
            Attribute::computed(
                "tags",
                Type::list(Type::String),
                "Names of the tags at this commit, sorted.",
            ),
        ],
    }
}

/// The `git_ref` data source type.
pub(crate) struct GitRef {
    program: Program,
    schema: DataSchema,
}

impl GitRef {
    /// The type, which calls this git.
    pub(crate) fn new(program: Program) -> Self {
        Self { program, schema: schema() }
    }

    async fn look(&self, context: &Context, config: &Value) -> Result<Value, Problem> {
        if let Some(problem) = self.validate(config).into_iter().next() {
            return Err(problem);
        }
        let location = parse_location(config.get("repository").as_str().unwrap_or("."))?;
        let reference = config.get("ref").as_str().unwrap_or("HEAD");
        let place = Place::open(&self.program, context, &location, None).await?;
        let oid = place.resolve("ref", reference).await?;
        let commit = place.commit(&oid).await?.ok_or_else(|| {
            Problem::missing(format!("The commit {oid} could not be read from `{location}`."))
        })?;
        let tags = tags_at(&place, &oid).await?;
        let value = commit.to_value().with("tags", Value::list(tags.into_iter().map(Value::from)));
        Ok(Value::map(self.schema.attributes.iter().map(|attribute| {
            let given = config.get(attribute.name);
            let told = if attribute.is_computed() { value.get(attribute.name) } else { given };
            (attribute.name, told.clone())
        })))
    }
}

async fn tags_at(place: &Place<'_>, commit: &Oid) -> Result<Vec<String>, Problem> {
    let Some(remote) = place.remote() else { return place.disk().tags_at(commit).await };
    let refs = remote.refs(&["refs/tags/*".to_owned()]).await?;
    // A tag object is told twice: by its own name, and behind `^{}` by the commit's.
    let at_commit = refs.iter().filter(|(_, oid)| *oid == commit).filter_map(|(name, _)| {
        let name = name.strip_prefix("refs/tags/")?;
        Some(name.strip_suffix("^{}").unwrap_or(name).to_owned())
    });
    let mut names: Vec<String> = at_commit.collect();
    names.sort();
    Ok(names)
}

impl DataSource for GitRef {
    fn schema(&self) -> &DataSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        check_repository(config).into_iter().chain(check_revision(config, "ref")).collect()
    }

    fn read<'a>(&'a self, context: &'a Context, config: &'a Value) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(self.look(context, config))
    }
}

#[cfg(test)]
mod tests;
