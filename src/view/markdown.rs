//! A plan for a pull request, in GitHub's Markdown.
//!
//! It begins with a hidden comment that programs find the plan by (`<!-- relplan_plan_markdown:1 ... -->`, the
//! number is the version of this form), then what a reviewer should look at first, the steps in order, and the
//! diffs folded away.
//!
//! A comment there holds 65,536 characters at most, so the text stays within [`LIMIT`] bytes. What does not fit goes
//! in this order, and the text says so: first what stays the same around the changes; then whole diffs, the largest
//! first; then the table shows one row for each block and action; at last only counts, cautions and digest are left.

use std::cmp::Reverse;

use self::parts::Diffs;
use super::words;
use crate::plan::Plan;
use crate::plan::secrets::{Stamp, Witness};

mod escape;
mod parts;

/// The most bytes that a rendered plan has.
pub const LIMIT: usize = 60_000;

/// The plan within [`LIMIT`] bytes. `stamp` is the plan's own.
#[must_use]
pub fn plan(plan: &Plan, stamp: impl Into<Stamp>) -> String {
    plan_within(plan, stamp, LIMIT)
}

/// Words of the first line by which the plan of a release is found again among others.
#[must_use]
pub fn topic(product: &str, version: &str) -> String {
    parts::topic(product, version)
}

fn plan_within(plan: &Plan, stamp: impl Into<Stamp>, limit: usize) -> String {
    let frame = Frame::new(plan, stamp.into());
    let steps = parts::steps(plan);
    for terse in [false, true] {
        let text = frame.around(&[&steps, &parts::diffs(plan, terse).text()]);
        if text.len() <= limit {
            return text;
        }
    }
    let folded =
        || Some(frame.around(&[&parts::folded_steps(plan), NO_DIFFS])).filter(|text| text.len() <= limit);
    frame
        .with_some_diffs(&steps, parts::diffs(plan, true), limit)
        .or_else(folded)
        .unwrap_or_else(|| frame.summary(limit))
}

const NO_DIFFS: &str = "\n_The diffs are left out: too long for a comment. `relplan plan` shows them._\n";

const NO_STEPS: &str = "\n_The steps are left out: too many for a comment. `relplan plan` shows them._\n";

/// What stands around steps and diffs, always.
#[derive(Clone)]
struct Frame {
    header: String,
    cautions: Vec<String>,
    counts: String,
    footer: String,
}

impl Frame {
    fn new(plan: &Plan, stamp: Stamp) -> Self {
        Self {
            header: format!("{}### {}\n\n", parts::comment(plan, stamp), parts::title(plan)),
            cautions: plan.cautions.iter().map(parts::caution).collect(),
            counts: parts::counts(plan),
            footer: footer(stamp),
        }
    }

    fn around(&self, inside: &[&str]) -> String {
        let cautions = if self.cautions.is_empty() {
            String::new()
        } else {
            format!("**Cautions**\n\n{}\n", self.cautions.concat())
        };
        [&self.header, &cautions, &self.counts, &inside.concat(), &self.footer].map(String::as_str).concat()
    }

    /// As many diffs as fit, the largest left out first; none when not even the rest fits.
    fn with_some_diffs(&self, steps: &str, mut diffs: Diffs, limit: usize) -> Option<String> {
        let mut largest: Vec<(usize, Part)> =
            diffs.folds.iter().enumerate().map(|(index, fold)| (fold.len(), Part::Fold(index))).collect();
        largest.extend((0..diffs.outputs.len()).map(|index| (diffs.output_size(index), Part::Output(index))));
        largest.sort_by_key(|(size, _)| Reverse(*size));
        let mut length = self.around(&[steps, &note(diffs.folds.len(), &[]), &diffs.text()]).len();
        let (mut folds, mut outputs) = (0, Vec::new());
        for (size, part) in largest {
            if length <= limit {
                break;
            }
            length -= size;
            match part {
                Part::Fold(index) => {
                    diffs.folds.get_mut(index).into_iter().for_each(String::clear);
                    folds += 1;
                }
                Part::Output(index) => {
                    let name = diffs.outputs.get(index).map_or("", |(name, _)| name);
                    outputs.push(parts::output(name, size));
                    diffs.leave_output_out(index);
                    length += diffs.output_size(index) + outputs.last().map_or(0, String::len);
                }
            }
        }
        Some(self.around(&[steps, &diffs.text(), &note(folds, &outputs)])).filter(|text| text.len() <= limit)
    }

    /// Header, counts and digest, with as many cautions as fit.
    fn summary(&self, limit: usize) -> String {
        let more = |count: usize| format!("- … and {}\n", words::amount(count, "more caution"));
        let mut summary = Self { cautions: vec![more(self.cautions.len())], ..self.clone() };
        let mut length = summary.around(&[NO_STEPS]).len();
        let fits = |caution: &&String| {
            length += caution.len();
            length <= limit
        };
        let mut cautions: Vec<String> = self.cautions.iter().take_while(fits).cloned().collect();
        let rest = self.cautions.len() - cautions.len();
        cautions.extend((rest > 0).then(|| more(rest)));
        summary.cautions = cautions;
        summary.around(&[NO_STEPS])
    }
}

/// A part of the diffs that can be left out.
#[derive(Clone, Copy)]
enum Part {
    Fold(usize),
    Output(usize),
}

/// At most this many outputs are named.
const NAMED: usize = 5;

/// What is left out.
fn note(folds: usize, outputs: &[String]) -> String {
    let mut what = Vec::new();
    what.extend(match folds {
        0 if outputs.is_empty() => Some("largest diff".to_owned()),
        0 => None,
        1 => Some("largest diff".to_owned()),
        count => Some(format!("{count} largest diffs")),
    });
    if !outputs.is_empty() {
        let rest = outputs.len().saturating_sub(NAMED);
        let more = if rest == 0 { String::new() } else { format!(", and {rest} more") };
        let shown: Vec<&str> = outputs.iter().take(NAMED).map(String::as_str).collect();
        let plural = if outputs.len() == 1 { "" } else { "s" };
        what.push(format!("output{plural} {}{more}", shown.join(", ")));
    }
    let is = if folds + outputs.len() <= 1 { "is" } else { "are" };
    format!(
        "\n_The {} {is} left out: too long for a comment. `relplan plan` shows all._\n",
        what.join(" and the ")
    )
}

fn footer(stamp: Stamp) -> String {
    let secrets = match stamp.secrets {
        Witness::Seen(fingerprint) => format!("\nSecrets: `{fingerprint}`\n"),
        secrets => words::secrets(secrets).map_or_else(String::new, |line| format!("\n{line}\n")),
    };
    format!("\nPlan digest: `{}`\n{secrets}", stamp.digest)
}

#[cfg(test)]
mod tests;
