//! Every document fits its published schema, and the check that says so can fail.

use std::time::Duration;

use relplan_contract::{Outcome, Value, Verdict};
use serde_json::{Value as Json, json};

use super::*;
use crate::diag::{Diagnostic, Diagnostics};
use crate::event::Ending;
use crate::ledger::{CheckpointVerdict, Epoch, Report};
use crate::plan::Action;
use crate::run::report::{Notice, Row, RowResult, Summary};
use crate::source::{Sources, Span};
use crate::state::State;
use crate::view::graph::{Graph, Node, NodeKind};
use crate::view::samples;

mod fits;

use fits::misfits;

const PLAN: &str = include_str!("../../../docs/json/plan.schema.json");
const NOTICE: &str = include_str!("../../../docs/json/notice.schema.json");
const SUMMARY: &str = include_str!("../../../docs/json/summary.schema.json");
const DIAGNOSTICS: &str = include_str!("../../../docs/json/diagnostics.schema.json");
const STATE: &str = include_str!("../../../docs/json/state.schema.json");
const STATE_OBJECT: &str = include_str!("../../../docs/json/state-object.schema.json");
const SNAPSHOTS: &str = include_str!("../../../docs/json/snapshots.schema.json");
const OUTPUTS: &str = include_str!("../../../docs/json/outputs.schema.json");
const HISTORY: &str = include_str!("../../../docs/json/history.schema.json");
const PROVIDERS: &str = include_str!("../../../docs/json/providers.schema.json");
const VERIFIED: &str = include_str!("../../../docs/json/verified.schema.json");
const DONE: &str = include_str!("../../../docs/json/done.schema.json");
const FORMATTED: &str = include_str!("../../../docs/json/formatted.schema.json");
const GRAPH: &str = include_str!("../../../docs/json/graph.schema.json");
const USAGE: &str = include_str!("../../../docs/json/usage.schema.json");
const VERSION: &str = include_str!("../../../docs/json/version.schema.json");

fn check(schema: &str, document: &Json) {
    let schema = serde_json::from_str(schema).expect("a schema");
    assert_eq!(misfits(&schema, document), Vec::<String>::new(), "{document:#}");
    for text in [to_line(document), to_text(document)] {
        assert!(!text.chars().any(|c| c != '\n' && is_deceptive(c)), "{text}");
        assert_eq!(serde_json::from_str::<Json>(&text).ok().as_ref(), Some(document));
        assert!(!text.contains(samples::SECRET) && !text.contains("0f0f0f"), "{text}");
    }
    assert_eq!(to_line(document).find('\n'), Some(to_line(document).len() - 1));
}

fn results() -> Vec<RowResult> {
    let verdict = |outcome| Verdict { details: vec!["\u{202e}x".into()], ..Verdict::new(outcome, "Why.") };
    vec![
        RowResult::Done { verdict: None, headline: Some("1.2.0".into()) },
        RowResult::Done { verdict: Some(verdict(Outcome::Passed)), headline: None },
        RowResult::Failed { message: "No.".into(), adoptable: false },
        RowResult::NotPassed { verdict: verdict(Outcome::Pending) },
        RowResult::Uncertain { message: "Lost.".into() },
        RowResult::Skipped { because: "waits".into() },
        RowResult::TurnedBack { version: "1.1.0".into() },
    ]
}

#[test]
fn usage_fits_its_schema() {
    let used = relplan_contract::Used { calls: 112, unchanged: 4, waited_ms: 0 };
    check(USAGE, &usage(&std::collections::BTreeMap::from([("github", used)])));
}

#[test]
fn plans_fit_their_schema() {
    check(PLAN, &plan(&samples::plan(), &samples::digest()));
    check(PLAN, &plan(&samples::empty(), &samples::digest()));
}

#[test]
fn a_plan_tells_programs_what_it_tells_people() {
    let plan = plan(&samples::plan(), &samples::digest());
    assert_eq!(plan["counts"]["add"], json!(2));
    assert_eq!(plan["changes"][2]["address"], json!("exec_deployment.production"));
    let reason =
        json!({ "reason": "inputs_changed", "names": ["version"], "text": "input changed: version" });
    assert_eq!(plan["changes"][2]["reasons"], json!([reason]));
    assert_eq!(plan["changes"][2]["after"]["environment"]["TOKEN"], json!({ "$sensitive": null }));
    assert_eq!(plan["changes"][2]["before"]["environment"]["TOKEN"], json!({ "$sensitive": null }));
    assert_eq!(plan["changes"][3]["key"], json!("a \"b\""));
    assert_eq!(plan["changes"][1]["preview"]["summary"], json!("2 pull requests open."));
    assert_eq!(plan["outputs"][1]["after"], json!({ "$unknown": true }));
}

#[test]
fn runs_fit_their_schemas() {
    let key = || samples::key("git_tag.app", Some("1.2.0"));
    let took = Duration::from_millis(1_500);
    let mut notices = vec![
        Notice::Started { key: key(), action: Action::Create },
        Notice::Line { key: key(), text: "a\nb\u{1b}".into() },
        Notice::Retrying { key: key(), attempt: 2, wait: took, message: "Busy.".into() },
        Notice::RollingBack { check: key() },
        Notice::Stopping { running: 2 },
        Notice::Aborting { running: 2 },
    ];
    let finished = |result| Notice::Finished { key: key(), action: Action::Judge, result, took };
    notices.extend(results().into_iter().map(finished));
    for of in &notices {
        check(NOTICE, &notice(of));
    }
    check(NOTICE, &notice(&Notice::Still { key: key(), action: Action::Create, elapsed: took }));
    let row = |result| Row { key: key(), action: Action::Update, result };
    let of = Summary {
        ending: Ending::Waiting,
        rows: results().into_iter().map(row).collect(),
        head: Some(samples::digest()),
        next: vec![("relplan apply".into(), "goes on".into())],
    };
    check(SUMMARY, &summary(&of));
}

#[test]
fn diagnostics_fit_their_schema_and_name_places() {
    let mut sources = Sources::default();
    let file = sources.add("main.hcl", "a = 1\nb = é\u{202e}x\n");
    let span = Span { file, start: 10, end: 12 };
    let of = Diagnostics(vec![
        Diagnostic::error("Unknown name", "There is no é.").label(span, "here").help("Write e."),
        Diagnostic::warning("Old", "It is old."),
    ]);
    let json = diagnostics(&of, &sources);
    check(DIAGNOSTICS, &json);
    let place = json!({
        "file": "main.hcl",
        "start": { "line": 2, "column": 5 },
        "end": { "line": 2, "column": 6 },
        "text": "here",
    });
    assert_eq!(json["diagnostics"][0]["places"], json!([place]));
    assert_eq!((&json["error_count"], &json["valid"]), (&json!(1), &json!(false)));
}

#[test]
fn the_state_fits_its_schemas() {
    let of = samples::state();
    check(STATE, &state(&of));
    check(STATE, &state(&State::default()));
    for (key, object) in &of.entries {
        check(STATE_OBJECT, &entry(key, object));
    }
    let all: Vec<_> = of.entries.iter().collect();
    check(SNAPSHOTS, &snapshots(&all));
    check(OUTPUTS, &outputs(&of));
    check(HISTORY, &history(&samples::ledger()));
    check(HISTORY, &history(&samples::recorded(samples::other_events())));
}

#[test]
fn schemas_and_versions_fit_theirs() {
    check(PROVIDERS, &providers([&samples::provider()]));
    check(VERSION, &version("0.1.0", [("git", "0.1.0")]));
}

#[test]
fn the_check_finds_what_does_not_fit() {
    let schema = serde_json::from_str(PLAN).expect("a schema");
    let good = plan(&samples::plan(), &samples::digest());
    let broken = |change: &dyn Fn(&mut Json)| {
        let mut bad = good.clone();
        change(&mut bad);
        misfits(&schema, &bad)
    };
    assert_eq!(broken(&|json| json["format"] = json!("other")), [".format: is not \"relplan_plan\""]);
    assert_eq!(broken(&|json| json["counts"]["add"] = json!(-1)), [".counts.add: is below 0"]);
    assert_eq!(broken(&|json| json["changes"][0]["action"] = json!("x")).len(), 1);
    assert_eq!(broken(&|json| json["changes"][0]["reasons"] = json!([])).len(), 1);
    assert_eq!(broken(&|json| json["changes"][1]["preview"] = json!(7)).len(), 1);
    assert_eq!(broken(&|json| json["digest"] = json!("sha256:12")).len(), 1);
    let without = |json: &mut Json| drop(json.as_object_mut().expect("an object").remove("mode"));
    assert_eq!(broken(&without), [": lacks \"mode\""]);
}

#[test]
fn deceptive_characters_are_escaped_and_read_back() {
    let json = json!({ "a": "\u{202e}\u{e0041}\u{9b}\n" });
    assert_eq!(to_line(&json), "{\"a\":\"\\u202e\\udb40\\udc41\\u009b\\n\"}\n");
    assert_eq!(serde_json::from_str::<Json>(&to_line(&json)).ok(), Some(json));
}

#[test]
fn values_keep_what_json_lacks() {
    let of =
        Value::list([Value::UNKNOWN, Value::set([Value::integer(1)]), samples::secret(), samples::sealed()]);
    let expected =
        json!([{ "$unknown": true }, { "$set": [1] }, { "$sensitive": null }, { "$sensitive": null }]);
    assert_eq!(value(&of), expected);
}

#[test]
fn what_the_smaller_verbs_did_fits_its_schemas() {
    let key = samples::key("git_tag.app", Some("1.2.0"));
    let deeds = [
        Deed { key: Some(key), text: "Let go of git_tag.app".into() },
        Deed { key: None, text: "\u{202e}".into() },
    ];
    check(DONE, &done("state rm", &deeds));
    let file = Reformatted { path: "a\u{1b}.hcl".into(), diff: Some("-a\n+b\n".into()), text: None };
    check(FORMATTED, &formatted(&[file], true));
    let node = |label: &str, kind| Node { label: label.into(), kind };
    let nodes = vec![node("var.a", NodeKind::Value), node("git_tag.app", NodeKind::Record)];
    check(GRAPH, &graph(&Graph { nodes, edges: vec![(1, 0)] }));
}

#[test]
fn what_verifying_found_fits_its_schema() {
    let report = Report {
        product: "a\u{202e}".into(),
        lineage: None,
        kinds: std::collections::BTreeMap::new(),
        other_folds: Vec::new(),
        records: 3,
        batches: 2,
        bytes: 900,
        head: Some(crate::state::Head { seq: 3, hash: samples::digest() }),
        noted: Some(2),
        epochs: vec![Epoch { seq: 2, epoch: 1, reason: "stuck".into() }],
        checkpoint: CheckpointVerdict::Ignored { reason: "old".into() },
        runs: 1,
        unclosed: 1,
        uncertain: [samples::key("git_tag.app", Some("1.2.0"))].into(),
        head_ignored: None,
        state: samples::digest(),
    };
    check(VERIFIED, &verified(&report));
}

#[test]
fn a_single_type_fits_the_schema_of_all() {
    for schema in &samples::provider().resources {
        check(PROVIDERS, &resource_type(schema));
    }
    for schema in &samples::provider().data_sources {
        check(PROVIDERS, &data_source(schema));
    }
}
