//! Saying what a cycle consists of: every edge with its place.

use std::collections::{BTreeMap, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::NodeIndex;

use super::{Graph, NodeId};
use crate::diag::{Diagnostic, Diagnostics};

/// At most this many edges of one cycle are shown with their source.
const SHOWN: usize = 12;

/// One diagnostic for each knot of the graph, with a shortest cycle through it.
pub(super) fn explain(graph: &Graph) -> Diagnostics {
    // Tarjan's algorithm would need a stack as deep as the longest chain.
    let mut knots: Vec<Vec<NodeIndex>> = kosaraju_scc(&graph.edges)
        .into_iter()
        .filter(|knot| knot.len() > 1 || knot.iter().any(|index| graph.edges.contains_edge(*index, *index)))
        .collect();
    for knot in &mut knots {
        knot.sort();
    }
    knots.sort();
    Diagnostics(knots.iter().map(|knot| describe(graph, &shortest(graph, knot))).collect())
}

fn describe(graph: &Graph, cycle: &[NodeIndex]) -> Diagnostic {
    let label = |index: NodeIndex| graph.label(NodeId(index.index()));
    let mut names: Vec<String> = cycle.iter().take(SHOWN).map(|index| label(*index)).collect();
    if let Some(left_out) = cycle.len().checked_sub(SHOWN).filter(|left_out| *left_out > 0) {
        names.push(format!("({left_out} more)"));
    }
    names.extend(cycle.first().map(|index| label(*index)));
    let mut diagnostic = Diagnostic::error(
        "Cycle",
        format!("These depend on each other, so that none of them can be first: {}.", names.join(" -> ")),
    )
    .help("Remove one of the references, or move what both sides need into a local value of its own.");
    let next = cycle.iter().cycle().skip(1);
    for (from, to) in cycle.iter().zip(next).take(SHOWN) {
        if let Some(edge) = graph.edges.find_edge(*from, *to).and_then(|edge| graph.edges.edge_weight(edge)) {
            diagnostic = diagnostic.label(edge.place, format!("{} depends on {}", label(*from), label(*to)));
        }
    }
    diagnostic
}

/// A shortest cycle through the knot's first node: breadth first, inside the knot.
fn shortest(graph: &Graph, knot: &[NodeIndex]) -> Vec<NodeIndex> {
    let Some(start) = knot.first().copied() else { return Vec::new() };
    let mut came_from: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        let mut next: Vec<NodeIndex> =
            graph.edges.neighbors(at).filter(|n| knot.binary_search(n).is_ok()).collect();
        next.sort();
        for neighbour in next {
            if neighbour == start {
                let mut cycle = vec![at];
                while let Some(before) = cycle.last().and_then(|last| came_from.get(last)) {
                    cycle.push(*before);
                }
                cycle.reverse();
                return cycle;
            }
            if let std::collections::btree_map::Entry::Vacant(vacant) = came_from.entry(neighbour) {
                vacant.insert(at);
                queue.push_back(neighbour);
            }
        }
    }
    vec![start]
}
