//! Marks, unknowns, parts and paths of values.

use super::*;
use crate::path::Path;

fn sample() -> Value {
    Value::map([
        ("name", Value::from("shop")),
        ("token", Value::from("hunter2").mark(true)),
        ("steps", Value::list([Value::map([("id", Value::UNKNOWN)]), Value::integer(2)])),
    ])
}

#[test]
fn marks_and_unknowns_are_found_at_any_depth() {
    let value = sample();
    assert!(value.has_sensitive() && !value.is_sensitive());
    assert!(value.has_unknown() && !value.is_unknown());
    assert_eq!(value.get("token"), &Value::from("hunter2"), "a mark does not make it another value");
    assert_eq!(value.get("absent"), &Value::NULL);
}

#[test]
fn debug_text_hides_what_is_sensitive() {
    let text = format!("{:?}", sample());
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("(sensitive value)") && text.contains("(known after apply)"), "{text}");
}

#[test]
fn leaves_come_with_their_paths() {
    let mut seen = Vec::new();
    sample().leaves(&mut |path, _| seen.push(path.to_string()));
    assert_eq!(seen, ["name", "steps[0].id", "steps[1]", "token"]);
    assert_eq!(Path::attribute("steps").index(1).find(&sample()), Some(&Value::integer(2)));
}

#[test]
fn a_set_keeps_the_mark_of_a_dropped_twin() {
    let set = Value::set([Value::from("b"), Value::from("a"), Value::from("a").mark(true)]);
    let items = set.as_list().expect("a set");
    assert_eq!(items, [Value::from("a"), Value::from("b")]);
    assert!(items[0].is_sensitive() && !items[1].is_sensitive());
}
