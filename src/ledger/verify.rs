//! Verification: everything about a ledger that can be checked without trusting who wrote it.

use std::collections::{BTreeMap, BTreeSet};

use super::checkpoint::Checkpoint;
use super::error::LedgerError;
use super::known::Known;
use super::log::Log;
use super::record::{self, Record};
use crate::canonical::Digest;
use crate::event::{EntryKey, Event, Lineage};
use crate::state::{Head, State};

/// What verification found: everything holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Name of the product.
    pub product: String,
    /// Identity of the ledger.
    pub lineage: Option<Lineage>,
    /// The last record; none in an empty ledger.
    pub head: Option<Head>,
    /// Length in bytes.
    pub bytes: u64,
    /// How many records.
    pub records: u64,
    /// How many batches they were made durable in.
    pub batches: u64,
    /// Records by the word for their kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// How many runs, and which of them were never closed.
    pub runs: usize,
    /// Runs that were never closed: under way, or cut off.
    pub unclosed: usize,
    /// Each time that the lock was forced.
    pub epochs: Vec<Epoch>,
    /// Objects with an action whose outcome is not known.
    pub uncertain: BTreeSet<EntryKey>,
    /// The record that has the hash noted elsewhere, when one was given.
    pub noted: Option<u64>,
    /// Records of checkpoints whose state is not what folding gives now: another version of relplan wrote them.
    pub other_folds: Vec<u64>,
    /// What the checkpoint beside the ledger is worth.
    pub checkpoint: CheckpointVerdict,
    /// Why the head beside the ledger was not used, where it was not.
    pub head_ignored: Option<String>,
    /// The state.
    pub state: Digest,
}

/// A time that the lock was forced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// The new epoch.
    pub epoch: u64,
    /// The record that began it.
    pub seq: u64,
    /// Why.
    pub reason: String,
}

/// What the checkpoint beside a ledger is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckpointVerdict {
    /// There is none.
    Absent,
    /// It is what folding up to its record gives.
    Sound {
        /// That record.
        seq: u64,
    },
    /// It is not used.
    Ignored {
        /// Why.
        reason: String,
    },
}

/// Checks every byte of a ledger: hashes, chain, batches, epochs, lineage, form, and that each event could happen.
///
/// `noted` is a hash that was written down elsewhere: some record must have it. Without one, a ledger whose end was
/// cut off, or that was written afresh, verifies: the chain alone cannot tell. A torn end does not verify.
pub fn verify(bytes: &[u8], checkpoint: Option<&[u8]>, noted: Option<Digest>) -> Result<Report, LedgerError> {
    verify_with(bytes, Beside { checkpoint, head: None }, noted)
}

/// What lies beside a ledger.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'b> {
    /// The checkpoint.
    pub checkpoint: Option<&'b [u8]>,
    /// The head.
    pub head: Option<&'b [u8]>,
}

/// Checks every byte of a ledger like [`verify`], and that what lies beside it knows no other history.
pub fn verify_with(bytes: &[u8], beside: Beside<'_>, noted: Option<Digest>) -> Result<Report, LedgerError> {
    let mut survey = Survey { checkpoint: beside.checkpoint.map(Checkpoint::decode), ..Survey::default() };
    let mut log = Log::default();
    let mut rest = bytes;
    while let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, behind) = rest.split_at_checked(length + 1).unwrap_or((rest, &[]));
        let mut seen = None;
        if log.advance(line, &mut |record| seen = Some(record.clone()))?.is_some() {
            break;
        }
        if let Some(record) = seen {
            survey.see(&record, &log.state, noted);
        }
        rest = behind;
    }
    if !rest.is_empty() {
        return Err(torn(&log, rest));
    }
    if let (Some(head), None) = (noted, survey.noted) {
        return Err(LedgerError::UnknownHead { head });
    }
    let head = beside.head.map(Known::of_head);
    let checkpoint = beside.checkpoint.and_then(Known::of_checkpoint);
    for known in checkpoint.iter().chain(head.iter().flatten()) {
        known.check(&log, bytes, 0)?;
    }
    survey.head_ignored = head.and_then(Result::err);
    Ok(survey.report(&log, bytes))
}

fn torn(log: &Log, rest: &[u8]) -> LedgerError {
    // Asked again for the whole rest, so that damage is told as such.
    let reason = match log.clone().advance(rest, &mut |_| {}) {
        Err(error) => return error,
        Ok(torn) => torn.map_or("its line has no end", |torn| torn.reason),
    };
    let end = &log.chain.end;
    let reason = format!("{reason} (a torn end: the next command that writes sets it aside)");
    LedgerError::Damaged { seq: end.seq.saturating_add(1), offset: end.offset, reason }
}

/// What is gathered on the way.
#[derive(Default)]
struct Survey {
    checkpoint: Option<Result<Checkpoint, String>>,
    kinds: BTreeMap<&'static str, u64>,
    epochs: Vec<Epoch>,
    other_folds: Vec<u64>,
    noted: Option<u64>,
    head_ignored: Option<String>,
}

impl Survey {
    fn see(&mut self, record: &Record, state: &State, noted: Option<Digest>) {
        let recorded = &record.recorded;
        *self.kinds.entry(record::kind_of(&recorded.event)).or_default() += 1;
        if noted == Some(recorded.hash) {
            self.noted = Some(recorded.seq);
        }
        if let Event::EpochBegan { epoch, reason } = &recorded.event {
            self.epochs.push(Epoch { epoch: *epoch, seq: recorded.seq, reason: reason.clone() });
        }
        if let Event::Checkpointed { state: digest } = &recorded.event
            && *digest != state.digest()
        {
            self.other_folds.push(recorded.seq);
        }
    }

    fn report(self, log: &Log, bytes: &[u8]) -> Report {
        let checkpoint = match self.checkpoint {
            None => CheckpointVerdict::Absent,
            Some(Err(reason)) => CheckpointVerdict::Ignored { reason },
            Some(Ok(sound)) => judge(sound, bytes),
        };
        let state = &log.state;
        Report {
            product: state.product.clone(),
            lineage: state.lineage.clone(),
            head: state.head,
            bytes: log.chain.end.offset,
            records: log.chain.end.seq,
            batches: log.chain.batches,
            kinds: self.kinds,
            runs: state.runs.len(),
            unclosed: state.runs.iter().filter(|run| run.closed.is_none()).count(),
            epochs: self.epochs,
            uncertain: state.uncertain().map(|(key, _)| key.clone()).collect(),
            noted: self.noted,
            other_folds: self.other_folds,
            checkpoint,
            head_ignored: self.head_ignored,
            state: state.digest(),
        }
    }
}

/// Folds up to the checkpoint's record and compares.
fn judge(checkpoint: Checkpoint, bytes: &[u8]) -> CheckpointVerdict {
    let restored = match checkpoint.restore(bytes) {
        Ok(restored) => restored,
        Err(reason) => return CheckpointVerdict::Ignored { reason },
    };
    let length = usize::try_from(restored.chain.end.offset).unwrap_or(usize::MAX);
    let mut folded = Log::default();
    let read = folded.advance(bytes.get(..length).unwrap_or_default(), &mut |_| {});
    let same = matches!(read, Ok(None)) && folded.chain == restored.chain && folded.state == restored.state;
    if same {
        CheckpointVerdict::Sound { seq: restored.chain.end.seq }
    } else {
        CheckpointVerdict::Ignored { reason: "its state is not what the records before it give".to_owned() }
    }
}
