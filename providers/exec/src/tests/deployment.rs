//! Deployments: observed, drifting, failing, interrupted, lost in a crash.

use relplan_contract::{Kind, Observed, PlanRequest, ProblemKind, ReconcileRequest, Reconciled};

use super::*;
use crate::ExecDeployment;

fn arguments(deploy: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("version", "2.0".into()),
        ("deploy", sh(deploy)),
        ("observe", sh("cat live 2>/dev/null || true")),
        ("observe_seconds", Value::integer(1)),
    ]
}

fn with(mut all: Vec<(&'static str, Value)>, name: &'static str, value: Value) -> Vec<(&'static str, Value)> {
    all.retain(|(other, _)| *other != name);
    all.push((name, value));
    all
}

async fn deploy(place: &Place, arguments: &[(&str, Value)]) -> Result<Value, Problem> {
    apply(place, &ExecDeployment::default(), arguments).await.map(|applied| applied.value)
}

async fn reconcile(place: &Place, arguments: &[(&str, Value)], reference: Option<&str>) -> Reconciled {
    let deployment = ExecDeployment::default();
    let planned = planned(&deployment, arguments);
    let request =
        ReconcileRequest { planned: &planned, prior: None, key: &place.key, reference, destroy: false };
    deployment.reconcile(&place.context, request).await.expect("an answer")
}

#[tokio::test]
async fn what_is_deployed_is_observed() {
    let place = Place::new();
    let object =
        deploy(&place, &arguments("echo going; echo $RELPLAN_VERSION > live")).await.expect("deployed");
    assert_eq!((object.get("live_version"), object.get("exit_code")), (&"2.0".into(), &Value::integer(0)));
    assert_eq!(place.text(object.get("log").as_str().expect("a log")), "going\n");
    let references = place.recorder.references();
    assert!(references[0].starts_with("command of process "), "{references:?}");
    assert!(references[1].starts_with("process group ") && references.len() == 2, "{references:?}");
}

#[tokio::test]
async fn a_version_may_take_a_while_to_show() {
    let place = Place::new();
    let late = arguments("(sleep 0.4; echo 2.0 > live) >/dev/null 2>&1 &");
    let late = with(late, "observe_seconds", Value::integer(10));
    assert!(deploy(&place, &late).await.is_ok());
    assert_eq!(place.text("live"), "2.0\n", "what the command left behind was not ended");
}

#[tokio::test]
async fn another_version_after_deploy_is_a_problem() {
    let place = Place::new();
    let none = with(arguments("echo 1.0 > live"), "observe_seconds", Value::integer(0));
    let problem = deploy(&place, &none).await.expect_err("not live");
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert_eq!(problem.message, "`deploy` has succeeded, but 1.0 is live rather than 2.0.");
}

#[tokio::test]
async fn an_observe_that_fails_after_deploy_leaves_it_uncertain() {
    let place = Place::new();
    let broken = with(arguments("true"), "observe", sh("echo refused >&2; exit 7"));
    let broken = with(broken, "observe_seconds", Value::integer(0));
    let problem = deploy(&place, &broken).await.expect_err("unknown");
    assert_eq!((problem.kind, problem.detail.as_str()), (ProblemKind::Uncertain, "refused"));
}

#[tokio::test]
async fn a_failed_command_is_told_with_its_last_words() {
    let place = Place::new();
    let problem = deploy(&place, &arguments("echo no space left; exit 28")).await.expect_err("failed");
    assert_eq!((problem.kind, problem.detail.as_str()), (ProblemKind::Refused, "no space left"));
    assert!(problem.message.contains("exit code 28") && problem.hint.contains("in keep/deploy-"));
    let killed = deploy(&place, &arguments("kill -TERM $$")).await.expect_err("killed");
    assert_eq!(killed.kind, ProblemKind::Uncertain);
}

#[tokio::test]
async fn reading_finds_another_version_nothing_and_no_answer() {
    let place = Place::new();
    let deployment = ExecDeployment::default();
    let object = deploy(&place, &arguments("echo 2.0 > live")).await.expect("deployed");
    let read = async || deployment.read(&place.context, &object).await;
    assert_eq!(read().await, Ok(Observed::Same));
    fs::write(place.path("live"), "1.9\n").expect("written");
    let Ok(Observed::Present(seen)) = read().await else { panic!("drift is not found") };
    assert_eq!(seen.get("version"), &Value::from("1.9"));
    fs::write(place.path("live"), "").expect("written");
    assert_eq!(read().await, Ok(Observed::Absent));
    let failing = object.clone().with("observe", sh("exit 1"));
    let problem = deployment.read(&place.context, &failing).await.expect_err("no answer is no absence");
    assert_eq!(problem.kind, ProblemKind::Retry);
    let talking = object.clone().with("observe", sh("echo a; echo b"));
    assert!(deployment.read(&place.context, &talking).await.is_err());
    let unobserved = object.clone().with("observe", Value::NULL);
    assert_eq!(deployment.read(&place.context, &unobserved).await, Ok(Observed::Same));
}

#[tokio::test]
async fn observing_without_a_secret_that_was_not_kept_tells_only_what_succeeds() {
    let place = Place::new();
    let deployment = ExecDeployment::default();
    let object = deploy(&place, &arguments("echo 2.0 > live")).await.expect("deployed");
    let sealed = Value::new(Kind::Sealed("fingerprint".into())).mark(true);
    let object = object.with("environment", Value::map([("TOKEN", sealed)]));
    fs::write(place.path("live"), "1.9").expect("written");
    let needy = object.clone().with("observe", sh("test -n \"$TOKEN\" && cat live"));
    assert_eq!(deployment.read(&place.context, &needy).await, Ok(Observed::Same));
    assert!(matches!(deployment.read(&place.context, &object).await, Ok(Observed::Present(_))));
}

#[tokio::test]
async fn a_change_of_observe_alone_deploys_nothing() {
    let place = Place::new();
    let deployment = ExecDeployment::default();
    let first = arguments("echo x >> deployed; echo 2.0 > live");
    let object = deploy(&place, &first).await.expect("deployed");
    let config = with(first, "observe", sh("head -1 live"));
    let config = planned(&deployment, &config).without_unknown();
    let request = PlanRequest { config: &config, prior: Some(&object) };
    let change = deployment.plan(&place.context, request).await.expect("a plan");
    assert_eq!((change.notes.len(), change.value.get("exit_code")), (1, &Value::integer(0)));
    let request = ApplyRequest { planned: &change.value, prior: Some(&object), key: "next" };
    assert_eq!(deployment.apply(&place.context, request).await.expect("kept").value, change.value);
    assert_eq!(place.text("deployed"), "x\n");
}

#[tokio::test]
async fn an_interrupt_lets_a_deployment_finish_unless_told_otherwise() {
    let place = Place::new();
    let script = "echo $$ > started; sleep 0.3; echo 2.0 > live";
    let cancel = place.context.cancel.clone();
    let started = place.path("started");
    let interrupt = async {
        process_in(&started).await;
        cancel.cancel();
    };
    let finishing = arguments(script);
    let (answer, ()) = tokio::join!(deploy(&place, &finishing), interrupt);
    assert!(answer.is_ok(), "{answer:?}");

    let place = Place::new();
    let cancel = place.context.cancel.clone();
    let started = place.path("started");
    let interrupt = async {
        process_in(&started).await;
        cancel.cancel();
    };
    let stopping = with(arguments("echo $$ > started; sleep 100"), "on_interrupt", "stop".into());
    let (answer, ()) = tokio::join!(deploy(&place, &stopping), interrupt);
    assert_eq!(answer.expect_err("interrupted").kind, ProblemKind::Uncertain);
}

/// Cancels once the file is there, then waits for the deployment.
async fn interrupted_at(place: &Place, file: &str, arguments: &[(&str, Value)]) -> Result<Value, Problem> {
    let (cancel, file) = (place.context.cancel.clone(), place.path(file));
    let interrupt = async {
        while !file.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        cancel.cancel();
    };
    tokio::join!(deploy(place, arguments), interrupt).0
}

#[tokio::test]
async fn what_an_interrupted_run_has_deployed_is_recorded_as_done() {
    // The version shows only some time after the command has ended, and has been interrupted meanwhile.
    let late = arguments("touch going; sleep 0.2; (sleep 0.7; echo 2.0 > live) >/dev/null 2>&1 &");
    let late = with(late, "observe_seconds", Value::integer(30));
    let object = interrupted_at(&Place::new(), "going", &late).await.expect("it is live");
    assert_eq!((object.get("live_version"), object.get("exit_code")), (&"2.0".into(), &Value::integer(0)));
    // The command makes an error of being told, with its work done; or is stopped when it is.
    let stopping = |script| with(arguments(script), "on_interrupt", "stop".into());
    for script in [
        "trap 'exit 130' TERM; echo 2.0 > live; touch going; while true; do sleep 0.05; done",
        "trap '' TERM; echo 2.0 > live; touch going; sleep 30",
    ] {
        let object = interrupted_at(&Place::new(), "going", &stopping(script)).await.expect("it is live");
        assert_eq!(object.get("live_version"), &"2.0".into(), "{script}");
        assert!(object.get("exit_code").is_null() && !object.has_unknown(), "{object:?}");
    }
    let told = arguments("touch going; sleep 0.3; echo 2.0 > live; exit 130");
    interrupted_at(&Place::new(), "going", &told).await.expect("it is live");
    // What had been live before tells nothing, nor does what another version shows.
    let other = arguments("touch going; sleep 0.3; echo 1.0 > live; exit 130");
    let problem = interrupted_at(&Place::new(), "going", &other).await.expect_err("not live");
    assert_eq!(problem.kind, ProblemKind::Refused, "{problem}");
    // Without an interrupt an error is one.
    let problem = deploy(&Place::new(), &arguments("echo 2.0 > live; exit 1")).await.expect_err("an error");
    assert_eq!(problem.kind, ProblemKind::Refused, "{problem}");
}

#[tokio::test]
async fn a_version_that_does_not_show_after_an_interrupt_is_asked_for_again() {
    let mut place = Place::new();
    let never = with(arguments("touch going; sleep 0.3"), "observe_seconds", Value::integer(600));
    let problem = interrupted_at(&place, "going", &never).await.expect_err("not seen");
    assert_eq!(problem.kind, ProblemKind::Uncertain, "{problem}");
    place.context.cancel = relplan_contract::Cancel::default();
    assert_eq!(reconcile(&place, &never, None).await, Reconciled::NotDone);
    fs::write(place.path("live"), "2.0").expect("written");
    assert!(matches!(reconcile(&place, &never, None).await, Reconciled::Done(_)));
}

#[tokio::test]
async fn after_a_crash_observe_tells_what_became_of_it() {
    let place = Place::new();
    let lost = arguments("true");
    assert_eq!(reconcile(&place, &lost, None).await, Reconciled::NotDone);
    fs::write(place.path("live"), "2.0").expect("written");
    let Reconciled::Done(applied) = reconcile(&place, &lost, None).await else { panic!("it is live") };
    assert_eq!(applied.value.get("live_version"), &Value::from("2.0"));
    assert!(!applied.value.has_unknown());
    let blind = with(lost.clone(), "observe", Value::NULL);
    assert_eq!(reconcile(&place, &blind, None).await, Reconciled::CannotTell);
    fs::write(place.path("live"), "1.0").expect("written");
    // No machine has that many processes: here it would be gone.
    let elsewhere = "process group 2000000000, boot of-another-machine";
    assert_eq!(reconcile(&place, &lost, Some(elsewhere)).await, Reconciled::CannotTell);
    let here = crate::survivor::Reference::started(2_000_000_000).to_string();
    assert_eq!(reconcile(&place, &lost, Some(&here)).await, Reconciled::NotDone);
}

#[tokio::test]
async fn after_a_crash_a_version_that_was_live_before_tells_nothing() {
    let place = Place::new();
    let deployment = ExecDeployment::default();
    let prior = deploy(&place, &arguments("echo 2.0 > live")).await.expect("deployed");
    let changed = planned(&deployment, &arguments("echo 2.0 > live; echo more"));
    let request = ReconcileRequest {
        planned: &changed,
        prior: Some(&prior),
        key: "next",
        reference: None,
        destroy: false,
    };
    assert_eq!(deployment.reconcile(&place.context, request).await, Ok(Reconciled::CannotTell));
}

#[tokio::test]
async fn a_server_that_holds_the_output_open_does_not_hold_the_deployment_up() {
    let place = Place::new();
    let start = Instant::now();
    let holding = arguments("sleep 100 & echo $! > server; echo 2.0 > live; echo last words");
    let object = deploy(&place, &holding).await.expect("deployed");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(object.get("output_tail"), &Value::from("last words"));
    let server = process_in(&place.path("server")).await;
    let server = rustix::process::Pid::from_raw(server).expect("a process");
    rustix::process::kill_process(server, rustix::process::Signal::KILL).expect("it runs");
}

#[tokio::test]
async fn a_command_that_outlived_relplan_is_not_taken_for_ended() {
    let place = Place::new();
    let key = format!("key-{}", std::process::id());
    let mut survivor = tokio::process::Command::new("sleep")
        .arg("100")
        .env("RELPLAN_IDEMPOTENCY_KEY", &key)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .expect("started");
    let group = survivor.id().and_then(|id| i32::try_from(id).ok()).expect("a process");
    let reference = crate::survivor::Reference::started(group).to_string();
    let deployment = ExecDeployment::default();
    let planned = planned(&deployment, &arguments("true"));
    let ask = async |reference| {
        let request =
            ReconcileRequest { planned: &planned, prior: None, key: &key, reference, destroy: false };
        deployment.reconcile(&place.context, request).await.expect("an answer")
    };
    // The new program may take an instant to stand in the place of the old one.
    tokio::time::sleep(Duration::from_millis(100)).await;
    fs::write(place.path("live"), "2.0").expect("written");
    assert_eq!(ask(Some(&reference)).await, Reconciled::CannotTell);
    assert_eq!(ask(None).await, Reconciled::CannotTell, "found by its key");
    survivor.kill().await.expect("killed");
    fs::remove_file(place.path("live")).expect("removed");
    assert_eq!(ask(Some(&reference)).await, Reconciled::NotDone);
}

#[tokio::test]
async fn a_server_that_a_deployment_left_running_does_not_hide_that_it_is_done() {
    let place = Place::new();
    let serving = arguments("sleep 100 >/dev/null 2>&1 & echo $! > server; echo 2.0 > live");
    deploy(&place, &serving).await.expect("deployed");
    let server = process_in(&place.path("server")).await;
    assert!(runs(server));
    let reference = place.recorder.references().pop();
    let answer = reconcile(&place, &serving, reference.as_deref()).await;
    assert!(matches!(answer, Reconciled::Done(_)), "{answer:?}");
    let group = rustix::process::Pid::from_raw(server).expect("a process");
    rustix::process::kill_process(group, rustix::process::Signal::KILL).expect("ended");
}

#[tokio::test]
async fn destroying_needs_a_command_and_believes_observe() {
    let place = Place::new();
    let deployment = ExecDeployment::default();
    let object = deploy(&place, &arguments("echo 2.0 > live")).await.expect("deployed");
    assert!(!deployment.can_destroy(&object));
    assert!(deployment.destroy(&place.context, &object, &place.key).await.is_err());
    let feigned = object.clone().with("destroy", sh("true"));
    assert!(deployment.can_destroy(&feigned));
    assert!(deployment.destroy(&place.context, &feigned, &place.key).await.is_err(), "it is still live");
    let real = object.with("destroy", sh("rm live; echo x >> destroyed"));
    for _ in 0..2 {
        assert_eq!(deployment.destroy(&place.context, &real, &place.key).await, Ok(()));
    }
    assert_eq!(place.text("destroyed"), "x\n", "what is gone is not destroyed again");
}
