//! Who holds a database, so that it cannot be given another name: looked at before anything is done.

use std::fmt::Write as _;

use relplan_archive::{Job, several};
use relplan_contract::Problem;
use serde_json::Value as Json;

use crate::connection::Connection;
use crate::psql::{Session, identifier, literal};

/// At most this many are named.
const NAMED: usize = 5;

/// What keeps a database of this name from being put aside, one JSON object. Every role may see these columns of the
/// views; what another one runs, and from where, it may not.
///
/// A logical slot lets a database be renamed, and goes with it: who reads from the slot would then read what was put
/// aside, for ever, and not notice.
fn query(name: &str) -> String {
    let name = literal(name);
    format!(
        "SELECT json_build_object(\
           'current', current_database() = {name}, \
           'template', (SELECT datistemplate FROM pg_database WHERE datname = {name}), \
           'owner', (SELECT rolname FROM pg_roles JOIN pg_database ON pg_roles.oid = datdba WHERE datname = {name}), \
           'owned', (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = {name}), \
           'role', current_user, \
           'connected', (SELECT coalesce(json_agg(json_build_object('pid', pid, 'user', usename, 'name', application_name, \
               'since', xact_start IS NOT NULL) ORDER BY pid), '[]') \
             FROM pg_stat_activity WHERE datname = {name} AND pid <> pg_backend_pid() \
               AND backend_type IS DISTINCT FROM 'autovacuum worker'), \
           'prepared', (SELECT coalesce(json_agg(gid ORDER BY gid), '[]') FROM pg_prepared_xacts WHERE database = {name}), \
           'slots', (SELECT coalesce(json_agg(slot_name ORDER BY slot_name), '[]') FROM pg_replication_slots \
             WHERE slot_type = 'logical' AND database = {name}))"
    )
}

/// Refuses, with names, when the database cannot be put aside as things are. Nothing was done yet.
pub(crate) fn refuse(job: &Job, server: &Connection, name: &str) -> Result<(), Problem> {
    let mut session = Session::open(job, server)?;
    let found = session.json(&query(name))?;
    session.close()?;
    problem(&found, name).map_or(Ok(()), Err)
}

fn problem(found: &Json, name: &str) -> Option<Problem> {
    let is = |what: &str| found.get(what).and_then(Json::as_bool);
    let text = |what: &str| found.get(what).and_then(Json::as_str).unwrap_or_default().to_owned();
    if is("current") == Some(true) || is("template") == Some(true) {
        let message =
            format!("The database {name} is one of the server's own, which cannot be given another name.");
        return Some(Problem::invalid("into", message).hint("Name another database."));
    }
    if is("owned") == Some(false) {
        let message = format!(
            "The database {name} belongs to {}, and {} may not give it another name.",
            text("owner"),
            text("role")
        );
        return Some(
            Problem::invalid("into", message)
                .hint("Restore as its owner or as a superuser, or into a new database."),
        );
    }
    let (mut who, mut how) = (Vec::new(), Vec::new());
    let connected = list(found, "connected");
    if !connected.is_empty() {
        who.push(named(connected, "connection", connection));
        how.push(format!(
            "stop who uses it, and end what is left with `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}` \
             (as their role, or as one with pg_signal_backend; none but a superuser ends a superuser's)",
            literal(name)
        ));
    }
    let plain = |one: &Json| one.as_str().unwrap_or_default().to_owned();
    let prepared = list(found, "prepared");
    if !prepared.is_empty() {
        who.push(named(prepared, "prepared transaction", plain));
        how.push(format!("end each of them in {name}, with COMMIT PREPARED or ROLLBACK PREPARED"));
    }
    let slots = list(found, "slots");
    if !slots.is_empty() {
        who.push(named(slots, "logical replication slot", plain));
        how.push(
            "drop the slot with `SELECT pg_drop_replication_slot('NAME')` once its reader has stopped, and make it anew \
             afterwards: it would stay with what is put aside"
                .to_owned(),
        );
    }
    if who.is_empty() {
        return None;
    }
    let message =
        format!("The database {} is in use, and cannot be put aside: {}.", identifier(name), who.join("; "));
    let mut how = how.join("; ");
    how.get_mut(..1).into_iter().for_each(str::make_ascii_uppercase);
    Some(Problem::invalid("into", message).hint(format!("{how}. Or restore into a new database.")))
}

fn list<'j>(found: &'j Json, what: &str) -> &'j [Json] {
    found.get(what).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// `2 connections: 4711 (app, "web"), 4712 (app)`.
fn named(all: &[Json], what: &str, name: impl Fn(&Json) -> String) -> String {
    let plural = if all.len() == 1 { "" } else { "s" };
    let names: Vec<String> = all.iter().map(name).collect();
    format!("{} {what}{plural}: {}", all.len(), several(&names, NAMED))
}

fn connection(one: &Json) -> String {
    let text = |what: &str| one.get(what).and_then(Json::as_str).filter(|text| !text.is_empty());
    let mut shown = one.get("pid").map(Json::to_string).unwrap_or_default();
    let _ = write!(shown, " ({}", text("user").unwrap_or("a process of the server"));
    if let Some(name) = text("name") {
        let _ = write!(shown, ", {name:?}");
    }
    if one.get("since").and_then(Json::as_bool) == Some(true) {
        shown.push_str(", in a transaction");
    }
    shown.push(')');
    shown
}
