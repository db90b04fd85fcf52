//! The scanner: from text to tokens. It never recurses, so no input can exhaust the stack, and it goes on after
//! an error, so that all of a file's errors come out together.

use super::token::{Bracket, Fault, Kind, Scan, Token};
use super::{MAX_FAULTS, MAX_NESTING, MAX_OBJECT_KEYS};
use crate::diag::Diagnostic;
use crate::source::{FileId, Span};

mod brackets;
mod code;
mod texts;

/// Block types that stand at the top of a file. A line that begins with one of them begins a block, whatever is
/// still open before it.
pub(super) const TOP_BLOCKS: &[&str] = &[
    "check",
    "data",
    "import",
    "locals",
    "module",
    "moved",
    "output",
    "provider",
    "release",
    "removed",
    "resource",
    "terraform",
    "variable",
];

/// Scans a text. `start` is where to begin: behind a byte order mark.
pub(super) fn scan(file: FileId, text: &str, start: usize) -> Scan {
    let mut scanner = Scanner {
        file,
        text,
        at: start,
        frames: Vec::new(),
        texts_open: 0,
        suspect: None,
        tainted: false,
        stopped: false,
        out: Scan::default(),
    };
    while scanner.at < text.len() && !scanner.stopped {
        match scanner.frames.last() {
            Some(Frame { kind: FrameKind::Quote, .. }) => scanner.quoted_text(),
            Some(Frame { kind: FrameKind::Heredoc { .. }, .. }) => scanner.heredoc_text(),
            Some(_) | None => scanner.code(),
        }
    }
    if !scanner.stopped {
        scanner.close_at_end();
    }
    scanner.out.crowded.sort_unstable();
    scanner.out
}

/// Something open: a bracket, a string, a heredoc, or an interpolation or directive inside one of these.
#[derive(Clone, Debug)]
struct Frame {
    kind: FrameKind,
    /// Where it was opened.
    start: usize,
    /// Index of its token, where it has one.
    token: Option<usize>,
    /// In curly brackets: how many `=` and `:` stand directly inside.
    separators: usize,
    /// In a string or heredoc: directives that still want their `%{ endif }` or `%{ endfor }`.
    directives: Vec<(Directive, usize)>,
    /// In a string: whether it has an interpolation or directive.
    template: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum FrameKind {
    Bracket(Bracket),
    /// After `${` or `%{`.
    Sequence,
    Quote,
    Heredoc {
        delimiter: std::ops::Range<usize>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Directive {
    If,
    Else,
    For,
}

struct Scanner<'t> {
    file: FileId,
    text: &'t str,
    at: usize,
    frames: Vec<Frame>,
    /// How many of the frames are strings or heredocs: tokens are kept outside of them only.
    texts_open: usize,
    /// A closing bracket on a line of its own whose indentation differs from its opener's, as (opener, closer).
    suspect: Option<(usize, usize)>,
    /// Since a structural fault no block began: brackets that do not match may only follow from it.
    tainted: bool,
    /// Set when going on makes no sense.
    stopped: bool,
    out: Scan,
}

impl<'t> Scanner<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn starts_with(&self, prefix: &str) -> bool {
        self.rest().starts_with(prefix)
    }

    /// The byte at an offset from here; 0 behind the end.
    fn byte(&self, offset: usize) -> u8 {
        self.text.as_bytes().get(self.at + offset).copied().unwrap_or(0)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        super::span(self.file, start, end)
    }

    fn token(&mut self, kind: Kind, start: usize) {
        if self.texts_open == 0 {
            self.out.tokens.push(Token { kind, start, end: self.at, partner: None });
        }
    }

    fn open(&mut self, kind: FrameKind, start: usize, token: Option<usize>) {
        if matches!(kind, FrameKind::Quote | FrameKind::Heredoc { .. }) {
            self.texts_open += 1;
        }
        self.frames.push(Frame {
            kind,
            start,
            token,
            separators: 0,
            directives: Vec::new(),
            template: false,
        });
        if self.frames.len() > MAX_NESTING {
            let diagnostic = Diagnostic::error(
                "Nested too deeply",
                format!("Brackets, blocks and templates can be nested {MAX_NESTING} levels deep."),
            )
            .label(self.span(start, self.at), "one level too many");
            self.fault(diagnostic.help("Give parts of it names in a `locals` block."), start, true);
            self.stopped = true;
        }
    }

    fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop()?;
        match frame.kind {
            FrameKind::Quote | FrameKind::Heredoc { .. } => self.texts_open -= 1,
            FrameKind::Bracket(Bracket::Curly) if frame.separators > MAX_OBJECT_KEYS => {
                self.out.crowded.push(frame.start);
            }
            FrameKind::Bracket(_) | FrameKind::Sequence => {}
        }
        Some(frame)
    }

    fn fault(&mut self, diagnostic: Diagnostic, at: usize, structural: bool) {
        self.tainted |= structural;
        self.out.faults.push(Fault { diagnostic, at, structural });
        self.stopped |= self.out.faults.len() >= MAX_FAULTS;
    }

    /// A fault with a label at `start..end` that leaves the structure as it is.
    fn local_fault(&mut self, summary: &str, detail: impl Into<String>, help: &str, range: (usize, usize)) {
        let diagnostic = Diagnostic::error(summary, detail).help(help).at(self.span(range.0, range.1));
        self.fault(diagnostic, range.0, false);
    }
}

#[cfg(test)]
mod tests;
