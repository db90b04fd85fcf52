//! What became of a step, in words that both tools' JSON is brought into.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

/// What became of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// One line each: how planning ended, what was planned, how it went, what is there then.
    pub lines: Vec<String>,
    /// What was printed where something went wrong: not compared.
    pub said: String,
}

impl Outcome {
    pub(super) fn line(&mut self, text: impl Into<String>) {
        self.lines.push(text.into());
    }

    /// Adds what was planned, by address.
    pub(super) fn planned(&mut self, changes: Planned) {
        self.lines.extend(changes.0.into_iter().map(|(address, what)| format!("{what} {address}")));
    }

    /// Adds what is there, sorted.
    pub(super) fn addresses(&mut self, mut addresses: Vec<String>) {
        addresses.sort();
        self.lines.extend(addresses);
    }

    /// Adds the outputs; identities are drawn at random by one and made by the other.
    pub(super) fn outputs(&mut self, outputs: impl Iterator<Item = (String, Json)>) {
        let outputs: BTreeMap<String, Json> = outputs.collect();
        let id = regex::Regex::new(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").expect("a pattern");
        self.lines.extend(outputs.iter().map(|(name, value)| {
            let value = value.to_string();
            format!("{name} = {}", id.replace_all(&value, "ID"))
        }));
    }
}

/// What is planned, sorted by address.
#[derive(Default)]
pub(super) struct Planned(BTreeSet<(String, String)>);

impl Planned {
    pub(super) fn add(&mut self, what: &str, address: &str) {
        self.0.insert((address.to_owned(), what.to_owned()));
    }
}

pub(super) fn text<'j>(json: &'j Json, name: &str) -> &'j str {
    json.get(name).and_then(Json::as_str).unwrap_or_default()
}

pub(super) fn list<'j>(json: &'j Json, name: &str) -> &'j [Json] {
    json.get(name).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}
