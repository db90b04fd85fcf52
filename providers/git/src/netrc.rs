//! The line `default` of `~/.netrc`: a login for every server there is. git's HTTP library sends it to whoever asks for one, and a release
//! file may name any server. So a server that the file alone names is not spoken to while such a line would answer it.
//!
//! The format is that of ftp(1), as curl reads it: words, of which `machine NAME` and `default` begin an entry.

use relplan_contract::{Context, CredentialHosts, Problem, home_file, host_name, operator_text};

use crate::location::{Location, host};

/// Refuses a URL whose server would get the login that is for every server.
pub(crate) fn check(context: &Context, location: &Location) -> Result<(), Problem> {
    let Some((host, port)) = server(location) else { return Ok(()) };
    // One that cannot be read here is none for git either.
    let file = home_file(&context.environment, ".netrc");
    let text = file.and_then(|file| operator_text(&file)).unwrap_or_default();
    if !answers_everybody(&text, host) || CredentialHosts::of(&context.environment).allow(host, port) {
        return Ok(());
    }
    Err(Problem::refused(format!("The release file alone names {host}, and `default` in ~/.netrc would send it a login."))
        .hint(format!(
            "Name the servers that may have the login in ~/.netrc, each with `machine HOST`, in place of `default`. Or let this one have it: {}={host}.",
            CredentialHosts::VARIABLE
        )))
}

/// Host and port of a URL that git's HTTP library speaks to, without a password of its own.
fn server(location: &Location) -> Option<(&str, u16)> {
    let Location::Url(url) = location else { return None };
    let port = match url.split_once("://")?.0 {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let host = host(url).filter(|_| !location.has_password())?;
    match host.rsplit_once(':') {
        Some((name, digits)) if !digits.contains(']') => Some((name, digits.parse().unwrap_or(port))),
        Some(_) | None => Some((host, port)),
    }
}

/// Whether the file has a login for every server, and none for this one before it.
fn answers_everybody(text: &str, host: &str) -> bool {
    let mut words =
        text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace);
    while let Some(word) = words.next() {
        match word {
            "default" => return true,
            "machine" if words.next().is_some_and(|name| host_name(name) == host_name(host)) => return false,
            // What follows is a value, and may be one of the words above.
            "login" | "password" | "account" => drop(words.next()),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_default_answers_a_server_that_is_not_named() {
        for (text, answers) in [
            ("", false),
            ("machine git.example login ann password x", false),
            ("machine other.example login ann password x\ndefault login ann password x", true),
            ("machine GIT.example. login ann password x\ndefault login ann password x", false),
            ("default\n\tlogin ann\n\tpassword x", true),
            ("machine other.example login default password default", false),
            ("machine other.example\nlogin ann\npassword machine\n# default\n", false),
            ("default login ann password x machine git.example login ann", true),
        ] {
            assert_eq!(answers_everybody(text, "git.example"), answers, "{text:?}");
        }
    }

    #[test]
    fn only_servers_that_are_asked_by_http_count() {
        for (url, found) in [
            ("https://git.example/shop.git", Some(("git.example", 443))),
            ("http://git.example:8080/shop.git", Some(("git.example", 8080))),
            ("https://ann@git.example", Some(("git.example", 443))),
            ("https://[::1]/shop.git", Some(("[::1]", 443))),
            ("https://[::1]:8443/shop.git", Some(("[::1]", 8443))),
            ("https://ann:secret@git.example/shop.git", None),
            ("https://evil.example#@git.example/shop.git", Some(("evil.example", 443))),
            ("https://evil.example?x:y@git.example/shop.git", Some(("evil.example", 443))),
            ("ssh://git@git.example/shop.git", None),
            ("git@git.example:shop.git", None),
            ("file:///srv/git/shop.git", None),
        ] {
            let location = Location::parse(url).expect("a URL");
            assert_eq!(server(&location), found, "{url}");
        }
    }
}
