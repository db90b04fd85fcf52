//! One limit for all: how many requests at once, and how long nobody may ask because GitHub said so.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use relplan_contract::{Context, Problem, Used};
use reqwest::header::HeaderMap;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::NAME;

/// The longest wait for a rate limit inside one request. For more, the engine is told when to come again.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait after a secondary limit that does not say: GitHub asks for a minute.
pub(crate) const UNTOLD: Duration = Duration::from_secs(60);

/// What is allowed now, and what was used so far.
pub(crate) struct Limits {
    slots: Semaphore,
    closed_until: Mutex<Option<SystemTime>>,
}

/// What to do before a request.
pub(crate) enum Entry<'a> {
    /// Go on; the permit is held for as long as the request lasts.
    Open(SemaphorePermit<'a>),
    /// Nobody may ask for this long.
    Closed(Duration),
}

impl Limits {
    pub(crate) fn new(at_once: usize) -> Self {
        Self { slots: Semaphore::new(at_once), closed_until: Mutex::default() }
    }

    /// Waits for a free slot and for the end of a short closure.
    pub(crate) async fn enter(&self, context: &Context) -> Result<Entry<'_>, Problem> {
        loop {
            let permit = self.slots.acquire().await.map_err(|_| Problem::cancelled())?;
            let Some(wait) = self.wait(context.clock.now()) else { return Ok(Entry::Open(permit)) };
            drop(permit);
            if wait > PATIENCE {
                return Ok(Entry::Closed(wait));
            }
            let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            context.usage.add(NAME, Used { waited_ms: millis, ..Used::default() });
            tokio::select! {
                () = context.clock.sleep(wait) => {}
                () = context.cancel.cancelled() => return Err(Problem::cancelled()),
            }
        }
    }

    fn wait(&self, now: SystemTime) -> Option<Duration> {
        let closed = *self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        closed.and_then(|until| until.duration_since(now).ok()).filter(|wait| !wait.is_zero())
    }

    /// Closes for everybody, never shorter than it is closed already.
    pub(crate) fn close(&self, until: SystemTime) {
        let mut closed = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.is_none_or(|before| before < until) {
            *closed = Some(until);
        }
    }
}

/// Until when an answer says that nobody should ask; none where it is no matter of limits.
pub(crate) fn closed_until(
    status: u16,
    headers: &HeaderMap,
    body: &str,
    now: SystemTime,
) -> Option<SystemTime> {
    if !matches!(status, 403 | 429) {
        return None;
    }
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if let Some(seconds) = number("retry-after") {
        return Some(now + Duration::from_secs(seconds));
    }
    if number("x-ratelimit-remaining") == Some(0) {
        let reset = number("x-ratelimit-reset").map(|at| UNIX_EPOCH + Duration::from_secs(at));
        // A second more: the header counts whole ones.
        return Some(reset.map_or(now + UNTOLD, |reset| reset.max(now) + Duration::from_secs(1)));
    }
    (status == 429 || body.contains("secondary rate limit")).then_some(now + UNTOLD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn the_headers_say_how_long() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let until = |status, pairs: &[_], body| {
            let until = closed_until(status, &headers(pairs), body, now)?;
            Some(until.duration_since(now).expect("the future").as_secs())
        };
        assert_eq!(until(403, &[("retry-after", "7")], ""), Some(7));
        let used_up = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1030")];
        assert_eq!(until(403, &used_up, ""), Some(31));
        assert_eq!(until(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "5")], ""), Some(1));
        assert_eq!(until(429, &[], ""), Some(60));
        assert_eq!(until(403, &[], "You have exceeded a secondary rate limit."), Some(60));
        assert_eq!(until(403, &[("x-ratelimit-remaining", "12")], "Resource not accessible"), None);
        assert_eq!(until(200, &used_up, ""), None);
    }
}
