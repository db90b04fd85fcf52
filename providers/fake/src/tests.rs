//! The conformance suite for each type, and each line of the script.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::conformance::{self, Fixture, Planted, Recorder, context_in};
use relplan_contract::{
    Applied, ApplyRequest, Context, DataSource, Observed, Outcome, PlanRequest, Problem, ProblemKind,
    Provider, ReconcileRequest, Reconciled, Resource, Value,
};
use tempfile::TempDir;

use super::{Fake, FakeCheck, FakeDeployment, FakeRecord, FakeValue};

const SECRET: &str = "correct-horse-battery";

struct FakeFixture {
    resource: Box<dyn Resource>,
    folder: TempDir,
    good: Value,
    changed: Option<Value>,
}

impl FakeFixture {
    fn new(resource: impl Resource + 'static, good: &[(&'static str, Value)]) -> Self {
        let good = Value::map(good.iter().cloned()).with("effects", "effects.txt".into());
        let folder = tempfile::tempdir().expect("a folder");
        Self { resource: Box::new(resource), folder, good, changed: None }
    }

    fn record() -> Self {
        Self::new(FakeRecord::new("fake"), &[("value", "v1".into()), ("secret", "s".into())])
    }

    fn deployment() -> Self {
        let fixture =
            Self::new(FakeDeployment::new("fake"), &[("version", "1.0".into()), ("world", "world".into())]);
        let changed = fixture.good.clone().with("version", "1.1".into());
        Self { changed: Some(changed), ..fixture }
    }

    fn check() -> Self {
        let fixture =
            Self::new(FakeCheck::new("fake"), &[("verdict", "failed".into()), ("preview", true.into())]);
        let changed = fixture.good.clone().with("verdict", "passed".into());
        Self { changed: Some(changed), ..fixture }
    }

    fn effects_text(&self) -> String {
        fs::read_to_string(self.folder.path().join("effects.txt")).unwrap_or_default()
    }

    /// The arguments with all attributes, fitted, and the computed ones unknown.
    fn planned(&self, more: &[(&str, Value)]) -> Value {
        let arguments =
            more.iter().fold(self.good.clone(), |all, (name, value)| all.with(name, value.clone()));
        let attributes = &self.resource.schema().attributes;
        Value::map(attributes.iter().map(|attribute| {
            let given = attribute.fit(arguments.get(attribute.name)).expect("fits");
            (attribute.name, if attribute.is_computed() { Value::UNKNOWN } else { given })
        }))
    }

    async fn apply(&self, more: &[(&str, Value)]) -> Result<Applied, Problem> {
        let planned = self.planned(more);
        let request = ApplyRequest { planned: &planned, prior: None, key: "key" };
        self.resource.apply(&self.context(), request).await
    }

    async fn reconcile(&self, more: &[(&str, Value)]) -> Reconciled {
        let planned = self.planned(more);
        let request =
            ReconcileRequest { planned: &planned, prior: None, key: "key", reference: None, destroy: false };
        self.resource.reconcile(&self.context(), request).await.expect("an answer")
    }
}

impl Fixture for FakeFixture {
    fn resource(&self) -> &dyn Resource {
        &*self.resource
    }

    fn context(&self) -> Context {
        context_in(self.folder.path(), "module.app.fake_it.main[\"web\"]")
    }

    fn config(&self) -> Value {
        self.good.clone()
    }

    fn changed(&self) -> Option<Value> {
        self.changed.clone()
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("delay_ms", self.good.clone().with("delay_ms", Value::integer(-1))),
            ("problem", self.good.clone().with("problem", "odd".into())),
            ("reconcile", self.good.clone().with("reconcile", "odd".into())),
        ]
    }

    fn planted(&self) -> Vec<Planted> {
        let config = self.good.clone().with("echo", SECRET.into());
        let failing = config.clone().with("fail", "It failed on the secret.".into());
        vec![Planted { config, secret: SECRET }, Planted { config: failing, secret: SECRET }]
    }

    fn slow(&self) -> Option<Value> {
        Some(self.good.clone().with("hang", true.into()))
    }

    fn effects(&self) -> Option<usize> {
        Some(self.effects_text().lines().count())
    }

    fn change_outside(&self, object: &Value) -> bool {
        let world = self.folder.path().join("world");
        let Ok(entries) = fs::read_dir(world) else { return false };
        assert_eq!(object.get("version").as_str(), Some("1.0"));
        entries.for_each(|entry| fs::write(entry.expect("a file").path(), "0.9\n").expect("written"));
        true
    }

    fn remove_outside(&self, _: &Value) -> bool {
        let world = self.folder.path().join("world");
        world.exists() && fs::remove_dir_all(world).is_ok()
    }
}

#[tokio::test]
async fn every_type_conforms() {
    assert_eq!(conformance::check_provider(&Fake), []);
    assert_eq!(conformance::check(FakeFixture::record).await, []);
    assert_eq!(conformance::check(FakeFixture::deployment).await, []);
    assert_eq!(conformance::check(FakeFixture::check).await, []);
}

#[tokio::test]
async fn the_data_source_conforms_and_reads_files() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("commit.txt"), "3f2a\n").expect("written");
    let context = context_in(folder.path(), "data.fake_value.it");
    let arguments = Value::map([("file", Value::from("commit.txt"))]);
    assert_eq!(conformance::check_data_source(&FakeValue::default(), &context, &arguments).await, []);
    let read = FakeValue::default();
    assert_eq!(read.read(&context, &arguments).await.expect("read").get("result"), &Value::from("3f2a"));
    let failing = Value::map([("fail", Value::from("No."))]);
    assert_eq!(read.read(&context, &failing).await, Err(Problem::refused("No.")));
}

#[tokio::test]
async fn an_effect_is_one_line_and_stands_before_the_answer() {
    let fixture = FakeFixture::record();
    fixture.apply(&[("value", "two\nlines".into())]).await.expect("done");
    assert_eq!(fixture.effects_text(), "key module.app.fake_it.main[\"web\"] two\\nlines\n");
    let planned = fixture.planned(&[("delay_after_ms", 60_000.into())]);
    let context = fixture.context();
    let request = ApplyRequest { planned: &planned, prior: None, key: "late" };
    let call = fixture.resource.apply(&context, request);
    tokio::time::timeout(Duration::from_millis(50), call).await.expect_err("still waiting");
    assert_eq!(fixture.effects(), Some(2), "done before the crash");
}

#[tokio::test]
async fn it_fails_as_asked() {
    let fixture = FakeFixture::record();
    let kind = async |more: &[(&str, Value)]| fixture.apply(more).await.expect_err("fails").kind;
    assert_eq!(kind(&[("fail", true.into())]).await, ProblemKind::Refused);
    assert_eq!(kind(&[("problem", "conflict".into())]).await, ProblemKind::Conflict);
    assert_eq!(fixture.effects(), Some(0));
    assert_eq!(kind(&[("problem", "uncertain".into())]).await, ProblemKind::Uncertain);
    assert_eq!(fixture.effects(), Some(1), "uncertain: done, but the answer is lost");
    assert!(fixture.apply(&[("fail", "false".into())]).await.is_ok());
}

#[tokio::test]
async fn it_fails_a_number_of_times_and_then_succeeds() {
    let fixture = FakeFixture::record();
    let script = [("fail_times", Value::integer(2)), ("retry_after_ms", Value::integer(5))];
    for _ in 0..2 {
        let problem = fixture.apply(&script).await.expect_err("fails");
        assert_eq!((problem.kind, problem.retry_after), (ProblemKind::Retry, Some(Duration::from_millis(5))));
    }
    assert!(fixture.apply(&script).await.is_ok());
    assert_eq!(fixture.effects(), Some(1));
}

#[tokio::test]
async fn it_hangs_deaf_to_cancel_and_panics_as_asked() {
    let fixture = FakeFixture::record();
    let context = fixture.context();
    context.cancel.cancel();
    let planned = fixture.planned(&[("hang", true.into()), ("ignore_cancel", true.into())]);
    let request = ApplyRequest { planned: &planned, prior: None, key: "key" };
    let call = fixture.resource.apply(&context, request);
    tokio::time::timeout(Duration::from_millis(50), call).await.expect_err("deaf");
    let panicking = tokio::spawn(async { FakeFixture::record().apply(&[("panic", true.into())]).await });
    assert!(panicking.await.expect_err("a panic").is_panic());
}

#[tokio::test]
async fn it_echoes_without_the_mark_and_reports_its_reference() {
    let fixture = FakeFixture::record();
    let recorder = Arc::new(Recorder::default());
    let context = Context { progress: Arc::<Recorder>::clone(&recorder), ..fixture.context() };
    let planned = fixture.planned(&[("echo", Value::from(SECRET).mark(true)), ("reference", "run 7".into())]);
    let request = ApplyRequest { planned: &planned, prior: None, key: "key" };
    let applied = fixture.resource.apply(&context, request).await.expect("done").value;
    assert!(applied.get("echo").is_sensitive() && !applied.get("echoed").is_sensitive());
    assert_eq!(recorder.references(), ["run 7"]);
}

#[tokio::test]
async fn after_a_crash_it_says_what_the_script_or_the_effects_say() {
    let fixture = FakeFixture::record();
    assert_eq!(fixture.reconcile(&[]).await, Reconciled::NotDone);
    assert!(matches!(fixture.reconcile(&[("reconcile", "done".into())]).await, Reconciled::Done(_)));
    let done = fixture.apply(&[]).await.expect("done");
    assert_eq!(fixture.reconcile(&[]).await, Reconciled::Done(done));
    assert_eq!(fixture.reconcile(&[("reconcile", "cannot_tell".into())]).await, Reconciled::CannotTell);
    assert_eq!(fixture.reconcile(&[("effects", Value::NULL)]).await, Reconciled::CannotTell);
}

#[tokio::test]
async fn a_deployment_is_found_changed_gone_and_indestructible() {
    let fixture = FakeFixture::deployment();
    let object = fixture.apply(&[]).await.expect("done").value;
    let context = fixture.context();
    assert!(fixture.change_outside(&object));
    let drifted = object.clone().with("version", "0.9".into());
    assert_eq!(fixture.resource.read(&context, &object).await, Ok(Observed::Present(drifted)));
    let kept = object.clone().with("destroyable", false.into());
    assert!(!fixture.resource.can_destroy(&kept));
    assert!(fixture.resource.destroy(&context, &kept, "key").await.is_err());
    assert_eq!(fixture.resource.destroy(&context, &object, "key").await, Ok(()));
    assert_eq!(fixture.resource.read(&context, &object).await, Ok(Observed::Absent));
    assert!(fixture.effects_text().ends_with(" destroyed\n"));
}

#[tokio::test]
async fn a_check_ends_as_its_file_says() {
    let fixture = FakeFixture::check();
    let script = [("verdict_file", Value::from("verdict.txt")), ("summary", Value::from("So it is."))];
    let outcome = async || fixture.apply(&script).await.expect("judged").verdict.expect("a verdict").outcome;
    assert_eq!(outcome().await, Outcome::Pending);
    fs::write(fixture.folder.path().join("verdict.txt"), "passed\n").expect("written");
    assert_eq!(outcome().await, Outcome::Passed);
    fs::write(fixture.folder.path().join("verdict.txt"), "odd").expect("written");
    assert!(fixture.apply(&script).await.is_err());
}

#[tokio::test]
async fn a_check_shows_its_verdict_beforehand_only_when_asked() {
    let fixture = FakeFixture::check();
    let context = fixture.context();
    let preview = async |config: &Value| {
        let request = PlanRequest { config, prior: None };
        fixture.resource.plan(&context, request).await.expect("a plan").preview.map(|verdict| verdict.outcome)
    };
    assert_eq!(preview(&fixture.good).await, Some(Outcome::Failed));
    assert_eq!(preview(&fixture.good.clone().with("preview", Value::NULL)).await, None);
    assert_eq!(preview(&fixture.good.clone().with("verdict", Value::UNKNOWN)).await, None);
}

#[test]
fn the_provider_can_refuse_its_configuration() {
    let refusing = Value::map([("fail", Value::from("No."))]);
    assert!(Fake.configure(&refusing, &std::collections::BTreeMap::new()).is_err());
}
