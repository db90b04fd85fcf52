//! `SQLite`: snapshots of live databases, checked, and brought back into new files.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests make their own files and start processes")
)]

mod backup;
mod directory;
mod inspect;
mod restore;
mod retention;
mod snapshot;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Configured, Problem, Provider, ProviderSchema, Resource, Value};

/// The provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sqlite;

impl Provider for Sqlite {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "sqlite",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Snapshots of SQLite databases.",
            configuration: Vec::new(),
            resources: vec![snapshot::schema()],
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let snapshot: Arc<dyn Resource> = Arc::new(snapshot::Snapshot::default());
        Ok(Configured {
            resources: BTreeMap::from([("sqlite_snapshot", snapshot)]),
            data_sources: BTreeMap::new(),
            reviews: None,
        })
    }
}

#[cfg(test)]
mod tests;
