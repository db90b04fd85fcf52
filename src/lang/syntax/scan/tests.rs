//! Faults of the text itself: how many come out, and where.

use super::super::parse;
use crate::source::{FileId, Sources};

/// The summaries with the texts at fault.
fn faults(text: &str) -> Vec<(String, String)> {
    let mut sources = Sources::default();
    let file = sources.add("x", text);
    let (_, diagnostics) = parse(FileId(0), text);
    assert_eq!(file, FileId(0));
    diagnostics.0.iter().map(|d| (d.summary.clone(), sources.text(d.labels[0].span).to_owned())).collect()
}

#[test]
fn each_statement_has_its_own_errors() {
    let text = "a = 'x'\nb = 1 +\nc = \"\\q\"\nd = 2\ne = [1, *, 3, 4 5]\n";
    let summaries: Vec<_> = faults(text).into_iter().map(|(summary, _)| summary).collect();
    assert_eq!(
        summaries,
        [
            "Invalid character",
            "Incomplete expression",
            "Invalid escape",
            "Invalid expression",
            "Invalid expression"
        ]
    );
}

#[test]
fn an_open_string_hides_only_its_block() {
    let text = "resource \"a\" \"b {\n  x = 1\n}\nlocals {\n  y = = 2\n}\n";
    let found = faults(text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], ("String without an end".into(), "\"b {".into()));
    assert_eq!(found[1].0, "Invalid expression");
}

#[test]
fn a_missing_brace_is_found_at_the_next_block() {
    let text = "resource \"a\" \"b\" {\n  x = 1\n\nlocals {\n  y = 2\n}\n";
    assert_eq!(faults(text), [("Bracket without an end".into(), "{".into())]);
}

#[test]
fn an_unclosed_interpolation_is_named_as_such() {
    assert_eq!(faults("a = \"${b\"\nc = 1\n"), [("Interpolation without an end".into(), "${".into())]);
}

#[test]
fn mismatched_brackets_show_both() {
    assert_eq!(faults("locals {\n  a = [1, 2\n}\n"), [("Brackets do not match".into(), "[".into())]);
    assert_eq!(faults("a = f(1]\n").len(), 1);
}
