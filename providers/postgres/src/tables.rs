//! What the tables of a database hold: how many rows, and a sum over them that does not depend on their order.

use std::collections::BTreeMap;

use relplan_archive::{Depth, Table};
use relplan_contract::Problem;
use serde::Deserialize;

use crate::psql::{Session, identifier};
use crate::selection::{Selection, exactly};

/// A table as the catalogue knows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Listed {
    pub(crate) schema: String,
    pub(crate) table: String,
    /// Size on the disk, in bytes.
    pub(crate) bytes: i64,
    /// Rows as the planner estimates them; negative where nobody knows.
    pub(crate) rows: i64,
}

impl Listed {
    /// Its name for people and manifests.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    /// A pattern of `pg_dump` that means it alone.
    pub(crate) fn pattern(&self) -> String {
        exactly(&self.schema, &self.table)
    }
}

/// The tables that a selection means.
pub(crate) fn list(session: &mut Session<'_>, selection: &Selection) -> Result<Vec<Listed>, Problem> {
    let json = session.json(&selection.query())?;
    serde_json::from_value(json)
        .map_err(|error| Problem::refused(format!("The tables cannot be listed: {error}.")))
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
            Depth::Counted | Depth::Summed => count(session, listed, depth == Depth::Summed)?,
        };
        all.insert(listed.name(), table);
    }
    Ok(all)
}

fn count(session: &mut Session<'_>, listed: &Listed, sum: bool) -> Result<Table, Problem> {
    let from = format!("{}.{}", identifier(&listed.schema), identifier(&listed.table));
    // A sum of hashes does not depend on the order of the rows, and sees one that is there twice.
    let content = if sum {
        "coalesce(sum(hashtextextended(\"relplan row\"::text, 0)::numeric), 0)::text"
    } else {
        "NULL"
    };
    let sql = format!(
        "SELECT jsonb_build_object('rows', count(*), 'content', {content}) FROM ONLY {from} AS \"relplan row\""
    );
    serde_json::from_value(session.json(&sql)?).map_err(|error| {
        Problem::refused(format!("The rows of {} cannot be counted: {error}.", listed.name()))
    })
}
