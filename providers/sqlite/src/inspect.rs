//! Looking at a copy: whether it is whole, what is in it, and its hash.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use relplan_contract::Problem;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};

/// What a whole copy is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub sha256: String,
    pub bytes: i64,
    pub pages: i64,
    /// Rows of each table.
    pub tables: BTreeMap<String, i64>,
}

/// Checks a copy that nobody else uses, and gives its facts.
pub(crate) fn inspect(path: &Path) -> Result<Facts, Problem> {
    let failed = |error: rusqlite::Error| {
        Problem::refused(format!("The copy of the database is damaged: {error}."))
            .hint("The database itself may be damaged: run `PRAGMA integrity_check` on it.")
    };
    let copy = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    let verdict: String =
        copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        return Err(Problem::refused(format!("The copy of the database is damaged: {verdict}."))
            .hint("The database itself may be damaged: run `PRAGMA integrity_check` on it."));
    }
    let pages = copy.query_row("PRAGMA page_count", [], |row| row.get(0)).map_err(failed)?;
    let tables = rows(&copy).map_err(failed)?;
    drop(copy);
    let (sha256, bytes) =
        hash(path).map_err(|error| Problem::refused(format!("The copy cannot be read: {error}.")))?;
    Ok(Facts { sha256, bytes, pages, tables })
}

fn rows(copy: &Connection) -> Result<BTreeMap<String, i64>, rusqlite::Error> {
    let mut statement = copy.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut tables = BTreeMap::new();
    for name in names {
        let quoted = name.replace('"', "\"\"");
        let count = copy.query_row(&format!("SELECT count(*) FROM \"{quoted}\""), [], |row| row.get(0))?;
        tables.insert(name, count);
    }
    Ok(tables)
}

/// SHA-256 of a file in hexadecimal, and its length in bytes; read piece by piece.
pub(crate) fn hash(path: &Path) -> std::io::Result<(String, i64)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut bytes = 0_i64;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
        bytes += i64::try_from(count).unwrap_or_default();
    }
    let hex: Vec<String> = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((hex.concat(), bytes))
}
