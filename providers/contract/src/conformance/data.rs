//! A data source: reading twice tells the same, wholly known.

use super::bench::{PATIENCE, Report, look_at_problem};
use super::compare::{misfits, unknown_parts};
use super::drive::{bounded, caught};
use super::{Finding, ThreadClock};
use crate::context::Context;
use crate::provider::DataSource;
use crate::value::Value;

/// Runs the suite on one data source with good arguments. An empty list is a pass.
pub async fn check_data_source(
    source: &dyn DataSource,
    context: &Context,
    arguments: &Value,
) -> Vec<Finding> {
    let mut report = Report::default();
    let attributes = &source.schema().attributes;
    let fitted = attributes.iter().map(|attribute| {
        (attribute.name, attribute.fit(arguments.get(attribute.name)).unwrap_or(Value::NULL))
    });
    let config = Value::map(fitted);
    let unknown = Value::map(attributes.iter().map(|attribute| {
        (attribute.name, if attribute.is_computed() { Value::NULL } else { Value::UNKNOWN })
    }));
    for (rule, config) in [("validate.good", &config), ("validate.unknown", &unknown)] {
        match caught(|| source.validate(config)) {
            Ok(problems) => report.all(rule, problems.iter().map(ToString::to_string)),
            Err(message) => report.add("validate.panic", message),
        }
    }
    for strange in [Value::NULL, Value::from("\0"), Value::integer(i64::MIN), Value::list([])] {
        let all = Value::map(attributes.iter().map(|attribute| (attribute.name, strange.clone())));
        match caught(|| source.validate(&all)) {
            Ok(problems) => {
                for problem in &problems {
                    look_at_problem(attributes, problem, &mut report);
                }
            }
            Err(message) => report.add("validate.panic", message),
        }
    }
    let first = bounded(&ThreadClock, PATIENCE, async { source.read(context, &config).await }).await;
    let second = bounded(&ThreadClock, PATIENCE, async { source.read(context, &config).await }).await;
    if let (Some(first), Some(second)) =
        (report.expect("read.good", first), report.expect("read.good", second))
    {
        report.all("read.object", misfits(attributes, &first));
        report
            .all("read.object", unknown_parts(&first).into_iter().map(|part| format!("{part} is unknown.")));
        if first != second {
            report.add("read.deterministic", format!("{first:?} at first, then {second:?}."));
        }
        for attribute in attributes.iter().filter(|attribute| !attribute.is_computed()) {
            if first.get(attribute.name) != config.get(attribute.name) {
                report.add("read.arguments", format!("The argument {} came back changed.", attribute.name));
            }
        }
    }
    report.finish()
}
