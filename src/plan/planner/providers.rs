//! Configured providers: one for each `provider` block, and one without arguments for whoever has no block.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::{
    Account, Configured, DataSource, Problem, Provider, Resource, Reviews, Value, secrets_of,
};

use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::graph::ModuleId;
use crate::lang::body;
use crate::lang::config::ProviderName;
use crate::lang::scope::Bindings;
use crate::plan::at_once::at_once;
use crate::plan::compare::has_sealed;
use crate::plan::setup::Registry;
use crate::source::Span;
use crate::world::World;

/// Configured providers.
#[derive(Clone)]
pub struct Providers {
    registry: Arc<Registry>,
    environment: Arc<BTreeMap<String, String>>,
    configured: BTreeMap<(ModuleId, ProviderName), Configured>,
    /// Without a block: all arguments null.
    plain: BTreeMap<&'static str, Configured>,
    /// Those that cannot be used without a block, and why.
    needy: BTreeMap<&'static str, Problem>,
    used: BTreeSet<Arc<str>>,
    /// The arguments of the root module's blocks; those that are null are left out.
    arguments: BTreeMap<Arc<str>, Value>,
    /// Blocks that a ledger names, but whose arguments do not suffice.
    lost: BTreeSet<Arc<str>>,
}

impl Providers {
    /// None configured yet but those that need no arguments.
    #[must_use]
    pub fn new(registry: Arc<Registry>, environment: Arc<BTreeMap<String, String>>) -> Self {
        let (mut plain, mut needy) = (BTreeMap::new(), BTreeMap::new());
        for schema in registry.schemas() {
            let nothing = schema
                .configuration
                .iter()
                .map(|attribute| (attribute.name, attribute.fit(&Value::NULL).unwrap_or(Value::NULL)));
            let provider = registry.provider(schema.name);
            match provider.map(|p| configured(p, &Value::map(nothing), &environment)) {
                Some(Ok(configured)) => drop(plain.insert(schema.name, configured)),
                Some(Err(problem)) => drop(needy.insert(schema.name, problem)),
                None => {}
            }
        }
        Self {
            registry,
            environment,
            configured: BTreeMap::new(),
            plain,
            needy,
            used: BTreeSet::new(),
            arguments: BTreeMap::new(),
            lost: BTreeSet::new(),
        }
    }

    /// The environment that providers are configured with.
    pub(super) const fn environment(&self) -> &Arc<BTreeMap<String, String>> {
        &self.environment
    }

    /// Configures providers with the arguments that a state remembers, for when no file is at hand. One with a
    /// sensitive argument, of which only the fingerprint is kept, cannot be used.
    pub fn recall(&mut self, remembered: &BTreeMap<Arc<str>, Value>) {
        for (block, arguments) in remembered {
            let name = block_name(block);
            let parts = self.registry.provider(&name.name).zip(self.registry.schema(&name.name));
            let configured = parts.filter(|_| !has_sealed(arguments)).and_then(|(provider, schema)| {
                let fitted = schema.configuration.iter().map(|attribute| {
                    let value = attribute.fit(arguments.get(attribute.name)).ok()?;
                    Some((attribute.name, value))
                });
                let fitted: Vec<_> = fitted.collect::<Option<_>>()?;
                configured(provider, &Value::map(fitted), &self.environment).ok()
            });
            match configured {
                Some(configured) => drop(self.configured.insert((ModuleId(0), name), configured)),
                None => drop(self.lost.insert(Arc::clone(block))),
            }
        }
    }

    /// The arguments of the root module's blocks, by name (and alias).
    #[must_use]
    pub const fn arguments(&self) -> &BTreeMap<Arc<str>, Value> {
        &self.arguments
    }

    /// Whether a block of the root module says where plans are reviewed.
    #[must_use]
    pub fn names_reviews(&self) -> bool {
        let mut blocks = self.configured.iter().filter(|((module, _), _)| *module == ModuleId(0));
        blocks.any(|(_, configured)| configured.reviews.is_some())
    }

    /// Every provider, with what each declares.
    #[must_use]
    pub const fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Configures the provider of a block.
    pub(super) fn configure(
        &mut self,
        world: &World,
        module: ModuleId,
        name: &ProviderName,
        secrets: &mut BTreeSet<String>,
    ) -> Diagnostics {
        let content = Arc::clone(&world.graph().module(module).module);
        let Some(block) = content.providers.get(name) else { return Diagnostics::default() };
        let (Some(provider), Some(schema)) =
            (self.registry.provider(&name.name), self.registry.schema(&name.name))
        else {
            return unknown_provider(&self.registry, &name.name, block.span).into();
        };
        let instance = world.instances(module).first().cloned().unwrap_or_default();
        let evaluated = world.with_evaluator(&instance, &Bindings::default(), |evaluator| {
            body::evaluate(&block.body, &schema.configuration, evaluator)
        });
        let configuration = match evaluated {
            Ok(configuration) => configuration,
            Err(errors) => return errors,
        };
        if configuration.has_unknown() {
            return Diagnostic::error(
                "Provider configuration is not known yet",
                format!("The provider {name} is needed to plan, but its arguments depend on something that is known only after apply."),
            )
            .at(block.span)
            .help("Use values from the file, variables or the environment here.")
            .into();
        }
        secrets_of(&configuration, secrets);
        match configured(provider, &configuration, &self.environment) {
            Ok(configured) => {
                if module == ModuleId(0) {
                    self.arguments.insert(name.to_string().into(), given(&configuration));
                }
                self.configured.insert((module, name.clone()), configured);
                Diagnostics::default()
            }
            Err(problem) => {
                let place =
                    problem.attribute.as_ref().map_or(block.span, |path| body::place(&block.body, path));
                Diagnostic::error("Provider cannot be configured", problem.message)
                    .at(place)
                    .help(problem.hint)
                    .into()
            }
        }
    }

    /// The provider that a block of a module uses.
    fn of(&mut self, world: &World, module: ModuleId, name: &ProviderName) -> Option<&Configured> {
        self.used.insert(Arc::clone(&name.name));
        match world.graph().provider_of(module, name) {
            Some(block) => self.configured.get(&block),
            None => self.plain.get(&*name.name),
        }
    }

    /// Whether the provider of a block stands ready.
    pub(super) fn is_configured(&self, world: &World, module: ModuleId, name: &ProviderName) -> bool {
        match world.graph().provider_of(module, name) {
            Some(block) => self.configured.contains_key(&block),
            None => self.plain.contains_key(&*name.name),
        }
    }

    /// Why a provider that has no block cannot be used.
    pub(super) fn why_needy(&self, name: &str) -> Option<&Problem> {
        self.needy.get(name)
    }

    pub(super) fn resource(
        &mut self,
        world: &World,
        module: ModuleId,
        name: &ProviderName,
        type_name: &str,
    ) -> Option<Arc<dyn Resource>> {
        self.of(world, module, name)?.resources.get(type_name).cloned()
    }

    pub(super) fn data_source(
        &mut self,
        world: &World,
        module: ModuleId,
        name: &ProviderName,
        type_name: &str,
    ) -> Option<Arc<dyn DataSource>> {
        self.of(world, module, name)?.data_sources.get(type_name).cloned()
    }

    /// The type of an object that no file names: from the root's block of that name, or without one.
    #[must_use]
    pub fn resource_of_entry(&self, provider: &str, type_name: &str) -> Option<Arc<dyn Resource>> {
        if self.lost.contains(provider) {
            return None;
        }
        let block = block_name(provider);
        let plain = self.plain.get(&*block.name);
        let configured = self.configured.get(&(ModuleId(0), block)).or(plain)?;
        configured.resources.get(type_name).cloned()
    }

    /// What tells in whose name each provider acts, by the provider's name. Blocks and modules may use several.
    pub fn accounts(&self) -> impl Iterator<Item = (&str, &Arc<dyn Account>)> {
        let blocks = self.configured.iter().map(|((_, block), configured)| (&*block.name, configured));
        let has_block = |name: &str| self.configured.keys().any(|(_, block)| *block.name == *name);
        let plain = self.plain.iter().map(|(name, configured)| (*name, configured));
        blocks
            .chain(plain.filter(move |(name, _)| !has_block(name)))
            .filter_map(|(name, configured)| Some((name, configured.account.as_ref()?)))
    }

    /// Where plans are reviewed: on the server and by the account that the release names. The root's block without an alias
    /// counts, else its only one; where the release has no block, the environment says it.
    pub fn reviews(&self, world: &World) -> Result<Arc<dyn Reviews>, Problem> {
        let mut refused = None;
        for schema in self.registry.schemas() {
            let configured = match reviewing_block(world, schema.name) {
                Ok(Some(block)) => self.configured.get(&(ModuleId(0), block)),
                Ok(None) => self.plain.get(schema.name),
                Err(problem) => {
                    refused.get_or_insert(problem);
                    continue;
                }
            };
            match configured {
                Some(Configured { reviews: Some(reviews), .. }) => return Ok(Arc::clone(reviews)),
                Some(_) => {}
                None => refused = refused.or_else(|| self.needy.get(schema.name).cloned()),
            }
        }
        Err(refused.unwrap_or_else(|| Problem::refused("no provider knows pull requests")))
    }

    /// Version of every provider in use.
    pub(super) fn versions(&self) -> BTreeMap<String, String> {
        let schemas = self.used.iter().filter_map(|name| self.registry.schema(name));
        schemas.map(|schema| (schema.name.to_owned(), schema.version.to_owned())).collect()
    }
}

/// The root's block that counts where no resource names one.
fn reviewing_block(world: &World, provider: &str) -> Result<Option<ProviderName>, Problem> {
    let root = Arc::clone(&world.graph().module(ModuleId(0)).module);
    let blocks: Vec<&ProviderName> = root.providers.keys().filter(|block| *block.name == *provider).collect();
    match blocks.iter().find(|block| block.alias.is_none()).or(blocks.first()) {
        Some(block) if block.alias.is_some() && blocks.len() > 1 => {
            let message =
                format!("the release has several blocks of the provider {provider}, each with an alias");
            Err(Problem::refused(message)
                .hint("Give it one without an alias: that one says where reviews are."))
        }
        block => Ok(block.map(|block| (*block).clone())),
    }
}

/// The provider with these arguments.
fn configured(
    provider: &Arc<dyn Provider>,
    arguments: &Value,
    environment: &BTreeMap<String, String>,
) -> Result<Configured, Problem> {
    at_once(|| provider.configure(arguments, environment)).flatten()
}

/// The block that a name (and alias) means.
fn block_name(text: &str) -> ProviderName {
    let (name, alias) = text.split_once('.').map_or((text, None), |(name, alias)| (name, Some(alias)));
    ProviderName { name: name.into(), alias: alias.map(Into::into) }
}

/// The arguments that are not null.
fn given(configuration: &Value) -> Value {
    let arguments = configuration.as_map().into_iter().flatten();
    Value::map(arguments.filter(|(_, value)| !value.is_null()).map(|(name, value)| (&**name, value.clone())))
}

/// A provider that does not exist.
pub(super) fn unknown_provider(registry: &Registry, name: &str, span: Span) -> Diagnostic {
    let known: Vec<&str> = registry.schemas().map(|schema| schema.name).collect();
    let help = did_you_mean(name, known.iter().copied()).map_or_else(
        || format!("These come with relplan: {}.", known.join(", ")),
        |near| format!("Did you mean {near:?}?"),
    );
    Diagnostic::error("Unknown provider", format!("There is no provider named {name:?}.")).at(span).help(help)
}
