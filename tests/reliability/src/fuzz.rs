//! What is done with hostile bytes: the bodies of the fuzz targets in `fuzz/`, also run over their corpus by `tests/it`.
//!
//! Each takes any bytes and must come back: no panic, no endless loop, no unbounded memory. Where a promise can be
//! checked on the way (formatting twice changes nothing more, what verifies also opens), it is.

use relplan::canonical::{self, Digest};
use relplan::diag::{Diagnostics, render};
use relplan::lang::{format, syntax};
use relplan::ledger;
use relplan::plan;
use relplan::source::Sources;
use relplan::view;
use serde_json::Value as Json;

use crate::release;

/// A target: its name, what it does with bytes, and the folders that it starts from: what fuzzing found, and what the
/// project has of its kind.
pub type Target = (&'static str, fn(&[u8]), &'static [&'static str]);

/// Every target.
pub const TARGETS: [Target; 5] = [
    ("language", language, &["fixtures/fuzz/language", "tests/ui", "plans"]),
    ("format", format, &["tests/fmt"]),
    ("ledger", ledger, &["fixtures/fuzz/ledger"]),
    ("checkpoint", checkpoint, &["fixtures/fuzz/checkpoint"]),
    ("saved_plan", saved_plan, &["fixtures/fuzz/saved_plan"]),
];

/// A release file, as far as `plan` goes: read, evaluated, planned over an empty state, shown in each form.
pub fn language(bytes: &[u8]) {
    let mut sources = Sources::default();
    if let Err(found) = planned(bytes, &mut sources) {
        let _ = render::text(&found, &sources, render::Style::PLAIN);
        let _ = view::json::to_line(&view::json::diagnostics(&found, &sources));
    }
}

fn planned(bytes: &[u8], sources: &mut Sources) -> Result<(), Diagnostics> {
    let drafted = release::draft(sources, bytes)?;
    let digest = plan::digest::of(&drafted.plan);
    let _ = view::text::plan(&drafted.plan, &digest, &view::style::Palette::PLAIN);
    let _ = view::markdown::plan(&drafted.plan, &digest);
    let _ = view::json::to_line(&view::json::plan(&drafted.plan, &digest));
    Ok(())
}

/// A text to be formatted. One that can be parsed can be parsed afterwards, and formatting it again changes nothing.
///
/// # Panics
///
/// When that is not so: a fuzzer sees it as a finding.
pub fn format(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let once = format::format(text);
    if parses(text) {
        assert!(parses(&once), "what could be parsed cannot be parsed once it is formatted: {text:?}");
        assert_eq!(format::format(&once), once, "formatting twice changes more: {text:?}");
    }
}

fn parses(text: &str) -> bool {
    let mut sources = Sources::default();
    let id = sources.add("a.hcl", text);
    !syntax::parse(id, text).1.has_errors()
}

/// A ledger: as it is, and with its hashes mended, so that what is behind them is reached too.
pub fn ledger(bytes: &[u8]) {
    let _ = ledger::verify(bytes, None, None);
    let mended = mended(bytes);
    if let Ok(report) = ledger::verify(&mended, None, None) {
        let _ = view::state::report(&report, &view::style::Palette::PLAIN);
        let _ = view::json::to_line(&view::json::verified(&report));
    }
}

/// A ledger with a checkpoint beside it, with a NUL between them; both with their hashes mended.
pub fn checkpoint(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (log, beside) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
    let beside = beside.strip_prefix(&[0]).unwrap_or_default();
    let _ = ledger::verify(log, Some(beside), None);
    let framed: Vec<u8> =
        json_of(beside).map(|json| framed(&canonical::to_string(&json)).1).unwrap_or_default();
    let _ = ledger::verify(&mended(log), Some(&framed), None);
}

/// A saved plan: as it is, and with its hash mended.
pub fn saved_plan(bytes: &[u8]) {
    let read = |bytes: &[u8]| {
        let found = plan::file::read(bytes);
        if let Err(error) = &found {
            let _ = error.to_string();
        }
    };
    read(bytes);
    if let Some(json) = json_of(bytes) {
        let body = canonical::to_string(&json);
        let (begin, mac) = (format!("relplan-plan-{}", plan::file::FORMAT), "0".repeat(64));
        let sum = Digest::of(format!("{begin} {body}\n").as_bytes());
        for mac in ["-", &mac] {
            read(format!("{begin} {} {mac} {body}\n", sum.hex()).as_bytes());
        }
    }
}

/// The JSON of a line, with or without a hash before it.
fn json_of(line: &[u8]) -> Option<Json> {
    let start = line.iter().position(|byte| *byte == b'{')?;
    serde_json::from_slice(line.get(start..)?).ok()
}

/// A line of a ledger: its hash covers the space before the text and the line feed behind it.
pub(crate) fn framed(text: &str) -> (Digest, Vec<u8>) {
    let rest = format!(" {text}\n");
    let hash = Digest::of(rest.as_bytes());
    (hash, format!("{}{rest}", hash.hex()).into_bytes())
}

/// The ledger with numbers, chain and hashes as they would be if somebody had written these bodies. Lines that are
/// no JSON are left out.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut before: Option<Digest> = None;
    let objects = bytes.split(|byte| *byte == b'\n').filter_map(json_of);
    for (seq, mut json) in (1_u64..).zip(objects) {
        if let Some(fields) = json.as_object_mut() {
            fields.insert("seq".to_owned(), seq.into());
            fields.insert("batch".to_owned(), seq.into());
            fields.insert("format".to_owned(), ledger::FORMAT.into());
            fields.insert("prev".to_owned(), before.map(|digest| digest.to_string()).into());
        }
        let (hash, line) = framed(&canonical::to_string(&json));
        before = Some(hash);
        out.extend(line);
    }
    out
}
