//! What is expected, what came, and how long it is tried.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use relplan_contract::{Number, Outcome, ProblemKind, Value};

use super::server::{Server, reply};
use super::{apply, context, object, outcome, test, try_apply, verdict};

const JSON: &str = r#"{"version": "1.3.0", "items": [{"id": 7, "price": 0.1}, {"id": 8}], "ok": true}"#;

async fn shop() -> Server {
    Server::start(|_| reply(200, "X-App: shop\r\nX-App: v2\r\n", JSON)).await
}

fn step<const N: usize>(url: String, arguments: [(&str, Value); N]) -> Value {
    let step = object([("name", "it".into()), ("url", url.into())]);
    arguments.into_iter().fold(step, |step, (name, value)| step.with(name, value))
}

#[tokio::test]
async fn good_answers_pass() {
    let server = shop().await;
    let tenth = Value::from(Number::parse("0.1").expect("a number"));
    let expected = object([
        ("$.version", "1.3.0".into()),
        ("$.items[0].price", tenth),
        ("$.items[*].id", Value::list([7.into(), 8.into()])),
        ("$['ok']", true.into()),
    ]);
    let good = step(
        server.url("/a"),
        [
            ("expect_status", Value::list([200.into(), 204.into()])),
            ("expect_headers", object([("x-app", "v2".into())])),
            ("expect_body_contains", "\"ok\": tr".into()),
            ("expect_body_matches", r#""id": \d+"#.into()),
            ("expect_json", expected),
            ("max_latency_ms", 1_500.into()),
        ],
    );
    let (object, verdict) = apply(&context().0, &test([], [good])).await;
    assert_eq!((verdict.outcome, &*verdict.summary), (Outcome::Passed, "1 step passed, after 1 attempt."));
    assert_eq!((object.get("status").as_i64(), object.get("attempts").as_i64()), (Some(200), Some(1)));
    let step = &object.get("steps").as_list().expect("a list")[0];
    assert_eq!((step.get("name"), step.get("passed")), (&Value::from("it"), &Value::from(true)));
    let asked = &server.asked()[0];
    assert_eq!((&*asked.method, &*asked.path), ("GET", "/a"));
    assert!(asked.has(concat!("user-agent: relplan/", env!("CARGO_PKG_VERSION"))), "{asked:?}");
}

#[tokio::test]
async fn each_expectation_fails_with_what_came() {
    let server = shop().await;
    let json = |path: &str, value: Value| ("expect_json", Value::map([(path, value)]));
    for (expectation, told) in [
        (("expect_status", 204.into()), "Expected status 204, got 200."),
        (("expect_headers", object([("x-app", "v3".into())])), r#"to be "v3", got "shop" and "v2"."#),
        (("expect_headers", object([("x-none", "".into())])), r#"to be "", got none."#),
        (("expect_body_contains", "nope".into()), r#"contains "nope"."#),
        (("expect_body_matches", "^nope".into()), r#"matches "^nope"."#),
        (json("$.version", "1.4.0".into()), r#"Expected "1.4.0" at $.version, got "1.3.0"."#),
        (json("$.items[0].id", "7".into()), r#"Expected "7" at $.items[0].id, got 7."#),
        (json("$.none", Value::NULL), "Expected null at $.none, got nothing."),
        (("capture", object([("x", "$.items[5]".into())])), "Could not capture x: nothing stands there."),
        (("capture", object([("x", "regex:nope".into())])), "Could not capture x: the expression does not"),
    ] {
        let (outcome, details) = outcome(&test(
            [("deadline_seconds", Value::from(Number::parse("0.2").expect("a number")))],
            [step(server.url("/a?b=c"), [expectation])],
        ))
        .await;
        assert_eq!(outcome, Outcome::Failed, "{details}");
        assert!(details.contains(told) && details.contains("GET http://127.0.0.1"), "{told}: {details}");
        assert!(details.contains("The body: {\"version\""), "{details}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_told_as_such() {
    let server = Server::start(|_| reply(200, "", "<html>\u{1b}[2J")).await;
    let expected = step(server.url("/"), [("expect_json", object([("$", 1.into())]))]);
    let (outcome, details) = outcome(&test([], [expected])).await;
    assert_eq!(outcome, Outcome::Failed);
    assert!(details.contains("Expected JSON, and the body is none."), "{details}");
    assert!(details.contains("<html>\\u{1b}[2J"), "{details}");
}

#[tokio::test]
async fn it_is_tried_until_it_is_healthy() {
    let count = AtomicU32::new(0);
    let server = Server::start(move |_| {
        let healthy = count.fetch_add(1, Ordering::SeqCst) >= 3;
        if healthy { reply(200, "", "") } else { reply(503, "", "starting") }
    })
    .await;
    let (context, recorder) = context();
    let config = test([("consecutive", 2.into())], [step(server.url("/"), [])]);
    let (object, verdict) = apply(&context, &config).await;
    assert_eq!(verdict.summary, "1 step passed 2 times in a row, after 5 attempts.");
    assert_eq!(object.get("attempts").as_i64(), Some(5));
    assert_eq!(
        recorder.lines(),
        [
            "Attempt 1 was not: Expected status 200 to 299, got 503.",
            "Attempt 4 was good, 1 of 2 in a row.",
            "Attempt 5 was good, 2 of 2 in a row.",
        ]
    );
}

#[tokio::test]
async fn a_service_that_comes_up_late_passes() {
    // Bound and not listening, it refuses, and nobody else can have the port.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let url = format!("http://{}/", socket.local_addr().expect("an address"));
    let up = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let listener = socket.listen(8).expect("a server");
        let (mut stream, _) = listener.accept().await.expect("a client");
        // An answer that comes before its question is none.
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await.expect("a question");
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.expect("an answer");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let interval = Value::from(Number::parse("0.05").expect("a number"));
    let config = test([("interval_seconds", interval), ("deadline_seconds", 10.into())], [step(url, [])]);
    let (verdict, ()) = tokio::join!(verdict(&config), up);
    assert_eq!(verdict.outcome, Outcome::Passed, "{verdict:?}");
}

#[tokio::test]
async fn too_few_good_attempts_are_inconclusive() {
    let server = shop().await;
    let config = test(
        [
            ("consecutive", 5.into()),
            ("interval_seconds", Value::from(Number::parse("0.4").expect("a number"))),
        ],
        [step(server.url("/"), []).with("max_latency_ms", 1_000.into())],
    );
    let short = config
        .with("consecutive", 2.into())
        .with("deadline_seconds", Value::from(Number::parse("0.5").expect("a number")));
    assert_eq!(verdict(&short).await.outcome, Outcome::Passed);
    // The server stops answering after the first attempt: what is cut short does not count.
    let count = AtomicU32::new(0);
    let server = Server::start(move |_| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        let answer = reply(200, "", "x");
        if first { answer } else { answer.slowly(Duration::from_secs(5)) }
    })
    .await;
    let config = test([("consecutive", 2.into())], [step(server.url("/"), [])]);
    let verdict = verdict(&config).await;
    assert_eq!(verdict.outcome, Outcome::Inconclusive, "{verdict:?}");
}

#[tokio::test]
async fn captured_parts_are_used_by_later_steps() {
    let server = Server::start(|asked| match &*asked.path {
        "/login" => {
            reply(200, "X-Session: s 1\r\n", r#"{"token": "tok&en/1", "id": 42, "deep": {"a": [1]}}"#)
        }
        _ => reply(200, "", "<p id=\"x9\">"),
    })
    .await;
    let capture = object([
        ("token", "$.token".into()),
        ("id", "$.id".into()),
        ("deep", "$.deep".into()),
        ("session", "header:X-Session".into()),
        ("code", "status".into()),
        ("raw", "regex:\"to(k)en\"".into()),
    ]);
    let login = object([
        ("name", "login".into()),
        ("method", "POST".into()),
        ("path", "/login".into()),
        ("json", object([("user", "ann".into()), ("n", Value::list([1.into()]))])),
        ("capture", capture),
    ]);
    let cart = object([
        ("name", "cart".into()),
        ("path", "/cart/{{id}}?t={{token}}".into()),
        ("method", "PUT".into()),
        ("headers", object([("Authorization", "Bearer {{token}}".into()), ("X-S", "{{session}}".into())])),
        (
            "json",
            object([
                ("q", "a{{token}}\"".into()),
                ("d", "{{deep}}".into()),
                ("c", "{{ code }}{{raw}}".into()),
            ]),
        ),
        ("capture", object([("element", "regex:id=\"(\\w+)\"".into())])),
    ]);
    let general = object([("authorization", "none".into()), ("accept", "text/x".into())]);
    let config = test([("base_url", server.url("/").into()), ("headers", general)], [login, cart]);
    let (object, verdict) = apply(&context().0, &config).await;
    assert_eq!(verdict.outcome, Outcome::Passed, "{verdict:?}");
    let asked = server.asked();
    assert_eq!((&*asked[0].method, &*asked[0].body), ("POST", r#"{"n":[1],"user":"ann"}"#));
    assert!(asked[0].has("content-type: application/json") && asked[0].has("authorization: none"));
    assert_eq!(asked[1].path, "/cart/42?t=tok%26en%2F1");
    assert!(asked[1].has("authorization: Bearer tok&en/1") && asked[1].has("x-s: s 1"), "{asked:?}");
    assert!(asked[1].has("accept: text/x"));
    assert_eq!(asked[1].body, r#"{"c":"200k","d":"{\"a\":[1]}","q":"atok&en/1\""}"#);
    assert!(object.get("captured").is_sensitive());
    assert_eq!(object.get("captured").get("element"), &Value::from("x9"));
}

#[tokio::test]
async fn an_interrupt_ends_it_within_a_moment() {
    let server = Server::start(|_| reply(200, "", "slow").slowly(Duration::from_secs(60))).await;
    let (context, _) = context();
    let config = test([("deadline_seconds", 100.into())], [step(server.url("/"), [])]);
    let start = Instant::now();
    let interrupt = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        context.cancel.cancel();
    };
    let (applied, ()) = tokio::join!(try_apply(&context, &config), interrupt);
    assert_eq!(applied.expect_err("it was cut short").kind, ProblemKind::Cancelled);
    assert!(start.elapsed() < Duration::from_secs(1));
}
