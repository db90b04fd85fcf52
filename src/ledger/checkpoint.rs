//! The checkpoint: the state at some record, kept so that the records before need not be folded again.
//!
//! It saves time and is never the truth: it is used only where the bytes that it was made from are still those
//! in the ledger, byte for byte, and where it verifies itself. Its line has the form of a record's line.

use relplan_contract::Value;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use super::chain::{Chain, End};
use super::log::Log;
use super::record::fields::Fields;
use super::record::{self};
use crate::canonical::{Digest, object};

mod wire;

/// The format that this relplan writes; another one is ignored, since the ledger has it all.
const FORMAT: u64 = 7;

/// A checkpoint that verifies itself, not yet held against the ledger.
pub(super) struct Checkpoint {
    chain: Chain,
    prefix: Digest,
    state: crate::state::State,
}

/// The line of a checkpoint of what was read.
pub(super) fn encode(log: &Log) -> Vec<u8> {
    let end = &log.chain.end;
    let json = object!({
        "batch": log.chain.batch,
        "batches": log.chain.batches,
        "checkpoint": FORMAT,
        "digest": log.state.digest().to_string(),
        "hash": end.hash.map(|hash| hash.to_string()),
        "line": end.line,
        "offset": end.offset,
        "prefix": log.prefix_digest().to_string(),
        "seq": end.seq,
        "state": wire::state(&log.state),
    });
    record::frame(&json).1
}

impl Checkpoint {
    /// Reads a checkpoint; in words why it cannot be used.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let (_, json) = record::unframe(bytes).map_err(|error| error.to_string())?;
        let fields = Fields::of(&json)?;
        if fields.number("checkpoint")? != FORMAT {
            return Err("another version of relplan wrote it".to_owned());
        }
        let end = End {
            seq: fields.number("seq")?,
            hash: fields.optional_digest("hash")?,
            line: fields.number("line")?,
            offset: fields.number("offset")?,
        };
        let chain = Chain { end, batch: fields.number("batch")?, batches: fields.number("batches")? };
        let state = wire::read_state(fields.object("state")?)?;
        if state.digest() != fields.digest("digest")? {
            return Err("its state has another digest than it says".to_owned());
        }
        if state.head.map(|head| (head.seq, Some(head.hash))) != Some((end.seq, end.hash)) {
            return Err("its state is not that of its record".to_owned());
        }
        Ok(Self { chain, prefix: fields.digest("prefix")?, state })
    }

    /// Goes on from here where `bytes`, the whole ledger, begin with the bytes that this was made from.
    pub(super) fn restore(self, bytes: &[u8]) -> Result<Log, String> {
        let length = usize::try_from(self.chain.end.offset).map_err(|_| "it is of a larger ledger")?;
        let before = bytes.get(..length).ok_or("the ledger is shorter than it was")?;
        let mut prefix = Sha256::new();
        prefix.update(before);
        if Digest(prefix.clone().finalize().into()) != self.prefix {
            return Err("the ledger up to it is not the one that it was made from".to_owned());
        }
        Ok(Log { chain: self.chain, state: self.state, prefix })
    }
}

/// A sealed value in JSON. Nothing in a state is left to seal; if it were, it would be hidden.
fn value(value: &Value) -> Json {
    crate::canonical::encode(value, &crate::canonical::Hidden)
}
