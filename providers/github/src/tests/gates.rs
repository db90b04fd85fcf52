//! What must not open the gate: what cannot be read, approvals that do not count, and what hides while lists are read.

use github_stand_in::StandIn;
use relplan_contract::{Outcome, Problem, Value, Verdict};
use serde_json::{Value as Json, json};

use super::{arguments, plan, read, resource, shop};

/// A pull request that was merged as c2, approved by ann, and green.
fn pull(number: u64, more: &Json) -> Json {
    let mut pull = json!({
        "number": number, "title": format!("Change {number}"), "author": "bob", "merged": true, "merged_at": "2026-02-10T00:00:00Z",
        "merge_commit": "c2", "reviews": [{ "author": "ann", "state": "APPROVED" }],
        "check_runs": [{ "name": "build", "conclusion": "success" }],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        pull[name] = value.clone();
    }
    pull
}

fn with(pulls: Vec<Json>) -> Json {
    let mut one = shop();
    one["commits"][1]["date"] = json!("2026-02-11T00:00:00Z");
    one["pulls"] = Json::Array(pulls);
    one["readers"] = json!(["eve"]);
    one
}

async fn asked<const N: usize>(stand_in: &StandIn, given: [(&str, Value); N]) -> Result<Verdict, Problem> {
    let gate = resource(stand_in, "github_pull_requests");
    let given = Value::map(given).with("repository", "acme/shop".into());
    let names =
        ["repository", "milestone", "labels", "base", "since", "checks", "stale_approvals", "approvals"];
    let config = arguments(&*gate, names.map(|name| (name, given.get(name).clone())));
    Ok(plan(&*gate, &config).await?.preview.expect("a preview"))
}

async fn gate<const N: usize>(stand_in: &StandIn, given: [(&str, Value); N]) -> Verdict {
    asked(stand_in, given).await.unwrap_or_else(|problem| panic!("{problem}"))
}

async fn outcome(pulls: Vec<Json>) -> Outcome {
    gate(&StandIn::with(&[with(pulls)]), []).await.outcome
}

#[tokio::test]
async fn checks_that_may_not_be_read_are_not_green() {
    let red = json!({ "check_runs": [{ "conclusion": "failure" }] });
    let open = json!({ "merged": false });
    let stand_in = StandIn::with(&[with(vec![pull(1, &red)])]);
    assert_eq!(gate(&stand_in, []).await.outcome, Outcome::Failed);
    stand_in.settings(&json!({ "forbid": ["checks"] }));
    let verdict = gate(&stand_in, []).await;
    assert_eq!(verdict.outcome, Outcome::Inconclusive, "{verdict:?}");
    assert!(verdict.summary.contains("`checks: read` and `statuses: read`"), "{verdict:?}");
    assert!(verdict.details[0].contains("#1 \"Change 1\""), "{verdict:?}");
    // Who does not want them does not ask for them either.
    let before = stand_in.log().len();
    assert_eq!(gate(&stand_in, [("checks", false.into())]).await.outcome, Outcome::Passed);
    let asked: Vec<String> = stand_in.log()[before..].iter().map(|entry| entry["body"].to_string()).collect();
    assert!(!asked.join("").contains("statusCheckRollup"), "{asked:?}");
    let list = read(&stand_in, "github_merged_pull_requests", [("repository", "acme/shop".into())]).await;
    assert_eq!(list.expect("a list").get("total").as_i64(), Some(1));

    // An open one is waited for whatever its checks are; one that breaks another rule fails for that.
    for (pulls, outcome) in [
        (vec![pull(1, &open)], Outcome::Pending),
        (vec![pull(1, &open), pull(2, &red)], Outcome::Inconclusive),
        (vec![pull(1, &red), pull(2, &json!({ "reviews": [] }))], Outcome::Failed),
    ] {
        let stand_in = StandIn::with(&[with(pulls)]);
        stand_in.settings(&json!({ "forbid": ["checks"] }));
        assert_eq!(gate(&stand_in, []).await.outcome, outcome);
    }
}

#[tokio::test]
async fn the_plan_of_a_tag_says_that_checks_may_not_be_read() {
    let stand_in = StandIn::with(&[shop()]);
    stand_in.settings(&json!({ "forbid": ["checks"] }));
    let tag = resource(&stand_in, "github_tag");
    let config = arguments(&*tag, [("repository", "acme/shop".into()), ("name", "v1.2.0".into())]);
    let notes = plan(&*tag, &config).await.expect("a plan").notes.join("\n");
    assert!(notes.contains("checks that this token may not read"), "{notes}");
}

#[tokio::test]
async fn only_those_who_may_write_approve_and_only_what_they_saw() {
    let by = |author: &str, more: &Json| {
        let mut review = json!({ "author": author, "state": "APPROVED" });
        for (name, value) in more.as_object().into_iter().flatten() {
            review[name] = value.clone();
        }
        review
    };
    let none = json!({});
    for (reviews, expected) in [
        (vec![by("ann", &none)], Outcome::Passed),
        (vec![by("eve", &none)], Outcome::Failed),
        (vec![by("cy", &json!({ "writer": false })), by("eve", &none)], Outcome::Failed),
        (vec![by("eve", &none), by("ann", &none)], Outcome::Passed),
        (vec![by("bob", &none)], Outcome::Failed),
        (vec![by("ann", &json!({ "commit": "before" }))], Outcome::Failed),
        (vec![by("ann", &json!({ "gone": true }))], Outcome::Failed),
        (vec![by("ann", &json!({ "commit": "before" })), by("ann", &none)], Outcome::Passed),
        (vec![by("ann", &none), by("ann", &json!({ "state": "COMMENTED" }))], Outcome::Passed),
        (vec![by("ann", &none), by("ann", &json!({ "state": "DISMISSED" }))], Outcome::Failed),
        // As at GitHub, whoever may not write does not stop anything.
        (vec![by("ann", &none), by("eve", &json!({ "state": "CHANGES_REQUESTED" }))], Outcome::Passed),
        (vec![by("ann", &none), by("cy", &json!({ "state": "CHANGES_REQUESTED" }))], Outcome::Failed),
    ] {
        assert_eq!(outcome(vec![pull(1, &json!({ "reviews": reviews }))]).await, expected, "{reviews:?}");
    }
    // Something is pushed after the approval.
    let stand_in = StandIn::with(&[with(vec![pull(1, &json!({ "merged": false }))])]);
    stand_in.change(&json!({ "repository": "acme/shop", "push_pull": 1 }));
    stand_in.change(&json!({ "repository": "acme/shop", "merge_pull": 1 }));
    let verdict = gate(&stand_in, []).await;
    assert_eq!(verdict.outcome, Outcome::Failed);
    assert!(verdict.details[0].contains("0 of 1 approvals, changed since ann approved it"), "{verdict:?}");
    assert_eq!(gate(&stand_in, [("stale_approvals", true.into())]).await.outcome, Outcome::Passed);
}

#[tokio::test]
async fn lists_inside_a_pull_request_are_read_to_their_end() {
    let stand_in = |place: usize| {
        let mut labels: Vec<String> = (1..place).map(|number| format!("a{number:03}")).collect();
        labels.push("zz-release".to_owned());
        let open = pull(1, &json!({ "merged": false, "labels": labels }));
        StandIn::with(&[with(vec![open, pull(2, &json!({ "labels": ["zz-release"] }))])])
    };
    for place in [50, 51, 60, 170] {
        let labels = Value::set([Value::from("zz-release")]);
        assert_eq!(gate(&stand_in(place), [("labels", labels)]).await.outcome, Outcome::Pending, "{place}");
    }
    // Fifty comments' worth of approvals before the one who asks for changes.
    let mut reviews: Vec<Json> =
        (0..60).map(|number| json!({ "author": format!("u{number}"), "state": "APPROVED" })).collect();
    reviews.push(json!({ "author": "cy", "state": "CHANGES_REQUESTED" }));
    let stand_in = StandIn::with(&[with(vec![pull(1, &json!({ "reviews": reviews }))])]);
    let verdict = gate(&stand_in, []).await;
    assert!(verdict.details[0].contains("changes asked for by cy"), "{verdict:?}");
    assert_eq!(gate(&stand_in, [("approvals", 50.into())]).await.outcome, Outcome::Failed);
}

#[tokio::test]
async fn the_checks_are_those_of_the_last_commit_whatever_is_listed_last() {
    let listed = |conclusion: &str| json!({ "check_runs": [{ "conclusion": conclusion }] });
    for (own, other, expected) in [
        ("failure", "success", Outcome::Failed),
        ("success", "failure", Outcome::Passed),
        ("success", "success", Outcome::Passed),
    ] {
        let more = json!({ "check_runs": [{ "conclusion": own }], "listed_last": listed(other) });
        assert_eq!(outcome(vec![pull(1, &more)]).await, expected, "{own} {other}");
    }
    let more = json!({ "check_runs": [{ "conclusion": "failure" }], "listed_last": listed("success") });
    let stand_in = StandIn::with(&[with(vec![pull(1, &more)])]);
    stand_in.settings(&json!({ "forbid": ["checks"] }));
    assert_eq!(gate(&stand_in, []).await.outcome, Outcome::Inconclusive);
}

#[tokio::test]
async fn what_was_merged_into_the_former_default_branch_counts() {
    let unreviewed = json!({ "base": "master", "reviews": [], "milestone": "v1.2.0" });
    let reviewed = json!({ "milestone": "v1.2.0" });
    let stand_in = StandIn::with(&[with(vec![pull(1, &unreviewed), pull(2, &reviewed)])]);
    for given in [
        [("since", Value::NULL), ("milestone", Value::NULL)],
        [("since", Value::NULL), ("milestone", "v1.2.0".into())],
        [("since", "ever".into()), ("milestone", Value::NULL)],
        [("since", "2026-01-15T00:00:00Z".into()), ("base", "main".into())],
    ] {
        let verdict = gate(&stand_in, given.clone()).await;
        assert_eq!(verdict.outcome, Outcome::Failed, "{given:?} {verdict:?}");
        assert!(
            verdict.details[0].contains("#1 \"Change 1\"") && verdict.details[0].contains("into \"master\"")
        );
    }
    // Without any release before, and as a commit of its own: the history went on under the new name.
    let mut first = with(vec![json!({ "number": 1, "title": "x", "merged": true, "base": "master" })]);
    first["tags"] = json!({});
    first["releases"] = json!([]);
    assert_eq!(gate(&StandIn::with(&[first]), []).await.outcome, Outcome::Failed);
    // What another branch has for itself is not released from this one.
    let mut other = with(vec![
        json!({ "number": 1, "title": "x", "merged": true, "base": "docs", "milestone": "v1.2.0" }),
        pull(2, &reviewed),
    ]);
    other["branches"] = json!({ "docs": "c1" });
    let verdict = gate(&StandIn::with(&[other]), [("milestone", "v1.2.0".into())]).await;
    assert_eq!(verdict, Verdict::new(Outcome::Passed, "1 pull request merged, reviewed and green."));
}

/// Sixty open ones: the one that is touched last comes first where that is the order.
fn sixty(one: &Json) -> Vec<Json> {
    let older = |number: u64| {
        let at = format!("2026-02-{:02}T00:{:02}:00Z", 10 + number / 60, number % 60);
        pull(number, &json!({ "merged": false, "updated_at": at, "created_at": at }))
    };
    let mut all: Vec<Json> = (2..=61).map(older).collect();
    all.push(one.clone());
    all.push(pull(99, &json!({ "milestone": "v1.2.0" })));
    all
}

async fn while_read(pulls: Vec<Json>, nth: u64, change: Json, given: &[(&str, &str)]) -> Verdict {
    let stand_in = StandIn::with(&[with(pulls)]);
    let mut change = change;
    change["repository"] = "acme/shop".into();
    let at = json!({ "path": "graphql", "nth": nth });
    stand_in.faults(&json!([{ "match": at, "do": "change", "change": change }]));
    let value = |name: &str| {
        given.iter().find(|(own, _)| *own == name).map_or(Value::NULL, |(_, value)| Value::from(*value))
    };
    gate(&stand_in, [("milestone", value("milestone")), ("since", value("since"))]).await
}

#[tokio::test]
async fn nothing_hides_while_pages_are_read() {
    let milestone = [("milestone", "v1.2.0")];
    let first = pull(
        1,
        &json!({ "merged": false, "milestone": "v1.2.0", "created_at": "2026-02-20T00:00:00Z", "updated_at": "2026-02-01T00:00:00Z" }),
    );
    for nth in [1, 2, 3] {
        let verdict = while_read(sixty(&first), nth, json!({ "touch_pull": 1 }), &milestone).await;
        assert_eq!(verdict.outcome, Outcome::Pending, "touched before request {nth}");
        // Merged without a review meanwhile: it is neither on the next page of the open ones, nor on the first of the merged.
        let change = json!({ "merge_pull": 1, "reviews": [] });
        let verdict = while_read(sixty(&first), nth, change, &milestone).await;
        assert_ne!(verdict.outcome, Outcome::Passed, "merged before request {nth}: {verdict:?}");
        // One that goes from the first page takes nobody's place along.
        let verdict = while_read(sixty(&first), nth, json!({ "close_pull": 2 }), &milestone).await;
        assert_eq!(verdict.outcome, Outcome::Pending, "closed before request {nth}");
    }
    // Merged ones, the unreviewed one on the last page.
    let merged = |number: u64| {
        let at = format!("2026-02-10T{:02}:{:02}:00Z", number / 60, number % 60);
        pull(number, &json!({ "merged_at": at, "updated_at": at }))
    };
    let unreviewed =
        json!({ "reviews": [], "merged_at": "2026-02-09T00:00:00Z", "updated_at": "2026-02-09T00:00:00Z" });
    let mut all: Vec<Json> = (2..=120).map(merged).collect();
    all.push(pull(1, &unreviewed));
    for nth in [2, 3, 4] {
        for given in [&[][..], &[("since", "ever")]] {
            let verdict = while_read(all.clone(), nth, json!({ "touch_pull": 1 }), given).await;
            assert_eq!(verdict.outcome, Outcome::Failed, "touched before request {nth} {given:?}");
        }
    }
}

#[tokio::test]
async fn what_is_merged_after_the_branch_was_looked_at_counts() {
    // Open when the branch is compared with the last release, merged when the lists are read.
    let open = pull(1, &json!({ "merged": false, "reviews": [] }));
    let mut open = open;
    open.as_object_mut().expect("an object").remove("merge_commit");
    let reviewed = pull(2, &json!({}));
    for nth in [1, 2] {
        let change = json!({ "merge_pull": 1, "reviews": [] });
        let verdict = while_read(vec![open.clone(), reviewed.clone()], nth, change, &[]).await;
        assert_eq!(verdict.outcome, Outcome::Failed, "merged before request {nth}: {verdict:?}");
    }
    let verdict = while_read(vec![open, reviewed], 3, json!({ "merge_pull": 1, "reviews": [] }), &[]).await;
    assert_eq!(verdict.outcome, Outcome::Pending, "as it was when it was looked at");
}

#[tokio::test]
async fn a_repository_that_may_not_be_seen_is_not_left_out() {
    let named = |name: &str| {
        let mut one = shop();
        one["name"] = json!(name);
        one
    };
    let stand_in = StandIn::with(&["cart", "shop", "web"].map(named));
    let owner = || [("owner", Value::from("acme")), ("topics", Value::set([Value::from("shop")]))];
    let all = read(&stand_in, "github_repositories", owner()).await.expect("repositories");
    assert_eq!(super::texts(all.get("full_names")).len(), 3);
    for hidden in [&["acme/cart"][..], &["acme/shop"], &["acme/web"], &["acme/cart", "acme/shop", "acme/web"]]
    {
        stand_in.settings(&json!({ "forbid_repositories": hidden }));
        let problem = read(&stand_in, "github_repositories", owner()).await.expect_err("hidden");
        assert!(problem.message.contains("SAML") && problem.hint.contains("SSO"), "{problem}");
        stand_in.settings(&json!({ "forbid_repositories": [], "omit_repositories": hidden }));
        let problem = read(&stand_in, "github_repositories", owner()).await.expect_err("left out");
        assert!(problem.message.contains("there are more than GitHub gives"), "{problem}");
        stand_in.settings(&json!({ "omit_repositories": [] }));
    }
}

#[tokio::test]
async fn what_cannot_be_read_of_the_reviews_is_an_error() {
    let stand_in = StandIn::with(&[with(vec![pull(1, &json!({}))])]);
    let forbidden = json!({ "data": { "r0": null }, "errors": [{
        "type": "FORBIDDEN", "path": ["r0", "merged", "nodes", 0, "latestOpinionatedReviews"], "message": "Resource not accessible by integration",
    }] });
    stand_in.faults(&json!([{ "match": { "path": "graphql", "nth": 2 }, "do": "status", "status": 200, "body": forbidden }]));
    let problem = asked(&stand_in, []).await.expect_err("no reviews");
    assert!(problem.message.contains("Resource not accessible by integration"), "{problem}");
}
