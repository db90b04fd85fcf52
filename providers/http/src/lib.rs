//! HTTP: smoke tests of services, step by step.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests make their own files and start processes")
)]

mod assertions;
mod client;
mod json;
mod request;
mod smoke;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Configured, Problem, Provider, ProviderSchema, Resource, Value};

/// The provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Http;

impl Provider for Http {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "http",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Asks services over HTTP whether they work.",
            configuration: Vec::new(),
            resources: vec![smoke::schema()],
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let smoke: Arc<dyn Resource> = Arc::new(smoke::SmokeTest::default());
        Ok(Configured {
            resources: BTreeMap::from([("http_smoke_test", smoke)]),
            data_sources: BTreeMap::new(),
        })
    }
}

#[cfg(test)]
mod tests;
