//! What differs between a saved plan and what would be done now, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use relplan_contract::Value;

use super::steps;
use crate::event::EntryKey;
use crate::ledger::Sealer;
use crate::plan::compare::differences;
use crate::plan::{Change, Plan};

/// Every difference as a clause. Nothing is left out: where no part can be named, it is said in general.
pub(super) fn between(saved: &Plan, now: &Plan) -> Vec<String> {
    // The lineage is compared elsewhere: there was none when the plan was saved before the first record.
    let whole = |plan: &Plan| {
        let mut json = steps::encode(plan, &Sealer::keyless());
        json.pointer_mut("/basis/lineage").map(serde_json::Value::take);
        json
    };
    if whole(saved) == whole(now) {
        return Vec::new();
    }
    let mut found = Vec::new();
    basis(saved, now, &mut found);
    changes(saved, now, &mut found);
    let moves = |plan: &Plan| -> BTreeMap<String, String> {
        plan.moves.iter().map(|moved| (moved.to.to_string(), moved.from.to_string())).collect()
    };
    for to in other(&moves(saved), &moves(now)) {
        found.push(format!("something else would be moved to {to}"));
    }
    let outputs = |plan: &Plan| -> BTreeMap<String, Value> {
        plan.outputs.iter().map(|output| (output.name.to_string(), bare(&output.after))).collect()
    };
    for name in other(&outputs(saved), &outputs(now)) {
        found.push(format!("the output {name} would be another one"));
    }
    if found.is_empty() {
        found.push("what would be done, or why, is not what was saved".to_owned());
    }
    found
}

fn basis(saved: &Plan, now: &Plan, found: &mut Vec<String>) {
    if (&saved.product, &saved.version, saved.mode) != (&now.product, &now.version, now.mode) {
        found.push("it is of another product or version, or for something else".to_owned());
    }
    for name in other(&saved.basis.providers, &now.basis.providers) {
        found.push(format!("the provider {name} has another version now"));
    }
    let variables = |plan: &Plan| -> BTreeMap<String, Value> {
        plan.basis.variables.iter().map(|(name, value)| (name.to_string(), bare(value))).collect()
    };
    for name in other(&variables(saved), &variables(now)) {
        found.push(format!("the variable {name} has another value"));
    }
}

fn changes(saved: &Plan, now: &Plan, found: &mut Vec<String>) {
    let by_key = |plan: &'_ Plan| -> BTreeMap<EntryKey, Change> {
        plan.changes.iter().map(|change| (change.key.clone(), change.clone())).collect()
    };
    let (saved, now) = (by_key(saved), by_key(now));
    for key in saved.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
        match (saved.get(key), now.get(key)) {
            (Some(before), Some(after)) => found.extend(changed(key, before, after)),
            (Some(_), None) => found.push(format!("nothing would be done to {key}")),
            (None, Some(_)) => found.push(format!("something would be done to {key}")),
            (None, None) => {}
        }
    }
}

/// What is different about what is done to one object.
fn changed(key: &EntryKey, saved: &Change, now: &Change) -> Option<String> {
    if saved.action != now.action {
        return Some(format!("something else would be done to {key}"));
    }
    let mut paths = differences(&bare(&saved.inputs), &bare(&now.inputs), true);
    paths.extend(differences(&bare(&saved.after), &bare(&now.after), true));
    let names: BTreeSet<String> = paths.iter().map(ToString::to_string).collect();
    if !names.is_empty() {
        let names: Vec<String> = names.into_iter().collect();
        return Some(format!("{key} would get another {}", names.join(", ")));
    }
    let steps = |change: &Change| (change.dependencies.clone(), change.on_failure, change.when);
    let shown = |change: &Change| (change.notes.clone(), change.undo.clone(), change.preview.clone());
    (steps(saved) != steps(now) || shown(saved) != shown(now))
        .then(|| format!("what is said of {key} is something else"))
}

/// The names under which there is something else.
fn other<T: PartialEq + Debug>(saved: &BTreeMap<String, T>, now: &BTreeMap<String, T>) -> BTreeSet<String> {
    let names: BTreeSet<&String> = saved.keys().chain(now.keys()).collect();
    names.into_iter().filter(|name| saved.get(*name) != now.get(*name)).cloned().collect()
}

/// The value without its secrets: whether they are the same is told by their fingerprints.
fn bare(value: &Value) -> Value {
    let hide = |part: Value| {
        if part.is_sensitive() && !part.is_null() { Value::UNKNOWN.mark(true) } else { part }
    };
    value.transform(&hide)
}
