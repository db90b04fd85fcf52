//! Who gets a password, and what else a server can have: a listener greets as a server does, refuses, and tells what arrived.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use relplan_archive::Job;
use relplan_contract::conformance::{context_in, fitted};
use relplan_contract::{Context, Problem, Value};

use crate::connection::{self, Connection};
use crate::session::Session;

/// The operator's password.
const SECRET: &str = "operators-0wn";

/// What somebody who came has sent: the user, whether a password, and what else.
#[derive(Debug, Default, PartialEq, Eq)]
struct Came {
    user: String,
    with_password: bool,
    file: Vec<u8>,
}

struct Listener {
    port: u16,
    came: Receiver<Came>,
}

impl Listener {
    /// One that refuses everybody; or lets everybody in, and asks for a file of theirs.
    fn start(file: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (tell, came) = channel();
        let file = file.map(str::to_owned);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if greeted(stream, file.as_deref()).is_some_and(|came| tell.send(came).is_err()) {
                    return;
                }
            }
        });
        Self { port, came }
    }

    fn first(&self) -> Came {
        self.came.recv_timeout(Duration::from_secs(20)).expect("nobody connected")
    }
}

fn packet(stream: &mut TcpStream, number: u8, body: &[u8]) -> Option<()> {
    let length = u32::try_from(body.len()).ok()?.to_le_bytes();
    stream.write_all(&[&length[..3], &[number], body].concat()).ok()
}

fn answer(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).ok()?;
    let mut body = vec![0; u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize];
    stream.read_exact(&mut body).ok()?;
    Some(body)
}

/// Greets, and gives what arrives. The form is that of MySQL's protocol 10.
fn greeted(mut stream: TcpStream, file: Option<&str>) -> Option<Came> {
    let mut greeting = b"\x0a10.11.0-MariaDB\0\x01\0\0\0saltsalt\0".to_vec();
    // Protocol 4.1, transactions, LOAD DATA LOCAL; then secure authentication by a named method.
    greeting.extend([0x81 | 0x08, 0xa2, 0x21, 0x02, 0x00, 0x08, 0x00, 21]);
    greeting.extend(b"\0\0\0\0\0\0\0\0\0\0saltsaltsalt\0mysql_native_password\0");
    packet(&mut stream, 0, &greeting)?;
    let body = answer(&mut stream)?;
    let (user, rest) = body.get(32..)?.split_at(body.get(32..)?.iter().position(|byte| *byte == 0)?);
    let user = String::from_utf8_lossy(user).into_owned();
    let mut came = Came { user, with_password: *rest.get(1)? > 0, file: Vec::new() };
    let Some(file) = file else {
        packet(&mut stream, 2, b"\xff\x15\x04#28000Access denied for user")?;
        return Some(came);
    };
    packet(&mut stream, 2, &[0, 0, 0, 2, 0, 0, 0])?;
    answer(&mut stream)?;
    packet(&mut stream, 1, &[b"\xfb", file.as_bytes()].concat())?;
    came.file = answer(&mut stream).unwrap_or_default();
    Some(came)
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
        ]);
        let arguments = vec![("database", Value::from("shop"))];
        Self { home, listener: Listener::start(None), environment, arguments }
    }

    /// `PORT` stands for the listener's.
    fn text(&self, text: &str) -> String {
        let text = text.replace("PORT", &self.listener.port.to_string());
        text.replace("HOME", &self.home.path().display().to_string())
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        let value = self.text(value);
        self.environment.insert(name.to_owned(), value);
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.home.path().join(name), self.text(text)).expect("a file");
        self
    }

    fn says(mut self, name: &'static str, value: &str) -> Self {
        let text = self.text(value);
        let value =
            if name == "port" { Value::from(i64::from(self.listener.port)) } else { text.as_str().into() };
        self.arguments.push((name, value));
        self
    }

    /// Says all in a URL.
    fn says_url(mut self, url: &str) -> Self {
        self.arguments = vec![("url", self.text(url).as_str().into())];
        self
    }

    fn context(&self) -> Context {
        let mut context = context_in(self.home.path(), "mysql_snapshot.it");
        context.environment = Arc::new(self.environment.clone());
        context
    }

    async fn ask(&self) -> Option<Problem> {
        let config = fitted(&connection::attributes(), &self.arguments);
        assert_eq!(connection::check(&config), []);
        let work = move |job: &Job| Session::open(job, &Connection::read(job.context(), &config)?)?.close();
        Job::run(&self.context(), work).await.err()
    }

    /// Whether a password arrives; where none does it is said why.
    async fn sends(self, what: &str, wanted: bool) {
        let problem = self.ask().await.expect("nobody is let in");
        let came = self.listener.first();
        assert_eq!(came.with_password, wanted, "{what}: {came:?} {problem:?}");
        if !wanted {
            let shown = problem.to_string();
            let server = self.text("127.0.0.1:PORT");
            let told =
                ["The release file alone names", &server, "it is not sent", "RELPLAN_CREDENTIAL_HOSTS="];
            assert!(told.iter().all(|word| shown.contains(word)), "{what}: {shown}");
            assert!(!format!("{problem:?}").contains(SECRET), "{problem:?}");
        }
    }
}

const OWN: &str = "[client]\nuser=me\npassword=operators-0wn\n";

#[tokio::test]
async fn a_server_that_only_the_file_names_gets_nothing_of_option_files() {
    let file = || Scene::new().says("host", "127.0.0.1").says("port", "");
    file().file(".my.cnf", OWN).sends("no host in it", false).await;
    file()
        .file(".my.cnf", "[client]\nuser=me\npassword=operators-0wn\nhost=db.example\nport=PORT\n")
        .sends("another host", false)
        .await;
    file()
        .file(".my.cnf", "[client]\npassword=operators-0wn\nhost=127.0.0.1\n")
        .sends("another port", false)
        .await;
    file()
        .file(".my.cnf", "[client]\npassword=operators-0wn\nhost=localhost\nport=PORT\n")
        .sends("another name", false)
        .await;
    file()
        .file("own.cnf", OWN)
        .says("defaults_file", "HOME/own.cnf")
        .sends("one that the file names", false)
        .await;
    file()
        .file("own.cnf", OWN)
        .file(".my.cnf", "!include HOME/own.cnf\n")
        .sends("one that is included", false)
        .await;
    file()
        .file(".my.cnf", "[mysql]\nloose_pass = 'operators-0wn'\n[other]\nhost=127.0.0.1\nport=PORT\n")
        .sends("other groups", false)
        .await;
    file()
        .file(".my.cnf", OWN)
        .with("MYSQL_HOST", "127.0.0.1")
        .sends("another port of MYSQL_HOST", false)
        .await;
    file()
        .file(".my.cnf", OWN)
        .with("RELPLAN_CREDENTIAL_HOSTS", "localhost,127.0.0.1:1")
        .sends("others on the list", false)
        .await;
    Scene::new().file(".my.cnf", OWN).says_url("mysql://me@127.0.0.1:PORT/shop").sends("a URL", false).await;
    // MYSQL_PWD is nobody's business.
    let scene = file().with("MYSQL_PWD", SECRET);
    scene.ask().await.expect("nobody is let in");
    assert!(!scene.listener.first().with_password);
}

#[tokio::test]
async fn what_the_operator_names_gets_what_is_for_it() {
    let file = || Scene::new().says("host", "127.0.0.1").says("port", "");
    let named = "[client]\npassword = \"operators-0wn\" # ours\nhost = '127.0.0.1'\nport=PORT\nuser=me\n";
    file().file(".my.cnf", named).sends("by its option file", true).await;
    file()
        .file("own.cnf", named)
        .says("defaults_file", "HOME/own.cnf")
        .sends("by one that the file names", true)
        .await;
    file()
        .file("own.cnf", named)
        .file(".my.cnf", "!include HOME/own.cnf\n")
        .sends("by one that is included", true)
        .await;
    file()
        .file(".my.cnf", OWN)
        .with("MYSQL_HOST", "127.0.0.1")
        .with("MYSQL_TCP_PORT", "PORT")
        .sends("by variables", true)
        .await;
    file()
        .file(".my.cnf", OWN)
        .with("RELPLAN_CREDENTIAL_HOSTS", "127.0.0.1:PORT")
        .sends("by the list", true)
        .await;
    Scene::new().file(".my.cnf", named).sends("all by its option file", true).await;
    file().file(".my.cnf", OWN).says("password", "files-0wn").sends("a password of the file", true).await;
}

#[tokio::test]
async fn a_server_is_given_no_file_however_it_asks() {
    let mut scene = Scene::new().says("host", "127.0.0.1").says("user", "me").file("secret", SECRET);
    scene = scene.file(".my.cnf", "[client]\nloose-local-infile=1\n");
    scene.listener = Listener::start(Some(&scene.text("HOME/secret")));
    let scene = scene.says("port", "");
    scene.ask().await.expect("no answer");
    let came = scene.listener.first();
    assert_eq!(
        (&*came.user, String::from_utf8_lossy(&came.file).contains(SECRET)),
        ("me", false),
        "{came:?}"
    );
}
