//! What waits for what: changes put in an order in which they could be done one by one, and the groups over them.
//!
//! Blocks come in the graph's order, objects that go come last. A replacement that destroys first turns that around for
//! what depends on it: that goes before it, whether it is made anew afterwards or has left the file, and is made anew
//! behind it. So nothing is left for a while that stands on what is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::Value;

use super::Planner;
use crate::addr::Address;
use crate::graph::{Item, NodeId};
use crate::plan::Action;
use crate::plan::change::{Change, Group};
use crate::plan::reason::Reason;

/// A group on its way: its changes are still with it, and what it needs are places in the list of units.
#[derive(Default)]
struct Unit {
    name: Arc<str>,
    needs: Vec<usize>,
    changes: Vec<Change>,
}

/// The units so far, and where each block's is.
#[derive(Default)]
struct Units {
    list: Vec<Unit>,
    of_block: BTreeMap<NodeId, usize>,
}

impl Units {
    fn add(&mut self, name: impl Into<Arc<str>>, needs: Vec<usize>, changes: Vec<Change>) -> usize {
        self.list.push(Unit { name: name.into(), needs, changes });
        self.list.len() - 1
    }

    fn wait(&mut self, unit: usize, needs: impl IntoIterator<Item = usize>) {
        if let Some(unit) = self.list.get_mut(unit) {
            unit.needs.extend(needs);
        }
    }

    /// The plan's form: each group behind those that it needs, otherwise as they were added.
    fn arrange(self) -> (Vec<Change>, Vec<Group>) {
        let needs: Vec<Vec<usize>> = self.list.iter().map(|unit| unit.needs.clone()).collect();
        let order = topological(&needs);
        let place: BTreeMap<usize, usize> = order.iter().enumerate().map(|(at, unit)| (*unit, at)).collect();
        let mut units: Vec<Option<Unit>> = self.list.into_iter().map(Some).collect();
        let (mut changes, mut groups) = (Vec::new(), Vec::with_capacity(order.len()));
        for index in order {
            let Some(unit) = units.get_mut(index).and_then(Option::take) else { continue };
            let first = changes.len();
            changes.extend(unit.changes);
            let needs: BTreeSet<usize> =
                unit.needs.iter().filter_map(|need| place.get(need).copied()).collect();
            let (needs, changes) = (needs.into_iter().collect(), (first..changes.len()).collect());
            groups.push(Group { name: unit.name, needs, changes });
        }
        (changes, groups)
    }
}

/// What goes early because something that it depends on is destroyed to be made anew.
#[derive(Default)]
struct Early {
    /// Blocks that are replaced and depend on nothing that is, by which of them belong together.
    roots: BTreeMap<NodeId, usize>,
    /// Everything that depends on those, with the same.
    cone: BTreeMap<NodeId, usize>,
    /// Which of the cone are destroyed first, or have such among what depends on them.
    leads: BTreeSet<NodeId>,
    /// Objects that left the file, by their place among the orphans, with the same.
    orphans: BTreeMap<usize, usize>,
}

impl Planner {
    /// The blocks with `create_before_destroy`, and what they depend on, directly or not.
    pub(super) fn made_first(&self) -> BTreeSet<NodeId> {
        let says_so = |id: &NodeId| {
            let node = self.graph.node(*id);
            let Item::Resource(name) = &node.item else { return false };
            let resource = self.graph.module(node.module).module.resources.get(name);
            resource.is_some_and(|resource| resource.lifecycle.create_before_destroy)
        };
        let mut found = BTreeSet::new();
        let mut stack: Vec<NodeId> = self.graph.order().iter().copied().filter(says_so).collect();
        while let Some(id) = stack.pop() {
            if found.insert(id) {
                stack.extend(self.graph.dependencies(id));
            }
        }
        found
    }

    /// The changes in an order in which they could be done one by one, and the groups over them.
    pub(super) fn ordered(&mut self) -> (Vec<Change>, Vec<Group>) {
        // Not in the order in which answers came.
        self.orphans.sort_by(|a, b| a.key.cmp(&b.key));
        let mut units = Units::default();
        let early = self.early();
        self.add_blocks(&mut units);
        let everything = units.list.len();
        let orphan_needs = self.orphan_needs();
        self.add_early(&early, &orphan_needs, &mut units);
        self.add_orphans(&early, &orphan_needs, everything, &mut units);
        units.arrange()
    }

    /// A unit for each block that changes something, or passes the waiting on to one that does.
    fn add_blocks(&mut self, units: &mut Units) {
        let wanted = self.waited_for();
        for id in self.graph.order() {
            let mut own = self.changes.remove(id).unwrap_or_default();
            let dependencies = self.graph.dependencies(*id);
            let needs: Vec<usize> = dependencies
                .iter()
                .filter_map(|dependency| units.of_block.get(dependency).copied())
                .collect();
            // A block that changes nothing only passes the waiting on, if anyone behind it waits.
            if own.is_empty() && (needs.is_empty() || !wanted.contains(id)) {
                continue;
            }
            own.sort_by(|a, b| a.key.cmp(&b.key));
            let unit = units.add(self.graph.label(*id), needs, own);
            units.of_block.insert(*id, unit);
        }
    }

    /// Nodes with changes of their own or of something that depends on them.
    fn waited_for(&self) -> BTreeSet<NodeId> {
        let mut wanted = BTreeSet::new();
        for id in self.graph.order().iter().rev() {
            if self.changes.contains_key(id) || wanted.contains(id) {
                wanted.insert(*id);
                wanted.extend(self.graph.dependencies(*id));
            }
        }
        wanted
    }

    /// Finds what goes early.
    fn early(&self) -> Early {
        let mut early = Early::default();
        let mut sets = Sets::default();
        for id in self.graph.order() {
            let above: Vec<usize> = (self.graph.dependencies(*id).iter())
                .filter_map(|up| early.roots.get(up).or_else(|| early.cone.get(up)).copied())
                .collect();
            if let Some((first, rest)) = above.split_first() {
                for other in rest {
                    sets.join(*first, *other);
                }
                early.cone.insert(*id, *first);
            } else if self.destroys_first(*id) {
                early.roots.insert(*id, sets.add());
            }
        }
        for id in self.graph.order().iter().rev().filter(|id| early.cone.contains_key(*id)) {
            let below = self.graph.dependents(*id);
            if self.destroys_first(*id) || below.iter().any(|below| early.leads.contains(below)) {
                early.leads.insert(*id);
            }
        }
        self.early_orphans(&mut early, &mut sets);
        for set in early.roots.values_mut().chain(early.cone.values_mut()).chain(early.orphans.values_mut()) {
            *set = sets.find(*set);
        }
        early
    }

    fn destroys_first(&self, id: NodeId) -> bool {
        self.changes.get(&id).is_some_and(|changes| changes.iter().any(is_destroyed_first))
    }

    /// Objects that left the file and, as far as the state knows, depend on what is destroyed to be made anew.
    fn early_orphans(&self, early: &mut Early, sets: &mut Sets) {
        if self.orphans.is_empty() {
            return;
        }
        let dependents = self.dependents_in_state();
        let all = early.roots.iter().chain(&early.cone);
        let mut queue: Vec<(Address, usize)> = all
            .flat_map(|(id, set)| {
                self.changes.get(id).into_iter().flatten().map(move |change| (change, *set))
            })
            .filter(|(change, _)| is_destroyed_first(change))
            .map(|(change, set)| (change.key.address.block(), set))
            .collect();
        queue.dedup();
        let mut reached: BTreeMap<Address, usize> = BTreeMap::new();
        while let Some((block, set)) = queue.pop() {
            for dependent in dependents.get(&block).into_iter().flatten() {
                if let Some(known) = reached.get(dependent) {
                    sets.join(*known, set);
                } else {
                    reached.insert(dependent.clone(), set);
                    queue.push((dependent.clone(), set));
                }
            }
        }
        for (index, orphan) in self.orphans.iter().enumerate() {
            let goes = orphan.action == Action::Destroy && !orphan.key.is_deposed();
            if let Some(set) = reached.get(&orphan.key.address.block()).filter(|_| goes) {
                early.orphans.insert(index, *set);
            }
        }
    }

    /// The units that go before a replacement. They wait for what the replacement waits for: a gate that is shut keeps
    /// them as it keeps that.
    fn add_early(&self, early: &Early, orphan_needs: &[Vec<usize>], units: &mut Units) {
        let mut fronts: BTreeMap<usize, usize> = BTreeMap::new();
        for (id, set) in &early.roots {
            let below = self.graph.dependents(*id);
            let alone = !below.iter().any(|below| early.leads.contains(below))
                && !early.orphans.values().any(|other| other == set);
            if alone {
                continue;
            }
            let needs = units.of_block.get(id).and_then(|unit| units.list.get(*unit));
            let needs = needs.map(|unit| unit.needs.clone()).unwrap_or_default();
            let front =
                *fronts.entry(*set).or_insert_with(|| units.add("what is made anew", Vec::new(), Vec::new()));
            units.wait(front, needs);
        }
        let gone = self.add_early_orphans(early, orphan_needs, &fronts, units);
        let mut destroyed: BTreeMap<NodeId, usize> = BTreeMap::new();
        for id in self.graph.order().iter().rev().filter(|id| early.leads.contains(*id)) {
            let Some(set) = early.cone.get(id) else { continue };
            let mut needs: Vec<usize> =
                self.graph.dependents(*id).iter().filter_map(|below| destroyed.get(below).copied()).collect();
            needs.extend(fronts.get(set).into_iter().chain(gone.get(set)));
            let unit = units.of_block.get(id).and_then(|unit| units.list.get(*unit));
            let own = unit
                .map(|unit| unit.changes.iter().filter(|it| is_destroyed_first(it)).map(halved).collect());
            let own: Vec<Change> = own.unwrap_or_default();
            if !own.is_empty() {
                // Its own gates count, but not those that lie behind what is made anew.
                let others = self.graph.dependencies(*id);
                let others =
                    others.iter().filter(|up| !early.roots.contains_key(up) && !early.cone.contains_key(up));
                needs.extend(others.filter_map(|up| units.of_block.get(up).copied()));
            }
            destroyed.insert(*id, units.add(self.graph.label(*id), needs, own));
        }
        for (id, set) in &early.roots {
            let Some(unit) = units.of_block.get(id).copied() else { continue };
            let below = self.graph.dependents(*id);
            units.wait(unit, below.iter().filter_map(|below| destroyed.get(below).copied()));
            units.wait(unit, gone.get(set).copied());
        }
    }

    /// The units of early orphans; gives the unit that ends when all of a set are gone.
    fn add_early_orphans(
        &self,
        early: &Early,
        orphan_needs: &[Vec<usize>],
        fronts: &BTreeMap<usize, usize>,
        units: &mut Units,
    ) -> BTreeMap<usize, usize> {
        let mut unit_of: BTreeMap<usize, usize> = BTreeMap::new();
        let mut gone: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, set) in &early.orphans {
            let Some(orphan) = self.orphans.get(*index) else { continue };
            let needs = fronts.get(set).copied().into_iter().collect();
            let unit = units.add(Self::orphan_name(orphan), needs, vec![orphan.clone()]);
            unit_of.insert(*index, unit);
            gone.entry(*set).or_default().push(unit);
        }
        for (index, unit) in &unit_of {
            let before = orphan_needs.get(*index).into_iter().flatten();
            units.wait(*unit, before.filter_map(|other| unit_of.get(other).copied()));
        }
        let barrier = |(set, all)| (set, units.add("what left the file and stood on it", all, Vec::new()));
        gone.into_iter().map(barrier).collect()
    }

    /// Objects that go come last: after everything that may have used them was changed, and after each other.
    fn add_orphans(&mut self, early: &Early, needs: &[Vec<usize>], everything: usize, units: &mut Units) {
        let orphans = std::mem::take(&mut self.orphans);
        let late: Vec<(usize, Change)> =
            orphans.into_iter().enumerate().filter(|(index, _)| !early.orphans.contains_key(index)).collect();
        if late.is_empty() {
            return;
        }
        let gate = (everything > 0)
            .then(|| units.add("everything in the file", (0..everything).collect(), Vec::new()));
        let mut unit_of: BTreeMap<usize, usize> = BTreeMap::new();
        for (index, orphan) in late {
            let unit = units.add(Self::orphan_name(&orphan), gate.into_iter().collect(), vec![orphan]);
            unit_of.insert(index, unit);
        }
        for (index, unit) in &unit_of {
            let before = needs.get(*index).into_iter().flatten();
            units.wait(*unit, before.filter_map(|other| unit_of.get(other).copied()));
        }
    }
}

/// Sets that grow together when something belongs to two of them.
#[derive(Default)]
struct Sets(Vec<usize>);

impl Sets {
    fn add(&mut self) -> usize {
        self.0.push(self.0.len());
        self.0.len() - 1
    }

    fn find(&mut self, set: usize) -> usize {
        let mut at = set;
        while let Some(up) = self.0.get(at).copied().filter(|up| *up != at) {
            // Halves the way for those who come after.
            let further = self.0.get(up).copied().unwrap_or(up);
            if let Some(slot) = self.0.get_mut(at) {
                *slot = further;
            }
            at = further;
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.find(one), self.find(other));
        if let Some(slot) = self.0.get_mut(other) {
            *slot = one;
        }
    }
}

fn is_destroyed_first(change: &Change) -> bool {
    matches!(change.action, Action::Replace { create_first: false })
}

/// The first half of a replacement, as a step of its own.
fn halved(change: &Change) -> Change {
    Change {
        action: Action::Destroy,
        reasons: vec![Reason::MakesRoom],
        after: Value::NULL,
        replace: Vec::new(),
        notes: Vec::new(),
        preview: None,
        judged_by: Vec::new(),
        ..change.clone()
    }
}

/// An order in which each index comes behind those that it needs; what is left of a cycle comes last.
fn topological(needs: &[Vec<usize>]) -> Vec<usize> {
    let mut waits: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut needed_by = vec![Vec::new(); needs.len()];
    for (index, needs) in needs.iter().enumerate() {
        for need in needs {
            if let Some(needed_by) = needed_by.get_mut(*need) {
                needed_by.push(index);
            }
        }
    }
    let mut free: BTreeSet<usize> = (0..needs.len()).filter(|index| waits.get(*index) == Some(&0)).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(index) = free.pop_first() {
        order.push(index);
        for next in needed_by.get(index).into_iter().flatten() {
            if let Some(count) = waits.get_mut(*next) {
                *count -= 1;
                if *count == 0 {
                    free.insert(*next);
                }
            }
        }
    }
    let done: BTreeSet<usize> = order.iter().copied().collect();
    order.extend((0..needs.len()).filter(|index| !done.contains(index)));
    order
}
