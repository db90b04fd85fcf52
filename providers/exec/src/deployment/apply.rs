//! Running the commands of a deployment.

use relplan_contract::{Applied, ApplyRequest, Context, Path, Problem, ProblemKind, Value};

use super::{found, keep_results, must_deploy};
use crate::action::{Results, command};
use crate::observe::{LastSeen, Seen, observe, observe_until};
use crate::process::Leftovers;

/// Runs `deploy`, then asks `observe` whether it worked.
pub(super) async fn apply(context: &Context, request: ApplyRequest<'_>) -> Result<Applied, Problem> {
    let planned = request.planned;
    if let Some(prior) = request.prior
        && !must_deploy(request.prior, planned)
    {
        return Ok(Applied::new(keep_results(prior, planned.clone())));
    }
    let results = match command(context, planned, "deploy", request.key, Leftovers::Keep).await {
        Ok(results) => results,
        Err(problem) => return interrupted(context, &request, problem).await,
    };
    let version = planned.get("version").as_str().unwrap_or_default();
    let LastSeen { seen, cut_short } = observe_until(context, planned, request.key, version).await;
    let seen = seen.map_err(|problem| after("deploy", problem))?;
    let live = match seen {
        Seen::Version(live) if live == version => live.into(),
        Seen::Unseen => Value::NULL,
        Seen::Version(_) | Seen::Nothing if cut_short => return Err(not_yet_live(version, results)),
        Seen::Version(live) => return Err(not_live(version, &format!("{live} is"), results)),
        Seen::Nothing => return Err(not_live(version, "nothing is", results)),
    };
    let object = planned
        .clone()
        .with("live_version", live)
        .with("exit_code", results.exit_code.map_or(Value::NULL, Value::from))
        .with("output_tail", results.tail.into())
        .with("log", results.log.into());
    Ok(Applied::new(object))
}

/// What becomes of a deployment whose command did not succeed. Where the run was interrupted meanwhile, that may be why,
/// and the work may be done all the same: what is live tells, unless it was live before.
async fn interrupted(
    context: &Context,
    request: &ApplyRequest<'_>,
    problem: Problem,
) -> Result<Applied, Problem> {
    let wanted = request.planned.get("version");
    let was_live = request.prior.is_some_and(|prior| prior.get("version") == wanted);
    // Before the command began, nothing can have been done.
    if !context.cancel.is_cancelled() || was_live || problem.kind == ProblemKind::Cancelled {
        return Err(problem);
    }
    match observe(context, request.planned, request.key, false).await {
        Ok(Seen::Version(live)) if Some(&*live) == wanted.as_str() => {
            context.progress.line(&format!("{} Yet {live} is live.", problem.message));
            Ok(found(request.planned, live))
        }
        _ => Err(problem),
    }
}

/// Nobody waited for the version to show: the next run asks once more before anything else.
fn not_yet_live(version: &str, results: Results) -> Problem {
    let message =
        format!("`deploy` has succeeded, but the run was interrupted before {version} was seen live.");
    Problem::uncertain(message).about(Path::attribute("observe")).detail(results.tail)
}

/// Runs `destroy`; what is gone already is left so.
pub(super) async fn destroy(context: &Context, prior: &Value, key: &str) -> Result<(), Problem> {
    if prior.get("destroy").is_null() {
        return Err(Problem::refused("This deployment has no `destroy` command, so it cannot be destroyed."));
    }
    if observe(context, prior, key, false).await? == Seen::Nothing {
        return Ok(());
    }
    let results = command(context, prior, "destroy", key, Leftovers::Keep).await?;
    let seen = observe(context, prior, key, false).await.map_err(|problem| after("destroy", problem))?;
    match seen {
        Seen::Nothing | Seen::Unseen => Ok(()),
        Seen::Version(live) => {
            let message = format!("The destroy command succeeded, and yet {live} is live.");
            Err(Problem::refused(message).about(Path::attribute("destroy")).detail(results.tail))
        }
    }
}

/// The problem of looking after a command has succeeded. Whatever hindered it, the action may not be taken for one
/// that did nothing.
fn after(command: &str, problem: Problem) -> Problem {
    let message =
        format!("`{command}` has succeeded, but what is live now is not known: {}", problem.message);
    Problem { kind: ProblemKind::Uncertain, message, ..problem }
}

fn not_live(version: &str, seen: &str, results: Results) -> Problem {
    Problem::refused(format!("`deploy` has succeeded, but {seen} live rather than {version}."))
        .hint(format!(
            "Give it more time with `observe_seconds`, or look into {} for what went wrong.",
            results.log
        ))
        .about(Path::attribute("observe"))
        .detail(results.tail)
}
