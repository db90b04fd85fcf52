//! Tests against real servers on this machine.

mod bodies;
mod conformance;
mod connection;
mod judging;
mod repeats;
mod secrets;
mod server;
mod validation;

use std::path::Path;
use std::sync::Arc;

use relplan_contract::conformance::{Recorder, context_in};
use relplan_contract::{
    Applied, ApplyRequest, Context, DataSource, Outcome, Problem, Redactor, Resource, Value, Verdict, propose,
};

use crate::{HttpResponse, HttpSmokeTest};

/// A context that no environment reaches into, with what it reports.
fn context() -> (Context, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let progress = Arc::<Recorder>::clone(&recorder);
    let environment = Arc::default();
    let context = Context { progress, environment, ..context_in(Path::new("."), "http_smoke_test.it") };
    (context, recorder)
}

fn with_secret(secret: &str) -> (Context, Arc<Recorder>) {
    let (context, recorder) = context();
    (Context { redactor: Arc::new(Redactor::new([secret])), ..context }, recorder)
}

/// An object of the entries.
fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::map(entries)
}

/// A test of the steps that gives up soon.
fn test<const N: usize, const S: usize>(arguments: [(&str, Value); N], steps: [Value; S]) -> Value {
    let quick = object([("deadline_seconds", 2.into()), ("interval_seconds", 0.into())]);
    let config = arguments.into_iter().fold(quick, |config, (name, value)| config.with(name, value));
    config.with("step", Value::list(steps))
}

fn fit(config: &Value) -> Value {
    let schema = crate::schema::smoke_test();
    Value::map(schema.attributes.iter().map(|attribute| {
        (attribute.name, attribute.fit(config.get(attribute.name)).expect("arguments that fit"))
    }))
}

async fn try_apply(context: &Context, config: &Value) -> Result<Applied, Problem> {
    let test = HttpSmokeTest::default();
    let config = fit(config);
    assert_eq!(test.validate(&config), []);
    let planned = propose(&test.schema().attributes, None, &config).value;
    test.apply(context, ApplyRequest { planned: &planned, prior: None, key: "key" }).await
}

async fn apply(context: &Context, config: &Value) -> (Value, Verdict) {
    let applied = try_apply(context, config).await.expect("a verdict");
    (applied.value, applied.verdict.expect("a verdict"))
}

async fn verdict(config: &Value) -> Verdict {
    apply(&context().0, config).await.1
}

/// The outcome, and all that is told about it.
async fn outcome(config: &Value) -> (Outcome, String) {
    let verdict = verdict(config).await;
    (verdict.outcome, verdict.details.join("\n"))
}

async fn response(context: &Context, config: &Value) -> Result<Value, Problem> {
    let source = HttpResponse::default();
    let config = Value::map(source.schema().attributes.iter().map(|attribute| {
        (attribute.name, attribute.fit(config.get(attribute.name)).expect("arguments that fit"))
    }));
    source.read(context, &config).await
}
