//! Real databases, written to while they are copied; and the conformance suite.

mod busy;
mod conformance;
mod foreign;
mod restore;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use age::secrecy::ExposeSecret as _;
use relplan_archive::Snapshots;
use relplan_contract::conformance::{context_in, fitted};
use relplan_contract::{
    ApplyRequest, Context, Observed, Problem, ProblemKind, Resource, RestoreRequest, Restored, Value,
    Verification, VerifyRequest,
};
use rusqlite::Connection;

use crate::snapshot::Sqlite;

struct Bench {
    folder: tempfile::TempDir,
    resource: Snapshots<Sqlite>,
}

impl Default for Bench {
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
        Self { folder, resource: Snapshots::default() }
    }
}

impl Bench {
    fn context(&self) -> Context {
        context_in(self.folder.path(), "sqlite_snapshot.before")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Arguments for a snapshot, with these in the place of the usual ones.
    fn config(&self, more: &[(&str, Value)]) -> Value {
        let mut given = vec![("database", Value::from("shop.sqlite")), ("directory", "snapshots".into())];
        given.extend(more.iter().cloned());
        fitted(&self.resource.schema().attributes, &given)
    }

    async fn take(&self, config: &Value, key: &str) -> Result<Value, Problem> {
        assert_eq!(self.resource.validate(config), []);
        let request = ApplyRequest { planned: config, prior: None, key };
        self.resource.apply(&self.context(), request).await.map(|applied| applied.value)
    }

    async fn verify(&self, object: &Value, how: &str) -> Result<Verification, Problem> {
        self.resource.verify(&self.context(), VerifyRequest { object, how: Some(how) }).await
    }

    async fn restore(&self, object: &Value, into: &str, over: bool) -> Result<Restored, Problem> {
        let request = RestoreRequest { object, into, folder: self.folder.path(), over };
        self.resource.restore(&self.context(), request).await
    }

    /// How many whole snapshots there are.
    fn snapshots(&self) -> usize {
        let folders = std::fs::read_dir(self.path("snapshots")).into_iter().flatten().flatten();
        folders.filter(|folder| folder.path().join("manifest.json").is_file()).count()
    }

    /// Whether a copy in clear is left anywhere.
    fn has_copies(&self) -> bool {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder").flatten();
        entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(".relplan"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_written_to_is_copied_whole() {
    let bench = Bench::default();
    let stop = Arc::new(AtomicBool::new(false));
    let (path, stopped) = (bench.path("shop.sqlite"), Arc::clone(&stop));
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
    let config = bench.config(&[("verify", "restore".into())]);
    let object = bench.take(&config, "abcdef0123").await.expect("a snapshot");
    stop.store(true, Ordering::SeqCst);
    assert!(writer.join().expect("no panic") > 0);
    let rows = object.get("rows").get("orders").as_i64().expect("rows");
    assert!(rows >= 5_000, "{rows}");
    assert_eq!(object.get("verified").as_str(), Some("restore"));
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&bench.path("snapshots")), 0o700);
    assert!(!bench.has_copies());
}

#[tokio::test]
async fn an_encrypted_one_comes_back_into_a_file() {
    let bench = Bench::default();
    let key = age::x25519::Identity::generate();
    std::fs::write(bench.path("key.txt"), key.to_string().expose_secret()).expect("a key");
    let assert =
        Value::map([("query", "SELECT count(*) FROM orders".into()), ("equals", Value::from("5000"))]);
    let config = bench.config(&[
        ("encrypt_to", Value::set([key.to_public().to_string().into()])),
        ("identity_file", "key.txt".into()),
        ("verify", "restore".into()),
        ("assert", Value::list([assert])),
    ]);
    let object = bench.take(&config, "abcdef0123").await.expect("a snapshot");
    let restored = bench.restore(&object, "restored.sqlite", false).await.expect("restored");
    assert!(restored.notes.iter().any(|note| note.contains("5000 rows")), "{restored:?}");
    let again = bench.restore(&object, "restored.sqlite", false).await.expect_err("there already");
    assert_eq!(again.kind, ProblemKind::Invalid);
    let connection = Connection::open(bench.path("restored.sqlite")).expect("a database");
    connection.execute_batch("PRAGMA journal_mode = WAL; DELETE FROM orders").expect("emptied");
    drop(connection);
    let restored = bench.restore(&object, "restored.sqlite", true).await.expect("restored over it");
    let aside = restored.notes.iter().any(|note| note.contains("restored.sqlite.before-"));
    assert!(aside, "{restored:?}");
    let count = |path: &Path| -> i64 {
        let connection = Connection::open(path).expect("a database");
        connection.query_row("SELECT count(*) FROM orders", [], |row| row.get(0)).expect("a count")
    };
    assert_eq!(count(&bench.path("restored.sqlite")), 5_000);
    let entries = std::fs::read_dir(bench.folder.path()).expect("a folder").flatten();
    let mut aside = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.to_string_lossy();
        name.contains(".before-") && !name.ends_with("-wal") && !name.ends_with("-shm")
    });
    assert_eq!(count(&aside.next().expect("put aside")), 0);
    for how in ["checksum", "read", "restore"] {
        bench.verify(&object, how).await.expect(how);
    }
    assert!(!bench.has_copies());
}

#[tokio::test]
async fn damage_is_found_and_nothing_is_restored() {
    let bench = Bench::default();
    let object = bench.take(&bench.config(&[]), "abcdef0123").await.expect("a snapshot");
    let name = object.get("snapshot").as_str().expect("a name");
    let part = bench.path("snapshots").join(name).join("database.sqlite.zstd");
    let whole = std::fs::read(&part).expect("a part");
    for at in (0..whole.len()).step_by(whole.len() / 50) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&part, bytes).expect("changed");
        for how in ["checksum", "read", "restore"] {
            assert_eq!(bench.verify(&object, how).await.expect_err(how).kind, ProblemKind::Conflict, "{at}");
        }
        assert!(bench.restore(&object, "other.sqlite", false).await.is_err());
    }
    assert!(!bench.path("other.sqlite").exists());
    std::fs::remove_file(&part).expect("removed");
    let observed = bench.resource.read(&bench.context(), &object).await;
    assert!(matches!(observed, Ok(Observed::Present(_))), "{observed:?}");
}

#[tokio::test]
async fn old_snapshots_go_and_the_new_one_stays() {
    let bench = Bench::default();
    let mut last = Value::NULL;
    for key in ["aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd"] {
        let retain = Value::map(
            ["count", "days", "weekly", "monthly"]
                .map(|rule| (rule, if rule == "count" { 2.into() } else { Value::NULL })),
        );
        let config = bench.config(&[("retain", retain)]);
        let request = relplan_contract::PlanRequest { prior: None, config: &config };
        let planned = bench.resource.plan(&bench.context(), request).await.expect("planned");
        last = bench.take(&planned.value, key).await.expect("a snapshot");
        std::thread::sleep(std::time::Duration::from_millis(15));
    }
    assert_eq!(bench.snapshots(), 2);
    bench.verify(&last, "restore").await.expect("the last one");
}

#[tokio::test]
async fn what_cannot_be_copied_is_told_and_leaves_nothing() {
    let bench = Bench::default();
    std::fs::write(bench.path("text"), "no database at all, but long enough to look at").expect("a file");
    for (name, kind) in [("text", ProblemKind::Refused), ("absent", ProblemKind::Missing)] {
        let config = bench.config(&[("database", name.into())]);
        let problem = bench.take(&config, "k1").await.expect_err(name);
        assert_eq!(problem.kind, kind, "{problem}");
    }
    let mut damaged = std::fs::read(bench.path("shop.sqlite")).expect("a database");
    let end = damaged.len();
    damaged[end - 4_000..].fill(7);
    std::fs::write(bench.path("damaged.sqlite"), damaged).expect("a file");
    let config = bench.config(&[("database", "damaged.sqlite".into())]);
    let problem = bench.take(&config, "k2").await.expect_err("damaged");
    assert!(problem.message.contains("damaged"), "{problem}");
    let scratch = Value::map([("directory", "nowhere".into())]);
    let config = bench.config(&[("scratch", scratch)]);
    let problem = bench.take(&config, "k3").await.expect_err("no folder");
    assert!(problem.hint.contains("scratch.directory"), "{problem}");
    assert!(bench.snapshots() == 0 && !bench.has_copies());
    let opened = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(bench.path("snapshots"), opened).expect("opened");
    let problem = bench.take(&bench.config(&[]), "k4").await.expect_err("others can write there");
    assert!(problem.to_string().contains("changed by others"), "{problem}");
}

#[tokio::test]
async fn what_an_older_relplan_took_stays_a_fact() {
    let bench = Bench::default();
    let old = Value::map([("file", "snapshots/x.sqlite".into()), ("directory", Value::from("snapshots"))]);
    assert!(matches!(bench.resource.read(&bench.context(), &old).await, Ok(Observed::Same)));
    let problem = bench.verify(&old, "read").await.expect_err("it is none of ours");
    assert!(problem.message.contains("older relplan"), "{problem}");
}
