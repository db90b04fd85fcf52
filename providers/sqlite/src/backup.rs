//! The online backup: a consistent copy of a database that goes on being written.

use std::fs;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use relplan_contract::{Context, Problem};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::directory;
use crate::inspect::{Facts, inspect};

/// Pages copied at a time, and the pause behind them in which writers go on.
const PAGES: i32 = 256;
const PAUSE: Duration = Duration::from_millis(2);

/// Says that nobody waits for a copy any more, when it goes: the work on its own thread ends then, too.
#[derive(Default)]
pub(crate) struct Waiting(Arc<AtomicBool>);

impl Waiting {
    /// What the work looks at.
    pub(crate) fn abandoned(&self) -> Abandoned {
        Abandoned(Arc::clone(&self.0))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Whether nobody waits any more.
pub(crate) struct Abandoned(Arc<AtomicBool>);

impl Abandoned {
    fn check(&self, context: &Context) -> Result<(), Problem> {
        let over = self.0.load(Ordering::SeqCst) || context.cancel.is_cancelled();
        if over { Err(Problem::cancelled()) } else { Ok(()) }
    }
}

/// Tells the unfinished copies of one process apart.
static COPIES: AtomicU64 = AtomicU64::new(0);

/// A copy under a name of its own, removed again unless it is kept.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // It is gone already when it was kept; a rest of SQLite's own goes with it.
        let _ = fs::remove_file(&self.0);
    }
}

/// Copies a database into a new file, checks the copy, and puts it in its place whole or not at all.
pub(crate) fn backup(
    context: &Context,
    database: &Path,
    target: &Path,
    busy: Duration,
    abandoned: &Abandoned,
) -> Result<Facts, Problem> {
    let folder = target.parent().unwrap_or_else(|| Path::new("."));
    directory::prepare(folder)?;
    if target.symlink_metadata().is_ok() {
        return Err(Problem::conflict(format!(
            "There is a file {} already, which is not this snapshot.",
            target.display()
        ))
        .hint("Move it away, or give the snapshot another `name`."));
    }
    let number = COPIES.fetch_add(1, Ordering::SeqCst);
    let part = target.with_extension(format!("part-{}-{number}", std::process::id()));
    let failed =
        |error: std::io::Error| Problem::refused(format!("{} cannot be written: {error}.", part.display()));
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).map_err(failed)?;
    let temporary = Temporary(part.clone());
    copy(context, database, &part, busy, abandoned)?;
    let facts = inspect(&part)?;
    fs::set_permissions(&part, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    fs::File::open(&part).and_then(|file| file.sync_all()).map_err(failed)?;
    abandoned.check(context)?;
    fs::rename(&part, target).map_err(failed)?;
    directory::sync(folder).map_err(failed)?;
    drop(temporary);
    Ok(facts)
}

fn copy(
    context: &Context,
    database: &Path,
    part: &Path,
    busy: Duration,
    abandoned: &Abandoned,
) -> Result<(), Problem> {
    if !database.is_file() {
        return Err(Problem::missing(format!("There is no database {}.", database.display()))
            .about(relplan_contract::Path::attribute("database")));
    }
    // Opened for writing where that is allowed: a database in WAL mode needs it even to be read.
    let open = |flags| Connection::open_with_flags(database, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let source = open(OpenFlags::SQLITE_OPEN_READ_WRITE)
        .or_else(|_| open(OpenFlags::SQLITE_OPEN_READ_ONLY))
        .map_err(of)?;
    source.busy_timeout(busy).map_err(of)?;
    let mut target = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(of)?;
    let backup = Backup::new(&source, &mut target).map_err(of)?;
    let mut told = 0;
    let mut waited = Duration::ZERO;
    loop {
        abandoned.check(context)?;
        let step = backup.step(PAGES).map_err(of)?;
        if step == StepResult::Done {
            break;
        }
        // Where it is not More, somebody holds the database: it is tried again until the patience is over.
        waited = if step == StepResult::More { Duration::ZERO } else { waited + PAUSE };
        if waited > busy {
            return Err(Problem::retry(format!("The database was locked for {} ms.", busy.as_millis())));
        }
        let progress = backup.progress();
        let done = progress.pagecount - progress.remaining;
        if progress.pagecount > 0 && done * 10 / progress.pagecount > told {
            told = done * 10 / progress.pagecount;
            context.progress.line(&format!("{done} of {} pages copied", progress.pagecount));
        }
        std::thread::sleep(PAUSE);
    }
    drop(backup);
    // The copy is one file: what a write-ahead log would add is in it.
    target.pragma_update(None, "journal_mode", "DELETE").map_err(of)?;
    target.close().map_err(|(_, error)| of(error))
}

#[allow(clippy::needless_pass_by_value, reason = "its form is that of `map_err`")]
fn of(error: rusqlite::Error) -> Problem {
    let code = error.sqlite_error_code();
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Problem::retry("The database is locked by somebody else.")
        }
        Some(ErrorCode::NotADatabase) => {
            Problem::refused("The file is no SQLite database, or an encrypted one.")
                .about(relplan_contract::Path::attribute("database"))
        }
        Some(ErrorCode::DatabaseCorrupt) => Problem::refused(format!("The database is damaged: {error}."))
            .about(relplan_contract::Path::attribute("database")),
        Some(ErrorCode::DiskFull) => {
            Problem::refused("The disk is full.").hint("Make room, then apply again.")
        }
        Some(_) | None => Problem::refused(format!("The database cannot be copied: {error}.")),
    }
}
