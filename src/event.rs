//! Events: what a run says of itself, in the past tense. The ledger keeps them; [`crate::state`] folds them.
//!
//! Values in events are sealed already: what is sensitive is a fingerprint. How events are written to a file is
//! told in `ledger::record`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use relplan_contract::{Lifetime, Outcome, ProblemKind, Value};

use crate::addr::Address;
use crate::canonical::Digest;

/// Identity of a run: 128 random bits in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub Arc<str>);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Random identity of a ledger, from its first record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lineage(pub Arc<str>);

/// Who did it, as far as that can be found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// User of the operating system.
    pub user: String,
    /// Name of the machine.
    pub host: String,
    /// The CI job, as its address or name; empty outside CI.
    pub job: String,
    /// Author configured in git; may be empty.
    pub author: String,
    /// Whom the CI names as the person behind the job; empty outside CI.
    pub login: String,
}

/// Where an object lives in the state: a record once for each version of the release, everything else once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey {
    /// The instance.
    pub address: Address,
    /// The version of the release, for records; `deposed-N` for an old object whose replacement was made first.
    pub version: Option<Arc<str>>,
}

/// No release has a version like this: versions begin with a digit.
const DEPOSED: &str = "deposed-";

impl EntryKey {
    /// The key of an object: records have one for each version of the release.
    #[must_use]
    pub fn new(address: Address, lifetime: Lifetime, version: &Arc<str>) -> Self {
        Self { address, version: (lifetime == Lifetime::Record).then(|| Arc::clone(version)) }
    }

    /// The key of this object once a new one has been made in its place, until it is destroyed: `ADDR@deposed-3`.
    #[must_use]
    pub fn deposed(&self, generation: u64) -> Self {
        Self { address: self.address.clone(), version: Some(format!("{DEPOSED}{generation}").into()) }
    }

    /// Whether a new object was made in the place of this one.
    #[must_use]
    pub fn is_deposed(&self) -> bool {
        self.version.as_ref().is_some_and(|version| version.starts_with(DEPOSED))
    }
}

impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, "@{version}"))
    }
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunMode {
    /// Make it as the file says.
    Apply,
    /// Destroy what can be destroyed.
    Destroy,
    /// Turn live resources back.
    Rollback,
    /// Only take what was seen into the state.
    Refresh,
    /// A command on the state: `state rm`, `force-unlock`, ...
    State,
}

impl RunMode {
    /// Whether such a run does anything outside.
    #[must_use]
    pub const fn acts(self) -> bool {
        matches!(self, Self::Apply | Self::Rollback | Self::Destroy)
    }
}

/// What is done to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Make it.
    Create,
    /// Change it in place.
    Update,
    /// Judge it (checks).
    Judge,
    /// Destroy it.
    Destroy,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// All done.
    Complete,
    /// Something failed or was refused.
    Failed,
    /// A check failed.
    CheckFailed,
    /// A check failed and the live resources were turned back.
    RolledBack,
    /// A check could not tell, or could not be made.
    Inconclusive,
    /// Waits at a gate.
    Waiting,
    /// Interrupted by a person or a signal.
    Interrupted,
    /// Some actions may or may not have been done.
    Uncertain,
}

/// How an action ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActOutcome {
    /// Done; the object as it is now (null after a destroy).
    Done {
        /// The object.
        value: Value,
    },
    /// Not done.
    Failed {
        /// What kind of problem it was.
        kind: ProblemKind,
        /// In words.
        message: String,
    },
    /// May or may not have been done.
    Unknown {
        /// In words.
        message: String,
    },
}

/// What is intended, in full: enough to go on after a crash, or to turn back, without the release file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The object.
    pub key: EntryKey,
    /// What is done to it.
    pub act: Act,
    /// Which kind of resource it is.
    pub lifetime: Lifetime,
    /// Name (and alias) of the provider configuration.
    pub provider: String,
    /// Version of the release under way.
    pub version: Arc<str>,
    /// Hash of lineage, address, plan digest and generation: the same after a crash.
    pub idempotency_key: String,
    /// Counts the actions on this object.
    pub generation: u64,
    /// The arguments.
    pub inputs: Value,
    /// The predicted object.
    pub planned: Value,
    /// What it directly depends on.
    pub dependencies: Vec<Address>,
    /// The checks of this version that judge it: the version is known good for it once all of them have passed.
    pub judged_by: Vec<Address>,
    /// Why, in words.
    pub reason: String,
}

/// A verdict with what it judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub summary: String,
    /// More lines.
    pub details: Vec<String>,
    /// The live resources that it judges, with the digest of each as judged.
    pub judged: BTreeMap<Address, Digest>,
    /// One digest of everything that it directly depends on, as [`State::basis`](crate::state::State::basis) takes it;
    /// none in ledgers of before.
    pub basis: Option<Digest>,
    /// When it was given, in milliseconds since 1970: only for how long it is valid. 0 in ledgers of before.
    pub time_ms: i64,
}

/// Whether the secrets of a run are those that were reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretReview {
    /// They are: their fingerprint is that of the review.
    Compared,
    /// The review did not see them, and a person accepted that.
    AcceptedUnseen,
    /// There was no review before the run.
    Unreviewed,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// First record of every ledger.
    LedgerBegan {
        /// Its random identity.
        lineage: Lineage,
        /// Name of the product.
        product: String,
        /// What the key of its fingerprints is known by; ledgers of before do not say.
        key: Option<String>,
    },
    /// From here on fingerprints are made with this key: the one before was lost, or had no name.
    KeyNamed {
        /// What the key is known by.
        key: String,
    },
    /// What became of the review of the secrets that a run uses.
    SecretsReviewed {
        /// The keyed fingerprint over all of them.
        fingerprint: String,
        /// Whether they are those that were reviewed.
        review: SecretReview,
        /// Where they are, when they were not seen in the review.
        unseen: Vec<String>,
    },
    /// A run began.
    RunOpened {
        /// What for.
        mode: RunMode,
        /// Version of the release.
        version: Arc<str>,
        /// Digest of the source files; none without a file.
        config: Option<Digest>,
        /// Digest of the plan.
        plan: Option<Digest>,
        /// Version of relplan and of each provider.
        versions: BTreeMap<String, String>,
        /// The command as typed, secrets left out.
        command: String,
    },
    /// What the run was made from, and who had agreed to it.
    Sourced {
        /// The commit of the release file's work tree; none where it is in none.
        commit: Option<String>,
        /// Whether the file was another one than in that work tree's index, where that could be found out.
        changed: bool,
        /// The review that it was taken from, as it was named.
        review: Option<String>,
        /// Who approved there.
        reviewers: Vec<String>,
    },
    /// In whose name outside systems are asked from here on, as they tell it.
    Identified {
        /// Names of accounts, by the provider's name.
        accounts: BTreeMap<String, BTreeSet<String>>,
    },
    /// What is turned back from here on, whatever becomes of this run.
    TurningBack {
        /// The version that each live resource goes back to.
        to: BTreeMap<Address, Arc<str>>,
    },
    /// A version of the release ends for good: it is not released, nor gone back to, any more.
    VersionWithdrawn {
        /// Which.
        version: Arc<str>,
        /// Why.
        reason: String,
    },
    /// An action is about to be done.
    Intended(Box<Intent>),
    /// The outside system's name for an action under way.
    Referenced {
        /// The object.
        key: EntryKey,
        /// The name.
        reference: String,
    },
    /// An action ended.
    Ended {
        /// The object.
        key: EntryKey,
        /// Its key, as intended.
        idempotency_key: String,
        /// How.
        outcome: ActOutcome,
    },
    /// A check ended with a verdict.
    Judged {
        /// The check.
        key: EntryKey,
        /// Its key, as intended.
        idempotency_key: String,
        /// The object.
        value: Value,
        /// The verdict.
        judgement: Judgement,
    },
    /// The state took over what is there: a reconciled action, a drift accepted, an import.
    Adopted {
        /// The object.
        key: EntryKey,
        /// As it is; null when it is gone.
        value: Value,
        /// Why, in words.
        reason: String,
    },
    /// The state let go of an object without touching it.
    Forgotten {
        /// The object.
        key: EntryKey,
        /// Why, in words.
        reason: String,
    },
    /// An object got another address.
    Moved {
        /// Before.
        from: EntryKey,
        /// Now.
        to: EntryKey,
    },
    /// A backup was proven once more, as it had been. Nothing in the state changes by it but when that was last.
    Verified {
        /// The object that holds it.
        key: EntryKey,
        /// The object, with when it was proven and how long that took.
        value: Value,
        /// What was read and compared, in words.
        notes: String,
    },
    /// A person brought a backup back. Nothing in the state changes by it.
    Restored {
        /// The object that holds it.
        key: EntryKey,
        /// Where it went, passwords masked.
        into: String,
        /// How that ended, in words.
        outcome: String,
    },
    /// The outputs after a run.
    OutputsSet {
        /// By name.
        outputs: BTreeMap<Arc<str>, Value>,
    },
    /// The arguments of the root module's `provider` blocks became others: what is turned back later needs them.
    ProvidersSet {
        /// By name (and alias) of the block; arguments that are null are left out.
        providers: BTreeMap<Arc<str>, Value>,
    },
    /// A new epoch: writers of the one before are refused.
    EpochBegan {
        /// Its number.
        epoch: u64,
        /// Why, in words.
        reason: String,
    },
    /// An environment is degraded: nothing is done to it until a person releases it.
    Held {
        /// The live resource.
        address: Address,
        /// Why, in words.
        reason: String,
    },
    /// A person released a hold.
    Released {
        /// The live resource.
        address: Address,
        /// Why, in words.
        reason: String,
    },
    /// A checkpoint was written.
    Checkpointed {
        /// Digest of the state in it.
        state: Digest,
    },
    /// A run ended.
    RunClosed {
        /// How.
        ending: Ending,
        /// Whether everything in the release file is done now.
        complete: bool,
        /// Actions by how they ended: `done`, `failed`, `skipped`, `uncertain`.
        counts: BTreeMap<String, u64>,
    },
}

/// An event with its place in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number, from 1.
    pub seq: u64,
    /// Hash of its record.
    pub hash: Digest,
    /// The run.
    pub run: RunId,
    /// The epoch.
    pub epoch: u64,
    /// When, in milliseconds since 1970 by the writer's clock: for people, never for order.
    pub time_ms: i64,
    /// Who.
    pub actor: Actor,
    /// What.
    pub event: Event,
}
