//! [`Graph`]: what depends on what, before anything is evaluated.
//!
//! Nodes are blocks, not instances: how many instances a block has is known only by evaluating it. petgraph stays
//! behind this module's face.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef as _;

use crate::addr::ResourceName;
use crate::diag::Diagnostics;
use crate::lang::config::{Config, Module, ModuleCall, ProviderName};
use crate::source::{FileId, Span};

mod build;
mod cycle;

/// Index of a module of the configuration: the root is 0. A module that is called twice counts twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModuleId(pub usize);

/// Index of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(usize);

/// What a node stands for inside its module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// `variable`
    Variable(Arc<str>),
    /// One argument of `locals`
    Local(Arc<str>),
    /// `provider`
    Provider(ProviderName),
    /// The `count` or `for_each` of a `module` block, and its `depends_on`
    Call(Arc<str>),
    /// `resource` or `data`
    Resource(ResourceName),
    /// `output`
    Output(Arc<str>),
    /// `check`
    Check(Arc<str>),
}

/// A node with its module and its place in the source.
#[derive(Clone, Debug)]
pub struct Node {
    /// The module that it is in.
    pub module: ModuleId,
    /// What it is.
    pub item: Item,
    /// Where it is defined.
    pub span: Span,
}

/// A module as it is called from one place.
#[derive(Clone, Debug)]
pub struct ModuleNode {
    /// Names of the calls that lead here from the root.
    pub path: Vec<Arc<str>>,
    /// Its content.
    pub module: Arc<Module>,
    /// Who calls it, and the name of the call; none for the root.
    pub caller: Option<(ModuleId, Arc<str>)>,
}

/// Why a node depends on another.
#[derive(Clone, Copy, Debug)]
struct Edge {
    /// The place of the reference.
    place: Span,
    /// Whether it only says what comes first: nothing is made of the other's value, nor is it named itself.
    orders: bool,
}

/// The dependency graph of a configuration.
#[derive(Clone, Debug)]
pub struct Graph {
    /// An edge leads from what depends to what it depends on.
    edges: DiGraph<Node, Edge>,
    modules: Vec<ModuleNode>,
    index: BTreeMap<(ModuleId, Item), NodeIndex>,
    order: Vec<NodeId>,
}

impl Graph {
    /// The graph of a configuration whose references were checked; fails on cycles.
    pub fn build(config: &Config) -> Result<Self, Diagnostics> {
        let mut graph = Self {
            edges: DiGraph::new(),
            modules: build::modules(config),
            index: BTreeMap::new(),
            order: Vec::new(),
        };
        build::nodes(&mut graph);
        build::edges(&mut graph);
        graph.order = graph.sorted()?;
        Ok(graph)
    }

    /// The graph of a configuration without blocks.
    #[must_use]
    pub fn empty(config: &Config) -> Self {
        let modules = build::modules(config);
        Self { edges: DiGraph::new(), modules, index: BTreeMap::new(), order: Vec::new() }
    }

    /// Every node, each behind all that it depends on; otherwise as they stand in the files.
    #[must_use]
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// The node of an index that came from this graph.
    #[must_use]
    #[allow(
        clippy::indexing_slicing,
        reason = "a NodeId comes only from this very graph, which never shrinks"
    )]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.edges[NodeIndex::new(id.0)]
    }

    /// The node of an item.
    #[must_use]
    pub fn find(&self, module: ModuleId, item: &Item) -> Option<NodeId> {
        self.index.get(&(module, item.clone())).map(|index| NodeId(index.index()))
    }

    /// What a node directly depends on, in a stable order, each once.
    #[must_use]
    pub fn dependencies(&self, id: NodeId) -> BTreeSet<NodeId> {
        let neighbours = self.edges.neighbors_directed(NodeIndex::new(id.0), Direction::Outgoing);
        neighbours.map(|index| NodeId(index.index())).collect()
    }

    /// What directly depends on a node, in a stable order, each once.
    #[must_use]
    pub fn dependents(&self, id: NodeId) -> BTreeSet<NodeId> {
        let neighbours = self.edges.neighbors_directed(NodeIndex::new(id.0), Direction::Incoming);
        neighbours.map(|index| NodeId(index.index())).collect()
    }

    /// The resources that a node depends on without another resource in between.
    #[must_use]
    pub fn direct_resources(&self, id: NodeId) -> BTreeSet<NodeId> {
        self.nearest_resources(id, |_| true)
    }

    /// Those of them that a node is about: what its own `depends_on` names as a resource, and what its expressions
    /// lead to, through locals, variables and outputs too. What only comes first, like a module that `depends_on`
    /// names, is not among them.
    #[must_use]
    pub fn judged_resources(&self, id: NodeId) -> BTreeSet<NodeId> {
        self.nearest_resources(id, |edge| !edge.orders)
    }

    fn nearest_resources(&self, id: NodeId, follows: impl Fn(&Edge) -> bool) -> BTreeSet<NodeId> {
        let next = |id: NodeId| {
            let edges = self.edges.edges(NodeIndex::new(id.0)).filter(|edge| follows(edge.weight()));
            edges.map(|edge| NodeId(edge.target().index())).collect::<Vec<_>>()
        };
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut stack = next(id);
        while let Some(at) = stack.pop() {
            if !seen.insert(at) {
                continue;
            }
            if matches!(self.node(at).item, Item::Resource(_)) {
                found.insert(at);
            } else {
                stack.extend(next(at));
            }
        }
        found
    }

    /// The `provider` block that a resource of a module uses; none where there is no such block.
    #[must_use]
    pub fn provider_of(&self, module: ModuleId, name: &ProviderName) -> Option<(ModuleId, ProviderName)> {
        build::provider_of(self, module, name)
    }

    /// All modules, callers before the called.
    #[must_use]
    pub fn modules(&self) -> &[ModuleNode] {
        &self.modules
    }

    /// The module of an index that came from this graph.
    #[must_use]
    #[allow(
        clippy::indexing_slicing,
        reason = "a ModuleId comes only from this very graph, which never shrinks"
    )]
    pub fn module(&self, id: ModuleId) -> &ModuleNode {
        &self.modules[id.0]
    }

    /// The module that a call leads to.
    #[must_use]
    pub fn called(&self, caller: ModuleId, call: &str) -> Option<ModuleId> {
        let found = self.modules.iter().position(|module| {
            module.caller.as_ref().is_some_and(|(parent, name)| *parent == caller && **name == *call)
        });
        found.map(ModuleId)
    }

    /// The `module` block that leads to a module; none for the root.
    #[must_use]
    pub fn call(&self, id: ModuleId) -> Option<(ModuleId, &ModuleCall)> {
        let (caller, name) = self.module(id).caller.as_ref()?;
        Some((*caller, self.module(*caller).module.calls.get(name)?))
    }

    /// The name of a node for people: `module.app.local.tags`.
    #[must_use]
    pub fn label(&self, id: NodeId) -> String {
        let node = self.node(id);
        let path = &self.module(node.module).path;
        let path = path.iter().map(|name| format!("module.{name}.")).collect::<Vec<_>>().concat();
        match &node.item {
            Item::Variable(name) => format!("{path}var.{name}"),
            Item::Local(name) => format!("{path}local.{name}"),
            Item::Provider(name) => format!("{path}provider.{name}"),
            Item::Call(name) => format!("{path}module.{name}"),
            Item::Resource(name) => format!("{path}{name}"),
            Item::Output(name) => format!("{path}output.{name}"),
            Item::Check(name) => format!("{path}check.{name}"),
        }
    }

    fn add(&mut self, module: ModuleId, item: Item, span: Span) {
        let index = self.edges.add_node(Node { module, item: item.clone(), span });
        self.index.insert((module, item), index);
    }

    fn depend(&mut self, from: NodeIndex, to: &(ModuleId, Item), edge: Edge) {
        let Some(to) = self.index.get(to) else { return };
        let before = self.edges.find_edge(from, *to).and_then(|known| self.edges.edge_weight(known));
        let orders = edge.orders && before.is_none_or(|before| before.orders);
        self.edges.update_edge(from, *to, Edge { orders, ..edge });
    }

    /// Dependencies first; among those that are free, as they stand in the files.
    fn sorted(&self) -> Result<Vec<NodeId>, Diagnostics> {
        let place = |index: NodeIndex| {
            let node = self.edges.node_weight(index);
            let span = node.map_or(Span::start_of(FileId(0)), |node| node.span);
            (node.map(|node| node.module), span.file, span.start, index)
        };
        let mut waits: Vec<usize> =
            self.edges.node_indices().map(|index| self.edges.edges(index).count()).collect();
        let mut free: BTreeSet<_> = self
            .edges
            .node_indices()
            .filter(|index| waits.get(index.index()) == Some(&0))
            .map(place)
            .collect();
        let mut order = Vec::with_capacity(waits.len());
        while let Some((.., index)) = free.pop_first() {
            order.push(NodeId(index.index()));
            for dependent in self.edges.neighbors_directed(index, Direction::Incoming) {
                if let Some(count) = waits.get_mut(dependent.index()) {
                    *count -= 1;
                    if *count == 0 {
                        free.insert(place(dependent));
                    }
                }
            }
        }
        if order.len() == waits.len() { Ok(order) } else { Err(cycle::explain(self)) }
    }
}

#[cfg(test)]
mod tests;
