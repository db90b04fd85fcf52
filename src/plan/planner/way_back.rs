//! Rolling back, planned like everything else: what became of lost actions, how the live resources are now, what they
//! go back to, and the checks that are made again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::{Lifetime, Value};

use super::Planner;
use super::instance::{Instance, Purpose};
use super::whom::Whom;
use crate::addr::Address;
use crate::diag::Diagnostic;
use crate::event::EntryKey;
use crate::lang::config::{OnFailure, When};
use crate::plan::change::{Action, Caution, CautionKind, Change, Group};
use crate::plan::compare::has_sealed;
use crate::plan::reason::Reason;
use crate::plan::rollback::{self, Aim, predicted};
use crate::state::{Entry, Past, Status};

impl Planner {
    /// Chooses what each live resource goes back to, and looks at those that differ.
    pub(super) fn begin_way_back(&mut self) {
        let Some(route) = &mut self.way_back else { return };
        let targets = rollback::targets(&self.state, &route.scope);
        if let Aim::Version(version) = &route.scope.aim
            && let Some(reason) = self.state.withdrawn.get(version)
        {
            self.found.push(withdrawn(version, reason, "gone back to"));
        }
        self.version = Arc::clone(&targets.version);
        route.targets = targets.clone();
        for address in &targets.stuck {
            let text = "It stays as it is: no earlier version of it is known good.".to_owned();
            let key = EntryKey { address: address.clone(), version: None };
            self.cautions.push(Caution { kind: CautionKind::NoWayBack, key: Some(key), text });
        }
        for (address, past) in targets.back {
            self.begin_turning_back(EntryKey { address, version: None }, past);
        }
    }

    fn begin_turning_back(&mut self, key: EntryKey, past: Past) {
        let there = self.state.entries.get(&key).cloned();
        let gone = there.is_none();
        let entry = there.unwrap_or_else(|| lost(&past));
        if let Some(reason) = self.state.holds.get(&key.address) {
            return self.found.push(self.held(&key, reason));
        }
        let Some(whom) = self.whom_of_entry(&key, &entry) else {
            let detail = format!(
                "{key} cannot be turned back: its provider {:?} cannot be used with what the ledger knows of its configuration, where nothing sensitive is kept.",
                entry.provider
            );
            return self.no_way_back(&detail, &past.version);
        };
        let config = self.arguments_then(&key, &past.inputs);
        if has_sealed(&config) {
            let sealed = config.as_map().into_iter().flatten().filter(|(_, value)| has_sealed(value));
            let names: Vec<&str> = sealed.map(|(name, _)| &**name).collect();
            let detail = format!(
                "{key} cannot be turned back from the ledger alone: {} is sensitive, and only its fingerprint is kept.",
                names.join(", ")
            );
            return self.no_way_back(&detail, &past.version);
        }
        let prior = entry.exists().then(|| self.sealer.unseal(&entry.value, &config));
        let purpose = Purpose::GoBack(Box::new(past));
        self.read(Instance {
            given: config.clone(),
            config,
            prior,
            gone,
            ..Instance::of_entry(key, entry, whom, purpose)
        });
    }

    fn no_way_back(&mut self, detail: &str, version: &str) {
        let help = format!("Plan the release file of version {version} instead.");
        self.found.push(Diagnostic::error("No way back", detail).help(help));
    }

    /// The arguments of the past, with those secrets that are the same now.
    pub(super) fn arguments_then(&self, key: &EntryKey, past: &Value) -> Value {
        let known = self.way_back.as_ref().and_then(|route| route.known.get(key));
        known.map_or_else(|| past.clone(), |present| self.sealer.unseal(past, present))
    }

    /// A live resource goes back: the provider chooses no pins anew.
    pub(super) fn turn_back(&mut self, instance: &Instance, past: &Past) {
        let (Whom::Resource(_, schema), Some(entry)) = (&instance.whom, &instance.entry) else { return };
        let after = predicted(&schema.attributes, &instance.config, entry, past);
        let action = if instance.gone { Action::Create } else { Action::Update };
        let reasons = vec![Reason::TurnedBack { version: Arc::clone(&past.version) }];
        let before = instance.prior.clone().unwrap_or(Value::NULL);
        let change = Change {
            before,
            after,
            inputs: instance.config.clone(),
            judged_by: past.judged_by.iter().cloned().collect(),
            ..blank(&instance.key, entry, &instance.whom, action, reasons)
        };
        self.actors.insert(instance.key.clone(), instance.whom.clone());
        self.orphans.push(change);
    }

    /// The checks whose verdict does not hold for what will be live are made again, as they were made then.
    pub(super) fn judge_again(&mut self) {
        let Some(route) = &self.way_back else { return };
        let mut changes = Vec::new();
        for again in rollback::checks_again(&self.state, &route.scope, &route.targets) {
            let Some(whom) = self.whom_of_entry(again.key, again.entry) else { continue };
            let Whom::Resource(_, schema) = &whom else { continue };
            let inputs = self.arguments_then(again.key, &again.past.inputs);
            if has_sealed(&inputs) {
                continue;
            }
            let after = relplan_contract::propose(&schema.attributes, None, &inputs).value;
            let reasons = vec![Reason::UpstreamChanged(again.changed)];
            let change =
                Change { after, inputs, ..blank(again.key, again.entry, &whom, Action::Judge, reasons) };
            changes.push((change, whom));
        }
        for (change, whom) in changes {
            self.actors.insert(change.key.clone(), whom);
            self.orphans.push(change);
        }
    }

    /// One group a change: live resources in reverse order of their dependencies, then the checks.
    pub(super) fn way_back_groups(&mut self) -> (Vec<Change>, Vec<Group>) {
        let mut changes = std::mem::take(&mut self.orphans);
        changes.sort_by(|a, b| (a.action == Action::Judge, &a.key).cmp(&(b.action == Action::Judge, &b.key)));
        let live = |change: &&Change| change.lifetime == Some(Lifetime::Live);
        let index: BTreeMap<&Address, usize> = changes
            .iter()
            .take_while(live)
            .enumerate()
            .map(|(at, change)| (&change.key.address, at))
            .collect();
        let mut needs = vec![BTreeSet::new(); changes.len()];
        for (at, change) in changes.iter().enumerate() {
            for block in &change.dependencies {
                let found =
                    self.state.instances(block).filter_map(|(key, _)| index.get(&key.address).copied());
                for dependency in found {
                    // What depended on it is turned back before it; a check waits for what it judges.
                    let (waits, for_whom) = if live(&change) { (dependency, at) } else { (at, dependency) };
                    if let Some(needs) = needs.get_mut(waits) {
                        needs.insert(for_whom);
                    }
                }
            }
        }
        let groups = changes.iter().zip(needs).enumerate().map(|(at, (change, needs))| Group {
            name: change.key.to_string().into(),
            needs: needs.into_iter().collect(),
            changes: vec![at],
        });
        let groups = groups.collect();
        let text =
            "Databases, tags and messages are not turned back; `relplan restore` brings a snapshot back."
                .to_owned();
        self.cautions.push(Caution { kind: CautionKind::Irreversible, key: None, text });
        (changes, groups)
    }
}

/// Nothing is done for a version that ended for good.
pub(super) fn withdrawn(version: &str, reason: &str, what: &str) -> Diagnostic {
    Diagnostic::error(
        "Version withdrawn",
        format!("Version {version} was withdrawn, and is not {what} any more: {reason}"),
    )
    .help("Release a new version. `relplan state history` tells who withdrew it.")
}

/// A change of an object that no file names, with nothing said yet of how it will be.
pub(super) fn blank(
    key: &EntryKey,
    entry: &Entry,
    whom: &Whom,
    action: Action,
    reasons: Vec<Reason>,
) -> Change {
    Change {
        key: key.clone(),
        lifetime: Some(entry.lifetime),
        provider: entry.provider.clone(),
        action,
        reasons,
        before: entry.value.clone(),
        after: Value::NULL,
        inputs: entry.inputs.clone(),
        replace: Vec::new(),
        dependencies: entry.dependencies.clone(),
        judges: judged_before(entry),
        judged_by: Vec::new(),
        preview: None,
        notes: Vec::new(),
        undo: whom.undo().to_owned(),
        headline: whom.headline().map(str::to_owned),
        from_elsewhere: None,
        free: Vec::new(),
        on_failure: OnFailure::Stop,
        when: When::Success,
    }
}

/// What is not there any more, as it was.
fn lost(past: &Past) -> Entry {
    Entry {
        lifetime: Lifetime::Live,
        provider: past.provider.clone(),
        inputs: past.inputs.clone(),
        value: Value::NULL,
        version: Arc::clone(&past.version),
        dependencies: past.dependencies.clone(),
        judged_by: past.judged_by.iter().cloned().collect(),
        generation: 0,
        seq: past.seq,
        status: Status::Done,
        tainted: false,
        judgement: None,
        proof: None,
    }
}

/// The blocks that a check judged.
fn judged_before(entry: &Entry) -> Vec<Address> {
    let judged = entry.judgement.iter().flat_map(|judgement| judgement.judged.keys());
    let blocks: BTreeSet<Address> = judged.map(Address::block).collect();
    blocks.into_iter().collect()
}
