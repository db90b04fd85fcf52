use serde_json::json;

use super::super::Names;
use super::*;
use crate::client::{Data, GraphqlError};

fn search(head: Option<Head>) -> Search {
    let repository = Repository::parse("acme/shop").expect("a name");
    let names = Names { version: "1.3.0".into(), ..Names::default() };
    Search::new(Question { repository, head, names, commits: true })
}

fn hear(search: &mut Search, part: Json, error: Option<&str>) {
    let errors = error.map(|message| json!({ "type": "X", "message": message, "path": ["r0", "x"] }));
    let mut answer = json!({ "data": {}, "errors": errors.as_slice() });
    answer["data"]["r0"] = part;
    let mut answer: Data = serde_json::from_value(answer).expect("an answer");
    search.hear(answer.part("r0", GraphqlError::is_missing_inside));
}

fn first(tags: &[&str]) -> Json {
    let nodes: Vec<Json> =
        tags.iter().map(|name| json!({ "name": name, "target": { "oid": format!("of {name}") } })).collect();
    json!({
        "refs": { "nodes": nodes, "pageInfo": { "hasNextPage": false, "endCursor": null } },
        "defaultBranchRef": { "name": "main", "target": { "oid": "head" } }, "latestRelease": null,
    })
}

fn compared(behind: u64, commits: &[&str]) -> Json {
    let nodes: Vec<Json> =
        commits.iter().map(|oid| json!({ "oid": oid, "committedDate": "2026-01-01T00:00:00Z" })).collect();
    json!({ "compare": {
        "aheadBy": commits.len(), "behindBy": behind, "headTarget": { "oid": "head" },
        "commits": { "nodes": nodes, "pageInfo": { "hasNextPage": false, "endCursor": null } },
    } })
}

#[test]
fn the_highest_that_the_branch_holds_is_the_last() {
    let mut search = search(None);
    hear(&mut search, first(&["v1.0.0", "v1.1.0", "v1.2.0", "v1.4.0"]), None);
    hear(&mut search, json!({ "t0": compared(1, &[]) }), None);
    // Both that are left are asked for at once.
    hear(&mut search, json!({ "t0": compared(0, &["a", "b"]), "t1": compared(0, &["a", "b", "c"]) }), None);
    let range = search.end().expect("a range");
    assert_eq!((range.last.as_deref(), range.ahead, range.everything), (Some("v1.1.0"), 2, false));
    assert!(range.holds("a") && !range.holds("c"));
}

#[test]
fn one_beside_the_branch_is_the_last_where_it_took_more_along() {
    let mut search = search(None);
    hear(&mut search, first(&["v1.0.0", "v1.1.0", "v1.2.0", "v1.1.9"]), None);
    hear(&mut search, json!({ "t0": compared(2, &["a"]) }), None);
    // What has no commit in common says nothing, and what is as far the branch need not hold.
    hear(
        &mut search,
        json!({ "t0": { "compare": null }, "t1": compared(3, &["a"]), "t2": compared(0, &["a", "b"]) }),
        None,
    );
    let range = search.end().expect("a range");
    assert_eq!((range.last.as_deref(), range.ahead), (Some("v1.2.0"), 1));
    assert!(range.holds("a") && !range.holds("b"));
}

#[test]
fn what_could_not_be_read_is_no_answer() {
    let mut tags = search(None);
    hear(
        &mut tags,
        json!({ "refs": null, "defaultBranchRef": null, "latestRelease": null }),
        Some("timeout"),
    );
    assert!(tags.end().expect_err("no tags").to_string().contains("timeout"));

    let mut compare = search(None);
    hear(&mut compare, first(&["v1.2.0"]), None);
    hear(&mut compare, json!({ "t0": { "compare": null } }), Some("timeout"));
    assert!(compare.end().expect_err("no comparison").to_string().contains("timeout"));

    // A tag that may not be read could be the last release.
    let mut hole = search(None);
    let mut tags = first(&["v1.2.0", "v1.1.0"]);
    tags["refs"]["nodes"][0] = json!(null);
    hear(&mut hole, tags.clone(), Some("forbidden"));
    assert!(hole.end().expect_err("a hole").to_string().contains("forbidden"));
    let mut hole = search(None);
    hear(&mut hole, tags, None);
    assert!(hole.end().expect_err("a hole").to_string().contains("did not tell all tags"));

    let mut short = search(None);
    hear(&mut short, first(&["v1.2.0"]), None);
    let mut answer = compared(0, &["a"]);
    answer["compare"]["aheadBy"] = json!(3);
    hear(&mut short, json!({ "t0": answer }), None);
    assert!(short.end().expect_err("too few").to_string().contains("1 of 3 commits"));
}

#[test]
fn nothing_to_compare_with() {
    let mut none = search(None);
    hear(&mut none, first(&["v2.0.0", "nightly"]), None);
    assert!(none.end().expect("a range").everything);

    let mut gone = search(Some(Head::Branch("gone".into())));
    hear(&mut gone, first(&["v1.2.0"]), None);
    assert!(gone.end().expect("a range").is_empty());

    let mut deleted = search(None);
    hear(&mut deleted, first(&["v1.2.0", "v1.1.0"]), None);
    hear(&mut deleted, json!({ "t0": null }), None);
    hear(&mut deleted, json!({ "t0": compared(0, &["a"]) }), None);
    assert_eq!(deleted.end().expect("a range").last.as_deref(), Some("v1.1.0"));
}
