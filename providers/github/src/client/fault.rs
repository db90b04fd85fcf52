//! [`Fault`]: why a request did not get what it asked for, told so that callers can decide what that means.

use std::time::Duration;

use relplan_contract::{Problem, ProblemKind};
use serde::Deserialize;

use super::limits::{Kind as LimitKind, PATIENCE};
use super::sso;

/// Why a request failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It never reached GitHub.
    Unsent(String),
    /// It was sent, and no whole answer came: it may have been done.
    Lost(String),
    /// GitHub is overloaded or broken (5xx): it may have been done.
    Broken { status: u16, message: String },
    /// A rate limit, for longer than we wait here. It was not done.
    Limited { kind: LimitKind, wait: Duration },
    /// GitHub said no.
    Refused(Refusal),
    /// What has a better description of its own: a missing token, an interrupt.
    Problem(Box<Problem>),
}

/// A no with its reasons.
#[derive(Debug, Default)]
pub(crate) struct Refusal {
    /// Status of the answer.
    pub(crate) status: u16,
    /// GitHub's words.
    pub(crate) message: String,
    /// Its words about single fields, one a line.
    pub(crate) errors: Vec<String>,
    /// The permissions that would do, where GitHub told them.
    pub(crate) permissions: Option<String>,
    /// The page on which single sign-on lets the token in, where that is what it lacks.
    pub(crate) sso: Option<String>,
}

/// The body of a refusal. `errors` holds objects or texts, by its mood.
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: serde_json::Value,
}

impl Refusal {
    /// Reads the body of an answer with this status.
    pub(crate) fn read(status: u16, body: &str, permissions: Option<String>) -> Self {
        let read: Body = serde_json::from_str(body).unwrap_or_default();
        let errors = read.errors.as_array().map(|errors| errors.iter().map(one_error).collect());
        Self { status, message: read.message, errors: errors.unwrap_or_default(), permissions, sso: None }
    }

    /// Whether any of its words contains this.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.message.contains(words) || self.errors.iter().any(|error| error.contains(words))
    }
}

/// `Release.tag_name already_exists`, or the message where there is one.
fn one_error(error: &serde_json::Value) -> String {
    let text = |name: &str| error.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    match (error.as_str(), text("message")) {
        (Some(text), _) => text.to_owned(),
        (None, "") => format!("{}.{} {}", text("resource"), text("field"), text("code")),
        (None, message) => message.to_owned(),
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl Fault {
    /// A limit that is closed for `wait` more, when this much patience was left.
    pub(crate) fn limited(kind: LimitKind, wait: Duration, patience: Duration) -> Self {
        // Who has waited in vain need not ask again soon: it does not end.
        let wait = if patience < PATIENCE { wait.max(PATIENCE) } else { wait };
        Self::Limited { kind, wait }
    }

    /// Whether GitHub answered with this status.
    pub(crate) fn is_status(&self, status: u16) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == status)
    }

    /// The problem of a request that changes nothing: trying again is always safe.
    pub(crate) fn reading(self, what: &str) -> Problem {
        self.problem(what, ProblemKind::Retry)
    }

    /// The problem of a request that changes something, and may have done so.
    pub(crate) fn changing(self, what: &str) -> Problem {
        self.problem(what, ProblemKind::Uncertain)
    }

    /// `what` is what was tried, as in `The tag could not be made`.
    fn problem(self, what: &str, lost: ProblemKind) -> Problem {
        match self {
            Self::Unsent(why) => Problem::retry(format!("{what}: GitHub was not reached: {why}.")),
            Self::Lost(why) => Problem::new(lost, format!("{what}: the answer was lost: {why}.")),
            Self::Broken { status, message } => {
                Problem::new(lost, format!("{what}: GitHub answered {status}, {message}."))
            }
            Self::Limited { kind, wait } => {
                let (seconds, name) = (wait.as_secs_f64().ceil(), kind.name());
                let hint = match kind {
                    LimitKind::Primary => "Wait, or use the token of an App, which has a limit of its own.",
                    LimitKind::Secondary => "Wait, or lower max_requests of the provider block.",
                };
                Problem::retry(format!("{what}: GitHub's {name} is used up for {seconds} s more."))
                    .hint(hint)
                    .after(wait)
            }
            Self::Refused(refusal) => refusal.problem(what),
            Self::Problem(problem) => *problem,
        }
    }
}

impl Refusal {
    fn problem(self, what: &str) -> Problem {
        let status = self.status;
        let said = if self.message.is_empty() { "without a reason" } else { self.message.as_str() };
        let message = format!("{what}: GitHub answered {status}: {}.", said.trim_end_matches('.'));
        // "Resource protected by organization SAML enforcement" is about no branch or tag.
        let rules = !self.says("SAML") && (self.says("rule violation") || self.says("protected"));
        let is_spent = self.says("used by an immutable release");
        let detail = self.errors.join("\n");
        let permissions = self.permissions.unwrap_or_default();
        let (kind, hint) = match status {
            401 => (ProblemKind::Refused, "The token is wrong or has expired: give another.".to_owned()),
            403 if self.sso.is_some() || sso::is_meant(&self.message) => {
                (ProblemKind::Refused, sso::hint(self.sso.as_deref()))
            }
            422 if is_spent => (
                ProblemKind::Refused,
                "The tag belonged to an immutable release, which was deleted, and GitHub never gives its name away again: \
                 release a new version."
                    .to_owned(),
            ),
            403 | 422 if rules => (
                ProblemKind::Refused,
                "A ruleset or a protected tag forbids it: let the token's owner bypass that rule, or use a name \
                 that it allows."
                    .to_owned(),
            ),
            403 if !permissions.is_empty() => {
                (ProblemKind::Refused, format!("The token needs one of these permissions: {permissions}."))
            }
            403 => (
                ProblemKind::Refused,
                "The token lacks a permission, or the organisation's single sign-on.".to_owned(),
            ),
            404 => (
                ProblemKind::Missing,
                "It does not exist, or the token may not see it: GitHub does not tell which.".to_owned(),
            ),
            409 => (ProblemKind::Conflict, "Something else is in its place: plan again.".to_owned()),
            _ => (ProblemKind::Refused, String::new()),
        };
        Problem::new(kind, message).hint(hint).detail(detail)
    }
}
