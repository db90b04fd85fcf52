//! Fingerprints can be compared, and not read.

use super::*;

fn sealer() -> Sealer {
    Sealer::new(&[9; KEY_LENGTH])
}

fn secret(text: &str) -> Value {
    Value::from(text).mark(true)
}

#[test]
fn a_fingerprint_is_an_hmac() {
    // The canonical JSON of a string has quotes. A shorter key is padded with zeros.
    let mut key = [0; KEY_LENGTH];
    key[..4].copy_from_slice(b"Jefe");
    let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").expect("any length will do");
    mac.update(b"\"what do ya want for nothing?\"");
    let expected = canonical::hex(&mac.finalize().into_bytes());
    assert_eq!(Sealer::new(&key).fingerprint(&secret("what do ya want for nothing?")), Some(expected));
}

#[test]
fn sealing_shows_nothing_and_does_no_more_the_second_time() {
    let value = Value::map([
        ("plain", Value::from("p")),
        ("password", secret("hunter2")),
        ("keys", Value::map([("alpha", Value::from("beta"))]).mark(true)),
        ("later", Value::UNKNOWN.mark(true)),
        ("none", Value::NULL.mark(true)),
        ("set", Value::set([secret("a"), Value::from("b")])),
        ("half", Value::list([Value::UNKNOWN, Value::from("x")]).mark(true)),
    ]);
    let sealed = sealer().seal_value(&value);
    let text = canonical::to_string(&canonical::encode(&sealed, &Hidden));
    assert!(!text.contains("hunter2") && !text.contains("alpha") && !text.contains("\"a\""));
    assert_eq!(text, canonical::to_string(&canonical::encode(&value, &sealer())));
    assert_eq!(sealer().seal_value(&sealed), sealed);
    assert!(sealed.get("password").is_sensitive() && sealed.get("later").is_unknown());
}

#[test]
fn equal_secrets_are_unsealed_and_others_stay() {
    let value = |password: &str, token: &str| {
        Value::map([
            ("list", Value::list([Value::from("x"), secret(password)])),
            ("set", Value::set([secret(token), Value::from("b")])),
            ("map", Value::map([("k", secret(password))])),
        ])
    };
    let (past, now) = (value("one", "two"), value("other", "two"));
    let sealed = sealer().seal_value(&past);
    assert_eq!(sealer().unseal(&sealed, &past), past);
    let unsealed = sealer().unseal(&sealed, &now);
    assert_eq!(unsealed.get("set"), now.get("set"));
    assert_eq!(unsealed.get("map"), sealed.get("map"));
    assert!(unsealed.get("list").as_list().is_some_and(|items| items[1].is_sensitive()));
    assert_eq!(sealer().unseal(&sealed, &Value::NULL), sealed);
    assert_eq!(Sealer::new(&[1; KEY_LENGTH]).unseal(&sealed, &past), sealed, "another key knows nothing");
}

#[test]
fn a_secret_that_is_no_longer_marked_is_the_same_secret_and_stays_hidden() {
    let sealed = sealer().seal_value(&secret("one"));
    let unsealed = sealer().unseal(&sealed, &Value::from("one"));
    assert_eq!(unsealed, Value::from("one"));
    assert!(unsealed.is_sensitive());
}

#[test]
fn marks_inside_do_not_change_a_fingerprint() {
    let plain = Value::list([Value::from("x")]);
    let marked = Value::list([secret("x")]).mark(true);
    assert_eq!(sealer().fingerprint(&plain), sealer().fingerprint(&marked));
    assert_ne!(sealer().fingerprint(&plain), sealer().fingerprint(&Value::from("x")));
}
