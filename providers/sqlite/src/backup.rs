//! The online backup: a consistent copy of a database that goes on being written.
//!
//! SQLite begins a stepped backup anew when another process commits between two steps. With a write-ahead log one read transaction over
//! all steps prevents that, and holds up nobody. In the other modes it holds up all who write: there it is tried in steps
//! first, and then once in one go, for as long as those who write may be held up.

use std::path::Path;
use std::time::{Duration, Instant};

use relplan_archive::Job;
use relplan_contract::Problem;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::failure::of;

/// Pages copied at a time, and the pause behind them in which writers go on.
const PAGES: i32 = 256;
const PAUSE: Duration = Duration::from_millis(2);

/// How often it may begin anew before those who write are held up.
const BEGINNINGS: u32 = 5;

/// How long is waited for others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a locked database.
    pub(crate) busy: Duration,
    /// How long those who write may be held up, where there is no other way.
    pub(crate) hold: Duration,
}

/// Copies a database into an empty file; gives its journal mode.
pub(crate) fn backup(job: &Job, database: &Path, copy: &Path, patience: Patience) -> Result<String, Problem> {
    if !database.is_file() {
        return Err(Problem::missing(format!("There is no database {}.", database.display()))
            .about(relplan_contract::Path::attribute("database")));
    }
    // Opened for writing where that is allowed: a database in WAL mode needs it even to be read.
    let open = |flags| Connection::open_with_flags(database, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let source = open(OpenFlags::SQLITE_OPEN_READ_WRITE)
        .or_else(|_| open(OpenFlags::SQLITE_OPEN_READ_ONLY))
        .map_err(of)?;
    source.busy_timeout(patience.busy).map_err(of)?;
    let mode: String = source.query_row("PRAGMA journal_mode", [], |row| row.get(0)).map_err(of)?;
    let mut target = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(of)?;
    if mode == "wal" {
        hold(&source)?;
        steps(job, &source, &mut target, patience, Pace::Unhindered)?;
        release(&source)?;
    } else if !steps(job, &source, &mut target, patience, Pace::Polite)? {
        in_one_go(job, &source, &mut target, patience)?;
    }
    // The copy is one file: what a write-ahead log would add is in it.
    target.pragma_update(None, "journal_mode", "DELETE").map_err(of)?;
    target.close().map_err(|(_, error)| of(error))?;
    Ok(mode)
}

/// Begins a read transaction. It begins with the first look.
fn hold(source: &Connection) -> Result<(), Problem> {
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema").map_err(of)
}

fn release(source: &Connection) -> Result<(), Problem> {
    source.execute_batch("COMMIT").map_err(of)
}

/// How a database is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// With pauses in which others write, and until it has begun anew too often.
    Polite,
    /// Under a read transaction that holds up nobody.
    Unhindered,
    /// Under one that holds up all who write, until then.
    Until(Instant),
}

/// Under a read transaction, no longer than others may be held up.
fn in_one_go(
    job: &Job,
    source: &Connection,
    target: &mut Connection,
    patience: Patience,
) -> Result<(), Problem> {
    let pages = |name: &str| source.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let bytes = pages("page_count").and_then(|count| Ok(count * pages("page_size")?)).map_err(of)?;
    let ms = patience.hold.as_millis();
    job.context().progress.line(&format!("others write all the time: they are held up, for {ms} ms at most"));
    let done = hold(source)
        .and_then(|()| steps(job, source, target, patience, Pace::Until(Instant::now() + patience.hold)));
    let released = release(source);
    match done {
        Ok(true) => released,
        Ok(false) => Err(Problem::refused(format!(
            "The database is written to all the time, and has no write-ahead log: {BEGINNINGS} times its {} MB could not be copied between two \
             commits, and not within the {ms} ms for which those who write may be held up.",
            bytes / 1_000_000
        ))
        .hint("Turn the log on (`PRAGMA journal_mode = WAL`), take it when fewer write, or raise hold_writers_ms.")
        .about(relplan_contract::Path::attribute("hold_writers_ms"))),
        Err(problem) => Err(problem),
    }
}

/// Copies page after page. False when it began anew too often, or its time is over.
fn steps(
    job: &Job,
    source: &Connection,
    target: &mut Connection,
    patience: Patience,
    pace: Pace,
) -> Result<bool, Problem> {
    let backup = Backup::new(source, target).map_err(of)?;
    let (mut told, mut least, mut beginnings) = (0, i32::MAX, 0);
    let mut waited = Duration::ZERO;
    loop {
        job.check()?;
        if matches!(pace, Pace::Until(end) if Instant::now() > end) {
            return Ok(false);
        }
        let step = backup.step(PAGES).map_err(of)?;
        if step == StepResult::Done {
            return Ok(true);
        }
        // Where it is not More, somebody holds the database: it is tried again until the patience is over.
        waited = if step == StepResult::More { Duration::ZERO } else { waited + PAUSE };
        if waited > patience.busy {
            let ms = patience.busy.as_millis();
            return Err(Problem::retry(format!("The database was locked for {ms} ms.")));
        }
        let progress = backup.progress();
        // Each step leaves fewer pages, unless it was one from the beginning; a database may grow meanwhile.
        if step == StepResult::More {
            beginnings += u32::from(progress.remaining >= least);
            least = progress.remaining;
        }
        if beginnings >= BEGINNINGS && pace == Pace::Polite {
            return Ok(false);
        }
        let done = progress.pagecount - progress.remaining;
        if progress.pagecount > 0 && done * 10 / progress.pagecount > told {
            told = done * 10 / progress.pagecount;
            job.context().progress.line(&format!("{done} of {} pages copied", progress.pagecount));
        }
        if pace == Pace::Polite || step != StepResult::More {
            std::thread::sleep(PAUSE);
        }
    }
}
