//! Proving a snapshot: by its sums, by reading all of it, or by restoring it and comparing.

use std::io;

use relplan_archive::{Archive, Depth, Flow, Identities, Job, Part, Settings, asserts};
use relplan_contract::{Problem, Value};

use super::take::GLOBALS;
use crate::connection::Connection;
use crate::database;
use crate::program;
use crate::psql::{Session, problem_of};
use crate::query;
use crate::restore::{self, Manner};
use crate::scratch::Scratch;
use crate::selection::Selection;
use crate::tables;

/// Has `pg_restore` read every part: `--list` alone would miss a truncated one.
pub(crate) fn read(
    job: &Job,
    settings: &Settings,
    object: &Value,
    archive: &Archive,
) -> Result<Vec<String>, Problem> {
    let programs = Connection::programs_of(job.context(), object)?;
    let identities = settings.identities()?;
    for part in &archive.manifest.parts {
        read_part(job, &programs, archive, part, identities.as_ref())?;
    }
    Ok(vec!["Decrypted where it was encrypted, and wholly read by pg_restore.".to_owned()])
}

/// Has `pg_restore` read a part from its beginning to its end.
fn read_part(
    job: &Job,
    connection: &Connection,
    archive: &Archive,
    part: &Part,
    identities: Option<&Identities>,
) -> Result<(), Problem> {
    let mut reader = archive.reader(part, identities)?;
    let unreadable = |error: &io::Error| {
        Problem::conflict(format!(
            "The part {} of the snapshot {} cannot be read: {error}.",
            part.name, archive.manifest.name
        ))
        .hint("It is damaged. Use another snapshot.")
    };
    if part.name.starts_with(GLOBALS) {
        io::copy(&mut reader, &mut io::sink()).map_err(|error| unreadable(&error))?;
        return Ok(());
    }
    let arguments = vec!["--file=/dev/null".to_owned()];
    let mut tool = program::start(job, connection, "pg_restore", arguments, Flow::In, None)?;
    let fed = tool.feed(&mut reader, &part.name);
    tool.wait().map_err(|failed| failed.problem("pg_restore cannot read the snapshot"))?;
    fed.map_err(|error| unreadable(&error))
}

/// Restores the snapshot into a scratch database, and compares.
pub(crate) fn restored(
    job: &Job,
    settings: &Settings,
    config: &Value,
    archive: &Archive,
) -> Result<Vec<String>, Problem> {
    let clock = &job.context().clock;
    let programs = Connection::programs_of(job.context(), config)?;
    let scratch = Scratch::make(job, config, &programs, &archive.manifest)?;
    let began = clock.now_ms();
    restore::into(job, &scratch.connection, archive, settings.identities()?.as_ref(), Manner::Scratch)?;
    let took = clock.now_ms().saturating_sub(began);
    let mut session = Session::open(job, &scratch.connection)?;
    let all = Selection::default();
    let listed = tables::list(&mut session, &all)?;
    let summed = archive.manifest.tables.values().any(|table| table.content.is_some());
    let depth = if summed { Depth::Summed } else { Depth::Counted };
    let contents = tables::contents(&mut session, &listed, depth)?;
    let mut differences = archive.manifest.differences(&contents);
    let mut notes = Vec::new();
    let same_server =
        database::major(&database::about(&mut session)?) == database::major(&archive.manifest.database);
    if same_server {
        let schema = database::schema_sum(job, &scratch.connection, Vec::new())?;
        if schema != archive.manifest.schema_sha256 {
            differences.push("the schema is another".to_owned());
        }
    } else {
        notes.push("The schema was not compared: the scratch server is of another version.".to_owned());
    }
    differences
        .extend(asserts::failing(config, |query| Ok(query::first(&query::ask(&mut session, query, 1)?)))?);
    session.close()?;
    asserts::agree(&differences)?;
    let what = if summed { "rows and their sums" } else { "numbers of rows" };
    notes.insert(
        0,
        format!(
            "Restored in {}.{} s; {} compared: {what} are the same.",
            took / 1_000,
            took % 1_000 / 100,
            archive.manifest.counted()
        ),
    );
    Ok(notes)
}

/// Whether a failure of the database's program is worth telling as such.
pub(crate) fn of_tool(failed: &relplan_archive::Failed) -> Problem {
    problem_of(failed, "The snapshot cannot be restored")
}
