//! The events of a run: what is recorded before an action, and what after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Applied, Lifetime, Outcome, ProblemKind, Repeat, Value, Verdict};

use super::call::Fault;
use super::machine::Performed;
use super::perform::verdict_of_problem;
use super::prepare::Ready;
use crate::addr::Address;
use crate::canonical::Digest;
use crate::event::{Act, ActOutcome, EntryKey, Event, Intent, Judgement};
use crate::plan::{Action, Change, Reason, Whom, panicked};
use crate::state::State;

/// The idempotency key of an action: the same after a crash, another for each try that a person asks for.
pub(super) fn idempotency_key(state: &State, key: &EntryKey, plan: &Digest, generation: u64) -> String {
    let lineage = state.lineage.as_ref().map_or("", |lineage| &lineage.0);
    Digest::of(format!("{lineage}\n{key}\n{plan}\n{generation}").as_bytes()).hex()
}

/// What is recorded before an act.
pub(super) fn intent(
    change: &Change,
    ready: &Ready,
    act: Act,
    state: &State,
    plan: &Digest,
    version: &Arc<str>,
) -> Intent {
    let generation = state.next_generation(&change.key);
    let makes_room =
        matches!(change.action, Action::Replace { .. }) || change.reasons.contains(&Reason::MakesRoom);
    Intent {
        key: change.key.clone(),
        act,
        lifetime: change.lifetime.unwrap_or(Lifetime::Check),
        provider: change.provider.clone(),
        version: Arc::clone(change.turned_back_to().unwrap_or(version)),
        idempotency_key: idempotency_key(state, &change.key, plan, generation),
        generation,
        inputs: ready.config.clone(),
        planned: match act {
            // Something comes in its place.
            Act::Destroy if makes_room => Value::UNKNOWN,
            Act::Destroy => Value::NULL,
            Act::Create | Act::Update | Act::Judge => ready.planned.clone(),
        },
        dependencies: change.dependencies.clone(),
        judged_by: change.judged_by.clone(),
        reason: change.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    }
}

/// How an action ended: for the machine, for the ledger, and in words.
pub(super) struct Told {
    pub performed: Performed,
    pub event: Event,
    pub message: String,
    pub value: Option<Value>,
    pub verdict: Option<Verdict>,
}

/// What is recorded after an act.
pub(super) fn outcome(
    change: &Change,
    whom: &Whom,
    ended: Result<Applied, Fault>,
    idempotency_key: &str,
    planned: &Value,
    state: &State,
    time_ms: i64,
) -> Told {
    if change.lifetime == Some(Lifetime::Check) {
        return judged(change, ended, idempotency_key, planned, (state, time_ms));
    }
    let (performed, outcome, message, value) = match ended {
        Ok(applied) => {
            let value = carry_marks(planned, applied.value);
            (Performed::Done, ActOutcome::Done { value: value.clone() }, String::new(), Some(value))
        }
        Err(Fault::Problem(problem)) => {
            let message = problem.to_string();
            match problem.kind {
                ProblemKind::Uncertain => unknown(message),
                ProblemKind::Retry => {
                    let failed = ActOutcome::Failed { kind: problem.kind, message: message.clone() };
                    (Performed::TryAgain(problem.retry_after), failed, message, None)
                }
                ProblemKind::Invalid
                | ProblemKind::Refused
                | ProblemKind::Missing
                | ProblemKind::Conflict
                | ProblemKind::Cancelled => {
                    let failed = ActOutcome::Failed { kind: problem.kind, message: message.clone() };
                    (Performed::Failed, failed, message, None)
                }
            }
        }
        Err(Fault::TimedOut(after)) => {
            lost(whom, format!("It did not end within {} seconds.", after.as_secs()))
        }
        Err(Fault::Panicked) => lost(whom, panicked().message),
    };
    let event =
        Event::Ended { key: change.key.clone(), idempotency_key: idempotency_key.to_owned(), outcome };
    Told { performed, event, message, value, verdict: None }
}

type Parts = (Performed, ActOutcome, String, Option<Value>);

fn unknown(message: String) -> Parts {
    (Performed::Unknown, ActOutcome::Unknown { message: message.clone() }, message, None)
}

/// An action that gave no answer: harmless ones have simply failed.
fn lost(whom: &Whom, message: String) -> Parts {
    match whom {
        Whom::Resource(_, schema) if schema.repeat != Repeat::Harmless => unknown(message),
        Whom::Resource(..) | Whom::Data(_) => {
            let failed = ActOutcome::Failed { kind: ProblemKind::Refused, message: message.clone() };
            (Performed::Failed, failed, message, None)
        }
    }
}

fn judged(
    change: &Change,
    ended: Result<Applied, Fault>,
    idempotency_key: &str,
    planned: &Value,
    (state, time_ms): (&State, i64),
) -> Told {
    let blank = || planned.without_unknown();
    let mut again = None;
    let (value, verdict) = match ended {
        Ok(applied) => {
            let missing =
                || Verdict::new(Outcome::Error, "The provider gave no verdict: this is a fault in it.");
            let verdict = applied.verdict.unwrap_or_else(missing);
            (carry_marks(planned, applied.value), verdict)
        }
        Err(Fault::Problem(problem)) => {
            if problem.kind == ProblemKind::Retry {
                again = Some(problem.retry_after);
            }
            (blank(), verdict_of_problem(&problem))
        }
        Err(Fault::TimedOut(after)) => {
            let text = format!("It was cut short after {} seconds.", after.as_secs());
            (blank(), Verdict::new(Outcome::Inconclusive, text))
        }
        Err(Fault::Panicked) => {
            (blank(), Verdict::new(Outcome::Error, "The provider failed: this is a fault in it."))
        }
    };
    let judgement = Judgement {
        outcome: verdict.outcome,
        summary: verdict.summary.clone(),
        details: verdict.details.clone(),
        judged: judged_now(change, state),
        basis: Some(state.basis(&change.dependencies, &state.intended_version(&change.key))),
        time_ms,
    };
    let performed = again.map_or(Performed::Judged(verdict.outcome), Performed::TryAgain);
    let event = Event::Judged {
        key: change.key.clone(),
        idempotency_key: idempotency_key.to_owned(),
        value: value.clone(),
        judgement,
    };
    Told { performed, event, message: verdict.summary.clone(), value: Some(value), verdict: Some(verdict) }
}

/// The live resources that a check judges, with the digest of each as it is now.
fn judged_now(change: &Change, state: &State) -> BTreeMap<Address, Digest> {
    let found = change.judges.iter().flat_map(|block| state.instances(block));
    found
        .filter(|(_, entry)| entry.lifetime == Lifetime::Live && entry.exists())
        .map(|(key, entry)| (key.address.clone(), State::value_digest(&entry.value)))
        .collect()
}

/// The value with the marks of the prediction: a provider gives back plain values.
fn carry_marks(planned: &Value, value: Value) -> Value {
    use relplan_contract::Kind;
    let sensitive = planned.is_sensitive();
    let marked = match (planned.kind(), value.kind()) {
        (Kind::Map(predicted), Kind::Map(map)) => Value::map(map.iter().map(|(name, item)| {
            let item =
                predicted.get(name).map_or_else(|| item.clone(), |part| carry_marks(part, item.clone()));
            (Arc::clone(name), item)
        }))
        .mark(value.is_sensitive()),
        (Kind::List(predicted), Kind::List(items)) => {
            Value::list(items.iter().enumerate().map(|(index, item)| {
                predicted.get(index).map_or_else(|| item.clone(), |part| carry_marks(part, item.clone()))
            }))
            .mark(value.is_sensitive())
        }
        _ => value,
    };
    marked.mark(sensitive)
}
