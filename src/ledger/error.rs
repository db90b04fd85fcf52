//! What can go wrong with a ledger, and what is worth telling though it did not.

use std::fmt;

use super::known::Witness;
use super::lock::LockError;
use super::store::StoreError;
use crate::canonical::Digest;
use crate::event::{Actor, RunId};
use crate::state::IllegalTransition;

/// Why a ledger cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else has the lock, or it cannot be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A record does not verify. Nothing is repaired: what is damaged must be put back from a copy.
    #[error(
        "the ledger is damaged: record {seq}, which begins at byte {offset}: {reason}. Put a good copy of the ledger in its place; nothing was changed"
    )]
    Damaged {
        /// Number of the record that should be there.
        seq: u64,
        /// The byte at which it begins, from 0.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The ledger is shorter than it once was.
    #[error(
        "the ledger ends with record {last}, but its {witness} saw record {known}: an older copy was put back, or its end was damaged or cut off. Put the whole ledger in its place; or, to go on without what is missing, remove `checkpoint.json` and `head`"
    )]
    Truncated {
        /// The last good record.
        last: u64,
        /// The last record that was seen.
        known: u64,
        /// By what.
        witness: Witness,
    },
    /// The ledger has another history than it once had.
    #[error(
        "the ledger was written anew: its record {seq} is not the one that its {witness} saw. Put the ledger in its place that goes with it; or, to take this history for the true one, remove `checkpoint.json` and `head`"
    )]
    Forked {
        /// The record that is another one.
        seq: u64,
        /// What saw it.
        witness: Witness,
    },
    /// What lies beside the ledger is of another one.
    #[error(
        "the ledger and the {witness} beside it are not of the same lineage: one of the two was put there from elsewhere. Put the right one in its place; or, to take this ledger for the true one, remove `checkpoint.json` and `head`"
    )]
    OtherLineage {
        /// What is of another ledger.
        witness: Witness,
    },
    /// The ledger of another product lies here.
    #[error("the ledger here is that of {found:?}, not of {wanted:?}. Put the right one in its place")]
    OtherProduct {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        wanted: String,
    },
    /// Somebody forced the lock open and wrote.
    #[error(
        "{0}. This command stops here: nothing more is written or started by it. Run it again to go on from what the ledger says now"
    )]
    Superseded(Box<Superseded>),
    /// There are bytes behind the end that are no record.
    #[error(
        "something else wrote to the ledger behind byte {offset} while this command used it. Run `relplan state verify`, then run this command again"
    )]
    Disturbed {
        /// Where the ledger ended as far as this command knows.
        offset: u64,
    },
    /// An earlier error ended this command's writing for good.
    #[error("nothing more is written to the ledger after an earlier error: {first}")]
    Poisoned {
        /// The earlier error.
        first: String,
    },
    /// An event cannot have happened; this is a fault in relplan.
    #[error("relplan wanted to record something that cannot have happened: {0}. Please report this")]
    Illegal(#[from] IllegalTransition),
    /// An event cannot be written so that it could be read again.
    #[error("a record of the kind {kind} cannot be kept: {reason}")]
    Unwritable {
        /// The kind of the event.
        kind: &'static str,
        /// Why not.
        reason: String,
    },
    /// No record has the hash that was recorded elsewhere.
    #[error(
        "no record of this ledger has the hash {head}: its end was cut off, or it was rewritten since the hash was noted"
    )]
    UnknownHead {
        /// The hash.
        head: Digest,
    },
    /// There is no ledger to verify.
    #[error("there is no ledger at {path}")]
    Absent {
        /// Where it was looked for.
        path: String,
    },
    /// The product's name makes no name of a directory.
    #[error("{name:?} cannot name a ledger: a product's name has 1 to {limit} bytes")]
    ProductName {
        /// The name.
        name: String,
        /// The longest name, in bytes, once odd characters are escaped.
        limit: usize,
    },
    /// The key for fingerprints is not what it must be.
    #[error(
        "the key in {path} is damaged. Put it back from a copy; or remove it: then everything sensitive counts as changed once"
    )]
    DamagedKey {
        /// The file.
        path: String,
    },
    /// The key is not that of the ledger.
    #[error(
        "the key that {} is not that with which the fingerprints of this ledger are made. {}",
        if *given { "was given" } else { "lies beside the ledger" },
        if *given {
            "Set RELPLAN_LEDGER_KEY or RELPLAN_LEDGER_KEY_COMMAND right, or leave them out"
        } else {
            "Put it back from a copy; or remove it: then everything sensitive counts as changed once"
        }
    )]
    WrongKey {
        /// Whether it was given, and did not lie beside the ledger.
        given: bool,
    },
    /// The operating system has no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(String),
}

impl LedgerError {
    /// How to go on, where the message itself does not say it; empty where it does.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Io { .. }) => {
                "What was recorded until then is kept. Mend this, and run the same command again: it goes on from there."
            }
            _ => "",
        }
    }
}

/// Who wrote instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superseded {
    /// Who, as the first record behind ours says.
    pub by: Actor,
    /// In which run.
    pub run: RunId,
    /// The number of that record.
    pub seq: u64,
    /// Its epoch.
    pub epoch: u64,
    /// Why the lock was forced, where the record says so.
    pub reason: Option<String>,
}

impl fmt::Display for Superseded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Actor { user, host, .. } = &self.by;
        write!(
            f,
            "{user} on {host} wrote record {} to the ledger meanwhile (epoch {}",
            self.seq, self.epoch
        )?;
        if let Some(reason) = &self.reason {
            write!(f, ", because: {reason}")?;
        }
        f.write_str(")")
    }
}

/// Something worth telling that stopped nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The end of the ledger was torn: the process before was cut off while it wrote.
    TornTail {
        /// Number of the first record that is not whole.
        seq: u64,
        /// The byte at which it begins.
        offset: u64,
        /// How many bytes are torn.
        bytes: u64,
        /// Where they are kept; none when they were left in their place (nothing is cut without the lock).
        aside: Option<String>,
    },
    /// The checkpoint was not used.
    CheckpointIgnored {
        /// Why not.
        reason: String,
    },
    /// The head was not used.
    HeadIgnored {
        /// Why not.
        reason: String,
    },
    /// The key for fingerprints was missing, and a new one was made.
    NewKey,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TornTail { seq, offset, bytes, aside: Some(aside) } => write!(
                f,
                "the end of the ledger was torn in record {seq}: {bytes} bytes from byte {offset} on were cut off and kept in {aside}"
            ),
            Self::TornTail { seq, offset, bytes, aside: None } => write!(
                f,
                "the end of the ledger is torn in record {seq}, or still being written: {bytes} bytes from byte {offset} on were not read"
            ),
            Self::CheckpointIgnored { reason } => {
                write!(f, "the checkpoint was not used: {reason}. The whole ledger was read instead")
            }
            Self::HeadIgnored { reason } => {
                write!(f, "the head beside the ledger was not used: {reason}. The next record writes it anew")
            }
            Self::NewKey => f.write_str(
                "the key for fingerprints was missing and a new one was made: everything sensitive counts as changed once",
            ),
        }
    }
}
