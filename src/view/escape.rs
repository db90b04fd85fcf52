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

/// A rendered text in which no line is a command to the machine that reads the log. GitHub's runner obeys lines that
/// begin with `::`, whatever white space comes before, and `##[` anywhere; Azure's agent `##vso[`, that of
/// `TeamCity` `##teamcity[`. One character is written as an escape, which is the same text to who reads JSON.
#[must_use]
pub fn inert(text: &str) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 32);
    for line in text.split_inclusive(['\n', '\r']) {
        let begun = double_colon(line).unwrap_or(0);
        let (before, rest) = line.split_at_checked(begun).unwrap_or(("", line));
        safe.push_str(before);
        let rest = match rest.strip_prefix(':') {
            Some(behind) if begun > 0 || line.starts_with("::") => {
                safe.push_str("\\u003a");
                behind
            }
            _ => rest,
        };
        push_without_hashes(rest, &mut safe);
    }
    Cow::Owned(safe)
}

/// Where two colons stand that nothing is before but white space and colours.
fn double_colon(line: &str) -> Option<usize> {
    let mut rest = line;
    loop {
        let trimmed =
            rest.trim_start_matches(|c: char| c.is_whitespace() || is_deceptive(c) && c != '\u{1b}');
        rest = match trimmed.strip_prefix("\u{1b}[") {
            Some(colour) => {
                colour.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').strip_prefix('m')?
            }
            None if trimmed.starts_with("::") => return Some(line.len() - trimmed.len()),
            None => return None,
        };
    }
}

/// `##[`, also with a word before the bracket, is written with one of its signs as an escape.
fn push_without_hashes(text: &str, safe: &mut String) {
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("##") {
        safe.push_str(before);
        safe.push('#');
        let word = behind.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        safe.push_str(if word.starts_with('[') { "\\u0023" } else { "" });
        // The second sign may be the first of the next pair.
        rest = if word.starts_with('[') { behind } else { rest.get(before.len() + 1..).unwrap_or_default() };
    }
    safe.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_a_command_to_who_reads_the_log() {
        for (text, expected) in [
            ("::add-mask::x", r"\u003a:add-mask::x"),
            ("a\n \t::stop-commands::x\nb", "a\n \t\\u003a:stop-commands::x\nb"),
            ("\u{1b}[32m  ::error::x\u{1b}[0m", "\u{1b}[32m  \\u003a:error::x\u{1b}[0m"),
            (
                "\u{a0}\u{3000}::debug::x\r::set-output name=a::b",
                "\u{a0}\u{3000}\\u003a:debug::x\r\\u003a:set-output name=a::b",
            ),
            ("- a ##[error]x ##[group]", r"- a #\u0023[error]x #\u0023[group]"),
            ("###[add-mask]x ##vso[task.setvariable]", r"##\u0023[add-mask]x #\u0023vso[task.setvariable]"),
            ("##teamcity[x", r"#\u0023teamcity[x"),
            ("{\"a\":\"##[error]\"}", "{\"a\":\"#\\u0023[error]\"}"),
        ] {
            assert_eq!(inert(text), expected);
            assert_eq!(inert(expected), expected, "once is enough");
        }
        for text in ["a::b", "std::fmt", "## heading\n### [link]", "# [x]", "", ": :", "a ##", "x\n\ny"] {
            assert!(matches!(inert(text), Cow::Borrowed(_)) || inert(text) == text, "{text}");
        }
    }

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
