//! What a command prints, made fit to be shown and kept: cut into lines of bounded length, freed of control
//! characters, masked.

use std::collections::VecDeque;

use relplan_contract::Redactor;

/// How much of a line is held back to be masked as a whole. What comes after it is left out.
const HELD: usize = 64 * 1024;

/// How much of a line is shown: far less than is held, so that no secret is cut in two where it ends.
const SHOWN: usize = 4 * 1024;

/// The last lines, for people who look at what went wrong.
const TAIL_LINES: usize = 20;
const TAIL_BYTES: usize = 8 * 1024;

/// Cuts a stream of bytes into lines, with memory for one.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    held: Vec<u8>,
    left_out: usize,
    after_return: bool,
}

impl Lines {
    /// Takes the next bytes in and gives each line that they end.
    pub(crate) fn feed(&mut self, bytes: &[u8], emit: &mut dyn FnMut(&str, usize)) {
        for piece in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let (text, end) = match piece.split_last() {
                Some((end @ (b'\n' | b'\r'), text)) => (text, Some(*end)),
                _ => (piece, None),
            };
            let room = HELD.saturating_sub(self.held.len()).min(text.len());
            let (kept, rest) = text.split_at(room);
            self.held.extend_from_slice(kept);
            self.left_out += rest.len();
            if let Some(end) = end {
                // The second half of "\r\n", or a progress bar that starts over: no line of its own.
                let bare = text.is_empty() && self.held.is_empty();
                if !(bare && (end == b'\r' || self.after_return)) {
                    self.end_line(emit);
                }
                self.after_return = end == b'\r' && !bare;
            } else if !text.is_empty() {
                self.after_return = false;
            }
        }
    }

    /// Gives the last line when the stream ended without a line end.
    pub(crate) fn finish(&mut self, emit: &mut dyn FnMut(&str, usize)) {
        if !self.held.is_empty() {
            self.end_line(emit);
        }
    }

    fn end_line(&mut self, emit: &mut dyn FnMut(&str, usize)) {
        emit(&String::from_utf8_lossy(&self.held), self.left_out);
        self.held.clear();
        self.left_out = 0;
    }
}

/// A line as it may be shown and kept. `left_out` bytes of it were not held.
///
/// Masked twice: before control characters go, since a secret may hold some, and after, since colour codes may
/// stand in the middle of one.
pub(crate) fn clean(redactor: &Redactor, line: &str, left_out: usize) -> String {
    let masked = redactor.mask(line);
    let plain = without_controls(&masked);
    let masked = redactor.mask(&plain);
    let end = (0..=SHOWN.min(masked.len())).rev().find(|end| masked.is_char_boundary(*end)).unwrap_or(0);
    let left_out = left_out + (masked.len() - end);
    let shown = masked.get(..end).unwrap_or_default();
    if left_out == 0 { shown.to_owned() } else { format!("{shown} [{left_out} more bytes on this line]") }
}

/// The text without terminal sequences; other characters that steer a terminal or turn the reading direction
/// are replaced.
fn without_controls(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_sequence(&mut chars),
            '\t' => plain.push_str("    "),
            c if c.is_control() || is_invisible(c) => plain.push('\u{fffd}'),
            c => plain.push(c),
        }
    }
    plain
}

/// Skips what follows an escape character: `[` parameters and a final letter, or `]` up to its end.
fn skip_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next_if(|c| matches!(c, '[' | ']')) {
        Some('[') => {
            while chars.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
            chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
        }
        Some(_) => {
            while chars.next_if(|c| !matches!(c, '\u{7}' | '\u{1b}')).is_some() {}
            if chars.next() == Some('\u{1b}') {
                chars.next_if(|c| *c == '\\');
            }
        }
        None => {}
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The last lines of an output.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    lines: VecDeque<String>,
    bytes: usize,
}

impl Tail {
    pub(crate) fn push(&mut self, line: &str) {
        self.bytes += line.len() + 1;
        self.lines.push_back(line.to_owned());
        while self.lines.len() > TAIL_LINES || (self.bytes > TAIL_BYTES && self.lines.len() > 1) {
            self.bytes -= self.lines.pop_front().map_or(0, |line| line.len() + 1);
        }
    }

    /// The lines as one text, without empty ones at its end.
    pub(crate) fn text(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        lines.join("\n").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests;
