//! The provider `release`: what a release says of itself.
//!
//! `release_notes` makes Markdown from a list of changes. It touches nothing outside: the changes come from a data source
//! such as `github_merged_pull_requests`, and where the text goes is for other resources to say.

mod changes;
mod notes;
mod plain;
mod schema;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Configured, Problem, Provider, ProviderSchema, Resource, Value};

/// The provider `release`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Release;

impl Provider for Release {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "release",
            version: env!("CARGO_PKG_VERSION"),
            summary: "What a release says of itself: its notes.",
            configuration: Vec::new(),
            resources: vec![schema::schema()],
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let notes: Arc<dyn Resource> = Arc::new(notes::Notes::default());
        Ok(Configured { resources: BTreeMap::from([(schema::TYPE_NAME, notes)]), ..Configured::default() })
    }
}

#[cfg(test)]
mod tests;
