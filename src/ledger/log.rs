//! Reading a log: every record checked, chained and folded, and a torn end told from damage.

use sha2::{Digest as _, Sha256};

use super::chain::Chain;
use super::error::LedgerError;
use super::record::{self, LINE_LIMIT, Record, RecordError};
use crate::canonical::Digest;
use crate::state::State;

/// What has been read so far.
#[derive(Clone, Default)]
pub(super) struct Log {
    pub(super) chain: Chain,
    pub(super) state: State,
    /// Over every byte up to the end.
    pub(super) prefix: Sha256,
}

/// An end that was never made durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Torn {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// Why its first record is none.
    pub(super) reason: &'static str,
}

impl Log {
    /// Reads on: `bytes` are those behind the end so far. Each record is shown to `visit` once it is folded in.
    pub(super) fn advance(
        &mut self,
        bytes: &[u8],
        visit: &mut dyn FnMut(&Record),
    ) -> Result<Option<Torn>, LedgerError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |index| index + 1);
            let (line, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            match record::decode(line) {
                Ok(record) => {
                    self.take(&record, line)?;
                    visit(&record);
                }
                Err(RecordError::Damaged(reason)) if self.is_torn(rest) => {
                    return Ok(Some(Torn { bytes: rest.to_vec(), reason }));
                }
                Err(error) => return Err(self.damaged(error.to_string())),
            }
            rest = behind;
        }
        Ok(None)
    }

    /// Takes in a record that was read from a line.
    fn take(&mut self, record: &Record, line: &[u8]) -> Result<(), LedgerError> {
        let mut chain = self.chain.clone();
        chain.accept(record, line.len()).map_err(|reason| self.damaged(reason))?;
        self.state.apply(&record.recorded).map_err(|illegal| self.damaged(illegal.to_string()))?;
        self.chain = chain;
        self.prefix.update(line);
        Ok(())
    }

    /// Takes in a record that will be written as a line.
    pub(super) fn extend(&mut self, record: &Record, line: &[u8]) -> Result<(), LedgerError> {
        self.state.apply(&record.recorded)?;
        self.chain.accept(record, line.len()).map_err(|reason| self.damaged(reason))?;
        self.prefix.update(line);
        Ok(())
    }

    /// The digest over every byte up to the end.
    pub(super) fn prefix_digest(&self) -> Digest {
        Digest(self.prefix.clone().finalize().into())
    }

    fn damaged(&self, reason: String) -> LedgerError {
        let end = &self.chain.end;
        LedgerError::Damaged { seq: end.seq.saturating_add(1), offset: end.offset, reason }
    }

    /// Whether damage that begins with `rest` may be the torn end of the last batch: a batch is written only after
    /// the one before it was made durable, so nothing whole of a later batch may stand behind the damage.
    ///
    /// The damaged record has the number `next`. Its batch began with it or before, so a record behind it whose
    /// batch began after it proves that the damaged one had been durable.
    fn is_torn(&self, rest: &[u8]) -> bool {
        let next = self.chain.end.seq.saturating_add(1);
        rest.len() <= LINE_LIMIT && records_in(rest).all(|record| record.batch <= next)
    }
}

/// Every whole record in the bytes, also where damage swallowed the end of the line before it.
///
/// The mark stands once in a record: inside of it, texts escape the quotes and no other place has a space. So the
/// last one in a line is the only place where a whole record can begin, and the cost stays linear.
fn records_in(bytes: &[u8]) -> impl Iterator<Item = Record> {
    const HEX: usize = 64;
    const MARK: &[u8] = b" {\"actor\":";
    bytes.split_inclusive(|byte| *byte == b'\n').filter_map(|line| {
        let at = line.windows(MARK.len()).rposition(|window| window == MARK)?;
        record::decode(line.get(at.checked_sub(HEX)?..)?).ok()
    })
}
