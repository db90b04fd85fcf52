//! What stands beside a tag to be: names that exclude it, names like it, and branches that have its commit.

use relplan_contract::{ProblemKind, Value};

use crate::testing::{Sandbox, script};

fn with<'a>(base: &[(&'a str, &'a str)], name: &'a str) -> Vec<(&'a str, Value)> {
    base.iter().chain(&[("name", name)]).map(|(name, value)| (*name, Value::from(*value))).collect()
}

#[tokio::test]
async fn a_name_that_goes_on_where_another_one_ends_is_refused_by_the_plan() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let url = sandbox.origin("shop", "origin.git");
    let by_url = [("repository", &*url), ("ref", "main")];
    let pushed = [("repository", "shop"), ("remote", "origin")];
    let on_disk = [("repository", "shop")];
    for tag in ["release", "deep/er/a"] {
        sandbox.git("origin.git", &["tag", "-m", "x", tag, "main"]);
    }
    for (there, name) in [
        ("release", "release/1.0"),
        ("release", "release/1/0"),
        ("deep/er/a", "deep"),
        ("deep/er/a", "deep/er"),
        ("deep/er/a", "deep/er/a/b"),
    ] {
        for place in [&by_url, &pushed] {
            let problem = sandbox.plan(&with(place, name)).await.expect_err(name);
            assert_eq!(problem.kind, ProblemKind::Conflict, "{problem}");
            let told = format!("There is a tag `{there}` in `");
            assert!(problem.message.starts_with(&told) && problem.message.contains(name), "{problem}");
            assert_eq!(problem.attribute.expect("named").to_string(), "name");
        }
        // The folder has none of these.
        sandbox.plan(&with(&on_disk, name)).await.expect("plans");
    }
    // In the folder alone, packed or not, and the other way round.
    sandbox.git("shop", &["tag", "v2", "HEAD"]);
    sandbox.git("shop", &["pack-refs", "--all"]);
    sandbox.git("shop", &["tag", "v3/1", "HEAD"]);
    for (name, place) in [("v2/0", &on_disk[..]), ("v3", &on_disk), ("v2/0", &pushed), ("v3", &pushed)] {
        let problem = sandbox.plan(&with(place, name)).await.expect_err(name);
        assert_eq!(problem.kind, ProblemKind::Conflict, "{problem}");
    }
    // What only looks so fits.
    for name in ["release-1.0", "releases/1.0", "deep/e", "v3/10"] {
        sandbox.release(&with(&pushed, name)).await.unwrap_or_else(|problem| panic!("{name}: {problem}"));
    }
}

#[tokio::test]
async fn what_came_between_is_told_as_what_it_is_and_leaves_no_tag() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    sandbox.origin("shop", "origin.git");
    let pushed = [("repository", "shop"), ("remote", "origin"), ("message", "Shop")];
    let expected = [
        ("release/1.0", ProblemKind::Conflict, "a name already that ends where this one goes on"),
        ("deep", ProblemKind::Conflict, "a name already that ends where this one goes on"),
        ("friday", ProblemKind::Refused, "the server's rules forbid it"),
        ("locked", ProblemKind::Retry, "another git process holds a lock"),
    ];
    let mut planned = Vec::new();
    for (name, ..) in expected {
        planned.push(sandbox.plan(&with(&pushed, name)).await.expect("plans").value);
    }
    sandbox.git("origin.git", &["tag", "release", "main"]);
    sandbox.git("origin.git", &["tag", "deep/a", "main"]);
    std::fs::write(sandbox.path("origin.git/refs/tags/locked.lock"), "").expect("a lock");
    // What a hook says of itself is not what git says.
    let says = "echo 'Authentication failed: no tags on Fridays'; exit 1";
    let hook = sandbox.path("origin.git/hooks/update");
    script(&hook, &format!("#!/bin/sh\ncase $1 in *friday) {says};; esac\n"));
    for ((name, kind, words), planned) in expected.into_iter().zip(planned) {
        let problem = sandbox.apply(&planned).await.expect_err(name);
        assert_eq!(problem.kind, kind, "{problem}");
        assert!(problem.message.contains(words), "{problem}");
        assert_eq!(sandbox.ref_of("shop", "refs/tags/"), "", "{name} left a tag behind");
    }
    // Only the folder cannot have it: it was made where it counts.
    let planned = sandbox.plan(&with(&pushed, "v4/0")).await.expect("plans").value;
    sandbox.git("shop", &["tag", "v4", "HEAD"]);
    let applied = sandbox.apply(&planned).await.expect("made").value;
    let object = applied.get("object").as_str().expect("an object").to_owned();
    assert_eq!(sandbox.ref_of("origin.git", "refs/tags/v4/0"), object);
    let lines = sandbox.lines();
    assert!(
        lines.last().expect("a line").starts_with("The tag v4/0 is not in the local repository"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn names_that_are_taken_for_one_another_are_told() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let url = sandbox.origin("shop", "origin.git");
    sandbox.git("origin.git", &["tag", "V1.0-RC", "main"]);
    sandbox.git("origin.git", &["branch", "v2", "main"]);
    let by_url = [("repository", &*url), ("ref", "main")];
    for (name, told) in [
        ("v1.0-rc", Some("There is a tag `V1.0-RC` in")),
        ("v2", Some("There is a branch `v2` in")),
        ("v3", None),
    ] {
        let planned = sandbox.plan(&with(&by_url, name)).await.expect("plans");
        assert_eq!(planned.notes.len(), if told.is_some() { 2 } else { 1 }, "{:?}", planned.notes);
        assert!(told.is_none_or(|told| planned.notes[1].starts_with(told)), "{:?}", planned.notes);
    }
}

/// From the folder to its remote.
fn pushed(reference: &str) -> [(&str, &str); 3] {
    [("repository", "shop"), ("remote", "origin"), ("ref", reference)]
}

/// What a plan says of the branches.
async fn told(sandbox: &Sandbox, arguments: &[(&str, &str)]) -> Option<String> {
    let planned = sandbox.plan(&with(arguments, "v1")).await.unwrap_or_else(|problem| panic!("{problem}"));
    planned.notes.into_iter().find(|note| note.contains("branch of"))
}

#[tokio::test]
async fn a_commit_that_no_branch_of_the_remote_has_is_told() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    let url = sandbox.origin("shop", "origin.git");
    let by_url = |reference| [("repository", &*url), ("ref", reference)];
    let first = sandbox.git("shop", &["rev-parse", "HEAD~1"]);
    for reference in ["main", &first] {
        assert_eq!(told(&sandbox, &pushed(reference)).await, None, "{reference}");
        assert_eq!(told(&sandbox, &by_url(reference)).await, None, "{reference}");
    }
    // Somebody else pushed more, which the clone does not have.
    sandbox.git(".", &["clone", "--quiet", &url, "other"]);
    let more = sandbox.commit("other", "More", "file");
    sandbox.git("other", &["push", "--quiet", "origin", "main"]);
    assert_eq!(told(&sandbox, &pushed("main")).await, None, "the remote is ahead");
    assert_eq!(told(&sandbox, &by_url(&more)).await, None);
    // Not pushed.
    let own = sandbox.commit("shop", "Own", "other");
    let words = told(&sandbox, &pushed("main")).await.expect("a caution");
    assert!(words.contains("no branch of `origin` has the commit"), "{words}");
    // On a branch of the remote, whichever it is.
    sandbox.git("shop", &["push", "--quiet", "origin", "main:topic"]);
    assert_eq!(told(&sandbox, &pushed("main")).await, None);
    assert_eq!(told(&sandbox, &by_url(&own)).await, None);
    // Only a tag has it, whatever the clone remembers of the branch.
    sandbox.git("shop", &["push", "--quiet", "origin", "main:refs/tags/kept"]);
    sandbox.git("shop", &["fetch", "--quiet", "origin"]);
    sandbox.git("origin.git", &["branch", "-D", "topic"]);
    for arguments in [pushed("main"), pushed(&own)] {
        assert!(told(&sandbox, &arguments).await.is_some(), "{arguments:?}");
    }
    for reference in [&*own, "kept"] {
        assert!(told(&sandbox, &by_url(reference)).await.is_some(), "{reference}");
    }
    // A repository of its own has nobody to ask.
    assert_eq!(told(&sandbox, &[("repository", "shop")]).await, None);
}

#[tokio::test]
async fn a_branch_that_must_have_the_commit_is_held_to() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    let url = sandbox.origin("shop", "origin.git");
    sandbox.git("origin.git", &["branch", "old", "main~1"]);
    let first = sandbox.git("shop", &["rev-parse", "HEAD~1"]);
    for place in [&[("repository", "shop"), ("remote", "origin")][..], &[("repository", &*url)]] {
        for (reference, branch, refused) in [
            ("main", "main", None),
            (&*first, "old", None),
            (&*first, "main", None),
            ("main", "old", Some(ProblemKind::Refused)),
            ("main", "gone", Some(ProblemKind::Missing)),
            ("main", "a..b", Some(ProblemKind::Invalid)),
        ] {
            let arguments = [place, &[("ref", reference), ("branch", branch)]].concat();
            let ended = sandbox.plan(&with(&arguments, "v1")).await;
            let problem = ended.err();
            assert_eq!(problem.as_ref().map(|one| one.kind), refused, "{reference} {branch}: {problem:?}");
            let about = problem.and_then(|one| one.attribute).map(|path| path.to_string());
            assert_eq!(about.as_deref(), refused.map(|_| "branch"), "{reference} {branch}");
        }
    }
    // It went back since the plan.
    let arguments = [("repository", "shop"), ("remote", "origin"), ("ref", "main"), ("branch", "main")];
    let planned = sandbox.plan(&with(&arguments, "v1")).await.expect("plans").value;
    sandbox.git("origin.git", &["update-ref", "refs/heads/main", &first]);
    assert_eq!(sandbox.apply(&planned).await.expect_err("gone back").kind, ProblemKind::Refused);
    assert_eq!(sandbox.ref_of("shop", "refs/tags/") + &sandbox.ref_of("origin.git", "refs/tags/"), "");
}
