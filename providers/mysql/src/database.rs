//! What a database says of itself.

use std::collections::BTreeMap;

use relplan_archive::{Flow, Job};
use relplan_contract::Problem;

use crate::connection::Connection;
use crate::program::{self, Program};
use crate::session::{Session, literal, problem_of};

/// What every dump is told.
pub(crate) const COMMON: [&str; 10] = [
    "--single-transaction",
    // Under a lock on one table nothing can be drawn from a sequence, as a default of that table does.
    "--skip-add-locks",
    "--quick",
    "--routines",
    "--events",
    "--triggers",
    "--skip-lock-tables",
    "--skip-add-drop-table",
    "--no-tablespaces",
    "--default-character-set=utf8mb4",
];

/// What the database says of itself.
pub(crate) fn about(session: &mut Session<'_>, database: &str) -> Result<BTreeMap<String, String>, Problem> {
    let row = session.row(&format!(
        "SELECT VERSION(), @@version_comment, @@lower_case_table_names, default_character_set_name, default_collation_name \
         FROM information_schema.schemata WHERE schema_name = {}",
        literal(database)
    ))?;
    let names = ["server_version", "server", "lower_case_table_names", "encoding", "collate"];
    let mut all: BTreeMap<String, String> = names.map(str::to_owned).into_iter().zip(row).collect();
    all.insert("database".to_owned(), database.to_owned());
    if is_mariadb(&all) && all.get("server_version").is_some_and(|version| is_since(version, (10, 5))) {
        let comment = session.row(&format!(
            "SELECT schema_comment FROM information_schema.schemata WHERE schema_name = {}",
            literal(database)
        ))?;
        all.extend(
            comment.into_iter().filter(|text| !text.is_empty()).map(|text| ("comment".to_owned(), text)),
        );
    }
    Ok(all)
}

/// Whether it is MariaDB, else MySQL.
pub(crate) fn is_mariadb(about: &BTreeMap<String, String>) -> bool {
    about.get("server_version").is_some_and(|version| version.contains("MariaDB"))
}

/// The first two numbers of the server's version: what a dump is fit for.
pub(crate) fn series(about: &BTreeMap<String, String>) -> Option<String> {
    let mut numbers = about.get("server_version")?.split(['.', '-']);
    Some(format!("{}.{}", numbers.next()?, numbers.next()?))
}

/// Where the server's log stands: file and position, and the GTIDs. Empty where it keeps none, or the user may not see it.
pub(crate) fn place_in_log(
    job: &Job,
    connection: &Connection,
    mariadb: bool,
) -> Result<BTreeMap<String, String>, Problem> {
    let mut place = BTreeMap::new();
    let gtid = if mariadb { "SELECT @@gtid_binlog_pos" } else { "SELECT @@GLOBAL.gtid_executed" };
    let mut session = Session::open(job, connection)?;
    if let [gtid, ..] = session.row(gtid)?.as_slice()
        && !gtid.is_empty()
    {
        place.insert("gtid".to_owned(), gtid.clone());
    }
    // Refused for want of a right, a session is over: it is the last question.
    if let Ok(row) = session.row("SHOW MASTER STATUS")
        && let [file, position, ..] = row.as_slice()
    {
        place.insert("log_file".to_owned(), file.clone());
        place.insert("log_position".to_owned(), position.clone());
    }
    Ok(place)
}

/// The version of the program that dumps, and whether it is MariaDB's: `10.11.19`.
pub(crate) fn dump_version(job: &Job, connection: &Connection) -> Result<(String, bool), Problem> {
    let arguments = vec!["--version".to_owned()];
    let tool = program::start(job, connection, Program::Dump, arguments, Flow::Out, None)?;
    let written = tool.written("The program that dumps does not run", problem_of)?;
    let text = String::from_utf8_lossy(&written).into_owned();
    let behind = ["Distrib ", "from ", "Ver "];
    let version = behind.iter().find_map(|word| Some(text.split_once(word)?.1));
    let version = version.unwrap_or_default().split([' ', ',', '-']).next().unwrap_or_default();
    Ok((version.to_owned(), text.contains("MariaDB")))
}

/// Whether a version is at least this one: `10.11.19-MariaDB`.
pub(crate) fn is_since(version: &str, least: (u32, u32)) -> bool {
    let mut numbers = version.split(['.', '-']).map(|number| number.parse::<u32>().unwrap_or_default());
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()) >= least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_since("10.11.19-MariaDB", (10, 11)) && is_since("11.4.2", (10, 11)));
        assert!(!is_since("10.6.1-MariaDB", (10, 11)) && !is_since("8.0.36", (10, 11)));
        let about = BTreeMap::from([("server_version".to_owned(), "10.11.19-MariaDB".to_owned())]);
        assert_eq!((series(&about).as_deref(), is_mariadb(&about)), (Some("10.11"), true));
    }
}
