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
    kind: Kind,
    /// The columns that say from when to when each of its rows is what was, where it keeps them.
    pub(crate) history: Option<History>,
    /// Whether its engine knows transactions.
    pub(crate) transactional: bool,
    /// What of it is dumped.
    pub(crate) dumped: Dumped,
    /// Rows as the engine estimates them.
    pub(crate) rows: i64,
    /// Size on the disk, in bytes.
    pub(crate) bytes: i64,
}

/// A kind of what the catalogue lists as a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Table,
    Sequence,
    View,
}

/// The columns of a system-versioned table that say from when to when a row is what was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    start: String,
    end: String,
    /// Whether they are numbers of transactions, and not times: no program can write those into a copy.
    pub(crate) precise: bool,
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
        self.kind == Kind::Table && self.dumped == Dumped::Rows
    }

    /// Its kind as SQL names it, in small letters.
    pub(crate) const fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Table => "table",
            Kind::Sequence => "sequence",
            Kind::View => "view",
        }
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
    let named = periods(session)?;
    let read = |row: Vec<String>| match row.as_slice() {
        [name, kind, transactions, wanted, without_rows, rows, bytes] => Some(Listed {
            name: name.clone(),
            kind: match kind.as_str() {
                "BASE TABLE" | "SYSTEM VERSIONED" => Kind::Table,
                "SEQUENCE" => Kind::Sequence,
                _ => Kind::View,
            },
            history: (kind == "SYSTEM VERSIONED").then(|| {
                named.get(name).cloned().unwrap_or_else(|| History {
                    start: "row_start".to_owned(),
                    end: "row_end".to_owned(),
                    precise: false,
                })
            }),
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

/// The columns of the periods of system-versioned tables that were given names; by table.
fn periods(session: &mut Session<'_>) -> Result<BTreeMap<String, History>, Problem> {
    let rows = session.run(
        "SELECT table_name, column_name, LOWER(data_type), generation_expression FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND generation_expression IN ('ROW START', 'ROW END')",
    )?;
    let mut all: BTreeMap<String, History> = BTreeMap::new();
    for row in rows {
        let [table, column, kind, which] = row.as_slice() else { continue };
        let none = History { start: String::new(), end: String::new(), precise: false };
        let period = all.entry(table.clone()).or_insert(none);
        period.precise |= kind == "bigint";
        let end = if which == "ROW START" { &mut period.start } else { &mut period.end };
        end.clone_from(column);
    }
    Ok(all)
}

/// What each of the tables holds whose rows are wanted, in the session's own snapshot of the database; with what their rows
/// were before, where `history` is wanted.
pub(crate) fn contents(
    session: &mut Session<'_>,
    tables: &[Listed],
    depth: Depth,
    history: bool,
) -> Result<BTreeMap<String, Table>, Problem> {
    let columns = if depth == Depth::Summed { columns(session)? } else { BTreeMap::new() };
    let mut all = BTreeMap::new();
    for listed in tables.iter().filter(|listed| listed.has_rows()) {
        let table = match depth {
            Depth::Estimated => Table { rows: listed.rows, content: None },
            Depth::Counted | Depth::Summed => {
                let period = listed.history.as_ref().filter(|_| history);
                count(session, &listed.name, columns.get(&listed.name).map(Vec::as_slice), period)?
            }
        };
        all.insert(listed.name.clone(), table);
    }
    Ok(all)
}

impl History {
    /// The sums of both columns, as SQL. The end of what is so now is another one for other versions of the server.
    fn summed(&self) -> [String; 2] {
        let (start, end) = (identifier(&self.start), identifier(&self.end));
        [
            summed(&start, "timestamp"),
            format!("IF({end} > '2038-01-19', 'now', {})", summed(&end, "timestamp")),
        ]
    }
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

fn count(
    session: &mut Session<'_>,
    table: &str,
    columns: Option<&[String]>,
    history: Option<&History>,
) -> Result<Table, Problem> {
    // A sum of hashes does not depend on the order of the rows, and sees one that is there twice.
    let content = columns.map_or_else(
        || "NULL".to_owned(),
        |columns| {
            let times = history.map(History::summed).into_iter().flatten();
            let row = columns.iter().cloned().chain(times).collect::<Vec<_>>().join(", ");
            format!(
                "COALESCE(SUM(CAST(CONV(LEFT(MD5(CONCAT_WS(',', {row})), 16), 16, 10) AS DECIMAL(40, 0))), 0)"
            )
        },
    );
    let all = if history.is_some() { " FOR SYSTEM_TIME ALL" } else { "" };
    let row = session.row(&format!("SELECT COUNT(*), {content} FROM {}{all}", identifier(table)))?;
    let rows = row
        .first()
        .and_then(|rows| rows.parse().ok())
        .ok_or_else(|| Problem::refused(format!("The rows of {table} cannot be counted.")))?;
    Ok(Table { rows, content: row.get(1).filter(|sum| *sum != "NULL").cloned() })
}
