//! The digest of a plan: SHA-256 over its canonical JSON, in which there is no clock, path or random number.

use relplan_contract::{Path, Value};
use serde_json::{Value as Json, json};

use super::change::{Action, Change};
use super::{Drift, Group, OutputChange, Plan};
use crate::canonical::{Digest, Hidden, encode};

/// Version of the form over which the digest is taken.
const FORM: u32 = 1;

/// The digest of a plan.
#[must_use]
pub fn of(plan: &Plan) -> Digest {
    Digest::of_json(&json!({
        "form": FORM,
        "product": *plan.product,
        "version": *plan.version,
        "mode": format!("{:?}", plan.mode),
        "config": plan.basis.config.map(|digest| digest.to_string()),
        "state": plan.basis.state.to_string(),
        "providers": plan.basis.providers,
        "variables": plan.basis.variables.iter().map(|(name, value)| json!([**name, shown(value)])).collect::<Vec<_>>(),
        "changes": plan.changes.iter().map(change).collect::<Vec<_>>(),
        "groups": plan.groups.iter().map(group).collect::<Vec<_>>(),
        "drift": plan.drift.iter().map(drift).collect::<Vec<_>>(),
        "outputs": plan.outputs.iter().map(output).collect::<Vec<_>>(),
    }))
}

/// The form of a value in a digest: what is sensitive is left out, also its fingerprint, whose key is random.
fn shown(value: &Value) -> Json {
    let hidden =
        value.transform(&|part| if part.is_sensitive() { Value::from("hidden").mark(true) } else { part });
    encode(&hidden, &Hidden)
}

fn paths(paths: &[Path]) -> Vec<String> {
    paths.iter().map(ToString::to_string).collect()
}

fn change(change: &Change) -> Json {
    let action = match change.action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace { create_first: true } => "replace, create first",
        Action::Replace { create_first: false } => "replace",
        Action::Destroy => "destroy",
        Action::Judge => "judge",
        Action::Forget => "forget",
        Action::Read => "read",
    };
    json!({
        "key": change.key.to_string(),
        "provider": change.provider,
        "action": action,
        "reasons": change.reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "before": shown(&change.before),
        "after": shown(&change.after),
        "inputs": shown(&change.inputs),
        "replace": paths(&change.replace),
        "dependencies": change.dependencies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "on_failure": format!("{:?}", change.on_failure),
        "when": format!("{:?}", change.when),
    })
}

fn group(group: &Group) -> Json {
    json!([*group.name, group.needs, group.changes])
}

fn drift(drift: &Drift) -> Json {
    json!([drift.key.to_string(), shown(&drift.before), shown(&drift.after)])
}

fn output(output: &OutputChange) -> Json {
    json!([*output.name, shown(&output.before), shown(&output.after)])
}
