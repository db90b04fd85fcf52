//! Secrets go where they are sent to, and nowhere else.

use relplan_contract::{MASK, Number, Outcome, Value};

use super::server::{Server, reply};
use super::{apply, context, object, response, test, with_secret};

const SECRET: &str = "s3cr3t-Tok3n/1";

fn short() -> (&'static str, Value) {
    ("deadline_seconds", Number::parse("0.2").expect("a number").into())
}

#[tokio::test]
async fn what_a_server_echoes_is_masked() {
    let server = Server::start(|asked| {
        let body = format!("{}{:?}{:?}", "z".repeat(290), asked.headers, asked.path);
        reply(500, &format!("X-Echo: {SECRET}\r\n"), &body)
    })
    .await;
    let step = object([
        ("name", SECRET.into()),
        ("url", server.url(&format!("/{SECRET}?k={SECRET}")).into()),
        ("expect_headers", object([("x-echo", "other".into())])),
        ("expect_body_contains", format!("not {SECRET}").into()),
    ]);
    let headers = object([("Authorization", Value::from(SECRET).mark(true))]);
    let (context, recorder) = with_secret(SECRET);
    let (_, verdict) = apply(&context, &test([("headers", headers), short()], [step])).await;
    assert_eq!(verdict.outcome, Outcome::Failed);
    assert!(server.asked()[0].has(&format!("authorization: {SECRET}")));
    let told = format!("{verdict:?}{:?}", recorder.lines());
    assert!(told.contains(MASK), "{told}");
    for part in [SECRET, "s3cr3t", "Tok3n"] {
        assert!(!told.contains(part), "{told}");
    }
}

#[tokio::test]
async fn what_was_captured_is_masked() {
    let server = Server::start(|asked| match &*asked.path {
        "/login" => reply(200, "", "{\"token\":\"fresh-token-99\"}"),
        _ => reply(403, "", &format!("denied: {:?}", asked.headers)),
    })
    .await;
    let login = object([
        ("name", "login".into()),
        ("path", "/login".into()),
        ("capture", object([("token", "$.token".into())])),
    ]);
    let next = object([
        ("name", "next".into()),
        ("path", "/next?t={{token}}".into()),
        ("headers", object([("Authorization", "Bearer {{token}}".into())])),
    ]);
    let (context, recorder) = context();
    let config = test([("base_url", server.url("").into()), short()], [login, next]);
    let (object, verdict) = apply(&context, &config).await;
    assert_eq!(server.asked()[1].path, "/next?t=fresh-token-99");
    let told = format!("{object:?}{verdict:?}{:?}", recorder.lines());
    assert!(told.contains("denied") && told.contains("t={{token}}"), "{told}");
    assert!(!told.contains("fresh-token"), "{told}");
}

#[tokio::test]
async fn user_and_password_in_a_url_are_sent_and_not_shown() {
    let server = Server::start(|_| reply(401, "", "")).await;
    let url = server.url("/x").replace("http://", "http://ann:hunter2hunter2@");
    let step = object([("name", "it".into()), ("url", url.clone().into())]);
    let (context, recorder) = context();
    let (_, verdict) = apply(&context, &test([short()], [step])).await;
    assert!(server.asked()[0].has("authorization: Basic YW5uOmh1bnRlcjJodW50ZXIy"));
    let told = format!("{verdict:?}{:?}", recorder.lines());
    assert!(told.contains("GET http://127.0.0.1"), "{told}");
    assert!(!told.contains("hunter2") && !told.contains("ann"), "{told}");

    drop(server);
    let problem = response(&context, &object([("url", url.into())])).await.expect_err("nobody answers");
    assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
}

#[tokio::test]
async fn what_is_expected_in_secret_is_not_shown() {
    let server = Server::start(|_| reply(200, "X-Pin: 124\r\n", "{\"pin\": 124}")).await;
    // Too short to be masked wherever it stands.
    let pin = Value::integer(123).mark(true);
    let step = object([
        ("name", "it".into()),
        ("url", server.url("/").into()),
        ("expect_json", object([("$.pin", pin)])),
        ("expect_headers", object([("x-pin", Value::from("123").mark(true))])),
        ("expect_body_contains", Value::from("123").mark(true)),
    ]);
    let (_, verdict) = apply(&context().0, &test([short()], [step])).await;
    let told = verdict.details.join("\n");
    assert!(verdict.details.len() >= 4 && !told.contains("123"), "{told}");
    assert!(told.contains(&format!("Expected {MASK} at $.pin, got {MASK}.")), "{told}");
}
