//! Scanning inside of strings and heredocs: escapes, interpolations, directives, and where the text ends.

use super::{Diagnostic, Directive, Frame, FrameKind, Kind, Scanner};

impl Scanner<'_> {
    /// Scans a quoted string up to its end or to the next `${` or `%{`.
    pub(super) fn quoted_text(&mut self) {
        let from = self.at;
        while self.at < self.text.len() {
            match self.byte(0) {
                b'"' => {
                    self.refuse_deceptive(from, self.at);
                    self.at += 1;
                    return self.end_quote();
                }
                b'\n' => return self.line_end_in_quotes(),
                b'\\' => self.escape(),
                b'$' | b'%' => {
                    if self.skip_or_open_sequence() {
                        return self.refuse_deceptive(from, self.at);
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    fn end_quote(&mut self) {
        let Some(frame) = self.pop() else { return };
        self.unclosed_directive(&frame);
        self.token(Kind::Quoted { template: frame.template }, frame.start);
    }

    /// At `$` or `%`: skips it, or the escape `$${`, or opens a sequence; true when one was opened.
    fn skip_or_open_sequence(&mut self) -> bool {
        if self.byte(0) == self.byte(1) && self.byte(2) == b'{' {
            self.at += 3;
        } else if self.byte(1) == b'{' {
            self.open_sequence();
            return true;
        } else {
            self.at += 1;
        }
        false
    }

    fn open_sequence(&mut self) {
        let start = self.at;
        let is_directive = self.byte(0) == b'%';
        self.at += 2 + usize::from(self.byte(2) == b'~');
        if is_directive {
            self.directive(start);
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.template = true;
        }
        self.open(FrameKind::Sequence, start, None);
    }

    /// Keeps the account of `if`, `else`, `endif`, `for` and `endfor`.
    fn directive(&mut self, start: usize) {
        let rest = self.rest().trim_start();
        let word = rest.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let end = self.text.len() - rest.len() + word.len();
        let Some(frame) = self.frames.last_mut() else { return };
        let last = frame.directives.last().map(|(directive, _)| *directive);
        match (word, last) {
            ("if", _) => frame.directives.push((Directive::If, start)),
            ("for", _) => frame.directives.push((Directive::For, start)),
            ("else", Some(Directive::If)) => {
                if let Some(open) = frame.directives.last_mut() {
                    open.0 = Directive::Else;
                }
            }
            ("endif", Some(Directive::If | Directive::Else)) | ("endfor", Some(Directive::For)) => {
                frame.directives.pop();
            }
            ("else" | "endif" | "endfor", _) => {
                let wanted = if word == "endfor" { "for" } else { "if" };
                self.local_fault(
                    "Directive without a beginning",
                    format!("There is no `%{{ {wanted} ... }}` open that this `{word}` could belong to."),
                    "Delete it, or add the directive that begins it.",
                    (start, end),
                );
            }
            _ => self.local_fault(
                "Unknown template directive",
                "A directive begins with `if`, `else`, `endif`, `for` or `endfor`.",
                "To write `%{` as text, double the percent sign: `%%{`.",
                (start, end.max(start + 2)),
            ),
        }
    }

    fn unclosed_directive(&mut self, frame: &Frame) {
        if let Some((directive, start)) = frame.directives.last() {
            let (name, end) = if *directive == Directive::For { ("for", "endfor") } else { ("if", "endif") };
            self.local_fault(
                "Directive without an end",
                format!("The `%{{ {name} ... }}` that begins here is never ended."),
                &format!("Put `%{{ {end} }}` where it ends."),
                (*start, *start + 2),
            );
        }
    }

    fn escape(&mut self) {
        let start = self.at;
        let digits = match self.byte(1) {
            b'n' | b'r' | b't' | b'"' | b'\\' => {
                self.at += 2;
                return;
            }
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        let hex = self.text.get(start + 2..start + 2 + digits).unwrap_or_default();
        let valid = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32).is_some();
        if digits > 0 && valid && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            self.at += 2 + digits;
            return;
        }
        let shown = self.slice(start + 1, self.text.len()).chars().next().filter(|c| !c.is_control());
        self.at += 1 + shown.map_or(0, char::len_utf8);
        let help = match digits {
            4 => "Write four hexadecimal digits of a character behind `\\u`, as in `\\u00e9`.",
            8 => "Write eight hexadecimal digits of a character behind `\\U`, as in `\\U0001f600`.",
            _ => {
                "The escapes are \\n, \\r, \\t, \\\", \\\\, \\uNNNN and \\UNNNNNNNN; write a backslash as \\\\."
            }
        };
        let detail = format!("`\\{}` means nothing in a string.", shown.map_or(String::new(), String::from));
        self.local_fault("Invalid escape", detail, help, (start, self.at));
    }

    /// A line ends inside quotes. The fault is put where it began: at the quote, or at a `${` of this very line
    /// that has no end.
    fn line_end_in_quotes(&mut self) {
        let line_start = self.slice(0, self.at).rfind('\n').map_or(0, |newline| newline + 1);
        let outer =
            self.frames.iter().position(|frame| frame.kind == FrameKind::Quote && frame.start >= line_start);
        let first = outer.unwrap_or(self.frames.len().saturating_sub(1));
        let Some(quote) = self.frames.get(first).cloned() else { return };
        let sequence = self.frames.get(first + 1).filter(|frame| frame.kind == FrameKind::Sequence);
        let diagnostic = match sequence.map(|frame| frame.start) {
            Some(start) => Diagnostic::error(
                "Interpolation without an end",
                "The `${` that begins here has no `}` before the end of the line.",
            )
            .at(self.span(start, start + 2))
            .help("Add `}` behind the expression; to write `${` as text, write `$${`."),
            None => Diagnostic::error(
                "String without an end",
                "The string that begins here is not closed before the end of its line.",
            )
            .at(self.span(quote.start, self.at))
            .help("Add a closing quote; for text of several lines use a heredoc: <<EOT."),
        };
        self.fault(diagnostic, quote.start, true);
        while self.frames.len() > first {
            self.pop();
        }
        // Inside a heredoc the text goes on behind the line: what else was open in its interpolation is given up.
        if self.frames.iter().any(|frame| matches!(frame.kind, FrameKind::Heredoc { .. })) {
            while !matches!(self.frames.last(), Some(Frame { kind: FrameKind::Heredoc { .. }, .. })) {
                self.pop();
            }
        }
        self.token(Kind::Quoted { template: true }, quote.start);
    }

    /// At `<<`: a heredoc, if a name and the end of the line follow.
    pub(super) fn heredoc_start(&mut self) {
        let start = self.at;
        self.at += 2 + usize::from(self.byte(2) == b'-');
        let name_start = self.at;
        let length = self.rest().find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')));
        self.at += length.unwrap_or(self.rest().len());
        let delimiter = name_start..self.at;
        let line_end = self.starts_with("\n") || self.starts_with("\r\n");
        if delimiter.is_empty() || !line_end {
            let (from, to) = (start, self.at.max(start + 2));
            self.local_fault(
                "Invalid heredoc",
                "A heredoc begins with `<<` or `<<-` and a marker, and its text begins on the next line.",
                "Write it as `<<EOT`, then the text, then a line with only `EOT`; the marker has no quotes.",
                (from, to),
            );
            return self.skip_invalid_heredoc(start);
        }
        self.at += if self.byte(0) == b'\r' { 2 } else { 1 };
        self.open(FrameKind::Heredoc { delimiter }, start, None);
        self.end_heredoc_here();
    }

    /// Skips a heredoc that begins in a wrong way: up to its end where that can be told, else to the end of the line.
    fn skip_invalid_heredoc(&mut self, start: usize) {
        let behind = self.at + self.rest().find('\n').unwrap_or(self.rest().len());
        let is_sign = |c: char| matches!(c, '<' | '-' | '"' | '\'') || c.is_whitespace();
        let marker = self.slice(start, behind).trim_matches(is_sign);
        let mut end = behind;
        for line in self.slice(behind, self.text.len()).split_inclusive('\n') {
            end += line.len();
            if line.trim() == marker && !marker.is_empty() {
                self.at = end - line.len() + line.trim_end().len();
                return self.token(Kind::Heredoc, start);
            }
        }
        self.at = behind;
        self.token(Kind::Heredoc, start);
    }

    /// Scans the text of a heredoc up to its end or to the next `${` or `%{`.
    pub(super) fn heredoc_text(&mut self) {
        let from = self.at;
        while self.at < self.text.len() {
            match self.byte(0) {
                b'\n' => {
                    self.at += 1;
                    self.refuse_deceptive(from, self.at);
                    self.end_heredoc_here();
                    return;
                }
                b'$' | b'%' => {
                    if self.skip_or_open_sequence() {
                        return self.refuse_deceptive(from, self.at);
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// At the start of a line in a heredoc: ends it if the marker stands here, alone on its line.
    fn end_heredoc_here(&mut self) {
        let Some(Frame { kind: FrameKind::Heredoc { delimiter }, .. }) = self.frames.last() else { return };
        let marker = self.text.get(delimiter.clone()).unwrap_or_default();
        let line = self.rest().trim_start_matches([' ', '\t']);
        let Some(behind) = line.strip_prefix(marker) else { return };
        if behind.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-')) {
            return;
        }
        let marker_at = self.text.len() - line.len();
        if !behind.split('\n').next().unwrap_or_default().trim().is_empty() {
            self.out.false_markers.push(marker_at);
            return;
        }
        self.at = self.text.len() - behind.len();
        if let Some(frame) = self.pop() {
            self.unclosed_directive(&frame);
            self.token(Kind::Heredoc, frame.start);
        }
    }

    /// The text has ended inside a string, a heredoc, or an interpolation of one.
    pub(super) fn unclosed_text(&mut self, frame: &Frame) {
        let diagnostic = match &frame.kind {
            FrameKind::Heredoc { delimiter } => {
                let marker = self.text.get(delimiter.clone()).unwrap_or_default();
                let diagnostic = Diagnostic::error(
                    "Heredoc without an end",
                    format!("No line up to the end of the file consists of the marker `{marker}` alone."),
                )
                .at(self.span(frame.start, delimiter.end));
                let beside = self.out.false_markers.iter().find(|at| **at > frame.start);
                let diagnostic = beside.into_iter().fold(diagnostic, |diagnostic, at| {
                    let place = self.span(*at, *at + marker.len());
                    diagnostic.label(place, "this is no end, because something stands behind it")
                });
                diagnostic.help(format!("Put a line with only `{marker}` behind the text."))
            }
            FrameKind::Quote | FrameKind::Bracket(_) | FrameKind::Sequence => Diagnostic::error(
                "String without an end",
                "The string that begins here is not closed before the end of the file.",
            )
            .at(self.span(frame.start, frame.start + 1))
            .help("Add a closing quote."),
        };
        self.fault(diagnostic, frame.start, true);
    }
}
