//! What is typed.

use std::fmt;

use super::shop::{file, named};

/// Something that is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Apply(usize),
    /// To the last known good version, or to this one.
    Rollback(Option<usize>),
    /// With the file of a version.
    Destroy(usize),
    Refresh(usize),
}

impl fmt::Display for Verb {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.arguments().join(" "))
    }
}

impl Verb {
    pub(super) fn arguments(self) -> Vec<String> {
        let words = |words: &[&str], last: Option<String>| {
            words.iter().map(|word| (*word).to_owned()).chain(last).collect()
        };
        match self {
            Self::Apply(version) => words(&["apply", "-auto-approve"], Some(file(version))),
            Self::Rollback(to) => {
                words(&["rollback", "-auto-approve"], to.map(|to| format!("-to={}", named(to))))
            }
            Self::Destroy(version) => words(&["destroy", "-auto-approve"], Some(file(version))),
            Self::Refresh(version) => {
                words(&["apply", "-auto-approve", "-refresh-only"], Some(file(version)))
            }
        }
    }
}
