//! What is sent once, what is sent again, and cookies on the way.

use std::sync::atomic::{AtomicU32, Ordering};

use relplan_contract::{Number, Outcome, Resource, Value};

use super::server::{Server, reply};
use super::{apply, context, fit, object, outcome, test};
use crate::HttpSmokeTest;

fn number(text: &str) -> Value {
    Number::parse(text).expect("a number").into()
}

fn step<const N: usize>(name: &str, method: &str, path: &str, arguments: [(&str, Value); N]) -> Value {
    let step = object([("name", name.into()), ("method", method.into()), ("path", path.into())]);
    arguments.into_iter().fold(step, |step, (name, value)| step.with(name, value))
}

/// The first two answers for `/late` are bad, and all for `/bad`.
async fn server() -> Server {
    let late = AtomicU32::new(0);
    Server::start(move |asked| match &*asked.path {
        "/late" if late.fetch_add(1, Ordering::SeqCst) < 2 => reply(503, "", "starting"),
        "/bad" => reply(500, "", "no"),
        "/order" => reply(201, "", "{\"id\": \"order-0001\"}"),
        _ => reply(200, "", ""),
    })
    .await
}

fn count(server: &Server, method: &str) -> usize {
    server.asked().iter().filter(|asked| asked.method == method).count()
}

fn base<const N: usize>(server: &Server, steps: [Value; N]) -> Value {
    test(
        [
            ("base_url", server.url("").into()),
            ("interval_seconds", number("0.02")),
            ("deadline_seconds", number("0.5")),
        ],
        steps,
    )
}

#[tokio::test]
async fn what_may_have_done_something_is_sent_once() {
    for method in ["POST", "PATCH", "PURGE"] {
        let server = server().await;
        let (outcome, details) = outcome(&base(&server, [step("order", method, "/bad", [])])).await;
        assert_eq!((outcome, count(&server, method)), (Outcome::Failed, 1), "{details}");
        assert!(details.contains("`repeatable = true` says that a "), "{details}");
    }
    for (method, arguments) in [
        ("GET", vec![]),
        ("PUT", vec![]),
        ("DELETE", vec![]),
        ("POST", vec![("repeatable", Value::from(true))]),
    ] {
        let server = server().await;
        let step = arguments
            .into_iter()
            .fold(step("it", method, "/late", []), |step, (name, value)| step.with(name, value));
        let (outcome, details) = outcome(&base(&server, [step])).await;
        assert_eq!((outcome, count(&server, method)), (Outcome::Passed, 3), "{method}: {details}");
    }
    let server = server().await;
    let once = step("link", "GET", "/late", [("repeatable", false.into())]);
    assert_eq!(outcome(&base(&server, [once])).await.0, Outcome::Failed);
    assert_eq!(count(&server, "GET"), 1);
}

#[tokio::test]
async fn the_next_attempt_begins_behind_what_is_sent_once() {
    let server = server().await;
    let capture = object([("id", "$.id".into())]);
    let steps = [
        step("up", "GET", "/", []),
        step("order", "POST", "/order", [("capture", capture)]),
        step("shown", "GET", "/late", []),
        step("kept", "GET", "/orders/{{id}}", []),
    ];
    let (object, verdict) = apply(&context().0, &base(&server, steps)).await;
    assert_eq!((verdict.outcome, &*verdict.summary), (Outcome::Passed, "4 steps passed, after 3 attempts."));
    let paths: Vec<String> = server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/", "/order", "/late", "/late", "/late", "/orders/order-0001"]);
    let steps = object.get("steps").as_list().expect("a list");
    assert!(
        steps.len() == 4 && steps.iter().all(|step| step.get("passed").as_bool() == Some(true)),
        "{steps:?}"
    );
}

#[tokio::test]
async fn what_never_arrived_is_sent_when_it_can_be() {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let url = format!("http://{}/", socket.local_addr().expect("an address"));
    let up = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let listener = socket.listen(8).expect("a server");
        let (mut stream, _) = listener.accept().await.expect("a client");
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await.expect("a question");
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.expect("an answer");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    };
    let post = object([("name", "it".into()), ("method", "POST".into()), ("url", url.into())]);
    let config = test([("interval_seconds", number("0.05")), ("deadline_seconds", 5.into())], [post]);
    let ((outcome, details), ()) = tokio::join!(outcome(&config), up);
    assert_eq!(outcome, Outcome::Passed, "{details}");
}

#[test]
fn several_good_attempts_and_a_request_that_is_sent_once_exclude_each_other() {
    let problems = |method: &str, repeatable: Value| {
        let step = step("it", method, "/", [("repeatable", repeatable)]);
        let config = object([("base_url", "http://a.example".into()), ("consecutive", 2.into())]);
        HttpSmokeTest::default().validate(&fit(&config.with("step", Value::list([step]))))
    };
    for (method, repeatable) in [("GET", Value::NULL), ("POST", true.into()), ("POST", Value::UNKNOWN)] {
        assert_eq!(problems(method, repeatable), [], "{method}");
    }
    for (method, repeatable) in [("POST", Value::NULL), ("PATCH", Value::NULL), ("GET", false.into())] {
        let found = problems(method, repeatable);
        let about = found.first().and_then(|problem| problem.attribute.as_ref()).map(ToString::to_string);
        assert_eq!(about.as_deref(), Some("step[0].method"), "{method}: {found:?}");
    }
}

#[tokio::test]
async fn cookies_of_a_redirect_stay_within_the_step_and_the_server() {
    let other =
        Server::start(|asked| reply(200, "", if asked.has("cookie") { "told" } else { "clean" })).await;
    let away = other.url("/");
    let server = Server::start(move |asked| {
        let has = |cookie: &str| {
            asked.headers.iter().any(|line| line.starts_with("cookie: ") && line.contains(cookie))
        };
        let to = |to: &str, set: &str| reply(302, &format!("Location: {to}\r\n{set}"), "");
        match &*asked.path {
            "/login" if has("seen=1234567890") => reply(200, "", "{\"status\":\"ok\"}"),
            "/login" => to("/login", "Set-Cookie: seen=1234567890; Path=/\r\n"),
            "/two" if has("a=1") && has("b=2") && has("mine=3") => reply(200, "", "{\"status\":\"ok\"}"),
            "/two" => to("/two", "Set-Cookie: a=1\r\nSet-Cookie: b=2; HttpOnly; SameSite=Strict\r\n"),
            "/out" if has("in=1") => to("/done", "Set-Cookie: in=; Max-Age=0; Path=/\r\n"),
            "/out" => to("/out", "Set-Cookie: in=1; Path=/\r\n"),
            "/done" => {
                reply(200, "", &format!("{{\"status\":\"{}\"}}", if has("in=") { "in" } else { "ok" }))
            }
            "/away" => to(&away, "Set-Cookie: seen=1234567890; Path=/\r\n"),
            "/echo" if has("seen=") => reply(500, "", &asked.headers.join(" ")),
            "/echo" => to("/echo", "Set-Cookie: seen=very-secret-session; Path=/\r\n"),
            _ => reply(200, "", &format!("{{\"status\":\"{}\"}}", if has("seen=") { "seen" } else { "ok" })),
        }
    })
    .await;
    let good = || ("expect_json", object([("$.status", "ok".into())]));
    let mine = ("headers", object([("Cookie", "mine=3".into())]));
    let steps = [
        step("login", "GET", "/login", [good()]),
        step("next", "GET", "/next", [good()]),
        step("two", "GET", "/two", [good(), mine]),
        step("out", "GET", "/out", [good()]),
        step("away", "GET", "/away", [("expect_body_contains", "clean".into())]),
    ];
    let (outcome_, details) = outcome(&base(&server, steps)).await;
    assert_eq!(outcome_, Outcome::Passed, "{details}");
    let (outcome_, details) = outcome(&base(&server, [step("echo", "GET", "/echo", [])])).await;
    assert_eq!(outcome_, Outcome::Failed);
    assert!(details.contains("cookie: ") && !details.contains("very-secret"), "{details}");
}
