//! The fold: what each event does to the state, and what cannot happen.

use std::collections::BTreeMap;

use relplan_contract::{Outcome, ProblemKind};

use super::*;
use crate::event::{Act, ActOutcome, Event, Recorded};

/// A state with what feeds it.
struct Story {
    state: State,
    run: RunId,
}

impl Story {
    fn begun() -> Self {
        let mut story = Self { state: State::default(), run: RunId("r0".into()) };
        story.tell(Event::LedgerBegan { lineage: Lineage("l".into()), product: "shop".into(), key: None });
        story
    }

    /// A story in a run that applies a version.
    fn of(version: &str) -> Self {
        let mut story = Self::begun();
        story.open(version);
        story
    }

    fn open(&mut self, version: &str) {
        self.run = RunId(format!("r{}", self.state.runs.len() + 1).into());
        self.tell(Event::RunOpened {
            mode: RunMode::Apply,
            version: version.into(),
            config: None,
            plan: None,
            versions: BTreeMap::new(),
            command: "relplan apply".into(),
        });
    }

    fn close(&mut self, complete: bool) {
        let ending = if complete { Ending::Complete } else { Ending::Failed };
        self.tell(Event::RunClosed { ending, complete, counts: BTreeMap::new() });
    }

    fn try_tell(&mut self, event: Event) -> Result<(), IllegalTransition> {
        let seq = self.state.head.map_or(1, |head| head.seq + 1);
        let epoch =
            if let Event::EpochBegan { epoch, .. } = &event { *epoch } else { self.state.epoch.max(1) };
        let hash = Digest::of(&seq.to_be_bytes());
        let (run, actor) = (self.run.clone(), Actor::default());
        self.state.apply(&Recorded { seq, hash, run, epoch, time_ms: 0, actor, event })
    }

    fn tell(&mut self, event: Event) {
        self.try_tell(event).expect("a legal event");
    }

    fn intent(&self, name: &str, act: Act, image: &str) -> Intent {
        let lifetime = match name.split('_').next() {
            Some("git") => Lifetime::Record,
            Some("http") => Lifetime::Check,
            _ => Lifetime::Live,
        };
        let version = self.state.run(&self.run).map_or("0".into(), |run| run.version.clone());
        let key = EntryKey {
            address: address(name),
            version: (lifetime == Lifetime::Record).then(|| version.clone()),
        };
        let generation = self.state.next_generation(&key);
        Intent {
            act,
            lifetime,
            provider: "fake".into(),
            version,
            idempotency_key: format!("{key} {generation}"),
            key,
            generation,
            inputs: Value::from(image),
            planned: Value::UNKNOWN,
            dependencies: Vec::new(),
            judged_by: Vec::new(),
            reason: String::new(),
        }
    }

    fn end(&mut self, intent: &Intent, outcome: ActOutcome) -> Result<(), IllegalTransition> {
        let (key, idempotency_key) = (intent.key.clone(), intent.idempotency_key.clone());
        self.try_tell(Event::Ended { key, idempotency_key, outcome })
    }

    fn act(&mut self, name: &str, act: Act, image: &str) {
        let intent = self.intent(name, act, image);
        self.tell(Event::Intended(Box::new(intent.clone())));
        let value =
            if act == Act::Destroy { Value::NULL } else { Value::map([("live", Value::from(image))]) };
        self.end(&intent, ActOutcome::Done { value }).expect("a legal end");
    }

    fn judge(&mut self, name: &str, outcome: Outcome, of: &str) {
        let intent = self.intent(name, Act::Judge, "check");
        self.tell(Event::Intended(Box::new(intent.clone())));
        let digest = self.state.live_digest(&address(of)).expect("something live");
        self.tell(Event::Judged {
            key: intent.key,
            idempotency_key: intent.idempotency_key,
            value: Value::map([("ok", Value::from(true))]),
            judgement: Judgement {
                outcome,
                summary: String::new(),
                details: Vec::new(),
                judged: BTreeMap::from([(address(of), digest)]),
                basis: None,
                time_ms: 0,
            },
        });
    }
}

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

const WEB: &str = "exec_deployment.web";
const SMOKE: &str = "http_smoke_test.web";
const LOAD: &str = "http_load_test.web";

fn failed(kind: ProblemKind) -> ActOutcome {
    ActOutcome::Failed { kind, message: "no".into() }
}

#[test]
fn an_intent_without_an_outcome_is_uncertain_until_it_ends() {
    let mut story = Story::of("1.0");
    let intent = story.intent(WEB, Act::Create, "v1");
    story.tell(Event::Intended(Box::new(intent.clone())));
    story.tell(Event::Referenced { key: intent.key.clone(), reference: "run 7".into() });
    story.end(&intent, ActOutcome::Unknown { message: "lost".into() }).expect("still open");
    // Its run dies; the next one finds it.
    story.open("1.0");
    let (key, open) = story.state.uncertain().next().expect("one");
    assert_eq!(
        (key, open.reference.as_deref(), open.message.as_deref()),
        (&intent.key, Some("run 7"), Some("lost"))
    );
    assert!(!story.state.entry(&address(WEB)).expect("an entry").exists());
    story.end(&intent, ActOutcome::Done { value: Value::from("v1") }).expect("found done");
    assert_eq!(story.state.uncertain().count(), 0);
    assert!(story.state.entry(&address(WEB)).expect("an entry").exists());
}

#[test]
fn a_failure_leaves_what_was_there_and_taints_it_when_it_broke_off() {
    let mut story = Story::of("1.0");
    let intent = story.intent(WEB, Act::Create, "v1");
    story.tell(Event::Intended(Box::new(intent.clone())));
    story.end(&intent, failed(ProblemKind::Refused)).expect("failed");
    assert_eq!(story.state.entry(&address(WEB)), None);
    assert_eq!(story.state.next_generation(&intent.key), 2, "the key of a failed action is not used again");
    story.act(WEB, Act::Create, "v1");
    for (kind, tainted) in
        [(ProblemKind::Retry, false), (ProblemKind::Cancelled, false), (ProblemKind::Refused, true)]
    {
        let update = story.intent(WEB, Act::Update, "v2");
        story.tell(Event::Intended(Box::new(update.clone())));
        story.end(&update, failed(kind)).expect("failed");
        let entry = story.state.entry(&address(WEB)).expect("an entry");
        assert_eq!((entry.tainted, &entry.inputs), (tainted, &Value::from("v1")), "{kind:?}");
    }
    story.act(WEB, Act::Update, "v2");
    assert!(!story.state.entry(&address(WEB)).expect("an entry").tainted);
}

#[test]
fn the_way_back_is_the_last_verified_deployment() {
    let mut story = Story::of("1.0");
    story.act(WEB, Act::Create, "v1.0");
    story.judge(SMOKE, Outcome::Passed, WEB);
    assert_eq!(story.state.rollback_target(&address(WEB)), None);
    story.close(true);
    story.open("1.1");
    story.act(WEB, Act::Update, "v1.1");
    story.judge(SMOKE, Outcome::Inconclusive, WEB);
    story.close(false);
    story.open("1.2");
    story.act(WEB, Act::Update, "v1.2");
    story.judge(SMOKE, Outcome::Failed, WEB);
    let target =
        |story: &Story| story.state.rollback_target(&address(WEB)).map(|past| past.version.to_string());
    assert_eq!(target(&story), Some("1.0".into()), "1.1 was never verified");
    assert_eq!(story.state.past(&address(WEB), "1.1").map(|past| &past.inputs), Some(&Value::from("v1.1")));

    // Turned back, it is what is there: the way back from 1.0 leads nowhere, and from 1.3 to 1.0 again.
    story.open("1.0");
    story.act(WEB, Act::Update, "v1.0");
    assert_eq!(target(&story), None);
    story.open("1.3");
    story.act(WEB, Act::Update, "v1.3");
    assert_eq!(target(&story), Some("1.0".into()));
}

#[test]
fn one_failing_check_outweighs_one_that_passes() {
    let mut story = Story::of("1.0");
    story.act(WEB, Act::Create, "v1.0");
    story.judge(LOAD, Outcome::Failed, WEB);
    story.judge(SMOKE, Outcome::Passed, WEB);
    let current = |story: &Story| story.state.current(&address(WEB)).expect("a deployment").is_verified();
    assert!(!current(&story));
    story.judge(LOAD, Outcome::Passed, WEB);
    assert!(current(&story));
}

#[test]
fn a_verdict_on_what_has_changed_since_marks_nothing() {
    let mut story = Story::of("1.0");
    story.act(WEB, Act::Create, "v1.0");
    let intent = story.intent(SMOKE, Act::Judge, "check");
    story.tell(Event::Intended(Box::new(intent.clone())));
    let judged = BTreeMap::from([(address(WEB), Digest::of(b"something else"))]);
    let judgement = Judgement {
        outcome: Outcome::Passed,
        summary: String::new(),
        details: Vec::new(),
        judged,
        basis: None,
        time_ms: 0,
    };
    let (key, idempotency_key) = (intent.key, intent.idempotency_key);
    story.tell(Event::Judged { key, idempotency_key, value: Value::from("x"), judgement });
    assert!(!story.state.current(&address(WEB)).expect("a deployment").is_verified());
}

#[test]
fn what_was_there_when_a_version_was_complete_can_be_found() {
    let worker = "exec_deployment.worker";
    let mut story = Story::of("1.0");
    story.act(WEB, Act::Create, "v1.0");
    story.act(worker, Act::Create, "w1.0");
    story.close(true);
    story.open("1.1");
    story.act(WEB, Act::Update, "v1.1");
    story.close(true);
    story.open("1.2");
    story.act(WEB, Act::Update, "v1.2");
    story.act(worker, Act::Destroy, "");
    story.close(true);
    let at = |name: &str, version: &str| {
        story.state.deployed_at(&address(name), version).map(|past| past.inputs.clone())
    };
    assert_eq!(at(WEB, "1.1"), Some(Value::from("v1.1")));
    assert_eq!(at(worker, "1.1"), Some(Value::from("w1.0")), "1.1 left it as it was");
    assert_eq!(at(worker, "1.2"), None, "destroyed");
    assert_eq!(at(WEB, "2.0"), None, "never complete");
}

#[test]
fn records_stay_with_their_version_and_releases_are_complete_or_not() {
    let mut story = Story::of("1.0");
    story.act("git_tag.app", Act::Create, "v1.0");
    story.close(true);
    story.open("1.1");
    story.act("git_tag.app", Act::Create, "v1.1");
    story.close(false);
    assert_eq!(story.state.entries.len(), 2);
    assert!(story.state.record(&address("git_tag.app"), &"1.0".into()).is_some());
    let complete: Vec<bool> = story.state.releases.values().map(|release| release.complete).collect();
    assert_eq!(complete, [true, false]);
    assert_eq!(story.state.versions().into_iter().collect::<Vec<_>>(), ["1.0".into(), "1.1".into()]);
}

#[test]
fn a_move_takes_all_that_is_said_of_an_address_along() {
    let mut story = Story::of("1.0");
    story.act(WEB, Act::Create, "v1.0");
    story.judge(SMOKE, Outcome::Passed, WEB);
    story.tell(Event::Held { address: address(WEB), reason: "look".into() });
    let (from, to) =
        (story.intent(WEB, Act::Update, "").key, story.intent("exec_deployment.front", Act::Create, "").key);
    story.tell(Event::Moved { from: from.clone(), to: to.clone() });
    let state = &story.state;
    assert_eq!(state.entry(&from.address), None);
    let check = state.entry(&address(SMOKE)).and_then(|entry| entry.judgement.clone()).expect("a verdict");
    assert_eq!(check.judged.get(&to.address), state.live_digest(&to.address).as_ref());
    assert!(state.current(&to.address).expect("a deployment").is_verified());
    assert!(state.holds.contains_key(&to.address));
    let again = Event::Moved { from: from.clone(), to: from.clone() };
    assert_eq!(story.try_tell(again), Err(IllegalTransition::Unknown { key: from }));
}

#[test]
fn adoption_settles_what_is_open_and_brings_in_what_was_not_known() {
    let mut story = Story::of("1.0");
    let intent = story.intent(WEB, Act::Create, "v1");
    story.tell(Event::Intended(Box::new(intent.clone())));
    let adopt =
        |key: &EntryKey, value: Value| Event::Adopted { key: key.clone(), value, reason: String::new() };
    story.tell(adopt(&intent.key, Value::from("found")));
    let entry = story.state.entry(&address(WEB)).expect("an entry");
    assert_eq!(
        (&entry.inputs, &entry.value, entry.open()),
        (&Value::from("v1"), &Value::from("found"), None)
    );
    let imported = story.intent("exec_deployment.old", Act::Create, "").key;
    story.tell(adopt(&imported, Value::from("there")));
    let entry = story.state.entry(&imported.address).expect("an entry");
    assert_eq!(
        (entry.lifetime, entry.provider.as_str(), entry.inputs.is_null()),
        (Lifetime::Live, "exec", true)
    );
    story.tell(adopt(&imported, Value::NULL));
    assert_eq!(story.state.entry(&imported.address), None);
}

#[test]
fn what_cannot_happen_is_refused_and_changes_nothing() {
    let mut story = Story::of("1.0");
    story.act(WEB, Act::Create, "v1");
    let open = story.intent(WEB, Act::Update, "v2");
    story.tell(Event::Intended(Box::new(open.clone())));
    let other = |change: &dyn Fn(&mut Intent)| {
        let mut intent = open.clone();
        intent.key.address = address("exec_deployment.other");
        intent.generation = 1;
        change(&mut intent);
        Event::Intended(Box::new(intent))
    };
    let end = |key: &EntryKey, idempotency_key: &str| Event::Ended {
        key: key.clone(),
        idempotency_key: idempotency_key.into(),
        outcome: ActOutcome::Done { value: Value::from("x") },
    };
    let absent = EntryKey { address: address("git_tag.app"), version: Some("9".into()) };
    let because = String::new;
    let impossible = [
        Event::LedgerBegan { lineage: Lineage("m".into()), product: "shop".into(), key: None },
        Event::EpochBegan { epoch: 3, reason: because() },
        other(&|_| {}),
        other(&|intent| intent.act = Act::Destroy),
        other(&|intent| intent.act = Act::Judge),
        other(&|intent| (intent.act, intent.key.version) = (Act::Create, Some("1.0".into()))),
        other(&|intent| (intent.act, intent.lifetime) = (Act::Create, Lifetime::Record)),
        other(&|intent| (intent.act, intent.generation) = (Act::Create, 0)),
        other(&|intent| (intent.key, intent.generation) = (open.key.clone(), 3)),
        end(&open.key, "another key"),
        end(&absent, "x"),
        Event::Referenced { key: absent.clone(), reference: because() },
        Event::Forgotten { key: absent.clone(), reason: because() },
        Event::Moved { from: absent.clone(), to: open.key.clone() },
        Event::Moved {
            from: open.key.clone(),
            to: EntryKey { address: address("exec_deployment.b"), version: None },
        },
        Event::Released { address: address(WEB), reason: because() },
    ];
    for event in impossible {
        let before = story.state.clone();
        assert!(story.try_tell(event.clone()).is_err(), "{event:?}");
        assert_eq!(story.state, before, "{event:?}");
    }
    // The same action once more, as after a crash, is no other action.
    story.tell(Event::Intended(Box::new(open.clone())));
    story.close(false);
    let refused = story.try_tell(Event::Held { address: address(WEB), reason: because() });
    assert!(matches!(refused, Err(IllegalTransition::RunIsClosed { .. })));
    story.run = RunId("never opened".into());
    assert!(matches!(story.try_tell(end(&open.key, "x")), Err(IllegalTransition::UnknownRun { .. })));
}

#[test]
fn a_run_that_was_forced_out_is_outlived() {
    let mut story = Story::of("1.0");
    let (old, force) = (story.run.clone(), RunId("force".into()));
    story.run = force;
    story.tell(Event::EpochBegan { epoch: 2, reason: "it hangs".into() });
    story.run = old;
    let refused = story.try_tell(Event::Held { address: address(WEB), reason: String::new() });
    assert!(matches!(refused, Err(IllegalTransition::RunOutlived { epoch: 1, .. })));
}

#[test]
fn the_digest_tells_what_matters_to_a_plan_and_nothing_else() {
    let mut story = Story::of("1.0");
    story.act(WEB, Act::Create, "v1");
    let digest = story.state.digest();
    story.close(true);
    story.open("1.1");
    story.tell(Event::Checkpointed { state: digest });
    story.close(false);
    let mut other = Story::begun();
    other.state.lineage = Some(Lineage("another".into()));
    other.open("1.0");
    other.act(WEB, Act::Create, "v1");
    assert_eq!(story.state.digest(), digest, "runs come and go");
    assert_eq!(other.state.digest(), digest);
    story.open("1.1");
    story.tell(Event::Held { address: address(WEB), reason: String::new() });
    assert_ne!(story.state.digest(), digest);
    let held = story.state.digest();
    story.tell(Event::Released { address: address(WEB), reason: String::new() });
    assert_eq!(story.state.digest(), digest);
    story.act(WEB, Act::Update, "v2");
    assert!(story.state.digest() != digest && story.state.digest() != held);
}

#[test]
fn a_history_keeps_what_was_verified() {
    let mut story = Story::of("0");
    story.act(WEB, Act::Create, "v0");
    story.judge(SMOKE, Outcome::Passed, WEB);
    for version in 1..=200 {
        story.open(&version.to_string());
        story.act(WEB, Act::Update, &format!("v{version}"));
    }
    assert_eq!(story.state.deployments(&address(WEB)).len(), HISTORY_LIMIT);
    assert_eq!(story.state.rollback_target(&address(WEB)).map(|past| &*past.version), Some("0"));
}
