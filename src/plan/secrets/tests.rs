//! Fingerprints tell one secret from another, and nothing else.

use super::*;
use crate::plan::Basis;

fn plan(variables: &[(&str, Value)]) -> Plan {
    Plan {
        product: "shop".into(),
        version: "1.0.0".into(),
        mode: RunMode::Apply,
        basis: Basis {
            config: None,
            state: Digest::of(b""),
            lineage: None,
            variables: variables.iter().map(|(name, value)| ((*name).into(), value.clone())).collect(),
            providers: BTreeMap::new(),
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

fn secret(text: &str) -> Value {
    Value::from(text).mark(true)
}

fn of(variables: &[(&str, Value)], sealer: &Sealer) -> Secrets {
    Secrets::of(&plan(variables), &BTreeMap::new(), sealer)
}

fn key() -> Sealer {
    Sealer::new(&[5; 32])
}

#[test]
fn another_secret_place_or_key_has_another_fingerprint() {
    let witness = |variables: &[(&str, Value)], sealer: &Sealer| match of(variables, sealer).witness() {
        Witness::Seen(fingerprint) => fingerprint.to_string(),
        other => panic!("{other:?}"),
    };
    let base = witness(&[("pin", secret("1234"))], &key());
    assert_eq!(base, witness(&[("pin", secret("1234")), ("open", "x".into())], &key()));
    // Sealed before or not, it is the same secret.
    assert_eq!(base, witness(&[("pin", key().seal_value(&secret("1234")))], &key()));
    for other in [
        witness(&[("pin", secret("1235"))], &key()),
        witness(&[("other", secret("1234"))], &key()),
        witness(&[("pin", secret("1234")), ("more", secret("1234"))], &key()),
        witness(&[("pin", secret("1234"))], &Sealer::new(&[6; 32])),
        witness(&[("pin", Value::list([secret("1234")]))], &key()),
    ] {
        assert_ne!(base, other);
    }
    assert_eq!(base.parse::<Fingerprint>().map(|print| print.to_string()), Ok(base));
}

#[test]
fn equal_secrets_at_two_places_do_not_look_alike() {
    let secrets = of(&[("a", secret("1234")), ("b", secret("1234"))], &key());
    let prints: Vec<&String> = secrets.prints().expect("a key").values().collect();
    assert_ne!(prints[0], prints[1]);
}

#[test]
fn without_a_key_there_is_no_fingerprint_at_all() {
    let variables = [("pin", secret("1234")), ("set", Value::set([secret("a"), "b".into()]))];
    let secrets = of(&variables, &Sealer::keyless());
    assert_eq!((secrets.witness(), secrets.prints()), (Witness::Unseen, None));
    assert_eq!(secrets.places(), ["var.pin", "var.set"]);
    assert_eq!(
        secrets,
        of(&[("pin", secret("9999")), ("set", Value::set([secret("z"), "b".into()]))], &Sealer::keyless())
    );
    assert_eq!(of(&[("open", "x".into())], &Sealer::keyless()).witness(), Witness::Absent);
}

#[test]
fn places_name_what_differs() {
    let of = |pin: Value, inner: &str| {
        let map = Value::map([("a b", Value::list(["x".into(), secret(inner)]))]);
        of(&[("pin", pin), ("map", map)], &key())
    };
    let reviewed = of(secret("1234"), "one");
    let prints = reviewed.prints().expect("a key").clone();
    assert_eq!(of(secret("1234"), "one").differences(&prints), Vec::<String>::new());
    assert_eq!(of(secret("1235"), "one").differences(&prints), ["var.pin"]);
    assert_eq!(of(secret("1234"), "two").differences(&prints), ["var.map[\"a b\"][1]"]);
    assert_eq!(of(Value::NULL, "one").differences(&prints), ["var.pin"]);
    // What only apply can tell is whatever its source will give; what was unknown and is known now is another one.
    let later = of(Value::UNKNOWN.mark(true), "one");
    assert_eq!(later.differences(&prints), Vec::<String>::new());
    assert_eq!(reviewed.differences(later.prints().expect("a key")), ["var.pin"]);
}
