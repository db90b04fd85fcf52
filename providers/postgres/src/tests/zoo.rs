//! A zoo of sixty features of a schema (`zoo/features.sql`), taken while somebody writes, restored, and compared by a script
//! that is none of relplan's. More of them: `ZOO_SEED=100 ZOO_ROUNDS=20 cargo test -p relplan-postgres zoo`.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use relplan_contract::Value;

use super::Bench;

/// A number of the environment.
fn number(name: &str, or: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or)
}

fn script(arguments: &[&str]) -> std::process::Output {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("zoo/zoo.py");
    Command::new("python3").arg(script).args(arguments).output().expect("python3")
}

/// `psql` for a database, to be fed.
fn psql(url: &str) -> std::process::Child {
    Command::new(postgres_server::programs().join("psql"))
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("psql")
}

fn made(url: &str, sql: &[u8]) {
    let mut psql = psql(url);
    psql.stdin.take().expect("a pipe").write_all(sql).expect("written");
    let ended = psql.wait_with_output().expect("ended");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// Writes rows, each with its partner and the count of both in one transaction, until it is told to stop.
fn write(url: &str, stop: &AtomicBool) {
    let mut psql = psql(url);
    let mut input = psql.stdin.take().expect("a pipe");
    for id in 1..200_000 {
        let row = format!("({id}, md5('{id}'))");
        let text = format!(
            "BEGIN; INSERT INTO load.a VALUES {row}; INSERT INTO load.b VALUES {row}; UPDATE load.done SET n = {id}; COMMIT;\n"
        );
        if stop.load(Ordering::SeqCst) || input.write_all(text.as_bytes()).is_err() {
            break;
        }
    }
    drop(input);
    let ended = psql.wait_with_output().expect("ended");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_it_is_lost_and_nothing_condemned() {
    let bench = Bench::new(1);
    let first = number("ZOO_SEED", 1);
    for seed in first..first + number("ZOO_ROUNDS", 1) {
        let (zoo, copy) = (format!("zoo_{seed}"), format!("copy_{seed}"));
        bench.server.sql("postgres", &format!("CREATE DATABASE {zoo}"));
        let sql = script(&["make", &seed.to_string()]).stdout;
        let url = bench.server.url(&zoo);
        made(&url, &sql);
        let stop = AtomicBool::new(false);
        let config = bench.config(&[
            ("url", Value::from(url.as_str())),
            ("verify", "restore".into()),
            ("jobs", i64::from(1 + seed % 3).into()),
            ("globals", (seed % 2 == 0).into()),
        ]);
        let object = std::thread::scope(|scope| {
            let writer = scope.spawn(|| write(&url, &stop));
            while bench.server.sql(&zoo, "SELECT n > 10 FROM load.done") != "t" {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            let taken = tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(bench.take(&config, &zoo))
            });
            stop.store(true, Ordering::SeqCst);
            writer.join().expect("no panic");
            taken
        });
        let object = object.unwrap_or_else(|problem| panic!("seed {seed}: {problem}"));
        bench.restore(&object, &copy, false).await.unwrap_or_else(|problem| panic!("seed {seed}: {problem}"));
        let psql = postgres_server::programs().join("psql").display().to_string();
        let compared = script(&["compare", &psql, &url, &bench.server.url(&copy)]);
        let told = String::from_utf8_lossy(&[compared.stdout, compared.stderr].concat()).into_owned();
        assert!(compared.status.success() && told.contains(" 0 differ"), "seed {seed}: {told}");
    }
}
