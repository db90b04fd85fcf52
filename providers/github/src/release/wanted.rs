//! The release that is asked for, and how one that is there differs from it.

use relplan_contract::{Path, Problem, Value};
use serde_json::{Value as Json, json};

use crate::arguments::{flag, text};
use crate::marker;
use crate::repository::Repository;
use crate::tag::Wanted as WantedTag;

/// The longest notes that GitHub takes, in characters ("body is too long (maximum is 125000 characters)").
const LONGEST_NOTES: usize = 125_000;

/// What a draft says for as long as it is not whole. Nobody sees it but those who may write to the repository.
const UNFINISHED: &str = "relplan uploads the files of this release, and publishes it then.";

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
        if name != self.title() {
            return Some("its title is another one");
        }
        if !self.generate && self.notes.as_deref().is_some_and(|notes| !same_text(notes, body)) {
            return Some("its notes are others");
        }
        (prerelease != self.prerelease).then_some("its prerelease mark is another")
    }

    pub(super) fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.tag.name)
    }

    /// A word by which a draft is known for one that relplan made: the tag, so that whoever goes on finds it.
    fn key(&self) -> String {
        format!("release {}", self.tag.name)
    }

    /// Whether it was relplan that wrote this text of a release of the tag, and has not done with it.
    pub(super) fn is_ours(&self, body: Option<&str>) -> bool {
        marker::is_in(body, &self.key())
    }

    /// The release in GitHub's words, with these notes.
    pub(super) fn body(&self, draft: bool, notes: Option<&str>) -> Json {
        let mut body = json!({
            "tag_name": self.tag.name,
            "target_commitish": self.tag.commit,
            "name": self.title(),
            "draft": draft,
            "prerelease": self.prerelease,
        });
        let notes = match (draft, self.draft) {
            (true, true) => Some(marker::with(notes.unwrap_or_default(), &self.key())),
            (true, false) => Some(marker::with(UNFINISHED, &self.key())),
            (false, _) => notes.map(str::to_owned),
        };
        if let Some(body) = body.as_object_mut() {
            body.extend(notes.map(|notes| ("body".to_owned(), json!(notes))));
            let latest = self.latest.as_ref().filter(|_| !draft);
            body.extend(latest.map(|latest| ("make_latest".to_owned(), json!(latest))));
        }
        body
    }

    /// A problem where the notes are more than GitHub takes.
    pub(super) fn check_notes(&self) -> Result<(), Problem> {
        // In a draft that is left for somebody, the mark stands beside them.
        let room = if self.draft { LONGEST_NOTES - self.mark_length() } else { LONGEST_NOTES };
        match self.notes.as_deref().map_or(0, |notes| notes.chars().count()) {
            length if length > room => Err(too_long(length, room)),
            _ => Ok(()),
        }
    }

    fn mark_length(&self) -> usize {
        marker::with("", &self.key()).chars().count()
    }

    /// What GitHub wrote, cut where that is more than it takes itself.
    pub(super) fn cut(&self, notes: String) -> String {
        let room = LONGEST_NOTES - self.mark_length();
        if notes.chars().count() <= room {
            return notes;
        }
        // The last line is the link to all that changed.
        let link = notes.trim_end().lines().last().unwrap_or_default();
        let more = format!("\n\n(The list was cut.)\n\n{}", link.chars().take(1_000).collect::<String>());
        let kept: String = notes.chars().take(room - more.chars().count()).collect();
        let whole_lines = kept.rsplit_once('\n').map_or("", |(lines, _)| lines);
        format!("{whole_lines}{more}")
    }
}

/// The problem of notes that are too long.
fn too_long(length: usize, room: usize) -> Problem {
    let message = format!("The notes have {length} characters, and GitHub takes {room} at most.");
    Problem::invalid("notes", message).hint("Cut them, and link to the rest: a file of the tag, or an asset.")
}

/// What is wrong with the known notes of an object.
pub(super) fn check_notes(object: &Value) -> Option<Problem> {
    let (repository, name) = (Repository::of(object).ok().flatten()?, text(object, "tag")?);
    Wanted::read(object, repository, name).check_notes().err()
}

/// Texts are the same to a reader: line ends and blanks at the end do not count, since GitHub changes them.
pub(super) fn same_text(left: &str, right: &str) -> bool {
    let lines = |text: &str| text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    lines(left) == lines(right)
}

/// The problem of a release that is there and another one.
pub(super) fn conflict(tag: &WantedTag, difference: &str) -> Problem {
    let message =
        format!("The release {} of {} is there already, and {difference}.", tag.name, tag.repository);
    Problem::conflict(message)
        .hint("relplan never changes a release that it did not make: leave the repository out, or release a new version.")
        .about(Path::attribute("tag"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(draft: bool, notes: &str) -> Wanted {
        let object = Value::map([("draft", Value::from(draft)), ("notes", notes.into())]);
        let repository = Repository { owner: "acme".to_owned(), name: "shop".to_owned() };
        Wanted::read(&object, repository, "v1.2.0".to_owned())
    }

    #[test]
    fn notes_are_counted_in_characters() {
        for (draft, text, good) in [
            (false, "x".repeat(125_000), true),
            (false, "é".repeat(125_000), true),
            (false, "x".repeat(125_001), false),
            (true, "x".repeat(125_000), false),
            (true, "x".repeat(124_900), true),
        ] {
            let wanted = wanted(draft, &text);
            assert_eq!(wanted.check_notes().is_ok(), good, "{draft} {}", text.len());
            let body = wanted.body(draft, Some(&text));
            let length = body["body"].as_str().map_or(0, |body| body.chars().count());
            assert_eq!(length <= LONGEST_NOTES, good, "{length}");
        }
    }

    #[test]
    fn what_github_wrote_is_cut_with_its_link_kept() {
        let line = "* A change by @ann in https://github.test/acme/shop/pull/1\n";
        let link = "**Full Changelog**: https://github.test/acme/shop/compare/v1...v2";
        let wanted = wanted(true, "");
        let cut = wanted.cut(format!("{}\n{link}", line.repeat(5_000)));
        assert!(cut.starts_with(line) && cut.ends_with(link), "{}", &cut[cut.len() - 200..]);
        let body = wanted.body(true, Some(&cut));
        assert!(body["body"].as_str().is_some_and(|body| body.chars().count() <= LONGEST_NOTES));
        assert_eq!(wanted.cut(link.to_owned()), link);
    }
}
