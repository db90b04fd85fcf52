//! [`Archive`]: a snapshot that is in a store.

use std::io::Read as _;

use relplan_contract::{Context, Problem, Value};

use crate::arguments::{Settings, Verify};
use crate::cipher::Identities;
use crate::job::Job;
use crate::manifest::{LARGEST, MANIFEST, Manifest, Part, VERIFIED, Verified};
use crate::name;
use crate::part::PartReader;
use crate::store::{Store, failed};
use crate::sum::{Running, Sum};

/// A snapshot that is in a store.
pub struct Archive {
    store: Store,
    /// What it is.
    pub manifest: Manifest,
    /// SHA-256 of the manifest's bytes.
    pub manifest_sha256: String,
}

/// What was read to check a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How many bytes.
    pub bytes: u64,
}

impl Archive {
    pub(crate) fn new(store: Store, manifest: Manifest, bytes: &[u8]) -> Self {
        Self { store, manifest, manifest_sha256: Sum::of(bytes).sha256 }
    }

    /// The snapshot of that name; none where there is none, or none that is whole.
    pub fn find(store: &Store, name: &str) -> Result<Option<Self>, Problem> {
        let Some(bytes) = manifest(store, name)? else { return Ok(None) };
        Ok(Some(Self::new(store.clone(), Manifest::read(&bytes)?, &bytes)))
    }

    /// The snapshot that an action was to take.
    pub fn of_action(settings: &Settings, context: &Context, key: &str) -> Result<Option<Self>, Problem> {
        Self::find(&settings.store, &name::snapshot(context, &settings.series, key))
    }

    /// The snapshot that an object stands for, as it was taken; else what became of it.
    pub fn of_object(settings: &Settings, object: &Value) -> Result<Self, Problem> {
        let name = object.get("snapshot").as_str().ok_or_else(|| {
            Problem::refused("An older relplan took this snapshot, which kept it in a form of its own.")
                .hint("It is a plain copy: `relplan state show` says in which file.")
        })?;
        let missing = || {
            Problem::missing(format!("The snapshot {name} is not in {}.", settings.store.shown())).hint(
                "It was deleted or moved, or never whole. Use another one: `relplan snapshots` lists them.",
            )
        };
        let bytes = manifest(&settings.store, name)?.ok_or_else(missing)?;
        // Before it is read: what somebody else wrote is not believed in any word.
        let sha256 = Sum::of(&bytes).sha256;
        if object.get("manifest_sha256").as_str() != Some(&sha256) {
            return Err(Problem::conflict(format!(
                "The manifest of the snapshot {name} is not the one that was written: its sha256 is {sha256}."
            ))
            .hint("Somebody changed it. Use another snapshot, and find out who can write there."));
        }
        Ok(Self::new(settings.store.clone(), Manifest::read(&bytes)?, &bytes))
    }

    /// Reads every part as it is stored, and compares it with the manifest.
    pub fn check(&self, job: &Job) -> Result<Checked, Problem> {
        let mut bytes = 0;
        for part in &self.manifest.parts {
            let mut source = self.source(part)?;
            let mut running = Running::default();
            let mut buffer = vec![0; 256 << 10];
            loop {
                job.check()?;
                let count = source
                    .read(&mut buffer)
                    .map_err(|error| failed(&format!("The part {} cannot be read", part.name), &error))?;
                if count == 0 {
                    break;
                }
                running.update(buffer.get(..count).unwrap_or_default());
            }
            let found = running.finish();
            if found != part.stored {
                return Err(self.damaged(part, &found));
            }
            bytes += found.bytes;
        }
        Ok(Checked { bytes })
    }

    /// Looks whether every part is there, without reading it.
    pub fn glance(&self) -> Result<(), Problem> {
        self.manifest.parts.iter().try_for_each(|part| self.source(part).map(drop))
    }

    /// Whether these keys open it: reads no more than the beginning.
    pub(crate) fn opens_with(&self, identities: &Identities) -> Result<(), Problem> {
        self.manifest.parts.first().map_or(Ok(()), |part| self.reader(part, Some(identities)).map(drop))
    }

    /// The one part of a snapshot that has no others, by the beginning of its name.
    pub fn only_part(&self, beginning: &str) -> Result<&Part, Problem> {
        match self.manifest.parts.as_slice() {
            [part] if part.name.starts_with(beginning) => Ok(part),
            _ => Err(Problem::refused("The snapshot has parts that this relplan does not know.")
                .hint("Use a newer relplan.")),
        }
    }

    fn source(&self, part: &Part) -> Result<crate::store::Source, Problem> {
        let name = &self.manifest.name;
        let found = self.store.0.open(name, &part.name);
        found.map_err(|error| failed(&format!("The part {} cannot be read", part.name), &error))?.ok_or_else(
            || {
                Problem::conflict(format!("The part {} of the snapshot {name} is missing.", part.name))
                    .hint("It cannot be restored. Use another snapshot.")
            },
        )
    }

    fn damaged(&self, part: &Part, found: &Sum) -> Problem {
        let Sum { sha256, bytes } = &part.stored;
        Problem::conflict(format!(
            "The part {} of the snapshot {} is damaged: {} bytes with the sha256 {}, in the place of {bytes} with {sha256}.",
            part.name, self.manifest.name, found.bytes, found.sha256
        ))
        .hint("It cannot be trusted. Use another snapshot.")
    }

    /// The raw bytes of a part, decrypted and decompressed; reading its end fails when they are not what was written.
    pub fn reader(
        &self,
        part: &Part,
        identities: Option<&Identities>,
    ) -> Result<PartReader<'static>, Problem> {
        let source = self.source(part)?;
        let encrypted = !self.manifest.encrypted_to.is_empty();
        if encrypted && identities.is_none() {
            return Err(Problem::refused(format!(
                "The snapshot {} is encrypted, and there is no key.",
                self.manifest.name
            ))
            .hint("Name the file of a key that it was encrypted to as `identity_file`."));
        }
        let identities = identities.filter(|_| encrypted);
        PartReader::new(part, &self.manifest.compression, source, identities).map_err(|error| {
            let name = &self.manifest.name;
            Problem::refused(format!(
                "The part {} of the snapshot {name} cannot be read: {error}.",
                part.name
            ))
            .hint("Either it is damaged, or it was encrypted to another key than that of `identity_file`.")
        })
    }

    /// Notes beside the snapshot that it was verified, for those who delete old ones.
    pub fn note_verified(&self, verified: &Verified) -> Result<(), Problem> {
        let bytes = serde_json::to_vec(verified).unwrap_or_default();
        self.store
            .0
            .note(&self.manifest.name, VERIFIED, &bytes)
            .map_err(|error| failed("The note of the verification cannot be written", &error))
    }

    /// When it was verified last, by that note.
    #[must_use]
    pub fn verified(&self) -> Option<Verified> {
        let source = self.store.0.open(&self.manifest.name, VERIFIED).ok()??;
        serde_json::from_reader(source.take(LARGEST)).ok()
    }

    /// The object with what is known of it.
    #[must_use]
    pub fn describe(&self, object: Value, verified: Option<&Verified>) -> Value {
        let Manifest { name, created_ms, duration_ms, .. } = &self.manifest;
        let number = |bytes: u64| Value::integer(i64::try_from(bytes).unwrap_or(i64::MAX));
        let tables = self.manifest.tables.iter();
        let tables = tables.map(|(name, table)| (name.as_str(), Value::integer(table.rows)));
        let database = self.manifest.database.iter();
        let database = database.map(|(name, text)| (name.as_str(), Value::from(text.as_str())));
        object
            .with("snapshot", name.as_str().into())
            .with("location", format!("{}/{name}", self.store.shown()).into())
            .with("manifest_sha256", self.manifest_sha256.as_str().into())
            .with("bytes", number(self.manifest.stored_bytes()))
            .with("raw_bytes", number(self.manifest.raw_bytes()))
            .with("created_at", time(*created_ms))
            .with("took_ms", Value::integer(*duration_ms))
            .with("source", Value::map(database))
            .with("rows", Value::map(tables))
            .with("verified", verified.map_or(Value::NULL, |verified| verified.how.as_str().into()))
            .with("verified_at", verified.map_or(Value::NULL, |verified| time(verified.at_ms)))
            .with("verified_ms", verified.map_or(Value::NULL, |verified| Value::integer(verified.took_ms)))
    }
}

/// The bytes of a snapshot's manifest; none where there is none.
fn manifest(store: &Store, name: &str) -> Result<Option<Vec<u8>>, Problem> {
    let unreadable = |error| failed(&format!("The manifest of the snapshot {name} cannot be read"), &error);
    let Some(source) = store.0.open(name, MANIFEST).map_err(unreadable)? else { return Ok(None) };
    let mut bytes = Vec::new();
    source.take(LARGEST).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(Some(bytes))
}

impl Verified {
    /// What an object says of how it was verified last.
    pub(crate) fn of(object: &Value) -> Option<Self> {
        let at: jiff::Timestamp = object.get("verified_at").as_str()?.parse().ok()?;
        Some(Self {
            how: object.get("verified").as_str()?.to_owned(),
            at_ms: at.as_millisecond(),
            took_ms: object.get("verified_ms").as_i64()?,
        })
    }
}

/// A moment as people and programs read it.
fn time(ms: i64) -> Value {
    jiff::Timestamp::from_millisecond(ms).map_or(Value::NULL, |moment| moment.to_string().into())
}

impl Verify {
    /// The note of a verification that took from `began_ms` until now.
    #[must_use]
    pub fn note(self, context: &Context, began_ms: i64) -> Verified {
        let at_ms = context.clock.now_ms();
        Verified { how: self.name().to_owned(), at_ms, took_ms: at_ms.saturating_sub(began_ms) }
    }
}
