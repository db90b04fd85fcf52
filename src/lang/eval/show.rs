//! How values are named in messages: short, and never one that is sensitive.

use relplan_contract::{Kind, Value};

use crate::addr::quoted;

/// Longest text of a value in a message, in characters.
const LONGEST: usize = 40;

/// A text in quotes, cut when long.
pub(in crate::lang) fn text(text: &str) -> String {
    if text.chars().nth(LONGEST).is_none() {
        return quoted(text);
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("{}...", quoted(&start))
}

/// What a value is, with its content where that is short: `the number 5`, `a list of 3 elements`. `hidden` leaves
/// the content out whatever the value says of itself.
pub(in crate::lang) fn value(value: &Value, hidden: bool) -> String {
    if hidden || value.is_sensitive() {
        return "a sensitive value".to_owned();
    }
    let count = |length: usize, of: &str, one: &str, many: &str| match length {
        0 => format!("an empty {of}"),
        1 => format!("a {of} of one {one}"),
        length => format!("a {of} of {length} {many}"),
    };
    match value.kind() {
        Kind::Null => "null".to_owned(),
        Kind::Bool(truth) => format!("the bool {truth}"),
        Kind::Number(number) => {
            let digits = number.to_string();
            if digits.len() > LONGEST { "a long number".to_owned() } else { format!("the number {digits}") }
        }
        Kind::String(string) => format!("the string {}", text(string)),
        Kind::List(items) => count(items.len(), "list", "element", "elements"),
        Kind::Set(items) => count(items.len(), "set", "element", "elements"),
        Kind::Map(map) => count(map.len(), "map", "entry", "entries"),
        Kind::Sealed(_) => "a sensitive value of an earlier run".to_owned(),
        Kind::Unknown => "a value known after apply".to_owned(),
    }
}

/// The kind of a value with its article: `a string`, `null`.
pub(in crate::lang) fn kind(value: &Value) -> String {
    if value.is_null() { "null".to_owned() } else { format!("a {}", value.kind_name()) }
}
