//! Making a tag so that none is ever moved: a ref is created only where none of its name is, and whatever GitHub
//! answers, it is then asked what is there.

use std::sync::Arc;

use relplan_contract::{Context, Problem, ProblemKind};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{Wanted, conflict};
use crate::GitHub;
use crate::arguments::archived;
use crate::beside::Wants;
use crate::client::{Client, Variables};
use crate::look::{Question, Tag as Found, look};

/// How many refs one request makes: GitHub makes them one after the other, and gives up after ten seconds.
pub(crate) const REFS_AT_ONCE: usize = 10;

/// A ref to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewRef {
    /// GitHub's id of the repository.
    repository_id: String,
    name: String,
    oid: String,
}

/// The answer to a new tag object.
#[derive(Deserialize)]
struct Made {
    sha: String,
}

/// Makes the tag, or adopts the one that is there. `attribute` is what a conflict is told about.
pub(crate) async fn ensure(
    github: &Arc<GitHub>,
    context: &Context,
    wanted: &Wanted,
    attribute: &str,
) -> Result<Found, Problem> {
    let question = Question {
        repository: wanted.repository.clone(),
        reference: wanted.commit.clone(),
        tag: wanted.name.clone(),
        wants: Wants::default(),
    };
    let accept = |found: Found| match wanted.difference(&found) {
        None => Ok(found),
        Some(difference) => Err(conflict(&wanted.repository, &wanted.name, &difference, attribute)),
    };
    let repository_id = match github.known_id(&wanted.repository) {
        // The plan looked a moment ago. Creating is conditional, so that another look would tell nothing more.
        Some(id) => id,
        None => {
            let before = look(github, context, question.clone()).await?;
            if let Some(found) = before.tag() {
                return accept(found);
            }
            if before.commit().is_none() {
                let message =
                    format!("The commit {} is not in {} any more.", wanted.commit, wanted.repository);
                return Err(Problem::missing(message));
            }
            before.id
        }
    };
    let object = object(github, context, wanted).await?;
    let new = NewRef { repository_id, name: wanted.name.clone(), oid: object.clone() };
    let Err(problem) = create(github, context, new).await else {
        let short = super::short(&wanted.commit);
        context.progress.line(&format!("Tagged {} at {short}: {}.", wanted.repository, wanted.name));
        return Ok(Found { commit: wanted.commit.clone(), object, message: wanted.message.clone() });
    };
    // It may have been made all the same, or somebody else was faster: GitHub knows.
    match look(github, context, question).await.map(|seen| (seen.tag(), seen.is_archived)) {
        Ok((Some(found), _)) => accept(found),
        Ok((None, true)) => Err(archived(&wanted.repository)),
        // A ref is created only where there is none, so that a late one does no harm to a repeat.
        Ok((None, false)) if problem.kind == ProblemKind::Uncertain => {
            Err(Problem { kind: ProblemKind::Retry, ..problem })
        }
        Ok((None, false)) | Err(_) => Err(problem),
    }
}

/// What the ref is to lead to: the commit, or for an annotated tag an object of its own. One that nothing leads to
/// does no harm, so that it may be made again.
async fn object(github: &GitHub, context: &Context, wanted: &Wanted) -> Result<String, Problem> {
    let Some(message) = &wanted.message else { return Ok(wanted.commit.clone()) };
    let mut body = json!({
        "tag": wanted.name, "message": message, "object": wanted.commit, "type": "commit",
    });
    if let (Some((name, email)), Some(body)) = (&wanted.tagger, body.as_object_mut()) {
        body.insert("tagger".into(), json!({ "name": name, "email": email }));
    }
    let path = wanted.repository.path(&["git", "tags"]);
    let made = github.client.change::<Made>(context, Method::POST, &path, &body).await;
    let what = format!("The tag object for {} could not be made", wanted.repository);
    made.map(|made| made.sha).map_err(|fault| fault.reading(&what))
}

/// Creates the ref, together with those that are created at about the same time.
async fn create(github: &Arc<GitHub>, context: &Context, new: NewRef) -> Result<(), Problem> {
    let (asker, context) = (Arc::clone(github), context.clone());
    let answer = github.refs.ask(new, move |refs| {
        let (github, context) = (Arc::clone(&asker), context.clone());
        async move { create_all(&github.client, &context, &refs).await }
    });
    answer.await.unwrap_or_else(|| Err(Problem::uncertain("The request for the tag was dropped.")))
}

async fn create_all(client: &Client, context: &Context, refs: &[NewRef]) -> Vec<Result<(), Problem>> {
    let (mut parts, mut variables) = (String::new(), Variables::default());
    for (index, new) in refs.iter().enumerate() {
        let name = format!("refs/tags/{}", new.name);
        let input = json!({ "repositoryId": new.repository_id, "name": name, "oid": new.oid });
        let input = variables.add(format!("i{index}"), "CreateRefInput!", input);
        parts.push_str(&format!("m{index}:createRef(input:{input}){{ref{{name}}}} "));
    }
    let (query, variables) = variables.operation("mutation CreateTags", &parts, "");
    let what = "The tag could not be made";
    match client.ask_parts(context, &query, variables).await {
        Ok(data) => (0..refs.len())
            .map(|index| {
                let alias = format!("m{index}");
                let error = data.errors.iter().find(|error| error.is_about(&alias));
                match (data.data.get(&alias).is_some_and(|part| !part.is_null()), error) {
                    (true, None) => Ok(()),
                    (_, Some(error)) => Err(error.fault().changing(what)),
                    (false, None) => Err(Problem::uncertain(format!("{what}: GitHub did not say why."))),
                }
            })
            .collect(),
        Err(fault) => {
            let problem = fault.changing(what);
            refs.iter().map(|_| Err(problem.clone())).collect()
        }
    }
}
