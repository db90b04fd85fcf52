//! The digest of a plan: SHA-256 over its canonical JSON, in which there is no clock, path or random number.

use relplan_contract::{Path, Value};
use serde_json::{Value as Json, json};

use super::change::{Action, Change};
use super::{Drift, Group, OutputChange, Plan};
use crate::canonical::{Digest, Hidden, Stream, encode, object};

/// Version of the form over which the digest is taken.
const FORM: u32 = 1;

/// The digest of a plan: hashed change by change, with the members in the order of their names.
#[must_use]
pub fn of(plan: &Plan) -> Digest {
    let basis = &plan.basis;
    let variables =
        basis.variables.iter().map(|(name, value)| Json::Array(vec![(&**name).into(), shown(value)]));
    let mut stream = Stream::default();
    stream.raw("{\"changes\":");
    stream.array(plan.changes.iter().map(change));
    stream.raw(",\"config\":");
    stream.json(&basis.config.map(|digest| digest.to_string()).into());
    stream.raw(",\"drift\":");
    stream.array(plan.drift.iter().map(drift));
    stream.raw(&format!(",\"form\":{FORM},\"groups\":"));
    stream.array(plan.groups.iter().map(group));
    stream.raw(",\"mode\":");
    stream.json(&format!("{:?}", plan.mode).into());
    stream.raw(",\"moves\":");
    stream.array(plan.moves.iter().map(|moved| json!([moved.from.to_string(), moved.to.to_string()])));
    stream.raw(",\"outputs\":");
    stream.array(plan.outputs.iter().map(output));
    stream.raw(",\"product\":");
    stream.json(&(&*plan.product).into());
    stream.raw(",\"providers\":");
    stream.json(&json!(basis.providers));
    stream.raw(",\"state\":");
    stream.json(&basis.state.to_string().into());
    stream.raw(",\"variables\":");
    stream.array(variables);
    stream.raw(",\"version\":");
    stream.json(&(&*plan.version).into());
    stream.raw("}");
    stream.finish()
}

/// The form of a value in a digest: what is sensitive is left out, also its fingerprint, whose key is random. That
/// there is nothing is no secret.
fn shown(value: &Value) -> Json {
    let hide = |part: Value| {
        if part.is_sensitive() && !part.is_null() { Value::from("hidden").mark(true) } else { part }
    };
    let hidden = value.transform(&hide);
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
    object!({
        "key": change.key.to_string(),
        "provider": change.provider.as_str(),
        "action": action,
        "reasons": change.reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "before": shown(&change.before),
        "after": shown(&change.after),
        "inputs": shown(&change.inputs),
        "replace": paths(&change.replace),
        "dependencies": change.dependencies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "judges": change.judges.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "on_failure": format!("{:?}", change.on_failure),
        "when": format!("{:?}", change.when),
    })
}

fn group(group: &Group) -> Json {
    json!([*group.name, group.needs, group.changes])
}

fn drift(drift: &Drift) -> Json {
    Json::Array(vec![drift.key.to_string().into(), shown(&drift.before), shown(&drift.after)])
}

fn output(output: &OutputChange) -> Json {
    Json::Array(vec![(&*output.name).into(), shown(&output.before), shown(&output.after)])
}
