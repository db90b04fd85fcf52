//! The end of planning: changes put in order, groups that say what waits for what, outputs, cautions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::{Lifetime, Value};

use super::{Failure, Planned, Planner};
use crate::addr::{Address, ModulePath};
use crate::event::RunMode;
use crate::graph::NodeId;
use crate::plan::change::{Caution, CautionKind, Group, OutputChange};
use crate::plan::{Action, Basis, Plan};

impl Planner {
    /// The plan, when every question is answered.
    pub fn finish(mut self) -> Result<Planned, Failure> {
        if self.found.has_errors() {
            return Err(Failure { found: self.found, uncertain: self.uncertain, secrets: self.secrets });
        }
        self.found.extend(self.world.check_blocks());
        let (mut changes, groups) =
            if self.way_back.is_some() { self.way_back_groups() } else { self.ordered() };
        self.name_checks(&mut changes);
        if !self.options.targets.is_empty() || !self.options.excludes.is_empty() {
            let text = "Only a part of the release is planned, because of -target or -exclude.".to_owned();
            self.cautions.push(Caution { kind: CautionKind::Partial, key: None, text });
        }
        if !self.options.ask {
            let text = "Nobody was asked, because of -no-exec: commits, drift, gates and what became of lost actions \
                        are not looked at. What is done may be more, or less."
                .to_owned();
            self.cautions.push(Caution { kind: CautionKind::Partial, key: None, text });
        }
        self.cautions.sort();
        self.drift.sort_by(|a, b| a.key.cmp(&b.key));
        let outputs = self.outputs();
        let variables = self.world.values().variables(&ModulePath::default());
        let basis = Basis {
            config: self.way_back.is_none().then(|| self.world.config().digest),
            state: self.state.digest(),
            lineage: self.state.lineage.clone(),
            variables: variables
                .iter()
                .map(|(name, value)| (Arc::clone(name), self.sealer.seal_value(value)))
                .collect(),
            providers: self.providers.versions(),
        };
        let plan = Plan {
            product: Arc::clone(&self.world.config().product),
            version: self.version,
            mode: self.options.mode,
            basis,
            changes,
            groups,
            unchanged: self.unchanged,
            drift: self.drift,
            outputs,
            cautions: self.cautions,
            standing: self.standing.into_values().collect(),
        };
        Ok(Planned {
            plan,
            world: self.world,
            state: self.state,
            prelude: self.prelude,
            actors: self.actors,
            providers: self.providers,
            secrets: self.secrets,
            warnings: self.found,
        })
    }

    /// The changes in an order in which they could be done one by one, and the groups over them.
    fn ordered(&mut self) -> (Vec<crate::plan::Change>, Vec<Group>) {
        let mut changes = Vec::new();
        let mut groups: Vec<Group> = Vec::new();
        let mut group_of: BTreeMap<NodeId, usize> = BTreeMap::new();
        let wanted = self.waited_for();
        for id in self.graph.order() {
            let mut own = self.changes.remove(id).unwrap_or_default();
            let needs: Vec<usize> = self
                .graph
                .dependencies(*id)
                .iter()
                .filter_map(|dependency| group_of.get(dependency).copied())
                .collect();
            // A block that changes nothing only passes the waiting on, if anyone behind it waits.
            if own.is_empty() && (needs.is_empty() || !wanted.contains(id)) {
                continue;
            }
            own.sort_by(|a, b| a.key.cmp(&b.key));
            let first = changes.len();
            changes.extend(own);
            group_of.insert(*id, groups.len());
            let name = self.graph.label(*id).into();
            groups.push(Group { name, needs, changes: (first..changes.len()).collect() });
        }
        self.append_orphans(&mut changes, &mut groups);
        (changes, groups)
    }

    /// Notes for each live resource which checks of the file judge it.
    fn name_checks(&self, changes: &mut [crate::plan::Change]) {
        let mut by_block: BTreeMap<Address, Vec<Address>> = BTreeMap::new();
        for (id, check) in &self.checks {
            for block in self.judged_blocks(*id, &check.module) {
                by_block.entry(block).or_default().push(check.clone());
            }
        }
        let makes = |action| matches!(action, Action::Create | Action::Update | Action::Replace { .. });
        for change in changes {
            if change.lifetime == Some(Lifetime::Live) && makes(change.action) {
                let block = Address { key: None, ..change.key.address.clone() };
                let checks = by_block.get(&block).into_iter().flatten().cloned();
                change.judged_by.extend(checks);
                change.judged_by.sort();
            }
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

    /// Objects that go come last: after everything that may have used them was changed, and after each other.
    fn append_orphans(&mut self, changes: &mut Vec<crate::plan::Change>, groups: &mut Vec<Group>) {
        if self.orphans.is_empty() {
            return;
        }
        let before = groups.len();
        let needs = self.orphan_needs();
        let gate = if before == 0 {
            Vec::new()
        } else {
            groups.push(Group {
                name: "everything in the file".into(),
                needs: (0..before).collect(),
                changes: Vec::new(),
            });
            vec![before]
        };
        let start = groups.len();
        // Those that nobody needs any more first, so that the order can be walked.
        let order = topological(&needs);
        let position: BTreeMap<usize, usize> =
            order.iter().enumerate().map(|(at, index)| (*index, at)).collect();
        let orphans = std::mem::take(&mut self.orphans);
        for index in order {
            let Some(orphan) = orphans.get(index) else { continue };
            let mut own: Vec<usize> = gate.clone();
            let earlier = needs.get(index).into_iter().flatten().filter_map(|need| position.get(need));
            own.extend(earlier.map(|at| start + at));
            own.sort_unstable();
            groups.push(Group { name: Self::orphan_name(orphan), needs: own, changes: vec![changes.len()] });
            changes.push(orphan.clone());
        }
    }

    fn outputs(&self) -> Vec<OutputChange> {
        if matches!(self.options.mode, RunMode::Destroy | RunMode::Refresh | RunMode::Rollback) {
            return Vec::new();
        }
        let now = self.world.outputs_over(&self.state.outputs);
        let names: BTreeSet<&Arc<str>> = now.keys().chain(self.state.outputs.keys()).collect();
        let of = |name: &Arc<str>| OutputChange {
            name: Arc::clone(name),
            before: self.state.outputs.get(name).map_or(Value::NULL, |before| self.sealer.comparable(before)),
            after: now.get(name).cloned().unwrap_or(Value::NULL),
        };
        names
            .into_iter()
            .map(of)
            .filter(|change| self.sealer.seal_value(&change.after) != change.before)
            .collect()
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
