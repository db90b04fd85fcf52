//! What is found: repositories of a topic, refs, versions, and what happens when pages shift or a limit is reached.

use github_stand_in::StandIn;
use relplan_contract::{ProblemKind, Value};
use serde_json::{Value as Json, json};

use super::{read, shop, texts};

fn named(name: &str, topics: &[&str]) -> Json {
    let mut one = shop();
    one["name"] = json!(name);
    one["topics"] = json!(topics);
    one
}

fn set(items: &[&str]) -> Value {
    Value::set(items.iter().map(|item| Value::from(*item)))
}

#[tokio::test]
async fn repositories_are_chosen_by_topic_and_name() {
    let mut old = named("shop-old", &["shop"]);
    old["archived"] = json!(true);
    let mut public = named("docs", &["shop", "docs"]);
    public["visibility"] = json!("public");
    let all =
        [named("shop-web", &["shop"]), named("shop-sandbox", &["shop"]), named("other", &["x"]), old, public];
    let stand_in = StandIn::with(&all);
    let find = async |given: [(&str, Value); 3]| {
        let [first, second, third] = given;
        let found =
            read(&stand_in, "github_repositories", [("owner", "acme".into()), first, second, third]).await;
        found.expect("repositories")
    };
    let found =
        find([("topics", set(&["shop"])), ("exclude", set(&["*-sandbox"])), ("names", Value::NULL)]).await;
    assert_eq!(texts(found.get("full_names")), ["acme/docs", "acme/shop-web"]);
    assert_eq!(texts(found.get("skipped")), ["acme/shop-old"]);
    let first = &found.get("repositories").as_list().expect("repositories")[0];
    assert_eq!(
        (first.get("visibility").as_str(), first.get("default_branch").as_str()),
        (Some("public"), Some("main"))
    );
    let found = find([("topics", Value::NULL), ("names", set(&["shop-*"])), ("archived", true.into())]).await;
    assert_eq!(texts(found.get("full_names")), ["acme/shop-old", "acme/shop-sandbox", "acme/shop-web"]);
    let found =
        find([("topics", set(&["shop", "docs"])), ("visibility", set(&["private"])), ("names", Value::NULL)])
            .await;
    assert_eq!(texts(found.get("full_names")), Vec::<&str>::new());
    let problem =
        read(&stand_in, "github_repositories", [("owner", "nobody".into())]).await.expect_err("nobody");
    assert_eq!(problem.kind, ProblemKind::Missing);
}

#[tokio::test]
async fn two_hundred_and_fifty_repositories_are_three_requests() {
    let all: Vec<Json> = (0..250).map(|number| named(&format!("r{number:03}"), &["shop"])).collect();
    let stand_in = StandIn::with(&all);
    let found =
        read(&stand_in, "github_repositories", [("owner", "acme".into()), ("topics", set(&["shop"]))]).await;
    assert_eq!(texts(found.expect("repositories").get("full_names")).len(), 250);
    assert_eq!(stand_in.summary()["requests"], 3);
}

#[tokio::test]
async fn a_ref_is_looked_up() {
    let stand_in = StandIn::with(&[shop()]);
    let commit = stand_in.state()["acme/shop"]["commits"]["c2"].as_str().expect("a commit").to_owned();
    for reference in [Value::NULL, "main".into(), commit.as_str().into(), commit[..7].into()] {
        let found =
            read(&stand_in, "github_ref", [("repository", "acme/shop".into()), ("ref", reference)]).await;
        let found = found.expect("a commit");
        assert_eq!(found.get("commit").as_str(), Some(commit.as_str()));
        assert_eq!(found.get("title").as_str(), Some("Fix the cart"));
    }
    let nowhere = [("repository", "acme/shop".into()), ("ref", "nowhere".into())];
    let problem = read(&stand_in, "github_ref", nowhere).await.expect_err("no such ref");
    assert_eq!(problem.kind, ProblemKind::Missing);
}

#[tokio::test]
async fn the_highest_version_counts() {
    let mut tagged = shop();
    tagged["tags"] =
        json!({ "v1.9.0": "c1", "v1.10.0": "c1", "v1.11.0-rc.1": "c2", "latest": "c2", "v1.2.3": "c1" });
    let stand_in = StandIn::with(&[tagged, named("cart", &[])]);
    let shop = ("repository", Value::from("acme/shop"));
    let found = read(&stand_in, "github_latest_version", [shop.clone()]).await.expect("a version");
    let told = |name: &str| found.get(name).as_str().map(str::to_owned);
    assert_eq!((told("version"), told("name")), (Some("1.10.0".into()), Some("v1.10.0".into())));
    assert_eq!((told("next_minor"), told("next_patch")), (Some("1.11.0".into()), Some("1.10.1".into())));
    for (arguments, version) in [
        (("prereleases", Value::from(true)), "1.11.0-rc.1"),
        (("below", "1.3.0".into()), "1.2.3"),
        (("from", "releases".into()), "1.1.0"),
    ] {
        let found =
            read(&stand_in, "github_latest_version", [shop.clone(), arguments]).await.expect("a version");
        assert_eq!(found.get("version").as_str(), Some(version));
    }
    let several = [("repositories", set(&["acme/shop", "acme/cart"]))];
    let found = read(&stand_in, "github_latest_version", several).await.expect("versions");
    assert_eq!(found.get("versions").get("acme/cart").as_str(), Some("1.1.0"));
}

#[tokio::test]
async fn a_limit_is_waited_for_when_it_is_short() {
    let stand_in = StandIn::with(&[shop()]);
    let look = || read(&stand_in, "github_ref", [("repository", "acme/shop".into())]);
    for fault in ["secondary_limit", "primary_limit"] {
        stand_in.faults(&json!([{ "match": { "times": 1 }, "do": fault, "seconds": 1 }]));
        look().await.expect("waited");
    }
    stand_in.faults(&json!([{ "match": { "times": 1 }, "do": "secondary_limit", "seconds": 3000 }]));
    let problem = look().await.expect_err("too long");
    assert_eq!(problem.kind, ProblemKind::Retry);
    assert!(problem.retry_after.is_some_and(|wait| wait.as_secs() > 2_900), "{problem:?}");
    stand_in.faults(&json!([{ "do": "status", "status": 502 }]));
    assert_eq!(look().await.expect_err("broken").kind, ProblemKind::Retry);
    let wrong = [("base_url", Value::from(stand_in.url())), ("token", "ghp_wrong".into())];
    let configured = relplan_contract::Provider::configure(
        &crate::Github,
        &Value::map(wrong),
        &std::collections::BTreeMap::new(),
    );
    let source = configured.unwrap_or_else(|problem| panic!("{problem}")).data_sources["github_ref"].clone();
    stand_in.faults(&json!([]));
    let config = Value::map([("repository", Value::from("acme/shop"))]);
    let problem = source.read(&super::context(), &config).await.expect_err("refused");
    assert!(problem.hint.contains("The token is wrong or has expired"), "{problem:?}");
}

#[tokio::test]
async fn nothing_is_lost_when_pages_shift() {
    let mut tagged = shop();
    // By name, a hundred come before the highest, which is the first of the second page, and fifty after it.
    let names = (100..200).map(|minor| format!("v1.{minor}.0")).chain(["v10.0.0".to_owned()]);
    let names = names.chain((10..60).map(|minor| format!("v2.{minor}.0")));
    tagged["tags"] = names.map(|name| (name, json!("c1"))).collect::<serde_json::Map<_, _>>().into();
    let stand_in = StandIn::with(&[tagged]);
    let latest = || read(&stand_in, "github_latest_version", [("repository", "acme/shop".into())]);
    // Who deletes a tag of the first page moves the highest to where nobody would look again.
    let deleted = json!({ "repository": "acme/shop", "delete_tag": "v1.100.0" });
    stand_in.faults(&json!([{ "match": { "path": "/tags$", "nth": 2 }, "do": "change", "change": deleted }]));
    let found = latest().await.expect("versions");
    assert_eq!(found.get("version").as_str(), Some("10.0.0"));
    let asked = |status: u64| stand_in.log().iter().filter(|one| one["status"] == status).count();
    assert_eq!((asked(200), asked(304)), (3, 3), "the first page had changed; then nothing had");
}
