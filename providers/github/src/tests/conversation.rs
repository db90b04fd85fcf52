//! Comments: whose they are, whether anybody sees them, and conversations that are locked.

use std::collections::BTreeMap;
use std::sync::Arc;

use github_stand_in::{StandIn, TOKEN};
use relplan_contract::{
    ApplyRequest, Context, Observed, Problem, Provider as _, Resource, Review, Reviews, Value,
};
use serde_json::{Value as Json, json};

use super::{arguments, context, resource, shop};
use crate::Github;

const MARK: &str = "\n\n<!-- relplan:status -->\n";

fn started() -> StandIn {
    let mut repository = shop();
    repository["pulls"] = json!([{ "number": 7, "title": "Release" }]);
    repository["readers"] = json!(["eve"]);
    StandIn::seeded(&json!({
        "users": [{ "login": "ann" }, { "login": "eve" }], "organizations": ["acme"],
        "tokens": { TOKEN: { "login": "ann" }, "ghp_eve_4k2j8d6s1f9g3h5": { "login": "eve" } }, "repositories": [repository],
    }))
}

fn change(stand_in: &StandIn, mut change: Json) {
    change["repository"] = "acme/shop".into();
    stand_in.change(&change);
}

/// What is there: who wrote it, its first word, and whether it is hidden.
fn comments(stand_in: &StandIn) -> Vec<(String, String, bool)> {
    let state = stand_in.state();
    let all = state["acme/shop"]["comments"].as_array().cloned().unwrap_or_default();
    let told = |one: &Json, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let first = |one: &Json| told(one, "body").split_whitespace().next().unwrap_or_default().to_owned();
    all.iter().map(|one| (told(one, "author"), first(one), one["minimized"].is_string())).collect()
}

fn told(all: &[(&str, &str, bool)]) -> Vec<(String, String, bool)> {
    all.iter().map(|(author, word, hidden)| ((*author).to_owned(), (*word).to_owned(), *hidden)).collect()
}

async fn write(comment: &Arc<dyn Resource>, body: &str, prior: Option<&Value>) -> Result<Value, Problem> {
    let given = [
        ("repository", "acme/shop".into()),
        ("number", 7.into()),
        ("marker", "status".into()),
        ("body", body.into()),
    ];
    let planned = arguments(&**comment, given);
    let request = ApplyRequest { planned: &planned, prior, key: "key" };
    comment.apply(&context(), request).await.map(|applied| applied.value)
}

#[tokio::test]
async fn what_others_wrote_is_left_to_them_even_where_the_state_names_it() {
    let stand_in = started();
    change(
        &stand_in,
        json!({ "add_comment": { "issue": 7, "author": "eve", "body": format!("Mine{MARK}") } }),
    );
    let theirs = stand_in.state()["acme/shop"]["comments"][0]["id"].as_i64().expect("a number");
    let comment = resource(&stand_in, "github_comment");
    let ours = write(&comment, "Released", None).await.expect("a comment");
    let both = told(&[("eve", "Mine", false), ("ann", "Released", false)]);
    assert_eq!(comments(&stand_in), both);
    // An older relplan had taken it over.
    let taken = ours.clone().with("id", theirs.into());
    write(&comment, "Later", Some(&taken)).await.expect("a comment");
    assert_eq!(comments(&stand_in), told(&[("eve", "Mine", false), ("ann", "Later", false)]));
    comment.destroy(&context(), &taken, "key").await.expect("gone");
    assert_eq!(comments(&stand_in), told(&[("eve", "Mine", false)]));
    assert_eq!(comment.read(&context(), &taken).await, Ok(Observed::Absent));
    comment.destroy(&context(), &taken, "key").await.expect("nothing of ours");
    assert_eq!(comments(&stand_in).len(), 1);
}

#[tokio::test]
async fn one_comment_stays_where_two_runs_wrote_one_each() {
    let stand_in = started();
    let comment = resource(&stand_in, "github_comment");
    for body in ["First", "Second"] {
        let body = format!("{body}{MARK}");
        change(&stand_in, json!({ "add_comment": { "issue": 7, "author": "ann", "body": body } }));
    }
    let quoted = format!("Quoted\n\n> {}", MARK.trim());
    change(&stand_in, json!({ "add_comment": { "issue": 7, "author": "ann", "body": quoted } }));
    write(&comment, "Released", None).await.expect("a comment");
    let left = told(&[("ann", "Released", false), ("ann", "Quoted", false)]);
    assert_eq!(comments(&stand_in), left);
}

#[tokio::test]
async fn what_somebody_minimised_is_shown_again_when_it_changes() {
    let stand_in = started();
    let comment = resource(&stand_in, "github_comment");
    let first = write(&comment, "Released", None).await.expect("a comment");
    change(&stand_in, json!({ "minimize": 7 }));
    // That somebody minimised it is no drift: its text is read by whoever wants to.
    assert_eq!(comment.read(&context(), &first).await, Ok(Observed::Same));
    let second = write(&comment, "Deployed", Some(&first)).await.expect("a comment");
    assert_eq!(comments(&stand_in), told(&[("ann", "Deployed", false)]));
    assert_eq!(first.get("id"), second.get("id"));
    // Where the token may not show it, a new one is written.
    change(&stand_in, json!({ "minimize": 7 }));
    stand_in.settings(&json!({ "forbid": ["minimize"] }));
    let third = write(&comment, "Verified", Some(&second)).await.expect("a comment");
    assert_eq!(comments(&stand_in), told(&[("ann", "Verified", false)]));
    assert_ne!(second.get("id"), third.get("id"));
    // One that is to be made, and is there from a ledger that is lost, is shown, too.
    change(&stand_in, json!({ "minimize": 7 }));
    stand_in.settings(&json!({ "forbid": [] }));
    write(&comment, "Verified", None).await.expect("a comment");
    assert_eq!(comments(&stand_in), told(&[("ann", "Verified", false)]));
}

/// The types as eve's token has them, who may only read.
fn as_eve(stand_in: &StandIn) -> (Arc<dyn Resource>, Arc<dyn Reviews>) {
    let block = [("base_url", Value::from(stand_in.url())), ("token", "ghp_eve_4k2j8d6s1f9g3h5".into())];
    let configured = Github.configure(&Value::map(block), &BTreeMap::new());
    let configured = configured.unwrap_or_else(|problem| panic!("{problem}"));
    (Arc::clone(&configured.resources["github_comment"]), configured.reviews.expect("reviews"))
}

#[tokio::test]
async fn a_locked_conversation_is_called_so() {
    let stand_in = started();
    change(&stand_in, json!({ "lock": 7 }));
    let (comment, reviews) = as_eve(&stand_in);
    let problem = write(&comment, "Released", None).await.expect_err("locked");
    assert!(problem.hint.starts_with("The conversation is locked"), "{problem:?}");
    let review = Review { change: "acme/shop#7", topic: " product=shop " };
    let text = "<!-- relplan_plan_markdown:1 digest=sha256:0 product=shop -->\nPlan";
    let problem = reviews.publish(&context(), review, text).await.expect_err("locked");
    assert!(problem.hint.starts_with("The conversation is locked"), "{problem:?}");
    // Whoever may write comments there all the same.
    write(&resource(&stand_in, "github_comment"), "Released", None).await.expect("a comment");
}

#[tokio::test]
async fn a_text_that_is_known_late_may_not_be_too_long_either() {
    let stand_in = started();
    for (length, fits) in [(65_000, true), (65_001, false), (200_000, false)] {
        let body = "y".repeat(length);
        let written = write(&resource(&stand_in, "github_comment"), &body, None).await;
        assert_eq!(written.is_ok(), fits, "{length}");
        if let Err(problem) = written {
            assert!(problem.message.contains("65000 characters"), "{problem}");
        }
    }
}

#[tokio::test]
async fn an_older_plan_that_may_not_be_folded_is_no_plan_any_more() {
    let stand_in = started();
    let reviews = super::configured(&stand_in).reviews.expect("reviews");
    let review = Review { change: "acme/shop#7", topic: " product=shop version=1.2.0 " };
    let plan = |digest: &str| {
        format!(
            "<!-- relplan_plan_markdown:1 digest=sha256:{digest}{}mode=apply -->\n{digest}\n",
            review.topic
        )
    };
    for digest in ["one", "two"] {
        change(&stand_in, json!({ "add_comment": { "issue": 7, "author": "ann", "body": plan(digest) } }));
    }
    stand_in.settings(&json!({ "forbid": ["minimize"] }));
    reviews.publish(&context(), review, &plan("three")).await.expect("written");
    let found = reviews.published(&context(), review).await.expect("one plan").expect("a plan");
    assert!(found.contains("sha256:three"), "{found}");
    assert_eq!(comments(&stand_in)[0].1, "_An");
}

#[tokio::test]
async fn a_number_alone_is_of_the_server_that_the_environment_names() {
    let stand_in = started();
    let reviews = super::configured(&stand_in).reviews.expect("reviews");
    let with = |api: Option<&str>| {
        let mut environment = BTreeMap::from([("GITHUB_REPOSITORY".to_owned(), "acme/shop".to_owned())]);
        environment.extend(api.map(|api| ("GITHUB_API_URL".to_owned(), api.to_owned())));
        Context { environment: Arc::new(environment), ..context() }
    };
    let text = "<!-- relplan_plan_markdown:1 digest=sha256:0 product=shop -->\nPlan";
    for (api, change, fits) in [
        (Some("https://api.github.com"), "7", false),
        (Some("https://api.github.com"), "acme/shop#7", true),
        (Some(stand_in.url()), "7", true),
        (None, "7", true),
        (Some(""), "7", true),
    ] {
        let review = Review { change, topic: " product=shop " };
        let context = with(api);
        let published = reviews.publish(&context, review, text).await;
        assert_eq!(published.is_ok(), fits, "{api:?} {change} {published:?}");
        assert_eq!(reviews.published(&context, review).await.is_ok(), fits, "{api:?} {change}");
        assert_eq!(reviews.approved_by(&context, review).await.is_ok(), fits, "{api:?} {change}");
    }
    assert_eq!(comments(&stand_in).len(), 1);
}
