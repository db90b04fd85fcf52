//! Plans in pull requests: one comment for each release, edited in place.

use std::sync::Arc;

use relplan_contract::{Answer, Context, Problem, Review, Reviews};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::GitHub;
use crate::client::query;
use crate::repository::Repository;

/// How each text begins that relplan writes for reviewers.
const BEGINNING: &str = "<!-- relplan_";

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
    user: Option<User>,
}

#[derive(Deserialize)]
struct User {
    login: String,
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

    /// Our own comments of the topic, the oldest first.
    async fn ours(&self, context: &Context, place: &Place, topic: &str) -> Result<Vec<Comment>, Problem> {
        let client = &self.github.client;
        let what = format!("The comments of {}#{} could not be read", place.repository, place.number);
        let path =
            query(&place.repository.path(&["issues", &place.number, "comments"]), &[("per_page", "100")]);
        let all = client.all::<Comment>(context, &path, |left, right| left.id == right.id).await;
        let mut all = all.map_err(|fault| fault.reading(&what))?;
        all.retain(|comment| {
            let first = comment.body.as_deref().and_then(|body| body.lines().next()).unwrap_or_default();
            first.starts_with(BEGINNING) && first.contains(topic)
        });
        if all.is_empty() {
            return Ok(all);
        }
        let viewer = client.ask(context, "query Viewer{viewer{login}}", json!({})).await;
        let viewer = viewer.map_err(|fault| fault.reading("The token's owner could not be found out"))?;
        let login = viewer.data.pointer("/viewer/login").and_then(Json::as_str).unwrap_or_default();
        // The two APIs do not agree about how an App is called.
        let plain = |login: &str| login.trim_end_matches("[bot]").to_owned();
        all.retain(|comment| comment.user.as_ref().is_some_and(|user| plain(&user.login) == plain(login)));
        Ok(all)
    }

    async fn write(&self, context: &Context, review: Review<'_>, text: &str) -> Result<String, Problem> {
        let place = Place::read(context, review.change)?;
        let client = &self.github.client;
        let what = format!("The comment in {}#{} could not be written", place.repository, place.number);
        let mut ours = self.ours(context, &place, review.topic).await?;
        let newest = ours.pop();
        for old in &ours {
            self.fold(context, old).await?;
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
        Ok(self.ours(context, &place, review.topic).await?.pop().and_then(|comment| comment.body))
    }
}

impl Reviews for PullRequests {
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
