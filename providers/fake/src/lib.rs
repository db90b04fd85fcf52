//! For tests and trials: a system that exists only as files, and that fails, stalls, repeats and echoes on demand.
//!
//! Every real effect is one line in the file that `effects` names, so that effects can be counted across processes;
//! the current value of each object is a file in the folder that `world` names, so that others can change it.

mod script;
mod types;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Configured, Lifetime, Problem, Provider, ProviderSchema, Resource, Value};

/// The provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fake;

const TYPES: [(&str, Lifetime); 3] =
    [("fake_record", Lifetime::Record), ("fake_deployment", Lifetime::Live), ("fake_check", Lifetime::Check)];

impl Provider for Fake {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "fake",
            version: env!("CARGO_PKG_VERSION"),
            summary: "For tests and trials: does what its arguments say, to files only.",
            configuration: Vec::new(),
            resources: TYPES.iter().map(|(name, lifetime)| types::schema(name, *lifetime)).collect(),
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let resource = |(name, lifetime): &(&'static str, Lifetime)| {
            let resource: Arc<dyn Resource> = Arc::new(types::Scripted::new(name, *lifetime));
            (*name, resource)
        };
        Ok(Configured { resources: TYPES.iter().map(resource).collect(), data_sources: BTreeMap::new() })
    }
}

#[cfg(test)]
mod tests;
