//! The state, its outputs and its history as JSON: `docs/json/state.schema.json`, `outputs.schema.json` and
//! `history.schema.json`.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{addresses, document, value};
use crate::event::{Actor, EntryKey, Recorded};
use crate::ledger::{CheckpointVerdict, Report};
use crate::state::{Entry, Open, State};
use crate::view::state::{name_of_event, subject, tell};

/// The whole state.
#[must_use]
pub fn state(state: &State) -> Json {
    let holds: BTreeMap<String, &str> =
        state.holds.iter().map(|(address, reason)| (address.to_string(), reason.as_str())).collect();
    let releases: BTreeMap<&str, Json> = state
        .releases
        .iter()
        .map(|(version, status)| {
            let config = status.config.map(|digest| digest.to_string());
            (&**version, json!({ "complete": status.complete, "config": config, "run": *status.run.0 }))
        })
        .collect();
    document(
        "relplan_state",
        json!({
            "product": state.product,
            "lineage": state.lineage.as_ref().map(|lineage| &*lineage.0),
            "head": state.head.map(|head| json!({ "seq": head.seq, "hash": head.hash.to_string() })),
            "epoch": state.epoch,
            "objects": state.entries.iter().map(|(key, entry)| object(key, entry)).collect::<Vec<_>>(),
            "outputs": values(state),
            "holds": holds,
            "releases": releases,
        }),
    )
}

/// One object of the state.
#[must_use]
pub fn entry(key: &EntryKey, entry: &Entry) -> Json {
    document("relplan_state_object", json!({ "object": object(key, entry) }))
}

/// The outputs by name.
#[must_use]
pub fn outputs(state: &State) -> Json {
    document("relplan_outputs", json!({ "outputs": values(state) }))
}

/// The objects that hold backups.
#[must_use]
pub fn snapshots(found: &[(&EntryKey, &Entry)]) -> Json {
    let found: Vec<Json> = found.iter().map(|(key, entry)| object(key, entry)).collect();
    document("relplan_snapshots", json!({ "snapshots": found }))
}

/// Records of the ledger, in their order.
#[must_use]
pub fn history<'r>(records: impl IntoIterator<Item = &'r Recorded>) -> Json {
    let records: Vec<Json> = records.into_iter().map(record).collect();
    document("relplan_history", json!({ "records": records }))
}

fn object(key: &EntryKey, entry: &Entry) -> Json {
    json!({
        "address": key.address.to_string(),
        "record_version": key.version.as_deref(),
        "kind": entry.lifetime.name(),
        "provider": entry.provider,
        "version": *entry.version,
        "inputs": value(&entry.inputs),
        "value": value(&entry.value),
        "dependencies": addresses(&entry.dependencies),
        "generation": entry.generation,
        "seq": entry.seq,
        "tainted": entry.tainted,
        "uncertain": entry.open().map(open),
        "verdict": entry.judgement.as_ref().map(|of| json!({
            "outcome": of.outcome.name(),
            "summary": of.summary,
            "details": of.details,
        })),
    })
}

fn open(open: &Open) -> Json {
    json!({ "run": *open.run.0, "reference": open.reference, "message": open.message })
}

fn values(state: &State) -> BTreeMap<&str, Json> {
    state.outputs.iter().map(|(name, of)| (&**name, value(of))).collect()
}

fn record(record: &Recorded) -> Json {
    let key = subject(&record.event);
    let Actor { user, host, job, author, login } = &record.actor;
    json!({
        "seq": record.seq,
        "hash": record.hash.to_string(),
        "run": *record.run.0,
        "epoch": record.epoch,
        "time_ms": record.time_ms,
        "actor": { "user": user, "host": host, "job": job, "author": author, "login": login },
        "event": name_of_event(&record.event),
        "address": key.as_ref().map(|key| key.address.to_string()),
        "record_version": key.as_ref().and_then(|key| key.version.as_deref()),
        "text": tell(&record.event),
    })
}

/// What verifying a ledger found.
#[must_use]
pub fn verified(report: &Report) -> Json {
    let ignored = match &report.checkpoint {
        CheckpointVerdict::Ignored { reason } => Some(reason),
        _ => None,
    };
    let epochs = report
        .epochs
        .iter()
        .map(|epoch| json!({ "epoch": epoch.epoch, "seq": epoch.seq, "reason": epoch.reason }));
    let uncertain = report
        .uncertain
        .iter()
        .map(|key| json!({ "address": key.address.to_string(), "version": key.version.as_deref() }));
    document(
        "relplan_verified",
        json!({
            "product": report.product,
            "records": report.records,
            "batches": report.batches,
            "bytes": report.bytes,
            "runs": report.runs,
            "unclosed": report.unclosed,
            "head": report.head.map(|head| json!({ "seq": head.seq, "hash": head.hash.to_string() })),
            "noted": report.noted,
            "epochs": epochs.collect::<Vec<_>>(),
            "checkpoint_ignored": ignored,
            "head_ignored": report.head_ignored,
            "uncertain": uncertain.collect::<Vec<_>>(),
            "state": report.state.to_string(),
        }),
    )
}
