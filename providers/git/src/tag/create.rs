//! Making a tag so that none is ever moved, nor seen half made: look, make its object where it is missing, give that its
//! name in one step, and look again when git refuses.

use relplan_contract::{Context, Path, Problem, ProblemKind};

use crate::failure::never_connected;
use crate::forge::Signing;
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
        let tag = accept(place, wanted, tag, Where::Counts)?;
        if lacks_copy(place, &tag, &wanted.name).await? {
            also_on_disk(place, context, wanted, &tag).await?;
        }
        return Ok(tag);
    }
    let Some(remote) = place.remote() else {
        return on_disk(place, context, wanted, signing).await;
    };
    if place.is_url() && !place.fetch_commit(remote, &wanted.commit).await? {
        let message = format!("The commit {} is not in `{}` any more.", wanted.commit, place.label());
        return Err(Problem::missing(message).about(Path::attribute("ref")));
    }
    // The remote first: what it refuses leaves nothing in the folder either.
    let object = match on_disk_already(place, wanted).await? {
        Some(tag) => tag.object,
        None => {
            still_promised(wanted)?;
            place.disk().begin();
            place.disk().tag_object(wanted, signing, context.clock.now()).await?
        }
    };
    let tag = push(place, remote, context, wanted, &object).await?;
    if !place.is_url() {
        also_on_disk(place, context, wanted, &tag).await?;
    }
    Ok(tag)
}

/// The tag in the folder in front of the remote.
async fn on_disk_already(place: &Place<'_>, wanted: &Wanted) -> Result<Option<Tag>, Problem> {
    if place.is_url() {
        return Ok(None);
    }
    let tag = place.disk().tag(&wanted.name).await?;
    tag.map(|tag| accept(place, wanted, tag, Where::OnDisk)).transpose()
}

/// Whether the folder in front of the remote has the object of a tag there and not its name: a relplan that was killed
/// between the two left it so.
pub(super) async fn lacks_copy(place: &Place<'_>, tag: &Tag, name: &str) -> Result<bool, Problem> {
    if place.is_url() || place.remote().is_none() {
        return Ok(false);
    }
    let disk = place.disk();
    Ok(disk.tag(name).await?.is_none() && disk.has(&tag.object).await?)
}

/// Gives the folder the tag that the remote has. It is only a copy: where that cannot be, the tag was made all the same.
async fn also_on_disk(
    place: &Place<'_>,
    context: &Context,
    wanted: &Wanted,
    tag: &Tag,
) -> Result<(), Problem> {
    let disk = place.disk();
    if disk.tag(&wanted.name).await?.is_some() {
        return Ok(());
    }
    if let Err(problem) = disk.name_tag(&wanted.name, &tag.object).await {
        let (name, why) = (&wanted.name, problem.message);
        context.progress.line(&format!("The tag {name} is not in the local repository: {why}"));
    }
    Ok(())
}

/// Which of two repositories a tag was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// The one whose tags count.
    Counts,
    /// The one on disk, in front of the remote whose tags count.
    OnDisk,
}

/// The problem of a tag that is there and another one.
pub(super) fn conflict(
    place: &Place<'_>,
    wanted: &Wanted,
    found: &Tag,
    difference: &str,
    at: Where,
) -> Problem {
    let is_remote = at == Where::Counts && place.remote().is_some();
    let label = if at == Where::OnDisk { "the local repository" } else { place.label() };
    let name = &wanted.name;
    let half = wanted.has_half(found).then(|| {
        let reference = format!("refs/tags/{name}");
        let object = &found.object;
        let removing = if is_remote && place.is_url() {
            format!("`git push --force-with-lease={reference}:{object} URL :{reference}`")
        } else if is_remote {
            format!("`git push --force-with-lease={reference}:{object} {label} :{reference}`")
        } else {
            let folder = place.disk().folder().to_string_lossy().replace('\'', r"'\''");
            format!("`git -C '{folder}' update-ref -d {reference} {object}`")
        };
        format!(
            "An older relplan that was killed while it made the tag left it so. If nobody relies on it, remove \
             this one with {removing}, and apply again."
        )
    });
    let never = "relplan never moves a tag: release a new version, or set `ref` and the other arguments to what is there.";
    Problem::conflict(format!("The tag `{name}` is in `{label}` already: {difference}."))
        .hint(half.unwrap_or_else(|| never.to_owned()))
        .about(Path::attribute("name"))
}

fn accept(place: &Place<'_>, wanted: &Wanted, found: Tag, at: Where) -> Result<Tag, Problem> {
    match wanted.difference(&found) {
        None => Ok(found),
        Some(difference) => Err(conflict(place, wanted, &found, &difference, at)),
    }
}

/// What the plan promised is not made anew.
fn still_promised(wanted: &Wanted) -> Result<(), Problem> {
    let Some(object) = &wanted.object else { return Ok(()) };
    let message = format!("The tag `{}`, which the plan found at object {object}, is gone.", wanted.name);
    Err(Problem::conflict(message).hint("Plan again.").about(Path::attribute("name")))
}

/// Makes the tag on disk, or takes the one that is there.
async fn on_disk(
    place: &Place<'_>,
    context: &Context,
    wanted: &Wanted,
    signing: &Signing,
) -> Result<Tag, Problem> {
    let at = Where::Counts;
    let disk = place.disk();
    if let Some(tag) = disk.tag(&wanted.name).await? {
        return accept(place, wanted, tag, at);
    }
    still_promised(wanted)?;
    disk.begin();
    // The object comes first, whole; then one step gives it its name. A git that goes on after relplan was killed does
    // one of the two, and neither is half of anything.
    let object = disk.tag_object(wanted, signing, context.clock.now()).await?;
    let made = disk.name_tag(&wanted.name, &object).await;
    match (made, disk.tag(&wanted.name).await?) {
        (Ok(()), Some(tag)) => {
            let (name, commit) = (&wanted.name, tag.commit.short());
            context.progress.line(&format!("Created the tag {name} at commit {commit}."));
            accept(place, wanted, tag, at)
        }
        // Another process was faster.
        (Err(_), Some(tag)) => accept(place, wanted, tag, at),
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
        Ok(Some(tag)) => accept(place, wanted, tag, Where::Counts),
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
