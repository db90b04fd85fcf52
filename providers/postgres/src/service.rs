//! libpq's `pg_service.conf`: which server a service names, and whether it holds a password.
//!
//! Source of the form: <https://www.postgresql.org/docs/current/libpq-pgservice.html>.

use std::collections::BTreeMap;
use std::path::PathBuf;

use relplan_contract::{home_file, operator_text};

/// Where the system's file is when `PGSYSCONFDIR` does not say: Debian's place, and that of PostgreSQL's own builds.
const OF_SYSTEM: [&str; 2] = ["/etc/postgresql-common", "/usr/local/pgsql/etc"];

/// The settings of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Service(BTreeMap<String, String>);

impl Service {
    /// The service of that name, as libpq would find it; none where there is none.
    pub(crate) fn find(environment: &BTreeMap<String, String>, name: &str) -> Option<Self> {
        let own = environment
            .get("PGSERVICEFILE")
            .map(PathBuf::from)
            .or_else(|| home_file(environment, ".pg_service.conf"));
        let system = match environment.get("PGSYSCONFDIR") {
            Some(folder) => vec![PathBuf::from(folder)],
            None => OF_SYSTEM.map(PathBuf::from).to_vec(),
        };
        let files = own.into_iter().chain(system.into_iter().map(|folder| folder.join("pg_service.conf")));
        files.filter_map(|file| operator_text(&file)).find_map(|text| Self::read(&text, name))
    }

    fn read(text: &str, name: &str) -> Option<Self> {
        let mut found: Option<BTreeMap<String, String>> = None;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(rest) = line.strip_prefix('[') {
                if found.is_some() {
                    break;
                }
                if rest.strip_suffix(']').unwrap_or(rest) == name {
                    found = Some(BTreeMap::new());
                }
            } else if let Some(settings) = &mut found {
                // What an LDAP server is asked for, is the operator's word, too.
                let (key, value) =
                    if line.starts_with("ldap") { ("ldap", line) } else { line.split_once('=')? };
                settings.entry(key.trim().to_owned()).or_insert_with(|| value.trim().to_owned());
            }
        }
        found.map(Self)
    }

    /// A setting.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Whether it says itself which server is meant.
    pub(crate) fn names_server(&self) -> bool {
        ["host", "hostaddr", "ldap"].iter().any(|key| self.get(key).is_some())
    }

    /// Whether it holds what a server could take for a password.
    pub(crate) fn holds_password(&self) -> bool {
        ["password", "passfile"].iter().any(|key| self.get(key).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_read_as_libpq_reads_it() {
        let text = "# ours\n[other]\nhost=o\n\n[prod]\nhost = db.example\nport=6432\npassword=x=y\n[later]\nhost=l\n[prod]\nport=1\n";
        let service = Service::read(text, "prod").expect("found");
        assert_eq!((service.get("host"), service.get("port")), (Some("db.example"), Some("6432")));
        assert_eq!(service.get("password"), Some("x=y"));
        assert!(service.names_server() && service.holds_password());
        assert_eq!(Service::read(text, "none"), None);
        let bare = Service::read("[bare]\npasswordx=1\nuser=me\n", "bare").expect("found");
        assert!(!bare.names_server() && !bare.holds_password());
    }
}
