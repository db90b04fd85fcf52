//! What goes wrong: never a snapshot that counts as good, nothing left, nobody left at the server.

use std::time::Duration;

use relplan_contract::{ProblemKind, Value};

use super::{Bench, PASSWORD};

impl Bench {
    /// Waits until nobody of ours is at the server any more.
    async fn assert_nobody(&self) {
        for _ in 0..200 {
            if self.server.connections() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{}", self.server.sql("", "SHOW FULL PROCESSLIST"));
    }
}

#[tokio::test]
async fn a_wrong_password_and_a_server_that_is_not_there_are_told() {
    let bench = Bench::new(10);
    let wrong = bench.server.url("shop").replace("%6D%3A", "%6E%3A");
    let problem = bench.take(&bench.config(&[("url", wrong.into())]), "key").await.expect_err("wrong");
    assert!(problem.message.contains("Access denied") && problem.hint.contains("password"), "{problem}");
    let problem = bench
        .take(&bench.config(&[("url", bench.server.url("absent").into())]), "key")
        .await
        .expect_err("no database");
    assert!(problem.message.contains("Unknown database"), "{problem}");
    let config = bench.config(&[]);
    bench.server.kill();
    let problem = bench.take(&config, "key").await.expect_err("killed");
    assert_eq!(problem.kind, ProblemKind::Retry, "{problem}");
    assert!(bench.files().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_in_the_middle_leaves_nothing() {
    let bench = Bench::new(300_000);
    let config = bench.config(&[]);
    let (resource, context) = (std::sync::Arc::clone(&bench.resource), bench.context());
    let taken = tokio::spawn(async move {
        let request = relplan_contract::ApplyRequest { planned: &config, prior: None, key: "key" };
        resource.apply(&context, request).await
    });
    while !bench.files().iter().any(|file| file.to_string_lossy().contains("database.sql")) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    bench.server.kill();
    let problem = taken.await.expect("no panic").expect_err("the server died");
    assert_eq!(problem.kind, ProblemKind::Retry, "{problem}");
    assert!(bench.files().is_empty(), "{:?}", bench.files());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_not_waited_for_longer_than_was_said() {
    let bench = Bench::new(10);
    let holder = bench.hold("LOCK TABLES orders WRITE; SELECT SLEEP(60)");
    let config = bench.config(&[("lock_timeout_ms", 1_000.into())]);
    let problem = bench.take(&config, "key").await.expect_err("locked");
    assert_eq!(problem.kind, ProblemKind::Retry, "{problem}");
    assert!(problem.hint.contains("lock_timeout_ms"), "{problem}");
    drop(holder);
    assert!(bench.files().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_leaves_nobody_at_the_server() {
    let bench = Bench::new(300_000);
    // Summing takes longer than the dump: it is under way when nobody waits any more.
    let config = bench.config(&[("verify", "restore".into())]);
    let (resource, context) = (std::sync::Arc::clone(&bench.resource), bench.context());
    let taken = tokio::spawn(async move {
        let request = relplan_contract::ApplyRequest { planned: &config, prior: None, key: "key" };
        resource.apply(&context, request).await
    });
    let is_summing =
        |list: &str| list.lines().any(|line| line.contains("MD5") && line.contains("FROM `orders`"));
    while !is_summing(&bench.server.sql("", "SHOW FULL PROCESSLIST")) {
        assert!(!taken.is_finished(), "it was too fast");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    taken.abort();
    let _ = taken.await;
    bench.assert_nobody().await;
    for _ in 0..200 {
        if bench.files().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", bench.files());
}

#[tokio::test]
async fn every_change_of_what_is_stored_is_found() {
    let bench = Bench::new(50);
    let object = bench.take(&bench.encrypted(&[]), "key").await.expect("a snapshot");
    let part = bench.part();
    let whole = std::fs::read(&part).expect("a part");
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        std::fs::write(&part, &bytes).expect("flipped");
        for how in ["checksum", "read", "restore"] {
            let problem = bench.verify(&object, how).await.expect_err("a flipped byte");
            assert_eq!(problem.kind, ProblemKind::Conflict, "{at} {how} {problem}");
        }
        std::fs::write(&part, &whole[..at]).expect("cut");
        assert!(bench.verify(&object, "read").await.is_err(), "cut at {at}");
    }
    std::fs::write(&part, &whole).expect("as it was");
    bench.verify(&object, "restore").await.expect("whole again");
}

#[tokio::test]
async fn a_copy_that_differs_is_no_proof() {
    let bench = Bench::new(50);
    let never = Value::map([("query", "SELECT COUNT(*) FROM orders".into()), ("equals", Value::from("51"))]);
    let config = bench.config(&[("verify", "restore".into()), ("assert", Value::list([never]))]);
    let problem = bench.take(&config, "key").await.expect_err("the assert fails");
    assert!(problem.message.contains("gives 50, not 51"), "{problem}");
    assert!(bench.files().is_empty(), "what was not proven stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_in_no_list_of_processes_and_in_no_file() {
    let bench = Bench::new(20_000);
    let config = bench.config(&[("verify", "restore".into())]);
    let (resource, context) = (std::sync::Arc::clone(&bench.resource), bench.context());
    let taken = tokio::spawn(async move {
        let request = relplan_contract::ApplyRequest { planned: &config, prior: None, key: "key" };
        resource.apply(&context, request).await
    });
    let mut seen = 0;
    while !taken.is_finished() {
        for entry in std::fs::read_dir("/proc").expect("processes").flatten() {
            for file in ["cmdline", "environ"] {
                let text = std::fs::read(entry.path().join(file)).unwrap_or_default();
                let text = String::from_utf8_lossy(&text);
                assert!(!text.contains(PASSWORD), "{text}");
                seen += usize::from(text.contains("mariadb-dump"));
            }
        }
    }
    taken.await.expect("no panic").expect("a snapshot");
    assert!(seen > 0, "nobody looked");
    for file in bench.files() {
        assert!(!String::from_utf8_lossy(&std::fs::read(file).expect("a file")).contains(PASSWORD));
    }
}
