//! What a database holds beside rows, each with a sum of how it is made: compared one by one, so that a difference has a name.
//!
//! Both sides are what a server says now, and not what was dumped. The name of the database is taken out where the server
//! writes it by itself, so that a copy of another name is compared as well. What counts rows or time is no part of it.

use std::collections::BTreeMap;

use relplan_archive::Sum;
use relplan_contract::Problem;

use crate::moved::{behind, moved, trigger_moved};
use crate::session::{Row, Session, identifier, literal};
use crate::tables::{Dumped, Listed};

/// Refuses a snapshot of which a part could not be restored, because what it is made of is left out.
pub(crate) fn check_whole(
    session: &mut Session<'_>,
    database: &str,
    listed: &[Listed],
) -> Result<(), Problem> {
    let left_out =
        |name: &String| listed.iter().any(|other| other.name == *name && other.dumped == Dumped::Nothing);
    if listed.iter().all(|table| table.dumped != Dumped::Nothing) {
        return Ok(());
    }
    for table in listed.iter().filter(|table| table.dumped != Dumped::Nothing) {
        // The one names the database before everything that a view reads, the other before sequences only.
        let sql = if table.kind() == "view" {
            let (database, name) = (literal(database), literal(&table.name));
            format!(
                "SELECT 1, view_definition FROM information_schema.views WHERE table_schema = {database} AND table_name = {name}"
            )
        } else {
            format!("SHOW CREATE {} {}", table.kind().to_uppercase(), identifier(&table.name))
        };
        let row = session.row(&sql)?;
        let needed = behind(row.get(1).map_or(&[], |text| text.as_bytes()), database);
        if let Some(missing) = needed.iter().find(|name| left_out(name)) {
            let (kind, name) = (table.kind(), &table.name);
            return Err(Problem::invalid(
                "exclude_tables",
                format!("The {kind} {name} needs {missing}, which is left out: the snapshot could not be restored."),
            )
            .hint(format!("Leave {name} out as well, or take {missing} along; its rows may stay behind with exclude_table_data.")));
        }
    }
    Ok(())
}

/// The kind of an account in whose name something runs: no part of the database, but what runs there needs it.
const ACCOUNT: &str = "account";

/// The kind of events that happen once: a server drops them when their time is over, also while they are restored.
const ONCE: &str = "event for once";

/// What those of the listed tables and views that are dumped are made of, and everything else of the session's database.
pub(crate) fn list(
    session: &mut Session<'_>,
    database: &str,
    listed: &[Listed],
) -> Result<BTreeMap<String, String>, Problem> {
    let mut all = BTreeMap::new();
    let name = literal(database);
    for table in listed.iter().filter(|table| table.dumped != Dumped::Nothing) {
        let (kind, quoted) = (table.kind(), identifier(&table.name));
        let row = session.row(&format!("SHOW CREATE {} {quoted}", kind.to_uppercase()))?;
        let text = row.get(1).map_or("", String::as_str);
        let text = if kind == "table" { without_counter(text) } else { text.to_owned() };
        put(&mut all, kind, &table.name, &moved(text.as_bytes(), database, None));
    }
    let sql = format!(
        "SELECT trigger_name, event_object_table, action_order, definer FROM information_schema.triggers WHERE trigger_schema = {name}"
    );
    for row in session.run(&sql)? {
        let [trigger, table, order, definer] = row.as_slice() else { continue };
        let dumped = |listed: &Listed| listed.name == *table && listed.dumped != Dumped::Nothing;
        if listed.iter().any(dumped) {
            let made = made(session, "TRIGGER", trigger, database)?;
            put(
                &mut all,
                "trigger",
                trigger,
                &[trigger_moved(&made, database, None), order.clone().into_bytes()].concat(),
            );
            account(&mut all, definer);
        }
    }
    let sql = format!(
        "SELECT routine_name, routine_type, definer FROM information_schema.routines WHERE routine_schema = {name}"
    );
    for row in session.run(&sql)? {
        let [routine, kind, definer] = row.as_slice() else { continue };
        let made = made(session, kind, routine, database)?;
        put(&mut all, &kind.to_lowercase(), routine, &made);
        account(&mut all, definer);
    }
    let sql = format!(
        "SELECT event_name, event_type, definer FROM information_schema.events WHERE event_schema = {name}"
    );
    for row in session.run(&sql)? {
        let [event, kind, definer] = row.as_slice() else { continue };
        let made = made(session, "EVENT", event, database)?;
        endless(event, &made)?;
        put(&mut all, if kind == "ONE TIME" { ONCE } else { "event" }, event, &made);
        account(&mut all, definer);
    }
    let views = session.run(&format!(
        "SELECT table_name, definer FROM information_schema.views WHERE table_schema = {name}"
    ))?;
    for row in views {
        let [view, definer] = row.as_slice() else { continue };
        if all.contains_key(&key("view", view)) {
            account(&mut all, definer);
        }
    }
    Ok(all)
}

fn key(kind: &str, name: &str) -> String {
    format!("{kind} {name}")
}

fn put(all: &mut BTreeMap<String, String>, kind: &str, name: &str, made: &[u8]) {
    all.insert(key(kind, name), Sum::of(made).sha256);
}

fn account(all: &mut BTreeMap<String, String>, definer: &str) {
    all.insert(key(ACCOUNT, definer), String::new());
}

/// All that the server tells of how something is made, but not when.
fn made(session: &mut Session<'_>, kind: &str, name: &str, database: &str) -> Result<Vec<u8>, Problem> {
    let mut row: Row =
        session.row(&format!("SHOW CREATE {kind} {}.{}", identifier(database), identifier(name)))?;
    if kind == "TRIGGER" {
        row.truncate(6);
    }
    Ok(row.join("\n").into_bytes())
}

/// The program that dumps looks for an end of statements that is not in the text of an event: where `;;` is, MariaDB's looks for ever.
fn endless(event: &str, made: &[u8]) -> Result<(), Problem> {
    if made.windows(2).any(|pair| pair == b";;") {
        return Err(Problem::refused(format!(
            "The event {event} has `;;` in its text, at which mariadb-dump never ends."
        ))
        .hint("Write the event without it: one `;` more than is needed, or a text in two parts."));
    }
    Ok(())
}

/// How a table is made, without its next number, which changes with every row.
fn without_counter(made: &str) -> String {
    // The options stand behind the last bracket that begins a line; before, any text may stand.
    let Some((columns, options)) = made.rsplit_once("\n) ENGINE=") else { return made.to_owned() };
    let Some((before, after)) =
        options.split_once(" AUTO_INCREMENT=").filter(|(before, _)| !before.contains('\''))
    else {
        return made.to_owned();
    };
    format!("{columns}\n) ENGINE={before}{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// The accounts that a snapshot's objects run as: name, and host; a role has none.
pub(crate) fn accounts(objects: &BTreeMap<String, String>) -> Vec<(String, Option<String>)> {
    let beginning = key(ACCOUNT, "");
    let definers = objects.keys().filter_map(|key| key.strip_prefix(&beginning));
    let split = |definer: &str| match definer.rsplit_once('@') {
        Some((name, host)) if !host.is_empty() => (name.to_owned(), Some(host.to_owned())),
        Some((name, _)) => (name.to_owned(), None),
        None => (definer.to_owned(), None),
    };
    definers.map(split).collect()
}

/// What differs between those of a snapshot and those of a copy, in words; and what need not be there any more.
pub(crate) fn differences(
    taken: &BTreeMap<String, String>,
    copy: &BTreeMap<String, String>,
) -> (Vec<String>, Vec<String>) {
    let (mut found, mut over) = (Vec::new(), Vec::new());
    let is_account = |name: &str| name.starts_with(&key(ACCOUNT, ""));
    for (name, sum) in taken.iter().filter(|(name, _)| !is_account(name)) {
        match copy.get(name) {
            Some(other) if other != sum => found.push(format!("the {name} is another")),
            None if name.starts_with(ONCE) => {
                over.push(format!("The {name} is not in the copy: its time was over."));
            }
            None => found.push(format!("the {name} is missing")),
            Some(_) => {}
        }
    }
    let new = copy.keys().filter(|name| !taken.contains_key(*name) && !is_account(name));
    found.extend(new.map(|name| format!("the {name} is new")));
    (found, over)
}

/// One sum of all of them.
pub(crate) fn sum(objects: &BTreeMap<String, String>) -> String {
    let lines: Vec<String> = objects.iter().map(|(name, sum)| format!("{sum} {name}")).collect();
    Sum::of(lines.join("\n").as_bytes()).sha256
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_number_is_no_part_of_a_table() {
        let made = "CREATE TABLE `t` (\n  `a` int COMMENT ' AUTO_INCREMENT=4'\n) ENGINE=InnoDB AUTO_INCREMENT=51 DEFAULT CHARSET=x";
        assert_eq!(without_counter(made), made.replace(" AUTO_INCREMENT=51", ""));
        let remark = "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB COMMENT=' AUTO_INCREMENT=4'";
        assert_eq!(without_counter(remark), remark);
    }

    #[test]
    fn each_difference_has_a_name() {
        let of = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, sum)| ((*name).to_owned(), (*sum).to_owned())).collect()
        };
        let taken = of(&[("view a", "1"), ("table b", "1"), ("event for once c", "1"), ("account x@%", "")]);
        let copy = of(&[("view a", "2"), ("trigger d", "1")]);
        let (found, over) = differences(&taken, &copy);
        assert_eq!(found, ["the table b is missing", "the view a is another", "the trigger d is new"]);
        assert_eq!(over.len(), 1);
        assert_eq!(accounts(&taken), [("x".to_owned(), Some("%".to_owned()))]);
    }
}
