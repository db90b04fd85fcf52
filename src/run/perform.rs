//! Doing one action, and what it says meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Cancel, Context, DataSource, Outcome, Problem, ProblemKind, Progress,
    Redactor, Resource, Value, Verdict,
};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::bounds;
use super::call::{Fault, guarded};
use super::machine::ChangeIndex;
use super::message::Message;
use crate::event::Act;

/// One action.
pub(super) struct Job {
    pub index: ChangeIndex,
    pub work: Work,
    pub context: Context,
    pub timeout: Duration,
}

/// What is done.
pub(super) enum Work {
    Apply { resource: Arc<dyn Resource>, planned: Value, prior: Option<Value>, key: String },
    Destroy { resource: Arc<dyn Resource>, prior: Value, key: String },
    Read { source: Arc<dyn DataSource>, config: Value },
}

impl Work {
    /// What the provider is given, parts of which come back.
    const fn given(&self) -> &Value {
        match self {
            Self::Apply { planned, .. } => planned,
            Self::Destroy { prior, .. } => prior,
            Self::Read { config, .. } => config,
        }
    }

    /// The log's name for it.
    const fn verb(&self) -> &'static str {
        match self {
            Self::Apply { .. } => "apply",
            Self::Destroy { .. } => "destroy",
            Self::Read { .. } => "data",
        }
    }

    /// What it is to the ledger; none for a read.
    pub(super) const fn act(&self, fresh: bool, judges: bool) -> Option<Act> {
        match self {
            Self::Apply { .. } if judges => Some(Act::Judge),
            Self::Apply { .. } if fresh => Some(Act::Create),
            Self::Apply { .. } => Some(Act::Update),
            Self::Destroy { .. } => Some(Act::Destroy),
            Self::Read { .. } => None,
        }
    }
}

/// Does it.
pub(super) async fn perform(job: Job) -> (ChangeIndex, Result<Applied, Fault>) {
    let Job { index, work, context, timeout } = job;
    let (given, verb) = (work.given().clone(), work.verb());
    let ended = guarded(&context, verb, timeout, &given, move |context| {
        Box::pin(async move { call(&work, context).await })
    });
    (index, ended.await)
}

async fn call(work: &Work, context: &Context) -> Result<Applied, Problem> {
    match work {
        Work::Apply { resource, planned, prior, key } => {
            let applied =
                resource.apply(context, ApplyRequest { planned, prior: prior.as_ref(), key }).await?;
            sensible(planned, &applied.value).map(|()| applied)
        }
        Work::Destroy { resource, prior, key } => {
            resource.destroy(context, prior, key).await.map(|()| Applied::new(Value::NULL))
        }
        Work::Read { source, config } => {
            let value = source.read(context, config).await?;
            sensible(&value, &value).map(|()| Applied::new(value))
        }
    }
}

/// Whether what a provider answered can be the object that was planned. The action was done, so that a bad answer
/// leaves it uncertain.
fn sensible(planned: &Value, value: &Value) -> Result<(), Problem> {
    let same_names = match (planned.as_map(), value.as_map()) {
        (Some(planned), Some(value)) => planned.keys().eq(value.keys()),
        (planned, value) => planned.is_none() && value.is_none(),
    };
    let fault = if value.has_unknown() {
        "left something unknown".to_owned()
    } else if !same_names {
        "not with an object of its type".to_owned()
    } else if let Some(bytes) = bounds::too_large(value) {
        format!("with {bytes} bytes, more than can be kept")
    } else {
        return Ok(());
    };
    Err(Problem::uncertain(format!(
        "The provider answered, but {fault}: this is a fault in it. Please report it."
    )))
}

/// How a check that could not be made ended, in the terms of its verdict.
pub(super) fn verdict_of_problem(problem: &Problem) -> Verdict {
    let outcome = match problem.kind {
        ProblemKind::Cancelled => Outcome::Inconclusive,
        ProblemKind::Invalid
        | ProblemKind::Retry
        | ProblemKind::Refused
        | ProblemKind::Missing
        | ProblemKind::Conflict
        | ProblemKind::Uncertain => Outcome::Error,
    };
    let details = problem.detail.lines().map(str::to_owned).collect();
    Verdict { outcome, summary: problem.message.clone(), details }
}

/// Passes what an action says on to the run's loop, masked.
pub(super) struct Reporter {
    pub index: ChangeIndex,
    pub channel: UnboundedSender<Message>,
    pub redactor: Arc<Redactor>,
    /// How many lines it has passed on.
    pub said: AtomicU64,
}

impl Progress for Reporter {
    fn line(&self, text: &str) {
        let text = match self.said.fetch_add(1, Ordering::Relaxed) {
            said if said < bounds::SAID => {
                bounds::text(self.redactor.mask(text).into_owned(), bounds::SENTENCE)
            }
            bounds::SAID => "[the rest of what it says is left out]".to_owned(),
            _ => return,
        };
        // The loop is gone only when the run is over, and then nobody listens.
        let _ = self.channel.send(Message::Line(self.index, text));
    }

    fn reference(&self, reference: &str) {
        let _ = self.channel.send(Message::Reference(self.index, self.bounded(reference), None));
    }

    fn keep_reference<'a>(&'a self, reference: &'a str) -> Answer<'a, Result<(), Problem>> {
        Box::pin(async move {
            let (kept, is_kept) = oneshot::channel();
            let _ = self.channel.send(Message::Reference(self.index, self.bounded(reference), Some(kept)));
            // Nobody answers when the ledger refused it, or when the action is no longer waited for.
            is_kept.await.map_err(|_| {
                Problem::refused("By which it could be found again was not recorded, so nothing was started.")
            })
        })
    }
}

impl Reporter {
    fn bounded(&self, text: &str) -> String {
        bounds::text(self.redactor.mask(text).into_owned(), bounds::SENTENCE)
    }
}

/// A cancel switch for each action under way.
pub(super) type Switches = std::collections::BTreeMap<ChangeIndex, Cancel>;
