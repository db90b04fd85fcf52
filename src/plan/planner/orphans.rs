//! Objects of the state that no file names: records and verdicts stay as they are; live resources go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::Lifetime;

use super::Planner;
use super::instance::{Instance, Purpose};
use super::mistakes::protected;
use super::way_back::blank;
use super::whom::Whom;
use crate::addr::Address;
use crate::diag::Diagnostic;
use crate::event::{EntryKey, RunMode};
use crate::plan::at_once::at_once;
use crate::plan::change::{Action, Caution, CautionKind, Change};
use crate::plan::reason::Reason;
use crate::plan::setup::{Options, covers};
use crate::shell;

impl Planner {
    pub(super) fn begin_orphans(&mut self) {
        if self.options.mode == RunMode::Refresh || self.world.has_open() {
            return;
        }
        let everything = self.options.mode == RunMode::Destroy;
        let part = everything.then(|| self.destroyed_part());
        let orphans: Vec<EntryKey> = self
            .state
            .entries
            .iter()
            .filter(|(key, _)| everything || !self.named.contains(*key))
            .filter(|(key, entry)| entry.lifetime == Lifetime::Live || key.is_deposed())
            .map(|(key, _)| key.clone())
            .filter(|key| match &part {
                Some(part) => part.as_ref().is_none_or(|part| part.contains(key)),
                None => self.selection.takes_orphan(&key.address),
            })
            .filter(|key| everything || !self.selection.leaves_object(&key.address))
            .collect();
        for key in orphans {
            self.begin_orphan(key);
        }
    }

    /// What is destroyed of the state; none for all. What depends on a target goes with it, and what something that is
    /// left out depends on stays with that.
    fn destroyed_part(&self) -> Option<BTreeSet<EntryKey>> {
        let Options { targets, excludes, .. } = &self.options;
        if targets.is_empty() && excludes.is_empty() {
            return None;
        }
        let blocks = |covered: &dyn Fn(&Address) -> bool| -> BTreeSet<Address> {
            let named = self.state.entries.keys().filter(|key| covered(&key.address));
            named.map(|key| key.address.block()).collect()
        };
        let dependents = self.dependents_in_state();
        let with_them = reached(blocks(&|address| covers(targets, address)), &dependents);
        let mut dependencies: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
        for (key, entry) in &self.state.entries {
            let own = dependencies.entry(key.address.block()).or_default();
            own.extend(entry.dependencies.iter().map(Address::block));
        }
        let stays = reached(blocks(&|address| covers(excludes, address)), &dependencies);
        let taken = |address: &Address| {
            let block = address.block();
            let wanted = targets.is_empty() || covers(targets, address) || with_them.contains(&block);
            wanted && !covers(excludes, address) && !stays.contains(&block)
        };
        Some(self.state.entries.keys().filter(|key| taken(&key.address)).cloned().collect())
    }

    /// The blocks that depend on each block, as far as the state knows.
    pub(super) fn dependents_in_state(&self) -> BTreeMap<Address, BTreeSet<Address>> {
        let mut dependents: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
        for (key, entry) in &self.state.entries {
            for dependency in &entry.dependencies {
                dependents.entry(dependency.block()).or_default().insert(key.address.block());
            }
        }
        dependents
    }

    fn begin_orphan(&mut self, key: EntryKey) {
        let Some(entry) = self.state.entries.get(&key).cloned() else { return };
        let Some(whom) = self.whom_of_entry(&key, &entry) else {
            let detail = format!(
                "{key} is not in the file any more, and its provider {:?} is not known, so that nothing can be done about it.",
                entry.provider
            );
            let help = format!(
                "Add the provider again, or let go of it with `relplan state rm{} {}`.",
                (self.commands.ledger)(),
                shell::quoted(&key.address.to_string())
            );
            self.found.push(Diagnostic::error("Unknown provider", detail).help(help));
            return;
        };
        let instance = Instance::of_entry(key, entry, whom, Purpose::Leave);
        self.reconcile_or_read(instance);
    }

    pub(super) fn decide_orphan(&mut self, instance: &Instance) {
        let Whom::Resource(resource, _) = &instance.whom else { return };
        // Reconciling may have shown that nothing is there.
        let Some(entry) = instance.entry.as_ref().filter(|entry| entry.exists()) else { return };
        let key = instance.key.clone();
        let removed = self
            .world
            .config()
            .root
            .removed
            .iter()
            .find(|removed| removed.from.covers(&key.address))
            .cloned();
        let reason = match (&removed, self.options.mode) {
            _ if key.is_deposed() => Reason::Deposed,
            (_, RunMode::Destroy) => Reason::DestroyAsked,
            (Some(_), _) => Reason::Removed,
            (None, _) => Reason::LeftFile,
        };
        let can = match at_once(|| resource.can_destroy(&entry.value)) {
            Ok(can) => can,
            Err(problem) => {
                let text = format!("Whether {key} can be destroyed is not known. {}", problem.message);
                return self.found.push(Diagnostic::error("Provider failed", text));
            }
        };
        let destroys = can && removed.is_none_or(|removed| removed.destroy);
        if destroys && self.is_protected(&key) {
            return;
        }
        let action = if destroys { Action::Destroy } else { Action::Forget };
        let (kind, text) = if destroys {
            (CautionKind::Destructive, "It is destroyed.".to_owned())
        } else {
            (CautionKind::LetGo, "It leaves the state, and what it stands for stays as it is.".to_owned())
        };
        self.cautions.push(Caution { kind, key: Some(key.clone()), text });
        self.actors.insert(key.clone(), instance.whom.clone());
        self.orphans.push(blank(&key, entry, &instance.whom, action, vec![reason]));
    }

    /// Whether the block of an instance that goes is still there and refuses that; then that is said.
    fn is_protected(&mut self, key: &EntryKey) -> bool {
        let module = self.world.module_of(&key.address.module).filter(|_| !key.is_deposed());
        let content = module.map(|id| Arc::clone(&self.graph.module(id).module));
        let resource = content.as_ref().and_then(|content| content.resources.get(&key.address.resource));
        let Some(resource) = resource.filter(|resource| resource.lifecycle.prevent_destroy) else {
            return false;
        };
        self.found.push(protected(key, resource.span));
        true
    }

    /// Which of the orphans must go before another: those that depended on it.
    pub(super) fn orphan_needs(&self) -> Vec<Vec<usize>> {
        let mut by_block: BTreeMap<Address, Vec<usize>> = BTreeMap::new();
        for (index, orphan) in self.orphans.iter().enumerate() {
            by_block.entry(orphan.key.address.block()).or_default().push(index);
        }
        let mut needs = vec![Vec::new(); self.orphans.len()];
        for (index, orphan) in self.orphans.iter().enumerate() {
            for dependency in &orphan.dependencies {
                for target in by_block.get(&dependency.block()).into_iter().flatten() {
                    if let Some(needs) = needs.get_mut(*target)
                        && *target != index
                    {
                        needs.push(index);
                    }
                }
            }
        }
        needs
    }

    /// The name of an orphan's group.
    pub(super) fn orphan_name(change: &Change) -> Arc<str> {
        change.key.to_string().into()
    }
}

/// What is reached from some blocks over one edge or several.
fn reached(from: BTreeSet<Address>, edges: &BTreeMap<Address, BTreeSet<Address>>) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    let mut stack: Vec<Address> = from.into_iter().collect();
    while let Some(block) = stack.pop() {
        for next in edges.get(&block).into_iter().flatten() {
            if found.insert(next.clone()) {
                stack.push(next.clone());
            }
        }
    }
    found
}
