//! What is to be done to one instance, and why: pure decisions, one function for each lifetime.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{Outcome, Path, Planned, Value};

use super::change::Action;
use super::compare::differences;
use super::reason::Reason;
use crate::addr::Address;
use crate::canonical::Digest;
use crate::ledger::Sealer;
use crate::state::Entry;

/// What is known of an instance when it is decided about.
pub(super) struct Facts<'f> {
    /// The arguments.
    pub config: &'f Value,
    /// The object as the ledger has it.
    pub entry: Option<&'f Entry>,
    /// What reading found; none when it was not read or was the same.
    pub observed: Option<&'f Value>,
    /// Whether reading found that it is gone.
    pub gone: bool,
    /// The arguments that say how, not what: see [`relplan_contract::OnChange::Means`].
    pub means: Vec<&'static str>,
    /// Whether `-replace` names it.
    pub requested: bool,
    /// What `replace_triggered_by` found changed.
    pub triggered: Vec<String>,
    /// Makes fingerprints comparable.
    pub sealer: &'f Sealer,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing.
    Nothing,
    /// This, for these reasons.
    Do(Action, Vec<Reason>),
    /// It is refused: the arguments of a record differ from those with which it was made.
    Refuse(Vec<Path>),
}

/// A record: made once for a version.
pub(super) fn record(facts: &Facts<'_>, version: &Arc<str>, made_before: bool) -> Decision {
    let Some(entry) = facts.entry.filter(|entry| entry.exists()) else {
        let version = Arc::clone(version);
        let reason = if made_before { Reason::NewVersion { version } } else { Reason::NeverMade };
        return Decision::Do(Action::Create, vec![reason]);
    };
    if facts.requested {
        return Decision::Do(Action::Create, vec![Reason::Requested]);
    }
    let mut changed = differences(&entry.inputs, &facts.sealer.seal_value(facts.config), false);
    changed.retain(|path| path.root().is_none_or(|name| !facts.means.contains(&name)));
    if !changed.is_empty() {
        return Decision::Refuse(changed);
    }
    if facts.gone {
        return Decision::Do(Action::Create, vec![Reason::Gone]);
    }
    if entry.tainted {
        return Decision::Do(Action::Create, vec![Reason::Tainted]);
    }
    Decision::Nothing
}

/// A live resource: one current value, predicted by its provider.
pub(super) fn live(facts: &Facts<'_>, planned: &Planned, create_first: bool) -> Decision {
    let entry = facts.entry.filter(|entry| entry.exists());
    let Some(entry) = entry else {
        return Decision::Do(Action::Create, vec![Reason::NeverMade]);
    };
    if facts.gone {
        return Decision::Do(Action::Create, vec![Reason::Gone]);
    }
    let mut reasons = Vec::new();
    let inputs = differences(&entry.inputs, &facts.sealer.seal_value(facts.config), true);
    // What was taken over was made with arguments that nobody knows.
    if !inputs.is_empty() && !entry.inputs.is_null() {
        reasons.push(Reason::InputsChanged(inputs));
    }
    if let Some(observed) = facts.observed {
        let found = facts.sealer.seal_value(observed);
        let drifted: Vec<Path> = differences(&entry.value, &found, true);
        // Only what apply will turn back is a reason; the rest is only shown as drift.
        let turned_back: Vec<Path> = drifted
            .into_iter()
            .filter(|path| path.find(&facts.sealer.seal_value(&planned.value)) != path.find(&found))
            .collect();
        if !turned_back.is_empty() {
            reasons.push(Reason::Drifted(turned_back));
        }
    }
    if entry.tainted {
        // Done over in place: what is live must not go away because changing it failed once.
        reasons.insert(0, Reason::Tainted);
    }
    let mut replaces = Vec::new();
    if facts.requested {
        replaces.push(Reason::Requested);
    }
    if !facts.triggered.is_empty() {
        replaces.push(Reason::TriggeredBy(facts.triggered.clone()));
    }
    if !planned.replace.is_empty() {
        replaces.push(Reason::Immutable(planned.replace.clone()));
    }
    if !replaces.is_empty() {
        replaces.extend(reasons);
        return Decision::Do(Action::Replace { create_first }, replaces);
    }
    let current =
        facts.observed.map_or_else(|| entry.value.clone(), |observed| facts.sealer.seal_value(observed));
    let predicted = differences(&current, &facts.sealer.seal_value(&planned.value), true);
    if predicted.is_empty() && !entry.tainted {
        return Decision::Nothing;
    }
    if reasons.is_empty() {
        reasons.push(Reason::InputsChanged(predicted));
    }
    Decision::Do(Action::Update, reasons)
}

/// What a check's verdict rests on, as it is when it is decided about.
pub(super) struct Ground<'g> {
    /// This version of the release.
    pub version: &'g Arc<str>,
    /// The live resources that it judges, each with its digest.
    pub live: &'g BTreeMap<Address, Digest>,
    /// What this plan changes of all that it directly depends on.
    pub changing: &'g [Address],
    /// What of it has changed since the verdict, as far as it can be named; none where all of it is the same.
    pub since: Option<Vec<Address>>,
    /// How long a verdict is valid.
    pub valid_for: Option<Duration>,
    /// Now, in milliseconds since 1970.
    pub now_ms: i64,
}

/// A check: its verdict belongs to one version, and holds until its arguments or anything that it depends on changes.
pub(super) fn check(facts: &Facts<'_>, ground: Ground<'_>) -> Decision {
    let judged = facts.entry.and_then(|entry| entry.judgement.as_ref().map(|judgement| (entry, judgement)));
    let Some((entry, judgement)) = judged else {
        return Decision::Do(Action::Judge, vec![Reason::NeverMade]);
    };
    let mut reasons = Vec::new();
    if facts.requested {
        reasons.push(Reason::Requested);
    }
    let inputs = differences(&entry.inputs, &facts.sealer.seal_value(facts.config), true);
    if !inputs.is_empty() {
        reasons.push(Reason::InputsChanged(inputs));
    }
    let (mut changed, is_another) = (ground.changing.to_vec(), ground.since.is_some());
    let other = |(live, digest): (&Address, &Digest)| {
        (judgement.judged.get(live) != Some(digest)).then(|| live.clone())
    };
    changed.extend(ground.live.iter().filter_map(other));
    changed.extend(ground.since.into_iter().flatten());
    changed.sort();
    changed.dedup();
    // What is gone cannot be named.
    if !changed.is_empty() || is_another {
        reasons.push(Reason::UpstreamChanged(changed));
    }
    if judgement.outcome != Outcome::Passed {
        reasons.push(Reason::Unsettled(judgement.outcome));
    } else if entry.tainted {
        reasons.push(Reason::Tainted);
    }
    let age_ms = ground.now_ms.saturating_sub(judgement.time_ms);
    let expired = |valid_for: &Duration| {
        judgement.time_ms > 0 && age_ms > i64::try_from(valid_for.as_millis()).unwrap_or(i64::MAX)
    };
    reasons.extend(ground.valid_for.filter(expired).map(Reason::Expired));
    if reasons.is_empty() && entry.version != *ground.version {
        reasons.push(Reason::VerdictOf { version: Arc::clone(&entry.version) });
    }
    if reasons.is_empty() { Decision::Nothing } else { Decision::Do(Action::Judge, reasons) }
}
