//! The wire form of a record: `sha256hex SP canonical-JSON LF`.
//!
//! The hash covers every other byte of the line: the space, the JSON and the line feed. Reading is strict: what is
//! read is written again, and the bytes must be the same. So there is one way only to write a record, and unknown
//! fields, double keys, floats or white space are no way around the hash.

use relplan_contract::Value;
use serde_json::{Map, Value as Json, json};

use crate::canonical::{self, Digest, Hidden, Seal, object};
use crate::event::{Actor, Recorded, RunId};

mod body;
pub(super) mod fields;

use fields::Fields;

/// The format that this relplan writes. Another major number is refused.
pub const FORMAT: u64 = 1;

/// The longest line that is written or read, in bytes.
pub const LINE_LIMIT: usize = 64 << 20;

const HEX: usize = 64;

/// A record with what chains it to the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// What happened.
    pub(super) recorded: Recorded,
    /// Hash of the record before; none for the first.
    pub(super) prev: Option<Digest>,
    /// Number of the first record that was made durable together with this one.
    pub(super) batch: u64,
}

/// Why a line is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RecordError {
    /// Its bytes are not those that were written.
    #[error("{0}")]
    Damaged(&'static str),
    /// Its bytes are whole, but this relplan cannot read them, or no relplan wrote them.
    #[error("{0}")]
    Refused(String),
}

impl RecordError {
    fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }
}

/// Puts the hash before a canonical text and a line feed behind it.
pub(super) fn frame(json: &Json) -> (Digest, Vec<u8>) {
    let mut rest = " ".to_owned();
    canonical::write(json, &mut rest);
    rest.push('\n');
    let hash = Digest::of(rest.as_bytes());
    rest.insert_str(0, &hash.hex());
    (hash, rest.into_bytes())
}

/// Checks the hash of a line, with its line feed, and gives the JSON behind it.
pub(super) fn unframe(line: &[u8]) -> Result<(Digest, Json), RecordError> {
    if line.last() != Some(&b'\n') {
        return Err(RecordError::Damaged("its line has no end"));
    }
    let Some((hex, rest)) = line.split_at_checked(HEX) else {
        return Err(RecordError::Damaged("its line is too short for a hash"));
    };
    let hash = Digest::of(rest);
    if hash.hex().as_bytes() != hex {
        return Err(RecordError::Damaged("its hash is not that of its bytes"));
    }
    let text = rest.strip_prefix(b" ").ok_or(RecordError::Damaged("no space stands behind its hash"))?;
    let json = serde_json::from_slice(text)
        .map_err(|error| RecordError::refused(format!("it is not JSON: {error}")))?;
    Ok((hash, json))
}

/// Writes a record; its `hash` is not read but made here. What is sensitive is written by `seal` alone.
pub(super) fn encode(record: &Record, seal: &dyn Seal) -> (Digest, Vec<u8>) {
    let recorded = &record.recorded;
    let (kind, body) = body::encode(&recorded.event, seal);
    frame(&object!({
        "actor": actor(&recorded.actor),
        "batch": record.batch,
        "body": body,
        "epoch": recorded.epoch,
        "format": FORMAT,
        "kind": kind,
        "prev": record.prev.map(|digest| digest.to_string()),
        "run": &*recorded.run.0,
        "seq": recorded.seq,
        "time": recorded.time_ms,
    }))
}

/// Reads a line, with its line feed.
pub(super) fn decode(line: &[u8]) -> Result<Record, RecordError> {
    let (hash, json) = unframe(line)?;
    let fields = Fields::of(&json).map_err(RecordError::Refused)?;
    let format = fields.number("format").map_err(RecordError::Refused)?;
    if format != FORMAT {
        return Err(RecordError::refused(format!(
            "it has format {format}, and this relplan reads format {FORMAT} only: use a newer relplan"
        )));
    }
    let record = read(fields, hash).map_err(RecordError::Refused)?;
    if encode(&record, &Hidden).1 != line {
        return Err(RecordError::refused("it is not written as relplan writes it"));
    }
    Ok(record)
}

fn read(fields: Fields<'_>, hash: Digest) -> Result<Record, String> {
    let kind = fields.text("kind")?;
    let recorded = Recorded {
        seq: fields.number("seq")?,
        hash,
        run: RunId(fields.text("run")?.into()),
        epoch: fields.number("epoch")?,
        time_ms: fields.time("time")?,
        actor: read_actor(fields.object("actor")?)?,
        event: body::decode(kind, fields.object("body")?)?,
    };
    Ok(Record { recorded, prev: fields.optional_digest("prev")?, batch: fields.number("batch")? })
}

/// Who did it. Records of before have no `login`, and the same bytes are wanted again: it is left out when it is empty.
pub(super) fn actor(actor: &Actor) -> Json {
    let Actor { user, host, job, author, login } = actor;
    let mut json = json!({ "author": author, "host": host, "job": job, "user": user });
    if let Some(map) = json.as_object_mut().filter(|_| !login.is_empty()) {
        map.insert("login".to_owned(), login.as_str().into());
    }
    json
}

pub(super) fn read_actor(fields: Fields<'_>) -> Result<Actor, String> {
    Ok(Actor {
        user: fields.text("user")?.to_owned(),
        host: fields.text("host")?.to_owned(),
        job: fields.text("job")?.to_owned(),
        author: fields.text("author")?.to_owned(),
        login: if fields.has("login") { fields.text("login")?.to_owned() } else { String::new() },
    })
}

pub(super) use body::{counts, intent, judgement, key, key_of, kind_of, read_intent, read_judgement, words};

/// The JSON of values by name.
pub(super) fn values<'v, N: AsRef<str> + 'v>(
    values: impl IntoIterator<Item = (&'v N, &'v Value)>,
    seal: &dyn Seal,
) -> Json {
    let entries =
        values.into_iter().map(|(name, value)| (name.as_ref().to_owned(), canonical::encode(value, seal)));
    Json::Object(entries.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests;
