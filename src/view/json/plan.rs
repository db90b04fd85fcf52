//! A plan as JSON: `docs/json/plan.schema.json`.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{addresses, document, value, verdict};
use crate::addr::{Address, Key, Mode};
use crate::event::EntryKey;
use crate::plan::secrets::{Stamp, Witness};
use crate::plan::{Action, Basis, Caution, Change, Drift, Group, Move, OutputChange, Plan, Reason, Standing};
use crate::view::words;

/// The whole plan. `stamp` is the plan's own.
#[must_use]
pub fn plan(plan: &Plan, stamp: impl Into<Stamp>) -> Json {
    let stamp = stamp.into();
    let counts = plan.counts();
    let before = plan.moved_from();
    let moved_from = |address: &Address| before.get(address).map(ToString::to_string);
    document(
        "relplan_plan",
        json!({
            "digest": stamp.digest.to_string(),
            "secrets": secrets(stamp.secrets),
            "product": *plan.product,
            "version": *plan.version,
            "mode": words::mode(plan.mode),
            "empty": plan.is_empty(),
            "basis": basis(&plan.basis),
            "counts": {
                "add": counts.add,
                "change": counts.change,
                "destroy": counts.destroy,
                "check": counts.check,
                "forget": counts.forget,
                "move": counts.moved,
                "unchanged": plan.unchanged,
            },
            "changes": plan.changes.iter().map(|it| change(it, moved_from(it.address()).as_deref())).collect::<Vec<_>>(),
            "groups": plan.groups.iter().map(group).collect::<Vec<_>>(),
            "moves": plan.moves.iter().map(moved).collect::<Vec<_>>(),
            "drift": plan.drift.iter().map(drift).collect::<Vec<_>>(),
            "outputs": plan.outputs.iter().map(output).collect::<Vec<_>>(),
            "cautions": plan.cautions.iter().map(caution).collect::<Vec<_>>(),
            "standing": plan.standing.iter().map(standing).collect::<Vec<_>>(),
        }),
    )
}

/// A saved plan, and whether it is authentic.
#[must_use]
pub fn saved_plan(plan: &Plan, stamp: Stamp, authentic: bool) -> Json {
    let mut document = self::plan(plan, stamp);
    if let Some(document) = document.as_object_mut() {
        document.insert("authentic".to_owned(), authentic.into());
    }
    document
}

/// Whether there are any, and their fingerprint where they can be compared.
fn secrets(witness: Witness) -> Json {
    let fingerprint = match witness {
        Witness::Seen(fingerprint) => Some(fingerprint.to_string()),
        Witness::Absent | Witness::Unseen => None,
    };
    json!({ "present": witness != Witness::Absent, "fingerprint": fingerprint })
}

fn basis(basis: &Basis) -> Json {
    let variables: BTreeMap<&str, Json> =
        basis.variables.iter().map(|(name, of)| (&**name, value(of))).collect();
    json!({
        "config": basis.config.map(|digest| digest.to_string()),
        "state": basis.state.to_string(),
        "lineage": basis.lineage.as_ref().map(|lineage| &*lineage.0),
        "variables": variables,
        "providers": basis.providers,
    })
}

fn standing(standing: &Standing) -> Json {
    json!({ "address": standing.key.address.to_string(), "summary": standing.summary })
}

fn change(change: &Change, moved_from: Option<&str>) -> Json {
    let address = change.address();
    let replaces_create_first = matches!(change.action, Action::Replace { create_first: true });
    json!({
        "address": address.to_string(),
        "previous_address": moved_from,
        "module": address.module.to_string(),
        "mode": match address.resource.mode { Mode::Managed => "managed", Mode::Data => "data" },
        "type": *address.resource.ty,
        "name": *address.resource.name,
        "key": address.key.as_ref().map(|key| match key {
            Key::Index(index) => Json::from(*index),
            Key::Name(name) => Json::from(&**name),
        }),
        "record_version": change.key.version.as_deref(),
        "kind": change.lifetime.map(relplan_contract::Lifetime::name),
        "provider": change.provider,
        "action": words::action(change.action),
        "create_first": replaces_create_first,
        "reasons": change.reasons.iter().map(reason).collect::<Vec<_>>(),
        "before": value(&change.before),
        "after": value(&change.after),
        "inputs": value(&change.inputs),
        "replace": change.replace.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "dependencies": addresses(&change.dependencies),
        "judges": addresses(&change.judges),
        "preview": change.preview.as_ref().map(verdict),
        "notes": change.notes,
        "undo": change.undo,
        "headline": change.headline,
        "from_elsewhere": change.from_elsewhere,
    })
}

/// A reason as a stable word and as the clause for people, with what it names.
fn reason(reason: &Reason) -> Json {
    let (word, names): (&str, Vec<String>) = match reason {
        Reason::NeverMade => ("never_made", Vec::new()),
        Reason::NewVersion { version } => ("new_version", vec![version.to_string()]),
        Reason::InputsChanged(paths) => ("inputs_changed", paths.iter().map(ToString::to_string).collect()),
        Reason::Drifted(paths) => ("drifted", paths.iter().map(ToString::to_string).collect()),
        Reason::Gone => ("gone", Vec::new()),
        Reason::Tainted => ("tainted", Vec::new()),
        Reason::UpstreamChanged(of) => ("upstream_changed", addresses(of)),
        Reason::VerdictOf { version } => ("verdict_of", vec![version.to_string()]),
        Reason::Expired(_) => ("expired", Vec::new()),
        Reason::Guards => ("guards", Vec::new()),
        Reason::Unsettled(outcome) => ("unsettled", vec![outcome.name().to_owned()]),
        Reason::Requested => ("requested", Vec::new()),
        Reason::TriggeredBy(names) => ("triggered_by", names.clone()),
        Reason::Immutable(paths) => ("immutable", paths.iter().map(ToString::to_string).collect()),
        Reason::LeftFile => ("left_file", Vec::new()),
        Reason::Removed => ("removed", Vec::new()),
        Reason::DestroyAsked => ("destroy_asked", Vec::new()),
        Reason::TurnedBack { version } => ("turned_back", vec![version.to_string()]),
        Reason::Retried => ("retried", Vec::new()),
        Reason::Deposed => ("deposed", Vec::new()),
        Reason::MakesRoom => ("makes_room", Vec::new()),
        Reason::ArgumentsUnknown => ("arguments_unknown", Vec::new()),
    };
    json!({ "reason": word, "names": names, "text": reason.to_string() })
}

fn group(group: &Group) -> Json {
    json!({ "name": *group.name, "needs": group.needs, "changes": group.changes })
}

fn moved(moved: &Move) -> Json {
    json!({ "from": moved.from.to_string(), "to": moved.to.to_string() })
}

fn drift(drift: &Drift) -> Json {
    json!({
        "address": drift.key.address.to_string(),
        "record_version": drift.key.version.as_deref(),
        "before": value(&drift.before),
        "after": value(&drift.after),
    })
}

fn output(output: &OutputChange) -> Json {
    json!({ "name": *output.name, "before": value(&output.before), "after": value(&output.after) })
}

fn caution(caution: &Caution) -> Json {
    let part = |part: fn(&EntryKey) -> Option<String>| caution.key.as_ref().and_then(part);
    json!({
        "kind": words::caution(caution.kind),
        "address": part(|key| Some(key.address.to_string())),
        "record_version": part(|key| key.version.as_deref().map(str::to_owned)),
        "text": caution.text,
    })
}
