//! Commands: [`ExecDeployment`] deploys with one, [`ExecTest`] judges with one, [`ExecMigration`] changes a database with one, and
//! `exec_snapshot` keeps what one writes.
//!
//! A command is a list of arguments that is handed to the system as it is; no shell reads it. It runs in a process
//! group of its own, with an environment of named variables only. Its output is cleaned, masked and streamed, and
//! kept in a log of bounded size. Unix only, because of the process groups.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests make their own files and start processes")
)]

mod action;
mod arguments;
mod deployment;
mod files;
mod group;
mod input;
mod junit;
mod log;
mod migration;
mod observe;
mod outlet;
mod output;
mod process;
mod processes;
mod snapshot;
mod suite;
mod survivor;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_archive::{Engine, Snapshots};
use relplan_contract::{Configured, Problem, Provider, ProviderSchema, Resource, Value};

pub use deployment::ExecDeployment;
pub use migration::ExecMigration;
pub use suite::ExecTest;

/// The provider `exec`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exec;

impl Provider for Exec {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "exec",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Runs commands: to deploy, to test, to snapshot, and to migrate.",
            configuration: Vec::new(),
            resources: vec![
                deployment::schema(),
                suite::schema(),
                <snapshot::Stream as Engine>::schema(),
                migration::schema(),
            ],
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let deployment: Arc<dyn Resource> = Arc::new(ExecDeployment::default());
        let test: Arc<dyn Resource> = Arc::new(ExecTest::default());
        let snapshot: Arc<dyn Resource> = Arc::new(Snapshots::<snapshot::Stream>::default());
        let migration: Arc<dyn Resource> = Arc::new(ExecMigration::default());
        let resources = BTreeMap::from([
            ("exec_deployment", deployment),
            ("exec_test", test),
            ("exec_snapshot", snapshot),
            ("exec_migration", migration),
        ]);
        Ok(Configured { resources, ..Configured::default() })
    }
}

#[cfg(test)]
mod tests;
