//! What is refused of a file before it is run, each with the line and how to mend it.

use relplan_contract::Problem;

use super::files::{NO_TRANSACTION, wrong};
use super::marks;
use super::statements::{Comment, Statement};

/// Words that a file's own transaction would begin or end with.
const TRANSACTION: [&str; 6] = ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"];

/// Where what relplan does not do is done.
const OWN_TOOL: &str = "run the tool of your migrations with `exec_migration`";

/// How much of a comment is shown.
const SHOWN: usize = 60;

/// Why no file of this name is run; `all` are the names beside it.
pub(super) fn of_name(name: &str, all: &[String]) -> Option<Problem> {
    if name.starts_with('.') {
        return Some(
            wrong(format!("{name} is a hidden file, and no migration: macOS and editors leave such files."))
                .hint("Remove it from the folder, or name it without the dot."),
        );
    }
    let why = marks::of_name(name, all)?;
    Some(wrong(format!("{name} {why}. Nothing is ever run backwards.")).hint(format!(
        "Keep only what leads on in this folder (and name it otherwise if it does); or {OWN_TOOL}."
    )))
}

/// The text of a file.
pub(super) fn text<'b>(name: &str, bytes: &'b [u8]) -> Result<&'b str, Problem> {
    let hint = "Save it as UTF-8, or remove it if it is no SQL.";
    if let Some(before) = bytes.iter().position(|byte| *byte == 0).and_then(|at| bytes.get(..at)) {
        let line = before.split(|byte| *byte == b'\n').count();
        return Err(
            wrong(format!("{name}, line {line}: a NUL stands there: this is no SQL in UTF-8.")).hint(hint)
        );
    }
    let text = str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = valid.split(|byte| *byte == b'\n').count();
        wrong(format!("{name}, line {line}: it is not written in UTF-8.")).hint(hint)
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Why a file is refused that has a part which leads backwards.
pub(super) fn of_section(name: &str, mark: &Comment) -> Problem {
    let shown: String = mark.text.lines().next().unwrap_or_default().trim_end().chars().take(SHOWN).collect();
    wrong(format!(
        "{name}, line {}: {shown:?} begins what leads backwards, and relplan would run all of the file. Nothing is ever run \
         backwards.",
        mark.line
    ))
    .hint(format!("Leave that part out; or {OWN_TOOL}."))
}

/// Why a statement is refused.
pub(super) fn of_statement(name: &str, statement: &Statement, in_transaction: bool) -> Option<Problem> {
    let at = |line: usize, why: String| wrong(format!("{name}, line {line}: {why}"));
    let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
    if let Some(line) = statement.backslash {
        return Some(
            at(line, "commands of psql are not run.".to_owned())
                .hint(format!("Write it as SQL (of a dump, leave such lines out), or {OWN_TOOL}.")),
        );
    }
    if statement.copies {
        return Some(
            at(
                statement.line,
                "COPY reads from a client, or writes to one, and there is none here.".to_owned(),
            )
            .hint(format!("Write INSERT (`pg_dump --inserts` does), or {OWN_TOOL}.")),
        );
    }
    let transaction = match words.as_slice() {
        // Of `PREPARE transaction AS ...` it is only the name.
        ["PREPARE", "TRANSACTION"] => Some("PREPARE TRANSACTION"),
        [first, ..] => TRANSACTION.contains(first).then_some(*first),
        [] => None,
    };
    if let Some(word) = transaction {
        return Some(
            at(
                statement.line,
                format!("{word} cannot stand here: relplan runs each file in a transaction of its own."),
            )
            .hint(format!(
                "Leave it out; or write `{NO_TRANSACTION}` on the first line, and no transaction at all."
            )),
        );
    }
    if matches!(words.first(), Some(&("SET" | "SELECT" | "WITH")))
        && turns_off_standard_strings(&statement.text)
    {
        return Some(
            at(
                statement.line,
                "standard_conforming_strings = off gives a backslash in quotes another meaning.".to_owned(),
            )
            .hint("Leave it out, and write E'...' where a backslash is to escape."),
        );
    }
    if in_transaction && refuses_transactions(&words) {
        let shown = words.iter().take(4).copied().collect::<Vec<_>>().join(" ");
        return Some(
            at(statement.line, format!("{shown} cannot run in a transaction."))
                .hint(format!("Put it into a file of its own, with `{NO_TRANSACTION}` on the first line.")),
        );
    }
    None
}

/// Whether a statement sets that in the old way, by `SET` or by `set_config`.
fn turns_off_standard_strings(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let Some((_, behind)) = text.split_once("standard_conforming_strings") else { return false };
    let value = behind.trim_start_matches(|c: char| c.is_whitespace() || "'\"=,".contains(c));
    let value = value.strip_prefix("to").unwrap_or(value);
    let value = value.trim_start_matches(|c: char| c.is_whitespace() || "'\"".contains(c));
    ["of", "f", "n", "0"].iter().any(|off| value.starts_with(off)) && !value.starts_with("from")
}

/// Whether PostgreSQL refuses a statement within a transaction.
fn refuses_transactions(words: &[&str]) -> bool {
    match words {
        ["REINDEX", rest @ ..] => {
            rest.contains(&"CONCURRENTLY") || matches!(rest, ["DATABASE" | "SYSTEM" | "SCHEMA", ..])
        }
        ["CREATE" | "DROP", "INDEX", "CONCURRENTLY", ..]
        | ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY", ..]
        | ["CREATE" | "DROP", "DATABASE" | "TABLESPACE", ..]
        | ["VACUUM", ..]
        | ["ALTER", "SYSTEM", ..]
        | ["DISCARD", "ALL"] => true,
        ["ALTER", "TABLE", rest @ ..] => {
            let detached = rest.iter().skip_while(|word| **word != "DETACH");
            detached.skip(1).any(|word| *word == "CONCURRENTLY")
        }
        _ => false,
    }
}
