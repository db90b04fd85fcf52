//! Whether an answer tells of a limit, of which, and for how long.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value as Json;

use super::{PATIENCE, UNTOLD};
use crate::client::Fault;

/// The longest pause that is believed: GitHub's limits are of an hour. More is a fault of whoever wrote the header.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Which limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// So many requests an hour.
    #[default]
    Primary,
    /// Too many at once, or too fast.
    Secondary,
}

impl Kind {
    /// Its name in a sentence.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Primary => "rate limit",
            Self::Secondary => "secondary rate limit",
        }
    }
}

/// A limit that an answer tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// Which.
    pub(crate) kind: Kind,
    /// How long nobody should ask; none where the answer does not say.
    pub(crate) wait: Option<Duration>,
}

impl Limit {
    /// The fault of a request that does not wait for its end.
    pub(crate) fn fault(self) -> Fault {
        Fault::limited(self.kind, self.wait.unwrap_or(UNTOLD), PATIENCE)
    }
}

/// The limit that an answer tells of, if any. `asks_graphql` is whether the GraphQL API answers: that tells of limits in a 200, too.
pub(crate) fn told(
    (status, headers, body): (u16, &HeaderMap, &str),
    asks_graphql: bool,
    now: SystemTime,
) -> Option<Limit> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let used_up = number("x-ratelimit-remaining") == Some(0);
    let retry_after = number("retry-after");
    let words = match status {
        403 | 429 => told_in_words(&message(body)),
        200 if asks_graphql => told_by_graphql(body),
        _ => return None,
    };
    // Some proxies keep the status or the headers alone.
    let by_headers = match status {
        200 => None,
        _ if retry_after.is_some() => Some(Kind::Secondary),
        _ if used_up => Some(Kind::Primary),
        429 => Some(Kind::Secondary),
        _ => None,
    };
    let kind = words.or(by_headers)?;
    let reset = number("x-ratelimit-reset").filter(|_| used_up).map(|at| {
        let reset = UNIX_EPOCH.checked_add(Duration::from_secs(at.min(u64::from(u32::MAX)))).unwrap_or(now);
        // A second more: the header counts whole ones.
        reset.duration_since(now).unwrap_or_default() + Duration::from_secs(1)
    });
    let wait = retry_after.map(Duration::from_secs).or(reset).map(|wait| wait.min(LONGEST));
    Some(Limit { kind, wait })
}

/// The limit that a sentence of GitHub's tells of. `abuse detection` is what older Enterprise Servers say.
pub(crate) fn told_in_words(sentence: &str) -> Option<Kind> {
    let sentence = sentence.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| sentence.contains(words));
    if says(&["secondary rate limit", "abuse detection", "too many requests"]) {
        Some(Kind::Secondary)
    } else if says(&["rate limit exceeded", "rate limit already exceeded", "exceeded a rate limit"]) {
        Some(Kind::Primary)
    } else {
        None
    }
}

/// The sentence of an answer, which proxies give without JSON.
fn message(body: &str) -> String {
    match serde_json::from_str::<Json>(body) {
        Ok(json) => json.get("message").and_then(Json::as_str).unwrap_or_default().to_owned(),
        Err(_) => body.chars().take(1_000).collect(),
    }
}

/// The limit that keeps a query from being answered. Texts in the data are people's own, and say nothing: they are passed over.
fn told_by_graphql(body: &str) -> Option<Kind> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Told {
        data: Option<IgnoredAny>,
        errors: Option<Vec<Said>>,
        #[serde(flatten)]
        whole: Said,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Said {
        #[serde(rename = "type")]
        kind: Option<String>,
        message: Option<String>,
    }
    let told = serde_json::from_str::<Told>(body).ok().filter(|told| told.data.is_none())?;
    let by_type = |said: &Said| said.kind.as_deref().and_then(told_by_type);
    let in_words = |said: &Said| said.message.as_deref().and_then(told_in_words);
    told.errors
        .iter()
        .flatten()
        .chain([&told.whole])
        .find_map(|said| by_type(said).or_else(|| in_words(said)))
}

/// GitHub's own words for it: its documentation has one of them, its answers have both.
pub(crate) fn told_by_type(kind: &str) -> Option<Kind> {
    matches!(kind, "RATE_LIMITED" | "RATE_LIMIT").then_some(Kind::Primary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    const NOW: u64 = 1_000;

    fn seen(status: u16, pairs: &[(&'static str, &str)], body: &str) -> Option<(Kind, Option<u64>)> {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"))
        };
        let headers: HeaderMap = pairs.iter().map(pair).collect();
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        let limit = told((status, &headers, body), true, now)?;
        Some((limit.kind, limit.wait.map(|wait| wait.as_secs())))
    }

    #[test]
    fn the_headers_say_how_long() {
        use Kind::{Primary, Secondary};
        let used_up = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1030")];
        assert_eq!(seen(403, &[("retry-after", "7")], ""), Some((Secondary, Some(7))));
        assert_eq!(seen(403, &used_up, ""), Some((Primary, Some(31))));
        let past = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "5")];
        assert_eq!(seen(403, &past, ""), Some((Primary, Some(1))));
        assert_eq!(seen(429, &[], ""), Some((Secondary, None)));
        assert_eq!(
            seen(429, &[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")], ""),
            Some((Secondary, None))
        );
        assert_eq!(seen(403, &[("x-ratelimit-remaining", "12")], "Resource not accessible"), None);
        assert_eq!(seen(200, &used_up, "{\"data\":{}}"), None);
        assert_eq!(seen(404, &used_up, ""), None);
    }

    #[test]
    fn no_header_is_believed_that_says_for_ever() {
        let day = LONGEST.as_secs();
        for ever in ["99999999", "18446744073709551615"] {
            assert_eq!(seen(429, &[("retry-after", ever)], ""), Some((Kind::Secondary, Some(day))));
            let reset = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", ever)];
            assert!(seen(403, &reset, "").is_some_and(|(_, wait)| wait <= Some(day)), "{ever}");
        }
    }

    #[test]
    fn words_tell_of_a_limit_where_the_headers_are_gone() {
        for (words, kind) in [
            ("You have exceeded a secondary rate limit. Please wait a few minutes.", Kind::Secondary),
            ("You have triggered an abuse detection mechanism.", Kind::Secondary),
            ("API rate limit exceeded for installation ID 1.", Kind::Primary),
            ("API rate limit already exceeded for user ID 1.", Kind::Primary),
        ] {
            let body = serde_json::json!({ "message": words }).to_string();
            assert_eq!(seen(403, &[], &body), Some((kind, None)), "{words}");
            assert_eq!(seen(200, &[], &body), Some((kind, None)), "{words}");
        }
        assert_eq!(seen(403, &[], "{\"message\":\"Resource not accessible by integration\"}"), None);
    }

    #[test]
    fn graphql_tells_of_limits_in_a_200() {
        let used_up = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1003")];
        for kind in ["RATE_LIMITED", "RATE_LIMIT"] {
            let body =
                serde_json::json!({ "data": null, "errors": [{ "type": kind, "message": "No more." }] });
            assert_eq!(seen(200, &used_up, &body.to_string()), Some((Kind::Primary, Some(4))));
        }
        // What people wrote is no limit.
        let body = serde_json::json!({ "data": { "r0": { "body": "API rate limit exceeded" } } });
        assert_eq!(seen(200, &used_up, &body.to_string()), None);
    }
}
