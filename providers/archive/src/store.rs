//! [`Store`]: where snapshots lie. Works on a thread that may block.

use std::io::{self, Read, Write};

use relplan_contract::Problem;

/// Takes the bytes of a file that is being written.
pub(crate) trait Sink: Write + Send {
    /// Makes the file durable.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Gives the bytes of a file.
pub(crate) type Source = Box<dyn Read + Send>;

/// Where snapshots lie: each a folder of files, by the snapshot's name.
pub(crate) trait Place: Send + Sync {
    /// In words, for people: a path, or a URL.
    fn shown(&self) -> String;

    /// Whether there is room for about this many bytes, and we may write. What processes that died left of the series is
    /// removed.
    fn prepare(&self, series: &str, bytes: u64) -> Result<(), Problem>;

    /// A file of a snapshot that is being made, and the name that it has there.
    fn create(&self, snapshot: &str, file: &str) -> io::Result<(String, Box<dyn Sink>)>;

    /// All its files are there: now it is given its manifest, and with it its name, which no other may have.
    fn publish(&self, snapshot: &str, manifest: &[u8]) -> Result<(), Problem>;

    /// Removes what was created of a snapshot that was not published.
    fn discard(&self, snapshot: &str);

    /// Reads a file of a snapshot; none where there is none.
    fn open(&self, snapshot: &str, file: &str) -> io::Result<Option<Source>>;

    /// Writes a small file beside those of a published snapshot, in the place of one that may be there.
    fn note(&self, snapshot: &str, file: &str, bytes: &[u8]) -> io::Result<()>;

    /// The names of the published snapshots that begin so.
    fn list(&self, beginning: &str) -> io::Result<Vec<String>>;

    /// What keeps a published snapshot from being deleted now, in words; none where nothing does.
    fn held(&self, _snapshot: &str) -> io::Result<Option<String>> {
        Ok(None)
    }

    /// Deletes a published snapshot: first it stops being one. What is left of it by a process that died is removed by
    /// [`prepare`](Self::prepare).
    fn delete(&self, snapshot: &str) -> io::Result<()>;
}

/// Where snapshots lie.
#[derive(Clone)]
pub struct Store(pub(crate) std::sync::Arc<dyn Place>);

impl Store {
    /// In words, for people.
    #[must_use]
    pub fn shown(&self) -> String {
        self.0.shown()
    }
}

/// What went wrong with a store, as a problem.
#[must_use]
pub fn failed(doing: &str, error: &io::Error) -> Problem {
    if let Some(problem) = error.get_ref().and_then(|inner| inner.downcast_ref::<Problem>()) {
        return problem.clone();
    }
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Problem::refused(format!("{doing}: there is no room left.")).hint("Make room, then apply again.")
        }
        _ => Problem::refused(format!("{doing}: {error}.")),
    }
}
