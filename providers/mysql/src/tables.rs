//! What the tables of a database hold: how many rows, and a sum over them that does not depend on their order.

use std::collections::BTreeMap;

use relplan_archive::{Depth, Table};
use relplan_contract::Problem;

use crate::selection::Selection;
use crate::session::{Session, identifier};

/// A table or view as the catalogue knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) name: String,
    /// Whether it is a table, with rows of its own.
    pub(crate) is_table: bool,
    /// Whether its engine knows transactions.
    pub(crate) transactional: bool,
    /// What of it is dumped.
    pub(crate) dumped: Dumped,
    /// Rows as the engine estimates them.
    pub(crate) rows: i64,
    /// Size on the disk, in bytes.
    pub(crate) bytes: i64,
}

/// What of a table is dumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dumped {
    /// Nothing.
    Nothing,
    /// How it is made, but none of its rows.
    Schema,
    /// All of it.
    Rows,
}

impl Listed {
    /// Whether it has rows of its own, and they are dumped.
    pub(crate) fn has_rows(&self) -> bool {
        self.is_table && self.dumped == Dumped::Rows
    }
}

/// All tables and views of the session's database, with what a selection says of each.
pub(crate) fn list(session: &mut Session<'_>, selection: &Selection) -> Result<Vec<Listed>, Problem> {
    let (wanted, without_rows) = selection.conditions("t.table_name");
    let sql = format!(
        "SELECT t.table_name, t.table_type, COALESCE(e.transactions, 'NO'), {wanted}, {without_rows}, \
         COALESCE(t.table_rows, 0), COALESCE(t.data_length, 0) + COALESCE(t.index_length, 0) \
         FROM information_schema.tables t LEFT JOIN information_schema.engines e ON e.engine = t.engine \
         WHERE t.table_schema = DATABASE() ORDER BY t.table_name"
    );
    let read = |row: Vec<String>| match row.as_slice() {
        [name, kind, transactions, wanted, without_rows, rows, bytes] => Some(Listed {
            name: name.clone(),
            is_table: ["BASE TABLE", "SYSTEM VERSIONED"].contains(&kind.as_str()),
            transactional: transactions == "YES",
            dumped: match (wanted.as_str(), without_rows.as_str()) {
                ("1", "0") => Dumped::Rows,
                ("1", _) => Dumped::Schema,
                _ => Dumped::Nothing,
            },
            rows: rows.parse().unwrap_or_default(),
            bytes: bytes.parse().unwrap_or_default(),
        }),
        _ => None,
    };
    Ok(session.run(&sql)?.into_iter().filter_map(read).collect())
}

/// What each of the tables holds whose rows are wanted, in the session's own snapshot of the database.
pub(crate) fn contents(
    session: &mut Session<'_>,
    tables: &[Listed],
    depth: Depth,
) -> Result<BTreeMap<String, Table>, Problem> {
    let columns = if depth == Depth::Summed { columns(session)? } else { BTreeMap::new() };
    let mut all = BTreeMap::new();
    for listed in tables.iter().filter(|listed| listed.has_rows()) {
        let table = match depth {
            Depth::Estimated => Table { rows: listed.rows, content: None },
            Depth::Counted | Depth::Summed => {
                count(session, &listed.name, columns.get(&listed.name).map(Vec::as_slice))?
            }
        };
        all.insert(listed.name.clone(), table);
    }
    Ok(all)
}

/// The sum of each column, as SQL; by table. What the server itself writes into a row is left out.
fn columns(session: &mut Session<'_>) -> Result<BTreeMap<String, Vec<String>>, Problem> {
    let rows = session.run(
        "SELECT table_name, column_name, LOWER(data_type) FROM information_schema.columns WHERE table_schema = DATABASE() \
         AND COALESCE(generation_expression, '') NOT IN ('ROW START', 'ROW END') ORDER BY table_name, ordinal_position",
    )?;
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        if let [table, column, kind] = row.as_slice() {
            all.entry(table.clone()).or_default().push(summed(&identifier(column), kind));
        }
    }
    Ok(all)
}

/// The sum of a value: over its own bytes where it is made of bytes, else over how it is written.
fn summed(column: &str, kind: &str) -> String {
    let bytes = ["char", "text", "binary", "blob", "enum", "set"];
    let shapes = ["geometry", "point", "linestring", "polygon", "geomcollection", "geometrycollection"];
    let text = if bytes.iter().any(|ending| kind.ends_with(ending)) {
        column.to_owned()
    } else if shapes.iter().any(|shape| kind.ends_with(shape)) {
        format!("ST_AsBinary({column})")
    } else if kind == "bit" {
        format!("HEX({column})")
    } else {
        format!("CAST({column} AS CHAR)")
    };
    format!("COALESCE(MD5({text}), '-')")
}

fn count(session: &mut Session<'_>, table: &str, columns: Option<&[String]>) -> Result<Table, Problem> {
    // A sum of hashes does not depend on the order of the rows, and sees one that is there twice.
    let content = columns.map_or_else(
        || "NULL".to_owned(),
        |columns| {
            let row = columns.join(", ");
            format!(
                "COALESCE(SUM(CAST(CONV(LEFT(MD5(CONCAT_WS(',', {row})), 16), 16, 10) AS DECIMAL(40, 0))), 0)"
            )
        },
    );
    let row = session.row(&format!("SELECT COUNT(*), {content} FROM {}", identifier(table)))?;
    let rows = row
        .first()
        .and_then(|rows| rows.parse().ok())
        .ok_or_else(|| Problem::refused(format!("The rows of {table} cannot be counted.")))?;
    Ok(Table { rows, content: row.get(1).filter(|sum| *sum != "NULL").cloned() })
}
