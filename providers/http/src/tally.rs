//! From attempts to a verdict. Pure: it knows no clock and no network.

use relplan_contract::{Outcome, Verdict};

use crate::attempt::Attempt;

/// What the attempts so far amount to.
pub(crate) struct Tally {
    wanted: u32,
    pub(crate) attempts: u32,
    /// Good ones in a row, up to now.
    streak: u32,
    /// Whether a bad one came after a good one.
    relapsed: bool,
    passed_before: bool,
    /// The weightiest bad one, and of equals the last: failed counts more than error.
    worst: Option<Attempt>,
    pub(crate) last: Option<Attempt>,
}

impl Tally {
    /// Nothing was tried yet; `wanted` good attempts in a row are.
    pub(crate) const fn new(wanted: u32) -> Self {
        Self {
            wanted,
            attempts: 0,
            streak: 0,
            relapsed: false,
            passed_before: false,
            worst: None,
            last: None,
        }
    }

    /// Counts an attempt. True: no other is made, since enough of them were good, or a request may not be sent again.
    pub(crate) fn add(&mut self, attempt: Attempt) -> bool {
        self.attempts = self.attempts.saturating_add(1);
        if attempt.outcome == Outcome::Passed {
            self.streak += 1;
            self.passed_before = true;
        } else {
            self.relapsed |= self.passed_before;
            self.streak = 0;
            if self.worst.as_ref().is_none_or(|worst| worst.outcome <= attempt.outcome) {
                self.worst = Some(attempt.clone());
            }
        }
        let ended = attempt.next.is_none();
        self.last = Some(attempt);
        self.streak >= self.wanted || ended
    }

    /// How far it is, for the live line.
    pub(crate) fn progress(&self) -> String {
        let number = self.attempts;
        match &self.last {
            Some(last) if last.outcome == Outcome::Passed => {
                format!("Attempt {number} was good, {} of {} in a row.", self.streak, self.wanted)
            }
            Some(last) => {
                let reason = last.lines.get(1).or_else(|| last.lines.first()).map_or("", |line| line.trim());
                format!("Attempt {number} was not: {reason}")
            }
            None => String::new(),
        }
    }

    /// The verdict, when no more attempts are made.
    pub(crate) fn verdict(&self, steps: usize, deadline_seconds: f64) -> Verdict {
        let attempts = plural(self.attempts, "attempt");
        if self.streak >= self.wanted {
            let steps = plural(u32::try_from(steps).unwrap_or(u32::MAX), "step");
            let row =
                if self.wanted > 1 { format!(" {} times in a row", self.wanted) } else { String::new() };
            return Verdict::new(Outcome::Passed, format!("{steps} passed{row}, after {attempts}."));
        }
        // An answer without fault came in the end, and nobody can read it: what was wrong before is over.
        let unread = self.last.as_ref().filter(|last| last.unread);
        let told = unread.or(self.worst.as_ref());
        let outcome = match told {
            _ if self.streak > 0 && !self.relapsed => Outcome::Inconclusive,
            Some(told) => told.outcome,
            None => Outcome::Inconclusive,
        };
        let ended = self.last.as_ref().is_some_and(|last| last.next.is_none());
        let within = if ended {
            format!("in {attempts}")
        } else {
            format!("within {deadline_seconds} s, in {attempts}")
        };
        let summary = match outcome {
            Outcome::Inconclusive => {
                format!("Only {} of {} good attempts in a row {within}.", self.streak, self.wanted)
            }
            Outcome::Error => format!("The test could not be made {within}."),
            Outcome::Failed | Outcome::Passed | Outcome::Pending => format!("Not healthy {within}."),
        };
        let details = told.map(|told| told.lines.clone()).unwrap_or_default();
        Verdict { details, ..Verdict::new(outcome, summary) }
    }
}

fn plural(count: u32, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use relplan_contract::Redactor;

    use super::*;
    use crate::fault::Fault;
    use crate::shown::Shown;

    fn attempt(letter: char) -> Attempt {
        let outcome = match letter {
            '.' => Outcome::Passed,
            'F' => Outcome::Failed,
            _ => Outcome::Error,
        };
        let fault = Fault { outcome, message: letter.to_string(), unsent: false };
        let attempt = Attempt::faulty(&fault, &Shown::new(Arc::new(Redactor::default())));
        Attempt { unread: letter == 'U', ..attempt }
    }

    fn verdict(wanted: u32, attempts: &str) -> (Outcome, Vec<String>) {
        let mut tally = Tally::new(wanted);
        for letter in attempts.chars() {
            tally.add(attempt(letter));
        }
        let verdict = tally.verdict(1, 60.0);
        (verdict.outcome, verdict.details)
    }

    #[test]
    fn only_enough_good_attempts_in_a_row_pass() {
        for (wanted, attempts, outcome) in [
            (1, ".", Outcome::Passed),
            (1, "EF.", Outcome::Passed),
            (2, "F.F..", Outcome::Passed),
            (3, "..", Outcome::Inconclusive),
            (3, "FF..", Outcome::Inconclusive),
            // It was good, and then it was not: no matter how it ends.
            (3, ".F..", Outcome::Failed),
            (3, "..E.", Outcome::Error),
            (2, "F.E", Outcome::Failed),
            (1, "F", Outcome::Failed),
            (1, "FEE", Outcome::Failed),
            (1, "EE", Outcome::Error),
            // It came up, and what it answers cannot be read here.
            (1, "FFU", Outcome::Error),
            (1, "FUF", Outcome::Failed),
            (1, "UFE", Outcome::Failed),
            (1, "", Outcome::Inconclusive),
        ] {
            assert_eq!(verdict(wanted, attempts).0, outcome, "{wanted} of {attempts}");
        }
        assert_eq!(verdict(1, "EFE").1, ["F"]);
        assert_eq!(verdict(1, "FFU").1, ["U"]);
    }
}
