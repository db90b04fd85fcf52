//! [`World`]: a configuration with everything that is known of it so far, evaluated block by block.
//!
//! Planning walks it once, in the graph's order. Applying walks the rest of it again, when what was unknown has
//! become known: [`World::settle`] evaluates a block's unsettled ancestors first, without recursion.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::Value;

use crate::addr::{Key, ModulePath};
use crate::canonical::Digest;
use crate::diag::{Diagnostic, Diagnostics};
use crate::graph::{Graph, Item, ModuleId, NodeId};
use crate::lang::ast::Expr;
use crate::lang::body::Evaluator;
use crate::lang::config::{Config, Reference, Repetition, Subject};
use crate::lang::eval::Allowance;
use crate::lang::functions::{Host, NoFiles};
use crate::lang::scope::{Bindings, Expansion, Values};
use crate::source::Span;

mod conditions;
mod expand;
mod inputs;
mod items;

pub use conditions::{Verdicts, with_self};
pub use inputs::Given;

/// A configuration with everything that is known of it so far.
pub struct World {
    config: Arc<Config>,
    graph: Arc<Graph>,
    values: Values,
    given: BTreeMap<Arc<str>, Given>,
    /// Every instance of each module, by the module's index, once its call was evaluated.
    instances: BTreeMap<ModuleId, Vec<ModulePath>>,
    /// How many instances each resource block has, by module instance.
    expansions: BTreeMap<(ModulePath, NodeId), Expansion>,
    /// Resource blocks whose `for_each` has values that are not known yet: its keys are.
    unknown_values: BTreeSet<(NodeId, ModulePath)>,
    /// Instances of modules and resources in all.
    counted: u64,
    /// Whether a repetition that is not known is left open, since nobody is asked; and whether one was.
    leaves_open: bool,
    has_open: bool,
    /// Nodes that nobody needs: what cannot be found out about them stays unknown.
    left_out: BTreeSet<NodeId>,
    /// Nodes whose value cannot change any more.
    settled: BTreeSet<NodeId>,
    host: Arc<dyn Host>,
    allowance: Arc<Allowance>,
}

impl World {
    /// Nothing evaluated yet but the release itself.
    pub fn new(
        config: Arc<Config>,
        graph: Arc<Graph>,
        given: BTreeMap<Arc<str>, Given>,
        host: Arc<dyn Host>,
    ) -> Result<(Self, Diagnostics), Diagnostics> {
        let mut found = inputs::check(&config, &given);
        let root = ModulePath::default();
        let mut world = Self {
            config,
            graph,
            values: Values::new(Value::NULL),
            given,
            instances: BTreeMap::from([(ModuleId(0), vec![root.clone()])]),
            expansions: BTreeMap::new(),
            unknown_values: BTreeSet::new(),
            counted: 0,
            leaves_open: false,
            has_open: false,
            left_out: BTreeSet::new(),
            settled: BTreeSet::new(),
            allowance: Arc::new(Allowance::new(host.totals(), host.clock())),
            host,
        };
        world.open(ModuleId(0), &root);
        found.extend(world.read_release());
        found.unless_errors(world)
    }

    /// A configuration that says nothing, for what is planned from the ledger alone.
    #[must_use]
    pub fn empty(product: &str) -> Self {
        let root = Arc::default();
        let config = Config { release: None, product: product.into(), root, digest: Digest::of(b"") };
        let mut world = Self {
            graph: Arc::new(Graph::empty(&config)),
            config: Arc::new(config),
            values: Values::new(Value::NULL),
            given: BTreeMap::new(),
            instances: BTreeMap::from([(ModuleId(0), vec![ModulePath::default()])]),
            expansions: BTreeMap::new(),
            unknown_values: BTreeSet::new(),
            counted: 0,
            leaves_open: false,
            has_open: false,
            left_out: BTreeSet::new(),
            settled: BTreeSet::new(),
            allowance: Arc::new(Allowance::new(NoFiles.totals(), NoFiles.clock())),
            host: Arc::new(NoFiles),
        };
        world.open(ModuleId(0), &ModulePath::default());
        world
    }

    /// The same configuration with the same values for its variables, nothing evaluated yet; none where they do not fit.
    #[must_use]
    pub fn afresh(&self) -> Option<Self> {
        let (config, graph) = (Arc::clone(&self.config), Arc::clone(&self.graph));
        Self::new(config, graph, self.given.clone(), Arc::clone(&self.host)).ok().map(|(world, _)| world)
    }

    /// The dependency graph.
    #[must_use]
    pub const fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// What every name stands for so far.
    #[must_use]
    pub const fn values(&self) -> &Values {
        &self.values
    }

    /// The same, to be told what became known.
    pub const fn values_mut(&mut self) -> &mut Values {
        &mut self.values
    }

    /// Every instance of a module.
    #[must_use]
    pub fn instances(&self, module: ModuleId) -> &[ModulePath] {
        self.instances.get(&module).map(Vec::as_slice).unwrap_or_default()
    }

    /// The module that an instance is one of.
    #[must_use]
    pub fn module_of(&self, instance: &ModulePath) -> Option<ModuleId> {
        let mut id = ModuleId(0);
        for step in instance.0.iter() {
            id = self.graph.called(id, &step.name)?;
        }
        Some(id)
    }

    /// The version of the release; empty without a `release` block.
    #[must_use]
    pub fn version(&self) -> Arc<str> {
        let scope = self.values.inside(ROOT.get_or_init(ModulePath::default), NO_BINDINGS);
        let nowhere = Span::start_of(crate::source::FileId(0));
        let reference = Reference { subject: Subject::Release, span: nowhere };
        let release = crate::lang::eval::Scope::resolve(&scope, &reference);
        release.ok().and_then(|release| release.get("version").as_str().map(Arc::from)).unwrap_or_default()
    }

    /// Evaluates an expression as it is seen inside a module instance.
    pub fn evaluate(
        &self,
        expr: &Expr,
        inside: &ModulePath,
        bindings: &Bindings,
    ) -> Result<Value, Diagnostics> {
        self.with_evaluator(inside, bindings, |evaluator| evaluator.evaluate(expr))
    }

    /// Hands an evaluator for a module instance to `work`.
    pub fn with_evaluator<T>(
        &self,
        inside: &ModulePath,
        bindings: &Bindings,
        work: impl FnOnce(&Evaluator<'_>) -> T,
    ) -> T {
        let scope = self.values.inside(inside, bindings);
        work(&Evaluator::new(&scope, &*self.host, &self.allowance()))
    }

    /// Whether evaluating has used up what it may: nothing more is worth a look.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.allowance.is_used_up()
    }

    /// What everything together may cost. Once a run has begun, each evaluation has an allowance of its own: what
    /// is left of a plan that was within its allowance must not stop half-way.
    fn allowance(&self) -> Arc<Allowance> {
        if self.host.run_time().is_some() {
            return Arc::new(self.allowance.renewed());
        }
        Arc::clone(&self.allowance)
    }

    /// Evaluates a node that is no resource, in every instance of its module.
    pub fn visit(&mut self, id: NodeId) -> Diagnostics {
        let node = self.graph.node(id).clone();
        let mut found = Diagnostics::default();
        let mut known = true;
        for instance in self.instances(node.module).to_vec() {
            if let Err(used_up) = self.allowance().visit(node.span) {
                found.extend(used_up.into());
                break;
            }
            match self.visit_in(node.module, &node.item, &instance) {
                Ok(now_known) => known &= now_known,
                Err(_) if self.left_out.contains(&id) => {
                    self.leave_unknown(&node.item, &instance);
                    known = false;
                }
                Err(errors) => found.extend(errors),
            }
        }
        if known && !found.has_errors() {
            self.settled.insert(id);
        }
        found
    }

    /// Leaves nodes out: nothing that is wrong with them is told, nothing that is not known of them in the way.
    pub fn leave_out(&mut self, nodes: BTreeSet<NodeId>) {
        self.left_out = nodes;
    }

    /// The outputs of the root module as they are over those of the last run: one that hangs on what is left out, and
    /// so is not known, stays as it was.
    #[must_use]
    pub fn outputs_over(&self, last: &BTreeMap<Arc<str>, Value>) -> BTreeMap<Arc<str>, Value> {
        let mut outputs = self.values.outputs(&ModulePath::default());
        for id in &self.left_out {
            let node = self.graph.node(*id);
            let Item::Output(name) = &node.item else { continue };
            if node.module != ModuleId(0) || outputs.get(name).is_some_and(|value| !value.has_unknown()) {
                continue;
            }
            match last.get(name) {
                Some(before) => drop(outputs.insert(Arc::clone(name), before.clone())),
                None => drop(outputs.remove(name)),
            }
        }
        outputs
    }

    fn leave_unknown(&mut self, item: &Item, instance: &ModulePath) {
        match item {
            Item::Variable(name) => self.values.set_variable(instance, name, Value::UNKNOWN),
            Item::Local(name) => self.values.set_local(instance, name, Value::UNKNOWN),
            Item::Output(name) => self.values.set_output(instance, name, Value::UNKNOWN),
            Item::Call(name) => self.values.set_call(instance, name, Expansion::Open),
            Item::Provider(_) | Item::Resource(_) | Item::Check(_) => {}
        }
    }

    /// Evaluates again what a resource depends on and what was not known when it was last evaluated.
    pub fn settle(&mut self, resource: NodeId) -> Diagnostics {
        let mut found = Diagnostics::default();
        let mut stack = vec![(resource, false)];
        while let Some((id, dependencies_done)) = stack.pop() {
            if dependencies_done {
                found.extend(self.visit(id));
                self.settled.insert(id);
                continue;
            }
            if id != resource {
                stack.push((id, true));
            }
            let open = self.graph.dependencies(id).into_iter().filter(|dependency| {
                !self.settled.contains(dependency)
                    && !matches!(self.graph.node(*dependency).item, Item::Resource(_))
            });
            stack.extend(open.map(|dependency| (dependency, false)));
        }
        found.extend(self.expand_again(resource));
        found
    }

    fn visit_in(
        &mut self,
        module: ModuleId,
        item: &Item,
        instance: &ModulePath,
    ) -> Result<bool, Diagnostics> {
        match item {
            Item::Variable(name) => self.visit_variable(module, name, instance),
            Item::Local(name) => self.visit_local(module, name, instance),
            Item::Output(name) => self.visit_output(module, name, instance),
            Item::Call(name) => self.visit_call(module, name, instance),
            Item::Provider(_) | Item::Resource(_) | Item::Check(_) => Ok(true),
        }
    }

    fn open(&mut self, module: ModuleId, instance: &ModulePath) {
        let folder = Value::string(Arc::clone(&self.graph.module(module).module.folder));
        let root = Value::string(Arc::clone(&self.config.root.folder));
        // All three start at the release's folder, as relative paths in arguments do. The current directory would make
        // a plan depend on where it was made: it is the root module's folder.
        let path = Value::map([("module", folder), ("root", root.clone()), ("cwd", root)]);
        self.values.open(instance, path);
    }

    fn read_release(&mut self) -> Diagnostics {
        let name = Value::string(Arc::clone(&self.config.product));
        let Some(release) = self.config.release.clone() else {
            return Diagnostics::default();
        };
        self.values.set_release(Value::map([("name", name.clone()), ("version", Value::UNKNOWN)]));
        // The version may use variables, so those come first.
        let variables: Vec<NodeId> = (self.graph.order().iter().copied())
            .filter(|id| {
                let node = self.graph.node(*id);
                node.module == ModuleId(0) && matches!(node.item, Item::Variable(_))
            })
            .collect();
        let mut found = Diagnostics::default();
        for id in variables {
            found.extend(self.visit(id));
        }
        if found.has_errors() {
            return found;
        }
        let version = match self.evaluate(&release.version, &ModulePath::default(), &Bindings::default()) {
            Ok(version) => version,
            Err(errors) => return errors,
        };
        let refused = match version.as_str() {
            None => Some(("The version must be a known text.", "Write it as `version = \"1.2.0\"`.")),
            Some(_) if version.has_sensitive() => {
                Some(("The version must not be sensitive: it names what the release makes.", ""))
            }
            Some(text) if semver::Version::parse(text.strip_prefix('v').unwrap_or(text)).is_err() => {
                Some(("The version must be a semantic version.", "Write it as `version = \"1.2.0\"`."))
            }
            Some(_) => None,
        };
        if let Some((detail, help)) = refused {
            return Diagnostic::error("Invalid version", detail).help(help).at(release.version.span).into();
        }
        self.values.set_release(Value::map([("name", name), ("version", version)]));
        found
    }
}

static ROOT: std::sync::OnceLock<ModulePath> = std::sync::OnceLock::new();
const NO_BINDINGS: &Bindings = &Bindings { each: None, count: None, itself: None };

/// Which instance of its block a module instance is.
fn key_of(instance: &ModulePath) -> Option<&Key> {
    instance.0.last().and_then(|step| step.key.as_ref())
}

/// The expression of a repetition.
const fn repetition_expr(repetition: &Repetition) -> &Expr {
    let (Repetition::Count(expr) | Repetition::ForEach(expr)) = repetition;
    expr
}

#[cfg(test)]
pub(crate) mod tests;
