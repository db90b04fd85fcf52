//! Who gets a password: a listener asks for one in clear, as a server of an attacker's would, and tells what arrived.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use relplan_contract::conformance::{context_in, fitted};
use relplan_contract::{Context, DataSource as _, PlanRequest, Problem, Resource as _, Value};

use crate::query_data::Query;
use crate::query_test::QueryTest;

/// The operator's password.
const SECRET: &str = "operators-0wn";

/// A server that lets nobody in and asks for every password.
struct Listener {
    port: u16,
    passwords: Receiver<Option<String>>,
}

impl Listener {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (tell, passwords) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if tell.send(asked(stream)).is_err() {
                    return;
                }
            }
        });
        Self { port, passwords }
    }

    /// What those who came have sent.
    fn arrived(&self) -> Vec<String> {
        let first = self.passwords.recv_timeout(Duration::from_secs(20)).expect("nobody connected");
        std::iter::once(first).chain(self.passwords.try_iter()).flatten().collect()
    }
}

/// Asks for a password in clear; gives what was answered.
fn asked(mut stream: TcpStream) -> Option<String> {
    let message = |stream: &mut TcpStream, with_kind: bool| {
        let mut head = vec![0; if with_kind { 5 } else { 4 }];
        stream.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes(head[head.len() - 4..].try_into().ok()?);
        let mut body = vec![0; (length as usize).checked_sub(4)?];
        stream.read_exact(&mut body).ok()?;
        Some(body)
    };
    loop {
        let body = message(&mut stream, false)?;
        // A wish for TLS or for GSSAPI: neither is there.
        match u32::from_be_bytes(body[..4].try_into().ok()?) {
            80_877_103 | 80_877_104 => stream.write_all(b"N").ok()?,
            _ => break,
        }
    }
    stream.write_all(b"R\0\0\0\x08\0\0\0\x03").ok()?;
    let password = message(&mut stream, true)?;
    let text = String::from_utf8_lossy(&password).trim_end_matches('\0').to_owned();
    let refusal = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"me\"\0\0";
    let length = u32::try_from(refusal.len() + 4).ok()?.to_be_bytes();
    let _ = stream.write_all(&[b"E", &length[..], refusal].concat());
    Some(text)
}

/// An operator's home, and what is asked of a database.
struct Scene {
    home: tempfile::TempDir,
    listener: Listener,
    environment: BTreeMap<String, String>,
    arguments: Vec<(&'static str, Value)>,
}

impl Scene {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let environment = BTreeMap::from([
            ("PATH".to_owned(), std::env::var("PATH").expect("a path")),
            ("HOME".to_owned(), home.path().display().to_string()),
            ("PGUSER".to_owned(), "me".to_owned()),
        ]);
        Self { home, listener: Listener::start(), environment, arguments: Vec::new() }
    }

    /// `PORT` stands for the listener's.
    fn text(&self, text: &str) -> String {
        text.replace("PORT", &self.listener.port.to_string())
            .replace("HOME", &self.home.path().display().to_string())
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        let value = self.text(value);
        self.environment.insert(name.to_owned(), value);
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.home.path().join(name);
        std::fs::write(&path, self.text(text)).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode");
        self
    }

    fn says(mut self, name: &'static str, value: &str) -> Self {
        let text = self.text(value);
        let value =
            if name == "port" { Value::from(i64::from(self.listener.port)) } else { text.as_str().into() };
        self.arguments.push((name, value));
        self
    }

    fn context(&self) -> Context {
        let mut context = context_in(self.home.path(), "data.postgres_query.it");
        context.environment = Arc::new(self.environment.clone());
        context
    }

    async fn ask(&self) -> Problem {
        let mut all = self.arguments.clone();
        all.extend([("sql", Value::from("SELECT 1")), ("connect_timeout", Value::integer(3))]);
        let config = fitted(&Query::default().schema().attributes, &all);
        assert_eq!(Query::default().validate(&config), []);
        Query::default().read(&self.context(), &config).await.expect_err("nobody is let in")
    }

    /// That a password arrives, or that none does and it is said why.
    async fn sends(self, what: &str, wanted: Option<&str>) {
        let problem = self.ask().await;
        let arrived = self.listener.arrived();
        let wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
        assert_eq!(arrived, wanted, "{what}: {problem:?}");
        if wanted.is_empty() {
            let shown = problem.to_string();
            let server = self.text("127.0.0.1:PORT");
            let told =
                ["The release file alone names", &server, "it is not sent", "RELPLAN_CREDENTIAL_HOSTS="];
            assert!(told.iter().all(|word| shown.contains(word)), "{what}: {shown}");
            assert!(!format!("{problem:?}").contains(SECRET), "{problem:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_only_the_file_names_gets_no_password_of_the_environment() {
    let file = || Scene::new().says("host", "127.0.0.1").says("port", "");
    let password = || file().with("PGPASSWORD", SECRET);
    password().sends("no server is named outside", None).await;
    password().with("PGHOST", "db.example").with("PGPORT", "PORT").sends("another host", None).await;
    password()
        .with("PGHOST", "localhost")
        .with("PGPORT", "PORT")
        .sends("another name of this machine", None)
        .await;
    password().with("PGHOST", "127.0.0.1").sends("another port", None).await;
    password()
        .with("PGHOST", "127.0.0.1")
        .with("PGPORT", "PORT,1")
        .with("PGHOST", "a,b")
        .sends("other hosts", None)
        .await;
    password()
        .with("RELPLAN_CREDENTIAL_HOSTS", "localhost:PORT,127.0.0.1:1,*.0.0.1,*")
        .sends("another on the list", None)
        .await;
    // An address does not make a name another server's.
    password()
        .with("PGHOST", "db.example")
        .with("PGPORT", "PORT")
        .with("PGHOSTADDR", "192.0.2.1")
        .sends("an address", None)
        .await;
    Scene::new()
        .with("PGPASSWORD", SECRET)
        .says("url", "postgres://me@127.0.0.1:PORT/shop")
        .sends("a URL", None)
        .await;
    Scene::new()
        .with("PGPASSWORD", SECRET)
        .with("PGHOST", "db.example")
        .with("PGPORT", "PORT")
        .says("url", "postgres://me@db.example:PORT/shop?host=127.0.0.1")
        .sends("a host behind the host of a URL", None)
        .await;
    Scene::new()
        .with("PGPASSWORD", SECRET)
        .with("PGHOST", "127.0.0.1")
        .says("port", "")
        .sends("only a port", None)
        .await;
}

#[tokio::test]
async fn a_server_that_only_the_file_names_gets_nothing_of_password_files_and_services() {
    let file = || Scene::new().says("host", "127.0.0.1").says("port", "");
    let lines = "# ours\n*:*:*:*:operators-0wn\ndb.example:*:*:*:operators-0wn\n";
    file().file(".pgpass", lines).sends("a line for every host", None).await;
    file().file("pw", lines).with("PGPASSFILE", "HOME/pw").sends("the same of PGPASSFILE", None).await;
    file()
        .file("pw", lines)
        .says("passfile", "HOME/pw")
        .sends("the same of a file that the file names", None)
        .await;
    let service = "[prod]\nhost=db.example\npassword=operators-0wn\nuser=me\n";
    file()
        .file(".pg_service.conf", service)
        .with("PGSERVICE", "prod")
        .sends("the service of another", None)
        .await;
    let bare = file().file(".pg_service.conf", "[prod]\npassword=operators-0wn\n").says("service", "prod");
    let problem = bare.ask().await;
    assert!(problem.message.contains("holds a password, and not for this server"), "{problem}");
    assert!(bare.listener.passwords.try_recv().is_err(), "nobody came");
}

#[tokio::test]
async fn what_the_operator_names_gets_what_is_for_it() {
    let file = || Scene::new().says("host", "127.0.0.1").says("port", "");
    let password = || file().with("PGPASSWORD", SECRET);
    let gets = Some(SECRET);
    password().with("PGHOST", "127.0.0.1").with("PGPORT", "PORT").sends("the same server", gets).await;
    password()
        .with("RELPLAN_CREDENTIAL_HOSTS", "db.example 127.0.0.1")
        .sends("a host on the list", gets)
        .await;
    password().with("RELPLAN_CREDENTIAL_HOSTS", "127.0.0.1:PORT").sends("a server on the list", gets).await;
    let line = "127.0.0.1:PORT:*:*:operators-0wn\n*:*:*:*:another\n";
    file().file(".pgpass", line).sends("a line that names it", gets).await;
    let service = "[prod]\nhost=127.0.0.1\nport=PORT\npassword=operators-0wn\nuser=me\n";
    let named = || Scene::new().file(".pg_service.conf", service);
    named().says("service", "prod").sends("a service", gets).await;
    named()
        .with("PGSERVICE", "prod")
        .says("database", "shop")
        .sends("a service of the environment", gets)
        .await;
    named()
        .with("PGSERVICE", "prod")
        .says("host", "127.0.0.1")
        .says("port", "")
        .sends("the same by its host", gets)
        .await;
    Scene::new()
        .with("PGPASSWORD", SECRET)
        .with("PGHOST", "127.0.0.1")
        .with("PGPORT", "PORT")
        .says("database", "shop")
        .sends("all by the environment", gets)
        .await;
    // What the file holds itself is the file's.
    password().says("password", "files-0wn").sends("a password of the file", Some("files-0wn")).await;
}

#[tokio::test]
async fn the_plan_tells_what_is_sent_where() {
    let plan = async |scene: Scene| {
        let mut all = scene.arguments.clone();
        all.push(("query", Value::list([])));
        let config = fitted(&QueryTest::default().schema().attributes, &all);
        let test = QueryTest::default();
        let planned =
            test.plan(&scene.context(), PlanRequest { config: &config, prior: None }).await.expect("planned");
        let sends = planned.sends.into_iter().map(|one| (one.server, one.what)).collect::<Vec<_>>();
        (sends, planned.notes.concat().replace(&scene.listener.port.to_string(), "PORT"))
    };
    let file = || Scene::new().with("PGPASSWORD", SECRET).says("host", "db.example");
    let (sends, notes) = plan(file().with("PGHOST", "DB.example.")).await;
    assert_eq!(sends, [("db.example:5432".to_owned(), "PGPASSWORD".to_owned())]);
    assert_eq!(notes, "");
    let (sends, notes) = plan(file()).await;
    assert_eq!(sends, []);
    assert!(
        notes.starts_with("The release file alone names db.example:5432: it is not sent PGPASSWORD."),
        "{notes}"
    );
    let own = file().says("password", "files-0wn");
    assert_eq!(plan(own).await, (Vec::new(), String::new()));
}
