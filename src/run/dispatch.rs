//! The run's loop: performs what the machine commands, and tells it what happened. Thin on purpose: what is
//! decided is decided by [`Machine`]; what is recorded is built in `record`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use relplan_contract::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;
use tracing::trace;

use super::journal::Journal;
use super::machine::{ChangeIndex, Command, Gate, Input, Machine, Stop};
use super::message::Message;
use super::perform::Switches;
use super::prepare::Ready;
use super::record::Told;
use super::report::{Notice, Row, RowResult};
use super::surroundings::Surroundings;
use crate::addr::Address;
use crate::canonical::Digest;
use crate::event::{EntryKey, Event};
use crate::ledger::{LedgerError, Sealer};
use crate::plan::{Change, Plan, Whom};
use crate::world::World;

mod begin;
mod ending;
mod gates;

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
    pub actors: &'r BTreeMap<EntryKey, Whom>,
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
    /// The live resources that they turn back.
    pub owed: BTreeSet<Address>,
    /// Why the ledger cannot be written any more.
    pub error: Option<LedgerError>,
    /// The final arguments of each change that was begun.
    pub configs: BTreeMap<EntryKey, Value>,
}

/// What is kept of a change while it is carried out.
#[derive(Default)]
struct Progressing {
    ready: Option<Ready>,
    key: String,
    outcome: Option<Told>,
    result: Option<RowResult>,
    since: Option<Instant>,
    /// Where the old object is while a new one is made in its place.
    deposed: Option<EntryKey>,
    /// For a check that failed: the live resources that go back because of it.
    owed: BTreeSet<Address>,
}

enum Pending {
    Intent(ChangeIndex),
    Outcome(ChangeIndex),
    /// A reference that an action waits for: told when it is durable, dropped when it never will be.
    Reference(oneshot::Sender<()>),
    Other,
}

struct Dispatch<'p, 'r> {
    phase: &'p mut Phase<'r>,
    machine: Machine,
    gates: gates::Gates,
    progressing: BTreeMap<ChangeIndex, Progressing>,
    switches: Switches,
    /// The last looks before changes begin.
    looking: BTreeMap<ChangeIndex, AbortHandle>,
    queue: VecDeque<Input>,
    /// Events to be written with the next batch, and who waits for each.
    batch: Vec<(Event, Pending)>,
    /// How changes ended, in the order of their records: those in the batch, and those written but not yet durable.
    /// Nothing of it is told before it is durable.
    in_batch: Vec<(ChangeIndex, RowResult)>,
    written: Vec<(ChangeIndex, RowResult)>,
    /// When what is written is made durable at the latest.
    due: Option<tokio::time::Instant>,
    channel: UnboundedSender<Message>,
    values: BTreeMap<ChangeIndex, Value>,
    error: Option<LedgerError>,
    finished: bool,
    stops: u32,
}

/// How often it is said of each change under way that it goes on.
const STILL: Duration = Duration::from_secs(10);

/// How long an outcome that is written may wait to be made durable together with others.
const NEIGHBOURS: Duration = Duration::from_millis(100);

/// Waits until a moment; for ever where there is none.
async fn reached(moment: Option<tokio::time::Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Carries out one plan.
pub(super) async fn carry_out(phase: &mut Phase<'_>) -> PhaseEnd {
    let (channel, mut messages) = unbounded_channel();
    let seed = phase.digest.0.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    let machine = Machine::new(phase.plan, phase.parallelism, seed, phase.gate);
    let gates = gates::Gates::new(phase);
    let mut dispatch = Dispatch {
        phase,
        machine,
        gates,
        progressing: BTreeMap::new(),
        switches: Switches::new(),
        looking: BTreeMap::new(),
        queue: VecDeque::from([Input::Begin]),
        batch: Vec::new(),
        in_batch: Vec::new(),
        written: Vec::new(),
        due: None,
        channel,
        values: BTreeMap::new(),
        error: None,
        finished: false,
        stops: 0,
    };
    let mut still = tokio::time::interval_at(tokio::time::Instant::now() + STILL, STILL);
    still.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        dispatch.work_off();
        if dispatch.finished {
            dispatch.make_durable();
            return dispatch.end();
        }
        let due = dispatch.due;
        // In a fixed order, so that a simulated run can be repeated.
        let message = tokio::select! {
            biased;
            Some(Signal::Stop) = dispatch.phase.signals.recv() => {
                dispatch.stop();
                None
            }
            message = messages.recv() => message,
            () = reached(due) => {
                dispatch.make_durable();
                None
            }
            _ = still.tick() => {
                dispatch.say_what_goes_on();
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

    /// One write for all events that came together. An intent or a reference among them makes it durable at once;
    /// outcomes wait a moment for their neighbours.
    fn flush(&mut self) {
        let (events, waiting): (Vec<Event>, Vec<Pending>) =
            std::mem::take(&mut self.batch).into_iter().unzip();
        let must_last =
            events.iter().any(|event| matches!(event, Event::Intended(_) | Event::Referenced { .. }));
        let time_ms = self.phase.surroundings.clock.now_ms();
        if let Err(error) = self.phase.journal.append(time_ms, events) {
            return self.lose_ledger(error);
        }
        self.written.append(&mut self.in_batch);
        if must_last && !self.make_durable() {
            return;
        }
        if !self.written.is_empty() {
            self.due.get_or_insert_with(|| tokio::time::Instant::now() + NEIGHBOURS);
        }
        self.queue.extend(waiting.into_iter().filter_map(|pending| match pending {
            Pending::Intent(index) => Some(Input::IntentRecorded(index)),
            Pending::Outcome(index) => Some(Input::OutcomeRecorded(index)),
            Pending::Reference(kept) => {
                // The action may have been given up meanwhile.
                let _ = kept.send(());
                None
            }
            Pending::Other => None,
        }));
    }

    /// Makes durable what is written, and only then tells of it. Gives whether that went well.
    fn make_durable(&mut self) -> bool {
        self.due = None;
        if self.error.is_some() {
            return false;
        }
        if let Err(error) = self.phase.journal.sync() {
            self.lose_ledger(error);
            return false;
        }
        for (index, result) in std::mem::take(&mut self.written) {
            self.finish_row(index, result);
        }
        true
    }

    fn lose_ledger(&mut self, error: LedgerError) {
        self.error.get_or_insert(error);
        self.queue.push_back(Input::LedgerLost);
    }

    fn follow(&mut self, command: &Command) {
        let change = || command.index().and_then(|index| self.change(index));
        // Only looked for where it is logged.
        trace!(?command, change = change().map(|change| display(&change.key)), "the machine commands");
        match *command {
            Command::Prepare(index) => self.prepare(index),
            Command::RecordIntent(index) => self.record_intent(index),
            Command::Perform(index) => self.perform(index),
            Command::RecordOutcome(index) => self.record_outcome(index),
            Command::Sleep(index, wait) => self.sleep(index, wait),
            Command::Cancel(index) => {
                if let Some(looking) = self.looking.remove(&index) {
                    looking.abort();
                }
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
            // What was given up meanwhile has ended already.
            Message::Ready(index, ready) if self.looking.remove(&index).is_some() => {
                self.ready(index, *ready);
            }
            Message::NotBegun(index, end, message) if self.looking.remove(&index).is_some() => {
                self.not_begun(index, end, message);
            }
            Message::Ready(..) | Message::NotBegun(..) => {}
            Message::Ended(index, ended) => self.ended(index, ended),
            Message::Woke(index) => self.queue.push_back(Input::Woke(index)),
            Message::Line(index, text) => {
                if let Some(change) = self.change(index) {
                    let key = change.key.clone();
                    (self.phase.notify)(Notice::Line { key, text });
                }
            }
            Message::Reference(index, reference, kept) => {
                if let Some(change) = self.change(index).filter(|_| self.switches.contains_key(&index)) {
                    let pending = kept.map_or(Pending::Other, Pending::Reference);
                    self.batch.push((Event::Referenced { key: change.key.clone(), reference }, pending));
                }
            }
        }
    }

    fn stop(&mut self) {
        self.stops += 1;
        let running = self.machine.begun();
        let first = self.stops == 1;
        (self.phase.notify)(if first { Notice::Stopping { running } } else { Notice::Aborting { running } });
        self.queue.push_back(if self.stops == 1 { Input::Interrupt } else { Input::Abort });
    }

    /// Long actions are not left without a word.
    fn say_what_goes_on(&mut self) {
        let plan = self.phase.plan;
        for (index, progress) in &self.progressing {
            let (Some(change), Some(since), None) =
                (plan.changes.get(*index), progress.since, &progress.result)
            else {
                continue;
            };
            let elapsed = since.elapsed();
            if elapsed >= STILL {
                let (key, action) = (change.key.clone(), change.action);
                (self.phase.notify)(Notice::Still { key, action, elapsed });
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

    fn progress(&mut self, index: ChangeIndex) -> &mut Progressing {
        self.progressing.entry(index).or_default()
    }

    fn change(&self, index: ChangeIndex) -> Option<&Change> {
        self.phase.plan.changes.get(index)
    }
}
