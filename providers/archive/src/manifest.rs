//! [`Manifest`]: what a snapshot is, written last.

use std::collections::BTreeMap;

use relplan_contract::Problem;
use serde::{Deserialize, Serialize};

use crate::sum::Sum;

/// Name of the manifest among the files of a snapshot.
pub(crate) const MANIFEST: &str = "manifest.json";

/// Name of the note of the last verification, which the manifest's sum does not cover.
pub(crate) const VERIFIED: &str = "verified.json";

/// The form that this relplan writes.
const FORMAT: &str = "relplan-snapshot/1";

/// The largest manifest that is read, in bytes: a table takes about 100.
pub(crate) const LARGEST: u64 = 64 << 20;

/// One stream of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its file, below the snapshot.
    pub name: String,
    /// Bytes that the database's own program wrote. Compression keeps a sum of its own over them.
    pub raw_bytes: u64,
    /// Compressed, and not yet encrypted.
    pub clear: Sum,
    /// As it is in the store.
    pub stored: Sum,
}

impl Part {
    /// That it could not be read to its end while it was restored.
    #[must_use]
    pub fn unreadable(&self, error: &std::io::Error) -> Problem {
        Problem::conflict(format!("The part {} of the snapshot cannot be read: {error}.", self.name))
            .hint("It is damaged. Use another snapshot.")
    }
}

/// What a table held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its rows.
    pub rows: i64,
    /// A sum over its rows that does not depend on their order; none where it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content: Option<String>,
}

/// What a snapshot is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this form.
    pub format: String,
    /// Of which kind of database: `postgres`.
    pub engine: String,
    /// Name of the snapshot.
    pub name: String,
    /// The series that it belongs to.
    pub series: String,
    /// Product, version of the release and address of the resource for which it was taken.
    pub taken_for: [String; 3],
    /// The key of the action that took it, by which the ledger tells the run.
    #[serde(default)]
    pub action: String,
    /// When it was begun, in milliseconds since 1970.
    pub created_ms: i64,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// What the database says of itself: name, version, place in its log.
    pub database: BTreeMap<String, String>,
    /// Versions of the programs that took it.
    pub tools: BTreeMap<String, String>,
    /// `zstd` or `gzip`.
    pub compression: String,
    /// The public keys that it was encrypted to; empty for none.
    pub encrypted_to: Vec<String>,
    /// What it consists of.
    pub parts: Vec<Part>,
    /// Its tables; by name.
    pub tables: BTreeMap<String, Table>,
    /// Whether the rows were counted, and not only estimated.
    pub exact: bool,
    /// SHA-256 of the database's schema as its own program writes it; empty where that does not exist.
    pub schema_sha256: String,
    /// What the database holds beside rows, by kind and name (`view big`), each with a sum of how it is made; empty where that was
    /// not looked at.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub objects: BTreeMap<String, String>,
}

impl Manifest {
    /// The format of the manifests of this relplan.
    #[must_use]
    pub fn format() -> String {
        FORMAT.to_owned()
    }

    /// Its bytes: JSON with a line end.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads its bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let damaged = |why: String| Problem::refused(format!("The manifest cannot be read: {why}."));
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(damaged(format!(
                "{:.40?} is a form that this relplan does not know",
                manifest.format
            )));
        }
        Ok(manifest)
    }

    /// The bytes of all parts as they are stored.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.stored.bytes).sum()
    }

    /// The bytes of all parts as the database's program wrote them.
    #[must_use]
    pub fn raw_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.raw_bytes).sum()
    }

    /// What differs between its tables and those that were restored from it, in words; empty where nothing does.
    #[must_use]
    pub fn differences(&self, restored: &BTreeMap<String, Table>) -> Vec<String> {
        let mut found = Vec::new();
        for (name, table) in &self.tables {
            match restored.get(name) {
                None => found.push(format!("the table {name} is missing")),
                Some(other) if self.exact && other.rows != table.rows => {
                    found.push(format!("{name} has {} rows, not {}", other.rows, table.rows));
                }
                Some(other)
                    if table.content.is_some()
                        && other.content.is_some()
                        && other.content != table.content =>
                {
                    found.push(format!("the rows of {name} are others"));
                }
                Some(_) => {}
            }
        }
        found
    }

    /// Its tables and rows in words: `4 tables with 1700 rows`.
    #[must_use]
    pub fn counted(&self) -> String {
        let several = |count: i64| if count == 1 { "" } else { "s" };
        let (tables, rows) = (i64::try_from(self.tables.len()).unwrap_or(i64::MAX), self.rows());
        format!("{tables} table{} with {rows} row{}", several(tables), several(rows))
    }

    /// The rows of all tables.
    #[must_use]
    pub fn rows(&self) -> i64 {
        self.tables.values().map(|table| table.rows).sum()
    }
}

/// When and how a snapshot was verified last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// `checksum`, `read` or `restore`.
    pub how: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
}
