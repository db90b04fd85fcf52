//! `restore -over` while somebody uses what is there: done or refused, and what is there is never half of each.

use std::time::Duration;

use relplan_contract::{ProblemKind, Value};

use super::{Bench, Client};

/// Databases that a restore made.
fn made(bench: &Bench) -> String {
    let sql =
        "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name REGEXP '_(restored|before)_'";
    bench.server.sql("", sql)
}

/// A database of two plain tables with a snapshot of before, and something new in it since.
async fn changed() -> (Bench, Value) {
    let bench = Bench::new(10);
    bench.server.sql("", "CREATE DATABASE plain");
    bench.server.sql(
        "plain",
        "CREATE TABLE a (i INT) ENGINE=InnoDB; INSERT INTO a VALUES (7); CREATE TABLE b (i INT)",
    );
    let config = bench.config(&[("url", bench.server.url("plain").into())]);
    let object = bench.take(&config, "plain").await.expect("a snapshot");
    bench.server.sql("plain", "UPDATE a SET i = 8");
    (bench, object)
}

/// A client in the database, which has done this and stays.
fn client(bench: &Bench, sql: &str) -> Client {
    use std::io::Write as _;
    let mut client = bench.client(&[]);
    let input = client.stdin.as_mut().expect("an input");
    input.write_all(format!("USE plain; {sql};\nDO SLEEP(0.01);\n").as_bytes()).expect("written");
    let there =
        "SELECT COUNT(*) FROM information_schema.processlist WHERE db = 'plain' AND command = 'Sleep'";
    while bench.server.sql("", there) != "1" {
        std::thread::sleep(Duration::from_millis(5));
    }
    // It may have slept between two of its statements.
    std::thread::sleep(Duration::from_millis(100));
    Client(client)
}

async fn refused(bench: &Bench, object: &Value, told: &str) {
    let problem = bench.restore(object, "plain", true).await.expect_err("somebody uses it");
    assert_eq!(problem.kind, ProblemKind::Invalid, "{problem}");
    assert!(problem.message.contains("a transaction holds one of its tables"), "{problem}");
    assert!(problem.message.contains(told), "{problem}");
    assert_eq!((bench.server.sql("plain", "SELECT i FROM a"), made(bench)), ("8".to_owned(), "0".to_owned()));
}

async fn done(bench: &Bench, object: &Value) {
    bench.restore(object, "plain", true).await.unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!((bench.server.sql("plain", "SELECT i FROM a"), made(bench)), ("7".to_owned(), "1".to_owned()));
}

#[tokio::test]
async fn who_only_is_connected_meets_the_restored_tables() {
    let (bench, object) = changed().await;
    let idle = client(&bench, "SELECT * FROM a");
    done(&bench, &object).await;
    drop(idle);
}

#[tokio::test]
async fn who_is_in_a_transaction_is_named_and_nothing_is_done() {
    let (bench, object) = changed().await;
    for sql in [
        "START TRANSACTION; SELECT * FROM a",
        "START TRANSACTION; INSERT INTO a VALUES (9)",
        "LOCK TABLES b READ",
    ] {
        let holder = client(&bench, sql);
        refused(&bench, &object, " (root, Sleep for ").await;
        drop(holder);
    }
    while bench.server.sql("", "SELECT COUNT(*) FROM information_schema.processlist WHERE db = 'plain'")
        != "0"
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    done(&bench, &object).await;
}

#[tokio::test]
async fn a_prepared_transaction_outlives_its_connection() {
    let (bench, object) = changed().await;
    bench.server.sql("plain", "XA START 'half'; INSERT INTO a VALUES (9); XA END 'half'; XA PREPARE 'half'");
    refused(&bench, &object, "prepared transaction \"half\"").await;
    bench.server.sql("plain", "XA ROLLBACK 'half'");
    done(&bench, &object).await;
}

#[tokio::test]
async fn what_cannot_be_moved_is_refused_before_anything_is_done() {
    let bench = Bench::new(10);
    let object = bench.take(&bench.config(&[]), "key").await.expect("a snapshot");
    let problem = bench.restore(&object, "shop", true).await.expect_err("it has a trigger");
    assert!(problem.kind == ProblemKind::Invalid && problem.message.contains("triggers"), "{problem}");
    assert_eq!(made(&bench), "0");
    // Here it is what comes back that has one: it keeps a name of its own, and that is no success.
    bench.server.sql("", "CREATE DATABASE plain");
    bench.server.sql("plain", "CREATE TABLE a (i INT)");
    let problem = bench.restore(&object, "plain", true).await.expect_err("a trigger came back");
    assert!(
        problem.kind == ProblemKind::Refused && problem.message.contains("into plain_restored_"),
        "{problem}"
    );
    assert_eq!((bench.server.sql("plain", "SHOW TABLES"), made(&bench)), ("a".to_owned(), "1".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_while_it_is_restored_is_no_success() {
    let (bench, object) = changed().await;
    let bench = std::sync::Arc::new(bench);
    let (restorer, object) = (std::sync::Arc::clone(&bench), object);
    let restored = tokio::spawn(async move { restorer.restore(&object, "plain", true).await });
    while made(&bench) == "0" {
        assert!(!restored.is_finished(), "it was too fast");
    }
    let holder = client(&bench, "START TRANSACTION; SELECT * FROM a");
    let problem = restored.await.expect("no panic").expect_err("somebody came in between");
    assert_eq!(problem.kind, ProblemKind::Refused, "{problem}");
    assert!(
        problem.message.contains("plain is as it was. The restored database is plain_restored_"),
        "{problem}"
    );
    assert_eq!(
        (bench.server.sql("plain", "SELECT i FROM a"), made(&bench)),
        ("8".to_owned(), "1".to_owned())
    );
    drop(holder);
    // What it says to run is what makes it whole.
    let statements =
        problem.hint.split_once('`').and_then(|(_, rest)| Some(rest.rsplit_once("`; or drop")?.0));
    bench.server.sql("", statements.expect("statements"));
    assert_eq!(bench.server.sql("plain", "SELECT i FROM a"), "7");
}
