//! Which tables a snapshot holds, as the release file says it. [`crate::chosen`] finds what that means in a database.

use relplan_contract::{Problem, Value};

use crate::pattern::Pattern;

/// The patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) schemas: Vec<Pattern>,
    pub(crate) exclude_schemas: Vec<Pattern>,
    pub(crate) tables: Vec<Pattern>,
    pub(crate) exclude_tables: Vec<Pattern>,
    pub(crate) exclude_table_data: Vec<Pattern>,
}

/// Each list with the parts that its patterns have.
const LISTS: [(&str, usize); 5] =
    [("schemas", 1), ("exclude_schemas", 1), ("tables", 2), ("exclude_tables", 2), ("exclude_table_data", 2)];

fn texts(config: &Value, name: &str) -> Vec<String> {
    let items = config.get(name).as_list().unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// What is wrong with the patterns.
pub(crate) fn check(config: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, parts) in LISTS {
        for text in texts(config, name).iter().filter(|text| Pattern::read(text, parts).is_none()) {
            let (what, example) = if parts == 2 {
                ("a table with its schema", "\"public.orders\" or \"audit.*\"")
            } else {
                ("a schema", "\"public\" or \"tenant_*\"")
            };
            problems.push(Problem::invalid(name, format!("{text:.80?} does not name {what}.")).hint(format!(
                "Write one such as {example}; `*` and `?` stand for any characters, and a name that holds a dot is in double quotes."
            )));
        }
    }
    if !texts(config, "tables").is_empty() && !texts(config, "schemas").is_empty() {
        problems.push(
            Problem::invalid("tables", "Give either `schemas` or `tables`.")
                .hint("\"audit.*\" names all tables of a schema."),
        );
    }
    problems
}

/// The name of one table, as a pattern of `pg_dump` that means it alone.
pub(crate) fn exactly(schema: &str, table: &str) -> String {
    format!("{}.{}", crate::psql::identifier(schema), crate::psql::identifier(table))
}

impl Selection {
    pub(crate) fn read(config: &Value) -> Self {
        let list = |name: &str, parts| {
            texts(config, name).iter().filter_map(|text| Pattern::read(text, parts)).collect()
        };
        let [schemas, exclude_schemas, tables, exclude_tables, exclude_table_data] =
            LISTS.map(|(name, parts)| list(name, parts));
        Self { schemas, exclude_schemas, tables, exclude_tables, exclude_table_data }
    }

    /// Each list of tables with the option of `pg_dump` that it stands for.
    pub(crate) fn of_tables(&self) -> [(&'static str, &'static str, &[Pattern]); 3] {
        [
            ("tables", "table", &self.tables),
            ("exclude_tables", "exclude-table", &self.exclude_tables),
            ("exclude_table_data", "exclude-table-data", &self.exclude_table_data),
        ]
    }

    /// Each list of schemas with the option of `pg_dump` that it stands for.
    pub(crate) fn of_schemas(&self) -> [(&'static str, &'static str, &[Pattern]); 2] {
        [("schemas", "schema", &self.schemas), ("exclude_schemas", "exclude-schema", &self.exclude_schemas)]
    }

    /// Whether everything is meant: what belongs to no schema, too.
    pub(crate) fn is_everything(&self) -> bool {
        *self == Self { exclude_table_data: self.exclude_table_data.clone(), ..Self::default() }
    }

    /// Whether `pg_dump` leaves out what is in no schema: extensions, large objects, ...
    pub(crate) fn is_named(&self) -> bool {
        !self.schemas.is_empty() || !self.tables.is_empty()
    }
}
