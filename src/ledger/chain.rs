//! The chain: each record names the hash of the one before it, so that none can be changed, left out or put in.

use crate::canonical::Digest;

use super::record::Record;

/// The end of a log: behind which record, and at which byte, the next one goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Number of the last record; 0 when there is none.
    pub seq: u64,
    /// Its hash.
    pub hash: Option<Digest>,
    /// The byte at which it begins.
    pub line: u64,
    /// The byte behind it: where the next one begins.
    pub offset: u64,
}

/// What has been seen of a chain so far: enough to tell whether a record may come next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    /// The end.
    pub(super) end: End,
    /// The batch of the last record.
    pub(super) batch: u64,
    /// How many batches there were.
    pub(super) batches: u64,
}

impl Chain {
    /// Checks that `record`, in a line of `length` bytes, may come next, and takes it in.
    ///
    /// Epochs, lineage and what the events mean are checked by the fold: see [`crate::state::State::apply`].
    pub(super) fn accept(&mut self, record: &Record, length: usize) -> Result<(), String> {
        let next = self.end.seq.saturating_add(1);
        let recorded = &record.recorded;
        if recorded.seq != next {
            return Err(format!("it says that it is record {}", recorded.seq));
        }
        if record.prev != self.end.hash {
            return Err("it does not name the hash of the record before it".to_owned());
        }
        let begins_batch = record.batch == next;
        if !begins_batch && (record.batch != self.batch || self.end.seq == 0) {
            return Err(format!("it belongs to batch {}, which cannot be", record.batch));
        }
        self.batch = record.batch;
        self.batches += u64::from(begins_batch);
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let line = self.end.offset;
        self.end = End { seq: next, hash: Some(recorded.hash), line, offset: line.saturating_add(length) };
        Ok(())
    }
}
