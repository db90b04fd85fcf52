//! What stands at the end of a run: what was done, what not and why, and what to type next.

use std::collections::BTreeSet;

use relplan_contract::Outcome;

use crate::event::{Ending, EntryKey, RunMode};
use crate::plan::Action;
use crate::run::report::{Row, RowResult, Summary};
use crate::view::style::{Palette, Tone};
use crate::view::{escape, words};

/// The end of a run. A table of every change comes first where not all of it was done; the counts come in
/// Terraform's line, which other tools match: `Apply complete! Resources: 1 added, 0 changed, 0 destroyed.`
#[must_use]
pub fn summary(summary: &Summary, mode: RunMode, palette: &Palette) -> String {
    let mut out = String::new();
    if summary.ending != Ending::Complete {
        table(&summary.rows, palette, &mut out);
    }
    let (tone, title) = title(summary.ending, mode);
    let counts = Counts::of(&summary.rows);
    out.push_str(&format!("\n{}\n", palette.paint(tone, format!("{title} {}", counts.line(mode)))));
    if let Some(checks) = counts.checks() {
        out.push_str(&format!("{checks}\n"));
    }
    if !summary.next.is_empty() {
        out.push_str("\nNext:\n");
        let commands: Vec<String> =
            summary.next.iter().map(|(command, _)| escape::line(command).into_owned()).collect();
        let width = width(&commands);
        for (command, (_, why)) in commands.iter().zip(&summary.next) {
            let padded = format!("{command:width$}");
            out.push_str(&format!("  {}  {}\n", palette.paint(Tone::Strong, padded), escape::line(why)));
        }
    }
    if let Some(head) = &summary.head {
        out.push_str(&format!("\nHead of the ledger: {head}\n"));
    }
    out
}

const fn title(ending: Ending, mode: RunMode) -> (Tone, &'static str) {
    match (ending, mode) {
        (Ending::Complete, RunMode::Destroy) => (Tone::Good, "Destroy complete!"),
        (Ending::Complete, RunMode::Rollback) => (Tone::Good, "Rollback complete!"),
        (Ending::Complete, RunMode::Refresh) => (Tone::Good, "Refresh complete!"),
        (Ending::Complete, RunMode::Apply | RunMode::State) => (Tone::Good, "Apply complete!"),
        (Ending::Failed, _) => (Tone::Bad, "Not all was done."),
        (Ending::CheckFailed, _) => (Tone::Bad, "A check failed."),
        (Ending::RolledBack, _) => (Tone::Bad, "A check failed, and what it judged was turned back."),
        (Ending::Inconclusive, _) => (Tone::Bad, "A check could not tell, or could not be made."),
        (Ending::Waiting, _) => (Tone::Notice, "Waiting at a gate."),
        (Ending::Interrupted, _) => (Tone::Notice, "Interrupted."),
        (Ending::Uncertain, _) => (Tone::Bad, "Some actions may or may not have been done."),
    }
}

fn table(rows: &[Row], palette: &Palette, out: &mut String) {
    let objects: Vec<String> = rows.iter().map(|row| words::object(&row.key)).collect();
    let width = width(&objects);
    let widest = rows.iter().map(|row| word(&row.result).1.len()).max().unwrap_or(0).max(11);
    out.push('\n');
    for (row, object) in rows.iter().zip(&objects) {
        let (tone, word) = word(&row.result);
        let word = format!("{word:widest$}");
        let text = what(row);
        let line = format!("  {}  {object:width$}  {text}", palette.paint(tone, word));
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// The width of the widest, in characters; at most so much that a line can still be read.
fn width(texts: &[String]) -> usize {
    texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).min(60)
}

const fn word(result: &RowResult) -> (Tone, &'static str) {
    match result {
        RowResult::Done { .. } => (Tone::Good, "done"),
        RowResult::Failed { .. } => (Tone::Bad, "failed"),
        RowResult::NotPassed { verdict } => (words::verdict_tone(verdict.outcome), verdict.outcome.name()),
        RowResult::Uncertain { .. } => (Tone::Bad, "uncertain"),
        RowResult::Skipped { .. } => (Tone::Faint, "not started"),
        RowResult::TurnedBack { .. } => (Tone::Notice, "turned back"),
    }
}

/// The last column: what was done, or why not; of several lines the first.
fn what(row: &Row) -> String {
    let first = |text: &str| escape::lines(text).next().unwrap_or_default().into_owned();
    match &row.result {
        RowResult::Done { verdict: Some(verdict), .. } | RowResult::NotPassed { verdict } => {
            first(&verdict.summary)
        }
        RowResult::Done { verdict: None, headline: Some(headline) } => {
            format!("{} [{}]", done(row.action), escape::line(headline))
        }
        RowResult::Done { verdict: None, headline: None } => done(row.action).to_owned(),
        RowResult::Failed { message, .. } | RowResult::Uncertain { message } => first(message),
        RowResult::Skipped { because } => first(because),
        RowResult::TurnedBack { version } => format!("to {}", escape::line(version)),
    }
}

const fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace { .. } => "replaced",
        Action::Destroy => "destroyed",
        Action::Judge => "judged",
        Action::Forget => "let go",
        Action::Read => "read",
    }
}

/// What was done, by kind.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    added: usize,
    changed: usize,
    destroyed: usize,
    turned_back: usize,
    passed: usize,
    failed: usize,
    open: usize,
}

impl Counts {
    fn of(rows: &[Row]) -> Self {
        let mut counts = Self::default();
        let destroyed_before: BTreeSet<&EntryKey> = (rows.iter())
            .filter(|row| row.action == Action::Destroy && matches!(row.result, RowResult::Done { .. }))
            .map(|row| &row.key)
            .collect();
        for row in rows {
            match &row.result {
                RowResult::Done { .. } => counts.count_done(row, destroyed_before.contains(&row.key)),
                RowResult::NotPassed { verdict } => match verdict.outcome {
                    Outcome::Passed => counts.passed += 1,
                    Outcome::Failed => counts.failed += 1,
                    Outcome::Pending | Outcome::Inconclusive | Outcome::Error => counts.open += 1,
                },
                RowResult::TurnedBack { .. } => counts.turned_back += 1,
                RowResult::Failed { .. } | RowResult::Uncertain { .. } | RowResult::Skipped { .. } => {
                    counts.open += usize::from(row.action == Action::Judge);
                }
            }
        }
        counts
    }

    /// `destroyed_before`: whether the old object's end has a row of its own.
    const fn count_done(&mut self, row: &Row, destroyed_before: bool) {
        match row.action {
            Action::Create => self.added += 1,
            Action::Update => self.changed += 1,
            Action::Replace { create_first } => {
                self.added += 1;
                self.destroyed += if create_first || destroyed_before { 0 } else { 1 };
            }
            Action::Destroy => self.destroyed += 1,
            Action::Judge => self.passed += 1,
            Action::Forget | Action::Read => {}
        }
    }

    fn line(&self, mode: RunMode) -> String {
        let back =
            if self.turned_back == 0 { String::new() } else { format!(", {} turned back", self.turned_back) };
        match mode {
            RunMode::Destroy => format!("Resources: {} destroyed{back}.", self.destroyed),
            RunMode::Apply | RunMode::Rollback | RunMode::Refresh | RunMode::State => format!(
                "Resources: {} added, {} changed, {} destroyed{back}.",
                self.added, self.changed, self.destroyed
            ),
        }
    }

    fn checks(&self) -> Option<String> {
        let parts: Vec<String> = [(self.passed, "passed"), (self.failed, "failed"), (self.open, "open")]
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        (!parts.is_empty()).then(|| format!("Checks: {}.", parts.join(", ")))
    }
}
