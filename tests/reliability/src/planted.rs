//! Relplans with a planted bug: a harness that does not notice them is worth nothing.
//!
//! They are made of the same library with a provider that breaks a rule, and run in a process of their own: the
//! harness starts itself again with [`ARGUMENTS`] in the environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Configured, Context, Observed, PlanRequest, Planned, Problem, Provider,
    ProviderSchema, ReconcileRequest, Reconciled, Resource, ResourceSchema, Value,
};

use crate::scene::Relplan;
use crate::verbs;

/// The variable that makes a process a relplan with a bug: it holds the arguments, each on a line.
pub const ARGUMENTS: &str = "RELPLAN_WITH_A_BUG";

/// The variable that makes a process a relplan with the providers of [`crate::rogue`]: it holds the arguments as well.
pub const WITH_ROGUES: &str = "RELPLAN_WITH_ROGUES";

/// The variable that makes a process a relplan with the bug of [`crate::tags`]: it holds the arguments as well.
pub const WITH_LATE_INPUT: &str = "RELPLAN_WITH_LATE_INPUT";

/// The variable that makes a process a relplan whose commands do not outlive it: it holds the arguments as well.
pub const FRAIL: &str = "RELPLAN_WITH_FRAIL_COMMANDS";

/// Runs a relplan that acts while it plans, before any intent, one with rogues, late input or frail commands, or one
/// that leaks, when a variable says so, and gives its exit code.
#[must_use]
pub fn run_if_asked() -> Option<u8> {
    if let Some(code) = crate::pulls::planted::run_if_asked() {
        return Some(code);
    }
    let bundled = relplan_bundled::registry();
    let of_verbs = verbs::BUGS.iter().find_map(|(name, bug)| Some((std::env::var(name).ok()?, *bug)));
    if let Some((given, bug)) = of_verbs {
        return Some(run(&given, verbs::providers(bug, bundled)));
    }
    let (given, providers) = match (std::env::var(ARGUMENTS), std::env::var(WITH_ROGUES)) {
        (Ok(given), _) => {
            let early = bundled.into_iter().map(|inner| Arc::new(Early(inner)) as Arc<dyn Provider>);
            (given, early.collect())
        }
        (_, Ok(given)) => {
            let mut providers: Vec<_> = bundled.into_iter().collect();
            providers.push(Arc::new(crate::rogue::Rogue));
            (given, providers)
        }
        _ => {
            let late = std::env::var(WITH_LATE_INPUT).ok();
            let wrap = |inner: Arc<dyn Provider>| -> Arc<dyn Provider> {
                match (&late, inner.schema().name) {
                    (Some(_), "git") => Arc::new(crate::tags::Late(inner)),
                    (Some(_), _) => inner,
                    (None, _) => Arc::new(Frail(inner)),
                }
            };
            let given = late.clone().or_else(|| std::env::var(FRAIL).ok())?;
            (given, bundled.into_iter().map(wrap).collect())
        }
    };
    Some(run(&given, providers))
}

fn run(given: &str, providers: Vec<Arc<dyn Provider>>) -> u8 {
    let arguments = std::iter::once("relplan").chain(given.lines()).map(Into::into).collect();
    relplan::cli::main(arguments, providers).code()
}

/// A relplan that acts before its intents: this program, started again. `own` are the arguments that lead it to
/// [`run_if_asked`].
pub fn acts_too_early(own: &[&str]) -> std::io::Result<Relplan> {
    Ok(Relplan::inside(&std::env::current_exe()?, own, ARGUMENTS))
}

/// A relplan that starts git and then feeds it.
pub fn with_late_input(own: &[&str]) -> std::io::Result<Relplan> {
    Ok(Relplan::inside(&std::env::current_exe()?, own, WITH_LATE_INPUT))
}

/// A relplan with rogues among its providers.
pub fn with_rogues(own: &[&str]) -> std::io::Result<Relplan> {
    Ok(Relplan::inside(&std::env::current_exe()?, own, WITH_ROGUES))
}

/// A relplan whose commands write to a pipe that ends with it.
pub fn with_frail_commands(own: &[&str]) -> std::io::Result<Relplan> {
    Ok(Relplan::inside(&std::env::current_exe()?, own, FRAIL))
}

struct Frail(Arc<dyn Provider>);

impl Provider for Frail {
    fn schema(&self) -> ProviderSchema {
        self.0.schema()
    }

    fn configure(
        &self,
        configuration: &Value,
        environment: &BTreeMap<String, String>,
    ) -> Result<Configured, Problem> {
        let mut configured = self.0.configure(configuration, environment)?;
        if let Some(resource) = configured.resources.get_mut("exec_deployment") {
            *resource = Arc::new(FrailDeployment(Arc::clone(resource)));
        }
        Ok(configured)
    }
}

/// Deploys as everybody would at first: it starts the command and reads a pipe.
struct FrailDeployment(Arc<dyn Resource>);

impl FrailDeployment {
    async fn deploy(context: &Context, request: ApplyRequest<'_>) -> Result<Applied, Problem> {
        let words = request.planned.get("deploy").as_list().unwrap_or_default();
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        let (program, arguments) = words.split_first().ok_or_else(|| Problem::refused("No command."))?;
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).current_dir(&context.base).env("RELPLAN_IDEMPOTENCY_KEY", request.key);
        command.process_group(0).stdin(std::process::Stdio::null());
        let ended = command.output().await.map_err(|error| Problem::refused(error.to_string()))?;
        if !ended.status.success() {
            return Err(Problem::refused("The command failed."));
        }
        let lost = ["exit_code", "output_tail", "log", "live_version"];
        let object = request.planned.clone();
        Ok(Applied::new(lost.iter().fold(object, |object, name| object.with(name, Value::NULL))))
    }
}

impl Resource for FrailDeployment {
    fn schema(&self) -> &ResourceSchema {
        self.0.schema()
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        self.0.plan(context, request)
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        self.0.read(context, prior)
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(Self::deploy(context, request))
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        self.0.reconcile(context, request)
    }
}

struct Early(Arc<dyn Provider>);

impl Provider for Early {
    fn schema(&self) -> ProviderSchema {
        self.0.schema()
    }

    fn configure(
        &self,
        configuration: &Value,
        environment: &BTreeMap<String, String>,
    ) -> Result<Configured, Problem> {
        let mut configured = self.0.configure(configuration, environment)?;
        for resource in configured.resources.values_mut() {
            *resource = Arc::new(EarlyResource(Arc::clone(resource)));
        }
        Ok(configured)
    }
}

/// Makes what is to be made while it is planned; applying does nothing more.
struct EarlyResource(Arc<dyn Resource>);

impl Resource for EarlyResource {
    fn schema(&self) -> &ResourceSchema {
        self.0.schema()
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            let planned = self.0.plan(context, request).await?;
            if request.prior.is_none() {
                let early = ApplyRequest { planned: &planned.value, prior: None, key: "too-early" };
                self.0.apply(context, early).await?;
            }
            Ok(planned)
        })
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        self.0.read(context, prior)
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        let effects = request.planned.get("effects").clone();
        let quiet = request.planned.clone().with("effects", Value::NULL);
        Box::pin(async move {
            let applied = self.0.apply(context, ApplyRequest { planned: &quiet, ..request }).await?;
            Ok(Applied { value: applied.value.with("effects", effects), ..applied })
        })
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        self.0.reconcile(context, request)
    }
}
