//! PostgreSQL: snapshots that are known to restore, queries that judge, migrations that run once.
//!
//! Everything goes through PostgreSQL's own programs (`psql`, `pg_dump`, `pg_restore`), so that a connection means here what it
//! means to them. [`relplan_archive`] keeps what they write.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests make their own files and start processes")
)]

mod connection;
mod database;
mod program;
mod psql;
mod restore;
mod scratch;
mod selection;
mod snapshot;
mod tables;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_archive::{Engine, Snapshots};
use relplan_contract::{Configured, Problem, Provider, ProviderSchema, Resource, Value};

/// The provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Postgres;

impl Provider for Postgres {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "postgres",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Snapshots of PostgreSQL databases that are known to restore.",
            configuration: Vec::new(),
            resources: vec![<snapshot::Postgres as Engine>::schema()],
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let snapshot: Arc<dyn Resource> = Arc::new(Snapshots::<snapshot::Postgres>::default());
        Ok(Configured {
            resources: BTreeMap::from([("postgres_snapshot", snapshot)]),
            data_sources: BTreeMap::new(),
            reviews: None,
        })
    }
}

#[cfg(test)]
mod tests;
