//! Making a tag so that none is ever moved: look, make where it is missing, and look again when git refuses.

use relplan_contract::{Context, Path, Problem, ProblemKind};

use crate::disk::Signing;
use crate::failure::never_connected;
use crate::oid::Oid;
use crate::place::Place;
use crate::remote::Remote;
use crate::tag_object::{Tag, Wanted};

/// Makes the tag where it counts, or adopts the one that is there.
pub(super) async fn create(
    place: &Place<'_>,
    context: &Context,
    wanted: &Wanted,
    signing: &Signing,
) -> Result<Tag, Problem> {
    if let Some(tag) = place.tag(&wanted.name, Some(&wanted.commit)).await? {
        return accept(wanted, tag, place.label());
    }
    let Some(remote) = place.remote() else {
        return on_disk(place, context, wanted, signing).await;
    };
    if place.is_url() && !place.fetch_commit(remote, &wanted.commit).await? {
        let message = format!("The commit {} is not in `{}` any more.", wanted.commit, place.label());
        return Err(Problem::missing(message).about(Path::attribute("ref")));
    }
    let object = if place.is_url() && wanted.message.is_none() {
        wanted.commit.clone()
    } else {
        on_disk(place, context, wanted, signing).await?.object
    };
    push(place, remote, context, wanted, &object).await
}

/// The problem of a tag that is there and another one.
pub(super) fn conflict(name: &str, label: &str, difference: &str) -> Problem {
    Problem::conflict(format!("The tag `{name}` is in `{label}` already: {difference}."))
        .hint("relplan never moves a tag: release a new version, or set `ref` and the other arguments to what is there.")
        .about(Path::attribute("name"))
}

fn accept(wanted: &Wanted, found: Tag, label: &str) -> Result<Tag, Problem> {
    match wanted.difference(&found) {
        None => Ok(found),
        Some(difference) => Err(conflict(&wanted.name, label, &difference)),
    }
}

/// Makes the tag on disk, or takes the one that is there.
async fn on_disk(
    place: &Place<'_>,
    context: &Context,
    wanted: &Wanted,
    signing: &Signing,
) -> Result<Tag, Problem> {
    let label = if place.remote().is_some() { "the local repository" } else { place.label() };
    if let Some(tag) = place.disk().tag(&wanted.name).await? {
        return accept(wanted, tag, label);
    }
    if let Some(object) = &wanted.object {
        let message = format!("The tag `{}`, which the plan found at object {object}, is gone.", wanted.name);
        return Err(Problem::conflict(message).hint("Plan again.").about(Path::attribute("name")));
    }
    place.disk().begin();
    let made = place.disk().create_tag(wanted, signing, context.clock.now()).await;
    match (made, place.disk().tag(&wanted.name).await?) {
        (Ok(()), Some(tag)) => {
            if !place.is_url() {
                let (name, commit) = (&wanted.name, tag.commit.short());
                context.progress.line(&format!("Created the tag {name} at commit {commit}."));
            }
            accept(wanted, tag, label)
        }
        // Another process was faster.
        (Err(_), Some(tag)) => accept(wanted, tag, label),
        (Err(problem), None) => Err(problem),
        (Ok(()), None) => Err(Problem::conflict(format!(
            "The tag `{}` was deleted by somebody just after it was made.",
            wanted.name
        ))),
    }
}

async fn push(
    place: &Place<'_>,
    remote: Remote<'_>,
    context: &Context,
    wanted: &Wanted,
    object: &Oid,
) -> Result<Tag, Problem> {
    place.disk().begin();
    let Err(problem) = remote.push_tag(&wanted.name, object).await else {
        context.progress.line(&format!("Pushed the tag {} to {}.", wanted.name, place.label()));
        let annotation =
            if *object == wanted.commit { None } else { Some(place.disk().annotation(object).await?) };
        return Ok(Tag { object: object.clone(), commit: wanted.commit.clone(), annotation });
    };
    // The push may have landed all the same, or somebody else's may have been faster: the remote knows.
    match place.tag(&wanted.name, Some(&wanted.commit)).await {
        Ok(Some(tag)) => accept(wanted, tag, place.label()),
        Ok(None) | Err(_) if may_land_yet(&problem) => {
            Err(Problem { kind: ProblemKind::Uncertain, ..problem })
        }
        Ok(None) | Err(_) => Err(problem),
    }
}

/// Whether the connection broke with the push under way. What the server rejected did not land.
fn may_land_yet(problem: &Problem) -> bool {
    let rejected = problem.detail.contains("rejected]");
    problem.kind == ProblemKind::Retry && !rejected && !never_connected(&problem.detail)
}
