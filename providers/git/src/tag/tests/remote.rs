//! Tags that go to a remote: by URL alone, and from a work tree.

use relplan_contract::{Observed, ProblemKind, ReconcileRequest, Reconciled, Value};

use crate::testing::{Sandbox, script, tag_type, text};

fn by_url<'a>(url: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, Value)> {
    let base = [("repository", url), ("name", "v1"), ("ref", "main")];
    base.iter().chain(more).map(|(name, value)| (*name, Value::from(*value))).collect()
}

fn from_work_tree<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, Value)> {
    let base = [("repository", "shop"), ("name", "v1"), ("remote", "origin")];
    base.iter().chain(more).map(|(name, value)| (*name, Value::from(*value))).collect()
}

#[tokio::test]
async fn a_url_needs_no_clone() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    let url = sandbox.origin("shop", "origin.git");
    let commit = sandbox.git("shop", &["rev-parse", "HEAD"]);
    let planned = sandbox.plan(&by_url(&url, &[])).await.expect("plans");
    assert_eq!(text(&planned.value, "commit"), commit);
    assert!(planned.notes[0].contains("\"Two\" by Ann"), "{:?}", planned.notes);
    let applied = sandbox.apply(&planned.value).await.expect("applies").value;
    assert_eq!(applied, planned.value);
    assert_eq!(sandbox.ref_of("origin.git", "refs/tags/v1"), commit);
    assert_eq!(sandbox.lines(), [format!("Pushed the tag v1 to {url}.")]);
    assert_eq!(sandbox.read(&applied).await, Ok(Observed::Same));

    let noted = by_url(&url, &[("name", "v2"), ("message", "Shop 2")]);
    let annotated = sandbox.release(&noted).await.expect("tags");
    assert_eq!(text(&annotated, "object"), sandbox.ref_of("origin.git", "refs/tags/v2"));
    assert_eq!(text(&annotated, "kind"), "annotated");
    assert_eq!(sandbox.release(&noted).await.expect("adopts"), annotated);
}

#[tokio::test]
async fn tags_of_other_versions_are_found_where_tags_count() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let url = sandbox.origin("shop", "origin.git");
    assert_eq!(sandbox.discover(&by_url(&url, &[("name", "v1.2.0")])).await, Ok(None));
    for tag in ["v1.9.0", "v1.10.0", "v1.11.0-rc.1", "v2", "other-3.0.0"] {
        sandbox.git("origin.git", &["tag", tag, "main"]);
    }
    sandbox.git("origin.git", &["tag", "-m", "Annotated", "v1.11.0-rc.2", "main"]);
    sandbox.git("shop", &["tag", "v7.0.0"]);
    let found = |name: &str| Ok(Some(Value::map([("name", Value::from(name))])));
    assert_eq!(sandbox.discover(&by_url(&url, &[("name", "v1.2.0")])).await, found("v1.11.0-rc.2"));
    assert_eq!(sandbox.discover(&by_url(&url, &[("name", "other-1.2.0")])).await, found("other-3.0.0"));
    assert_eq!(sandbox.discover(&by_url(&url, &[("name", "latest")])).await, Ok(None), "it names no version");
    let on_disk =
        [("repository", "shop"), ("name", "v1.2.0")].map(|(name, value)| (name, Value::from(value)));
    assert_eq!(sandbox.discover(&on_disk).await, found("v7.0.0"));
}

#[tokio::test]
async fn a_commit_that_is_no_tip_of_the_remote_is_tagged_without_its_files() {
    let mut sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two", "Three"]);
    let url = sandbox.origin("shop", "origin.git");
    let commit = sandbox.git("shop", &["rev-parse", "HEAD~1"]);
    // The server notes each time that it hands out objects.
    let served = sandbox.path("served");
    let hook = sandbox.path("serve.sh");
    script(&hook, &format!("#!/bin/sh\necho x >> {}\nexec \"$@\"\n", served.display()));
    let global = sandbox.path("gitconfig");
    std::fs::write(&global, format!("[uploadpack]\n\tpackObjectsHook = {}\n", hook.display()))
        .expect("a file");
    sandbox.environment.insert("GIT_CONFIG_GLOBAL".into(), global.to_string_lossy().into_owned());
    let applied = sandbox.release(&by_url(&url, &[("ref", &commit), ("message", "x")])).await.expect("tags");
    let served = std::fs::read_to_string(served).expect("the hook ran");
    let why = "the commit alone is fetched, by plan and by apply, and by the plan what the branches have since then";
    assert_eq!(served.lines().count(), 3, "{why}");
    assert_eq!(text(&applied, "commit"), commit);
    assert_eq!(sandbox.git("origin.git", &["rev-parse", "v1^{commit}"]), commit);
    sandbox.git("origin.git", &["fsck", "--strict"]);
}

#[tokio::test]
async fn what_a_url_cannot_resolve_is_missing() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let url = sandbox.origin("shop", "origin.git");
    let unknown = "0123456789".repeat(4);
    let short = sandbox.git("shop", &["rev-parse", "--short", "HEAD"]);
    for reference in ["nowhere", &unknown, &short] {
        let problem = sandbox.plan(&by_url(&url, &[("ref", reference)])).await.expect_err("not there");
        assert_eq!(problem.kind, ProblemKind::Missing, "{reference}: {problem}");
        assert_eq!(problem.attribute.expect("named").to_string(), "ref");
    }
    let gone = sandbox.plan(&by_url(&sandbox.url("nothing.git"), &[])).await.expect_err("no repository");
    assert_eq!(gone.kind, ProblemKind::Missing, "{gone}");
    let folder = sandbox.plan(&[("repository", "nothing".into()), ("name", "v1".into())]).await;
    assert_eq!(folder.expect_err("no folder").kind, ProblemKind::Missing);
}

#[tokio::test]
async fn sha256_repositories_work_the_same() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("shop")).expect("a folder");
    sandbox.git("shop", &["init", "--quiet", "--object-format=sha256", "--initial-branch=main"]);
    let commit = sandbox.commit("shop", "One", "file");
    let url = sandbox.origin("shop", "origin.git");
    let applied = sandbox.release(&by_url(&url, &[("message", "x")])).await.expect("tags");
    assert_eq!((text(&applied, "commit"), commit.len()), (commit.as_str(), 64));
}

#[tokio::test]
async fn a_remotes_other_tag_is_a_conflict_at_plan_and_at_apply() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    let url = sandbox.origin("shop", "origin.git");
    let by_url_arguments = by_url(&url, &[("message", "x")]);
    for arguments in [by_url_arguments, from_work_tree(&[("message", "x")])] {
        let planned = sandbox.plan(&arguments).await.expect("plans").value;
        sandbox.git("origin.git", &["tag", "v1", "main~1"]);
        let other = sandbox.ref_of("origin.git", "refs/tags/v1");
        let problem = sandbox.apply(&planned).await.expect_err("another tag is there");
        assert_eq!(problem.kind, ProblemKind::Conflict);
        assert!(problem.message.contains(&other) && problem.message.contains(text(&planned, "commit")));
        assert_eq!(sandbox.plan(&arguments).await.expect_err("at plan too"), problem);
        assert_eq!(sandbox.ref_of("origin.git", "refs/tags/v1"), other, "never moved");
        sandbox.git("origin.git", &["tag", "--delete", "v1"]);
    }
}

#[tokio::test]
async fn a_tag_is_pushed_from_a_work_tree_with_the_commits_that_it_needs() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    sandbox.origin("shop", "origin.git");
    let commit = sandbox.commit("shop", "Not pushed yet", "file");
    sandbox.git("shop", &["tag", "--annotate", "--message", "x", "unrelated"]);
    sandbox.git("shop", &["config", "push.followTags", "true"]);
    let applied = sandbox.release(&from_work_tree(&[("message", "Shop 1")])).await.expect("tags");
    let object = text(&applied, "object");
    assert_eq!(sandbox.ref_of("shop", "refs/tags/v1"), object);
    assert_eq!(sandbox.ref_of("origin.git", "refs/tags/v1"), object);
    assert_eq!(sandbox.git("origin.git", &["rev-parse", "v1^{commit}"]), commit);
    assert_eq!(sandbox.ref_of("origin.git", "refs/tags/unrelated"), "", "nothing else is pushed");
    let nowhere = sandbox.plan(&from_work_tree(&[("name", "v2"), ("remote", "upstream")])).await;
    assert_eq!(nowhere.expect_err("no such remote").kind, ProblemKind::Missing);
}

#[tokio::test]
async fn a_run_cut_between_tag_and_push_goes_on_with_the_same_object() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    sandbox.origin("shop", "origin.git");
    let planned = sandbox.plan(&from_work_tree(&[("message", "Shop 1")])).await.expect("plans").value;
    // What the dead run left: the tag in the work tree, and nothing at the remote.
    sandbox.apply(&planned.clone().with("remote", Value::NULL)).await.expect("tags locally");
    let object = sandbox.ref_of("shop", "refs/tags/v1");
    let request =
        ReconcileRequest { planned: &planned, prior: None, key: "k", reference: None, destroy: false };
    let became = tag_type().reconcile(&sandbox.context(), request).await;
    assert_eq!(became, Ok(Reconciled::NotDone));
    let again = sandbox.plan(&from_work_tree(&[("message", "Shop 1")])).await.expect("plans");
    assert!(again.notes[1].ends_with("will be pushed."), "{:?}", again.notes);

    let applied = sandbox.apply(&planned).await.expect("applies").value;
    assert_eq!(text(&applied, "object"), object);
    assert_eq!(sandbox.ref_of("origin.git", "refs/tags/v1"), object);
}

#[tokio::test]
async fn a_run_cut_between_push_and_copy_goes_on_with_the_copy() {
    for message in [None, Some("Shop 1")] {
        let sandbox = Sandbox::new();
        sandbox.repository("shop", &["One"]);
        sandbox.origin("shop", "origin.git");
        let more: Vec<(&str, &str)> = message.into_iter().map(|text| ("message", text)).collect();
        let planned = sandbox.plan(&from_work_tree(&more)).await.expect("plans").value;
        let applied = sandbox.apply(&planned).await.expect("applies").value;
        // What the dead run left: the object in the work tree, and its name at the remote alone.
        sandbox.git("shop", &["tag", "--delete", "v1"]);
        let ask = async || {
            let request = ReconcileRequest {
                planned: &planned,
                prior: None,
                key: "k",
                reference: None,
                destroy: false,
            };
            tag_type().reconcile(&sandbox.context(), request).await.expect("tells")
        };
        assert_eq!(ask().await, Reconciled::NotDone);
        let again = sandbox.apply(&planned).await.expect("applies");
        assert_eq!(again.value, applied);
        assert_eq!(sandbox.ref_of("shop", "refs/tags/v1"), text(&applied, "object"));
        assert_eq!(ask().await, Reconciled::Done(again));
    }
}

#[tokio::test]
async fn a_local_tag_of_another_commit_is_not_pushed() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    sandbox.origin("shop", "origin.git");
    sandbox.git("shop", &["tag", "v1", "HEAD~1"]);
    let problem = sandbox.plan(&from_work_tree(&[])).await.expect_err("another tag");
    assert_eq!(problem.kind, ProblemKind::Conflict);
    assert!(problem.message.contains("the local repository"));
    assert_eq!(sandbox.ref_of("origin.git", "refs/tags/"), "");
}

#[tokio::test]
async fn drift_is_looked_for_where_the_tag_counts() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    sandbox.origin("shop", "origin.git");
    let applied = sandbox.release(&from_work_tree(&[("message", "x")])).await.expect("tags");
    // A fresh clone has no tags: that is no drift.
    sandbox.git("shop", &["tag", "--delete", "v1"]);
    assert_eq!(sandbox.read(&applied).await, Ok(Observed::Same));
    // The same commit under a new tag object is.
    let object = text(&applied, "object").to_owned();
    sandbox.git("origin.git", &["tag", "--force", "--annotate", "--message", "other", "v1", "v1^{commit}"]);
    let Ok(Observed::Present(retagged)) = sandbox.read(&applied).await else { panic!("it is there") };
    assert_eq!(retagged.get("commit"), applied.get("commit"));
    assert_ne!(text(&retagged, "object"), object);
    sandbox.git("origin.git", &["tag", "--force", "v1", "main~1"]);
    let Ok(Observed::Present(moved)) = sandbox.read(&applied).await else { panic!("it is there") };
    assert_ne!(moved.get("commit"), applied.get("commit"));
    assert_eq!(text(&moved, "kind"), "lightweight");
    sandbox.git("origin.git", &["tag", "--delete", "v1"]);
    assert_eq!(sandbox.read(&applied).await, Ok(Observed::Absent));
}

#[tokio::test]
async fn of_creators_at_once_one_gets_the_remotes_tag() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let url = sandbox.origin("shop", "origin.git");
    let arguments = by_url(&url, &[("message", "Shop 1")]);
    let one = sandbox.plan(&arguments).await.expect("plans").value;
    let equal = tokio::join!(sandbox.apply_patiently(&one), sandbox.apply_patiently(&one));
    assert_eq!(equal.0.expect("made or adopted"), equal.1.expect("made or adopted"));

    let arguments = by_url(&url, &[("name", "v2"), ("message", "Shop 2")]);
    let one = sandbox.plan(&arguments).await.expect("plans").value;
    sandbox.commit("shop", "Two", "file");
    sandbox.git("shop", &["push", "--quiet", "origin", "main"]);
    let two = sandbox.plan(&arguments).await.expect("plans").value;
    let (won, lost) = match tokio::join!(sandbox.apply_patiently(&one), sandbox.apply_patiently(&two)) {
        (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won.value, lost),
        both => panic!("exactly one must win: {both:?}"),
    };
    assert_eq!(lost.kind, ProblemKind::Conflict, "{lost}");
    assert_eq!(sandbox.ref_of("origin.git", "refs/tags/v2"), text(&won, "object"));
}

#[tokio::test]
async fn a_tag_that_appears_just_before_the_push_is_not_moved() {
    let mut sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    let url = sandbox.origin("shop", "origin.git");
    let other = sandbox.git("shop", &["rev-parse", "HEAD~1"]);
    let origin = sandbox.path("origin.git");
    sandbox.before("push", &format!("git --git-dir='{}' tag v1 {other}", origin.display()));
    let problem = sandbox.release(&by_url(&url, &[("message", "x")])).await.expect_err("somebody was faster");
    assert_eq!(problem.kind, ProblemKind::Conflict, "{problem}");
    assert_eq!(sandbox.ref_of("origin.git", "refs/tags/v1"), other);
    // A lightweight tag as well, though its commit is a descendant of the other's.
    sandbox.before("push", &format!("git --git-dir='{}' tag v2 {other}", origin.display()));
    let problem = sandbox.release(&by_url(&url, &[("name", "v2")])).await.expect_err("somebody was faster");
    assert_eq!(problem.kind, ProblemKind::Conflict, "{problem}");
    assert_eq!(sandbox.ref_of("origin.git", "refs/tags/v2"), other);
}

#[tokio::test]
async fn a_push_that_the_server_declines_is_refused_with_its_words() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let url = sandbox.origin("shop", "origin.git");
    let hook = sandbox.path("origin.git").join("hooks/pre-receive");
    script(&hook, "#!/bin/sh\necho 'Tags are frozen until Monday.' >&2\nexit 1\n");
    for arguments in [by_url(&url, &[]), from_work_tree(&[])] {
        let planned = sandbox.plan(&arguments).await.expect("plans").value;
        let problem = sandbox.apply(&planned).await.expect_err("declined");
        assert_eq!(problem.kind, ProblemKind::Refused, "{problem}");
        assert!(problem.detail.contains("Tags are frozen until Monday."), "{problem}");
        assert_eq!(sandbox.ref_of("origin.git", "refs/tags/"), "");
    }
    std::fs::remove_file(hook).expect("removed");
    sandbox.release(&from_work_tree(&[])).await.expect("tags once the server lets it");
}

#[tokio::test]
async fn a_push_whose_answer_is_lost_is_found_to_have_landed() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let url = sandbox.origin("shop", "origin.git");
    // The connection breaks just after the tag was made: git ends badly, though all is done.
    let hook = sandbox.path("origin.git").join("hooks/post-receive");
    script(&hook, "#!/bin/sh\nkill -9 $PPID\n");
    let planned = sandbox.plan(&by_url(&url, &[("message", "x")])).await.expect("plans").value;
    let applied = sandbox.apply(&planned).await.expect("looks again and finds it").value;
    assert_eq!(text(&applied, "object"), sandbox.ref_of("origin.git", "refs/tags/v1"));
}

#[tokio::test]
async fn a_push_that_breaks_off_before_it_landed_is_uncertain() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let url = sandbox.origin("shop", "origin.git");
    let hook = sandbox.path("origin.git").join("hooks/pre-receive");
    script(&hook, "#!/bin/sh\nkill -9 $PPID\n");
    let planned = sandbox.plan(&by_url(&url, &[])).await.expect("plans").value;
    let problem = sandbox.apply(&planned).await.expect_err("broke off");
    assert_eq!(problem.kind, ProblemKind::Uncertain, "{problem}");
}

/// Has git take a script for ssh; the script gets the host and the command for it.
fn over_ssh(sandbox: &mut Sandbox, text: &str) {
    let path = sandbox.path("ssh.sh");
    script(&path, &format!("#!/bin/sh\n{text}\n"));
    for (name, value) in [("GIT_SSH_COMMAND", &*path.to_string_lossy()), ("GIT_SSH_VARIANT", "simple")] {
        sandbox.environment.insert(name.into(), value.into());
    }
}

#[tokio::test]
async fn ssh_is_spoken_in_both_spellings() {
    let mut sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    sandbox.origin("shop", "origin.git");
    over_ssh(&mut sandbox, "shift; exec sh -c \"$1\"");
    let path = sandbox.path("origin.git");
    let scp = format!("git@example.org:{}", path.display());
    let ssh = format!("ssh://git@example.org{}", path.display());
    for (name, url) in [("v1", scp), ("v2", ssh)] {
        let applied =
            sandbox.release(&by_url(&url, &[("name", name), ("message", "x")])).await.expect("tags");
        let object = sandbox.ref_of("origin.git", &format!("refs/tags/{name}"));
        assert_eq!(text(&applied, "object"), object, "{url}");
    }
}

#[tokio::test]
async fn what_ssh_says_is_told_by_kind() {
    let mut sandbox = Sandbox::new();
    for (words, kind) in [
        ("git@example.org: Permission denied (publickey).", ProblemKind::Refused),
        ("Host key verification failed.", ProblemKind::Refused),
        ("ssh: connect to host example.org port 22: Connection refused", ProblemKind::Retry),
        ("ssh: Could not resolve hostname example.org: Name or service not known", ProblemKind::Retry),
    ] {
        over_ssh(&mut sandbox, &format!("echo '{words}' >&2; exit 255"));
        let problem =
            sandbox.plan(&by_url("git@example.org:shop.git", &[])).await.expect_err("no connection");
        assert_eq!(problem.kind, kind, "{problem}");
        assert!(problem.detail.contains(words), "{problem}");
        assert_eq!(problem.hint.is_empty(), kind == ProblemKind::Retry, "{problem}");
    }
}

#[tokio::test]
async fn an_interruption_before_anything_was_done_does_nothing_and_later_finishes() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let url = sandbox.origin("shop", "origin.git");
    let planned = sandbox.plan(&by_url(&url, &[])).await.expect("plans").value;
    // Interrupted while the server takes the tag: that is waited for.
    let hook = sandbox.path("origin.git").join("hooks/pre-receive");
    script(&hook, &format!("#!/bin/sh\ntouch {}\nsleep 0.3\n", sandbox.path("taking").display()));
    let interrupt = async {
        while !sandbox.path("taking").exists() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        sandbox.cancel.cancel();
    };
    let (applied, ()) = tokio::join!(sandbox.apply(&planned), interrupt);
    assert_eq!(applied.expect("finishes").value, planned);
    sandbox.git("origin.git", &["tag", "--delete", "v1"]);
    let problem = sandbox.apply(&planned).await.expect_err("interrupted before");
    assert_eq!(problem.kind, ProblemKind::Cancelled);
    assert_eq!(sandbox.ref_of("origin.git", "refs/tags/"), "");
}
