//! Migrations against a real server: each file once, whole or not at all, whoever dies.

mod refused;
mod sessions;
mod waits;

use std::path::Path;
use std::sync::Arc;

use relplan_contract::conformance::{self, Fixture, fitted};
use relplan_contract::{
    ApplyRequest, Context, PlanRequest, Planned, Problem, ProblemKind, ReconcileRequest, Reconciled,
    Resource, Value,
};

use super::Bench;
use crate::migration::Migration;

const FIRST: (&str, &str) = (
    "001_tags.sql",
    "CREATE TABLE tags (id int PRIMARY KEY, name text);\nINSERT INTO tags VALUES (1, 'a;b');",
);
const SECOND: (&str, &str) = ("002_more.sql", "INSERT INTO tags VALUES (2, 'c');");
const THIRD: (&str, &str) =
    ("003_index.sql", "-- relplan: no transaction\nCREATE INDEX CONCURRENTLY tags_name ON tags (name);");

struct Site {
    bench: Bench,
    migration: Arc<Migration>,
}

impl Site {
    fn new(files: &[(&str, &str)]) -> Self {
        let site = Self { bench: Bench::new(10), migration: Arc::default() };
        std::fs::create_dir(site.folder()).expect("a folder");
        site.write(files);
        site
    }

    /// Other files in the place of those that are there.
    fn only(&self, files: &[(&str, &str)]) {
        for entry in std::fs::read_dir(self.folder()).expect("a folder") {
            std::fs::remove_file(entry.expect("a file").path()).expect("removed");
        }
        self.write(files);
    }

    fn folder(&self) -> std::path::PathBuf {
        self.bench.folder.path().join("migrations")
    }

    fn write(&self, files: &[(&str, &str)]) {
        for (name, text) in files {
            std::fs::write(self.folder().join(Path::new(name)), text).expect("a file");
        }
    }

    fn config(&self, more: &[(&str, Value)]) -> Value {
        let mut given =
            vec![("url", Value::from(self.bench.server.url("shop"))), ("directory", "migrations".into())];
        given.extend(more.iter().cloned());
        fitted(&self.migration.schema().attributes, &given)
    }

    async fn plan(&self, config: &Value) -> Result<Planned, Problem> {
        assert_eq!(self.migration.validate(config), []);
        self.migration.plan(&self.bench.context(), PlanRequest { config, prior: None }).await
    }

    async fn apply(&self, planned: &Value, key: &str) -> Result<Value, Problem> {
        let request = ApplyRequest { planned, prior: None, key };
        self.migration.apply(&self.bench.context(), request).await.map(|applied| applied.value)
    }

    async fn run(&self, more: &[(&str, Value)]) -> Result<Value, Problem> {
        let planned = self.plan(&self.config(more)).await?;
        self.apply(&planned.value, "key").await
    }

    async fn reconcile(&self, planned: &Value, key: &str) -> Reconciled {
        let request = ReconcileRequest { planned, prior: None, key, reference: None, destroy: false };
        self.migration.reconcile(&self.bench.context(), request).await.expect("asked")
    }

    fn sql(&self, sql: &str) -> String {
        self.bench.server.sql("shop", sql)
    }
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_list().unwrap_or_default().iter().filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn each_file_runs_once_and_in_order() {
    let site = Site::new(&[SECOND, FIRST]);
    let planned = site.plan(&site.config(&[])).await.expect("planned");
    assert_eq!(planned.notes, ["These will run: 001_tags.sql, 002_more.sql."]);
    let object = site.apply(&planned.value, "one").await.expect("run");
    assert_eq!(texts(object.get("applied")), [FIRST.0, SECOND.0]);
    assert_eq!(site.sql("SELECT string_agg(name, ',' ORDER BY id) FROM tags"), "a;b,c");
    site.write(&[THIRD]);
    let planned = site.plan(&site.config(&[])).await.expect("planned");
    assert_eq!(texts(planned.value.get("pending")), [THIRD.0]);
    site.apply(&planned.value, "two").await.expect("run");
    assert_eq!(site.sql("SELECT count(*) FROM pg_indexes WHERE indexname = 'tags_name'"), "1");
    let planned = site.plan(&site.config(&[])).await.expect("planned");
    assert_eq!(planned.notes, ["Every file was run already."]);
    assert_eq!(site.sql("SELECT count(*) FROM relplan_migrations WHERE done_at IS NOT NULL"), "3");
}

#[tokio::test]
async fn a_file_that_fails_leaves_nothing_and_tells_where_and_the_way_back() {
    let site = Site::new(&[
        FIRST,
        ("002_bad.sql", "INSERT INTO tags VALUES (3, 'd');\n\nINSERT INTO tags VALUES (1, 'again');"),
    ]);
    let snapshot = [
        ("snapshot", "shop-1.2.0-abcdef01"),
        ("verified", "restore"),
        ("verified_at", "2026-11-24T00:00:00Z"),
    ];
    let snapshot = Value::map(snapshot.map(|(name, text)| (name, Value::from(text))));
    let problem = site.run(&[("snapshot", snapshot)]).await.expect_err("a key twice");
    let said = &problem.message;
    assert!(
        said.starts_with("002_bad.sql, line 3: The database refused: ") && said.contains("23505"),
        "{said}"
    );
    assert!(
        said.contains("Nothing of this file was kept")
            && said.contains("shop-1.2.0-abcdef01 was taken (restore"),
        "{said}"
    );
    assert_eq!(site.sql("SELECT count(*) FROM tags"), "1");
    site.write(&[("002_bad.sql", SECOND.1)]);
    let object = site.run(&[]).await.expect("mended");
    assert_eq!(texts(object.get("applied")), ["002_bad.sql"]);
}

#[tokio::test]
async fn what_is_not_as_planned_is_refused() {
    let site = Site::new(&[FIRST]);
    let planned = site.plan(&site.config(&[])).await.expect("planned");
    site.write(&[SECOND]);
    let problem = site.apply(&planned.value, "key").await.expect_err("one file more");
    assert_eq!(problem.kind, ProblemKind::Conflict);
    site.run(&[]).await.expect("run");
    site.write(&[(FIRST.0, "SELECT 1;")]);
    let problem = site.plan(&site.config(&[])).await.expect_err("changed since");
    assert!(problem.message.starts_with("001_tags.sql was run already"), "{problem}");
    site.write(&[FIRST, ("004.sql", "COMMIT;")]);
    let problem = site.plan(&site.config(&[])).await.expect_err("a transaction of its own");
    assert!(problem.message.contains("COMMIT cannot stand here"), "{problem}");
}

#[tokio::test]
async fn without_a_proven_snapshot_nothing_runs() {
    let site = Site::new(&[FIRST]);
    let required = ("require_snapshot", Value::from(true));
    let problems = site.migration.validate(&site.config(std::slice::from_ref(&required)));
    assert!(problems[0].message.contains("no snapshot"), "{problems:?}");
    let snapshot =
        |verified: Value| Value::map([("snapshot", Value::from("shop-1")), ("verified", verified)]);
    for (verified, least, good) in [
        (Value::NULL, "checksum", false),
        ("checksum".into(), "read", false),
        ("restore".into(), "read", true),
    ] {
        let given = [required.clone(), ("snapshot", snapshot(verified)), ("require_verified", least.into())];
        let ended = site.run(&given).await;
        assert_eq!(ended.is_ok(), good, "{ended:?}");
    }
}

#[tokio::test]
async fn two_at_once_run_each_file_once() {
    let site = Site::new(&[FIRST, SECOND]);
    let planned = site.plan(&site.config(&[])).await.expect("planned").value;
    let (one, two) = tokio::join!(site.apply(&planned, "one"), site.apply(&planned, "two"));
    let ran = [one, two].map(|ended| ended.expect("run").get("applied").as_list().map_or(0, <[Value]>::len));
    assert_eq!(ran[0] + ran[1], 2);
    assert_eq!(site.sql("SELECT count(*) FROM tags"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_in_the_middle_is_found_out() {
    let slow = ("002_slow.sql", "INSERT INTO tags VALUES (2, 'c'); SELECT pg_sleep(0.4);");
    let site = Site::new(&[FIRST, slow, ("003.sql", "INSERT INTO tags VALUES (3, 'd');")]);
    let planned = site.plan(&site.config(&[])).await.expect("planned").value;
    // Nobody waits any more: whatever was under way is ended, as by a kill.
    for ms in [30, 120, 300] {
        let given_up =
            tokio::time::timeout(std::time::Duration::from_millis(ms), site.apply(&planned, "key")).await;
        assert!(given_up.is_err(), "it takes 400 ms");
        assert_eq!(site.reconcile(&planned, "key").await, Reconciled::NotDone);
        let tags = "SELECT to_regclass('tags') IS NULL OR (SELECT xpath('//c/text()', query_to_xml('SELECT count(*) AS c FROM tags WHERE id > 1', false, false, ''))::text = '{0}')";
        assert_eq!(site.sql(tags), "t", "after {ms} ms");
    }
    site.apply(&planned, "key").await.expect("run");
    assert_eq!(site.sql("SELECT count(*) FROM tags"), "3");
    assert!(matches!(site.reconcile(&planned, "key").await, Reconciled::Done(_)));
    assert_eq!(site.bench.server.backends(), 0);
}

#[tokio::test]
async fn what_ran_without_a_transaction_and_was_cut_off_is_for_a_person() {
    let site = Site::new(&[
        FIRST,
        ("002.sql", "-- relplan: no transaction\nINSERT INTO tags VALUES (2, 'x');\nSELECT 1 / 0;"),
    ]);
    let planned = site.plan(&site.config(&[])).await.expect("planned").value;
    let problem = site.apply(&planned, "key").await.expect_err("a division");
    assert!(problem.message.contains("line 3") && problem.message.contains("is kept"), "{problem}");
    assert_eq!(site.reconcile(&planned, "key").await, Reconciled::CannotTell);
    let problem = site.plan(&site.config(&[])).await.expect_err("begun");
    assert!(problem.message.contains("it is not known whether it was done"), "{problem}");
    let (_, forgetting) = problem.hint.split_once("if it was not: ").expect("a statement");
    site.sql("DELETE FROM tags WHERE id = 2");
    site.sql(forgetting);
    site.write(&[("002.sql", SECOND.1)]);
    site.run(&[]).await.expect("run");
}

impl Fixture for Site {
    fn resource(&self) -> &dyn Resource {
        &*self.migration
    }

    fn context(&self) -> Context {
        self.bench.context()
    }

    fn config(&self) -> Value {
        self.config(&[])
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("history", self.config(&[("history", "migrations".into())])),
            ("require_snapshot", self.config(&[("require_snapshot", true.into())])),
            ("require_verified", self.config(&[("require_verified", "hope".into())])),
            ("snapshot", self.config(&[("snapshot", "shop".into())])),
            ("lock_timeout_ms", self.config(&[("lock_timeout_ms", (-1).into())])),
        ]
    }

    fn slow(&self) -> Option<Value> {
        self.write(&[("002.sql", "SELECT pg_sleep(100);")]);
        Some(self.config(&[]))
    }

    fn effects(&self) -> Option<usize> {
        let table = "SELECT to_regclass('relplan_migrations') IS NOT NULL";
        if self.sql(table) == "f" {
            return Some(0);
        }
        self.sql("SELECT count(*) FROM relplan_migrations WHERE done_at IS NOT NULL").parse().ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    assert_eq!(conformance::check(|| Site::new(&[FIRST])).await, []);
}
