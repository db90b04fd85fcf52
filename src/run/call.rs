//! The one guarded way to a provider. Whatever is asked of one goes through here: it has a deadline, is told to stop,
//! may panic, and what it answers is foreign: masked, marked and cut to what can be kept. See `docs/reliability.md`.

use std::time::{Duration, Instant};

use relplan_contract::{Answer, Cancel, Context, Problem, ProblemKind, Value};
use tokio::task::JoinSet;
use tracing::{Instrument as _, debug, debug_span};

pub(crate) use self::foreign::Foreign;
pub(crate) use self::looks::{data, discover, plan, read, reconcile};
use super::backoff::Backoff;
use super::bounds;
use crate::plan::panicked;

mod foreign;
mod looks;

/// How long a look at the outside may take, with all its tries.
pub(crate) const LOOK: Duration = Duration::from_secs(120);

/// How long a call is given to stop by itself once its deadline has passed.
const GRACE: Duration = Duration::from_secs(5);

/// How often a look is tried, and how long is waited in between.
const AGAIN: Backoff =
    Backoff { attempts: 3, min_delay: Duration::from_millis(300), max_delay: Duration::from_secs(3) };

/// Why a call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The provider says so.
    Problem(Problem),
    /// Its deadline passed. It was told to stop, and dropped.
    TimedOut(Duration),
    /// The provider panicked.
    Panicked,
}

impl Fault {
    /// The fault as the provider would have told it, where a call changes nothing.
    pub(crate) fn problem(self) -> Problem {
        match self {
            Self::Problem(problem) => problem,
            Self::TimedOut(after) => {
                let text = format!("It gave no answer within {} seconds.", after.as_secs());
                Problem::new(ProblemKind::Retry, text)
            }
            Self::Panicked => panicked(),
        }
    }
}

/// Carries out one call, once. `verb` is the log's name for it; `given` is what the provider is given, parts of which
/// come back in its answer. The call is dropped with the future that this gives: nobody waits for it any more.
pub(crate) async fn guarded<T, F>(
    context: &Context,
    verb: &'static str,
    deadline: Duration,
    given: &Value,
    call: F,
) -> Result<T, Fault>
where
    T: Foreign + Send + 'static,
    F: for<'a> FnOnce(&'a Context) -> Answer<'a, Result<T, Problem>> + Send + 'static,
{
    let span = debug_span!("call", address = context.address, verb);
    watched(context, deadline, given, call).instrument(span).await
}

async fn watched<T, F>(context: &Context, deadline: Duration, given: &Value, call: F) -> Result<T, Fault>
where
    T: Foreign + Send + 'static,
    F: for<'a> FnOnce(&'a Context) -> Answer<'a, Result<T, Problem>> + Send + 'static,
{
    debug!(deadline_s = deadline.as_secs(), "call begun");
    let begun = Instant::now();
    let switch = Cancel::default();
    let own = Context { cancel: switch.clone(), ..context.clone() };
    // A set ends its tasks when it is dropped.
    let mut task = JoinSet::new();
    task.spawn(async move { call(&own).await }.in_current_span());
    let mut late = std::pin::pin!(tokio::time::sleep(deadline));
    let mut is_told = false;
    let answered = loop {
        tokio::select! {
            biased;
            joined = task.join_next() => break match joined {
                Some(Ok(answer)) => answer.map_err(Fault::Problem),
                Some(Err(_)) | None => Err(Fault::Panicked),
            },
            () = context.cancel.cancelled(), if !is_told => {
                is_told = true;
                switch.cancel();
            }
            () = &mut late => {
                switch.cancel();
                break match tokio::time::timeout(GRACE, task.join_next()).await {
                    Ok(Some(Ok(Ok(answer)))) => Ok(answer),
                    _ => Err(Fault::TimedOut(deadline)),
                };
            }
        }
    };
    let mask = |text: &str| context.redactor.mask(text).into_owned();
    let tamed = match answered {
        Ok(answer) => Ok(answer.tamed(given, &context.redactor)),
        Err(Fault::Problem(problem)) => Err(Fault::Problem(bounds::problem(problem.map_text(&mask)))),
        Err(fault) => Err(fault),
    };
    let ms = elapsed_ms(begun);
    match &tamed {
        Ok(_) => debug!(ms, "call answered"),
        Err(Fault::Problem(problem)) => {
            debug!(ms, kind = ?problem.kind, problem = problem.message, "call refused");
        }
        Err(Fault::TimedOut(_)) => debug!(ms, "call given up: its deadline passed"),
        Err(Fault::Panicked) => debug!(ms, "call panicked"),
    }
    tamed
}

/// Milliseconds since then, for the log.
pub(crate) fn elapsed_ms(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Asks what changes nothing, and so may be asked again after a passing fault. What answers with more than can be kept
/// has not answered.
pub(crate) async fn look<T, F>(
    context: &Context,
    verb: &'static str,
    patience: Duration,
    given: &Value,
    ask: F,
) -> Result<T, Problem>
where
    T: Foreign + Send + 'static,
    F: for<'a> Fn(&'a Context) -> Answer<'a, Result<T, Problem>> + Send + Sync + 'static,
{
    let answer = guarded(context, verb, patience, given, move |context| {
        Box::pin(async move {
            let mut tries = 1;
            loop {
                let answer = ask(context).await;
                let passing = answer.as_ref().err().filter(|problem| problem.kind == ProblemKind::Retry);
                let Some(wait) = passing.and_then(|problem| pause(problem, tries, &context.address)) else {
                    return answer;
                };
                tries += 1;
                debug!(tries, wait_ms = wait.as_millis(), "asked again after a passing fault");
                context.clock.sleep(wait).await;
            }
        })
    });
    let answer = answer.await.map_err(Fault::problem)?;
    match answer.too_large() {
        None => Ok(answer),
        Some(bytes) => Err(Problem::refused(format!(
            "The provider answered with {bytes} bytes, more than can be kept: this is a fault in it. Please report it."
        ))),
    }
}

/// How long to wait before the next try; none when there is none.
fn pause(problem: &Problem, tries: u32, address: &str) -> Option<Duration> {
    // The tries of many are spread.
    let seed = address.bytes().fold(0_u64, |seed, byte| seed.rotate_left(5) ^ u64::from(byte));
    let told = problem.retry_after.unwrap_or_default();
    // Longer than a look may take: whoever asked should rather know.
    AGAIN.wait(tries, seed).map(|wait| wait.max(told)).filter(|wait| *wait < LOOK / 2)
}

#[cfg(test)]
mod tests;
