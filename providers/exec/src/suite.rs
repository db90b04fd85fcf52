//! `exec_test`: a command that judges, by its exit code and the report that it writes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Kind, Lifetime, PlanRequest, Planned, Problem, Repeat,
    Resource, ResourceSchema, Tree, Type, Value, propose,
};

use crate::arguments::{self, Spec};
use crate::files::{Snapshot, beginning};
use crate::junit::{self, Counts, Report};
use crate::log::Log;
use crate::output::clean;
use crate::process::{Ended, Leftovers, Manner, Sink, run};
use crate::verdict::{Findings, verdict};

const DOCS: &str = r#"Judges by running a test command:

```hcl
resource "exec_test" "features" {
  command = ["npm", "test"]
  junit   = "reports/**/*.xml"

  environment = {
    BASE_URL = "https://dev.shop.example"
  }
  depends_on = [exec_deployment.dev]
}
```

It **passes** when the command ends with an exit code of `success_exit_codes` and, where `junit` is given, its
report names at least one test that ran and none that failed. It **fails** when a test failed or the exit code says
so. It is **inconclusive** when no test ran, or more than `max_skipped` did not. It ends in **error** when the tests
could not be made: the command was killed, a program was not found, the report is missing, is from before the run, or
cannot be read.

## What counts in a report

A test *failed* that has a `failure` or an `error`, or whose `status` or `result` says so. A suite *failed* that counts
more failures or errors than its tests have, or has an `error` of its own: it broke before its first test or behind its
last. A test *did not run* that is skipped, ignored, disabled, suppressed, pending, inconclusive, canceled or not run, in
an element or an attribute; such tests are counted as skipped, and change nothing among others that passed. One that was
repeated by its tool and passed in the end (`flakyFailure`) passed. One that the report names twice and that failed once
has failed.

The report may be in UTF-8, UTF-16, or in what its first line names. Other formats (TRX, TAP, xUnit.net, NUnit) are not
read: let the tool write JUnit. What the tests prove is for their author to say; the report proves that they ran.

**No shell.** The first element is the program, the others are handed to it as they are; `["sh", "-c", "..."]`
where a shell is wanted. When it ends or is interrupted, everything that it started is ended too."#;

/// How many failed tests are named, and how many characters of each name are shown.
const NAMED: usize = 20;
const LONGEST_NAME: usize = 200;

/// The type `exec_test`.
#[derive(Debug)]
pub struct ExecTest {
    schema: ResourceSchema,
}

impl Default for ExecTest {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

pub(crate) fn schema() -> ResourceSchema {
    let mut attributes = vec![
        Attribute::required(
            "command",
            Type::list(Type::String),
            "Program and arguments of the test command.",
        ),
        Attribute::optional(
            "junit",
            Type::String,
            "JUnit XML that the command writes: a path, with `*`, `?` and `**` for several, relative to the working \
             directory.",
        ),
    ];
    attributes.push(Attribute::optional(
        "max_skipped",
        Type::Number,
        "The most tests that may not have run; with more the verdict is inconclusive. Any number unless given.",
    ));
    attributes.extend(arguments::attributes());
    attributes.extend([
        Attribute::computed("exit_code", Type::Number, "Exit code of the command; null when it was killed."),
        Attribute::computed("tests", Type::Number, "How many tests the report names; null without a report."),
        Attribute::computed("failures", Type::Number, "How many of them failed."),
        Attribute::computed("errors", Type::Number, "How many of them broke."),
        Attribute::computed("skipped", Type::Number, "How many of them did not run."),
        Attribute::computed(
            "failed_tests",
            Type::list(Type::String),
            "Names of those that failed or broke, 20 at most.",
        ),
        Attribute::computed("output_tail", Type::String, "The last lines that the command printed."),
        Attribute::computed("log", Type::String, "File with what the command printed, up to 10 MB of it."),
        Attribute::computed("duration_ms", Type::Number, "How long the command took, in milliseconds."),
    ]);
    ResourceSchema {
        type_name: "exec_test",
        lifetime: Lifetime::Check,
        summary: "A verdict by a test command.",
        docs: DOCS,
        attributes,
        repeat: Repeat::Harmless,
        destroyable: false,
        backup: false,
        preview: false,
        gate: false,
        undo: "",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(3600),
    }
}

impl Resource for ExecTest {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = arguments::validate(config);
        problems.extend(arguments::validate_argv(config, "command"));
        if config.get("junit").as_str().is_some_and(|path| path.trim().is_empty() || path.contains('\0')) {
            problems.push(Problem::invalid(
                "junit",
                "The path of the report is empty or contains a NUL character.",
            ));
        }
        let most = config.get("max_skipped");
        if matches!(most.kind(), Kind::Number(_)) {
            if most.as_i64().is_none_or(|most| most < 0) {
                let message = "The argument max_skipped is a whole number from 0 on.";
                problems.push(Problem::invalid("max_skipped", message));
            } else if config.get("junit").is_null() {
                let problem = Problem::invalid("max_skipped", "Nothing tells how many tests were skipped.");
                problems.push(problem.hint("Name the report of the command with `junit`."));
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
            let planned = propose(&self.schema.attributes, request.prior, request.config);
            check_reports(context, request.config)?;
            Ok(Planned { notes: arguments::notes(request.config, &["command"]), ..planned })
        })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(judge(context, request.planned, request.key))
    }
}

async fn judge(context: &Context, planned: &Value, key: &str) -> Result<Applied, Problem> {
    let spec = Spec::of(context, planned, "command", key)?
        .ok_or_else(|| Problem::invalid("command", "command is not given."))?
        .whole()?;
    let log = Log::create(context, "test", key)?;
    let shown_log = log.shown_path(context);
    let mut sink = Sink::live(context, log);
    let reports = match planned.get("junit").as_str() {
        Some(pattern) => {
            check_reports(context, planned)?;
            Some(Reports::expect(context, &spec, pattern).await)
        }
        None => None,
    };
    let started = context.clock.now();
    let manner = Manner { leftovers: Leftovers::Stop, stop_on_cancel: true, outlives: false };
    let ended = run(context, &spec, manner, &mut sink, |_| {}).await?;
    if ended == Ended::Stopped {
        return Err(Problem::cancelled());
    }
    let duration = context.clock.now().duration_since(started).unwrap_or_default();
    let report = match reports {
        Some(reports) => Some(shown(context, reports.read().await)),
        None => None,
    };
    let verdict = verdict(&Findings {
        ended,
        accepted: ended.code().is_some_and(|code| spec.accepts(code)),
        report: report.as_ref(),
        max_skipped: planned.get("max_skipped").as_i64().and_then(|most| u64::try_from(most).ok()),
        tail: &sink.tail.text(),
    });
    let results = Results { ended, report: report.and_then(Result::ok), duration, log: shown_log };
    let value = results.object(planned).with("output_tail", sink.tail.text().into());
    Ok(Applied { value, verdict: Some(verdict) })
}

struct Results {
    ended: Ended,
    report: Option<Report>,
    duration: Duration,
    log: String,
}

impl Results {
    fn object(self, planned: &Value) -> Value {
        let count = |count: u64| Value::integer(i64::try_from(count).unwrap_or(i64::MAX));
        let number = |pick: fn(&Counts) -> u64| {
            self.report.as_ref().map_or(Value::NULL, |report| count(pick(&report.counts)))
        };
        let exit_code = self.ended.code().map_or(Value::NULL, |code| Value::integer(code.into()));
        let failed = self.report.as_ref().map_or(Value::NULL, |report| {
            Value::list(report.failed.iter().take(NAMED).map(|name| Value::from(&**name)))
        });
        planned
            .clone()
            .with("exit_code", exit_code)
            .with("tests", number(|counts| counts.tests))
            .with("failures", number(|counts| counts.failures))
            .with("errors", number(|counts| counts.errors))
            .with("skipped", number(|counts| counts.skipped))
            .with("failed_tests", failed)
            .with("log", self.log.clone().into())
            .with("duration_ms", count(u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// Whether the release may read where the reports are to be. What is not known yet is looked at before the command
/// runs.
fn check_reports(context: &Context, object: &Value) -> Result<(), Problem> {
    let Some(pattern) = object.get("junit").as_str() else { return Ok(()) };
    let folder = object.get("working_directory");
    if !folder.is_unknown() {
        let begins = beginning(Path::new(folder.as_str().unwrap_or_default()), pattern);
        context.input("junit", &begins.to_string_lossy())?;
    }
    Ok(())
}

/// The reports that a command is to write.
struct Reports {
    tree: Tree,
    folder: PathBuf,
    pattern: String,
    before: Result<Snapshot, String>,
}

impl Reports {
    /// Looks what stands there before, since only what is written from now on counts.
    async fn expect(context: &Context, spec: &Spec, pattern: &str) -> Self {
        let (tree, folder, pattern) = (context.tree.clone(), spec.directory.clone(), pattern.to_owned());
        let before = {
            let (tree, folder, pattern) = (tree.clone(), folder.clone(), pattern.clone());
            aside(move || Snapshot::take(&tree, &folder, &pattern)).await
        };
        Self { tree, folder, pattern, before }
    }

    async fn read(self) -> Result<Report, String> {
        aside(move || {
            let written = self.before?.written_since(&self.tree, &self.folder, &self.pattern)?;
            junit::read(&self.tree, &written)
        })
        .await
    }
}

/// Does what may take a while with files on a thread where nothing else waits.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err("The report could not be read.".into()))
}

/// The report as it may be shown: tests are named by those who wrote them. Cut only after it was masked.
fn shown(context: &Context, report: Result<Report, String>) -> Result<Report, String> {
    let clean = |text: &str| clean(&context.redactor, text, 0);
    let report = report.map_err(|message| clean(&message))?;
    let failed = report.failed.iter().map(|name| clean(name).chars().take(LONGEST_NAME).collect()).collect();
    Ok(Report { failed, ..report })
}
