//! Bringing a snapshot back: into a scratch database, or for a person into a new database that then takes the name.

use std::io::{self, Read as _, Write as _};

use relplan_archive::{Archive, Depth, Flow, Identities, Job, Part, Settings, Wanted, asserts, side_thread};
use relplan_contract::{Problem, ProblemKind, Restored};

use crate::connection::Connection;
use crate::in_use;
use crate::program;
use crate::psql::{Session, identifier, literal};
use crate::scratch;
use crate::selection::Selection;
use crate::snapshot::take::{GLOBALS, ROWS, SCHEMA, WHOLE};
use crate::snapshot::verify::of_tool;
use crate::tables;

/// How it is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// To be compared and thrown away: owners and rights of the source may not exist there.
    Scratch,
    /// For good: owners and rights come back, too.
    Real,
}

/// Restores every part into an empty database.
pub(crate) fn into(
    job: &Job,
    connection: &Connection,
    archive: &Archive,
    identities: Option<&Identities>,
    manner: Manner,
) -> Result<(), Problem> {
    let target = Target { job, connection, archive, identities, manner };
    let named = |beginning: &str| {
        let parts = archive.manifest.parts.iter();
        parts.filter(|part| part.name.starts_with(beginning)).collect::<Vec<_>>()
    };
    let mut found = 0;
    for part in named(WHOLE) {
        target.restore(part, &[])?;
        found += 1;
    }
    for part in named(SCHEMA) {
        let rows = named(ROWS);
        target.restore(part, &["--section=pre-data"])?;
        side_by_side(&rows, |rows| target.restore(rows, &["--section=data"]))?;
        target.restore_indexes(part, rows.len())?;
        found += 1;
    }
    if found != 1 || archive.manifest.parts.iter().any(|part| !is_known(part)) {
        return Err(Problem::refused("The snapshot has parts that this relplan does not know.")
            .hint("Use a newer relplan."));
    }
    Ok(())
}

/// Works on each on a thread of its own.
fn side_by_side<T: Sync>(all: &[T], work: impl Fn(&T) -> Result<(), Problem> + Sync) -> Result<(), Problem> {
    std::thread::scope(|scope| {
        let work = &work;
        let each =
            all.iter().map(|one| side_thread(scope, move || work(one))).collect::<Result<Vec<_>, _>>()?;
        let ended = each.into_iter().map(|one| {
            one.join().unwrap_or_else(|_| {
                Err(Problem::uncertain("A restore broke off: this is a fault in relplan."))
            })
        });
        ended.collect::<Result<(), _>>()
    })
}

fn is_known(part: &Part) -> bool {
    [WHOLE, SCHEMA, ROWS, GLOBALS].iter().any(|beginning| part.name.starts_with(beginning))
}

/// Whether a line of `pg_restore --list` stands for an index, or a constraint that is one: `3360; 2606 16400 CONSTRAINT ...`.
fn is_index(line: &str) -> bool {
    let what = line.splitn(4, ' ').nth(3).unwrap_or_default();
    !line.starts_with(';')
        && !what.starts_with("INDEX ATTACH ")
        && ["INDEX ", "CONSTRAINT "].iter().any(|word| what.starts_with(word))
}

struct Target<'t> {
    job: &'t Job,
    connection: &'t Connection,
    archive: &'t Archive,
    identities: Option<&'t Identities>,
    manner: Manner,
}

impl Target<'_> {
    /// Restores what comes after the rows: indexes side by side, since they take longest, then what builds on them.
    fn restore_indexes(&self, part: &Part, jobs: usize) -> Result<(), Problem> {
        let contents = self.contents(part)?;
        let (indexes, others): (Vec<&str>, Vec<&str>) = contents.lines().partition(|line| is_index(line));
        let mut hands = vec![String::new(); jobs.clamp(1, indexes.len().max(1))];
        for (number, line) in indexes.into_iter().enumerate() {
            let hand = number % hands.len();
            hands.get_mut(hand).into_iter().for_each(|hand| hand.extend([line, "\n"]));
        }
        side_by_side(&hands, |lines| self.restore_listed(part, lines))?;
        self.restore_listed(part, &others.join("\n"))
    }

    /// The list of what comes after the rows, a line each.
    fn contents(&self, part: &Part) -> Result<String, Problem> {
        let mut reader = self.archive.reader(part, self.identities)?;
        let arguments = ["--list", "--section=post-data"].map(str::to_owned).to_vec();
        let mut tool = program::start(self.job, self.connection, "pg_restore", arguments, Flow::Both, None)?;
        let unread = |error: io::Error| Problem::refused(format!("pg_restore cannot be read: {error}."));
        let (mut output, mut input) = (tool.output().map_err(unread)?, tool.input().map_err(unread)?);
        let mut list = String::new();
        std::thread::scope(|scope| {
            // It reads no further than it needs; what it did not want is read by those who restore.
            side_thread(scope, move || self.job.copy(&mut reader, &mut input, &part.name))?;
            output.read_to_string(&mut list).map_err(unread)
        })?;
        tool.wait().map_err(|failed| of_tool(&failed))?;
        Ok(list)
    }

    /// Restores the listed objects of a part.
    fn restore_listed(&self, part: &Part, lines: &str) -> Result<(), Problem> {
        let unwritable = |error: io::Error| {
            Problem::refused(format!("The list of what is restored cannot be written: {error}."))
        };
        let mut list = tempfile::NamedTempFile::new().map_err(unwritable)?;
        list.write_all(lines.as_bytes()).map_err(unwritable)?;
        let list = format!("--use-list={}", list.path().display());
        self.restore(part, &["--section=post-data", &list])
    }

    fn restore(&self, part: &Part, more: &[&str]) -> Result<(), Problem> {
        let database = self.connection.database().unwrap_or_default().to_owned();
        let mut arguments =
            vec!["--exit-on-error".to_owned(), "--no-password".to_owned(), format!("--dbname={database}")];
        arguments.extend(more.iter().map(|text| (*text).to_owned()));
        if self.manner == Manner::Scratch {
            arguments.extend(
                [
                    "--no-owner",
                    "--no-privileges",
                    "--no-publications",
                    "--no-subscriptions",
                    "--no-tablespaces",
                ]
                .map(str::to_owned),
            );
        }
        let mut reader = self.archive.reader(part, self.identities)?;
        let mut tool = program::start(self.job, self.connection, "pg_restore", arguments, Flow::In, None)?;
        let fed = tool.feed(&mut reader, &part.name);
        tool.wait().map_err(|failed| of_tool(&failed))?;
        fed.map_err(|error| part.unreadable(&error))
    }
}

/// Restores a snapshot for a person: into a new database, which then gets the name that was asked for.
///
/// It ends with the restored database under that name, or with an error: what was there then still has its name.
pub(crate) fn for_person(
    job: &Job,
    settings: &Settings,
    archive: &Archive,
    wanted: &Wanted,
) -> Result<Restored, Problem> {
    let named = Connection::of_person(job.context(), &wanted.into, wanted.programs(job.context()))?;
    let Some(name) = named.database().map(str::to_owned) else {
        return Err(
            Problem::refused("The URL names no database.").hint("Write postgres://USER@HOST/DATABASE.")
        );
    };
    let server = named.to_database("postgres");
    let there = looked_at(job, &server, &named, &name)?;
    if let Some(tables) = there.filter(|tables| *tables > 0 && !wanted.over) {
        let message = format!("The database {name} is there already, with {tables} tables.");
        return Err(Problem::invalid("into", message)
            .hint("Name a new database. With -over it is put aside under another name, and not deleted."));
    }
    if there.is_some() {
        // Before the hours that restoring may take.
        in_use::refuse(job, &server, &name)?;
    }
    let stamp = job.context().clock.now_ms();
    let (new, aside) = (format!("{name}_restored_{stamp}"), format!("{name}_before_{stamp}"));
    scratch::create(job, &server, &new, &archive.manifest.database)?;
    let began = job.context().clock.now_ms();
    let fresh = named.to_database(&new);
    let filled = into(job, &fresh, archive, settings.identities()?.as_ref(), Manner::Real)
        .and_then(|()| compared(job, &fresh, archive));
    let mut notes = match filled {
        Ok(note) => vec![note],
        Err(problem) => {
            // The database is ours alone, and half-full: nobody should find it.
            let dropped = Session::open(job, &server)
                .and_then(|mut session| session.run_text(&format!("DROP DATABASE {}", identifier(&new))));
            let left = if dropped.is_err() {
                format!(" The database {new} could not be dropped.")
            } else {
                String::new()
            };
            return Err(Problem { message: format!("{}{left}", problem.message), ..problem });
        }
    };
    notes.push(format!("It took {} s.", job.context().clock.now_ms().saturating_sub(began) / 1_000));
    take_the_name(job, &server, &name, &new, there.map(|_| &*aside))?;
    notes.push(match there {
        Some(_) => format!("The database that was there is now {aside}; drop it when nobody misses it."),
        None => format!("The database {name} is new."),
    });
    Ok(Restored { notes })
}

/// Gives the restored database its name, once the one that has it has another.
fn take_the_name(
    job: &Job,
    server: &Connection,
    name: &str,
    new: &str,
    aside: Option<&str>,
) -> Result<(), Problem> {
    let rename =
        |from: &str, to: &str| format!("ALTER DATABASE {} RENAME TO {}", identifier(from), identifier(to));
    let mut renames: Vec<String> = aside.map(|aside| rename(name, aside)).into_iter().collect();
    renames.push(rename(new, name));
    // Somebody may have connected meanwhile. Those who do so only for a moment are waited for.
    let in_use = |problem: &Problem| problem.message.contains("is being accessed by other users");
    let mut tries = 0..2;
    let problem = loop {
        match swap(job, server, &renames) {
            Ok(()) => return Ok(()),
            Err(problem) if in_use(&problem) && tries.next().is_some() => {}
            Err(problem) => break problem,
        }
    };
    match is_there(job, server, new) {
        // The answer was lost, and not what it told.
        Ok(false) => return Ok(()),
        Ok(true) => {}
        Err(unasked) => {
            let message = format!(
                "Whether the restored database {new} has the name {name} now cannot be found out: {} {}",
                problem.message, unasked.message
            );
            return Err(Problem::uncertain(message).hint("Look at the list of databases (`psql -l`)."));
        }
    }
    let here = aside.map_or_else(String::new, |_| format!(" {name} is as it was."));
    let who = match aside.map(|_| in_use::refuse(job, server, name)) {
        Some(Err(users)) => format!(" {}", users.message),
        _ => String::new(),
    };
    let message = format!(
        "The snapshot was restored, but does not have the name {name}: {}{who}{here} The restored database is {new}.",
        problem.message
    );
    Err(Problem { kind: ProblemKind::Refused, message, ..problem }.hint(format!(
        "When nobody is connected to {name}, run `{}`; or drop {new}, and restore again.",
        renames.join("; ")
    )))
}

/// Gives databases other names, all or none: never is there no database of the name.
fn swap(job: &Job, server: &Connection, renames: &[String]) -> Result<(), Problem> {
    let mut session = Session::open(job, server)?;
    session.run("BEGIN")?;
    for rename in renames {
        session.run_text(rename)?;
    }
    session.run("COMMIT")?;
    session.close()
}

/// Whether the server has a database of this name.
fn is_there(job: &Job, server: &Connection, name: &str) -> Result<bool, Problem> {
    let mut session = Session::open(job, server)?;
    let there = session.run(&format!("SELECT 1 FROM pg_database WHERE datname = {}", literal(name)))?;
    session.close()?;
    Ok(!there.is_empty())
}

/// How many tables the database has; none where it is not there.
fn looked_at(
    job: &Job,
    server: &Connection,
    named: &Connection,
    name: &str,
) -> Result<Option<usize>, Problem> {
    if !is_there(job, server, name)? {
        return Ok(None);
    }
    let mut session = Session::open(job, named)?;
    let tables = tables::list(&mut session, &Selection::default())?;
    session.close()?;
    Ok(Some(tables.len()))
}

/// Compares the numbers of rows with those of the snapshot.
fn compared(job: &Job, connection: &Connection, archive: &Archive) -> Result<String, Problem> {
    let mut session = Session::open(job, connection)?;
    let listed = tables::list(&mut session, &Selection::default())?;
    let contents = tables::contents(&mut session, &listed, Depth::Counted)?;
    session.close()?;
    let differences = archive.manifest.differences(&contents);
    asserts::agree(&differences)?;
    let counted = archive.manifest.counted();
    let how = if archive.manifest.exact { "as they were counted" } else { "by the estimates of" };
    Ok(format!("{counted}, {how} when the snapshot was taken."))
}
