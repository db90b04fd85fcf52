//! Tags: pinned by the plan, made once, adopted when equal, found again after every fault.

use github_stand_in::StandIn;
use relplan_contract::{ApplyRequest, Observed, ProblemKind, ReconcileRequest, Reconciled, Value};
use serde_json::json;

use super::{apply, arguments, configured, context, make, plan, resource, shop};

#[tokio::test]
async fn the_plan_pins_and_shows_the_commit() {
    let stand_in = StandIn::with(&[shop()]);
    let tag = resource(&stand_in, "github_tag");
    let config = arguments(&*tag, [("repository", "acme/shop".into()), ("name", "v1.2.0".into())]);
    let planned = plan(&*tag, &config).await.expect("a plan");
    let head = stand_in.state()["acme/shop"]["commits"]["c2"].as_str().expect("a commit").to_owned();
    assert_eq!(planned.value.get("commit").as_str(), Some(head.as_str()));
    let short = &head[..7];
    let note = format!(
        "Commit {short} \"Fix the cart\" by Ann of 2026-02-03, checks passed, 1 commit ahead of v1.1.0."
    );
    assert_eq!(planned.notes, [note]);

    stand_in.change(&json!({ "repository": "acme/shop", "commit": { "id": "c3", "message": "Later" } }));
    let made = apply(&*tag, &planned.value).await.expect("a tag").value;
    assert_eq!(made.get("commit").as_str(), Some(head.as_str()));
    assert_eq!(stand_in.state()["acme/shop"]["tags"]["v1.2.0"]["commit"], head);
}

#[tokio::test]
async fn an_annotated_tag_has_its_message_and_tagger() {
    let stand_in = StandIn::with(&[shop()]);
    let tag = resource(&stand_in, "github_tag");
    let tagger = Value::map([("name", Value::from("Ann")), ("email", "ann@example.com".into())]);
    let config = arguments(
        &*tag,
        [
            ("repository", "acme/shop".into()),
            ("name", "v1.2.0".into()),
            ("message", "Shop 1.2.0".into()),
            ("tagger", tagger),
        ],
    );
    let made = make(&*tag, &config).await.expect("a tag");
    let there = stand_in.state()["acme/shop"]["tags"]["v1.2.0"].clone();
    assert_eq!(
        (&there["message"], there["object"].as_str()),
        (&json!("Shop 1.2.0"), made.get("object").as_str())
    );
    // Made again, it is adopted.
    assert_eq!(make(&*tag, &config).await.expect("the same tag"), made);
}

#[tokio::test]
async fn an_equal_tag_is_adopted_and_another_is_a_conflict() {
    let stand_in = StandIn::with(&[shop()]);
    let tag = resource(&stand_in, "github_tag");
    let at = |reference: &str| {
        let given =
            [("repository", "acme/shop".into()), ("name", "v1.1.0".into()), ("ref", reference.into())];
        arguments(&*tag, given)
    };
    let old = stand_in.state()["acme/shop"]["commits"]["c1"].as_str().expect("a commit").to_owned();
    let planned = plan(&*tag, &at(&old)).await.expect("a plan");
    assert_eq!(
        planned.notes.last().map(String::as_str),
        Some("The tag `v1.1.0` is there already and will be adopted.")
    );
    let problem = plan(&*tag, &at("main")).await.expect_err("a conflict");
    assert_eq!(problem.kind, ProblemKind::Conflict);
    assert!(problem.message.contains("it is at commit"), "{problem}");
    let problem = plan(&*tag, &at("nowhere")).await.expect_err("no such branch");
    assert_eq!(problem.message, "There is no branch, tag or commit `nowhere` in acme/shop.");
}

#[tokio::test]
async fn refusals_are_told_clearly() {
    let mut frozen = shop();
    frozen["archived"] = json!(true);
    let mut ruled = shop();
    ruled["name"] = json!("ruled");
    ruled["rules"] = json!([{ "tags": "v*", "refuse": "create" }]);
    let stand_in = StandIn::with(&[frozen, ruled]);
    let tag = resource(&stand_in, "github_tag");
    let of =
        |repository: &str| arguments(&*tag, [("repository", repository.into()), ("name", "v1.2.0".into())]);
    let problem = plan(&*tag, &of("acme/shop")).await.expect_err("archived");
    assert!(problem.message.contains("is archived"), "{problem}");
    let problem = make(&*tag, &of("acme/ruled")).await.expect_err("a ruleset");
    assert!(problem.hint.contains("A ruleset or a protected tag forbids it"), "{problem:?}");
    assert_eq!(problem.kind, ProblemKind::Refused);
    let problem = plan(&*tag, &of("acme/none")).await.expect_err("no such repository");
    assert_eq!(problem.kind, ProblemKind::Missing);
}

#[tokio::test]
async fn what_others_do_is_found() {
    let stand_in = StandIn::with(&[shop()]);
    let tag = resource(&stand_in, "github_tag");
    let config = arguments(&*tag, [("repository", "acme/shop".into()), ("name", "v1.2.0".into())]);
    let made = make(&*tag, &config).await.expect("a tag");
    assert_eq!(tag.read(&context(), &made).await, Ok(Observed::Same));
    stand_in.change(&json!({ "repository": "acme/shop", "set_tag": { "name": "v1.2.0", "commit": "c1" } }));
    let moved = tag.read(&context(), &made).await.expect("an answer");
    assert!(matches!(&moved, Observed::Present(now) if now.get("commit") != made.get("commit")), "{moved:?}");
    stand_in.change(&json!({ "repository": "acme/shop", "delete_tag": "v1.2.0" }));
    assert_eq!(tag.read(&context(), &made).await, Ok(Observed::Absent));
}

#[tokio::test]
async fn a_lost_answer_does_no_harm() {
    let stand_in = StandIn::with(&[shop()]);
    let tag = resource(&stand_in, "github_tag");
    let config = arguments(&*tag, [("repository", "acme/shop".into()), ("name", "v1.2.0".into())]);
    let planned = plan(&*tag, &config).await.expect("a plan").value;
    // The first request of apply makes the ref.
    stand_in.faults(&json!([{ "match": { "path": "graphql", "nth": 1 }, "do": "lose" }]));
    let made = apply(&*tag, &planned).await.expect("found again").value;
    let other = arguments(&*tag, [("repository", "acme/shop".into()), ("name", "v1.3.0".into())]);
    let planned = plan(&*tag, &other).await.expect("a plan").value;
    stand_in.faults(&json!([{ "match": { "path": "graphql", "nth": 1 }, "do": "reset" }]));
    let problem = apply(&*tag, &planned).await.expect_err("not made");
    assert_eq!(problem.kind, ProblemKind::Retry, "{problem}");
    let request =
        |planned| ReconcileRequest { planned, prior: None, key: "key", reference: None, destroy: false };
    stand_in.faults(&json!([]));
    let context = context();
    assert_eq!(tag.reconcile(&context, request(&planned)).await, Ok(Reconciled::NotDone));
    assert!(matches!(tag.reconcile(&context, request(&made)).await, Ok(Reconciled::Done(_))));
}

#[tokio::test]
async fn a_hundred_tags_are_a_few_requests() {
    let repositories: Vec<_> = (0..100)
        .map(|number| {
            let mut one = shop();
            one["name"] = json!(format!("shop-{number:03}"));
            one
        })
        .collect();
    let stand_in = StandIn::with(&repositories);
    let tag = std::sync::Arc::clone(&configured(&stand_in).resources["github_tag"]);
    let mut makers = tokio::task::JoinSet::new();
    for number in 0..100 {
        let tag = std::sync::Arc::clone(&tag);
        let name = format!("acme/shop-{number:03}");
        makers.spawn(async move {
            let config = arguments(&*tag, [("repository", name.into()), ("name", "v1.2.0".into())]);
            let planned = plan(&*tag, &config).await.expect("a plan").value;
            let context = context();
            let request = ApplyRequest { planned: &planned, prior: None, key: "key" };
            tag.apply(&context, request).await.expect("a tag")
        });
    }
    while let Some(made) = makers.join_next().await {
        made.expect("no panic");
    }
    let (state, summary) = (stand_in.state(), stand_in.summary());
    let repositories = state.as_object().expect("repositories");
    assert!(repositories.values().all(|one| one["tags"]["v1.2.0"]["commit"] == one["commits"]["c2"]));
    assert!(summary["requests"].as_i64() <= Some(40), "{}", summary["requests"]);
    assert!(summary["most_at_once"].as_i64() <= Some(10), "{}", summary["most_at_once"]);
}
