//! `restore -over` while somebody uses what is there: done or refused, and what is there is never half of each.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use postgres_server::Server;
use relplan_contract::{Problem, ProblemKind, RestoreRequest, Restored, Value};

use super::Bench;

/// A client that stays until it is dropped.
struct Client(Child);

impl Client {
    fn of(url: &str, sql: &str) -> Self {
        use std::io::Write as _;
        let mut psql = Command::new(postgres_server::programs().join("psql"))
            .args(["-X", "-q", url])
            .env("PGAPPNAME", "web")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("psql");
        let input = psql.stdin.as_mut().expect("a pipe");
        input.write_all(format!("{sql};\n").as_bytes()).expect("written");
        Self(psql)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Databases of the server that a restore made.
fn made(bench: &Bench) -> String {
    bench.server.sql(
        "postgres",
        "SELECT string_agg(datname, ' ') FROM pg_database WHERE datname ~ '_(restored|before)_'",
    )
}

/// Waits until the question has this answer.
fn wait(server: &Server, question: &str, answer: &str) {
    while server.sql("postgres", question) != answer {
        std::thread::sleep(Duration::from_millis(5));
    }
}

const CONNECTED: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND application_name = 'web'";

/// A shop with a snapshot of before, and something new in it since.
async fn changed(server: Server) -> (Bench, Value) {
    let bench = Bench::on(server, 100);
    let object = bench.take(&bench.config(&[]), "key").await.expect("a snapshot");
    bench.server.sql("shop", "DELETE FROM orders WHERE id > 7");
    (bench, object)
}

/// Nothing was done, and it is told why.
async fn refused(bench: &Bench, object: &Value, told: &[&str]) {
    let problem = bench.restore(object, "shop", true).await.expect_err("somebody uses it");
    assert_eq!(problem.kind, ProblemKind::Invalid, "{problem}");
    for told in told {
        assert!(problem.to_string().contains(told), "{told} in {problem}");
    }
    assert_eq!(bench.server.sql("shop", "SELECT count(*) FROM orders"), "7");
    assert_eq!(made(bench), "");
}

async fn done(bench: &Bench, object: &Value) {
    bench.restore(object, "shop", true).await.unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(bench.server.sql("shop", "SELECT count(*) FROM orders"), "100");
}

#[tokio::test]
async fn who_is_connected_is_named_and_nothing_is_done() {
    let (bench, object) = changed(Server::start()).await;
    let url = bench.server.url("shop");
    let idle = Client::of(&url, "SELECT 1");
    wait(&bench.server, CONNECTED, "1");
    refused(&bench, &object, &["1 connection: ", "(relplan, \"web\"", "pg_terminate_backend"]).await;
    let busy = Client::of(&url, "BEGIN; SELECT count(*) FROM orders");
    let begun = format!("{CONNECTED} AND state = 'idle in transaction'");
    wait(&bench.server, &begun, "1");
    refused(&bench, &object, &["2 connections: ", "in a transaction)"]).await;
    drop((idle, busy));
    wait(&bench.server, CONNECTED, "0");
    done(&bench, &object).await;
}

#[tokio::test]
async fn what_outlives_connections_holds_a_database_too() {
    let server = Server::with(&["max_prepared_transactions=5", "wal_level=logical"]);
    let (bench, object) = changed(server).await;
    bench.server.sql("shop", "BEGIN; DELETE FROM customers WHERE id = -1; PREPARE TRANSACTION 'half'");
    refused(&bench, &object, &["1 prepared transaction: half", "ROLLBACK PREPARED"]).await;
    bench.server.sql("shop", "ROLLBACK PREPARED 'half'");
    bench.server.sql("shop", "SELECT pg_create_logical_replication_slot('warehouse', 'pgoutput')");
    refused(&bench, &object, &["1 logical replication slot: warehouse", "pg_drop_replication_slot"]).await;
    bench.server.sql("shop", "SELECT pg_drop_replication_slot('warehouse')");
    // A physical one is of the server, and no database's.
    bench.server.sql("shop", "SELECT pg_create_physical_replication_slot('standby')");
    done(&bench, &object).await;
}

#[tokio::test]
async fn a_role_sees_whom_it_may_not_end() {
    let (bench, object) = changed(Server::start()).await;
    bench.server.sql("postgres", "CREATE ROLE ops LOGIN CREATEDB PASSWORD 'ops'; CREATE ROLE owner");
    let into = format!("postgres://ops:ops@127.0.0.1:{}/shop", bench.server.port());
    let restore = async || -> Result<Restored, Problem> {
        let request =
            RestoreRequest { object: &object, into: &into, folder: bench.folder.path(), over: true };
        bench.resource.restore(&bench.context(), request).await
    };
    bench.server.sql("shop", "GRANT pg_read_all_data TO ops; ALTER DATABASE shop OWNER TO owner");
    let problem = restore().await.expect_err("it is another's");
    assert!(problem.message.contains("belongs to owner, and ops may not"), "{problem}");
    bench.server.sql("postgres", "ALTER DATABASE shop OWNER TO ops");
    let client = Client::of(&bench.server.url("shop"), "BEGIN; SELECT 1");
    wait(&bench.server, CONNECTED, "1");
    let problem = restore().await.expect_err("a superuser is connected");
    assert!(problem.message.contains("1 connection: ") && problem.message.contains("(relplan"), "{problem}");
    assert!(problem.hint.contains("none but a superuser ends a superuser's"), "{problem}");
    assert_eq!(made(&bench), "");
    drop(client);
}

#[tokio::test]
async fn who_connects_while_it_is_restored_is_no_success() {
    let (bench, object) = changed(Server::start()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, url, port) = (Arc::clone(&stop), bench.server.url("shop"), bench.server.url("postgres"));
    let comer = std::thread::spawn(move || {
        // As soon as there is a database to restore into.
        let asked = "SELECT count(*) FROM pg_database WHERE datname LIKE 'shop_restored_%'";
        loop {
            let output = Command::new(postgres_server::programs().join("psql"))
                .args(["-XAtq", &port, "-c", asked])
                .output()
                .expect("psql");
            if output.stdout.starts_with(b"1") || stopped.load(Ordering::SeqCst) {
                return Client::of(&url, "SELECT 1");
            }
        }
    });
    let ended = bench.restore(&object, "shop", true).await;
    stop.store(true, Ordering::SeqCst);
    let client = comer.join().expect("no panic");
    let problem = ended.expect_err("somebody came in between");
    assert_eq!(problem.kind, ProblemKind::Refused, "{problem}");
    assert!(
        problem.message.contains("shop is as it was. The restored database is shop_restored_"),
        "{problem}"
    );
    assert!(problem.message.contains("1 connection: "), "{problem}");
    assert_eq!(bench.server.sql("shop", "SELECT count(*) FROM orders"), "7");
    drop(client);
    wait(&bench.server, CONNECTED, "0");
    // What it says to run is what makes it whole.
    let renames = problem.hint.split('`').nth(1).expect("statements").to_owned();
    for rename in renames.split("; ") {
        bench.server.sql("postgres", rename);
    }
    assert_eq!(bench.server.sql("shop", "SELECT count(*) FROM orders"), "100");
}

#[tokio::test]
async fn the_servers_own_databases_keep_their_names() {
    let (bench, object) = changed(Server::start()).await;
    for name in ["postgres", "template1"] {
        let problem = bench.restore(&object, name, true).await.expect_err("it is the server's own");
        assert!(problem.message.contains("one of the server's own"), "{problem}");
    }
    assert_eq!(made(&bench), "");
}
