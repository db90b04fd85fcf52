//! Stories: sequences of events that could have happened, told from random numbers.

use std::collections::BTreeMap;

use relplan_contract::{Lifetime, Outcome, ProblemKind, Value};

use crate::addr::Address;
use crate::canonical::Digest;
use crate::event::{Act, ActOutcome, Ending, EntryKey, Event, Intent, Judgement, RunId, RunMode};
use crate::state::State;

pub(super) fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

pub(super) fn key(text: &str, version: Option<&str>) -> EntryKey {
    EntryKey { address: address(text), version: version.map(Into::into) }
}

pub(super) fn opened(version: &str) -> Event {
    Event::RunOpened {
        mode: RunMode::Apply,
        version: version.into(),
        config: Some(Digest::of(version.as_bytes())),
        plan: None,
        versions: BTreeMap::from([("relplan".to_owned(), "0.1.0".to_owned())]),
        command: "relplan apply".into(),
    }
}

pub(super) fn closed() -> Event {
    Event::RunClosed {
        ending: Ending::Complete,
        complete: true,
        counts: BTreeMap::from([("done".to_owned(), 3)]),
    }
}

/// An intent; what the resource is is told by its type.
pub(super) fn intent(text: &str, act: Act, generation: u64, version: &str) -> Intent {
    let lifetime = match text.split('_').next() {
        Some("git") => Lifetime::Record,
        Some("http") => Lifetime::Check,
        _ => Lifetime::Live,
    };
    Intent {
        key: key(text, (lifetime == Lifetime::Record).then_some(version)),
        act,
        lifetime,
        provider: "fake.eu".into(),
        version: version.into(),
        idempotency_key: format!("{text} {generation} {version}"),
        generation,
        inputs: Value::map([
            ("version", Value::from(version)),
            ("token", Value::from("secret-token").mark(true)),
        ]),
        planned: Value::map([("id", Value::UNKNOWN), ("secret", Value::UNKNOWN.mark(true))]),
        dependencies: vec![address("exec_deployment.web")],
        judged_by: Vec::new(),
        reason: "never made".into(),
    }
}

pub(super) fn done(intent: &Intent, value: Value) -> Event {
    Event::Ended {
        key: intent.key.clone(),
        idempotency_key: intent.idempotency_key.clone(),
        outcome: ActOutcome::Done { value },
    }
}

const NAMES: [&str; 6] = [
    "exec_deployment.web",
    "exec_deployment.worker[\"eu \\u202e\\\"x\\\"\"]",
    "http_smoke_test.web",
    "module.db[0].git_tag.app",
    "git_tag.app",
    "terraform_data.notes",
];
const VERSIONS: [&str; 3] = ["1.0.0", "1.1.0", "2.0.0-rc.1"];

/// Tells what could happen next.
#[derive(Default)]
pub(super) struct Teller {
    told: u64,
}

impl Teller {
    pub(super) fn next(
        &mut self,
        state: &State,
        run: &RunId,
        (what, which, how): (u8, u8, u8),
    ) -> Option<Event> {
        self.told += 1;
        let current = state.run(run).filter(|run| run.closed.is_none() && run.epoch == state.epoch);
        let Some(current) = current else {
            return Some(if what % 13 == 0 {
                Event::EpochBegan { epoch: state.epoch + 1, reason: "it hangs\n\u{7}".into() }
            } else {
                opened(VERSIONS[usize::from(which) % VERSIONS.len()])
            });
        };
        let name = NAMES[usize::from(which) % NAMES.len()];
        let version = &*current.version;
        let of = intent(name, Act::Create, 1, version).key;
        match what % 11 {
            0 if how % 3 == 0 => Some(closed()),
            1 if how % 2 == 0 => Some(self.aside(state, &of, how)),
            2 if how % 2 == 0 => self.odd(state, &of, how),
            _ => Some(self.act(state, name, version, how)),
        }
    }

    /// The next step of an action.
    fn act(&mut self, state: &State, name: &str, version: &str, how: u8) -> Event {
        let create = intent(name, Act::Create, 1, version);
        let entry = state.entries.get(&create.key);
        let Some(open) = entry.and_then(|entry| entry.open()) else {
            let act = match (create.lifetime, entry) {
                (Lifetime::Check, _) => Act::Judge,
                (_, None) => Act::Create,
                (_, Some(_)) if how.is_multiple_of(3) => Act::Destroy,
                (_, Some(_)) => Act::Update,
            };
            let generation = state.next_generation(&create.key);
            return Event::Intended(Box::new(Intent {
                act,
                generation,
                ..intent(name, act, generation, version)
            }));
        };
        let open = &open.intent;
        let (key, idempotency_key) = (open.key.clone(), open.idempotency_key.clone());
        let outcome = match how % 8 {
            0 => ActOutcome::Failed { kind: ProblemKind::Refused, message: "no".into() },
            1 => ActOutcome::Failed { kind: ProblemKind::Retry, message: "later".into() },
            2 => ActOutcome::Unknown { message: "the answer was lost".into() },
            3 => return Event::Referenced { key, reference: format!("run {how}") },
            _ if open.act == Act::Judge => {
                let value = self.value(how);
                return Event::Judged { key, idempotency_key, value, judgement: verdict(state, how) };
            }
            _ if open.act == Act::Destroy => ActOutcome::Done { value: Value::NULL },
            _ => ActOutcome::Done { value: self.value(how) },
        };
        Event::Ended { key, idempotency_key, outcome }
    }

    fn value(&self, how: u8) -> Value {
        Value::map([
            ("id", Value::integer(i64::from(how))),
            ("$odd", Value::set([Value::from("b"), Value::from("a").mark(true)])),
            ("password", Value::from(format!("pass-{how}-{}", self.told)).mark(how.is_multiple_of(2))),
            ("none", Value::NULL.mark(true)),
        ])
    }

    /// What can happen at any time.
    fn aside(&self, state: &State, of: &EntryKey, how: u8) -> Event {
        let reason = "because".to_owned();
        let address = of.address.clone();
        match how / 2 % 5 {
            0 if state.holds.contains_key(&address) => Event::Released { address, reason },
            0 => Event::Held { address, reason },
            1 => Event::OutputsSet { outputs: BTreeMap::from([("url".into(), self.value(how))]) },
            2 => Event::ProvidersSet { providers: BTreeMap::from([("exec".into(), self.value(how))]) },
            3 => Event::Adopted { key: of.clone(), value: self.value(how), reason },
            _ => Event::Adopted { key: of.clone(), value: Value::NULL, reason },
        }
    }

    /// What needs an object without an open action.
    fn odd(&self, state: &State, of: &EntryKey, how: u8) -> Option<Event> {
        let entry = state.entries.get(of).filter(|entry| entry.open().is_none())?;
        let mut to = of.clone();
        to.address.resource.name = format!("moved{}", self.told).into();
        Some(match how / 2 % 5 {
            0 => Event::Moved { from: of.clone(), to },
            1 => Event::Restored { key: of.clone(), into: "shop".into(), outcome: "done".into() },
            2 => Event::Verified { key: of.clone(), value: self.value(how), notes: "whole".into() },
            3 => Event::Forgotten { key: of.clone(), reason: entry.provider.clone() },
            _ => Event::EpochBegan { epoch: state.epoch + 1, reason: String::new() },
        })
    }
}

fn verdict(state: &State, how: u8) -> Judgement {
    let outcome = match how % 5 {
        0 => Outcome::Passed,
        1 => Outcome::Failed,
        2 => Outcome::Pending,
        3 => Outcome::Error,
        _ => Outcome::Inconclusive,
    };
    let web = address("exec_deployment.web");
    let judged = state.live_digest(&web).map(|digest| (web, digest));
    Judgement {
        outcome,
        summary: "42 tests".into(),
        details: vec!["a\tb".into()],
        judged: judged.into_iter().collect(),
        basis: (how > 100).then(|| crate::canonical::Digest::of(&[how])),
        time_ms: if how > 100 { 1_700_000_000_000 } else { 0 },
    }
}
