//! What stands beside a tag to be, and what git or a reader makes of that: names that it cannot have, names that are taken
//! for one another, and whether a branch leads to its commit.

use std::collections::BTreeMap;

use relplan_contract::{Path, Problem};

use super::arguments::Arguments;
use crate::failure::presentable;
use crate::oid::Oid;
use crate::place::Place;

const TAGS: &str = "refs/tags/";
const BRANCHES: &str = "refs/heads/";

/// What to tell of the place where a new tag goes; a problem where it cannot be made.
pub(super) async fn look(
    place: &Place<'_>,
    arguments: &Arguments,
    commit: &Oid,
    is_new: bool,
) -> Result<Vec<String>, Problem> {
    let refs = place.refs().await?;
    let mut notes = Vec::new();
    if is_new {
        fits(&refs, &arguments.name, &format!("`{}`", place.label()))?;
        if place.remote().is_some() && !place.is_url() {
            fits(&place.disk().refs().await?, &arguments.name, "the local repository")?;
        }
        notes.extend(alike(&refs, &arguments.name, place.label()));
    }
    notes.extend(held(place, &refs, arguments, commit).await?);
    Ok(notes.iter().map(|note| presentable(note)).collect())
}

/// Whether git can keep the name beside the others: a name is a path, and none goes on where another one ends.
fn fits(refs: &BTreeMap<String, Oid>, name: &str, at: &str) -> Result<(), Problem> {
    let mut tags = refs.keys().filter_map(|full| full.strip_prefix(TAGS));
    let is_in_the_way = |other: &&str| {
        let goes_on =
            |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('/'));
        goes_on(name, other) || goes_on(other, name)
    };
    let Some(other) = tags.find(is_in_the_way) else { return Ok(()) };
    let other = presentable(other.strip_suffix("^{}").unwrap_or(other));
    Err(Problem::conflict(format!("There is a tag `{other}` in {at}, and git can have none named `{name}` beside it."))
        .hint(format!(
            "git keeps names as paths: `a` and `a/b` exclude each other. Give the tag another name, such as `{}`.",
            name.replace('/', "-") + if name.contains('/') { "" } else { "-1" }
        ))
        .about(Path::attribute("name")))
}

/// Names that some take for this one.
fn alike(refs: &BTreeMap<String, Oid>, name: &str, label: &str) -> Vec<String> {
    let folded = name.to_lowercase();
    let tags = refs.keys().filter_map(|full| full.strip_prefix(TAGS));
    let tags = tags.filter(|other| *other != name && other.to_lowercase() == folded);
    let mut notes: Vec<String> = tags
        .map(|other| {
            format!("There is a tag `{other}` in `{label}`: where the file system knows no case, a clone can have only one of the two.")
        })
        .collect();
    if refs.contains_key(&format!("{BRANCHES}{name}")) {
        notes.push(format!(
            "There is a branch `{name}` in `{label}`, too: whoever asks for `{name}` may get either."
        ));
    }
    notes
}

/// Whether a branch leads to the commit: what none has, nobody can have reviewed as a part of one.
async fn held(
    place: &Place<'_>,
    refs: &BTreeMap<String, Oid>,
    arguments: &Arguments,
    commit: &Oid,
) -> Result<Option<String>, Problem> {
    let (label, short) = (place.label(), commit.short());
    if let Some(branch) = &arguments.branch {
        let about = |problem: Problem| Err(problem.about(Path::attribute("branch")));
        let Some(tip) = refs.get(&format!("{BRANCHES}{branch}")) else {
            return about(Problem::missing(format!("There is no branch `{branch}` in `{label}`.")));
        };
        return match place.holds(&[tip], commit).await? {
            Some(true) => Ok(None),
            Some(false) => about(
                Problem::refused(format!("The branch `{branch}` of `{label}` does not have the commit {short}."))
                    .hint("Merge and push it first, or point `ref` at a commit that the branch has."),
            ),
            None => about(
                Problem::refused(format!(
                    "Whether the branch `{branch}` of `{label}` has the commit {short} cannot be told from here."
                ))
                .hint("Give a clone of the repository in place of the URL, and fetch the branch into it."),
            ),
        };
    }
    // A repository of its own may well be on no branch: only what others see is told.
    if place.remote().is_none() {
        return Ok(None);
    }
    let tips: Vec<&Oid> =
        refs.iter().filter_map(|(full, oid)| full.starts_with(BRANCHES).then_some(oid)).collect();
    Ok(match place.holds(&tips, commit).await? {
        Some(true) => None,
        Some(false) => Some(format!(
            "CAUTION: no branch of `{label}` has the commit {short}: it was not pushed, or its branch is gone, and the tag \
             would release what nobody reviewed there."
        )),
        None => Some(format!("Whether a branch of `{label}` has the commit {short} could not be told.")),
    })
}
