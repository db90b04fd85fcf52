//! Looking at a copy: whether it is whole, and what is in it.

use std::collections::BTreeMap;
use std::path::Path;

use relplan_archive::{Facts, Sum, Table};
use relplan_contract::Problem;
use rusqlite::{Connection, OpenFlags};

/// Opens a copy that nobody else uses.
pub(crate) fn open(path: &Path) -> Result<Connection, Problem> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|error| damaged(&error.to_string()))
}

fn damaged(why: &str) -> Problem {
    Problem::refused(format!("The copy of the database is damaged: {why}."))
        .hint("The database itself may be damaged: run `PRAGMA integrity_check` on it.")
}

/// Has SQLite check a copy, and gives its facts.
pub(crate) fn inspect(copy: &Connection) -> Result<Facts, Problem> {
    let failed = |error: rusqlite::Error| damaged(&error.to_string());
    let verdict: String =
        copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        return Err(damaged(&verdict));
    }
    Ok(Facts {
        engine: "sqlite".to_owned(),
        database: about(copy).map_err(failed)?,
        tools: BTreeMap::from([("sqlite".to_owned(), rusqlite::version().to_owned())]),
        tables: rows(copy).map_err(failed)?,
        exact: true,
        schema_sha256: schema_sum(copy).map_err(failed)?,
    })
}

/// What the database says of itself.
fn about(copy: &Connection) -> Result<BTreeMap<String, String>, rusqlite::Error> {
    let mut all = BTreeMap::new();
    for name in ["page_count", "page_size", "user_version", "application_id", "encoding"] {
        let value: rusqlite::types::Value =
            copy.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?;
        all.insert(name.to_owned(), text(value));
    }
    Ok(all)
}

fn rows(copy: &Connection) -> Result<BTreeMap<String, Table>, rusqlite::Error> {
    let mut statement = copy.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut tables = BTreeMap::new();
    for name in names {
        let quoted = name.replace('"', "\"\"");
        let rows = copy.query_row(&format!("SELECT count(*) FROM \"{quoted}\""), [], |row| row.get(0))?;
        tables.insert(name, Table { rows, content: None });
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
