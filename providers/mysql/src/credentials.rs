//! Which option file of the operator's a server gets to know. What a release file names, gets the user and the password of such a
//! file only when the environment names the same server: the option file itself, `MYSQL_HOST` with `MYSQL_TCP_PORT`, or
//! `RELPLAN_CREDENTIAL_HOSTS`.
//!
//! What the release file gives itself goes where it says. `MYSQL_PWD` is never used.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use relplan_contract::{CredentialHosts, home_file, host_name, operator_text, server_name};

use crate::options::Options;

/// The port where none is named.
const PORT: u16 = 3306;

/// How many option files may include each other.
const MOST_FILES: usize = 64;

/// The groups that the programs of MariaDB and MySQL read which we start.
const GROUPS: [&str; 8] = [
    "client",
    "client-server",
    "client-mariadb",
    "mysql",
    "mariadb",
    "mariadb-client",
    "mysqldump",
    "mariadb-dump",
];

/// Servers, each a host and its port; a socket is a host whose port is 0. An empty host stands for what is the programs' default.
type Servers = BTreeSet<(String, u16)>;

/// What a connection gets of the operator's option file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// The server, as people write it.
    pub(crate) server: String,
    /// The option file that the programs read.
    pub(crate) include: Option<PathBuf>,
    /// What the server is sent, in words.
    pub(crate) sent: Vec<String>,
    /// What it is not sent, in words.
    pub(crate) withheld: Vec<String>,
    /// Whether the programs of MySQL may look at `~/.mylogin.cnf`.
    pub(crate) login_path: bool,
}

/// The option file of the user's own.
fn home(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    home_file(environment, ".my.cnf").filter(|file| file.is_file())
}

impl Credentials {
    /// For a server that a person named: all of it.
    pub(crate) fn of_person(environment: &BTreeMap<String, String>, given: &Options) -> Self {
        let include = home(environment).filter(|_| given.password.is_none());
        Self { include, login_path: given.password.is_none(), ..Self::default() }
    }

    /// Decides for what a release file gave, with the option file that it named.
    pub(crate) fn decide(
        environment: &BTreeMap<String, String>,
        given: &Options,
        named: Option<PathBuf>,
    ) -> Self {
        let own = named.is_none();
        let Some(file) = named.or_else(|| home(environment).filter(|_| given.password.is_none())) else {
            let login_path = given.names_nothing() && given.password.is_none();
            return Self { login_path, ..Self::default() };
        };
        let found = OptionFile::read(&file);
        let wanted = wanted(given, &found);
        let listed = CredentialHosts::of(environment);
        let bound = wanted.iter().all(|server| {
            found.servers.contains(server)
                || of_environment(environment).contains(server)
                || listed.allow(&server.0, server.1)
        });
        let has_password = found.has_password && given.password.is_none();
        let mut decided = Self {
            server: wanted.iter().map(|(host, port)| shown(host, *port)).collect::<Vec<_>>().join(", "),
            login_path: bound && given.password.is_none(),
            ..Self::default()
        };
        let what = format!("the password of {}", file.display());
        // Without a password it harms nobody: it may say more, such as which authorities are trusted.
        if bound || !found.has_password {
            decided.sent.extend(has_password.then_some(what));
            decided.include = Some(file);
        } else if has_password || !own {
            decided.withheld.push(what);
        }
        decided
    }

    /// That a server is not sent something; none where it is sent all.
    pub(crate) fn told(&self) -> Option<String> {
        let Self { server, withheld, .. } = self;
        (!withheld.is_empty()).then(|| {
            format!("The release file alone names {server}: it is not sent {}.", withheld.join(" and "))
        })
    }

    /// How an operator lets the server have what was withheld.
    pub(crate) fn binding(&self) -> String {
        format!(
            "If it may have that, name the server outside of the release file: as `host` and `port` in that option file, as MYSQL_HOST and \
             MYSQL_TCP_PORT, or with {}={}.",
            CredentialHosts::VARIABLE,
            self.server
        )
    }
}

/// The servers that file and option file make together.
fn wanted(given: &Options, found: &OptionFile) -> Servers {
    if let Some(socket) = &given.socket {
        return Servers::from([(host_name(socket), 0)]);
    }
    let port = |own: u16| given.port.unwrap_or(own);
    match &given.host {
        Some(host) => Servers::from([(host_name(host), port(found.port.unwrap_or(PORT)))]),
        None if given.port.is_none() => found.servers.clone(),
        None => found.servers.iter().map(|(host, own)| (host.clone(), port(*own))).collect(),
    }
}

/// The server that the environment names.
fn of_environment(environment: &BTreeMap<String, String>) -> Servers {
    let port = environment.get("MYSQL_TCP_PORT").and_then(|text| text.parse().ok()).unwrap_or(PORT);
    let host = environment.get("MYSQL_HOST").filter(|host| !host.is_empty());
    host.map(|host| (host_name(host), port)).into_iter().collect()
}

fn shown(host: &str, port: u16) -> String {
    match (host, port) {
        ("", _) => "the default server".to_owned(),
        (socket, 0) => socket.to_owned(),
        (host, port) => server_name(host, port),
    }
}

/// What an option file says that matters here, with those that it includes.
#[derive(Debug, Default)]
struct OptionFile {
    servers: Servers,
    port: Option<u16>,
    has_password: bool,
}

impl OptionFile {
    fn read(file: &Path) -> Self {
        let mut groups: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut open = vec![file.to_path_buf()];
        let mut unread = false;
        for _ in 0..MOST_FILES {
            let Some(file) = open.pop() else { break };
            match operator_text(&file) {
                Some(text) => open.extend(lines(&text, &mut groups)),
                None => unread = true,
            }
        }
        let own = |name: &str| groups.get(name).cloned().unwrap_or_default();
        let common = own("client");
        let mut read = Self { has_password: unread || !open.is_empty(), ..Self::default() };
        read.port = common.get("port").and_then(|text| text.parse().ok());
        for group in GROUPS {
            let of = own(group);
            // Nothing is told apart that the programs take for a password: `password1`, `password2`, `pass`.
            read.has_password |= of.keys().any(|key| key.starts_with("pass"));
            let port = of.get("port").and_then(|text| text.parse().ok()).or(read.port).unwrap_or(PORT);
            read.servers.extend(of.get("host").map(|host| (host_name(host), port)));
            read.servers.extend(of.get("socket").map(|socket| (host_name(socket), 0)));
        }
        if read.servers.is_empty() {
            read.servers.insert((String::new(), read.port.unwrap_or(PORT)));
        }
        read
    }
}

/// Takes the lines of an option file in, and gives the files that it includes.
fn lines(text: &str, groups: &mut BTreeMap<String, BTreeMap<String, String>>) -> Vec<PathBuf> {
    let (mut group, mut included) = (String::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])) {
        if let Some(rest) = line.strip_prefix("!includedir") {
            let entries = std::fs::read_dir(rest.trim()).into_iter().flatten().filter_map(Result::ok);
            included.extend(
                entries
                    .map(|entry| entry.path())
                    .filter(|path| path.extension().is_some_and(|end| end == "cnf")),
            );
        } else if let Some(rest) = line.strip_prefix("!include") {
            included.push(PathBuf::from(rest.trim()));
        } else if let Some(rest) = line.strip_prefix('[') {
            rest.split(']').next().unwrap_or_default().trim().clone_into(&mut group);
        } else {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            let key = key.trim().replace('_', "-");
            let key = key.strip_prefix("loose-").unwrap_or(&key).to_owned();
            groups.entry(group.clone()).or_default().insert(key, unquoted(value));
        }
    }
    included
}

/// A value without quotes or what is remarked behind it.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some((inside, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inside.to_owned();
        }
    }
    value.split('#').next().unwrap_or_default().trim().to_owned()
}
