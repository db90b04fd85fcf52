//! The run machine: pure. It is told what happened and says what to do next; it touches nothing itself.
//!
//! Its one promise: no action is started before the ledger has acknowledged its intent. Everything else follows
//! from the plan's groups: a change begins when every group that its own group needs has ended.

use std::collections::{BTreeMap, BTreeSet};

use relplan_contract::Outcome;

use super::backoff::Backoff;
use crate::lang::config::{OnFailure, When};
use crate::plan::{Action, Plan};

mod stopping;
mod vocabulary;

pub use vocabulary::{ChangeIndex, Command, End, Gate, Input, Performed, Policy, Stop};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Waiting,
    Preparing,
    RecordingIntent,
    Performing,
    RecordingOutcome(Performed),
    Sleeping,
    AtGate,
    Ended(End),
}

struct Node {
    group: usize,
    action: Action,
    on_failure: OnFailure,
    when: When,
    phase: Phase,
    policy: Policy,
    acts_done: u8,
    tries: u32,
    /// How often it was found pending.
    waits: u32,
}

struct GroupState {
    changes: Vec<ChangeIndex>,
    needs_left: usize,
    changes_left: usize,
    needed_by: Vec<usize>,
    /// Why what depends on this group is not started: the name of what ended badly.
    bad: Option<String>,
}

/// The state of a run.
pub struct Machine {
    nodes: Vec<Node>,
    groups: Vec<GroupState>,
    names: Vec<String>,
    startable: BTreeSet<ChangeIndex>,
    under_way: BTreeSet<ChangeIndex>,
    /// Groups whose last change has ended, or that need nothing any more: worked off in a loop, since a chain of
    /// them may be longer than the stack is deep.
    ended_groups: Vec<usize>,
    parallelism: usize,
    stop: Option<Stop>,
    rollbacks: Vec<ChangeIndex>,
    seed: u64,
    /// How often each check that is pending is judged again, and after which wait.
    gate: Gate,
    begun: bool,
    finished: bool,
}

impl Machine {
    /// A machine for a plan. At most `parallelism` changes are under way at the same time; `seed` decides about the
    /// jitter of waits.
    #[must_use]
    pub fn new(plan: &Plan, parallelism: usize, seed: u64, gate: Gate) -> Self {
        let mut group_of = BTreeMap::new();
        let mut groups: Vec<GroupState> = Vec::with_capacity(plan.groups.len());
        for (index, group) in plan.groups.iter().enumerate() {
            group_of.extend(group.changes.iter().map(|change| (*change, index)));
            let (needs_left, changes_left) = (group.needs.len(), group.changes.len());
            let changes = group.changes.clone();
            groups.push(GroupState { changes, needs_left, changes_left, needed_by: Vec::new(), bad: None });
        }
        for (index, group) in plan.groups.iter().enumerate() {
            for need in &group.needs {
                if let Some(needed) = groups.get_mut(*need) {
                    needed.needed_by.push(index);
                }
            }
        }
        let nodes = plan.changes.iter().enumerate().map(|(index, change)| Node {
            group: group_of.get(&index).copied().unwrap_or_default(),
            action: change.action,
            on_failure: change.on_failure,
            when: change.when,
            phase: Phase::Waiting,
            policy: Policy { acts: 1, backoff: Backoff::default() },
            acts_done: 0,
            tries: 0,
            waits: 0,
        });
        Self {
            nodes: nodes.collect(),
            groups,
            names: plan.changes.iter().map(|change| change.key.to_string()).collect(),
            startable: BTreeSet::new(),
            under_way: BTreeSet::new(),
            ended_groups: Vec::new(),
            parallelism: parallelism.max(1),
            stop: None,
            rollbacks: Vec::new(),
            seed,
            gate,
            begun: false,
            finished: false,
        }
    }

    /// Takes an input in and says what to do next.
    pub fn step(&mut self, input: Input) -> Vec<Command> {
        let mut commands = Vec::new();
        match input {
            Input::Begin => self.begin(),
            Input::Prepared(index, policy) => self.prepared(index, policy, &mut commands),
            Input::NotBegun(index, end) => self.end(index, end),
            Input::IntentRecorded(index) => self.intended(index, &mut commands),
            Input::Performed(index, performed) => self.performed(index, performed, &mut commands),
            Input::OutcomeRecorded(index) => self.recorded(index, &mut commands),
            Input::Woke(index) => self.woke(index, &mut commands),
            Input::Interrupt => self.halt(Stop::Interrupted, &mut commands),
            Input::Abort => {
                self.halt(Stop::Interrupted, &mut commands);
                let performing =
                    self.nodes.iter().enumerate().filter(|(_, node)| node.phase == Phase::Performing);
                commands.extend(performing.map(|(index, _)| Command::Abandon(index)));
            }
            Input::LedgerLost => self.lose_ledger(&mut commands),
        }
        while let Some(group) = self.ended_groups.pop() {
            self.close_group(group, &mut commands);
        }
        self.start(&mut commands);
        if self.begun && !self.finished && self.under_way.is_empty() {
            self.finished = true;
            self.skip_rest();
            commands.push(Command::Finish);
        }
        commands
    }

    /// How a change ended; none while it has not.
    #[must_use]
    pub fn end_of(&self, index: ChangeIndex) -> Option<&End> {
        match self.nodes.get(index).map(|node| &node.phase) {
            Some(Phase::Ended(end)) => Some(end),
            _ => None,
        }
    }

    /// How many changes have begun and not ended: what is only looked at has not begun.
    #[must_use]
    pub fn begun(&self) -> usize {
        let phases = self.under_way.iter().filter_map(|index| self.nodes.get(*index)).map(|node| &node.phase);
        phases.filter(|phase| **phase != Phase::Preparing).count()
    }

    /// Why nothing new is started, if that is so.
    #[must_use]
    pub const fn stopped(&self) -> Option<Stop> {
        self.stop
    }

    /// The failed checks that ask for live resources to be turned back.
    #[must_use]
    pub fn rollbacks(&self) -> &[ChangeIndex] {
        &self.rollbacks
    }

    /// A check's failure turns nothing back.
    pub fn goes_on(&mut self, index: ChangeIndex) {
        if let Some(node) = self.nodes.get_mut(index) {
            node.on_failure = OnFailure::Stop;
        }
    }

    /// Which try of its current act a change is at, from 1.
    #[must_use]
    pub fn attempt(&self, index: ChangeIndex) -> u32 {
        self.nodes.get(index).map_or(1, |node| node.tries.max(1))
    }

    /// How many acts of a change are done.
    #[must_use]
    pub fn acts_done(&self, index: ChangeIndex) -> u8 {
        self.nodes.get(index).map_or(0, |node| node.acts_done)
    }

    fn begin(&mut self) {
        self.begun = true;
        for group in (0..self.groups.len()).rev() {
            if self.groups.get(group).is_some_and(|group| group.needs_left == 0) {
                self.open_group(group);
            }
        }
    }

    /// Everything that the group waited for has ended.
    fn open_group(&mut self, index: usize) {
        let Some(group) = self.groups.get(index) else { return };
        let (bad, own) = (group.bad.clone(), group.changes.clone());
        if own.is_empty() {
            self.ended_groups.push(index);
        }
        for change in own {
            let when = self.nodes.get(change).map(|node| node.when).unwrap_or_default();
            match (&bad, when) {
                (None, When::Failure) => self.end(change, End::NotNeeded),
                (Some(name), When::Success) => {
                    self.end(change, End::Skipped(format!("{name} did not end well")));
                }
                (None, When::Success) | (_, When::Always) | (Some(_), When::Failure) => {
                    self.startable.insert(change);
                }
            }
        }
    }

    fn close_group(&mut self, index: usize, commands: &mut Vec<Command>) {
        commands.push(Command::GroupDone(index));
        let Some(group) = self.groups.get(index) else { return };
        let (needed_by, bad) = (group.needed_by.clone(), group.bad.clone());
        for next in needed_by {
            let Some(group) = self.groups.get_mut(next) else { continue };
            group.needs_left = group.needs_left.saturating_sub(1);
            if group.bad.is_none() {
                group.bad.clone_from(&bad);
            }
            if group.needs_left == 0 {
                self.open_group(next);
            }
        }
    }

    fn start(&mut self, commands: &mut Vec<Command>) {
        while self.stop.is_none() && self.under_way.len() < self.parallelism {
            let Some(index) = self.startable.pop_first() else { return };
            self.under_way.insert(index);
            self.set(index, Phase::Preparing);
            commands.push(Command::Prepare(index));
        }
    }

    fn prepared(&mut self, index: ChangeIndex, policy: Policy, commands: &mut Vec<Command>) {
        let Some(node) = self.nodes.get_mut(index).filter(|node| node.phase == Phase::Preparing) else {
            return;
        };
        node.policy = policy;
        if self.stop.is_some() {
            return self.end(index, End::Skipped(self.why_stopped()));
        }
        self.intend(index, commands);
    }

    fn intend(&mut self, index: ChangeIndex, commands: &mut Vec<Command>) {
        let Some(node) = self.nodes.get_mut(index) else { return };
        node.tries = 0;
        // Reading changes nothing, so that nothing needs to be intended.
        if node.action == Action::Read {
            node.tries = 1;
            node.phase = Phase::Performing;
            commands.push(Command::Perform(index));
        } else {
            node.phase = Phase::RecordingIntent;
            commands.push(Command::RecordIntent(index));
        }
    }

    fn intended(&mut self, index: ChangeIndex, commands: &mut Vec<Command>) {
        let Some(node) = self.nodes.get_mut(index).filter(|node| node.phase == Phase::RecordingIntent) else {
            return;
        };
        if self.stop == Some(Stop::LedgerLost) {
            return self.end(index, End::Unknown);
        }
        node.tries = 1;
        node.phase = Phase::Performing;
        commands.push(Command::Perform(index));
    }

    fn performed(&mut self, index: ChangeIndex, performed: Performed, commands: &mut Vec<Command>) {
        let stopped = self.stop.is_some();
        let seed = self.seed;
        let Some(node) = self.nodes.get_mut(index).filter(|node| node.phase == Phase::Performing) else {
            return;
        };
        if let Performed::TryAgain(after) = performed
            && !stopped
            && let Some(wait) = node.policy.backoff.wait(node.tries, seed ^ index as u64)
        {
            node.phase = Phase::Sleeping;
            commands.push(Command::Sleep(index, wait.max(after.unwrap_or_default())));
            return;
        }
        let performed =
            if matches!(performed, Performed::TryAgain(_)) { Performed::Failed } else { performed };
        if self.stop == Some(Stop::LedgerLost) {
            return self.end(index, End::Unknown);
        }
        if node.action == Action::Read {
            let end = if performed == Performed::Done { End::Done } else { End::Failed };
            return self.end(index, end);
        }
        node.phase = Phase::RecordingOutcome(performed);
        commands.push(Command::RecordOutcome(index));
    }

    fn woke(&mut self, index: ChangeIndex, commands: &mut Vec<Command>) {
        let stopped = self.stop.is_some();
        let Some(node) = self.nodes.get_mut(index) else { return };
        if node.phase == Phase::AtGate {
            let still_pending = End::NotPassed(Outcome::Pending);
            return if stopped { self.end(index, still_pending) } else { self.intend(index, commands) };
        }
        if node.phase != Phase::Sleeping {
            return;
        }
        if stopped {
            node.phase = Phase::RecordingOutcome(Performed::Failed);
            commands.push(Command::RecordOutcome(index));
            return;
        }
        node.tries += 1;
        node.phase = Phase::Performing;
        commands.push(Command::Perform(index));
    }

    fn recorded(&mut self, index: ChangeIndex, commands: &mut Vec<Command>) {
        let Some(node) = self.nodes.get_mut(index) else { return };
        let Phase::RecordingOutcome(performed) = node.phase else { return };
        let end = match performed {
            Performed::Done | Performed::Judged(Outcome::Passed) => {
                node.acts_done += 1;
                if node.acts_done < node.policy.acts {
                    return self.intend(index, commands);
                }
                End::Done
            }
            Performed::Judged(Outcome::Pending) if self.stop.is_none() && node.waits < self.gate.times => {
                node.waits += 1;
                node.phase = Phase::AtGate;
                commands.push(Command::Sleep(index, self.gate.pause));
                return;
            }
            Performed::Judged(outcome) => End::NotPassed(outcome),
            Performed::Broken | Performed::Failed | Performed::TryAgain(_) => End::Failed,
            Performed::Unknown => End::Unknown,
        };
        let turns_back = end == End::NotPassed(Outcome::Failed) && node.on_failure == OnFailure::Rollback;
        self.end(index, end);
        if turns_back {
            self.rollbacks.push(index);
            self.halt(Stop::Rollback, commands);
        }
    }

    fn end(&mut self, index: ChangeIndex, end: End) {
        let Some(node) = self.nodes.get_mut(index) else { return };
        if matches!(node.phase, Phase::Ended(_)) {
            return;
        }
        let group_index = node.group;
        let good = end.is_good();
        node.phase = Phase::Ended(end);
        self.under_way.remove(&index);
        self.startable.remove(&index);
        let name = self.names.get(index).cloned().unwrap_or_default();
        let Some(group) = self.groups.get_mut(group_index) else { return };
        group.changes_left = group.changes_left.saturating_sub(1);
        if !good && group.bad.is_none() {
            group.bad = Some(name);
        }
        if group.changes_left == 0 {
            self.ended_groups.push(group_index);
        }
    }

    fn set(&mut self, index: ChangeIndex, phase: Phase) {
        if let Some(node) = self.nodes.get_mut(index) {
            node.phase = phase;
        }
    }
}

#[cfg(test)]
mod tests;
