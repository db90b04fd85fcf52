//! The machine under a seeded scheduler: plans, outcomes, retries, interrupts and lost ledgers at random, and what
//! must hold whatever happens.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{Lifetime, Value};
use relplan_reliability::random::Random;

use super::*;
use crate::canonical::Digest;
use crate::event::{EntryKey, RunMode};
use crate::plan::{Basis, Change, Group, Reason};

fn change(index: usize, action: Action) -> Change {
    Change {
        key: EntryKey { address: format!("a.r{index}").parse().expect("an address"), version: None },
        lifetime: Some(if action == Action::Judge { Lifetime::Check } else { Lifetime::Live }),
        provider: "a".into(),
        action,
        reasons: vec![Reason::NeverMade],
        before: Value::NULL,
        after: Value::NULL,
        inputs: Value::NULL,
        replace: Vec::new(),
        dependencies: Vec::new(),
        judges: Vec::new(),
        judged_by: Vec::new(),
        preview: None,
        notes: Vec::new(),
        undo: String::new(),
        headline: None,
        from_elsewhere: None,
        free: Vec::new(),
        on_failure: OnFailure::Stop,
        when: When::Success,
    }
}

fn plan(changes: Vec<Change>, groups: Vec<Group>) -> Plan {
    Plan {
        product: "shop".into(),
        version: "1".into(),
        mode: RunMode::Apply,
        basis: Basis {
            config: None,
            state: Digest::of(b""),
            lineage: None,
            variables: BTreeMap::new(),
            providers: BTreeMap::new(),
        },
        changes,
        groups,
        moves: Vec::new(),
        unchanged: 0,
        drift: Vec::new(),
        outputs: Vec::new(),
        cautions: Vec::new(),
        standing: Vec::new(),
    }
}

fn random_plan(random: &mut Random) -> Plan {
    let (mut changes, mut groups) = (Vec::new(), Vec::new());
    for group in 0..=random.index(7) {
        let mut own = Vec::new();
        for _ in 0..random.index(4) {
            let actions = [
                Action::Create,
                Action::Update,
                Action::Judge,
                Action::Destroy,
                Action::Read,
                Action::Replace { create_first: false },
            ];
            let mut change = change(changes.len(), actions[random.index(actions.len())]);
            change.when =
                [When::Success, When::Success, When::Success, When::Failure, When::Always][random.index(5)];
            if random.index(2) == 0 {
                change.on_failure = OnFailure::Rollback;
            }
            own.push(changes.len());
            changes.push(change);
        }
        let needs: BTreeSet<usize> =
            (0..random.index(3)).filter(|_| group > 0).map(|_| random.index(group.max(1))).collect();
        groups.push(Group { name: Arc::from("g"), needs: needs.into_iter().collect(), changes: own });
    }
    plan(changes, groups)
}

/// What the scheduler still owes the machine.
struct World<'p> {
    plan: &'p Plan,
    open: Vec<Input>,
    /// Acts intended and acknowledged, by change.
    intended: BTreeMap<ChangeIndex, u32>,
    performed: BTreeMap<ChangeIndex, u32>,
    finished: u32,
    stopped: bool,
    lost: bool,
}

impl World<'_> {
    fn follow(&mut self, command: &Command, machine: &Machine, random: &mut Random) {
        assert_eq!(self.finished, 0, "{command:?} after the end");
        match *command {
            Command::Prepare(index) => {
                assert!(!self.stopped, "{index} begun after a stop");
                assert!(machine.under_way.len() <= 3, "too many at once");
                self.needs_have_ended(index, machine);
                let acts =
                    if matches!(self.plan.changes[index].action, Action::Replace { .. }) { 2 } else { 1 };
                let backoff = Backoff {
                    attempts: 3,
                    min_delay: Duration::from_millis(1),
                    max_delay: Duration::from_secs(1),
                };
                self.open.push(match random.index(8) {
                    0 => Input::NotBegun(index, End::Failed),
                    1 => Input::NotBegun(index, End::Done),
                    _ => Input::Prepared(index, Policy { acts, backoff }),
                });
            }
            Command::RecordIntent(index) => {
                assert!(!self.lost, "{index} intended in a lost ledger");
                self.open.push(Input::IntentRecorded(index));
            }
            Command::Perform(index) => self.perform(index, random),
            Command::RecordOutcome(index) => {
                assert!(!self.lost, "{index} recorded in a lost ledger");
                self.open.push(Input::OutcomeRecorded(index));
            }
            Command::Sleep(index, _) => self.open.push(Input::Woke(index)),
            Command::Abandon(index) => self.open.push(Input::Performed(index, Performed::Unknown)),
            Command::Cancel(_) | Command::GroupDone(_) => {}
            Command::Finish => self.finished += 1,
        }
    }

    fn needs_have_ended(&self, index: ChangeIndex, machine: &Machine) {
        let group = self.plan.groups.iter().find(|group| group.changes.contains(&index)).expect("a group");
        for need in &group.needs {
            for earlier in &self.plan.groups[*need].changes {
                assert!(machine.end_of(*earlier).is_some(), "{index} begun before {earlier} ended");
            }
        }
    }

    fn perform(&mut self, index: ChangeIndex, random: &mut Random) {
        assert!(!self.lost, "{index} performed with a lost ledger");
        let change = &self.plan.changes[index];
        *self.performed.entry(index).or_default() += 1;
        if change.action != Action::Read {
            assert!(
                self.intended.get(&index).is_some_and(|count| *count > 0),
                "{index} performed without an intent"
            );
        }
        let outcomes = [Outcome::Passed, Outcome::Passed, Outcome::Failed, Outcome::Pending, Outcome::Error];
        let performed = match random.index(10) {
            0 => Performed::Failed,
            1 => Performed::Unknown,
            2 => Performed::TryAgain(None),
            3 => Performed::Broken,
            _ if change.action == Action::Judge => Performed::Judged(outcomes[random.index(outcomes.len())]),
            _ => Performed::Done,
        };
        self.open.push(Input::Performed(index, performed));
    }
}

fn simulate(seed: u64) {
    let mut random = Random::new(seed);
    let plan = random_plan(&mut random);
    let gate = Gate { times: u32::try_from(random.index(3)).expect("small"), pause: Duration::from_secs(1) };
    let mut machine = Machine::new(&plan, 3, seed, gate);
    let mut world = World {
        plan: &plan,
        open: vec![Input::Begin],
        intended: BTreeMap::new(),
        performed: BTreeMap::new(),
        finished: 0,
        stopped: false,
        lost: false,
    };
    let trouble = random.index(6);
    for step in 0..2_000 {
        if step == 12 && trouble < 3 && world.finished == 0 {
            let input = [Input::Interrupt, Input::Abort, Input::LedgerLost][trouble].clone();
            world.stopped = true;
            world.lost = input == Input::LedgerLost;
            world.open.push(input);
            let last = world.open.len() - 1;
            world.open.swap(0, last);
        }
        if world.open.is_empty() {
            break;
        }
        let at = if step == 12 { 0 } else { random.index(world.open.len()) };
        let input = world.open.swap_remove(at);
        if let Input::IntentRecorded(index) = input {
            *world.intended.entry(index).or_default() += 1;
        }
        for command in machine.step(input) {
            world.follow(&command, &machine, &mut random);
        }
        world.stopped |= machine.stopped().is_some();
        if world.finished > 0 && world.open.iter().all(|input| !matches!(input, Input::Begin)) {
            // What still comes in after the end must not start anything.
            for late in std::mem::take(&mut world.open) {
                assert_eq!(machine.step(late), [], "seed {seed}: something began after the end");
            }
        }
    }
    assert_eq!(world.finished, 1, "seed {seed}: it ends exactly once");
    for index in 0..plan.changes.len() {
        assert!(machine.end_of(index).is_some(), "seed {seed}: {index} has no end");
    }
}

#[test]
fn two_thousand_runs_keep_what_is_promised() {
    for seed in 0..2_000 {
        let kept = std::panic::catch_unwind(|| simulate(seed));
        assert!(kept.is_ok(), "replay with simulate({seed})");
    }
}

fn group(needs: &[usize], changes: &[usize]) -> Group {
    Group { name: "g".into(), needs: needs.to_vec(), changes: changes.to_vec() }
}

#[test]
fn nothing_is_performed_before_its_intent_is_durable() {
    let plan = plan(vec![change(0, Action::Create)], vec![group(&[], &[0])]);
    let mut machine = Machine::new(&plan, 10, 0, Gate::default());
    let policy = Policy { acts: 1, backoff: Backoff::default() };
    assert_eq!(machine.step(Input::Begin), [Command::Prepare(0)]);
    assert_eq!(machine.step(Input::Prepared(0, policy)), [Command::RecordIntent(0)]);
    assert_eq!(machine.step(Input::IntentRecorded(0)), [Command::Perform(0)]);
    assert_eq!(machine.step(Input::Performed(0, Performed::Done)), [Command::RecordOutcome(0)]);
    assert_eq!(machine.step(Input::OutcomeRecorded(0)), [Command::GroupDone(0), Command::Finish]);
}

#[test]
fn a_failure_stops_what_depends_on_it_and_starts_what_is_for_failures() {
    let mut message = change(2, Action::Create);
    message.when = When::Failure;
    let changes = vec![change(0, Action::Create), change(1, Action::Create), message];
    let plan = plan(changes, vec![group(&[], &[0]), group(&[0], &[1]), group(&[0], &[2])]);
    let mut machine = Machine::new(&plan, 10, 0, Gate::default());
    machine.step(Input::Begin);
    let commands = machine.step(Input::NotBegun(0, End::Failed));
    assert!(commands.contains(&Command::Prepare(2)), "{commands:?}");
    assert_eq!(machine.end_of(1), Some(&End::Skipped("a.r0 did not end well".to_owned())));
}

#[test]
fn a_chain_of_ten_thousand_empty_groups_is_no_matter_of_the_stack() {
    let groups =
        (0..10_000_usize).map(|index| group(&index.checked_sub(1).into_iter().collect::<Vec<_>>(), &[]));
    let plan = plan(Vec::new(), groups.collect());
    let commands = Machine::new(&plan, 10, 0, Gate::default()).step(Input::Begin);
    assert_eq!((commands.len(), commands.last()), (10_001, Some(&Command::Finish)));
}
