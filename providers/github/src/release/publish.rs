//! Making a release. Where it has files it is a draft of our own until all are there, then comes its tag, and only then others
//! see it: so nothing that cannot be taken back is done before what can fail, and a repository whose releases are immutable
//! gets its files in time (GitHub's page "Immutable releases": draft, attach, publish).

use std::sync::Arc;

use relplan_contract::{Context, Problem, Value};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::assets::{self, Attaching};
use super::there::{self, Found, There};
use super::wanted::{Wanted, conflict};
use crate::GitHub;
use crate::client::Fault;
use crate::last::Range;
use crate::look;
use crate::tag;

/// Makes the release, or adopts the one that is there.
pub(super) async fn ensure(
    github: &Arc<GitHub>,
    context: &Context,
    wanted: &Wanted,
    planned: &Value,
) -> Result<Value, Problem> {
    wanted.check_notes()?;
    let files = assets::wanted(context, planned);
    let (release, assets) = if files.is_empty() && !wanted.draft {
        // GitHub would attach the release to whatever tag of that name is there: ours comes first.
        tag::ensure(github, context, &wanted.tag, "tag").await?;
        (at_once(github, context, wanted).await?, Value::list([]))
    } else {
        in_steps(github, context, wanted, (&files, planned.get("assets"))).await?
    };
    let repository = &wanted.tag.repository;
    let forever = if release.immutable { " It is immutable." } else { "" };
    let line = format!("Released {} of {repository}: {}.{forever}", wanted.tag.name, release.html_url);
    context.progress.line(&line);
    Ok(with_release(planned, &release)
        .with("commit", wanted.tag.commit.as_str().into())
        .with("assets", assets))
}

/// A release without files is published with its first request.
async fn at_once(github: &Arc<GitHub>, context: &Context, wanted: &Wanted) -> Result<Found, Problem> {
    let (client, repository) = (&github.client, &wanted.tag.repository);
    let fault = match create(github, context, wanted, false).await? {
        Ok(made) => return Ok(made),
        Err(fault) => fault,
    };
    // It is there already, or was made and the answer lost.
    if may_be_there(&fault)
        && let Some(found) = there::published(client, context, repository, &wanted.tag.name).await?
    {
        return adopted(github, context, wanted, found).await;
    }
    // GitHub makes no second release of a tag, so that a late one does no harm to a repeat.
    let what = not_made(wanted);
    Err(if may_be_there(&fault) { fault.reading(&what) } else { fault.changing(&what) })
}

/// A release with files, or one that is left as a draft.
async fn in_steps(
    github: &Arc<GitHub>,
    context: &Context,
    wanted: &Wanted,
    files: (&[assets::Wanted], &Value),
) -> Result<(Found, Value), Problem> {
    let release = match begin(github, context, wanted).await? {
        There::Published(found) => {
            if !wanted.draft {
                tag::ensure(github, context, &wanted.tag, "tag").await?;
                adopted(github, context, wanted, found).await?
            } else if wanted.is_ours(found.body.as_deref()) {
                // It was left for somebody to publish, who was faster.
                found
            } else {
                return Err(conflict(&wanted.tag, "it is published"));
            }
        }
        There::Ours(draft) => draft,
        There::Others(draft) => return Err(draft.not_ours(wanted)),
        There::Nothing => return Err(Problem::retry(format!("{}: it is gone again.", not_made(wanted)))),
    };
    let attaching = Attaching::new(&github.client, context, &wanted.tag.repository, &release);
    let attached = attaching.all(files, release.draft).await?;
    if wanted.draft || !release.draft {
        return Ok((release, attached));
    }
    attaching.only(&attached).await?;
    tag::ensure(github, context, &wanted.tag, "tag").await?;
    let id = release.id;
    publish(github, context, wanted, id).await?;
    let release = read_back(github, context, wanted, id).await?;
    Attaching::new(&github.client, context, &wanted.tag.repository, &release).shown(&attached).await?;
    Ok((release, attached))
}

/// The release to go on with: what is there, or a draft of our own.
async fn begin(github: &Arc<GitHub>, context: &Context, wanted: &Wanted) -> Result<There, Problem> {
    // Drafts are no conflict to GitHub: without a look, each run that was cut would leave another one.
    let before = there::look(&github.client, context, wanted).await?;
    if !matches!(before, There::Nothing) {
        return Ok(before);
    }
    match create(github, context, wanted, true).await? {
        Ok(draft) => Ok(There::Ours(draft)),
        Err(fault) if may_be_there(&fault) => match there::look(&github.client, context, wanted).await? {
            There::Nothing => Err(fault.changing(&not_made(wanted))),
            found => Ok(found),
        },
        Err(fault) => Err(fault.changing(&not_made(wanted))),
    }
}

/// Creates it. The outer problem is of what comes before.
async fn create(
    github: &Arc<GitHub>,
    context: &Context,
    wanted: &Wanted,
    draft: bool,
) -> Result<Result<Found, Fault>, Problem> {
    // The notes of a draft that is published here are written then.
    let notes = if draft && !wanted.draft { None } else { notes(github, context, wanted).await? };
    let path = wanted.tag.repository.path(&["releases"]);
    let body = wanted.body(draft, notes.as_deref());
    Ok(github.client.change(context, Method::POST, &path, &body).await)
}

fn not_made(wanted: &Wanted) -> String {
    format!("The release {} of {} could not be made", wanted.tag.name, wanted.tag.repository)
}

fn may_be_there(fault: &Fault) -> bool {
    match fault {
        Fault::Refused(refusal) => refusal.status == 422 && refusal.says("already_exists"),
        Fault::Lost(_) | Fault::Broken { .. } => true,
        Fault::Unsent(_) | Fault::Limited { .. } | Fault::Problem(_) => false,
    }
}

/// The published release that is there: one that is asked for; or a draft of our own that somebody has published on the way,
/// which is given its notes.
async fn adopted(
    github: &Arc<GitHub>,
    context: &Context,
    wanted: &Wanted,
    found: Found,
) -> Result<Found, Problem> {
    if wanted.is_ours(found.body.as_deref()) {
        publish(github, context, wanted, found.id).await?;
        return read_back(github, context, wanted, found.id).await;
    }
    let body = found.body.as_deref().unwrap_or_default();
    match wanted.difference(found.name.as_deref(), body, found.prerelease) {
        Some(difference) => Err(conflict(&wanted.tag, difference)),
        None => Ok(found),
    }
}

/// Shows it to others, with its notes.
async fn publish(github: &Arc<GitHub>, context: &Context, wanted: &Wanted, id: i64) -> Result<(), Problem> {
    let repository = &wanted.tag.repository;
    let path = repository.path(&["releases", &id.to_string()]);
    let notes = notes(github, context, wanted).await?.unwrap_or_default();
    let body = wanted.body(false, Some(&notes));
    // Publishing what is published changes nothing: this may be repeated.
    let published: Result<Found, Fault> = github.client.change(context, Method::PATCH, &path, &body).await;
    let what = format!("The release {} of {repository} could not be published", wanted.tag.name);
    match published {
        Ok(_) => Ok(()),
        Err(Fault::Refused(refusal)) if refusal.says("already_exists") => {
            // Another run was faster with a draft of its own: a repeat compares what it published.
            Err(Problem::retry(format!("{what}: another one was published meanwhile.")))
        }
        Err(fault) => Err(fault.reading(&what)),
    }
}

/// What was published, as everybody sees it.
async fn read_back(
    github: &Arc<GitHub>,
    context: &Context,
    wanted: &Wanted,
    id: i64,
) -> Result<Found, Problem> {
    let tag = &wanted.tag;
    let found = there::numbered(&github.client, context, (&tag.repository, &tag.name), id).await?;
    let whole = found
        .filter(|found| !found.draft && found.tag_name == tag.name && !wanted.is_ours(found.body.as_deref()));
    whole.ok_or_else(|| {
        let message = format!(
            "The release {} of {} was published, and GitHub does not show it so.",
            tag.name, tag.repository
        );
        Problem::retry(message).hint("Look at it on GitHub: somebody may be changing it.")
    })
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

/// The notes: those that are given, or what GitHub writes. It is told since when: left to itself it takes the release that it
/// calls the latest, which for a hotfix is one that came later. Where no release came before, it is.
async fn notes(github: &Arc<GitHub>, context: &Context, wanted: &Wanted) -> Result<Option<String>, Problem> {
    #[derive(Deserialize)]
    struct Notes {
        body: String,
    }
    if !wanted.generate {
        return Ok(wanted.notes.clone());
    }
    let repository = &wanted.tag.repository;
    let mut asked = json!({ "tag_name": wanted.tag.name, "target_commitish": wanted.tag.commit });
    let last = since_last(github, context, wanted).await?.last;
    if let (Some(last), Some(asked)) = (last, asked.as_object_mut()) {
        asked.insert("previous_tag_name".to_owned(), json!(last));
    }
    let path = repository.path(&["releases", "generate-notes"]);
    let notes: Result<Notes, Fault> = github.client.change(context, Method::POST, &path, &asked).await;
    // It changes nothing there, so that it may be repeated.
    let what = format!("The notes of {} of {repository} could not be written", wanted.tag.name);
    Ok(Some(wanted.cut(notes.map_err(|fault| fault.reading(&what))?.body)))
}

/// The object with what GitHub says of the release.
pub(super) fn with_release(object: &Value, release: &Found) -> Value {
    object
        .clone()
        .with("body", release.body.clone().unwrap_or_default().into())
        .with("id", release.id.into())
        .with("url", release.html_url.as_str().into())
}
