//! Migrations by a tool: here a script with a folder of files and a list of those that it ran.

use relplan_contract::conformance::fitted;
use relplan_contract::{
    ApplyRequest, PlanRequest, Planned, Problem, ProblemKind, ReconcileRequest, Reconciled, Resource, Value,
};

use super::{Place, sh};
use crate::ExecMigration;
use crate::survivor;

const PENDING: &str = "touch ran && ls migrations | grep -vxFf ran || true";
const MIGRATE: &str = "ls migrations | grep -vxFf ran | while read name; do sh migrations/$name && echo $name >> ran || exit 4; done";

struct Site {
    place: Place,
    migration: ExecMigration,
}

impl Site {
    fn new(files: &[(&str, &str)]) -> Self {
        let site = Self { place: Place::new(), migration: ExecMigration::default() };
        std::fs::create_dir(site.place.path("migrations")).expect("a folder");
        for (name, text) in files {
            site.write(name, text);
        }
        site
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.place.path("migrations").join(name), text).expect("a file");
    }

    fn config(&self, more: &[(&str, Value)]) -> Value {
        let mut given = vec![("command", sh(MIGRATE)), ("pending", sh(PENDING))];
        given.extend(more.iter().cloned());
        fitted(&self.migration.schema().attributes, &given)
    }

    async fn plan(&self, config: &Value) -> Planned {
        assert_eq!(self.migration.validate(config), []);
        let request = PlanRequest { config, prior: None };
        self.migration.plan(&self.place.context, request).await.expect("planned")
    }

    async fn apply(&self, planned: &Value) -> Result<Value, Problem> {
        let request = ApplyRequest { planned, prior: None, key: &self.place.key };
        self.migration.apply(&self.place.context, request).await.map(|applied| applied.value)
    }

    async fn reconcile(&self, planned: &Value, reference: Option<&str>) -> Reconciled {
        let key = &self.place.key;
        let request = ReconcileRequest { planned, prior: None, key, reference, destroy: false };
        self.migration.reconcile(&self.place.context, request).await.expect("asked")
    }
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_list().unwrap_or_default().iter().filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn what_is_pending_is_planned_run_and_looked_for_again() {
    let site = Site::new(&[("001", "echo one >> done"), ("002", "echo two >> done")]);
    let planned = site.plan(&site.config(&[])).await;
    assert_eq!(planned.notes, ["These will run: 001, 002."]);
    let object = site.apply(&planned.value).await.expect("migrated");
    assert_eq!(
        (texts(object.get("to_run")), site.place.text("done")),
        (vec!["001", "002"], "one\ntwo\n".into())
    );
    assert_eq!(object.get("exit_code").as_i64(), Some(0));
    let planned = site.plan(&site.config(&[])).await;
    assert_eq!(planned.notes, ["Nothing is to be migrated."]);
    let object = site.apply(&planned.value).await.expect("nothing to do");
    assert!(object.get("exit_code").is_null() && texts(object.get("to_run")).is_empty());
}

#[tokio::test]
async fn what_nobody_reviewed_is_not_run() {
    let site = Site::new(&[("001", "echo one >> done")]);
    let planned = site.plan(&site.config(&[])).await;
    site.write("002", "echo two >> done");
    let problem = site.apply(&planned.value).await.expect_err("another one is pending");
    assert_eq!((problem.kind, site.place.text("done").as_str()), (ProblemKind::Conflict, ""));
}

#[tokio::test]
async fn a_failure_tells_the_way_back() {
    let site = Site::new(&[("001", "echo one >> done"), ("002", "exit 1")]);
    let snapshot = [
        ("snapshot", "shop-1.2.0-abcdef01"),
        ("verified", "restore"),
        ("verified_at", "2026-11-24T00:00:00Z"),
    ];
    let snapshot = Value::map(snapshot.map(|(name, text)| (name, Value::from(text))));
    let planned = site.plan(&site.config(&[("snapshot", snapshot)])).await;
    let problem = site.apply(&planned.value).await.expect_err("it fails");
    assert!(
        problem.message.contains("exit code 4") && problem.message.contains("shop-1.2.0-abcdef01"),
        "{problem}"
    );
    // Mended, it goes on behind what was done: fewer are left than were reviewed.
    site.write("002", "echo two >> done");
    site.apply(&planned.value).await.expect("migrated");
    assert_eq!(site.place.text("done"), "one\ntwo\n");
    let lazy = site.config(&[("command", sh("true")), ("pending", sh("echo 003"))]);
    let planned = site.plan(&lazy).await;
    let problem = site.apply(&planned.value).await.expect_err("it did nothing");
    assert!(problem.message.contains("still to run: 003"), "{problem}");
}

#[tokio::test]
async fn nothing_is_run_without_the_snapshot_that_is_required() {
    let site = Site::new(&[("001", "echo one >> done")]);
    let wanted = |verified: &str| {
        let snapshot = Value::map([("snapshot", Value::from("s")), ("verified", verified.into())]);
        site.config(&[("require_snapshot", true.into()), ("snapshot", snapshot)])
    };
    let planned = site.plan(&wanted("checksum")).await;
    let problem = site.apply(&planned.value).await.expect_err("it was only summed");
    assert!(
        problem.message.contains("`read` is required") && site.place.text("done").is_empty(),
        "{problem}"
    );
    let planned = site.plan(&wanted("read")).await;
    site.apply(&planned.value).await.expect("migrated");
    let problems = site.migration.validate(&site.config(&[("require_snapshot", true.into())]));
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[tokio::test]
async fn after_a_crash_what_is_pending_tells_what_became_of_it() {
    let site = Site::new(&[("001", "echo one >> done")]);
    let planned = site.plan(&site.config(&[])).await.value;
    assert_eq!(site.reconcile(&planned, None).await, Reconciled::NotDone);
    // A number that no process can have.
    let boot = survivor::Reference::started(i32::MAX).to_string();
    assert_eq!(site.reconcile(&planned, Some(&boot)).await, Reconciled::NotDone);
    std::fs::write(site.place.path("ran"), "001\n").expect("noted");
    assert!(matches!(site.reconcile(&planned, Some(&boot)).await, Reconciled::Done(_)));
    let blind = site.plan(&site.config(&[("pending", Value::NULL)])).await.value;
    assert_eq!(site.reconcile(&blind, Some(&boot)).await, Reconciled::CannotTell);
}

#[tokio::test]
async fn half_of_an_answer_is_none() {
    let site = Site::new(&[]);
    let pending = |script: &str| site.config(&[("pending", sh(script))]);
    // What is printed a moment after the script has ended belongs to its answer.
    let late = "(sleep 0.5; echo 001; sleep 0.2; echo 002) & exit 0";
    assert_eq!(site.plan(&pending(late)).await.notes, ["These will run: 001, 002."]);
    let many = "i=1000; while [ $i -lt 1900 ]; do printf '%0200d-%d\\n' 0 $i; i=$((i+1)); done";
    let planned = site.plan(&pending(many)).await;
    let names = texts(planned.value.get("to_run"));
    assert!(names.len() == 900 && names.iter().all(|name| name.len() == 205), "{}", names.len());
    for script in ["echo 001; sleep 100 & exit 0", "sleep 100 & exit 0", "yes 001 | head -c 600000"] {
        let config = pending(script);
        let request = PlanRequest { config: &config, prior: None };
        let problem = site.migration.plan(&site.place.context, request).await.expect_err(script);
        assert!(problem.message.contains("what is left to run is not known"), "{problem}");
        assert!(problem.hint.contains("/dev/null"), "{problem}");
    }
}
