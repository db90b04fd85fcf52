//! Folding of moves: all that is said of one address is said of another from then on.

use super::{IllegalTransition, State};
use crate::addr::Address;
use crate::event::EntryKey;

impl State {
    pub(super) fn move_entry(
        &mut self,
        from: &EntryKey,
        to: &EntryKey,
        seq: u64,
    ) -> Result<(), IllegalTransition> {
        if self.entries.contains_key(to) {
            return Err(IllegalTransition::Occupied { key: to.clone() });
        }
        let entry = self.entries.get(from).ok_or_else(|| IllegalTransition::Unknown { key: from.clone() })?;
        if entry.open().is_some() {
            return Err(IllegalTransition::StillOpen { key: from.clone() });
        }
        let deposes = from.address == to.address && from.is_deposed() != to.is_deposed();
        if !deposes && from.version.is_some() != to.version.is_some() {
            return Err(IllegalTransition::WrongKey { key: to.clone() });
        }
        let Some(mut entry) = self.entries.remove(from) else { return Ok(()) };
        let last = self.generations.get(to).copied().unwrap_or(0).max(entry.generation);
        self.generations.insert(to.clone(), last);
        entry.generation = last;
        entry.seq = seq;
        self.entries.insert(to.clone(), entry);
        if let Some(reason) = self.holds.remove(&from.address) {
            self.holds.insert(to.address.clone(), reason);
        }
        if from.address != to.address {
            self.rename(&from.address, &to.address);
        }
        Ok(())
    }

    /// Makes everything that is said of one address be said of another.
    fn rename(&mut self, from: &Address, to: &Address) {
        if let Some(history) = self.history.remove(from) {
            self.history.insert(to.clone(), history);
        }
        if let Some(way) = self.turning_back.remove(from) {
            self.turning_back.insert(to.clone(), way);
        }
        let rename_all = |addresses: &mut Vec<Address>| {
            addresses
                .iter_mut()
                .filter(|address| *address == from)
                .for_each(|address| address.clone_from(to));
        };
        for entry in self.entries.values_mut() {
            rename_all(&mut entry.dependencies);
            rename_all(&mut entry.judged_by);
            if let Some(judgement) = &mut entry.judgement
                && let Some(digest) = judgement.judged.remove(from)
            {
                judgement.judged.insert(to.clone(), digest);
            }
        }
        for past in self.history.values_mut().flatten() {
            rename_all(&mut past.dependencies);
            if past.judged_by.remove(from) {
                past.judged_by.insert(to.clone());
            }
            if let Some(passed) = past.verdicts.remove(from) {
                past.verdicts.insert(to.clone(), passed);
            }
        }
    }
}
