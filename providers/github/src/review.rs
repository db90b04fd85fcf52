//! Plans in pull requests: one comment for each release, edited in place.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Answer, Context, Problem, Review, Reviews};
use serde::Deserialize;
use serde_json::json;

use crate::GitHub;
use crate::client::{Client, Fault, GraphqlError};
use crate::conversation::{self, Comment, Conversation};
use crate::pulls;
use crate::repository::Repository;
use crate::viewer::Viewer;

/// How each text begins that relplan writes for reviewers.
const BEGINNING: &str = "<!-- relplan_";

/// What others did to comments.
const LOOK: &str = "query Look($ids:[ID!]!){nodes(ids:$ids){... on IssueComment{id isMinimized lastEditedAt \
                    editor{login ... on User{databaseId} ... on Bot{databaseId}}}}}";

/// What stands in an older plan that could not be folded.
const REPLACED: &str =
    "_An older plan of this release stood here. The newest one is in a comment of its own._\n";

/// How many comments are looked at in one request.
const AT_ONCE: usize = 100;

/// Pull requests as a place of review.
pub(crate) struct PullRequests {
    github: Arc<GitHub>,
}

/// What the GraphQL API tells of a comment.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    id: String,
    is_minimized: bool,
    last_edited_at: Option<String>,
    editor: Option<Editor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Editor {
    login: String,
    database_id: Option<i64>,
}

impl Node {
    /// Who edited it last, where that was not the viewer.
    fn edited_by_another(self, viewer: &Viewer) -> Option<String> {
        self.last_edited_at?;
        match self.editor {
            Some(editor) if editor.database_id == Some(viewer.id) => None,
            Some(editor) => Some(editor.login),
            None => Some("somebody who is gone".to_owned()),
        }
    }
}

/// A comment of ours, and what others did to it.
struct Ours {
    comment: Comment,
    /// Folded away: reviewers do not see it.
    hidden: bool,
    /// Who edited it last, where that was not us.
    edited_by: Option<String>,
}

impl Ours {
    /// Whether reviewers see what we wrote.
    const fn is_whole(&self) -> bool {
        !self.hidden && self.edited_by.is_none()
    }

    /// The line that says which plan it is.
    fn header(&self) -> &str {
        first_line(&self.comment)
    }
}

fn first_line(comment: &Comment) -> &str {
    comment.body.as_deref().and_then(|body| body.lines().next()).unwrap_or_default()
}

/// The pull request that `OWNER/NAME#NUMBER` or a number alone names.
fn place(client: &Client, context: &Context, change: &str) -> Result<Conversation, Problem> {
    let (repository, number) = change.split_once('#').unwrap_or(("", change));
    let variable = |name: &str| context.environment.get(name).map_or("", String::as_str);
    let repository = match repository {
        "" => variable("GITHUB_REPOSITORY"),
        given => given,
    };
    let environments = variable("GITHUB_API_URL");
    // The repository that the environment names is one of the server that it names.
    if !change.contains('#') && !environments.is_empty() && !client.is_at(environments) {
        let message = format!(
            "The release is on the server {}, and the pull request {change:.100?} is looked for in {repository} of \
             {environments}, which the environment names.",
            client.server()
        );
        return Err(Problem::refused(message).hint(
            "Write OWNER/NAME#NUMBER for a pull request on the server of the release file, or let GITHUB_API_URL and the \
             provider's base_url name the same one.",
        ));
    }
    let is_number =
        !number.is_empty() && number.len() < 12 && number.bytes().all(|byte| byte.is_ascii_digit());
    match Repository::parse(repository) {
        Some(repository) if is_number => Ok(Conversation { repository, number: number.to_owned() }),
        _ => Err(Problem::refused(format!("{change:.100?} names no pull request here."))
            .hint("Write OWNER/NAME#NUMBER; the number alone will do where GITHUB_REPOSITORY is set.")),
    }
}

impl PullRequests {
    pub(crate) fn new(github: Arc<GitHub>) -> Self {
        Self { github }
    }

    /// Our own comments of the topic, the oldest first, with what became of them.
    async fn ours(&self, context: &Context, place: &Conversation, topic: &str) -> Result<Vec<Ours>, Problem> {
        let is_of_topic = |comment: &Comment| {
            let first = first_line(comment);
            first.starts_with(BEGINNING) && first.contains(topic)
        };
        let ours = place.ours(&self.github, context, is_of_topic).await?;
        if ours.is_empty() {
            return Ok(Vec::new());
        }
        let viewer = self.github.viewer(context).await?;
        self.look(context, &viewer, ours).await
    }

    /// Whether comments of ours are still as we wrote them. Only the GraphQL API tells who edited one.
    async fn look(
        &self,
        context: &Context,
        viewer: &Viewer,
        all: Vec<Comment>,
    ) -> Result<Vec<Ours>, Problem> {
        let mut ours = Vec::new();
        let mut all = all.into_iter();
        loop {
            let some: Vec<Comment> = all.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                return Ok(ours);
            }
            let ids: Vec<&str> = some.iter().map(|comment| comment.node_id.as_str()).collect();
            let told = self.github.client.ask_parts(context, LOOK, json!({ "ids": ids })).await;
            // One that is gone is missing inside of the list.
            let nodes = told.and_then(|mut told| told.part("nodes", GraphqlError::is_missing_inside));
            let nodes =
                nodes.map_err(|fault| fault.reading("What became of a comment could not be found out"))?;
            let nodes: Vec<Option<Node>> = serde_json::from_value(nodes).map_err(|error| {
                Problem::retry(format!("What became of a comment could not be read: {error}."))
            })?;
            let mut nodes: BTreeMap<String, Node> =
                nodes.into_iter().flatten().map(|node| (node.id.clone(), node)).collect();
            // One that is gone by now counts for nothing.
            let kept =
                some.into_iter().filter_map(|comment| Some((nodes.remove(&comment.node_id)?, comment)));
            ours.extend(kept.map(|(node, comment)| Ours {
                comment,
                hidden: node.is_minimized,
                edited_by: node.edited_by_another(viewer),
            }));
        }
    }

    async fn write(&self, context: &Context, review: Review<'_>, text: &str) -> Result<String, Problem> {
        let place = place(&self.github.client, context, review.change)?;
        let client = &self.github.client;
        let mut seen = self.ours(context, &place, review.topic).await?;
        seen.retain(|one| !one.hidden);
        let newest = seen.iter().rposition(Ours::is_whole).map(|at| seen.remove(at).comment);
        for old in &seen {
            self.fold(context, &place, &old.comment).await?;
        }
        let written = match newest {
            Some(comment) if comment.body.as_deref().map(str::trim_end) == Some(text.trim_end()) => comment,
            Some(comment) => place.edit(client, context, comment.id, text).await?,
            None => place.post(client, context, text).await?,
        };
        Ok(written.html_url)
    }

    /// Folds an older plan away. Where the token may not do that, the text says it: what is still read as a plan would stand
    /// against the newer one.
    async fn fold(&self, context: &Context, place: &Conversation, comment: &Comment) -> Result<(), Problem> {
        let client = &self.github.client;
        match conversation::hide(client, context, &comment.node_id).await {
            Err(Fault::Refused(_)) => {}
            folded => {
                return folded.map_err(|fault| fault.reading("An outdated comment could not be folded"));
            }
        }
        let written = place.put(client, context, comment.id, REPLACED).await;
        written.map(drop).map_err(|fault| fault.reading("An outdated comment could not be replaced"))
    }

    async fn read(&self, context: &Context, review: Review<'_>) -> Result<Option<String>, Problem> {
        let place = place(&self.github.client, context, review.change)?;
        let mut ours = self.ours(context, &place, review.topic).await?;
        let refused = |why: &str| {
            let message = format!("The plan in the review of {place} {why}");
            Err(Problem::conflict(message)
                .hint("Plan with `relplan plan -pr=NUMBER` again, and let it be reviewed."))
        };
        let was_there = !ours.is_empty();
        ours.retain(|one| !one.hidden);
        if let Some(editor) = ours.iter().find_map(|one| one.edited_by.as_deref()) {
            return refused(&format!("was edited by {editor} after relplan wrote it."));
        }
        let Some(newest) = ours.pop() else {
            return if was_there { refused("was hidden: reviewers do not see it.") } else { Ok(None) };
        };
        // Two jobs may have written at the same time.
        if ours.iter().any(|other| other.header() != newest.header()) {
            return refused("is there twice, and the two differ.");
        }
        Ok(newest.comment.body)
    }
}

impl PullRequests {
    /// Who may write and approves a pull request as it is now: what was pushed after an approval nobody has approved.
    async fn approvers(&self, context: &Context, change: &str) -> Result<Vec<String>, Problem> {
        let place = place(&self.github.client, context, change)?;
        let number = place.number.parse().unwrap_or_default();
        let pull = pulls::one(&self.github.client, context, &place.repository, number).await?;
        let current = pull.approvals.into_iter().filter(|approval| approval.current);
        let mut logins: Vec<String> = current.map(|approval| approval.login).collect();
        logins.sort_unstable();
        Ok(logins)
    }
}

impl Reviews for PullRequests {
    fn approved_by<'a>(
        &'a self,
        context: &'a Context,
        review: Review<'a>,
    ) -> Answer<'a, Result<Vec<String>, Problem>> {
        Box::pin(self.approvers(context, review.change))
    }

    fn publish<'a>(
        &'a self,
        context: &'a Context,
        review: Review<'a>,
        text: &'a str,
    ) -> Answer<'a, Result<String, Problem>> {
        Box::pin(self.write(context, review, text))
    }

    fn published<'a>(
        &'a self,
        context: &'a Context,
        review: Review<'a>,
    ) -> Answer<'a, Result<Option<String>, Problem>> {
        Box::pin(self.read(context, review))
    }
}
