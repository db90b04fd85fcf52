//! How the plan itself is written in a saved plan: every part that a person or a program is shown of it.
//!
//! Of what is sensitive there is a fingerprint where the ledger's key is at hand, and else only that it is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Kind, Lifetime, Value};
use serde_json::{Value as Json, json};

use super::answers::{optional_verdict, path, path_of, strings, verdict};
use super::reasons;
use super::{mode_name, mode_of};
use crate::addr::Address;
use crate::canonical::{self, Digest, Hidden, object};
use crate::event::{EntryKey, Lineage};
use crate::lang::config::{OnFailure, When};
use crate::ledger::Sealer;
use crate::plan::{
    Action, Basis, Caution, CautionKind, Change, Drift, Group, Move, OutputChange, Plan, Standing,
};

const ACTIONS: [(Action, &str); 8] = [
    (Action::Create, "create"),
    (Action::Update, "update"),
    (Action::Replace { create_first: false }, "replace"),
    (Action::Replace { create_first: true }, "replace, create first"),
    (Action::Destroy, "destroy"),
    (Action::Judge, "judge"),
    (Action::Forget, "forget"),
    (Action::Read, "read"),
];

const CAUTIONS: [(CautionKind, &str); 13] = [
    (CautionKind::Kept, "kept"),
    (CautionKind::Downgrade, "downgrade"),
    (CautionKind::Uncertain, "uncertain"),
    (CautionKind::Held, "held"),
    (CautionKind::WouldStop, "would stop"),
    (CautionKind::Destructive, "destructive"),
    (CautionKind::Irreversible, "irreversible"),
    (CautionKind::NewServer, "new server"),
    (CautionKind::NoWayBack, "no way back"),
    (CautionKind::Drift, "drift"),
    (CautionKind::LetGo, "let go"),
    (CautionKind::Marking, "marking"),
    (CautionKind::Partial, "partial"),
];

const ON_FAILURE: [(OnFailure, &str); 2] = [(OnFailure::Stop, "stop"), (OnFailure::Rollback, "rollback")];

const WHEN: [(When, &str); 3] =
    [(When::Success, "success"), (When::Failure, "failure"), (When::Always, "always")];

const LIFETIMES: [(Lifetime, &str); 3] =
    [(Lifetime::Record, "record"), (Lifetime::Live, "live"), (Lifetime::Check, "check")];

/// The word for a thing; every list above is whole.
pub(super) fn word<T: PartialEq>(list: &[(T, &'static str)], thing: &T) -> &'static str {
    list.iter().find(|(other, _)| other == thing).map_or("", |(_, word)| word)
}

pub(super) fn thing<T: Copy>(list: &[(T, &str)], json: &Json) -> Option<T> {
    let text = json.as_str()?;
    list.iter().find(|(_, word)| *word == text).map(|(thing, _)| *thing)
}

/// The whole plan.
pub(super) fn encode(plan: &Plan, sealer: &Sealer) -> Json {
    let value = |value: &Value| sealed(value, sealer);
    let change = |change: &Change| self::change(change, &value);
    let drift = |drift: &Drift| object!({ "key": key(&drift.key), "before": value(&drift.before), "after": value(&drift.after) });
    let output = |output: &OutputChange| object!({ "name": &*output.name, "before": value(&output.before), "after": value(&output.after) });
    object!({
        "product": &*plan.product,
        "version": &*plan.version,
        "mode": mode_name(plan.mode),
        "basis": basis(&plan.basis, &value),
        "changes": plan.changes.iter().map(change).collect::<Vec<_>>(),
        "groups": plan.groups.iter().map(group).collect::<Vec<_>>(),
        "moves": plan.moves.iter().map(|it| json!([it.from.to_string(), it.to.to_string()])).collect::<Vec<_>>(),
        "unchanged": plan.unchanged,
        "drift": plan.drift.iter().map(drift).collect::<Vec<_>>(),
        "outputs": plan.outputs.iter().map(output).collect::<Vec<_>>(),
        "cautions": plan.cautions.iter().map(caution).collect::<Vec<_>>(),
        "standing": plan.standing.iter().map(standing).collect::<Vec<_>>(),
    })
}

/// The plan that was written.
pub(super) fn decode(json: &Json) -> Option<Plan> {
    let all = |name: &str| json.get(name)?.as_array();
    Some(Plan {
        product: json.get("product")?.as_str()?.into(),
        version: json.get("version")?.as_str()?.into(),
        mode: mode_of(json.get("mode")?)?,
        basis: basis_of(json.get("basis")?)?,
        changes: all("changes")?.iter().map(change_of).collect::<Option<_>>()?,
        groups: all("groups")?.iter().map(group_of).collect::<Option<_>>()?,
        moves: all("moves")?.iter().map(move_of).collect::<Option<_>>()?,
        unchanged: number(json.get("unchanged")?)?,
        drift: all("drift")?.iter().map(drift_of).collect::<Option<_>>()?,
        outputs: all("outputs")?.iter().map(output_of).collect::<Option<_>>()?,
        cautions: all("cautions")?.iter().map(caution_of).collect::<Option<_>>()?,
        standing: all("standing")?.iter().map(standing_of).collect::<Option<_>>()?,
    })
}

/// A value without its secrets.
fn sealed(value: &Value, sealer: &Sealer) -> Json {
    let unseen = |part: Value| match part.kind() {
        Kind::Sealed(_) => Value::UNKNOWN.mark(true),
        _ => part,
    };
    let sealed = sealer.seal_value(value);
    canonical::encode(&if sealer.has_key() { sealed } else { sealed.transform(&unseen) }, &Hidden)
}

fn value_of(json: &Json, name: &str) -> Option<Value> {
    canonical::decode(json.get(name)?).ok()
}

fn basis(basis: &Basis, value: &dyn Fn(&Value) -> Json) -> Json {
    let variables = basis.variables.iter().map(|(name, of)| (name.to_string(), value(of)));
    object!({
        "config": basis.config.map(|digest| digest.to_string()),
        "state": basis.state.to_string(),
        "lineage": basis.lineage.as_ref().map(|lineage| &*lineage.0),
        "variables": Json::Object(variables.collect()),
        "providers": json!(basis.providers),
    })
}

fn basis_of(json: &Json) -> Option<Basis> {
    let digest = |json: &Json| json.as_str()?.parse::<Digest>().ok();
    let variable = |(name, of): (&String, &Json)| Some((name.as_str().into(), canonical::decode(of).ok()?));
    let provider = |(name, of): (&String, &Json)| Some((name.clone(), of.as_str()?.to_owned()));
    Some(Basis {
        config: optional(json.get("config")?, digest)?,
        state: digest(json.get("state")?)?,
        lineage: optional(json.get("lineage")?, |json| Some(Lineage(json.as_str()?.into())))?,
        variables: json.get("variables")?.as_object()?.iter().map(variable).collect::<Option<_>>()?,
        providers: json
            .get("providers")?
            .as_object()?
            .iter()
            .map(provider)
            .collect::<Option<BTreeMap<_, _>>>()?,
    })
}

fn change(change: &Change, value: &dyn Fn(&Value) -> Json) -> Json {
    object!({
        "key": key(&change.key),
        "lifetime": change.lifetime.map(|lifetime| word(&LIFETIMES, &lifetime)),
        "provider": change.provider.as_str(),
        "action": word(&ACTIONS, &change.action),
        "reasons": change.reasons.iter().map(reasons::encode).collect::<Vec<_>>(),
        "before": value(&change.before),
        "after": value(&change.after),
        "inputs": value(&change.inputs),
        "replace": change.replace.iter().map(path).collect::<Vec<_>>(),
        "dependencies": change.dependencies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "judges": change.judges.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "judged_by": change.judged_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "preview": change.preview.as_ref().map(verdict),
        "notes": json!(change.notes),
        "free": change.free.iter().map(|name| &**name).collect::<Vec<_>>(),
        "undo": change.undo.as_str(),
        "headline": change.headline.as_deref(),
        "from_elsewhere": change.from_elsewhere.as_deref(),
        "on_failure": word(&ON_FAILURE, &change.on_failure),
        "when": word(&WHEN, &change.when),
    })
}

fn change_of(json: &Json) -> Option<Change> {
    let all = |name: &str| json.get(name)?.as_array();
    let dependency = |json: &Json| json.as_str()?.parse::<Address>().ok();
    Some(Change {
        key: key_of(json.get("key")?)?,
        lifetime: optional(json.get("lifetime")?, |json| thing(&LIFETIMES, json))?,
        provider: json.get("provider")?.as_str()?.to_owned(),
        action: thing(&ACTIONS, json.get("action")?)?,
        reasons: all("reasons")?.iter().map(reasons::decode).collect::<Option<_>>()?,
        before: value_of(json, "before")?,
        after: value_of(json, "after")?,
        inputs: value_of(json, "inputs")?,
        replace: all("replace")?.iter().map(path_of).collect::<Option<_>>()?,
        dependencies: all("dependencies")?.iter().map(dependency).collect::<Option<_>>()?,
        judges: all("judges")?.iter().map(dependency).collect::<Option<_>>()?,
        judged_by: all("judged_by")?.iter().map(dependency).collect::<Option<_>>()?,
        preview: optional_verdict(json.get("preview")?)?,
        notes: strings(json.get("notes")?)?,
        // Plans of before do not have it.
        free: json.get("free").map_or(Some(Vec::new()), strings)?.into_iter().map(Into::into).collect(),
        undo: json.get("undo")?.as_str()?.to_owned(),
        headline: optional(json.get("headline")?, |json| json.as_str().map(str::to_owned))?,
        // Plans of before do not have it.
        from_elsewhere: json.get("from_elsewhere").and_then(Json::as_str).map(str::to_owned),
        on_failure: thing(&ON_FAILURE, json.get("on_failure")?)?,
        when: thing(&WHEN, json.get("when")?)?,
    })
}

fn standing(standing: &Standing) -> Json {
    json!([key(&standing.key), standing.summary])
}

fn standing_of(json: &Json) -> Option<Standing> {
    let [of, summary] = json.as_array()?.as_slice() else { return None };
    Some(Standing { key: key_of(of)?, summary: summary.as_str()?.to_owned() })
}

fn key(key: &EntryKey) -> Json {
    json!([key.address.to_string(), key.version.as_deref()])
}

fn key_of(json: &Json) -> Option<EntryKey> {
    let [address, version] = json.as_array()?.as_slice() else { return None };
    Some(EntryKey {
        address: address.as_str()?.parse().ok()?,
        version: optional(version, |json| json.as_str().map(Arc::from))?,
    })
}

fn group(group: &Group) -> Json {
    json!([*group.name, group.needs, group.changes])
}

fn group_of(json: &Json) -> Option<Group> {
    let [name, needs, changes] = json.as_array()?.as_slice() else { return None };
    let numbers = |json: &Json| json.as_array()?.iter().map(number).collect::<Option<Vec<_>>>();
    Some(Group { name: name.as_str()?.into(), needs: numbers(needs)?, changes: numbers(changes)? })
}

fn move_of(json: &Json) -> Option<Move> {
    let [from, to] = json.as_array()?.as_slice() else { return None };
    Some(Move { from: from.as_str()?.parse().ok()?, to: to.as_str()?.parse().ok()? })
}

fn drift_of(json: &Json) -> Option<Drift> {
    Some(Drift {
        key: key_of(json.get("key")?)?,
        before: value_of(json, "before")?,
        after: value_of(json, "after")?,
    })
}

fn output_of(json: &Json) -> Option<OutputChange> {
    Some(OutputChange {
        name: json.get("name")?.as_str()?.into(),
        before: value_of(json, "before")?,
        after: value_of(json, "after")?,
    })
}

fn caution(caution: &Caution) -> Json {
    json!([word(&CAUTIONS, &caution.kind), caution.key.as_ref().map(key), caution.text])
}

fn caution_of(json: &Json) -> Option<Caution> {
    let [kind, key, text] = json.as_array()?.as_slice() else { return None };
    Some(Caution {
        kind: thing(&CAUTIONS, kind)?,
        key: optional(key, key_of)?,
        text: text.as_str()?.to_owned(),
    })
}

fn number(json: &Json) -> Option<usize> {
    usize::try_from(json.as_u64()?).ok()
}

/// What may be null.
#[allow(clippy::option_option, reason = "whether it could be read, and whether there is one")]
fn optional<T>(json: &Json, read: impl FnOnce(&Json) -> Option<T>) -> Option<Option<T>> {
    if json.is_null() { Some(None) } else { read(json).map(Some) }
}
