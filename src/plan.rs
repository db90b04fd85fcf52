//! [`Plan`]: what a run will do, as a value: made once, shown, reviewed, saved, and then carried out as it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::Value;

use crate::addr::Address;
use crate::canonical::Digest;
use crate::event::{Event, Lineage, RunMode};

mod ask;
pub mod asked;
mod at_once;
mod change;
pub mod compare;
mod decide;
pub mod digest;
pub mod file;
pub(crate) mod lookup;
mod marking;
mod planner;
mod reason;
pub mod rollback;
pub mod secrets;
mod select;
mod setup;
pub mod unasked;

pub use ask::{Answer, Ask, AskId, Question};
pub(crate) use at_once::panicked;
pub use change::{Action, Caution, CautionKind, Change, Drift, Group, Move, OutputChange, Standing};
pub(crate) use planner::elsewhere::told as told_of_elsewhere;
pub use planner::{Failure, Planned as Draft, Planner, Providers, Setup, WayBack, Whom};
pub use reason::Reason;
pub use setup::{Commands, Options, Registry, covers};

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
    /// Objects whose address is another one from now on, by address.
    pub moves: Vec<Move>,
    /// How many instances need nothing.
    pub unchanged: usize,
    /// What was changed from outside since it was last seen.
    pub drift: Vec<Drift>,
    /// Outputs that will differ.
    pub outputs: Vec<OutputChange>,
    /// What a reviewer should look at first.
    pub cautions: Vec<Caution>,
    /// The checks that are not judged, since they have passed for this version on exactly what is there now.
    pub standing: Vec<Standing>,
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
    /// Given another address.
    pub moved: usize,
}

impl Plan {
    /// How many changes of which kind.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { moved: self.moves.len(), ..Counts::default() };
        for change in self.changes.iter().filter(|change| change.is_expected()) {
            match change.action {
                Action::Create => counts.add += 1,
                Action::Update => counts.change += 1,
                // With `create_before_destroy` the old object's end is a change of its own.
                Action::Replace { create_first } => {
                    counts.add += 1;
                    counts.destroy += usize::from(!create_first);
                }
                // The first half of a replacement counts with the second.
                Action::Destroy => {
                    counts.destroy += usize::from(!change.reasons.contains(&Reason::MakesRoom));
                }
                Action::Judge => counts.check += 1,
                Action::Forget => counts.forget += 1,
                Action::Read => {}
            }
        }
        counts
    }

    /// What the ledger is told before anything is turned back: whoever goes on when that is cut off turns back the rest,
    /// too. None where nothing is.
    #[must_use]
    pub fn turning_back(&self) -> Option<Event> {
        let to = |change: &Change| Some((change.key.address.clone(), Arc::clone(change.turned_back_to()?)));
        let to: BTreeMap<_, _> = self.changes.iter().filter_map(to).collect();
        (!to.is_empty()).then_some(Event::TurningBack { to })
    }

    /// The address that each object that moves had before, by the one that it has now.
    #[must_use]
    pub fn moved_from(&self) -> BTreeMap<&Address, &Address> {
        self.moves.iter().map(|moved| (&moved.to, &moved.from)).collect()
    }

    /// Whether applying it would do nothing: no change, no move, no output that differs, nothing to take over into the
    /// state.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let takes_over = self.mode == crate::event::RunMode::Refresh && !self.drift.is_empty();
        let idle = |change: &Change| change.action == Action::Read || !change.is_expected();
        !takes_over && self.moves.is_empty() && self.changes.iter().all(idle) && self.outputs.is_empty()
    }
}
