//! The contract's suite for both types.

use std::fs;

use relplan_contract::conformance::{Fixture, Planted, check, check_provider, context_in};
use relplan_contract::{Context, Resource, Value};
use tempfile::TempDir;

use super::{SECRET, sh};
use crate::{Exec, ExecDeployment, ExecTest};

/// Deploys by writing the version into a file, with a line in another one for each time.
struct DeploymentFixture {
    deployment: ExecDeployment,
    folder: TempDir,
}

const DEPLOY: &str =
    "printf '%s' \"$RELPLAN_VERSION\" > live && echo $RELPLAN_IDEMPOTENCY_KEY >> effects && echo done";

impl DeploymentFixture {
    fn new() -> Self {
        Self { deployment: ExecDeployment::default(), folder: tempfile::tempdir().expect("a folder") }
    }

    fn arguments(version: &str) -> Value {
        Value::map([
            ("version", version.into()),
            ("deploy", sh(DEPLOY)),
            ("observe", sh("cat live 2>/dev/null || true")),
            ("destroy", sh("rm live")),
        ])
    }
}

impl Fixture for DeploymentFixture {
    fn resource(&self) -> &dyn Resource {
        &self.deployment
    }

    fn context(&self) -> Context {
        context_in(self.folder.path(), "exec_deployment.it")
    }

    fn config(&self) -> Value {
        Self::arguments("1.0")
    }

    fn changed(&self) -> Option<Value> {
        Some(Self::arguments("1.1"))
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        let good = Self::arguments("1.0");
        let variable = |name: &'static str| Value::map([(name, Value::from("x"))]);
        vec![
            ("version", good.clone().with("version", " 1".into())),
            ("deploy", good.clone().with("deploy", Value::list([]))),
            ("observe", good.clone().with("observe", Value::list(["cat".into(), "a\0b".into()]))),
            ("on_interrupt", good.clone().with("on_interrupt", "panic".into())),
            ("observe_seconds", good.clone().with("observe_seconds", Value::integer(-1))),
            ("environment", good.clone().with("environment", variable("A=B"))),
            ("environment", good.clone().with("environment", variable("RELPLAN_VERSION"))),
            ("success_exit_codes", good.clone().with("success_exit_codes", Value::list([]))),
            ("success_exit_codes", good.with("success_exit_codes", Value::list([256.into()]))),
        ]
    }

    fn planted(&self) -> Vec<Planted> {
        let environment = Value::map([("TOKEN", Value::from(SECRET))]);
        let with = |script: &str| {
            let config = Self::arguments("1.0").with("environment", environment.clone());
            Planted { config: config.with("deploy", sh(script)), secret: SECRET }
        };
        let echo = "printf 'a%s' \"$TOKEN\"; sleep 0.05; echo \"$TOKEN\" | base64 >&2; printf 1.0 > live";
        vec![with(echo), with("echo \"$TOKEN\"; exit 3"), with("kill -9 $$ # $TOKEN")]
    }

    fn slow(&self) -> Option<Value> {
        let slow = Self::arguments("1.0").with("deploy", sh("sleep 100"));
        Some(slow.with("on_interrupt", "stop".into()))
    }

    fn effects(&self) -> Option<usize> {
        let text = fs::read_to_string(self.folder.path().join("effects")).unwrap_or_default();
        Some(text.lines().count())
    }

    fn change_outside(&self, _: &Value) -> bool {
        fs::write(self.folder.path().join("live"), "0.9\n").is_ok()
    }

    fn remove_outside(&self, _: &Value) -> bool {
        fs::remove_file(self.folder.path().join("live")).is_ok()
    }
}

struct TestFixture {
    test: ExecTest,
    folder: TempDir,
}

impl TestFixture {
    fn new() -> Self {
        Self { test: ExecTest::default(), folder: tempfile::tempdir().expect("a folder") }
    }
}

const REPORT: &str = "echo '<testsuite><testcase name=\"a\"/></testsuite>' > report.xml";

impl Fixture for TestFixture {
    fn resource(&self) -> &dyn Resource {
        &self.test
    }

    fn context(&self) -> Context {
        context_in(self.folder.path(), "exec_test.it")
    }

    fn config(&self) -> Value {
        Value::map([("command", sh(REPORT)), ("junit", "report.xml".into())])
    }

    fn changed(&self) -> Option<Value> {
        Some(Value::map([("command", sh("exit 1"))]))
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("command", Value::map([("command", Value::list(["".into()]))])),
            ("junit", self.config().with("junit", " ".into())),
        ]
    }

    fn planted(&self) -> Vec<Planted> {
        let environment = Value::map([("TOKEN", Value::from(SECRET))]);
        let report =
            "echo \"<testsuite><testcase name='$TOKEN'><failure>$TOKEN</failure></testcase></testsuite>\"";
        let scripts = [format!("{report} > report.xml"), "echo $TOKEN; echo $TOKEN > report.xml".into()];
        let with = |script: String| {
            let config = self.config().with("command", sh(&script)).with("environment", environment.clone());
            Planted { config, secret: SECRET }
        };
        scripts.map(with).into()
    }

    fn slow(&self) -> Option<Value> {
        Some(Value::map([("command", sh("trap '' TERM; while :; do sleep 1; done"))]))
    }
}

#[tokio::test]
async fn the_schemas_are_sound() {
    assert_eq!(check_provider(&Exec), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_types_conform() {
    assert_eq!(check(DeploymentFixture::new).await, []);
    // Not beside the other one: the suite gives all actions the same key, and processes are found by it.
    assert_eq!(check(TestFixture::new).await, []);
}
