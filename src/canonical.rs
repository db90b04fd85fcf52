//! Canonical JSON, digests over it, and how a [`Value`] is written in it.
//!
//! Canonical means: keys sorted by their bytes, no white space, no floats, no escapes but those that JSON demands.
//! Plans, ledger records and JSON views are each built from this, with a version number of their own.
//!
//! A value is written as plain JSON where JSON has it. The rest is an object with one key that begins with `$`:
//! `{"$number":"0.1"}`, `{"$set":[..]}`, `{"$unknown":true}`, `{"$sensitive":null}` (shown nowhere),
//! `{"$sealed":"hmac"}` (the fingerprint of a sensitive value). A map's own keys that begin with `$` get another.

use std::fmt;
use std::str::FromStr;

use relplan_contract::{Kind, Number, Parts, Value};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of the bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of a JSON value in canonical form.
    #[must_use]
    pub fn of_json(json: &Json) -> Self {
        Self::of(to_string(json).as_bytes())
    }

    /// 64 hexadecimal digits, without the `sha256:` before them.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.0)
    }
}

/// Bytes as hexadecimal digits in lower case.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest is `sha256:` and 64 hexadecimal digits")]
pub struct DigestError;

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let hex = text.strip_prefix("sha256:").unwrap_or(text).as_bytes();
        if hex.len() != 64 {
            return Err(DigestError);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks(2)) {
            let digit =
                |index: usize| pair.get(index).and_then(|c| char::from(*c).to_digit(16)).ok_or(DigestError);
            *byte = u8::try_from(digit(0)? << 4 | digit(1)?).map_err(|_| DigestError)?;
        }
        Ok(Self(bytes))
    }
}

/// A JSON object of members that are moved into it, where `json!` would copy each with all that is in it.
macro_rules! object {
    ({ $($name:literal: $member:expr),* $(,)? }) => {
        serde_json::Value::Object(
            [$(($name.to_owned(), serde_json::Value::from($member))),*].into_iter().collect(),
        )
    };
}
pub(crate) use object;

/// Hashes canonical JSON piece by piece, so that a large document need never be whole in memory.
#[derive(Default)]
pub struct Stream {
    hash: Sha256,
    text: String,
}

impl Stream {
    /// Canonical text as it is.
    pub fn raw(&mut self, text: &str) {
        self.hash.update(text.as_bytes());
    }

    /// A value.
    pub fn json(&mut self, json: &Json) {
        self.text.clear();
        write(json, &mut self.text);
        self.hash.update(self.text.as_bytes());
    }

    /// The items as an array.
    pub fn array(&mut self, items: impl IntoIterator<Item = Json>) {
        let mut before = "[";
        for item in items {
            self.raw(before);
            self.json(&item);
            before = ",";
        }
        self.raw(if before == "[" { "[]" } else { "]" });
    }

    /// The digest of everything so far.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.hash.finalize().into())
    }
}

/// Writes a JSON value in canonical form. Floats have no canonical form: none may be in it.
#[must_use]
pub fn to_string(json: &Json) -> String {
    let mut text = String::new();
    write(json, &mut text);
    text
}

/// Appends a JSON value in canonical form.
pub fn write(json: &Json, out: &mut String) {
    match json {
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                write(item, out);
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Json::Object(map) => {
            // Sorted here, whatever order another crate's features make the map keep.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|a, b| a.0.cmp(b.0));
            for (index, (key, item)) in entries.iter().enumerate() {
                out.push(if index == 0 { '{' } else { ',' });
                write_text(key, out);
                out.push(':');
                write(item, out);
            }
            out.push_str(if entries.is_empty() { "{}" } else { "}" });
        }
        Json::String(text) => write_text(text, out),
        Json::Null | Json::Bool(_) | Json::Number(_) => out.push_str(&json.to_string()),
    }
}

/// A JSON string. What needs no escape, nearly all there is, is copied as it is.
fn write_text(text: &str, out: &mut String) {
    if text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        return out.push_str(&Json::from(text).to_string());
    }
    out.push('"');
    out.push_str(text);
    out.push('"');
}

/// How sensitive values are written.
pub trait Seal {
    /// What stands for a sensitive value.
    fn seal(&self, value: &Value) -> Json;
}

/// Writes every sensitive value alike: for digests and for what people read.
#[derive(Clone, Copy, Debug)]
pub struct Hidden;

impl Seal for Hidden {
    fn seal(&self, _value: &Value) -> Json {
        serde_json::json!({ "$sensitive": null })
    }
}

/// The JSON of a value. What is marked sensitive is written by `seal` alone.
#[must_use]
pub fn encode(value: &Value, seal: &dyn Seal) -> Json {
    if value.is_sensitive() && !value.is_null() {
        let sealed_before = matches!(value.kind(), Kind::Sealed(_));
        return if sealed_before { encode(&value.clone().unmark(), seal) } else { seal.seal(value) };
    }
    match value.kind() {
        Kind::Null => Json::Null,
        Kind::Bool(truth) => Json::from(*truth),
        Kind::Number(number) => {
            number.to_i64().map_or_else(|| serde_json::json!({ "$number": number.to_string() }), Json::from)
        }
        Kind::String(text) => Json::from(&**text),
        Kind::List(items) => items.iter().map(|item| encode(item, seal)).collect(),
        // Sealing changes the order, and the order of what was sealed would tell something of it.
        Kind::Set(items) if !is_sealed(value) => {
            let sealed = items.iter().filter_map(|item| decode(&encode(item, seal)).ok());
            encode_set(Value::set(sealed).as_list().unwrap_or_default(), seal)
        }
        Kind::Set(items) => encode_set(items, seal),
        Kind::Map(map) => {
            let escaped = |key: &str| if key.starts_with('$') { format!("${key}") } else { key.to_owned() };
            Json::Object(map.iter().map(|(key, item)| (escaped(key), encode(item, seal))).collect())
        }
        Kind::Sealed(print) => serde_json::json!({ "$sealed": **print }),
        Kind::Unknown => serde_json::json!({ "$unknown": true }),
    }
}

/// Whether nothing in the value is left to seal.
fn is_sealed(value: &Value) -> bool {
    match value.parts() {
        _ if value.is_sensitive() => matches!(value.kind(), Kind::Null | Kind::Sealed(_) | Kind::Unknown),
        Parts::Leaf => true,
        Parts::Items(items) => items.iter().all(is_sealed),
        Parts::Entries(map) => map.values().all(is_sealed),
    }
}

fn encode_set(items: &[Value], seal: &dyn Seal) -> Json {
    serde_json::json!({ "$set": items.iter().map(|item| encode(item, seal)).collect::<Vec<_>>() })
}

/// JSON that stands for no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} stands for no value")]
pub struct DecodeError(String);

/// The value that [`encode`] wrote. Sealed values come back sealed and marked; hidden ones unknown and marked.
pub fn decode(json: &Json) -> Result<Value, DecodeError> {
    Ok(match json {
        Json::Null => Value::NULL,
        Json::Bool(truth) => Value::from(*truth),
        Json::Number(number) => Value::from(number.as_i64().ok_or_else(|| DecodeError(json.to_string()))?),
        Json::String(text) => Value::string(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(decode).collect::<Result<Vec<_>, _>>()?),
        Json::Object(map) => match map.iter().next() {
            Some((key, item)) if key.starts_with('$') && !key.starts_with("$$") => {
                special(key, item, map.len())?
            }
            _ => {
                let entries = map.iter().map(|(key, item)| {
                    let key = if key.starts_with("$$") { key.get(1..).unwrap_or_default() } else { key };
                    Ok((key, decode(item)?))
                });
                Value::map(entries.collect::<Result<Vec<_>, DecodeError>>()?)
            }
        },
    })
}

fn special(key: &str, item: &Json, entries: usize) -> Result<Value, DecodeError> {
    let error = || DecodeError(format!("an object with the key {key:?}"));
    match (key, item) {
        _ if entries != 1 => Err(error()),
        ("$number", Json::String(text)) => Number::parse(text).map(Value::from).map_err(|_| error()),
        ("$set", Json::Array(items)) => {
            Ok(Value::set(items.iter().map(decode).collect::<Result<Vec<_>, _>>()?))
        }
        ("$sealed", Json::String(print)) => Ok(Value::new(Kind::Sealed(print.as_str().into())).mark(true)),
        ("$sensitive", Json::Null) => Ok(Value::UNKNOWN.mark(true)),
        ("$unknown", Json::Bool(true)) => Ok(Value::UNKNOWN),
        _ => Err(error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_being_written_and_read() {
        let value = Value::map([
            ("$set", Value::set([Value::integer(2), Value::integer(1)])),
            ("price", Number::parse("0.10").expect("number").into()),
            ("later", Value::UNKNOWN),
            ("list", Value::list([Value::NULL, Value::from(true), Value::from("a\u{7}\"")])),
            ("old", Value::new(Kind::Sealed("ab12".into())).mark(true)),
            ("empty", Value::map::<&str>([])),
        ]);
        let json = encode(&value, &Hidden);
        assert_eq!(decode(&json), Ok(value));
        let text = to_string(&json);
        assert_eq!(
            text,
            r#"{"$$set":{"$set":[1,2]},"empty":{},"later":{"$unknown":true},"list":[null,true,"a\u0007\""],"old":{"$sealed":"ab12"},"price":{"$number":"0.1"}}"#
        );
        assert_eq!(serde_json::from_str::<Json>(&text).map(|json| to_string(&json)).ok(), Some(text));
    }

    #[test]
    fn what_is_sensitive_is_not_written() {
        let value = Value::list([Value::map([("a", Value::from("hunter2"))]).mark(true), Value::from("x")]);
        assert_eq!(to_string(&encode(&value, &Hidden)), r#"[{"$sensitive":null},"x"]"#);
    }

    #[test]
    fn a_set_with_a_sensitive_element_is_sorted_as_it_is_read_back() {
        let value = Value::set([Value::from("a").mark(true), Value::from("b")]);
        let json = encode(&value, &Hidden);
        assert_eq!(to_string(&json), r#"{"$set":["b",{"$sensitive":null}]}"#);
        assert_eq!(decode(&json).map(|read| encode(&read, &Hidden)), Ok(json));
    }

    #[test]
    fn a_stream_hashes_what_the_whole_would() {
        let items = [Json::from("a\"\n\u{e9}"), serde_json::json!({ "z": [], "b": {} }), Json::from(-1)];
        let whole = serde_json::json!({ "empty": [], "items": items });
        let mut stream = Stream::default();
        stream.raw("{\"empty\":");
        stream.array([]);
        stream.raw(",\"items\":");
        stream.array(items);
        stream.raw("}");
        assert_eq!(stream.finish(), Digest::of_json(&whole));
    }

    #[test]
    fn an_object_is_the_same_as_one_that_was_copied() {
        let inner = serde_json::json!([1, "x"]);
        assert_eq!(object!({ "a": inner.clone(), "b": 2_u64 }), serde_json::json!({ "a": inner, "b": 2 }));
    }

    #[test]
    fn digests_are_read_back_as_written() {
        let digest = Digest::of(b"");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("sha256:12".parse::<Digest>().is_err());
        assert!("z".repeat(64).parse::<Digest>().is_err());
    }
}
