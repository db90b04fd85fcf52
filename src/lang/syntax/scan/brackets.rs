//! Brackets, and what to say when they do not match.

use super::{Bracket, Diagnostic, Frame, FrameKind, Kind, Scanner};

impl Scanner<'_> {
    pub(super) fn open_bracket(&mut self, bracket: Bracket) {
        let start = self.at;
        self.at += 1;
        let index = self.out.tokens.len();
        self.token(Kind::Open(bracket), start);
        self.open(FrameKind::Bracket(bracket), start, (self.texts_open == 0).then_some(index));
    }

    pub(super) fn close_bracket(&mut self, bracket: Bracket) {
        let start = self.at;
        self.at += 1;
        match self.frames.last().map(|frame| &frame.kind) {
            Some(FrameKind::Bracket(open)) if *open == bracket => {
                self.note_indentation(start);
                self.close_frame();
            }
            Some(FrameKind::Sequence) if bracket == Bracket::Curly => {
                self.pop();
                return;
            }
            Some(_) | None => return self.mismatch(bracket, start),
        }
        self.token(Kind::Close(bracket), start);
    }

    /// Pops the innermost frame and makes the token that comes next its partner.
    fn close_frame(&mut self) {
        let index = self.out.tokens.len();
        if let Some(token) = self.pop().and_then(|frame| frame.token)
            && let Some(open) = self.out.tokens.get_mut(token)
        {
            open.partner = Some(index);
        }
    }

    fn mismatch(&mut self, bracket: Bracket, start: usize) {
        let code_frames = self.frames.iter().rev().take_while(|frame| is_bracket(frame));
        let depth = code_frames.take_while(|frame| frame.kind != FrameKind::Bracket(bracket)).count();
        let opener = self.frames.iter().rev().nth(depth);
        let closes_outer = opener.is_some_and(|frame| {
            frame.kind == FrameKind::Bracket(bracket)
                || (frame.kind == FrameKind::Sequence && bracket == Bracket::Curly)
        });
        if self.tainted && !self.frames.last().is_some_and(is_bracket) {
            return;
        }
        let close = bracket.close();
        let diagnostic = match self.frames.last().filter(|frame| is_bracket(frame)).cloned() {
            Some(Frame { kind: FrameKind::Bracket(open), start: opening, .. }) => {
                let wanted = open.close();
                let opener = (opening, "opened here".to_owned());
                let closer = (start, format!("`{wanted}` is missing before this"));
                let one_line = !self.slice(opening, start).contains('\n');
                let (first, second) = if one_line { (closer, opener) } else { (opener, closer) };
                Diagnostic::error(
                    "Brackets do not match",
                    format!("`{}` must be closed before `{close}`.", open.open()),
                )
                .label(self.span(first.0, first.0 + 1), first.1)
                .label(self.span(second.0, second.0 + 1), second.1)
                .help(format!("Add `{wanted}`, or delete `{}`.", open.open()))
            }
            Some(_) | None => Diagnostic::error(
                "Closing bracket without an opening one",
                format!("Nothing is open that `{close}` could close."),
            )
            .at(self.span(start, start + 1))
            .help(format!("Delete it, or look for a missing `{}` before it.", bracket.open())),
        };
        // Where the missing bracket can be supplied, only the statement around it is in error.
        let innermost = self.frames.last().filter(|frame| is_bracket(frame)).map(|frame| frame.start);
        self.fault(diagnostic, innermost.unwrap_or(start), innermost.is_none());
        if closes_outer {
            for _ in 0..depth {
                self.close_frame();
            }
            self.at = start;
            self.close_bracket(bracket);
        } else if self.frames.last().is_some_and(is_bracket) {
            self.close_frame();
            self.token(Kind::Close(bracket), start);
        }
    }

    /// Notes a closing bracket that begins its line with another indentation than its opener's line: if something
    /// turns out to be unclosed, the mistake is likely near.
    fn note_indentation(&mut self, close: usize) {
        let before = self.slice(0, close).trim_end_matches([' ', '\t']);
        if self.suspect.is_some() || !before.ends_with('\n') {
            return;
        }
        let Some(opener) = self.frames.last().map(|frame| frame.start) else { return };
        let opener_line = self.slice(0, opener).rfind('\n').map_or(0, |newline| newline + 1);
        let rest = self.slice(opener_line, self.text.len());
        let indentation = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if opener_line != before.len() && indentation != close - before.len() {
            self.suspect = Some((opener, close));
        }
    }

    /// A block begins at the start of a line, but something before it is still open.
    pub(super) fn close_before_block(&mut self, newline: usize) {
        let line_end = self.rest().find('\n').map_or(self.text.len(), |length| self.at + length);
        let block = self.span(self.at, line_end);
        let diagnostic = self.unclosed().map(|diagnostic| {
            diagnostic.label(block, "a new block begins here, so it should have been closed before")
        });
        let at = self.frames.first().map_or(newline, |frame| frame.start);
        if let Some(diagnostic) = diagnostic {
            self.fault(diagnostic, at, true);
        }
        while !self.frames.is_empty() {
            self.close_frame();
        }
        self.suspect = None;
    }

    /// The text has ended: whatever is still open is an error.
    pub(super) fn close_at_end(&mut self) {
        if let Some(text) = self.frames.iter().find(|frame| !is_bracket(frame)).cloned() {
            return self.unclosed_text(&text);
        }
        if let Some(diagnostic) = self.unclosed() {
            let at = self.frames.first().map_or(0, |frame| frame.start);
            self.fault(diagnostic, at, true);
        }
    }

    /// What to say of the brackets that are open now.
    fn unclosed(&self) -> Option<Diagnostic> {
        let guilty = self.frames.iter().find(|frame| frame.kind != FrameKind::Bracket(Bracket::Curly));
        let frame = guilty.or(self.frames.first())?;
        let FrameKind::Bracket(bracket) = frame.kind else { return None };
        let (open, close) = (bracket.open(), bracket.close());
        let diagnostic = Diagnostic::error(
            "Bracket without an end",
            format!("The `{open}` that is opened here is never closed."),
        )
        .label(self.span(frame.start, frame.start + 1), format!("no `{close}` for this"));
        let suspect = self.suspect.filter(|(opener, _)| *opener > frame.start && guilty.is_none());
        Some(match suspect {
            Some((opener, closer)) => diagnostic
                .label(self.span(opener, opener + 1), "this one may be the one that is not closed")
                .label(self.span(closer, closer + 1), "by its indentation this belongs to another bracket")
                .help(format!("Add the missing `{close}`.")),
            None => diagnostic.help(format!("Add `{close}` where it ends.")),
        })
    }
}

fn is_bracket(frame: &Frame) -> bool {
    matches!(frame.kind, FrameKind::Bracket(_))
}
