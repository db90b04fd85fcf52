//! Bringing a snapshot back: into a scratch database, or for a person.
//!
//! MySQL cannot rename a database, and cannot move triggers, views and routines from one to another. So a new or empty
//! database is filled as it is; one that has tables is put aside, and the restored one moved into its place, where
//! both hold nothing but tables; else that is refused. It ends with the restored database under the name that was asked
//! for, or with an error, and then what was there is as it was.

use std::collections::BTreeMap;
use std::io::Read;

use relplan_archive::{Archive, Depth, Flow, Identities, Job, Settings, Wanted, asserts};
use relplan_contract::{Problem, ProblemKind, Restored};

use crate::connection::Connection;
use crate::database;
use crate::in_use;
use crate::moved::Moved;
use crate::program::{self, Program};
use crate::scratch;
use crate::selection::Selection;
use crate::session::{Row, Session, identifier, literal, problem_of};
use crate::snapshot::take::DUMP;
use crate::snapshot::verify::{compared, without_history};
use crate::tables;
use crate::told;

/// Restores the dump into an empty database.
pub(crate) fn into(
    job: &Job,
    connection: &Connection,
    archive: &Archive,
    identities: Option<&Identities>,
) -> Result<(), Problem> {
    let part = archive.only_part(DUMP)?;
    let reader = archive.reader(part, identities)?;
    let taken_of = taken_of(archive);
    let mut reader: Box<dyn Read> = if [connection.database(), ""].contains(&taken_of) {
        Box::new(reader)
    } else {
        Box::new(Moved::new(reader, taken_of, connection.database()))
    };
    // With `--binary-mode` nothing in the dump is a command to the client.
    let arguments = vec![
        "--batch".to_owned(),
        "--binary-mode".to_owned(),
        // Those within routines, which the client would leave out.
        "--comments".to_owned(),
        "--max-allowed-packet=1G".to_owned(),
        "--default-character-set=utf8mb4".to_owned(),
        format!("--database={}", connection.database()),
    ];
    let mut tool = program::start(job, connection, Program::Client, arguments, Flow::In, None)?;
    let fed = tool.feed(&mut reader, &part.name);
    tool.wait().map_err(|failed| problem_of(&failed, "The snapshot cannot be restored"))?;
    fed.map_err(|error| part.unreadable(&error))
}

/// The name of the database that a snapshot was taken of; empty where it does not say.
fn taken_of(archive: &Archive) -> &str {
    archive.manifest.database.get("database").map_or("", String::as_str)
}

/// What a database holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Holds {
    tables: Vec<String>,
    /// How many views, triggers, routines and events.
    others: usize,
}

/// Why a database with more than tables in it cannot change places with another one.
const IMMOVABLE: &str = "has views, triggers, routines, sequences or events, which cannot be moved to another database with what refers to them";

impl Holds {
    fn of(session: &mut Session<'_>, database: &str) -> Result<Self, Problem> {
        let name = literal(database);
        let rows = session.run(&format!(
            "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = {name} ORDER BY table_name"
        ))?;
        let movable = ["BASE TABLE", "SYSTEM VERSIONED"];
        let is_table = |row: &&Row| row.get(1).is_some_and(|kind| movable.contains(&kind.as_str()));
        let tables: Vec<String> =
            rows.iter().filter(is_table).filter_map(|row| row.first().cloned()).collect();
        let views = rows.len() - tables.len();
        let more = session.row(&format!(
            "SELECT (SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = {name}) \
             + (SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = {name}) \
             + (SELECT COUNT(*) FROM information_schema.events WHERE event_schema = {name})"
        ))?;
        let more: usize = more.first().and_then(|count| count.parse().ok()).unwrap_or_default();
        Ok(Self { tables, others: views + more })
    }

    const fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.others == 0
    }
}

/// Restores a snapshot for a person.
pub(crate) fn for_person(
    job: &Job,
    settings: &Settings,
    archive: &Archive,
    wanted: &Wanted,
) -> Result<Restored, Problem> {
    let named = Connection::of_person(job.context(), &wanted.into, wanted.programs(job.context()))?;
    let name = named.database().to_owned();
    if name.is_empty() {
        return Err(Problem::refused("The URL names no database.").hint("Write mysql://USER@HOST/DATABASE."));
    }
    let server = named.to_database("");
    let mut session = Session::open(job, &server)?;
    let there = session
        .row(&format!("SELECT 1 FROM information_schema.schemata WHERE schema_name = {}", literal(&name)))?;
    let holds = if there.is_empty() { None } else { Some(Holds::of(&mut session, &name)?) };
    session.close()?;
    if let Some(holds) = holds.as_ref().filter(|holds| !holds.is_empty() && !wanted.over) {
        let message = format!("The database {name} is there already, with {} tables.", holds.tables.len());
        return Err(Problem::invalid("into", message)
            .hint("Name a new database. With -over it is put aside under another name, and not deleted."));
    }
    let stamp = job.context().clock.now_ms();
    let aside = holds.filter(|holds| !holds.is_empty());
    if let Some(before) = &aside {
        // Before the hours that restoring may take.
        if before.others > 0 {
            return Err(Problem::invalid("into", format!("The database {name} {IMMOVABLE}."))
                .hint("Restore into a new database, and point those who use this one to it."));
        }
        in_use::refuse(job, &server, &name, &before.tables)?;
    }
    let target = if aside.is_some() { format!("{name}_restored_{stamp}") } else { name.clone() };
    let began = job.context().clock.now_ms();
    let fresh = named.to_database(&target);
    // An empty database was made by somebody, with rights and settings: it stays, whatever becomes of this.
    let ours = there.is_empty() || aside.is_some();
    if ours {
        scratch::create(job, &server, &target, &archive.manifest.database)?;
    }
    let mut notes = match filled(job, settings, archive, &fresh) {
        Ok(notes) => notes,
        Err(problem) => return Err(taken_back(job, &server, &target, ours, problem)),
    };
    notes.push(format!("It took {} s.", job.context().clock.now_ms().saturating_sub(began) / 1_000));
    notes.push(match aside {
        None => format!("The database is {target}."),
        Some(before) => swap(job, &server, &name, &before, &target, stamp, &archive.manifest.database)?,
    });
    Ok(Restored { notes })
}

/// Restores and compares the numbers of rows; gives what a person must know.
fn filled(
    job: &Job,
    settings: &Settings,
    archive: &Archive,
    fresh: &Connection,
) -> Result<Vec<String>, Problem> {
    into(job, fresh, archive, settings.identities()?.as_ref())?;
    let mut session = Session::open(job, fresh)?;
    let listed = tables::list(&mut session, &Selection::default())?;
    let differences = compared(&mut session, &listed, archive, Depth::Counted)?;
    asserts::agree(&differences)?;
    let told = told::of_copy(&mut session, taken_of(archive), fresh.database())?;
    session.close()?;
    let all = archive.manifest.counted();
    let counted =
        if archive.manifest.exact { "as they were counted" } else { "about as they were estimated" };
    let mut notes = vec![format!("{all}, {counted} when the snapshot was taken.")];
    notes.extend(without_history(archive));
    notes.extend(told);
    Ok(notes)
}

/// Drops what is half full, where it is ours: nobody should find it.
fn taken_back(job: &Job, server: &Connection, target: &str, ours: bool, problem: Problem) -> Problem {
    let dropped = ours && scratch::drop_database(job, server, target).is_ok();
    let left = if dropped { String::new() } else { format!(" The database {target} is left half full.") };
    Problem { message: format!("{}{left}", problem.message), ..problem }
}

/// Puts the tables of a database aside and the restored ones into their place, in one statement: all or none.
fn swap(
    job: &Job,
    server: &Connection,
    name: &str,
    before: &Holds,
    restored: &str,
    stamp: i64,
    taken: &BTreeMap<String, String>,
) -> Result<String, Problem> {
    let new = holds(job, server, restored)?;
    if new.others > 0 {
        let message = format!(
            "The snapshot was restored into {restored}, and not into the place of {name}, which is as it was: what was restored {IMMOVABLE}."
        );
        return Err(Problem::refused(message)
            .hint(format!("Point those who use {name} to {restored}; or drop {restored}.")));
    }
    let aside = format!("{name}_before_{stamp}");
    let moved = |tables: &[String], from: &str, to: &str| {
        let each = tables.iter().map(|table| {
            let table = identifier(table);
            format!("{}.{table} TO {}.{table}", identifier(from), identifier(to))
        });
        each.collect::<Vec<_>>()
    };
    let mut moves = moved(&before.tables, name, &aside);
    moves.extend(moved(&new.tables, restored, name));
    let rename = format!("RENAME TABLE {}", moves.join(", "));
    let mut session = Session::open(job, server)?;
    let settings = settings_of(&database::about(&mut session, name)?);
    session.close()?;
    let [charset, collation] = &settings;
    let make = format!("CREATE DATABASE {} CHARACTER SET {charset} COLLATE {collation}", identifier(&aside));
    let swapped = Session::open(job, server).and_then(|mut session| {
        session.run(&format!("{make}; SET SESSION lock_wait_timeout = 30"))?;
        session.run_whole(&rename)?;
        session.close()
    });
    if let Err(problem) = swapped {
        // The answer can be lost, and not what it told.
        let left = holds(job, server, restored).map_err(|unasked| {
            Problem::uncertain(format!(
                "Whether the tables of {restored} are in {name} now cannot be found out: {} {}",
                problem.message, unasked.message
            ))
        })?;
        if !left.is_empty() {
            let emptied = holds(job, server, &aside).is_ok_and(|holds| holds.is_empty());
            let dropped = emptied && scratch::drop_database(job, server, &aside).is_ok();
            let first = if dropped { format!("{make}; ") } else { String::new() };
            let message = format!(
                "The snapshot was restored, but its tables could not be moved into {name}: {}{} {name} is as it was. The restored database is {restored}.",
                problem.message,
                in_use::who(job, server, name)
            );
            let hint = format!(
                "When nobody uses {name}, run `{first}{rename}`; or drop {restored}, and restore again."
            );
            return Err(Problem { kind: ProblemKind::Refused, message, ..problem }.hint(hint));
        }
    }
    let dropped = scratch::drop_database(job, server, restored).is_ok();
    let left = if dropped { String::new() } else { format!(" {restored} is empty now; drop it.") };
    let other = kept(name, &settings, &settings_of(taken));
    Ok(format!(
        "The tables that were in {name} are now in {aside}; drop it when nobody misses it.{left}{other}"
    ))
}

/// The character set and the collation that a database gives its new tables, of what it says of itself.
fn settings_of(about: &BTreeMap<String, String>) -> [String; 2] {
    ["encoding", "collate"].map(|setting| about.get(setting).cloned().unwrap_or_default())
}

/// What is said of a database that kept settings of its own, others than those of the one that was taken.
fn kept(name: &str, settings: &[String; 2], taken: &[String; 2]) -> String {
    let [charset, collation] = taken;
    if settings == taken || charset.is_empty() {
        return String::new();
    }
    format!(
        " The database {name} kept its rights and settings, and is for new tables not as it was: `ALTER DATABASE {} CHARACTER SET {charset} COLLATE {collation}` would do that.",
        identifier(name)
    )
}

fn holds(job: &Job, server: &Connection, database: &str) -> Result<Holds, Problem> {
    let mut session = Session::open(job, server)?;
    let holds = Holds::of(&mut session, database)?;
    session.close()?;
    Ok(holds)
}
