//! How long the tokens of a text of SQL are.

/// The length in bytes of what begins here with `c`, behind `before` of the same statement; none for what does not end.
pub(super) fn token_length(rest: &str, c: char, before: &str) -> Option<usize> {
    match c {
        '\'' => quoted(rest, '\'', is_escape_string(before)),
        '"' => quoted(rest, '"', false),
        '-' if rest.starts_with("--") => Some(rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => comment(rest),
        '$' => match dollar_tag(rest) {
            Some(tag) => rest.get(tag.len()..)?.find(tag).map(|at| at + 2 * tag.len()),
            None => Some(1),
        },
        c if is_word(c) => Some(rest.find(|c| !is_word(c) && c != '$').unwrap_or(rest.len())),
        c => Some(c.len_utf8()),
    }
}

/// Whether the quote behind this text is behind an `E`: only there a backslash escapes.
fn is_escape_string(before: &str) -> bool {
    let mut last = before.chars().rev();
    matches!(last.next(), Some('e' | 'E')) && !last.next().is_some_and(is_word)
}

/// Whether it is part of a word.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a quoted text with its quotes; the quote itself stands in it twice.
fn quoted(text: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && escapes {
            chars.next();
        } else if c == quote {
            if chars.peek().is_none_or(|(_, next)| *next != quote) {
                return Some(at + 1);
            }
            chars.next();
        }
    }
    None
}

/// The length of a comment, in which others may stand.
fn comment(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let rest = text.get(at..)?;
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += rest.chars().next()?.len_utf8();
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The tag that a dollar quote begins with: `$$` or `$body$`.
fn dollar_tag(text: &str) -> Option<&str> {
    let inner = text.get(1..)?;
    let end = inner.find(|c| !is_word(c))?;
    let starts_well = !inner.starts_with(|c: char| c.is_ascii_digit());
    (inner.get(end..)?.starts_with('$') && starts_well).then(|| text.get(..end + 2)).flatten()
}
