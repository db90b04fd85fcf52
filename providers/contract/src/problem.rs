//! [`Problem`]: why a provider could not do what it was asked.

use std::fmt;
use std::time::Duration;

use crate::path::Path;

/// What the engine may conclude from a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// An argument is wrong; nothing was done.
    Invalid,
    /// Nothing was done, and trying again may help: a refused connection, a rate limit.
    Retry,
    /// The other side said no, or the action failed: trying again would not help.
    Refused,
    /// What it needs is not there: a repository, a program.
    Missing,
    /// Something else is in its place: a tag of that name at another commit.
    Conflict,
    /// It may or may not have been done: the answer was lost.
    Uncertain,
    /// It was cut short on request, and nothing is left half-done.
    Cancelled,
}

impl ProblemKind {
    /// A stable word for it, for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Retry => "retry",
            Self::Refused => "refused",
            Self::Missing => "missing",
            Self::Conflict => "conflict",
            Self::Uncertain => "uncertain",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a provider could not do what it was asked, in words for a person; the engine adds the place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What the engine may conclude.
    pub kind: ProblemKind,
    /// What is wrong, as a full sentence.
    pub message: String,
    /// How to mend it, as a full sentence; empty where nobody can tell.
    pub hint: String,
    /// The attribute that it concerns.
    pub attribute: Option<Path>,
    /// Output that explains it, such as the last lines of a command; may have several lines.
    pub detail: String,
    /// The earliest that a new try makes sense, counted from now.
    pub retry_after: Option<Duration>,
}

impl Problem {
    /// A problem of a kind.
    #[must_use]
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: String::new(),
            attribute: None,
            detail: String::new(),
            retry_after: None,
        }
    }

    /// A wrong argument.
    #[must_use]
    pub fn invalid(attribute: &str, message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Invalid, message).about(Path::attribute(attribute))
    }

    /// A passing fault, after which nothing was done.
    #[must_use]
    pub fn retry(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Retry, message)
    }

    /// A final no.
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Refused, message)
    }

    /// Something needed is not there.
    #[must_use]
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Missing, message)
    }

    /// Something else is in its place.
    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Conflict, message)
    }

    /// A lost answer.
    #[must_use]
    pub fn uncertain(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Uncertain, message)
    }

    /// Cut short on request.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(ProblemKind::Cancelled, "It was interrupted.")
    }

    /// The same problem with a sentence on how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same problem with the attribute that it concerns.
    #[must_use]
    pub fn about(mut self, attribute: Path) -> Self {
        self.attribute = Some(attribute);
        self
    }

    /// The same problem with output that explains it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same problem with the earliest time for a new try.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Every text of it changed by `change`: for masking secrets.
    #[must_use]
    pub fn map_text(mut self, change: &dyn Fn(&str) -> String) -> Self {
        self.message = change(&self.message);
        self.hint = change(&self.hint);
        self.detail = change(&self.detail);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.hint.is_empty() {
            write!(f, " {}", self.hint)?;
        }
        if !self.detail.is_empty() {
            write!(f, "\n{}", self.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
