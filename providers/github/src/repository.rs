//! [`Repository`]: the name of a repository, `acme/shop`.

use std::fmt;

use relplan_contract::{Problem, Value};

/// A repository, by its owner's name and its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Repository {
    /// The organisation or user.
    pub(crate) owner: String,
    /// Its own name.
    pub(crate) name: String,
}

impl Repository {
    /// Reads `OWNER/NAME`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        (is_owner(owner) && is_name(name)).then(|| Self { owner: owner.to_owned(), name: name.to_owned() })
    }

    /// The argument `repository` of an object; none where it is not known yet.
    pub(crate) fn of(object: &Value) -> Result<Option<Self>, Problem> {
        let Some(text) = object.get("repository").as_str() else { return Ok(None) };
        Self::parse(text).map(Some).ok_or_else(|| wrong(text))
    }

    /// The path of the API below it: `repos/acme/shop/releases`.
    pub(crate) fn path(&self, rest: &[&str]) -> String {
        let mut parts = vec!["repos", self.owner.as_str(), self.name.as_str()];
        parts.extend(rest);
        crate::client::path(&parts)
    }
}

/// What is wrong with the argument `repository`.
pub(crate) fn check(object: &Value) -> Option<Problem> {
    Repository::of(object).err()
}

fn wrong(text: &str) -> Problem {
    let hint = match text.strip_suffix(".git").unwrap_or(text).rsplit('/').take(2).collect::<Vec<_>>()[..] {
        [name, owner] if text.contains("://") && is_owner(owner) && is_name(name) => {
            format!("Write \"{owner}/{name}\".")
        }
        _ => "Write OWNER/NAME, such as \"acme/shop\".".to_owned(),
    };
    Problem::invalid("repository", format!("{text:.200?} is no name of a repository.")).hint(hint)
}

/// Whether it can be the name of a user or an organisation.
pub(crate) fn is_owner(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Whether it can be the name of a repository. `.` and `..` would be other places in a URL.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && !matches!(text, "." | "..")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_nothing_else() {
        let read = |text: &str| Repository::parse(text).map(|repository| repository.to_string());
        assert_eq!(read("acme/shop.io"), Some("acme/shop.io".to_owned()));
        for wrong in ["acme", "acme/", "/shop", "acme/..", "acme/a/b", "ac me/shop", "acme/shöp"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let problem = wrong("https://github.com/acme/shop.git");
        assert_eq!(problem.hint, "Write \"acme/shop\".");
    }
}
