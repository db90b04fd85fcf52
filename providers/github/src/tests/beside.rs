//! What stands beside a tag to be: names that exclude it, branches that have its commit, tags of other versions.

use std::sync::Arc;

use github_stand_in::StandIn;
use relplan_contract::{ProblemKind, Resource, Value};
use serde_json::json;

use super::{apply, arguments, context, plan, resource, shop};

/// A tag and a release of the same name.
fn both(stand_in: &StandIn, name: &str, reference: &str) -> [(Arc<dyn Resource>, Value); 2] {
    let given = |attribute| {
        [("repository", Value::from("acme/shop")), (attribute, name.into()), ("ref", reference.into())]
    };
    [("github_tag", "name"), ("github_release", "tag")].map(|(type_name, attribute)| {
        let resource = resource(stand_in, type_name);
        let config = arguments(&*resource, given(attribute));
        (resource, config)
    })
}

#[tokio::test]
async fn a_name_that_goes_on_where_another_one_ends_is_refused_by_the_plan() {
    let mut one = shop();
    one["tags"] = json!({ "v1.1.0": "c1", "release": "c1", "deep/er/a": "c1" });
    one["branches"] = json!({ "main": "c2", "v3": "c1" });
    let stand_in = StandIn::with(&[one]);
    for (there, name) in [
        ("release", "release/1.0"),
        ("release", "release/1/0"),
        ("deep/er/a", "deep"),
        ("deep/er/a", "deep/er"),
        ("deep/er/a", "deep/er/a/b"),
    ] {
        for (resource, config) in both(&stand_in, name, "main") {
            let problem = plan(&*resource, &config).await.expect_err(name);
            assert_eq!(problem.kind, ProblemKind::Conflict, "{problem}");
            assert_eq!(
                problem.message,
                format!(
                    "There is a tag `{there}` in acme/shop, and git can have none named `{name}` beside it."
                )
            );
        }
    }
    for name in ["release-1.0", "releases/1", "deep/e", "deep/er/b"] {
        let [(tag, config), _] = both(&stand_in, name, "main");
        let planned = plan(&*tag, &config).await.unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(planned.notes.len(), 1, "{:?}", planned.notes);
        apply(&*tag, &planned.value).await.unwrap_or_else(|problem| panic!("{name}: {problem}"));
    }
    let [(tag, config), _] = both(&stand_in, "v3", "main");
    let notes = plan(&*tag, &config).await.expect("a plan").notes;
    assert!(notes[1].starts_with("There is a branch `v3` in acme/shop, too"), "{notes:?}");
    // It came between.
    let [(tag, config), _] = both(&stand_in, "late/1", "main");
    let planned = plan(&*tag, &config).await.expect("a plan").value;
    stand_in.change(&json!({ "repository": "acme/shop", "set_tag": { "name": "late", "commit": "c1" } }));
    let problem = apply(&*tag, &planned).await.expect_err("it came between");
    assert_eq!(problem.kind, ProblemKind::Refused, "{problem}");
    for name in ["HEAD", "refs/tags/v1", "a..b", "a.lock", "x.lock/y", "a@{b"] {
        let [(tag, config), (release, of_release)] = both(&stand_in, name, "main");
        assert_eq!((tag.validate(&config).len(), release.validate(&of_release).len()), (1, 1), "{name}");
    }
}

#[tokio::test]
async fn a_commit_that_no_branch_has_is_told() {
    let mut one = shop();
    let commits = one["commits"].as_array_mut().expect("a list");
    commits.push(json!({ "id": "lost", "parents": ["c1"] }));
    commits.push(json!({ "id": "topic", "parents": ["c1"] }));
    commits.push(json!({ "id": "topic2", "parents": ["topic"] }));
    one["branches"] = json!({ "main": "c2", "topic": "topic2" });
    one["tags"]["kept"] = json!("lost");
    let stand_in = StandIn::with(&[one.clone()]);
    let commits = stand_in.state()["acme/shop"]["commits"].clone();
    let sha = |id: &str| commits[id].as_str().expect("a commit").to_owned();
    let told = async |stand_in: &StandIn, reference: &str| {
        let mut told = Vec::new();
        for (resource, config) in both(stand_in, "v1.2.0", reference) {
            let notes = plan(&*resource, &config).await.expect("a plan").notes;
            told.push(notes.into_iter().find(|note| note.starts_with("CAUTION")));
        }
        assert_eq!(told[0], told[1]);
        told.remove(0)
    };
    for reference in
        ["main", "topic", "HEAD", "v1.1.0", &sha("c1"), &sha("c2"), &sha("topic"), &sha("topic2")]
    {
        assert_eq!(told(&stand_in, reference).await, None, "{reference}");
    }
    for reference in ["kept", &sha("lost"), &sha("lost")[..10]] {
        let note = told(&stand_in, reference).await.expect("a caution");
        let start = format!("CAUTION: no branch of acme/shop has the commit {}:", &sha("lost")[..7]);
        assert!(note.starts_with(&start), "{note}");
    }
    for number in 0..30 {
        one["branches"][format!("other-{number}")] = json!("c1");
    }
    let note = told(&StandIn::with(&[one]), "kept").await.expect("a caution");
    assert!(note.contains("nor any of the 20 branches"), "{note}");
}

#[tokio::test]
async fn tags_of_other_versions_are_found() {
    let mut one = shop();
    one["tags"] = json!({
        "v1.9.0": "c1", "v1.10.0": "c1", "v1.11.0-rc.1": { "commit": "c2", "message": "Annotated" }, "v2": "c2",
        "cart-3.0.0": "c1", "nightly": "c2",
    });
    let mut empty = shop();
    empty["name"] = json!("empty");
    empty["tags"] = json!({});
    empty["releases"] = json!([]);
    let stand_in = StandIn::with(&[one, empty]);
    let found = |name: &str| Ok(Some(Value::map([("name", Value::from(name))])));
    for (name, expected) in [
        ("v1.2.0", found("v1.11.0-rc.1")),
        ("cart-1.2.0", found("cart-3.0.0")),
        ("v1.2.0-eu", Ok(None)),
        ("latest", Ok(None)),
    ] {
        for (resource, config) in both(&stand_in, name, "main") {
            assert_eq!(resource.discover(&context(), &config).await, expected, "{name}");
            let config = config.with("repository", "acme/empty".into());
            assert_eq!(resource.discover(&context(), &config).await, Ok(None), "{name}");
        }
    }
}
