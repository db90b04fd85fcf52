//! `exec_test`: a check that a test runner judges.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Outcome, Problem, Repeat, Resource,
    ResourceSchema, Type, Value, Verdict,
};

use crate::command::{self, Ended, Patience, is_success, run, words};
use crate::junit::{self, Summary};

pub(crate) fn schema() -> ResourceSchema {
    let mut attributes = vec![
        Attribute::required("command", Type::list(Type::String), "Program and arguments that run the tests."),
        Attribute::optional(
            "junit",
            Type::String,
            "JUnit XML that the command writes: a file, or a folder of `*.xml` files. Counts and failed tests are taken from it, and no tests at all is no pass.",
        ),
    ];
    attributes.extend(crate::common_attributes());
    let count = |name, docs| Attribute::computed(name, Type::Number, docs);
    attributes.extend([
        count("tests", "How many tests the report has."),
        count("failures", "How many of them failed."),
        count("errors", "How many of them could not be run."),
        count("skipped", "How many of them were skipped."),
        Attribute::computed("failed_tests", Type::list(Type::String), "Names of the first failed tests."),
    ]);
    attributes.extend(crate::common_results());
    ResourceSchema {
        type_name: "exec_test",
        lifetime: Lifetime::Check,
        summary: "A check that a test command judges.",
        docs: DOCS,
        attributes,
        repeat: Repeat::Harmless,
        destroyable: false,
        preview: false,
        undo: "nothing to undo",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(60 * 60),
    }
}

const DOCS: &str = r#"It passes when the command ends with success and, where `junit` is given, the report has at
least one test that ran and none that failed. A command that is not there, or that a signal ends, is an error of the
check and no failure of what it checks.

```hcl
resource "exec_test" "features" {
  command    = ["npm", "test"]
  junit      = "reports/junit.xml"
  depends_on = [exec_deployment.dev]
}
```"#;

/// The type.
pub(crate) struct Test {
    schema: ResourceSchema,
}

impl Default for Test {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

impl Resource for Test {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        command::check(config, &["command"])
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let planned = request.planned;
            let begun = context.clock.now();
            let argv = words(planned.get("command"));
            let ended = run(context, planned, &argv, &[], "test.log", Patience::Stop).await?;
            let report =
                planned.get("junit").as_str().map(|path| report(&folder(context, planned).join(path), begun));
            let verdict = judge(planned, &ended, report.as_ref());
            let summary = report.and_then(Result::ok);
            let count =
                |of: fn(&Summary) -> i64| summary.as_ref().map_or(Value::NULL, |s| Value::integer(of(s)));
            let failed = summary.iter().flat_map(|summary| &summary.failed);
            let mask = |text: &String| Value::string(context.redactor.mask(text).into_owned());
            let value = planned
                .clone()
                .with(
                    "exit_code",
                    ended.exit_code.map_or(Value::NULL, |code| Value::integer(i64::from(code))),
                )
                .with("tests", count(|summary| summary.tests))
                .with("failures", count(|summary| summary.failures))
                .with("errors", count(|summary| summary.errors))
                .with("skipped", count(|summary| summary.skipped))
                .with("failed_tests", Value::list(failed.map(mask).collect::<Vec<_>>()))
                .with("output_tail", Value::string(ended.log.tail()))
                .with("log", Value::string(ended.log.path()));
            Ok(Applied { value, verdict: Some(verdict) })
        })
    }
}

fn folder(context: &Context, config: &Value) -> PathBuf {
    config
        .get("working_directory")
        .as_str()
        .map_or_else(|| context.base.clone(), |folder| context.path(folder))
}

fn judge(config: &Value, ended: &Ended, report: Option<&Result<Summary, String>>) -> Verdict {
    let tail = || ended.log.tail().lines().map(str::to_owned).collect::<Vec<_>>();
    let Some(code) = ended.exit_code else {
        let text = format!("The tests were ended by signal {}.", ended.signal.unwrap_or_default());
        return Verdict { details: tail(), ..Verdict::new(Outcome::Error, text) };
    };
    let good = is_success(config, code);
    match report {
        Some(Ok(summary)) if summary.failures + summary.errors > 0 => {
            let bad = summary.failures + summary.errors;
            let text = format!("{bad} of {} tests failed.", summary.tests);
            Verdict { details: summary.failed.clone(), ..Verdict::new(Outcome::Failed, text) }
        }
        _ if !good => {
            let text = format!("The tests ended with exit code {code}.");
            Verdict { details: tail(), ..Verdict::new(Outcome::Failed, text) }
        }
        Some(Ok(summary)) if summary.tests == summary.skipped => {
            let text = format!(
                "No test was run: the report has {}, and {} skipped.",
                summary.tests, summary.skipped
            );
            Verdict::new(Outcome::Inconclusive, text)
        }
        Some(Ok(summary)) => {
            let text =
                format!("{} tests passed, {} skipped.", summary.tests - summary.skipped, summary.skipped);
            Verdict::new(Outcome::Passed, text)
        }
        Some(Err(why)) => Verdict::new(Outcome::Error, format!("The report cannot be used: {why}.")),
        None => Verdict::new(Outcome::Passed, format!("The command ended with exit code {code}.")),
    }
}

/// The report at a path, as long as this very run has written it.
fn report(path: &Path, begun: SystemTime) -> Result<Summary, String> {
    let mut files = vec![path.to_path_buf()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|error| error.to_string())?;
        files = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|file| file.extension().is_some_and(|e| e == "xml"))
            .collect();
        files.sort();
    }
    let mut all = Summary::default();
    let mut read = 0;
    for file in files {
        let metadata = std::fs::metadata(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        // File systems keep time more coarsely than the clock does.
        let written = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH) + Duration::from_secs(2);
        if written < begun {
            continue;
        }
        if metadata.len() > junit::MAX_BYTES {
            return Err(format!("{} is larger than {} MiB", file.display(), junit::MAX_BYTES / 1024 / 1024));
        }
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        all.add(junit::read(&text).map_err(|why| format!("{}: {why}", file.display()))?);
        read += 1;
    }
    if read == 0 { Err(format!("the command wrote none at {}", path.display())) } else { Ok(all) }
}
