//! What is known of a ledger from beside it: a record that once was durable in it, and so must still be there.
//!
//! Two files tell of one. The checkpoint does, also one that another version of relplan wrote. And the head does: a
//! line that is written over after every batch that was made durable. It is not synced itself, since an older head is
//! as true as a newer one: after a power cut it may lag behind the ledger, but it is never before it. So it costs one
//! small write for each batch, and damage is noticed that would else pass for a torn end, or for no damage at all.

use std::fmt;

use serde_json::Value as Json;

use super::error::LedgerError;
use super::log::Log;
use super::record::fields::Fields;
use super::record::{frame, unframe};
use crate::canonical::{Digest, object};

/// The format of the head's line.
const FORMAT: u64 = 1;

/// The head is filled up to this length, so that a shorter line leaves nothing of a longer one behind it.
const LENGTH: usize = 512;

/// Where something is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// The checkpoint.
    Checkpoint,
    /// The head.
    Head,
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Checkpoint => "checkpoint",
            Self::Head => "head",
        })
    }
}

/// A record that was durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    witness: Witness,
    lineage: Option<String>,
    pub(super) seq: u64,
    hash: Digest,
    /// The byte at which it begins.
    line: u64,
}

/// The bytes of the head of what was read.
pub(super) fn head(log: &Log) -> Vec<u8> {
    let end = &log.chain.end;
    let json = object!({
        "hash": end.hash.map(|hash| hash.to_string()),
        "head": FORMAT,
        "line": end.line,
        "lineage": log.state.lineage.as_ref().map(|lineage| &*lineage.0),
        "seq": end.seq,
    });
    let mut bytes = frame(&json).1;
    bytes.resize(bytes.len().max(LENGTH - 1), b' ');
    bytes.push(b'\n');
    bytes
}

impl Known {
    /// What a head says; in words why it says nothing.
    pub(super) fn of_head(bytes: &[u8]) -> Result<Self, String> {
        let length = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
        let (line, filling) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
        let (_, json) = unframe(line).map_err(|error| error.to_string())?;
        let fields = Fields::of(&json)?;
        if fields.number("head")? != FORMAT {
            return Err("another version of relplan wrote it".to_owned());
        }
        if !filling.strip_suffix(b"\n").is_some_and(|rest| rest.iter().all(|byte| *byte == b' ')) {
            return Err("something stands behind its line".to_owned());
        }
        Self::of(fields, fields.optional_text("lineage")?, Witness::Head)
    }

    /// What a checkpoint of any version says; none where it does not verify itself.
    pub(super) fn of_checkpoint(bytes: &[u8]) -> Option<Self> {
        let (_, json) = unframe(bytes).ok()?;
        let lineage = json.pointer("/state/lineage").and_then(Json::as_str);
        Self::of(Fields::of(&json).ok()?, lineage, Witness::Checkpoint).ok()
    }

    fn of(fields: Fields<'_>, lineage: Option<&str>, witness: Witness) -> Result<Self, String> {
        Ok(Self {
            witness,
            lineage: lineage.map(str::to_owned),
            seq: fields.number("seq")?,
            hash: fields.digest("hash")?,
            line: fields.number("line")?,
        })
    }

    /// Refuses a log in which the record is not. `bytes` are those of the log from the byte `base` on; what is before
    /// was looked at already.
    pub(super) fn check(&self, log: &Log, bytes: &[u8], base: u64) -> Result<(), LedgerError> {
        let Self { witness, seq, .. } = *self;
        let lineage = log.state.lineage.as_ref().map(|lineage| &*lineage.0);
        if lineage.is_some() && lineage != self.lineage.as_deref() {
            return Err(LedgerError::OtherLineage { witness });
        }
        let last = log.chain.end.seq;
        if last < seq {
            return Err(LedgerError::Truncated { last, known: seq, witness });
        }
        let Some(at) = self.line.checked_sub(base) else { return Ok(()) };
        if self.stands_at(bytes, at) { Ok(()) } else { Err(LedgerError::Forked { seq, witness }) }
    }

    /// Whether the line that begins at this byte has the record's hash. The chain was checked: a line is a record.
    fn stands_at(&self, bytes: &[u8], at: u64) -> bool {
        let Ok(at) = usize::try_from(at) else { return false };
        let hex = self.hash.hex();
        let begins = at == 0 || bytes.get(at - 1) == Some(&b'\n');
        begins && bytes.get(at..at.saturating_add(hex.len())) == Some(hex.as_bytes())
    }
}
