//! What rolling back means for each live resource: pure choices over the state, which the planner then plans.
//!
//! Rolling back touches only what is not at its last known good version. Where everything is, it goes back one release.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::{Attribute, Lifetime, Outcome, Presence, Value};

use crate::addr::Address;
use crate::event::{EntryKey, Judgement, RunMode};
use crate::state::versions::{is_newer, newest, parsed};
use crate::state::{Entry, Past, State};

/// What is turned back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// These live resources; none for all.
    pub addresses: Option<BTreeSet<Address>>,
    /// Where to.
    pub aim: Aim,
}

/// Where rolling back shall lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Aim {
    /// What is in doubt goes to its last known good version; nothing else is touched.
    #[default]
    KnownGood,
    /// The same; where nothing is in doubt, everything goes one release back. A rollback that was cut off goes on.
    Back,
    /// To what this version of the release had made.
    Version(Arc<str>),
}

impl Scope {
    /// Whether it is about a live resource.
    #[must_use]
    pub fn covers(&self, address: &Address) -> bool {
        self.addresses.as_ref().is_none_or(|addresses| addresses.contains(address))
    }
}

/// Where rolling back leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// The version of the release: the one that is gone back to as a whole, else the newest of those that the live
    /// resources go back to.
    pub version: Arc<str>,
    /// Whether what will be there is what that release had.
    pub is_whole: bool,
    /// What each live resource goes back to.
    pub back: BTreeMap<Address, Past>,
    /// Live resources in doubt for which there is no earlier version that is known good.
    pub stuck: Vec<Address>,
}

/// Chooses what each live resource goes back to. Outcomes that were lost must have been found out before.
#[must_use]
pub fn targets(state: &State, scope: &Scope) -> Targets {
    let live: Vec<(&Address, &Entry)> = state.live().filter(|(address, _)| scope.covers(address)).collect();
    if let Aim::Version(version) = &scope.aim {
        let mut found = Targets { version: Arc::clone(version), is_whole: true, ..Targets::default() };
        for (address, entry) in live {
            let past = state.past(address, version).or_else(|| state.deployed_at(address, version));
            if let Some(past) = past {
                found.add(address, entry, past);
            }
        }
        return found;
    }
    let mut found = in_doubt(state, &live);
    let lost = state.lost().filter(|(address, _)| scope.covers(address));
    found.back.extend(lost.map(|(address, past)| (address.clone(), past.clone())));
    let open = newest(unsettled(state, scope));
    let leaving = live.iter().filter(|(address, _)| found.back.contains_key(*address));
    let left = newest(leaving.map(|(_, entry)| &entry.version)).or(open);
    let known = release_of(state, &live, &found.back, left);
    // A version that changed nothing live and did not pass: what was before it is there already.
    let has_changed_nothing = open.zip(known).is_some_and(|(open, known)| is_newer(open, known));
    if scope.aim == Aim::Back
        && found.is_empty()
        && !has_changed_nothing
        && !is_cut_off(state)
        && let Some(before) = one_release_back(state, &live)
    {
        return before;
    }
    let now = || newest(live.iter().map(|(_, entry)| &entry.version));
    found.is_whole = known.is_some();
    found.version = known.or_else(|| found.newest()).or_else(now).cloned().unwrap_or_default();
    found
}

/// The release that is gone back to: the last complete one before the one that is left that had at every address what will
/// be there. What a release left as it was is of an older one, so that the objects alone do not tell.
fn release_of<'s>(
    state: &'s State,
    live: &[(&Address, &Entry)],
    back: &BTreeMap<Address, Past>,
    left: Option<&Arc<str>>,
) -> Option<&'s Arc<str>> {
    let mut wanted: BTreeMap<&Address, &Value> =
        live.iter().map(|(address, entry)| (*address, &entry.inputs)).collect();
    wanted.extend(back.iter().map(|(address, past)| (address, &past.inputs)));
    complete_before(state, left).into_iter().find(|version| {
        wanted.iter().all(|(address, inputs)| {
            state.deployed_at(address, version).is_some_and(|past| past.inputs == **inputs)
        })
    })
}

/// The versions that were complete, and are not withdrawn, before another one: the last first. All of them before none.
fn complete_before<'s>(state: &'s State, left: Option<&Arc<str>>) -> Vec<&'s Arc<str>> {
    let mut complete: Vec<(u64, &Arc<str>)> = state
        .releases
        .keys()
        .filter(|version| left.is_none_or(|left| is_before(state, version, left)))
        .filter(|version| !state.withdrawn.contains_key(*version))
        .filter_map(|version| Some((completed(state, version)?, version)))
        .collect();
    complete.sort_unstable();
    complete.into_iter().rev().map(|(_, version)| version).collect()
}

/// Whether a version is older than another; where they cannot be compared, whether it was complete earlier.
fn is_before(state: &State, version: &str, than: &str) -> bool {
    match (parsed(version), parsed(than)) {
        (Some(version), Some(than)) => version < than,
        _ => completed(state, version) < completed(state, than),
    }
}

fn completed(state: &State, version: &str) -> Option<u64> {
    state.releases.get(version).and_then(|release| release.completed_seq)
}

/// The versions of the release by which checks that judge what is live did not pass.
fn unsettled<'s>(state: &'s State, scope: &Scope) -> impl Iterator<Item = &'s Arc<str>> {
    state.entries.values().filter_map(|entry| {
        let judgement = entry.judgement.as_ref().filter(|_| entry.lifetime == Lifetime::Check)?;
        let concerns = judgement.judged.keys().any(|live| scope.covers(live));
        (has_not_passed(entry, judgement) && concerns).then_some(&entry.version)
    })
}

fn has_not_passed(entry: &Entry, judgement: &Judgement) -> bool {
    entry.tainted || judgement.outcome != Outcome::Passed
}

impl Targets {
    /// Takes a live resource in, unless it is there already.
    fn add(&mut self, address: &Address, entry: &Entry, past: &Past) {
        if past.inputs != entry.inputs || entry.tainted {
            self.back.insert(address.clone(), past.clone());
        }
    }

    fn is_empty(&self) -> bool {
        self.back.is_empty() && self.stuck.is_empty()
    }

    /// The newest version that a live resource goes back to.
    fn newest(&self) -> Option<&Arc<str>> {
        newest(self.back.values().map(|past| &past.version))
    }
}

/// Whether a rollback did not end well, and nothing else was released since: it goes on.
fn is_cut_off(state: &State) -> bool {
    let last = state.runs.iter().rev().find(|run| run.mode.acts());
    last.is_some_and(|run| run.mode == RunMode::Rollback && run.ended_well().is_none())
}

/// What is not known good goes back to what was, and what broke off half-way to what it was; the rest stays.
fn in_doubt(state: &State, live: &[(&Address, &Entry)]) -> Targets {
    let mut found = Targets::default();
    for (address, entry) in live {
        match state.rollback_target(address) {
            _ if !state.is_in_doubt(address) => {
                if let Some(was) = state.current(address).filter(|_| entry.tainted) {
                    found.add(address, entry, was);
                }
            }
            Some(past) => found.add(address, entry, past),
            None => found.stuck.push((*address).clone()),
        }
    }
    found
}

/// Everything is well, and a person wants the release before this one: the newest complete one from which something
/// differs. Where none was ever complete, each live resource goes to its last known good version before this one.
fn one_release_back(state: &State, live: &[(&Address, &Entry)]) -> Option<Targets> {
    let now = newest(live.iter().map(|(_, entry)| &entry.version))?;
    for version in complete_before(state, Some(now)) {
        let mut found = Targets { version: Arc::clone(version), is_whole: true, ..Targets::default() };
        for (address, entry) in live {
            if let Some(past) = state.deployed_at(address, version) {
                found.add(address, entry, past);
            }
        }
        if !found.back.is_empty() {
            return Some(found);
        }
    }
    let mut found = Targets::default();
    for (address, entry) in live {
        let older = |past: &&Past| {
            let good = past.is_verified() && !state.withdrawn.contains_key(&past.version);
            good && past.version != entry.version && is_before(state, &past.version, now)
        };
        if let Some(past) = state.deployments(address).iter().rev().find(older) {
            found.add(address, entry, past);
        }
    }
    found.version = Arc::clone(found.newest()?);
    Some(found)
}

/// A check that is made again, as it was made when it passed on what is turned back to.
pub(super) struct Again<'s> {
    pub key: &'s EntryKey,
    pub entry: &'s Entry,
    /// What it judges that is no longer what it had judged.
    pub changed: Vec<Address>,
    /// How it had passed.
    pub past: &'s Past,
}

/// The checks whose verdict does not hold for what will be live.
pub(super) fn checks_again<'s>(state: &'s State, scope: &Scope, targets: &Targets) -> Vec<Again<'s>> {
    let mut again = Vec::new();
    for (key, entry) in &state.entries {
        let Some(judgement) = entry.judgement.as_ref().filter(|_| entry.lifetime == Lifetime::Check) else {
            continue;
        };
        let then = passed_in(state, targets, &key.address);
        let is_of_another = *entry.version != *targets.version && then.is_some();
        let lapsed = is_of_another || has_not_passed(entry, judgement);
        let concerns = |(address, judged): &(&Address, &crate::canonical::Digest)| {
            let stale = || state.live_digest(address).is_some_and(|now| lapsed || now != **judged);
            targets.back.contains_key(*address) || (scope.covers(address) && stale())
        };
        let changed: Vec<Address> =
            judgement.judged.iter().filter(concerns).map(|(address, _)| address.clone()).collect();
        let then = then.or_else(|| passed_then(state, targets, &key.address, &changed));
        if let Some(past) = then.filter(|_| !changed.is_empty()) {
            again.push(Again { key, entry, changed, past });
        }
    }
    again
}

/// How a check had passed in the release that is gone back to.
fn passed_in<'s>(state: &'s State, targets: &Targets, check: &Address) -> Option<&'s Past> {
    let of_release = |past: &&Past| targets.is_whole && *past.version == *targets.version;
    state.deployments(check).iter().rev().find(of_release)
}

/// How a check had passed on what will be live; none when it had never judged that.
fn passed_then<'s>(
    state: &'s State,
    targets: &Targets,
    check: &Address,
    changed: &[Address],
) -> Option<&'s Past> {
    let will_be = |live| targets.back.get(live).or_else(|| state.current(live));
    let judged = |past: &&Past| past.verdicts.contains_key(check);
    // What a version left as it was is of an older one: the newest tells which version is gone back to.
    let targets = changed.iter().filter_map(will_be).filter(judged);
    let target = targets.max_by_key(|past| (parsed(&past.version), past.seq))?;
    let passed = state.deployments(check);
    let then = passed.iter().rev().find(|past| past.version == target.version);
    // A run of another version may have judged it: the first one after it was deployed.
    then.or_else(|| passed.iter().find(|past| past.seq > target.seq))
}

/// The object as it will be: what is given counts, pins of the past come back, the rest is known after apply.
pub(super) fn predicted(attributes: &[Attribute], inputs: &Value, entry: &Entry, past: &Past) -> Value {
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
