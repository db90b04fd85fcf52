//! [`Conversation`]: an issue or a pull request with the comments of our own account, and what may become of those: refusals
//! that have a reason of their own, and comments that somebody folded away.

use std::fmt;

use relplan_contract::{Context, Problem};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::GitHub;
use crate::client::{Client, Fault, GraphqlError, query};
use crate::repository::Repository;
use crate::viewer::{Author, Through};

/// An issue or a pull request.
pub(crate) struct Conversation {
    pub(crate) repository: Repository,
    pub(crate) number: String,
}

/// A comment, as the REST API has it.
#[derive(Deserialize)]
pub(crate) struct Comment {
    pub(crate) id: i64,
    pub(crate) node_id: String,
    pub(crate) html_url: String,
    #[serde(default)]
    pub(crate) body: Option<String>,
    user: Option<Author>,
    performed_via_github_app: Option<Through>,
}

impl fmt::Display for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.repository, self.number)
    }
}

impl Conversation {
    fn comments(&self) -> String {
        self.repository.path(&["issues", &self.number, "comments"])
    }

    fn comment(&self, id: i64) -> String {
        self.repository.path(&["issues", "comments", &id.to_string()])
    }

    fn unwritten(&self) -> String {
        format!("The comment on {self} could not be written")
    }

    /// Our own comments among those that are wanted, the oldest first. What others wrote counts for nothing: anybody can write a
    /// mark into a comment of theirs, and call themselves like us.
    pub(crate) async fn ours(
        &self,
        github: &GitHub,
        context: &Context,
        wanted: impl Fn(&Comment) -> bool,
    ) -> Result<Vec<Comment>, Problem> {
        let path = query(&self.comments(), &[("per_page", "100")]);
        let all = github.client.all::<Comment>(context, &path, |left, right| left.id == right.id).await;
        let what = format!("The comments on {self} could not be read");
        let mut all = all.map_err(|fault| fault.reading(&what))?;
        all.retain(wanted);
        if all.is_empty() {
            return Ok(all);
        }
        let viewer = github.viewer(context).await?;
        all.retain(|one| viewer.wrote(one.user.as_ref(), one.performed_via_github_app.as_ref()));
        all.sort_by_key(|one| one.id);
        Ok(all)
    }

    /// Writes a new comment.
    pub(crate) async fn post(
        &self,
        client: &Client,
        context: &Context,
        text: &str,
    ) -> Result<Comment, Problem> {
        let body = json!({ "body": text });
        let made = client.change(context, Method::POST, &self.comments(), &body).await;
        made.map_err(|fault| locked(fault, |fault| fault.changing(&self.unwritten())))
    }

    /// Gives a comment another text.
    pub(crate) async fn edit(
        &self,
        client: &Client,
        context: &Context,
        id: i64,
        text: &str,
    ) -> Result<Comment, Problem> {
        let edited = self.put(client, context, id, text).await;
        edited.map_err(|fault| locked(fault, |fault| fault.reading(&self.unwritten())))
    }

    /// The same, for who has words of their own for its failure.
    pub(crate) async fn put(
        &self,
        client: &Client,
        context: &Context,
        id: i64,
        text: &str,
    ) -> Result<Comment, Fault> {
        client.change(context, Method::PATCH, &self.comment(id), &json!({ "body": text })).await
    }

    /// Deletes a comment; one that is gone is deleted.
    pub(crate) async fn delete(&self, client: &Client, context: &Context, id: i64) -> Result<(), Problem> {
        match client.bare(context, Method::DELETE, &self.comment(id)).await {
            Err(fault) if !fault.is_status(404) => Err(fault.reading("The comment could not be deleted")),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// A refusal to write a comment, with what helps: a locked conversation takes comments of those alone who may write to the
/// repository (<https://docs.github.com/en/communities/moderating-comments-and-conversations/locking-conversations>).
fn locked(fault: Fault, problem: impl FnOnce(Fault) -> Problem) -> Problem {
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
