//! Real databases, written to while they are copied; and the conformance suite.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use relplan_contract::conformance::{self, Fixture, context_in};
use relplan_contract::{
    ApplyRequest, Context, Observed, Problem, ProblemKind, Resource, RestoreRequest, Value, VerifyRequest,
};
use rusqlite::Connection;

use super::Sqlite;
use super::snapshot::{Snapshot, schema};

struct Database {
    folder: tempfile::TempDir,
    snapshot: Snapshot,
}

impl Default for Database {
    fn default() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = Connection::open(folder.path().join("shop.sqlite")).expect("a database");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT);
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
                 INSERT INTO orders (item) SELECT 'item ' || i FROM n;",
            )
            .expect("filled");
        Self { folder, snapshot: Snapshot::default() }
    }
}

impl Database {
    fn object(entries: &[(&str, Value)]) -> Value {
        let nulls = schema().attributes;
        let nulls = Value::map(nulls.iter().map(|a| (a.name, a.fit(&Value::NULL).expect("a default"))));
        entries.iter().fold(nulls, |object, (name, value)| object.with(name, value.clone()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn take(&self, config: &Value, key: &str) -> Result<Value, Problem> {
        let context = self.context();
        let request = ApplyRequest { planned: config, prior: None, key };
        self.snapshot.apply(&context, request).await.map(|applied| applied.value)
    }

    fn files(&self) -> usize {
        let whole = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.is_ok_and(|entry| entry.path().extension().is_some_and(|extension| extension == "sqlite"))
        };
        std::fs::read_dir(self.path("snapshots"))
            .map_or(0, |entries| entries.map(whole).filter(|whole| *whole).count())
    }
}

impl Fixture for Database {
    fn resource(&self) -> &dyn Resource {
        &self.snapshot
    }

    fn context(&self) -> Context {
        context_in(self.folder.path(), "sqlite_snapshot.before")
    }

    fn config(&self) -> Value {
        Self::object(&[("database", "shop.sqlite".into()), ("directory", "snapshots".into())])
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("name", self.config().with("name", "../x".into())),
            ("retain", self.config().with("retain", 0.into())),
        ]
    }

    fn effects(&self) -> Option<usize> {
        Some(self.files())
    }

    fn remove_outside(&self, object: &Value) -> bool {
        std::fs::remove_file(self.path(object.get("file").as_str().unwrap_or_default())).is_ok()
    }
}

#[tokio::test]
async fn it_conforms() {
    assert_eq!(conformance::check_provider(&Sqlite), []);
    assert_eq!(conformance::check(Database::default).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_written_to_is_copied_whole() {
    let database = Database::default();
    let stop = Arc::new(AtomicBool::new(false));
    let (path, stopped) = (database.path("shop.sqlite"), Arc::clone(&stop));
    let writer = std::thread::spawn(move || {
        let connection = Connection::open(path).expect("a database");
        connection.busy_timeout(std::time::Duration::from_secs(10)).expect("patience");
        let mut written = 0;
        while !stopped.load(Ordering::SeqCst) {
            connection.execute("INSERT INTO orders (item) VALUES ('late')", []).expect("written");
            written += 1;
        }
        written
    });
    let object = database.take(&database.config(), "abcdef0123").await.expect("a snapshot");
    stop.store(true, Ordering::SeqCst);
    assert!(writer.join().expect("no panic") > 0);
    let file = database.path(object.get("file").as_str().expect("a file"));
    let rows = object.get("tables").get("orders").as_i64().expect("rows");
    assert!(rows >= 5_000, "{rows}");
    assert_eq!(object.get("integrity").as_str(), Some("ok"));
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(&database.path("snapshots"))), (0o600, 0o700));
}

#[tokio::test]
async fn old_snapshots_go_and_the_new_one_stays() {
    let database = Database::default();
    let config = database.config().with("retain", 2.into());
    let mut last = Value::NULL;
    for key in ["aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd"] {
        last = database.take(&config, key).await.expect("a snapshot");
        std::thread::sleep(std::time::Duration::from_millis(15));
    }
    assert_eq!(database.files(), 2);
    assert!(database.path(last.get("file").as_str().expect("a file")).is_file());
}

#[tokio::test]
async fn a_snapshot_comes_back_into_a_new_file_only() {
    let database = Database::default();
    let object = database.take(&database.config(), "abcdef0123").await.expect("a snapshot");
    let context = database.context();
    let request = |into: &'static str| RestoreRequest {
        object: &object,
        into,
        folder: database.folder.path(),
        over: false,
    };
    let restored = database.snapshot.restore(&context, request("restored.sqlite")).await.expect("restored");
    assert!(restored.notes.iter().any(|note| note.contains("5000 rows")), "{restored:?}");
    let verify = VerifyRequest { object: &object, how: None };
    let verified = database.snapshot.verify(&context, verify).await.expect("whole");
    assert!(verified.notes[0].contains("5000 rows"), "{verified:?}");
    let again =
        database.snapshot.restore(&context, request("restored.sqlite")).await.expect_err("there already");
    assert_eq!(again.kind, ProblemKind::Conflict);
    let file = database.path(object.get("file").as_str().expect("a file"));
    let mut bytes = std::fs::read(&file).expect("a snapshot");
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).expect("changed");
    let other = database.path("other.sqlite");
    assert!(database.snapshot.restore(&context, request("other.sqlite")).await.is_err() && !other.exists());
    let verify = VerifyRequest { object: &object, how: None };
    let problem = database.snapshot.verify(&context, verify).await.expect_err("it is another");
    assert_eq!(problem.kind, ProblemKind::Conflict);
    assert!(matches!(database.snapshot.read(&context, &object).await, Ok(Observed::Present(_))));
}

#[tokio::test]
async fn what_cannot_be_copied_is_told_and_leaves_nothing() {
    let database = Database::default();
    std::fs::write(database.path("text"), "no database at all, but long enough to look at").expect("a file");
    for (name, kind) in [("text", ProblemKind::Refused), ("absent", ProblemKind::Missing)] {
        let problem =
            database.take(&database.config().with("database", name.into()), "k1").await.expect_err(name);
        assert_eq!(problem.kind, kind, "{problem}");
    }
    assert_eq!(database.files(), 0);
    std::fs::set_permissions(database.path("snapshots"), std::fs::Permissions::from_mode(0o777))
        .expect("opened");
    let problem = database.take(&database.config(), "k2").await.expect_err("others can write there");
    assert!(problem.to_string().contains("changed by others"), "{problem}");
}
