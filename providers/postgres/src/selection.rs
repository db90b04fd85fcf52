//! Which tables a snapshot holds: the same patterns for `pg_dump` and for the queries that count.

use relplan_contract::{Problem, Value};

use crate::psql::literal;

/// The patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    schemas: Vec<String>,
    exclude_schemas: Vec<String>,
    tables: Vec<String>,
    exclude_tables: Vec<String>,
    exclude_table_data: Vec<String>,
}

/// Each list with whether its patterns name tables.
const LISTS: [(&str, bool); 5] = [
    ("schemas", false),
    ("exclude_schemas", false),
    ("tables", true),
    ("exclude_tables", true),
    ("exclude_table_data", true),
];

fn texts(config: &Value, name: &str) -> Vec<String> {
    let items = config.get(name).as_list().unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// What is wrong with the patterns.
pub(crate) fn check(config: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, of_tables) in LISTS {
        for text in texts(config, name) {
            let parts: Vec<&str> = text.split('.').collect();
            let wanted = if of_tables { 2 } else { 1 };
            if parts.len() != wanted
                || parts.iter().any(|part| part.is_empty() || part.contains(['"', '\0', '\n']))
            {
                let example =
                    if of_tables { "\"public.orders\" or \"audit.*\"" } else { "\"public\" or \"tenant_*\"" };
                let what = if of_tables { "a table with its schema" } else { "a schema" };
                problems.push(
                    Problem::invalid(name, format!("{text:.80?} does not name {what}."))
                        .hint(format!("Write one such as {example}; `*` and `?` stand for any characters.")),
                );
            }
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

/// The pattern as `pg_dump` reads it: what is no wildcard is quoted, so that capitals stay capitals.
fn quoted(pattern: &str) -> String {
    let part = |part: &str| {
        let mut written = String::new();
        let mut plain = String::new();
        let end = |plain: &mut String, written: &mut String| {
            if !plain.is_empty() {
                written.push_str(&format!("\"{plain}\""));
                plain.clear();
            }
        };
        for c in part.chars() {
            if matches!(c, '*' | '?') {
                end(&mut plain, &mut written);
                written.push(c);
            } else {
                plain.push(c);
            }
        }
        end(&mut plain, &mut written);
        written
    };
    pattern.split('.').map(part).collect::<Vec<_>>().join(".")
}

/// The pattern as a regular expression of PostgreSQL.
fn expression(pattern: &str) -> String {
    let escaped = pattern.chars().map(|c| match c {
        '*' => ".*".to_owned(),
        '?' => ".".to_owned(),
        c if c.is_alphanumeric() || c == '_' => c.to_string(),
        c => format!("\\{c}"),
    });
    format!("^({})$", escaped.collect::<String>())
}

/// The name of one table, as a pattern that means it alone.
pub(crate) fn exactly(schema: &str, table: &str) -> String {
    format!("{}.{}", crate::psql::identifier(schema), crate::psql::identifier(table))
}

impl Selection {
    pub(crate) fn read(config: &Value) -> Self {
        Self {
            schemas: texts(config, "schemas"),
            exclude_schemas: texts(config, "exclude_schemas"),
            tables: texts(config, "tables"),
            exclude_tables: texts(config, "exclude_tables"),
            exclude_table_data: texts(config, "exclude_table_data"),
        }
    }

    /// The arguments for `pg_dump`.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let lists = [
            ("schema", &self.schemas),
            ("exclude-schema", &self.exclude_schemas),
            ("table", &self.tables),
            ("exclude-table", &self.exclude_tables),
            ("exclude-table-data", &self.exclude_table_data),
        ];
        let all = lists.iter().flat_map(|(option, patterns)| {
            patterns.iter().map(move |pattern| format!("--{option}={}", quoted(pattern)))
        });
        all.collect()
    }

    /// The query for the tables whose rows are dumped: a list of objects with schema, table, bytes and estimated rows.
    pub(crate) fn query(&self) -> String {
        let any = |column: &str, patterns: &[String]| {
            let each: Vec<String> = patterns
                .iter()
                .map(|pattern| format!("{column} ~ {}", literal(&expression(pattern))))
                .collect();
            format!("({})", each.join(" OR "))
        };
        let full = "(n.nspname || '.' || c.relname)";
        let mut conditions = vec![
            "c.relkind = 'r' AND c.relpersistence <> 't'".to_owned(),
            "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'".to_owned(),
            // What an extension made is made again by the extension.
            "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')".to_owned(),
        ];
        for (wanted, column, patterns) in [
            (true, "n.nspname", &self.schemas),
            (true, full, &self.tables),
            (false, "n.nspname", &self.exclude_schemas),
            (false, full, &self.exclude_tables),
            (false, full, &self.exclude_table_data),
        ] {
            if !patterns.is_empty() {
                let any = any(column, patterns);
                conditions.push(if wanted { any } else { format!("NOT {any}") });
            }
        }
        format!(
            "SELECT coalesce(jsonb_agg(jsonb_build_object('schema', n.nspname, 'table', c.relname, \
             'bytes', pg_table_size(c.oid), 'rows', c.reltuples::bigint) ORDER BY n.nspname, c.relname), '[]') \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {}",
            conditions.join(" AND ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_the_same_to_both() {
        assert_eq!(quoted("public.Or*ders"), "\"public\".\"Or\"*\"ders\"");
        assert_eq!(expression("public.Or*d?rs-1"), "^(public\\.Or.*d.rs\\-1)$");
        assert_eq!(exactly("a", "b\"c"), "\"a\".\"b\"\"c\"");
    }
}
