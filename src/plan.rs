//! [`Plan`]: what a run will do, as a value: made once, shown, reviewed, saved, and then carried out as it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::Value;

use crate::canonical::Digest;
use crate::event::{Lineage, RunMode};

mod change;
mod reason;

pub use change::{Action, Caution, CautionKind, Change, Drift, Group, OutputChange};
pub use reason::Reason;

/// What a run will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Name of the product.
    pub product: Arc<str>,
    /// Version of the release; empty for a configuration without a `release` block.
    pub version: Arc<str>,
    /// What the run is for.
    pub mode: RunMode,
    /// What it was made from: it is refused when any of this has changed.
    pub basis: Basis,
    /// What is done, in an order in which it could be done one after the other.
    pub changes: Vec<Change>,
    /// Which changes wait for which: the execution graph.
    pub groups: Vec<Group>,
    /// How many instances need nothing.
    pub unchanged: usize,
    /// What was changed from outside since it was last seen.
    pub drift: Vec<Drift>,
    /// Outputs that will differ.
    pub outputs: Vec<OutputChange>,
    /// What a reviewer should look at first.
    pub cautions: Vec<Caution>,
}

/// What a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// Digest of the source files; none when it was made from the ledger alone.
    pub config: Option<Digest>,
    /// Digest of the state.
    pub state: Digest,
    /// Identity of the ledger; none before its first record.
    pub lineage: Option<Lineage>,
    /// The variables of the root module; what is sensitive is sealed or hidden.
    pub variables: BTreeMap<Arc<str>, Value>,
    /// Version of each provider in use.
    pub providers: BTreeMap<String, String>,
}

/// How many changes of which kind, as in Terraform's closing line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Made, also in the place of another.
    pub add: usize,
    /// Changed in place.
    pub change: usize,
    /// Destroyed, also to make place for another.
    pub destroy: usize,
    /// Checks judged.
    pub check: usize,
    /// Let go without being touched.
    pub forget: usize,
}

impl Plan {
    /// How many changes of which kind.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in &self.changes {
            match change.action {
                Action::Create => counts.add += 1,
                Action::Update => counts.change += 1,
                Action::Replace { .. } => {
                    counts.add += 1;
                    counts.destroy += 1;
                }
                Action::Destroy => counts.destroy += 1,
                Action::Judge => counts.check += 1,
                Action::Forget => counts.forget += 1,
                Action::Read => {}
            }
        }
        counts
    }

    /// Whether applying it would do nothing: no change, and no output that differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.iter().all(|change| change.action == Action::Read) && self.outputs.is_empty()
    }
}
