//! Bringing the parts of a snapshot into an empty database.

pub(crate) mod person;

use std::io::{self, Read as _, Write as _};

use relplan_archive::{Archive, Flow, Identities, Job, Part, side_thread};
use relplan_contract::Problem;

use crate::chosen::Needs;
use crate::connection::Connection;
use crate::program;
use crate::psql::{Session, identifier, literal};
use crate::snapshot::catalogue::{CATALOGUE, Catalogue, Role, TEXT};
use crate::snapshot::take::{GLOBALS, ROWS, SCHEMA, WHOLE};
use crate::snapshot::verify::of_tool;

/// How it is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// To be compared and thrown away, on a server whose roles are others: owners and rights of the source may not exist there.
    Lent,
    /// To be compared and thrown away, on a server that was given the roles of the source.
    Own,
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
    known: &Catalogue,
) -> Result<(), Problem> {
    let connection = &prepared(job, connection, archive, &known.needs)?;
    let target = Target { job, connection, archive, identities, manner, known };
    let named = |beginning: &str| {
        let parts = archive.manifest.parts.iter();
        parts.filter(|part| part.name.starts_with(beginning)).collect::<Vec<_>>()
    };
    let mut found = 0;
    for part in named(WHOLE) {
        target.restore_first(part, &[])?;
        found += 1;
    }
    for part in named(SCHEMA) {
        let rows = named(ROWS);
        target.restore_first(part, &["--section=pre-data"])?;
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

/// Makes what a dump needs and does not hold.
pub(crate) fn needed(job: &Job, connection: &Connection, needs: &Needs) -> Result<(), Problem> {
    if *needs == Needs::default() {
        return Ok(());
    }
    let mut session = Session::open(job, connection)?;
    for schema in needs.all_schemas().filter(|schema| *schema != "pg_catalog") {
        session.run_text(&format!("CREATE SCHEMA IF NOT EXISTS {}", identifier(schema)))?;
    }
    for (extension, schema) in &needs.extensions {
        let (extension, schema) = (identifier(extension), identifier(schema));
        session.run_text(&format!("CREATE EXTENSION IF NOT EXISTS {extension} WITH SCHEMA {schema}"))?;
    }
    session.close()
}

/// Makes what the dump needs; gives the connection with the forms of the source's values.
fn prepared(
    job: &Job,
    connection: &Connection,
    archive: &Archive,
    needs: &Needs,
) -> Result<Connection, Problem> {
    needed(job, connection, needs)?;
    // A dump has amounts of money in the form of the source's locale: `1,00` and `1.00` mean another sum elsewhere.
    let money = archive.manifest.database.get("lc_monetary").map_or("", String::as_str);
    if money.is_empty() || money.contains([' ', '\\']) {
        return Ok(connection.clone());
    }
    let mut session = Session::open(job, connection)?;
    let known = session.run(&format!("SELECT set_config('lc_monetary', {}, false)", literal(money))).is_ok();
    if known {
        return Ok(connection.with_options(&[("lc_monetary", money.to_owned())]));
    }
    job.check()?;
    let line = format!("this server does not know the form of amounts of money of the source ({money})");
    job.context().progress.line(&line);
    Ok(connection.clone())
}

/// Where a line of a list of `pg_restore` stands for one of these schemas, which are there already: the schema and its owner.
/// `4; 2615 2200 SCHEMA - public owner`; an owner with a space is told from the end of another schema's name by the roles.
fn owned_schema<'l>(line: &'l str, there: &[&'l str], roles: &[Role]) -> Option<(&'l str, &'l str)> {
    let what = line.splitn(4, ' ').nth(3).filter(|_| !line.starts_with(';'))?.strip_prefix("SCHEMA - ")?;
    there.iter().find_map(|schema| {
        let owner = what.strip_prefix(schema)?.strip_prefix(' ')?;
        let known = !owner.contains(' ') || roles.iter().any(|role| role.name == owner);
        known.then_some((*schema, owner))
    })
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
    [WHOLE, SCHEMA, ROWS, GLOBALS, CATALOGUE, TEXT].iter().any(|beginning| part.name.starts_with(beginning))
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
    known: &'t Catalogue,
}

impl Target<'_> {
    /// Restores what comes first, without the schemas that are there: `pg_dump` makes `public` anew where schemas are chosen by
    /// name, and every new database has one already.
    fn restore_first(&self, part: &Part, more: &[&str]) -> Result<(), Problem> {
        let contents = self.contents(part, more)?;
        let there: Vec<&str> = std::iter::once("public").chain(self.known.needs.all_schemas()).collect();
        let owned = |line| owned_schema(line, &there, &self.known.roles);
        let found: Vec<(&str, &str)> = contents.lines().filter_map(owned).collect();
        if found.is_empty() {
            return self.restore(part, more);
        }
        if self.manner != Manner::Lent {
            let mut session = Session::open(self.job, self.connection)?;
            for (schema, owner) in found {
                let (schema, owner) = (identifier(schema), identifier(owner));
                session.run_text(&format!("ALTER SCHEMA {schema} OWNER TO {owner}"))?;
            }
            session.close()?;
        }
        let others: Vec<&str> = contents.lines().filter(|line| owned(line).is_none()).collect();
        self.restore_listed(part, &others.join("\n"))
    }

    /// Restores what comes after the rows: indexes side by side, since they take longest, then what builds on them.
    fn restore_indexes(&self, part: &Part, jobs: usize) -> Result<(), Problem> {
        let contents = self.contents(part, &["--section=post-data"])?;
        let (indexes, others): (Vec<&str>, Vec<&str>) = contents.lines().partition(|line| is_index(line));
        let mut hands = vec![String::new(); jobs.clamp(1, indexes.len().max(1))];
        for (number, line) in indexes.into_iter().enumerate() {
            let hand = number % hands.len();
            hands.get_mut(hand).into_iter().for_each(|hand| hand.extend([line, "\n"]));
        }
        side_by_side(&hands, |lines| self.restore_listed(part, lines))?;
        self.restore_listed(part, &others.join("\n"))
    }

    /// The list of what is in a part, a line each.
    fn contents(&self, part: &Part, more: &[&str]) -> Result<String, Problem> {
        let mut reader = self.archive.reader(part, self.identities)?;
        let arguments = ["--list"].iter().chain(more).map(|text| (*text).to_owned()).collect();
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
        // Without a section: `pg_restore` would take comments and rights for those of another section than their object's.
        self.restore(part, &[&list])
    }

    fn restore(&self, part: &Part, more: &[&str]) -> Result<(), Problem> {
        let database = self.connection.database().unwrap_or_default().to_owned();
        let mut arguments =
            vec!["--exit-on-error".to_owned(), "--no-password".to_owned(), format!("--dbname={database}")];
        arguments.extend(more.iter().map(|text| (*text).to_owned()));
        let without: &[&str] = match self.manner {
            Manner::Real => &[],
            Manner::Own => &["--no-tablespaces", "--no-security-labels"],
            Manner::Lent => &[
                "--no-owner",
                "--no-privileges",
                "--no-publications",
                "--no-subscriptions",
                "--no-tablespaces",
                "--no-security-labels",
            ],
        };
        arguments.extend(without.iter().map(|text| (*text).to_owned()));
        let mut reader = self.archive.reader(part, self.identities)?;
        let mut tool = program::start(self.job, self.connection, "pg_restore", arguments, Flow::In, None)?;
        let fed = tool.feed(&mut reader, &part.name);
        tool.wait().map_err(|failed| of_tool(&failed))?;
        fed.map_err(|error| part.unreadable(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_that_are_there_are_found_in_a_list() {
        let roles = [Role { name: "the app".to_owned(), superuser: false }];
        let found = |line: &'static str| owned_schema(line, &["public", "my parts"], &roles);
        assert_eq!(
            found("4; 2615 2200 SCHEMA - public pg_database_owner"),
            Some(("public", "pg_database_owner"))
        );
        assert_eq!(found("4; 2615 2200 SCHEMA - public the app"), Some(("public", "the app")));
        assert_eq!(found("4; 2615 2200 SCHEMA - my parts app"), Some(("my parts", "app")));
        for line in [
            "; 4; 2615 2200 SCHEMA - public owner",
            "5; 2615 16999 SCHEMA - public_2 owner",
            "5; 2615 16999 SCHEMA - public 2 owner",
            "6; 0 0 COMMENT - SCHEMA public owner",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
