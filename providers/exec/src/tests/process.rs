//! How commands are run: environment, output, interrupts, and what they leave behind.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use relplan_contract::{MASK, ProblemKind, Value};

use super::*;
use crate::ExecTest;

fn command(script: &str) -> [(&'static str, Value); 1] {
    [("command", sh(script))]
}

async fn run(place: &Place, arguments: &[(&str, Value)]) -> Value {
    apply(place, &ExecTest::default(), arguments).await.expect("judged").value
}

fn tail(object: &Value) -> &str {
    object.get("output_tail").as_str().expect("an output")
}

#[tokio::test]
async fn only_named_variables_are_handed_on() {
    let mut place = Place::new();
    let mut environment = (*place.context.environment).clone();
    for name in ["LD_PRELOAD_X", "SECRET_TOKEN", "AWS_PROFILE", "HOME"] {
        environment.insert(name.into(), "given".into());
    }
    place.context.environment = Arc::new(environment);
    let more = Value::list(["AWS_PROFILE".into(), "NOT_THERE".into()]);
    let own = Value::map([("HOME", Value::from("ours")), ("EMPTY", "".into()), ("ABSENT", Value::NULL)]);
    let arguments = [("command", sh("env")), ("inherit_environment", more), ("environment", own)];
    let object = run(&place, &arguments).await;
    let mut seen: Vec<&str> = tail(&object).lines().filter_map(|line| line.split('=').next()).collect();
    seen.sort_unstable();
    seen.retain(|name| {
        !["LANG", "LC_ALL", "TMPDIR", "TZ", "USER", "PWD", "SHLVL", "_", "OLDPWD"].contains(name)
    });
    let ours = ["RELPLAN_ADDRESS", "RELPLAN_IDEMPOTENCY_KEY", "RELPLAN_VERSION"];
    assert_eq!(seen, ["AWS_PROFILE", "EMPTY", "HOME", "PATH", ours[0], ours[1], ours[2]]);
    for line in ["HOME=ours", "RELPLAN_ADDRESS=exec_it.main", "RELPLAN_VERSION=1.2.0"] {
        assert!(tail(&object).contains(line), "{line} is not in {}", tail(&object));
    }
}

#[tokio::test]
async fn arguments_reach_the_program_as_they_are() {
    let place = Place::new();
    let argv = ["printf", "%s|", "a b", "$HOME", "*", "; rm -rf x", "\u{fc}"].map(Value::from);
    let object = run(&place, &[("command", Value::list(argv))]).await;
    assert_eq!(tail(&object), "a b|$HOME|*|; rm -rf x|\u{fc}|");
}

#[tokio::test]
async fn a_program_beside_the_release_file_is_found_from_its_folder() {
    let place = Place::new();
    fs::create_dir(place.path("sub")).expect("made");
    fs::write(place.path("sub/run.sh"), "#!/bin/sh\npwd\ncat\n").expect("written");
    fs::set_permissions(place.path("sub/run.sh"), fs::Permissions::from_mode(0o700)).expect("executable");
    let object = run(
        &place,
        &[
            ("command", Value::list(["./run.sh".into()])),
            ("working_directory", "sub".into()),
            ("stdin", "from stdin".into()),
        ],
    )
    .await;
    assert!(tail(&object).ends_with("sub\nfrom stdin"), "{}", tail(&object));
}

#[tokio::test]
async fn what_cannot_be_started_is_a_problem_at_its_attribute() {
    let place = Place::new();
    fs::write(place.path("plain"), "no program").expect("written");
    for (arguments, kind, at) in [
        (vec![("command", Value::list(["no-such-program".into()]))], ProblemKind::Missing, "command[0]"),
        (vec![("command", Value::list(["make deploy".into()]))], ProblemKind::Missing, "command[0]"),
        (vec![("command", Value::list(["./plain".into()]))], ProblemKind::Refused, "command[0]"),
        (
            vec![("command", sh("true")), ("working_directory", "nowhere".into())],
            ProblemKind::Missing,
            "working_directory",
        ),
    ] {
        let problem = apply(&place, &ExecTest::default(), &arguments).await.expect_err("cannot start");
        assert_eq!((problem.kind, problem.attribute.expect("a place").to_string().as_str()), (kind, at));
    }
}

#[tokio::test]
async fn a_secret_is_masked_across_the_pieces_in_which_it_is_printed() {
    let place = Place::new();
    let script = "printf 'x correct-'; sleep 0.1; printf 'horse-'; sleep 0.1; echo battery y; echo plain >&2";
    let object = run(&place, &command(script)).await;
    let mut lines = place.recorder.lines();
    lines.sort();
    assert_eq!(lines, ["plain".to_owned(), format!("x {MASK} y")]);
    let log = place.text(object.get("log").as_str().expect("a log"));
    assert!(log.contains(MASK) && !log.contains("battery"), "{log}");
    assert!(!tail(&object).contains("battery"));
}

#[tokio::test]
async fn a_flood_is_borne_in_little_memory() {
    let place = Place::new();
    let before = resident();
    // One line without end, and many lines. Other tests run beside this one, hence the wide bound.
    let script = "head -c 400000000 /dev/zero | tr '\\0' x; echo; yes 'a line of output' | head -n 1200000";
    let object = run(&place, &command(script)).await;
    let log = fs::metadata(place.path(object.get("log").as_str().expect("a log"))).expect("there").len();
    assert!(log < 10_100_000, "the log has {log} bytes");
    assert!(place.recorder.lines().len() <= 10_000, "the terminal is spared");
    assert!(resident() < before + 250_000, "{} kB more in memory", resident() - before);
    assert!(tail(&object).ends_with("a line of output"));
}

/// Memory of this process in kB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a size");
    line.split_whitespace().nth(1).and_then(|size| size.parse().ok()).expect("a number")
}

#[tokio::test]
async fn an_interrupt_ends_grandchildren_that_ignore_it() {
    let place = Place::new();
    let script = "(trap '' TERM; sh -c 'echo $$ > deep; while :; do sleep 1; done') & wait";
    let cancel = place.context.cancel.clone();
    let deep = place.path("deep");
    let interrupt = async {
        let process = process_in(&deep).await;
        cancel.cancel();
        process
    };
    let start = Instant::now();
    let test = ExecTest::default();
    let arguments = command(script);
    let (answer, process) = tokio::join!(apply(&place, &test, &arguments), interrupt);
    assert_eq!(answer.expect_err("interrupted").kind, ProblemKind::Cancelled);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert!(ends(process).await, "the grandchild runs on");
}

#[tokio::test]
async fn a_deadline_ends_grandchildren_too() {
    let place = Place::new();
    let script = "trap '' TERM; sh -c 'echo $$ > deep; sleep 100' & wait; sleep 100";
    let test = ExecTest::default();
    let arguments = command(script);
    let deep = place.path("deep");
    let process = {
        let call = apply(&place, &test, &arguments);
        tokio::select! {
            _ = call => panic!("it cannot have ended"),
            process = process_in(&deep) => process,
        }
        // Here the call is dropped, as by a deadline.
    };
    assert!(ends(process).await, "the grandchild runs on");
}

#[tokio::test]
async fn what_a_test_leaves_behind_is_ended() {
    let place = Place::new();
    run(&place, &command("sleep 100 & echo $! > left")).await;
    let process = process_in(&place.path("left")).await;
    assert!(ends(process).await);
}

#[tokio::test]
async fn a_text_of_any_length_is_there_before_the_command_starts() {
    let place = Place::new();
    let text = "a line of input\n".repeat(70_000);
    // Closed at once, read late, and read in part: nothing waits for it, and nothing is lost.
    let count = |script: &str| [("command", sh(script)), ("stdin", Value::from(text.as_str()))];
    let late = run(&place, &count("sleep 0.3; wc -c")).await;
    assert_eq!(tail(&late).trim(), text.len().to_string());
    assert_eq!(tail(&run(&place, &count("head -n 1")).await), "a line of input");
    assert_eq!(tail(&run(&place, &count("exec <&-; echo done")).await), "done");
    let empty = run(&place, &[("command", sh("wc -c")), ("stdin", "".into())]).await;
    assert_eq!(tail(&empty).trim(), "0");
}

#[tokio::test]
async fn a_command_goes_on_writing_when_nobody_reads_any_more() {
    let place = Place::new();
    let deployment = crate::ExecDeployment::default();
    // More than a pipe holds, on both of its outputs, after the reader has gone.
    let flood = "i=0; while [ $i -lt 3000 ]; do echo 'a line that is written to nobody, but it is written' || exit 9; \
                 echo 'and another one that nobody gets to see any more' >&2 || exit 9; i=$((i+1)); done";
    let script = format!("(sleep 0.5; {flood}; echo written > end) & echo begun");
    let arguments = [("version", "1".into()), ("deploy", sh(&script))];
    apply(&place, &deployment, &arguments).await.expect("deployed");
    for _ in 0..1000 {
        if place.path("end").exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("what was left running broke off");
}

#[tokio::test]
async fn an_interrupted_run_starts_nothing() {
    let place = Place::new();
    place.context.cancel.cancel();
    let problem = apply(&place, &ExecTest::default(), &command("touch started")).await.expect_err("refused");
    assert_eq!(problem.kind, ProblemKind::Cancelled);
    assert!(!place.path("started").exists());
}
