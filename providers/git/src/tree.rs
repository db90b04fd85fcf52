//! What a pull request can bring along: the folders that can be committed.
//!
//! git commits nothing whose path has a part `.git`. So what lies in the work tree of the release file and in no `.git` may
//! come from anyone who opens a pull request; what lies outside, or in a `.git`, was put there by the operator.

use std::path::{Path, PathBuf};

/// The work tree that a release file is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tree(Option<PathBuf>);

impl Tree {
    /// The innermost work tree around a folder; none where no git is around it.
    pub(crate) fn around(folder: &Path) -> Self {
        Self(top(&real(folder)))
    }

    /// Whether what is at a path may have been committed.
    pub(crate) fn can_hold(&self, path: &Path) -> bool {
        let Some(top) = &self.0 else { return false };
        let path = real(path);
        // As file systems do that do not tell capitals apart, and as git does.
        let is_git = |part: std::path::Component<'_>| part.as_os_str().eq_ignore_ascii_case(".git");
        path.strip_prefix(top).is_ok_and(|inner| !inner.components().any(is_git))
    }

    /// Whether what a local path or `file` URL names for git may have been committed, where a relative path starts at `from`.
    pub(crate) fn can_hold_remote(&self, url: &str, from: &Path) -> bool {
        let path = url.strip_prefix("file://").unwrap_or(url);
        let place = |ending: &str| from.join(format!("{path}{ending}"));
        // In git's order: the repository of a work tree first.
        let found = ["/.git", "", ".git/.git", ".git"].map(place).into_iter().find(|path| path.exists());
        found.is_some_and(|path| self.can_hold(&path))
    }
}

/// The innermost folder around a path that has a `.git`.
pub(crate) fn top(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok()).map(Path::to_owned)
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Sandbox;

    #[test]
    fn only_what_can_be_committed_is_suspect() {
        let sandbox = Sandbox::new();
        for folder in [
            "work/.git/modules/x",
            "work/releases/evil.git",
            "work/app/.git",
            "other.git",
            "work/plain.git/.git",
        ] {
            std::fs::create_dir_all(sandbox.path(folder)).expect("a folder");
        }
        std::os::unix::fs::symlink(sandbox.path("work/releases/evil.git"), sandbox.path("link"))
            .expect("a link");
        std::os::unix::fs::symlink(sandbox.path("other.git"), sandbox.path("work/out")).expect("a link");
        let tree = Tree::around(&sandbox.path("work/releases"));
        for (path, can) in [
            ("work/releases/evil.git", true),
            ("work/releases", true),
            ("link", true),
            ("work/out", false),
            ("work/.git", false),
            ("work/.git/modules/x", false),
            ("work/app/.git", false),
            ("other.git", false),
        ] {
            assert_eq!(tree.can_hold(&sandbox.path(path)), can, "{path}");
        }
        let from = sandbox.path("work/releases");
        let absolute = sandbox.url("work/releases/evil.git");
        for (url, can) in [
            ("evil.git", true),
            ("./evil", true),
            (absolute.as_str(), true),
            ("../app", false),
            ("../plain", false),
            ("../../other.git", false),
            ("https://h/evil.git", false),
            ("h:evil.git", false),
        ] {
            assert_eq!(tree.can_hold_remote(url, &from), can, "{url}");
        }
        assert!(!Tree::around(&sandbox.path("other.git")).can_hold(&sandbox.path("work/releases/evil.git")));
    }
}
