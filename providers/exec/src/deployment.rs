//! `exec_deployment`: a command that deploys a version, and one that tells which is live.

mod apply;

use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Observed, PlanRequest, Planned, Problem,
    ReconcileRequest, Reconciled, Repeat, Resource, ResourceSchema, Type, Value, as_found, propose,
};

use crate::arguments;
use crate::observe::{Seen, observe};
use crate::survivor::{Survivor, survivor};

const DOCS: &str = r#"Deploys by running a command:

```hcl
resource "exec_deployment" "production" {
  version = release.version
  deploy  = ["./deploy.sh", "production", release.version]
  observe = ["curl", "-fsS", "https://shop.example/version"]

  environment = {
    DEPLOY_TOKEN = var.deploy_token
  }
}
```

**No shell.** The first element is the program, the others are handed to it as they are. Where a shell is wanted,
say so: `["sh", "-c", "..."]`. The command also sees `RELPLAN_ADDRESS`, `RELPLAN_VERSION` and
`RELPLAN_IDEMPOTENCY_KEY`, which is the same when an action is repeated after a crash. It has no terminal: one that
asks for a password there stands still until its timeout.

**`observe`** prints the live version on its standard output. Where nothing is deployed it succeeds and prints
nothing; an exit code that is no success means that nobody can tell. It is asked after each deployment until the
version shows, in each plan to find drift, and after a crash to find out what became of the deployment. Without it
relplan must trust the exit code, finds no drift, and asks a person after a crash.

**Interrupted.** A deployment that is under way is let finish, unless `on_interrupt = "stop"`. What is live then decides:
`observe` is asked for some seconds more, and a version that shows is done, however the command took the interrupt; where it does
not show in that time, the next run asks again before anything else. At a timeout, or a
second interrupt, it gets SIGTERM and soon after SIGKILL, with every process in its group. It outlives a relplan that
is killed, and the terminal; what it prints from then on is lost. So does what it leaves running in the background
when it ends by itself, and what that prints is lost as well unless it goes to a file: `server >server.log 2>&1 &`.

**Found again.** Before the command starts, the ledger knows the PID namespace, the boot and the host in which it
will, and then its process group. A later run in another place (another container, another machine) cannot see whether
it still runs: only a version that shows proves that it is done, and otherwise a person must look.

**Secrets** belong into `environment`, whose sensitive values are kept in the ledger as fingerprints only. A changed
value is a changed input and deploys again; a token that differs from run to run is better named in
`inherit_environment`, where only its name counts. So is one that `destroy` or a rollback from the ledger needs,
since these cannot ask the file for it and refuse to run without it."#;

/// The arguments that matter to the `deploy` command itself.
const DEPLOYING: [&str; 7] = [
    "version",
    "deploy",
    "working_directory",
    "environment",
    "inherit_environment",
    "stdin",
    "success_exit_codes",
];

/// The type `exec_deployment`.
#[derive(Debug)]
pub struct ExecDeployment {
    schema: ResourceSchema,
}

impl Default for ExecDeployment {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

pub(crate) fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: "exec_deployment",
        lifetime: Lifetime::Live,
        summary: "A version that a command deploys.",
        docs: DOCS,
        attributes: attributes(),
        repeat: Repeat::AskFirst,
        destroyable: true,
        backup: false,
        preview: false,
        gate: false,
        undo: "run `deploy` with the previous version",
        headline: Some("version"),
        settle: Duration::from_secs(2),
        timeout: Duration::from_secs(3600),
    }
}

fn attributes() -> Vec<Attribute> {
    let argv = || Type::list(Type::String);
    let mut attributes = vec![
        Attribute::required("version", Type::String, "The version that is to be live."),
        Attribute::required("deploy", argv(), "Program and arguments that deploy it."),
        Attribute::optional("observe", argv(), "Program and arguments that print the live version."),
        Attribute::optional(
            "observe_seconds",
            Type::Number,
            "How long after `deploy` the version may take to show, in seconds.",
        )
        .or(Value::integer(30)),
        Attribute::optional("destroy", argv(), "Program and arguments that take the deployment down."),
        arguments::on_interrupt(
            "What an interrupt does to a running `deploy`: `finish` lets it end, `stop` ends it.",
        ),
    ];
    attributes.extend(arguments::attributes());
    attributes.extend([
        Attribute::computed(
            "live_version",
            Type::String,
            "The version that `observe` printed; null without it.",
        ),
        Attribute::computed(
            "exit_code",
            Type::Number,
            "Exit code of `deploy`; null when it was found done after a crash.",
        ),
        Attribute::computed("output_tail", Type::String, "The last lines that `deploy` printed."),
        Attribute::computed("log", Type::String, "File with what `deploy` printed, up to 10 MB of it."),
    ]);
    attributes
}

impl Resource for ExecDeployment {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = arguments::validate(config);
        for attribute in ["deploy", "observe", "destroy"] {
            problems.extend(arguments::validate_argv(config, attribute));
        }
        if config
            .get("version")
            .as_str()
            .is_some_and(|version| version.is_empty() || version.trim() != version)
        {
            problems.push(Problem::invalid("version", "A version is not empty and has no spaces around it."));
        }
        problems.extend(arguments::check_on_interrupt(config));
        let seconds = config.get("observe_seconds");
        let whole = seconds.as_i64().is_some_and(|seconds| (0..=86_400).contains(&seconds));
        if !(whole || seconds.is_null() || seconds.is_unknown()) {
            let message = "observe_seconds is a whole number from 0 to 86400.";
            problems.push(Problem::invalid("observe_seconds", message));
        }
        problems
    }

    fn plan<'a>(&'a self, _: &'a Context, request: PlanRequest<'a>) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            let mut planned = propose(&self.schema.attributes, request.prior, request.config);
            planned.notes = arguments::notes(request.config, &["deploy", "observe", "destroy"]);
            if let Some(prior) = request.prior
                && planned.value != *prior
                && !must_deploy(Some(prior), &planned.value)
            {
                planned.value = keep_results(prior, planned.value);
                planned.notes.push("Nothing is run: `deploy` and what it is given stay as they were.".into());
            }
            Ok(planned)
        })
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        Box::pin(async move {
            let wanted = prior.get("version").as_str();
            Ok(match observe(context, prior, "", true).await? {
                Seen::Unseen => Observed::Same,
                Seen::Nothing => Observed::Absent,
                Seen::Version(version) if Some(&*version) == wanted => Observed::Same,
                Seen::Version(version) => Observed::Present(
                    prior
                        .clone()
                        .with("version", version.clone().into())
                        .with("live_version", version.into()),
                ),
            })
        })
    }

    fn discover<'a>(
        &'a self,
        context: &'a Context,
        config: &'a Value,
    ) -> Answer<'a, Result<Option<Value>, Problem>> {
        Box::pin(async move {
            let Seen::Version(version) = observe(context, config, "", true).await? else { return Ok(None) };
            let object = as_found(&self.schema.attributes, config).with("version", version.clone().into());
            Ok(Some(object.with("live_version", version.into())))
        })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(apply::apply(context, request))
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(reconcile(context, request))
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
        Box::pin(apply::destroy(context, prior, key))
    }
}

/// Whether the change needs the `deploy` command, or only how to observe and destroy was changed.
fn must_deploy(prior: Option<&Value>, planned: &Value) -> bool {
    prior.is_none_or(|prior| DEPLOYING.iter().any(|name| prior.get(name) != planned.get(name)))
}

/// The planned arguments with the results of the deployment before.
fn keep_results(prior: &Value, planned: Value) -> Value {
    ["live_version", "exit_code", "output_tail", "log"]
        .iter()
        .fold(planned, |object, name| object.with(name, prior.get(name).clone()))
}

/// What became of a lost action: whether it still runs, and what `observe` sees.
async fn reconcile(context: &Context, request: ReconcileRequest<'_>) -> Result<Reconciled, Problem> {
    let survivor = survivor(request.key, request.reference);
    if survivor == Survivor::Running {
        return Ok(Reconciled::CannotTell);
    }
    let not_done = if survivor == Survivor::Gone { Reconciled::NotDone } else { Reconciled::CannotTell };
    if request.destroy {
        let seen = observe(context, request.prior.unwrap_or(request.planned), request.key, true).await?;
        return Ok(match seen {
            Seen::Nothing => Reconciled::Done(Applied::new(Value::NULL)),
            Seen::Version(_) => not_done,
            Seen::Unseen => Reconciled::CannotTell,
        });
    }
    if !must_deploy(request.prior, request.planned) {
        return Ok(Reconciled::NotDone);
    }
    let wanted = request.planned.get("version");
    Ok(match observe(context, request.planned, request.key, true).await? {
        Seen::Unseen => Reconciled::CannotTell,
        Seen::Version(version) if Some(&*version) == wanted.as_str() => {
            // Where it was live before already, seeing it tells nothing.
            let was_live = request.prior.is_some_and(|prior| prior.get("version") == wanted);
            if was_live { Reconciled::CannotTell } else { Reconciled::Done(found(request.planned, version)) }
        }
        Seen::Version(_) | Seen::Nothing => not_done,
    })
}

/// The object of a deployment that was found done, whose output is lost.
fn found(planned: &Value, version: String) -> Applied {
    let lost = ["exit_code", "output_tail", "log"];
    let object = lost.iter().fold(planned.clone(), |object, name| object.with(name, Value::NULL));
    Applied::new(object.with("live_version", version.into()))
}
