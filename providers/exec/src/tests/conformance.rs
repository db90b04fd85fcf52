//! The contract's suite for each type.

use std::fs;

use relplan_archive::Snapshots;
use relplan_contract::conformance::{Fixture, Planted, check, check_provider, context_in, fitted};
use relplan_contract::{Context, Resource, Value};
use tempfile::TempDir;

use super::{SECRET, sh};
use crate::snapshot::Stream;
use crate::{Exec, ExecDeployment, ExecMigration, ExecTest};

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

struct SnapshotFixture {
    snapshot: Snapshots<Stream>,
    folder: TempDir,
}

impl SnapshotFixture {
    fn new() -> Self {
        Self { snapshot: Snapshots::default(), folder: tempfile::tempdir().expect("a folder") }
    }

    fn with(&self, more: &[(&str, Value)]) -> Value {
        let mut given = vec![("command", sh("echo rows")), ("directory", "snapshots".into())];
        given.extend(more.iter().cloned());
        fitted(&self.snapshot.schema().attributes, &given)
    }
}

impl Fixture for SnapshotFixture {
    fn resource(&self) -> &dyn Resource {
        &self.snapshot
    }

    fn context(&self) -> Context {
        context_in(self.folder.path(), "exec_snapshot.it")
    }

    fn config(&self) -> Value {
        self.with(&[])
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("command", self.with(&[("command", Value::list([]))])),
            ("rehearse", self.with(&[("rehearse", Value::list(["".into()]))])),
            ("verify", self.with(&[("verify", "restore".into())])),
            ("name", self.with(&[("name", "../x".into())])),
        ]
    }

    fn planted(&self) -> Vec<Planted> {
        let environment = Value::map([("TOKEN", Value::from(SECRET))]);
        let scripts = ["echo $TOKEN >&2; echo rows", "echo $TOKEN >&2; exit 3"];
        let with = |script| {
            let config = self.with(&[("command", sh(script)), ("environment", environment.clone())]);
            Planted { config, secret: SECRET }
        };
        scripts.map(with).into()
    }

    fn slow(&self) -> Option<Value> {
        Some(self.with(&[("command", sh("echo rows; sleep 100"))]))
    }

    fn effects(&self) -> Option<usize> {
        let folders = fs::read_dir(self.folder.path().join("snapshots")).into_iter().flatten().flatten();
        Some(folders.filter(|folder| folder.path().join("manifest.json").is_file()).count())
    }

    fn remove_outside(&self, object: &Value) -> bool {
        let name = object.get("snapshot").as_str().unwrap_or_default();
        fs::remove_dir_all(self.folder.path().join("snapshots").join(name)).is_ok()
    }
}

struct MigrationFixture {
    migration: ExecMigration,
    folder: TempDir,
}

impl MigrationFixture {
    fn new() -> Self {
        Self { migration: ExecMigration::default(), folder: tempfile::tempdir().expect("a folder") }
    }

    fn with(&self, more: &[(&str, Value)]) -> Value {
        let command = sh("echo $RELPLAN_IDEMPOTENCY_KEY >> effects");
        let mut given = vec![("command", command), ("pending", sh("test -e effects || echo 001"))];
        given.extend(more.iter().cloned());
        fitted(&self.migration.schema().attributes, &given)
    }
}

impl Fixture for MigrationFixture {
    fn resource(&self) -> &dyn Resource {
        &self.migration
    }

    fn context(&self) -> Context {
        context_in(self.folder.path(), "exec_migration.it")
    }

    fn config(&self) -> Value {
        self.with(&[])
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("command", self.with(&[("command", Value::list([]))])),
            ("on_interrupt", self.with(&[("on_interrupt", "panic".into())])),
            ("require_snapshot", self.with(&[("require_snapshot", true.into())])),
            ("snapshot", self.with(&[("snapshot", "a name".into())])),
        ]
    }

    fn planted(&self) -> Vec<Planted> {
        let environment = Value::map([("TOKEN", Value::from(SECRET))]);
        let scripts = ["echo $TOKEN; touch effects", "echo $TOKEN >&2; exit 3", "kill -9 $$ # $TOKEN"];
        let with = |script| {
            let config = self.with(&[("command", sh(script)), ("environment", environment.clone())]);
            Planted { config, secret: SECRET }
        };
        let naming = self
            .with(&[("pending", sh("test -e effects || echo $TOKEN")), ("environment", environment.clone())]);
        let mut all: Vec<Planted> = scripts.map(with).into();
        all.push(Planted { config: naming, secret: SECRET });
        all
    }

    fn slow(&self) -> Option<Value> {
        Some(self.with(&[("command", sh("sleep 100")), ("on_interrupt", "stop".into())]))
    }

    fn effects(&self) -> Option<usize> {
        let text = fs::read_to_string(self.folder.path().join("effects")).unwrap_or_default();
        Some(text.lines().count())
    }
}

#[tokio::test]
async fn the_schemas_are_sound() {
    assert_eq!(check_provider(&Exec), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_types_conform() {
    assert_eq!(check(DeploymentFixture::new).await, []);
    // One after the other: the suite gives all actions the same key, and processes are found by it.
    assert_eq!(check(TestFixture::new).await, []);
    assert_eq!(check(SnapshotFixture::new).await, []);
    assert_eq!(check(MigrationFixture::new).await, []);
}
