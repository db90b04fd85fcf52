//! Saved plans are read as written, and notice every edit.

use relplan_contract::{Observed, Outcome, Path, Planned, Reconciled, Verdict};

use super::*;
use crate::plan::{Basis, Reason};
use crate::view::samples;

fn answers() -> Answers {
    let planned = Planned {
        value: Value::map([("a", Value::UNKNOWN), ("b", Value::from("x").mark(true))]),
        replace: vec![Path::attribute("a").index(1)],
        preview: Some(Verdict {
            outcome: Outcome::Pending,
            summary: "not yet".into(),
            details: vec!["x".into()],
        }),
        notes: vec!["note".into()],
        sends: vec![relplan_contract::Sends {
            server: "db.example:5432".into(),
            what: "PGPASSWORD".into(),
            named_by: vec!["host".into()],
        }],
    };
    BTreeMap::from([
        (("a.b".to_owned(), "plan".to_owned()), vec![Answer::Planned(Ok(planned))]),
        (
            ("a.b".to_owned(), "read".to_owned()),
            vec![Answer::Observed(Ok(Observed::Present(Value::from("y"))))],
        ),
        (("c.d".to_owned(), "reconcile".to_owned()), vec![Answer::Reconciled(Ok(Reconciled::NotDone))]),
    ])
}

fn plan() -> Plan {
    Plan {
        product: "shop".into(),
        version: "1.0.0".into(),
        mode: RunMode::Apply,
        basis: Basis {
            config: Some(Digest::of(b"config")),
            state: Digest::of(b"state"),
            lineage: None,
            variables: BTreeMap::from([("secret".into(), Value::from("s").mark(true))]),
            providers: BTreeMap::from([("git".to_owned(), "1".to_owned())]),
        },
        changes: Vec::new(),
        groups: Vec::new(),
        moves: Vec::new(),
        unchanged: 0,
        drift: Vec::new(),
        outputs: Vec::new(),
        cautions: Vec::new(),
        standing: Vec::new(),
    }
}

fn saved_with(plan: &Plan, sealer: &Sealer) -> String {
    let given =
        |value: &str| Given { value: value.into(), origin: "-var".into(), span: None, must_exist: true };
    let given = BTreeMap::from([("secret".into(), given("hunter2")), ("open".into(), given("seen"))]);
    let secrets = Secrets::of(plan, &BTreeMap::new(), sealer);
    let parts = Parts {
        source: "a.hcl",
        options: &Options::default(),
        given: &given,
        answers: &answers(),
        secrets: &secrets,
    };
    write(plan, parts, sealer)
}

fn key() -> Sealer {
    Sealer::new(&[3; 32])
}

fn saved() -> String {
    saved_with(&plan(), &key())
}

#[test]
fn a_saved_plan_is_read_as_written_without_secrets() {
    let text = saved();
    assert!(!text.contains("hunter2"));
    let read = read(text.as_bytes()).expect("a saved plan");
    assert_eq!(read.options, Options::default());
    assert_eq!(read.variables["open"], Value::from("seen"));
    assert!(read.variables["secret"].is_null());
    let mut expected = answers();
    let hidden = Value::map([("a", Value::UNKNOWN), ("b", Value::UNKNOWN)]);
    if let Some(Answer::Planned(Ok(planned))) = expected.values_mut().next().and_then(|all| all.first_mut()) {
        planned.value = hidden;
    }
    assert_eq!(read.answers, expected);
}

#[test]
fn every_flipped_bit_is_noticed() {
    let text = saved().into_bytes();
    for at in 0..text.len() - 1 {
        for bit in 0..8 {
            let mut edited = text.clone();
            edited[at] ^= 1 << bit;
            // A changed MAC can be read, but nothing confirms it.
            let refused = read(&edited).map(|saved| saved.authenticity(&key()));
            assert!(matches!(refused, Err(_) | Ok(Authenticity::Refuted)), "byte {at}, bit {bit}");
        }
    }
    assert_eq!(read(b"hello").err(), Some(SavedPlanError::Foreign));
}

#[test]
fn only_the_key_that_wrote_it_confirms_it() {
    let signed = read(saved().as_bytes()).expect("a saved plan");
    assert_eq!(signed.authenticity(&key()), Authenticity::Confirmed);
    assert_eq!(signed.authenticity(&Sealer::new(&[4; 32])), Authenticity::Refuted);
    assert_eq!(signed.authenticity(&Sealer::keyless()), Authenticity::NoKey);
    let unsigned = read(saved_with(&plan(), &Sealer::keyless()).as_bytes()).expect("a saved plan");
    assert_eq!(unsigned.authenticity(&key()), Authenticity::Unsigned);
    assert_eq!(unsigned.secrets, None);
    let mut secrets = signed.secrets.expect("fingerprints");
    assert_eq!(secrets.remove("var.secret").map(|print| print.len()), Some(64));
    assert!(secrets.is_empty());
}

/// Every kind of change, reason, caution and value that a plan can have.
#[test]
fn the_plan_that_is_read_is_the_one_that_was_written() {
    for sealer in [key(), Sealer::keyless()] {
        for mut plan in [samples::plan(), samples::empty(), samples::large(40)] {
            // The fingerprints of the samples are no real ones.
            let real = |part: Value| match part.kind() {
                relplan_contract::Kind::Sealed(_) => sealer.seal_value(&samples::secret()),
                _ => part,
            };
            plan.changes.iter_mut().for_each(|change| change.before = change.before.transform(&real));
            let read = read(saved_with(&plan, &sealer).as_bytes()).expect("a saved plan");
            assert_eq!(read.digest(), digest::of(&plan));
            assert_eq!(read.differences(&plan), Vec::<String>::new());
            assert_eq!(saved_with(&read.plan, &sealer), saved_with(&plan, &sealer));
            let palette = crate::view::style::Palette::new(false);
            let shown = |plan: &Plan| crate::view::text::plan(plan, &digest::of(plan), &palette);
            // Without a key, nobody can tell whether a secret is another one.
            if sealer.has_key() {
                assert_eq!(shown(&read.plan), shown(&plan));
            }
        }
    }
}

#[test]
fn every_reason_and_every_word_is_read_as_written() {
    let paths = vec![Path::attribute("a").index(1), Path::attribute("b c")];
    let address: crate::addr::Address = "module.x[\"y\"].git_tag.app[0]".parse().expect("an address");
    let mut reasons = vec![
        Reason::NewVersion { version: "1.0.0".into() },
        Reason::TurnedBack { version: "0.9.0".into() },
        Reason::InputsChanged(paths.clone()),
        Reason::Drifted(paths.clone()),
        Reason::Immutable(paths),
        Reason::UpstreamChanged(vec![address]),
        Reason::Unsettled(Outcome::Inconclusive),
        Reason::TriggeredBy(vec!["a.b".into()]),
    ];
    let plain = [
        "never_made",
        "gone",
        "tainted",
        "requested",
        "left_file",
        "removed",
        "destroy_asked",
        "retried",
        "deposed",
        "arguments_unknown",
    ];
    reasons.extend(plain.iter().map(|word| reasons::decode(&json!([word, null])).expect("a reason")));
    let read: Vec<Reason> =
        reasons.iter().map(|reason| reasons::decode(&reasons::encode(reason)).expect("a reason")).collect();
    assert_eq!(read, reasons);
    assert_eq!(reasons::decode(&json!(["never_made", "x"])), None);
    assert_eq!(reasons::decode(&json!(["because", null])), None);
}

#[test]
fn differences_are_named() {
    let told = |edit: &dyn Fn(&mut Plan)| {
        let saved = read(saved().as_bytes()).expect("a saved plan");
        let mut now = plan();
        edit(&mut now);
        saved.differences(&now)
    };
    assert_eq!(told(&|_| {}), Vec::<String>::new());
    assert_eq!(
        told(&|now| now.basis.lineage = Some(crate::event::Lineage("l".into()))),
        Vec::<String>::new()
    );
    let version = |now: &mut Plan| drop(now.basis.providers.insert("git".into(), "2".into()));
    assert_eq!(told(&version), ["the provider git has another version now"]);
    let variable = |now: &mut Plan| drop(now.basis.variables.insert("open".into(), "x".into()));
    assert_eq!(told(&variable), ["the variable open has another value"]);
    // What is sensitive is compared by its fingerprint.
    let secret =
        |now: &mut Plan| drop(now.basis.variables.insert("secret".into(), Value::from("t").mark(true)));
    assert_eq!(told(&secret), Vec::<String>::new());
    let unmarked = |now: &mut Plan| drop(now.basis.variables.insert("secret".into(), "t".into()));
    assert_eq!(told(&unmarked), ["the variable secret has another value"]);
    assert_eq!(told(&|now| now.unchanged = 7), ["what would be done, or why, is not what was saved"]);
}
