//! Asking which version is live: running `observe` and reading what it prints.

use std::time::Duration;

use relplan_contract::{Answer, Context, Path, Problem, ProblemKind, Value};

use crate::arguments::Spec;
use crate::output::clean;
use crate::process::{Ended, Leftovers, Manner, Sink, WHOLE, run};

/// The longest text that is taken for a version.
const LONGEST: usize = 256;

/// The waits between two looks after a deployment: short at first, then every two seconds.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// How long an interrupted run still looks: what has been deployed should not be recorded as if it had not.
const AFTER_INTERRUPT: Duration = Duration::from_secs(5);

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// This version is live.
    Version(String),
    /// `observe` succeeded and printed nothing: nothing is deployed.
    Nothing,
    /// Nobody looked: there is no `observe`, or a secret that it may need was not kept.
    Unseen,
}

/// Looks once.
///
/// `heed_cancel` tells whether an interrupted run cuts it short.
pub(crate) async fn observe(
    context: &Context,
    object: &Value,
    key: &str,
    heed_cancel: bool,
) -> Result<Seen, Problem> {
    let Some(spec) = Spec::of(context, object, "observe", key)? else { return Ok(Seen::Unseen) };
    let mut sink = Sink::quiet(context);
    let manner = Manner { leftovers: Leftovers::Stop, stop_on_cancel: heed_cancel, outlives: false };
    let ended = run(context, &spec, manner, &mut sink, |_| {}).await?;
    let about = || Path::attribute("observe");
    match ended {
        Ended::Code(code) if spec.accepts(code) => {}
        Ended::Stopped => return Err(Problem::cancelled()),
        // It may have failed for want of what was not kept: that tells nothing of what is live.
        Ended::Code(_) | Ended::Signal(_) if !spec.sealed.is_empty() => return Ok(Seen::Unseen),
        Ended::Code(code) => {
            let message =
                format!("The observe command ended with exit code {code}, so the live version is not known.");
            return Err(Problem::retry(message)
                .hint("Where nothing is deployed it must succeed and print nothing.")
                .about(about())
                .detail(sink.tail.text()));
        }
        Ended::Signal(signal) => {
            let message = format!("The observe command was killed by signal {signal}.");
            return Err(Problem::retry(message).about(about()).detail(sink.tail.text()));
        }
    }
    let printed = sink.answer().map_err(|why| {
        let message = format!("The observe command {why}, so the live version is not known.");
        Problem::retry(message).hint(WHOLE).about(about()).detail(sink.tail.text())
    })?;
    let printed = String::from_utf8_lossy(printed);
    let printed = printed.trim();
    if printed.len() > LONGEST || printed.contains(['\n', '\r']) {
        let message = "The observe command must print the live version alone, but it printed more.";
        return Err(Problem::refused(message).about(about()).detail(sink.tail.text()));
    }
    let version = clean(&context.redactor, printed, 0);
    Ok(if version.is_empty() { Seen::Nothing } else { Seen::Version(version) })
}

/// What was seen last, and whether the looking was cut short by an interrupt.
pub(crate) struct LastSeen {
    pub(crate) seen: Result<Seen, Problem>,
    pub(crate) cut_short: bool,
}

/// Looks until the version is live, for as long as `observe_seconds` says, or for a while after an interrupt.
pub(crate) async fn observe_until(context: &Context, object: &Value, key: &str, version: &str) -> LastSeen {
    let limit =
        object.get("observe_seconds").as_i64().and_then(|limit| u64::try_from(limit).ok()).unwrap_or(0);
    let end = context.clock.now() + Duration::from_secs(limit);
    let mut wait = FIRST_WAIT;
    let mut interrupted = None;
    loop {
        // After the command has run, one look is worth more than an early end.
        let seen = observe(context, object, key, false).await;
        let live = matches!(&seen, Ok(Seen::Version(live)) if live == version);
        let hopeless = match &seen {
            Ok(seen) => *seen == Seen::Unseen,
            Err(problem) => problem.kind != ProblemKind::Retry,
        };
        let now = context.clock.now();
        if context.cancel.is_cancelled() {
            interrupted.get_or_insert(now + AFTER_INTERRUPT);
        }
        let cut_short = interrupted.is_some_and(|until| now >= until) && now < end;
        if live || hopeless || cut_short || now >= end {
            return LastSeen { seen, cut_short };
        }
        let mut cancelled: Answer<'_, ()> = match interrupted {
            None => context.cancel.cancelled(),
            Some(_) => Box::pin(std::future::pending()),
        };
        tokio::select! {
            () = context.clock.sleep(wait) => {}
            () = &mut cancelled => {}
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}
