//! Tags in a repository of this machine. Remotes, hostile input and signatures have files of their own.

mod beside;
mod conformance;
mod half;
mod hostile;
mod remote;
mod signing;

use relplan_contract::{Observed, ProblemKind, ReconcileRequest, Reconciled, Value};

use crate::testing::{NOW, Sandbox, tag_type, text};

fn args<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, Value)> {
    let base = [("repository", "shop"), ("name", "v1")];
    base.iter().chain(more).map(|(name, value)| (*name, Value::from(*value))).collect()
}

#[tokio::test]
async fn a_lightweight_tag_is_wholly_planned_and_then_made() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Fix the cart"]);
    let commit = sandbox.git("shop", &["rev-parse", "HEAD"]);
    let planned = sandbox.plan(&args(&[])).await.expect("plans");
    assert_eq!(planned.notes, [format!("Commit {} \"Fix the cart\" by Ann, 2026-11-20.", &commit[..7])]);
    assert_eq!(text(&planned.value, "commit"), commit);
    assert_eq!(text(&planned.value, "object"), commit);
    assert_eq!(text(&planned.value, "kind"), "lightweight");
    assert_eq!(sandbox.ref_of("shop", "refs/tags/"), "", "planning changes nothing");

    let applied = sandbox.apply(&planned.value).await.expect("applies").value;
    assert_eq!(applied, planned.value);
    assert_eq!(sandbox.ref_of("shop", "refs/tags/v1"), commit);
    assert_eq!(sandbox.lines(), [format!("Created the tag v1 at commit {}.", &commit[..7])]);
    assert_eq!(sandbox.read(&applied).await, Ok(Observed::Same));
}

#[tokio::test]
async fn an_annotated_tag_says_what_was_asked_for_and_no_more() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let arguments = args(&[("message", "Shop 1\n\n# kept: all of it\n")]);
    let planned = sandbox.plan(&arguments).await.expect("plans").value;
    assert!(planned.get("object").is_unknown());
    assert_eq!(text(&planned, "kind"), "annotated");
    let applied = sandbox.apply(&planned).await.expect("applies").value;
    let commit = sandbox.git("shop", &["rev-parse", "HEAD"]);
    let raw = sandbox.git("shop", &["cat-file", "tag", text(&applied, "object")]);
    let head = format!("object {commit}\ntype commit\ntag v1\ntagger Rel <rel@example.org> {NOW} +0000");
    assert_eq!(raw, format!("{head}\n\nShop 1\n\n# kept: all of it"));
    assert!(!applied.has_unknown());
}

#[tokio::test]
async fn the_tagger_is_the_given_one_or_gits_or_relplan() {
    let mut sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let mut arguments = args(&[("message", "One")]);
    arguments
        .push(("tagger", Value::map([("name", "Bot".into()), ("email", Value::from("bot@example.org"))])));
    sandbox.release(&arguments).await.expect("tags");
    sandbox.environment.remove("GIT_COMMITTER_NAME");
    sandbox.environment.remove("GIT_COMMITTER_EMAIL");
    for (name, setting) in [("v2", None), ("v3", Some("Config"))] {
        if let Some(setting) = setting {
            sandbox.git("shop", &["config", "user.name", setting]);
            sandbox.git("shop", &["config", "user.email", "config@example.org"]);
        }
        let arguments = [("repository", "shop".into()), ("name", name.into()), ("message", Value::from("x"))];
        sandbox.release(&arguments).await.expect("tags");
    }
    let taggers =
        sandbox.git("shop", &["for-each-ref", "--format=%(taggername) %(taggeremail)", "refs/tags"]);
    let expected = "Bot <bot@example.org>\nrelplan <relplan@localhost>\nConfig <config@example.org>";
    assert_eq!(taggers, expected);
}

#[tokio::test]
async fn the_commit_that_was_planned_is_tagged_though_the_branch_moved_on() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let planned = sandbox.plan(&args(&[("ref", "main")])).await.expect("plans").value;
    sandbox.commit("shop", "Two", "file");
    let applied = sandbox.apply(&planned).await.expect("applies").value;
    assert_eq!(text(&applied, "commit"), sandbox.git("shop", &["rev-parse", "HEAD~1"]));
    // And planning again later keeps it.
    let again = sandbox.plan_again(&args(&[("ref", "main")]), &applied).await.expect("plans");
    assert_eq!((again.value, again.replace), (applied, vec![]));
}

#[tokio::test]
async fn refs_of_every_sort_are_resolved() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    let commit = sandbox.git("shop", &["rev-parse", "HEAD~1"]);
    sandbox.git("shop", &["branch", "old", &commit]);
    sandbox.git("shop", &["tag", "--annotate", "--message", "x", "v0", &commit]);
    sandbox.git("shop", &["update-ref", "refs/remotes/origin/old", &commit]);
    for reference in ["old", "v0", "origin/old", "refs/heads/old", "refs/tags/v0", &commit, &commit[..8]] {
        let planned = sandbox.plan(&args(&[("ref", reference)])).await.expect("plans");
        assert_eq!(text(&planned.value, "commit"), commit, "{reference}");
    }
    let missing = sandbox.plan(&args(&[("ref", "nowhere")])).await.expect_err("there is none");
    assert_eq!(missing.kind, ProblemKind::Missing);
    assert_eq!(missing.attribute.expect("named").to_string(), "ref");
}

#[tokio::test]
async fn a_name_of_two_commits_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    sandbox.git("shop", &["tag", "next", "HEAD~1"]);
    sandbox.git("shop", &["branch", "next", "HEAD"]);
    let problem = sandbox.plan(&args(&[("ref", "next")])).await.expect_err("two of them");
    assert_eq!(problem.kind, ProblemKind::Invalid);
    assert!(problem.message.contains("refs/tags/next") && problem.message.contains("refs/heads/next"));
}

#[tokio::test]
async fn an_equal_tag_is_adopted() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    sandbox.git("shop", &["tag", "--annotate", "--message", "Shop 1", "v1"]);
    let object = sandbox.ref_of("shop", "refs/tags/v1");
    let planned = sandbox.plan(&args(&[("message", "Shop 1")])).await.expect("plans");
    assert_eq!(planned.notes[1], "The tag `v1` is there already and will be adopted.");
    assert_eq!(text(&planned.value, "object"), object);
    assert_eq!(sandbox.apply(&planned.value).await.expect("applies").value, planned.value);
    assert_eq!(sandbox.ref_of("shop", "refs/tags/v1"), object);
}

#[tokio::test]
async fn an_adopted_tag_that_changes_before_the_apply_is_a_conflict() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    sandbox.git("shop", &["tag", "--annotate", "--message", "Shop 1", "v1"]);
    let planned = sandbox.plan(&args(&[("message", "Shop 1")])).await.expect("plans").value;
    sandbox.git("shop", &["tag", "--delete", "v1"]);
    let gone = sandbox.apply(&planned).await.expect_err("it is gone");
    assert_eq!((gone.kind, sandbox.ref_of("shop", "refs/tags/")), (ProblemKind::Conflict, String::new()));
    // The same words in another tag object.
    let anew = sandbox.release(&args(&[("message", "Shop 1")])).await.expect("tags");
    assert_ne!(anew.get("object"), planned.get("object"));
    assert_eq!(sandbox.apply(&planned).await.expect_err("made anew").kind, ProblemKind::Conflict);
}

#[tokio::test]
async fn a_tag_that_appears_at_the_last_moment_is_not_moved() {
    let mut sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    let other = sandbox.git("shop", &["rev-parse", "HEAD~1"]);
    let shop = sandbox.path("shop");
    sandbox.before("update-ref", &format!("git -C '{}' tag v1 {other}", shop.display()));
    let problem = sandbox.release(&args(&[])).await.expect_err("somebody was faster");
    assert_eq!(problem.kind, ProblemKind::Conflict, "{problem}");
    sandbox.before("tag", &format!("git -C '{}' tag v2 {other}", shop.display()));
    let annotated = [("repository", "shop"), ("name", "v2"), ("message", "x")].map(|(n, v)| (n, v.into()));
    let problem = sandbox.release(&annotated).await.expect_err("somebody was faster");
    assert_eq!(problem.kind, ProblemKind::Conflict, "{problem}");
    assert_eq!(sandbox.ref_of("shop", "refs/tags/"), format!("{other}\n{other}"));
}

#[tokio::test]
async fn an_unequal_tag_is_a_conflict_and_stays() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let planned = sandbox.plan(&args(&[])).await.expect("plans").value;
    let (one, two) = (text(&planned, "commit"), sandbox.commit("shop", "Two", "file"));
    sandbox.git("shop", &["tag", "v1", &two]);
    let problem = sandbox.apply(&planned).await.expect_err("another tag is there");
    assert_eq!(problem.kind, ProblemKind::Conflict);
    assert!(problem.message.contains(one) && problem.message.contains(&two), "{problem}");
    assert_eq!(sandbox.ref_of("shop", "refs/tags/v1"), two);
    let at_plan = sandbox.plan(&args(&[("ref", one)])).await.expect_err("seen by the plan too");
    assert_eq!(at_plan, problem);
    let kind = sandbox.plan(&args(&[("message", "x")])).await.expect_err("of another kind");
    assert!(kind.message.contains("is lightweight, not annotated"), "{kind}");
}

#[tokio::test]
async fn moved_and_deleted_tags_are_seen() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    let applied = sandbox.release(&args(&[])).await.expect("tags");
    sandbox.git("shop", &["tag", "--force", "v1", "HEAD~1"]);
    let Ok(Observed::Present(moved)) = sandbox.read(&applied).await else { panic!("it is there") };
    assert_eq!(text(&moved, "commit"), sandbox.git("shop", &["rev-parse", "HEAD~1"]));
    assert_eq!(moved.get("name"), applied.get("name"));
    sandbox.git("shop", &["tag", "--delete", "v1"]);
    assert_eq!(sandbox.read(&applied).await, Ok(Observed::Absent));
}

#[tokio::test]
async fn reconcile_tells_by_looking() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    let planned = sandbox.plan(&args(&[("message", "Shop 1")])).await.expect("plans").value;
    let ask = async || {
        let request =
            ReconcileRequest { planned: &planned, prior: None, key: "k", reference: None, destroy: false };
        tag_type().reconcile(&sandbox.context(), request).await.expect("tells")
    };
    assert_eq!(ask().await, Reconciled::NotDone);
    let applied = sandbox.apply(&planned).await.expect("applies");
    assert_eq!(ask().await, Reconciled::Done(applied));
    sandbox.git("shop", &["tag", "--force", "v1", "HEAD~1"]);
    assert_eq!(ask().await, Reconciled::NotDone);
}

#[tokio::test]
async fn unknown_arguments_leave_the_rest_unknown() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let mut arguments = args(&[]);
    arguments.push(("message", Value::UNKNOWN));
    let planned = sandbox.plan(&arguments).await.expect("plans").value;
    assert!(!planned.get("commit").is_unknown(), "the commit is pinned all the same");
    assert!(planned.get("kind").is_unknown() && planned.get("object").is_unknown());
    for unknown in ["repository", "name", "ref"] {
        let mut arguments = args(&[]);
        arguments.retain(|(name, _)| *name != unknown);
        arguments.push((unknown, Value::UNKNOWN));
        let planned = sandbox.plan(&arguments).await.expect("plans").value;
        assert!(planned.get("commit").is_unknown(), "{unknown}");
    }
}

#[tokio::test]
async fn a_changed_record_asks_for_a_replacement_and_says_why_it_cannot_be() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One", "Two"]);
    let applied = sandbox.release(&args(&[])).await.expect("tags");
    let other = sandbox.plan_again(&args(&[("ref", "main")]), &applied).await.expect("plans");
    assert_eq!(
        (other.replace.len(), text(&other.value, "ref")),
        (0, "main"),
        "the same commit, told differently"
    );
    let older = sandbox.git("shop", &["rev-parse", "HEAD~1"]);
    let moved = sandbox.plan_again(&args(&[("ref", &older)]), &applied).await.expect("plans");
    assert_eq!(moved.replace[0].to_string(), "ref");
    assert!(moved.notes.iter().any(|note| note.contains(&older)), "{:?}", moved.notes);
    let problem = tag_type().destroy(&sandbox.context(), &applied, "k").await.expect_err("never deleted");
    assert_eq!(problem.kind, ProblemKind::Refused);
}

#[tokio::test]
async fn a_tag_can_be_imported() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let applied = sandbox.release(&args(&[("message", "Shop 1")])).await.expect("tags");
    let import = async |id: &'static str| tag_type().import(&sandbox.context(), id).await;
    let imported = import("shop#v1").await.expect("imports");
    for same in ["repository", "name", "message", "sign", "commit", "object", "kind"] {
        assert_eq!(imported.get(same), applied.get(same), "{same}");
    }
    assert_eq!(sandbox.read(&imported).await, Ok(Observed::Same));
    let again = sandbox.plan_again(&args(&[("message", "Shop 1")]), &imported).await.expect("plans");
    assert_eq!(again.replace, []);
    assert_eq!(import("shop#v9").await.expect_err("there is none").kind, ProblemKind::Missing);
    assert_eq!(import("shop").await.expect_err("no name").kind, ProblemKind::Refused);
}

#[tokio::test]
async fn of_creators_at_once_one_makes_the_tag() {
    let sandbox = Sandbox::new();
    sandbox.repository("shop", &["One"]);
    let planned = sandbox.plan(&args(&[("message", "Shop 1")])).await.expect("plans").value;
    let equal = tokio::join!(
        sandbox.apply_patiently(&planned),
        sandbox.apply_patiently(&planned),
        sandbox.apply_patiently(&planned)
    );
    let first = equal.0.expect("made or adopted");
    assert_eq!(equal.1.expect("made or adopted"), first);
    assert_eq!(equal.2.expect("made or adopted"), first);

    let second = args(&[("message", "Shop 2")]);
    let second: Vec<_> =
        second.into_iter().filter(|(name, _)| *name != "name").chain([("name", "v2".into())]).collect();
    let one = sandbox.plan(&second).await.expect("plans").value;
    sandbox.commit("shop", "Two", "file");
    let two = sandbox.plan(&second).await.expect("plans").value;
    let unequal = tokio::join!(sandbox.apply_patiently(&one), sandbox.apply_patiently(&two));
    let (won, lost) = match unequal {
        (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won.value, lost),
        both => panic!("exactly one must win: {both:?}"),
    };
    assert_eq!(lost.kind, ProblemKind::Conflict);
    assert_eq!(sandbox.ref_of("shop", "refs/tags/v2"), text(&won, "object"));
}
