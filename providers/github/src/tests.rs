//! Tests against the stand-in of `fixtures/github`, which fails each test whose requests break GitHub's description.

mod access;
mod assets;
mod beside;
mod conformance;
mod conversation;
mod deployment;
mod description;
mod emulator;
mod gates;
mod last;
mod limits;
mod pulls;
mod release;
mod repositories;
mod review;
mod tag;
mod workflow;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use github_stand_in::{StandIn, TOKEN};
use relplan_contract::conformance::context_in;
use relplan_contract::{
    Applied, ApplyRequest, Configured, Context, PlanRequest, Planned, Problem, Provider, Resource, Value,
};
use serde_json::{Value as Json, json};

use crate::Github;

/// A repository with two commits, the first of them released as v1.1.0.
fn shop() -> Json {
    json!({
        "owner": "acme", "name": "shop", "topics": ["shop"],
        "commits": [
            { "id": "c1", "message": "Open the shop" },
            { "id": "c2", "message": "Fix the cart\n\nIt lost things.", "date": "2026-02-03T04:05:06Z" },
        ],
        "tags": { "v1.1.0": "c1" },
        "releases": [{ "tag": "v1.1.0" }],
        "check_runs": [{ "commit": "c2", "name": "build", "conclusion": "success" }],
    })
}

/// The provider's types, asking the stand-in.
fn configured(stand_in: &StandIn) -> Configured {
    let block = Value::map([("base_url", Value::from(stand_in.url())), ("token", Value::from(TOKEN))]);
    Github.configure(&block, &BTreeMap::new()).unwrap_or_else(|problem| panic!("{problem}"))
}

fn resource(stand_in: &StandIn, name: &str) -> Arc<dyn Resource> {
    Arc::clone(&configured(stand_in).resources[name])
}

fn context() -> Context {
    context_in(Path::new("."), "github.it")
}

/// Arguments fitted to a type.
fn arguments<const N: usize>(resource: &dyn Resource, given: [(&str, Value); N]) -> Value {
    let given = Value::map(given);
    Value::map(resource.schema().attributes.iter().map(|attribute| {
        (attribute.name, attribute.fit(given.get(attribute.name)).expect("arguments that fit"))
    }))
}

/// What a data source reads.
async fn read<const N: usize>(
    stand_in: &StandIn,
    name: &str,
    given: [(&str, Value); N],
) -> Result<Value, Problem> {
    let source = Arc::clone(&configured(stand_in).data_sources[name]);
    let given = Value::map(given);
    let config = Value::map(source.schema().attributes.iter().map(|attribute| {
        (attribute.name, attribute.fit(given.get(attribute.name)).expect("arguments that fit"))
    }));
    if let Some(problem) = source.validate(&config).into_iter().next() {
        return Err(problem);
    }
    // Outside of a release the newest version counts.
    source.read(&Context { version: String::new(), ..context() }, &config).await
}

async fn plan(resource: &dyn Resource, config: &Value) -> Result<Planned, Problem> {
    assert_eq!(resource.validate(config), []);
    resource.plan(&context(), PlanRequest { config, prior: None }).await
}

async fn apply(resource: &dyn Resource, planned: &Value) -> Result<Applied, Problem> {
    resource.apply(&context(), ApplyRequest { planned, prior: None, key: "key" }).await
}

/// Plans and applies.
async fn make(resource: &dyn Resource, config: &Value) -> Result<Value, Problem> {
    let planned = plan(resource, config).await?.value;
    apply(resource, &planned).await.map(|applied| applied.value)
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_list().unwrap_or_default().iter().filter_map(Value::as_str).collect()
}
