//! Against a real server, which each test starts and stops itself.

mod bucket;
mod chosen;
mod condemned;
mod conformance;
mod credentials;
mod faults;
mod migration;
mod over;
mod query;
mod restore;
mod snapshot;
mod zoo;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use age::secrecy::ExposeSecret as _;
use postgres_server::{PASSWORD, Server};
use relplan_contract::conformance::{context_in, fitted};
use relplan_contract::{
    ApplyRequest, Context, Problem, Provider as _, Resource, RestoreRequest, Restored, Value, Verification,
    VerifyRequest,
};

use crate::Postgres;

/// A server with a shop, and a folder for its snapshots.
struct Bench {
    server: Server,
    folder: tempfile::TempDir,
    resource: Arc<dyn Resource>,
    /// Those who hold locks until the end of the test.
    holders: Mutex<Vec<Child>>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        for holder in self.holders.get_mut().expect("no panic") {
            holder.kill().expect("killed");
            holder.wait().expect("ended");
        }
    }
}

impl Bench {
    fn new(orders: usize) -> Self {
        Self::on(Server::start(), orders)
    }

    fn on(server: Server, orders: usize) -> Self {
        server.shop("shop", orders);
        let folder = tempfile::tempdir().expect("a folder");
        let configured = Postgres.configure(&Value::NULL, &std::collections::BTreeMap::new());
        let resource =
            configured.unwrap_or_else(|problem| panic!("{problem}")).resources["postgres_snapshot"].clone();
        Self { server, folder, resource, holders: Mutex::default() }
    }

    fn context(&self) -> Context {
        context_in(self.folder.path(), "postgres_snapshot.before")
    }

    /// Locks a table of the shop for as long as the bench is there.
    fn hold(&self, table: &str) {
        self.meanwhile(
            &format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)"),
            &format!(
                "SELECT count(*) > 0 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = '{table}'::regclass"
            ),
        );
    }

    /// Lets another session of the shop do this until the end of the test; comes back when `begun` is true.
    fn meanwhile(&self, sql: &str, begun: &str) {
        let other = Command::new(postgres_server::programs().join("psql"))
            .args([&*self.server.url("shop"), "-c", sql])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.holders.lock().expect("no panic").push(other.expect("psql"));
        while self.server.sql("shop", begun) != "t" {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
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
        let file = self.folder.path().join("key.txt");
        std::fs::write(file, key.to_string().expose_secret()).expect("a key");
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

    /// The files of a snapshot; all of them without a name.
    fn files(&self, object: Option<&Value>) -> Vec<PathBuf> {
        let mut open = vec![self.folder.path().join("snapshots")];
        if let Some(name) = object.and_then(|object| object.get("snapshot").as_str()) {
            open = vec![self.folder.path().join("snapshots").join(name)];
        }
        let mut files = Vec::new();
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() { open.push(entry.path()) } else { files.push(entry.path()) }
            }
        }
        files.sort();
        files
    }
}
