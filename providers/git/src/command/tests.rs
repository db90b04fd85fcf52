//! How the program is run: with stand-ins where git itself would not misbehave on demand.

use std::time::{Duration, Instant};

use relplan_contract::ProblemKind;

use super::*;
use crate::testing::{Sandbox, script};

fn stand_in(sandbox: &Sandbox, text: &str) -> Program {
    let path = sandbox.path("git.sh");
    script(&path, &format!("#!/bin/sh\n{text}\n"));
    Program::new(&path.to_string_lossy())
}

#[tokio::test]
async fn the_environment_is_cleaned_and_configuration_kept() {
    let mut sandbox = Sandbox::new();
    for (name, value) in [
        ("GIT_DIR", "/elsewhere"),
        ("GIT_INDEX_FILE", "/elsewhere"),
        ("GIT_TRACE", "1"),
        ("GIT_EDITOR", "touch"),
        ("GIT_SSH_COMMAND", "ssh -i key"),
        ("GIT_CONFIG_COUNT", "2"),
        ("GIT_CONFIG_KEY_0", "http.extraHeader"),
        ("GIT_CONFIG_VALUE_0", "X-Build: 1"),
        ("GIT_CONFIG_KEY_1", "core.hooksPath"),
        ("GIT_CONFIG_VALUE_1", "/hooks"),
        ("LC_ALL", "de_DE.UTF-8"),
        ("DEPLOY_TOKEN", "kept for credential helpers"),
    ] {
        sandbox.environment.insert(name.into(), value.into());
    }
    let context = sandbox.context();
    let folder = sandbox.path(".");
    let printed = Program::new("env").call(&context, &folder).succeed("print").await.expect("prints");
    let has = |line: &str| printed.lines().any(|l| l == line);
    for gone in ["GIT_DIR=", "GIT_INDEX_FILE=", "GIT_TRACE=", "GIT_EDITOR="] {
        assert!(!printed.contains(gone), "{gone}");
    }
    for kept in ["GIT_SSH_COMMAND=ssh -i key", "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "SSH_ASKPASS=false"] {
        assert!(has(kept), "{kept}");
    }
    assert!(has("DEPLOY_TOKEN=kept for credential helpers"));
    assert!(has("GIT_CONFIG_KEY_0=http.extraHeader"));
    let hooks = Program::new("git").call(&context, &folder).args(["config", "core.hooksPath"]);
    assert_eq!(hooks.succeed("read").await.expect("is set"), "/dev/null\n", "ours wins");
}

#[tokio::test]
async fn a_missing_program_is_told() {
    let sandbox = Sandbox::new();
    let context = sandbox.context();
    let problem =
        Program::new("no-such-git").call(&context, &sandbox.path(".")).run().await.expect_err("missing");
    assert_eq!(problem.kind, ProblemKind::Missing);
    assert!(problem.to_string().contains("no-such-git") && !problem.hint.is_empty());
}

#[tokio::test]
async fn an_interruption_cuts_short_what_only_reads_with_all_its_children() {
    let sandbox = Sandbox::new();
    // The child would leave a mark a second later, had it not been killed as well.
    let program = stand_in(&sandbox, "touch started\n(sleep 1; touch survived) &\nsleep 30");
    let (context, folder) = (sandbox.context(), sandbox.path("."));
    let interrupt = async {
        while !sandbox.path("started").exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        sandbox.cancel.cancel();
    };
    let begun = Instant::now();
    let (result, ()) = tokio::join!(program.call(&context, &folder).run(), interrupt);
    assert_eq!(result.expect_err("cut short").kind, ProblemKind::Cancelled);
    assert!(begun.elapsed() < Duration::from_secs(10));
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert!(!sandbox.path("survived").exists());
    let next = program.call(&context, &folder).run().await;
    assert_eq!(next.expect_err("nothing new is begun").kind, ProblemKind::Cancelled);
}

#[tokio::test]
async fn what_changes_something_is_finished_in_spite_of_an_interruption() {
    let sandbox = Sandbox::new();
    let program = stand_in(&sandbox, "sleep 0.2; touch done");
    sandbox.cancel.cancel();
    let (context, folder) = (sandbox.context(), sandbox.path("."));
    assert!(program.call(&context, &folder).steady().run().await.expect("ends").success);
    assert!(sandbox.path("done").exists());
}

#[tokio::test]
async fn a_hanging_program_is_stopped() {
    let sandbox = Sandbox::new();
    let program = stand_in(&sandbox, "sleep 30");
    let (context, folder) = (sandbox.context(), sandbox.path("."));
    for (steady, kind) in [(false, ProblemKind::Retry), (true, ProblemKind::Uncertain)] {
        let mut call = program.call(&context, &folder).args(["push"]);
        call.limit = Duration::from_millis(100);
        call.steady = steady;
        let problem = call.run().await.expect_err("is stopped");
        assert_eq!(problem.kind, kind);
        assert!(problem.message.contains("`git push`"), "{problem}");
    }
}

#[tokio::test]
async fn a_daemon_left_behind_does_not_hold_up_the_answer() {
    let sandbox = Sandbox::new();
    let program = stand_in(&sandbox, "echo out; echo err >&2; sleep 5 &");
    let (context, folder) = (sandbox.context(), sandbox.path("."));
    let begun = Instant::now();
    let output = program.call(&context, &folder).run().await.expect("ends");
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("out\n", "err\n"));
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn output_is_bounded() {
    let sandbox = Sandbox::new();
    let (context, folder) = (sandbox.context(), sandbox.path("."));
    let endless = stand_in(&sandbox, "yes").call(&context, &folder).run().await;
    assert_eq!(endless.expect_err("is stopped").kind, ProblemKind::Refused);
    // Messages are cut at a line, so that no half of a URL stays.
    let talkative = "i=0; while [ $i -lt 2000 ]; do echo https://ann:hunter22@h/$i >&2; i=$((i+1)); done";
    let output = stand_in(&sandbox, talkative).call(&context, &folder).run().await.expect("ends");
    assert!(output.stderr.len() < 2 * MESSAGES_KEPT_BYTES && output.stderr.ends_with("@h/1999\n"));
    assert!(!output.stderr.contains("hunter22") && !output.stderr.contains("ann"));
}
