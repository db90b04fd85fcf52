//! Answering a planner's questions: a thin loop that asks providers, several at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{Cancel, Observed, Problem, Progress, Redactor, Silent, Value};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::call;
use super::surroundings::Surroundings;
use crate::event::EntryKey;
use crate::plan::compare::overlay;
use crate::plan::{Answer, Ask, AskId, Planner, Question};

/// How many questions that go out together are asked at the same time.
const MOST_TOGETHER: usize = 1_000;

/// How the answer begins to a question that was not asked when the plan was saved.
pub const NO_ANSWER: &str = "The saved plan has no answer to this";

/// What was asked and answered: by object and question. A saved plan keeps it, so that carrying it out decides
/// nothing again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Answers, in the order of their questions about one object.
    pub answers: BTreeMap<(String, String), Vec<Answer>>,
    /// Whether the answers are all there are: a question without one is a sign that something else is planned.
    pub closed: bool,
}

impl Replay {
    /// The next answer to a question of this name about an object.
    fn next(&mut self, ask: &Ask) -> Option<Answer> {
        let answers = self.answers.get_mut(&key_of(ask))?;
        if answers.is_empty() { None } else { Some(answers.remove(0)) }
    }
}

fn key_of(ask: &Ask) -> (String, String) {
    (ask.key.to_string(), ask.question.name().to_owned())
}

/// Asks providers until the planner has no more questions, and keeps the answers in `replay`. When that is closed,
/// its answers are taken instead; only a data source whose answer was secret is asked again.
///
/// What became of an action of a dead process is asked only when its request can no longer land: after the type's
/// `settle`, counted from here, since clocks may have been set in the meantime. An answer to it may take as long as
/// the action itself: a pipeline that still runs is waited for. `telling` is told of such waits.
pub async fn observe(
    planner: &mut Planner,
    surroundings: &mut Surroundings,
    parallelism: usize,
    replay: &mut Replay,
    cancel: &Cancel,
    telling: &mut dyn FnMut(&EntryKey, Word),
) -> Result<(), Interrupted> {
    let begun = Instant::now();
    let mut longest = Duration::ZERO;
    let mut waiting: Vec<Ask> = Vec::new();
    let mut under_way: JoinSet<((String, String), AskId, Answer)> = JoinSet::new();
    let (said, mut heard) = mpsc::unbounded_channel();
    // Questions that go out together do not count against `parallelism`.
    let mut together: BTreeSet<AskId> = BTreeSet::new();
    let mut masked: BTreeSet<String> = BTreeSet::new();
    loop {
        let mut asks = planner.poll();
        asks.append(&mut waiting);
        if replay.closed && take_answers(planner, replay, &mut asks) {
            waiting = asks;
            continue;
        }
        if planner.secrets().len() != masked.len() {
            masked.clone_from(planner.secrets());
            surroundings.mask(&masked);
        }
        asks.reverse();
        while let Some(ask) = asks.pop_if(|ask| {
            let alone = under_way.len() - together.len();
            alone < parallelism.max(1) || (ask.question.goes_together() && together.len() < MOST_TOGETHER)
        }) {
            if ask.question.goes_together() {
                together.insert(ask.id);
            }
            let settle = ask.question.settle();
            if settle > longest {
                telling(&ask.key, Word::Settling(settle));
                longest = settle;
            }
            let wait = settle.saturating_sub(begun.elapsed());
            let (clock, asked) = (Arc::clone(&surroundings.clock), surroundings.clone());
            let answer = answer(ask, asked, cancel.clone(), said.clone());
            under_way.spawn(async move {
                if !wait.is_zero() {
                    clock.sleep(wait).await;
                }
                answer.await
            });
        }
        asks.reverse();
        waiting = asks;
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(Interrupted),
            Some((key, text)) = heard.recv() => telling(&key, Word::Says(text)),
            answered = under_way.join_next() => match answered {
                Some(Ok((key, id, answer))) => {
                    together.remove(&id);
                    replay.answers.entry(key).or_default().push(answer.clone());
                    planner.answer(id, answer);
                }
                // A question that panicked is answered inside its own task: what is left is an abort.
                Some(Err(_)) => return Err(Interrupted),
                None => return Ok(()),
            },
        }
    }
}

/// Answers questions from what was kept; leaves those that must be asked again. Gives whether any was answered.
fn take_answers(planner: &mut Planner, replay: &mut Replay, asks: &mut Vec<Ask>) -> bool {
    let before = asks.len();
    for ask in std::mem::take(asks) {
        match replay.next(&ask) {
            Some(answer) => planner.answer(ask.id, with_secrets(answer, &ask.question)),
            None if matches!(ask.question, Question::Data { .. }) => asks.push(ask),
            None => {
                let unknown = format!("{NO_ANSWER}: something else is planned than was saved.");
                planner.answer(ask.id, unanswered(&ask.question, Problem::refused(unknown)));
            }
        }
    }
    asks.len() < before
}

/// The answer with its secrets, which are not kept: each is the one in the question at the same place.
fn with_secrets(answer: Answer, question: &Question) -> Answer {
    match (answer, question) {
        (Answer::Planned(Ok(mut planned)), Question::Plan { config, .. }) => {
            planned.value = filled(&planned.value, config);
            Answer::Planned(Ok(planned))
        }
        (
            Answer::Observed(Ok(Observed::Present(value))),
            Question::Read { prior: given, .. } | Question::Discover { config: given, .. },
        ) => Answer::Observed(Ok(Observed::Present(filled(&value, given)))),
        (answer, _) => answer,
    }
}

/// The value with each hidden part taken from another value, where that has it.
fn filled(value: &Value, from: &Value) -> Value {
    let mut hidden = Vec::new();
    value.leaves(&mut |path, leaf| {
        // That there is nothing is no secret: it would stand there.
        let kept = |part: &Value| part.is_unknown() || part.is_null();
        if leaf.is_sensitive() && leaf.is_unknown() && path.find(from).is_some_and(|part| !kept(part)) {
            hidden.push(path.clone());
        }
    });
    overlay(value, from, &hidden)
}

/// What whoever waits for the answers should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// What a dead process asked for may still land, and that is waited out for this long.
    Settling(Duration),
    /// What a provider says while it finds out what became of an action.
    Says(String),
}

/// Passes on what a provider says while it answers.
struct Speaker {
    key: EntryKey,
    said: UnboundedSender<(EntryKey, String)>,
    redactor: Arc<Redactor>,
}

impl Progress for Speaker {
    fn line(&self, text: &str) {
        let text = super::bounds::text(self.redactor.mask(text).into_owned(), super::bounds::SENTENCE);
        // Nobody listens any more once the planning is over.
        let _ = self.said.send((self.key.clone(), text));
    }

    fn reference(&self, _reference: &str) {}
}

/// A person asked to stop before the plan was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted while planning: nothing was done")]
pub struct Interrupted;

async fn answer(
    ask: Ask,
    surroundings: Surroundings,
    cancel: Cancel,
    said: UnboundedSender<(EntryKey, String)>,
) -> ((String, String), AskId, Answer) {
    let name = key_of(&ask);
    let Ask { id, key, question } = ask;
    let redactor = Arc::clone(&surroundings.redactor);
    let waits = !question.patience().is_zero();
    let progress: Arc<dyn Progress> =
        if waits { Arc::new(Speaker { key: key.clone(), said, redactor }) } else { Arc::new(Silent) };
    let context = surroundings.context(&key, progress, cancel);
    // These are about what the ledger has, whatever a file says today.
    let of_record = matches!(question, Question::Read { .. } | Question::Reconcile { .. });
    let context = if of_record { context.of_record() } else { context };
    let answer = match question {
        Question::Read { resource, prior } => Answer::Observed(call::read(&resource, &prior, &context).await),
        Question::Discover { resource, config } => {
            Answer::Observed(call::discover(&resource, &config, &context).await)
        }
        Question::Plan { resource, config, prior } => {
            Answer::Planned(call::plan(&resource, &config, prior.as_ref(), &context).await)
        }
        Question::Data { source, config } => Answer::Data(call::data(&source, &config, &context).await),
        Question::Reconcile { resource, intent, prior, reference } => {
            Answer::Reconciled(call::reconcile(&resource, intent, prior, reference, &context).await)
        }
    };
    (name, id, answer)
}

/// The answer to a question that cannot be put.
fn unanswered(question: &Question, problem: Problem) -> Answer {
    match question {
        Question::Read { .. } | Question::Discover { .. } => Answer::Observed(Err(problem)),
        Question::Plan { .. } => Answer::Planned(Err(problem)),
        Question::Data { .. } => Answer::Data(Err(problem)),
        Question::Reconcile { .. } => Answer::Reconciled(Err(problem)),
    }
}
