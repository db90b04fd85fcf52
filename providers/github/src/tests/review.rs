//! Whose plan in a pull request counts: that of the account whose token asks, as it was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use github_stand_in::{StandIn, TOKEN};
use relplan_contract::{Configured, Problem, ProblemKind, Provider as _, Review, Reviews, Value};
use serde_json::{Value as Json, json};

use super::{arguments, context, make, shop};
use crate::Github;

const REVIEW: Review<'static> = Review { change: "acme/shop#7", topic: " product=shop version=1.2.0 " };

/// A text as relplan writes it for reviewers.
fn plan(digest: &str, topic: &str) -> String {
    format!(
        "<!-- relplan_plan_markdown:1 digest=sha256:{digest}{topic}mode=apply -->\n### Plan\n\nIt is {digest}.\n"
    )
}

/// The stand-in where relplan asks as a bot, or as somebody.
struct Scene {
    stand_in: StandIn,
    reviews: Arc<dyn Reviews>,
    configured: Configured,
}

impl Scene {
    fn asking_as(login: &str) -> Self {
        let mut repository = shop();
        repository["pulls"] =
            json!([{ "number": 7, "title": "Release" }, { "number": 8, "title": "Another" }]);
        let stand_in = StandIn::seeded(&json!({
            "users": [{ "login": "ann" }], "tokens": { TOKEN: { "login": login } }, "organizations": ["acme"],
            "repositories": [repository],
        }));
        let block = Value::map([("base_url", Value::from(stand_in.url())), ("token", Value::from(TOKEN))]);
        let configured = Github.configure(&block, &BTreeMap::new());
        let configured = configured.unwrap_or_else(|problem| panic!("{problem}"));
        let reviews = configured.reviews.clone().expect("reviews");
        Self { stand_in, reviews, configured }
    }

    fn change(&self, mut change: Json) {
        change["repository"] = "acme/shop".into();
        self.stand_in.change(&change);
    }

    fn says(&self, author: &str, issue: u64, body: &str) {
        self.change(json!({ "add_comment": { "issue": issue, "author": author, "body": body } }));
    }

    fn comments(&self) -> Vec<Json> {
        self.stand_in.state()["acme/shop"]["comments"].as_array().cloned().unwrap_or_default()
    }

    async fn publish(&self, text: &str) {
        self.reviews.publish(&context(), REVIEW, text).await.unwrap_or_else(|problem| panic!("{problem}"));
    }

    async fn published(&self) -> Result<Option<String>, Problem> {
        self.reviews.published(&context(), REVIEW).await
    }
}

#[tokio::test]
async fn nobody_else_writes_a_plan_whatever_they_are_called() {
    for (own, others) in [
        ("relplan[bot]", vec!["relplan", "Relplan", "relplan-bot", "relplan[bot", "another[bot]"]),
        ("github-actions[bot]", vec!["github-actions", "github-actions-bot", "relplan[bot]"]),
        // Where a person's token asks, a bot of that name is another one.
        ("ann", vec!["ann[bot]", "Ann", "bob"]),
    ] {
        let scene = Scene::asking_as(own);
        for other in &others {
            scene.says(other, 7, &plan("forged", REVIEW.topic));
            assert_eq!(scene.published().await, Ok(None), "{own}: {other}");
        }
        scene.publish(&plan("ours", REVIEW.topic)).await;
        for other in &others {
            scene.says(other, 7, &plan("forged", REVIEW.topic));
        }
        let found = scene.published().await.expect("asked").expect("a plan");
        assert!(found.contains("digest=sha256:ours"), "{own}: {found}");
        // And nobody else's text is edited.
        scene.publish(&plan("later", REVIEW.topic)).await;
        let edited = scene.comments().into_iter().filter(|one| one["edits"].is_number());
        let authors: Vec<Json> = edited.map(|mut one| one["author"].take()).collect();
        assert_eq!(authors, [own]);
    }
}

#[tokio::test]
async fn a_plan_that_somebody_edited_is_none() {
    let scene = Scene::asking_as("relplan[bot]");
    scene.publish(&plan("ours", REVIEW.topic)).await;
    let id = scene.comments()[0]["id"].clone();
    let edit = |editor: &str, digest: &str| {
        let body = plan(digest, REVIEW.topic);
        scene.change(json!({ "edit_comment": { "id": id, "editor": editor, "body": body } }));
    };
    for editor in ["eve", "relplan", "another[bot]", "ghost"] {
        edit(editor, &format!("by {editor}"));
        let problem = scene.published().await.expect_err(editor);
        let name = if editor == "ghost" { "somebody who is gone" } else { editor.trim_end_matches("[bot]") };
        assert_eq!(problem.kind, ProblemKind::Conflict);
        assert!(
            problem.message.contains(&format!("was edited by {name} after relplan wrote it")),
            "{problem}"
        );
    }
    // Put back as it was, it was in their hands all the same.
    edit("eve", "ours");
    scene.published().await.expect_err("edited");
    // Planning again makes one that was not.
    scene.publish(&plan("ours", REVIEW.topic)).await;
    let found = scene.published().await.expect("asked").expect("a plan");
    assert!(found.contains("digest=sha256:ours"), "{found}");
    let hidden: Vec<bool> = scene.comments().iter().map(|one| one["minimized"] == "OUTDATED").collect();
    assert_eq!(hidden, [true, false]);
    // What we edit ourselves stays ours.
    scene.publish(&plan("later", REVIEW.topic)).await;
    assert!(scene.published().await.expect("asked").expect("a plan").contains("digest=sha256:later"));
    assert_eq!(scene.comments().len(), 2);
}

#[tokio::test]
async fn a_plan_that_reviewers_do_not_see_is_none() {
    let scene = Scene::asking_as("relplan[bot]");
    scene.publish(&plan("ours", REVIEW.topic)).await;
    scene.change(json!({ "hide_comment": scene.comments()[0]["id"] }));
    let problem = scene.published().await.expect_err("hidden");
    assert!(problem.message.contains("was hidden"), "{problem}");
    scene.publish(&plan("ours", REVIEW.topic)).await;
    assert!(scene.published().await.expect("asked").is_some());
}

#[tokio::test]
async fn two_plans_that_differ_are_none() {
    let scene = Scene::asking_as("relplan[bot]");
    scene.says("relplan[bot]", 7, &plan("one", REVIEW.topic));
    scene.says("relplan[bot]", 7, &plan("one", REVIEW.topic));
    assert!(scene.published().await.expect("asked").is_some());
    scene.says("relplan[bot]", 7, &plan("two", REVIEW.topic));
    let problem = scene.published().await.expect_err("two");
    assert!(problem.message.contains("is there twice"), "{problem}");
    scene.publish(&plan("three", REVIEW.topic)).await;
    assert!(scene.published().await.expect("asked").expect("a plan").contains("sha256:three"));
}

#[tokio::test]
async fn what_stands_elsewhere_is_no_plan_of_this_release() {
    let scene = Scene::asking_as("relplan[bot]");
    scene.says("relplan[bot]", 8, &plan("of another request", REVIEW.topic));
    scene.says("relplan[bot]", 7, &format!("He wrote:\n{}", plan("quoted", REVIEW.topic)));
    for topic in [
        " product=shop version=1.2.0-rc.1 ",
        " product=shop-a version=1.2.0 ",
        " product=Shop version=1.2.0 ",
    ] {
        scene.says("relplan[bot]", 7, &plan("of another release", topic));
    }
    assert_eq!(scene.published().await, Ok(None));
}

#[tokio::test]
async fn a_comment_or_an_issue_of_somebody_else_is_not_taken_over() {
    let scene = Scene::asking_as("relplan[bot]");
    scene.says("relplan", 7, "Not released.\n\n<!-- relplan:status -->\n");
    let comment = Arc::clone(&scene.configured.resources["github_comment"]);
    let config = arguments(
        &*comment,
        [
            ("repository", "acme/shop".into()),
            ("number", 7.into()),
            ("marker", "status".into()),
            ("body", "Released.".into()),
        ],
    );
    let made = make(&*comment, &config).await.expect("a comment");
    let comments = scene.comments();
    let bodies: Vec<&str> = comments.iter().filter_map(|one| one["body"].as_str()).collect();
    assert_eq!(
        bodies,
        ["Not released.\n\n<!-- relplan:status -->\n", "Released.\n\n<!-- relplan:status -->\n"]
    );
    comment.destroy(&context(), &made, "key").await.expect("gone");
    assert_eq!(scene.comments().len(), 1);
}

#[tokio::test]
async fn who_approves_is_told_by_the_last_word_of_each() {
    let scene = Scene::asking_as("relplan[bot]");
    let seeded = json!([
        { "number": 7, "title": "Release", "author": "cy", "reviews": [
            { "author": "ann", "state": "CHANGES_REQUESTED" },
            { "author": "bob", "state": "APPROVED" },
            { "author": "eve", "state": "APPROVED" },
            { "author": "ann", "state": "APPROVED" },
            { "author": "bob", "state": "COMMENTED" },
            { "author": "eve", "state": "DISMISSED" },
            // These may not write, wrote it, or saw something else.
            { "author": "dan", "state": "APPROVED", "writer": false },
            { "author": "cy", "state": "APPROVED" },
            { "author": "fay", "state": "APPROVED", "commit": "before" },
        ] },
    ]);
    let mut repository = shop();
    repository["pulls"] = seeded;
    let stand_in = StandIn::seeded(&json!({
        "users": [{ "login": "ann" }, { "login": "bob" }, { "login": "eve" }],
        "tokens": { TOKEN: { "login": "relplan[bot]" } }, "organizations": ["acme"],
        "repositories": [repository],
    }));
    let block = Value::map([("base_url", Value::from(stand_in.url())), ("token", Value::from(TOKEN))]);
    let configured = Github.configure(&block, &BTreeMap::new()).unwrap_or_else(|problem| panic!("{problem}"));
    let reviews = configured.reviews.expect("reviews");
    assert_eq!(reviews.approved_by(&context(), REVIEW).await, Ok(vec!["ann".to_owned(), "bob".to_owned()]));
    let nobody = scene.reviews.approved_by(&context(), REVIEW).await;
    assert_eq!(nobody, Ok(Vec::new()));
}
