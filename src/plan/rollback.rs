//! Turning live resources back: a plan made from the state alone, so that it works when the file is not at hand,
//! and in the middle of a run whose check has failed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::{Attribute, Lifetime, Presence, Resource, ResourceSchema, Value};

use super::change::{Action, Caution, CautionKind, Change, Group};
use super::compare::has_sealed;
use super::lookup::of_block;
use super::planner::{Providers, Whom};
use super::reason::Reason;
use super::{Basis, Plan};
use crate::addr::Address;
use crate::event::{EntryKey, RunMode};
use crate::lang::config::{OnFailure, When};
use crate::ledger::Sealer;
use crate::state::{Entry, Past, State};

/// What is turned back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// These live resources; none for all.
    pub addresses: Option<BTreeSet<Address>>,
    /// To what this version of the release had made; none for the last verified.
    pub to: Option<String>,
}

/// Why there is no way back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWayBack {
    /// Nothing differs from what it would be turned back to.
    #[error("there is nothing to turn back: no live resource has another {0} than the one it has now")]
    Nothing(String),
    /// Arguments that are not kept.
    #[error("{address} cannot be turned back from the ledger alone: {} is sensitive, and only its fingerprint is kept. Plan the release file of version {version} instead", attributes.join(", "))]
    Secret {
        /// The live resource.
        address: Address,
        /// The version.
        version: Arc<str>,
        /// Which arguments.
        attributes: Vec<String>,
    },
    /// The provider is not there.
    #[error(
        "{address} cannot be turned back: its provider {provider:?} cannot be used with what the ledger knows of its configuration, where nothing sensitive is kept. Plan the release file of the version instead"
    )]
    Provider {
        /// The live resource.
        address: Address,
        /// The provider.
        provider: String,
    },
    /// A person must release it first.
    #[error(
        "{address} is on hold: {reason}. Release it first with `relplan state release '{address}' -reason=...`"
    )]
    Held {
        /// The live resource.
        address: Address,
        /// Why.
        reason: String,
    },
}

/// A plan that turns live resources back, and who does it.
pub struct WayBack {
    /// The plan.
    pub plan: Plan,
    /// Whom each change is done by.
    pub actors: BTreeMap<EntryKey, Whom>,
}

/// The plan for turning back. `known` has the present arguments of live resources, where they are at hand: an
/// argument whose fingerprint is the same is taken from there.
pub fn plan(
    state: &State,
    providers: &Providers,
    sealer: &Sealer,
    scope: &Scope,
    known: &BTreeMap<EntryKey, Value>,
) -> Result<WayBack, NoWayBack> {
    let mut way = Way {
        state,
        providers,
        sealer,
        known,
        changes: Vec::new(),
        actors: BTreeMap::new(),
        targets: BTreeMap::new(),
    };
    for (key, entry) in &state.entries {
        let wanted = scope.addresses.as_ref().is_none_or(|addresses| addresses.contains(&key.address));
        if entry.lifetime == Lifetime::Live && key.version.is_none() && wanted {
            way.turn_back(key, entry, scope)?;
        }
    }
    if way.changes.is_empty() {
        let what = scope
            .to
            .as_ref()
            .map_or_else(|| "verified version".to_owned(), |to| format!("state in version {to}"));
        return Err(NoWayBack::Nothing(what));
    }
    let live = way.changes.len();
    way.judge_again();
    Ok(way.finish(live))
}

struct Way<'w> {
    state: &'w State,
    providers: &'w Providers,
    sealer: &'w Sealer,
    known: &'w BTreeMap<EntryKey, Value>,
    changes: Vec<Change>,
    actors: BTreeMap<EntryKey, Whom>,
    /// What each live resource is turned back to.
    targets: BTreeMap<Address, Past>,
}

impl Way<'_> {
    fn turn_back(&mut self, key: &EntryKey, entry: &Entry, scope: &Scope) -> Result<(), NoWayBack> {
        let past = match &scope.to {
            Some(version) => self.state.past(&key.address, version),
            None => self.state.rollback_target(&key.address),
        };
        let Some(past) = past.filter(|past| past.inputs != entry.inputs) else { return Ok(()) };
        let address = key.address.clone();
        if let Some(reason) = self.state.holds.get(&address) {
            return Err(NoWayBack::Held { address, reason: reason.clone() });
        }
        let (resource, schema) = self.actor(key, entry)?;
        let inputs = self.inputs(key, &past.inputs);
        if has_sealed(&inputs) {
            let attributes = inputs.as_map().into_iter().flatten().filter(|(_, value)| has_sealed(value));
            let attributes = attributes.map(|(name, _)| name.to_string()).collect();
            return Err(NoWayBack::Secret { address, version: Arc::clone(&past.version), attributes });
        }
        let after = predicted(&schema.attributes, &inputs, entry, past);
        self.targets.insert(address, past.clone());
        let reasons = vec![Reason::TurnedBack { version: Arc::clone(&past.version) }];
        self.push(key, entry, &resource, &schema, Action::Update, reasons, inputs, after);
        Ok(())
    }

    /// The checks that had judged what is turned back judge it again, as they did then.
    fn judge_again(&mut self) {
        let turned: BTreeSet<Address> =
            self.changes.iter().map(|change| change.key.address.clone()).collect();
        for (key, entry) in &self.state.entries {
            let Some(judgement) = entry.judgement.as_ref().filter(|_| entry.lifetime == Lifetime::Check)
            else {
                continue;
            };
            let changed: Vec<Address> =
                judgement.judged.keys().filter(|address| turned.contains(*address)).cloned().collect();
            let Ok((resource, schema)) = self.actor(key, entry) else { continue };
            let Some(past) = self.passed_then(&key.address, &changed) else { continue };
            let inputs = self.inputs(key, &past.inputs);
            if has_sealed(&inputs) {
                continue;
            }
            let after = relplan_contract::propose(&schema.attributes, None, &inputs).value;
            let reasons = vec![Reason::UpstreamChanged(changed)];
            self.push(key, entry, &resource, &schema, Action::Judge, reasons, inputs, after);
        }
    }

    /// How a check had passed on what is turned back to; none when it had never judged that.
    fn passed_then(&self, check: &Address, turned: &[Address]) -> Option<&Past> {
        let judged = |past: &&Past| past.verdicts.contains_key(check);
        let target = turned.iter().filter_map(|live| self.targets.get(live)).find(judged)?;
        let passed = self.state.deployments(check);
        let then = passed.iter().rev().find(|past| past.version == target.version);
        // A run of another version may have judged it: the first one after it was deployed.
        then.or_else(|| passed.iter().find(|past| past.seq > target.seq))
    }

    fn actor(
        &self,
        key: &EntryKey,
        entry: &Entry,
    ) -> Result<(Arc<dyn Resource>, Arc<ResourceSchema>), NoWayBack> {
        let type_name = &key.address.resource.ty;
        let resource = self.providers.resource_of_entry(&entry.provider, type_name);
        resource.zip(self.providers.registry().resource(type_name).cloned()).ok_or_else(|| {
            NoWayBack::Provider { address: key.address.clone(), provider: entry.provider.clone() }
        })
    }

    fn inputs(&self, key: &EntryKey, past: &Value) -> Value {
        self.known.get(key).map_or_else(|| past.clone(), |present| self.sealer.unseal(past, present))
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one change, each of another type")]
    fn push(
        &mut self,
        key: &EntryKey,
        entry: &Entry,
        resource: &Arc<dyn Resource>,
        schema: &Arc<ResourceSchema>,
        action: Action,
        reasons: Vec<Reason>,
        inputs: Value,
        after: Value,
    ) {
        self.actors.insert(key.clone(), Whom::Resource(Arc::clone(resource), Arc::clone(schema)));
        self.changes.push(Change {
            key: key.clone(),
            lifetime: Some(entry.lifetime),
            provider: entry.provider.clone(),
            action,
            reasons,
            before: entry.value.clone(),
            after,
            inputs,
            replace: Vec::new(),
            dependencies: entry.dependencies.clone(),
            preview: None,
            notes: Vec::new(),
            undo: schema.undo.to_owned(),
            headline: schema.headline.map(str::to_owned),
            on_failure: OnFailure::Stop,
            when: When::Success,
        });
    }

    /// One group a change: live resources in reverse order of their dependencies, then the checks.
    fn finish(self, live: usize) -> WayBack {
        let index: BTreeMap<&Address, usize> = self
            .changes
            .iter()
            .take(live)
            .enumerate()
            .map(|(at, change)| (&change.key.address, at))
            .collect();
        let mut needs = vec![BTreeSet::new(); self.changes.len()];
        for (at, change) in self.changes.iter().enumerate() {
            for block in &change.dependencies {
                let found =
                    of_block(self.state, block).filter_map(|(key, _)| index.get(&key.address).copied());
                for dependency in found {
                    // What depended on it is turned back before it; a check waits for what it judges.
                    let (waits, for_whom) = if at < live { (dependency, at) } else { (at, dependency) };
                    if let Some(needs) = needs.get_mut(waits) {
                        needs.insert(for_whom);
                    }
                }
            }
        }
        let groups = self.changes.iter().zip(needs).enumerate().map(|(at, (change, needs))| Group {
            name: change.key.to_string().into(),
            needs: needs.into_iter().collect(),
            changes: vec![at],
        });
        let groups = groups.collect();
        let version = self.changes.iter().find_map(|change| match change.reasons.first() {
            Some(Reason::TurnedBack { version }) => Some(Arc::clone(version)),
            _ => None,
        });
        let cautions = vec![Caution {
            kind: CautionKind::Irreversible,
            key: None,
            text:
                "Databases, tags and messages are not turned back; `relplan restore` brings a snapshot back."
                    .into(),
        }];
        let plan = Plan {
            product: self.state.product.as_str().into(),
            version: version.unwrap_or_default(),
            mode: RunMode::Rollback,
            basis: Basis {
                config: None,
                state: self.state.digest(),
                lineage: self.state.lineage.clone(),
                variables: BTreeMap::new(),
                providers: BTreeMap::new(),
            },
            changes: self.changes,
            groups,
            unchanged: 0,
            drift: Vec::new(),
            outputs: Vec::new(),
            cautions,
        };
        WayBack { plan, actors: self.actors }
    }
}

/// The object as it will be: what is given counts, pins of the past come back, the rest is known after apply.
fn predicted(attributes: &[Attribute], inputs: &Value, entry: &Entry, past: &Past) -> Value {
    Value::map(attributes.iter().map(|attribute| {
        let given = inputs.get(attribute.name);
        let value = match attribute.presence {
            Presence::Computed if attribute.stable => entry.value.get(attribute.name).clone(),
            Presence::Computed => Value::UNKNOWN.mark(attribute.sensitive),
            Presence::OptionalComputed if given.is_null() => past.value.get(attribute.name).clone(),
            Presence::Required | Presence::Optional | Presence::OptionalComputed => given.clone(),
        };
        (attribute.name, value)
    }))
}
