//! [`IllegalTransition`]: an event that cannot have happened after those before it.

use crate::event::{Act, EntryKey, RunId};

/// An event that cannot follow those before it: the writer has a fault, or somebody wrote records by hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IllegalTransition {
    /// A record is missing, or there twice.
    #[error("record {expected} should come next, but this is record {seq}")]
    OutOfOrder {
        /// Its number.
        seq: u64,
        /// The number that should come.
        expected: u64,
    },
    /// The first record is another one.
    #[error("the first record must say that the ledger began, with its lineage and product")]
    NotBegun,
    /// A second beginning.
    #[error("the ledger began already")]
    BegunTwice,
    /// Written in an epoch that is over or has not begun.
    #[error("it was written in epoch {epoch}, but the ledger is in epoch {current}")]
    WrongEpoch {
        /// Its epoch.
        epoch: u64,
        /// The epoch of the ledger.
        current: u64,
    },
    /// A new epoch must be the next one.
    #[error("epoch {epoch} cannot follow epoch {current}")]
    EpochSkipped {
        /// The new epoch.
        epoch: u64,
        /// The one before.
        current: u64,
    },
    /// The run of the event was never opened.
    #[error("run {run} was never opened")]
    UnknownRun {
        /// The run.
        run: RunId,
    },
    /// The run was closed before.
    #[error("run {run} is closed")]
    RunIsClosed {
        /// The run.
        run: RunId,
    },
    /// The run was opened before.
    #[error("run {run} was opened twice")]
    RunTwice {
        /// The run.
        run: RunId,
    },
    /// The lock was forced while the run was under way.
    #[error("run {run} belongs to epoch {epoch}, and a newer one began")]
    RunOutlived {
        /// The run.
        run: RunId,
        /// Its epoch.
        epoch: u64,
    },
    /// A record needs a version in its key, and everything else must have none.
    #[error("{key} is no key for this kind of resource: records have a version, everything else has none")]
    WrongKey {
        /// The key.
        key: EntryKey,
    },
    /// An idempotency key would be used for two actions.
    #[error("the action on {key} has the generation {given}, but {last} was used already")]
    Generation {
        /// The object.
        key: EntryKey,
        /// As given.
        given: u64,
        /// The last one.
        last: u64,
    },
    /// There is no object to act on.
    #[error("{key} is not there, so it cannot be {}", match act { Act::Update => "updated", Act::Destroy => "destroyed", Act::Create => "created", Act::Judge => "judged" })]
    Absent {
        /// The object.
        key: EntryKey,
        /// What was to be done.
        act: Act,
    },
    /// Only checks are judged.
    #[error("{key} is no check, so it cannot be judged")]
    NoCheck {
        /// The object.
        key: EntryKey,
    },
    /// An outcome without its intent.
    #[error("no action on {key} is open, or it has another idempotency key")]
    NoIntent {
        /// The object.
        key: EntryKey,
    },
    /// A verdict for an action, or an outcome without verdict for a check.
    #[error("the action on {key} cannot end like this: checks end with a verdict, everything else without")]
    WrongEnding {
        /// The object.
        key: EntryKey,
    },
    /// The state knows no such object.
    #[error("the state has no {key}")]
    Unknown {
        /// The object.
        key: EntryKey,
    },
    /// There is an object at the new address.
    #[error("{key} is there already")]
    Occupied {
        /// The object.
        key: EntryKey,
    },
    /// An action is open on the object.
    #[error("an action on {key} is open: its outcome must be known first")]
    StillOpen {
        /// The object.
        key: EntryKey,
    },
    /// Nothing holds the resource.
    #[error("{address} is not on hold")]
    NotHeld {
        /// The resource.
        address: crate::addr::Address,
    },
}
