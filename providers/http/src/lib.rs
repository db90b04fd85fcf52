//! The provider `http`: smoke tests of what was deployed, and data read over HTTP.
//!
//! `http_smoke_test` makes requests until the answers are as expected or its deadline is over; what it then
//! says decides whether a release goes on or is turned back. `data "http_response"` reads one answer. Both are
//! careful with secrets: what they show is masked, cut and stripped of control characters.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make their own files"))]

mod arguments;
mod attempt;
mod capture;
mod client;
mod content;
mod cookies;
mod encoding;
mod expect;
mod fault;
mod json;
mod json_path;
mod proxy;
mod response;
mod schema;
mod shown;
mod smoke_test;
mod step;
mod tally;
mod target;
mod template;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Configured, DataSource, Problem, Provider, ProviderSchema, Resource, Value};

pub use response::HttpResponse;
pub use smoke_test::HttpSmokeTest;

/// The provider `http`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Http;

/// The provider, ready for the registry.
#[must_use]
pub const fn provider() -> Http {
    Http
}

impl Provider for Http {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "http",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Smoke tests over HTTP, and what a URL answers.",
            configuration: Vec::new(),
            resources: vec![schema::smoke_test()],
            data_sources: vec![response::schema()],
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let smoke_test: Arc<dyn Resource> = Arc::new(HttpSmokeTest::default());
        let response: Arc<dyn DataSource> = Arc::new(HttpResponse::default());
        Ok(Configured {
            resources: BTreeMap::from([(schema::SMOKE_TEST, smoke_test)]),
            data_sources: BTreeMap::from([(response::TYPE_NAME, response)]),
            ..Configured::default()
        })
    }
}

#[cfg(test)]
mod tests;
