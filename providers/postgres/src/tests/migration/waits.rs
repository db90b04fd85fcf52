//! Every wait has an end, which says for whom it was, and nobody waits within the server.

use super::*;

const MS: fn(&'static str, i64) -> (&'static str, Value) = |name, ms| (name, ms.into());

#[tokio::test(flavor = "multi_thread")]
async fn two_runners_of_a_concurrent_index_do_not_wait_for_each_other() {
    let site = Site::new(&[
        ("1.sql", "SELECT pg_sleep(0.5);"),
        ("2.sql", "-- relplan: no transaction\nCREATE INDEX CONCURRENTLY orders_id ON orders (id);"),
        (
            "3.sql",
            "-- relplan: no transaction\nREINDEX TABLE CONCURRENTLY orders;\nDROP INDEX CONCURRENTLY orders_id;",
        ),
        ("4.sql", "-- relplan: no transaction\nCREATE INDEX CONCURRENTLY orders_id ON orders (id);"),
    ]);
    let planned = site.plan(&site.config(&[])).await.expect("planned").value;
    let (site, planned) = (&site, &planned);
    let one = site.apply(planned, "one");
    let later = |key| async move {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        site.apply(planned, key).await
    };
    let (one, two, three) = tokio::join!(one, later("two"), later("three"));
    let ran =
        [one, two, three].map(|ended| ended.expect("run").get("applied").as_list().map_or(0, <[Value]>::len));
    assert_eq!(ran.iter().sum::<usize>(), 4);
    assert_eq!(site.sql("SELECT bool_and(indisvalid) AND count(*) > 0 FROM pg_index WHERE indexrelid = 'orders_id'::regclass"), "t");
    assert_eq!(site.sql("SELECT count(*) FROM relplan_migrations WHERE done_at IS NOT NULL"), "4");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_waited_for_is_named_and_the_wait_ends() {
    let site = Site::new(&[("1.sql", "ALTER TABLE orders ADD note text;")]);
    site.bench.hold("orders");
    let named = |problem: &Problem| {
        let said = &problem.message;
        assert!(
            said.contains("It waited for the process ") && said.contains("(user relplan, application psql"),
            "{said}"
        );
        assert!(!said.contains("pg_sleep") && !said.contains("LOCK TABLE"), "{said}");
    };
    let short = [MS("lock_timeout_ms", 600)];
    let problem = site.run(&short).await.expect_err("held");
    named(&problem);
    assert_eq!(problem.kind, ProblemKind::Retry);
    assert!(problem.message.contains("Nothing of this file was kept"), "{problem}");
    // What a file takes away of the bounds comes back.
    site.only(&[(
        "1.sql",
        "SET lock_timeout = 0;\nSET statement_timeout = 0;\n\nALTER TABLE orders ADD note text;",
    )]);
    let problem = site.run(&short).await.expect_err("held");
    named(&problem);
    assert!(problem.message.starts_with("1.sql, line 4: "), "{problem}");
    // A lock of the file's own making, and one for which it gave itself more time.
    site.bench.meanwhile(
        "SELECT pg_advisory_lock(5), pg_sleep(600)",
        "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 5",
    );
    site.only(&[("1.sql", "SET lock_timeout = '700ms';\nSELECT pg_advisory_lock(5);")]);
    named(&site.run(&[]).await.expect_err("held"));
    // How long a statement may take.
    for text in
        ["SELECT pg_sleep(60);", "SELECT set_config('statement_timeout', '0', false);\nSELECT pg_sleep(60);"]
    {
        site.only(&[("1.sql", text)]);
        let problem = site.run(&[MS("statement_timeout_ms", 300)]).await.expect_err("slow");
        assert!(problem.message.contains("statement timeout"), "{problem}");
        assert!(problem.hint.contains("statement_timeout_ms"), "{problem}");
    }
    // What ran without a transaction is not tried again, and what it left is told.
    site.only(&[("1.sql", "-- relplan: no transaction\nCREATE INDEX CONCURRENTLY places ON clients (id);")]);
    site.sql("CREATE TABLE clients AS SELECT 1 AS id");
    site.bench.meanwhile(
        "BEGIN; DELETE FROM clients; SELECT pg_sleep(600)",
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'BEGIN; DELETE%' AND wait_event = 'PgSleep'",
    );
    let problem = site.run(&short).await.expect_err("an old transaction");
    named(&problem);
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert!(problem.message.contains("DROP INDEX CONCURRENTLY public.places"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_runner_is_waited_for_no_longer_than_it_is_said() {
    let site = Site::new(&[FIRST]);
    let planned = site.plan(&site.config(&[MS("wait_timeout_ms", 400)])).await.expect("planned").value;
    let lock = |seed: u8| format!("hashtextextended('\"public\".\"relplan_migrations\"', {seed})");
    // One that is at work, and one whose relplan is gone while its last statement still runs.
    for seed in [0, 1] {
        let held = format!(
            "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND (classid::bigint << 32) | objid::bigint = {}",
            lock(seed)
        );
        site.bench.meanwhile(&format!("SELECT pg_advisory_lock({}), pg_sleep(600)", lock(seed)), &held);
        let problem = site.apply(&planned, "key").await.expect_err("held");
        assert_eq!(problem.kind, ProblemKind::Retry);
        assert!(
            problem.message.contains("Another one migrates this database")
                && problem.message.contains("application psql"),
            "{problem}"
        );
        let request =
            ReconcileRequest { planned: &planned, prior: None, key: "key", reference: None, destroy: false };
        let asked = site.migration.reconcile(&site.bench.context(), request).await;
        assert_eq!(asked.expect_err("held").kind, ProblemKind::Retry);
        let mut holder = site.bench.holders.lock().expect("no panic").pop().expect("a holder");
        holder.kill().expect("killed");
        holder.wait().expect("ended");
        site.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND pid <> pg_backend_pid()");
        while site.sql(&held) == "t" {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
    // One that ends every session but its own does not stop what is behind it.
    let ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database();";
    site.write(&[("2_ends.sql", ends), ("3.sql", "INSERT INTO tags VALUES (3, 'c');")]);
    let planned = site.plan(&site.config(&[])).await.expect("planned").value;
    let problem = site.apply(&planned, "key").await.expect_err("the lock is gone");
    assert!(problem.kind == ProblemKind::Retry && problem.message.contains("was ended"), "{problem}");
    let object = site.apply(&planned, "key").await.expect("goes on");
    assert_eq!(texts(object.get("applied")), ["3.sql"]);
}
