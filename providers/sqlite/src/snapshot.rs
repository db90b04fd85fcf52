//! `sqlite_snapshot`: a checked copy of a live database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Observed, PlanRequest, Planned, Problem,
    ReconcileRequest, Reconciled, Repeat, Resource, ResourceSchema, RestoreRequest, Restored, Type, Value,
    Verification, VerifyRequest, propose,
};

use crate::inspect::{Facts, hash, inspect};
use crate::{backup, restore, retention};

pub(crate) fn schema() -> ResourceSchema {
    let number = |name, docs| Attribute::computed(name, Type::Number, docs);
    ResourceSchema {
        type_name: "sqlite_snapshot",
        lifetime: Lifetime::Record,
        summary: "A checked copy of a live SQLite database.",
        docs: DOCS,
        attributes: vec![
            Attribute::required("database", Type::String, "The database file. It may be in use."),
            Attribute::required(
                "directory",
                Type::String,
                "Folder for the snapshots. Made with mode 0700; one that others can change is refused.",
            ),
            Attribute::optional(
                "name",
                Type::String,
                "Name of the series of snapshots. Default: product and address.",
            ),
            Attribute::optional(
                "retain",
                Type::Number,
                "How many snapshots of the series to keep, this one included. Default: all.",
            ),
            Attribute::optional(
                "busy_timeout_ms",
                Type::Number,
                "How long to wait for a locked database, in milliseconds.",
            )
            .or(10_000),
            Attribute::computed("file", Type::String, "The snapshot, with mode 0600."),
            Attribute::computed("sha256", Type::String, "SHA-256 of the file, in hexadecimal."),
            number("bytes", "Length of the file, in bytes."),
            number("pages", "How many pages of the database there are."),
            Attribute::computed("tables", Type::map(Type::Number), "How many rows each table has."),
            Attribute::computed(
                "integrity",
                Type::String,
                "What `PRAGMA integrity_check` said of the copy: `ok`.",
            ),
        ],
        repeat: Repeat::AskFirst,
        destroyable: false,
        backup: true,
        preview: false,
        undo: "nothing to undo; `relplan restore` brings it back",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(4 * 60 * 60),
    }
}

const DOCS: &str = r#"The copy is made with SQLite's online backup, in small steps between which writers go on. It is
checked (`PRAGMA integrity_check`), hashed and made durable before it gets its name; a run that is cut off leaves no
file that looks whole. It is brought back with `relplan restore ADDRESS --into FILE`, always into a new file.

```hcl
resource "sqlite_snapshot" "before" {
  database  = "../app/shop.sqlite"
  directory = "../snapshots"
  retain    = 10
}
```"#;

/// The type.
pub(crate) struct Snapshot {
    schema: ResourceSchema,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

impl Resource for Snapshot {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(name) = config.get("name").as_str()
            && (name.is_empty() || name.starts_with('.') || !name.chars().all(is_safe))
        {
            problems.push(
                Problem::invalid("name", format!("{name:?} cannot name files."))
                    .hint("Use letters, digits, `-`, `_` and `.`, and no `.` in front."),
            );
        }
        for (name, least) in [("retain", 1), ("busy_timeout_ms", 0)] {
            let value = config.get(name);
            if !value.is_null() && !value.is_unknown() && value.as_i64().is_none_or(|number| number < least) {
                problems.push(Problem::invalid(name, format!("It must be a whole number from {least}.")));
            }
        }
        problems
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            let mut planned = propose(&self.schema.attributes, request.prior, request.config);
            let config = request.config;
            if let (Some(folder), Some(keep)) = (config.get("directory").as_str(), retain(config)) {
                let folder = context.path(folder);
                // Counted with the snapshot that will be there then.
                for path in retention::surplus(&folder, &series(context, config), keep, Path::new("")) {
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    planned
                        .notes
                        .push(format!("The old snapshot {name} will be deleted, because of `retain`."));
                }
            }
            Ok(planned)
        })
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        Box::pin(async move {
            let Some(file) = prior.get("file").as_str() else { return Ok(Observed::Same) };
            let path = context.path(file);
            match blocking(move || Ok(hash(&path))).await? {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Observed::Absent),
                Err(error) => Err(Problem::refused(format!("The snapshot {file} cannot be read: {error}."))),
                Ok((sha256, _)) if prior.get("sha256").as_str() == Some(&sha256) => Ok(Observed::Same),
                Ok((sha256, bytes)) => Ok(Observed::Present(
                    prior.clone().with("sha256", Value::string(sha256)).with("bytes", Value::integer(bytes)),
                )),
            }
        })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let planned = request.planned.clone();
            let relative = file_of(context, &planned, request.key);
            let target = context.path(&relative);
            let database = context.path(planned.get("database").as_str().unwrap_or_default());
            let busy = planned.get("busy_timeout_ms").as_i64().and_then(|ms| u64::try_from(ms).ok());
            let busy = Duration::from_millis(busy.unwrap_or_default());
            let (series, keep) = (series(context, &planned), retain(&planned));
            let call = context.clone();
            let waiting = backup::Waiting::default();
            let abandoned = waiting.abandoned();
            let (facts, gone) = blocking(move || {
                // The same action that was cut off after its end has made it already.
                let facts = if target.is_file() {
                    inspect(&target)?
                } else {
                    backup::backup(&call, &database, &target, busy, &abandoned)?
                };
                let folder = target.parent().map(Path::to_path_buf).unwrap_or_default();
                let gone = keep.map(|keep| retention::prune(&folder, &series, keep, &target)).transpose();
                let gone = gone.map_err(|error| {
                    Problem::refused(format!("An old snapshot cannot be deleted: {error}."))
                })?;
                Ok((facts, gone.unwrap_or_default()))
            })
            .await?;
            for name in gone {
                context.progress.line(&format!("deleted the old snapshot {name}"));
            }
            Ok(Applied::new(with_facts(planned, &relative, &facts)))
        })
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(async move {
            // The name carries the action's key, and a file has its name only when it is whole.
            let relative = file_of(context, request.planned, request.key);
            let target = context.path(&relative);
            if !target.is_file() {
                return Ok(Reconciled::NotDone);
            }
            let facts = blocking(move || inspect(&target)).await?;
            Ok(Reconciled::Done(Applied::new(with_facts(request.planned.clone(), &relative, &facts))))
        })
    }

    fn restore<'a>(
        &'a self,
        context: &'a Context,
        request: RestoreRequest<'a>,
    ) -> Answer<'a, Result<Restored, Problem>> {
        Box::pin(async move {
            let file = context.path(request.object.get("file").as_str().unwrap_or_default());
            let (object, into) = (request.object.clone(), request.folder.join(request.into));
            blocking(move || restore::restore(&object, &file, &into)).await
        })
    }

    fn verify<'a>(
        &'a self,
        context: &'a Context,
        request: VerifyRequest<'a>,
    ) -> Answer<'a, Result<Verification, Problem>> {
        Box::pin(async move {
            if let Some(how) = request.how.filter(|how| !["checksum", "read"].contains(how)) {
                return Err(Problem::refused(format!("{how:.40?} is no way to verify a copy of SQLite."))
                    .hint("Write `checksum` or `read`: both read all of it, and have SQLite check it."));
            }
            let object = request.object.clone();
            let file = context.path(object.get("file").as_str().unwrap_or_default());
            let expected = object.get("sha256").as_str().unwrap_or_default().to_owned();
            let facts = blocking(move || {
                let (sha256, _) = hash(&file).map_err(|error| {
                    Problem::missing(format!("The snapshot {} cannot be read: {error}.", file.display()))
                })?;
                if sha256 != expected {
                    let message = format!("The snapshot is not what was taken: its sha256 is {sha256}.");
                    return Err(
                        Problem::conflict(message).hint("It was changed or damaged. Use another snapshot.")
                    );
                }
                inspect(&file)
            })
            .await?;
            let rows: i64 = facts.tables.values().sum();
            let note = format!(
                "{} bytes with {} tables and {rows} rows; SQLite's own check says ok.",
                facts.bytes,
                facts.tables.len()
            );
            Ok(Verification { value: object, notes: vec![note] })
        })
    }

    fn import<'a>(&'a self, context: &'a Context, id: &'a str) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(async move {
            let path: PathBuf = context.path(id);
            let facts = blocking(move || inspect(&path)).await?;
            let blank =
                Value::map(self.schema.attributes.iter().map(|attribute| (attribute.name, Value::NULL)));
            Ok(with_facts(blank, id, &facts))
        })
    }
}

fn with_facts(object: Value, file: &str, facts: &Facts) -> Value {
    let tables = facts.tables.iter().map(|(name, rows)| (name.as_str(), Value::integer(*rows)));
    object
        .with("file", Value::string(file))
        .with("sha256", Value::string(facts.sha256.as_str()))
        .with("bytes", Value::integer(facts.bytes))
        .with("pages", Value::integer(facts.pages))
        .with("tables", Value::map(tables))
        .with("integrity", Value::string("ok"))
}

/// The file of a snapshot: series, version, and the beginning of the action's key, so that no two are the same.
fn file_of(context: &Context, object: &Value, key: &str) -> String {
    let folder = object.get("directory").as_str().unwrap_or_default().trim_end_matches('/');
    let key: String = key.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    format!("{folder}/{}-{}-{key}.sqlite", series(context, object), safe(&context.version))
}

fn series(context: &Context, object: &Value) -> String {
    match object.get("name").as_str() {
        Some(name) => name.to_owned(),
        None => format!("{}-{}", safe(&context.product), safe(&context.address)),
    }
}

fn retain(object: &Value) -> Option<usize> {
    object.get("retain").as_i64().and_then(|count| usize::try_from(count).ok())
}

const fn is_safe(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The text with every character that is not at home in a file name replaced.
fn safe(text: &str) -> String {
    let safe: String = text.chars().map(|c| if is_safe(c) { c } else { '_' }).collect();
    safe.trim_start_matches('.').to_owned()
}

/// Does what blocks on a thread where that harms nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(Problem::uncertain("The work on the database broke off: this is a fault in relplan."))
    })
}
