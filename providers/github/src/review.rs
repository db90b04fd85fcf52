//! Plans in pull requests: one comment for each release, edited in place.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Answer, Context, Problem, Review, Reviews};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::GitHub;
use crate::client::query;
use crate::repository::Repository;
use crate::viewer::{Author, Through, Viewer};

/// How each text begins that relplan writes for reviewers.
const BEGINNING: &str = "<!-- relplan_";

/// What others did to comments.
const LOOK: &str = "query Look($ids:[ID!]!){nodes(ids:$ids){... on IssueComment{id isMinimized lastEditedAt \
                    editor{login ... on User{databaseId} ... on Bot{databaseId}}}}}";

/// How many comments are looked at in one request.
const AT_ONCE: usize = 100;

/// Pull requests as a place of review.
pub(crate) struct PullRequests {
    github: Arc<GitHub>,
}

#[derive(Deserialize)]
struct Comment {
    id: i64,
    node_id: String,
    html_url: String,
    #[serde(default)]
    body: Option<String>,
    user: Option<Author>,
    performed_via_github_app: Option<Through>,
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

/// A pull request.
struct Place {
    repository: Repository,
    number: String,
}

impl Place {
    fn read(context: &Context, change: &str) -> Result<Self, Problem> {
        let (repository, number) = change.split_once('#').unwrap_or(("", change));
        let repository = match repository {
            "" => context.environment.get("GITHUB_REPOSITORY").map_or("", String::as_str),
            given => given,
        };
        let is_number =
            !number.is_empty() && number.len() < 12 && number.bytes().all(|byte| byte.is_ascii_digit());
        match Repository::parse(repository) {
            Some(repository) if is_number => Ok(Self { repository, number: number.to_owned() }),
            _ => Err(Problem::refused(format!("{change:.100?} names no pull request here."))
                .hint("Write OWNER/NAME#NUMBER; the number alone will do where GITHUB_REPOSITORY is set.")),
        }
    }
}

impl PullRequests {
    pub(crate) fn new(github: Arc<GitHub>) -> Self {
        Self { github }
    }

    /// Our own comments of the topic, the oldest first. What others wrote counts for nothing, whatever they call themselves.
    async fn ours(&self, context: &Context, place: &Place, topic: &str) -> Result<Vec<Ours>, Problem> {
        let client = &self.github.client;
        let what = format!("The comments of {}#{} could not be read", place.repository, place.number);
        let path =
            query(&place.repository.path(&["issues", &place.number, "comments"]), &[("per_page", "100")]);
        let all = client.all::<Comment>(context, &path, |left, right| left.id == right.id).await;
        let mut all = all.map_err(|fault| fault.reading(&what))?;
        all.retain(|comment| {
            let first = first_line(comment);
            first.starts_with(BEGINNING) && first.contains(topic)
        });
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let viewer = self.github.viewer(context).await?;
        all.retain(|one| viewer.wrote(one.user.as_ref(), one.performed_via_github_app.as_ref()));
        all.sort_by_key(|comment| comment.id);
        self.look(context, &viewer, all).await
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
            let told = self.github.client.ask(context, LOOK, json!({ "ids": ids })).await;
            let told =
                told.map_err(|fault| fault.reading("What became of a comment could not be found out"))?;
            let nodes = told.data.pointer("/nodes").cloned().unwrap_or_default();
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
        let place = Place::read(context, review.change)?;
        let client = &self.github.client;
        let what = format!("The comment in {}#{} could not be written", place.repository, place.number);
        let mut seen = self.ours(context, &place, review.topic).await?;
        seen.retain(|one| !one.hidden);
        let newest = seen.iter().rposition(Ours::is_whole).map(|at| seen.remove(at).comment);
        for old in &seen {
            self.fold(context, &old.comment).await?;
        }
        let body = json!({ "body": text });
        let written: Comment = match newest {
            Some(comment) if comment.body.as_deref().map(str::trim_end) == Some(text.trim_end()) => comment,
            Some(comment) => {
                let path = place.repository.path(&["issues", "comments", &comment.id.to_string()]);
                client
                    .change(context, Method::PATCH, &path, &body)
                    .await
                    .map_err(|fault| fault.reading(&what))?
            }
            None => {
                let path = place.repository.path(&["issues", &place.number, "comments"]);
                client
                    .change(context, Method::POST, &path, &body)
                    .await
                    .map_err(|fault| fault.changing(&what))?
            }
        };
        Ok(written.html_url)
    }

    async fn fold(&self, context: &Context, comment: &Comment) -> Result<(), Problem> {
        let query = "mutation Fold($id:ID!){minimizeComment(input:{subjectId:$id,classifier:OUTDATED}){\
                     minimizedComment{isMinimized}}}";
        let folded = self.github.client.ask(context, query, json!({ "id": comment.node_id })).await;
        folded.map(drop).map_err(|fault| fault.reading("An outdated comment could not be folded"))
    }

    async fn read(&self, context: &Context, review: Review<'_>) -> Result<Option<String>, Problem> {
        let place = Place::read(context, review.change)?;
        let mut ours = self.ours(context, &place, review.topic).await?;
        let refused = |why: &str| {
            let message = format!("The plan in the review of {}#{} {why}", place.repository, place.number);
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

/// A review of a pull request, as the REST API tells it.
#[derive(Deserialize)]
struct Opinion {
    id: i64,
    user: Option<Named>,
    state: String,
}

#[derive(Deserialize)]
struct Named {
    login: String,
}

impl PullRequests {
    /// Who approves a pull request. The last word of each counts; comments take nothing back.
    async fn approvers(&self, context: &Context, change: &str) -> Result<Vec<String>, Problem> {
        let place = Place::read(context, change)?;
        let what = format!("The reviews of {}#{} could not be read", place.repository, place.number);
        let path =
            query(&place.repository.path(&["pulls", &place.number, "reviews"]), &[("per_page", "100")]);
        let all = self.github.client.all::<Opinion>(context, &path, |left, right| left.id == right.id).await;
        let mut all = all.map_err(|fault| fault.reading(&what))?;
        all.sort_by_key(|opinion| opinion.id);
        let mut last: BTreeMap<String, bool> = BTreeMap::new();
        for Opinion { user, state, .. } in all {
            let Some(Named { login }) = user else { continue };
            match state.as_str() {
                "APPROVED" => drop(last.insert(login, true)),
                "CHANGES_REQUESTED" | "DISMISSED" => drop(last.insert(login, false)),
                _ => {}
            }
        }
        Ok(last.into_iter().filter(|(_, approves)| *approves).map(|(login, _)| login).collect())
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
