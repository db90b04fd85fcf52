//! Proving a snapshot: by its sums, by reading all of it, or by restoring it and comparing.

use std::io;

use relplan_archive::{Archive, Flow, Identities, Job, Part, Settings, asserts};
use relplan_contract::{Problem, Value};

use super::catalogue::{self, CATALOGUE, Catalogue, TEXT};
use super::take::GLOBALS;
use crate::connection::Connection;
use crate::facts;
use crate::program;
use crate::psql::{Session, problem_of};
use crate::query;
use crate::restore::{self, Manner};
use crate::schema;
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
    if [GLOBALS, CATALOGUE, TEXT].iter().any(|name| part.name.starts_with(name)) {
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
    let identities = settings.identities()?;
    let known = Catalogue::read(archive, identities.as_ref())?;
    let text = catalogue::read(archive, TEXT, identities.as_ref())?;
    let mut scratch = Scratch::make(job, config, &programs, &archive.manifest)?;
    let mut notes: Vec<String> = scratch.note.iter().cloned().collect();
    let own = scratch.is_own() && known.is_some();
    let manner = if own { Manner::Own } else { Manner::Lent };
    let compared = known.is_some();
    let known = known.unwrap_or_default();
    if own {
        scratch.give_roles(&known.roles)?;
    }
    let began = clock.now_ms();
    restore::into(job, &scratch.connection, archive, identities.as_ref(), manner, &known)
        .map_err(|problem| lacking(problem, manner))?;
    let took = clock.now_ms().saturating_sub(began);
    let mut session = Session::open(job, &scratch.connection)?;
    let summed = archive.manifest.tables.values().any(|table| table.content.is_some());
    let contents = tables::contents_like(&mut session, &archive.manifest, summed)?;
    let mut differences = archive.manifest.differences(&contents);
    if compared {
        differences.extend(compare(&mut session, &known, manner, &mut notes)?);
    }
    match &text {
        Some(text) => differences.extend(rewritten(job, &mut scratch, text, &known, &mut notes)?),
        None => notes.extend(old(job, &scratch, archive)?),
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

/// Whether a restore failed for a role that the server does not have.
pub(crate) fn lacks_role(problem: &Problem) -> bool {
    problem.message.contains("role \"") && problem.message.contains("does not exist")
}

/// A snapshot that needs what a server of somebody else's lacks tells nothing of the snapshot.
fn lacking(problem: Problem, manner: Manner) -> Problem {
    if !lacks_role(&problem) || manner != Manner::Lent {
        return problem;
    }
    problem.hint(
        "The server of `scratch { url }` lacks a role of the source's. Make it there, or let relplan start a server of its own, which has them all.",
    )
}

/// What the catalogue of the copy says otherwise than that of the source.
fn compare(
    session: &mut Session<'_>,
    known: &Catalogue,
    manner: Manner,
    notes: &mut Vec<String>,
) -> Result<Vec<String>, Problem> {
    let own = manner == Manner::Own;
    if !own {
        notes.push("Owners, rights, publications and subscriptions were not compared: the scratch server has roles of its own.".to_owned());
    } else if !known.subscriptions.is_empty() {
        notes.push("Subscriptions were made, and not enabled.".to_owned());
    }
    if !known.properties.labels.is_empty() {
        notes.push("Security labels were not compared.".to_owned());
    }
    let mut differences = facts::differences(&known.facts, &facts::of(session, &Selection::default())?, own);
    let found = catalogue::large_objects(session)?;
    match (&known.large_objects, &found) {
        (Some(taken), Some(found)) if found != taken => {
            differences.push("the large objects are others".to_owned());
        }
        (Some(_), Some(_)) => {}
        (_, Some(found)) if found.starts_with("0 ") => {}
        _ => {
            notes.push("Large objects were not compared: one of the roles may not read them all.".to_owned());
        }
    }
    Ok(differences)
}

/// What the schema of the copy says otherwise than that of the source, once the source's was made in the same way.
fn rewritten(
    job: &Job,
    scratch: &mut Scratch<'_>,
    text: &str,
    known: &Catalogue,
    notes: &mut Vec<String>,
) -> Result<Vec<String>, Problem> {
    let copy = schema::text(job, &scratch.connection, known.arguments.clone())?;
    if schema::differing(text, &copy).is_empty() {
        return Ok(Vec::new());
    }
    let second = scratch.second()?;
    let made = restore::needed(job, &second, &known.needs).and_then(|()| schema::run(job, &second, text));
    if let Err(problem) = made {
        job.check()?;
        notes.push(format!("Expressions of the schema were not compared: {}", problem.message));
        return Ok(Vec::new());
    }
    let differing = schema::differing(&schema::text(job, &second, known.arguments.clone())?, &copy);
    if differing.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![format!("the schema is another: {}", differing.join(", "))])
}

/// Of a snapshot that an older relplan took, only a sum of its schema is known.
fn old(job: &Job, scratch: &Scratch<'_>, archive: &Archive) -> Result<Option<String>, Problem> {
    let same =
        schema::sum(&schema::text(job, &scratch.connection, Vec::new())?) == archive.manifest.schema_sha256;
    Ok((!same).then(|| {
        "The schema was not compared: an older relplan took this snapshot, and PostgreSQL writes the schema of the copy otherwise.".to_owned()
    }))
}

/// What a failure of `pg_restore` means.
pub(crate) fn of_tool(failed: &relplan_archive::Failed) -> Problem {
    let problem = problem_of(failed, "The snapshot cannot be restored");
    let reason = failed.reason();
    if !reason.ends_with("does not exist") {
        return problem;
    }
    if reason.contains("tablespace \"") {
        return problem.hint("Make the tablespace there first: CREATE TABLESPACE.");
    }
    if ["relation \"", "function ", "type \"", "operator "].iter().any(|word| reason.contains(word)) {
        return problem.hint(
            "A restore looks for no name outside of its schema: in the source, write names in functions and in queries that are texts \
             with their schema, or give the function its own `SET search_path`.",
        );
    }
    problem
}
