//! Snapshots that are taken, proven and brought back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use postgres_server::PASSWORD;
use relplan_contract::{Observed, ProblemKind, Value};

use super::Bench;

#[tokio::test]
async fn a_snapshot_is_restored_and_compared() {
    let bench = Bench::new(5_000);
    for (number, jobs) in [1_i64, 3].into_iter().enumerate() {
        let assert = Value::map([("query", "SELECT count(*) FROM orders".into()), ("equals", "5000".into())]);
        let config = bench.encrypted(&[
            ("jobs", Value::integer(jobs)),
            ("globals", true.into()),
            ("verify", "restore".into()),
            ("assert", Value::list([assert])),
        ]);
        let object = bench.take(&config, &format!("key{number}")).await.expect("a snapshot");
        assert_eq!(object.get("verified").as_str(), Some("restore"));
        let rows = |name: &str| object.get("rows").get(name).as_i64();
        assert_eq!((rows("public.orders"), rows("audit.Log Entries")), (Some(5_000), Some(100)));
        assert_eq!((rows("public.events_old"), rows("public.events")), (Some(364), None));
        assert_eq!(object.get("source").get("database").as_str(), Some("shop"));
        assert_eq!(bench.resource.read(&bench.context(), &object).await, Ok(Observed::Same));
        for how in ["checksum", "read", "restore"] {
            let verification =
                bench.verify(&object, how).await.unwrap_or_else(|problem| panic!("{how}: {problem}"));
            // The proof that it had is the strongest, and still holds.
            assert_eq!(verification.value.get("verified").as_str(), Some("restore"));
        }
    }
    assert_eq!(bench.server.backends(), 0);
    for file in bench.files(None) {
        let content = std::fs::read(&file).expect("a file");
        let holds = |text: &str| content.windows(text.len()).any(|bytes| bytes == text.as_bytes());
        assert!(!holds(PASSWORD) && !holds("customer 17"), "{}", file.display());
    }
}

#[tokio::test]
async fn a_database_that_is_written_to_is_seen_at_one_moment() {
    let bench = Bench::new(20_000);
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, url) = (Arc::clone(&stop), bench.server.url("shop"));
    // An order and its event come together, or not at all.
    let load = "BEGIN; INSERT INTO orders (customer, item, price) VALUES (1, 'late', 1); INSERT INTO events VALUES ('2026-06-01', 'late'); COMMIT";
    // It ends when the test has failed, too.
    let writer = std::thread::spawn(move || {
        let mut written = 0;
        while written < 100_000 && !stopped.load(Ordering::SeqCst) {
            let psql = postgres_server::programs().join("psql");
            let status = std::process::Command::new(psql)
                .args(["-q", &url, "-c", load])
                .stderr(std::process::Stdio::null())
                .status();
            written += usize::from(status.is_ok_and(|status| status.success()));
        }
        written
    });
    while bench.server.sql("shop", "SELECT count(*) FROM orders WHERE item = 'late'") == "0" {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let together = "SELECT (SELECT count(*) FROM orders WHERE item = 'late') = (SELECT count(*) FROM events WHERE what = 'late')";
    let assert = Value::map([("query", together.into()), ("equals", "true".into())]);
    let config =
        bench.config(&[("jobs", 4.into()), ("verify", "restore".into()), ("assert", Value::list([assert]))]);
    let object = bench.take(&config, "key").await.expect("a snapshot");
    stop.store(true, Ordering::SeqCst);
    assert!(writer.join().expect("no panic") > 0);
    assert!(object.get("rows").get("public.orders").as_i64() > Some(20_000));
}

#[tokio::test]
async fn it_comes_back_into_a_new_database_and_takes_the_name() {
    let bench = Bench::new(1_000);
    let object = bench.take(&bench.config(&[("jobs", 2.into())]), "key").await.expect("a snapshot");
    let restored = bench.restore(&object, "copy", false).await.expect("restored");
    assert!(
        restored.notes[0].contains("1000 rows") || restored.notes[0].contains("rows, as they were"),
        "{restored:?}"
    );
    assert_eq!(
        bench.server.sql("copy", "SELECT count(*), sum(price) FROM orders"),
        bench.server.sql("shop", "SELECT count(*), sum(price) FROM orders")
    );
    assert_eq!(bench.server.sql("copy", "SELECT nextval('invoice')"), "1001");
    assert_eq!(
        bench.server.sql("copy", "SELECT convert_from(lo_get(oid), 'UTF8') FROM pg_largeobject_metadata"),
        "large"
    );
    bench.server.sql("shop", "DELETE FROM orders");
    let problem = bench.restore(&object, "shop", false).await.expect_err("it has tables");
    assert_eq!(problem.kind, ProblemKind::Invalid);
    bench.restore(&object, "shop", true).await.expect("restored");
    assert_eq!(bench.server.sql("shop", "SELECT count(*) FROM orders"), "1000");
    let aside =
        bench.server.sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'shop_before_%'");
    assert_eq!(bench.server.sql(&aside, "SELECT count(*) FROM orders"), "0");
}

#[tokio::test]
async fn only_what_is_chosen_is_dumped() {
    let bench = Bench::new(100);
    let config = bench.config(&[
        ("exclude_schemas", Value::set(["aud*".into()])),
        ("exclude_tables", Value::set(["public.events*".into()])),
        ("exclude_table_data", Value::set(["public.orders".into()])),
        ("verify", "restore".into()),
        ("jobs", 2.into()),
    ]);
    let object = bench.take(&config, "key").await.expect("a snapshot");
    let tables: Vec<&str> = object.get("rows").as_map().expect("tables").keys().map(|name| &**name).collect();
    assert_eq!(tables, ["public.customers"]);
    bench.restore(&object, "copy", false).await.expect("restored");
    assert_eq!(bench.server.sql("copy", "SELECT count(*) FROM orders"), "0");
    assert!(bench.server.try_sql("copy", "SELECT 1 FROM events").is_err());
    let config = bench.config(&[("tables", Value::set(["audit.Log*".into()]))]);
    let object = bench.take(&config, "other").await.expect("a snapshot");
    assert_eq!(object.get("rows").get("audit.Log Entries").as_i64(), Some(100));
}
