//! Deployments through workflows: run for real with `act`, followed, found again after every kind of death.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use github_stand_in::StandIn;
use relplan_contract::conformance::{Recorder, ThreadClock};
use relplan_contract::{
    Answer, ApplyRequest, Cancel, Clock, Context, Observed, Problem, ProblemKind, ReconcileRequest,
    Reconciled, Resource, Value,
};
use serde_json::{Value as Json, json};

use super::{arguments, context, plan, resource, shop};

const WORKFLOW: &str = r#"name: Deploy
run-name: Deploy ${{ inputs.version }} (${{ inputs.relplan_key }})
on:
  workflow_dispatch:
    inputs:
      version: { required: true }
      relplan_key: { required: false }
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - run: |
          echo "deploying ${{ inputs.version }}"
          sleep 0.2 # act loses the output of what ends at once
          test "${{ inputs.version }}" != broken
"#;

/// Real time, a fifty times as fast: what waits a second in production need not do so here.
struct Quick;

impl Clock for Quick {
    fn now(&self) -> SystemTime {
        ThreadClock.now()
    }

    fn sleep(&self, duration: Duration) -> Answer<'static, ()> {
        Box::pin(tokio::time::sleep(duration / 50))
    }
}

fn quick() -> (Context, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let progress = Arc::<Recorder>::clone(&recorder);
    (Context { clock: Arc::new(Quick), progress, ..context() }, recorder)
}

fn deploying() -> Json {
    let mut one = shop();
    one["tags"]["v1.2.0"] = json!("c2");
    one["workflows"] =
        json!([{ "path": ".github/workflows/deploy.yml", "name": "Deploy", "text": WORKFLOW }]);
    one
}

fn config(deployment: &dyn Resource, version: &str) -> Value {
    let given = [
        ("repository", Value::from("acme/shop")),
        ("workflow", "deploy.yml".into()),
        ("version", version.into()),
        ("ref", "v1.2.0".into()),
        ("inputs", Value::map([("version", Value::from(version))])),
        ("environment", "production".into()),
    ];
    arguments(deployment, given)
}

async fn deploy(
    deployment: &dyn Resource,
    context: &Context,
    planned: &Value,
    key: &str,
) -> Result<Value, Problem> {
    let applied = deployment.apply(context, ApplyRequest { planned, prior: None, key }).await;
    applied.map(|applied| applied.value)
}

async fn reconcile(
    deployment: &dyn Resource,
    context: &Context,
    planned: &Value,
    (key, reference): (&str, Option<&str>),
) -> Reconciled {
    let request = ReconcileRequest { planned, prior: None, key, reference, destroy: false };
    deployment.reconcile(context, request).await.expect("an answer")
}

fn runs(stand_in: &StandIn) -> Vec<Json> {
    stand_in.state()["acme/shop"]["runs"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_workflow_deploys_and_what_is_live_is_read_back() {
    let stand_in = StandIn::with(&[deploying()]);
    let deployment = resource(&stand_in, "github_workflow_deployment");
    let (context, said) = quick();
    let planned = plan(&*deployment, &config(&*deployment, "1.2.0")).await.expect("a plan").value;
    let made =
        deploy(&*deployment, &context, &planned, "sha256:0123456789abcdef0123").await.expect("deployed");
    let run = runs(&stand_in)[0].clone();
    assert_eq!((&run["conclusion"], &run["branch"]), (&json!("success"), &json!("v1.2.0")));
    assert_eq!(run["title"], "Deploy 1.2.0 (rp-0123456789abcdef0123)");
    assert!(run["jobs"][0]["log"].as_str().is_some_and(|log| log.contains("deploying 1.2.0")), "{run}");
    assert_eq!(made.get("run_id").as_i64(), run["id"].as_i64());
    assert_eq!(
        said.references(),
        [format!("run {0} https://github.test/acme/shop/actions/runs/{0}", run["id"])]
    );
    assert_eq!(deployment.read(&context, &made).await, Ok(Observed::Same));

    let other = plan(&*deployment, &config(&*deployment, "1.1.0").with("ref", "v1.1.0".into())).await;
    let other = other.expect("a plan").value;
    deploy(&*deployment, &context, &other, "another-key-of-its-own").await.expect("deployed");
    let seen = deployment.read(&context, &made).await.expect("an answer");
    assert!(
        matches!(&seen, Observed::Present(now) if now.get("version").as_str() == Some("v1.1.0")),
        "{seen:?}"
    );

    // The same for whoever has no ledger: it is there, as an object of theirs would be.
    let found = deployment.discover(&context, &config(&*deployment, "1.2.0")).await.expect("an answer");
    let found = found.expect("something is live");
    let said = ["version", "live_version", "environment"].map(|name| found.get(name).as_str());
    assert_eq!(said, [Some("v1.1.0"), Some("v1.1.0"), Some("production")]);
    assert!(found.get("run_id").is_null(), "nobody knows which run it was: {found:?}");
    let elsewhere = config(&*deployment, "1.2.0").with("environment", "staging".into());
    assert_eq!(deployment.discover(&context, &elsewhere).await, Ok(None));
}

#[tokio::test]
async fn a_failing_job_shows_the_end_of_its_log() {
    let stand_in = StandIn::with(&[deploying()]);
    let deployment = resource(&stand_in, "github_workflow_deployment");
    let (context, _) = quick();
    let planned = config(&*deployment, "broken");
    let problem =
        deploy(&*deployment, &context, &planned, "key-of-the-broken-one").await.expect_err("a failure");
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert!(problem.message.starts_with("The job deploy of run "), "{problem}");
    assert!(problem.detail.contains("deploying broken"), "{problem}");
    assert_eq!(stand_in.summary()["leaked_authorization"], false);
    // It failed for sure, so that it may be done over.
    let again = reconcile(&*deployment, &context, &planned, ("key-of-the-broken-one", None)).await;
    assert_eq!(again, Reconciled::NotDone);
}

#[tokio::test]
async fn an_older_server_and_a_lost_answer_make_no_second_run() {
    let stand_in = StandIn::with(&[deploying()]);
    let deployment = resource(&stand_in, "github_workflow_deployment");
    let (context, _) = quick();
    stand_in.settings(&json!({ "script": {}, "run_details": false }));
    deploy(&*deployment, &context, &config(&*deployment, "1"), "the-first-key-of-all")
        .await
        .expect("found by key");
    for (number, fault) in [(2, "lose"), (3, "after_status")] {
        stand_in.faults(&json!([{ "match": { "path": "dispatches$", "nth": 1 }, "do": fault }]));
        let (version, key) = (number.to_string(), format!("the-key-of-number-{number}"));
        deploy(&*deployment, &context, &config(&*deployment, &version), &key).await.expect("found by key");
    }
    assert_eq!(runs(&stand_in).len(), 3);
}

#[tokio::test]
async fn a_protected_environment_says_who_must_approve() {
    let mut protected = deploying();
    protected["environments"] = json!([{ "name": "production", "reviewers": ["carol"] }]);
    let stand_in = StandIn::with(&[protected]);
    let deployment = resource(&stand_in, "github_workflow_deployment");
    let (context, said) = quick();
    let planned = config(&*deployment, "1.2.0");
    let apply = deploy(&*deployment, &context, &planned, "key-that-waits-for-carol");
    let approve = async {
        while !said.lines().iter().any(|line| line.contains("carol")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stand_in.change(&json!({ "repository": "acme/shop", "approve": true }));
    };
    let (made, ()) = tokio::join!(apply, approve);
    made.expect("deployed");
    let line = said.lines().into_iter().find(|line| line.contains("carol")).expect("a line");
    assert!(line.starts_with("The environment production waits until carol approves at https://"), "{line}");
}

#[tokio::test]
async fn an_interrupt_cancels_the_run_only_if_asked() {
    let stand_in = StandIn::with(&[deploying()]);
    stand_in.settings(&json!({ "script": { "running_ms": 400 } }));
    let deployment = resource(&stand_in, "github_workflow_deployment");
    for (word, conclusion) in [("finish", "success"), ("cancel", "cancelled")] {
        let cancel = Cancel::default();
        let (context, said) = quick();
        let context = Context { cancel: cancel.clone(), ..context };
        let planned = config(&*deployment, word).with("on_interrupt", word.into());
        let apply = deploy(&*deployment, &context, &planned, word);
        let interrupt = async {
            while said.references().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            cancel.cancel();
        };
        let (made, ()) = tokio::join!(apply, interrupt);
        assert_eq!(made.is_ok(), word == "finish", "{made:?}");
        assert_eq!(runs(&stand_in).last().expect("a run")["conclusion"], conclusion);
    }
}

/// Answers every request with this version, for as long as the test goes on.
async fn live_at(version: &'static str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/version", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let length = version.len();
            let text =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{version}");
            let _ = stream.write_all(text.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn a_run_that_was_cancelled_with_its_work_done_is_done() {
    let stand_in = StandIn::with(&[deploying()]);
    stand_in.settings(&json!({ "script": { "running_ms": 400 } }));
    let deployment = resource(&stand_in, "github_workflow_deployment");
    for (live, done) in [("1.2.0", true), ("1.1.0", false)] {
        let cancel = Cancel::default();
        let (context, said) = quick();
        let context = Context { cancel: cancel.clone(), ..context };
        let planned = config(&*deployment, "1.2.0")
            .with("on_interrupt", "cancel".into())
            .with("version_url", live_at(live).await.into());
        let apply = deploy(&*deployment, &context, &planned, live);
        let interrupt = async {
            while said.references().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            cancel.cancel();
        };
        let (made, ()) = tokio::join!(apply, interrupt);
        assert_eq!(runs(&stand_in).last().expect("a run")["conclusion"], "cancelled");
        assert_eq!(made.is_ok(), done, "{made:?}");
    }
}

#[tokio::test]
async fn a_deployment_is_recorded_with_its_statuses() {
    let stand_in = StandIn::with(&[deploying()]);
    stand_in.settings(&json!({ "script": {} }));
    let deployment = resource(&stand_in, "github_workflow_deployment");
    let (context, _) = quick();
    let planned = config(&*deployment, "1.2.0")
        .with("environment", "staging".into())
        .with("environment_url", "https://staging.example".into())
        .with("record_deployment", true.into());
    let made = deploy(&*deployment, &context, &planned, "key-of-staging").await.expect("deployed");
    let deployments = stand_in.state()["acme/shop"]["deployments"].clone();
    let ours =
        deployments.as_array().expect("deployments").iter().find(|one| one["environment"] == "staging");
    let ours = ours.expect("ours");
    assert_eq!(made.get("deployment_id").as_i64(), ours["id"].as_i64());
    let states: Vec<&str> = ours["statuses"]
        .as_array()
        .expect("statuses")
        .iter()
        .filter_map(|one| one["state"].as_str())
        .collect();
    assert_eq!(states, ["in_progress", "success"]);
    assert_eq!(ours["statuses"][1]["environment_url"], "https://staging.example");
    assert_eq!(deployment.read(&context, &made).await, Ok(Observed::Same));
}

#[tokio::test]
async fn wrong_workflows_are_refused_by_the_plan() {
    let mut nameless = deploying();
    nameless["workflows"][0]["text"] = json!(WORKFLOW.replace("run-name: ", "# "));
    let stand_in = StandIn::with(&[nameless]);
    let deployment = resource(&stand_in, "github_workflow_deployment");
    let problem = plan(&*deployment, &config(&*deployment, "1")).await.expect_err("no run-name");
    assert!(problem.message.contains("does not show the input relplan_key"), "{problem}");
    let other = config(&*deployment, "1").with("workflow", "other.yml".into());
    let problem = plan(&*deployment, &other).await.expect_err("no workflow");
    assert_eq!(problem.message, "There is no workflow .github/workflows/other.yml in acme/shop.");
    let (context, _) = quick();
    let undeclared = config(&*deployment, "1").with("inputs", Value::map([("colour", Value::from("red"))]));
    let problem = deploy(&*deployment, &context, &undeclared, "key").await.expect_err("unexpected");
    assert!(problem.hint.starts_with("Declare the inputs"), "{problem:?}");
}

/// A process that dies at any moment around its request: the run is found again, and there is never a second one.
#[tokio::test(flavor = "multi_thread")]
async fn of_five_hundred_dead_processes_each_run_is_found_and_none_is_dispatched_twice() {
    const SHOPS: usize = 10;
    const TRIALS: usize = 50;
    let repositories: Vec<Json> = (0..SHOPS)
        .map(|number| {
            let mut one = deploying();
            one["name"] = json!(format!("shop-{number}"));
            one
        })
        .collect();
    let stand_in = StandIn::with(&repositories);
    stand_in.settings(&json!({ "script": {}, "latency_ms": 20, "limit": 1_000_000 }));
    let deployment = resource(&stand_in, "github_workflow_deployment");
    let mut shops = tokio::task::JoinSet::new();
    for number in 0..SHOPS {
        let deployment = Arc::clone(&deployment);
        shops.spawn(async move {
            let mut cut_after_the_request = 0;
            // How long the last whole life took, which on a busy machine is longer: the deaths spread over that.
            let mut whole = Duration::ZERO;
            for trial in 0..TRIALS {
                let (context, said) = quick();
                let key = format!("key-{number:02}-{trial:03}-of-the-dead");
                let version = format!("1.{trial}.0");
                let repository = format!("acme/shop-{number}");
                let planned = config(&*deployment, &version).with("repository", repository.into());
                let [part, all] = [trial, TRIALS].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
                let death = whole * part / all;
                let life = deploy(&*deployment, &context, &planned, &key);
                let died = tokio::time::timeout(death, life).await.is_err();
                let known = said.references().is_empty();
                tokio::time::sleep(whole.max(Duration::from_millis(75))).await;
                let found = reconcile(&*deployment, &context, &planned, (&key, None)).await;
                cut_after_the_request += usize::from(died && known && found != Reconciled::NotDone);
                if found == Reconciled::NotDone {
                    let begun = std::time::Instant::now();
                    deploy(&*deployment, &context, &planned, &key).await.expect("deployed");
                    whole = begun.elapsed();
                }
            }
            cut_after_the_request
        });
    }
    let mut found_again = 0;
    while let Some(found) = shops.join_next().await {
        found_again += found.expect("no panic");
    }
    let state = stand_in.state();
    for (name, repository) in state.as_object().expect("repositories") {
        let runs = repository["runs"].as_array().expect("runs");
        let titles: std::collections::BTreeSet<&str> =
            runs.iter().filter_map(|run| run["title"].as_str()).collect();
        assert_eq!((runs.len(), titles.len()), (TRIALS, TRIALS), "{name}");
    }
    assert!(found_again > 20, "only {found_again} died between request and answer");
}
