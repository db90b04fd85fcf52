//! What goes wrong on the way to a server. What goes wrong in the middle of a snapshot has an ordeal of its own, in
//! `tests/reliability`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use postgres_server::{PASSWORD, Server};
use relplan_contract::{ProblemKind, Value};

use super::Bench;

#[tokio::test]
async fn a_lock_is_not_waited_for_longer_than_agreed() {
    let bench = Bench::new(10);
    bench.hold("orders");
    let config = bench.config(&[("lock_timeout_ms", 300.into())]);
    let problem = bench.take(&config, "key").await.expect_err("the table is locked");
    assert_eq!(problem.kind, ProblemKind::Retry, "{problem:?}");
    assert!(problem.hint.contains("lock_timeout_ms"), "{problem:?}");
    assert_eq!(bench.files(None), [] as [std::path::PathBuf; 0]);
}

#[tokio::test]
async fn a_statement_takes_no_longer_than_agreed() {
    let bench = Bench::new(10);
    let config = bench.config(&[("statement_timeout_ms", 1.into())]);
    let problem = bench.take(&config, "key").await.expect_err("no dump takes a millisecond");
    assert!(problem.message.contains("statement timeout"), "{problem:?}");
    assert_eq!((bench.server.backends(), bench.files(None).len()), (0, 0));
}

#[tokio::test]
async fn the_servers_certificate_is_looked_at() {
    let bench = Bench::on(Server::with_tls(), 10);
    let authority = bench.server.certificate().display().to_string();
    let fields = |host: &str, mode: &str, more: &[(&'static str, Value)]| {
        let mut fields = vec![
            ("url", Value::NULL),
            ("host", Value::from(host)),
            ("port", i64::from(bench.server.port()).into()),
            ("database", "shop".into()),
            ("user", "relplan".into()),
            ("password", PASSWORD.into()),
            ("sslmode", mode.into()),
        ];
        fields.extend(more.iter().cloned());
        bench.config(&fields)
    };
    let known = [("sslrootcert", Value::from(authority.as_str()))];
    bench
        .take(&fields("localhost", "verify-full", &known), "one")
        .await
        .expect("its name is in the certificate");
    let problem =
        bench.take(&fields("127.0.0.1", "verify-full", &known), "two").await.expect_err("another name");
    assert!(problem.message.contains("does not match host name"), "{problem:?}");
    bench.take(&fields("127.0.0.1", "verify-ca", &known), "three").await.expect("the authority is right");
    let problem =
        bench.take(&fields("localhost", "verify-full", &[]), "four").await.expect_err("no authority");
    assert!(problem.message.contains("root certificate file"), "{problem:?}");
}

#[tokio::test]
async fn the_password_is_on_no_command_line() {
    let bench = Bench::new(5_000);
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let watcher = std::thread::spawn(move || {
        let (mut looks, mut seen, mut tools) = (0_u32, Vec::new(), 0_u32);
        while !stopped.load(Ordering::SeqCst) {
            looks += 1;
            for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
                let said = ["cmdline", "environ"]
                    .map(|name| std::fs::read(process.path().join(name)).unwrap_or_default());
                let said = String::from_utf8_lossy(&said.concat()).into_owned();
                tools += u32::from(said.contains("pg_dump"));
                // The tests' own `psql` is given it so; relplan's programs have a name for the server.
                let ours = said.contains("PGAPPNAME=relplan") || !said.contains("PGPASSWORD=");
                if said.contains(PASSWORD) && ours {
                    seen.push(said);
                }
            }
        }
        (looks, seen, tools)
    });
    let config = bench.encrypted(&[("jobs", 2.into()), ("verify", "restore".into())]);
    bench.take(&config, "key").await.expect("a snapshot");
    stop.store(true, Ordering::SeqCst);
    let (looks, seen, tools) = watcher.join().expect("no panic");
    assert!(looks > 3 && tools > 0, "{looks} looks, {tools} programs seen");
    assert_eq!(seen, [] as [String; 0]);
}

#[tokio::test]
async fn who_is_not_waited_for_leaves_nothing() {
    let bench = Bench::new(20_000);
    let config = bench.config(&[("jobs", 3.into()), ("verify", "restore".into())]);
    for ms in [20, 100, 200, 400, 800] {
        let take = bench.take(&config, "key");
        let given_up = tokio::time::timeout(std::time::Duration::from_millis(ms), take).await;
        if given_up.is_ok() {
            break;
        }
        // Below the folder of the test, whose own name begins with a dot.
        let hidden = || {
            let files = bench.files(None).into_iter();
            let below =
                files.filter_map(|file| Some(file.strip_prefix(bench.folder.path()).ok()?.to_path_buf()));
            below.filter(|file| file.to_string_lossy().contains("/.")).collect::<Vec<_>>()
        };
        for _ in 0..200 {
            if bench.server.backends() == 0 && hidden().is_empty() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert_eq!(bench.server.backends(), 0, "after {ms} ms");
        assert_eq!(hidden(), [] as [PathBuf; 0], "after {ms} ms");
    }
}
