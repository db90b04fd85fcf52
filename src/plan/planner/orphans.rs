//! Objects of the state that no file names: records and verdicts stay as they are; live resources go.

use std::sync::Arc;

use relplan_contract::Lifetime;

use super::Planner;
use super::instance::{Instance, Purpose, Whom};
use super::way_back::blank;
use crate::addr::Address;
use crate::diag::Diagnostic;
use crate::event::{EntryKey, RunMode};
use crate::plan::change::{Action, Caution, CautionKind, Change};
use crate::plan::reason::Reason;
use crate::shell;

impl Planner {
    pub(super) fn begin_orphans(&mut self) {
        if self.options.mode == RunMode::Refresh || self.world.has_open() {
            return;
        }
        let everything = self.options.mode == RunMode::Destroy;
        let orphans: Vec<EntryKey> = self
            .state
            .entries
            .iter()
            .filter(|(key, _)| everything || !self.named.contains(*key))
            .filter(|(key, entry)| entry.lifetime == Lifetime::Live || key.is_deposed())
            .map(|(key, _)| key.clone())
            .filter(|key| self.selection.takes_orphan(&key.address))
            .filter(|key| everything || !self.selection.leaves_object(&key.address))
            .collect();
        for key in orphans {
            self.begin_orphan(key);
        }
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
        let destroys = resource.can_destroy(&entry.value) && removed.is_none_or(|removed| removed.destroy);
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

    /// Which of the orphans must go before another: those that depended on it.
    pub(super) fn orphan_needs(&self) -> Vec<Vec<usize>> {
        let of_block = |address: &Address| Address { key: None, ..address.clone() };
        let mut by_block: std::collections::BTreeMap<Address, Vec<usize>> = std::collections::BTreeMap::new();
        for (index, orphan) in self.orphans.iter().enumerate() {
            by_block.entry(of_block(&orphan.key.address)).or_default().push(index);
        }
        let mut needs = vec![Vec::new(); self.orphans.len()];
        for (index, orphan) in self.orphans.iter().enumerate() {
            for dependency in &orphan.dependencies {
                for target in by_block.get(&of_block(dependency)).into_iter().flatten() {
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
