//! Answering a planner's questions: a thin loop that asks providers, several at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{
    Cancel, Observed, Problem, ProblemKind, Progress, ReconcileRequest, Redactor, Silent, Value,
};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::surroundings::Surroundings;
use crate::event::{Act, EntryKey};
use crate::plan::compare::overlay;
use crate::plan::{Answer, Ask, AskId, Planner, Question};

/// How often a question is put, and how long is waited in between.
const AGAIN: Backoff =
    Backoff { attempts: 3, min_delay: Duration::from_millis(300), max_delay: Duration::from_secs(3) };

/// How many questions that go out together are asked at the same time.
const MOST_TOGETHER: usize = 1_000;

/// How long one question may take.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(120);

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
                planner.answer(ask.id, failed(&ask.question)(Problem::refused(unknown)));
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
    let fail = failed(&question);
    let redactor = Arc::clone(&surroundings.redactor);
    let given = question.given().clone();
    let asked = tokio::spawn(async move {
        let redactor = Arc::clone(&surroundings.redactor);
        let waits = !question.patience().is_zero();
        let progress: Arc<dyn Progress> =
            if waits { Arc::new(Speaker { key: key.clone(), said, redactor }) } else { Arc::new(Silent) };
        let context = surroundings.context(&key, progress, cancel);
        // These are about what the ledger has, whatever a file says today.
        let of_record = matches!(question, Question::Read { .. } | Question::Reconcile { .. });
        let context = if of_record { context.of_record() } else { context };
        let patience = QUESTION_TIMEOUT.max(question.patience());
        tokio::time::timeout(patience, insist(&question, &context, id)).await
    });
    let answer = match asked.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => fail(Problem::new(
            ProblemKind::Retry,
            format!("It gave no answer within {} seconds.", QUESTION_TIMEOUT.as_secs()),
        )),
        Err(_) => fail(Problem::refused("The provider failed: this is a fault in it. Please report it.")),
    };
    (name, id, masked(answer, &given, &redactor))
}

/// Puts the question, and again after a passing fault: a question changes nothing, so that this is always safe.
async fn insist(question: &Question, context: &relplan_contract::Context, id: AskId) -> Answer {
    let mut tries = 1;
    loop {
        let answer = put(question, context).await;
        let passing = answer.problem().filter(|problem| problem.kind == ProblemKind::Retry);
        let wait = passing.and_then(|problem| {
            let told = problem.retry_after.unwrap_or_default();
            // Longer than a question may take: whoever planned should rather know.
            AGAIN.wait(tries, id.0).map(|wait| wait.max(told)).filter(|wait| *wait < QUESTION_TIMEOUT / 2)
        });
        let Some(wait) = wait else { return answer };
        tries += 1;
        context.clock.sleep(wait).await;
    }
}

async fn put(question: &Question, context: &relplan_contract::Context) -> Answer {
    match question {
        Question::Read { resource, prior } => Answer::Observed(resource.read(context, prior).await),
        Question::Discover { resource, config } => {
            let found = resource.discover(context, config).await;
            Answer::Observed(found.map(|found| found.map_or(Observed::Absent, Observed::Present)))
        }
        Question::Plan { resource, config, prior } => {
            let request = relplan_contract::PlanRequest { config, prior: prior.as_ref() };
            Answer::Planned(resource.plan(context, request).await)
        }
        Question::Data { source, config } => Answer::Data(source.read(context, config).await),
        Question::Reconcile { resource, intent, prior, reference } => {
            let request = ReconcileRequest {
                planned: &intent.planned,
                prior: prior.as_ref(),
                key: &intent.idempotency_key,
                reference: reference.as_deref(),
                destroy: intent.act == Act::Destroy,
            };
            Answer::Reconciled(resource.reconcile(context, request).await)
        }
    }
}

/// The kind of answer that the question wants, with a problem in it.
fn failed(question: &Question) -> fn(Problem) -> Answer {
    match question {
        Question::Read { .. } | Question::Discover { .. } => |problem| Answer::Observed(Err(problem)),
        Question::Plan { .. } => |problem| Answer::Planned(Err(problem)),
        Question::Data { .. } => |problem| Answer::Data(Err(problem)),
        Question::Reconcile { .. } => |problem| Answer::Reconciled(Err(problem)),
    }
}

/// The answer with every secret masked in its words, and marked in its values.
fn masked(answer: Answer, given: &Value, redactor: &relplan_contract::Redactor) -> Answer {
    use relplan_contract::{Reconciled, mark_foreign};
    let text = |text: &str| redactor.mask(text).into_owned();
    let problem = |problem: Problem| super::bounds::problem(problem.map_text(&text));
    match answer {
        Answer::Observed(observed) => {
            Answer::Observed(observed.map_err(problem).map(|observed| match observed {
                Observed::Present(value) => Observed::Present(mark_foreign(redactor, &value, given)),
                same @ (Observed::Same | Observed::Absent) => same,
            }))
        }
        Answer::Planned(planned) => Answer::Planned(planned.map_err(problem).map(|mut planned| {
            planned.value = mark_foreign(redactor, &planned.value, given);
            planned.notes = planned.notes.iter().map(|note| text(note)).collect();
            planned.preview =
                planned.preview.map(|verdict| super::perform::masked_verdict(verdict, redactor));
            planned
        })),
        Answer::Data(value) => Answer::Data(value.map_err(problem).map(|value| redactor.mark(&value))),
        Answer::Reconciled(reconciled) => {
            Answer::Reconciled(reconciled.map_err(problem).map(|reconciled| match reconciled {
                Reconciled::Done(mut applied) => {
                    applied.value = mark_foreign(redactor, &applied.value, given);
                    Reconciled::Done(applied)
                }
                other @ (Reconciled::NotDone | Reconciled::CannotTell) => other,
            }))
        }
    }
}
