//! `data "git_log"`: the commits between two points of a history, for release notes.

use relplan_contract::{Answer, Attribute, Context, DataSchema, DataSource, Problem, Type, Value};

use crate::arguments::{check_repository, check_revision, parse_location};
use crate::disk::Range;
use crate::place::Place;
use crate::program::Program;
use crate::refname::is_deceptive;
use crate::remote::Extent;

/// How many commits are read when the release file does not say.
const DEFAULT_COUNT: i64 = 1_000;

/// The most commits that can be asked for: they go through plan and ledger.
const MAX_COUNT: i64 = 10_000;

const DOCS: &str = r#"Reads the commits of a range, the newest first.

```hcl
data "git_log" "changes" {
  from = "v1.1.0"
  to   = "main"
  path = "services/shop"
}

locals {
  fixes = [for c in data.git_log.changes.commits : c.subject if c.type == "fix"]
}
```

Of a repository at a URL, only commits are fetched (with `path`, also folder listings), into a temporary repository. A shallow
clone, as many build services make, is refused where the range may reach past its end."#;

/// The schema of `data "git_log"`.
pub(crate) fn schema() -> DataSchema {
    DataSchema {
        type_name: "git_log",
        summary: "The commits between two points of a history.",
        docs: DOCS,
        attributes: vec![
            Attribute::optional(
                "repository",
                Type::String,
                "A folder in or above which the repository is, relative to the release file, or a URL.",
            )
            .or("."),
            Attribute::optional(
                "from",
                Type::String,
                "Branch, tag or commit whose history is left out, itself included. Left out, all is read.",
            ),
            Attribute::optional("to", Type::String, "Branch, tag or commit where the range ends.").or("HEAD"),
            Attribute::optional(
                "path",
                Type::String,
                "Only commits that touch this file or folder, told from the top of the repository.",
            ),
            Attribute::optional(
                "max_count",
                Type::Number,
                "The most commits, 1 to 10000; the newest are kept.",
            )
            .or(DEFAULT_COUNT),
            Attribute::optional(
                "first_parent",
                Type::Bool,
                "Whether to follow only the first parent of a merge: one entry for each merged branch.",
            )
            .or(false),
            Attribute::computed("commits", Type::list(commit_type()), "The commits, the newest first."),
            Attribute::computed("total", Type::Number, "How many commits `commits` holds."),
            Attribute::computed("truncated", Type::Bool, "Whether `max_count` left commits out."),
        ],
    }
}

fn commit_type() -> Type {
    let text = |name, docs| Attribute::required(name, Type::String, docs);
    let optional = |name, docs| Attribute::optional(name, Type::String, docs);
    relplan_contract::object_type(&[
        text("commit", "Full name."),
        text("short", "First seven digits."),
        text("subject", "First paragraph of the message, on one line."),
        text("body", "The rest of the message."),
        text("author_name", "Name of the author."),
        text("author_email", "E-mail address of the author."),
        text("date", "When it was committed, as RFC 3339."),
        optional("type", "The word before the colon of a conventional subject: `feat`."),
        optional("scope", "The word in parentheses behind it."),
        Attribute::required("breaking", Type::Bool, "Whether it is marked as a breaking change."),
    ])
}

/// The `git_log` data source type.
pub(crate) struct Log {
    program: Program,
    schema: DataSchema,
}

impl Log {
    /// The type, which calls this git.
    pub(crate) fn new(program: Program) -> Self {
        Self { program, schema: schema() }
    }

    async fn look(&self, context: &Context, config: &Value) -> Result<Value, Problem> {
        if let Some(problem) = self.validate(config).into_iter().next() {
            return Err(problem);
        }
        let text = |name: &str| config.get(name).as_str();
        let location = parse_location(text("repository").unwrap_or("."))?;
        let place = Place::open(&self.program, context, &location, None).await?;
        let to = place.resolve("to", text("to").unwrap_or("HEAD")).await?;
        let from = match text("from") {
            Some(from) => Some(place.resolve("from", from).await?),
            None => None,
        };
        let given = config.get("max_count").as_i64().unwrap_or(DEFAULT_COUNT).clamp(1, MAX_COUNT);
        let max_count = usize::try_from(given).unwrap_or(1);
        let range = Range {
            from,
            to,
            path: text("path").map(str::to_owned),
            // One more tells whether there are more.
            max_count: max_count + 1,
            first_parent: config.get("first_parent").as_bool() == Some(true),
        };
        fetch(&place, &range).await?;
        let mut commits = place.disk().log(&range).await?;
        let truncated = commits.len() > max_count;
        if !truncated && !place.is_url() && place.disk().is_shallow().await? {
            let message =
                format!("The repository `{location}` is a shallow clone: its log may lack commits.");
            return Err(Problem::refused(message)
                .hint("Run `git fetch --unshallow`, or let the build service fetch the whole history."));
        }
        commits.truncate(max_count);
        let count = i64::try_from(commits.len()).unwrap_or(i64::MAX);
        let known = self.schema.attributes.iter().map(|a| (a.name, config.get(a.name).clone()));
        Ok(Value::map(known)
            .with("commits", Value::list(commits.iter().map(crate::commit::Commit::to_value)))
            .with("total", count.into())
            .with("truncated", truncated.into()))
    }
}

/// Brings what the range needs into the temporary repository of a URL.
async fn fetch(place: &Place<'_>, range: &Range) -> Result<(), Problem> {
    let Some(remote) = place.remote() else { return Ok(()) };
    place.disk().init_bare(&range.to).await?;
    let extent = match (&range.from, &range.path) {
        (_, Some(_)) => Extent::AllTrees,
        (Some(_), None) => Extent::AllCommits,
        // A commit is never listed before one of its children: no more generations than commits are needed.
        (None, None) => Extent::Commits(range.max_count),
    };
    let wanted: Vec<String> =
        [Some(&range.to), range.from.as_ref()].into_iter().flatten().map(ToString::to_string).collect();
    if remote.fetch(&wanted, extent).await? {
        Ok(())
    } else {
        Err(Problem::missing(format!("`{}` does not give the commits of the range.", place.label())))
    }
}

impl DataSource for Log {
    fn schema(&self) -> &DataSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems: Vec<Problem> = check_repository(config).into_iter().collect();
        problems.extend(["from", "to"].iter().filter_map(|name| check_revision(config, name)));
        if let Some(path) = config.get("path").as_str()
            && (path.is_empty() || path.starts_with('/') || path.chars().any(is_deceptive))
        {
            let message = "The path must be told from the top of the repository, such as `services/shop`.";
            problems.push(Problem::invalid("path", message));
        }
        let count = config.get("max_count");
        let known = !count.is_null() && !count.is_unknown();
        if known && !count.as_i64().is_some_and(|count| (1..=MAX_COUNT).contains(&count)) {
            let message = format!("`max_count` must be a whole number from 1 to {MAX_COUNT}.");
            problems.push(Problem::invalid("max_count", message));
        }
        problems
    }

    fn read<'a>(&'a self, context: &'a Context, config: &'a Value) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(self.look(context, config))
    }
}

#[cfg(test)]
mod tests;
