//! What a state means for a plan, as canonical JSON to be hashed.

use relplan_contract::Value;
use serde_json::{Value as Json, json};

use super::{Entry, Open, Past, State};
use crate::addr::Address;
use crate::canonical::{Digest, Hidden, Stream, encode, object};
use crate::event::{Act, EntryKey, Judgement};

pub(super) fn of_value(value: &Value) -> Digest {
    Digest::of_json(&encode(value, &Hidden))
}

/// Hashed entry by entry, with the members in the order of their names.
pub(super) fn of_state(state: &State) -> Digest {
    let mut stream = Stream::default();
    stream.raw("{\"entries\":");
    stream.array(state.entries.iter().map(|(key, entry)| of_entry(key, entry)));
    stream.raw(",\"history\":");
    stream.array(state.history.iter().map(|(address, pasts)| {
        Json::Array(vec![Json::from(address.to_string()), pasts.iter().map(of_past).collect()])
    }));
    stream.raw(",\"holds\":");
    stream.array(state.holds.keys().map(|address| Json::from(address.to_string())));
    stream.raw(",\"meaning\":1,\"outputs\":");
    stream.array(
        state
            .outputs
            .iter()
            .map(|(name, value)| Json::Array(vec![Json::from(&**name), encode(value, &Hidden)])),
    );
    stream.raw(",\"product\":");
    stream.json(&Json::from(state.product.as_str()));
    // Ledgers of before have none, and their checkpoints name digests without this.
    if !state.providers.is_empty() {
        stream.raw(",\"providers\":");
        stream.array(
            state
                .providers
                .iter()
                .map(|(name, value)| Json::Array(vec![Json::from(&**name), encode(value, &Hidden)])),
        );
    }
    // Only while something is turned back, so that the digests of before stay as they are.
    if !state.turning_back.is_empty() {
        stream.raw(",\"turning_back\":");
        stream.array(
            state.turning_back.iter().map(|(live, way)| {
                Json::Array(vec![Json::from(live.to_string()), Json::from(&*way.version)])
            }),
        );
    }
    stream.raw("}");
    stream.finish()
}

fn of_entry(key: &EntryKey, entry: &Entry) -> Json {
    object!({
        "address": key.address.to_string(),
        "record_version": key.version.as_deref(),
        "lifetime": entry.lifetime.name(),
        "provider": entry.provider.as_str(),
        "inputs": encode(&entry.inputs, &Hidden),
        "value": encode(&entry.value, &Hidden),
        "version": &*entry.version,
        "dependencies": addresses(&entry.dependencies),
        "tainted": entry.tainted,
        "open": entry.open().map(of_open),
        "judgement": entry.judgement.as_ref().map(of_judgement),
    })
}

fn of_open(open: &Open) -> Json {
    let act = match open.intent.act {
        Act::Create => "create",
        Act::Update => "update",
        Act::Judge => "judge",
        Act::Destroy => "destroy",
    };
    json!({
        "act": act,
        "version": *open.intent.version,
        "idempotency_key": open.intent.idempotency_key,
        "inputs": encode(&open.intent.inputs, &Hidden),
        "planned": encode(&open.intent.planned, &Hidden),
        "reference": open.reference,
    })
}

fn of_judgement(judgement: &Judgement) -> Json {
    let judged =
        judgement.judged.iter().map(|(address, digest)| json!([address.to_string(), digest.to_string()]));
    json!({ "outcome": judgement.outcome.name(), "judged": judged.collect::<Vec<_>>() })
}

fn of_past(past: &Past) -> Json {
    object!({
        "version": &*past.version,
        "provider": past.provider.as_str(),
        "inputs": encode(&past.inputs, &Hidden),
        "value": encode(&past.value, &Hidden),
        "dependencies": addresses(&past.dependencies),
        "verified": past.is_verified(),
    })
}

fn addresses(addresses: &[Address]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}
