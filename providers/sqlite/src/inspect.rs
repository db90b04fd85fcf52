//! Looking at a copy: whether it is whole, and what is in it.
//!
//! A database may need what only its application has: collations, functions, modules. What SQLite cannot look at without them is
//! said; it is no damage.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;

use relplan_archive::{Facts, Manifest, Sum, Table};
use relplan_contract::Problem;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// How many functions of an application are stood in for.
const FUNCTIONS: usize = 100;

/// What was found in a copy.
pub(crate) struct Found {
    pub(crate) facts: Facts,
    /// What could not be looked at, in sentences.
    pub(crate) unseen: Vec<String>,
}

impl Found {
    /// What differs between the tables of a snapshot and these, in words.
    pub(crate) fn differences(&self, manifest: &Manifest) -> Vec<String> {
        let mut manifest = manifest.clone();
        // An older relplan counted what a module told.
        manifest.tables.retain(|name, _| !self.facts.objects.contains_key(&uncounted(name)));
        manifest.differences(&self.facts.tables)
    }

    /// How far it was checked, in words.
    pub(crate) const fn checked(&self) -> &'static str {
        if self.unseen.is_empty() { "integrity_check: ok" } else { "checked as far as that goes" }
    }
}

fn uncounted(name: &str) -> String {
    format!("uncounted table {name}")
}

/// Opens a copy that nobody else uses.
pub(crate) fn open(path: &Path) -> Result<Connection, Problem> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|error| damaged(&error.to_string()))
}

fn damaged(why: &str) -> Problem {
    Problem::refused(format!("The copy of the database is damaged: {why}."))
        .hint("The database itself may be damaged: run `PRAGMA integrity_check` on it.")
}

fn failed(error: &rusqlite::Error) -> Problem {
    damaged(&error.to_string())
}

/// Has SQLite check a copy, and gives its facts.
pub(crate) fn inspect(path: &Path) -> Result<Found, Problem> {
    let copy = open(path)?;
    let mut unseen = Vec::new();
    if let Some(why) = check(&copy, "integrity_check(1)", &[])? {
        let pages = bare(path)?;
        unseen = check_each(&copy, &pages, &why)?;
    }
    // Without the orders of the application, nothing but rows can be counted.
    let mut objects = BTreeMap::new();
    let tables = rows(&bare(path)?, &mut objects, &mut unseen)?;
    let facts = Facts {
        engine: "sqlite".to_owned(),
        database: about(&copy).map_err(|error| failed(&error))?,
        tools: BTreeMap::from([("sqlite".to_owned(), rusqlite::version().to_owned())]),
        tables,
        exact: true,
        schema_sha256: schema_sum(&copy).map_err(|error| failed(&error))?,
        objects,
    };
    Ok(Found { facts, unseen })
}

/// Runs a check. An error when it finds damage; a reason when it cannot be made here. Lines with one of these beginnings count as none.
fn check(copy: &Connection, pragma: &str, ignored: &[&str]) -> Result<Option<String>, Problem> {
    let all = copy.prepare(&format!("PRAGMA {pragma}")).and_then(|mut statement| {
        statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()
    });
    match all {
        Ok(lines) => {
            let counts =
                |line: &&String| *line != "ok" && !ignored.iter().any(|words| line.starts_with(words));
            lines.iter().find(counts).map_or(Ok(None), |line| Err(damaged(line)))
        }
        Err(error) if is_wanting(&error) => Ok(Some(reason(&error))),
        Err(error) => Err(failed(&error)),
    }
}

/// Whether an error says that the database needs something that is not here; damage has codes of its own.
fn is_wanting(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::Unknown) || error.sqlite_error_code().is_none()
}

/// The error without the statement that it is about.
fn reason(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } | rusqlite::Error::SqliteFailure(_, Some(msg)) => {
            msg.clone()
        }
        other => other.to_string(),
    }
}

/// Checks table by table where all of them together cannot be checked, and the pages of all.
fn check_each(copy: &Connection, bare: &Connection, why: &str) -> Result<Vec<String>, Problem> {
    let mut unseen = Vec::new();
    for name in ordinary(copy).map_err(|error| failed(&error))? {
        if let Some(why) = check(copy, &format!("integrity_check({})", quoted(&name)), &[])? {
            unseen.push(format!(
                "The order and the keys of the table {name} were not checked, only its pages and rows: {why}."
            ));
        }
    }
    // What the stand-ins answer is no verdict on what rows hold.
    let ignored = [
        "NULL value in",
        "CHECK constraint failed in",
        "non-",
        "TEXT value in",
        "NUMERIC value in",
        "row not in PRIMARY KEY order",
    ];
    for _ in 0..FUNCTIONS {
        let Some(why) = check(bare, "quick_check(1000)", &ignored)? else {
            if unseen.is_empty() {
                unseen.push(format!("Something in it was not checked, only pages and tables: {why}."));
            }
            return Ok(unseen);
        };
        let name = why.split_once("unknown function: ").and_then(|(_, rest)| rest.split('(').next());
        let Some(name) = name else { break };
        bare.create_scalar_function(name, -1, FunctionFlags::SQLITE_DETERMINISTIC, |_| {
            Ok(rusqlite::types::Null)
        })
        .map_err(|error| failed(&error))?;
    }
    unseen.push(format!("Whether all of its pages are used once was not checked: {why}."));
    Ok(unseen)
}

/// A connection with orders for what only the application can order.
fn bare(path: &Path) -> Result<Connection, Problem> {
    let bare = open(path)?;
    bare.collation_needed(stand_in).map_err(|error| failed(&error))?;
    Ok(bare)
}

fn stand_in(connection: &Connection, name: &str) -> Result<(), rusqlite::Error> {
    connection.create_collation(name, |one: &str, other: &str| -> Ordering { one.cmp(other) })
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What the database says of itself.
fn about(copy: &Connection) -> Result<BTreeMap<String, String>, rusqlite::Error> {
    let mut all = BTreeMap::new();
    for name in ["page_count", "page_size", "user_version", "application_id", "encoding", "auto_vacuum"] {
        let value: rusqlite::types::Value =
            copy.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?;
        all.insert(name.to_owned(), text(value));
    }
    Ok(all)
}

/// The names of tables that have pages of their own, and are not SQLite's.
fn ordinary(copy: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    let mut statement = copy.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND lower(substr(name, 1, 7)) <> 'sqlite_' ORDER BY name",
    )?;
    statement.query_map([], |row| row.get(0))?.collect()
}

fn rows(
    copy: &Connection,
    objects: &mut BTreeMap<String, String>,
    unseen: &mut Vec<String>,
) -> Result<BTreeMap<String, Table>, Problem> {
    let wrong = |error: rusqlite::Error| failed(&error);
    let mut tables = BTreeMap::new();
    for name in ordinary(copy).map_err(wrong)? {
        let sql = format!("SELECT count(*) FROM {} NOT INDEXED", quoted(&name));
        match copy.query_row(&sql, [], |row| row.get(0)) {
            Ok(rows) => {
                tables.insert(name, Table { rows, content: None });
            }
            Err(error) if is_wanting(&error) => {
                unseen.push(format!("The rows of the table {name} were not counted: {}.", reason(&error)));
                objects.insert(uncounted(&name), String::new());
            }
            Err(error) => return Err(failed(&error)),
        }
    }
    let mut statement = copy
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage = 0")
        .map_err(wrong)?;
    let modules = statement.query_map([], |row| row.get::<_, String>(0)).map_err(wrong)?;
    for name in modules {
        objects.insert(uncounted(&name.map_err(wrong)?), String::new());
    }
    Ok(tables)
}

/// The sum of the schema as SQLite keeps it.
fn schema_sum(copy: &Connection) -> Result<String, rusqlite::Error> {
    let mut statement = copy.prepare("SELECT coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")?;
    let all: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(Sum::of(all.join(";\n").as_bytes()).sha256)
}

/// The first value that a query gives, as text; none where it gives no row, or NULL.
pub(crate) fn first(copy: &Connection, query: &str) -> Result<Option<String>, Problem> {
    let failed = |error: rusqlite::Error| {
        Problem::refused(format!("The assert {query:?} cannot be asked: {error}."))
            .about(relplan_contract::Path::attribute("assert"))
    };
    let mut statement = copy.prepare(query).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let Some(row) = rows.next().map_err(failed)? else { return Ok(None) };
    let value: rusqlite::types::Value = row.get(0).map_err(failed)?;
    Ok(Some(value).filter(|value| *value != rusqlite::types::Value::Null).map(text))
}

fn text(value: rusqlite::types::Value) -> String {
    use rusqlite::types::Value;
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
