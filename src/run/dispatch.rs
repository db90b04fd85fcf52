//! The run's loop: performs what the machine commands, and tells it what happened. Thin on purpose: what is
//! decided is decided by [`Machine`]; what is recorded is built in `record`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use relplan_contract::{Cancel, Value};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::journal::Journal;
use super::machine::{ChangeIndex, Command, End, Gate, Input, Machine, Stop};
use super::message::Message;
use super::perform::{Ended, Job, Reporter, Switches, perform};
use super::prepare::{self, Ready};
use super::record::{self, Told};
use super::report::{Notice, Row, RowResult};
use super::surroundings::Surroundings;
use crate::addr::{Key, ModulePath};
use crate::canonical::Digest;
use crate::event::{Act, Event};
use crate::ledger::{LedgerError, Sealer};
use crate::plan::{Action, Change, Plan, Whom};
use crate::world::World;

/// A wish of the person at the terminal, or of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C or SIGTERM: the first asks to stop, the second to give up.
    Stop,
}

/// What carrying out one plan works with.
pub(super) struct Phase<'r> {
    pub plan: &'r Plan,
    pub digest: Digest,
    pub actors: &'r BTreeMap<crate::event::EntryKey, Whom>,
    pub world: Option<&'r mut World>,
    pub journal: &'r mut dyn Journal,
    pub sealer: &'r Sealer,
    pub surroundings: &'r mut Surroundings,
    pub signals: &'r mut UnboundedReceiver<Signal>,
    pub notify: &'r mut dyn FnMut(Notice),
    pub parallelism: usize,
    pub refresh: bool,
    pub gate: Gate,
}

/// How carrying out one plan ended.
pub(super) struct PhaseEnd {
    pub rows: Vec<Row>,
    pub stopped: Option<Stop>,
    /// The failed checks that ask for live resources to be turned back.
    pub rollbacks: Vec<ChangeIndex>,
    /// Why the ledger cannot be written any more.
    pub error: Option<LedgerError>,
    /// The final arguments of each change that was begun.
    pub configs: BTreeMap<crate::event::EntryKey, Value>,
}

/// What is kept of a change while it is carried out.
#[derive(Default)]
struct Progressing {
    ready: Option<Ready>,
    key: String,
    outcome: Option<Told>,
    result: Option<RowResult>,
    since: Option<Instant>,
}

enum Pending {
    Intent(ChangeIndex),
    Outcome(ChangeIndex),
    Other,
}

struct Dispatch<'p, 'r> {
    phase: &'p mut Phase<'r>,
    machine: Machine,
    progressing: BTreeMap<ChangeIndex, Progressing>,
    switches: Switches,
    queue: VecDeque<Input>,
    /// Events to be written with the next batch, and who waits for each.
    batch: Vec<(Event, Pending)>,
    channel: UnboundedSender<Message>,
    values: BTreeMap<ChangeIndex, Value>,
    error: Option<LedgerError>,
    finished: bool,
    stops: u32,
}

/// Carries out one plan.
pub(super) async fn carry_out(phase: &mut Phase<'_>) -> PhaseEnd {
    let (channel, mut messages) = unbounded_channel();
    let seed = phase.digest.0.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    let machine = Machine::new(phase.plan, phase.parallelism, seed, phase.gate);
    let mut dispatch = Dispatch {
        phase,
        machine,
        progressing: BTreeMap::new(),
        switches: Switches::new(),
        queue: VecDeque::from([Input::Begin]),
        batch: Vec::new(),
        channel,
        values: BTreeMap::new(),
        error: None,
        finished: false,
        stops: 0,
    };
    loop {
        dispatch.work_off();
        if dispatch.finished {
            return dispatch.end();
        }
        let message = tokio::select! {
            message = messages.recv() => message,
            signal = dispatch.phase.signals.recv() => {
                if signal.is_some() {
                    dispatch.stop();
                }
                None
            }
        };
        // Everything that is there already is taken in first, so that many intents share one sync.
        let mut next = message;
        while let Some(message) = next {
            dispatch.take(message);
            next = messages.try_recv().ok();
        }
    }
}

impl Dispatch<'_, '_> {
    /// Steps the machine until it has nothing to say, and writes what has come together.
    fn work_off(&mut self) {
        loop {
            while let Some(input) = self.queue.pop_front() {
                for command in self.machine.step(input) {
                    self.follow(&command);
                }
            }
            if self.batch.is_empty() {
                return;
            }
            self.flush();
        }
    }

    /// One write for all events that came together; a sync when an intent or a reference is among them.
    fn flush(&mut self) {
        let (events, waiting): (Vec<Event>, Vec<Pending>) =
            std::mem::take(&mut self.batch).into_iter().unzip();
        let must_last =
            events.iter().any(|event| matches!(event, Event::Intended(_) | Event::Referenced { .. }));
        let time_ms = self.time_ms();
        let mut written = self.phase.journal.append(time_ms, events).map(|_| ());
        if written.is_ok() && must_last {
            written = self.phase.journal.sync();
        }
        if let Err(error) = written {
            self.error.get_or_insert(error);
            self.queue.push_back(Input::LedgerLost);
            return;
        }
        self.queue.extend(waiting.into_iter().filter_map(|pending| match pending {
            Pending::Intent(index) => Some(Input::IntentRecorded(index)),
            Pending::Outcome(index) => Some(Input::OutcomeRecorded(index)),
            Pending::Other => None,
        }));
    }

    fn follow(&mut self, command: &Command) {
        match *command {
            Command::Prepare(index) => self.prepare(index),
            Command::RecordIntent(index) => self.record_intent(index),
            Command::Perform(index) => self.perform(index),
            Command::RecordOutcome(index) => self.record_outcome(index),
            Command::Sleep(index, wait) => self.sleep(index, wait),
            Command::Cancel(index) => {
                if let Some(switch) = self.switches.get(&index) {
                    switch.cancel();
                }
            }
            Command::Abandon(index) => self.abandon(index),
            Command::GroupDone(group) => self.group_done(group),
            Command::Finish => self.finished = true,
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Ready(index, ready) => {
                let policy = ready.policy;
                self.progress(index).ready = Some(*ready);
                self.queue.push_back(Input::Prepared(index, policy));
            }
            Message::NotBegun(index, end, message) => self.not_begun(index, end, message),
            Message::Ended(index, ended) => self.ended(index, ended),
            Message::Woke(index) => self.queue.push_back(Input::Woke(index)),
            Message::Line(index, text) => {
                if let Some(change) = self.change(index) {
                    let key = change.key.clone();
                    (self.phase.notify)(Notice::Line { key, text });
                }
            }
            Message::Reference(index, reference) => {
                if let Some(change) = self.change(index).filter(|_| self.switches.contains_key(&index)) {
                    self.batch
                        .push((Event::Referenced { key: change.key.clone(), reference }, Pending::Other));
                }
            }
        }
    }

    fn stop(&mut self) {
        self.stops += 1;
        let running = self.machine.under_way();
        (self.phase.notify)(Notice::Stopping { running });
        self.queue.push_back(if self.stops == 1 { Input::Interrupt } else { Input::Abort });
    }

    fn prepare(&mut self, index: ChangeIndex) {
        let plan = self.phase.plan;
        let Some(change) = plan.changes.get(index) else { return };
        if change.action == Action::Forget {
            let reason = change.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            self.batch.push((Event::Forgotten { key: change.key.clone(), reason }, Pending::Other));
            return self.not_begun(index, End::Done, String::new());
        }
        let Some(whom) = self.phase.actors.get(&change.key).cloned() else {
            return self.not_begun(index, End::Failed, "Its provider is not there.".to_owned());
        };
        let evaluated = match prepare::evaluate(change, &whom, self.phase.world.as_deref_mut()) {
            Ok(evaluated) => evaluated,
            Err((end, message)) => return self.not_begun(index, end, message),
        };
        let (context, _) = self.context(index, change);
        let (change, sealer, channel) = (change.clone(), self.phase.sealer.clone(), self.channel.clone());
        let refresh = self.phase.refresh;
        tokio::spawn(async move {
            let message = match prepare::look(&change, &whom, evaluated, &context, &sealer, refresh).await {
                Ok(ready) => Message::Ready(index, Box::new(ready)),
                Err((end, message)) => Message::NotBegun(index, end, message),
            };
            // The loop is gone only when the run is over.
            let _ = channel.send(message);
        });
    }

    fn not_begun(&mut self, index: ChangeIndex, end: End, message: String) {
        let result = match &end {
            End::Done => RowResult::Done { verdict: None, headline: None },
            End::Skipped(because) => RowResult::Skipped { because: because.clone() },
            End::NotPassed(_) | End::Failed | End::Unknown | End::NotNeeded => RowResult::Failed { message },
        };
        self.finish_row(index, result);
        self.queue.push_back(Input::NotBegun(index, end));
    }

    fn record_intent(&mut self, index: ChangeIndex) {
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
            let to = crate::plan::deposed(&change.key, entry.generation);
            self.batch.push((Event::Moved { from: change.key.clone(), to }, Pending::Other));
        }
        self.progress(index).key = key;
        self.batch.push((Event::Intended(Box::new(intent)), Pending::Intent(index)));
        if acts_done == 0 {
            self.progress(index).since = Some(Instant::now());
            (self.phase.notify)(Notice::Started { key: change.key.clone(), action: change.action });
        }
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

    fn perform(&mut self, index: ChangeIndex) {
        let plan = self.phase.plan;
        let Some(change) = plan.changes.get(index) else { return };
        let acts_done = self.machine.acts_done(index);
        let Some(progress) = self.progressing.get(&index) else { return };
        let (Some(ready), Some(whom)) = (&progress.ready, self.phase.actors.get(&change.key)) else { return };
        let Some(work) = prepare::work(change, whom, ready, acts_done, &progress.key) else { return };
        let timeout = ready.timeout;
        let (context, switch) = self.context(index, change);
        self.switches.insert(index, switch);
        let channel = self.channel.clone();
        tokio::spawn(async move {
            let (index, ended) = perform(Job { index, work, context, timeout }).await;
            let _ = channel.send(Message::Ended(index, ended));
        });
    }

    fn ended(&mut self, index: ChangeIndex, ended: Ended) {
        if self.switches.remove(&index).is_none() {
            return;
        }
        let plan = self.phase.plan;
        let Some(change) = plan.changes.get(index) else { return };
        let Some(whom) = self.phase.actors.get(&change.key) else { return };
        let state = self.phase.journal.state();
        let progress = self.progressing.entry(index).or_default();
        let planned = progress.ready.as_ref().map_or(Value::null(), |ready| &ready.planned);
        let outcome = record::outcome(change, whom, ended, &progress.key, planned, state);
        let performed = outcome.performed;
        if let super::machine::Performed::TryAgain(after) = performed {
            let attempt = self.machine.attempt(index) + 1;
            let wait = after.unwrap_or_default();
            let (key, message) = (change.key.clone(), outcome.message.clone());
            (self.phase.notify)(Notice::Retrying { key, attempt, wait, message });
        }
        if change.action == Action::Read && performed == super::machine::Performed::Done {
            if let Some(value) = outcome.value.clone() {
                self.values.insert(index, value);
            }
            self.finish_row(index, RowResult::Done { verdict: None, headline: None });
        }
        self.progress(index).outcome = Some(outcome);
        self.queue.push_back(Input::Performed(index, performed));
    }

    fn record_outcome(&mut self, index: ChangeIndex) {
        let plan = self.phase.plan;
        let Some(change) = plan.changes.get(index) else { return };
        let last_act = self.machine.acts_done(index) + 1
            >= self
                .progressing
                .get(&index)
                .and_then(|p| p.ready.as_ref())
                .map_or(1, |ready| ready.policy.acts);
        let Some(outcome) = self.progress(index).outcome.take() else { return };
        let result = row(change, &outcome);
        let done = matches!(result, RowResult::Done { .. });
        if let Some(value) = outcome.value.filter(|value| !value.is_null()) {
            self.values.insert(index, value);
        }
        self.batch.push((outcome.event, Pending::Outcome(index)));
        if last_act || !done {
            let result = self.after_conditions(index, change, result);
            self.finish_row(index, result);
        }
    }

    /// Postconditions are looked at when the object is there; the object stays either way.
    fn after_conditions(&self, index: ChangeIndex, change: &Change, result: RowResult) -> RowResult {
        let Some(world) = self.phase.world.as_deref() else { return result };
        let (true, Some(value)) = (matches!(result, RowResult::Done { .. }), self.values.get(&index)) else {
            return result;
        };
        let Some((id, resource)) = prepare::block_of(world, change.address()) else { return result };
        let conditions = &resource.lifecycle.postconditions;
        if conditions.is_empty() {
            return result;
        }
        let bindings = crate::world::with_self(&world.bindings(id, change.address()), value.clone());
        match world.check_conditions(conditions, &change.address().module, &bindings) {
            Ok(_) => result,
            Err(errors) => {
                let text: Vec<&str> = errors.0.iter().map(|error| error.detail.as_str()).collect();
                RowResult::Failed { message: text.join(" ") }
            }
        }
    }

    fn sleep(&self, index: ChangeIndex, wait: Duration) {
        let (channel, slept) = (self.channel.clone(), self.phase.surroundings.clock.sleep(wait));
        tokio::spawn(async move {
            slept.await;
            let _ = channel.send(Message::Woke(index));
        });
    }

    /// The action goes on or not, nobody waits for it: what becomes of it is unknown.
    fn abandon(&mut self, index: ChangeIndex) {
        let problem = relplan_contract::Problem::uncertain("It was given up while it was under way.");
        self.ended(index, Ended::Problem(problem));
    }

    /// What refers to the group's blocks can now be evaluated with what was made.
    fn group_done(&mut self, group: usize) {
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

    fn finish_row(&mut self, index: ChangeIndex, result: RowResult) {
        let Some(change) = self.change(index) else { return };
        let (key, action) = (change.key.clone(), change.action);
        let progress = self.progress(index);
        let took = progress.since.map_or(Duration::ZERO, |since| since.elapsed());
        progress.result = Some(result.clone());
        (self.phase.notify)(Notice::Finished { key, action, result, took });
    }

    fn context(&self, index: ChangeIndex, change: &Change) -> (relplan_contract::Context, Cancel) {
        let redactor = Arc::clone(&self.phase.surroundings.redactor);
        let reporter = Reporter { index, channel: self.channel.clone(), redactor };
        let switch = Cancel::default();
        (self.phase.surroundings.context(&change.key, Arc::new(reporter), switch.clone()), switch)
    }

    fn progress(&mut self, index: ChangeIndex) -> &mut Progressing {
        self.progressing.entry(index).or_default()
    }

    fn change(&self, index: ChangeIndex) -> Option<&Change> {
        self.phase.plan.changes.get(index)
    }

    fn time_ms(&self) -> i64 {
        time_ms(&*self.phase.surroundings.clock)
    }

    fn end(self) -> PhaseEnd {
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
                (None, Some(End::Unknown)) => {
                    RowResult::Uncertain { message: "Its outcome could not be recorded.".to_owned() }
                }
                (None, _) => RowResult::Skipped { because: "it was not begun".to_owned() },
            };
            rows.push(Row { key: change.key.clone(), action: change.action, result });
        }
        PhaseEnd {
            rows,
            stopped: self.machine.stopped(),
            rollbacks: self.machine.rollbacks().to_vec(),
            error: self.error,
            configs,
        }
    }
}

fn row(change: &Change, outcome: &Told) -> RowResult {
    use super::machine::Performed;
    use relplan_contract::Outcome;
    match outcome.performed {
        Performed::Done | Performed::Judged(Outcome::Passed) => {
            let attribute = change.headline.as_ref();
            let headline = attribute.zip(outcome.value.as_ref()).and_then(|(name, value)| {
                let value = value.get(name);
                value.as_str().filter(|_| !value.is_sensitive()).map(str::to_owned)
            });
            RowResult::Done { verdict: outcome.verdict.clone(), headline }
        }
        Performed::Judged(_) | Performed::TryAgain(_) | Performed::Failed => match &outcome.verdict {
            Some(verdict) => RowResult::NotPassed { verdict: verdict.clone() },
            None => RowResult::Failed { message: outcome.message.clone() },
        },
        Performed::Unknown => RowResult::Uncertain { message: outcome.message.clone() },
    }
}

/// Milliseconds since 1970.
pub(super) fn time_ms(clock: &dyn relplan_contract::Clock) -> i64 {
    let since = clock.now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
