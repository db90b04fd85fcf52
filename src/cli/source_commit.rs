//! The commit that a release file comes from, as far as git's own files tell without git: what `HEAD` stands for, and
//! whether the file is the one that git's index has. A file that was added and not committed yet counts as the one of
//! the commit.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::files::read_bounded;
use super::load::Loaded;
use super::planning::Prepared;
use super::{review, tracked};
use crate::event::Event;

/// The largest list of refs that is read, in bytes.
const LARGEST: usize = 64 << 20;

/// A name that stands for a name, and so on, is followed so far.
const DEEPEST: usize = 5;

/// A commit, and whether files differ from what git has of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub commit: String,
    pub changed: bool,
}

/// What the ledger is told of where a release comes from, and of who had agreed; nothing where nothing is known.
pub(super) async fn event(
    context: &Context,
    loaded: &Loaded,
    prepared: &Prepared,
    review: Option<&str>,
) -> Option<Event> {
    let source = of(loaded.folder(), &files(loaded));
    let reviewers = match review {
        Some(change) => review::reviewers(context, prepared, change).await,
        None => Vec::new(),
    };
    (source.is_some() || review.is_some()).then(|| Event::Sourced {
        changed: source.as_ref().is_some_and(|source| source.changed),
        commit: source.map(|source| source.commit),
        review: review.map(str::to_owned),
        reviewers,
    })
}

/// The file of a release, or the files of its folder.
fn files(loaded: &Loaded) -> Vec<PathBuf> {
    let folder = loaded.folder();
    if let Some(file) = &loaded.located.file {
        return vec![folder.join(file)];
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "hcl"))
        .collect()
}

/// The commit of the work tree around a folder; none where there is none, or no commit yet.
pub(super) fn of(folder: &Path, files: &[PathBuf]) -> Option<Source> {
    let folder = folder.canonicalize().ok()?;
    let top = folder.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok())?;
    let git = tracked::git_folder(&top.join(".git"))?;
    let commit = head(&git)?;
    let indexes = tracked::indexes(&top.join(".git"));
    let changed = files.iter().any(|file| {
        let told = file.canonicalize().ok().and_then(|file| {
            let name = file.strip_prefix(top).ok()?.to_string_lossy().into_owned();
            let content = read_bounded(&file, LARGEST).ok()?;
            Some(indexes.iter().any(|index| tracked::has(index, name.as_bytes(), &content)))
        });
        told == Some(false)
    });
    Some(Source { commit, changed })
}

/// The commit that `HEAD` stands for.
fn head(git: &Path) -> Option<String> {
    // A second work tree has a `HEAD` of its own, and the names of the first.
    let common =
        read(&git.join("commondir")).map_or_else(|| git.to_owned(), |shared| git.join(shared.trim()));
    let mut text = read(&git.join("HEAD"))?;
    for _ in 0..DEEPEST {
        let Some(name) = text.trim().strip_prefix("ref:").map(str::trim) else {
            let id = text.trim();
            let is_id = [40, 64].contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            return is_id.then(|| id.to_owned());
        };
        if !name.starts_with("refs/") || name.split('/').any(|part| [".", "..", ""].contains(&part)) {
            return None;
        }
        text = match read(&git.join(name)).or_else(|| read(&common.join(name))) {
            Some(text) => text,
            None => read(&common.join("packed-refs"))?
                .lines()
                .find_map(|line| line.split_once(' ').filter(|(_, other)| *other == name))
                .map(|(id, _)| id.to_owned())?,
        };
    }
    None
}

fn read(path: &Path) -> Option<String> {
    String::from_utf8(read_bounded(path, LARGEST).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn git(folder: &Path, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=ann", "-c", "user.email=ann@example"])
            .args(arguments)
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn found(folder: &Path, file: &str) -> Option<(String, bool)> {
        of(&folder.join("releases"), &[folder.join(file)]).map(|source| (source.commit, source.changed))
    }

    #[test]
    fn the_commit_is_the_one_that_git_says() {
        for format in ["sha1", "sha256"] {
            let all = tempfile::tempdir().expect("a folder");
            let folder = all.path().join("one");
            std::fs::create_dir_all(folder.join("releases")).expect("a folder");
            let file = "releases/v1.hcl";
            std::fs::write(folder.join(file), "release \"a\" {}\n").expect("a file");
            assert_eq!(found(&folder, file), None, "no work tree");
            git(&folder, &["init", "-q", "-b", "main", &format!("--object-format={format}")]);
            assert_eq!(found(&folder, file), None, "no commit yet");
            git(&folder, &["add", "."]);
            git(&folder, &["commit", "-q", "-m", "one"]);
            let first = git(&folder, &["rev-parse", "HEAD"]);
            assert_eq!(found(&folder, file), Some((first.clone(), false)));
            std::fs::write(folder.join(file), "release \"b\" {}\n").expect("a file");
            assert_eq!(found(&folder, file), Some((first.clone(), true)));
            std::fs::write(folder.join("releases/new.hcl"), "").expect("a file");
            assert_eq!(
                found(&folder, "releases/new.hcl"),
                Some((first.clone(), true)),
                "git does not know it"
            );
            git(&folder, &["commit", "-q", "-a", "-m", "two"]);
            git(&folder, &["pack-refs", "--all"]);
            let second = git(&folder, &["rev-parse", "HEAD"]);
            assert_eq!(found(&folder, file), Some((second.clone(), false)), "packed");
            git(&folder, &["checkout", "-q", "--detach", &first]);
            assert_eq!(found(&folder, file), Some((first, false)), "detached");
            let other = all.path().join("two");
            git(&folder, &["worktree", "add", "-q", &other.display().to_string(), "main"]);
            assert_eq!(found(&other, file), Some((second, false)), "another work tree");
        }
    }
}
