//! [`Program`]: which git is run, and where it is found.
//!
//! A release file may choose among the gits that the machine's `PATH` offers, and nothing else: whatever it could name
//! instead would be run as soon as the file is planned. Which program that is otherwise, the operator says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use relplan_contract::Problem;
use rustix::fs::{Access, access};

/// With which the operator names the git program.
pub(crate) const VARIABLE: &str = "RELPLAN_GIT";

/// Where programs are looked for when there is no `PATH`.
const USUAL_FOLDERS: &str = "/usr/local/bin:/usr/bin:/bin";

/// The git program.
#[derive(Clone, Debug)]
pub(crate) struct Program(Arc<str>);

impl Program {
    /// The program that the operator names, else the one that the release file does, else `git`.
    pub(crate) fn choose(
        in_file: Option<&str>,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Problem> {
        if let Some(name) = in_file.filter(|name| !is_git(name)) {
            let shown = crate::failure::presentable(name);
            return Err(Problem::invalid("program", format!("`{shown}` cannot be the git program of a release file."))
                .hint(format!(
                    "A file may name `git` or a version of it, such as `git-2.45`; another one is for the operator, as {VARIABLE}=/PATH/git."
                )));
        }
        match environment.get(VARIABLE).filter(|path| !path.is_empty()) {
            Some(path) if Path::new(path).is_absolute() => Ok(Self::new(path)),
            Some(_) => Err(Problem::refused(format!("{VARIABLE} must be an absolute path."))),
            None => Ok(Self::new(in_file.unwrap_or("git"))),
        }
    }

    /// The program of this name or absolute path.
    pub(crate) fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Its name or path.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Where it is, by a `PATH`.
    pub(crate) fn find(&self, path: Option<&str>) -> Option<PathBuf> {
        if self.0.contains('/') {
            return Some(PathBuf::from(&*self.0));
        }
        let found = folders(path).into_iter().map(|folder| Path::new(folder).join(&*self.0));
        found.into_iter().find(|file| file.is_file() && access(file, Access::EXEC_OK).is_ok())
    }
}

/// A `PATH` without what begins in the working directory: that is the repository's.
pub(crate) fn absolute(path: Option<&str>) -> String {
    folders(path).join(":")
}

fn folders(path: Option<&str>) -> Vec<&str> {
    path.unwrap_or(USUAL_FOLDERS).split(':').filter(|folder| folder.starts_with('/')).collect()
}

/// Whether it is `git`, or one of its versions.
fn is_git(name: &str) -> bool {
    let version = name.strip_prefix("git");
    version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Sandbox, script};

    #[test]
    fn a_release_file_chooses_among_gits() {
        let none = BTreeMap::new();
        for name in ["git", "git-2.45", "git2.47.3"] {
            assert_eq!(Program::choose(Some(name), &none).expect("a git").name(), name);
        }
        for name in
            ["", "sh", "./git", "/tmp/git", "git-shell", "git/../sh", "tools/git", "git ", "-git", "git\0"]
        {
            let problem = Program::choose(Some(name), &none).expect_err(name);
            assert_eq!(problem.attribute, Some(relplan_contract::Path::attribute("program")), "{name}");
        }
        let own = BTreeMap::from([(VARIABLE.to_owned(), "/opt/git".to_owned())]);
        assert_eq!(Program::choose(Some("git-2.45"), &own).expect("the operator's").name(), "/opt/git");
        assert!(Program::choose(Some("sh"), &own).is_err());
        let relative = BTreeMap::from([(VARIABLE.to_owned(), "bin/git".to_owned())]);
        assert!(Program::choose(None, &relative).is_err());
    }

    #[test]
    fn programs_are_not_looked_for_in_the_working_directory() {
        let sandbox = Sandbox::new();
        script(&sandbox.path("bin/git"), "#!/bin/sh\n");
        let bin = sandbox.path("bin").to_string_lossy().into_owned();
        let git = Program::new("git");
        for path in ["", ".", "bin", "./bin:", ":bin:.."] {
            assert_eq!(git.find(Some(path)), None, "{path}");
            assert_eq!(absolute(Some(path)), "", "{path}");
        }
        assert_eq!(git.find(Some(&format!(".:{bin}"))), Some(sandbox.path("bin/git")));
        std::fs::write(sandbox.path("bin/git-2.45"), "not executable").expect("a file");
        assert_eq!(Program::new("git-2.45").find(Some(&bin)), None);
    }
}
