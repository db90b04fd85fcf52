//! The state and its history: `state list`, `state show` and `state history`.

use super::diff;
use super::sheet;
use super::style::{Palette, Tone};
use super::{escape, words};
use crate::addr::Mode;
use crate::event::EntryKey;
use crate::state::{Entry, State};

mod history;
mod report;

pub use history::{history, objects};
pub(super) use history::{name_of_event, subject, tell};
pub use report::report;

/// The key of every object on a line of its own, for other programs to take up: records with `@` and their version.
#[must_use]
pub fn list(state: &State) -> String {
    state.entries.keys().map(|key| format!("{}\n", escape::shown(key))).collect::<Vec<_>>().concat()
}

/// The objects as a table: what each is, which version last acted on it, and how it stands.
#[must_use]
pub fn table(state: &State, palette: &Palette) -> String {
    if state.entries.is_empty() {
        return "The state is empty: nothing was released yet.\n".to_owned();
    }
    let rows = state.entries.iter().map(|(key, entry)| {
        let version = escape::line(&entry.version).into_owned();
        [escape::shown(key), entry.lifetime.name().to_owned(), version, standing(state, key, entry)]
    });
    let rows: Vec<[String; 4]> = rows.collect();
    let width = |column: fn(&[String; 4]) -> &String, head: &str| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0).max(head.len())
    };
    let object = width(|[object, ..]| object, "OBJECT");
    let version = width(|[_, _, version, _]| version, "VERSION");
    let head = format!("{:object$}  KIND    {:version$}  STATUS", "OBJECT", "VERSION");
    let mut out = format!("{}\n", palette.paint(Tone::Strong, head));
    for [name, kind, of, status] in &rows {
        out.push_str(&format!("{name:object$}  {kind:6}  {of:version$}  {status}\n"));
    }
    out
}

fn standing(state: &State, key: &EntryKey, entry: &Entry) -> String {
    if entry.open().is_some() {
        "uncertain".to_owned()
    } else if key.version.is_none() && state.holds.contains_key(&key.address) {
        "held".to_owned()
    } else if entry.tainted {
        "half done".to_owned()
    } else if let Some(judgement) = &entry.judgement {
        judgement.outcome.name().to_owned()
    } else {
        "done".to_owned()
    }
}

/// One object with all its attributes; what is sensitive is not among what the state knows.
#[must_use]
pub fn show(state: &State, key: &EntryKey, entry: &Entry, palette: &Palette) -> String {
    let mut out = format!("{}\n", palette.paint(Tone::Strong, format!("# {}", words::object(key))));
    for (tone, remark) in remarks(state, key, entry) {
        out.push_str(&format!("{}\n", palette.paint(tone, format!("# {remark}"))));
    }
    let keyword = if key.address.resource.mode == Mode::Data { "data" } else { "resource" };
    let (ty, name) = (escape::line(&key.address.resource.ty), escape::line(&key.address.resource.name));
    out.push_str(&format!("{keyword} \"{ty}\" \"{name}\" {{\n"));
    sheet::write(&diff::listing(&entry.value, 0), palette, &mut out);
    out + "}\n"
}

fn remarks(state: &State, key: &EntryKey, entry: &Entry) -> Vec<(Tone, String)> {
    let version = match &*entry.version {
        "" => String::new(),
        version => format!(" of version {}", escape::line(version)),
    };
    let made = format!(
        "{}{version}, by provider {}, in record {} of the ledger",
        entry.lifetime.name(),
        escape::line(&entry.provider),
        entry.seq
    );
    let mut remarks = vec![(Tone::Faint, made)];
    if let Some(open) = entry.open() {
        let act = history::act(open.intent.act);
        let reference = open
            .reference
            .as_ref()
            .map_or_else(String::new, |r| format!(", known there as {}", escape::line(r)));
        let message = open.message.as_ref().map_or_else(String::new, |m| format!(" {}", escape::line(m)));
        let text = format!(
            "uncertain: run {} began to {act} it{reference}, and the outcome is not known.{message}",
            escape::line(&open.run.0)
        );
        remarks.push((Tone::Bad, text));
    }
    if let Some(reason) = state.holds.get(&key.address).filter(|_| key.version.is_none()) {
        remarks.push((Tone::Bad, format!("held: {}", escape::line(reason))));
    }
    if entry.tainted {
        remarks.push((Tone::Bad, "half done: the last action broke off, so it is done again".to_owned()));
    }
    if let Some(judgement) = &entry.judgement {
        let text = format!("{}: {}", judgement.outcome.name(), escape::line(&judgement.summary));
        remarks.push((words::verdict_tone(judgement.outcome), text));
        remarks
            .extend(judgement.details.iter().map(|line| (Tone::Faint, format!("  {}", escape::line(line)))));
    }
    let depends =
        entry.dependencies.iter().map(|of| (Tone::Faint, format!("depends on {}", escape::shown(of))));
    remarks.extend(depends);
    remarks
}

/// The outputs as Terraform's `output` writes them: `url = "https://..."`.
#[must_use]
pub fn outputs(state: &State) -> String {
    if state.outputs.is_empty() {
        return "No outputs: none is defined, or nothing was applied yet.\n".to_owned();
    }
    let mut out = String::new();
    for (name, value) in &state.outputs {
        sheet::write(&diff::single(name, value), &Palette::PLAIN, &mut out);
    }
    // Diffs leave room for a mark at the edge.
    let unindented = out.lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line)));
    unindented.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests;
