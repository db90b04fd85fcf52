//! The online backup: a consistent copy of a database that goes on being written.

use std::path::Path;
use std::time::Duration;

use relplan_archive::Job;
use relplan_contract::Problem;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::failure::of;

/// Pages copied at a time, and the pause behind them in which writers go on.
const PAGES: i32 = 256;
const PAUSE: Duration = Duration::from_millis(2);

/// Copies a database into an empty file.
pub(crate) fn backup(job: &Job, database: &Path, copy: &Path, busy: Duration) -> Result<(), Problem> {
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
    let mut target = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(of)?;
    step_by_step(job, &source, &mut target, busy)?;
    // The copy is one file: what a write-ahead log would add is in it.
    target.pragma_update(None, "journal_mode", "DELETE").map_err(of)?;
    target.close().map_err(|(_, error)| of(error))
}

fn step_by_step(
    job: &Job,
    source: &Connection,
    target: &mut Connection,
    busy: Duration,
) -> Result<(), Problem> {
    let backup = Backup::new(source, target).map_err(of)?;
    let mut told = 0;
    let mut waited = Duration::ZERO;
    loop {
        job.check()?;
        let step = backup.step(PAGES).map_err(of)?;
        if step == StepResult::Done {
            return Ok(());
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
            job.context().progress.line(&format!("{done} of {} pages copied", progress.pagecount));
        }
        std::thread::sleep(PAUSE);
    }
}
