//! `exec_migration`: changes of a database by a tool of the user's own, once for each release.

use std::time::Duration;

use relplan_archive::before;
use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Observed, Path, PlanRequest, Planned,
    Problem, ProblemKind, ReconcileRequest, Reconciled, Repeat, Resource, ResourceSchema, Type, Value,
    propose,
};

use crate::action::{Results, command};
use crate::arguments::{self, Spec};
use crate::process::{Ended, Leftovers, Manner, Sink, WHOLE, run};
use crate::survivor::{Survivor, survivor};

const DOCS: &str = r#"Runs the tool that migrates a database (Flyway, Liquibase, Alembic, Rails, ...) once for each version of the release:

```hcl
resource "exec_migration" "shop" {
  command          = ["alembic", "upgrade", "head"]
  pending          = ["./pending-migrations.sh"]
  snapshot         = mysql_snapshot.before
  require_snapshot = true

  environment = {
    DATABASE_URL = var.database_url
  }
}
```

**`pending`** prints the names of the migrations that are still to run, one on each line, and nothing when there are none; it changes nothing. With it the plan names
them, one that the reviewed plan did not name is refused, the command is not run when there are none, they are looked for again after it (one that is left is a
failure), and after a crash relplan sees by itself whether it was done. Its answer must be whole: what it starts in the background must have ended, or write elsewhere. Without it relplan must trust the exit code, and asks a person after a crash.

The tool itself must hold a lock in the database against others, as those above do, and run each migration in a transaction where the database can.

**No shell.** The first element is the program, the others are handed to it as they are. A command that is under way is let finish when the run is interrupted,
unless `on_interrupt = "stop"`. A failure names the snapshot that was taken before. Nothing is ever run backwards."#;

/// The most migrations that are named, and the longest name.
const MOST: usize = 1_000;
const LONGEST: usize = 256;

/// The type `exec_migration`.
#[derive(Debug)]
pub struct ExecMigration {
    schema: ResourceSchema,
}

impl Default for ExecMigration {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

pub(crate) fn schema() -> ResourceSchema {
    let argv = || Type::list(Type::String);
    let mut attributes = vec![
        Attribute::required("command", argv(), "Program and arguments that run the migrations."),
        Attribute::optional("pending", argv(), "Program and arguments that print those still to run."),
        arguments::on_interrupt(
            "What an interrupt does to a running command: `finish` lets it end, `stop` ends it.",
        )
        .means(),
    ];
    attributes.extend(before::attributes());
    attributes.extend(arguments::attributes());
    attributes.extend([
        Attribute::computed("to_run", argv(), "Those that were to run; null without `pending`."),
        Attribute::computed("exit_code", Type::Number, "Exit code of the command; null when it was not run."),
        Attribute::computed("output_tail", Type::String, "The last lines that it printed."),
        Attribute::computed("log", Type::String, "File with what it printed, up to 10 MB of it."),
    ]);
    ResourceSchema {
        type_name: "exec_migration",
        lifetime: Lifetime::Record,
        summary: "Changes of a database by a command, once for each release.",
        docs: DOCS,
        attributes,
        repeat: Repeat::AskFirst,
        destroyable: false,
        backup: false,
        preview: false,
        gate: false,
        undo: "nothing is run backwards; `relplan restore` brings a snapshot back",
        headline: None,
        settle: Duration::from_secs(2),
        timeout: Duration::from_secs(4 * 60 * 60),
    }
}

/// The migrations that are still to run; none where nobody can tell.
async fn pending(context: &Context, object: &Value, key: &str) -> Result<Option<Vec<String>>, Problem> {
    let Some(spec) = Spec::of(context, object, "pending", key)? else { return Ok(None) };
    let (spec, about) = (spec.whole()?, Path::attribute("pending"));
    let mut sink = Sink::quiet(context);
    let manner = Manner { leftovers: Leftovers::Stop, stop_on_cancel: true, outlives: false };
    let refused = |message: String, sink: &Sink<'_>| {
        Err(Problem::refused(message).about(about.clone()).detail(sink.tail.text()))
    };
    match run(context, &spec, manner, &mut sink, |_| {}).await? {
        Ended::Code(code) if spec.accepts(code) => {}
        Ended::Stopped => return Err(Problem::cancelled()),
        Ended::Code(code) => {
            return refused(format!("The command `pending` ended with exit code {code}."), &sink);
        }
        Ended::Signal(signal) => {
            return refused(format!("The command `pending` was killed by signal {signal}."), &sink);
        }
    }
    let printed = sink.answer().map_err(|why| {
        let message = format!("The command `pending` {why}: what is left to run is not known.");
        Problem::refused(message).hint(WHOLE).about(about.clone()).detail(sink.tail.text())
    })?;
    let printed = context.redactor.mask(&String::from_utf8_lossy(printed)).into_owned();
    let names: Vec<String> =
        printed.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    if names.len() > MOST || names.iter().any(|name| name.len() > LONGEST || name.contains(char::is_control))
    {
        return refused(
            "The command `pending` must print one name on each line, and nothing else.".into(),
            &sink,
        );
    }
    Ok(Some(names))
}

fn list(names: Option<&[String]>) -> Value {
    names.map_or(Value::NULL, |names| Value::list(names.iter().map(|name| Value::from(name.as_str()))))
}

/// The object of a migration that was done, with what is known of its command.
fn done(planned: &Value, results: Option<Results>) -> Applied {
    let (exit_code, tail, log) = results.map_or((Value::NULL, Value::NULL, Value::NULL), |results| {
        (results.exit_code.map_or(Value::NULL, Value::from), results.tail.into(), results.log.into())
    });
    let known = |name| if planned.get(name).is_unknown() { Value::NULL } else { planned.get(name).clone() };
    Applied::new(
        planned
            .clone()
            .with("to_run", known("to_run"))
            .with("exit_code", exit_code)
            .with("output_tail", tail)
            .with("log", log),
    )
}

/// Runs the command, unless there is nothing to do; looks whether it did all of it.
async fn migrate(context: &Context, planned: &Value, key: &str) -> Result<Applied, Problem> {
    before::required(planned)?;
    let told = |problem: Problem| {
        let message = format!("{}{}", problem.message, before::way_back(planned));
        Problem { message, ..problem }
    };
    let left = pending(context, planned, key).await?;
    let reviewed = planned.get("to_run").as_list();
    let is_reviewed =
        |name: &String| reviewed.is_none_or(|all| all.iter().any(|one| one.as_str() == Some(name)));
    // Fewer may be left of those that were reviewed: a run that was cut off did some of them.
    if !left.iter().flatten().all(is_reviewed) {
        return Err(Problem::conflict("The migrations that are to run are not those of the plan.")
            .hint("Plan and review again.")
            .about(Path::attribute("pending"))
            .detail(left.unwrap_or_default().join("\n")));
    }
    let planned = match reviewed {
        Some(_) => planned.clone(),
        None => planned.clone().with("to_run", list(left.as_deref())),
    };
    if left.is_some_and(|left| left.is_empty()) {
        return Ok(done(&planned, None));
    }
    let results = command(context, &planned, "command", key, Leftovers::Stop).await.map_err(told)?;
    let left = pending(context, &planned, key).await.map_err(|problem| {
        let message =
            format!("The migrations were run, but what is left to run is not known: {}", problem.message);
        told(Problem { kind: ProblemKind::Uncertain, message, ..problem })
    })?;
    match left.filter(|left| !left.is_empty()) {
        None => Ok(done(&planned, Some(results))),
        Some(left) => {
            let message =
                format!("The command succeeded, and yet these are still to run: {}.", left.join(", "));
            Err(told(Problem::refused(message).about(Path::attribute("command")).detail(results.tail)))
        }
    }
}

/// What became of a lost action.
async fn reconcile(context: &Context, request: ReconcileRequest<'_>) -> Result<Reconciled, Problem> {
    let survivor = survivor(request.key, request.reference);
    if survivor == Survivor::Running {
        return Ok(Reconciled::CannotTell);
    }
    if request.reference.is_none() && survivor == Survivor::Gone {
        return Ok(Reconciled::NotDone);
    }
    Ok(match pending(context, request.planned, request.key).await? {
        Some(left) if left.is_empty() => Reconciled::Done(done(request.planned, None)),
        // The tool goes on behind what it did; those that are left are compared with the plan again.
        Some(_) if survivor == Survivor::Gone => Reconciled::NotDone,
        Some(_) | None => Reconciled::CannotTell,
    })
}

impl Resource for ExecMigration {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = arguments::validate(config);
        problems.extend(before::check(config));
        for attribute in ["command", "pending"] {
            problems.extend(arguments::validate_argv(config, attribute));
        }
        problems.extend(arguments::check_on_interrupt(config));
        problems
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            let mut planned = propose(&self.schema.attributes, request.prior, request.config);
            planned.notes = arguments::notes(request.config, &["command", "pending"]);
            let given = ["pending", "environment", "working_directory", "inherit_environment", "stdin"];
            let is_made = request.prior == Some(&planned.value);
            if is_made || given.iter().any(|name| request.config.get(name).has_unknown()) {
                return Ok(planned);
            }
            if let Some(left) = pending(context, request.config, "").await? {
                planned.notes.push(match left.len() {
                    0 => "Nothing is to be migrated.".to_owned(),
                    _ => format!("These will run: {}.", left.join(", ")),
                });
                planned.value = planned.value.with("to_run", list(Some(&left)));
            }
            Ok(planned)
        })
    }

    fn read<'a>(&'a self, _: &'a Context, _: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        // What was run is a fact: what is to run today may belong to another version.
        Box::pin(async { Ok(Observed::Same) })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(migrate(context, request.planned, request.key))
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(reconcile(context, request))
    }
}
