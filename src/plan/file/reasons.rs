//! How a reason is written in a saved plan: `["inputs_changed", [..]]`.

use std::time::Duration;

use relplan_contract::Outcome;
use serde_json::{Value as Json, json};

use super::answers::{outcome_of, path, path_of, strings};
use super::steps::{thing, word};
use crate::plan::Reason;

/// Reasons that say no more.
const PLAIN: [(&Reason, &str); 12] = [
    (&Reason::Guards, "guards"),
    (&Reason::NeverMade, "never_made"),
    (&Reason::Gone, "gone"),
    (&Reason::Tainted, "tainted"),
    (&Reason::Requested, "requested"),
    (&Reason::LeftFile, "left_file"),
    (&Reason::Removed, "removed"),
    (&Reason::DestroyAsked, "destroy_asked"),
    (&Reason::Retried, "retried"),
    (&Reason::Deposed, "deposed"),
    (&Reason::MakesRoom, "makes_room"),
    (&Reason::ArgumentsUnknown, "arguments_unknown"),
];

pub(super) fn encode(reason: &Reason) -> Json {
    match reason {
        Reason::NewVersion { version } => json!(["new_version", &**version]),
        Reason::VerdictOf { version } => json!(["verdict_of", &**version]),
        Reason::TurnedBack { version } => json!(["turned_back", &**version]),
        Reason::InputsChanged(paths) => json!(["inputs_changed", paths.iter().map(path).collect::<Vec<_>>()]),
        Reason::Drifted(paths) => json!(["drifted", paths.iter().map(path).collect::<Vec<_>>()]),
        Reason::Immutable(paths) => json!(["immutable", paths.iter().map(path).collect::<Vec<_>>()]),
        Reason::UpstreamChanged(of) => {
            json!(["upstream_changed", of.iter().map(ToString::to_string).collect::<Vec<_>>()])
        }
        Reason::Expired(valid_for) => json!(["expired", valid_for.as_millis().to_string()]),
        Reason::Unsettled(outcome) => json!(["unsettled", Outcome::name(*outcome)]),
        Reason::TriggeredBy(names) => json!(["triggered_by", names]),
        Reason::NeverMade
        | Reason::Gone
        | Reason::Tainted
        | Reason::Requested
        | Reason::LeftFile
        | Reason::Removed
        | Reason::DestroyAsked
        | Reason::Retried
        | Reason::Deposed
        | Reason::Guards
        | Reason::MakesRoom
        | Reason::ArgumentsUnknown => json!([word(&PLAIN, &reason), null]),
    }
}

pub(super) fn decode(json: &Json) -> Option<Reason> {
    let [name, more] = json.as_array()?.as_slice() else { return None };
    let paths = || more.as_array()?.iter().map(path_of).collect::<Option<Vec<_>>>();
    let version = || more.as_str().map(Into::into);
    Some(match name.as_str()? {
        "new_version" => Reason::NewVersion { version: version()? },
        "verdict_of" => Reason::VerdictOf { version: version()? },
        "turned_back" => Reason::TurnedBack { version: version()? },
        "inputs_changed" => Reason::InputsChanged(paths()?),
        "drifted" => Reason::Drifted(paths()?),
        "immutable" => Reason::Immutable(paths()?),
        "upstream_changed" => {
            let addresses = strings(more)?;
            Reason::UpstreamChanged(addresses.iter().map(|text| text.parse().ok()).collect::<Option<_>>()?)
        }
        "expired" => Reason::Expired(Duration::from_millis(more.as_str()?.parse().ok()?)),
        "unsettled" => Reason::Unsettled(outcome_of(more)?),
        "triggered_by" => Reason::TriggeredBy(strings(more)?),
        _ if more.is_null() => thing(&PLAIN, name)?.clone(),
        _ => return None,
    })
}
