//! Databases that are written to without a pause: their snapshots end all the same.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use relplan_contract::ProblemKind;
use rusqlite::Connection;

use super::Bench;

/// Commits as fast as it can until it is dropped, from another process's point of view: through a connection of its own.
struct Writer {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    fn of(path: PathBuf, mode: &str, pause: Duration) -> Self {
        let journal = format!("PRAGMA journal_mode = {mode}");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let connection = Connection::open(path).expect("a database");
            connection.busy_timeout(Duration::from_secs(60)).expect("patience");
            connection.execute_batch(&journal).expect("a mode");
            while !stopped.load(Ordering::SeqCst) {
                let both = "BEGIN; INSERT INTO one VALUES (1); INSERT INTO two VALUES (1); COMMIT";
                connection.execute_batch(both).expect("written");
                std::thread::sleep(pause);
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let ended = self.thread.take().expect("once").join();
        assert!(ended.is_ok() || std::thread::panicking());
    }
}

/// A database of some megabytes in this mode, under this name.
fn database(bench: &Bench, name: &str, mode: &str) -> PathBuf {
    let path = bench.path(name);
    let connection = Connection::open(&path).expect("a database");
    let filled = format!(
        "PRAGMA journal_mode = {mode}; PRAGMA synchronous = OFF; CREATE TABLE one (n); CREATE TABLE two (n); CREATE TABLE big (b);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO big SELECT randomblob(3000) FROM n;"
    );
    connection.execute_batch(&filled).expect("filled");
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_under_a_steady_writer_ends_and_is_of_one_moment() {
    let bench = Bench::default();
    for (mode, pause) in [("wal", 0), ("delete", 1), ("truncate", 20), ("persist", 5)] {
        let name = format!("{mode}{pause}.sqlite");
        let writer = Writer::of(database(&bench, &name, mode), mode, Duration::from_millis(pause));
        let begun = Instant::now();
        let config = bench.config(&[
            ("database", name.as_str().into()),
            ("verify", "restore".into()),
            ("hold_writers_ms", 60_000.into()),
        ]);
        let object = bench
            .take(&config, &name.replace('.', "0"))
            .await
            .unwrap_or_else(|problem| panic!("{mode}: {problem}"));
        assert!(begun.elapsed() < Duration::from_secs(60), "{mode}");
        drop(writer);
        let rows = |table: &str| object.get("rows").get(table).as_i64();
        assert_eq!((rows("one"), rows("big")), (rows("two"), Some(3_000)), "{mode}");
        // The other modes are each connection's own.
        let kept = if mode == "wal" { "wal" } else { "delete" };
        assert_eq!(object.get("source").get("journal_mode").as_str(), Some(kept));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_be_held_up_is_not_and_the_reason_is_told() {
    let bench = Bench::default();
    let writer = Writer::of(database(&bench, "busy.sqlite", "delete"), "delete", Duration::from_millis(1));
    let config = bench.config(&[("database", "busy.sqlite".into()), ("hold_writers_ms", 0.into())]);
    let problem = bench.take(&config, "abcdef0123").await.expect_err("it never stands still");
    drop(writer);
    assert_eq!(problem.kind, ProblemKind::Refused, "{problem}");
    assert!(
        problem.message.contains("no write-ahead log: 5 times") && problem.hint.contains("WAL"),
        "{problem}"
    );
    assert!(bench.snapshots() == 0 && !bench.has_copies());
    bench.take(&config, "abcdef0123").await.expect("nobody writes any more");
}
