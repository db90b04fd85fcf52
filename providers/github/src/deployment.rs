//! `github_workflow_deployment`: a version that a workflow of GitHub Actions deploys.

mod arguments;
mod live;
mod run;
mod schema;
mod workflow;

pub(crate) use schema::{TYPE_NAME, schema};

use std::sync::Arc;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Context, Observed, PlanRequest, Planned, Problem, ReconcileRequest,
    Reconciled, Resource, ResourceSchema, Value, as_found, propose,
};

use crate::GitHub;
use crate::arguments::not_known;
use crate::client::Client;
use arguments::Arguments;
use live::Seen;
use run::Run;

/// The arguments whose change deploys.
const DEPLOYING: [&str; 5] = ["repository", "workflow", "version", "ref", "inputs"];

/// The results of a deployment.
const RESULTS: [&str; 4] = ["run_id", "run_url", "live_version", "deployment_id"];

/// The resource type.
pub(crate) struct Deployment {
    github: Arc<GitHub>,
    schema: ResourceSchema,
}

impl Deployment {
    pub(crate) fn new(github: Arc<GitHub>) -> Self {
        Self { github, schema: schema() }
    }

    fn client(&self) -> &Client {
        &self.github.client
    }

    async fn predict(&self, context: &Context, request: PlanRequest<'_>) -> Result<Planned, Problem> {
        let mut planned = propose(&self.schema.attributes, request.prior, request.config);
        if let Some(prior) = request.prior
            && !must_deploy(Some(prior), &planned.value)
        {
            if planned.value != *prior {
                planned.value = keep_results(prior, planned.value);
                planned.notes.push("Nothing is dispatched: only how it is looked at changes.".into());
            }
            return Ok(planned);
        }
        planned.notes.extend(workflow::check(self.client(), context, request.config).await?);
        Ok(planned)
    }

    async fn make(&self, context: &Context, request: ApplyRequest<'_>) -> Result<Applied, Problem> {
        let planned = request.planned;
        if let Some(prior) = request.prior.filter(|prior| !must_deploy(Some(prior), planned)) {
            return Ok(Applied::new(keep_results(prior, planned.clone())));
        }
        let arguments = Arguments::read(planned)?.ok_or_else(not_known)?;
        let (client, key) = (self.client(), request.key);
        let before = match &arguments.key_input {
            Some(_) => run::find(client, context, &arguments, &run::short_key(key)).await?,
            None => None,
        };
        // One that a dead process of ours dispatched goes on; one that failed is done over.
        let going = before.filter(|run| run.ended().is_none_or(|ending| ending == "success"));
        let deployment = match going {
            Some(_) => None,
            None => live::begin(client, context, &arguments, key).await?,
        };
        let run = match going {
            Some(run) => run,
            None => run::dispatch(client, context, &arguments, key).await?,
        };
        context.progress.reference(&run::reference(&run));
        live::tell(client, context, &arguments, (deployment, "in_progress"), Some(&run)).await;
        let run = run::follow(client, context, &arguments, run).await?;
        if run.ended() != Some("success") {
            // One that was cancelled on the way may have done its work all the same.
            let cut = context.cancel.is_cancelled();
            if cut && self.shows(context, &arguments, request.prior).await {
                live::tell(client, context, &arguments, (deployment, "success"), Some(&run)).await;
                let seen = Seen::Version(arguments.version.clone());
                return Ok(Applied::new(with_results(planned, &run, seen, deployment)));
            }
            live::tell(client, context, &arguments, (deployment, "failure"), Some(&run)).await;
            return Err(run::failure(client, context, &arguments, &run).await);
        }
        live::tell(client, context, &arguments, (deployment, "success"), Some(&run)).await;
        let seen = await_version(client, context, &arguments).await?;
        Ok(Applied::new(with_results(planned, &run, seen, deployment)))
    }

    /// Whether the service itself tells that the version is live, which was not before.
    async fn shows(&self, context: &Context, arguments: &Arguments, prior: Option<&Value>) -> bool {
        let was_live = prior.is_some_and(|prior| prior.get("version").as_str() == Some(&*arguments.version));
        if was_live || arguments.version_url.is_none() {
            return false;
        }
        let seen = live::look(self.client(), &run::patient(context), arguments).await;
        matches!(seen, Ok(Seen::Version(version)) if version == arguments.version)
    }

    async fn observe(&self, context: &Context, prior: &Value) -> Result<Observed, Problem> {
        let Some(arguments) = Arguments::read(prior)? else { return Ok(Observed::Same) };
        Ok(match live::look(self.client(), context, &arguments).await? {
            Seen::Unseen => Observed::Same,
            Seen::Nothing => Observed::Absent,
            Seen::Version(version) if version == arguments.version => Observed::Same,
            Seen::Version(version) => Observed::Present(
                prior
                    .clone()
                    .with("version", version.as_str().into())
                    .with("live_version", version.as_str().into()),
            ),
        })
    }

    /// What is live where no ledger knows of a deployment.
    async fn seek(&self, context: &Context, config: &Value) -> Result<Option<Value>, Problem> {
        let Some(arguments) = Arguments::read(config)? else { return Ok(None) };
        let Seen::Version(version) = live::look(self.client(), context, &arguments).await? else {
            return Ok(None);
        };
        let object = as_found(&self.schema.attributes, config);
        let version: Value = version.as_str().into();
        Ok(Some(object.with("version", version.clone()).with("live_version", version)))
    }

    /// Finds the run of a dead process, and follows it to its end: only then is it known what became of it.
    async fn find_out(
        &self,
        context: &Context,
        request: ReconcileRequest<'_>,
    ) -> Result<Reconciled, Problem> {
        if !must_deploy(request.prior, request.planned) {
            return Ok(Reconciled::NotDone);
        }
        let arguments = Arguments::read(request.planned)?.ok_or_else(not_known)?;
        let client = self.client();
        let known = request.reference.and_then(|text| text.split(' ').nth(1)?.parse::<i64>().ok());
        let run = match (known, &arguments.key_input) {
            (Some(id), _) => Some(run::get(client, context, &arguments, id).await?),
            (None, Some(_)) => run::find(client, context, &arguments, &run::short_key(request.key)).await?,
            (None, None) => return Ok(Reconciled::CannotTell),
        };
        let Some(run) = run else { return Ok(Reconciled::NotDone) };
        let run = run::follow(client, context, &arguments, run).await?;
        if run.ended() != Some("success") {
            return Ok(Reconciled::NotDone);
        }
        let seen = await_version(client, context, &arguments).await?;
        Ok(Reconciled::Done(Applied::new(with_results(request.planned, &run, seen, None))))
    }
}

/// Whether the change dispatches the workflow, or only how it is looked at was changed.
fn must_deploy(prior: Option<&Value>, planned: &Value) -> bool {
    prior.is_none_or(|prior| DEPLOYING.iter().any(|name| prior.get(name) != planned.get(name)))
}

fn keep_results(prior: &Value, planned: Value) -> Value {
    RESULTS.iter().fold(planned, |object, name| object.with(name, prior.get(name).clone()))
}

fn with_results(planned: &Value, run: &Run, seen: Seen, deployment: Option<i64>) -> Value {
    let live = if let Seen::Version(version) = seen { version.into() } else { Value::NULL };
    planned
        .clone()
        .with("run_id", run.id.into())
        .with("run_url", run.html_url.as_str().into())
        .with("live_version", live)
        .with("deployment_id", deployment.map_or(Value::NULL, Value::from))
}

/// Waits until the version shows where it can be seen.
async fn await_version(client: &Client, context: &Context, arguments: &Arguments) -> Result<Seen, Problem> {
    if arguments.version_url.is_none() {
        // A run that succeeded is believed where its environment is named; else nobody can tell what is live.
        let believed = arguments.environment.as_ref().map(|_| Seen::Version(arguments.version.clone()));
        return Ok(believed.unwrap_or(Seen::Unseen));
    }
    let until = context.clock.now() + arguments.version_wait;
    loop {
        let seen = live::look(client, context, arguments).await;
        if matches!(&seen, Ok(Seen::Version(version)) if *version == arguments.version) {
            return seen;
        }
        if context.clock.now() >= until {
            let what = match seen {
                Ok(Seen::Version(version)) => format!("it is {version}"),
                Ok(Seen::Nothing | Seen::Unseen) => "there is none".to_owned(),
                Err(problem) => problem.message,
            };
            let message =
                format!("The run succeeded, but the live version is not {}: {what}.", arguments.version);
            return Err(Problem::refused(message));
        }
        context.clock.sleep(arguments.poll.min(std::time::Duration::from_secs(2))).await;
    }
}

impl Resource for Deployment {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        arguments::check(config)
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(self.predict(context, request))
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        Box::pin(self.observe(context, prior))
    }

    fn discover<'a>(
        &'a self,
        context: &'a Context,
        config: &'a Value,
    ) -> Answer<'a, Result<Option<Value>, Problem>> {
        Box::pin(self.seek(context, config))
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(self.make(context, request))
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(self.find_out(context, request))
    }
}
