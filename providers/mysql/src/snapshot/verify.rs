//! Proving a snapshot: by reading all of it, or by restoring it and comparing.

use std::collections::BTreeSet;
use std::io;

use relplan_archive::{Archive, Depth, Job, Settings, asserts};
use relplan_contract::{Problem, Value};

use super::take::{COMPLETED, DUMP};
use crate::connection::Connection;
use crate::database;
use crate::objects;
use crate::restore;
use crate::scratch::Scratch;
use crate::selection::Selection;
use crate::session::Session;
use crate::tables::{self, Listed};

/// What a snapshot says of the history of rows that is in it.
pub(crate) const IN_IT: &str = "in it";

/// Reads the dump to its end: every table of the manifest must be made in it, and its last line must be there.
pub(crate) fn read(job: &Job, settings: &Settings, archive: &Archive) -> Result<Vec<String>, Problem> {
    let part = archive.only_part(DUMP)?;
    let mut reader = archive.reader(part, settings.identities()?.as_ref())?;
    let mut seen = Seen::default();
    job.copy(&mut reader, &mut seen, "reading").map_err(|error| {
        Problem::conflict(format!("The dump cannot be read: {error}."))
            .hint("It is damaged. Use another snapshot.")
    })?;
    seen.end_line();
    let missing: Vec<&str> = archive
        .manifest
        .tables
        .keys()
        .map(String::as_str)
        .filter(|name| !seen.tables.contains(*name))
        .collect();
    if !missing.is_empty() || !seen.completed {
        let what =
            if seen.completed { format!("the tables {}", missing.join(", ")) } else { "its end".to_owned() };
        return Err(Problem::conflict(format!("The dump lacks {what}."))
            .hint("This snapshot cannot be trusted. Take another one."));
    }
    let mut notes =
        vec![format!("Decrypted where it was encrypted, and read to its end; {} tables.", seen.tables.len())];
    notes.extend(without_history(archive));
    Ok(notes)
}

/// What was seen in a dump that is written to this.
#[derive(Debug, Default)]
struct Seen {
    /// The beginning of the line that is not ended yet.
    line: Vec<u8>,
    tables: BTreeSet<String>,
    completed: bool,
}

/// How much of a line is looked at: a name has 64 characters at most.
const LOOKED_AT: usize = 400;

impl Seen {
    fn end_line(&mut self) {
        if let Ok(text) = str::from_utf8(&self.line) {
            if let Some(rest) = text.strip_prefix("CREATE TABLE `") {
                let name = rest.strip_suffix(" (").unwrap_or(rest);
                self.tables.insert(name.strip_suffix('`').unwrap_or(name).replace("``", "`"));
            }
            // Only at the end: rows may hold any text, but never at the beginning of a line.
            self.completed = text.starts_with(COMPLETED) || (self.completed && text.is_empty());
        }
        self.line.clear();
    }
}

impl io::Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            let room = LOOKED_AT.saturating_sub(self.line.len()).min(text.len());
            self.line.extend_from_slice(text.get(..room).unwrap_or_default());
            if piece.ends_with(b"\n") {
                self.end_line();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// That what rows were before is not in a snapshot, where that is so.
pub(crate) fn without_history(archive: &Archive) -> Option<String> {
    archive.manifest.database.get("history").filter(|told| *told != IN_IT).cloned()
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
    restore::into(job, &scratch.connection, archive, settings.identities()?.as_ref())
        .map_err(|problem| elsewhere(problem, scratch.connection.database()))?;
    let took = clock.now_ms().saturating_sub(began);
    let mut session = Session::open(job, &scratch.connection)?;
    let summed = archive.manifest.tables.values().any(|table| table.content.is_some());
    let depth = if summed { Depth::Summed } else { Depth::Counted };
    let listed = tables::list(&mut session, &Selection::default())?;
    let mut differences = compared(&mut session, &listed, archive, depth)?;
    let mut notes = Vec::new();
    let about = database::about(&mut session, scratch.connection.database())?;
    if database::series(&about) == database::series(&archive.manifest.database) {
        let (found, over) = schema(&mut session, scratch.connection.database(), &listed, archive)?;
        differences.extend(found);
        notes.extend(over);
    } else {
        notes.push("The schema was not compared: the scratch server is of another version.".to_owned());
    }
    differences.extend(asserts::failing(config, |query| {
        Ok(session.row(query.trim().trim_end_matches(';'))?.into_iter().next())
    })?);
    session.close()?;
    asserts::agree(&differences)?;
    let what = match (archive.manifest.exact, summed) {
        (false, _) => "the tables",
        (true, false) => "numbers of rows",
        (true, true) => "rows and their sums",
    };
    let (seconds, tenths) = (took / 1_000, took % 1_000 / 100);
    let counted = archive.manifest.counted();
    notes.extend(without_history(archive));
    notes.insert(0, format!("Restored in {seconds}.{tenths} s; {counted} compared: {what} are the same."));
    Ok(notes)
}

/// What differs between a snapshot and a database that was restored from it.
pub(crate) fn compared(
    session: &mut Session<'_>,
    listed: &[Listed],
    archive: &Archive,
    depth: Depth,
) -> Result<Vec<String>, Problem> {
    let history = archive.manifest.database.get("history").is_some_and(|told| told == IN_IT);
    let contents = tables::contents(session, listed, depth, history)?;
    Ok(archive.manifest.differences(&contents))
}

/// What a failed restore means where something in the snapshot refers to another database: that is not on the scratch server.
fn elsewhere(problem: Problem, database: &str) -> Problem {
    let ours = format!("'{database}.");
    let other = |line: &str| {
        line.contains("ERROR 1049")
            || (line.contains("ERROR 1146") && line.contains('\'') && !line.contains(&ours))
    };
    if !problem.message.lines().chain(problem.detail.lines()).any(other) {
        return problem;
    }
    problem.hint(
        "Something in it refers to another database, which the scratch server has not. Name a server that has it as `scratch { url = ... }`, or \
         write verify = \"read\": it can be restored only where that database is.",
    )
}

/// What differs in how things are made, and what could not be compared.
fn schema(
    session: &mut Session<'_>,
    database: &str,
    listed: &[Listed],
    archive: &Archive,
) -> Result<(Vec<String>, Vec<String>), Problem> {
    let taken = &archive.manifest.objects;
    if taken.is_empty() && !archive.manifest.tables.is_empty() {
        let told =
            "The schema was not compared: an older relplan took the snapshot, and summed it otherwise.";
        return Ok((Vec::new(), vec![told.to_owned()]));
    }
    Ok(objects::differences(taken, &objects::list(session, database, listed)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_is_whole_only_with_its_last_line() {
        let whole = "CREATE TABLE `a``b``` (\n  `x` int\n);\nINSERT INTO `a` VALUES\n('-- Dump completed');\n-- Dump completed\n";
        let seen = |text: &str| {
            let mut seen = Seen::default();
            io::Write::write_all(&mut seen, text.as_bytes()).expect("seen");
            seen.end_line();
            seen
        };
        assert!(seen(whole).completed && seen(whole).tables.contains("a`b`"));
        assert!(!seen(&whole[..whole.len() - 5]).completed);
        assert!(!seen(&format!("{whole}more\n")).completed);
    }
}
