//! A run while it goes on and when it has ended, in Terraform's words where Terraform has them.
//!
//! Lines begin with the address, so that those of one object can be searched for. What an action itself says stands
//! behind a bar, so that it cannot pass for a line of relplan's.

use std::time::Duration;

use relplan_contract::{Outcome, Verdict};

use super::style::{Palette, Tone};
use super::{escape, words};
use crate::event::EntryKey;
use crate::plan::Action;
use crate::run::report::{Notice, RowResult};

mod closing;

pub use closing::summary;

/// The lines for a notice, each with a line break.
#[must_use]
pub fn notice(notice: &Notice, palette: &Palette) -> String {
    match notice {
        Notice::Started { key, action } => strong(key, &format!("{}...", doing(*action)), palette),
        Notice::Line { key, text } => {
            let lines = escape::lines(text)
                .map(|line| format!("{} {} {line}\n", name(key), palette.paint(Tone::Faint, "|")));
            lines.collect::<Vec<_>>().concat()
        }
        Notice::Still { key, action, elapsed } => still(key, *action, *elapsed, palette),
        Notice::Retrying { key, attempt, wait, message } => {
            // What it says beyond its first line is told if it fails for good.
            let why = escape::lines(message).next().unwrap_or_default();
            let text = format!("Try {attempt} in {}: {why}", words::duration(*wait));
            line(key, Tone::Notice, &text, palette)
        }
        Notice::Finished { key, action, result, took } => finished(key, *action, result, *took, palette),
        Notice::RollingBack { check } => {
            let text = "Rolling back what it judged, since it failed...";
            line(check, Tone::Bad, text, palette)
        }
        Notice::Stopping { running } => {
            let rest = match running {
                0 => "nothing is under way.".to_owned(),
                1 => "1 action is still under way; interrupt again to abort it.".to_owned(),
                _ => format!("{running} actions are still under way; interrupt again to abort them."),
            };
            let text = format!("Stopping: nothing new is started, {rest}");
            format!("\n{}\n\n", palette.paint(Tone::Notice, text))
        }
        Notice::Aborting { running } => {
            let text = match running {
                0 => "Aborting: nothing is under way.".to_owned(),
                1 => "Aborting: 1 action is given up; what becomes of that is not known.".to_owned(),
                _ => format!("Aborting: {running} actions are given up; what becomes of them is not known."),
            };
            format!("\n{}\n\n", palette.paint(Tone::Notice, text))
        }
    }
}

/// The line for an action that goes on: `git_tag.app: Still creating... [10s elapsed]`.
fn still(key: &EntryKey, action: Action, elapsed: Duration, palette: &Palette) -> String {
    let mut doing = doing(action).to_owned();
    if let Some(first) = doing.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    strong(key, &format!("Still {doing}... [{} elapsed]", words::duration(elapsed)), palette)
}

fn finished(key: &EntryKey, action: Action, result: &RowResult, took: Duration, palette: &Palette) -> String {
    let took = words::duration(took);
    match result {
        RowResult::Done { verdict: Some(verdict), .. } | RowResult::NotPassed { verdict } => {
            judged(key, verdict, &took, palette)
        }
        RowResult::Done { verdict: None, headline } => {
            let headline = headline.as_ref().map_or_else(String::new, |h| format!(" [{}]", escape::line(h)));
            strong(key, &format!("{} complete after {took}{headline}", deed(action)), palette)
        }
        RowResult::Failed { message, .. } => {
            problem(key, Tone::Bad, &format!("{} failed after {took}", deed(action)), message, palette)
        }
        RowResult::Uncertain { message } => {
            let text = format!("{} may or may not be done, after {took}", deed(action));
            problem(key, Tone::Bad, &text, message, palette)
        }
        RowResult::Skipped { because } => {
            line(key, Tone::Faint, &format!("Not started: {}", escape::line(because)), palette)
        }
        RowResult::TurnedBack { version } => {
            let text = format!("Turned back to {} after {took}", escape::line(version));
            line(key, Tone::Notice, &text, palette)
        }
    }
}

fn judged(key: &EntryKey, verdict: &Verdict, took: &str, palette: &Palette) -> String {
    let text = format!("{} after {took}: {}", verdict.outcome.name(), escape::line(&verdict.summary));
    let mut out = line(key, words::verdict_tone(verdict.outcome), &text, palette);
    if verdict.outcome != Outcome::Passed {
        for detail in &verdict.details {
            out.push_str(&format!("  {}\n", escape::line(detail)));
        }
    }
    out
}

/// A problem: the first line of the message behind the text, the others below.
fn problem(key: &EntryKey, tone: Tone, text: &str, message: &str, palette: &Palette) -> String {
    let mut lines = escape::lines(message);
    let first = lines.next().unwrap_or_default();
    let mut out = line(key, tone, &format!("{text}: {first}"), palette);
    for more in lines {
        out.push_str(&format!("  {more}\n"));
    }
    out
}

fn name(key: &EntryKey) -> String {
    escape::shown(&key.address)
}

fn line(key: &EntryKey, tone: Tone, text: &str, palette: &Palette) -> String {
    format!("{}: {}\n", palette.paint(Tone::Strong, name(key)), palette.paint(tone, text))
}

/// A line that is wholly bold, as Terraform's are.
fn strong(key: &EntryKey, text: &str, palette: &Palette) -> String {
    format!("{}\n", palette.paint(Tone::Strong, format!("{}: {text}", name(key))))
}

const fn doing(action: Action) -> &'static str {
    match action {
        Action::Create => "Creating",
        Action::Update => "Modifying",
        Action::Replace { .. } => "Replacing",
        Action::Destroy => "Destroying",
        Action::Judge => "Judging",
        Action::Forget => "Letting go",
        Action::Read => "Reading",
    }
}

const fn deed(action: Action) -> &'static str {
    match action {
        Action::Create => "Creation",
        Action::Update => "Modifications",
        Action::Replace { .. } => "Replacement",
        Action::Destroy => "Destruction",
        Action::Judge => "Judgement",
        Action::Forget => "Removal from the state",
        Action::Read => "Read",
    }
}

#[cfg(test)]
mod tests;
