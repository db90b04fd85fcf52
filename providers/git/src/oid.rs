//! [`Oid`]: the name of a git object.

use std::fmt;

/// The full name of an object: 40 lower-case hexadecimal digits, or 64 in a SHA-256 repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Oid(String);

impl Oid {
    /// The name that the text is, if it is a full one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let whole = matches!(text.len(), 40 | 64) && is_hex(text);
        whole.then(|| Self(text.to_ascii_lowercase()))
    }

    /// All its digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The first digits, for people.
    pub(crate) fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }

    /// What git calls the hash function that made it.
    pub(crate) fn format(&self) -> &'static str {
        if self.0.len() == 64 { "sha256" } else { "sha1" }
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the text may be a commit's name, whole or shortened.
pub(crate) fn may_be_commit(text: &str) -> bool {
    (4..=64).contains(&text.len()) && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_names_are_oids() {
        let full = "3F2A1c9".to_owned() + &"0".repeat(33);
        let oid = Oid::parse(&full).expect("40 digits");
        assert_eq!((oid.short(), oid.format()), ("3f2a1c9", "sha1"));
        assert_eq!(Oid::parse(&"a".repeat(64)).map(|oid| oid.format()), Some("sha256"));
        for bad in ["", "3f2a1c9", &"g".repeat(40), &"a".repeat(41)] {
            assert_eq!(Oid::parse(bad), None, "{bad}");
        }
        assert!(may_be_commit("3f2a") && !may_be_commit("3f2") && !may_be_commit("main"));
    }
}
