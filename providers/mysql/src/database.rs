//! What a database says of itself.

use std::collections::BTreeMap;

use relplan_archive::{Flow, Job, Sum};
use relplan_contract::Problem;

use crate::connection::Connection;
use crate::program::{self, Program};
use crate::session::{Session, literal, problem_of};

/// What every dump is told, with rows or without.
pub(crate) const COMMON: [&str; 9] = [
    "--single-transaction",
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

/// The sum of a schema, without what changes with every row that is written.
pub(crate) fn schema_sum(job: &Job, connection: &Connection, more: &[String]) -> Result<String, Problem> {
    let mut arguments: Vec<String> = COMMON.map(str::to_owned).to_vec();
    arguments.extend(["--no-data", "--skip-comments", "--skip-opt", "--create-options"].map(str::to_owned));
    arguments.extend(more.iter().cloned());
    arguments.push(connection.database().to_owned());
    let tool = program::start(job, connection, Program::Dump, arguments, Flow::Out, None)?;
    let written = tool.written("The schema cannot be read", problem_of)?;
    let text = String::from_utf8_lossy(&written);
    let name = format!("`{}`", connection.database());
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("ALTER DATABASE"));
    let lines = lines.map(|line| without_counter(line).replace(&name, "`"));
    Ok(Sum::of(lines.collect::<Vec<_>>().join("\n").as_bytes()).sha256)
}

/// The line without the next number of a table.
fn without_counter(line: &str) -> String {
    let Some((before, after)) = line.split_once(" AUTO_INCREMENT=") else { return line.to_owned() };
    format!("{before}{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_number_is_no_part_of_the_schema() {
        assert_eq!(without_counter(") ENGINE=InnoDB AUTO_INCREMENT=51 DEFAULT"), ") ENGINE=InnoDB DEFAULT");
        assert_eq!(without_counter("`a` int"), "`a` int");
        let about = BTreeMap::from([("server_version".to_owned(), "10.11.19-MariaDB".to_owned())]);
        assert_eq!((series(&about).as_deref(), is_mariadb(&about)), (Some("10.11"), true));
    }
}
