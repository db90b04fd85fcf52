//! Files for the language's functions: `file()`, `fileset()`, `templatefile()`; and the time.
//!
//! Only what lies in the release's own tree can be read, whatever the operator allows providers to read elsewhere: what
//! a function reads can be shown in the plan.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use relplan_contract::{PathError, Tree};

use crate::lang::eval::{Clock, Totals};
use crate::lang::functions::{FileError, Host, Timestamp};

/// The largest file that an expression may read, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Most files that one folder may list.
const MAX_FILES: usize = 100_000;

/// Files of a release's tree, and the time once a run has begun.
#[derive(Debug)]
pub(super) struct FileHost {
    tree: Tree,
    home: Option<String>,
    begun: OnceLock<Timestamp>,
    totals: Totals,
}

impl FileHost {
    pub(super) fn new(tree: Tree, home: Option<String>) -> Self {
        Self { tree, home, begun: OnceLock::new(), totals: Totals::default() }
    }

    /// With so many times as much as evaluations may cost otherwise.
    pub(super) fn with_budget(self, factor: f64) -> Self {
        Self { totals: Totals::default().times(factor), ..self }
    }

    /// From now on there is a time: while planning there is none, since a plan must not hang on when it was made.
    pub(super) fn begin(&self, milliseconds: i64) {
        if let Ok(time) = Timestamp::from_millisecond(milliseconds) {
            let _ = self.begun.set(time);
        }
    }
}

fn told(error: PathError) -> FileError {
    match error {
        PathError::Outside => FileError::Outside,
        PathError::Reserved => FileError::Reserved,
        PathError::Missing => FileError::Missing,
        PathError::TooLarge(limit) => FileError::TooLarge(limit),
        other => FileError::Other(other.to_string()),
    }
}

impl Host for FileHost {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.tree.read(Path::new(path), MAX_BYTES).map_err(told)
    }

    fn exists(&self, path: &str) -> Result<bool, FileError> {
        self.tree.is_file(Path::new(path)).map_err(told)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        self.tree.files(Path::new(folder), MAX_FILES).map_err(told)
    }

    fn absolute(&self, path: &str) -> Result<String, FileError> {
        let full = std::path::absolute(self.tree.base().join(path))
            .map_err(|error| FileError::Other(error.to_string()))?;
        Ok(Tree::lexical(&full).to_string_lossy().into_owned())
    }

    fn home(&self) -> Option<String> {
        self.home.clone()
    }

    fn totals(&self) -> Totals {
        self.totals
    }

    fn clock(&self) -> Option<Clock> {
        Some(computed)
    }

    fn now(&self) -> Option<Timestamp> {
        self.begun.get().copied()
    }

    fn run_time(&self) -> Option<Timestamp> {
        self.begun.get().copied()
    }
}

/// How long this thread has been computing: what others do on the machine does not count.
fn computed() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}
