//! The parts of a plan: one [`Change`] for each instance that is touched, and the [`Group`]s that order them.

use std::sync::Arc;

use relplan_contract::{Lifetime, Path, Value, Verdict};

use super::reason::Reason;
use crate::addr::Address;
use crate::event::EntryKey;
use crate::lang::config::{OnFailure, When};

/// What is done to one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Made.
    Create,
    /// Changed in place.
    Update,
    /// A new one in the place of the old one.
    Replace {
        /// Whether the new one is made before the old one goes.
        create_first: bool,
    },
    /// Destroyed.
    Destroy,
    /// Judged (checks).
    Judge,
    /// Let go: it leaves the state, and the object stays as it is.
    Forget,
    /// Read during apply (data sources whose arguments are not known before).
    Read,
}

/// One instance that is touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The object.
    pub key: EntryKey,
    /// Which kind of resource it is; none for a data source.
    pub lifetime: Option<Lifetime>,
    /// Name (and alias) of the provider configuration.
    pub provider: String,
    /// What is done.
    pub action: Action,
    /// Why: at least one.
    pub reasons: Vec<Reason>,
    /// The object as it was last seen; null when there is none.
    pub before: Value,
    /// The object as predicted; unknown where only apply can tell; null when it goes.
    pub after: Value,
    /// The arguments as far as they are known.
    pub inputs: Value,
    /// The parts whose change needs a replacement.
    pub replace: Vec<Path>,
    /// What it directly depends on.
    pub dependencies: Vec<Address>,
    /// For a check: the blocks that it judges, of which the live ones are turned back when it fails. What else it
    /// depends on only makes its verdict lapse.
    pub judges: Vec<Address>,
    /// For a live resource that is made or changed: the checks that judge it.
    pub judged_by: Vec<Address>,
    /// For a cheap check: how it would end now.
    pub preview: Option<Verdict>,
    /// Remarks of the provider, each a sentence.
    pub notes: Vec<String>,
    /// The attributes in which the author names the members, so that one which is null was written there: in others
    /// it was left out.
    pub free: Vec<Arc<str>>,
    /// What would undo it, in a few words.
    pub undo: String,
    /// The attribute that names the version of a live resource, for `v1 -> v2`.
    pub headline: Option<String>,
    /// The live version in its place of which the ledger knows nothing, where it is not to be replaced unasked: the step
    /// is not begun until a person takes it over.
    pub from_elsewhere: Option<String>,
    /// For a check: what a failed verdict does.
    pub on_failure: OnFailure,
    /// After which end of what it depends on it is done.
    pub when: When,
}

impl Change {
    /// The instance.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.key.address
    }

    /// Whether it is done in any case, and not only when something fails.
    #[must_use]
    pub fn is_expected(&self) -> bool {
        self.when != When::Failure
    }

    /// Whether gates guard it: what is made or deployed, but not what tells of a failure, nor what only goes.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        let acts = matches!(self.action, Action::Create | Action::Update | Action::Replace { .. });
        let kind = matches!(self.lifetime, Some(Lifetime::Record | Lifetime::Live));
        acts && kind && self.when != When::Failure
    }

    /// The version that an object of it names; none where that is sensitive.
    #[must_use]
    pub fn version_in<'v>(&self, object: &'v Value) -> Option<&'v str> {
        version_in(object, self.headline.as_deref())
    }

    /// The version that it is turned back to.
    #[must_use]
    pub fn turned_back_to(&self) -> Option<&Arc<str>> {
        self.reasons.iter().find_map(|reason| match reason {
            Reason::TurnedBack { version } => Some(version),
            _ => None,
        })
    }
}

/// The version that an object names in the attribute `headline`; none where that is sensitive.
pub(super) fn version_in<'v>(object: &'v Value, headline: Option<&str>) -> Option<&'v str> {
    let version = object.get(headline?);
    version.as_str().filter(|_| !version.is_sensitive())
}

/// Changes of one block, and what they wait for. A group without changes passes the waiting on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name for people: the block without instance keys.
    pub name: Arc<str>,
    /// Indexes into [`super::Plan::groups`]: all of these end before any change of this one begins.
    pub needs: Vec<usize>,
    /// Indexes into [`super::Plan::changes`].
    pub changes: Vec<usize>,
}

/// A check whose verdict holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The check.
    pub key: EntryKey,
    /// The verdict, in one line.
    pub summary: String,
}

/// An object whose address is another one from now on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    /// The address before.
    pub from: Address,
    /// The address now.
    pub to: Address,
}

/// An object that was changed from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The object.
    pub key: EntryKey,
    /// As the ledger has it.
    pub before: Value,
    /// As it was found; null when it is gone.
    pub after: Value,
}

/// An output that will differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputChange {
    /// Its name.
    pub name: Arc<str>,
    /// Now; null when there is none.
    pub before: Value,
    /// Then; null when it goes.
    pub after: Value,
}

/// Why a reviewer should look at something first, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CautionKind {
    /// An earlier run left it uncertain.
    Uncertain,
    /// A person must release it first.
    Held,
    /// The run would stop here.
    WouldStop,
    /// Something is destroyed or replaced.
    Destructive,
    /// It cannot be undone.
    Irreversible,
    /// Credentials of the environment go to a server that no earlier run used.
    NewServer,
    /// A failed check could not be turned back.
    NoWayBack,
    /// What is live is newer than this version.
    Downgrade,
    /// What it was made from is other by now: it stays as it is.
    Kept,
    /// It was changed from outside.
    Drift,
    /// It leaves the state but stays as it is.
    LetGo,
    /// A value became sensitive, or is so no more, and nothing else changes.
    Marking,
    /// Only a part of the release is planned.
    Partial,
}

/// What a reviewer should look at first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caution {
    /// Why.
    pub kind: CautionKind,
    /// Where; none when it concerns the whole plan.
    pub key: Option<EntryKey>,
    /// In a full sentence.
    pub text: String,
}
