//! The REST part against the emulator of npm's `emulate`, which somebody else wrote: what we and our stand-in might have
//! misunderstood in the same way. It knows no GraphQL, statuses, workflows or deployments, so the other types cannot run on it.

use github_stand_in::StandIn;
use relplan_contract::{Observed, ReconcileRequest, Reconciled, Value};
use serde_json::json;

use super::{arguments, context, make, read, resource};

fn emulator(tags: &[String]) -> StandIn {
    StandIn::before_emulator(&[json!({ "owner": "acme", "name": "shop", "topics": ["shop"], "tags": tags })])
}

fn shop() -> (&'static str, Value) {
    ("repository", "acme/shop".into())
}

#[tokio::test]
async fn a_commit_and_the_highest_of_many_versions() {
    let tags: Vec<String> =
        (0..130).map(|minor| format!("v1.{minor}.0")).chain(["v2.0.0-rc.1".into()]).collect();
    let stand_in = emulator(&tags);
    let found = read(&stand_in, "github_ref", [shop(), ("ref", "main".into())]).await.expect("a commit");
    assert_eq!(found.get("title").as_str(), Some("Initial commit"));
    let found = read(&stand_in, "github_latest_version", [shop()]).await.expect("a version");
    assert_eq!(found.get("version").as_str(), Some("1.129.0"));
    assert_eq!(stand_in.summary()["requests"], 4, "a commit, two pages of tags, and the first again");
}

#[tokio::test]
async fn an_issue_is_opened_once_and_found_again() {
    let stand_in = emulator(&[]);
    let issue = resource(&stand_in, "github_issue");
    let config =
        arguments(&*issue, [shop(), ("title", "Retrospective".into()), ("body", "What went well?".into())]);
    let opened = make(&*issue, &config).await.expect("an issue");
    assert_eq!(opened.get("number").as_i64(), Some(1));
    assert_eq!(issue.read(&context(), &opened).await, Ok(Observed::Same));
    let again = issue.plan(&context(), relplan_contract::PlanRequest { config: &config, prior: None }).await;
    let planned = again.expect("a plan").value;
    for (key, found) in [("key", true), ("another", false)] {
        let request =
            ReconcileRequest { planned: &planned, prior: None, key, reference: None, destroy: false };
        let reconciled = issue.reconcile(&context(), request).await.expect("an answer");
        assert_eq!(matches!(reconciled, Reconciled::Done(_)), found, "{key}");
    }
}

#[tokio::test]
async fn a_comment_is_edited_in_place() {
    let stand_in = emulator(&[]);
    let issue = resource(&stand_in, "github_issue");
    let opened = make(&*issue, &arguments(&*issue, [shop(), ("title", "The release".into())])).await;
    let number = opened.expect("an issue").get("number").clone();
    let comment = resource(&stand_in, "github_comment");
    let config = |body: &str| {
        let marker = ("marker", "release".into());
        arguments(&*comment, [shop(), ("number", number.clone()), marker, ("body", body.into())])
    };
    let first = make(&*comment, &config("One moment.")).await.expect("a comment");
    let second = make(&*comment, &config("It is out.")).await.expect("a comment");
    assert_eq!(first.get("id"), second.get("id"));
    assert_eq!(comment.read(&context(), &second).await, Ok(Observed::Same));
    comment.destroy(&context(), &second, "key").await.expect("gone");
    assert_eq!(comment.read(&context(), &second).await, Ok(Observed::Absent));
}
