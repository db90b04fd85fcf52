//! The ledger as a file, read by the harness itself: no word of relplan is believed.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value as Json;

/// A record of the ledger, as far as it counts here.
pub(crate) struct Record {
    pub(crate) kind: String,
    pub(crate) body: Json,
}

impl Record {
    pub(crate) fn text(&self, path: &str) -> &str {
        self.body.pointer(path).and_then(Json::as_str).unwrap_or_default()
    }

    pub(crate) fn address(&self) -> &str {
        self.text("/key/address")
    }

    pub(crate) fn key(&self) -> &str {
        self.text("/idempotency_key")
    }

    /// Whether it ends an action: done, failed, judged, or found out later.
    pub(crate) fn is_outcome(&self) -> bool {
        match &*self.kind {
            "ended" => self.body.pointer("/outcome/unknown").is_none(),
            "judged" | "adopted" | "forgotten" => true,
            _ => false,
        }
    }

    /// Whether it says that an action was done.
    pub(crate) fn is_done(&self) -> bool {
        self.is_outcome() && self.body.pointer("/outcome/failed").is_none()
    }

    pub(crate) fn ending(&self) -> &str {
        self.text("/ending")
    }

    /// In a few words, to retell a story: `ended exec_deployment.a failed`.
    pub(crate) fn gist(&self) -> String {
        let outcome = self.body.pointer("/outcome").and_then(Json::as_object);
        let outcome = outcome.and_then(|outcome| outcome.keys().next()).map_or("", String::as_str);
        let address = if self.address().is_empty() { self.text("/address") } else { self.address() };
        let more = [
            self.text("/act"),
            self.text("/version"),
            outcome,
            self.text("/judgement/outcome"),
            self.text("/reference"),
            self.ending(),
        ];
        let words = [&*self.kind, address].into_iter().chain(more).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    }
}

/// The whole records of a ledger. What is torn at its end was never told to anybody.
pub(crate) fn read(ledger: &Path) -> Vec<Record> {
    let text = String::from_utf8_lossy(&std::fs::read(ledger).unwrap_or_default()).into_owned();
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let parsed = whole.filter_map(|line| serde_json::from_str::<Json>(line.split_once(' ')?.1).ok());
    let record = |json: Json| {
        Some(Record { kind: json.get("kind")?.as_str()?.to_owned(), body: json.get("body")?.clone() })
    };
    parsed.filter_map(record).collect()
}

/// What has an open action: intended, and no outcome. Addresses, for a record with its version.
pub(crate) fn open(records: &[Record]) -> BTreeSet<String> {
    let mut open = BTreeSet::new();
    for record in records {
        let name = format!("{}@{}", record.address(), record.text("/key/version"));
        let name = name.trim_end_matches('@').to_owned();
        if record.kind == "intended" {
            open.insert(name);
        } else if record.is_outcome() {
            open.remove(&name);
        }
    }
    open
}

/// The live resources that are on hold.
pub(crate) fn held(records: &[Record]) -> BTreeSet<&str> {
    let mut held = BTreeSet::new();
    for record in records {
        match &*record.kind {
            "held" => held.insert(record.text("/address")),
            "released" => held.remove(record.text("/address")),
            _ => continue,
        };
    }
    held
}
