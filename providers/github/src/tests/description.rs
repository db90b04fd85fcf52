//! The stand-in finds what is wrong with a request: the strictness on which every other test rests.

use std::sync::Arc;

use github_stand_in::StandIn;
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::{context, shop};
use crate::client::Client;
use crate::configuration::Configuration;

fn client(stand_in: &StandIn) -> Arc<Client> {
    let block = relplan_contract::Value::map([
        ("base_url", relplan_contract::Value::from(stand_in.url())),
        ("token", github_stand_in::TOKEN.into()),
    ]);
    let configuration = Configuration::read(&block, &std::collections::BTreeMap::new());
    let client = configuration.and_then(Client::new);
    Arc::new(client.unwrap_or_else(|problem| panic!("{problem}")))
}

#[tokio::test]
async fn broken_requests_are_found() {
    let stand_in = StandIn::with(&[shop()]);
    let (client, context) = (client(&stand_in), context());
    let release = json!({ "tag_name": "v1.2.0", "target_committish": "main" });
    client.change::<Json>(&context, Method::POST, "repos/acme/shop/releases", &release).await.ok();
    let numbered = json!({ "tag_name": 12 });
    client.change::<Json>(&context, Method::POST, "repos/acme/shop/releases", &numbered).await.ok();
    client.get::<Json>(&context, "repos/acme/shop/tags?page_size=100").await.ok();
    client.get::<Json>(&context, "repos/acme/shop/tagz").await.ok();
    client.ask(&context, "{ repository(owner: \"acme\", name: \"shop\") { tagz } }", json!({})).await.ok();
    client.ask(&context, "query($o: Int!) { viewer { login } }", json!({ "o": "x" })).await.ok();
    let violations = stand_in.summary()["violations"].clone();
    let problems: Vec<&str> =
        violations.as_array().expect("a list").iter().filter_map(|one| one["problem"].as_str()).collect();
    for expected in [
        "unknown property target_committish",
        "tag_name must be string",
        "unknown query parameter page_size",
        "no such operation",
        "Cannot query field \"tagz\"",
        "$o",
    ] {
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{expected} in {problems:#?}");
    }
    stand_in.tolerant();
}
