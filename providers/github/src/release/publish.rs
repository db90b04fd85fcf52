//! Making a release: its tag first, then a draft where it has assets, then what others see.

use std::sync::Arc;

use relplan_contract::{Context, Path, Problem, Value};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::assets::{self, Asset};
use crate::GitHub;
use crate::arguments::{flag, text};
use crate::client::{Client, Fault, query};
use crate::last::Range;
use crate::look;
use crate::repository::Repository;
use crate::tag::{self, Wanted as WantedTag};

/// A release as the REST API has it.
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    pub(super) id: i64,
    pub(super) tag_name: String,
    pub(super) name: Option<String>,
    pub(super) body: Option<String>,
    pub(super) draft: bool,
    pub(super) prerelease: bool,
    pub(super) html_url: String,
    pub(super) upload_url: String,
    #[serde(default)]
    pub(super) assets: Vec<Asset>,
}

/// The release that an object asks for.
pub(super) struct Wanted {
    pub(super) tag: WantedTag,
    pub(super) name: Option<String>,
    pub(super) notes: Option<String>,
    pub(super) generate: bool,
    pub(super) draft: bool,
    pub(super) prerelease: bool,
    pub(super) latest: Option<String>,
}

impl Wanted {
    /// Reads an object; the commit is empty where it was not pinned.
    pub(super) fn read(object: &Value, repository: Repository, name: String) -> Self {
        Self {
            tag: WantedTag {
                repository,
                name,
                commit: text(object, "commit").unwrap_or_default(),
                message: text(object, "message"),
                tagger: None,
            },
            name: text(object, "name"),
            notes: text(object, "notes"),
            generate: flag(object, "generate_notes"),
            draft: flag(object, "draft"),
            prerelease: flag(object, "prerelease"),
            latest: text(object, "latest"),
        }
    }

    /// How a published release differs from it, as far as the arguments tell; none when it does not.
    pub(super) fn difference(
        &self,
        name: Option<&str>,
        body: &str,
        prerelease: bool,
    ) -> Option<&'static str> {
        let name = name.filter(|name| !name.is_empty()).unwrap_or(&self.tag.name);
        if name != self.name.as_deref().unwrap_or(&self.tag.name) {
            return Some("its title is another one");
        }
        if !self.generate && self.notes.as_deref().is_some_and(|notes| !same_text(notes, body)) {
            return Some("its notes are others");
        }
        (prerelease != self.prerelease).then_some("its prerelease mark is another")
    }

    /// The release in GitHub's words; its notes may have been written already.
    fn body(&self, draft: bool, written: Option<&str>) -> Json {
        let mut body = json!({
            "tag_name": self.tag.name,
            "target_commitish": self.tag.commit,
            "name": self.name.as_deref().unwrap_or(&self.tag.name),
            "draft": draft,
            "prerelease": self.prerelease,
            "generate_release_notes": self.generate && written.is_none(),
        });
        let notes = written.or(self.notes.as_deref());
        if let Some(body) = body.as_object_mut() {
            body.extend(notes.map(|notes| ("body".to_owned(), json!(notes))));
            body.extend(self.latest.as_ref().map(|latest| ("make_latest".to_owned(), json!(latest))));
        }
        body
    }
}

/// Texts are the same to a reader: line ends and blanks at the end do not count, since GitHub changes them.
pub(super) fn same_text(left: &str, right: &str) -> bool {
    let lines = |text: &str| text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    lines(left) == lines(right)
}

/// Makes the release, or adopts the one that is there.
pub(super) async fn ensure(
    github: &Arc<GitHub>,
    context: &Context,
    wanted: &Wanted,
    planned: &Value,
) -> Result<Value, Problem> {
    if !wanted.draft {
        // GitHub would attach the release to whatever tag of that name is there: ours comes first.
        tag::ensure(github, context, &wanted.tag, "tag").await?;
    }
    let files = assets::wanted(context, planned);
    let client = &github.client;
    let release = match create(github, context, wanted, wanted.draft || !files.is_empty()).await? {
        Made::New(release) => release,
        Made::Found(release) => {
            check_adopted(wanted, &release)?;
            release
        }
    };
    let pinned = planned.get("assets");
    let assets =
        assets::upload(client, context, &release.upload_url, (&files, pinned), &release.assets).await?;
    let release = if release.draft && !wanted.draft {
        publish(client, context, wanted, &release).await?
    } else {
        release
    };
    let repository = &wanted.tag.repository;
    context.progress.line(&format!("Released {} of {repository}: {}", wanted.tag.name, release.html_url));
    Ok(with_release(planned, &release)
        .with("commit", wanted.tag.commit.as_str().into())
        .with("assets", assets))
}

/// A release that is there under the tag's name.
pub(super) enum Made {
    New(Found),
    Found(Found),
}

/// What came after the release before this version.
pub(super) async fn since_last(
    github: &Arc<GitHub>,
    context: &Context,
    wanted: &Wanted,
) -> Result<Range, Problem> {
    let tag = &wanted.tag;
    look::since_last(github, context, (&tag.repository, &tag.name), &tag.commit).await
}

/// The notes that GitHub writes. It is told since when: left to itself it takes the release that it calls the latest,
/// which for a hotfix is one that came later. None where no release came before.
async fn generated(
    github: &Arc<GitHub>,
    context: &Context,
    wanted: &Wanted,
) -> Result<Option<String>, Problem> {
    #[derive(Deserialize)]
    struct Notes {
        body: String,
    }
    let Some(last) = since_last(github, context, wanted).await?.last else { return Ok(None) };
    let repository = &wanted.tag.repository;
    let asked = json!({
        "tag_name": wanted.tag.name, "target_commitish": wanted.tag.commit, "previous_tag_name": last,
    });
    let path = repository.path(&["releases", "generate-notes"]);
    let notes: Result<Notes, Fault> = github.client.change(context, Method::POST, &path, &asked).await;
    // It changes nothing there, so that it may be repeated.
    let what = format!("The notes of {} of {repository} could not be written", wanted.tag.name);
    Ok(Some(notes.map_err(|fault| fault.reading(&what))?.body))
}

async fn create(
    github: &Arc<GitHub>,
    context: &Context,
    wanted: &Wanted,
    draft: bool,
) -> Result<Made, Problem> {
    let client = &github.client;
    let repository = &wanted.tag.repository;
    // Drafts are no conflict to GitHub: without a look, each run that was cut would leave another one.
    if draft && let Some(found) = find(client, context, repository, &wanted.tag.name).await? {
        return Ok(Made::Found(found));
    }
    let what = format!("The release {} of {repository} could not be made", wanted.tag.name);
    let path = repository.path(&["releases"]);
    let written = if wanted.generate { generated(github, context, wanted).await? } else { None };
    let body = wanted.body(draft, written.as_deref());
    let made: Result<Found, Fault> = client.change(context, Method::POST, &path, &body).await;
    match made {
        Ok(made) => Ok(Made::New(made)),
        // It is there already, or was made and the answer lost.
        Err(fault) if may_be_there(&fault) => {
            match find(client, context, repository, &wanted.tag.name).await? {
                Some(found) => Ok(Made::Found(found)),
                // GitHub makes no second release of a tag, so that a late one does no harm to a repeat.
                None if !draft => Err(fault.reading(&what)),
                None => Err(fault.changing(&what)),
            }
        }
        Err(fault) => Err(fault.changing(&what)),
    }
}

fn may_be_there(fault: &Fault) -> bool {
    match fault {
        Fault::Refused(refusal) => refusal.status == 422 && refusal.says("already_exists"),
        Fault::Lost(_) | Fault::Broken { .. } => true,
        Fault::Unsent(_) | Fault::Limited { .. } | Fault::Problem(_) => false,
    }
}

/// The release of a tag, also one that is not published yet.
pub(super) async fn find(
    client: &Client,
    context: &Context,
    repository: &Repository,
    tag: &str,
) -> Result<Option<Found>, Problem> {
    let what = format!("The release {tag} of {repository} could not be read");
    let path = repository.path(&["releases", "tags", tag]);
    if let Some(found) = client.find::<Found>(context, &path).await.map_err(|fault| fault.reading(&what))? {
        return Ok(Some(found));
    }
    let path = query(&repository.path(&["releases"]), &[("per_page", "100")]);
    let all = client.all::<Found>(context, &path, |left, right| left.id == right.id).await;
    let all = all.map_err(|fault| fault.reading(&what))?;
    Ok(all.into_iter().find(|release| release.draft && release.tag_name == tag))
}

fn check_adopted(wanted: &Wanted, found: &Found) -> Result<(), Problem> {
    let body = found.body.as_deref().unwrap_or_default();
    let difference = wanted.difference(found.name.as_deref(), body, found.prerelease);
    let difference = difference.or((!found.draft && wanted.draft).then_some("it is published"));
    difference.map_or(Ok(()), |difference| Err(conflict(&wanted.tag, difference)))
}

/// The problem of a release that is there and another one.
pub(super) fn conflict(tag: &WantedTag, difference: &str) -> Problem {
    let message =
        format!("The release {} of {} is there already, and {difference}.", tag.name, tag.repository);
    Problem::conflict(message)
        .hint("relplan never changes a release that it did not make: leave the repository out, or release a new version.")
        .about(Path::attribute("tag"))
}

async fn publish(
    client: &Client,
    context: &Context,
    wanted: &Wanted,
    draft: &Found,
) -> Result<Found, Problem> {
    let repository = &wanted.tag.repository;
    let path = repository.path(&["releases", &draft.id.to_string()]);
    let mut body = json!({ "draft": false, "tag_name": wanted.tag.name });
    if let (Some(latest), Some(body)) = (&wanted.latest, body.as_object_mut()) {
        body.insert("make_latest".into(), json!(latest));
    }
    // Publishing what is published changes nothing: this may be repeated.
    let published = client.change(context, Method::PATCH, &path, &body).await;
    published.map_err(|fault| fault.reading(&format!("The release of {repository} could not be published")))
}

/// The object with what GitHub says of the release.
pub(super) fn with_release(object: &Value, release: &Found) -> Value {
    object
        .clone()
        .with("body", release.body.clone().unwrap_or_default().into())
        .with("id", release.id.into())
        .with("url", release.html_url.as_str().into())
}
