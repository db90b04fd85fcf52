//! [`Location`]: what a `repository` argument names: a folder on this machine or a URL.

use std::fmt;

use thiserror::Error;

use crate::failure::mask_userinfo;
use crate::refname::is_deceptive;

/// The transports that git may use. All others, above all `ext::`, could run a command of the URL's choice.
pub(crate) const PROTOCOLS: [&str; 5] = ["https", "http", "ssh", "git", "file"];

/// Where a repository is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// A folder: a work tree, a folder inside one, or a bare repository.
    Folder(String),
    /// A URL, or `host:path` as ssh writes it.
    Url(String),
}

/// Why a `repository` is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum LocationError {
    #[error("it is empty")]
    Empty,
    #[error("it begins with a dash, which git would take for an option")]
    LeadingDash,
    #[error("it holds a control character or an invisible one")]
    Unprintable,
    #[error("`{0}::` names a transport helper, a program that git would run")]
    Helper(String),
    #[error("`{0}://` is none of the supported protocols")]
    Protocol(String),
    #[error("the name of its host is empty or begins with a dash")]
    Host,
    #[error("its path begins with a dash")]
    PathDash,
}

impl Location {
    /// Reads a `repository` argument.
    pub(crate) fn parse(text: &str) -> Result<Self, LocationError> {
        if text.is_empty() {
            return Err(LocationError::Empty);
        }
        if text.starts_with('-') {
            return Err(LocationError::LeadingDash);
        }
        if text.chars().any(is_deceptive) {
            return Err(LocationError::Unprintable);
        }
        if let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_word(scheme)) {
            return Self::parse_url(text, scheme, rest);
        }
        match text.split_once(':') {
            Some((helper, rest)) if rest.starts_with(':') && is_word(helper) => {
                Err(LocationError::Helper(helper.to_owned()))
            }
            // As git sees it: a colon before the first slash parts a host from a path.
            Some((host, path)) if !host.contains('/') => {
                check_host(host)?;
                check_path(path)?;
                Ok(Self::Url(text.to_owned()))
            }
            Some(_) | None => Ok(Self::Folder(text.to_owned())),
        }
    }

    fn parse_url(text: &str, scheme: &str, rest: &str) -> Result<Self, LocationError> {
        if !PROTOCOLS.contains(&scheme) {
            return Err(LocationError::Protocol(scheme.to_owned()));
        }
        if scheme == "file" {
            // Anything else would be read as a host, or as a path that begins with a dash.
            if !rest.starts_with('/') {
                return Err(LocationError::Host);
            }
        } else {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            check_host(authority)?;
            check_path(path)?;
        }
        Ok(Self::Url(text.to_owned()))
    }

    /// The folder on this machine that a URL names.
    pub(crate) fn local_path(&self) -> Option<String> {
        let Self::Url(url) = self else { return None };
        let path = url.strip_prefix("file://")?;
        Some(percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned())
    }

    /// Whether it carries a password in clear text.
    pub(crate) fn has_password(&self) -> bool {
        match self {
            Self::Folder(_) => false,
            Self::Url(url) => {
                let authority = url.split_once("://").map(|(_, rest)| authority(rest));
                let user = authority.and_then(|authority| authority.rsplit_once('@'));
                user.is_some_and(|(user, _)| user.contains(':'))
            }
        }
    }
}

/// As it may be shown: credentials masked.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => f.write_str(path),
            Self::Url(url) => f.write_str(&mask_userinfo(url)),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// User and host of what follows the scheme of a URL. A query or a fragment ends it as well: what stands behind is no host.
fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The host, with its port, that a URL or `user@host:` begins with; none of a path, a file, or what git is not given.
pub(crate) fn host(url: &str) -> Option<&str> {
    let Ok(Location::Url(_)) = Location::parse(url) else { return None };
    let authority = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => authority(rest),
        None => url.split(':').next()?,
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    (!host.is_empty() && !host.contains('*')).then_some(host)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// ssh gets the host as an argument: `-oProxyCommand=...` there would run a command.
fn check_host(authority: &str) -> Result<(), LocationError> {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let bare = host.trim_start_matches('[');
    if bare.is_empty() || bare.starts_with('-') || authority.starts_with('-') {
        Err(LocationError::Host)
    } else {
        Ok(())
    }
}

fn check_path(path: &str) -> Result<(), LocationError> {
    if path.starts_with('-') { Err(LocationError::PathDash) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_urls_are_told_apart() {
        for folder in [".", "apps/web", "/srv/git/shop.git", "./odd:name", "../shop"] {
            assert_eq!(Location::parse(folder), Ok(Location::Folder(folder.into())), "{folder}");
        }
        for url in [
            "https://example.org/shop.git",
            "ssh://git@example.org:2222/shop.git",
            "git@example.org:team/shop.git",
            "example.org:shop",
            "file:///srv/git/shop.git",
            "git://[::1]:9418/shop",
        ] {
            assert_eq!(Location::parse(url), Ok(Location::Url(url.into())), "{url}");
        }
    }

    #[test]
    fn what_would_run_a_command_is_refused() {
        for (text, error) in [
            ("", LocationError::Empty),
            ("-x", LocationError::LeadingDash),
            ("--upload-pack=touch x", LocationError::LeadingDash),
            ("ext::sh -c x", LocationError::Helper("ext".into())),
            ("fd::7", LocationError::Helper("fd".into())),
            ("transport-x::https://h/p", LocationError::Helper("transport-x".into())),
            ("ext://sh", LocationError::Protocol("ext".into())),
            ("ssh://-oProxyCommand=x/p", LocationError::Host),
            ("ssh://git@-oProxyCommand=x/p", LocationError::Host),
            ("git@-oProxyCommand=x:p", LocationError::Host),
            ("https:///shop", LocationError::Host),
            ("host:-x", LocationError::PathDash),
            ("file://-x", LocationError::Host),
            ("https://h/a\nb", LocationError::Unprintable),
        ] {
            assert_eq!(Location::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let location = Location::parse("https://ann:s3cret@example.org/shop.git").expect("a URL");
        assert!(location.has_password());
        assert!(!format!("{location} {location:?}").contains("s3cret"));
        let plain = Location::parse("git@example.org:shop.git").expect("a URL");
        assert!(!plain.has_password());
        assert_eq!(plain.to_string(), "git@example.org:shop.git");
    }
}
