//! The gate of merged pull requests, and the list for the notes.

use github_stand_in::StandIn;
use relplan_contract::{Outcome, Value, Verdict};
use serde_json::{Value as Json, json};

use super::{arguments, plan, read, resource, shop};

fn with(pulls: &[Json]) -> Json {
    let mut one = shop();
    one["pulls"] = json!(pulls);
    one
}

fn merged(number: i64, title: &str, more: &Json) -> Json {
    let mut pull = json!({
        "number": number, "title": title, "author": "bob", "merged": true, "merged_at": "2026-02-01T00:00:00Z",
        "merge_commit": "c2", "reviews": [{ "author": "ann", "state": "APPROVED" }],
        "check_runs": [{ "name": "build", "conclusion": "success" }],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        pull[name] = value.clone();
    }
    pull
}

async fn gate(stand_in: &StandIn, given: [(&str, Value); 2]) -> Verdict {
    let gate = resource(stand_in, "github_pull_requests");
    let [first, second] = given;
    let config = arguments(&*gate, [("repository", "acme/shop".into()), first, second]);
    plan(&*gate, &config).await.expect("a plan").preview.expect("a preview")
}

const ALL: [(&str, Value); 2] = [("milestone", Value::NULL), ("labels", Value::NULL)];

#[tokio::test]
async fn merged_reviewed_and_green_passes() {
    let older = json!({ "merge_commit": "c1", "merged_at": "2026-01-01T00:00:00Z", "reviews": [] });
    let stand_in = StandIn::with(&[with(&[merged(1, "feat: x", &json!({})), merged(2, "old", &older)])]);
    let verdict = gate(&stand_in, ALL).await;
    assert_eq!(verdict, Verdict::new(Outcome::Passed, "1 pull request merged, reviewed and green."));
}

#[tokio::test]
async fn what_is_in_the_way_is_told() {
    let unreviewed = json!({ "reviews": [{ "author": "bob", "state": "APPROVED" }] });
    let red = json!({ "check_runs": [{ "name": "build", "conclusion": "failure" }] });
    let open = json!({
        "number": 5, "title": "Faster", "author": "eve", "created_at": "2026-01-01T00:00:00Z", "milestone": "v1.2",
        "reviews": [{ "author": "ann", "state": "CHANGES_REQUESTED" }],
    });
    let other_branch = json!({ "number": 6, "title": "Docs", "base": "docs" });
    let stand_in = StandIn::with(&[with(&[open.clone(), other_branch.clone()])]);
    let verdict = gate(&stand_in, ALL).await;
    assert_eq!(
        (verdict.outcome, verdict.summary.as_str()),
        (Outcome::Pending, "1 pull request open, 0 merged.")
    );
    let line = &verdict.details[0];
    assert!(line.starts_with("acme/shop#5 \"Faster\" by eve, "), "{line}");
    let rest =
        "days old: open, 0 of 1 approvals, changes asked for by ann. https://github.test/acme/shop/pull/5";
    assert!(line.ends_with(rest), "{line}");

    let pulls = [open, merged(7, "a", &unreviewed), merged(8, "b", &red), merged(9, "c", &json!({}))];
    let stand_in = StandIn::with(&[with(&pulls)]);
    let verdict = gate(&stand_in, ALL).await;
    assert_eq!(verdict.outcome, Outcome::Failed);
    assert_eq!(verdict.summary, "2 pull requests merged against the rules, 1 more open.");
    assert!(verdict.details[0].contains("merged, 0 of 1 approvals"), "{:?}", verdict.details);
    assert!(verdict.details[1].contains("checks failed"), "{:?}", verdict.details);

    let verdict = gate(&stand_in, [("milestone", "v1.2".into()), ("labels", Value::NULL)]).await;
    assert_eq!(verdict.outcome, Outcome::Pending);
    let verdict = gate(&stand_in, [("milestone", "v9".into()), ("labels", Value::NULL)]).await;
    assert_eq!(verdict, Verdict::new(Outcome::Inconclusive, "There is no pull request of milestone v9."));
}

#[tokio::test]
async fn further_pages_and_repositories_are_read() {
    let many: Vec<Json> = (1..=120)
        .map(|number| {
            let at = format!("2026-02-01T{:02}:{:02}:00Z", number / 60, number % 60);
            merged(number, "x", &json!({ "updated_at": at }))
        })
        .collect();
    let mut cart = with(&many);
    cart["name"] = json!("cart");
    let stand_in = StandIn::with(&[with(&many), cart]);
    let repositories = Value::set(["acme/shop", "acme/cart"].map(Value::from));
    let found = read(&stand_in, "github_merged_pull_requests", [("repositories", repositories)]).await;
    assert_eq!(found.expect("pull requests").get("total").as_i64(), Some(240));
    // The last releases, three pages, and the first again.
    assert_eq!(stand_in.summary()["requests"], 5);
}

#[tokio::test]
async fn titles_and_labels_are_read_for_the_notes() {
    let breaking = json!({ "labels": ["bug", "area/cart"], "body": "BREAKING CHANGE: coupons are gone\n" });
    let stand_in = StandIn::with(&[with(&[merged(3, "fix(cart): forget coupons", &breaking)])]);
    let found = read(&stand_in, "github_merged_pull_requests", [("repository", "acme/shop".into())]).await;
    let found = found.expect("pull requests");
    let pull = &found.get("pull_requests").as_list().expect("a list")[0];
    let told = |name: &str| pull.get(name).as_str().map(str::to_owned);
    assert_eq!((told("type").as_deref(), told("scope").as_deref()), (Some("fix"), Some("cart")));
    assert_eq!((told("title").as_deref(), told("author").as_deref()), (Some("forget coupons"), Some("bob")));
    assert_eq!(
        (pull.get("breaking").as_bool(), told("breaking_note").as_deref()),
        (Some(true), Some("coupons are gone"))
    );
    assert_eq!(super::texts(pull.get("labels")), ["area/cart", "bug"]);
}
