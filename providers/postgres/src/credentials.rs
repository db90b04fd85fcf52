//! Which credentials of the environment a server gets. What a release file names, gets none of them unless the
//! environment names the same server, or `RELPLAN_CREDENTIAL_HOSTS` lists it.
//!
//! What the file gives itself (a password, or one in its URL) goes where the file says: it is the file's. A client's certificate and a
//! Kerberos ticket prove who asks without being handed over; they are not withheld.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path as FilePath, PathBuf};

use relplan_contract::{CredentialHosts, Problem, home_file, host_name, operator_text, server_name};

use crate::service::Service;

/// The port where none is named.
const PORT: u16 = 5432;

type Variables = BTreeMap<String, String>;

/// Servers, each a host and its port. An empty host stands for the socket that is libpq's default.
type Servers = BTreeSet<(String, u16)>;

/// What a connection gets of the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// The servers, as people write them.
    pub(crate) servers: Vec<String>,
    /// What they are sent, in words.
    pub(crate) sent: Vec<String>,
    /// What they are not sent, in words.
    pub(crate) withheld: Vec<String>,
    /// Variables of the environment that the programs must not see.
    pub(crate) removed: Vec<&'static str>,
    /// The lines of the password file that they may use, where not all are for these servers.
    pub(crate) passfile: Option<String>,
}

/// The servers that these variables and this service stand for, as libpq reads them.
fn servers(variables: &Variables, service: Option<&Service>) -> Servers {
    let of = |key: &str, name: &str| {
        let own = service.and_then(|service| service.get(key));
        own.or_else(|| variables.get(name).map(String::as_str)).unwrap_or_default().to_owned()
    };
    let ports = of("port", "PGPORT");
    let ports: Vec<u16> = ports.split(',').map(|port| port.trim().parse().unwrap_or(PORT)).collect();
    let mut all = Servers::new();
    let lists = [of("host", "PGHOST"), of("hostaddr", "PGHOSTADDR")];
    for list in lists.iter().filter(|list| !list.is_empty() || lists.iter().all(String::is_empty)) {
        for (index, host) in list.split(',').enumerate() {
            let port = ports.get(index).or_else(|| ports.first()).copied().unwrap_or(PORT);
            all.insert((host_name(host), port));
        }
    }
    all
}

/// The place that a file and the environment make together, and what it gets.
struct Decision<'d> {
    environment: &'d Variables,
    given: &'d Variables,
    own_password: bool,
    decided: Credentials,
}

impl Credentials {
    /// Decides for what a file gave (`given`, as libpq's variables, and whether it gave a password) over the environment.
    pub(crate) fn decide(
        environment: &Variables,
        given: &Variables,
        own_password: bool,
    ) -> Result<Self, Problem> {
        Decision { environment, given, own_password, decided: Self::default() }.made()
    }

    /// That a server is not sent something; empty where it is sent all.
    pub(crate) fn told(&self) -> Option<String> {
        let servers = self.servers.join(", ");
        let withheld = self.withheld.join(" and ");
        (!withheld.is_empty())
            .then(|| format!("The release file alone names {servers}: it is not sent {withheld}."))
    }

    /// How an operator lets the servers have what was withheld.
    pub(crate) fn binding(&self) -> String {
        format!(
            "If it may have that, name the server outside of the file: with PGHOST and PGPORT, in pg_service.conf, in a line of the \
             password file, or with {}={}.",
            CredentialHosts::VARIABLE,
            self.servers.join(",")
        )
    }
}

impl Decision<'_> {
    fn made(mut self) -> Result<Credentials, Problem> {
        let find = |name: &String| Service::find(self.environment, name);
        let inherited = self.environment.get("PGSERVICE").and_then(find);
        let chosen = self.given.get("PGSERVICE").map(|name| (name, find(name)));
        let by_service = matches!(&chosen, Some((_, Some(service))) if service.names_server());
        let mut named = servers(self.environment, inherited.as_ref());
        if let Some((_, Some(service))) = chosen.as_ref().filter(|_| by_service) {
            named.extend(servers(self.environment, Some(service)));
        }
        if self.given.contains_key("PGHOST") && !by_service {
            self.leave_other_places(inherited.as_ref(), chosen.is_some());
        }
        let mut variables = self.environment.clone();
        variables.retain(|name, _| !self.decided.removed.contains(&name.as_str()));
        variables.extend(self.given.iter().map(|(name, value)| (name.clone(), value.clone())));
        let service = match chosen {
            Some((_, service)) => service,
            None => inherited.filter(|_| variables.contains_key("PGSERVICE")),
        };
        let wanted = servers(&variables, service.as_ref());
        self.decided.servers = wanted.iter().map(|(host, port)| shown(host, *port)).collect();
        let listed = CredentialHosts::of(self.environment);
        if wanted.iter().all(|server| named.contains(server) || listed.allow(&server.0, server.1)) {
            self.send(&wanted);
            return Ok(self.decided);
        }
        if let Some(name) = variables.get("PGSERVICE")
            && service.as_ref().is_none_or(Service::holds_password)
        {
            // It cannot be used without its password.
            let why =
                if service.is_some() { "holds a password, and not for this server" } else { "is not found" };
            let place = self.decided.servers.join(", ");
            let message = format!("The release file alone names {place}, and the service {name:.80?} {why}.");
            return Err(Problem::invalid("service", message).hint(self.decided.binding()));
        }
        self.withhold(&wanted);
        Ok(self.decided)
    }

    /// A file that names a host means that one: neither the address nor the service of another.
    fn leave_other_places(&mut self, inherited: Option<&Service>, chosen: bool) {
        let hosts = |text: &str| text.split(',').map(host_name).collect::<Vec<_>>();
        let wanted = self.given.get("PGHOST").map(|text| hosts(text));
        if wanted != self.environment.get("PGHOST").map(|text| hosts(text)) {
            self.decided.removed.push("PGHOSTADDR");
        }
        if chosen || !self.environment.contains_key("PGSERVICE") {
            return;
        }
        let same = inherited.and_then(|service| service.get("host")).map(hosts) == wanted;
        if !same || self.own_password {
            self.decided.removed.push("PGSERVICE");
            if !same && !self.own_password && inherited.is_some_and(Service::holds_password) {
                self.decided.withheld.push("the password of the service that PGSERVICE names".to_owned());
            }
        }
    }

    /// All of the environment is for these servers.
    fn send(&mut self, servers: &Servers) {
        self.decided.withheld.clear();
        if self.own_password {
            return;
        }
        if self.environment.contains_key("PGPASSWORD") {
            self.decided.sent.push("PGPASSWORD".to_owned());
        } else if let Some(file) = self.passfile() {
            self.sent_of(&file, &lines(&file), servers);
        }
    }

    /// Only what names these servers itself is for them.
    fn withhold(&mut self, servers: &Servers) {
        // With it a server could act as us elsewhere.
        self.decided.removed.push("PGGSSDELEGATION");
        if self.own_password {
            return;
        }
        if self.environment.contains_key("PGPASSWORD") {
            self.decided.removed.push("PGPASSWORD");
            self.decided.withheld.push("PGPASSWORD".to_owned());
        }
        let mut kept = Vec::new();
        if let Some(file) = self.passfile() {
            let all = lines(&file);
            let is_for_any = |line: &&String| line.starts_with("*:");
            if all.iter().any(|line| is_for_any(&line)) {
                self.decided.withheld.push(format!("the lines of {} for every host", file.display()));
            }
            kept = all.into_iter().filter(|line| !is_for_any(&line)).collect();
            self.sent_of(&file, &kept, servers);
        }
        self.decided.passfile = Some(kept.into_iter().map(|line| line + "\n").collect());
    }

    fn sent_of(&mut self, file: &FilePath, lines: &[String], servers: &Servers) {
        let fits = |line: &String| {
            let host = field(line);
            // To libpq a socket is `localhost`.
            servers.iter().any(|(name, _)| {
                host == "*" || host_name(&host) == *name || (name.is_empty() && host == "localhost")
            })
        };
        if lines.iter().any(fits) {
            self.decided.sent.push(format!("a password of {}", file.display()));
        }
    }

    /// The password file that libpq would use.
    fn passfile(&self) -> Option<PathBuf> {
        let named = self.given.get("PGPASSFILE").or_else(|| self.environment.get("PGPASSFILE"));
        named.map(PathBuf::from).or_else(|| home_file(self.environment, ".pgpass"))
    }
}

fn shown(host: &str, port: u16) -> String {
    if host.is_empty() { "the default socket".to_owned() } else { server_name(host, port) }
}

/// The lines of a password file: of one that others may read, libpq uses none.
fn lines(file: &FilePath) -> Vec<String> {
    const OF_OTHERS: u32 = 0o077;
    let private = std::fs::metadata(file).is_ok_and(|found| found.permissions().mode() & OF_OTHERS == 0);
    let text = operator_text(file).filter(|_| private).unwrap_or_default();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// The first field of a line of a password file: `\\` and `\:` stand for themselves.
fn field(line: &str) -> String {
    let mut host = String::new();
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match c {
            ':' => break,
            '\\' => host.extend(characters.next()),
            c => host.push(c),
        }
    }
    host
}
