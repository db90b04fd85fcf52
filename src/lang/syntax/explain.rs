//! What hcl-edit refuses, said in the words of this project, with a hint where the mistake is a common one.

use std::ops::Range;

use super::expression::Reader;
use super::token::{Bracket, Kind};
use super::{MAX_NESTING, MAX_OBJECT_KEYS};
use crate::diag::Diagnostic;
use crate::source::Span;

/// Something in an object that is no `key = value`.
pub(super) fn no_entry(reader: &Reader<'_>, tokens: &Range<usize>) -> Diagnostic {
    let last = tokens.end.saturating_sub(1).max(tokens.start);
    let sign = tokens.clone().find(|index| reader.token_text(*index) == "=>");
    let diagnostic = Diagnostic::error("Invalid object", "An object consists of entries `key = value`.");
    match sign {
        Some(index) => diagnostic.at(reader.token_span(index)).help("Write `=` instead of `=>`."),
        None => diagnostic.at(reader.token_span(tokens.start).to(reader.token_span(last))).help(
            "Write `key = value` on each line, or separate the entries by commas; a list has `[` and `]`.",
        ),
    }
}

/// An object too large to be parsed inside of another expression.
pub(super) fn crowded_object(span: Span) -> Diagnostic {
    Diagnostic::error(
        "Object too large",
        format!("Inside of a larger expression an object can have {MAX_OBJECT_KEYS} keys."),
    )
    .label(span, "this one has more")
    .help("Give the object a name of its own in a `locals` block, where there is no limit.")
}

/// A `for` without its `in`.
pub(super) fn for_without_in(span: Span) -> Diagnostic {
    Diagnostic::error("Invalid expression", "`in` is needed behind the names of a `for`.")
        .at(span)
        .help("Write it as in `[for name in names : upper(name)]`.")
}

/// An error of hcl-edit at a byte of the file.
pub(super) fn parse_error(
    reader: &Reader<'_>,
    tokens: &Range<usize>,
    at: usize,
    message: &str,
) -> Diagnostic {
    let found = tokens.clone().find(|index| reader.token(*index).end > at);
    // The byte may be inside of a string: then the token is the whole string, and the byte itself is the place.
    let inside = found.is_some_and(|index| reader.token(index).start < at);
    let place = match found {
        Some(index) if !inside => reader.token_span(index),
        Some(_) => super::span(reader.file, at, next_char(reader.text, at)),
        None => end_of(reader, tokens),
    };
    if message.contains("nesting depth") {
        return Diagnostic::error(
            "Nested too deeply",
            format!("Expressions can be nested {MAX_NESTING} levels deep; signs and conditions count too."),
        )
        .at(place)
        .help("Give parts of it names in a `locals` block.");
    }
    if message.contains("chained binary operators") {
        return Diagnostic::error(
            "Expression too long",
            "An expression can have 128 operators, but this one has more.",
        )
        .at(place)
        .help("Give parts of it names in a `locals` block, or use `sum`, `join`, `alltrue` or `anytrue`.");
    }
    if message.contains("redefined object key") {
        return Diagnostic::error("Key given twice", "This key was given before in the same object.")
            .at(place)
            .help("Delete one of them.");
    }
    // hcl-edit gives the start of an operation whose right side is missing.
    let last = tokens.end.saturating_sub(1);
    let dangling = reader.token(last).kind == Kind::Operator && reader.token_text(last) != "*";
    match found {
        _ if dangling && found.is_none_or(|index| index == tokens.start || index == last) => {
            let what = if reader.token_text(last) == "." { "a name" } else { "a value" };
            incomplete(Some(what.to_owned())).at(end_of(reader, tokens))
        }
        Some(index) if !inside => unexpected(reader, tokens, index, message).at(place),
        Some(_) => general(message, "what stands here").at(place),
        None => incomplete(expected(message)).at(place),
    }
}

fn next_char(text: &str, at: usize) -> usize {
    at + text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

/// The last token of the expression: what is missing is missing behind it.
fn end_of(reader: &Reader<'_>, tokens: &Range<usize>) -> Span {
    reader.token_span(tokens.end.saturating_sub(1))
}

/// The expression ends too early.
fn incomplete(missing: Option<String>) -> Diagnostic {
    let detail = match missing {
        Some(what) => format!("The expression ends too early: {what} is missing behind this."),
        None => "The expression ends too early: something is missing behind this.".to_owned(),
    };
    Diagnostic::error("Incomplete expression", detail)
        .help("An expression ends with its line; to go on over several lines put it in parentheses.")
}

/// There is a token that does not belong there.
fn unexpected(reader: &Reader<'_>, tokens: &Range<usize>, index: usize, message: &str) -> Diagnostic {
    let token = reader.token(index);
    let text = reader.token_text(index);
    let shown = match token.kind {
        Kind::Newline => "the end of the line".to_owned(),
        Kind::Quoted { .. } => "a string".to_owned(),
        Kind::Heredoc => "a heredoc".to_owned(),
        Kind::Name
        | Kind::Number
        | Kind::Open(_)
        | Kind::Close(_)
        | Kind::Assign
        | Kind::Comma
        | Kind::Colon
        | Kind::Ellipsis
        | Kind::Operator
        | Kind::End => format!("`{text}`"),
    };
    let before = if index > tokens.start { reader.token_text(index - 1) } else { "" };
    let diagnostic = general(message, &shown);
    let after_heredoc = index > tokens.start && reader.token(index - 1).kind == Kind::Heredoc;
    match (token.kind, text) {
        _ if after_heredoc => diagnostic.help("The end marker of a heredoc stands alone on its line."),
        _ if before == "not" => diagnostic.help("Write `!` for \"not\"."),
        (Kind::Assign, _) if message.contains("=>") => {
            diagnostic.help("Write `=>` between key and value of a `for`.")
        }
        (Kind::Assign, _) => diagnostic.help("Compare with `==`."),
        (_, "and") => diagnostic.help("Write `&&` for \"and\"."),
        (_, "or") => diagnostic.help("Write `||` for \"or\"."),
        (_, "=>") => diagnostic.help("`=>` belongs to `{ for ... : key => value }` only."),
        (_, "?") => diagnostic.help("A condition is written `condition ? yes : no`."),
        (_, "=" | "==") if before == "=" => diagnostic.help("Compare with `==`."),
        (Kind::Operator, "=" | "+" | "*" | "/" | "%" | "<" | ">" | "&&" | "||" | "==" | "!=") => {
            diagnostic.help("An operator stands between two values.")
        }
        (Kind::Quoted { .. } | Kind::Name | Kind::Number | Kind::Open(Bracket::Curly), _) => {
            diagnostic.help("Put an operator or a comma between two values; join texts as in \"${a}${b}\".")
        }
        (Kind::Newline, _) => {
            diagnostic.help("To go on over several lines put the expression in parentheses.")
        }
        _ => diagnostic.help("Delete it, or add what is missing before it."),
    }
}

fn general(message: &str, shown: &str) -> Diagnostic {
    let detail = match expected(message) {
        Some(what) => format!("{} is needed here, but {shown} was found.", capitalised(&what)),
        None => format!("The expression is complete before {shown}."),
    };
    Diagnostic::error("Invalid expression", detail)
}

/// What hcl-edit had expected, where it names it in a useful way.
fn expected(message: &str) -> Option<String> {
    if message.contains("invalid expression") {
        return Some("a value".to_owned());
    }
    if message.contains("unexpected token") {
        return None;
    }
    let list = message.split_once("expected ")?.1;
    match list {
        "identifier" => Some("a name".to_owned()),
        "expression" => Some("an expression".to_owned()),
        "digit" => Some("a digit".to_owned()),
        "`*`, identifier or unsigned integer" => Some("a name, a number or `*`".to_owned()),
        "`)` or expression" => Some("`,` or `)`".to_owned()),
        "`]`" => Some("`,` or `]`".to_owned()),
        "`=` or `:`" | "`:` or `=`" => Some("`=`".to_owned()),
        _ if list.contains("newline") => None,
        other => Some(other.replace('\n', "the end of the line")),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
