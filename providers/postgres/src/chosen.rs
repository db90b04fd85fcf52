//! [`Chosen`]: what a [`Selection`] means in a database, found in its catalogue: one answer for `pg_dump`, for the rows that are
//! counted, and for what is compared.
//!
//! A parent means its partitions and the tables that inherit from it. What a snapshot could not be restored with is refused
//! before anything is dumped: a pattern that matches nothing, a table that needs one that is left out.

pub(crate) mod queries;

use relplan_archive::several;
use relplan_contract::Problem;
use serde::{Deserialize, Serialize};

use crate::psql::Session;
use crate::selection::{Selection, exactly};
use crate::tables::Listed;

/// At most this many are named.
const NAMED: usize = 8;

/// What a selection means in a database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chosen {
    /// The tables whose rows are dumped.
    pub(crate) listed: Vec<Listed>,
    /// What tells `pg_dump` the same.
    pub(crate) arguments: Vec<String>,
    /// What must be there before it is restored, and is not in the dump.
    pub(crate) needs: Needs,
    /// What a person should know.
    pub(crate) notes: Vec<String>,
}

/// What must be there before a snapshot of some tables is restored: `pg_dump` leaves it out when tables or schemas are named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Needs {
    /// Schemas.
    #[serde(default)]
    pub(crate) schemas: Vec<String>,
    /// Extensions, each with the schema that it is in.
    #[serde(default)]
    pub(crate) extensions: Vec<(String, String)>,
}

impl Needs {
    /// These schemas, and those that the extensions are in.
    pub(crate) fn all_schemas(&self) -> impl Iterator<Item = &str> {
        self.schemas.iter().chain(self.extensions.iter().map(|(_, schema)| schema)).map(String::as_str)
    }
}

/// What the catalogue answers.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Found {
    unmatched: Vec<(String, String)>,
    below: Vec<(String, String, String)>,
    outside: Vec<(String, String)>,
    missing: Vec<(String, String)>,
    schemas: Vec<String>,
    extensions: Vec<(String, String)>,
    listed: Vec<Listed>,
    foreign: Vec<String>,
    large_objects: bool,
    references: Vec<Reference>,
}

/// A reference to rows of which some are left out.
#[derive(Deserialize)]
struct Reference {
    name: String,
    from: String,
    to: String,
    query: String,
}

impl Chosen {
    /// Finds it, in the session's own view of the database.
    pub(crate) fn find(session: &mut Session<'_>, selection: &Selection) -> Result<Self, Problem> {
        let found: Found = session.asked(&queries::found(selection), "The tables cannot be listed")?;
        refuse(&found)?;
        refuse_references(session, &found.references)?;
        let mut arguments = Vec::new();
        for (_, option, patterns) in selection.of_tables() {
            arguments.extend(patterns.iter().map(|pattern| format!("--{option}={}", pattern.for_dump())));
        }
        // With `tables`, `pg_dump` does not look at schemas: what they exclude is among the tables below.
        for (_, option, patterns) in selection.of_schemas() {
            let patterns = patterns.iter().filter(|_| selection.tables.is_empty());
            arguments.extend(patterns.map(|pattern| format!("--{option}={}", pattern.for_dump())));
        }
        // A pattern such as `p*` means the server's own schemas, too, to `pg_dump`.
        if !selection.tables.is_empty() {
            arguments.extend(
                ["--exclude-table=pg_*.*", "--exclude-table=information_schema.*"].map(str::to_owned),
            );
        } else if !selection.schemas.is_empty() {
            arguments
                .extend(["--exclude-schema=pg_*", "--exclude-schema=information_schema"].map(str::to_owned));
        }
        let below = found.below.iter();
        arguments
            .extend(below.map(|(option, schema, table)| format!("--{option}={}", exactly(schema, table))));
        let mut notes = Vec::new();
        if !found.foreign.is_empty() {
            notes.push(format!(
                "The rows of foreign tables are on another server, and not in the snapshot: {}.",
                several(&found.foreign, NAMED)
            ));
        }
        if found.large_objects && selection.is_named() {
            notes.push(
                "Large objects belong to no table, and are not in a snapshot of some tables or schemas."
                    .to_owned(),
            );
        }
        let needs = Needs { schemas: found.schemas, extensions: found.extensions };
        Ok(Self { listed: found.listed, arguments, needs, notes })
    }
}

fn refuse(found: &Found) -> Result<(), Problem> {
    if let Some((list, _)) = found.unmatched.first() {
        let patterns: Vec<String> =
            found.unmatched.iter().map(|(list, pattern)| format!("{pattern:?} of `{list}`")).collect();
        let verb = if patterns.len() == 1 { "matches" } else { "match" };
        return Err(Problem::invalid(list.as_str(), format!("{} {verb} nothing in the database.", several(&patterns, NAMED)))
            .hint("Capitals count, and a name that holds a dot is in double quotes. Take out what is not there any more."));
    }
    let pairs = |pairs: &[(String, String)], verb: &str| {
        several(&pairs.iter().map(|(one, other)| format!("{one} {verb} {other}")).collect::<Vec<_>>(), NAMED)
    };
    if !found.outside.is_empty() {
        let message = format!(
            "Rows of chosen tables are in tables of schemas that are not chosen: {}.",
            pairs(&found.outside, "has a part in")
        );
        return Err(Problem::invalid("schemas", message)
            .hint("Choose these schemas as well, or leave the tables out with `exclude_tables`."));
    }
    if !found.missing.is_empty() {
        let message = format!(
            "The snapshot could not be restored, since it would lack what it needs: {}.",
            pairs(&found.missing, "needs")
        );
        return Err(Problem::refused(message).hint(
            "Choose what is needed as well, or leave out what needs it. `exclude_table_data` leaves out rows alone.",
        ));
    }
    Ok(())
}

/// Refuses to leave out rows that others refer to: the reference could not be restored.
fn refuse_references(session: &mut Session<'_>, references: &[Reference]) -> Result<(), Problem> {
    for Reference { name, from, to, query } in references {
        if session.run(query)?.concat() == "t" {
            let message = format!(
                "The snapshot could not be restored: rows of {from} refer to rows of {to} that are left out ({name})."
            );
            return Err(Problem::invalid("exclude_table_data", message)
                .hint(format!("Leave out the rows of {from}, too, or none of {to}.")));
        }
    }
    Ok(())
}
