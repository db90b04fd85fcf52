//! The files of a migration: read, checked and summed before anything is done.

use std::path::Path as FilePath;

use relplan_archive::Sum;
use relplan_contract::{Context, PathError, Problem};

use super::statements::{Statement, split};
use super::{marks, order, refusals};

/// The largest file, in bytes.
const LARGEST: usize = 16 << 20;

/// What the first lines of a file say when it cannot run in a transaction.
pub(super) const NO_TRANSACTION: &str = "-- relplan: no transaction";

/// A file.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// Its name, by which it is remembered.
    pub(crate) name: String,
    /// SHA-256 of its bytes.
    pub(crate) sha256: String,
    /// Whether all of it happens, or nothing.
    pub(crate) in_transaction: bool,
    /// What it does.
    pub(crate) statements: Vec<Statement>,
    /// Why it may not be run; one that was run already is left in peace.
    pub(crate) refusal: Option<Problem>,
}

/// A problem with the files.
pub(super) fn wrong(message: String) -> Problem {
    Problem::invalid("directory", message)
}

/// The files of a folder that end in `.sql`, in the order of the numbers in their names.
pub(crate) fn read(context: &Context, directory: &str) -> Result<Vec<Script>, Problem> {
    let folder = context.input("directory", directory)?;
    let unreadable =
        |path: &FilePath, error: &PathError| wrong(format!("{} cannot be read: {error}.", path.display()));
    let mut names = context.tree.input_names(&folder).map_err(|error| unreadable(&folder, &error))?;
    names.retain(|name| name.to_ascii_lowercase().ends_with(".sql"));
    names.sort_by(|one, other| order::compare(one, other));
    if names.is_empty() {
        return Err(wrong(format!("There is no file *.sql in {}.", folder.display())));
    }
    let script = |name: &String| {
        let path = folder.join(name);
        let bytes = context.tree.read_input(&path, LARGEST).map_err(|error| unreadable(&path, &error))?;
        Ok(script(name.clone(), &bytes, &names))
    };
    names.iter().map(script).collect()
}

/// A file with these bytes; `all` are the names beside it.
fn script(name: String, bytes: &[u8], all: &[String]) -> Script {
    let refused = |name: String, problem| Script {
        sha256: Sum::of(bytes).sha256,
        name,
        in_transaction: true,
        statements: Vec::new(),
        refusal: Some(problem),
    };
    let text = match refusals::of_name(&name, all).map_or_else(|| refusals::text(&name, bytes), Err) {
        Ok(text) => text,
        Err(problem) => return refused(name, problem),
    };
    let parts = split(text);
    let comments = text.lines().take_while(|line| line.starts_with("--"));
    let in_transaction = !comments.map(str::trim_end).any(|line| line == NO_TRANSACTION);
    let down = marks::down_section(&parts);
    // What stands first in the file is told first: a quote may not end only because it is none of SQL.
    let refusal = down.map(|mark| refusals::of_section(&name, mark)).or_else(|| {
        parts.statements.iter().find_map(|statement| refusals::of_statement(&name, statement, in_transaction))
    });
    let refusal = refusal.or_else(|| {
        let line = parts.open?;
        Some(wrong(format!("{name}, line {line}: this quote, comment or body of a function does not end.")))
    });
    Script { sha256: Sum::of(bytes).sha256, name, in_transaction, statements: parts.statements, refusal }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str, text: &[u8]) -> Option<Problem> {
        script(name.to_owned(), text, &[name.to_owned()]).refusal
    }

    #[test]
    fn what_cannot_go_well_is_told_before() {
        for (text, why) in [
            ("SELECT 1;\nCOMMIT;", "line 2: COMMIT cannot stand here"),
            ("INSERT INTO a VALUES (1);\nPREPARE TRANSACTION 'x';", "line 2: PREPARE TRANSACTION cannot"),
            ("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);", "cannot run in a transaction"),
            ("VACUUM t;", "cannot run in a transaction"),
            ("REINDEX (VERBOSE) TABLE CONCURRENTLY t;", "cannot run in a transaction"),
            ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY;", "cannot run in a transaction"),
            ("\\copy t FROM 'x'", "line 1: commands of psql"),
            ("SELECT 1;\n\\i it's.sql\n", "line 2: commands of psql"),
            ("SELECT 1 AS a\n\\gset\nSELECT 2;", "line 2: commands of psql"),
            ("\\restrict abc\nSELECT 1;", "line 1: commands of psql"),
            ("SELECT 1;\nSELECT 'x", "line 2: this quote"),
            ("SELECT 1;\nCOPY t (a) FROM stdin;\n1\tit's\n\\.\n", "line 2: COPY reads from a client"),
            ("copy t from /* x */ STDIN with (format csv);\n1\n\\.\n", "line 1: COPY reads from a client"),
            ("COPY t TO STDOUT;", "line 1: COPY reads from a client, or writes to one"),
            ("SELECT 1;\n-- migrate:down\nDROP TABLE t;", "line 2: \"-- migrate:down\" begins"),
            ("SET standard_conforming_strings = off;\nSELECT 1;", "line 1: standard_conforming_strings"),
            (
                "SELECT set_config('standard_conforming_strings', 'false', false)",
                "standard_conforming_strings",
            ),
        ] {
            let problem = refusal("1.sql", text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            assert!(problem.message.contains(why), "{problem}");
            assert!(problem.message.starts_with("1.sql"), "{problem}");
        }
        assert!(refusal("1.sql", b"\xff").is_some_and(|problem| problem.message.contains("UTF-8")));
        let problem = refusal("1.sql", b"SELECT 1;\nSELECT\0 2;").expect("a NUL");
        assert!(problem.message.contains("line 2: a NUL"), "{problem}");
        for name in ["._1.sql", ".1.sql", ".1_users.SQL"] {
            let problem = refusal(name, b"SELECT 1").expect("hidden");
            assert!(problem.message.contains("hidden file"), "{problem}");
        }
        let problem = refusal("1.down.sql", b"SELECT 1").expect("a way back");
        assert!(problem.hint.contains("exec_migration"), "{problem}");
    }

    #[test]
    fn what_can_run_is_run() {
        let text = b"-- Needs no lock.\n-- relplan: no transaction\nCREATE INDEX CONCURRENTLY i ON t (a);";
        let found = script("1.sql".to_owned(), text, &[]);
        assert!(!found.in_transaction && found.refusal.is_none(), "{found:?}");
        let found = script(
            "1.sql".to_owned(),
            b"\xef\xbb\xbfALTER TABLE t ADD b int;\r\nCREATE INDEX ON t (b);",
            &[],
        );
        assert!(found.statements.len() == 2 && found.refusal.is_none(), "{found:?}");
        for text in [
            "SET standard_conforming_strings = on;\nSET client_encoding = 'UTF8';",
            "COPY t FROM '/srv/t.csv'",
            "SELECT E'\\\\.'",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
            "PREPARE transaction AS SELECT 1",
            "CREATE TABLE t (concurrently int)",
            "ALTER DATABASE shop SET standard_conforming_strings = off",
            "",
        ] {
            assert_eq!(refusal("1.sql", text.as_bytes()), None, "{text}");
        }
    }
}
