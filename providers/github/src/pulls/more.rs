//! What a page of pull requests has no room for: labels and reviews beyond the first fifty, and the checks of a last commit
//! that is not the last of the list.

use std::collections::BTreeMap;

use relplan_contract::{Context, Problem};
use serde::Deserialize;
use serde_json::Value as Json;

use super::node::{Head, LABELS, Label, Node, Nodes, REVIEWS, Review};
use crate::checks::{self, Checks};
use crate::client::{Client, GraphqlError, Variables};
use crate::repository::Repository;

/// How many pull requests one request asks about.
const AT_ONCE: usize = 20;

/// The most pages of a hundred of each list.
const MOST_PAGES: usize = 50;

/// The rest of a pull request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rest {
    labels: Option<Nodes<Label>>,
    latest_opinionated_reviews: Option<Nodes<Review>>,
    repository: Option<Objects>,
}

#[derive(Deserialize)]
struct Objects {
    object: Option<Head>,
}

/// What is missing of a pull request.
struct Missing {
    labels: Option<String>,
    reviews: Option<String>,
    head: Option<String>,
}

impl Missing {
    fn of(node: &Node) -> Option<Self> {
        let missing = Self {
            labels: node.labels.as_ref().and_then(Nodes::more).map(str::to_owned),
            reviews: node.latest_opinionated_reviews.as_ref().and_then(Nodes::more).map(str::to_owned),
            head: node.unchecked_head().map(str::to_owned),
        };
        let any = missing.labels.is_some() || missing.reviews.is_some() || missing.head.is_some();
        any.then_some(missing)
    }
}

/// Asks for what is missing until nothing is.
pub(super) async fn complete(
    client: &Client,
    context: &Context,
    mut nodes: Vec<&mut Node>,
) -> Result<(), Problem> {
    for _ in 0..MOST_PAGES {
        nodes.retain(|node| Missing::of(node).is_some());
        if nodes.is_empty() {
            return Ok(());
        }
        for some in nodes.chunks_mut(AT_ONCE) {
            ask(client, context, some).await?;
        }
    }
    Err(Problem::refused("A pull request has more labels or reviews than can be read."))
}

async fn ask(client: &Client, context: &Context, nodes: &mut [&mut Node]) -> Result<(), Problem> {
    let what = "The pull requests could not be read as a whole";
    let (query, variables) = query(nodes);
    let answer = client.ask_parts(context, &query, variables).await;
    let mut data = answer.map_err(|fault| fault.reading(what))?;
    checks::mark_unreadable(&mut data);
    for (index, node) in nodes.iter_mut().enumerate() {
        let part = data.part(&format!("m{index}"), checks::are_unreadable);
        let part = part.map_err(|fault| fault.reading(what))?;
        let rest = Rest::deserialize(&part).map_err(|error| Problem::retry(format!("{what}: {error}.")))?;
        if let Some(head) = node.unchecked_head() {
            // That GitHub has the commit and does not give it is no reason to do without its checks.
            let found = rest.repository.and_then(|repository| repository.object);
            let message = format!("{what}: GitHub does not give the commit {head}.");
            let found = found.ok_or_else(|| Problem::retry(message))?;
            node.head_checks = Some(Checks::of(found.status_check_rollup.as_ref()));
        }
        if let (Some(labels), Some(more)) = (&mut node.labels, rest.labels) {
            labels.extend(more);
        }
        if let (Some(reviews), Some(more)) =
            (&mut node.latest_opinionated_reviews, rest.latest_opinionated_reviews)
        {
            reviews.extend(more);
        }
    }
    Ok(())
}

fn query(nodes: &[&mut Node]) -> (String, Json) {
    let (mut parts, mut variables) = (String::new(), Variables::default());
    for (index, node) in nodes.iter().enumerate() {
        let mut variable =
            |letter: char, kind: &str, value: String| variables.add(format!("{letter}{index}"), kind, value);
        let id = variable('i', "ID!", node.id.clone());
        let Some(missing) = Missing::of(node) else { continue };
        let mut wanted = "id".to_owned();
        if let Some(after) = missing.labels {
            let after = variable('l', "String", after);
            wanted.push_str(&format!(" labels(first:100,after:{after}){LABELS}"));
        }
        if let Some(after) = missing.reviews {
            let after = variable('v', "String", after);
            wanted.push_str(&format!(" latestOpinionatedReviews(first:100,after:{after},{REVIEWS}"));
        }
        if let Some(head) = missing.head {
            let head = variable('h', "GitObjectID", head);
            wanted.push_str(&format!(
                " repository{{object(oid:{head}){{...on Commit{{oid statusCheckRollup{{state}}}}}}}}"
            ));
        }
        parts.push_str(&format!("m{index}:node(id:{id}){{...on PullRequest{{{wanted}}}}} "));
    }
    variables.operation("query Rest", &parts, "")
}

/// Which of these merge commits a branch has, whatever branch they were merged into: by repository and commit.
pub(super) async fn held(
    client: &Client,
    context: &Context,
    asked: &[(Repository, String, String)],
) -> Result<BTreeMap<(Repository, String), bool>, Problem> {
    let mut held = BTreeMap::new();
    for some in asked.chunks(AT_ONCE) {
        let (mut parts, mut variables) = (String::new(), Variables::default());
        for (index, (repository, branch, commit)) in some.iter().enumerate() {
            let texts = [
                ("o", repository.owner.clone()),
                ("n", repository.name.clone()),
                ("b", format!("refs/heads/{branch}")),
                ("c", commit.clone()),
            ];
            for (letter, text) in texts {
                variables.add(format!("{letter}{index}"), "String!", text);
            }
            parts.push_str(&format!(
                "c{index}:repository(owner:$o{index},name:$n{index}){{ref(qualifiedName:$b{index}){{compare(headRef:$c{index}){{aheadBy}}}}}} "
            ));
        }
        let what = "Which branch has what was merged elsewhere could not be read";
        let (query, variables) = variables.operation("query Held", &parts, "");
        let answer = client.ask_parts(context, &query, variables).await;
        let mut data = answer.map_err(|fault| fault.reading(what))?;
        for (index, (repository, _, commit)) in some.iter().enumerate() {
            // A commit that is gone, or has nothing in common with the branch, cannot be compared: it is not on it.
            let part = data.part(&format!("c{index}"), GraphqlError::is_missing_inside);
            let part = part.map_err(|fault| fault.reading(what))?;
            let ahead = part.pointer("/ref/compare/aheadBy").and_then(Json::as_u64);
            held.insert((repository.clone(), commit.clone()), ahead == Some(0));
        }
    }
    Ok(held)
}
