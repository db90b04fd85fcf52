//! [`CredentialHosts`]: the servers that an operator lets have credentials of the environment, whatever names them.
//!
//! A release file may name any server, and may come from somebody whom nobody knows. So what the environment holds (passwords,
//! tokens, keys) goes only where the environment itself says: by the variables that name a server for the system in question, or
//! by this list. Names are compared as they are written. Nothing is looked up, since what a name resolves to is
//! not the operator's word; and this machine's own addresses are hosts like any other, since whoever has an account here can listen on them.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// The hosts of `RELPLAN_CREDENTIAL_HOSTS`: names, addresses or folders of sockets, with a port or without, parted by commas or
/// spaces. `*.example.com` stands for every name below `example.com`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialHosts(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// In the form of [`host_name`]; for a pattern what follows the `*`.
    host: String,
    below: bool,
    port: Option<u16>,
}

impl CredentialHosts {
    /// The variable that holds the list.
    pub const VARIABLE: &'static str = "RELPLAN_CREDENTIAL_HOSTS";

    /// The list of an environment. What is none of these forms allows nothing.
    #[must_use]
    pub fn of(environment: &BTreeMap<String, String>) -> Self {
        let text = environment.get(Self::VARIABLE).map_or("", String::as_str);
        let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
        Self(words.filter_map(Entry::read).collect())
    }

    /// Whether a server is on the list.
    #[must_use]
    pub fn allow(&self, host: &str, port: u16) -> bool {
        let host = host_name(host);
        self.0.iter().any(|entry| {
            let named = if entry.below {
                host.strip_suffix(&*entry.host).is_some_and(|label| !label.is_empty())
                    && host.parse::<IpAddr>().is_err()
            } else {
                host == entry.host
            };
            named && !host.is_empty() && entry.port.is_none_or(|own| own == port)
        })
    }
}

impl Entry {
    fn read(word: &str) -> Option<Self> {
        let (host, port) = match word.rsplit_once(':') {
            // An address of IPv6 without brackets has no port.
            _ if word.starts_with('/') || word.parse::<IpAddr>().is_ok() => (word, None),
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (word, None),
        };
        let (host, below) = match host.strip_prefix('*') {
            Some(rest) => (rest.strip_prefix('.').filter(|rest| !rest.is_empty()).map(|_| rest)?, true),
            None => (host, false),
        };
        (!host.is_empty() && !host.contains('*')).then(|| Self { host: host_name(host), below, port })
    }
}

/// A host in the one form in which hosts are compared: capitals, a dot at the end, brackets, and the ways to write an address of IPv6
/// make no difference. The folder of a socket stays as it is.
#[must_use]
pub fn host_name(host: &str) -> String {
    let host = host.trim();
    if host.starts_with(['/', '@']) {
        return if host.len() > 1 { host.trim_end_matches('/').to_owned() } else { host.to_owned() };
    }
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase(),
    }
}

/// A server as people read and write it: `db.example:5432`, `[::1]:5432`, `/run/postgresql`.
#[must_use]
pub fn server_name(host: &str, port: u16) -> String {
    match host_name(host) {
        host if host.starts_with(['/', '@']) => host,
        host if host.contains(':') => format!("[{host}]:{port}"),
        host => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> CredentialHosts {
        CredentialHosts::of(&BTreeMap::from([(CredentialHosts::VARIABLE.to_owned(), text.to_owned())]))
    }

    #[test]
    fn only_what_is_listed_is_allowed() {
        let hosts = list(
            "db.example.com, *.rds.amazonaws.com 10.0.0.7:5433\n[::1]:6432,2001:DB8::1 /run/postgresql/",
        );
        for (host, port) in [
            ("db.example.com", 5432),
            ("DB.Example.COM.", 1),
            ("a.rds.amazonaws.com", 3306),
            ("a.b.rds.amazonaws.com", 3306),
            ("10.0.0.7", 5433),
            ("0:0:0:0:0:0:0:1", 6432),
            ("[2001:db8:0::1]", 5432),
            ("/run/postgresql", 5432),
        ] {
            assert!(hosts.allow(host, port), "{host}:{port}");
        }
        for (host, port) in [
            ("db.example.com.evil.example", 5432),
            ("evil-db.example.com", 5432),
            ("x.db.example.com", 5432),
            ("rds.amazonaws.com", 3306),
            (".rds.amazonaws.com", 3306),
            ("evilrds.amazonaws.com", 3306),
            ("10.0.0.7", 5432),
            ("10.0.0.70", 5433),
            ("::1", 5432),
            ("localhost", 6432),
            ("/run/postgresql/evil", 5432),
            ("", 5432),
        ] {
            assert!(!hosts.allow(host, port), "{host}:{port}");
        }
    }

    #[test]
    fn what_is_no_entry_allows_nothing() {
        for text in [
            "",
            "*",
            "*.",
            "*:5432",
            "*example.com",
            "a.*.example.com",
            "db.example.com:x",
            ":5432",
            "db.example.com:99999",
        ] {
            let hosts = list(text);
            assert_eq!(hosts, CredentialHosts::default(), "{text}");
            assert!(!hosts.allow("db.example.com", 5432), "{text}");
        }
        // A number of an address is no label.
        assert!(!list("*.0.0.1").allow("127.0.0.1", 1));
    }

    #[test]
    fn servers_are_written_as_they_can_be_listed() {
        for (host, port, text) in
            [("Db.example.", 5432, "db.example:5432"), ("::1", 1, "[::1]:1"), ("/run/pg/", 5432, "/run/pg")]
        {
            assert_eq!(server_name(host, port), text);
            assert!(list(text).allow(host, port), "{text}");
        }
    }
}
