//! Reading the fields of a JSON object, with errors that name the field.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::Value;
use serde_json::{Map, Value as Json};

use crate::addr::Address;
use crate::canonical::{self, Digest};

/// The fields of a JSON object.
#[derive(Clone, Copy, Debug)]
pub(in crate::ledger) struct Fields<'j>(&'j Map<String, Json>);

impl<'j> Fields<'j> {
    pub(in crate::ledger) fn of(json: &'j Json) -> Result<Self, String> {
        json.as_object().map(Self).ok_or_else(|| "an object is needed".to_owned())
    }

    pub(in crate::ledger) fn get(self, name: &str) -> Result<&'j Json, String> {
        self.0.get(name).ok_or_else(|| format!("the field `{name}` is missing"))
    }

    /// Whether there is such a field, null or not.
    pub(in crate::ledger) fn has(self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The field where it is not null.
    pub(in crate::ledger) fn optional(self, name: &str) -> Result<Option<&'j Json>, String> {
        self.get(name).map(|json| Some(json).filter(|json| !json.is_null()))
    }

    pub(in crate::ledger) fn text(self, name: &str) -> Result<&'j str, String> {
        self.get(name)?.as_str().ok_or_else(|| format!("the field `{name}` is no text"))
    }

    pub(in crate::ledger) fn optional_text(self, name: &str) -> Result<Option<&'j str>, String> {
        self.optional(name)?.map(|_| self.text(name)).transpose()
    }

    pub(in crate::ledger) fn shared(self, name: &str) -> Result<Arc<str>, String> {
        self.text(name).map(Arc::from)
    }

    pub(in crate::ledger) fn number(self, name: &str) -> Result<u64, String> {
        self.get(name)?.as_u64().ok_or_else(|| format!("the field `{name}` is no whole number"))
    }

    pub(in crate::ledger) fn time(self, name: &str) -> Result<i64, String> {
        self.get(name)?.as_i64().ok_or_else(|| format!("the field `{name}` is no time in milliseconds"))
    }

    pub(in crate::ledger) fn truth(self, name: &str) -> Result<bool, String> {
        self.get(name)?.as_bool().ok_or_else(|| format!("the field `{name}` is neither true nor false"))
    }

    pub(in crate::ledger) fn object(self, name: &str) -> Result<Self, String> {
        Self::of(self.get(name)?).map_err(|_| format!("the field `{name}` is no object"))
    }

    pub(in crate::ledger) fn items(self, name: &str) -> Result<&'j [Json], String> {
        self.get(name)?.as_array().map(Vec::as_slice).ok_or_else(|| format!("the field `{name}` is no list"))
    }

    pub(in crate::ledger) fn texts(self, name: &str) -> Result<Vec<&'j str>, String> {
        let text =
            |item: &'j Json| item.as_str().ok_or_else(|| format!("the field `{name}` holds more than texts"));
        self.items(name)?.iter().map(text).collect()
    }

    pub(in crate::ledger) fn entries(
        &self,
        name: &str,
    ) -> Result<impl Iterator<Item = (&'j String, &'j Json)>, String> {
        self.object(name).map(|fields| fields.0.iter())
    }

    pub(in crate::ledger) fn digest(self, name: &str) -> Result<Digest, String> {
        self.text(name)?.parse().map_err(|error| format!("the field `{name}`: {error}"))
    }

    pub(in crate::ledger) fn optional_digest(self, name: &str) -> Result<Option<Digest>, String> {
        self.optional(name)?.map(|_| self.digest(name)).transpose()
    }

    pub(in crate::ledger) fn address(self, name: &str) -> Result<Address, String> {
        address(self.text(name)?)
    }

    pub(in crate::ledger) fn addresses(self, name: &str) -> Result<Vec<Address>, String> {
        self.texts(name)?.into_iter().map(address).collect()
    }

    /// The addresses of a field that is left out where there are none.
    pub(in crate::ledger) fn addresses_if_given(self, name: &str) -> Result<Vec<Address>, String> {
        if self.0.contains_key(name) { self.addresses(name) } else { Ok(Vec::new()) }
    }

    pub(in crate::ledger) fn value(self, name: &str) -> Result<Value, String> {
        canonical::decode(self.get(name)?).map_err(|error| format!("the field `{name}`: {error}"))
    }

    pub(in crate::ledger) fn values(self, name: &str) -> Result<BTreeMap<Arc<str>, Value>, String> {
        let value = |(key, json): (&String, &Json)| {
            let value = canonical::decode(json).map_err(|error| format!("the field `{name}`: {error}"))?;
            Ok((Arc::from(key.as_str()), value))
        };
        self.entries(name)?.map(value).collect()
    }

    /// The thing that a word of a fixed list stands for.
    pub(in crate::ledger) fn word<T: Copy>(self, name: &str, words: &[(T, &str)]) -> Result<T, String> {
        let text = self.text(name)?;
        let found = words.iter().find(|(_, word)| *word == text);
        found.map(|(thing, _)| *thing).ok_or_else(|| format!("the field `{name}` cannot be {text:?}"))
    }
}

pub(in crate::ledger) fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|error| format!("{error}"))
}
