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
use crate::run::call::{Fault, LOOK, guarded, look};
use crate::run::surroundings::Surroundings;
use crate::view;

/// How long writing a plan into a review may take; a code host may ask to wait.
const LONGEST: Duration = Duration::from_secs(600);

/// The words in the first line by which a plan is found again: that of another release is another one's.
fn topic(surroundings: &Surroundings) -> String {
    view::markdown::topic(&surroundings.product, &surroundings.version)
}

/// Writes the plan into a pull request.
pub(super) async fn publish(context: &Context, prepared: &Prepared, change: &str) -> Result<(), Failure> {
    let text = view::markdown::plan(&prepared.draft.plan, prepared.stamp());
    let topic = topic(&prepared.surroundings);
    let asked = prepared.surroundings.outside_any_object();
    let (reviews, change) = (reviews(context)?, change.to_owned());
    let published = guarded(&asked, "review", LONGEST, Value::null(), move |context| {
        Box::pin(
            async move { reviews.publish(context, Review { change: &change, topic: &topic }, &text).await },
        )
    });
    let place = published.await.map_err(Fault::problem).map_err(|problem| {
        Failure::error(format!("The plan could not be written into the pull request: {}", problem.message))
            .help(problem.hint)
    })?;
    context.warn(&format!("The plan is in review at {place}\n"));
    Ok(())
}

/// The plan that was reviewed in a pull request.
pub(super) async fn reviewed(
    context: &Context,
    surroundings: &Surroundings,
    change: &str,
) -> Result<Reviewed, Failure> {
    let topic = topic(surroundings);
    let asked = surroundings.outside_any_object();
    let asking = (reviews(context)?, change.to_owned(), topic);
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
pub(super) async fn reviewers(context: &Context, surroundings: &Surroundings, change: &str) -> Vec<String> {
    let Ok(reviews) = reviews(context) else { return Vec::new() };
    let topic = topic(surroundings);
    let asked = surroundings.outside_any_object();
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

fn reviews(context: &Context) -> Result<Arc<dyn Reviews>, Failure> {
    let mut refused = None;
    for schema in context.registry.schemas() {
        let nothing =
            schema.configuration.iter().map(|a| (a.name, a.fit(&Value::NULL).unwrap_or(Value::NULL)));
        let Some(provider) = context.registry.provider(schema.name) else { continue };
        match provider.configure(&Value::map(nothing), &context.environment) {
            Ok(configured) => {
                if let Some(reviews) = configured.reviews {
                    return Ok(reviews);
                }
            }
            Err(problem) => refused = Some(problem),
        }
    }
    let why = refused.map_or_else(|| "no provider knows pull requests".to_owned(), |problem| problem.message);
    Err(Failure::error(format!("Plans cannot be reviewed here: {why}")))
}
