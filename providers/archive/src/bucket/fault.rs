//! What goes wrong between us and a bucket, read once from whatever carries it, and told in words.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use object_store::client::{HttpError, HttpErrorKind};
use relplan_contract::{NO_AUTHORITIES, Path, Problem};

/// How much of an answer that nobody can read is shown.
const SHOWN: usize = 200;

/// An answer that says no, in the place of what was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The server's word for the reason: `NoSuchBucket`.
    pub(super) code: String,
    pub(super) message: String,
    /// How long to wait before the next try.
    pub(super) after: Option<Duration>,
    /// Where the bucket is, when it is not where it was looked for.
    pub(super) region: Option<String>,
}

impl Refusal {
    /// Reads the body of an answer: XML of S3 and Azure, JSON of Google, or whatever a proxy may write.
    pub(super) fn read(status: u16, body: &str) -> Self {
        let mut refusal = Self { status, ..Self::default() };
        if let Ok(document) = roxmltree::Document::parse(body.trim_start_matches('\u{feff}')) {
            let text = |name: &str| {
                let node = document.descendants().find(|node| node.has_tag_name(name));
                node.and_then(|node| node.text()).unwrap_or_default().trim().to_owned()
            };
            (refusal.code, refusal.message) = (text("Code"), text("Message"));
            refusal.region = Some(text("Region")).filter(|region| !region.is_empty());
        } else if let Ok(json) = serde_json::from_str::<serde_json::Value>(body) {
            let text = |pointer: &str| json.pointer(pointer).and_then(|value| value.as_str());
            text("/error/errors/0/reason")
                .or(text("/error"))
                .unwrap_or_default()
                .clone_into(&mut refusal.code);
            let said = text("/error/message").or(text("/error_description"));
            said.unwrap_or_default().clone_into(&mut refusal.message);
        }
        // Azure adds what only its makers understand.
        refusal.message = refusal.message.lines().next().unwrap_or_default().trim().to_owned();
        // HTML is XML to some; it has neither of them.
        if refusal.code.is_empty() && refusal.message.is_empty() && !body.trim_start().starts_with('<') {
            refusal.message = body.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        }
        refusal
    }

    /// Whether the same may succeed a little later.
    fn is_passing(&self) -> bool {
        match self.status {
            408 | 425 | 429 | 500..=599 => true,
            // S3 reports some of its troubles in a good answer, or as the fault of the one who asked.
            200..=299 => true,
            400 | 403 => matches!(
                &*self.code,
                "RequestTimeout" | "SlowDown" | "BadDigest" | "XAmzContentSHA256Mismatch" | "ExpiredToken"
            ),
            409 => matches!(&*self.code, "OperationAborted" | "ConditionalRequestConflict"),
            _ => false,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for text in [&self.code, &self.message] {
            if !text.is_empty() {
                write!(f, " {}", text.trim_end_matches('.'))?;
            }
        }
        Ok(())
    }
}

impl Error for Refusal {}

/// This machine has nobody to vouch for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unvouched;

impl fmt::Display for Unvouched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NO_AUTHORITIES)
    }
}

impl Error for Unvouched {}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The bucket said no.
    Refused(Refusal),
    /// There was no answer, or half of one.
    Silent(String),
    /// Nobody could be asked: wrong arguments, no credentials.
    Unasked(String),
    /// The run was interrupted.
    Cancelled,
}

impl Fault {
    /// Reads an error of the library: what our own [`Wire`](super::wire::Wire) put into it counts.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut current = error;
        loop {
            if let Some(refusal) = current.downcast_ref::<Refusal>() {
                return Self::Refused(refusal.clone());
            }
            if let Some(unvouched) = current.downcast_ref::<Unvouched>() {
                return Self::Unasked(unvouched.to_string());
            }
            if let Some(http) = current.downcast_ref::<HttpError>()
                && http.source().is_none_or(|source| !source.is::<Refusal>() && !source.is::<Unvouched>())
            {
                return Self::Silent(words(http));
            }
            let Some(source) = current.source() else { return Self::Unasked(error.to_string()) };
            current = source;
        }
    }

    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.is_passing(),
            Self::Silent(_) => true,
            Self::Unasked(_) | Self::Cancelled => false,
        }
    }

    /// The status of the answer; 0 where there was none.
    pub(super) const fn status(&self) -> u16 {
        match self {
            Self::Refused(refusal) => refusal.status,
            Self::Silent(_) | Self::Unasked(_) | Self::Cancelled => 0,
        }
    }

    /// For a person: what was being done, where, and what to do about it.
    pub(super) fn problem(&self, doing: &str, shown: &str) -> Problem {
        let about = |problem: Problem| problem.about(Path::attribute("bucket"));
        match self {
            Self::Cancelled => Problem::cancelled(),
            Self::Silent(why) => {
                about(Problem::retry(format!("{doing}: {shown} does not answer: {why}.")).hint(
                    "Look whether the endpoint is right and can be reached from here; then apply again.",
                ))
            }
            Self::Unasked(why) => about(
                Problem::refused(format!("{doing}: {shown} cannot be asked: {why}."))
                    .hint("Look at `bucket`, `bucket_options`, and the credentials in the environment."),
            ),
            Self::Refused(refusal) => {
                let message = format!("{doing}: {shown} answered {refusal}.");
                about(match refusal.status {
                    _ if refusal.is_passing() => {
                        let problem = Problem::retry(message).hint("Apply again when it has recovered.");
                        problem.after(refusal.after.unwrap_or(Duration::from_secs(60)))
                    }
                    404 => Problem::missing(message).hint("Make the bucket, or name one that is there."),
                    409 | 412 => Problem::conflict(message),
                    _ => Problem::refused(message).hint(hint(refusal)),
                })
            }
        }
    }
}

impl From<object_store::Error> for Fault {
    fn from(error: object_store::Error) -> Self {
        Self::of(&error)
    }
}

/// How to mend a refusal.
fn hint(refusal: &Refusal) -> String {
    if let Some(region) = &refusal.region {
        return format!("Write region = {region:?} in `bucket_options`.");
    }
    let hint = match (refusal.status, &*refusal.code) {
        (301 | 307, _) | (400, "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException") => {
            "The bucket is in another region: name it as `region` in `bucket_options`."
        }
        (_, "RequestTimeTooSkewed") => "The clock of this machine is wrong: set it.",
        (_, "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "AuthenticationFailed") => {
            "The credentials in the environment are wrong: look at the key and its secret."
        }
        (_, "NoCredentials") => {
            "Put them into the environment of relplan, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        }
        (401 | 403, _) => {
            "Give the key of the environment the rights that the documentation of `bucket` lists: list, read, write, delete, \
             and those of object lock where it is used."
        }
        _ => "Look at `bucket` and `bucket_options`.",
    };
    hint.to_owned()
}

/// The innermost reason that a request had no answer.
fn words(error: &HttpError) -> String {
    let mut current: &dyn Error = error;
    while let Some(source) = current.source() {
        current = source;
    }
    match error.kind() {
        HttpErrorKind::Connect => format!("no connection: {current}"),
        HttpErrorKind::Timeout => format!("too slow: {current}"),
        _ => current.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let xml = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>";
        assert_eq!(Refusal::read(403, xml).to_string(), "403 AccessDenied Access Denied");
        let json = r#"{"error": {"message": "no", "errors": [{"reason": "forbidden"}]}}"#;
        assert_eq!(Refusal::read(403, json).to_string(), "403 forbidden no");
        let azure =
            "<Error><Code>ContainerNotFound</Code><Message>There is none.\nRequestId:1</Message></Error>";
        assert_eq!(Refusal::read(404, azure).to_string(), "404 ContainerNotFound There is none");
        assert_eq!(Refusal::read(502, "<html><body>Bad gateway</body></html>").to_string(), "502");
        assert_eq!(Refusal::read(400, "what\u{7}?").to_string(), "400 what?");
    }

    #[test]
    fn what_passes_is_told_apart() {
        let refusal = |status, code: &str| {
            Fault::Refused(Refusal { status, code: code.to_owned(), ..Refusal::default() })
        };
        for passing in [
            refusal(500, ""),
            refusal(503, "SlowDown"),
            refusal(400, "BadDigest"),
            refusal(200, "InternalError"),
        ] {
            assert!(passing.is_passing(), "{passing:?}");
            assert_eq!(passing.problem("Writing", "s3://b").kind, relplan_contract::ProblemKind::Retry);
        }
        for lasting in
            [refusal(403, "AccessDenied"), refusal(404, "NoSuchBucket"), refusal(412, ""), refusal(301, "")]
        {
            assert!(!lasting.is_passing(), "{lasting:?}");
        }
    }
}
