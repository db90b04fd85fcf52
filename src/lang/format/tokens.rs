//! Tokens: coarse ones, since only the space between them matters. A quoted text with all its templates is one.

/// What a token is, as far as spacing is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, keyword or number.
    Word,
    /// A quoted text.
    Text,
    /// A heredoc with all its lines.
    Heredoc,
    /// A comment.
    Comment,
    /// `{`, `[` or `(`
    Open(char),
    /// `}`, `]` or `)`
    Close(char),
    /// An operator or other mark.
    Mark,
    /// The end of a line.
    Newline,
}

/// A token with the space before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub kind: Kind,
    pub text: &'t str,
    /// Blanks before it.
    pub spaces: usize,
}

/// Marks of more than one character.
const LONG_MARKS: [&str; 9] = ["...", "=>", "==", "!=", "<=", ">=", "&&", "||", "::"];

pub(super) fn scan(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == ' ' || first == '\t' || first == '\r' {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let (kind, length) = next(rest, first);
        let length = length.max(first.len_utf8()).min(rest.len());
        let (token, behind) = rest.split_at(length);
        tokens.push(Token { kind, text: token, spaces: 0 });
        rest = behind;
    }
    tokens
}

/// Kind and length of the token at the start of a text.
fn next(text: &str, first: char) -> (Kind, usize) {
    match first {
        '\n' => (Kind::Newline, 1),
        '"' => (Kind::Text, quoted(text)),
        '#' => (Kind::Comment, line(text)),
        '/' if text.starts_with("//") => (Kind::Comment, line(text)),
        '/' if text.starts_with("/*") => {
            (Kind::Comment, text.get(2..).and_then(|rest| rest.find("*/")).map_or(text.len(), |end| end + 4))
        }
        '<' if text.starts_with("<<") => {
            heredoc(text).map_or((Kind::Mark, 1), |length| (Kind::Heredoc, length))
        }
        '{' | '[' | '(' => (Kind::Open(first), 1),
        '}' | ']' | ')' => (Kind::Close(first), 1),
        c if c.is_alphanumeric() || c == '_' => (Kind::Word, word(text, c.is_ascii_digit())),
        _ => {
            let long = LONG_MARKS.iter().find(|mark| text.starts_with(**mark));
            (Kind::Mark, long.map_or(first.len_utf8(), |mark| mark.len()))
        }
    }
}

fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

fn word(text: &str, number: bool) -> usize {
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let exponent_sign = number && matches!(c, '+' | '-') && matches!(before, 'e' | 'E');
        let decimal_point = number
            && c == '.'
            && text.get(at + 1..).is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()));
        let inside =
            c.is_alphanumeric() || c == '_' || (!number && c == '-') || exponent_sign || decimal_point;
        if !inside {
            return at;
        }
        before = c;
    }
    text.len()
}

/// Length of a quoted text, templates and the texts in them included; to the end of the line when it does not end.
fn quoted(text: &str) -> usize {
    // For each open template its depth in braces; a text inside a template is one level more.
    let mut levels: Vec<Option<usize>> = vec![None];
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        let Some(level) = levels.last_mut() else { return at };
        match (level, c) {
            (None, '\\') => {
                chars.next();
            }
            (None, '"') => {
                levels.pop();
                if levels.is_empty() {
                    return at + 1;
                }
            }
            (None, '$' | '%') => {
                let escaped = chars.next_if(|(_, next)| *next == c).is_some();
                if !escaped && chars.next_if(|(_, next)| *next == '{').is_some() {
                    levels.push(Some(0));
                }
            }
            (None, '\n') => return at,
            (Some(depth), '{') => *depth += 1,
            (Some(0), '}') => {
                levels.pop();
            }
            (Some(depth), '}') => *depth -= 1,
            (Some(_), '"') => levels.push(None),
            _ => {}
        }
    }
    text.len()
}

/// Length of a heredoc up to the end of its closing line, without the line break; none when it does not end.
fn heredoc(text: &str) -> Option<usize> {
    let opening = text.get(..line(text))?;
    let marker = opening.trim_start_matches('<').trim_start_matches('-').trim();
    if marker.is_empty() || !marker.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return None;
    }
    let mut at = opening.len() + 1;
    for line in text.get(at..)?.split_inclusive('\n') {
        if line.trim() == marker {
            return Some(at + line.trim_end_matches('\n').len());
        }
        at += line.len();
    }
    None
}
