//! A provider for tests and trials: it fails, stalls, repeats and echoes as its arguments say.
//!
//! It does nothing outside but what can be looked at: one line appended to the file `effects` for each thing that
//! it really did, and the current value of each live object in a file of the folder `world`. So a test can count
//! effects across processes that were killed, and change the world behind relplan's back.
//!
//! Not for releases: nothing here deploys anything.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests make their own files and start processes")
)]

mod check;
mod deployment;
mod record;
mod script;
mod value;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{
    Attribute, Configured, DataSource, Problem, Provider, ProviderSchema, Resource, Type, Value,
};

pub use check::FakeCheck;
pub use deployment::FakeDeployment;
pub use record::FakeRecord;
pub use value::FakeValue;

/// The provider `fake`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fake;

impl Provider for Fake {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "fake",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Scripted resources for tests and trials: they fail, stall, repeat and echo on demand.",
            configuration: configuration(),
            resources: vec![record::schema(), deployment::schema(), check::schema(), check::gate()],
            data_sources: vec![value::schema()],
        }
    }

    fn configure(&self, configuration: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        if let Some(message) = configuration.get("fail").as_str() {
            return Err(Problem::invalid("fail", message));
        }
        let prefix = configuration.get("prefix").as_str().unwrap_or("fake").to_owned();
        let record: Arc<dyn Resource> = Arc::new(FakeRecord::new(&prefix));
        let deployment: Arc<dyn Resource> = Arc::new(FakeDeployment::new(&prefix));
        let check: Arc<dyn Resource> = Arc::new(FakeCheck::new(&prefix));
        let gate: Arc<dyn Resource> = Arc::new(FakeCheck::gate(&prefix));
        let value: Arc<dyn DataSource> = Arc::new(FakeValue::default());
        Ok(Configured {
            resources: BTreeMap::from([
                ("fake_record", record),
                ("fake_deployment", deployment),
                ("fake_check", check),
                ("fake_gate", gate),
            ]),
            data_sources: BTreeMap::from([("fake_value", value)]),
            ..Configured::default()
        })
    }
}

fn configuration() -> Vec<Attribute> {
    vec![
        Attribute::optional("prefix", Type::String, "What each id begins with; `fake` unless given."),
        Attribute::optional("token", Type::String, "A secret that is not used.").sensitive(),
        Attribute::optional(
            "fail",
            Type::String,
            "Message with which the provider refuses to be configured.",
        ),
    ]
}

#[cfg(test)]
mod tests;
