//! `postgres_snapshot`: a dump that is known to restore.

pub(crate) mod take;
pub(crate) mod verify;

use std::time::Duration;

use relplan_archive::{Archive, Job, Kept, Settings, Verify};
use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Observed, PlanRequest, Planned, Problem,
    ProblemKind, ReconcileRequest, Reconciled, Repeat, Resource, ResourceSchema, RestoreRequest, Restored,
    Type, Value, Verification, VerifyRequest,
};

use crate::connection::{self, Connection};
use crate::restore::{self, Wanted};
use crate::selection::{self, Selection};
use crate::tables::Depth;

const DOCS: &str = r#"One consistent snapshot of the database is dumped by `pg_dump`, compressed, encrypted where `encrypt_to` names
keys, and summed on its way into the store; the rows are counted in the same snapshot. Then it is verified, and only what was verified is
recorded. Production is held up by nothing but a share lock on each table, and no longer than `lock_timeout_ms` waiting for it.

```hcl
resource "postgres_snapshot" "before" {
  url           = var.database_url
  directory     = "/var/backups/shop"
  encrypt_to    = ["age1..."]
  identity_file = "/etc/relplan/backup.key"
  jobs          = 4
  verify        = "restore"

  assert {
    query  = "SELECT count(*) > 0 FROM orders"
    equals = "true"
  }

  retain {
    count = 10
    days  = 30
  }
}
```"#;

pub(crate) fn schema() -> ResourceSchema {
    let patterns = |name, docs| Attribute::optional(name, Type::set(Type::String), docs);
    let number = |name, docs| Attribute::optional(name, Type::Number, docs);
    let text = |name, docs| Attribute::optional(name, Type::String, docs);
    let mut attributes = connection::attributes();
    attributes.extend([
        patterns("schemas", "Only these schemas; `*` and `?` stand for any characters. Default: all."),
        patterns("exclude_schemas", "Not these schemas."),
        patterns("tables", "Only these tables: `public.orders`, `audit.*`."),
        patterns("exclude_tables", "Not these tables."),
        patterns("exclude_table_data", "These tables without their rows."),
        Attribute::optional("globals", Type::Bool, "Roles (without passwords) and tablespaces, too.")
            .or(false),
        number("jobs", "How many `pg_dump` run side by side, 1 to 64.").or(1),
        number("lock_timeout_ms", "How long to wait for a lock on a table, in milliseconds.").or(10_000),
        number(
            "statement_timeout_ms",
            "How long one statement may take, in milliseconds. Default: for ever.",
        )
        .or(0),
        text("counts", "`exact` counts the rows, `estimated` takes the planner's estimates.").or("exact"),
        Attribute::blocks(
            "assert",
            vec![
                Attribute::required("query", Type::String, "A query whose first value counts."),
                Attribute::required("equals", Type::String, "What that must be, as text."),
            ],
            "What must be so in the restored copy, with verify = \"restore\".",
        ),
        Attribute::block(
            "scratch",
            vec![
                text("url", "A server to make the scratch database on, in the place of one that is started.")
                    .sensitive(),
                text(
                    "directory",
                    "Folder for the files of the server that is started: best on an encrypted disk.",
                ),
            ],
            "Where a snapshot is restored to for verify = \"restore\".",
        ),
    ]);
    attributes.extend(relplan_archive::attributes());
    ResourceSchema {
        type_name: "postgres_snapshot",
        lifetime: Lifetime::Record,
        summary: "A dump of a PostgreSQL database that is known to restore.",
        docs: DOCS,
        attributes,
        repeat: Repeat::AskFirst,
        destroyable: false,
        backup: true,
        preview: false,
        undo: "nothing to undo; `relplan restore` brings it back",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(8 * 60 * 60),
    }
}

/// What is dumped, and how.
pub(crate) struct Plan {
    pub(crate) connection: Connection,
    pub(crate) selection: Selection,
    pub(crate) depth: Depth,
    pub(crate) jobs: usize,
    pub(crate) globals: bool,
    pub(crate) lock_timeout_ms: i64,
    statement_timeout_ms: i64,
}

impl Plan {
    fn read(context: &Context, config: &Value, verify: Verify) -> Result<Self, Problem> {
        let number = |name: &str| config.get(name).as_i64().unwrap_or_default();
        let estimated = config.get("counts").as_str() == Some("estimated");
        Ok(Self {
            connection: Connection::read(context, config)?,
            selection: Selection::read(config),
            depth: match (verify, estimated) {
                (Verify::Restore, false) => Depth::Summed,
                (_, true) => Depth::Estimated,
                (_, false) => Depth::Counted,
            },
            jobs: usize::try_from(number("jobs")).unwrap_or(1).clamp(1, 64),
            globals: config.get("globals").as_bool() == Some(true),
            lock_timeout_ms: number("lock_timeout_ms"),
            statement_timeout_ms: number("statement_timeout_ms"),
        })
    }

    /// The connection with what keeps a server safe from us: bounded waits, and an end when we are gone.
    pub(crate) fn guarded(&self, server: u32) -> Connection {
        let mut options = vec![
            ("lock_timeout", self.lock_timeout_ms.to_string()),
            ("statement_timeout", self.statement_timeout_ms.to_string()),
            ("idle_in_transaction_session_timeout", "0".to_owned()),
        ];
        if server >= 14 {
            options.push(("client_connection_check_interval", "5s".to_owned()));
        }
        self.connection.with_options(&options)
    }
}

/// The type.
pub(crate) struct Snapshot {
    schema: ResourceSchema,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

/// Takes the snapshot of an action unless it is there, proves it, and deletes the old ones that the plan named.
fn make(job: &Job, planned: &Value, key: &str) -> Result<Value, Problem> {
    let context = job.context();
    let settings = Settings::of(context, planned)?;
    let plan = Plan::read(context, planned, settings.verify)?;
    // The same action that was cut off after its dump has one already.
    let archive = match Archive::of_action(&settings, context, key)? {
        Some(archive) => archive,
        None => take::take(job, &settings, &plan, key)?,
    };
    match verify::verify(job, &settings, settings.verify, planned, &plan.connection, &archive) {
        Ok((verified, notes)) => {
            for note in &notes {
                context.progress.line(note);
            }
            settings.prune(job, planned)?;
            Ok(archive.describe(planned.clone(), Some(&verified)))
        }
        Err(problem) => {
            // Nobody may take it for a good one.
            let deleted = Kept::delete(&settings.store, &archive.manifest.name);
            let left = deleted.err().map(|error| format!(" It is still there: {}", error.message));
            let message = format!(
                "The snapshot was taken, but not proven. {}{}",
                problem.message,
                left.unwrap_or_default()
            );
            Err(Problem { message, ..problem })
        }
    }
}

impl Resource for Snapshot {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = connection::check(config);
        problems.extend(selection::check(config));
        problems.extend(relplan_archive::check(config));
        for (name, least, most) in [
            ("jobs", 1, 64),
            ("lock_timeout_ms", 0, i64::MAX),
            ("statement_timeout_ms", 0, i64::MAX),
            ("connect_timeout", 1, 3_600),
        ] {
            let value = config.get(name);
            if !value.is_null()
                && !value.is_unknown()
                && value.as_i64().is_none_or(|number| !(least..=most).contains(&number))
            {
                problems.push(Problem::invalid(name, format!("It must be a whole number from {least}.")));
            }
        }
        if config.get("counts").as_str().is_some_and(|text| !["exact", "estimated"].contains(&text)) {
            problems.push(Problem::invalid("counts", "Rows are counted `exact` or `estimated`."));
        }
        let asserts = config.get("assert").as_list().is_some_and(|list| !list.is_empty());
        if asserts && config.get("verify").as_str().is_some_and(|verify| verify != "restore") {
            problems.push(
                Problem::invalid("assert", "An assert is asked of a restored copy.")
                    .hint("Write verify = \"restore\"."),
            );
        }
        problems
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(relplan_archive::plan(context, &self.schema.attributes, request))
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        Box::pin(async move {
            let settings = Settings::of(context, prior)?;
            let object = prior.clone();
            let found = Job::run(context, move |_| Archive::of_object(&settings, &object)?.glance()).await;
            match found {
                Ok(()) => Ok(Observed::Same),
                Err(problem) if problem.kind == ProblemKind::Missing => Ok(Observed::Absent),
                Err(problem) if problem.kind == ProblemKind::Conflict => {
                    context.progress.line(&problem.message);
                    Ok(Observed::Present(prior.clone().with("manifest_sha256", "changed".into())))
                }
                Err(problem) => Err(problem),
            }
        })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let (planned, key) = (request.planned.clone(), request.key.to_owned());
            Job::run(context, move |job| make(job, &planned, &key)).await.map(Applied::new)
        })
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(async move {
            let settings = Settings::of(context, request.planned)?;
            let (planned, key) = (request.planned.clone(), request.key.to_owned());
            Job::run(context, move |job| {
                let archive = Archive::of_action(&settings, job.context(), &key)?;
                // Whole, but perhaps not proven: only what was noted as proven counts as done.
                let proven = archive.as_ref().and_then(Archive::verified);
                let proven = proven.filter(|verified| Verify::parse(&verified.how) >= Some(settings.verify));
                Ok(match archive.zip(proven) {
                    Some((archive, proven)) => {
                        archive.check(job)?;
                        Reconciled::Done(Applied::new(archive.describe(planned, Some(&proven))))
                    }
                    None => Reconciled::NotDone,
                })
            })
            .await
        })
    }

    fn restore<'a>(
        &'a self,
        context: &'a Context,
        request: RestoreRequest<'a>,
    ) -> Answer<'a, Result<Restored, Problem>> {
        Box::pin(async move {
            let settings = Settings::of(context, request.object)?;
            let (object, wanted) = (request.object.clone(), Wanted::of(context, &request));
            Job::run(context, move |job| {
                let archive = Archive::of_object(&settings, &object)?;
                archive.check(job)?;
                restore::for_person(job, &settings, &archive, &wanted)
            })
            .await
        })
    }

    fn verify<'a>(
        &'a self,
        context: &'a Context,
        request: VerifyRequest<'a>,
    ) -> Answer<'a, Result<Verification, Problem>> {
        Box::pin(async move {
            let settings = Settings::of(context, request.object)?;
            let how = match request.how {
                None => settings.verify,
                Some(text) => Verify::parse(text).ok_or_else(|| {
                    Problem::refused(format!("{text:.40?} is no way to verify a snapshot."))
                        .hint("`checksum`, `read` or `restore`.")
                })?,
            };
            let object = request.object.clone();
            Job::run(context, move |job| {
                let archive = Archive::of_object(&settings, &object)?;
                // Only the programs are needed; a password of the source is not in the state.
                let source = Connection::programs_of(job.context(), &object)?;
                let (verified, notes) = verify::verify(job, &settings, how, &object, &source, &archive)?;
                Ok(Verification { value: archive.describe(object.clone(), Some(&verified)), notes })
            })
            .await
        })
    }
}
