//! Real servers on loopback, and the conformance suite.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use relplan_contract::conformance::{self, Fixture, Planted, context_in};
use relplan_contract::{ApplyRequest, Context, Outcome, Problem, Resource, Value, Verdict};

use super::Http;
use super::smoke::{SmokeTest, schema};

/// A server that gives the answers in their order, the last one for ever, and keeps what it was asked.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(answers: &[&str]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mut answers: VecDeque<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(&stream);
                let (mut request, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                        break;
                    }
                    if let Some(given) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = given.trim().parse().unwrap_or(0);
                    }
                    request.push_str(&line);
                }
                let mut body = vec![0; length];
                let _ = reader.read_exact(&mut body);
                request.push_str(&String::from_utf8_lossy(&body));
                kept.lock().expect("no panic").push(request);
                let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
                let _ = (&stream).write_all(answer.unwrap_or_default().as_bytes());
            }
        });
        Self { port, asked }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn test(base: &str, steps: Value, more: &[(&str, Value)]) -> Value {
    let given = Value::map([("base_url", Value::from(base)), ("step", steps)]);
    let fitted = schema()
        .attributes
        .iter()
        .map(|a| (a.name, a.fit(given.get(a.name)).expect("it fits")))
        .collect::<Vec<_>>();
    more.iter().fold(Value::map(fitted), |config, (name, value)| config.with(name, value.clone()))
}

fn step(entries: &[(&str, Value)]) -> Value {
    Value::list([Value::map(entries.iter().cloned())])
}

async fn judge(config: &Value) -> Result<Verdict, Problem> {
    let folder = tempfile::tempdir().expect("a folder");
    let context: Context = Context {
        clock: Arc::new(conformance::ThreadClock),
        ..context_in(folder.path(), "http_smoke_test.it")
    };
    let request = ApplyRequest { planned: config, prior: None, key: "k" };
    SmokeTest::default().apply(&context, request).await.map(|applied| applied.verdict.expect("a verdict"))
}

#[tokio::test]
async fn a_service_is_asked_until_it_is_healthy() {
    let bad = answer("503 Service Unavailable", "", "starting");
    let good = answer("200 OK", "x-id: 42\r\n", r#"{"version":"1.2.0","items":[{"id":7}]}"#);
    let server = Server::new(&[&bad, &good]);
    let steps = step(&[
        ("path", "/version".into()),
        ("expect_json", Value::map([("version", Value::from("1.2.0")), ("items[0].id", 7.into())])),
    ]);
    let verdict = judge(&test(
        &server.url(),
        steps,
        &[("deadline_seconds", 10.into()), ("interval_seconds", 0.into())],
    ))
    .await;
    assert_eq!(verdict.expect("judged").outcome, Outcome::Passed);
    assert_eq!(server.asked.lock().expect("no panic").len(), 2);
}

#[tokio::test]
async fn what_a_step_captures_is_sent_by_the_next() {
    let first = answer("200 OK", "x-token: a/b\r\n", r#"{"id":"x y"}"#);
    let server = Server::new(&[&first, &answer("204 No Content", "", "")]);
    let capture = Value::map([("id", Value::from("id")), ("token", Value::from("header:x-token"))]);
    let steps = Value::list([
        Value::map([("path", Value::from("/a")), ("capture", capture)]),
        Value::map([
            ("path", "/b/{{id}}".into()),
            ("method", "POST".into()),
            ("headers", Value::map([("x-t", Value::from("{{token}}"))])),
            ("json", Value::map([("id", Value::from("{{id}}"))])),
        ]),
    ]);
    let verdict = judge(&test(&server.url(), steps, &[])).await.expect("judged");
    assert_eq!(verdict.outcome, Outcome::Passed, "{verdict:?}");
    let asked = server.asked.lock().expect("no panic").join("\n");
    assert!(
        asked.contains("POST /b/x%20y ") && asked.contains("x-t: a/b") && asked.ends_with(r#"{"id":"x y"}"#),
        "{asked}"
    );
}

#[tokio::test]
async fn what_is_not_as_expected_fails_and_says_why() {
    let server = Server::new(&[&answer("200 OK", "", "hello world")]);
    for (entry, wanted) in [
        (("expect_status", Value::from(404)), "the status is 200, not 404"),
        (("expect_body_contains", "bye".into()), "does not contain \"bye\""),
        (("expect_body_matches", "^bye".into()), "does not match \"^bye\""),
        (("expect_headers", Value::map([("x-a", Value::from("b"))])), "the header x-a is missing"),
        (("expect_json", Value::map([("a", Value::from("b"))])), "is no JSON"),
        (("capture", Value::map([("a", Value::from("regex:(z+)"))])), "is not in the answer"),
    ] {
        let verdict =
            judge(&test(&server.url(), step(&[("path", "/".into()), entry]), &[])).await.expect("judged");
        assert_eq!(verdict.outcome, Outcome::Failed);
        assert!(verdict.summary.contains(wanted), "{} / {wanted}", verdict.summary);
    }
    let nobody =
        judge(&test("http://127.0.0.1:1", step(&[("path", "/".into())]), &[])).await.expect("judged");
    assert_eq!(nobody.outcome, Outcome::Failed, "a service that does not answer has failed");
}

#[tokio::test]
async fn large_and_slow_answers_are_bounded() {
    let server = Server::new(&[&answer("200 OK", "", &"x".repeat(3_000))]);
    let config = test(&server.url(), step(&[("path", "/".into())]), &[("max_body_bytes", 1_000.into())]);
    assert!(judge(&config).await.expect("judged").summary.contains("larger than 1000 bytes"));
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let begun = Instant::now();
    let config = test(&url, step(&[("path", "/".into())]), &[("request_timeout_seconds", 1.into())]);
    assert!(judge(&config).await.expect("judged").summary.contains("within 1 seconds"));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_header_cannot_smuggle_another() {
    let server = Server::new(&[&answer("200 OK", "", "")]);
    let headers = Value::map([("x-a", Value::from("b\r\nx-c: d"))]);
    let problem = judge(&test(&server.url(), step(&[("path", "/".into()), ("headers", headers)]), &[]))
        .await
        .expect_err("refused");
    assert!(problem.to_string().contains("no header may have"), "{problem}");
}

struct Service {
    folder: tempfile::TempDir,
    server: Server,
    smoke: SmokeTest,
}

impl Default for Service {
    fn default() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, server: Server::new(&[&answer("200 OK", "", "{}")]), smoke: SmokeTest::default() }
    }
}

impl Fixture for Service {
    fn resource(&self) -> &dyn Resource {
        &self.smoke
    }

    fn context(&self) -> Context {
        context_in(self.folder.path(), "http_smoke_test.it")
    }

    fn config(&self) -> Value {
        test(&self.server.url(), step(&[("path", "/".into())]), &[])
    }

    fn changed(&self) -> Option<Value> {
        Some(test(&self.server.url(), step(&[("path", "/other".into())]), &[]))
    }

    fn planted(&self) -> Vec<Planted> {
        let secret = "correct-horse-battery";
        let headers = Value::map([("authorization", Value::from(secret).mark(true))]);
        let path = Value::from(format!("/?key={secret}")).mark(true);
        let steps = step(&[("path", path), ("headers", headers), ("expect_status", 500.into())]);
        vec![Planted { config: test(&self.server.url(), steps, &[]), secret }]
    }
}

#[tokio::test]
async fn it_conforms() {
    assert_eq!(conformance::check_provider(&Http), []);
    assert_eq!(conformance::check(Service::default).await, []);
}
