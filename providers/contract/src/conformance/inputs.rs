//! Arguments of every sort: the good, the unknown, the missing and the wrong. None may make a provider panic.

use super::Fixture;
use super::bench::{Bench, Report};
use super::compare::misfits;
use super::drive::{Fault, caught};
use crate::problem::{Problem, ProblemKind};
use crate::value::Value;

pub(super) async fn check<F: Fixture>(bench: &Bench<F>, report: &mut Report) {
    let before = bench.fixture.effects();
    let good = bench.config(report);
    for problem in validate(bench, "good arguments", &good, report) {
        report.add("validate.good", format!("Good arguments are refused: {problem}"));
    }
    let unknown = every(bench, &Value::UNKNOWN);
    for problem in validate(bench, "unknown arguments", &unknown, report) {
        report.add("validate.unknown", format!("Unknown arguments are refused: {problem}"));
    }
    check_plan_of_unknown(bench, &unknown, report).await;
    for (name, value) in strange_values() {
        validate(bench, name, &every(bench, &value), report);
    }
    validate(bench, "no object", &Value::NULL, report);
    check_one_by_one(bench, &good, report);
    check_invalid(bench, report);
    bench.unchanged("validate.pure", "Validation", before, report);
}

/// Each good argument replaced by an unknown one in turn: what depends on it must wait, the rest may be judged.
fn check_one_by_one<F: Fixture>(bench: &Bench<F>, good: &Value, report: &mut Report) {
    for attribute in bench.schema().attributes.iter().filter(|attribute| !good.get(attribute.name).is_null())
    {
        let config = good.clone().with(attribute.name, Value::UNKNOWN);
        for problem in validate(bench, "one unknown argument", &config, report) {
            let name = attribute.name;
            report.add("validate.unknown", format!("{name} is refused while it is unknown: {problem}"));
        }
    }
}

fn check_invalid<F: Fixture>(bench: &Bench<F>, report: &mut Report) {
    for (attribute, arguments) in bench.fixture.invalid() {
        let config = bench.fit(&arguments, report);
        let problems = validate(bench, "invalid arguments", &config, report);
        let about = |problem: &Problem| {
            problem.attribute.as_ref().and_then(crate::Path::root).is_some_and(|root| root == attribute)
        };
        if !problems.iter().any(about) {
            report.add("validate.invalid", format!("A wrong {attribute} is not refused."));
        }
        for problem in problems.iter().filter(|problem| problem.kind != ProblemKind::Invalid) {
            report.add("validate.kind", format!("Not of the kind `invalid`: {problem}"));
        }
    }
}

async fn check_plan_of_unknown<F: Fixture>(bench: &Bench<F>, unknown: &Value, report: &mut Report) {
    match bench.plan(unknown, None).await {
        Ok(planned) => report.all("plan.unknown", misfits(&bench.schema().attributes, &planned.value)),
        Err(Fault::Problem(problem)) => {
            report.add("plan.unknown", format!("Unknown arguments cannot be planned: {problem}"));
        }
        Err(fault) => report.add("plan.unknown", fault.to_string()),
    }
}

fn validate<F: Fixture>(bench: &Bench<F>, what: &str, config: &Value, report: &mut Report) -> Vec<Problem> {
    match caught(|| bench.resource().validate(config)) {
        Ok(problems) => {
            for problem in &problems {
                bench.look_at_problem(problem, report);
            }
            problems
        }
        Err(message) => {
            report.add("validate.panic", format!("Panic with {what}: {message}"));
            Vec::new()
        }
    }
}

/// An object with the same value for each argument; what is computed is null.
fn every<F: Fixture>(bench: &Bench<F>, value: &Value) -> Value {
    let arguments = bench.schema().attributes.iter().map(|attribute| {
        let given = if attribute.is_computed() { Value::NULL } else { value.clone() };
        (attribute.name, given)
    });
    Value::map(arguments)
}

/// Values that no type converts to, or that lie at the edge of one.
fn strange_values() -> Vec<(&'static str, Value)> {
    let nested = Value::list([Value::map([("", Value::list([Value::UNKNOWN, Value::NULL]))])]);
    vec![
        ("null arguments", Value::NULL),
        ("empty text", Value::from("")),
        ("control characters", Value::from("\0\n\u{1b}[2J\u{202e}")),
        ("text that begins with a dash", Value::from("--help")),
        ("long text", Value::from("x".repeat(100_000))),
        ("a truth", Value::from(true)),
        ("a negative number", Value::integer(i64::MIN)),
        ("a large number", Value::integer(i64::MAX)),
        ("an empty list", Value::list([])),
        ("an empty map", Value::map::<&str>([])),
        ("a nested value", nested),
    ]
}
