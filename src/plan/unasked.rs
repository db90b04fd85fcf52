//! Planning without asking anyone: no provider runs a command, opens a connection or reads a file.
//!
//! For files that nobody has read yet, as in a pull request from outside: what they name is not touched, not even to
//! look at it. The plan shows what the files alone can tell.

use relplan_contract::{Observed, Reconciled, Value, propose};

use super::Planner;
use super::ask::{Answer, Question};

/// Answers every question of a planner from what its types declare.
pub fn answer_all(planner: &mut Planner) {
    loop {
        let asks = planner.poll();
        if asks.is_empty() {
            return;
        }
        for ask in asks {
            planner.answer(ask.id, answer(&ask.question));
        }
    }
}

/// What can be said without looking: an object is as the ledger has it, and what only its provider can tell is
/// unknown.
fn answer(question: &Question) -> Answer {
    match question {
        Question::Read { .. } => Answer::Observed(Ok(Observed::Same)),
        Question::Discover { .. } => Answer::Observed(Ok(Observed::Absent)),
        Question::Plan { resource, config, prior } => {
            Answer::Planned(Ok(propose(&resource.schema().attributes, prior.as_ref(), config)))
        }
        Question::Data { source, config } => {
            let given = |name: &str| config.get(name).clone();
            let value = source.schema().attributes.iter().map(|attribute| {
                let given = given(attribute.name);
                (attribute.name, if given.is_null() { Value::UNKNOWN } else { given })
            });
            Answer::Data(Ok(Value::map(value)))
        }
        Question::Reconcile { .. } => Answer::Reconciled(Ok(Reconciled::CannotTell)),
    }
}
