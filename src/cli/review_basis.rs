//! What a run rests on: the plan that was reviewed, whether it is authentic, and whether its secrets were seen.

use std::path::Path;
use std::str::FromStr as _;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::key;
use super::planning::Prepared;
use crate::canonical::Digest;
use crate::event::{Event, SecretReview};
use crate::ledger::{self, Sealer};
use crate::plan::file::{Authenticity, SavedPlan};
use crate::plan::secrets::{Fingerprint, Witness};
use crate::run::observe::NO_ANSWER;
use crate::state::State;

/// At most this many names are written out.
const SHOWN: usize = 8;

/// What a review agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reviewed {
    /// The digest of the plan.
    pub digest: Digest,
    /// The fingerprint of its secrets, where the review saw it.
    pub secrets: Option<Fingerprint>,
}

/// What `-plan-digest` says: a digest, and behind a plus sign the fingerprint of the secrets.
pub(super) fn parse(text: &str) -> Result<Reviewed, Failure> {
    let wrong = |why: String| {
        Failure::usage(format!("-plan-digest: {why}."))
            .help("Give what `relplan plan` printed: -plan-digest=sha256:..., or with secrets -plan-digest=sha256:...+hmac-sha256:...")
    };
    let (digest, secrets) = match text.split_once('+') {
        Some((digest, secrets)) => (digest, Some(secrets)),
        None => (text, None),
    };
    Ok(Reviewed {
        digest: Digest::from_str(digest).map_err(|error| wrong(error.to_string()))?,
        secrets: secrets.map(Fingerprint::from_str).transpose().map_err(|error| wrong(error.to_string()))?,
    })
}

/// What fingerprints are made with while a plan is made: the ledger's key, where it is at hand. For a plan that is saved,
/// the key is made where no ledger has begun; nothing else is written.
pub(super) fn sealer(
    context: &Context,
    folder: &Path,
    product: &str,
    state: &State,
    is_saved: bool,
) -> Result<Sealer, Failure> {
    let of = if is_saved { ledger::file::first_sealer } else { ledger::file::sealer };
    Ok(of(folder, product, state, key::given(context)?)?)
}

pub(super) fn stale(why: &str) -> Failure {
    Failure::new(Exit::StalePlan, format!("The saved plan is stale: {why}.")).help("Plan and review again.")
}

/// Checks that a saved plan is one of this ledger as it is now. Gives whether it is authentic, so that it counts as
/// reviewed; the person is told where it does not.
pub(super) fn check_saved(
    context: &Context,
    saved: &SavedPlan,
    state: &State,
    sealer: &Sealer,
) -> Result<bool, Failure> {
    let plan = &saved.plan;
    if *plan.product != *state.product {
        return Err(stale(&format!("it is of the product {:?}, not of {:?}", &*plan.product, state.product)));
    }
    if plan.basis.lineage.is_some() && plan.basis.lineage != state.lineage {
        return Err(stale("it was made for another ledger (its lineage is another)"));
    }
    let authentic = authentic(context, saved, sealer)?;
    if plan.basis.state != state.digest() {
        return Err(stale("the state has changed since it was saved"));
    }
    Ok(authentic)
}

/// Whether a saved plan is what relplan wrote for the ledger with this key. What it is not is refused.
pub(super) fn authentic(context: &Context, saved: &SavedPlan, sealer: &Sealer) -> Result<bool, Failure> {
    let why = match saved.authenticity(sealer) {
        Authenticity::Confirmed => return Ok(true),
        Authenticity::Refuted => {
            let message = "The saved plan is not what relplan saved for this ledger: it was changed since, or saved with another key.";
            return Err(Failure::new(Exit::StalePlan, message).help("Plan and review again."));
        }
        Authenticity::Unsigned => "it was saved without the key of a ledger, and anyone can have written it",
        Authenticity::NoKey => "the key of its ledger is not at hand",
    };
    context
        .warn(&format!("Note: the saved plan is not authenticated: {why}. It does not count as reviewed.\n"));
    Ok(false)
}

/// A failure to plan because the saved plan has no answer to a question: it is stale.
pub(super) fn unanswered(failure: Failure) -> Failure {
    match failure {
        Failure::Found(found, Exit::Error) if found.0.iter().any(|one| one.detail.starts_with(NO_ANSWER)) => {
            Failure::Found(found, Exit::StalePlan)
        }
        other => other,
    }
}

/// Checks that what would be done is what was reviewed, secrets left out.
pub(super) fn check_plan(
    prepared: &Prepared,
    wanted: Option<Reviewed>,
    saved: Option<&SavedPlan>,
) -> Result<(), Failure> {
    let different = saved.map(|saved| saved.differences(&prepared.draft.plan)).unwrap_or_default();
    if !different.is_empty() {
        return Err(stale(&listed(&different, "; ")));
    }
    match wanted.filter(|wanted| wanted.digest != prepared.digest) {
        None => Ok(()),
        Some(wanted) => Err(Failure::new(
            Exit::StalePlan,
            format!(
                "What would be done is not what was reviewed: its digest is {}, not {}.",
                prepared.digest, wanted.digest
            ),
        )
        .help("Nothing was done. Look at the plan again, review it, and give its digest.")),
    }
}

/// Checks that the secrets are those that were reviewed. Gives what the ledger is told of it; nothing without secrets.
///
/// `saved` is an authentic saved plan. `accepts` says that a person takes secrets that the review did not see.
pub(super) fn check_secrets(
    prepared: &Prepared,
    wanted: Option<Reviewed>,
    saved: Option<&SavedPlan>,
    accepts: bool,
) -> Result<Option<Event>, Failure> {
    let secrets = &prepared.secrets;
    let saved = saved.and_then(|saved| saved.secrets.as_ref());
    let different = saved.map(|prints| secrets.differences(prints)).unwrap_or_default();
    if !different.is_empty() {
        return Err(stale(&format!("another secret than was saved is in {}", listed(&different, ", "))));
    }
    let seen = wanted.and_then(|wanted| wanted.secrets);
    let fingerprint = match secrets.witness() {
        Witness::Seen(fingerprint) => Some(fingerprint),
        Witness::Absent | Witness::Unseen => None,
    };
    if seen.is_some() && seen != fingerprint {
        return Err(other_secrets(&secrets.places()));
    }
    let Some(fingerprint) = fingerprint else { return Ok(None) };
    let (review, unseen) = match wanted {
        _ if saved.is_some() || seen.is_some() => (SecretReview::Compared, Vec::new()),
        None => (SecretReview::Unreviewed, Vec::new()),
        Some(_) if accepts => (SecretReview::AcceptedUnseen, secrets.places()),
        Some(_) => return Err(unseen_secrets(&secrets.places())),
    };
    Ok(Some(Event::SecretsReviewed { fingerprint: fingerprint.to_string(), review, unseen }))
}

fn other_secrets(places: &[String]) -> Failure {
    let where_ = if places.is_empty() {
        "There are none now".to_owned()
    } else {
        format!("One of these is another one now: {}", listed(places, ", "))
    };
    Failure::new(Exit::StalePlan, format!("The secrets are not those that were reviewed. {where_}."))
        .help("Nothing was done. Give the secrets that were planned with, or plan and review again.")
}

fn unseen_secrets(places: &[String]) -> Failure {
    let message = format!(
        "The review did not see the secrets of this plan, so that another one than was meant would not be noticed: {}.",
        listed(places, ", ")
    );
    Failure::new(Exit::StalePlan, message).help(
        "Nothing was done. Plan where the key of the ledger is at hand (RELPLAN_LEDGER_KEY), and give what it prints: -plan-digest=sha256:...+hmac-sha256:... Or take them unseen with -accept-unseen-secrets, which is recorded.",
    )
}

fn listed(names: &[String], between: &str) -> String {
    let rest = names.len().saturating_sub(SHOWN);
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(between);
    if rest == 0 { shown } else { format!("{shown}{between}and {rest} more") }
}
