//! Who asks, and where: GitHub Apps, GitHub Enterprise Server, and servers that must not learn the token.

use std::collections::BTreeMap;

use github_stand_in::{StandIn, TOKEN};
use relplan_contract::{Configured, Problem, Provider, Value};
use serde_json::json;

use super::{context, shop};
use crate::Github;

fn seed() -> serde_json::Value {
    json!({
        "users": [{ "login": "ann" }], "tokens": { TOKEN: { "login": "ann" } }, "organizations": ["acme"],
        "app": { "id": "77", "installation": "4242", "login": "relplan[bot]" },
        "repositories": [shop()],
    })
}

fn configure<const N: usize>(block: [(&str, Value); N]) -> Configured {
    Github.configure(&Value::map(block), &BTreeMap::new()).unwrap_or_else(|problem| panic!("{problem}"))
}

async fn look(configured: &Configured) -> Result<Value, Problem> {
    let config = Value::map([("repository", Value::from("acme/shop"))]);
    configured.data_sources["github_ref"].read(&context(), &config).await
}

fn app(stand_in: &StandIn, installation: &str, key: &str) -> Configured {
    let app = [("id", "77".into()), ("installation_id", installation.into()), ("private_key", key.into())];
    configure([("base_url", stand_in.url().into()), ("app", Value::map(app))])
}

#[tokio::test]
async fn an_apps_key_is_changed_for_a_token_once() {
    let stand_in = StandIn::seeded(&seed());
    let configured = app(&stand_in, "4242", &stand_in.app_key());
    for _ in 0..3 {
        look(&configured).await.expect("a commit");
    }
    let log = stand_in.log();
    let exchanges = log.iter().filter(|one| one["path"] == "/app/installations/4242/access_tokens");
    assert_eq!((exchanges.count(), log.len()), (1, 4));
}

#[tokio::test]
async fn an_app_that_is_not_known_is_told_so() {
    let stand_in = StandIn::seeded(&seed());
    let old = stand_in.app_key();
    let current = stand_in.app_key();
    for (installation, key) in [("4242", &old), ("4243", &current)] {
        let problem = look(&app(&stand_in, installation, key)).await.expect_err("refused");
        let shown = format!("{problem:?}");
        assert!(shown.contains("App") && !shown.contains("PRIVATE KEY"), "{shown}");
    }
}

#[tokio::test]
async fn an_enterprise_server_has_its_apis_below_api() {
    let stand_in = StandIn::seeded(&seed());
    let base = format!("{}/api/v3", stand_in.url());
    let configured = configure([("base_url", base.into()), ("token", TOKEN.into())]);
    look(&configured).await.expect("a commit");
    let config = Value::map([("owner", Value::from("acme"))]);
    let found = configured.data_sources["github_repositories"].read(&context(), &config).await;
    assert_eq!(super::texts(found.expect("repositories").get("full_names")), ["acme/shop"]);
    let log = stand_in.log();
    let paths: Vec<_> = log.iter().filter_map(|one| one["prefix"].as_str()).collect();
    assert_eq!(paths, ["/api/v3", "/api"]);
}

#[tokio::test]
async fn a_redirect_to_another_host_does_not_take_the_token_along() {
    let (stand_in, elsewhere) = (StandIn::seeded(&seed()), StandIn::seeded(&seed()));
    let configured = configure([("base_url", stand_in.url().into()), ("token", TOKEN.into())]);
    for status in [301, 302, 307, 308] {
        let location = format!("{}/repos/acme/shop/commits/HEAD", elsewhere.url());
        stand_in.faults(&json!([{ "do": "status", "status": status, "headers": { "location": location } }]));
        look(&configured).await.expect_err("the other server knows nobody without a token");
    }
    let log = elsewhere.log();
    assert_eq!(log.len(), 4);
    assert!(log.iter().all(|one| one["token_seen"] == false), "{log:?}");
    // That the other server was not asked as GitHub wants to be asked is its own affair.
    elsewhere.tolerant();
}

/// `gh auth token` gives the environment's token of an Enterprise Server for whatever host is not github.com; this is what
/// its documentation says, as a program.
const GH: &str = "#!/bin/sh\ncase \"$4\" in github.com) token=$GH_TOKEN;; *) token=$GH_ENTERPRISE_TOKEN$GITHUB_ENTERPRISE_TOKEN;; esac\n\
                  [ -n \"$token\" ] && echo \"$token\"\n";

#[tokio::test]
async fn gh_does_not_hand_the_environments_token_to_another_server() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let gh = folder.path().join("gh");
    std::fs::write(&gh, GH).expect("a program");
    std::fs::set_permissions(&gh, std::fs::Permissions::from_mode(0o755)).expect("its mode");
    for (name, host) in [
        ("GH_ENTERPRISE_TOKEN", "ghe.example"),
        ("GITHUB_ENTERPRISE_TOKEN", "ghe.example"),
        ("GH_ENTERPRISE_TOKEN", "localhost"),
        ("GH_TOKEN", "127.0.0.1"),
    ] {
        let stand_in = StandIn::seeded(&seed());
        let environment = [(name, TOKEN), ("GH_HOST", host), ("PATH", &*folder.path().display().to_string())];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let block = Value::map([("base_url", Value::from(stand_in.url()))]);
        let configured = Github.configure(&block, &environment).unwrap_or_else(|problem| panic!("{problem}"));
        let problem = look(&configured).await.expect_err("nobody asks");
        assert!(problem.message.contains("not logged in to 127.0.0.1"), "{name}: {problem}");
        assert_eq!(stand_in.log().len(), 0, "{name}");
    }
}
