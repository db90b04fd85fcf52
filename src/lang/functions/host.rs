//! What functions need of the world: files and the time. The language itself touches neither; they are handed in.

use jiff::Timestamp as Instant;

use crate::lang::eval::{Clock, Totals};

/// A point in time.
pub type Timestamp = Instant;

/// Where functions find files, and what time it is.
///
/// Paths are as the file says them, with `/` between names; the host decides what they are relative to, and
/// refuses those that lead out of the tree that it opens. Answers must not change within a run.
pub trait Host {
    /// The bytes of a file, refused when there are more than the host wants to hold.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;

    /// Whether a regular file is there.
    fn exists(&self, path: &str) -> Result<bool, FileError>;

    /// The regular files below a folder, relative to it with `/` between names, in any order.
    fn list(&self, folder: &str) -> Result<Vec<String>, FileError>;

    /// The path from the root of the file system. It differs between machines, and so does a plan that uses it.
    fn absolute(&self, path: &str) -> Result<String, FileError>;

    /// The user's home folder, where there is one.
    fn home(&self) -> Option<String>;

    /// What everything that is evaluated with this host may cost together.
    fn totals(&self) -> Totals {
        Totals::default()
    }

    /// The clock that evaluations are timed by, where there is one.
    fn clock(&self) -> Option<Clock> {
        None
    }

    /// The present time, for `timestamp()`: none while planning, since the plan must not hang on the clock. Then
    /// the result is unknown.
    fn now(&self) -> Option<Timestamp>;

    /// The one time of the run, for `plantimestamp()`. Terraform knows it while planning; here it is none then, so
    /// that two plans of the same files have the same digest, and the result is unknown until the apply, where it
    /// is the time at which the run began.
    fn run_time(&self) -> Option<Timestamp>;
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is none.
    #[error("there is no such file")]
    Missing,
    /// The path leads out of the tree that may be read.
    #[error("the path leads out of the release's tree")]
    Outside,
    /// It is git's or relplan's own.
    #[error("nothing of `.git` and `.relplan` is read for a release")]
    Reserved,
    /// It is larger than the limit in bytes.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// No files can be read here.
    #[error("files cannot be read here")]
    Unavailable,
    /// Something else, in the operating system's words.
    #[error("{0}")]
    Other(String),
}

/// A host without files and without a clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Host for NoFiles {
    fn read(&self, _path: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::Unavailable)
    }

    fn exists(&self, _path: &str) -> Result<bool, FileError> {
        Err(FileError::Unavailable)
    }

    fn list(&self, _folder: &str) -> Result<Vec<String>, FileError> {
        Err(FileError::Unavailable)
    }

    fn absolute(&self, _path: &str) -> Result<String, FileError> {
        Err(FileError::Unavailable)
    }

    fn home(&self) -> Option<String> {
        None
    }

    fn now(&self) -> Option<Timestamp> {
        None
    }

    fn run_time(&self) -> Option<Timestamp> {
        None
    }
}
