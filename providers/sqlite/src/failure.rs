//! What SQLite's errors mean.

use relplan_contract::{Path, Problem};
use rusqlite::ErrorCode;

/// What went wrong with the database that is copied.
#[allow(clippy::needless_pass_by_value, reason = "its form is that of `map_err`")]
pub(crate) fn of(error: rusqlite::Error) -> Problem {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Problem::retry("The database is locked by somebody else.")
        }
        Some(ErrorCode::NotADatabase) => {
            Problem::refused("The file is no SQLite database, or an encrypted one.")
                .about(Path::attribute("database"))
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            Problem::refused(format!("The database is damaged: {error}.")).about(Path::attribute("database"))
        }
        Some(ErrorCode::DiskFull) => {
            Problem::refused("The disk is full.").hint("Make room, then apply again.")
        }
        Some(_) | None => Problem::refused(format!("The database cannot be copied: {error}.")),
    }
}
