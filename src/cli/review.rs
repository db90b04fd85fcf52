//! Plans in code review: written where the reviewers read, and taken from there again.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{ProblemKind, Review, Reviews, Value};

use super::context::Context;
use super::exit::{Exit, Failure};
use super::planning::Prepared;
use super::review_basis::Reviewed;
use crate::canonical::Digest;
use crate::diag::Diagnostic;
use crate::run::call::{Fault, LOOK, guarded, look};
use crate::run::surroundings::Surroundings;
use crate::view;

/// How long writing a plan into a review may take; a code host may ask to wait.
const LONGEST: Duration = Duration::from_secs(600);

/// The words in the first line by which a plan is found again: that of another release is another one's.
fn topic(surroundings: &Surroundings) -> String {
    view::markdown::topic(&surroundings.product, &surroundings.version)
}

/// Writes the plan into a pull request. Where that is `optional`, the plan is good for its reader without it: a refusal is told,
/// and no failure.
pub(super) async fn publish(
    context: &Context,
    prepared: &Prepared,
    change: &str,
    optional: bool,
) -> Result<(), Failure> {
    let text = view::markdown::plan(&prepared.draft.plan, prepared.stamp());
    let topic = topic(&prepared.surroundings);
    let asked = prepared.surroundings.outside_any_object();
    let (reviews, change) = (reviews(prepared)?, change.to_owned());
    let published = guarded(&asked, "review", LONGEST, Value::null(), move |context| {
        Box::pin(
            async move { reviews.publish(context, Review { change: &change, topic: &topic }, &text).await },
        )
    });
    let place = match published.await.map_err(Fault::problem) {
        Ok(place) => place,
        Err(problem) => {
            let why = format!("The plan could not be written into the pull request: {}", problem.message);
            if !(optional && problem.kind == ProblemKind::Refused) {
                return Err(Failure::error(why).help(problem.hint));
            }
            let told = format!("{why} It is no review, and `apply -reviewed-pr` will not find it.");
            context.show(
                &Diagnostic::warning("Plan is not in the pull request", told).help(problem.hint).into(),
            );
            return Ok(());
        }
    };
    context.warn(&format!("The plan is in review at {place}\n"));
    Ok(())
}

/// The plan that was reviewed in a pull request.
pub(super) async fn reviewed(prepared: &Prepared, change: &str) -> Result<Reviewed, Failure> {
    let topic = topic(&prepared.surroundings);
    let asked = prepared.surroundings.outside_any_object();
    let asking = (reviews(prepared)?, change.to_owned(), topic);
    let found = look(&asked, "review", LOOK, Value::null(), move |context| {
        let (reviews, change, topic) = asking.clone();
        Box::pin(async move { reviews.published(context, Review { change: &change, topic: &topic }).await })
    });
    let found = found.await.map_err(|problem| match problem.kind {
        // It is there, and not what the reviewers saw.
        ProblemKind::Conflict => Failure::new(Exit::StalePlan, problem.message).help(problem.hint),
        _ => {
            let message = format!("The reviewed plan could not be read: {}", problem.message);
            Failure::error(message).help(problem.hint)
        }
    })?;
    let plan = found.as_deref().and_then(|text| text.lines().next()).and_then(|line| {
        let word = |name: &str| line.split_whitespace().find_map(|word| word.strip_prefix(name));
        let digest = Digest::from_str(word("digest=")?).ok()?;
        Some(Reviewed { digest, secrets: word("secrets=").and_then(|text| text.parse().ok()) })
    });
    plan.ok_or_else(|| {
        let message = format!("There is no plan of this release in the review of {change}.");
        Failure::new(Exit::StalePlan, message)
            .help("Plan with `relplan plan -pr=NUMBER`, and let it be reviewed.")
    })
}

/// Who approved a pull request. That it cannot be found out stops nothing: the plan itself was reviewed.
pub(super) async fn reviewers(context: &Context, prepared: &Prepared, change: &str) -> Vec<String> {
    let Ok(reviews) = reviews(prepared) else { return Vec::new() };
    let topic = topic(&prepared.surroundings);
    let asked = prepared.surroundings.outside_any_object();
    let asking = (reviews, change.to_owned(), topic);
    let found = look(&asked, "review", LOOK, Value::null(), move |context| {
        let (reviews, change, topic) = asking.clone();
        Box::pin(async move { reviews.approved_by(context, Review { change: &change, topic: &topic }).await })
    });
    found.await.unwrap_or_else(|problem| {
        context.warn(&format!("Note: who approved {change} could not be found out: {}\n", problem.message));
        Vec::new()
    })
}

/// Where the release is reviewed: on the server that its file names, asked by the account that its file names.
fn reviews(prepared: &Prepared) -> Result<Arc<dyn Reviews>, Failure> {
    prepared.draft.providers.reviews(&prepared.draft.world).map_err(|problem| {
        let why = problem.message.trim_end_matches('.');
        Failure::error(format!("Plans cannot be reviewed here: {why}.")).help(problem.hint)
    })
}
