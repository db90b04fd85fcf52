//! What a run tells the outside while it goes on and when it has ended. Views turn it into text.

use std::time::Duration;

use relplan_contract::Verdict;

use crate::canonical::Digest;
use crate::event::{Ending, EntryKey};
use crate::plan::Action;

/// Something that a person may want to see while it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An action began.
    Started {
        /// The object.
        key: EntryKey,
        /// What is done.
        action: Action,
    },
    /// An action said something; secrets are masked.
    Line {
        /// The object.
        key: EntryKey,
        /// One line.
        text: String,
    },
    /// An action goes on: said every so often.
    Still {
        /// The object.
        key: EntryKey,
        /// What is done.
        action: Action,
        /// For how long already.
        elapsed: Duration,
    },
    /// An action will be tried again.
    Retrying {
        /// The object.
        key: EntryKey,
        /// Which try comes next, from 2.
        attempt: u32,
        /// After which wait.
        wait: Duration,
        /// What went wrong.
        message: String,
    },
    /// An action ended.
    Finished {
        /// The object.
        key: EntryKey,
        /// What was done.
        action: Action,
        /// How it ended.
        result: RowResult,
        /// How long it took.
        took: Duration,
    },
    /// A failed check turns live resources back.
    RollingBack {
        /// The check.
        check: EntryKey,
    },
    /// The run was asked to stop: nothing new is started.
    Stopping {
        /// How many actions are still under way.
        running: usize,
    },
    /// It was asked again: what is under way is given up.
    Aborting {
        /// How many actions that are.
        running: usize,
    },
}

/// How one change ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowResult {
    /// Done; for a check, with its verdict (passed).
    Done {
        /// For checks.
        verdict: Option<Verdict>,
        /// For live resources: the version now, if the schema names one.
        headline: Option<String>,
    },
    /// Not done.
    Failed {
        /// Why.
        message: String,
        /// Whether `-accept` takes over what is in the way.
        adoptable: bool,
    },
    /// A check that did not pass.
    NotPassed {
        /// Its verdict.
        verdict: Verdict,
    },
    /// May or may not have been done.
    Uncertain {
        /// Why, and how to look.
        message: String,
    },
    /// Not started.
    Skipped {
        /// Why.
        because: String,
    },
    /// Turned back after a failed check.
    TurnedBack {
        /// To which version.
        version: String,
    },
}

/// One line of the closing table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The object.
    pub key: EntryKey,
    /// What was to be done.
    pub action: Action,
    /// How it ended.
    pub result: RowResult,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How.
    pub ending: Ending,
    /// Every change of the plan, in the plan's order.
    pub rows: Vec<Row>,
    /// Hash of the ledger's last record.
    pub head: Option<Digest>,
    /// Commands to type next, each with why.
    pub next: Vec<(String, String)>,
}
