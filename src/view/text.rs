//! A plan for a person at a terminal, in Terraform's words where Terraform has them.
//!
//! The lines `Plan: 3 to add, 1 to change, 0 to destroy.`, `No changes.` and `# ADDRESS will be created` are matched
//! by other tools: they stay as they are, and what relplan adds comes behind them.

use std::collections::BTreeSet;

use super::diff::{self, Options};
use super::sheet::{self, Mark};
use super::style::{Palette, Tone};
use super::{escape, words};
use crate::addr::Address;
use crate::event::RunMode;
use crate::plan::secrets::Stamp;
use crate::plan::{Action, CautionKind, Change, Counts, Plan};

mod change;

pub(super) use change::{changed_parts, headline, verdict};

/// The whole plan, each line with a line break. `stamp` is the plan's own.
#[must_use]
pub fn plan(plan: &Plan, stamp: impl Into<Stamp>, palette: &Palette) -> String {
    let mut out = String::new();
    drift(plan, palette, &mut out);
    if plan.is_empty() {
        cautions(plan, palette, &mut out);
        out.push_str(&format!("{}{}\n", palette.paint(Tone::Good, "No changes."), nothing_to_do(plan)));
    } else {
        changes(plan, palette, &mut out);
        moves(plan, palette, &mut out);
        standing(plan, palette, &mut out);
        cautions(plan, palette, &mut out);
        if !plan.changes.is_empty() || !plan.moves.is_empty() || plan.mode == RunMode::Refresh {
            closing(plan, palette, &mut out);
        }
        outputs(plan, palette, &mut out);
    }
    let stamp = stamp.into();
    out.push_str(&format!("\nPlan digest: {}\n", stamp.digest));
    out.extend(words::secrets(stamp.secrets).map(|line| line + "\n"));
    out
}

/// What a plan that only refreshes does: `2 objects to take over into the state.`
pub(super) fn taken_over(plan: &Plan) -> Option<String> {
    let takes_over = plan.mode == RunMode::Refresh && !plan.drift.is_empty();
    takes_over.then(|| format!("{} to take over into the state.", words::amount(plan.drift.len(), "object")))
}

fn nothing_to_do(plan: &Plan) -> String {
    let product = escape::line(&plan.product);
    let version = escape::line(&plan.version);
    match plan.mode {
        RunMode::Destroy => format!(" There is nothing of {product} to destroy."),
        RunMode::Rollback => format!(" {product} is at the version to turn back to."),
        RunMode::Refresh => format!(" The state of {product} is what was found."),
        RunMode::Apply | RunMode::State if version.is_empty() => {
            format!(" Everything in {product} is as the files say.")
        }
        RunMode::Apply | RunMode::State => {
            format!(" Everything in release {version} of {product} is as the files say.")
        }
    }
}

fn drift(plan: &Plan, palette: &Palette, out: &mut String) {
    if plan.drift.is_empty() {
        return;
    }
    let title = palette.paint(Tone::Notice, "Note: Objects have changed outside of relplan");
    out.push_str(&format!(
        "\n{title}\n\nSince they were last seen, relplan found these changes that it did not make:\n"
    ));
    for found in &plan.drift {
        let (what, mark) = if found.after.is_null() {
            ("has been deleted", Mark::Remove)
        } else {
            ("has changed", Mark::Change)
        };
        let title = format!("# {} {what}", words::object(&found.key));
        out.push_str(&format!("\n  {}\n", palette.paint(Tone::Strong, title)));
        let lines = diff::object(&found.before, &found.after, Options::default());
        change::block(&found.key.address, mark, lines, palette, out);
    }
    out.push_str(match plan.mode {
        RunMode::Refresh => "\nApplying this plan takes them over into the state, and does nothing else.\n",
        _ if plan.is_empty() => "\nThe files do not say otherwise: nothing needs to be done about them.\n",
        RunMode::Apply | RunMode::Destroy | RunMode::Rollback | RunMode::State => {
            "\nWhere the files say otherwise, the plan below turns them back; where they leave it open,\n\
             the state takes them over.\n"
        }
    });
    out.push_str(&format!("\n{}\n", palette.paint(Tone::Faint, "─".repeat(77))));
}

fn changes(plan: &Plan, palette: &Palette, out: &mut String) {
    if plan.changes.is_empty() {
        return;
    }
    out.push_str("\nActions are marked with these symbols:\n");
    let mut actions: Vec<Action> = plan.changes.iter().map(|change| change.action).collect();
    actions.sort_unstable();
    actions.dedup();
    for action in actions {
        out.push_str(&format!("{} {}\n", symbol(words::mark(action), palette), legend(action)));
    }
    let release = if plan.version.is_empty() {
        String::new()
    } else {
        format!(" to release {} {}", escape::line(&plan.product), escape::line(&plan.version))
    };
    let purpose = match plan.mode {
        RunMode::Apply | RunMode::State => release,
        RunMode::Destroy => format!(" to destroy what {} has", escape::line(&plan.product)),
        RunMode::Rollback => {
            format!(" to turn {} back to {}", escape::line(&plan.product), escape::line(&plan.version))
        }
        RunMode::Refresh => " to take what was found into the state".to_owned(),
    };
    out.push_str(&format!("\nrelplan will do the following{purpose}:\n"));
    let before = plan.moved_from();
    for change in &plan.changes {
        change::write(change, before.get(change.address()).copied(), palette, out);
    }
}

/// What only gets another address; what is changed as well says so where it is changed.
fn moves(plan: &Plan, palette: &Palette, out: &mut String) {
    if plan.changes.is_empty() && !plan.moves.is_empty() {
        out.push_str("\nObjects get other addresses, and nothing is done to them:\n");
    }
    let changed: BTreeSet<&Address> = plan.changes.iter().map(Change::address).collect();
    for moved in plan.moves.iter().filter(|moved| !changed.contains(&moved.to)) {
        let title = format!("# {} has moved to {}", escape::shown(&moved.from), escape::shown(&moved.to));
        out.push_str(&format!("\n  {}\n", palette.paint(Tone::Strong, title)));
    }
}

/// The symbol, right-aligned in three columns.
fn symbol(mark: Mark, palette: &Palette) -> String {
    let symbol = mark.symbol();
    format!("{}{}", " ".repeat(3 - symbol.len()), palette.paint(mark.tone(), symbol))
}

const fn legend(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update in-place",
        Action::Replace { create_first: false } => "destroy and then create replacement",
        Action::Replace { create_first: true } => "create replacement and then destroy",
        Action::Destroy => "destroy",
        Action::Judge => "judge (a check)",
        Action::Forget => "let go, without destroying it",
        Action::Read => "read during apply",
    }
}

/// The checks that are not judged, and why not.
fn standing(plan: &Plan, palette: &Palette, out: &mut String) {
    if plan.standing.is_empty() || plan.changes.is_empty() {
        return;
    }
    out.push_str(
        "\nThese checks are not judged again: for this version they have passed, on what is there now.\n",
    );
    for check in &plan.standing {
        let line = format!("# {}: {}", words::object(&check.key), escape::line(&check.summary));
        out.push_str(&format!("  {}\n", palette.paint(Tone::Faint, line)));
    }
}

fn cautions(plan: &Plan, palette: &Palette, out: &mut String) {
    if plan.cautions.is_empty() {
        return;
    }
    out.push_str(&format!("\n{}\n", palette.paint(Tone::Notice, "Cautions:")));
    for caution in &plan.cautions {
        let place = caution.key.as_ref().map_or_else(String::new, |key| format!("{}: ", words::object(key)));
        let bullet = palette.paint(caution_tone(caution.kind), "!");
        out.push_str(&format!("  {bullet} {place}{}\n", escape::line(&caution.text)));
    }
    if plan.is_empty() {
        out.push('\n');
    }
}

const fn caution_tone(kind: CautionKind) -> Tone {
    match kind {
        CautionKind::Uncertain
        | CautionKind::Held
        | CautionKind::WouldStop
        | CautionKind::Destructive
        | CautionKind::Irreversible => Tone::Bad,
        CautionKind::NewServer
        | CautionKind::NoWayBack
        | CautionKind::Downgrade
        | CautionKind::Kept
        | CautionKind::Drift
        | CautionKind::LetGo
        | CautionKind::Marking
        | CautionKind::Partial => Tone::Notice,
    }
}

/// `Plan: 3 to add, 1 to change, 0 to destroy.`, as Terraform writes it.
#[must_use]
pub fn plan_line(counts: &Counts) -> String {
    format!("Plan: {} to add, {} to change, {} to destroy.", counts.add, counts.change, counts.destroy)
}

/// What Terraform has no words for: `2 checks to run. 1 to let go. 1 object to move.` None where there is nothing of it.
#[must_use]
pub fn checks_line(counts: &Counts) -> Option<String> {
    let checks = (counts.check > 0).then(|| format!("{} to run.", words::amount(counts.check, "check")));
    let moved = (counts.moved > 0).then(|| format!("{} to move.", words::amount(counts.moved, "object")));
    let forgotten = (counts.forget > 0).then(|| format!("{} to let go.", counts.forget));
    let parts: Vec<String> = checks.into_iter().chain(forgotten).chain(moved).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn closing(plan: &Plan, palette: &Palette, out: &mut String) {
    let counts = plan.counts();
    let line = plan_line(&counts);
    let (head, tail) = line.split_at("Plan:".len());
    out.push_str(&format!("\n{}{tail}\n", palette.paint(Tone::Strong, head)));
    for line in checks_line(&counts).into_iter().chain(taken_over(plan)) {
        out.push_str(&format!("{line}\n"));
    }
}

fn outputs(plan: &Plan, palette: &Palette, out: &mut String) {
    if plan.outputs.is_empty() {
        return;
    }
    out.push_str("\nChanges to Outputs:\n");
    let width = diff::widest(plan.outputs.iter().map(|output| &*output.name));
    for output in &plan.outputs {
        let lines = diff::named(&output.name, &output.before, &output.after, width, Options::default());
        sheet::write(&lines, palette, out);
    }
}

#[cfg(test)]
mod tests;
