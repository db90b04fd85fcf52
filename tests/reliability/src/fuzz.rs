//! What is done with hostile bytes: the bodies of the fuzz targets in `fuzz/`, also run over their corpus by `tests/it`.
//!
//! Each takes any bytes and must come back: no panic, no endless loop, no unbounded memory. Where a promise can be
//! checked on the way (formatting twice changes nothing more, what verifies also opens), it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan::canonical::{self, Digest};
use relplan::diag::{Diagnostics, render};
use relplan::graph::Graph;
use relplan::lang::functions::NoFiles;
use relplan::lang::lower::{Entry, Files, load};
use relplan::lang::{format, syntax};
use relplan::ledger::{self, KEY_LENGTH, Sealer};
use relplan::plan::{self, Answer, Options, Planner, Question, Registry, Setup};
use relplan::source::Sources;
use relplan::state::State;
use relplan::view;
use relplan::world::World;
use relplan_contract::{Observed, Problem, propose};
use serde_json::Value as Json;

/// A target: its name, which is also that of its corpus, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 5] = [
    ("language", language),
    ("format", format),
    ("ledger", ledger),
    ("checkpoint", checkpoint),
    ("saved_plan", saved_plan),
];

struct InMemory<'t>(&'t [u8]);

impl Files for InMemory<'_> {
    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        // One level of modules, which are this file again: a tree without an end is a test of its own.
        let depth = folder.split('/').filter(|step| !matches!(*step, "" | "." | "..")).count();
        Ok(if depth < 2 { vec!["a.hcl".to_owned()] } else { Vec::new() })
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.to_vec())
    }
}

/// A release file, as far as `plan` goes: read, evaluated, planned over an empty state, shown in each form.
pub fn language(bytes: &[u8]) {
    let mut sources = Sources::default();
    if let Err(found) = planned(bytes, &mut sources) {
        let _ = render::text(&found, &sources, render::Style::PLAIN);
        let _ = view::json::to_line(&view::json::diagnostics(&found, &sources));
    }
}

fn planned(bytes: &[u8], sources: &mut Sources) -> Result<(), Diagnostics> {
    let entry = Entry { folder: ".".to_owned(), file: Some("a.hcl".to_owned()), name: "fuzz".to_owned() };
    let (config, _) = load(sources, &InMemory(bytes), &entry)?;
    let graph = Arc::new(Graph::build(&config)?);
    let (world, _) = World::new(Arc::new(config), graph, BTreeMap::new(), Arc::new(NoFiles))?;
    let mut planner = Planner::new(Setup {
        world,
        state: State::default(),
        registry: Arc::new(Registry::new(relplan_bundled::registry())),
        environment: Arc::default(),
        sealer: Sealer::new(&[0; KEY_LENGTH]),
        options: Options::default(),
    });
    loop {
        let asks = planner.poll();
        if asks.is_empty() {
            break;
        }
        for ask in asks {
            let answer = answer(&ask.question);
            planner.answer(ask.id, answer);
        }
    }
    let drafted = planner.finish().map_err(|failure| failure.found)?;
    let digest = plan::digest::of(&drafted.plan);
    let _ = view::text::plan(&drafted.plan, &digest, &view::style::Palette::PLAIN);
    let _ = view::markdown::plan(&drafted.plan, &digest);
    let _ = view::json::to_line(&view::json::plan(&drafted.plan, &digest));
    Ok(())
}

/// The answer of a provider that knows its schema and nothing else.
fn answer(question: &Question) -> Answer {
    match question {
        Question::Plan { resource, config, prior } => {
            Answer::Planned(Ok(propose(&resource.schema().attributes, prior.as_ref(), config)))
        }
        Question::Read { .. } => Answer::Observed(Ok(Observed::Same)),
        Question::Data { .. } => Answer::Data(Err(Problem::missing("Nothing is here."))),
        Question::Reconcile { .. } => Answer::Reconciled(Err(Problem::missing("Nothing is here."))),
    }
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
    let framed: Vec<u8> = json_of(beside).map(|json| framed(&json).1).unwrap_or_default();
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
        read(format!("{} {body}\n", Digest::of(body.as_bytes()).hex()).as_bytes());
    }
}

/// The JSON of a line, with or without a hash before it.
fn json_of(line: &[u8]) -> Option<Json> {
    let start = line.iter().position(|byte| *byte == b'{')?;
    serde_json::from_slice(line.get(start..)?).ok()
}

/// A line with its hash.
fn framed(json: &Json) -> (Digest, Vec<u8>) {
    let rest = format!(" {}\n", canonical::to_string(json));
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
        let (hash, line) = framed(&json);
        before = Some(hash);
        out.extend(line);
    }
    out
}
