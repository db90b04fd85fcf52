//! What a plan is asked for: mode, selection, and what stands ready to answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::{DataSchema, Provider, ProviderSchema, ResourceSchema};

use crate::addr::{Address, Target};
use crate::event::RunMode;

/// What a plan is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What the run is for.
    pub mode: RunMode,
    /// Only these, and what they depend on; empty for everything.
    pub targets: Vec<Target>,
    /// Not these, nor what depends on them.
    pub excludes: Vec<Target>,
    /// Replaced, or made again, even if nothing changed.
    pub replace: Vec<Target>,
    /// Whether the outside is read first.
    pub refresh: bool,
    /// Done again although the outcome of the last try is not known: a person has looked.
    pub retry: Vec<Target>,
    /// Taken as done although the outcome is not known: a person has looked.
    pub accept: Vec<Target>,
    /// Whether providers are asked anything: without it, the plan shows what the files alone can tell.
    pub ask: bool,
    /// The time, in milliseconds since 1970: for how long verdicts are valid.
    pub now_ms: i64,
}

impl Default for Options {
    /// An ordinary apply of everything.
    fn default() -> Self {
        Self {
            mode: RunMode::Apply,
            targets: Vec::new(),
            excludes: Vec::new(),
            replace: Vec::new(),
            refresh: true,
            retry: Vec::new(),
            accept: Vec::new(),
            ask: true,
            now_ms: 0,
        }
    }
}

impl Options {
    /// Whether `-replace` names the instance.
    #[must_use]
    pub fn replaces(&self, address: &Address) -> bool {
        covers(&self.replace, address)
    }
}

/// Whether one of the targets covers the instance.
#[must_use]
pub fn covers(targets: &[Target], address: &Address) -> bool {
    targets.iter().any(|target| target.covers(address))
}

/// Commands that a person may have to type because of what is planned, as they can be typed.
#[derive(Clone)]
pub struct Commands {
    /// This one again.
    pub again: String,
    /// Gives what leads other commands to the ledger, with a space before it; empty where they find it. Only asked
    /// when there is something to say: it looks which ledgers there are.
    pub ledger: Arc<dyn Fn() -> String + Send + Sync>,
}

impl Default for Commands {
    fn default() -> Self {
        Self { again: "relplan apply".to_owned(), ledger: Arc::new(String::new) }
    }
}

/// Every provider that stands ready, with what each declares.
#[derive(Clone, Default)]
pub struct Registry {
    providers: BTreeMap<String, Arc<dyn Provider>>,
    schemas: BTreeMap<String, Arc<ProviderSchema>>,
    resources: BTreeMap<String, Arc<ResourceSchema>>,
    data_sources: BTreeMap<String, Arc<DataSchema>>,
}

impl Registry {
    /// Takes the providers in; each is asked for its schema once.
    #[must_use]
    pub fn new(providers: impl IntoIterator<Item = Arc<dyn Provider>>) -> Self {
        let mut registry = Self::default();
        for provider in providers {
            let schema = Arc::new(provider.schema());
            for resource in &schema.resources {
                registry.resources.insert(resource.type_name.to_owned(), Arc::new(resource.clone()));
            }
            for data in &schema.data_sources {
                registry.data_sources.insert(data.type_name.to_owned(), Arc::new(data.clone()));
            }
            registry.providers.insert(schema.name.to_owned(), provider);
            registry.schemas.insert(schema.name.to_owned(), schema);
        }
        registry
    }

    /// A provider by its name.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.providers.get(name)
    }

    /// What a provider declares.
    #[must_use]
    pub fn schema(&self, name: &str) -> Option<&Arc<ProviderSchema>> {
        self.schemas.get(name)
    }

    /// What every provider declares, by name.
    pub fn schemas(&self) -> impl Iterator<Item = &Arc<ProviderSchema>> {
        self.schemas.values()
    }

    /// A resource type by its name.
    #[must_use]
    pub fn resource(&self, type_name: &str) -> Option<&Arc<ResourceSchema>> {
        self.resources.get(type_name)
    }

    /// A data source type by its name.
    #[must_use]
    pub fn data_source(&self, type_name: &str) -> Option<&Arc<DataSchema>> {
        self.data_sources.get(type_name)
    }

    /// The names of all types, for "did you mean".
    #[must_use]
    pub fn type_names(&self, data: bool) -> BTreeSet<&str> {
        if data {
            self.data_sources.keys().map(String::as_str).collect()
        } else {
            self.resources.keys().map(String::as_str).collect()
        }
    }
}
