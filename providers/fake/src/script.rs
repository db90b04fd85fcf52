//! What the arguments ask for: delays, failures, verdicts.

use std::time::Duration;

use relplan_contract::{Attribute, Context, Outcome, Problem, ProblemKind, Type, Value, Verdict};

/// The arguments that every type has.
pub(crate) fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::optional("value", Type::Any, "Any value; a change of it is a change of the object."),
        Attribute::optional("delay_ms", Type::Number, "How long the action takes, in milliseconds."),
        Attribute::optional("fail", Type::String, "Fail with this message."),
        Attribute::optional(
            "problem",
            Type::String,
            "Kind of the failure: invalid, retry, refused, missing, conflict or uncertain.",
        )
        .or("refused"),
        Attribute::optional(
            "fail_times",
            Type::Number,
            "Fail only this often, then go well. Counted in `world`.",
        ),
        Attribute::optional("hang", Type::Bool, "Never end, unless it is cancelled."),
        Attribute::optional("ignore_cancel", Type::Bool, "Go on when it is cancelled."),
        Attribute::optional("panic", Type::Bool, "Panic."),
        Attribute::optional("secret", Type::String, "A secret that is echoed.").sensitive(),
        Attribute::optional("reference", Type::String, "The outside system's name for the action."),
        Attribute::optional(
            "reconcile",
            Type::String,
            "What is found out after a lost outcome: done, not_done, cannot_tell, or look.",
        ),
        Attribute::optional(
            "effects",
            Type::String,
            "File to which each effect adds a line: key, address, value.",
        ),
        Attribute::optional("world", Type::String, "Folder with the current value of each object."),
        Attribute::computed("echoed", Type::String, "What was given as `secret`, in the middle of a text."),
        Attribute::computed("key", Type::String, "Idempotency key of the action that made it."),
    ]
}

/// Waits as long as is asked for; cut short when it is cancelled.
pub(crate) async fn delay(context: &Context, config: &Value) -> Result<(), Problem> {
    let milliseconds =
        config.get("delay_ms").as_i64().and_then(|ms| u64::try_from(ms).ok()).unwrap_or_default();
    let hangs = config.get("hang").as_bool() == Some(true);
    let ignores = config.get("ignore_cancel").as_bool() == Some(true);
    let begun = context.clock.now();
    loop {
        let passed = context.clock.now().duration_since(begun).unwrap_or_default();
        let left = Duration::from_millis(milliseconds).saturating_sub(passed);
        if !hangs && left.is_zero() {
            return Ok(());
        }
        if !ignores && context.cancel.is_cancelled() {
            return Err(Problem::cancelled());
        }
        let nap = if hangs { Duration::from_millis(20) } else { left.min(Duration::from_millis(20)) };
        context.clock.sleep(nap).await;
    }
}

/// The failure that is asked for, if any.
pub(crate) fn failure(config: &Value) -> Option<Problem> {
    let secret = config.get("secret").as_str().unwrap_or_default();
    let message = config.get("fail").as_str()?;
    let kind = match config.get("problem").as_str() {
        Some("invalid") => ProblemKind::Invalid,
        Some("retry") => ProblemKind::Retry,
        Some("missing") => ProblemKind::Missing,
        Some("conflict") => ProblemKind::Conflict,
        Some("uncertain") => ProblemKind::Uncertain,
        _ => ProblemKind::Refused,
    };
    let echo =
        if secret.is_empty() { String::new() } else { format!("the server said: no access for {secret}") };
    Some(Problem::new(kind, message).detail(echo))
}

/// The verdict that is asked for.
pub(crate) fn verdict(config: &Value) -> Verdict {
    let outcome = match config.get("verdict").as_str() {
        Some("failed") => Outcome::Failed,
        Some("pending") => Outcome::Pending,
        Some("inconclusive") => Outcome::Inconclusive,
        Some("error") => Outcome::Error,
        _ => Outcome::Passed,
    };
    Verdict::new(outcome, format!("The script says {}.", outcome.name()))
}
