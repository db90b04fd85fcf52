//! Conversions, and the words for those that fail.

use super::*;

fn object() -> Type {
    Type::Object(BTreeMap::from([
        ("name".into(), Field { ty: Type::String, optional: false, default: None }),
        ("port".into(), Field { ty: Type::Number, optional: true, default: Some(Value::integer(80)) }),
        ("note".into(), Field { ty: Type::String, optional: true, default: None }),
    ]))
}

#[test]
fn primitives_turn_into_each_other_where_nothing_is_lost() {
    assert_eq!(Type::Number.convert(&Value::from("1.50")), Ok(Number::parse("1.5").expect("number").into()));
    assert_eq!(Type::String.convert(&Value::from(true)), Ok("true".into()));
    assert_eq!(Type::Bool.convert(&Value::from("false")), Ok(false.into()));
    let misfit = Type::Bool.convert(&Value::from("yes")).expect_err("no bool");
    assert_eq!(misfit.to_string(), "a bool is required, but this is a string");
}

#[test]
fn objects_take_defaults_and_drop_what_they_do_not_name() {
    let given = Value::map([("name", Value::from("web")), ("other", Value::from(true))]);
    let fitted = object().convert(&given).expect("fits");
    assert_eq!(fitted.get("port"), &Value::integer(80));
    assert_eq!(fitted.as_map().map(BTreeMap::len), Some(3));
    let misfit = object().convert(&Value::map([("port", Value::integer(1))])).expect_err("no name");
    assert_eq!(misfit.to_string(), "the attribute \"name\" is required");
}

#[test]
fn a_misfit_names_its_place() {
    let ty = Type::map(Type::list(Type::Number));
    let given = Value::map([("a", Value::list([Value::integer(1), Value::from("x")]))]);
    assert_eq!(
        ty.convert(&given).expect_err("misfit").to_string(),
        "a[1]: a number is required, but this is a string"
    );
    assert_eq!(
        object().to_string(),
        "object({ name = string, note = optional(string), port = optional(number, 80) })"
    );
}

#[test]
fn marks_and_unknowns_survive() {
    let given = Value::list([Value::UNKNOWN, Value::from("1").mark(true)]);
    let fitted = Type::set(Type::Number).convert(&given).expect("fits");
    assert!(fitted.has_unknown() && fitted.has_sensitive());
}
