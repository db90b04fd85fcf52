//! Snapshots that are taken, proven and brought back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mariadb_server::Server;
use relplan_contract::{ProblemKind, Value};

use super::Bench;

#[tokio::test]
async fn it_is_restored_and_compared_before_it_counts() {
    let bench = Bench::new(1_000);
    let checked = Value::map([
        ("query", "SELECT COUNT(*), total() IS NOT NULL FROM orders".into()),
        ("equals", Value::from("1000")),
    ]);
    let config = bench.encrypted(&[("verify", "restore".into()), ("assert", Value::list([checked]))]);
    let object = bench.take(&config, "key").await.expect("a snapshot");
    assert_eq!(object.get("verified").as_str(), Some("restore"));
    let rows: Vec<(&str, Option<i64>)> = object
        .get("rows")
        .as_map()
        .expect("tables")
        .iter()
        .map(|(name, rows)| (&**name, rows.as_i64()))
        .collect();
    assert_eq!(
        rows,
        [("Log Entries", Some(100)), ("customers", Some(500)), ("days", Some(600)), ("orders", Some(1_000))]
    );
    let source = object.get("source");
    assert!(source.get("log_file").as_str().is_some_and(|file| file.starts_with("bin.")), "{source:?}");
    assert!(source.get("gtid").as_str().is_some_and(|gtid| gtid.starts_with("0-1-")), "{source:?}");
    for how in ["checksum", "read", "restore"] {
        let verified = bench.verify(&object, how).await.expect(how);
        let notes = verified.notes.join(" ");
        assert!(how != "restore" || notes.contains("rows and their sums are the same"), "{notes}");
    }
    assert_eq!(bench.server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dumped_under_load_is_of_one_moment() {
    let bench = Bench::new(20_000);
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let writer = bench.writer(move || !stopped.load(Ordering::SeqCst));
    let config = bench.config(&[("verify", "restore".into())]);
    let object = bench.take(&config, "key").await.expect("a snapshot");
    stop.store(true, Ordering::SeqCst);
    let written = writer.join().expect("no panic");
    assert!(written > 0 && object.get("rows").get("orders").as_i64() > Some(20_000), "{written} {object:?}");
}

#[tokio::test]
async fn it_comes_back_into_a_new_database_and_into_the_place_of_one() {
    let bench = Bench::new(500);
    let object = bench.take(&bench.config(&[]), "key").await.expect("a snapshot");
    let restored = bench.restore(&object, "copy", false).await.expect("restored");
    assert!(restored.notes[0].contains("4 tables with 1700 rows, as they were counted"), "{restored:?}");
    let total = |database: &str| {
        bench.server.sql(database, "SELECT total(), (SELECT COUNT(*) FROM big), NEXTVAL(invoice)")
    };
    assert_eq!(total("copy"), total("shop"));
    bench.server.sql("copy", "DELETE FROM orders WHERE id = 1");
    assert_eq!(
        bench.server.sql("copy", "SELECT COUNT(*) FROM `Log Entries`"),
        "101",
        "the trigger came back"
    );
    let problem = bench.restore(&object, "shop", false).await.expect_err("it has tables");
    assert_eq!(problem.kind, ProblemKind::Invalid);
    bench.server.sql("", "CREATE DATABASE plain");
    bench.server.sql("plain", "CREATE TABLE orders (id INT); INSERT INTO orders VALUES (7)");
    let tables = bench.config(&[("url", bench.server.url("plain").into())]);
    let object = bench.take(&tables, "plain").await.expect("a snapshot");
    bench.server.sql("plain", "DELETE FROM orders");
    bench.restore(&object, "plain", true).await.expect("restored");
    assert_eq!(bench.server.sql("plain", "SELECT id FROM orders"), "7");
    let aside =
        "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'plain%' ORDER BY 1";
    let databases = bench.server.sql("", aside);
    assert!(databases.starts_with("plain\nplain_before_") && databases.lines().count() == 2, "{databases}");
}

#[tokio::test]
async fn only_what_is_chosen_is_dumped() {
    let bench = Bench::new(100);
    let config = bench.config(&[
        ("exclude_tables", Value::set(["d?ys".into(), "Log*".into()])),
        ("exclude_table_data", Value::set(["orders".into()])),
        ("verify", "restore".into()),
    ]);
    let object = bench.take(&config, "key").await.expect("a snapshot");
    let tables: Vec<&str> = object.get("rows").as_map().expect("tables").keys().map(|name| &**name).collect();
    assert_eq!(tables, ["customers"]);
    bench.restore(&object, "copy", false).await.expect("restored");
    assert_eq!(bench.server.sql("copy", "SELECT COUNT(*) FROM orders"), "0");
    assert!(bench.server.try_sql("copy", "SELECT 1 FROM days").is_err());
}

#[tokio::test]
async fn only_tables_that_are_named_are_left_out() {
    let bench = Bench::new(1);
    bench.server.sql(
        "shop",
        "CREATE TABLE a_b (i INT);; CREATE TABLE axb (i INT);; CREATE TRIGGER one BEFORE INSERT ON a_b FOR EACH ROW SET NEW.i = 1;; \
         CREATE TRIGGER two BEFORE INSERT ON axb FOR EACH ROW SET NEW.i = 2",
    );
    let config =
        bench.config(&[("exclude_tables", Value::set(["a_b".into()])), ("verify", "restore".into())]);
    let object = bench.take(&config, "key").await.expect("a snapshot");
    bench.restore(&object, "copy", false).await.expect("restored");
    let triggers = "SELECT GROUP_CONCAT(trigger_name ORDER BY 1) FROM information_schema.triggers WHERE trigger_schema = 'copy'";
    assert_eq!(bench.server.sql("", triggers), "orders_logged,two");
}

#[tokio::test]
async fn what_no_transaction_sees_is_refused_unless_everything_is_locked() {
    let bench = Bench::new(10);
    bench.server.sql("shop", "CREATE TABLE old (id INT) ENGINE=MyISAM; INSERT INTO old VALUES (1)");
    let problem = bench.take(&bench.config(&[]), "key").await.expect_err("MyISAM");
    assert!(problem.message.contains("no transactions: old"), "{problem}");
    let config = bench.config(&[("lock_all_tables", true.into()), ("verify", "restore".into())]);
    let object = bench.take(&config, "key").await.expect("a snapshot");
    assert_eq!(object.get("rows").get("old").as_i64(), Some(1));
    assert_eq!(bench.server.connections(), 0, "somebody holds the lock");
}

#[tokio::test]
async fn estimates_lock_nothing() {
    let bench = Bench::new(100);
    let config = bench.config(&[("counts", "estimated".into()), ("verify", "restore".into())]);
    bench.server.sql("", "FLUSH STATUS");
    let object = bench.take(&config, "key").await.expect("a snapshot");
    assert_eq!(object.get("verified").as_str(), Some("restore"));
    assert!(object.get("source").get("log_file").is_null());
}

#[tokio::test]
async fn tls_is_what_was_asked_for() {
    let bench = Bench::on(Server::with_tls(), 10);
    let certificate = bench.server.certificate().display().to_string();
    let url =
        |host: &str, rest: &str| Value::from(bench.server.url("shop").replace("127.0.0.1", host) + rest);
    let verified = format!("?ssl-mode=verify_identity&ssl-ca={certificate}");
    for (url, good) in [
        (url("localhost", &verified), true),
        // The certificate is one for `localhost`.
        (url("127.0.0.1", &verified), false),
        (url("127.0.0.1", &format!("?ssl-mode=verify_ca&ssl-ca={certificate}")), true),
        (url("localhost", "?ssl-mode=verify_identity&ssl-ca=/etc/hostname"), false),
        (url("127.0.0.1", "?ssl-mode=required"), true),
        (url("127.0.0.1", "?ssl-mode=disabled"), true),
    ] {
        let config = bench.config(&[("url", url.clone())]);
        let taken = bench.take(&config, &format!("key{}", bench.files().len())).await;
        assert_eq!(taken.is_ok(), good, "{url:?}: {taken:?}");
    }
    bench.server.sql("", "ALTER USER relplan@'%' REQUIRE SSL");
    let plain = bench.config(&[("url", url("127.0.0.1", "?ssl-mode=disabled"))]);
    assert!(bench.take(&plain, "plain").await.is_err(), "it was not disabled before, either");
    let without = Bench::on(Server::with(&["--skip-ssl"]), 10);
    let config = without.config(&[("url", Value::from(without.server.url("shop") + "?ssl-mode=required"))]);
    let problem = without.take(&config, "key").await.expect_err("it does not speak TLS");
    assert!(problem.message.contains("SSL") || problem.message.contains("TLS"), "{problem}");
}

#[tokio::test]
async fn what_an_older_relplan_took_is_compared_by_its_rows() {
    let bench = Bench::new(10);
    let object = bench.take(&bench.config(&[]), "key").await.expect("a snapshot");
    let manifest =
        bench.files().into_iter().find(|file| file.ends_with("manifest.json")).expect("a manifest");
    let text = std::fs::read_to_string(&manifest).expect("a text");
    // It summed all of the schema at once.
    let (before, objects) = text.split_once(",\n  \"objects\": {").expect("what is made");
    let older = format!("{before}{}", objects.split_once("\n  }").expect("its end").1);
    std::fs::write(&manifest, &older).expect("written");
    let object = object.with("manifest_sha256", relplan_archive::Sum::of(older.as_bytes()).sha256.into());
    let notes = bench.verify(&object, "restore").await.expect("proven").notes.join(" ");
    assert!(notes.contains("The schema was not compared: an older relplan"), "{notes}");
    bench.restore(&object, "copy", false).await.expect("restored");
}
