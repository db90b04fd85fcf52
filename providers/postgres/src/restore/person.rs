//! Bringing a snapshot back for a person: into a new database that then takes the name, with what belonged to the one that had it.

use relplan_archive::{Archive, Job, Settings, Wanted, asserts};
use relplan_contract::{Problem, ProblemKind, Restored};

use super::{Manner, into};
use crate::connection::Connection;
use crate::in_use;
use crate::properties::{Locale, Properties, carry};
use crate::psql::{Session, identifier, literal};
use crate::scratch;
use crate::snapshot::catalogue::Catalogue;
use crate::snapshot::verify::lacks_role;
use crate::tables;

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
    let identities = settings.identities()?;
    let known = Catalogue::read(archive, identities.as_ref())?.unwrap_or_default();
    let before = there.map(|_| properties(job, &server, &name)).transpose()?;
    let stamp = job.context().clock.now_ms();
    let (new, aside) = (beside(&name, "restored", stamp), beside(&name, "before", stamp));
    // The rows are in the encoding of the source: another one may not have all of its characters.
    let taken = Locale::of(&archive.manifest.database);
    let like = before.as_ref().map(|before| before.locale.clone());
    let like =
        like.filter(|like| taken.encoding.is_empty() || like.encoding == taken.encoding).unwrap_or(taken);
    let poorer = scratch::create(job, &server, &new, &like)?;
    let began = job.context().clock.now_ms();
    let fresh = named.to_database(&new);
    let filled = announce(job, &server, before.as_ref(), &name, &new)
        .and_then(|()| into(job, &fresh, archive, identities.as_ref(), Manner::Real, &known))
        .and_then(|()| compared(job, &fresh, archive))
        .and_then(|note| Ok((note, carried(job, &server, before.as_ref(), &known, &name, &new)?)));
    let (note, mut carried) = match filled {
        Ok(filled) => filled,
        Err(problem) => return Err(given_up(job, &server, &fresh, &new, roles(&known, problem))),
    };
    let took = job.context().clock.now_ms().saturating_sub(began) / 1_000;
    let mut notes = vec![note, format!("It took {took} s.")];
    notes.extend(poorer);
    notes.append(&mut carried);
    take_the_name(job, &server, &name, &new, there.map(|_| &*aside))?;
    notes.push(match there {
        Some(_) => format!("The database that was there is now {aside}; drop it when nobody misses it."),
        None => format!("The database {name} is new."),
    });
    Ok(Restored { notes })
}

/// The name of a database beside another one: PostgreSQL would cut off the end of one that is longer than 63 bytes.
fn beside(name: &str, what: &str, stamp: i64) -> String {
    let end = format!("_{what}_{stamp}");
    let mut begin = name.to_owned();
    while begin.len() + end.len() > 63 && begin.pop().is_some() {}
    format!("{begin}{end}")
}

fn properties(job: &Job, server: &Connection, name: &str) -> Result<Properties, Problem> {
    let mut session = Session::open(job, server)?;
    let properties = Properties::of(&mut session, name)?;
    session.close()?;
    Ok(properties)
}

/// Tells, before the hours that restoring may take, what of the database that is put aside the restored one cannot be given.
fn announce(
    job: &Job,
    server: &Connection,
    before: Option<&Properties>,
    name: &str,
    new: &str,
) -> Result<(), Problem> {
    let Some(before) = before else { return Ok(()) };
    let wanting = before.wanting(&properties(job, server, new)?, new);
    for (number, (statement, reason)) in carry(job, server, &wanting, false)?.iter().enumerate() {
        if number == 0 {
            job.context()
                .progress
                .line(&format!("the database {name} has what must be given to it by hand afterwards:"));
        }
        let statement = statement.replacen(&identifier(new), &identifier(name), 1);
        job.context().progress.line(&format!("  {statement};  -- {reason}"));
    }
    Ok(())
}

/// Gives the restored database what the one had that is put aside, looks whether it has it, and says what is left to be done.
fn carried(
    job: &Job,
    server: &Connection,
    before: Option<&Properties>,
    known: &Catalogue,
    name: &str,
    new: &str,
) -> Result<Vec<String>, Problem> {
    let mut notes = Vec::new();
    if let Some(before) = before {
        carry(job, server, &before.wanting(&properties(job, server, new)?, new), true)?;
    }
    let has = properties(job, server, new)?;
    let wanted = before.unwrap_or(&known.properties);
    // In statements for the name that it will have. A snapshot of an older relplan knows of none.
    let wanting = if *wanted == Properties::default() { Vec::new() } else { wanted.wanting(&has, name) };
    let by_hand = wanting.join("; ");
    match (before, wanting.is_empty()) {
        (Some(_), true) => notes.push(
            "Owner, rights, connection limit and settings are those of the database that was there."
                .to_owned(),
        ),
        (Some(_), false) => notes.push(format!(
            "The database that was there had what this one could not be given. By hand: {by_hand};"
        )),
        (None, true) => {}
        (None, false) => notes.push(format!(
            "A new database has none of the owner, rights and settings of the one that was taken: {by_hand};"
        )),
    }
    notes.extend(before.and_then(|before| before.fixed(&has)));
    if !known.subscriptions.is_empty() {
        let enable = known.subscriptions.iter();
        let enable = enable.map(|one| format!("ALTER SUBSCRIPTION {} ENABLE;", identifier(one)));
        notes.push(format!(
            "Subscriptions come back disabled, so that no two databases read from one slot: {}",
            enable.collect::<Vec<_>>().join(" ")
        ));
    }
    Ok(notes)
}

/// Says which roles are to be made first, where one was missing.
fn roles(known: &Catalogue, problem: Problem) -> Problem {
    if known.used_roles.is_empty() || !lacks_role(&problem) {
        return problem;
    }
    let all: Vec<String> = known.used_roles.iter().map(|role| identifier(role)).collect();
    problem.hint(format!("Make the roles that the database needs first (CREATE ROLE): {}.", all.join(", ")))
}

/// The database is ours alone, and half-full: nobody should find it.
fn given_up(job: &Job, server: &Connection, fresh: &Connection, new: &str, problem: Problem) -> Problem {
    // One with a subscription cannot be dropped; they were never enabled.
    let freed = Session::open(job, fresh).and_then(|mut session| {
        let subscriptions = session.run(
            "SELECT quote_ident(subname) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid \
             WHERE d.datname = current_database()",
        )?;
        for name in subscriptions {
            session.run_text(&format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE)"))?;
            session.run_text(&format!("DROP SUBSCRIPTION {name}"))?;
        }
        session.close()
    });
    let dropped = freed
        .and_then(|()| Session::open(job, server))
        .and_then(|mut session| session.run_text(&format!("DROP DATABASE {}", identifier(new))));
    let left =
        if dropped.is_err() { format!(" The database {new} could not be dropped.") } else { String::new() };
    Problem { message: format!("{}{left}", problem.message), ..problem }
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
    let tables = tables::list(&mut session)?;
    session.close()?;
    Ok(Some(tables.len()))
}

/// Compares the numbers of rows with those of the snapshot.
fn compared(job: &Job, connection: &Connection, archive: &Archive) -> Result<String, Problem> {
    let mut session = Session::open(job, connection)?;
    let contents = tables::contents_like(&mut session, &archive.manifest, false)?;
    session.close()?;
    let differences = archive.manifest.differences(&contents);
    asserts::agree(&differences)?;
    let counted = archive.manifest.counted();
    let how = if archive.manifest.exact { "as they were counted" } else { "by the estimates of" };
    Ok(format!("{counted}, {how} when the snapshot was taken."))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use relplan_contract::conformance::context_in;

    use super::*;

    #[tokio::test]
    async fn what_is_half_full_goes_with_its_subscriptions() {
        let server = postgres_server::Server::start();
        server.shop("shop", 1);
        for name in ["plain", "\"My sub; --\""] {
            server.sql(
                "shop",
                &format!("CREATE SUBSCRIPTION {name} CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false, slot_name = 'x')"),
            );
        }
        let context = context_in(Path::new("/"), "postgres_snapshot.it");
        let url = server.url("shop");
        let told = Job::run(&context, move |job| {
            let fresh = Connection::of_person(job.context(), &url, None)?;
            let server = fresh.to_database("postgres");
            Ok(given_up(job, &server, &fresh, "shop", Problem::refused("It broke off.")).message)
        });
        assert_eq!(told.await.expect("told"), "It broke off.");
        assert_eq!(server.sql("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'shop'"), "0");
    }

    #[test]
    fn names_beside_another_one_are_whole_and_differ() {
        assert_eq!(beside("shop", "before", 17), "shop_before_17");
        let long = "å".repeat(31);
        let (one, other) = (beside(&long, "restored", 17), beside(&long, "before", 17));
        assert!(
            one.len() <= 63 && other.len() <= 63 && one != other && one.ends_with("_restored_17"),
            "{one}"
        );
    }
}
