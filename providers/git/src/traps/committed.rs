//! What comes with the files of a release: a repository in their work tree, and a program that they name.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::symlink;

use relplan_contract::conformance::fitted;
use relplan_contract::{Problem, ProblemKind, Provider as _, Value};

use super::{Scene, Traps};
use crate::program::VARIABLE;
use crate::testing::{data_type, tag_arguments};

#[tokio::test]
async fn a_repository_that_was_committed_is_not_used() {
    let scene = Scene::new();
    let sandbox = &scene.traps.sandbox;
    // The release file is in a work tree, and a bare repository with it.
    sandbox.git(".", &["init", "--quiet"]);
    std::fs::create_dir_all(sandbox.path("releases")).expect("a folder");
    sandbox.git(".", &["clone", "--quiet", "--bare", "shop", "releases/evil.git"]);
    symlink("releases/evil.git", sandbox.path("link")).expect("a link");
    std::fs::create_dir_all(sandbox.path("split")).expect("a folder");
    std::fs::write(sandbox.path("split/HEAD"), "ref: refs/heads/main\n").expect("a file");
    std::fs::write(sandbox.path("split/commondir"), sandbox.path("shop/.git").to_string_lossy().as_bytes())
        .expect("a file");
    for key in ["remote.origin.uploadpack", "core.sshCommand", "core.fsmonitor", "core.alternateRefsCommand"]
    {
        scene.traps.set("releases/evil.git", key, &scene.traps.program(key));
    }
    let url = sandbox.url("releases/evil.git");
    for repository in [
        "releases/evil.git",
        "link",
        "releases/evil.git/refs",
        "releases/../releases/evil.git",
        "split",
        &url,
    ] {
        let arguments =
            [("repository", repository), ("name", "v1"), ("ref", "main")].map(|(n, v)| (n, v.into()));
        let problem = sandbox.plan(&arguments).await.expect_err(repository);
        assert_eq!(problem.kind, ProblemKind::Refused, "{repository}: {problem}");
        assert!(!problem.hint.is_empty() || !problem.detail.is_empty(), "{repository}: {problem}");
        let mut planned = tag_arguments(&arguments);
        planned = planned.with("commit", scene.commit.as_str().into());
        sandbox.apply(&planned).await.expect_err("nor is it tagged");
        scene.data(repository).await.expect_err("nor read");
    }
    // Nor is it the remote of one that may be used.
    for (url, remote) in
        [("../releases/evil.git", "relative"), (url.as_str(), "absolute"), ("../releases/evil", "short")]
    {
        sandbox.git("shop", &["remote", "add", remote, url]);
        let arguments =
            [("repository", "shop"), ("name", "v1"), ("remote", remote)].map(|(n, v)| (n, v.into()));
        let problem = sandbox.plan(&arguments).await.expect_err(remote);
        assert!(problem.message.contains("anybody's commit"), "{remote}: {problem}");
    }
    assert_eq!(scene.traps.caught(), BTreeSet::new());
    // The work tree's own repository may be, and one that is nested in it with a `.git`.
    sandbox.git("releases", &["commit", "--quiet", "--allow-empty", "--message", "One"]);
    for repository in [".", "releases", "shop"] {
        scene.data_of(repository).await.unwrap_or_else(|problem| panic!("{repository}: {problem}"));
    }
}

impl Scene {
    async fn data_of(&self, repository: &str) -> Result<Value, Problem> {
        let source = data_type("git_ref");
        let config = fitted(&source.schema().attributes, &[("repository", repository.into())]);
        source.read(&self.traps.sandbox.context(), &config).await
    }
}

#[test]
fn no_release_file_names_a_program_of_its_own() {
    let traps = Traps::new();
    let environment = BTreeMap::new();
    for name in [traps.program("program").as_str(), "traps/trap", "sh", "../git", "git-shell"] {
        let configuration = Value::map([("program", Value::from(name))]);
        let problem = crate::Git.configure(&configuration, &environment).err();
        let problem = problem.unwrap_or_else(|| panic!("{name} is refused"));
        assert!(problem.hint.contains(VARIABLE), "{problem}");
    }
}
