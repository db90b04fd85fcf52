//! How far planning is: the stage, and the walk over the graph in which blocks are visited behind what they depend on.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Graph, NodeId};

/// How far planning is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// What the file names, block by block.
    Blocks,
    /// The gates that guard what is to be done.
    Gates,
    /// What became of lost actions on what it does not name.
    Leftovers,
    /// What goes, or goes back.
    Objects,
    /// Everything was asked.
    Done,
}

/// How far the walk over the graph is.
pub(super) struct Walk {
    /// How many dependencies of each node are not done.
    pub(super) waits: BTreeMap<NodeId, usize>,
    /// Nodes that can be visited, by their place in the order.
    pub(super) ready: BTreeSet<(usize, NodeId)>,
    place: BTreeMap<NodeId, usize>,
    /// Nodes with errors, and all that depend on them: they are not visited, so that one error is told once.
    pub(super) broken: BTreeSet<NodeId>,
}

impl Walk {
    pub(super) fn new(graph: &Graph) -> Self {
        let place = graph.order().iter().enumerate().map(|(place, id)| (*id, place)).collect();
        let waits: BTreeMap<NodeId, usize> =
            graph.order().iter().map(|id| (*id, graph.dependencies(*id).len())).collect();
        let mut walk = Self { waits, ready: BTreeSet::new(), place, broken: BTreeSet::new() };
        for id in graph.order() {
            if walk.waits.get(id) == Some(&0) {
                walk.make_ready(*id);
            }
        }
        walk
    }

    pub(super) fn release(&mut self, id: NodeId) {
        if let Some(count) = self.waits.get_mut(&id) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.make_ready(id);
            }
        }
    }

    fn make_ready(&mut self, id: NodeId) {
        let place = self.place.get(&id).copied().unwrap_or(usize::MAX);
        self.ready.insert((place, id));
    }
}
