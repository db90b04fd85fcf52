//! `SQLite`: snapshots of live databases that are known to restore.
//!
//! SQLite is linked in: no program of it is needed. [`relplan_archive`] keeps the snapshots.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests make their own files and start processes")
)]

mod backup;
mod copy;
mod failure;
mod in_use;
mod inspect;
mod likeness;
mod restore;
mod snapshot;
mod verify;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_archive::{Engine, Snapshots};
use relplan_contract::{Configured, Problem, Provider, ProviderSchema, Resource, Value};

/// The provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sqlite;

impl Provider for Sqlite {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "sqlite",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Snapshots of SQLite databases that are known to restore.",
            configuration: Vec::new(),
            resources: vec![<snapshot::Sqlite as Engine>::schema()],
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let snapshot: Arc<dyn Resource> = Arc::new(Snapshots::<snapshot::Sqlite>::default());
        Ok(Configured { resources: BTreeMap::from([("sqlite_snapshot", snapshot)]), ..Configured::default() })
    }
}

#[cfg(test)]
mod tests;
