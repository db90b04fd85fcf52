//! Which tables are dumped: patterns of names, as a condition for the server.

use relplan_contract::{Problem, Value};

use crate::session::literal;

/// The attributes that hold patterns.
pub(crate) const PATTERNS: [&str; 3] = ["tables", "exclude_tables", "exclude_table_data"];

/// Which tables are dumped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    only: Vec<String>,
    not: Vec<String>,
    without_rows: Vec<String>,
}

/// What is wrong with the patterns.
pub(crate) fn check(config: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in PATTERNS {
        for pattern in config.get(name).as_list().unwrap_or_default().iter().filter_map(Value::as_str) {
            if pattern.is_empty() || pattern.contains(['.', '`', '\0', '\n']) {
                problems.push(
                    Problem::invalid(name, format!("{pattern:.40?} is no pattern of tables."))
                        .hint("Write names of tables alone; `*` and `?` stand for any characters."),
                );
            }
        }
    }
    problems
}

impl Selection {
    /// Reads the patterns.
    pub(crate) fn read(config: &Value) -> Self {
        let patterns = |name: &str| {
            let list = config.get(name).as_list().unwrap_or_default();
            list.iter().filter_map(|pattern| pattern.as_str().map(str::to_owned)).collect()
        };
        Self {
            only: patterns("tables"),
            not: patterns("exclude_tables"),
            without_rows: patterns("exclude_table_data"),
        }
    }

    /// The conditions that a table of this column's name is dumped, and that its rows are not.
    pub(crate) fn conditions(&self, column: &str) -> (String, String) {
        let any = |patterns: &[String]| {
            let each: Vec<String> = patterns
                .iter()
                .map(|pattern| format!("{column} LIKE {} ESCAPE '|'", literal(&like(pattern))))
                .collect();
            if each.is_empty() { "FALSE".to_owned() } else { format!("({})", each.join(" OR ")) }
        };
        let only = if self.only.is_empty() { "TRUE".to_owned() } else { any(&self.only) };
        (format!("({only} AND NOT {})", any(&self.not)), any(&self.without_rows))
    }
}

/// A pattern with `*` and `?` as one of SQL.
fn like(pattern: &str) -> String {
    let mut like = String::new();
    for c in pattern.chars() {
        match c {
            '*' => like.push('%'),
            '?' => like.push('_'),
            '%' | '_' | '|' => like.extend(['|', c]),
            c => like.push(c),
        }
    }
    like
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_shells() {
        assert_eq!(like("a_*b?%|"), "a|_%b_|%||");
        let (wanted, without) = Selection::default().conditions("t");
        assert_eq!((wanted.as_str(), without.as_str()), ("(TRUE AND NOT FALSE)", "FALSE"));
    }
}
