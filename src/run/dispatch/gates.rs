//! Gates over the outside: looked at once more right before anything that they guard begins, whatever they said
//! earlier in the run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use relplan_contract::{Context, Outcome, Resource as Managed, Value, Verdict};

use super::Phase;
use crate::event::EntryKey;
use crate::plan::{Action, Plan, Whom};
use crate::run::call;
use crate::run::machine::ChangeIndex;

/// How long a look holds for others that begin at the same time, in milliseconds.
const FRESH_MS: i64 = 5_000;

/// The gates of a plan.
#[derive(Default)]
pub(super) struct Gates {
    /// For each group, the gates that guard its changes. Shared: mostly it is the same few for all.
    of_group: Vec<Arc<BTreeSet<ChangeIndex>>>,
    group_of: BTreeMap<ChangeIndex, usize>,
    looked: Arc<Looked>,
}

/// When each gate was last seen open, in milliseconds since 1970.
#[derive(Default)]
struct Looked(Mutex<BTreeMap<ChangeIndex, i64>>);

impl Looked {
    fn note(&self, gate: ChangeIndex, now_ms: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(gate, now_ms);
    }

    fn is_fresh(&self, gate: ChangeIndex, now_ms: i64) -> bool {
        let looked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looked.get(&gate).is_some_and(|then| (0..FRESH_MS).contains(&now_ms.saturating_sub(*then)))
    }
}

/// A gate that is to be looked at.
pub(super) struct Gate {
    index: ChangeIndex,
    key: EntryKey,
    resource: Arc<dyn Managed>,
    config: Value,
    context: Context,
    looked: Arc<Looked>,
}

impl Gates {
    /// The gates of a plan that is about to be carried out. What is turned back has none.
    pub(super) fn new(phase: &Phase<'_>) -> Self {
        let plan = phase.plan;
        let is_gate = |index: &ChangeIndex| {
            plan.changes.get(*index).is_some_and(|change| {
                change.action == Action::Judge && phase.actors.get(&change.key).is_some_and(Whom::is_gate)
            })
        };
        let mut gates = Self::default();
        if !(0..plan.changes.len()).any(|index| is_gate(&index)) {
            return gates;
        }
        let mut passed_on: Vec<Arc<BTreeSet<ChangeIndex>>> = Vec::with_capacity(plan.groups.len());
        for (at, group) in plan.groups.iter().enumerate() {
            let mut guarding: Arc<BTreeSet<ChangeIndex>> = Arc::default();
            for before in group.needs.iter().filter_map(|need| passed_on.get(*need)) {
                if guarding.is_empty() {
                    guarding = Arc::clone(before);
                } else if !before.is_subset(&guarding) {
                    Arc::make_mut(&mut guarding).extend(before.iter());
                }
            }
            gates.of_group.push(Arc::clone(&guarding));
            gates.group_of.extend(group.changes.iter().map(|change| (*change, at)));
            let own: Vec<ChangeIndex> = group.changes.iter().copied().filter(is_gate).collect();
            if !own.is_empty() {
                Arc::make_mut(&mut guarding).extend(own);
            }
            passed_on.push(guarding);
        }
        gates
    }

    /// A gate was found open.
    pub(super) fn passed(&self, gate: ChangeIndex, now_ms: i64) {
        self.looked.note(gate, now_ms);
    }

    /// The gates of a change, where they are to be looked at before it begins. `known` gives the arguments with which
    /// each was judged, and a context.
    pub(super) fn before(
        &self,
        plan: &Plan,
        index: ChangeIndex,
        known: impl Fn(ChangeIndex) -> Option<(Value, Arc<dyn Managed>, Context)>,
    ) -> Vec<Gate> {
        let guarded = plan.changes.get(index).is_some_and(crate::plan::Change::is_guarded);
        let gates = self.group_of.get(&index).and_then(|group| self.of_group.get(*group)).filter(|_| guarded);
        let gate = |index: &ChangeIndex| {
            let (config, resource, context) = known(*index)?;
            let key = plan.changes.get(*index)?.key.clone();
            Some(Gate { index: *index, key, resource, config, context, looked: Arc::clone(&self.looked) })
        };
        gates.into_iter().flat_map(|gates| gates.iter()).filter_map(gate).collect()
    }
}

impl Gate {
    /// Looks at it. Gives why what it guards must not begin, if that is so.
    pub(super) async fn look(&self) -> Result<(), Verdict> {
        if self.looked.is_fresh(self.index, self.context.clock.now_ms()) {
            return Ok(());
        }
        let shut = |outcome, why: &str| {
            let text = format!("{} is shut now: {why}", self.key);
            Err(Verdict::new(outcome, self.context.redactor.mask(&text)))
        };
        match call::plan(&self.resource, &self.config, None, &self.context).await {
            Ok(planned) => match planned.preview {
                Some(verdict) if verdict.outcome != Outcome::Passed => {
                    shut(verdict.outcome, &verdict.summary)
                }
                _ => {
                    self.looked.note(self.index, self.context.clock.now_ms());
                    Ok(())
                }
            },
            Err(problem) => shut(Outcome::Error, &problem.to_string()),
        }
    }
}
