//! `-target` and `-exclude`: which blocks and instances take part, and what is left out with all that only it needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::setup::{Options, covers};
use crate::addr::{Address, ResourceName, Target};
use crate::graph::{Graph, Item, NodeId};

/// Which blocks take part; inside a block that is a target itself, which instances.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    /// Blocks that are wanted as dependencies, all instances; none when everything is wanted.
    whole: Option<BTreeSet<NodeId>>,
    /// Blocks that depend on something excluded.
    blocked: BTreeSet<NodeId>,
    /// Blocks and module calls that nothing which takes part needs, and all that hangs on them: they may stay unknown.
    left_out: BTreeSet<NodeId>,
    /// The blocks of these, by the names of their modules.
    left_blocks: BTreeSet<(Vec<Arc<str>>, ResourceName)>,
    targets: Vec<Target>,
    excludes: Vec<Target>,
}

impl Selection {
    pub(super) fn new(graph: &Graph, options: &Options) -> Self {
        let named = |targets: &[Target]| -> BTreeSet<NodeId> {
            let is_named = |id: &NodeId| targets.iter().any(|target| names(graph, *id, target));
            if targets.is_empty() {
                return BTreeSet::new();
            }
            graph.order().iter().copied().filter(is_named).collect()
        };
        let targeted = named(&options.targets);
        let whole = (!options.targets.is_empty()).then(|| {
            let from = targeted.iter().flat_map(|id| graph.dependencies(*id)).collect();
            closure(from, |id| graph.dependencies(id))
        });
        let excluded = named(&options.excludes);
        let from = excluded.iter().flat_map(|id| graph.dependents(*id)).collect();
        let blocked = closure(from, |id| graph.dependents(id));
        let mut from = without(graph, options, &blocked);
        if let Some(whole) = &whole {
            let counts = |id: &NodeId| matches!(graph.node(*id).item, Item::Resource(_) | Item::Call(_));
            let spare = |id: &NodeId| counts(id) && !whole.contains(id) && !targeted.contains(id);
            from.extend(graph.order().iter().copied().filter(spare));
        }
        let mut left_out = closure(from, |id| graph.dependents(id));
        left_out.extend(unused_providers(graph, &left_out));
        let left_blocks = left_out.iter().filter_map(|id| {
            let node = graph.node(*id);
            let Item::Resource(name) = &node.item else { return None };
            Some((graph.module(node.module).path.clone(), name.clone()))
        });
        Self {
            left_blocks: left_blocks.collect(),
            whole,
            blocked,
            left_out,
            targets: options.targets.clone(),
            excludes: options.excludes.clone(),
        }
    }

    /// Whether an instance of a block takes part.
    pub(super) fn takes(&self, id: NodeId, address: &Address) -> bool {
        let wanted = match &self.whole {
            Some(whole) => whole.contains(&id) || covers(&self.targets, address),
            None => true,
        };
        wanted && !self.blocked.contains(&id) && !covers(&self.excludes, address)
    }

    /// Whether an object that no instance of the file names takes part.
    pub(super) fn takes_orphan(&self, address: &Address) -> bool {
        (self.whole.is_none() || covers(&self.targets, address)) && !covers(&self.excludes, address)
    }

    /// Whether an object belongs to a block that is left out as a whole: of its instances nothing is known.
    pub(super) fn leaves_object(&self, address: &Address) -> bool {
        let path = address.module.0.iter().map(|step| Arc::clone(&step.name)).collect();
        self.left_blocks.contains(&(path, address.resource.clone()))
    }

    /// Nodes that nothing which takes part needs.
    pub(super) const fn left_out(&self) -> &BTreeSet<NodeId> {
        &self.left_out
    }
}

/// Whether a target names a block, or instances of it.
pub(super) fn names(graph: &Graph, id: NodeId, target: &Target) -> bool {
    let node = graph.node(id);
    let Item::Resource(name) = &node.item else { return false };
    let path = &graph.module(node.module).path;
    match &target.resource {
        None => leads(target, path),
        Some(resource) => {
            path.len() == target.module.0.len()
                && resource == name
                && (path.is_empty() || leads(target, path))
        }
    }
}

/// Whether the modules of a target lead to a module, or to one around it.
pub(super) fn leads(target: &Target, path: &[Arc<str>]) -> bool {
    let steps = &target.module.0;
    !steps.is_empty() && steps.iter().map(|step| &step.name).eq(path.iter().take(steps.len()))
}

/// What `-exclude` leaves out as a whole: blocks and modules that it names without a key, and those that depend on what
/// it names.
fn without(graph: &Graph, options: &Options, blocked: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
    let is_whole =
        |target: &&Target| target.key.is_none() && target.module.0.iter().all(|step| step.key.is_none());
    let whole: Vec<&Target> = options.excludes.iter().filter(is_whole).collect();
    if options.excludes.is_empty() {
        return BTreeSet::new();
    }
    let goes = |id: &NodeId| {
        let node = graph.node(*id);
        match &node.item {
            Item::Resource(_) => blocked.contains(id) || whole.iter().any(|target| names(graph, *id, target)),
            Item::Call(name) => {
                let path: Vec<Arc<str>> =
                    graph.module(node.module).path.iter().chain([name]).cloned().collect();
                let is_named = |target: &&Target| target.resource.is_none() && leads(target, &path);
                blocked.contains(id) || whole.iter().any(is_named)
            }
            Item::Variable(_) | Item::Local(_) | Item::Provider(_) | Item::Output(_) | Item::Check(_) => {
                false
            }
        }
    };
    graph.order().iter().copied().filter(goes).collect()
}

/// Provider blocks that only what is left out uses.
fn unused_providers(graph: &Graph, left_out: &BTreeSet<NodeId>) -> Vec<NodeId> {
    if left_out.is_empty() {
        return Vec::new();
    }
    let is_unused = |id: &NodeId| {
        let users = || graph.dependents(*id);
        matches!(graph.node(*id).item, Item::Provider(_))
            && !users().is_empty()
            && users().is_subset(left_out)
    };
    graph.order().iter().copied().filter(is_unused).collect()
}

/// Nodes, and all that they lead to.
fn closure(from: BTreeSet<NodeId>, next: impl Fn(NodeId) -> BTreeSet<NodeId>) -> BTreeSet<NodeId> {
    let mut found = BTreeSet::new();
    let mut stack: Vec<NodeId> = from.into_iter().collect();
    while let Some(id) = stack.pop() {
        if found.insert(id) {
            stack.extend(next(id));
        }
    }
    found
}
