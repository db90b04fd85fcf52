//! The ledger: an append-only log of events that is the truth, and the ways to read, extend and verify it.
//!
//! From the bottom up:
//! - [`Store`] keeps bytes and makes them durable; [`mod@file`] is the local one, under an operating system's [`lock`];
//! - `record` writes and reads one event as one line, `chain` ties the lines together, `log` reads many of them;
//! - `checkpoint` saves folding from the beginning, and is never trusted further than it verifies;
//! - `known` tells of a record that was durable once, so that a shorter or another history is refused;
//! - [`Ledger`] extends the log: what is appended is first checked against the state, then written, then made
//!   durable by [`Ledger::sync`]. Nothing may be done outside before the sync that follows its intent;
//! - [`verify`] checks all of it offline, trusting nobody.
//!
//! What is sensitive is replaced by a fingerprint on its way in: see [`Sealer`].

mod chain;
mod checkpoint;
mod error;
pub mod file;
mod known;
pub mod lock;
mod log;
mod random;
mod reading;
mod record;
mod seal;
mod store;
mod verify;

pub use error::{LedgerError, Notice, Superseded};
pub use known::Witness;
pub use random::random_id;
pub use reading::Reading;
pub use record::{FORMAT, LINE_LIMIT};
pub use seal::{KEY_LENGTH, KeyError, Sealer};
pub use store::{End, Store, StoreError};
pub use verify::{Beside, CheckpointVerdict, Epoch, Report, verify, verify_with};

use std::time::Instant;

use tracing::debug;

use crate::event::{Actor, Event, Lineage, Recorded, RunId};
use crate::state::{Head, State};
use log::Log;
use record::Record;

/// On whose behalf records are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// The run.
    pub run: RunId,
    /// Who.
    pub actor: Actor,
}

/// A ledger opened for writing.
///
/// After the first error of its store nothing more is written through it, ever: what was written may or may not be
/// durable, and only a fresh look at the files can tell.
pub struct Ledger<S> {
    store: S,
    log: Log,
    writer: Writer,
    sealer: Sealer,
    /// The first record that is written but not yet durable.
    unsynced: Option<u64>,
    poison: Option<String>,
}

impl<S: Store> Ledger<S> {
    /// Goes on from what was read. A torn end is set aside, what others left is made durable, and a ledger without
    /// records is begun.
    pub fn open(
        mut store: S,
        mut reading: Reading,
        product: &str,
        writer: Writer,
        sealer: Sealer,
        time_ms: i64,
    ) -> Result<(Self, Vec<Notice>), LedgerError> {
        reading.settle(&mut store)?;
        let Reading { log, notices, .. } = reading;
        let begun = log.state.lineage.is_some();
        if begun && log.state.product != product {
            return Err(LedgerError::OtherProduct { found: log.state.product, wanted: product.to_owned() });
        }
        let mut ledger = Self { store, log, writer, sealer, unsynced: None, poison: None };
        let key = ledger.sealer.key_id();
        if !begun {
            let lineage = Lineage(random_id()?.into());
            let product = product.to_owned();
            ledger.append(time_ms, vec![Event::LedgerBegan { lineage, product, key }])?;
            ledger.sync()?;
        } else if let Some(key) = key.filter(|_| ledger.sealer.key_id() != ledger.state().key) {
            ledger.append(time_ms, vec![Event::KeyNamed { key }])?;
        }
        Ok((ledger, notices))
    }

    /// The state after everything appended.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.log.state
    }

    /// The last record appended.
    #[must_use]
    pub const fn head(&self) -> Option<Head> {
        self.log.state.head
    }

    /// What makes fingerprints of sensitive values, for comparing them with those of the state.
    #[must_use]
    pub const fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Whether everything appended is durable.
    #[must_use]
    pub const fn is_synced(&self) -> bool {
        self.unsynced.is_none()
    }

    /// Writes events behind the others, with what is sensitive in them sealed, and folds them into the state.
    ///
    /// They outlive the process, but not a power cut: only after the next [`Ledger::sync`] may anything be done that
    /// rests on them. An event that cannot have happened is refused together with those after it; those before it
    /// are kept.
    pub fn append(&mut self, time_ms: i64, events: Vec<Event>) -> Result<Vec<Recorded>, LedgerError> {
        self.refuse_if_poisoned()?;
        let end = self.log.chain.end;
        let mut written = Vec::with_capacity(events.len());
        let mut lines = Vec::new();
        let mut refused = None;
        for event in events {
            match self.prepare(time_ms, event, &mut lines) {
                Ok(recorded) => written.push(recorded),
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        if !lines.is_empty() {
            let outcome = self.store.write(&end, &lines);
            outcome.map_err(|error| self.poisoned_by(error, &end))?;
            for recorded in &written {
                debug!(seq = recorded.seq, kind = record::kind_of(&recorded.event), "record written");
            }
        }
        refused.map_or(Ok(written), Err)
    }

    /// Makes everything appended durable. The records since the last sync are one batch.
    pub fn sync(&mut self) -> Result<(), LedgerError> {
        self.refuse_if_poisoned()?;
        if self.unsynced.is_some() {
            let (end, begun) = (self.log.chain.end, Instant::now());
            let outcome = self.store.sync(&end);
            outcome.map_err(|error| self.poisoned_by(error, &end))?;
            self.unsynced = None;
            debug!(seq = end.seq, ms = begun.elapsed().as_millis(), "records durable");
            // The head is true as long as the record is durable: an older one that stays tells less, but no lie.
            let _ = self.store.write_head(&known::head(&self.log));
        }
        Ok(())
    }

    /// Keeps the state beside the log, so that the next command reads faster, and gives the head to note elsewhere.
    pub fn checkpoint(&mut self, time_ms: i64) -> Result<Option<Head>, LedgerError> {
        self.append(time_ms, vec![Event::Checkpointed { state: self.log.state.digest() }])?;
        self.sync()?;
        let bytes = checkpoint::encode(&self.log);
        let outcome = self.store.write_checkpoint(&bytes);
        let end = self.log.chain.end;
        outcome.map_err(|error| self.poisoned_by(error, &end))?;
        Ok(self.head())
    }

    /// Seals, writes, reads back, checks and folds one event; its line is put behind `lines`.
    fn prepare(&mut self, time_ms: i64, event: Event, lines: &mut Vec<u8>) -> Result<Recorded, LedgerError> {
        let kind = record::kind_of(&event);
        let end = &self.log.chain.end;
        let seq = end.seq.saturating_add(1);
        let current = self.log.state.epoch.max(1);
        let epoch = if let Event::EpochBegan { epoch, .. } = &event { *epoch } else { current };
        let Writer { run, actor } = self.writer.clone();
        let hash = crate::canonical::Digest([0; 32]);
        let recorded = Recorded { seq, hash, run, epoch, time_ms, actor, event };
        let record = Record { recorded, prev: end.hash, batch: self.unsynced.unwrap_or(seq) };
        let (_, line) = record::encode(&record, &self.sealer);
        if line.len() > LINE_LIMIT {
            let reason =
                format!("it has {} bytes, more than the {LINE_LIMIT} that a record may have", line.len());
            return Err(LedgerError::Unwritable { kind, reason });
        }
        // What is folded is what a reader will fold: the line is read back before anything rests on it.
        let record = record::decode(&line)
            .map_err(|error| LedgerError::Unwritable { kind, reason: error.to_string() })?;
        self.log.extend(&record, &line)?;
        self.unsynced.get_or_insert(seq);
        lines.extend_from_slice(&line);
        Ok(record.recorded)
    }

    fn refuse_if_poisoned(&self) -> Result<(), LedgerError> {
        self.poison.as_ref().map_or(Ok(()), |first| Err(LedgerError::Poisoned { first: first.clone() }))
    }

    /// The error for a store that refused at `end`, with which this ledger's writing is over.
    fn poisoned_by(&mut self, error: StoreError, end: &End) -> LedgerError {
        let error = match error {
            StoreError::Overtaken { behind } => overtaken(&behind, end),
            StoreError::Io { .. } | StoreError::Unsafe { .. } | StoreError::Replaced => {
                LedgerError::Store(error)
            }
        };
        self.poison = Some(error.to_string());
        error
    }
}

/// Who wrote the bytes that stand behind our end.
fn overtaken(behind: &[u8], end: &End) -> LedgerError {
    let records: Vec<Record> =
        behind.split_inclusive(|byte| *byte == b'\n').map_while(|line| record::decode(line).ok()).collect();
    let Some(first) = records.first().filter(|first| first.prev == end.hash) else {
        return LedgerError::Disturbed { offset: end.offset };
    };
    let reason = records.iter().find_map(|record| {
        if let Event::EpochBegan { reason, .. } = &record.recorded.event {
            Some(reason.clone())
        } else {
            None
        }
    });
    let by = &first.recorded;
    LedgerError::Superseded(Box::new(Superseded {
        by: by.actor.clone(),
        run: by.run.clone(),
        seq: by.seq,
        epoch: by.epoch,
        reason,
    }))
}

#[cfg(test)]
mod tests;
