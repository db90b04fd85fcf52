//! What is wrong with a test before anything is asked.

use relplan_contract::{Path, Resource, Value};

use super::{fit, object};
use crate::HttpSmokeTest;

fn problems(config: &Value) -> Vec<(String, String)> {
    let problems = HttpSmokeTest::default().validate(&fit(config));
    problems
        .into_iter()
        .map(|problem| (problem.attribute.unwrap_or_default().to_string(), problem.message))
        .collect()
}

fn with_step<const N: usize>(arguments: [(&str, Value); N]) -> Value {
    let step = object([("name", "it".into()), ("path", "/".into())]);
    let step = arguments.into_iter().fold(step, |step, (name, value)| step.with(name, value));
    object([("base_url", "https://shop.example".into()), ("step", Value::list([step]))])
}

#[test]
fn each_fault_of_a_step_is_told_at_its_place() {
    let map = |name: &str, value: &str| Value::map([(name, Value::from(value))]);
    for (argument, value, place) in [
        ("headers", map("X-A", "a\r\nX-B: b"), "step[0].headers.X-A"),
        ("headers", map("X A", "a"), "step[0].headers[\"X A\"]"),
        ("headers", map("Content-Length", "7"), "step[0].headers.Content-Length"),
        ("method", "get".into(), "step[0].method"),
        ("method", "CONNECT".into(), "step[0].method"),
        ("path", "x".into(), "step[0].path"),
        ("path", "/a b".into(), "step[0].path"),
        ("url", "https://a.example/".into(), "step[0].url"),
        ("expect_status", Value::list([200.into(), 99.into()]), "step[0].expect_status"),
        ("expect_status", "ok".into(), "step[0].expect_status"),
        ("expect_status", Value::list([]), "step[0].expect_status"),
        ("expect_headers", map("a:b", "c"), "step[0].expect_headers[\"a:b\"]"),
        ("expect_body_matches", "(".into(), "step[0].expect_body_matches"),
        ("expect_body_matches", "(\\w{1000}){1000}".into(), "step[0].expect_body_matches"),
        ("expect_json", map("version", "1"), "step[0].expect_json.version"),
        ("capture", map("a b", "$.x"), "step[0].capture[\"a b\"]"),
        ("capture", map("a", "x"), "step[0].capture.a"),
        ("capture", map("a", "header:x y"), "step[0].capture.a"),
        ("capture", map("a", "regex:["), "step[0].capture.a"),
        ("max_latency_ms", 0.into(), "step[0].max_latency_ms"),
        ("name", " ".into(), "step[0].name"),
        ("body", "{{nobody}}".into(), "step[0]"),
        ("json", Value::list([object([("a", "{{nobody}}".into())])]), "step[0]"),
    ] {
        let found = problems(&with_step([(argument, value)]));
        assert_eq!(found.len(), 1, "{argument} {place}: {found:?}");
        assert_eq!(found[0].0, place, "{found:?}");
    }
    let both = with_step([("body", "x".into()), ("json", 1.into())]);
    assert_eq!(problems(&both)[0].0, "step[0].json");
}

#[test]
fn a_header_with_a_line_break_is_refused_without_showing_it() {
    let secret = Value::map([("Authorization", Value::from("Bearer abc\n").mark(true))]);
    let config = with_step([]).with("headers", secret);
    let found = problems(&config);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0 == "headers.Authorization" && !found[0].1.contains("abc"), "{found:?}");
}

#[test]
fn a_reference_needs_an_earlier_capture() {
    let step = |name: &str, path: &str, capture: Value| {
        object([("name", name.into()), ("path", path.into()), ("capture", capture)])
    };
    let captures = |name: &str| Value::map([(name, Value::from("$.x"))]);
    let config = |steps: [Value; 2]| with_step([]).with("step", Value::list(steps));
    let good = config([step("a", "/", captures("x")), step("b", "/{{x}}", Value::NULL)]);
    assert_eq!(problems(&good), []);
    let late = config([step("a", "/{{x}}", captures("x")), step("b", "/", Value::NULL)]);
    assert_eq!(problems(&late)[0].0, "step[0]");
    let unknown = config([step("a", "/", Value::UNKNOWN), step("b", "/{{x}}", Value::NULL)]);
    assert_eq!(problems(&unknown), []);
    let twice = config([step("a", "/", Value::NULL), step("a", "/", Value::NULL)]);
    assert_eq!(problems(&twice)[0].0, "step[1].name");
}

#[test]
fn a_test_that_could_never_pass_or_never_fail_is_refused() {
    let config = with_step([]).with("consecutive", 40.into());
    assert_eq!(problems(&config)[0].0, "consecutive");
    let none = object([("base_url", "https://shop.example".into())]);
    assert_eq!(problems(&none), [("step".into(), "A smoke test without a step would always pass.".into())]);
    let nowhere = object([("step", Value::list([object([("name", "it".into())])]))]);
    assert_eq!(problems(&nowhere)[0].0, "step[0]");
    let about = Path::attribute("step").index(0).key("path");
    let baseless = object([("step", Value::list([object([("name", "it".into()), ("path", "/".into())])]))]);
    assert_eq!(problems(&baseless)[0].0, about.to_string());
}
