//! The contract's suite.

use std::sync::Arc;
use std::time::Duration;

use relplan_contract::conformance::{Fixture, Planted, check, check_data_source, check_provider};
use relplan_contract::{Context, Number, Resource, Value};

use super::server::{Server, reply};
use super::{context, object};
use crate::{Http, HttpResponse, HttpSmokeTest};

const SECRET: &str = "s3cr3t-Tok3n/1";

/// A server that all fixtures ask: what is asked of it changes nothing.
struct SmokeFixture {
    test: HttpSmokeTest,
    server: Arc<Server>,
}

impl SmokeFixture {
    fn new(server: &Arc<Server>) -> Self {
        Self { test: HttpSmokeTest::default(), server: Arc::clone(server) }
    }

    fn arguments(&self, path: &str) -> Value {
        let capture = object([("answer", "regex:.*".into())]);
        let step = object([("name", "it".into()), ("path", path.into()), ("capture", capture)]);
        let short = Number::parse("0.2").expect("a number");
        object([
            ("base_url", self.server.url("").into()),
            ("deadline_seconds", short.into()),
            ("step", Value::list([step])),
        ])
    }

    fn with_secret(&self, path: &str) -> Planted {
        let headers = object([("Authorization", SECRET.into())]);
        Planted { config: self.arguments(path).with("headers", headers), secret: SECRET }
    }
}

async fn server() -> Arc<Server> {
    let server = Server::start(|asked| match &*asked.path {
        "/slow" => reply(200, "", "x").slowly(Duration::from_secs(100)),
        "/bad" => reply(500, "", &format!("{}{:?}", "b".repeat(290), asked.headers)),
        _ => reply(200, "", &format!("[{:?}]", asked.headers.join(" "))),
    });
    Arc::new(server.await)
}

impl Fixture for SmokeFixture {
    fn resource(&self) -> &dyn Resource {
        &self.test
    }

    fn context(&self) -> Context {
        context().0
    }

    fn config(&self) -> Value {
        self.arguments("/")
    }

    fn changed(&self) -> Option<Value> {
        Some(self.arguments("/bad"))
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        let good = self.config();
        vec![
            ("base_url", good.clone().with("base_url", "shop".into())),
            ("base_url", good.clone().with("base_url", "http://a/?b".into())),
            ("deadline_seconds", good.clone().with("deadline_seconds", 0.into())),
            ("interval_seconds", good.clone().with("interval_seconds", (-1).into())),
            ("consecutive", good.clone().with("consecutive", 0.into())),
            ("headers", good.clone().with("headers", object([("a", "b\nc".into())]))),
            ("max_body_bytes", good.clone().with("max_body_bytes", (-1).into())),
            ("ca_file", good.clone().with("ca_file", " ".into())),
            ("request_timeout_seconds", good.clone().with("request_timeout_seconds", 0.into())),
            ("step", good.with("step", Value::list([]))),
        ]
    }

    fn planted(&self) -> Vec<Planted> {
        vec![self.with_secret("/"), self.with_secret("/bad")]
    }

    fn slow(&self) -> Option<Value> {
        let slow = self.arguments("/slow").with("deadline_seconds", 100.into());
        Some(slow.with("request_timeout_seconds", 100.into()))
    }
}

#[test]
fn the_schemas_are_sound() {
    assert_eq!(check_provider(&Http), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_conforms() {
    let server = server().await;
    assert_eq!(check(|| SmokeFixture::new(&server)).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_source_conforms() {
    let server =
        Server::start(|_| reply(201, "X-A: 1\r\nX-A: 2\r\nDate: now\r\n", "{\"v\": [1, null]}")).await;
    let source = HttpResponse::default();
    let arguments =
        object([("url", server.url("/").into()), ("request_headers", object([("a", "{{b}}".into())]))]);
    assert_eq!(check_data_source(&source, &context().0, &arguments).await, []);
    let answer = super::response(&context().0, &arguments).await.expect("an answer");
    assert_eq!(answer.get("status").as_i64(), Some(201));
    assert_eq!(answer.get("json"), &object([("v", Value::list([1.into(), Value::NULL]))]));
    assert_eq!(answer.get("headers"), &object([("content-length", "16".into()), ("x-a", "1, 2".into())]));
    assert!(server.asked()[0].has("a: {{b}}"));
}
