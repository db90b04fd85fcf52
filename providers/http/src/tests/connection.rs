//! Redirects, certificates, time, size and what else happens on the way.

use std::fs;
use std::time::{Duration, Instant};

use relplan_contract::{Number, Outcome, ProblemKind, Value};
use tempfile::TempDir;

use super::server::{Reply, Server, raw, reply};
use super::{apply, context, object, outcome, response, test, try_apply, verdict};

fn seconds(text: &str) -> Value {
    Number::parse(text).expect("a number").into()
}

fn step(url: impl Into<String>) -> Value {
    object([("name", "it".into()), ("url", url.into().into())])
}

fn redirect(status: u16, to: &str) -> Reply {
    reply(status, &format!("Location: {to}\r\n"), "")
}

/// A folder with the certificate in `ca.pem`.
fn authority(pem: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ca.pem");
    fs::write(&path, pem).expect("a file");
    let path = path.to_str().expect("UTF-8").to_owned();
    (folder, path)
}

#[tokio::test]
async fn a_redirect_to_another_server_carries_no_secrets() {
    let other = Server::start(|_| reply(200, "", "there")).await;
    let to = other.url("/x");
    let first = Server::start(move |asked| match &*asked.path {
        "/same" => redirect(302, "/again?q"),
        "/again?q" => redirect(307, &to),
        _ => redirect(301, &to),
    })
    .await;
    let headers = object([
        ("Authorization", "Bearer abc".into()),
        ("Cookie", "a=b".into()),
        ("X-Api-Key", "k".into()),
        ("Accept", "text/plain".into()),
    ]);
    let config = test([("headers", headers)], [step(first.url("/same"))]);
    assert_eq!(verdict(&config).await.outcome, Outcome::Passed);
    let here = &first.asked()[1];
    assert!(here.has("authorization: Bearer abc") && here.has("x-api-key"), "{here:?}");
    let there = &other.asked()[0];
    for header in ["authorization", "cookie", "x-api-key"] {
        assert!(!there.has(header), "{there:?}");
    }
    assert!(there.has("accept: text/plain") && there.has("user-agent: relplan/"), "{there:?}");

    // A body is not handed on either; without one, a POST becomes a GET.
    let post = |path: &str, status| {
        let step = step(first.url(path)).with("method", "POST".into()).with("body", "password".into());
        test([], [step.with("expect_status", Value::integer(status))])
    };
    assert_eq!(verdict(&post("/elsewhere", 200)).await.outcome, Outcome::Passed);
    assert_eq!(other.asked().last().map(|asked| asked.method.clone()), Some("GET".into()));
    let asked = other.asked().len();
    let kept = Server::start({
        let to = other.url("/y");
        move |_| redirect(308, &to)
    })
    .await;
    let config = test(
        [("deadline_seconds", seconds("0.2"))],
        [step(kept.url("/")).with("method", "POST".into()).with("body", "password".into())],
    );
    let (outcome, details) = outcome(&config).await;
    assert_eq!(outcome, Outcome::Failed);
    assert!(details.contains("would send the body on to http://127.0.0.1"), "{details}");
    assert_eq!(other.asked().len(), asked);
}

#[tokio::test]
async fn redirects_end_somewhere() {
    let server = Server::start(|asked| match &*asked.path {
        "/file" => redirect(302, "file:///etc/passwd"),
        "/none" => reply(302, "", "no location"),
        _ => redirect(302, "/loop"),
    })
    .await;
    for (path, told) in
        [("/loop", "more than 10 redirects"), ("/file", "a URL with file:"), ("/none", "got 302")]
    {
        let config = test([("deadline_seconds", seconds("0.2"))], [step(server.url(path))]);
        let (outcome, details) = outcome(&config).await;
        assert_eq!(outcome, Outcome::Failed);
        assert!(details.contains(told), "{details}");
    }
    let itself =
        step(server.url("/loop")).with("expect_status", 302.into()).with("follow_redirects", false.into());
    assert_eq!(verdict(&test([], [itself])).await.outcome, Outcome::Passed);
}

#[tokio::test]
async fn certificates_are_checked_against_the_file_given() {
    let plain = Server::start(|_| reply(200, "", "")).await;
    let down = plain.url("/");
    let (server, pem) = Server::start_tls("127.0.0.1", move |asked| match &*asked.path {
        "/down" => redirect(302, &down),
        _ => reply(200, "", "secure"),
    })
    .await;
    let (_folder, ca_file) = authority(&pem);
    let trusted = |url: String| {
        test([("ca_file", ca_file.clone().into()), ("deadline_seconds", 1.into())], [step(url)])
    };
    let (outcome_, details) = outcome(&trusted(server.url("/"))).await;
    assert_eq!(outcome_, Outcome::Passed, "{details}");

    let (outcome_, details) = outcome(&trusted(server.url("/down"))).await;
    assert_eq!(outcome_, Outcome::Failed);
    assert!(details.contains("leads from https to http://127.0.0.1"), "{details}");
    assert_eq!(plain.asked().len(), 0);

    // The wrong name is the server's fault, an unknown authority may well be ours.
    let (outcome_, details) = outcome(&trusted(server.url("/").replace("127.0.0.1", "localhost"))).await;
    assert_eq!(outcome_, Outcome::Failed, "{details}");
    let (outcome_, details) = outcome(&test([("deadline_seconds", 1.into())], [step(server.url("/"))])).await;
    assert_eq!(outcome_, Outcome::Error);
    assert!(details.contains("not trusted here"), "{details}");
}

#[tokio::test]
async fn an_expired_certificate_fails() {
    let (server, pem) = Server::start_tls_until("127.0.0.1", 2020, |_| reply(200, "", "stale")).await;
    let (_folder, ca_file) = authority(&pem);
    let config = test([("ca_file", ca_file.into()), ("deadline_seconds", 1.into())], [step(server.url("/"))]);
    let (outcome, details) = outcome(&config).await;
    assert_eq!(outcome, Outcome::Failed, "{details}");
    assert!(details.contains("expired"), "{details}");
    assert_eq!(server.asked().len(), 0, "nothing was sent");
}

#[tokio::test]
async fn a_file_without_certificates_is_refused() {
    for (text, told) in [("nothing", "no certificate"), ("-----BEGIN CERTIFICATE-----\nx", "no certificate")]
    {
        let (_folder, ca_file) = authority(text);
        let config = test([("ca_file", ca_file.into())], [step("https://127.0.0.1:1/")]);
        let problem = try_apply(&context().0, &config).await.expect_err("it is refused");
        assert!(problem.message.contains(told), "{problem}");
        assert_eq!(problem.kind, ProblemKind::Invalid);
    }
    let config = test([("ca_file", "no/such/file".into())], [step("https://127.0.0.1:1/")]);
    let problem = try_apply(&context().0, &config).await.expect_err("it is refused");
    assert!(problem.message.contains("could not be read"), "{problem}");
}

#[tokio::test]
async fn a_service_that_is_down_has_failed() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    let config = test([("deadline_seconds", seconds("0.3"))], [step(format!("http://127.0.0.1:{port}/"))]);
    let (outcome_, details) = outcome(&config).await;
    assert_eq!(outcome_, Outcome::Failed);
    assert!(details.contains("The connection was refused."), "{details}");
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "garbage\r\n\r\n"] {
        let server = Server::start(move |_| raw(answer)).await;
        let config = test([("deadline_seconds", seconds("0.3"))], [step(server.url("/"))]);
        let (outcome, details) = outcome(&config).await;
        assert_eq!(outcome, Outcome::Failed, "{details}");
    }
}

#[tokio::test]
async fn a_body_that_trickles_is_cut_off() {
    let server = Server::start(|_| reply(200, "", &"x".repeat(1000)).slowly(Duration::from_millis(20))).await;
    let config = test(
        [("request_timeout_seconds", seconds("0.3")), ("deadline_seconds", seconds("0.5"))],
        [step(server.url("/"))],
    );
    let start = Instant::now();
    let (outcome_, details) = outcome(&config).await;
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(outcome_, Outcome::Failed);
    assert!(details.contains("no whole answer within 0.3 s"), "{details}");

    // The deadline alone does it as well.
    let config = test([("deadline_seconds", seconds("0.3"))], [step(server.url("/"))]);
    let (object, verdict) = apply(&context().0, &config).await;
    assert_eq!((verdict.outcome, object.get("attempts").as_i64()), (Outcome::Failed, Some(1)));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_taken_in() {
    let large = "y".repeat(100_000);
    let announced = Server::start(|_| raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx")).await;
    let chunked = Server::start(move |_| raw(&format!("HTTP/1.1 200 OK\r\n\r\n{large}"))).await;
    for server in [announced, chunked] {
        let config = test(
            [("max_body_bytes", 50_000.into()), ("deadline_seconds", seconds("0.3"))],
            [step(server.url("/"))],
        );
        let (outcome, details) = outcome(&config).await;
        assert_eq!(outcome, Outcome::Failed);
        assert!(details.contains("larger than 50000 bytes"), "{details}");
    }
}

#[tokio::test]
async fn a_late_answer_fails() {
    let server = Server::start(|_| reply(200, "", "x").slowly(Duration::from_millis(3))).await;
    let late = step(server.url("/")).with("max_latency_ms", 20.into());
    let (outcome, details) = outcome(&test([("deadline_seconds", 1.into())], [late])).await;
    assert_eq!(outcome, Outcome::Failed);
    assert!(details.contains("Expected an answer within 20 ms, it took "), "{details}");
}

#[tokio::test]
async fn the_environment_names_the_proxy_but_not_for_this_machine() {
    let proxy = Server::start(|asked| reply(200, "", &asked.path)).await;
    let (mut context, _) = context();
    let environment = [("http_proxy", proxy.url("/")), ("NO_PROXY", "direct.invalid".to_owned())];
    context.environment =
        std::sync::Arc::new(environment.map(|(name, value)| (name.to_owned(), value)).into());
    let through = object([("url", "http://service.invalid/a".into())]);
    let answer = response(&context, &through).await.expect("the proxy's answer");
    assert_eq!(answer.get("body"), &Value::from("http://service.invalid/a"));
    let own = Server::start(|_| reply(200, "", "own")).await;
    let answer = response(&context, &object([("url", own.url("/").into())])).await.expect("an answer");
    assert_eq!(answer.get("body"), &Value::from("own"));
    let direct = response(&context, &object([("url", "http://direct.invalid/".into())])).await;
    assert!(direct.is_err() && proxy.asked().len() == 1);
}
