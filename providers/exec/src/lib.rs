//! Commands: [deployments](deployment) that a script does, and [tests](check) that a test runner judges.
//!
//! A command is a list of arguments, never a line for a shell. It gets its own process group, so that nothing of it
//! outlives its deadline, and only those environment variables that it is given or that are on a short list.

mod check;
mod command;
mod deployment;
mod junit;
mod log;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Attribute, Configured, Problem, Provider, ProviderSchema, Resource, Type, Value};

/// The provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exec;

impl Provider for Exec {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "exec",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Runs commands: deployments and tests that a script or program does.",
            configuration: Vec::new(),
            resources: vec![deployment::schema(), check::schema()],
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let deployment: Arc<dyn Resource> = Arc::new(deployment::Deployment::default());
        let test: Arc<dyn Resource> = Arc::new(check::Test::default());
        let resources = BTreeMap::from([("exec_deployment", deployment), ("exec_test", test)]);
        Ok(Configured { resources, data_sources: BTreeMap::new() })
    }
}

/// The arguments that every command has.
fn common_attributes() -> Vec<Attribute> {
    vec![
        Attribute::optional(
            "working_directory",
            Type::String,
            "Folder to run in. Default: the release file's folder.",
        ),
        Attribute::optional(
            "environment",
            Type::map(Type::String),
            "Environment variables for the command. Values may be sensitive: they are masked wherever they turn up.",
        ),
        Attribute::optional(
            "inherit_environment",
            Type::list(Type::String),
            "Names of variables that the command takes over from relplan's own environment, besides PATH, HOME, USER, LOGNAME, LANG, LC_ALL, TZ and TMPDIR.",
        ),
        Attribute::optional(
            "success_exit_codes",
            Type::list(Type::Number),
            "Exit codes that mean success. Default: `[0]`.",
        ),
    ]
}

/// What every command leaves behind.
fn common_results() -> Vec<Attribute> {
    vec![
        Attribute::computed("exit_code", Type::Number, "Exit code of the command."),
        Attribute::computed("output_tail", Type::String, "The last lines of its output."),
        Attribute::computed("log", Type::String, "File with its output, kept beside the ledger."),
    ]
}

#[cfg(test)]
mod tests;
