//! Sealing: what is sensitive is kept as a fingerprint that can be compared but not read.
//!
//! The fingerprint is HMAC-SHA256 over the canonical JSON of the value, in hexadecimal. Its key is random and
//! stays in a file of its own beside the ledger, so that a copy of the ledger alone does not let anyone try
//! passwords against it.

use std::collections::BTreeMap;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use relplan_contract::{Kind, Map, Value};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::canonical::{self, Hidden, Seal};

/// Length of the key, in bytes.
pub const KEY_LENGTH: usize = 32;

/// Makes fingerprints with the key of one ledger.
#[derive(Clone)]
pub struct Sealer {
    /// The key, padded with zeros to the block size, as HMAC itself would.
    block: Zeroizing<[u8; 64]>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// A sealer with a key.
    #[must_use]
    pub fn new(key: &[u8; KEY_LENGTH]) -> Self {
        let mut block = Zeroizing::new([0; 64]);
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        Self { block }
    }

    /// The fingerprint of a value, whatever is marked in it. None while a part of it is unknown.
    #[must_use]
    pub fn fingerprint(&self, value: &Value) -> Option<String> {
        if value.has_unknown() {
            return None;
        }
        let plain = value.transform(&Value::unmark);
        let text = Zeroizing::new(canonical::to_string(&canonical::encode(&plain, &Hidden)));
        let mut mac = Hmac::<Sha256>::new((&*self.block).into());
        mac.update(text.as_bytes());
        Some(canonical::hex(&mac.finalize().into_bytes()))
    }

    /// The value with everything marked in it replaced by its fingerprint, which stays marked.
    #[must_use]
    pub fn seal_value(&self, value: &Value) -> Value {
        if value.is_sensitive() {
            return self.seal_marked(value);
        }
        let kind = match value.kind() {
            Kind::List(items) => Kind::List(items.iter().map(|item| self.seal_value(item)).collect()),
            Kind::Set(items) => Value::set(items.iter().map(|item| self.seal_value(item))).into_kind(),
            Kind::Map(map) => {
                let seal = |(key, item): (&Arc<str>, &Value)| (Arc::clone(key), self.seal_value(item));
                Kind::Map(Arc::new(map.iter().map(seal).collect()))
            }
            Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::String(_)
            | Kind::Sealed(_)
            | Kind::Unknown => return value.clone(),
        };
        Value::new(kind)
    }

    fn seal_marked(&self, value: &Value) -> Value {
        if matches!(value.kind(), Kind::Sealed(_) | Kind::Null) {
            return value.clone();
        }
        match self.fingerprint(value) {
            Some(print) => Value::new(Kind::Sealed(print.into())).mark(true),
            None => Value::UNKNOWN.mark(true),
        }
    }

    /// The past value `prior` with each fingerprint in it replaced by what `current` has at the same place, where
    /// that has the same fingerprint. So what did not change compares equal; what did stays sealed and differs.
    #[must_use]
    pub fn unseal(&self, prior: &Value, current: &Value) -> Value {
        let kind = match (prior.kind(), current.kind()) {
            (Kind::Sealed(print), _) => {
                let same = self.fingerprint(current).is_some_and(|other| *other == **print);
                return if same { current.clone().mark(true) } else { prior.clone() };
            }
            (Kind::List(items), Kind::List(others)) => {
                let others = others.iter().map(Some).chain(std::iter::repeat(None));
                Kind::List(
                    items.iter().zip(others).map(|(item, other)| self.unseal_at(item, other)).collect(),
                )
            }
            (Kind::Map(map), Kind::Map(others)) => {
                let entry = |(key, item): (&Arc<str>, &Value)| {
                    (Arc::clone(key), self.unseal_at(item, others.get(key)))
                };
                Kind::Map(Arc::new(map.iter().map(entry).collect::<Map>()))
            }
            // Elements of a set have no place: each is found by how it would be sealed.
            (Kind::Set(items), Kind::Set(others)) => {
                let sealed: BTreeMap<Value, &Value> =
                    others.iter().map(|other| (self.seal_value(other), other)).collect();
                let element = |item: &Value| sealed.get(item).map_or(item, |other| *other).clone();
                Value::set(items.iter().map(element)).into_kind()
            }
            _ => return prior.clone(),
        };
        Value::new(kind).mark(prior.is_sensitive())
    }

    fn unseal_at(&self, prior: &Value, current: Option<&Value>) -> Value {
        current.map_or_else(|| prior.clone(), |current| self.unseal(prior, current))
    }
}

impl Seal for Sealer {
    fn seal(&self, value: &Value) -> Json {
        match self.fingerprint(value) {
            Some(print) => json!({ "$sealed": print }),
            None => Hidden.seal(value),
        }
    }
}

#[cfg(test)]
mod tests;
