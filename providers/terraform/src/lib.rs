//! Terraform's one built-in resource, `terraform_data`, with the same behaviour.
//!
//! It keeps a value and does nothing outside: good for passing values along, and for making other resources be
//! replaced through `replace_triggered_by`. Terraform's `terraform_remote_state` is not here.

mod data;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Configured, Problem, Provider, ProviderSchema, Resource, Value};

pub use data::TerraformData;

/// The provider `terraform`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terraform;

impl Provider for Terraform {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "terraform",
            version: env!("CARGO_PKG_VERSION"),
            summary: "What Terraform has built in.",
            configuration: Vec::new(),
            resources: vec![data::schema()],
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let data: Arc<dyn Resource> = Arc::new(TerraformData::default());
        Ok(Configured { resources: BTreeMap::from([("terraform_data", data)]), ..Configured::default() })
    }
}

#[cfg(test)]
mod tests;
