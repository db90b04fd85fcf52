//! Against a real server, which each test starts and stops itself.

mod conformance;
mod credentials;
mod faults;
mod objects;
mod restore;
mod snapshot;
mod zoo;

use std::path::PathBuf;
use std::sync::Arc;

use age::secrecy::ExposeSecret as _;
use mariadb_server::{PASSWORD, Server};
use relplan_archive::Snapshots;
use relplan_contract::conformance::{context_in, fitted};
use relplan_contract::{
    ApplyRequest, Context, Problem, Resource, RestoreRequest, Restored, Value, Verification, VerifyRequest,
};

use crate::snapshot::Mysql;

/// A server with a shop, and a folder for its snapshots.
struct Bench {
    server: Server,
    folder: tempfile::TempDir,
    resource: Arc<dyn Resource>,
}

impl Bench {
    fn new(orders: usize) -> Self {
        Self::on(Server::start(), orders)
    }

    fn on(server: Server, orders: usize) -> Self {
        server.shop("shop", orders);
        let folder = tempfile::tempdir().expect("a folder");
        Self { server, folder, resource: Arc::new(Snapshots::<Mysql>::default()) }
    }

    fn context(&self) -> Context {
        context_in(self.folder.path(), "mysql_snapshot.before")
    }

    /// Arguments for a snapshot, with these in the place of the usual ones.
    fn config(&self, more: &[(&str, Value)]) -> Value {
        let mut given =
            vec![("url", Value::from(self.server.url("shop"))), ("directory", "snapshots".into())];
        given.extend(more.iter().cloned());
        fitted(&self.resource.schema().attributes, &given)
    }

    /// Arguments for one that is encrypted to a new key.
    fn encrypted(&self, more: &[(&str, Value)]) -> Value {
        let key = age::x25519::Identity::generate();
        std::fs::write(self.folder.path().join("key.txt"), key.to_string().expose_secret()).expect("a key");
        let mut all = vec![
            ("encrypt_to", Value::set([key.to_public().to_string().into()])),
            ("identity_file", "key.txt".into()),
        ];
        all.extend(more.iter().cloned());
        self.config(&all)
    }

    async fn take(&self, config: &Value, key: &str) -> Result<Value, Problem> {
        assert_eq!(self.resource.validate(config), []);
        let request = ApplyRequest { planned: config, prior: None, key };
        self.resource.apply(&self.context(), request).await.map(|applied| applied.value)
    }

    async fn verify(&self, object: &Value, how: &str) -> Result<Verification, Problem> {
        let request = VerifyRequest { object, how: Some(how) };
        self.resource.verify(&self.context(), request).await
    }

    async fn restore(&self, object: &Value, into: &str, over: bool) -> Result<Restored, Problem> {
        let url = self.server.url(into);
        let request = RestoreRequest { object, into: &url, folder: self.folder.path(), over };
        self.resource.restore(&self.context(), request).await
    }

    /// The files of all snapshots.
    fn files(&self) -> Vec<PathBuf> {
        let mut open = vec![self.folder.path().join("snapshots")];
        let mut files = Vec::new();
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() { open.push(entry.path()) } else { files.push(entry.path()) }
            }
        }
        files.sort();
        files
    }

    /// The one part of the one snapshot.
    fn part(&self) -> PathBuf {
        let is_part = |file: &PathBuf| file.to_string_lossy().contains("database.sql");
        self.files().into_iter().find(is_part).expect("a part")
    }
}

/// A client that goes on until it is dropped.
struct Client(std::process::Child);

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bench {
    /// Starts a client of another user, and waits until it sleeps.
    fn hold(&self, sql: &str) -> Client {
        let client = self.client(&["--execute", sql]);
        while !self.server.sql("", "SHOW PROCESSLIST").contains("User sleep") {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Client(client)
    }

    fn client(&self, arguments: &[&str]) -> std::process::Child {
        std::process::Command::new("mariadb")
            .args(["--no-defaults", "--user=root", "--database=shop"])
            .arg(format!("--socket={}", self.server.socket().display()))
            .args(arguments)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("a client")
    }

    /// Writes orders as long as that is wanted; gives how many.
    fn writer(&self, wanted: impl Fn() -> bool + Send + 'static) -> std::thread::JoinHandle<usize> {
        let mut client = self.client(&[]);
        std::thread::spawn(move || {
            use std::io::Write as _;
            let mut written = 0;
            while wanted() {
                let input = client.stdin.as_mut().expect("an input");
                let sql = "INSERT INTO orders (customer, item, price) VALUES (1, 'late', 1);\n";
                input.write_all(sql.as_bytes()).expect("written");
                written += 1;
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            drop(client.stdin.take());
            client.wait().expect("ended");
            written
        })
    }
}
