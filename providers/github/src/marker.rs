//! A mark in a text on GitHub that nobody sees: an HTML comment, by which relplan finds again what it wrote.

use relplan_contract::{Problem, Value, marker_word};

/// The longest text that GitHub takes, in characters, less the mark.
const LONGEST: usize = 65_000;

/// The mark for a key.
fn mark(key: &str) -> String {
    format!("<!-- relplan:{} -->", marker_word(key))
}

/// The text with the mark at its end.
pub(crate) fn with(text: &str, key: &str) -> String {
    format!("{}\n\n{}\n", text.trim_end(), mark(key))
}

/// Whether a text has the mark: on a line of its own, so that a quotation of it is none.
pub(crate) fn is_in(text: Option<&str>, key: &str) -> bool {
    let mark = mark(key);
    text.is_some_and(|text| text.lines().any(|line| line.trim_end() == mark))
}

/// A problem when a known text leaves no room for the mark.
pub(crate) fn check(object: &Value, attribute: &str) -> Option<Problem> {
    let text = object.get(attribute).as_str()?;
    (text.chars().count() > LONGEST).then(|| {
        Problem::invalid(
            attribute,
            format!("The text is longer than {LONGEST} characters, which GitHub does not take."),
        )
        .hint("Link to the rest of it.")
    })
}
