//! [`State`]: what is there now, as a fold of the events in the ledger.
//!
//! No file, clock or process is touched here: the same events give the same state on any machine. How a state is
//! kept in a checkpoint is told in `ledger::checkpoint`. Values are sealed: of what is sensitive there is a
//! fingerprint only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::{Lifetime, Value};

use crate::addr::Address;
use crate::canonical::Digest;
use crate::event::{Actor, Ending, EntryKey, Intent, Judgement, Lineage, RunId, RunMode};

mod basis;
mod digest;
mod fold;
mod history;
mod illegal;
mod moves;
mod runs;
pub mod versions;

pub use history::{HISTORY_LIMIT, Past};
pub use illegal::IllegalTransition;

/// What is there now. Empty by [`Default`]: the state before the first record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Random identity of the ledger; none before its first record.
    pub lineage: Option<Lineage>,
    /// Name of the product.
    pub product: String,
    /// What the key of the fingerprints is known by; ledgers of before do not say.
    pub key: Option<String>,
    /// The last record that was folded in.
    pub head: Option<Head>,
    /// The epoch that writers must be in; 0 before the first record.
    pub epoch: u64,
    /// The objects, and actions whose outcome is not known.
    pub entries: BTreeMap<EntryKey, Entry>,
    /// What was deployed at the addresses of live resources, oldest first, what is gone included.
    pub history: BTreeMap<Address, Vec<Past>>,
    /// The outputs of the last run that set them.
    pub outputs: BTreeMap<Arc<str>, Value>,
    /// The arguments of the `provider` blocks of the last run, by name (and alias).
    pub providers: BTreeMap<Arc<str>, Value>,
    /// Live resources to which nothing is done until a person releases them, with the reason.
    pub holds: BTreeMap<Address, String>,
    /// What is being turned back, or was when that was cut off: until a run ends well.
    pub turning_back: BTreeMap<Address, Way>,
    /// The versions that ended for good, with the reason.
    pub withdrawn: BTreeMap<Arc<str>, String>,
    /// How far each version of the release got.
    pub releases: BTreeMap<Arc<str>, ReleaseStatus>,
    /// Every run, in the order in which they opened.
    pub runs: Vec<RunSummary>,
    /// How many actions there were on each key, also on those whose object is gone: an idempotency key is never
    /// used for two actions.
    pub generations: BTreeMap<EntryKey, u64>,
}

/// Where a live resource is turned back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The version that had deployed it.
    pub version: Arc<str>,
    /// The record that said so.
    pub seq: u64,
}

/// A place in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the record, from 1.
    pub seq: u64,
    /// Its hash.
    pub hash: Digest,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which kind of resource it is.
    pub lifetime: Lifetime,
    /// Name (and alias) of the provider configuration.
    pub provider: String,
    /// The arguments of the last action that was done.
    pub inputs: Value,
    /// The object as last seen; null while it is not known whether it was made.
    pub value: Value,
    /// Version of the release that last acted on it.
    pub version: Arc<str>,
    /// What it directly depended on when it was last acted on.
    pub dependencies: Vec<Address>,
    /// The checks that judge it in the version that last acted on it.
    pub judged_by: Vec<Address>,
    /// Counts the actions on its key.
    pub generation: u64,
    /// The record that last changed it.
    pub seq: u64,
    /// Whether an action on it is open.
    pub status: Status,
    /// The last action broke off half-way: the object may not be as `value` says. The next plan must act on it
    /// again, also when nothing differs.
    pub tainted: bool,
    /// For checks: the verdict, as long as the object is what was judged.
    pub judgement: Option<Judgement>,
    /// For backups: the object as it was proven last, where that was after the last action. It differs from `value` in
    /// when that was and how long it took, which means nothing to a plan.
    pub proof: Option<Value>,
}

/// Whether an action is open on an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// None is.
    Done,
    /// One was intended and its outcome is not known: it is under way, or was lost with its process.
    Uncertain(Box<Open>),
}

/// An action whose outcome is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// What was intended.
    pub intent: Intent,
    /// The run that intended it.
    pub run: RunId,
    /// The outside system's name for it, where one was told.
    pub reference: Option<String>,
    /// Why it is not known, where the provider said so.
    pub message: Option<String>,
}

/// How far a version of the release got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseStatus {
    /// Whether everything in its file was done when its last run closed.
    pub complete: bool,
    /// The record that last said so; kept when a later run leaves it incomplete.
    pub completed_seq: Option<u64>,
    /// Digest of the source files of its last run.
    pub config: Option<Digest>,
    /// Its last run.
    pub run: RunId,
    /// The record that last changed this.
    pub seq: u64,
}

/// A run, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// Its identity.
    pub id: RunId,
    /// What for.
    pub mode: RunMode,
    /// Version of the release.
    pub version: Arc<str>,
    /// Digest of the source files; none without a file.
    pub config: Option<Digest>,
    /// Digest of the plan.
    pub plan: Option<Digest>,
    /// The command as typed.
    pub command: String,
    /// Who.
    pub actor: Actor,
    /// The epoch in which it may write.
    pub epoch: u64,
    /// The record that opened it.
    pub seq: u64,
    /// When it opened, by the writer's clock, in milliseconds since 1970.
    pub time_ms: i64,
    /// How it ended; none while it is under way, and for ever when its process died.
    pub closed: Option<Closed>,
}

impl RunSummary {
    /// How it ended, where that was well.
    #[must_use]
    pub fn ended_well(&self) -> Option<&Closed> {
        self.closed.as_ref().filter(|closed| closed.ending == Ending::Complete)
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// How.
    pub ending: Ending,
    /// Whether everything in the release file was done.
    pub complete: bool,
    /// Actions by how they ended.
    pub counts: BTreeMap<String, u64>,
    /// The record that closed it.
    pub seq: u64,
    /// When, by the writer's clock, in milliseconds since 1970.
    pub time_ms: i64,
}

impl Entry {
    /// Whether there is an object, as far as is known.
    #[must_use]
    pub fn exists(&self) -> bool {
        !self.value.is_null()
    }

    /// The action whose outcome is not known.
    #[must_use]
    pub fn open(&self) -> Option<&Open> {
        match &self.status {
            Status::Done => None,
            Status::Uncertain(open) => Some(open),
        }
    }
}

impl State {
    /// The object that everything but a record has at its address.
    #[must_use]
    pub fn entry(&self, address: &Address) -> Option<&Entry> {
        self.entries.get(&EntryKey { address: address.clone(), version: None })
    }

    /// The record made for a version.
    #[must_use]
    pub fn record(&self, address: &Address, version: &Arc<str>) -> Option<&Entry> {
        self.entries.get(&EntryKey { address: address.clone(), version: Some(Arc::clone(version)) })
    }

    /// The actions whose outcome is not known, in the order of their keys.
    pub fn uncertain(&self) -> impl Iterator<Item = (&EntryKey, &Open)> {
        self.entries.iter().filter_map(|(key, entry)| entry.open().map(|open| (key, open)))
    }

    /// The generation that the next new action on a key has. (An action that is done over after a crash keeps the
    /// generation of its intent.)
    #[must_use]
    pub fn next_generation(&self, key: &EntryKey) -> u64 {
        self.generations.get(key).map_or(1, |last| last.saturating_add(1))
    }

    /// The run with an identity.
    #[must_use]
    pub fn run(&self, id: &RunId) -> Option<&RunSummary> {
        self.runs.iter().rev().find(|run| run.id == *id)
    }

    /// The version of the action that is open on an object; empty where none is.
    #[must_use]
    pub fn intended_version(&self, key: &EntryKey) -> Arc<str> {
        let open = self.entries.get(key).and_then(Entry::open);
        open.map(|open| Arc::clone(&open.intent.version)).unwrap_or_default()
    }

    /// The versions of which the state holds records or deployments, and those of the runs.
    #[must_use]
    pub fn versions(&self) -> BTreeSet<Arc<str>> {
        let of_entries = self.entries.values().map(|entry| &entry.version);
        of_entries.chain(self.releases.keys()).cloned().collect()
    }

    /// The digest of a sealed value, as verdicts name what they judged. A value that is not sealed yet has another
    /// digest than in the state: seal it first, or take the value from the state.
    #[must_use]
    pub fn value_digest(value: &Value) -> Digest {
        digest::of_value(value)
    }

    /// The digest of the live resource at an address, as a verdict on it names it.
    #[must_use]
    pub fn live_digest(&self, address: &Address) -> Option<Digest> {
        self.entry(address).filter(|entry| entry.exists()).map(|entry| digest::of_value(&entry.value))
    }

    /// The digest of what the state means for a plan.
    ///
    /// Left out is what does not change what a plan would do: positions, times, runs, generations, the words of
    /// verdicts, lineage (a saved plan is bound to it apart) and whether a release is complete.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest::of_state(self)
    }
}

#[cfg(test)]
mod tests;
