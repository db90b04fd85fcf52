//! Making text of users and outside systems safe to show: what could move the cursor, hide, or turn the reading
//! direction around is written as an escape.
//!
//! Every text that did not originate in relplan passes through here, or through [`quoted`], on its way out.

use std::borrow::Cow;
use std::fmt::Display;

use relplan_contract::is_identifier;

use crate::addr::{is_deceptive, quoted};

/// The text on one line: deceptive characters, line breaks and tabs included, as escapes.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_deceptive(c) && (c as u32) < 0x1_0000 => safe.push_str(&format!("\\u{:04x}", c as u32)),
            c if is_deceptive(c) => safe.push_str(&format!("\\U{:08x}", c as u32)),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// What displays itself, on one line.
#[must_use]
pub fn shown(text: &impl Display) -> String {
    line(&text.to_string()).into_owned()
}

/// The lines of a text, each safe. A line break at the end opens no line of its own; `\r\n` counts as one break.
pub fn lines(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    text.lines().map(line)
}

/// The key of a map or object, in quotes where it needs them.
#[must_use]
pub fn key(name: &str) -> String {
    if is_identifier(name) && !name.chars().any(is_deceptive) { name.to_owned() } else { quoted(name) }
}

/// The first `limit` characters, with an ellipsis in the place of the last where something was cut off.
#[must_use]
pub fn shortened(text: &str, limit: usize) -> Cow<'_, str> {
    if text.chars().nth(limit).is_none() {
        return Cow::Borrowed(text);
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    Cow::Owned(format!("{kept}…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_is_escaped() {
        assert_eq!(line("a\u{1b}[2Kb\nc\u{202e}d\u{e0041}"), r"a\u001b[2Kb\nc\u202ed\U000e0041");
        assert_eq!(line("Käse, 日本, 🎉"), "Käse, 日本, 🎉");
    }

    #[test]
    fn lines_lose_their_breaks_and_nothing_else() {
        assert_eq!(lines("a\r\nb\rc\n").collect::<Vec<_>>(), ["a", r"b\rc"]);
    }

    #[test]
    fn keys_are_quoted_where_needed() {
        assert_eq!(key("Content-Type"), "Content-Type");
        assert_eq!(key("a b\n"), r#""a b\n""#);
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äö…");
    }
}
