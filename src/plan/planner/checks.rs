//! Checks: whether a verdict still holds, what it rests on, and which gates are looked at again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::Lifetime;

use super::Planner;
use super::instance::{InBlock, Instance};
use super::judge::Replacing;
use crate::addr::{Address, ModulePath, ResourceName};
use crate::canonical::Digest;
use crate::graph::NodeId;
use crate::lang::config::When;
use crate::plan::change::{Action, Caution, CautionKind, Change};
use crate::plan::decide::{self, Decision, Ground};
use crate::plan::reason::Reason;
use crate::state::{Entry, State};

/// What the verdicts of all instances of a check in one module instance rest on.
pub(super) struct Rest {
    /// The live resources that it judges and that this plan leaves, each with its digest.
    live: BTreeMap<Address, Digest>,
    /// What this plan changes of all that it directly depends on.
    changing: Vec<Address>,
    basis: Digest,
    blocks: Vec<Address>,
    /// The blocks of live resources that it judges.
    judges: Vec<Address>,
}

impl Planner {
    pub(super) fn plan_check(&mut self, instance: Instance) {
        let Some(block) = instance.block.clone() else { return };
        let rest = self.rest(block.id, &instance.key.address.module);
        let is_gate = instance.whom.is_gate() && rest.judges.is_empty();
        // Looked for only where something is another: each instance would look at all that the others look at.
        let differs = |entry: &&Entry| {
            entry.judgement.as_ref().is_some_and(|it| it.basis.is_some_and(|basis| basis != rest.basis))
        };
        let lapsed = instance.entry.as_ref().filter(differs);
        let ground = Ground {
            version: &self.version,
            live: &rest.live,
            changing: &rest.changing,
            since: lapsed.map(|entry| self.changed_since(&rest.blocks, entry.seq)),
            valid_for: block.resource.lifecycle.valid_for.filter(|_| !is_gate),
            now_ms: self.options.now_ms,
        };
        match decide::check(&self.facts(&instance, &block), ground) {
            // What is gone back to is judged all the same.
            Decision::Do(..) if is_gate && self.is_downgrade() => self.keep(&instance),
            Decision::Do(action, reasons) => {
                let replacing = Replacing { action, reasons, paths: Vec::new() };
                self.ask_plan(Instance { prior: None, replacing: Some(replacing), ..instance });
            }
            Decision::Nothing | Decision::Refuse(_) => {
                self.keep(&instance);
                self.holds(instance);
            }
        }
    }

    /// A verdict that holds. Whether a gate has anything left to guard is known only when everything is planned.
    fn holds(&mut self, instance: Instance) {
        let Some(judgement) = instance.entry.as_ref().and_then(|entry| entry.judgement.as_ref()) else {
            return;
        };
        self.standing.insert(instance.key.clone(), judgement.summary.clone());
        if instance.whom.is_gate() {
            self.gates.push(instance);
        }
    }

    /// What is the same for all instances of a block in a module instance is found out once.
    fn rest(&mut self, id: NodeId, module: &ModulePath) -> Arc<Rest> {
        if let Some(known) = self.rests.get(&(id, module.clone())) {
            return Arc::clone(known);
        }
        let direct = self.graph.direct_resources(id);
        let changes = direct.iter().filter_map(|dependency| self.changes.get(dependency)).flatten();
        let changing: Vec<Address> =
            changes.filter(|change| lapses(change)).map(|change| change.key.address.clone()).collect();
        let going: BTreeSet<&Address> = changing.iter().collect();
        let mut live = BTreeMap::new();
        let judges = self.judged_blocks(id, module);
        for block in &judges {
            for (key, entry) in self.state.instances(block) {
                if entry.lifetime == Lifetime::Live && entry.exists() && !going.contains(&key.address) {
                    live.insert(key.address.clone(), State::value_digest(&entry.value));
                }
            }
        }
        let blocks = self.dependencies(id, module);
        let basis = self.state.basis(&blocks, &self.version);
        let rest = Arc::new(Rest { live, changing, basis, blocks, judges });
        self.rests.insert((id, module.clone()), Arc::clone(&rest));
        rest
    }

    /// What was acted on later than a verdict was given.
    fn changed_since(&self, blocks: &[Address], seq: u64) -> Vec<Address> {
        let all = blocks.iter().flat_map(|block| self.state.instances(block));
        let own = all.filter(|(key, _)| key.version.as_ref().is_none_or(|of| *of == self.version));
        own.filter(|(_, entry)| entry.seq > seq).map(|(key, _)| key.address.clone()).collect()
    }

    /// The blocks of live resources that an instance judges; none for what is no check.
    pub(super) fn judges(&mut self, instance: &Instance, block: &InBlock) -> Vec<Address> {
        if instance.lifetime() != Some(Lifetime::Check) {
            return Vec::new();
        }
        self.rest(block.id, &instance.key.address.module).judges.clone()
    }

    /// Whether something that a check depends on is still to be done: how it would end now means nothing.
    pub(super) fn is_too_early(&mut self, instance: &Instance) -> bool {
        let Some(block) = &instance.block else { return false };
        !self.rest(block.id, &instance.key.address.module).changing.is_empty()
    }

    /// Whether this version is older than what is live: gates of the past do not hold a rollback.
    fn is_downgrade(&self) -> bool {
        self.newer.is_some()
    }

    /// Says that this version is older than what is live.
    pub(super) fn note_downgrade(&mut self) {
        let Some(newer) = self.newer.clone().filter(|_| !self.changes.is_empty()) else { return };
        let text = format!(
            "This goes back: {newer} is live, and {} is older. Gates over the outside do not hold it.",
            self.version
        );
        self.cautions.push(Caution { kind: CautionKind::Downgrade, key: None, text });
    }

    /// The blocks of live resources that a check judges, as addresses without keys.
    pub(super) fn judged_blocks(&self, id: NodeId, module: &ModulePath) -> Vec<Address> {
        let related = self.related(self.graph.judged_resources(id), module).into_iter();
        let lifetime = |resource: &ResourceName| Some(self.registry.resource(&resource.ty)?.lifetime);
        related
            .filter(|(resource, _)| lifetime(resource) == Some(Lifetime::Live))
            .map(|(resource, module)| Address { module, resource, key: None })
            .collect()
    }

    /// Gates that have passed are looked at again where something that they guard is still to be done.
    pub(super) fn look_at_gates(&mut self) {
        let guarding = self.guarding();
        for instance in std::mem::take(&mut self.gates) {
            let guards = |block: &InBlock| guarding.contains(&block.id);
            if self.is_downgrade() || !instance.block.as_ref().is_some_and(guards) {
                continue;
            }
            self.unchanged = self.unchanged.saturating_sub(1);
            self.standing.remove(&instance.key);
            let replacing =
                Replacing { action: Action::Judge, reasons: vec![Reason::Guards], paths: Vec::new() };
            self.ask_plan(Instance { prior: None, replacing: Some(replacing), ..instance });
        }
    }

    /// The nodes on which something depends, directly or not, that gates guard and that this plan does.
    fn guarding(&self) -> BTreeSet<NodeId> {
        let mut guarding = BTreeSet::new();
        for id in self.graph.order().iter().rev() {
            let own = || self.changes.get(id).into_iter().flatten().any(Change::is_guarded);
            if guarding.contains(id) || own() {
                guarding.extend(self.graph.dependencies(*id));
            }
        }
        guarding
    }
}

/// Whether a change makes the verdicts that rest on it lapse: a check that is only judged once more, on the same, does
/// not.
fn lapses(change: &Change) -> bool {
    let same = |reason: &Reason| matches!(reason, Reason::Requested | Reason::Expired(_) | Reason::Guards);
    match change.action {
        Action::Read | Action::Forget => false,
        Action::Judge => !change.reasons.iter().all(same),
        Action::Create | Action::Update | Action::Replace { .. } | Action::Destroy => {
            change.when != When::Failure
        }
    }
}
