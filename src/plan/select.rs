//! `-target` and `-exclude`: which blocks and instances take part.

use std::collections::BTreeSet;

use super::setup::{Options, covers};
use crate::addr::{Address, Target};
use crate::graph::{Graph, Item, NodeId};

/// Which blocks take part; inside a block that is a target itself, which instances.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    /// Blocks that are wanted as dependencies, all instances; none when everything is wanted.
    whole: Option<BTreeSet<NodeId>>,
    /// Blocks that depend on something excluded.
    blocked: BTreeSet<NodeId>,
    targets: Vec<Target>,
    excludes: Vec<Target>,
}

impl Selection {
    pub(super) fn new(graph: &Graph, options: &Options) -> Self {
        let whole = (!options.targets.is_empty()).then(|| {
            let mut wanted = BTreeSet::new();
            for id in graph.order() {
                if options.targets.iter().any(|target| names(graph, *id, target)) {
                    closure(graph.dependencies(*id), &mut wanted, |id| graph.dependencies(id));
                }
            }
            wanted
        });
        let mut blocked = BTreeSet::new();
        for id in graph.order() {
            if options.excludes.iter().any(|target| names(graph, *id, target)) {
                closure(graph.dependents(*id), &mut blocked, |id| graph.dependents(id));
            }
        }
        Self { whole, blocked, targets: options.targets.clone(), excludes: options.excludes.clone() }
    }

    /// Whether an instance of a block takes part.
    pub(super) fn takes(&self, id: NodeId, address: &Address) -> bool {
        let wanted = match &self.whole {
            Some(whole) => whole.contains(&id) || covers(&self.targets, address),
            None => true,
        };
        wanted && !self.blocked.contains(&id) && !covers(&self.excludes, address)
    }

    /// Whether an object that is in no file takes part.
    pub(super) fn takes_orphan(&self, address: &Address) -> bool {
        (self.whole.is_none() || covers(&self.targets, address)) && !covers(&self.excludes, address)
    }
}

/// Whether a target names a block, or instances of it.
fn names(graph: &Graph, id: NodeId, target: &Target) -> bool {
    let node = graph.node(id);
    let Item::Resource(name) = &node.item else { return false };
    let path = &graph.module(node.module).path;
    let leads = target.module.0.iter().map(|step| &step.name).eq(path.iter().take(target.module.0.len()));
    match &target.resource {
        None => leads && !target.module.is_root(),
        Some(resource) => leads && path.len() == target.module.0.len() && resource == name,
    }
}

fn closure(from: BTreeSet<NodeId>, into: &mut BTreeSet<NodeId>, next: impl Fn(NodeId) -> BTreeSet<NodeId>) {
    let mut stack: Vec<NodeId> = from.into_iter().collect();
    while let Some(id) = stack.pop() {
        if into.insert(id) {
            stack.extend(next(id));
        }
    }
}
