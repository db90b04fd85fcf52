//! [`Reading`]: a ledger as it is found, verified and folded, without changing it.

use super::checkpoint::Checkpoint;
use super::error::{LedgerError, Notice};
use super::known::Known;
use super::log::{Log, Torn};
use super::record::Record;
use super::store::{Store, StoreError};
use crate::event::Recorded;
use crate::state::State;

/// How often a ledger that others write to is read on before giving up.
const TRIES: u32 = 1000;

/// What was read of a ledger.
pub struct Reading {
    pub(super) log: Log,
    /// What is worth telling.
    pub notices: Vec<Notice>,
    torn: Option<Torn>,
    /// Records that must be there, until they were found to be.
    known: Vec<Known>,
}

impl Reading {
    /// Reads a store. A sound checkpoint saves folding what is before it; the bytes are hashed all the same, so
    /// that damage anywhere is noticed.
    pub fn of(store: &mut dyn Store) -> Result<Self, LedgerError> {
        // What is beside the log first: read after it, it could be of records written in between.
        let checkpoint = store.read_checkpoint()?;
        let mut reading = Self { log: Log::default(), notices: Vec::new(), torn: None, known: Vec::new() };
        reading.known.extend(checkpoint.as_deref().and_then(Known::of_checkpoint));
        reading.look_at_head(store)?;
        let bytes = store.read(0)?;
        if let Some(kept) = checkpoint {
            match Checkpoint::decode(&kept).and_then(|sound| sound.restore(&bytes)) {
                Ok(log) => reading.log = log,
                Err(reason) => reading.notices.push(Notice::CheckpointIgnored { reason }),
            }
        }
        let read = usize::try_from(reading.log.chain.end.offset).unwrap_or(usize::MAX);
        reading.advance(bytes.get(read..).unwrap_or_default())?;
        reading.check(&bytes, 0)?;
        Ok(reading)
    }

    /// Reads every record of a store from the beginning, without the checkpoint, in order.
    pub fn records(store: &mut dyn Store) -> Result<Vec<Recorded>, LedgerError> {
        let bytes = store.read(0)?;
        let mut records = Vec::new();
        Log::default().advance(&bytes, &mut |record: &Record| records.push(record.recorded.clone()))?;
        Ok(records)
    }

    /// Reads what was written since.
    pub fn catch_up(&mut self, store: &mut dyn Store) -> Result<(), LedgerError> {
        self.look_at_head(store)?;
        let base = self.log.chain.end.offset;
        let bytes = store.read(base)?;
        self.advance(&bytes)?;
        self.check(&bytes, base)
    }

    /// Takes in what the head knows now. Others may have written it since.
    fn look_at_head(&mut self, store: &mut dyn Store) -> Result<(), LedgerError> {
        self.notices.retain(|notice| !matches!(notice, Notice::HeadIgnored { .. }));
        match store.read_head()?.map(|bytes| Known::of_head(&bytes)) {
            Some(Ok(known)) => self.known.push(known),
            Some(Err(reason)) => self.notices.push(Notice::HeadIgnored { reason }),
            None => {}
        }
        Ok(())
    }

    /// What was durable once must still be there: it cannot have been lost by a torn end.
    fn check(&mut self, bytes: &[u8], base: u64) -> Result<(), LedgerError> {
        let known = std::mem::take(&mut self.known);
        known.iter().try_for_each(|known| known.check(&self.log, bytes, base))
    }

    /// The state as read.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.log.state
    }

    /// The state by value.
    #[must_use]
    pub fn into_state(self) -> State {
        self.log.state
    }

    fn advance(&mut self, bytes: &[u8]) -> Result<(), LedgerError> {
        self.notices.retain(|notice| !matches!(notice, Notice::TornTail { aside: None, .. }));
        self.torn = self.log.advance(bytes, &mut |_| {})?;
        if let Some(torn) = &self.torn {
            let notice = self.torn_notice(torn, None);
            self.notices.push(notice);
        }
        Ok(())
    }

    /// Makes what was read a ground to write on: a torn end is set aside, and the rest made durable, since whoever
    /// wrote it may have died before. A writer that was forced out may still be writing: then it is read on.
    pub(super) fn settle(&mut self, store: &mut dyn Store) -> Result<(), LedgerError> {
        for _ in 0..TRIES {
            let end = self.log.chain.end;
            let settled = match self.torn.clone() {
                Some(torn) => self.set_aside(store, &torn),
                None => store.sync(&end),
            };
            match settled {
                Ok(()) if self.torn.is_none() => return Ok(()),
                Ok(()) => self.torn = None,
                Err(StoreError::Overtaken { .. }) => self.catch_up(store)?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(LedgerError::Disturbed { offset: self.log.chain.end.offset })
    }

    fn set_aside(&mut self, store: &mut dyn Store, torn: &Torn) -> Result<(), StoreError> {
        let aside = store.set_aside(&self.log.chain.end, &torn.bytes)?;
        self.notices.retain(|notice| !matches!(notice, Notice::TornTail { aside: None, .. }));
        let notice = self.torn_notice(torn, Some(aside));
        self.notices.push(notice);
        Ok(())
    }

    fn torn_notice(&self, torn: &Torn, aside: Option<String>) -> Notice {
        let end = &self.log.chain.end;
        let bytes = u64::try_from(torn.bytes.len()).unwrap_or(u64::MAX);
        Notice::TornTail { seq: end.seq.saturating_add(1), offset: end.offset, bytes, aside }
    }
}
