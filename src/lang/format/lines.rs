//! Lines of tokens, each in three parts: what stands before `=`, the assignment, and a comment at the end.

use super::tokens::{Kind, Token};

/// A line.
#[derive(Clone, Debug, Default)]
pub(super) struct Line<'t> {
    /// Everything, or what stands before the `=` of an argument.
    pub lead: Vec<Token<'t>>,
    /// The `=` and what follows; empty when the line is no argument.
    pub assign: Vec<Token<'t>>,
    /// A comment at the end of a line with something else on it.
    pub comment: Option<Token<'t>>,
}

impl Line<'_> {
    /// How many brackets the line opens more than it closes.
    pub(super) fn net_brackets(&self) -> isize {
        let change = |token: &Token<'_>| match token.kind {
            Kind::Open(_) => 1,
            Kind::Close(_) => -1,
            Kind::Word | Kind::Text | Kind::Heredoc | Kind::Comment | Kind::Mark | Kind::Newline => 0,
        };
        self.lead.iter().chain(&self.assign).map(change).sum()
    }

    /// Whether a comment on it has several lines.
    pub(super) fn is_multiline(&self) -> bool {
        let all = self.lead.iter().chain(&self.assign);
        all.filter(|token| token.kind == Kind::Comment).any(|token| token.text.contains('\n'))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lead.is_empty() && self.comment.is_none()
    }
}

/// The tokens by line. Empty lines at the end are dropped.
pub(super) fn split(tokens: Vec<Token<'_>>) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut current: Vec<Token<'_>> = Vec::new();
    for token in tokens {
        if token.kind == Kind::Newline {
            lines.push(line_of(std::mem::take(&mut current)));
        } else {
            current.push(token);
        }
    }
    if !current.is_empty() {
        lines.push(line_of(current));
    }
    lines
}

fn line_of(mut tokens: Vec<Token<'_>>) -> Line<'_> {
    // `/* */` is like any other token: more may follow on its line.
    let is_last = |token: &Token<'_>| token.kind == Kind::Comment && !token.text.starts_with("/*");
    let ends_in_comment = tokens.len() > 1 && tokens.last().is_some_and(is_last);
    let comment = if ends_in_comment { tokens.pop() } else { None };
    // An argument: one name, then `=`.
    let equals = tokens.iter().position(|token| token.kind == Kind::Mark && token.text == "=");
    let assign = match equals {
        Some(at) if at > 0 => tokens.split_off(at),
        Some(_) | None => Vec::new(),
    };
    Line { lead: tokens, assign, comment }
}

/// The text of the lines.
pub(super) fn write(lines: &[Line<'_>]) -> String {
    let mut text = String::new();
    for line in lines {
        for token in line.lead.iter().chain(&line.assign).chain(&line.comment) {
            text.extend(std::iter::repeat_n(' ', token.spaces));
            text.push_str(if token.kind == Kind::Comment { token.text.trim_end() } else { token.text });
        }
        text.push('\n');
    }
    text
}
