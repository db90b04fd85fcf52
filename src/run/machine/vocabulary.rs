//! The words between the machine and its loop: what it commands, what it is told, and how changes end.

use std::time::Duration;

use relplan_contract::Outcome;

use crate::run::backoff::Backoff;

/// Index of a change in its plan.
pub type ChangeIndex = usize;

/// What the machine wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Find out the final arguments of a change, and whether the outside is still as planned.
    Prepare(ChangeIndex),
    /// Record the intent of a change's next act, durably.
    RecordIntent(ChangeIndex),
    /// Do it. Comes only after [`Input::IntentRecorded`].
    Perform(ChangeIndex),
    /// Record how it ended. May become durable later.
    RecordOutcome(ChangeIndex),
    /// Say [`Input::Woke`] after this long.
    Sleep(ChangeIndex, Duration),
    /// Tell an action under way to cut its waits short.
    Cancel(ChangeIndex),
    /// Give an action under way up: what becomes of it is unknown.
    Abandon(ChangeIndex),
    /// All changes of a group have ended: what refers to them can be evaluated.
    GroupDone(usize),
    /// Nothing is under way and nothing more will be started.
    Finish,
}

impl Command {
    /// The change that it is about, where it is about one.
    pub(in crate::run) const fn index(&self) -> Option<ChangeIndex> {
        match *self {
            Self::Prepare(index)
            | Self::RecordIntent(index)
            | Self::Perform(index)
            | Self::RecordOutcome(index)
            | Self::Sleep(index, _)
            | Self::Cancel(index)
            | Self::Abandon(index) => Some(index),
            Self::GroupDone(_) | Self::Finish => None,
        }
    }
}

/// What the machine is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Go.
    Begin,
    /// A change is ready to be intended; how many acts it takes (a replacement takes two), and how often each
    /// may be tried.
    Prepared(ChangeIndex, Policy),
    /// A change cannot be begun, or needs nothing any more.
    NotBegun(ChangeIndex, End),
    /// The intent is durable.
    IntentRecorded(ChangeIndex),
    /// The action ended.
    Performed(ChangeIndex, Performed),
    /// The outcome is in the ledger.
    OutcomeRecorded(ChangeIndex),
    /// The wait of [`Command::Sleep`] is over.
    Woke(ChangeIndex),
    /// A person or a signal asks to stop: what is under way may finish.
    Interrupt,
    /// Asks again: what is under way is given up.
    Abort,
    /// The ledger cannot be written any more: nothing new is started, ever.
    LedgerLost,
}

/// How a change is to be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Acts in a row: 1, or 2 for a replacement.
    pub acts: u8,
    /// When to try again.
    pub backoff: Backoff,
}

/// How an action ended, as far as the machine cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Performed {
    /// Done.
    Done,
    /// Judged.
    Judged(Outcome),
    /// Nothing was done, and a new try may help, not before this wait.
    TryAgain(Option<Duration>),
    /// Done, but a postcondition does not hold.
    Broken,
    /// Not done.
    Failed,
    /// May or may not have been done.
    Unknown,
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Done; a check passed.
    Done,
    /// A check did not pass.
    NotPassed(Outcome),
    /// Not done.
    Failed,
    /// May or may not have been done.
    Unknown,
    /// Not started, for this reason.
    Skipped(String),
    /// Not needed: it is for failures, and nothing failed.
    NotNeeded,
}

impl End {
    /// Whether what depends on it may go on.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Done | Self::NotNeeded)
    }
}

/// Why nothing new is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A person or a signal asked.
    Interrupted,
    /// A failed check turns live resources back first.
    Rollback,
    /// The ledger cannot be written any more.
    LedgerLost,
}

/// How long a run waits at a gate that is not open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// How often a pending check is judged again; 0 does not wait.
    pub times: u32,
    /// After which wait.
    pub pause: Duration,
}
