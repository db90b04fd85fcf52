//! A run as JSON: one document a line while it goes on (`docs/json/notice.schema.json`), one at its end
//! (`docs/json/summary.schema.json`). Times are in milliseconds.

use std::collections::BTreeMap;
use std::time::Duration;

use relplan_contract::Used;
use serde_json::{Value as Json, json};

use super::{document, verdict};
use crate::event::EntryKey;
use crate::run::report::{Notice, Row, RowResult, Summary};
use crate::view::words;

/// A notice, for a line of its own.
#[must_use]
pub fn notice(notice: &Notice) -> Json {
    let members = match notice {
        Notice::Started { key, action } => event("started", key, json!({ "action": words::action(*action) })),
        Notice::Line { key, text } => event("line", key, json!({ "text": text })),
        Notice::Still { key, action, elapsed } => event(
            "still",
            key,
            json!({ "action": words::action(*action), "elapsed_ms": milliseconds(*elapsed) }),
        ),
        Notice::Retrying { key, attempt, wait, message } => event(
            "retrying",
            key,
            json!({ "attempt": attempt, "wait_ms": milliseconds(*wait), "message": message }),
        ),
        Notice::Finished { key, action, result, took } => {
            let mut members = json!({ "action": words::action(*action), "took_ms": milliseconds(*took) });
            merge(&mut members, row_result(result));
            event("finished", key, members)
        }
        Notice::RollingBack { check } => event("rolling_back", check, json!({})),
        Notice::Stopping { running } => json!({ "event": "stopping", "running": running }),
        Notice::Aborting { running } => json!({ "event": "aborting", "running": running }),
    };
    document("relplan_notice", members)
}

/// What was asked of outside systems, by provider (`docs/json/usage.schema.json`).
#[must_use]
pub fn usage(totals: &BTreeMap<&'static str, Used>) -> Json {
    let used = |used: &Used| json!({ "calls": used.calls, "unchanged": used.unchanged, "waited_ms": used.waited_ms });
    let providers: serde_json::Map<String, Json> =
        totals.iter().map(|(name, counts)| ((*name).to_owned(), used(counts))).collect();
    document("relplan_usage", json!({ "providers": providers }))
}

/// How a run ended.
#[must_use]
pub fn summary(summary: &Summary) -> Json {
    let next = summary.next.iter().map(|(command, why)| json!({ "command": command, "why": why }));
    document(
        "relplan_summary",
        json!({
            "ending": words::ending(summary.ending),
            "rows": summary.rows.iter().map(row).collect::<Vec<_>>(),
            "head": summary.head.map(|digest| digest.to_string()),
            "next": next.collect::<Vec<_>>(),
        }),
    )
}

fn row(row: &Row) -> Json {
    let mut members = object(&row.key);
    merge(&mut members, json!({ "action": words::action(row.action) }));
    merge(&mut members, row_result(&row.result));
    members
}

fn row_result(result: &RowResult) -> Json {
    match result {
        RowResult::Done { verdict: of, headline } => {
            json!({ "result": "done", "verdict": of.as_ref().map(verdict), "headline": headline })
        }
        RowResult::Failed { message, .. } => json!({ "result": "failed", "message": message }),
        RowResult::NotPassed { verdict: of } => json!({ "result": "not_passed", "verdict": verdict(of) }),
        RowResult::Uncertain { message } => json!({ "result": "uncertain", "message": message }),
        RowResult::Skipped { because } => json!({ "result": "skipped", "message": because }),
        RowResult::TurnedBack { version } => json!({ "result": "turned_back", "version": version }),
    }
}

fn event(name: &str, key: &EntryKey, members: Json) -> Json {
    let mut event = object(key);
    merge(&mut event, json!({ "event": name }));
    merge(&mut event, members);
    event
}

fn object(key: &EntryKey) -> Json {
    json!({ "address": key.address.to_string(), "record_version": key.version.as_deref() })
}

fn merge(into: &mut Json, members: Json) {
    if let (Json::Object(into), Json::Object(members)) = (into, members) {
        into.extend(members);
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
