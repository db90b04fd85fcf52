//! Saved plans are read as written, and notice every edit.

use relplan_contract::{Observed, Outcome, Path, Planned, Reconciled, Verdict};

use super::*;
use crate::plan::Basis;

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

fn saved() -> String {
    let plan = Plan {
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
        unchanged: 0,
        drift: Vec::new(),
        outputs: Vec::new(),
        cautions: Vec::new(),
    };
    let given =
        |value: &str| Given { value: value.into(), origin: "-var".into(), span: None, must_exist: true };
    let given = BTreeMap::from([("secret".into(), given("hunter2")), ("open".into(), given("seen"))]);
    write(
        &plan,
        &Digest::of(b"plan"),
        &Options::default(),
        &given,
        &answers(),
        ("a.hcl", "text", &Json::Null),
    )
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
            assert!(read(&edited).is_err(), "byte {at}, bit {bit}");
        }
    }
    assert_eq!(read(b"hello").err(), Some(SavedPlanError::Foreign));
}
