//! What a database says of itself, and what it answers to a person's questions.

use std::collections::BTreeMap;

use relplan_archive::{Flow, Job};
use relplan_contract::Problem;

use crate::connection::Connection;
use crate::program;
use crate::psql::{Session, problem_of};

/// What the database says of itself.
pub(crate) fn about(session: &mut Session<'_>) -> Result<BTreeMap<String, String>, Problem> {
    let json = session.json(
        "SELECT jsonb_build_object('database', current_database(), 'server_version', current_setting('server_version'), \
         'version_number', current_setting('server_version_num'), 'encoding', pg_encoding_to_char(encoding), \
         'collate', datcollate, 'ctype', datctype, \
         'locale_provider', to_jsonb(d)->>'datlocprovider', 'locale', coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'), \
         'locale_rules', to_jsonb(d)->>'daticurules', 'lc_monetary', current_setting('lc_monetary'), \
         'lsn', CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text) \
         FROM pg_database d WHERE datname = current_database()",
    )?;
    let members = json.as_object().into_iter().flatten();
    Ok(members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect())
}

/// The first number of the server's version.
pub(crate) fn major(database: &BTreeMap<String, String>) -> Option<u32> {
    Some(database.get("version_number")?.parse::<u32>().ok()? / 10_000)
}

/// The version of `pg_dump`: `15.14`.
pub(crate) fn dump_version(job: &Job, connection: &Connection) -> Result<String, Problem> {
    let arguments = vec!["--version".to_owned()];
    let tool = program::start(job, connection, "pg_dump", arguments, Flow::Out, None)?;
    let written = tool.written("pg_dump does not run", problem_of)?;
    let text = String::from_utf8_lossy(&written);
    let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    Ok(version.unwrap_or_default().to_owned())
}
