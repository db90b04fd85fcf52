//! [`Store`]: where the lines of a ledger are kept.
//!
//! A store knows bytes and durability; what the lines mean is checked above it. Files are one store; a database
//! or a bucket can be another, as long as it refuses to write anywhere but behind the end that the writer knows.

use std::io;
use std::path::PathBuf;

pub use super::chain::End;

/// Where the lines of one ledger are kept, and the checkpoint beside them.
pub trait Store {
    /// All bytes from `offset` on. The end may be torn, or still being written by somebody else.
    fn read(&mut self, offset: u64) -> Result<Vec<u8>, StoreError>;

    /// Puts whole lines behind `end`. They need not be durable yet, but others see them.
    ///
    /// Two writers never both succeed at one end: the slower one gets [`StoreError::Overtaken`].
    fn write(&mut self, end: &End, lines: &[u8]) -> Result<(), StoreError>;

    /// Makes durable what was written up to `end`. Refused like [`Store::write`] when more is there.
    fn sync(&mut self, end: &End) -> Result<(), StoreError>;

    /// Keeps the torn bytes behind `end` aside, cuts them off, and tells where they are now. Durable.
    fn set_aside(&mut self, end: &End, torn: &[u8]) -> Result<String, StoreError>;

    /// The checkpoint, if there is one.
    fn read_checkpoint(&mut self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Puts a checkpoint in the place of the one before, wholly or not at all. Durable.
    fn write_checkpoint(&mut self, bytes: &[u8]) -> Result<(), StoreError>;

    /// The head, if there is one.
    fn read_head(&mut self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Puts a head in the place of the one before. It need not be durable: see [`super::known`].
    fn write_head(&mut self, bytes: &[u8]) -> Result<(), StoreError>;
}

/// Why a store refused.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was to be done: `write`.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file or directory is not as safe as it must be.
    #[error("{} {problem}. {hint}", path.display())]
    Unsafe {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
        /// How to mend it.
        hint: &'static str,
    },
    /// Something stands behind the end that the writer knows: these bytes.
    #[error("somebody else wrote to the ledger")]
    Overtaken {
        /// What they wrote, as far as it is there.
        behind: Vec<u8>,
    },
    /// The bytes before the end are no longer those that the writer knows.
    #[error("the ledger was replaced or cut while this command used it")]
    Replaced,
}

impl StoreError {
    /// An error of the operating system.
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
