//! What an ordeal saw: how often it hurt, and everything that was not as promised.

use std::fmt;

/// How many broken promises are printed.
const SHOWN: usize = 100;

/// The outcome of one ordeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// What was done, for a line of the fault table: `kill -9 at random moments`.
    pub ordeal: &'static str,
    /// How many times it was done.
    pub runs: u64,
    /// Figures worth a look, in order: how many kills hit a run under way, how many effects were made.
    pub figures: Vec<(&'static str, u64)>,
    /// Whether the bug that was planted first was found: without that, no finding proves nothing.
    pub caught_planted_bug: bool,
    /// Each broken promise, with the command that shows it again.
    pub findings: Vec<String>,
    /// What happened, where a single run was asked for.
    pub told: Vec<String>,
}

impl Tally {
    /// Nothing done yet.
    #[must_use]
    pub const fn new(ordeal: &'static str) -> Self {
        Self {
            ordeal,
            runs: 0,
            figures: Vec::new(),
            caught_planted_bug: false,
            findings: Vec::new(),
            told: Vec::new(),
        }
    }

    /// True when the planted bug was found and no promise was broken.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.caught_planted_bug && self.findings.is_empty()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.told {
            writeln!(out, "{line}")?;
        }
        let verdict = if self.holds() { "holds" } else { "BROKEN" };
        write!(out, "{}: {verdict}; {} runs", self.ordeal, self.runs)?;
        for (name, count) in &self.figures {
            write!(out, ", {count} {name}")?;
        }
        if !self.caught_planted_bug {
            write!(out, "\n  the planted bug was not found")?;
        }
        for finding in self.findings.iter().take(SHOWN) {
            write!(out, "\n  {finding}")?;
        }
        let more = self.findings.len().saturating_sub(SHOWN);
        if more > 0 {
            write!(out, "\n  and {more} more")?;
        }
        Ok(())
    }
}
