//! `postgres_migration`: changes of a database that run once, in order, and are remembered by the database itself.

mod blockers;
mod files;
mod history;
mod lock;
mod marks;
mod order;
mod refusals;
mod run;
mod statements;
mod watch;

use std::time::Duration;

use relplan_archive::{Job, before};
use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Observed, PlanRequest, Planned, Problem,
    ReconcileRequest, Reconciled, Repeat, Resource, ResourceSchema, Type, Value, propose,
};

use crate::connection::{self, Connection};
use files::Script;
use history::History;
use run::Run;

const DOCS: &str = r#"Runs the files `*.sql` of a folder that were not run yet, in the order of the numbers in their names (`2_b.sql` before `10_a.sql`), under an
advisory lock of the database. Each runs in a session of its own, so that no setting, role, temporary table or lock of one file reaches the next, and in a
transaction together with the row that remembers it, so that a run that was killed goes on exactly where it was. (Two connections are open at a time.)

```hcl
resource "postgres_migration" "shop" {
  url              = var.database_url
  directory        = "../migrations"
  snapshot         = postgres_snapshot.before
  require_snapshot = true
}
```

The plan names the files that will run, in their order, and pins them by their sums: a file that is another one when it comes to it is refused, as is one that was
run already and was changed since. What cannot run in a transaction (`CREATE INDEX CONCURRENTLY`) goes into a file with `-- relplan: no transaction` on
its first line; when such a file was cut off, a person has to look, and indexes that were left invalid are named.

**Nothing is ever run backwards.** Files of tools that go both ways are refused while planning: by their names (`*.down.sql`, `*.undo.sql`, Flyway's `U1__`, a pair of `_up` and
`_down`, ...) and by the comments that begin a part which leads back (`-- +goose Down`, `-- migrate:down`, `-- Down Migration`, `--rollback`, ...). A way back
without any such mark is not known as one. Refused are also Flyway's repeatable files and callbacks, commands of psql, `COPY` from or to a client, what begins or ends a
transaction, files with NUL or other than UTF-8, and hidden files. Such files are for the tool that they were written for: `exec_migration` runs it. A file that
was run already is not looked at again.

**Waits.** A statement waits for a lock no longer than `lock_timeout_ms` and takes no longer than `statement_timeout_ms`. A file may give itself other bounds with `SET`; one that takes them away
(`SET lock_timeout = 0`, as dumps do) keeps these. `CREATE INDEX CONCURRENTLY` waits for every older transaction: give its file more, as in `SET lock_timeout = '30min'`. While another one
migrates, its lock is asked for again and again, for `wait_timeout_ms`. Who is waited for is told while it lasts and when it ended: the process, its user and application, what it is
doing and for how long; not its statement, which may hold secrets."#;

pub(crate) fn schema() -> ResourceSchema {
    let mut attributes = connection::attributes();
    attributes.extend([
        Attribute::required("directory", Type::String, "Folder of the files `*.sql`."),
        Attribute::optional("history", Type::String, "The table that remembers what was run.")
            .or("public.relplan_migrations"),
        Attribute::optional("lock_timeout_ms", Type::Number, "How long to wait for a lock, in milliseconds.")
            .or(10_000)
            .means(),
        Attribute::optional(
            "statement_timeout_ms",
            Type::Number,
            "How long one statement may take, in milliseconds; 0 for as long as the whole action.",
        )
        .or(3_600_000)
        .means(),
        Attribute::optional(
            "wait_timeout_ms",
            Type::Number,
            "How long to wait while another one migrates the database, in milliseconds.",
        )
        .or(600_000)
        .means(),
    ]);
    attributes.extend(before::attributes());
    attributes.extend([
        Attribute::computed("files", Type::map(Type::String), "The files, each with its SHA-256."),
        Attribute::computed("pending", Type::list(Type::String), "Those that were to run."),
        Attribute::computed("applied", Type::list(Type::String), "Those that were run by this."),
    ]);
    ResourceSchema {
        type_name: "postgres_migration",
        lifetime: Lifetime::Record,
        summary: "Changes of a PostgreSQL database, each run once.",
        docs: DOCS,
        attributes,
        repeat: Repeat::AskFirst,
        destroyable: false,
        backup: false,
        preview: false,
        gate: false,
        undo: "nothing is run backwards; `relplan restore` brings a snapshot back",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(4 * 60 * 60),
    }
}

/// The type.
pub(crate) struct Migration {
    schema: ResourceSchema,
}

impl Default for Migration {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

fn scripts(context: &Context, object: &Value) -> Result<Vec<Script>, Problem> {
    files::read(context, object.get("directory").as_str().unwrap_or_default())
}

fn sums(scripts: &[Script]) -> Value {
    Value::map(scripts.iter().map(|script| (script.name.as_str(), Value::from(script.sha256.as_str()))))
}

fn names(names: impl IntoIterator<Item = String>) -> Value {
    Value::list(names.into_iter().map(Value::from))
}

/// What an action is to run; refused where the files are not those of the plan.
fn run_of<'r>(job: &'r Job, planned: &'r Value, key: &'r str) -> Result<Run<'r>, Problem> {
    let scripts = scripts(job.context(), planned)?;
    if sums(&scripts) != *planned.get("files") {
        return Err(Problem::conflict("The files of the migration are not those of the plan.")
            .hint("Plan and review again.")
            .about(relplan_contract::Path::attribute("directory")));
    }
    let history = planned.get("history").as_str().and_then(History::parse);
    Ok(Run {
        job,
        connection: Connection::read(job.context(), planned)?,
        history: history.ok_or_else(|| Problem::invalid("history", "It must be SCHEMA.TABLE."))?,
        scripts,
        planned,
        key,
    })
}

/// Which files will run, as the database says today; and what a reviewer should know of their order.
fn pending(job: &Job, config: &Value, scripts: &[Script]) -> Result<(Vec<String>, Vec<String>), Problem> {
    let connection = Connection::read(job.context(), config)?;
    let history = config.get("history").as_str().and_then(History::parse);
    let history = history.ok_or_else(|| Problem::invalid("history", "It must be SCHEMA.TABLE."))?;
    let mut session = crate::psql::Session::open(job, &connection)?;
    let known = history.known(&mut session)?;
    session.close()?;
    let pending = history.pending(scripts, &known)?;
    let notes = order::notes(scripts, &pending, &known);
    Ok((pending.into_iter().map(|script| script.name.clone()).collect(), notes))
}

impl Resource for Migration {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = connection::check(config);
        problems.extend(before::check(config));
        if config.get("history").as_str().is_some_and(|text| History::parse(text).is_none()) {
            problems.push(Problem::invalid(
                "history",
                "It must be SCHEMA.TABLE, such as public.relplan_migrations.",
            ));
        }
        for name in ["lock_timeout_ms", "statement_timeout_ms", "wait_timeout_ms"] {
            if config.get(name).as_i64().is_some_and(|number| number < 0) {
                problems.push(Problem::invalid(name, "It must be a whole number from 0."));
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
            let (sends, withheld) = connection::credentials(context, request.config)?;
            planned.sends.extend(sends);
            planned.notes.extend(withheld);
            let config = request.config.clone();
            if config.get("directory").is_unknown() || config.get("url").is_unknown() {
                return Ok(planned);
            }
            let (files, (pending, order)) = Job::run(context, move |job| {
                let scripts = scripts(job.context(), &config)?;
                let pending = pending(job, &config, &scripts)?;
                Ok((sums(&scripts), pending))
            })
            .await?;
            planned.notes.push(match pending.len() {
                0 => "Every file was run already.".to_owned(),
                _ => format!("These will run: {}.", pending.join(", ")),
            });
            planned.notes.extend(order);
            if request.prior.is_none_or(|prior| prior.get("files") != &files) {
                planned.value = planned.value.with("files", files).with("pending", names(pending));
            }
            Ok(planned)
        })
    }

    fn read<'a>(&'a self, _: &'a Context, _: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        // What was run is a fact: the files of today may be those of another version.
        Box::pin(async { Ok(Observed::Same) })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let (planned, key) = (request.planned.clone(), request.key.to_owned());
            Job::run(context, move |job| {
                before::required(&planned)?;
                let applied = run_of(job, &planned, &key)?.all()?;
                Ok(Applied::new(planned.clone().with("applied", names(applied))))
            })
            .await
        })
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(async move {
            let (planned, key) = (request.planned.clone(), request.key.to_owned());
            Job::run(context, move |job| {
                let run = run_of(job, &planned, &key)?;
                // Whoever still runs them is waited for.
                let mut holder = run.hold()?;
                run.await_files(holder.session())?;
                let known = run.history.known(holder.session())?;
                let by_this = known.iter().filter(|(_, known)| known.key == key && known.done);
                let applied: Vec<String> = by_this.map(|(name, _)| name.clone()).collect();
                let all =
                    run.scripts.iter().all(|script| known.get(&script.name).is_some_and(|known| known.done));
                let begun = known.values().any(|known| known.key == key && !known.done);
                Ok(match (all, begun) {
                    (true, _) => {
                        Reconciled::Done(Applied::new(planned.clone().with("applied", names(applied))))
                    }
                    (false, true) => Reconciled::CannotTell,
                    // Those that ran are remembered: applying again goes on behind them.
                    (false, false) => Reconciled::NotDone,
                })
            })
            .await
        })
    }
}
