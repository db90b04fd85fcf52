//! PostgreSQL: snapshots that are known to restore, queries that judge, migrations that run once.
//!
//! Everything goes through PostgreSQL's own programs (`psql`, `pg_dump`, `pg_restore`), so that a connection means here what it
//! means to them. [`relplan_archive`] keeps what they write.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests make their own files and start processes")
)]

mod chosen;
mod connection;
mod credentials;
mod database;
mod facts;
mod in_use;
mod migration;
mod pattern;
mod program;
mod properties;
mod psql;
mod query;
mod query_data;
mod query_test;
mod restore;
mod schema;
mod scratch;
mod selection;
mod service;
mod snapshot;
mod tables;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_archive::{Engine, Snapshots};
use relplan_contract::{Configured, DataSource, Problem, Provider, ProviderSchema, Resource, Value};

/// The provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Postgres;

impl Provider for Postgres {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "postgres",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Snapshots of PostgreSQL databases that are known to restore, and what the databases answer.",
            configuration: Vec::new(),
            resources: vec![
                <snapshot::Postgres as Engine>::schema(),
                query_test::schema(),
                migration::schema(),
            ],
            data_sources: vec![query_data::schema()],
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let snapshot: Arc<dyn Resource> = Arc::new(Snapshots::<snapshot::Postgres>::default());
        let test: Arc<dyn Resource> = Arc::new(query_test::QueryTest::default());
        let migration: Arc<dyn Resource> = Arc::new(migration::Migration::default());
        let query: Arc<dyn DataSource> = Arc::new(query_data::Query::default());
        Ok(Configured {
            resources: BTreeMap::from([
                ("postgres_snapshot", snapshot),
                ("postgres_query_test", test),
                ("postgres_migration", migration),
            ]),
            data_sources: BTreeMap::from([("postgres_query", query)]),
            ..Configured::default()
        })
    }
}

#[cfg(test)]
mod tests;
