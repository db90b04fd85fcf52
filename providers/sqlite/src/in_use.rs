//! Who has a database open: with another file under its name, they would go on in the one that was put aside, and see nothing
//! of what was restored.
//!
//! SQLite's own locks tell of everybody who is in a transaction, and of everybody at all in WAL mode, on other machines too.
//! Who has the file open without a lock is known to the kernel, as far as this user may look.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use relplan_archive::several;
use relplan_contract::Problem;
use rustix::fs::{FlockOperation, OFlags, fcntl_lock};

/// At most this many are named.
const NAMED: usize = 5;

/// Refuses when somebody has the database open, or one of the files that SQLite keeps beside it. As long as what it gives is
/// kept, nobody can begin to read or write it.
pub(crate) fn refuse(database: &Path, files: impl Iterator<Item = PathBuf>) -> Result<Option<File>, Problem> {
    // Before it is opened here.
    let who: Vec<String> =
        holders(&files.filter_map(|file| identity(&file).ok()).collect()).into_iter().collect();
    let held = hold(database);
    let is_free = held.is_ok() && who.is_empty();
    if is_free {
        return Ok(held.unwrap_or_default());
    }
    let named = several(&who, NAMED);
    let by = if named.is_empty() { "somebody who cannot be seen from here".to_owned() } else { named };
    let message = format!("The database {} is open, and cannot be put aside: {by}.", database.display());
    Err(Problem::invalid("into", message)
        .hint("Stop who uses it: they would go on in what is put aside. Or restore into a new file."))
}

/// Device and inode.
type Identity = (u64, u64);

fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|found| (found.dev(), found.ino()))
}

/// Locks all of the file, as SQLite does for its most exclusive lock. An error when somebody else has a lock; none where
/// there is no file, or it may not be locked.
fn hold(database: &Path) -> Result<Option<File>, rustix::io::Errno> {
    let mut options = OpenOptions::new();
    // A pipe in its place is not waited for.
    options.read(true).write(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let Ok(file) = options.open(database) else { return Ok(None) };
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(error) if [rustix::io::Errno::AGAIN, rustix::io::Errno::ACCESS].contains(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The processes that have one of these files open, each as `python3 (4711)`. Linux alone tells.
fn holders(files: &BTreeSet<Identity>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    if files.is_empty() {
        return all;
    }
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = process.file_name();
        let Some(pid) = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) else {
            continue;
        };
        let mut open = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        if open.any(|entry| identity(&entry.path()).is_ok_and(|found| files.contains(&found))) {
            let program = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            all.insert(format!("{} ({pid})", program.trim()));
        }
    }
    all
}
