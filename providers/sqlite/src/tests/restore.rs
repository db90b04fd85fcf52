//! `restore -over` while somebody has the file open: done or refused, and nobody goes on in what was put aside.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use relplan_contract::{ProblemKind, Value};
use rusqlite::Connection;

use super::Bench;

/// Another process that has the database open, and has run statements in it.
struct Client(Child);

impl Client {
    fn of(bench: &Bench, sql: &str) -> Self {
        let mut client = Command::new("sqlite3")
            .arg(bench.path("shop.sqlite"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sqlite3");
        let input = client.stdin.as_mut().expect("a pipe");
        input.write_all(format!("{sql};\nSELECT 'ready';\n").as_bytes()).expect("written");
        let lines = BufReader::new(client.stdout.take().expect("a pipe")).lines();
        let ready = lines.map_while(Result::ok).any(|line| line == "ready");
        assert!(ready, "sqlite3 ended");
        Self(client)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How many orders are in the database under its name.
fn orders(bench: &Bench) -> i64 {
    let connection = Connection::open(bench.path("shop.sqlite")).expect("a database");
    connection.query_row("SELECT count(*) FROM orders", [], |row| row.get(0)).expect("a count")
}

fn aside(bench: &Bench) -> bool {
    let entries = std::fs::read_dir(bench.folder.path()).expect("a folder").flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().contains(".before-"))
}

/// A database in this mode with a snapshot of before, and fewer orders since.
async fn changed(mode: &str) -> (Bench, Value) {
    let bench = Bench::default();
    let object = bench.take(&bench.config(&[]), "abcdef0123").await.expect("a snapshot");
    let connection = Connection::open(bench.path("shop.sqlite")).expect("a database");
    let sql = format!("PRAGMA journal_mode = {mode}; DELETE FROM orders WHERE id > 7");
    connection.execute_batch(&sql).expect("changed");
    (bench, object)
}

async fn refused(bench: &Bench, object: &Value, told: &str) {
    let problem = bench.restore(object, "shop.sqlite", true).await.expect_err("it is open");
    assert_eq!(problem.kind, ProblemKind::Invalid, "{problem}");
    assert!(problem.message.contains("is open, and cannot be put aside: "), "{problem}");
    assert!(problem.message.contains(told), "{problem}");
    assert!(!aside(bench) && !bench.has_copies());
}

#[tokio::test]
async fn who_has_it_open_is_named_and_nothing_is_done() {
    for mode in ["WAL", "DELETE"] {
        let (bench, object) = changed(mode).await;
        for sql in [
            "SELECT count(*) FROM orders",
            "BEGIN; SELECT count(*) FROM orders",
            "BEGIN IMMEDIATE; DELETE FROM orders",
        ] {
            let client = Client::of(&bench, sql);
            refused(&bench, &object, &format!("sqlite3 ({})", client.0.id())).await;
            drop(client);
            assert_eq!(orders(&bench), 7, "{mode} {sql}");
        }
        bench.restore(&object, "shop.sqlite", true).await.expect("nobody has it open");
        assert_eq!(orders(&bench), 5_000, "{mode}");
        assert!(aside(&bench));
    }
}

#[tokio::test]
async fn what_lies_beside_a_file_that_is_gone_may_be_open_too() {
    let (bench, object) = changed("WAL").await;
    let client = Client::of(&bench, "INSERT INTO orders (item) VALUES ('late')");
    std::fs::remove_file(bench.path("shop.sqlite")).expect("removed");
    refused(&bench, &object, "sqlite3 (").await;
    drop(client);
}

#[tokio::test]
async fn a_lock_is_enough_where_nobody_can_be_seen() {
    let (bench, _) = changed("WAL").await;
    let path = bench.path("shop.sqlite");
    let client = Client::of(&bench, "SELECT count(*) FROM orders");
    let problem = crate::in_use::refuse(&path, std::iter::empty()).expect_err("it holds a lock");
    assert!(problem.message.contains("somebody who cannot be seen from here"), "{problem}");
    drop(client);
    let held = crate::in_use::refuse(&path, std::iter::empty()).expect("nobody has it open");
    // Until it is given another name, nobody comes in between.
    let status =
        Command::new("sqlite3").arg(&path).arg("SELECT count(*) FROM orders").stderr(Stdio::null()).status();
    assert!(held.is_some() && !status.expect("sqlite3").success());
    drop(held);
    assert_eq!(orders(&bench), 7);
}

#[tokio::test]
async fn the_file_is_what_it_was_besides_its_pages() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let bench = Bench::default();
    let pragma = |path: &str, name: &str| -> String {
        let connection = Connection::open(bench.path(path)).expect("a database");
        let value: rusqlite::types::Value =
            connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).expect(name);
        format!("{value:?}")
    };
    let kept = ["journal_mode", "user_version", "application_id", "page_size", "auto_vacuum", "encoding"];
    for (name, mode, sql) in [
        (
            "log",
            0o664,
            "PRAGMA page_size = 1024; PRAGMA auto_vacuum = FULL; PRAGMA encoding = 'UTF-16le'; PRAGMA journal_mode = WAL; PRAGMA user_version = 7; PRAGMA application_id = 99",
        ),
        (
            "none",
            0o640,
            "PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA user_version = -3",
        ),
        ("plain", 0o600, ""),
    ] {
        let connection = Connection::open(bench.path(name)).expect("a database");
        connection
            .execute_batch(&format!("{sql}; CREATE TABLE t (a); INSERT INTO t VALUES (1)"))
            .expect("made");
        drop(connection);
        std::fs::set_permissions(bench.path(name), std::fs::Permissions::from_mode(mode)).expect("a mode");
        let group =
            rustix::process::getgroups().ok().and_then(|groups| groups.last().map(|group| group.as_raw()));
        std::os::unix::fs::chown(bench.path(name), None, group).expect("a group of ours");
        let before = kept.map(|setting| pragma(name, setting));
        let object = bench
            .take(&bench.config(&[("database", name.into())]), &format!("{name}0123"))
            .await
            .expect("taken");
        bench.restore(&object, &format!("{name}.new"), false).await.expect("restored");
        assert_eq!(kept.map(|setting| pragma(&format!("{name}.new"), setting)), before, "{name}");
        bench.restore(&object, name, true).await.expect("restored over it");
        assert_eq!(kept.map(|setting| pragma(name, setting)), before, "{name}");
        let found = std::fs::metadata(bench.path(name)).expect("there");
        assert_eq!((found.mode() & 0o7777, Some(found.gid())), (mode, group.or(Some(found.gid()))), "{name}");
        assert!(!bench.has_copies());
    }
}
