//! A ledger for the tests of the views, and the state that it folds to.

use relplan_contract::{Lifetime, Outcome, ProblemKind, Value};

use super::{digest, key, sealed};
use crate::canonical::Digest;
use crate::event::{
    Act, ActOutcome, Actor, Ending, EntryKey, Event, Intent, Judgement, Lineage, Recorded, RunId, RunMode,
};
use crate::state::State;

fn intent(key: &EntryKey, act: Act, lifetime: Lifetime) -> Intent {
    Intent {
        key: key.clone(),
        act,
        lifetime,
        provider: "git".into(),
        version: "1.2.0".into(),
        idempotency_key: format!("{key} 1"),
        generation: 1,
        inputs: Value::map([("name", Value::from("v1.2.0"))]),
        planned: Value::UNKNOWN,
        dependencies: Vec::new(),
        judged_by: Vec::new(),
        reason: "never made\u{202e}".into(),
    }
}

fn done(key: &EntryKey, outcome: ActOutcome) -> Event {
    Event::Ended { key: key.clone(), idempotency_key: format!("{key} 1"), outcome }
}

fn events() -> Vec<Event> {
    let tag = key("git_tag.app", Some("1.2.0"));
    let live = key("exec_deployment.production", None);
    let check = key("http_smoke_test.production", None);
    let lost = key("slack_message.all", Some("1.2.0"));
    let object = Value::map([("name", Value::from("v1.2.0")), ("token", sealed()), ("none", Value::NULL)]);
    vec![
        Event::LedgerBegan { lineage: Lineage("0123456789abcdef".into()), product: "shop".into(), key: None },
        Event::RunOpened {
            mode: RunMode::Apply,
            version: "1.2.0".into(),
            config: Some(Digest::of(b"config")),
            plan: Some(digest()),
            versions: [("relplan".to_owned(), "0.1.0".to_owned())].into(),
            command: "relplan apply releases/v1.2.hcl".into(),
        },
        Event::Sourced {
            commit: Some("3f2a1c9d".into()),
            changed: true,
            review: Some("acme/shop#12".into()),
            reviewers: vec!["ann".into(), "bob\u{202e}".into()],
        },
        Event::Intended(Box::new(intent(&tag, Act::Create, Lifetime::Record))),
        done(&tag, ActOutcome::Done { value: object }),
        Event::Intended(Box::new(intent(&live, Act::Create, Lifetime::Live))),
        Event::Referenced { key: live.clone(), reference: "run 7".into() },
        done(&live, ActOutcome::Done { value: Value::map([("version", Value::from("1.2.0"))]) }),
        Event::Intended(Box::new(intent(&check, Act::Judge, Lifetime::Check))),
        Event::Judged {
            key: check.clone(),
            idempotency_key: format!("{check} 1"),
            value: Value::map([("ok", Value::from(false))]),
            judgement: Judgement {
                outcome: Outcome::Failed,
                summary: "1 of 3 requests failed.".into(),
                details: vec!["GET /cart: 500".into()],
                judged: [(live.address.clone(), digest())].into(),
                basis: Some(digest()),
                time_ms: 1_700_000_000_000,
            },
        },
        Event::Intended(Box::new(intent(&lost, Act::Create, Lifetime::Record))),
        Event::Referenced { key: lost.clone(), reference: "msg\u{7} 1".into() },
        done(&lost, ActOutcome::Unknown { message: "The answer was lost.".into() }),
        Event::Held { address: live.address.clone(), reason: "the rollback failed".into() },
        Event::ProvidersSet {
            providers: [("exec".into(), Value::map([("folder", Value::from("ops"))]))].into(),
        },
        Event::OutputsSet {
            outputs: [
                ("url".into(), "https://shop".into()),
                ("token".into(), sealed()),
                ("hosts".into(), Value::list(["a".into(), "b".into()])),
            ]
            .into(),
        },
        Event::RunClosed {
            ending: Ending::Uncertain,
            complete: false,
            counts: [("done".to_owned(), 2), ("uncertain".to_owned(), 1)].into(),
        },
    ]
}

/// What each event of another kind reads like; not foldable.
pub(in crate::view) fn other_events() -> Vec<Event> {
    let live = key("exec_deployment.production", None);
    vec![
        Event::Identified {
            accounts: [("github".to_owned(), ["ann".to_owned(), "bob\u{202e}".to_owned()].into())].into(),
        },
        done(&live, ActOutcome::Failed { kind: ProblemKind::Refused, message: "No.".into() }),
        done(&live, ActOutcome::Done { value: Value::NULL }),
        Event::Adopted { key: live.clone(), value: Value::from("x"), reason: "it is there".into() },
        Event::Adopted { key: live.clone(), value: Value::NULL, reason: "it is gone".into() },
        Event::Forgotten { key: live.clone(), reason: "state rm".into() },
        Event::Moved { from: live.clone(), to: key("exec_deployment.eu", None) },
        Event::EpochBegan { epoch: 2, reason: "force-unlock: the host died".into() },
        Event::Released { address: live.address, reason: "mended by hand".into() },
        Event::Checkpointed { state: digest() },
    ]
}

/// Events as records, one second after the other.
pub(in crate::view) fn recorded(events: Vec<Event>) -> Vec<Recorded> {
    let actor = Actor {
        user: "ann".into(),
        host: "ci-7".into(),
        job: "build 12".into(),
        author: String::new(),
        login: String::new(),
    };
    let record = |(index, event): (usize, Event)| {
        let seq = index as u64 + 1;
        Recorded {
            seq,
            hash: Digest::of(&seq.to_be_bytes()),
            run: RunId("00ff".into()),
            epoch: 1,
            time_ms: 1_700_000_000_000 + 1_000 * i64::try_from(seq).expect("a small number"),
            actor: actor.clone(),
            event,
        }
    };
    events.into_iter().enumerate().map(record).collect()
}

/// A run that was cut short.
pub(in crate::view) fn ledger() -> Vec<Recorded> {
    recorded(events())
}

/// The state that the ledger folds to.
pub(in crate::view) fn state() -> State {
    let mut state = State::default();
    for record in ledger() {
        state.apply(&record).expect("a legal event");
    }
    state
}
