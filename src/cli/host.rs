//! Files for the language's functions: `file()`, `fileset()`, `templatefile()`; and the time.
//!
//! Only what lies in the release's own tree can be read: below the nearest folder above it that is a repository, or
//! else below the release file's folder. Links that lead out of it are not followed.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use super::files::{clause, read_bounded};
use crate::lang::eval::{Clock, Totals};
use crate::lang::functions::{FileError, Host, Timestamp};

/// The largest file that an expression may read, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Most files that one folder may list.
const MAX_FILES: usize = 100_000;

/// Files of a release's tree, and the time once a run has begun.
#[derive(Debug)]
pub(super) struct FileHost {
    base: PathBuf,
    /// What may be read; none when it cannot be found out.
    tree: Option<PathBuf>,
    home: Option<String>,
    begun: OnceLock<Timestamp>,
    totals: Totals,
}

impl FileHost {
    pub(super) fn new(base: PathBuf, home: Option<String>) -> Self {
        let real = base.canonicalize().ok();
        let tree = real.map(|real| {
            let repository =
                real.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf);
            repository.unwrap_or(real)
        });
        Self { base, tree, home, begun: OnceLock::new(), totals: Totals::default() }
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

    /// The real path of a file, if it is inside of the tree.
    fn inside(&self, path: &str) -> Result<PathBuf, FileError> {
        let full = self.base.join(path);
        let lexical = normalised(&full);
        let tree = self.tree.as_ref().ok_or(FileError::Unavailable)?;
        let real = full.canonicalize().map_err(|error| match error.kind() {
            // That nothing is there is told only of what may be looked at.
            std::io::ErrorKind::NotFound if leads_into(&lexical, tree, &self.base) => FileError::Missing,
            std::io::ErrorKind::NotFound => FileError::Outside,
            _ => FileError::Other(clause(&error)),
        })?;
        if real.starts_with(tree) { Ok(real) } else { Err(FileError::Outside) }
    }
}

/// Whether a path that does not exist would lie in the tree.
fn leads_into(path: &Path, tree: &Path, base: &Path) -> bool {
    let real_base = base.canonicalize().unwrap_or_else(|_| base.to_path_buf());
    let inside = path.strip_prefix(normalised(base)).map(|rest| real_base.join(rest));
    inside.is_ok_and(|path| path.starts_with(tree)) || path.starts_with(tree)
}

/// The path without `.` and `..`, as far as that can be done without looking.
fn normalised(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => out.push(part),
        }
    }
    out
}

impl Host for FileHost {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let bytes = read_bounded(&self.inside(path)?, MAX_BYTES).map_err(FileError::Other)?;
        if bytes.len() > MAX_BYTES { Err(FileError::TooLarge(MAX_BYTES as u64)) } else { Ok(bytes) }
    }

    fn exists(&self, path: &str) -> Result<bool, FileError> {
        match self.inside(path) {
            Ok(real) => Ok(real.is_file()),
            Err(FileError::Missing) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let root = self.inside(folder)?;
        let mut found = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(at) = folders.pop() {
            let entries = std::fs::read_dir(&at).map_err(|error| FileError::Other(clause(&error)))?;
            for entry in entries.filter_map(Result::ok) {
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file()
                    && let Some(name) = entry.path().strip_prefix(&root).ok().and_then(Path::to_str)
                {
                    found.push(name.to_owned());
                }
            }
            if found.len() > MAX_FILES {
                return Err(FileError::Other(format!("the folder has more than {MAX_FILES} files")));
            }
        }
        Ok(found)
    }

    fn absolute(&self, path: &str) -> Result<String, FileError> {
        let full =
            std::path::absolute(self.base.join(path)).map_err(|error| FileError::Other(clause(&error)))?;
        Ok(normalised(&full).to_string_lossy().into_owned())
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
