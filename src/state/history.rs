//! What was deployed in the past at the addresses of live resources, and which of it may be turned back to; and
//! with which arguments each check had passed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::Value;

use super::{Entry, RunSummary, State};
use crate::addr::Address;

/// How many deployments are remembered for each live resource. The ledger itself keeps them all.
pub const HISTORY_LIMIT: usize = 64;

/// A deployment of the past, or that the resource was destroyed or let go. For a check: that it passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Version of the release.
    pub version: Arc<str>,
    /// Name (and alias) of the provider configuration.
    pub provider: String,
    /// The arguments. Of what was destroyed to be made anew, those of the new one; null for what just went.
    pub inputs: Value,
    /// The object after it; null when it was destroyed or let go.
    pub value: Value,
    /// What it directly depended on.
    pub dependencies: Vec<Address>,
    /// The checks of that version that judge it.
    pub judged_by: BTreeSet<Address>,
    /// The record that last did it.
    pub seq: u64,
    /// The records since which it was there, oldest first: it may have gone and come back.
    pub since: Vec<u64>,
    /// The last word of each check that judged it: whether it passed.
    pub verdicts: BTreeMap<Address, bool>,
}

impl Past {
    /// Whether it is known good: every check of its version that judges it has passed on it, at least one did, and
    /// none failed since.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        let passed = !self.verdicts.is_empty() && self.verdicts.values().all(|passed| *passed);
        let whole = self.judged_by.iter().all(|check| self.verdicts.contains_key(check));
        !self.value.is_null() && passed && whole
    }

    /// Whether a check judges it, or did.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        !self.judged_by.is_empty() || !self.verdicts.is_empty()
    }

    fn is_of(&self, entry: &Entry) -> bool {
        self.version == entry.version && self.inputs == entry.inputs && !self.value.is_null()
    }
}

impl State {
    /// What was deployed at an address, oldest first; each version with the same inputs stands in it once.
    #[must_use]
    pub fn deployments(&self, address: &Address) -> &[Past] {
        self.history.get(address).map_or(&[], Vec::as_slice)
    }

    /// The deployment that is there now.
    #[must_use]
    pub fn current(&self, address: &Address) -> Option<&Past> {
        let entry = self.entry(address)?;
        self.deployments(address).iter().rev().find(|past| past.is_of(entry))
    }

    /// The deployment to turn back to: the last verified one with other inputs than what is there now. What a rollback
    /// that was cut off was about to leave counts no more.
    #[must_use]
    pub fn rollback_target(&self, address: &Address) -> Option<&Past> {
        let now = self.entry(address).map(|entry| &entry.inputs);
        let differs = |past: &&Past| {
            past.is_verified() && Some(&past.inputs) != now && !self.withdrawn.contains_key(&past.version)
        };
        let begun = self.turning_back.get(address).map_or(0, |way| way.seq);
        let mut verified = self.deployments(address).iter().rev().filter(differs).peekable();
        let since = verified.peek().copied().filter(|past| past.seq > begun);
        let wanted = || self.way_of(address).filter(|past| Some(&past.inputs) != now);
        since.or_else(wanted).or_else(|| verified.next())
    }

    /// The live resources that a release destroyed to make them anew, and did not come to that, each with what was good
    /// there: a replacement that was cut off half-way.
    pub fn lost(&self) -> impl Iterator<Item = (&Address, &Past)> {
        let ended_well =
            self.runs.iter().rev().filter(|run| run.mode.acts()).find_map(RunSummary::ended_well);
        let since = ended_well.map_or(0, |closed| closed.seq);
        self.history.iter().filter_map(move |(address, pasts)| {
            let half = |last: &&Past| last.value.is_null() && !last.inputs.is_null() && last.seq > since;
            pasts.last().filter(half)?;
            let taken = self.entry(address).is_none();
            let good = |past: &&Past| past.is_verified() && !self.withdrawn.contains_key(&past.version);
            Some((address, pasts.iter().rev().find(good).filter(|_| taken)?))
        })
    }

    /// The deployment that a rollback is to bring back, or was when it was cut off.
    #[must_use]
    pub fn way_of(&self, address: &Address) -> Option<&Past> {
        self.past(address, &self.turning_back.get(address)?.version)
    }

    /// Whether what is there now was to be turned back by a rollback that was cut off before it came to it.
    fn is_given_up(&self, address: &Address) -> bool {
        let begun = self.turning_back.get(address).map_or(0, |way| way.seq);
        let now = || self.current(address).filter(|now| now.seq < begun);
        let inputs = |(now, wanted): (&Past, &Past)| now.inputs != wanted.inputs;
        begun > 0 && now().zip(self.way_of(address)).is_some_and(inputs)
    }

    /// Whether a live resource is not at a version that is known good for it, though checks judge it, or is still to be
    /// turned back by a rollback that was cut off: what rolling back is about.
    #[must_use]
    pub fn is_in_doubt(&self, address: &Address) -> bool {
        let unproven = |past: &Past| past.is_judged() && !past.is_verified();
        self.current(address).is_some_and(unproven) || self.is_given_up(address)
    }

    /// Whether a failed verdict, given by a check of `version`, turns a live resource back. Not what the check had
    /// passed on before (a person decides about that), nor what another version deployed and found good.
    #[must_use]
    pub fn turns_back(&self, address: &Address, check: &Address, version: &str) -> bool {
        self.current(address).is_none_or(|now| {
            let passed_before = now.verdicts.get(check) == Some(&true);
            let is_of_another = *now.version != *version && now.is_verified();
            (!passed_before && !is_of_another) || self.is_given_up(address)
        })
    }

    /// What a version itself deployed at an address, verified or not.
    #[must_use]
    pub fn past(&self, address: &Address, version: &str) -> Option<&Past> {
        let of_version = |past: &&Past| *past.version == *version && !past.value.is_null();
        self.deployments(address).iter().rev().find(of_version)
    }

    /// What was there when a version was complete, whichever version deployed it: the state that turning back to
    /// this version restores. None when nothing was there, or when the version was never complete.
    #[must_use]
    pub fn deployed_at(&self, address: &Address, version: &str) -> Option<&Past> {
        let complete = self.releases.get(version)?.completed_seq?;
        let own = self.past(address, version);
        let before = || {
            let came = |past: &&Past| past.since.iter().copied().filter(|since| *since < complete).max();
            self.deployments(address).iter().filter(|past| came(past).is_some()).max_by_key(came)
        };
        own.or_else(before).filter(|past| !past.value.is_null())
    }

    /// Puts what is at an address now at the end of its history. A version deployed again with the same inputs
    /// keeps the verdicts that it had: it is the same release.
    pub(super) fn remember(&mut self, address: &Address) {
        let key = crate::event::EntryKey { address: address.clone(), version: None };
        let Some(entry) = self.entries.get(&key) else { return };
        let history = self.history.entry(address.clone()).or_default();
        let known = history.iter().position(|past| past.is_of(entry));
        let was_there = known.is_some_and(|index| index + 1 == history.len());
        let before = known.map(|index| history.remove(index));
        let (mut since, verdicts) = before.map(|past| (past.since, past.verdicts)).unwrap_or_default();
        if !was_there {
            since.push(entry.seq);
            since.drain(..since.len().saturating_sub(HISTORY_LIMIT));
        }
        history.push(Past {
            version: Arc::clone(&entry.version),
            provider: entry.provider.clone(),
            inputs: entry.inputs.clone(),
            value: entry.value.clone(),
            dependencies: entry.dependencies.clone(),
            judged_by: entry.judged_by.iter().cloned().collect(),
            seq: entry.seq,
            since,
            verdicts,
        });
        forget_oldest(history);
    }

    /// Notes that nothing is at an address any more. `inputs` are those with which it was to be made anew, if it was.
    pub(super) fn remember_gone(&mut self, address: &Address, version: &Arc<str>, inputs: Value, seq: u64) {
        let Some(history) = self.history.get_mut(address) else { return };
        history.push(Past {
            version: Arc::clone(version),
            provider: String::new(),
            inputs,
            value: Value::NULL,
            dependencies: Vec::new(),
            judged_by: BTreeSet::new(),
            seq,
            since: vec![seq],
            verdicts: BTreeMap::new(),
        });
        forget_oldest(history);
    }

    /// Notes the verdict of a check of `version` on what is at an address now. A failure in one version takes nothing
    /// from what another version found good: it may be due to what changed beside it.
    pub(super) fn mark(&mut self, address: &Address, check: &Address, passed: bool, version: &str) {
        let key = crate::event::EntryKey { address: address.clone(), version: None };
        let (Some(entry), Some(history)) = (self.entries.get(&key), self.history.get_mut(address)) else {
            return;
        };
        let Some(past) = history.iter_mut().rev().find(|past| past.is_of(entry)) else { return };
        if passed || *past.version == *version || !past.is_verified() {
            past.verdicts.insert(check.clone(), passed);
        }
    }
}

/// Keeps a history within its limit: what was never verified goes first, and the newest always stays.
fn forget_oldest(history: &mut Vec<Past>) {
    if history.len() > HISTORY_LIMIT {
        let older = history.get(..HISTORY_LIMIT).unwrap_or_default();
        let index = older.iter().position(|past| !past.is_verified()).unwrap_or(0);
        history.remove(index);
    }
}
