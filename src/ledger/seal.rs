//! Sealing: what is sensitive is kept as a fingerprint that can be compared but not read.
//!
//! The fingerprint is HMAC-SHA256 over the canonical JSON of the value, in hexadecimal. Its key is random and
//! stays in a file of its own beside the ledger, so that a copy of the ledger alone does not let anyone try
//! passwords against it.
//!
//! Where the key is not at hand, nothing stands in for it: a fingerprint of a key that anyone knows would let a short
//! secret be guessed. Then everything sensitive counts as what it was, and whoever shows that says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use hmac::{Hmac, KeyInit, Mac};
use relplan_contract::{Kind, Map, Value};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::canonical::{self, Hidden, Seal};

/// Length of the key, in bytes.
pub const KEY_LENGTH: usize = 32;

/// Stands for everything sensitive where there is no key: no fingerprint is empty.
const NO_PRINT: &str = "";

/// Makes fingerprints with the key of one ledger, or none.
#[derive(Clone)]
pub struct Sealer {
    /// The key, padded with zeros to the block size, as HMAC itself would; none where it is not at hand.
    block: Option<Zeroizing<[u8; 64]>>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no key: {KEY_LENGTH} bytes are needed, as {} hexadecimal digits or in base64", KEY_LENGTH * 2)]
pub struct KeyError;

impl Sealer {
    /// A sealer with a key.
    #[must_use]
    pub fn new(key: &[u8; KEY_LENGTH]) -> Self {
        let mut block = Zeroizing::new([0; 64]);
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        Self { block: Some(block) }
    }

    /// A sealer without a key: it hides what is sensitive, and can compare nothing.
    #[must_use]
    pub const fn keyless() -> Self {
        Self { block: None }
    }

    /// A sealer with the key that a text holds.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let hex =
            |text: &str| text.parse::<canonical::Digest>().ok().filter(|_| text.len() == KEY_LENGTH * 2);
        let key = hex(text).map(|digest| Zeroizing::new(digest.0.to_vec()));
        let decoded = || STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok().map(Zeroizing::new);
        let key = key.or_else(decoded).ok_or(KeyError)?;
        Ok(Self::new(key.as_slice().try_into().map_err(|_| KeyError)?))
    }

    /// Whether it has a key, so that its fingerprints can be compared with others.
    #[must_use]
    pub const fn has_key(&self) -> bool {
        self.block.is_some()
    }

    /// What the key is known by: the same for the same key, and of no use for finding it.
    #[must_use]
    pub fn key_id(&self) -> Option<String> {
        self.mac("key id", &[]).map(|mac| canonical::hex(mac.get(..16).unwrap_or_default()))
    }

    /// HMAC-SHA256 of bytes for a purpose; none without a key. No fingerprint of a value is one of these: those are
    /// of canonical JSON, and none of that begins so.
    #[must_use]
    pub fn mac(&self, purpose: &str, bytes: &[u8]) -> Option<[u8; 32]> {
        Some(self.begin_mac(purpose, bytes)?.finalize().into_bytes().into())
    }

    /// Whether it is the HMAC of the bytes for that purpose, compared in the same time whatever differs.
    #[must_use]
    pub fn confirms(&self, purpose: &str, bytes: &[u8], mac: &[u8; 32]) -> bool {
        self.begin_mac(purpose, bytes).is_some_and(|own| own.verify_slice(mac).is_ok())
    }

    fn begin_mac(&self, purpose: &str, bytes: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new((&**self.block.as_ref()?).into());
        mac.update(b"relplan: ");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(bytes);
        Some(mac)
    }

    /// The fingerprint of a value, whatever is marked in it. None while a part of it is unknown.
    #[must_use]
    pub fn fingerprint(&self, value: &Value) -> Option<String> {
        if value.has_unknown() {
            return None;
        }
        let Some(block) = &self.block else { return Some(NO_PRINT.to_owned()) };
        let plain = value.transform(&Value::unmark);
        let text = Zeroizing::new(canonical::to_string(&canonical::encode(&plain, &Hidden)));
        let mut mac = Hmac::<Sha256>::new((&**block).into());
        mac.update(text.as_bytes());
        Some(canonical::hex(&mac.finalize().into_bytes()))
    }

    /// A value of the past as this sealer can compare it: as it is, or without a key with nothing to tell one
    /// sensitive value from another.
    #[must_use]
    pub fn comparable(&self, value: &Value) -> Value {
        if self.has_key() {
            return value.clone();
        }
        let blur = |part: Value| match part.kind() {
            Kind::Sealed(_) => Value::new(Kind::Sealed(NO_PRINT.into())).mark(true),
            _ => part,
        };
        value.transform(&blur)
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
        match self.fingerprint(value).filter(|_| self.has_key()) {
            Some(print) => json!({ "$sealed": print }),
            None => Hidden.seal(value),
        }
    }
}

#[cfg(test)]
mod tests;
