//! What a database file is besides its pages, when another one takes its place: who owns it, who may read it, and whether it keeps a
//! write-ahead log. The application that comes back must meet it as it left it.

use std::fs::{self, File, Metadata, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use relplan_contract::Problem;
use rusqlite::Connection;
use rustix::fs::{Gid, Uid};

/// What a file was that is replaced.
pub(crate) struct Before {
    found: Option<Metadata>,
    wal: bool,
}

impl Before {
    /// Looks at a file, where there is one.
    pub(crate) fn of(file: Option<File>) -> Self {
        let found = file.as_ref().and_then(|file| file.metadata().ok());
        let mut header = [0; 20];
        let read = file.is_some_and(|mut file| file.read_exact(&mut header).is_ok());
        // The two versions of the file's form: 2 is the one with a log.
        let wal = read && header.starts_with(b"SQLite format 3\0") && header.ends_with(&[2, 2]);
        Self { found, wal }
    }

    /// Whether it kept a write-ahead log.
    pub(crate) const fn is_wal(&self) -> bool {
        self.wal
    }

    /// Gives a new file the owner, the group and the mode of the old one; gives what to run where that was not allowed.
    pub(crate) fn carry(&self, new: &Path, into: &Path) -> Vec<String> {
        let Some(found) = &self.found else { return Vec::new() };
        let (uid, gid, mode) = (found.uid(), found.gid(), found.mode() & 0o7777);
        // The owner first: to give a file away takes some of its mode.
        let given = rustix::fs::chown(new, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
        if given.is_err() {
            // The group alone may be given to those who are in it.
            let _ = rustix::fs::chown(new, None, Some(Gid::from_raw(gid)));
        }
        let _ = fs::set_permissions(new, Permissions::from_mode(mode));
        let Ok(is) = fs::metadata(new) else { return Vec::new() };
        let name = into.display();
        let mut told = Vec::new();
        if (is.uid(), is.gid()) != (uid, gid) {
            told.push(format!("its owner could not be carried over: run `chown {uid}:{gid} {name}`"));
        }
        if is.mode() & 0o7777 != mode {
            told.push(format!("its mode could not be carried over: run `chmod {mode:o} {name}`"));
        }
        if told.is_empty() {
            told.push("its owner and its mode are those of the file that was there".to_owned());
        }
        told
    }
}

/// Has a database keep a write-ahead log: the copy was taken without one, so that it is one file.
pub(crate) fn log(path: &Path) -> Result<(), Problem> {
    let wrong = |why: &str| {
        Problem::refused(format!(
            "The restored database cannot keep a write-ahead log, as the one did that was taken: {why}."
        ))
        .hint("Restore onto a disk of this machine, where SQLite can share memory.")
    };
    let database = Connection::open(path).map_err(|error| wrong(&error.to_string()))?;
    let mode: String = database
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|error| wrong(&error.to_string()))?;
    database.close().map_err(|(_, error)| wrong(&error.to_string()))?;
    if mode == "wal" { Ok(()) } else { Err(wrong(&format!("it stays in the mode {mode}"))) }
}
