//! The arguments that say how an action goes wrong, and their playing.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use relplan_contract::{Attribute, Context, Problem, ProblemKind, Type, Value};

/// Every kind of problem, by the word with which `problem` asks for it.
const KINDS: [ProblemKind; 7] = [
    ProblemKind::Invalid,
    ProblemKind::Retry,
    ProblemKind::Refused,
    ProblemKind::Missing,
    ProblemKind::Conflict,
    ProblemKind::Uncertain,
    ProblemKind::Cancelled,
];

/// What the script lets an action do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It is done, and succeeds.
    Done,
    /// It fails before anything was done.
    Fails(Problem),
    /// It is done, but the answer is lost: `problem = "uncertain"`.
    Lost(Problem),
}

/// The script's attributes, the same in each resource type.
pub(crate) fn attributes() -> Vec<Attribute> {
    let optional = Attribute::optional;
    vec![
        optional("delay_ms", Type::Number, "How long it waits before it does anything, in milliseconds."),
        optional(
            "delay_after_ms",
            Type::Number,
            "How long it waits after it was done and before it says so, in milliseconds: for crashes in between.",
        ),
        optional("fail", Type::String, "`true` or a message: it fails with that."),
        optional("fail_times", Type::Number, "How often it fails with a `retry` problem before it succeeds."),
        optional(
            "retry_after_ms",
            Type::Number,
            "The earliest for a new try that these failures name, in milliseconds.",
        ),
        optional(
            "problem",
            Type::String,
            "Kind of the problem with which it fails: `invalid`, `retry`, `refused` (unless given), `missing`, `conflict`, `uncertain` (done, but the answer is lost) or `cancelled`.",
        ),
        optional("hang", Type::Bool, "Whether it never answers, unless it is cancelled."),
        optional("ignore_cancel", Type::Bool, "Whether it waits on when it is cancelled."),
        optional("panic", Type::Bool, "Whether it panics: no provider should, and the run must bear it."),
        optional(
            "echo",
            Type::String,
            "A text, perhaps sensitive, that comes back in `echoed`, in the progress and in problems.",
        ),
        optional("reference", Type::String, "The external reference that it reports when it starts."),
        optional(
            "reconcile",
            Type::String,
            "What it says after a crash: `done`, `not_done` or `cannot_tell`. Unless given, it looks for its key in `effects`.",
        ),
        optional(
            "effects",
            Type::String,
            "File, relative to the release file, to which each effect appends the line `key address value`.",
        ),
        Attribute::computed("id", Type::String, "An id, made from the key of the action that made it.")
            .stable(),
        Attribute::computed("echoed", Type::String, "The text of `echo`, without its mark."),
    ]
}

/// What is wrong with the script's arguments.
pub(crate) fn validate(config: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in ["delay_ms", "delay_after_ms", "fail_times", "retry_after_ms"] {
        let given = config.get(name);
        if !given.is_unknown() && !given.is_null() && whole(given).is_none() {
            problems.push(Problem::invalid(name, format!("{name} is no whole number from 0 on.")));
        }
    }
    let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name()).collect();
    one_of(config, "problem", &kinds, &mut problems);
    one_of(config, "reconcile", &["done", "not_done", "cannot_tell"], &mut problems);
    problems
}

/// Reports an argument that is none of the words.
pub(crate) fn one_of(config: &Value, name: &str, words: &[&str], problems: &mut Vec<Problem>) {
    if let Some(word) = config.get(name).as_str()
        && !words.contains(&word)
    {
        problems.push(
            Problem::invalid(name, format!("{word:?} is no {name}."))
                .hint(format!("Use one of {}.", words.join(", "))),
        );
    }
}

/// Plays scripts; counts how often each action failed already.
#[derive(Debug, Default)]
pub(crate) struct Player {
    failures: Mutex<BTreeMap<String, u64>>,
}

impl Player {
    /// Plays the script up to where the effect would happen.
    pub(crate) async fn before(
        &self,
        context: &Context,
        config: &Value,
        key: &str,
    ) -> Result<Ending, Problem> {
        if let Some(reference) = config.get("reference").as_str() {
            context.progress.reference(reference);
        }
        let echo = config.get("echo").as_str().unwrap_or_default();
        if !echo.is_empty() {
            context.progress.line(&format!("Echo: {echo}"));
        }
        wait(context, config, "delay_ms").await?;
        if config.get("hang").as_bool() == Some(true) {
            heed(context, config, std::future::pending()).await?;
        }
        if config.get("panic").as_bool() == Some(true) {
            fall_over();
        }
        if let Some(problem) = self.passing_failure(config, key) {
            return Ok(Ending::Fails(problem.detail(echo)));
        }
        Ok(match failure(config) {
            None => Ending::Done,
            Some(problem) if problem.kind == ProblemKind::Uncertain => Ending::Lost(problem.detail(echo)),
            Some(problem) => Ending::Fails(problem.detail(echo)),
        })
    }

    /// Plays the wait between the effect and the answer. An interrupted one is cut short: the thing is done.
    pub(crate) async fn after(&self, context: &Context, config: &Value) {
        // Cut short or not, the answer is the same.
        let _ = wait(context, config, "delay_after_ms").await;
    }

    fn passing_failure(&self, config: &Value, key: &str) -> Option<Problem> {
        let wanted = whole(config.get("fail_times"))?;
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = failures.entry(key.to_owned()).or_default();
        if *failed >= wanted {
            return None;
        }
        *failed += 1;
        let problem = Problem::retry(format!("It failed for the {failed}. of {wanted} times, as asked."));
        Some(match whole(config.get("retry_after_ms")) {
            Some(wait) => problem.after(Duration::from_millis(wait)),
            None => problem,
        })
    }
}

fn failure(config: &Value) -> Option<Problem> {
    let message = config.get("fail").as_str().filter(|fail| !matches!(*fail, "" | "false"));
    let wanted = config.get("problem").as_str();
    if message.is_none() && wanted.is_none() {
        return None;
    }
    let kind = KINDS.into_iter().find(|kind| Some(kind.name()) == wanted).unwrap_or(ProblemKind::Refused);
    let message = message.filter(|message| *message != "true").unwrap_or("It failed, as asked.");
    Some(Problem::new(kind, message))
}

#[expect(clippy::panic, reason = "the argument `panic` asks for it, to show that a run bears it")]
fn fall_over() {
    panic!("It panicked, as asked.");
}

async fn wait(context: &Context, config: &Value, name: &str) -> Result<(), Problem> {
    match whole(config.get(name)) {
        None | Some(0) => Ok(()),
        Some(wait) => heed(context, config, context.clock.sleep(Duration::from_millis(wait))).await,
    }
}

/// Waits, but gives up when it is cancelled, unless the script says otherwise.
async fn heed(context: &Context, config: &Value, wait: impl Future<Output = ()>) -> Result<(), Problem> {
    let heeds = config.get("ignore_cancel").as_bool() != Some(true);
    let mut wait = std::pin::pin!(wait);
    let mut cancelled = context.cancel.cancelled();
    poll_fn(|task| {
        if heeds && cancelled.as_mut().poll(task).is_ready() {
            return Poll::Ready(Err(Problem::cancelled()));
        }
        wait.as_mut().poll(task).map(Ok)
    })
    .await
}

/// The whole number from 0 on that an argument gives.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    value.as_i64().and_then(|number| u64::try_from(number).ok())
}

/// The object after it was done: what was planned, with the script's computed attributes.
pub(crate) fn object(prefix: &str, planned: &Value, key: &str) -> Value {
    let id = match planned.get("id") {
        id if id.is_unknown() => {
            Value::string(format!("{prefix}-{}", key.chars().take(12).collect::<String>()))
        }
        id => id.clone(),
    };
    // Without its mark, as careless systems do: the engine must find the secret in it again.
    let echoed = planned.get("echo").clone().unmark();
    planned.clone().with("id", id).with("echoed", echoed)
}
