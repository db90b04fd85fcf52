//! Refs of local and remote repositories, over files, over `git daemon` and over HTTP.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use relplan_contract::{Problem, ProblemKind, Value};
use rustix::process::{Pid, Signal, kill_process_group};

use relplan_contract::conformance::fitted;

use crate::testing::{Sandbox, answering, data_type, text};

async fn read(sandbox: &Sandbox, repository: &str, reference: &str) -> Result<Value, Problem> {
    let source = data_type("git_ref");
    let arguments = [("repository", repository.into()), ("ref", reference.into())];
    let config = fitted(&source.schema().attributes, &arguments);
    source.read(&sandbox.context(), &config).await
}

fn two_tags(sandbox: &Sandbox) -> String {
    sandbox.repository("shop", &["One"]);
    let commit = sandbox.commit("shop", "feat(cart): Two\n\nWhy.", "file");
    sandbox.git("shop", &["tag", "v2"]);
    sandbox.git("shop", &["tag", "--annotate", "--message", "x", "v10"]);
    sandbox.git("shop", &["tag", "v1", "HEAD~1"]);
    commit
}

#[tokio::test]
async fn a_ref_is_told_with_its_commit_and_tags() {
    let sandbox = Sandbox::new();
    let commit = two_tags(&sandbox);
    let url = sandbox.origin("shop", "origin.git");
    for (repository, reference) in
        [("shop", "HEAD"), ("shop", "v10"), (&url, "main"), (&url, "v10"), (&url, &commit)]
    {
        let value = read(&sandbox, repository, reference).await.expect("reads");
        assert_eq!(text(&value, "commit"), commit, "{repository} {reference}");
        assert_eq!(text(&value, "short"), &commit[..7]);
        assert_eq!(text(&value, "subject"), "feat(cart): Two");
        assert_eq!(text(&value, "body"), "Why.");
        assert_eq!(text(&value, "author_name"), "Ann");
        assert_eq!(text(&value, "author_email"), "ann@example.org");
        assert_eq!(text(&value, "date"), "2026-11-20T10:00:00+01:00");
        assert_eq!(value.get("tags"), &Value::list(["v10", "v2"].map(Value::from)));
        assert_eq!(text(&value, "ref"), reference);
    }
    let missing = read(&sandbox, "shop", "nowhere").await.expect_err("there is none");
    assert_eq!(missing.kind, ProblemKind::Missing);
    let hostile = read(&sandbox, "ext::sh -c x", "HEAD").await.expect_err("refused");
    assert_eq!(hostile.kind, ProblemKind::Invalid);
}

#[tokio::test]
async fn a_repository_around_the_folder_is_found_and_none_is_told() {
    let sandbox = Sandbox::new();
    let commit = two_tags(&sandbox);
    std::fs::create_dir_all(sandbox.path("shop/releases")).expect("a folder");
    assert_eq!(text(&read(&sandbox, "shop/releases", "HEAD").await.expect("reads"), "commit"), commit);
    std::fs::create_dir_all(sandbox.path("plain")).expect("a folder");
    assert_eq!(read(&sandbox, "plain", "HEAD").await.expect_err("none").kind, ProblemKind::Missing);
}

/// A server that is stopped with the test, with the processes that it started.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let group = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw).expect("a process id");
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test]
async fn a_git_daemon_is_read_and_its_absence_is_worth_another_try() {
    let sandbox = Sandbox::new();
    let commit = two_tags(&sandbox);
    sandbox.origin("shop", "origin.git");
    let port = free_port();
    let url = format!("git://127.0.0.1:{port}/origin.git");
    let refused = read(&sandbox, &url, "main").await.expect_err("nobody listens");
    assert_eq!(refused.kind, ProblemKind::Retry, "{refused}");

    let base = sandbox.path(".").canonicalize().expect("a folder");
    let daemon = Command::new("git")
        .args(["daemon", "--reuseaddr", "--export-all", "--listen=127.0.0.1", &format!("--port={port}")])
        .arg(format!("--base-path={}", base.display()))
        .env_clear()
        .envs(&sandbox.environment)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("git daemon runs");
    let _server = Server(daemon);
    let begun = Instant::now();
    let value = loop {
        match read(&sandbox, &url, "main").await {
            Ok(value) => break value,
            Err(problem)
                if problem.kind == ProblemKind::Retry && begun.elapsed() < Duration::from_secs(20) =>
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(problem) => panic!("{problem}"),
        }
    };
    assert_eq!(text(&value, "commit"), commit);
    let missing = read(&sandbox, &format!("git://127.0.0.1:{port}/nothing.git"), "main").await;
    assert_eq!(missing.expect_err("no such repository").kind, ProblemKind::Missing);
}

#[tokio::test]
async fn an_http_servers_no_is_told_by_kind() {
    let sandbox = Sandbox::new();
    for (status, kind) in [
        ("401 Unauthorized", ProblemKind::Refused),
        ("403 Forbidden", ProblemKind::Refused),
        ("404 Not Found", ProblemKind::Missing),
        ("429 Too Many Requests", ProblemKind::Retry),
        ("503 Service Unavailable", ProblemKind::Retry),
    ] {
        let url = format!("http://{}/shop.git", answering(status).address);
        let problem = read(&sandbox, &url, "main").await.expect_err("the server says no");
        assert_eq!(problem.kind, kind, "{status}: {problem}");
        assert!(kind == ProblemKind::Retry || !problem.hint.is_empty(), "{status}: {problem}");
    }
}
