//! What keeps GitHub from answering: limits of every kind, faults of its own, single sign-on, tokens that are not known yet.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use github_stand_in::{StandIn, TOKEN};
use relplan_contract::{
    Answer, ApplyRequest, Clock, Configured, Context, PlanRequest, Problem, ProblemKind, Provider, Value,
};
use serde_json::{Value as Json, json};

use super::{arguments, context, resource, shop};
use crate::Github;

/// A clock whose sleeps take no time, and are counted.
#[derive(Default)]
struct Jumping {
    slept_ms: AtomicU64,
    sleeps: Mutex<Vec<Duration>>,
}

impl Clock for Jumping {
    fn now(&self) -> SystemTime {
        SystemTime::now() + Duration::from_millis(self.slept_ms.load(Ordering::SeqCst))
    }

    fn sleep(&self, duration: Duration) -> Answer<'static, ()> {
        self.slept_ms
            .fetch_add(u64::try_from(duration.as_millis()).unwrap_or_default() + 1, Ordering::SeqCst);
        self.sleeps.lock().expect("a list").push(duration);
        Box::pin(async {})
    }
}

impl Jumping {
    fn slept_seconds(&self) -> u64 {
        self.slept_ms.load(Ordering::SeqCst) / 1_000
    }
}

fn jumping() -> (Context, Arc<Jumping>) {
    let clock = Arc::new(Jumping::default());
    (Context { clock: Arc::<Jumping>::clone(&clock), ..context() }, clock)
}

fn configure<const N: usize>(block: [(&str, Value); N]) -> Configured {
    Github.configure(&Value::map(block), &BTreeMap::new()).unwrap_or_else(|problem| panic!("{problem}"))
}

/// Looks at a commit, with one REST request.
async fn look(configured: &Configured, context: &Context) -> Result<Value, Problem> {
    let config = Value::map([("repository", Value::from("acme/shop"))]);
    configured.data_sources["github_ref"].read(context, &config).await
}

fn with_token(stand_in: &StandIn) -> Configured {
    configure([("base_url", stand_in.url().into()), ("token", TOKEN.into())])
}

#[tokio::test]
async fn a_limit_without_end_is_asked_about_a_few_times_and_told_by_its_name() {
    let words = |words: &str| json!({ "message": words });
    for (fault, name, most) in [
        (json!({ "do": "secondary_limit", "seconds": 1 }), "secondary rate limit", 7),
        (json!({ "do": "secondary_limit", "seconds": 0 }), "secondary rate limit", 7),
        (json!({ "do": "secondary_limit", "seconds": 29, "status": 429 }), "secondary rate limit", 3),
        (json!({ "do": "primary_limit", "seconds": 1 }), "rate limit", 7),
        (
            json!({ "do": "status", "status": 403, "body": words("You have triggered an abuse detection mechanism.") }),
            "secondary rate limit",
            2,
        ),
        (
            json!({ "do": "status", "status": 403, "body": words("API rate limit exceeded for installation ID 1."), "headers": { "x-ratelimit-remaining": "" } }),
            "rate limit",
            2,
        ),
        (
            json!({ "do": "status", "status": 429, "body": words("Too Many Requests") }),
            "secondary rate limit",
            2,
        ),
    ] {
        let stand_in = StandIn::with(&[shop()]);
        stand_in.faults(&json!([fault]));
        let (context, clock) = jumping();
        let problem = look(&with_token(&stand_in), &context).await.expect_err("a limit");
        let asked = stand_in.log().len();
        assert!((2..=most).contains(&asked), "{fault}: {asked} requests");
        assert!(clock.slept_seconds() <= 62, "{fault}: {} s", clock.slept_seconds());
        assert_eq!(problem.kind, ProblemKind::Retry, "{fault}");
        assert!(problem.message.contains(&format!("GitHub's {name} is used up")), "{fault}: {problem}");
        // Whoever comes again at once would only make it worse.
        assert!(problem.retry_after >= Some(Duration::from_secs(60)), "{fault}: {problem:?}");
    }
}

#[tokio::test]
async fn the_pauses_become_longer_and_one_good_answer_ends_them() {
    let stand_in = StandIn::with(&[shop()]);
    let configured = with_token(&stand_in);
    for _ in 0..2 {
        stand_in.faults(&json!([{ "match": { "times": 4 }, "do": "secondary_limit", "seconds": 0 }]));
        let (context, clock) = jumping();
        look(&configured, &context).await.expect("an answer in the end");
        let sleeps: Vec<u64> = clock
            .sleeps
            .lock()
            .expect("a list")
            .iter()
            .map(|one| one.as_secs_f64().round().to_string().parse().expect("seconds"))
            .collect();
        assert_eq!(sleeps, [1, 2, 4, 8]);
    }
}

fn graphql(fault: &Json) -> Json {
    let mut fault = fault.clone();
    fault["match"] = json!({ "path": "graphql", "times": 1 });
    fault["do"] = json!("status");
    fault["status"] = json!(200);
    json!([fault])
}

#[tokio::test]
async fn limits_and_faults_inside_a_200_are_what_they_would_be_elsewhere() {
    let stand_in = StandIn::with(&[shop()]);
    let tag = resource(&stand_in, "github_tag");
    let config = arguments(&*tag, [("repository", "acme/shop".into()), ("name", "v1.2.0".into())]);
    let request = || PlanRequest { config: &config, prior: None };
    // Five seconds from when it is asked.
    let used_up = json!({ "x-ratelimit-remaining": "0" });
    let wrong = "Something went wrong while executing your query. Please include `0401:6C25` when reporting this issue.";
    for (fault, waits, passes) in [
        (
            json!({ "body": { "errors": [{ "type": "RATE_LIMITED", "message": "No." }] }, "headers": used_up }),
            3..=8,
            true,
        ),
        (
            json!({ "body": { "data": null, "errors": [{ "type": "RATE_LIMIT", "message": "No." }] }, "headers": used_up }),
            3..=8,
            true,
        ),
        (json!({ "body": { "message": "You have exceeded a secondary rate limit." } }), 59..=61, true),
        (json!({ "body": { "errors": [{ "message": wrong }] } }), 0..=0, false),
        (
            json!({ "body": { "data": { "r0": null }, "errors": [{ "path": ["r0"], "message": wrong }] } }),
            0..=0,
            false,
        ),
        (json!({ "body": { "data": { "r0": null } } }), 0..=0, false),
        (json!({ "body": { "message": "We couldn't respond to your request in time." } }), 0..=0, false),
    ] {
        let mut fault = fault;
        if !fault["headers"].is_null() {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("now").as_secs();
            fault["headers"]["x-ratelimit-reset"] = json!((now + 5).to_string());
        }
        stand_in.faults(&graphql(&fault));
        let (context, clock) = jumping();
        let planned = tag.plan(&context, request()).await;
        assert!(waits.contains(&clock.slept_seconds()), "{fault}: {} s", clock.slept_seconds());
        match planned {
            Ok(_) => assert!(passes, "{fault}"),
            // The engine asks again, as after a 502.
            Err(problem) => assert!(!passes && problem.kind == ProblemKind::Retry, "{fault}: {problem:?}"),
        }
    }
}

#[tokio::test]
async fn a_tag_of_which_github_says_that_something_went_wrong_is_looked_for() {
    let wrong = json!({ "data": null, "errors": [{ "message": "Something went wrong while executing your query." }] });
    for (what, made) in [("status", false), ("after_status", true)] {
        let stand_in = StandIn::with(&[shop()]);
        let tag = resource(&stand_in, "github_tag");
        let config = arguments(&*tag, [("repository", "acme/shop".into()), ("name", "v1.2.0".into())]);
        let planned = super::plan(&*tag, &config).await.expect("a plan").value;
        stand_in.faults(
            &json!([{ "match": { "path": "graphql", "nth": 1 }, "do": what, "status": 200, "body": wrong }]),
        );
        let request = ApplyRequest { planned: &planned, prior: None, key: "key" };
        match tag.apply(&context(), request).await {
            Ok(_) => assert!(made),
            Err(problem) => assert!(!made && problem.kind == ProblemKind::Retry, "{problem:?}"),
        }
    }
}

#[tokio::test]
async fn single_sign_on_is_told_with_the_page_that_lets_the_token_in() {
    let page = "https://github.com/orgs/acme/sso?authorization_request=AB12";
    let words = "Resource protected by organization SAML enforcement. You must grant your token access to this organization.";
    let required = json!({ "x-github-sso": format!("required; url={page}") });
    let stand_in = StandIn::with(&[shop()]);
    let configured = with_token(&stand_in);
    let body = json!({ "message": words });
    stand_in.faults(&json!([{ "do": "status", "status": 403, "body": body, "headers": required }]));
    let problem = look(&configured, &context()).await.expect_err("single sign-on");
    assert!(problem.hint.contains(page), "{problem:?}");
    stand_in.faults(&json!([{ "do": "status", "status": 403, "body": body }]));
    let problem = look(&configured, &context()).await.expect_err("single sign-on");
    assert!(problem.hint.contains("single sign-on"), "{problem:?}");
    // The same in GraphQL's words.
    let tag = resource(&stand_in, "github_tag");
    let config = arguments(&*tag, [("repository", "acme/shop".into()), ("name", "v1.2.0".into())]);
    let error = json!({ "type": "FORBIDDEN", "path": ["r0"], "extensions": { "saml_failure": true }, "message": words });
    stand_in.faults(&graphql(
        &json!({ "body": { "data": { "r0": null }, "errors": [error] }, "headers": required }),
    ));
    let problem = super::plan(&*tag, &config).await.expect_err("single sign-on");
    assert!(problem.hint.contains(page), "{problem:?}");
    // A list from which something is missing is none.
    stand_in.faults(&json!([{ "do": "headers", "headers": { "x-github-sso": "partial-results; organizations=21955855" } }]));
    let problem = look(&configured, &context()).await.expect_err("not all");
    assert!(problem.message.contains("21955855"), "{problem}");
}

fn app(stand_in: &StandIn) -> Configured {
    let key = stand_in.app_key();
    let app =
        [("id", Value::from("77")), ("installation_id", "4242".into()), ("private_key", (&*key).into())];
    configure([("base_url", stand_in.url().into()), ("app", Value::map(app))])
}

fn exchanges(stand_in: &StandIn) -> usize {
    stand_in
        .log()
        .iter()
        .filter(|one| one["path"].as_str().is_some_and(|path| path.ends_with("access_tokens")))
        .count()
}

fn with_app() -> StandIn {
    StandIn::seeded(&json!({
        "users": [{ "login": "ann" }], "tokens": { TOKEN: { "login": "ann" } }, "organizations": ["acme"],
        "app": { "id": "77", "installation": "4242", "login": "relplan[bot]" }, "repositories": [shop()],
    }))
}

#[tokio::test]
async fn a_new_token_of_an_app_that_is_not_known_yet_is_tried_again() {
    for (unknown_for, known) in [(1, true), (3, true), (4, false)] {
        let stand_in = with_app();
        stand_in.settings(&json!({ "new_tokens_unknown_for": unknown_for }));
        let (context, clock) = jumping();
        let found = look(&app(&stand_in), &context).await;
        assert_eq!(found.is_ok(), known, "{found:?}");
        assert_eq!(exchanges(&stand_in), 1);
        assert!((1..=8).contains(&clock.slept_seconds()));
    }
}

#[tokio::test]
async fn an_older_token_of_an_app_that_was_revoked_is_changed_for_another() {
    let stand_in = with_app();
    let configured = app(&stand_in);
    let (context, clock) = jumping();
    look(&configured, &context).await.expect("known");
    clock.sleep(Duration::from_secs(40)).await;
    stand_in.faults(&json!([{ "match": { "path": "commits", "times": 1 }, "do": "status", "status": 401 }]));
    look(&configured, &context).await.expect("with another token");
    assert_eq!(exchanges(&stand_in), 2);
    // A token that somebody gave is not tried twice.
    stand_in.faults(&json!([{ "match": { "path": "commits" }, "do": "status", "status": 401 }]));
    let before = stand_in.log().len();
    let problem = look(&with_token(&stand_in), &context).await.expect_err("refused");
    assert!(problem.hint.contains("wrong or has expired"), "{problem:?}");
    assert_eq!(stand_in.log().len(), before + 1);
}

#[tokio::test]
async fn an_app_that_is_held_up_by_a_limit_is_told_so() {
    let stand_in = with_app();
    let configured = app(&stand_in);
    stand_in
        .faults(&json!([{ "match": { "path": "access_tokens" }, "do": "secondary_limit", "seconds": 7 }]));
    let problem = look(&configured, &context()).await.expect_err("a limit");
    assert!(problem.message.contains("secondary rate limit"), "{problem}");
    assert_eq!((problem.kind, problem.retry_after), (ProblemKind::Retry, Some(Duration::from_secs(7))));
}
