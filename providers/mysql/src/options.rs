//! The option file of the database's programs: the one place where the password is.
//!
//! Source of the form: <https://mariadb.com/kb/en/configuring-mariadb-with-option-files/>. Programs of MariaDB and of MySQL name TLS
//! differently; each reads its own group.

use std::fmt::Write as _;

/// How a connection is protected, from the weakest to the strongest, as MySQL names it.
pub(crate) const SSL_MODES: [&str; 5] = ["disabled", "preferred", "required", "verify_ca", "verify_identity"];

/// What the programs are told of a connection.
#[derive(Clone, Default)]
pub(crate) struct Options {
    /// A file of the user's own with more of them; what is given here goes before it.
    pub(crate) include: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) socket: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) ssl_mode: Option<String>,
    pub(crate) ssl_ca: Option<String>,
    /// Seconds.
    pub(crate) connect_timeout: Option<i64>,
}

impl Options {
    /// Whether which server is meant is left to others.
    pub(crate) const fn names_nothing(&self) -> bool {
        self.host.is_none() && self.port.is_none() && self.socket.is_none()
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if let Some(file) = &self.include {
            let _ = writeln!(text, "!include {file}");
        }
        text.push_str("[client]\n");
        let port = self.port.map(|port| port.to_string());
        let entries = [
            ("host", &self.host),
            ("port", &port),
            ("socket", &self.socket),
            ("user", &self.user),
            ("password", &self.password),
        ];
        for (name, value) in entries.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            let _ = writeln!(text, "{name}={}", quoted(value));
        }
        if self.host.is_some() {
            // `localhost` would mean a socket otherwise.
            text.push_str("protocol=tcp\n");
        }
        // Else a server could answer any statement with the wish for a file of ours.
        text.push_str("loose-local-infile=0\n");
        text.push_str(&self.tls());
        if let Some(seconds) = self.connect_timeout {
            // The group of the client alone: the program that dumps does not know it.
            let _ = writeln!(text, "[mysql]\nconnect-timeout={seconds}");
        }
        text
    }

    /// TLS, for MySQL's programs and then for MariaDB's.
    fn tls(&self) -> String {
        let mut text = String::new();
        if let Some(file) = &self.ssl_ca {
            let _ = writeln!(text, "ssl-ca={}", quoted(file));
        }
        let Some(mode) = &self.ssl_mode else { return text };
        let _ = writeln!(text, "loose-ssl-mode={}", mode.to_ascii_uppercase());
        text.push_str("[client-mariadb]\n");
        text.push_str(match mode.as_str() {
            "disabled" => "skip-ssl\n",
            "preferred" => "",
            "verify_identity" => "ssl=1\nssl-verify-server-cert=1\n",
            _ => "ssl=1\n",
        });
        text
    }
}

/// A value as option files have it.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_program_is_told_of_tls_in_its_own_words() {
        let options = Options {
            host: Some("db".into()),
            password: Some("a\\b\"c#".into()),
            ssl_mode: Some("verify_identity".into()),
            connect_timeout: Some(5),
            ..Options::default()
        };
        assert_eq!(
            options.text(),
            "[client]\nhost=\"db\"\npassword=\"a\\\\b\\\"c#\"\nprotocol=tcp\nloose-local-infile=0\nloose-ssl-mode=VERIFY_IDENTITY\n\
             [client-mariadb]\nssl=1\nssl-verify-server-cert=1\n[mysql]\nconnect-timeout=5\n"
        );
    }
}
