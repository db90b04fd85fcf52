//! Questions to providers, and their answers: how the planner, which waits for nothing, learns of the outside.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{DataSource, Observed, Planned, Problem, Reconciled, Resource, Value};

use crate::event::{EntryKey, Intent};

/// A question's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AskId(pub u64);

/// A question to a provider.
#[derive(Clone)]
pub struct Ask {
    /// Its number.
    pub id: AskId,
    /// The object that it is about.
    pub key: EntryKey,
    /// The question.
    pub question: Question,
}

/// What is asked.
#[derive(Clone)]
pub enum Question {
    /// What became of an action whose outcome was lost?
    Reconcile {
        /// Whom to ask.
        resource: Arc<dyn Resource>,
        /// The action.
        intent: Box<Intent>,
        /// The object before it.
        prior: Option<Value>,
        /// The outside system's name for it.
        reference: Option<String>,
    },
    /// How is it now?
    Read {
        /// Whom to ask.
        resource: Arc<dyn Resource>,
        /// The object as the ledger has it.
        prior: Value,
    },
    /// What is there already, although the ledger knows of nothing?
    Discover {
        /// Whom to ask.
        resource: Arc<dyn Resource>,
        /// The arguments, wholly known.
        config: Value,
    },
    /// How will it be?
    Plan {
        /// Whom to ask.
        resource: Arc<dyn Resource>,
        /// The arguments.
        config: Value,
        /// The object as it is.
        prior: Option<Value>,
    },
    /// What does the data source say?
    Data {
        /// Whom to ask.
        source: Arc<dyn DataSource>,
        /// The arguments, wholly known.
        config: Value,
    },
}

impl Question {
    /// A stable word for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reconcile { .. } => "reconcile",
            Self::Read { .. } => "read",
            Self::Discover { .. } => "discover",
            Self::Plan { .. } => "plan",
            Self::Data { .. } => "data",
        }
    }

    /// What it gives the provider, parts of which come back in the answer.
    #[must_use]
    pub const fn given(&self) -> &Value {
        match self {
            Self::Reconcile { intent, .. } => &intent.planned,
            Self::Read { prior, .. } => prior,
            Self::Discover { config, .. } | Self::Plan { config, .. } | Self::Data { config, .. } => config,
        }
    }

    /// Whether it goes out together with others of its kind, so that asking many at the same time costs no more.
    #[must_use]
    pub fn goes_together(&self) -> bool {
        match self {
            Self::Read { resource, .. }
            | Self::Discover { resource, .. }
            | Self::Plan { resource, .. }
            | Self::Reconcile { resource, .. } => resource.asks_together(),
            Self::Data { .. } => false,
        }
    }

    /// How long the answer may reasonably take: what became of an action, as long as the action itself.
    #[must_use]
    pub fn patience(&self) -> Duration {
        match self {
            Self::Reconcile { resource, .. } => resource.schema().timeout,
            Self::Read { .. } | Self::Discover { .. } | Self::Plan { .. } | Self::Data { .. } => {
                Duration::ZERO
            }
        }
    }

    /// How long a request of a dead process may still take to land, so that the answer would come too early.
    #[must_use]
    pub fn settle(&self) -> Duration {
        match self {
            Self::Reconcile { resource, .. } => resource.schema().settle,
            Self::Read { .. } | Self::Discover { .. } | Self::Plan { .. } | Self::Data { .. } => {
                Duration::ZERO
            }
        }
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.id.0, self.question.name(), self.key)
    }
}

/// The answer to a [`Question`] of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Question::Reconcile`].
    Reconciled(Result<Reconciled, Problem>),
    /// To [`Question::Read`].
    Observed(Result<Observed, Problem>),
    /// To [`Question::Plan`].
    Planned(Result<Planned, Problem>),
    /// To [`Question::Data`].
    Data(Result<Value, Problem>),
}

impl Answer {
    /// Why there is none.
    #[must_use]
    pub const fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Reconciled(Err(problem))
            | Self::Observed(Err(problem))
            | Self::Planned(Err(problem))
            | Self::Data(Err(problem)) => Some(problem),
            Self::Reconciled(Ok(_)) | Self::Observed(Ok(_)) | Self::Planned(Ok(_)) | Self::Data(Ok(_)) => {
                None
            }
        }
    }
}
