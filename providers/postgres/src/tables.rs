//! What the tables of a database hold: how many rows, and a sum over them that does not depend on their order.

use std::collections::BTreeMap;

use relplan_archive::{Depth, Manifest, Table};
use relplan_contract::Problem;
use serde::Deserialize;

use crate::chosen::Chosen;
use crate::psql::{Session, identifier};
use crate::selection::{Selection, exactly};

/// How a sum begins that is over the columns by their names. One without it is over the row as it stands, in the order of the
/// columns, which a restore may change: older relplans made these.
const BY_NAME: &str = "by name: ";

/// A table as the catalogue knows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Listed {
    pub(crate) schema: String,
    pub(crate) table: String,
    /// Size on the disk, in bytes.
    pub(crate) bytes: i64,
    /// Rows as the planner estimates them; negative where nobody knows.
    pub(crate) rows: i64,
    /// The columns that hold what was written there, sorted.
    #[serde(default)]
    columns: Vec<String>,
}

impl Listed {
    /// Its name for people and manifests: no other table has it.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", part(&self.schema), part(&self.table))
    }

    /// Its name as older relplans wrote it: two tables may have the same.
    fn old_name(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    /// Its name in SQL; for `pg_dump` a pattern that means it alone.
    pub(crate) fn exact(&self) -> String {
        exactly(&self.schema, &self.table)
    }
}

/// A part of a name, in quotes where its dot would be taken for the one that divides.
fn part(name: &str) -> String {
    if name.contains(['.', '"']) { identifier(name) } else { name.to_owned() }
}

/// All tables of a database.
pub(crate) fn list(session: &mut Session<'_>) -> Result<Vec<Listed>, Problem> {
    Chosen::find(session, &Selection::default()).map(|chosen| chosen.listed)
}

/// What each of the tables holds, in the session's own snapshot of the database.
pub(crate) fn contents(
    session: &mut Session<'_>,
    tables: &[Listed],
    depth: Depth,
) -> Result<BTreeMap<String, Table>, Problem> {
    let mut all = BTreeMap::new();
    for listed in tables {
        let table = match depth {
            Depth::Estimated => Table { rows: listed.rows.max(0), content: None },
            Depth::Counted => count(session, listed, "NULL")?,
            Depth::Summed => count(session, listed, &sum_by_name(listed))?,
        };
        all.insert(listed.name(), table);
    }
    Ok(all)
}

/// What the tables of a restored copy hold, in the terms of the manifest that it is compared with.
pub(crate) fn contents_like(
    session: &mut Session<'_>,
    manifest: &Manifest,
    summed: bool,
) -> Result<BTreeMap<String, Table>, Problem> {
    let mut all = BTreeMap::new();
    for listed in list(session)? {
        let (name, old) = (listed.name(), listed.old_name());
        let name = if manifest.tables.contains_key(&name) { name } else { old };
        let Some(taken) = manifest.tables.get(&name) else { continue };
        let content = match &taken.content {
            Some(content) if summed && content.starts_with(BY_NAME) => sum_by_name(&listed),
            Some(_) if summed => sum("\"relplan row\"::text"),
            _ => "NULL".to_owned(),
        };
        let table = count(session, &listed, &content)?;
        all.insert(name, table);
    }
    Ok(all)
}

/// A sum of hashes does not depend on the order of the rows, and sees one that is there twice.
fn sum(row: &str) -> String {
    format!("coalesce(sum(hashtextextended({row}, 0)::numeric), 0)::text")
}

fn sum_by_name(listed: &Listed) -> String {
    let columns = listed.columns.iter().map(|name| format!("\"relplan row\".{}", identifier(name)));
    let row = format!("ROW({})::text", columns.collect::<Vec<_>>().join(", "));
    format!("'{BY_NAME}' || {}", sum(&row))
}

fn count(session: &mut Session<'_>, listed: &Listed, content: &str) -> Result<Table, Problem> {
    let from = listed.exact();
    let sql = format!(
        "SELECT jsonb_build_object('rows', count(*), 'content', {content}) FROM ONLY {from} AS \"relplan row\""
    );
    session.asked(&sql, &format!("The rows of {} cannot be counted", listed.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_by_the_place_of_the_dot_differ() {
        let name = |schema: &str, table: &str| {
            let (schema, table) = (schema.to_owned(), table.to_owned());
            Listed { schema, table, bytes: 0, rows: 0, columns: Vec::new() }.name()
        };
        assert_eq!(name("public", "Log Entries"), "public.Log Entries");
        assert_eq!(name("a.b", "c"), "\"a.b\".c");
        assert_eq!(name("a", "b.c"), "a.\"b.c\"");
        assert_eq!(name("a", "b\".\"c"), "a.\"b\"\".\"\"c\"");
    }
}
