//! What there is of a release already: published, our own draft, or somebody else's.

use relplan_contract::{Context, Path, Problem};
use serde::Deserialize;

use super::assets::Asset;
use super::wanted::Wanted;
use crate::client::{Client, query};
use crate::repository::Repository;

/// A release as the REST API has it.
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    pub(super) id: i64,
    pub(super) tag_name: String,
    pub(super) name: Option<String>,
    pub(super) body: Option<String>,
    pub(super) draft: bool,
    pub(super) prerelease: bool,
    /// Whether its tag and assets can never be changed; older servers do not tell.
    #[serde(default)]
    pub(super) immutable: bool,
    pub(super) html_url: String,
    pub(super) upload_url: String,
    author: Option<Author>,
    #[serde(default)]
    assets: Vec<Asset>,
}

#[derive(Debug, Deserialize)]
struct Author {
    login: String,
}

/// What there is.
pub(super) enum There {
    Nothing,
    Published(Found),
    /// A draft that relplan made, here or in a run that was cut.
    Ours(Found),
    /// A draft that somebody else made: not ours to publish.
    Others(Found),
}

/// What there is of a release. Drafts are in no look-up by tag; only who may write to the repository sees them.
pub(super) async fn look(client: &Client, context: &Context, wanted: &Wanted) -> Result<There, Problem> {
    let (repository, tag) = (&wanted.tag.repository, &*wanted.tag.name);
    if let Some(found) = published(client, context, repository, tag).await? {
        return Ok(There::Published(found));
    }
    let drafts = drafts(client, context, repository, tag).await?;
    let (mut ours, mut others): (Vec<_>, Vec<_>) =
        drafts.into_iter().partition(|draft| wanted.is_ours(draft.body.as_deref()));
    // Two of ours are what a late request left: the same one is gone on with each time.
    ours.sort_by_key(|draft| draft.id);
    others.sort_by_key(|draft| draft.id);
    let ours = ours.into_iter().next().map(There::Ours);
    Ok(ours.or_else(|| others.into_iter().next().map(There::Others)).unwrap_or(There::Nothing))
}

/// The published release of a tag.
pub(super) async fn published(
    client: &Client,
    context: &Context,
    repository: &Repository,
    tag: &str,
) -> Result<Option<Found>, Problem> {
    let path = repository.path(&["releases", "tags", tag]);
    let found = client
        .find::<Found>(context, &path)
        .await
        .map_err(|fault| fault.reading(&unread(repository, tag)))?;
    Ok(found.filter(|found| !found.draft))
}

/// The drafts for a tag.
async fn drafts(
    client: &Client,
    context: &Context,
    repository: &Repository,
    tag: &str,
) -> Result<Vec<Found>, Problem> {
    let path = query(&repository.path(&["releases"]), &[("per_page", "100")]);
    let all = client.all::<Found>(context, &path, |left, right| left.id == right.id).await;
    let all = all.map_err(|fault| fault.reading(&unread(repository, tag)))?;
    Ok(all.into_iter().filter(|release| release.draft && release.tag_name == tag).collect())
}

/// The release of a number.
pub(super) async fn numbered(
    client: &Client,
    context: &Context,
    (repository, tag): (&Repository, &str),
    id: i64,
) -> Result<Option<Found>, Problem> {
    let path = repository.path(&["releases", &id.to_string()]);
    client.find::<Found>(context, &path).await.map_err(|fault| fault.reading(&unread(repository, tag)))
}

/// The release of a tag, published or a draft, whoever made it.
pub(super) async fn any(
    client: &Client,
    context: &Context,
    repository: &Repository,
    tag: &str,
) -> Result<Option<Found>, Problem> {
    match published(client, context, repository, tag).await? {
        Some(found) => Ok(Some(found)),
        None => Ok(drafts(client, context, repository, tag).await?.into_iter().next()),
    }
}

fn unread(repository: &Repository, tag: &str) -> String {
    format!("The release {tag} of {repository} could not be read")
}

impl Found {
    /// The problem of a draft that somebody else made: its notes and files are not those that were reviewed.
    pub(super) fn not_ours(&self, wanted: &Wanted) -> Problem {
        let who = self.author.as_ref().map_or("somebody", |author| &*author.login);
        let title = self.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&self.tag_name);
        let files = match &self.assets[..] {
            [] => "without files".to_owned(),
            files => {
                let names: Vec<&str> = files.iter().take(5).map(|file| file.name.as_str()).collect();
                let more = if files.len() > names.len() { ", ..." } else { "" };
                format!("with the files {}{more}", names.join(", "))
            }
        };
        let message = format!(
            "There is a draft of the release {} of {} by {who}, {title:?}, {files}: relplan did not make it, and does not publish it.",
            wanted.tag.name, wanted.tag.repository
        );
        let hint = format!(
            "Delete it at {}; or publish it there: a published release with the same title, notes and files is adopted.",
            self.html_url
        );
        Problem::conflict(message).hint(hint).about(Path::attribute("tag"))
    }
}
