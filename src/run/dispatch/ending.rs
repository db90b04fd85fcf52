//! From an action that ended to its outcome: what is recorded, what others see of it, its row in the closing table.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use relplan_contract::{Applied, Outcome, Value};

use super::{Dispatch, Pending, PhaseEnd};
use crate::addr::{Address, Key, ModulePath};
use crate::event::Event;
use crate::lang::config::OnFailure;
use crate::plan::{Action, Change, Reason};
use crate::run::call::Fault;
use crate::run::machine::{ChangeIndex, End, Input, Performed};
use crate::run::prepare;
use crate::run::record::{self, Told};
use crate::run::report::{Notice, Row, RowResult};
use crate::state::State;

impl Dispatch<'_, '_> {
    pub(super) fn ended(&mut self, index: ChangeIndex, ended: Result<Applied, Fault>) {
        if self.switches.remove(&index).is_none() {
            return;
        }
        let plan = self.phase.plan;
        let Some(change) = plan.changes.get(index) else { return };
        let Some(whom) = self.phase.actors.get(&change.key) else { return };
        let state = self.phase.journal.state();
        let progress = self.progressing.entry(index).or_default();
        let planned = progress.ready.as_ref().map_or(Value::null(), |ready| &ready.planned);
        let now = self.phase.surroundings.clock.now_ms();
        let mut outcome = record::outcome(change, whom, ended, &progress.key, planned, state, now);
        if let Some(message) = self.broken(index, change, &outcome) {
            (outcome.performed, outcome.message) = (Performed::Broken, message);
        }
        let performed = outcome.performed;
        if performed == Performed::Judged(Outcome::Passed) {
            self.gates.passed(index, now);
        }
        if let Some(owed) = owed(change, &outcome, state) {
            if owed.is_empty() {
                self.machine.goes_on(index);
            }
            self.progress(index).owed = owed;
        }
        if let Performed::TryAgain(after) = performed {
            let attempt = self.machine.attempt(index) + 1;
            let wait = after.unwrap_or_default();
            let (key, message) = (change.key.clone(), outcome.message.clone());
            (self.phase.notify)(Notice::Retrying { key, attempt, wait, message });
        } else if change.action == Action::Read {
            self.values.extend(outcome.value.clone().map(|value| (index, value)));
            self.finish_row(index, row(change, &outcome));
        }
        self.progress(index).outcome = Some(outcome);
        self.queue.push_back(Input::Performed(index, performed));
    }

    pub(super) fn record_outcome(&mut self, index: ChangeIndex) {
        let plan = self.phase.plan;
        let Some(change) = plan.changes.get(index) else { return };
        let last_act = self.is_last_act(index);
        let Some(outcome) = self.progress(index).outcome.take() else { return };
        let result = row(change, &outcome);
        let done = matches!(result, RowResult::Done { .. });
        // What a gate tells when it is looked at again is its verdict: the plan rests on what it had told before.
        let tells = change.reasons != [Reason::Guards];
        if let Some(value) = outcome.value.filter(|value| tells && !value.is_null()) {
            self.values.insert(index, value);
        }
        self.batch.push((outcome.event, Pending::Outcome(index)));
        let not_made = matches!(outcome.performed, Performed::Failed | Performed::TryAgain(_));
        if let Some(from) = self.progress(index).deposed.take().filter(|_| not_made) {
            // No new object: the old one takes its place again.
            self.batch.push((Event::Moved { from, to: change.key.clone() }, Pending::Other));
        }
        if last_act || !done {
            self.in_batch.push((index, result));
        }
    }

    fn is_last_act(&self, index: ChangeIndex) -> bool {
        let ready = self.progressing.get(&index).and_then(|progress| progress.ready.as_ref());
        self.machine.acts_done(index) + 1 >= ready.map_or(1, |ready| ready.policy.acts)
    }

    /// Why a postcondition does not hold, if that is so. The object stays; what depends on it is not begun.
    fn broken(&self, index: ChangeIndex, change: &Change, outcome: &Told) -> Option<String> {
        let done = matches!(outcome.performed, Performed::Done | Performed::Judged(Outcome::Passed));
        let world = self.phase.world.as_deref().filter(|_| done && self.is_last_act(index))?;
        let value = outcome.value.as_ref().filter(|value| !value.is_null())?;
        let (id, resource) = prepare::block_of(world, change.address())?;
        let conditions = &resource.lifecycle.postconditions;
        if conditions.is_empty() {
            return None;
        }
        let bindings = crate::world::with_self(&world.bindings(id, change.address()), value.clone());
        let errors = world.check_conditions(conditions, &change.address().module, &bindings).err()?;
        let text: Vec<&str> = errors.0.iter().map(|error| error.detail.as_str()).collect();
        Some(format!("It was done, but a postcondition does not hold: {}", text.join(" ")))
    }

    /// The action goes on or not, nobody waits for it: what becomes of it is unknown.
    pub(super) fn abandon(&mut self, index: ChangeIndex) {
        let problem = relplan_contract::Problem::uncertain("It was given up while it was under way.");
        self.ended(index, Err(Fault::Problem(problem)));
    }

    /// What refers to the group's blocks can now be evaluated with what was made.
    pub(super) fn group_done(&mut self, group: usize) {
        let plan = self.phase.plan;
        let Some(group) = plan.groups.get(group) else { return };
        let Some(world) = self.phase.world.as_deref_mut() else { return };
        let mut by_module: BTreeMap<ModulePath, BTreeMap<Option<Key>, Value>> = BTreeMap::new();
        let mut block = None;
        for index in &group.changes {
            let (Some(change), Some(value)) = (plan.changes.get(*index), self.values.get(index)) else {
                continue;
            };
            let address = change.address();
            block = prepare::block_of(world, address).map(|(id, _)| (id, address.resource.clone()));
            by_module.entry(address.module.clone()).or_default().insert(address.key.clone(), value.clone());
        }
        let Some((id, name)) = block else { return };
        for (module, values) in by_module {
            world.update_instances(id, &name, &module, &values);
        }
    }

    pub(super) fn finish_row(&mut self, index: ChangeIndex, result: RowResult) {
        let Some(change) = self.change(index) else { return };
        let (key, action) = (change.key.clone(), change.action);
        let progress = self.progress(index);
        // A gate that is looked at again begins anew.
        let took = progress.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        progress.result = Some(result.clone());
        (self.phase.notify)(Notice::Finished { key, action, result, took });
    }

    pub(super) fn end(self) -> PhaseEnd {
        let plan = self.phase.plan;
        let mut configs = BTreeMap::new();
        let mut rows = Vec::with_capacity(plan.changes.len());
        for (index, change) in plan.changes.iter().enumerate() {
            let progress = self.progressing.get(&index);
            if let Some(ready) = progress.and_then(|progress| progress.ready.as_ref()) {
                configs.insert(change.key.clone(), ready.config.clone());
            }
            let told = progress.and_then(|progress| progress.result.clone());
            let result = match (told, self.machine.end_of(index)) {
                (_, Some(End::NotNeeded)) => continue,
                (_, Some(End::Skipped(because))) => RowResult::Skipped { because: because.clone() },
                (Some(result), _) => result,
                // Only what is durable was told.
                (None, Some(End::Done | End::NotPassed(_) | End::Failed | End::Unknown)) => {
                    RowResult::Uncertain { message: "Its outcome could not be recorded.".to_owned() }
                }
                (None, _) => RowResult::Skipped { because: "it was not begun".to_owned() },
            };
            rows.push(Row { key: change.key.clone(), action: change.action, result });
        }
        let rollbacks = self.machine.rollbacks().to_vec();
        let checks = rollbacks.iter().filter_map(|index| self.progressing.get(index));
        PhaseEnd {
            rows,
            stopped: self.machine.stopped(),
            owed: checks.flat_map(|check| check.owed.iter().cloned()).collect(),
            rollbacks,
            error: self.error,
            configs,
        }
    }
}

/// For a check that failed and asks for a rollback: the live resources that go back. `state` is that before the
/// verdict.
fn owed(change: &Change, outcome: &Told, state: &State) -> Option<BTreeSet<Address>> {
    let Event::Judged { key, judgement, .. } = &outcome.event else { return None };
    if judgement.outcome != Outcome::Failed || change.on_failure != OnFailure::Rollback {
        return None;
    }
    let version = state.intended_version(key);
    let judged = judgement.judged.keys();
    Some(judged.filter(|live| state.turns_back(live, &key.address, &version)).cloned().collect())
}

fn row(change: &Change, outcome: &Told) -> RowResult {
    match outcome.performed {
        Performed::Done | Performed::Judged(Outcome::Passed) => {
            let headline =
                outcome.value.as_ref().and_then(|value| change.version_in(value)).map(str::to_owned);
            RowResult::Done { verdict: outcome.verdict.clone(), headline }
        }
        Performed::Broken => RowResult::Failed { message: outcome.message.clone(), adoptable: false },
        Performed::Judged(_) | Performed::TryAgain(_) | Performed::Failed => match &outcome.verdict {
            Some(verdict) => RowResult::NotPassed { verdict: verdict.clone() },
            None => RowResult::Failed { message: outcome.message.clone(), adoptable: false },
        },
        Performed::Unknown => RowResult::Uncertain { message: outcome.message.clone() },
    }
}
