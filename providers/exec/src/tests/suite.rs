//! Verdicts of real test commands.

use relplan_contract::{Outcome, PlanRequest, ProblemKind, Verdict};

use super::*;
use crate::ExecTest;

async fn judge(place: &Place, arguments: &[(&str, Value)]) -> (Value, Verdict) {
    let applied = apply(place, &ExecTest::default(), arguments).await.expect("judged");
    (applied.value, applied.verdict.expect("a verdict"))
}

fn with_report(cases: &str, then: &str) -> [(&'static str, Value); 2] {
    let script = format!("echo '<testsuite>{cases}</testsuite>' > report.xml; {then}");
    [("command", sh(&script)), ("junit", "*.xml".into())]
}

#[tokio::test]
async fn a_secret_on_a_command_line_is_remarked_on_in_the_plan() {
    let place = Place::new();
    let test = ExecTest::default();
    let telling = Value::list(["curl".into(), Value::from(SECRET).mark(true)]);
    let config = planned(&test, &[("command", telling)]);
    let request = PlanRequest { config: &config, prior: None };
    let notes = test.plan(&place.context, request).await.expect("a plan").notes;
    assert!(notes.len() == 1 && notes[0].starts_with("`command` has a sensitive argument"), "{notes:?}");
}

#[tokio::test]
async fn the_exit_code_decides() {
    let place = Place::new();
    let (object, verdict) = judge(&place, &[("command", sh("echo so; exit 3"))]).await;
    assert_eq!((verdict.outcome, object.get("exit_code")), (Outcome::Failed, &Value::integer(3)));
    assert_eq!(verdict.details, ["so"]);
    let codes = Value::list([Value::integer(0), Value::integer(3)]);
    let (_, verdict) = judge(&place, &[("command", sh("exit 3")), ("success_exit_codes", codes)]).await;
    assert_eq!(verdict.outcome, Outcome::Passed);
}

#[tokio::test]
async fn the_report_is_summarised() {
    let place = Place::new();
    let cases = "<testcase name=\"a\"/><testcase name=\"b\"><failure message=\"no\"/></testcase>";
    let (object, verdict) = judge(&place, &with_report(cases, "exit 1")).await;
    assert_eq!((verdict.outcome, verdict.summary.as_str()), (Outcome::Failed, "1 passed, 1 failed."));
    assert_eq!(verdict.details, ["b: no"]);
    assert_eq!((object.get("tests"), object.get("failures")), (&Value::integer(2), &Value::integer(1)));
    assert_eq!(object.get("failed_tests"), &Value::list(["b: no".into()]));
}

#[tokio::test]
async fn names_of_tests_are_masked_before_they_are_cut() {
    let place = Place::new();
    let name = format!("{}{SECRET}", "x".repeat(190));
    let cases = format!("<testcase name=\"{name}\"><failure/></testcase>");
    let (object, verdict) = judge(&place, &with_report(&cases, "true")).await;
    assert_eq!(verdict.details, [format!("{}(sensitive", "x".repeat(190))]);
    assert_eq!(object.get("failed_tests"), &Value::list([verdict.details[0].as_str().into()]));
}

#[tokio::test]
async fn without_a_test_that_ran_it_is_inconclusive() {
    let place = Place::new();
    let (_, verdict) = judge(&place, &with_report("", "true")).await;
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
    let skipped = "<testcase name=\"a\"><skipped/></testcase>";
    let (object, verdict) = judge(&place, &with_report(skipped, "true")).await;
    assert_eq!((verdict.outcome, object.get("skipped")), (Outcome::Inconclusive, &Value::integer(1)));
}

#[tokio::test]
async fn a_report_from_before_is_no_report() {
    let place = Place::new();
    fs::write(place.path("report.xml"), "<testsuite><testcase name='a'/></testsuite>").expect("written");
    let (object, verdict) = judge(&place, &[("command", sh("true")), ("junit", "report.xml".into())]).await;
    assert_eq!(verdict.outcome, Outcome::Error);
    assert!(object.get("tests").is_null());
}

#[tokio::test]
async fn a_killed_command_is_an_error_and_no_failure() {
    let place = Place::new();
    let (object, verdict) = judge(&place, &[("command", sh("kill -9 $$"))]).await;
    assert_eq!(
        (verdict.outcome, verdict.summary.as_str()),
        (Outcome::Error, "The test command was killed by signal 9.")
    );
    assert!(object.get("exit_code").is_null());
}

#[tokio::test]
async fn a_secret_that_was_not_kept_is_told_and_not_left_out() {
    let place = Place::new();
    let sealed = Value::new(relplan_contract::Kind::Sealed("fingerprint".into())).mark(true);
    let environment = Value::map([("TOKEN", sealed)]);
    let arguments = [("command", sh("touch started")), ("environment", environment)];
    let problem = apply(&place, &ExecTest::default(), &arguments).await.expect_err("refused");
    assert_eq!(problem.kind, ProblemKind::Invalid);
    assert!(problem.message.contains("TOKEN") && !place.path("started").exists());
}

#[tokio::test]
async fn what_may_not_run_is_bounded() {
    let place = Place::new();
    let cases = "<testcase name=\"a\"/><testcase name=\"b\" status=\"disabled\"/><testcase name=\"c\"><skipped/></testcase>";
    let report = || with_report(cases, "true");
    for (most, outcome) in [(2, Outcome::Passed), (1, Outcome::Inconclusive)] {
        let arguments: Vec<_> = report().into_iter().chain([("max_skipped", Value::integer(most))]).collect();
        let (object, verdict) = judge(&place, &arguments).await;
        assert_eq!((verdict.outcome, object.get("skipped")), (outcome, &Value::integer(2)), "{verdict:?}");
    }
    let test = ExecTest::default();
    for (most, junit) in [(Value::integer(-1), "r.xml".into()), (2.into(), Value::NULL)] {
        let config = planned(&test, &[("command", sh("true")), ("junit", junit), ("max_skipped", most)]);
        let found = test.validate(&config);
        assert!(
            found.len() == 1 && found[0].attribute.as_ref().is_some_and(|at| at.to_string() == "max_skipped")
        );
    }
}
