//! Scanning outside of strings: names, numbers, signs, comments.

use super::{Bracket, Diagnostic, FrameKind, Kind, Scanner};
use crate::addr::is_deceptive;

/// Signs of three and two bytes, the longer first.
const SIGNS: &[(&str, Kind)] = &[
    ("...", Kind::Ellipsis),
    ("==", Kind::Operator),
    ("!=", Kind::Operator),
    ("<=", Kind::Operator),
    (">=", Kind::Operator),
    ("=>", Kind::Operator),
    ("&&", Kind::Operator),
    ("||", Kind::Operator),
    ("::", Kind::Operator),
    ("=", Kind::Assign),
    (",", Kind::Comma),
    (":", Kind::Colon),
];

impl Scanner<'_> {
    /// Scans one token, or what stands between tokens.
    pub(super) fn code(&mut self) {
        let start = self.at;
        match self.byte(0) {
            b' ' | b'\t' => self.at += 1,
            b'\r' if self.byte(1) == b'\n' => self.at += 1,
            b'\n' => self.newline(),
            b'#' => self.line_comment(),
            b'/' if self.byte(1) == b'/' => self.line_comment(),
            b'/' if self.byte(1) == b'*' => self.block_comment(),
            b'"' => {
                self.at += 1;
                self.open(FrameKind::Quote, start, None);
            }
            b'<' if self.byte(1) == b'<' => self.heredoc_start(),
            b'(' => self.open_bracket(Bracket::Round),
            b'[' => self.open_bracket(Bracket::Square),
            b'{' => self.open_bracket(Bracket::Curly),
            b')' => self.close_bracket(Bracket::Round),
            b']' => self.close_bracket(Bracket::Square),
            b'}' => self.close_bracket(Bracket::Curly),
            b'0'..=b'9' => self.number(),
            _ => self.name_or_sign(),
        }
    }

    fn newline(&mut self) {
        let start = self.at;
        self.at += 1;
        let unsure = self.tainted || !self.frames.is_empty();
        if unsure && self.texts_open == 0 && self.begins_top_block() {
            self.close_before_block(start);
            self.tainted = false;
        }
        self.token(Kind::Newline, start);
    }

    /// Whether `resource "` or another top block begins right here, at the start of a line.
    fn begins_top_block(&self) -> bool {
        let line = self.rest().split('\n').next().unwrap_or_default();
        let word = line.split([' ', '"', '{']).next().unwrap_or_default();
        let rest = line.get(word.len()..).unwrap_or_default().trim_start();
        super::TOP_BLOCKS.contains(&word) && rest.starts_with(['"', '{'])
    }

    fn line_comment(&mut self) {
        let end = self.rest().find('\n').map_or(self.text.len(), |length| self.at + length);
        self.comment(end);
    }

    fn block_comment(&mut self) {
        let inside = self.text.get(self.at + 2..).unwrap_or_default();
        let Some(length) = inside.find("*/") else {
            let diagnostic =
                Diagnostic::error("Comment without an end", "The comment that begins here is never closed.");
            let diagnostic = diagnostic.help("Put `*/` behind it.").at(self.span(self.at, self.at + 2));
            self.fault(diagnostic, self.at, true);
            self.stopped = true;
            return;
        };
        self.comment(self.at + 2 + length + 2);
    }

    fn comment(&mut self, end: usize) {
        let start = self.at;
        self.at = end;
        self.refuse_deceptive(start, end);
    }

    /// Refuses characters that make a reader see another text than the program does.
    pub(super) fn refuse_deceptive(&mut self, start: usize, end: usize) {
        let text = self.slice(start, end);
        if let Some(offset) = text.find('\0') {
            let range = (start + offset, start + offset + 1);
            self.local_fault("Invalid character", "The file has a NUL character.", "Delete it.", range);
        }
        if text.is_ascii() {
            return;
        }
        let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if let Some((offset, c)) = text.char_indices().find(|(_, c)| turns(*c)) {
            let at = start + offset;
            self.local_fault(
                "Hidden text direction",
                format!(
                    "The invisible character U+{:04X} makes the text look different from what it is.",
                    u32::from(c)
                ),
                "Delete it; inside a quoted string it can be written as an escape, as in `\\u202e`.",
                (at, at + c.len_utf8()),
            );
        }
    }

    fn number(&mut self) {
        let start = self.at;
        let after_dot = self.slice(0, start).ends_with('.') && !self.slice(0, start).ends_with("..");
        self.digits();
        if !after_dot {
            self.fraction_and_exponent(start);
        }
        if self.rest().starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            let length = self.rest().find(|c: char| !c.is_alphanumeric() && c != '_');
            self.at = length.map_or(self.text.len(), |length| self.at + length);
            self.local_fault(
                "Not a number",
                format!(
                    "`{}` is neither a number nor a name: names begin with a letter.",
                    self.slice(start, self.at)
                ),
                "Write numbers in decimal, as in `12` or `0.5`; put text in double quotes.",
                (start, self.at),
            );
        }
        self.token(Kind::Number, start);
    }

    fn digits(&mut self) {
        while self.byte(0).is_ascii_digit() {
            self.at += 1;
        }
    }

    fn fraction_and_exponent(&mut self, start: usize) {
        if self.byte(0) == b'.' && self.byte(1).is_ascii_digit() {
            self.at += 1;
            self.digits();
        } else if self.byte(0) == b'.' && self.byte(1) != b'.' {
            self.at += 1;
            self.local_fault(
                "Not a number",
                "Digits are missing behind the decimal point.",
                "Leave the point out, or write a digit behind it.",
                (start, self.at),
            );
        }
        let sign = usize::from(matches!(self.byte(1), b'+' | b'-'));
        if matches!(self.byte(0), b'e' | b'E') && self.byte(1 + sign).is_ascii_digit() {
            self.at += 1 + sign;
            self.digits();
            self.out.exponents.push(start..self.at);
        }
    }

    fn name_or_sign(&mut self) {
        let start = self.at;
        let first = self.rest().chars().next().unwrap_or('\0');
        if first.is_alphabetic() || first == '_' {
            let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-') || is_mark(c);
            let length = self.rest().find(|c| !part(c)).unwrap_or(self.rest().len());
            self.at += length;
            self.token(Kind::Name, start);
            return;
        }
        if let Some((sign, kind)) = SIGNS.iter().find(|(sign, _)| self.starts_with(sign)) {
            self.at += sign.len();
            if matches!(kind, Kind::Assign | Kind::Colon)
                && let Some(frame) = self.frames.last_mut()
            {
                frame.separators += 1;
            }
            self.token(*kind, start);
            return;
        }
        let closes_sequence = first == '~' && self.byte(1) == b'}';
        self.at += first.len_utf8();
        if !"+-*/%!<>?.".contains(first) && !closes_sequence {
            self.unknown_character(first, start);
        }
        self.token(Kind::Operator, start);
    }

    fn unknown_character(&mut self, c: char, start: usize) {
        let help = match c {
            '\'' | '`' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' => {
                "Put text in plain double quotes: \"text\"."
            }
            ';' => "End a line to end an argument; no semicolon is needed.",
            '&' => "Write `&&` for \"and\".",
            '|' => "Write `||` for \"or\".",
            '$' => "`${...}` is for strings; outside of them write the expression as it is.",
            '\u{a0}' => "This is a no-break space: replace it by a plain one.",
            '^' => "Use the function `pow` for powers.",
            c if is_deceptive(c) => "This character is invisible: delete it.",
            _ => "Delete it, or put it in a string.",
        };
        let shown = if c == '`' {
            "\"`\"".to_owned()
        } else if is_deceptive(c) || c == '\u{a0}' {
            format!("U+{:04X}", u32::from(c))
        } else {
            format!("`{c}`")
        };
        let detail = format!("The character {shown} has no meaning here.");
        // Strings in other quotes are taken whole: what is in them would only make for more errors.
        if matches!(c, '\'' | '`' | '\u{201c}') {
            let end = if c == '\u{201c}' { '\u{201d}' } else { c };
            let line = self.rest().split('\n').next().unwrap_or_default();
            if let Some(length) = line.find(end) {
                self.at += length + end.len_utf8();
            }
        }
        self.local_fault("Invalid character", detail, help, (start, self.at));
    }
}

/// Combining marks and the like, which may stand inside a name.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}')
}
