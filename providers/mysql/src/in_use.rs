//! Who holds the tables of a database, so that they cannot be moved: looked at before anything is done.
//!
//! Somebody who is only connected holds nothing: the next statement meets the restored tables. A transaction that has
//! read or written a table holds it until it ends, prepared ones (XA) included.

use relplan_archive::{Job, several};
use relplan_contract::Problem;

use crate::connection::Connection;
use crate::session::{Session, identifier, literal};

/// At most this many are named.
const NAMED: usize = 5;

/// How long tables are waited for, in seconds: those who come after us wait as well.
const PATIENCE_S: u8 = 2;

/// Refuses when somebody holds one of the tables. Nothing was done yet.
pub(crate) fn refuse(
    job: &Job,
    server: &Connection,
    database: &str,
    tables: &[String],
) -> Result<(), Problem> {
    if tables.is_empty() {
        return Ok(());
    }
    let name = identifier(database);
    let locks: Vec<_> = tables.iter().map(|table| format!("{name}.{} WRITE", identifier(table))).collect();
    // The server gives them back when the conversation ends, whatever ends it.
    let held = Session::open(job, server).and_then(|mut session| {
        // Without `autocommit`, InnoDB locks the tables itself too: a prepared transaction may hold no other lock.
        session.run(&format!(
            "SET SESSION lock_wait_timeout = {PATIENCE_S}, SESSION innodb_lock_wait_timeout = {PATIENCE_S}, SESSION autocommit = 0"
        ))?;
        session.run(&format!("LOCK TABLES {}", locks.join(", ")))?;
        session.run("COMMIT; UNLOCK TABLES")?;
        session.close()
    });
    let Err(problem) = held else { return Ok(()) };
    if !problem.message.contains("ERROR 1205") && !problem.detail.contains("ERROR 1205") {
        // Who may not lock may still move; what cannot be moved is told then, and is as it was.
        job.context()
            .progress
            .line(&format!("whether {database} is in use was not found out: {}", problem.message));
        return Ok(());
    }
    let message = format!(
        "The database {name} is in use, and cannot be put aside: a transaction holds one of its tables.{}",
        who(job, server, database)
    );
    Err(Problem::invalid("into", message).hint(
        "Stop who uses it, and end what is left with `KILL ID` (see `SHOW PROCESSLIST`; prepared ones: `XA RECOVER`, `XA ROLLBACK`). \
         Or restore into a new database.",
    ))
}

/// Who is connected to it and what is prepared, as far as this user may see that: a sentence, or nothing.
pub(crate) fn who(job: &Job, server: &Connection, database: &str) -> String {
    let connected = format!(
        "SELECT id, user, command, time FROM information_schema.processlist WHERE db = {} AND id <> CONNECTION_ID() ORDER BY id",
        literal(database)
    );
    let rows =
        |sql: &str| Session::open(job, server).and_then(|mut session| session.run(sql)).unwrap_or_default();
    let mut all: Vec<String> = rows(&connected)
        .iter()
        .filter_map(|row| match row.as_slice() {
            [id, user, command, seconds] => Some(format!("{id} ({user}, {command} for {seconds} s)")),
            _ => None,
        })
        .collect();
    // It does not say in which database.
    let prepared = rows("XA RECOVER");
    all.extend(prepared.iter().filter_map(|row| Some(format!("prepared transaction {:?}", row.last()?))));
    if all.is_empty() {
        return String::new();
    }
    format!(" Perhaps it is one of these: {}.", several(&all, NAMED))
}
