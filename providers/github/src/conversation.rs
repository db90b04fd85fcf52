//! What comments on issues and pull requests have in common: refusals that have a reason of their own, and comments that
//! somebody folded away.

use relplan_contract::{Context, Problem};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::client::{Client, Fault, GraphqlError};

/// A refusal to write a comment, with what helps: a locked conversation takes comments of those alone who may write to the
/// repository (<https://docs.github.com/en/communities/moderating-comments-and-conversations/locking-conversations>).
pub(crate) fn locked(fault: Fault, problem: impl FnOnce(Fault) -> Problem) -> Problem {
    let is_locked = matches!(&fault, Fault::Refused(refusal) if refusal.says("is locked"));
    let problem = problem(fault);
    if !is_locked {
        return problem;
    }
    problem.hint(
        "The conversation is locked: unlock it, or let an account comment that may write to the repository.",
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Minimized {
    is_minimized: bool,
}

/// Whether a comment was folded away, so that nobody reads it who does not ask for it. One that is gone is not.
pub(crate) async fn is_hidden(client: &Client, context: &Context, node_id: &str) -> Result<bool, Problem> {
    const QUERY: &str = "query Hidden($ids:[ID!]!){nodes(ids:$ids){... on IssueComment{isMinimized}}}";
    let what = "Whether the comment is hidden could not be found out";
    let told = client.ask_parts(context, QUERY, json!({ "ids": [node_id] })).await;
    let nodes = told.and_then(|mut told| told.part("nodes", GraphqlError::is_missing_inside));
    let nodes = nodes.map_err(|fault| fault.reading(what))?;
    let first = nodes.get(0).filter(|node| !node.is_null()).cloned();
    let told = first.map(serde_json::from_value::<Minimized>).transpose();
    let told = told.map_err(|error| Problem::retry(format!("{what}: {error}.")))?;
    Ok(told.is_some_and(|told| told.is_minimized))
}

/// Folds a comment away as outdated.
pub(crate) async fn hide(client: &Client, context: &Context, node_id: &str) -> Result<(), Fault> {
    const QUERY: &str = "mutation Fold($id:ID!){minimizeComment(input:{subjectId:$id,classifier:OUTDATED}){\
                         minimizedComment{isMinimized}}}";
    client.ask(context, QUERY, json!({ "id": node_id })).await.map(drop)
}

/// Shows a comment again that was folded away; whether it is shown now.
pub(crate) async fn show(client: &Client, context: &Context, node_id: &str) -> Result<bool, Fault> {
    const QUERY: &str =
        "mutation Show($id:ID!){unminimizeComment(input:{subjectId:$id}){unminimizedComment{isMinimized}}}";
    let told = client.ask(context, QUERY, json!({ "id": node_id })).await?;
    let hidden = told.pointer("/unminimizeComment/unminimizedComment/isMinimized").and_then(Json::as_bool);
    Ok(hidden == Some(false))
}
