//! The files of a migration: read, checked and summed before anything is done.

use std::path::Path as FilePath;

use relplan_archive::Sum;
use relplan_contract::{Context, PathError, Problem};

use super::statements::{Statement, split};

/// The largest file, in bytes.
const LARGEST: usize = 16 << 20;

/// What the first lines of a file say when it cannot run in a transaction.
const NO_TRANSACTION: &str = "-- relplan: no transaction";

/// Words that a file's own transaction would begin or end with.
const TRANSACTION: [&str; 6] = ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"];

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
}

fn wrong(message: String) -> Problem {
    Problem::invalid("directory", message)
}

/// The files of a folder that end in `.sql`, in the order of their names.
pub(crate) fn read(context: &Context, directory: &str) -> Result<Vec<Script>, Problem> {
    let folder = context.input("directory", directory)?;
    let unreadable =
        |path: &FilePath, error: &PathError| wrong(format!("{} cannot be read: {error}.", path.display()));
    let mut names = context.tree.input_names(&folder).map_err(|error| unreadable(&folder, &error))?;
    names.retain(|name| FilePath::new(name).extension().is_some_and(|ending| ending == "sql"));
    names.sort();
    if names.is_empty() {
        return Err(wrong(format!("There is no file *.sql in {}.", folder.display())));
    }
    names
        .into_iter()
        .map(|name| {
            let path = folder.join(&name);
            let bytes = context.tree.read_input(&path, LARGEST).map_err(|error| unreadable(&path, &error))?;
            script(name, &bytes)
        })
        .collect()
}

fn script(name: String, bytes: &[u8]) -> Result<Script, Problem> {
    let text = str::from_utf8(bytes).map_err(|_| wrong(format!("{name} is not written in UTF-8.")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let statements = split(text)
        .map_err(|line| wrong(format!("{name}, line {line}: this quote or comment does not end.")))?;
    let comments = text.lines().take_while(|line| line.starts_with("--"));
    let in_transaction = !comments.map(str::trim_end).any(|line| line == NO_TRANSACTION);
    for statement in &statements {
        let first = statement.words.first().map_or("", String::as_str);
        if TRANSACTION.contains(&first) {
            return Err(wrong(format!(
                "{name}, line {}: {first} cannot stand here: relplan runs each file in a transaction of its own.",
                statement.line
            ))
            .hint(format!("Leave it out; or write `{NO_TRANSACTION}` on the first line, and no transaction at all.")));
        }
        if statement.text.starts_with('\\') {
            return Err(wrong(format!("{name}, line {}: commands of psql are not run.", statement.line))
                .hint("Write it as SQL, or run the tool of your migrations with `exec_migration`."));
        }
        if in_transaction && refuses_transactions(&statement.words) {
            return Err(wrong(format!(
                "{name}, line {}: {} cannot run in a transaction.",
                statement.line,
                statement.words.join(" ")
            ))
            .hint(format!("Put it into a file of its own, with `{NO_TRANSACTION}` on the first line.")));
        }
    }
    Ok(Script { sha256: Sum::of(bytes).sha256, name, in_transaction, statements })
}

/// Whether PostgreSQL refuses a statement within a transaction.
fn refuses_transactions(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["CREATE" | "DROP" | "REINDEX", .., "CONCURRENTLY"]
            | ["CREATE" | "DROP" | "REINDEX", _, "CONCURRENTLY", ..]
            | ["CREATE" | "DROP", "DATABASE" | "TABLESPACE", ..]
            | ["VACUUM", ..]
            | ["ALTER", "SYSTEM", ..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_go_well_is_told_before() {
        for (text, why) in [
            ("SELECT 1;\nCOMMIT;", "line 2: COMMIT cannot stand here"),
            ("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);", "cannot run in a transaction"),
            ("VACUUM t;", "cannot run in a transaction"),
            ("\\copy t FROM 'x'", "commands of psql"),
            ("SELECT 'x", "does not end"),
        ] {
            let problem = script("1.sql".to_owned(), text.as_bytes()).expect_err(text);
            assert!(problem.message.contains(why), "{problem}");
        }
        let text = "-- Needs no lock.\n-- relplan: no transaction\nCREATE INDEX CONCURRENTLY i ON t (a);";
        assert!(!script("1.sql".to_owned(), text.as_bytes()).expect("good").in_transaction);
        let text = "ALTER TABLE t ADD b int;\nCREATE INDEX ON t (b);";
        assert_eq!(script("1.sql".to_owned(), text.as_bytes()).expect("good").statements.len(), 2);
        assert!(script("1.sql".to_owned(), b"\xff").is_err());
    }
}
