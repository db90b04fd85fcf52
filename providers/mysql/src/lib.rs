//! MariaDB and MySQL: snapshots that are known to restore.
//!
//! Everything goes through the database's own programs (`mariadb`, `mariadb-dump`, or `mysql`, `mysqldump`), which are told how to
//! connect by an option file that nobody else can read. [`relplan_archive`] keeps what they write.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests make their own files and start processes")
)]

mod connection;
mod credentials;
mod database;
mod in_use;
mod moved;
mod objects;
mod options;
mod program;
mod restore;
mod scratch;
mod selection;
mod session;
mod snapshot;
mod tables;
mod told;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_archive::{Engine, Snapshots};
use relplan_contract::{Configured, Problem, Provider, ProviderSchema, Resource, Value};

/// The provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mysql;

impl Provider for Mysql {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "mysql",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Snapshots of MariaDB and MySQL databases that are known to restore.",
            configuration: Vec::new(),
            resources: vec![<snapshot::Mysql as Engine>::schema()],
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let snapshot: Arc<dyn Resource> = Arc::new(Snapshots::<snapshot::Mysql>::default());
        Ok(Configured { resources: BTreeMap::from([("mysql_snapshot", snapshot)]), ..Configured::default() })
    }
}

#[cfg(test)]
mod tests;
