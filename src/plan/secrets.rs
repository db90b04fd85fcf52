//! The secrets of a plan, beside its digest: compared by keyed fingerprints, shown by none.
//!
//! The digest leaves them out, since whoever has it could try every PIN against it. In their place stands one
//! fingerprint over all of them, each bound to its place, under the key of the ledger. A saved plan holds one for each
//! place, so that what differs can be named.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use relplan_contract::{Kind, Parts, Path, Value};
use serde_json::json;

use super::Plan;
use crate::canonical::{self, Digest};
use crate::event::RunMode;
use crate::ledger::Sealer;

/// What stands for a secret that only apply can tell.
const UNKNOWN: &str = "unknown";

/// What comes before the digits of a fingerprint.
const PREFIX: &str = "hmac-sha256:";

/// The keyed fingerprint over all secrets of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", canonical::hex(&self.0))
    }
}

/// A text that is no fingerprint of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint of secrets is `{PREFIX}` and 64 hexadecimal digits")]
pub struct FingerprintError;

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let hex = text.strip_prefix(PREFIX).filter(|hex| hex.len() == 64).ok_or(FingerprintError)?;
        hex.parse::<Digest>().map(|digest| Self(digest.0)).map_err(|_| FingerprintError)
    }
}

/// The secrets of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// By place; empty texts where there is no key.
    prints: BTreeMap<String, String>,
    fingerprint: Option<Fingerprint>,
}

/// What a view shows of the secrets of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// There are none.
    Absent,
    /// There are, but no key to compare them with.
    Unseen,
    /// Their fingerprint.
    Seen(Fingerprint),
}

/// What a plan is known by in a review: its digest, and the fingerprint of its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The plan's digest.
    pub digest: Digest,
    /// Its secrets.
    pub secrets: Witness,
}

impl From<&Digest> for Stamp {
    /// Of a plan without secrets.
    fn from(digest: &Digest) -> Self {
        Self { digest: *digest, secrets: Witness::Absent }
    }
}

impl From<&Self> for Stamp {
    fn from(stamp: &Self) -> Self {
        *stamp
    }
}

impl fmt::Display for Stamp {
    /// As `-plan-digest` takes it: the digest, and the fingerprint behind a plus sign.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.digest)?;
        if let Witness::Seen(fingerprint) = self.secrets { write!(f, "+{fingerprint}") } else { Ok(()) }
    }
}

impl Secrets {
    /// The secrets that a plan would use: of the variables, the arguments of its steps, of the root module's provider
    /// blocks, and of the outputs.
    #[must_use]
    pub fn of(plan: &Plan, providers: &BTreeMap<Arc<str>, Value>, sealer: &Sealer) -> Self {
        let mut found = Found { sealer, prints: BTreeMap::new() };
        for (name, value) in &plan.basis.variables {
            found.look(&format!("var.{name}"), value, &mut Path::default());
        }
        for (name, value) in providers {
            found.look(&format!("provider.{name}"), value, &mut Path::default());
        }
        for change in &plan.changes {
            let address = change.address().to_string();
            let place = if change.key.is_deposed() { change.key.to_string() } else { address };
            found.look(&place, &change.inputs, &mut Path::default());
        }
        for output in &plan.outputs {
            found.look(&format!("output.{}", output.name), &output.after, &mut Path::default());
        }
        // What is only taken over is what was found.
        for drift in plan.drift.iter().filter(|_| plan.mode == RunMode::Refresh) {
            found.look(&drift.key.to_string(), &drift.after, &mut Path::default());
        }
        Self::restored(&found.prints, sealer)
    }

    /// The secrets with these fingerprints, which were made with the same key.
    #[must_use]
    pub fn restored(prints: &BTreeMap<String, String>, sealer: &Sealer) -> Self {
        let all: Vec<_> = prints.iter().map(|(place, print)| json!([place, print])).collect();
        let bytes = canonical::to_string(&json!(all));
        let mac = if prints.is_empty() { None } else { sealer.mac("secrets of a plan", bytes.as_bytes()) };
        Self { prints: prints.clone(), fingerprint: mac.map(Fingerprint) }
    }

    /// What a view shows of them.
    #[must_use]
    pub fn witness(&self) -> Witness {
        match self.fingerprint {
            Some(fingerprint) => Witness::Seen(fingerprint),
            None if self.prints.is_empty() => Witness::Absent,
            None => Witness::Unseen,
        }
    }

    /// Where they are: `var.pin`, `exec_deployment.web.environment.TOKEN`.
    #[must_use]
    pub fn places(&self) -> Vec<String> {
        self.prints.keys().cloned().collect()
    }

    /// The fingerprint of each, by place; none without a key.
    #[must_use]
    pub fn prints(&self) -> Option<&BTreeMap<String, String>> {
        let compared = self.prints.is_empty() || self.fingerprint.is_some();
        compared.then_some(&self.prints)
    }

    /// The places at which there is another secret than in `reviewed`. What only apply can tell now is no other one:
    /// it is whatever its source will give.
    #[must_use]
    pub fn differences(&self, reviewed: &BTreeMap<String, String>) -> Vec<String> {
        let other = |(place, print): &(&String, &String)| match reviewed.get(*place) {
            Some(before) => print.as_str() != UNKNOWN && before != *print,
            None => true,
        };
        let changed = self.prints.iter().filter(other).map(|(place, _)| place);
        let gone = reviewed.keys().filter(|place| !self.prints.contains_key(*place));
        changed.chain(gone).cloned().collect()
    }
}

/// What was found so far.
struct Found<'s> {
    sealer: &'s Sealer,
    prints: BTreeMap<String, String>,
}

impl Found<'_> {
    fn look(&mut self, place: &str, value: &Value, at: &mut Path) {
        use relplan_contract::Step;
        if value.is_null() {
            return;
        }
        // Elements of a set have no place: it is compared as a whole.
        let whole = value.is_sensitive() || (matches!(value.kind(), Kind::Set(_)) && value.has_sensitive());
        if whole {
            return self.note(place, value, at);
        }
        match value.parts() {
            Parts::Leaf => {}
            Parts::Items(items) => {
                for (index, item) in items.iter().enumerate() {
                    at.0.push(Step::Index(index));
                    self.look(place, item, at);
                    at.0.pop();
                }
            }
            Parts::Entries(map) => {
                for (name, item) in map {
                    at.0.push(Step::Key(Arc::clone(name)));
                    self.look(place, item, at);
                    at.0.pop();
                }
            }
        }
    }

    fn note(&mut self, place: &str, value: &Value, at: &Path) {
        let place = match at.to_string() {
            path if path.is_empty() => place.to_owned(),
            path if path.starts_with('[') => format!("{place}{path}"),
            path => format!("{place}.{path}"),
        };
        let print = self.print(&place, value);
        self.prints.insert(place, print);
    }

    /// The fingerprint of a secret at a place: that of the same secret at another place is another one.
    fn print(&self, place: &str, value: &Value) -> String {
        let sealed = self.sealer.seal_value(value);
        let of_value = match sealed.kind() {
            Kind::Sealed(print) => Some(print.to_string()),
            _ => self.sealer.fingerprint(&sealed),
        };
        let Some(of_value) = of_value else { return UNKNOWN.to_owned() };
        let bound = json!([place, of_value]);
        let mac = self.sealer.mac("secret of a plan", canonical::to_string(&bound).as_bytes());
        mac.map(|mac| canonical::hex(&mac)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
