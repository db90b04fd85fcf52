//! From a change that may begin to its action: the last look, the intent, the call.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use relplan_contract::{Cancel, Context, Verdict};

use super::gates::Gate;
use super::{Dispatch, Pending};
use crate::event::{Act, Event, RunMode};
use crate::plan::{Action, Change, Whom, told_of_elsewhere};
use crate::run::machine::{ChangeIndex, End, Input};
use crate::run::message::Message;
use crate::run::perform::{Job, Reporter, Work, perform};
use crate::run::prepare;
use crate::run::record;
use crate::run::report::{Notice, RowResult};
use crate::state::Entry;

impl Dispatch<'_, '_> {
    pub(super) fn prepare(&mut self, index: ChangeIndex) {
        let plan = self.phase.plan;
        let Some(change) = plan.changes.get(index) else { return };
        if change.action == Action::Forget {
            let reason = change.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            self.batch.push((Event::Forgotten { key: change.key.clone(), reason }, Pending::Other));
            self.in_batch.push((index, RowResult::Done { verdict: None, headline: None }));
            return self.queue.push_back(Input::NotBegun(index, End::Done));
        }
        let Some(whom) = self.phase.actors.get(&change.key).cloned() else {
            return self.not_begun(index, End::Failed, "Its provider is not there.".to_owned());
        };
        if let Some(live) = &change.from_elsewhere {
            return self.in_the_way(index, change, live);
        }
        let there = self.phase.journal.state().entries.get(&change.key).is_some_and(Entry::exists);
        let cleared = matches!(change.action, Action::Replace { create_first: false }) && !there;
        let evaluated = match prepare::evaluate(change, &whom, self.phase.world.as_deref_mut(), cleared) {
            Ok(evaluated) => evaluated,
            Err((end, message)) => return self.not_begun(index, end, message),
        };
        let (context, _) = self.context(index, change);
        let (change, sealer, channel) = (change.clone(), self.phase.sealer.clone(), self.channel.clone());
        let refresh = self.phase.refresh;
        let gates = self.gates_before(index);
        let looking = tokio::spawn(async move {
            for gate in gates {
                if let Err(shut) = gate.look().await {
                    let _ =
                        channel.send(Message::NotBegun(index, End::NotPassed(shut.outcome), shut.summary));
                    return;
                }
            }
            let message = match prepare::look(&change, &whom, evaluated, &context, &sealer, refresh).await {
                Ok(ready) => Message::Ready(index, Box::new(ready)),
                Err((end, message)) => Message::NotBegun(index, end, message),
            };
            // The loop is gone only when the run is over.
            let _ = channel.send(message);
        });
        self.looking.insert(index, looking.abort_handle());
    }

    /// The gates that are looked at before a change begins.
    fn gates_before(&self, index: ChangeIndex) -> Vec<Gate> {
        let plan = self.phase.plan;
        self.gates.before(plan, index, |gate| {
            let change = plan.changes.get(gate)?;
            let ready = self.progressing.get(&gate)?.ready.as_ref()?;
            let Whom::Resource(resource, _) = self.phase.actors.get(&change.key)? else { return None };
            let (context, _) = self.context(gate, change);
            Some((ready.config.clone(), Arc::clone(resource), context))
        })
    }

    /// Goes on with what is ready, unless something else went live since the plan was made.
    pub(super) fn ready(&mut self, index: ChangeIndex, ready: prepare::Ready) {
        let Some(change) = self.phase.plan.changes.get(index) else { return };
        let state = self.phase.journal.state();
        if let Some((live, wanted)) = ready.live.as_deref().zip(change.version_in(&ready.planned))
            && state.is_from_elsewhere(&change.key, live, wanted)
        {
            return self.in_the_way(index, change, live);
        }
        let policy = ready.policy;
        self.progress(index).ready = Some(ready);
        self.queue.push_back(Input::Prepared(index, policy));
    }

    /// Does not begin, since another version is live that this ledger does not know.
    fn in_the_way(&mut self, index: ChangeIndex, change: &Change, live: &str) {
        let message = told_of_elsewhere(&change.key, live);
        self.finish_row(index, RowResult::Failed { message, adoptable: true });
        self.queue.push_back(Input::NotBegun(index, End::Failed));
    }

    /// Needs no action, or cannot be begun.
    pub(super) fn not_begun(&mut self, index: ChangeIndex, end: End, message: String) {
        let result = match &end {
            End::Done => RowResult::Done { verdict: None, headline: None },
            End::Skipped(because) => RowResult::Skipped { because: because.clone() },
            End::NotPassed(outcome) => RowResult::NotPassed { verdict: Verdict::new(*outcome, message) },
            End::Failed | End::Unknown | End::NotNeeded => RowResult::Failed { message, adoptable: false },
        };
        self.finish_row(index, result);
        self.queue.push_back(Input::NotBegun(index, end));
    }

    pub(super) fn record_intent(&mut self, index: ChangeIndex) {
        let plan = self.phase.plan;
        let Some(change) = plan.changes.get(index) else { return };
        let acts_done = self.machine.acts_done(index);
        let act = self.act(index, change, acts_done);
        let state = self.phase.journal.state();
        let Some(ready) = self.progressing.get(&index).and_then(|progress| progress.ready.as_ref()) else {
            return;
        };
        let intent = record::intent(change, ready, act, state, &self.phase.digest, &plan.version);
        let key = intent.idempotency_key.clone();
        if let (Action::Replace { create_first: true }, Some(entry)) =
            (change.action, state.entries.get(&change.key))
        {
            let to = change.key.deposed(entry.generation);
            self.progress(index).deposed = Some(to.clone());
            self.batch.push((Event::Moved { from: change.key.clone(), to }, Pending::Other));
        }
        self.progress(index).key = key;
        self.batch.push((Event::Intended(Box::new(intent)), Pending::Intent(index)));
    }

    fn act(&self, index: ChangeIndex, change: &Change, acts_done: u8) -> Act {
        let ready = self.progressing.get(&index).and_then(|progress| progress.ready.as_ref());
        let whom = self.phase.actors.get(&change.key);
        let work =
            whom.zip(ready).and_then(|(whom, ready)| prepare::work(change, whom, ready, acts_done, ""));
        let judges = change.action == Action::Judge;
        let fresh = change.action != Action::Update;
        work.and_then(|work| work.act(fresh, judges)).unwrap_or(Act::Update)
    }

    pub(super) fn perform(&mut self, index: ChangeIndex) {
        let plan = self.phase.plan;
        let Some(change) = plan.changes.get(index) else { return };
        let acts_done = self.machine.acts_done(index);
        let Some(progress) = self.progressing.get(&index) else { return };
        let (Some(ready), Some(whom)) = (&progress.ready, self.phase.actors.get(&change.key)) else { return };
        let Some(work) = prepare::work(change, whom, ready, acts_done, &progress.key) else { return };
        let timeout = ready.timeout;
        let begins = progress.since.is_none() && change.action != Action::Read;
        if begins {
            self.progress(index).since = Some(Instant::now());
            (self.phase.notify)(Notice::Started { key: change.key.clone(), action: change.action });
        }
        let (context, switch) = self.context(index, change);
        let context = if matches!(work, Work::Destroy { .. }) { context.of_record() } else { context };
        self.switches.insert(index, switch);
        let channel = self.channel.clone();
        tokio::spawn(async move {
            let (index, ended) = perform(Job { index, work, context, timeout }).await;
            let _ = channel.send(Message::Ended(index, ended));
        });
    }

    fn context(&self, index: ChangeIndex, change: &Change) -> (Context, Cancel) {
        let redactor = Arc::clone(&self.phase.surroundings.redactor);
        let reporter = Reporter { index, channel: self.channel.clone(), redactor, said: AtomicU64::new(0) };
        let switch = Cancel::default();
        let context = self.phase.surroundings.context(&change.key, Arc::new(reporter), switch.clone());
        // What is turned back is as the ledger has it.
        let of_record = self.phase.plan.mode == RunMode::Rollback;
        (if of_record { context.of_record() } else { context }, switch)
    }
}
