//! The pieces of a plan in Markdown: header, cautions, table, diffs. How they are fitted together is told in
//! [`super`].

use std::collections::BTreeMap;

use relplan_contract::marker_word;

use super::escape as markdown;
use crate::addr::Address;
use crate::canonical::Digest;
use crate::event::{EntryKey, RunMode};
use crate::plan::secrets::{Stamp, Witness};
use crate::plan::{Action, Caution, Change, Drift, Move, Plan};
use crate::view::diff::{self, Options};
use crate::view::escape::{self, shortened};
use crate::view::sheet::{Line, fenced};
use crate::view::text::{changed_parts, checks_line, headline, plan_line, taken_over, verdict};
use crate::view::words;

/// The longest name, reason or sentence in the table and the list, in characters.
const LONGEST: usize = 240;

/// The hidden header: one line of words that no user's text can break.
pub(super) fn comment(plan: &Plan, stamp: Stamp) -> String {
    let mut words = vec![format!("mode={}", words::mode(plan.mode))];
    words.extend(match stamp.secrets {
        Witness::Absent => None,
        Witness::Unseen => Some("secrets=unseen".to_owned()),
        Witness::Seen(fingerprint) => Some(format!("secrets={fingerprint}")),
    });
    words.extend(plan.basis.config.map(|config| format!("config={config}")));
    words.push(format!("state={}", plan.basis.state));
    words.extend(plan.basis.lineage.as_ref().map(|lineage| format!("lineage={}", marker_word(&lineage.0))));
    let topic = topic(&plan.product, &plan.version);
    format!("<!-- relplan_plan_markdown:1 digest={}{topic}{} -->\n", stamp.digest, words.join(" "))
}

/// The words of the header that tell the plan of one release from those of others; a blank on either side.
pub(super) fn topic(product: &str, version: &str) -> String {
    // Two long names may differ in their ends only.
    let word = |text: &str| match text.char_indices().nth(LONGEST) {
        None => marker_word(text),
        Some((end, _)) => {
            let digest = Digest::of(text.as_bytes()).to_string();
            marker_word(&format!("{}~{digest}", text.get(..end).unwrap_or_default()))
        }
    };
    format!(" product={} version={} ", word(product), word(version))
}

pub(super) fn title(plan: &Plan) -> String {
    let product = markdown::code(&shortened(&plan.product, LONGEST));
    let version = match &*plan.version {
        "" => String::new(),
        version => format!(" {}", markdown::code(&shortened(version, LONGEST))),
    };
    match plan.mode {
        RunMode::Apply | RunMode::State => format!("Plan: release {product}{version}"),
        RunMode::Destroy => format!("Plan: destroy {product}"),
        RunMode::Rollback => format!("Plan: turn {product} back to{version}"),
        RunMode::Refresh => format!("Plan: take what was found of {product} into the state"),
    }
}

pub(super) fn caution(caution: &Caution) -> String {
    let place = caution.key.as_ref().map_or_else(String::new, |key| format!(" {}", object(key)));
    let kind = words::caution(caution.kind).replace('_', " ");
    format!("- **{kind}**{place}: {}\n", sentence(&caution.text))
}

pub(super) fn counts(plan: &Plan) -> String {
    let unchanged = format!("{} unchanged.", words::amount(plan.unchanged, "object"));
    if plan.is_empty() {
        return format!("**No changes.** {unchanged}\n");
    }
    let counts = plan.counts();
    let checks = checks_line(&counts).map_or_else(String::new, |line| format!(" {line}"));
    let taken_over = taken_over(plan).map_or_else(String::new, |line| format!(" {line}"));
    format!("**{}**{checks}{taken_over} {unchanged}\n", plan_line(&counts))
}

/// The table with a row for each change.
pub(super) fn steps(plan: &Plan) -> String {
    let row = |(index, change): (usize, &Change)| {
        let mut reasons: Vec<String> =
            change.reasons.iter().map(|reason| sentence(&reason.to_string())).collect();
        reasons.extend(change.preview.as_ref().map(|preview| format!("**{}**", sentence(&verdict(preview)))));
        reasons.extend(change.notes.iter().flat_map(|note| note.lines()).map(sentence));
        let headline =
            headline(change).map_or_else(String::new, |headline| format!(" ({})", sentence(&headline)));
        format!(
            "| {} | {} | {}{headline} | {} | {} |\n",
            index + 1,
            words::action(change.action),
            cell_code(&change.address().to_string()),
            reasons.join("<br>"),
            if change.undo.is_empty() { "–".to_owned() } else { sentence(&change.undo) },
        )
    };
    let rows: Vec<String> = plan.changes.iter().enumerate().map(row).collect();
    moves(plan) + &table("| # | Action | Object | Why | Undo |\n|--:|---|---|---|---|\n", &rows)
}

/// At most so many moves are listed.
const MOVES: usize = 100;

/// A line for each object that gets another address.
fn moves(plan: &Plan) -> String {
    if plan.moves.is_empty() {
        return String::new();
    }
    let code = |address: &Address| markdown::code(&shortened(&address.to_string(), LONGEST));
    let line = |moved: &Move| format!("- {} has moved to {}\n", code(&moved.from), code(&moved.to));
    let rest = plan.moves.len().saturating_sub(MOVES);
    let rest = if rest == 0 { String::new() } else { format!("- … and {rest} more\n") };
    format!("\n**Moves**\n\n{}{rest}", plan.moves.iter().take(MOVES).map(line).collect::<String>())
}

/// The table with a row for each block and action, in the order in which they first come up.
pub(super) fn folded_steps(plan: &Plan) -> String {
    let mut places: BTreeMap<(Action, String), usize> = BTreeMap::new();
    let mut rows: Vec<(Action, String, usize)> = Vec::new();
    for change in &plan.changes {
        let block = change.address().resource.to_string();
        let place = *places.entry((change.action, block.clone())).or_insert_with(|| {
            rows.push((change.action, block, 0));
            rows.len() - 1
        });
        if let Some((.., count)) = rows.get_mut(place) {
            *count += 1;
        }
    }
    let row = |(action, block, count): &(Action, String, usize)| {
        format!("| {} | {} | {count} |\n", words::action(*action), cell_code(block))
    };
    table("| Action | Block | Instances |\n|---|---|--:|\n", &rows.iter().map(row).collect::<Vec<_>>())
}

/// The name of an output with its size, for a sentence.
pub(super) fn output(name: &str, size: usize) -> String {
    format!("{} ({size} bytes)", markdown::code(&shortened(name, LONGEST)))
}

fn table(head: &str, rows: &[String]) -> String {
    if rows.is_empty() { String::new() } else { format!("\n{head}{}", rows.concat()) }
}

/// What differs, each part of which can be left out.
pub(super) struct Diffs {
    /// A fold each: of the changes, of what was changed from outside.
    pub(super) folds: Vec<String>,
    /// The lines of each output; all are in one fold.
    pub(super) outputs: Vec<(String, Vec<Line>)>,
}

impl Diffs {
    pub(super) fn text(&self) -> String {
        let lines: Vec<Line> = self.outputs.iter().flat_map(|(_, lines)| lines.iter().cloned()).collect();
        format!("{}{}", self.folds.concat(), folded("changes to outputs", &lines))
    }

    /// How many bytes an output takes.
    pub(super) fn output_size(&self, index: usize) -> usize {
        self.outputs.get(index).map_or(0, |(_, lines)| fenced(lines).len())
    }

    /// Leaves an output out: its name and size stay.
    pub(super) fn leave_output_out(&mut self, index: usize) {
        let size = self.output_size(index);
        if let Some((name, lines)) = self.outputs.get_mut(index) {
            let text = format!("# {}: left out, {size} bytes", shortened(&escape::key(name), LONGEST));
            *lines = vec![Line { text, aside: true, ..Line::default() }];
        }
    }
}

/// The diffs of a plan.
pub(super) fn diffs(plan: &Plan, terse: bool) -> Diffs {
    let changes = plan.changes.iter().filter(|change| change.action != Action::Forget).map(|change| {
        let changed = changed_parts(change);
        let options = Options { replace: &change.replace, changed: &changed, free: &change.free, terse };
        let title = format!("{} {}", words::action(change.action), html_code(change.address()));
        folded(&title, &diff::object(&change.before, &change.after, options))
    });
    let drift = plan.drift.iter().map(|drift| found(drift, terse));
    let width = diff::widest(plan.outputs.iter().map(|output| &*output.name));
    let options = Options { terse, ..Options::default() };
    let outputs = plan.outputs.iter().map(|output| {
        let lines = diff::named(&output.name, &output.before, &output.after, width, options);
        (output.name.to_string(), lines)
    });
    Diffs { folds: changes.chain(drift).collect(), outputs: outputs.collect() }
}

fn found(drift: &Drift, terse: bool) -> String {
    let what = if drift.after.is_null() { "deleted" } else { "changed" };
    let title = format!("{what} outside of relplan: {}", html_code(&drift.key.address));
    folded(&title, &diff::object(&drift.before, &drift.after, Options { terse, ..Options::default() }))
}

/// A fold; nothing for no lines.
fn folded(title: &str, lines: &[Line]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let diff = markdown::fence("diff", &fenced(lines));
    format!("\n<details><summary>{title}</summary>\n\n{diff}\n</details>\n")
}

fn object(key: &EntryKey) -> String {
    let version = match &key.version {
        Some(_) if key.is_deposed() => " (deposed)".to_owned(),
        Some(version) => format!(" (record of {})", sentence(version)),
        None => String::new(),
    };
    format!("{}{version}", markdown::code(&shortened(&key.address.to_string(), LONGEST)))
}

fn html_code(address: &crate::addr::Address) -> String {
    format!("<code>{}</code>", markdown::html(&shortened(&address.to_string(), LONGEST)))
}

fn cell_code(text: &str) -> String {
    markdown::cell_code(&shortened(text, LONGEST))
}

fn sentence(text: &str) -> String {
    markdown::text(&shortened(text, LONGEST))
}
