//! Printing, and asking.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// What is known of where the output goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    /// Whether text may have colours.
    pub colour: bool,
    /// Whether somebody can be asked.
    pub interactive: bool,
    /// Whether lines can be drawn anew.
    pub live: bool,
}

impl Terminal {
    pub(super) fn new(no_color: bool, ci: bool) -> Self {
        let stdout = std::io::stdout().is_terminal();
        Self {
            colour: stdout && !no_color,
            interactive: std::io::stdin().is_terminal() && !ci,
            live: stdout && !ci,
        }
    }

    /// Prints text to standard output. A closed pipe is the reader's choice, and no error.
    pub(super) fn print(text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }

    /// Prints text to standard error.
    pub(super) fn warn(text: &str) {
        let mut out = std::io::stderr().lock();
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }

    /// Asks, and gives the line that was typed; none at the end of the input.
    pub(super) fn ask(question: &str) -> Option<String> {
        Self::print(question);
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim().to_owned()),
        }
    }
}
