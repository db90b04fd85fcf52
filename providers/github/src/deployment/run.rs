//! One run of a workflow: dispatched once, found for sure, followed to its end.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use relplan_contract::{Cancel, Context, Problem, ProblemKind};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::arguments::Arguments;
use crate::client::{Client, Fault, query};

/// How long a run that was dispatched may take to show in the list.
const SHOWS_WITHIN: Duration = Duration::from_secs(45);

/// How many lines of a failed job's log are shown.
const LOG_LINES: usize = 30;

/// A run, as the API has it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Run {
    pub(super) id: i64,
    #[serde(default)]
    display_title: String,
    #[serde(default)]
    name: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    pub(super) html_url: String,
}

#[derive(Deserialize)]
struct Runs {
    workflow_runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Dispatched {
    workflow_run_id: i64,
}

#[derive(Deserialize)]
struct Jobs {
    jobs: Vec<Job>,
}

#[derive(Deserialize)]
struct Job {
    id: i64,
    name: String,
    status: String,
    conclusion: Option<String>,
    #[serde(default)]
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct PendingDeployment {
    environment: PendingEnvironment,
    #[serde(default)]
    reviewers: Vec<Reviewer>,
}

#[derive(Deserialize)]
struct PendingEnvironment {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Reviewer {
    reviewer: Option<Person>,
}

#[derive(Deserialize)]
struct Person {
    login: Option<String>,
    name: Option<String>,
}

impl Run {
    /// Whether it is over, and how; none while it goes on.
    pub(super) fn ended(&self) -> Option<&str> {
        (self.status.as_deref() == Some("completed")).then(|| self.conclusion.as_deref().unwrap_or("unknown"))
    }

    fn has_key(&self, key: &str) -> bool {
        self.display_title.contains(key) || self.name.as_deref().is_some_and(|name| name.contains(key))
    }
}

/// The context for what must not be dropped by the interrupt that lets the run finish.
pub(super) fn patient(context: &Context) -> Context {
    Context { cancel: Cancel::default(), ..context.clone() }
}

/// The key as it stands in the run's name: enough of it to be no other's, short enough to be read.
pub(super) fn short_key(key: &str) -> String {
    let digits: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    let from = digits.len().saturating_sub(20);
    format!("rp-{}", digits.get(from..).unwrap_or_default())
}

/// What the ledger keeps of a run.
pub(super) fn reference(run: &Run) -> String {
    format!("run {} {}", run.id, run.html_url)
}

/// Dispatches the workflow and finds the run that this began.
pub(super) async fn dispatch(
    client: &Client,
    context: &Context,
    arguments: &Arguments,
    key: &str,
) -> Result<Run, Problem> {
    let mut inputs: BTreeMap<&str, String> =
        arguments.inputs.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let key = short_key(key);
    if let Some(name) = &arguments.key_input {
        inputs.insert(name, key.clone());
    }
    let path = arguments.repository.path(&["actions", "workflows", &arguments.workflow, "dispatches"]);
    let body = json!({ "ref": arguments.reference, "inputs": inputs, "return_run_details": true });
    let what =
        format!("The workflow {} of {} could not be dispatched", arguments.workflow, arguments.repository);
    let context = &patient(context);
    match client.change_maybe::<Dispatched>(context, &path, &body).await {
        Ok(Some(dispatched)) => get(client, context, arguments, dispatched.workflow_run_id).await,
        // An older server says only that it was done.
        Ok(None) => await_run(client, context, arguments, &key, &what).await,
        Err(fault @ (Fault::Lost(_) | Fault::Broken { .. })) => {
            let problem = fault.changing(&what);
            await_run(client, context, arguments, &key, &what).await.map_err(|_| problem)
        }
        Err(fault) => Err(hinted(fault.changing(&what))),
    }
}

/// GitHub's refusals of a dispatch, with how to mend them.
fn hinted(problem: Problem) -> Problem {
    let hint = if problem.message.contains("workflow_dispatch") {
        "Give the workflow the trigger `on: workflow_dispatch`, on the branch or tag that is run."
    } else if problem.message.contains("Unexpected inputs") {
        "Declare the inputs under `on: workflow_dispatch: inputs:`, `relplan_key` among them, or set `key_input = \"\"`."
    } else if problem.message.contains("No ref found") {
        "The workflow runs at a branch or a tag: make the tag first, with depends_on or by a reference to it."
    } else {
        return problem;
    };
    problem.hint(hint)
}

/// Waits until a run that was dispatched shows in the list.
async fn await_run(
    client: &Client,
    context: &Context,
    arguments: &Arguments,
    key: &str,
    what: &str,
) -> Result<Run, Problem> {
    let unknown = |why: &str| Problem::uncertain(format!("{what} for sure: {why}."));
    if arguments.key_input.is_none() {
        return Err(unknown("this server does not tell the number of the run, and there is no key_input"));
    }
    let until = context.clock.now() + SHOWS_WITHIN;
    loop {
        if let Ok(Some(run)) = find(client, context, arguments, key).await {
            return Ok(run);
        }
        if context.clock.now() > until {
            return Err(unknown("no run with its key has shown up"));
        }
        context.clock.sleep(arguments.poll).await;
    }
}

/// The newest run whose name has the key.
pub(super) async fn find(
    client: &Client,
    context: &Context,
    arguments: &Arguments,
    key: &str,
) -> Result<Option<Run>, Problem> {
    let path = arguments.repository.path(&["actions", "workflows", &arguments.workflow, "runs"]);
    let path = query(&path, &[("event", "workflow_dispatch"), ("per_page", "100")]);
    let runs: Runs = match client.get(context, &path).await {
        Ok(runs) => runs,
        Err(fault) => {
            return Err(fault.reading(&format!("The runs of {} could not be listed", arguments.workflow)));
        }
    };
    Ok(runs.workflow_runs.into_iter().filter(|run| run.has_key(key)).max_by_key(|run| run.id))
}

/// The run of a number.
pub(super) async fn get(
    client: &Client,
    context: &Context,
    arguments: &Arguments,
    id: i64,
) -> Result<Run, Problem> {
    let path = arguments.repository.path(&["actions", "runs", &id.to_string()]);
    let run = client.get(context, &path).await;
    run.map_err(|fault| {
        let problem = fault.reading(&format!("The run {id} of {} could not be read", arguments.repository));
        // It was dispatched: doing it again would be a second one.
        Problem { kind: ProblemKind::Uncertain, ..problem }
    })
}

/// Follows a run to its end, and says what happens.
pub(super) async fn follow(
    client: &Client,
    context: &Context,
    arguments: &Arguments,
    mut run: Run,
) -> Result<Run, Problem> {
    let mut said = Said::default();
    let mut lost_since: Option<SystemTime> = None;
    let mut cancelled = false;
    loop {
        if run.ended().is_some() {
            return Ok(run);
        }
        report(client, context, arguments, &run, &mut said).await;
        if arguments.cancels && !cancelled && context.cancel.is_cancelled() {
            cancelled = true;
            cancel(client, context, arguments, &run).await;
        }
        context.clock.sleep(arguments.poll).await;
        match get(client, &patient(context), arguments, run.id).await {
            Ok(now) => {
                run = now;
                lost_since = None;
            }
            Err(problem) => {
                let now = context.clock.now();
                let since = *lost_since.get_or_insert(now);
                // GitHub may be away for a while; the run goes on without us.
                if now.duration_since(since).unwrap_or_default() > Duration::from_secs(600) {
                    return Err(problem);
                }
            }
        }
    }
}

async fn cancel(client: &Client, context: &Context, arguments: &Arguments, run: &Run) {
    let path = arguments.repository.path(&["actions", "runs", &run.id.to_string(), "cancel"]);
    match client.bare(&patient(context), Method::POST, &path).await {
        Ok(()) => context.progress.line("Cancelling the run."),
        Err(fault) => {
            let problem = fault.reading("The run could not be cancelled");
            context.progress.line(&problem.message);
        }
    }
}

/// What was said of a run so far.
#[derive(Default)]
struct Said {
    status: Option<String>,
    jobs: BTreeMap<i64, String>,
}

async fn report(client: &Client, context: &Context, arguments: &Arguments, run: &Run, said: &mut Said) {
    if said.status != run.status {
        said.status.clone_from(&run.status);
        let status = run.status.as_deref().unwrap_or("unknown").replace('_', " ");
        context.progress.line(&format!("Run {}: {status}. {}", run.id, run.html_url));
        if run.status.as_deref() == Some("waiting") {
            for line in approvals(client, context, arguments, run).await {
                context.progress.line(&line);
            }
        }
    }
    if run.status.as_deref() != Some("in_progress") {
        return;
    }
    for job in jobs(client, context, arguments, run).await.unwrap_or_default() {
        let state = job.conclusion.clone().unwrap_or_else(|| job.status.replace('_', " "));
        if said.jobs.insert(job.id, state.clone()).as_ref() != Some(&state) {
            context.progress.line(&format!("Job {}: {state}.", job.name));
        }
    }
}

/// Who must approve, a line for each environment.
async fn approvals(client: &Client, context: &Context, arguments: &Arguments, run: &Run) -> Vec<String> {
    let path = arguments.repository.path(&["actions", "runs", &run.id.to_string(), "pending_deployments"]);
    let pending: Vec<PendingDeployment> = client.get(context, &path).await.unwrap_or_default();
    let name = |reviewer: Reviewer| reviewer.reviewer.and_then(|person| person.login.or(person.name));
    let line = |pending: PendingDeployment| {
        let who: Vec<String> = pending.reviewers.into_iter().filter_map(name).collect();
        let environment = pending.environment.name.unwrap_or_default();
        let who = if who.is_empty() { "somebody".to_owned() } else { who.join(" or ") };
        format!("The environment {environment} waits until {who} approves at {}.", run.html_url)
    };
    pending.into_iter().map(line).collect()
}

async fn jobs(
    client: &Client,
    context: &Context,
    arguments: &Arguments,
    run: &Run,
) -> Result<Vec<Job>, Fault> {
    let path = arguments.repository.path(&["actions", "runs", &run.id.to_string(), "jobs"]);
    let jobs: Jobs = client.get(context, &query(&path, &[("per_page", "100")])).await?;
    Ok(jobs.jobs)
}

/// The problem of a run that did not succeed: which job, and the end of its log.
pub(super) async fn failure(client: &Client, context: &Context, arguments: &Arguments, run: &Run) -> Problem {
    let context = &patient(context);
    let jobs = jobs(client, context, arguments, run).await.unwrap_or_default();
    let bad =
        jobs.into_iter().find(|job| !matches!(job.conclusion.as_deref(), Some("success" | "skipped") | None));
    let conclusion = run.ended().unwrap_or("unknown");
    let Some(job) = bad else {
        let message = format!("The run {} ended with {conclusion}. {}", run.id, run.html_url);
        return Problem::refused(message);
    };
    let path = arguments.repository.path(&["actions", "jobs", &job.id.to_string(), "logs"]);
    let log = client.text(context, &path).await.unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    let tail = lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default().join("\n");
    let place = job.html_url.unwrap_or_else(|| run.html_url.clone());
    let message = format!("The job {} of run {} ended with {conclusion}. {place}", job.name, run.id);
    Problem::refused(message).detail(tail)
}
