//! One change of a plan: what will be done and why, and the block of what differs.

use relplan_contract::{Lifetime, Outcome, Path, Verdict};

use crate::addr::{Address, Mode};
use crate::plan::{Action, Change, Reason};
use crate::view::diff::{self, Options};
use crate::view::sheet::{self, Line, Mark};
use crate::view::style::{Palette, Tone};
use crate::view::value;
use crate::view::{escape, words};

pub(super) fn write(change: &Change, moved_from: Option<&Address>, palette: &Palette, out: &mut String) {
    let address = escape::shown(change.address());
    let title = format!("# {address} {}", sentence(change));
    out.push_str(&format!("\n  {}\n", palette.paint(Tone::Strong, title)));
    if let Some(before) = moved_from {
        let remark = format!("# (moved from {})", escape::shown(before));
        out.push_str(&format!("  {}\n", palette.paint(Tone::Faint, remark)));
    }
    for (tone, remark) in remarks(change) {
        out.push_str(&format!("  {}\n", palette.paint(tone, format!("# {remark}"))));
    }
    let changed = changed_parts(change);
    let options = Options { replace: &change.replace, changed: &changed, free: &change.free, terse: false };
    let lines = diff::object(&change.before, &after(change), options);
    block(change.address(), words::mark(change.action), lines, palette, out);
}

/// The object as it will be; what is let go stays as it is.
fn after(change: &Change) -> relplan_contract::Value {
    if change.action == Action::Forget { change.before.clone() } else { change.after.clone() }
}

/// The block of an instance with the lines between its braces.
pub(super) fn block(address: &Address, mark: Mark, lines: Vec<Line>, palette: &Palette, out: &mut String) {
    let keyword = if address.resource.mode == Mode::Data { "data" } else { "resource" };
    let name = &address.resource;
    let header = format!("{keyword} \"{}\" \"{}\" {{", escape::line(&name.ty), escape::line(&name.name));
    let mut block = vec![Line { mark, text: header, ..Line::default() }];
    block.extend(lines);
    block.push(Line { text: "}".to_owned(), ..Line::default() });
    sheet::write(&block, palette, out);
}

/// What stands behind the address: `will be updated in-place (1.1.0 -> 1.2.0)`.
fn sentence(change: &Change) -> String {
    let verb = match change.action {
        Action::Create => "will be created",
        Action::Update => "will be updated in-place",
        Action::Replace { .. } if change.reasons.contains(&Reason::Requested) => {
            "will be replaced, as requested"
        }
        Action::Replace { .. } => "must be replaced",
        Action::Destroy => "will be destroyed",
        Action::Judge => "will be judged",
        Action::Forget => "will no longer be managed by relplan, but will not be destroyed",
        Action::Read => "will be read during apply",
    };
    headline(change).map_or_else(|| verb.to_owned(), |headline| format!("{verb} ({headline})"))
}

/// What a release manager wants to know of a change in a word: of which version a record is, between which versions
/// a live resource goes.
pub(in crate::view) fn headline(change: &Change) -> Option<String> {
    match (&change.key.version, change.lifetime, &change.headline) {
        (Some(_), ..) if change.key.is_deposed() => Some("deposed".to_owned()),
        (Some(version), ..) => Some(format!("record of {}", escape::line(version))),
        (None, Some(Lifetime::Live), Some(attribute)) => {
            value::headline(attribute, &change.before, &change.after)
        }
        (None, _, _) => None,
    }
}

/// The lines below the title: every reason, how a check would end, what the provider says, what would undo it.
fn remarks(change: &Change) -> Vec<(Tone, String)> {
    let mut remarks: Vec<(Tone, String)> = change
        .reasons
        .iter()
        .map(|reason| (Tone::Faint, format!("because: {}", escape::shown(reason))))
        .collect();
    if change.lifetime == Some(Lifetime::Check) && !change.judges.is_empty() {
        let judged: Vec<String> = change.judges.iter().map(escape::shown).collect();
        remarks.push((Tone::Faint, format!("judges: {}", judged.join(", "))));
    }
    if let Some(preview) = &change.preview {
        remarks.push((words::verdict_tone(preview.outcome), verdict(preview)));
        remarks.extend(
            preview.details.iter().map(|detail| (Tone::Faint, format!("  {}", escape::line(detail)))),
        );
    }
    for note in &change.notes {
        let mut before = "note: ";
        for line in escape::lines(note) {
            remarks.push((Tone::Faint, format!("{before}{line}")));
            before = "      ";
        }
    }
    if !change.undo.is_empty() {
        remarks.push((Tone::Faint, format!("undo: {}", escape::line(&change.undo))));
    }
    remarks
}

/// How a check would end if it were judged now.
pub(in crate::view) fn verdict(preview: &Verdict) -> String {
    let summary = escape::line(&preview.summary);
    match preview.outcome {
        Outcome::Passed => format!("would pass now: {summary}"),
        Outcome::Pending => format!("would wait here: {summary}"),
        Outcome::Failed => format!("would stop here: {summary}"),
        Outcome::Inconclusive | Outcome::Error => {
            format!("would stop here ({}): {summary}", preview.outcome.name())
        }
    }
}

/// The parts that the reasons name as changed.
pub(in crate::view) fn changed_parts(change: &Change) -> Vec<Path> {
    let mut parts = change.replace.clone();
    for reason in &change.reasons {
        if let Reason::InputsChanged(paths) | Reason::Drifted(paths) | Reason::Immutable(paths) = reason {
            parts.extend(paths.iter().cloned());
        }
    }
    parts
}
