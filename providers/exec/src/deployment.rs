//! `exec_deployment`: a deployment that a command does, and another one reads back.

use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Observed, Problem, ReconcileRequest,
    Reconciled, Repeat, Resource, ResourceSchema, Type, Value,
};

use crate::command::{self, Ended, Patience, is_success, run, words};

/// How often the live version is looked for after a deployment, and how long in between.
const LOOKS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(500);

/// How long one look may take.
const LOOK_TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) fn schema() -> ResourceSchema {
    let mut attributes = vec![
        Attribute::required(
            "version",
            Type::String,
            "The version to deploy; what `observe` must print afterwards.",
        ),
        Attribute::required(
            "deploy",
            Type::list(Type::String),
            "Program and arguments that deploy the version.",
        ),
        Attribute::optional(
            "observe",
            Type::list(Type::String),
            "Program and arguments that print the version that is live now. With it, changes from outside and lost outcomes are found.",
        ),
        Attribute::optional(
            "destroy",
            Type::list(Type::String),
            "Program and arguments that take the deployment down.",
        ),
    ];
    attributes.extend(crate::common_attributes());
    attributes.push(Attribute::computed(
        "live_version",
        Type::String,
        "What `observe` printed after the deployment.",
    ));
    attributes.extend(crate::common_results());
    ResourceSchema {
        type_name: "exec_deployment",
        lifetime: Lifetime::Live,
        summary: "A deployment that a command does.",
        docs: DOCS,
        attributes,
        repeat: Repeat::AskFirst,
        destroyable: true,
        preview: false,
        undo: "deploy the version of before again",
        headline: Some("version"),
        settle: Duration::ZERO,
        timeout: Duration::from_secs(30 * 60),
    }
}

const DOCS: &str = r#"The commands are lists of words and no lines for a shell. They get the variables RELPLAN_ADDRESS,
RELPLAN_PRODUCT and RELPLAN_RELEASE_VERSION, and the deployment RELPLAN_IDEMPOTENCY_KEY, which is the same when it is
tried again after a crash. An interrupt lets a deployment finish; its `timeouts` end it with all of its processes.

```hcl
resource "exec_deployment" "prod" {
  version = release.version
  deploy  = ["./deploy.sh", "prod", release.version]
  observe = ["curl", "-sf", "https://shop.example/version"]
}
```"#;

/// The type.
pub(crate) struct Deployment {
    schema: ResourceSchema,
}

impl Default for Deployment {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

impl Resource for Deployment {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = command::check(config, &["deploy", "observe", "destroy"]);
        if config.get("version").as_str().is_some_and(|version| version.trim().is_empty()) {
            problems.push(
                Problem::invalid("version", "The version is empty.").hint("Give the version to deploy."),
            );
        }
        problems
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        Box::pin(async move {
            let Some(live) = observe(context, prior).await? else { return Ok(Observed::Same) };
            Ok(match live {
                Live::Version(version) if prior.get("version").as_str() == Some(&version) => Observed::Same,
                Live::Version(version) => {
                    let value = Value::string(version);
                    Observed::Present(
                        prior.clone().with("version", value.clone()).with("live_version", value),
                    )
                }
                Live::Nothing(_) => Observed::Absent,
            })
        })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let planned = request.planned;
            let extra = [("RELPLAN_IDEMPOTENCY_KEY", request.key)];
            let argv = words(planned.get("deploy"));
            let ended = run(context, planned, &argv, &extra, "deploy.log", Patience::Finish).await?;
            judge(planned, &ended, "The deployment")?;
            let live = confirm(context, planned).await?;
            let value = planned
                .clone()
                .with("live_version", live.map_or(Value::NULL, Value::string))
                .with("exit_code", Value::integer(i64::from(ended.exit_code.unwrap_or_default())))
                .with("output_tail", Value::string(ended.log.tail()))
                .with("log", Value::string(ended.log.path()));
            Ok(Applied::new(value))
        })
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(async move {
            // A command outlives the run that was killed: while it goes on, nobody can tell.
            if request.reference.is_some_and(is_running) {
                return Ok(Reconciled::CannotTell);
            }
            let object =
                if request.destroy { request.prior.unwrap_or(request.planned) } else { request.planned };
            Ok(match observe(context, object).await? {
                None => Reconciled::CannotTell,
                Some(Live::Nothing(_)) if request.destroy => Reconciled::Done(Applied::new(Value::NULL)),
                Some(_) if request.destroy => Reconciled::NotDone,
                Some(Live::Version(version)) if object.get("version").as_str() == Some(&version) => {
                    let blank = object.transform(&|part| if part.is_unknown() { Value::NULL } else { part });
                    Reconciled::Done(Applied::new(blank.with("live_version", Value::string(version))))
                }
                Some(Live::Version(_) | Live::Nothing(_)) => Reconciled::NotDone,
            })
        })
    }

    fn can_destroy(&self, object: &Value) -> bool {
        !object.get("destroy").is_null()
    }

    fn destroy<'a>(
        &'a self,
        context: &'a Context,
        prior: &'a Value,
        key: &'a str,
    ) -> Answer<'a, Result<(), Problem>> {
        Box::pin(async move {
            let argv = words(prior.get("destroy"));
            let extra = [("RELPLAN_IDEMPOTENCY_KEY", key)];
            let ended = run(context, prior, &argv, &extra, "destroy.log", Patience::Finish).await?;
            judge(prior, &ended, "Taking it down")
        })
    }
}

/// What `observe` found.
enum Live {
    Version(String),
    /// Nothing: it printed nothing, or failed; with what it said.
    Nothing(String),
}

/// The version that is live now; none where there is no command that could tell.
async fn observe(context: &Context, object: &Value) -> Result<Option<Live>, Problem> {
    let argv = words(object.get("observe"));
    if argv.is_empty() {
        return Ok(None);
    }
    let looking = run(context, object, &argv, &[], "observe.log", Patience::Stop);
    let Ok(ended) = tokio::time::timeout(LOOK_TIMEOUT, looking).await else {
        return Err(Problem::retry(format!(
            "`observe` did not end within {} seconds.",
            LOOK_TIMEOUT.as_secs()
        )));
    };
    let ended = ended?;
    let printed = ended.stdout.clone();
    Ok(Some(if ended.exit_code == Some(0) && !printed.is_empty() {
        Live::Version(printed)
    } else {
        Live::Nothing(ended.log.tail())
    }))
}

/// Waits until the deployed version is the live one.
async fn confirm(context: &Context, planned: &Value) -> Result<Option<String>, Problem> {
    let wanted = planned.get("version").as_str().unwrap_or_default();
    let mut seen = String::new();
    for look in 0..LOOKS {
        if look > 0 {
            context.clock.sleep(PAUSE).await;
        }
        match observe(context, planned).await? {
            None => return Ok(None),
            Some(Live::Version(version)) if version == wanted => return Ok(Some(version)),
            Some(Live::Version(version)) => seen = format!("it prints {version:?}"),
            Some(Live::Nothing(output)) if output.is_empty() => "it prints nothing".clone_into(&mut seen),
            Some(Live::Nothing(output)) => seen = format!("it failed: {output}"),
        }
    }
    Err(Problem::refused(format!(
        "The deployment ended well, but `observe` does not find version {wanted:?}: {seen}."
    ))
    .hint("Look at the environment. If it only needs longer, let the deploy command wait until it is live."))
}

fn judge(config: &Value, ended: &Ended, what: &str) -> Result<(), Problem> {
    let problem = match (ended.exit_code, ended.signal) {
        (Some(code), _) if is_success(config, code) => return Ok(()),
        (Some(code), _) => Problem::refused(format!("{what} failed with exit code {code}.")),
        // Cut off in the middle: half of it may have been done.
        (None, signal) => {
            Problem::uncertain(format!("{what} was ended by signal {}.", signal.unwrap_or_default()))
        }
    };
    Err(problem.hint(format!("Its output is in {}.", ended.log.path())).detail(ended.log.tail()))
}

/// Whether the process that a reference names still runs.
fn is_running(reference: &str) -> bool {
    let pid = reference
        .strip_prefix("process ")
        .and_then(|pid| pid.parse().ok())
        .and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process_group(pid).is_ok())
}
