//! One limit for all: how many requests at once, and how long nobody may ask because GitHub said so.
//!
//! A limit that does not end is neither asked about without pause nor waited for without end: each answer that tells of it
//! again makes the pause longer, a request waits a minute in all, and then the limit is told by its name. So asks GitHub's page
//! "Rate limits for the REST API", under "Exceeding the rate limit": heed `retry-after`, else `x-ratelimit-reset`, else wait a
//! minute; wait longer each time; and give up after some tries.

mod told;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use relplan_contract::{Context, Problem, Used};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::NAME;

pub(crate) use told::{Kind, Limit, told, told_by_type, told_in_words};

/// The longest wait for limits inside one request, in all. For more, the engine is told when to come again.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait after a limit that does not say: GitHub asks for a minute.
pub(super) const UNTOLD: Duration = Duration::from_secs(60);

/// The shortest pause after a limit, whatever it says.
const SHORTEST: Duration = Duration::from_secs(1);

/// How often a pause is doubled at most.
const MOST_DOUBLINGS: u32 = 6;

/// What is allowed now, and what was used so far.
pub(crate) struct Limits {
    slots: Semaphore,
    closed: Mutex<Closed>,
}

/// Why nobody may ask.
#[derive(Default)]
struct Closed {
    until: Option<SystemTime>,
    kind: Kind,
    /// When the limit was told of last.
    since: Option<SystemTime>,
    /// How often in a row, with pauses in between.
    times: u32,
}

/// What to do before a request.
pub(crate) enum Entry<'a> {
    /// Go on; the permit is held for as long as the request lasts.
    Open {
        /// The place among those that are under way.
        slot: SemaphorePermit<'a>,
        /// How long was waited for limits.
        waited: Duration,
    },
    /// Nobody may ask for this long.
    Closed(Duration, Kind),
}

impl Limits {
    pub(crate) fn new(at_once: usize) -> Self {
        Self { slots: Semaphore::new(at_once), closed: Mutex::default() }
    }

    fn closed(&self) -> MutexGuard<'_, Closed> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a free slot and for the end of a closure, `patience` at most.
    pub(crate) async fn enter(&self, context: &Context, patience: Duration) -> Result<Entry<'_>, Problem> {
        let mut waited = Duration::ZERO;
        loop {
            let slot = self.slots.acquire().await.map_err(|_| Problem::cancelled())?;
            let Some((wait, kind)) = self.wait(context.clock.now()) else {
                return Ok(Entry::Open { slot, waited });
            };
            drop(slot);
            if waited + wait > patience {
                return Ok(Entry::Closed(wait, kind));
            }
            waited += wait;
            let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            context.usage.add(NAME, Used { waited_ms: millis, ..Used::default() });
            tokio::select! {
                () = context.clock.sleep(wait) => {}
                () = context.cancel.cancelled() => return Err(Problem::cancelled()),
            }
        }
    }

    fn wait(&self, now: SystemTime) -> Option<(Duration, Kind)> {
        let closed = self.closed();
        let wait = closed.until?.duration_since(now).ok().filter(|wait| !wait.is_zero())?;
        Some((wait, closed.kind))
    }

    /// Closes for everybody, never shorter than it is closed already, and longer each time. `sent` is when the request was
    /// sent whose answer tells of the limit: those that were under way together are told of it together.
    pub(crate) fn close(&self, limit: Limit, sent: SystemTime, now: SystemTime) {
        let mut closed = self.closed();
        if closed.since.is_none_or(|since| sent >= since) {
            closed.times = closed.times.saturating_add(1);
        }
        let doublings = closed.times.saturating_sub(1).min(MOST_DOUBLINGS);
        let (told, least) = match limit.wait {
            Some(wait) => (wait, SHORTEST),
            None => (UNTOLD, UNTOLD),
        };
        let until = now + told.max(least.saturating_mul(1 << doublings));
        if closed.until.is_none_or(|before| before < until) {
            closed.until = Some(until);
            closed.kind = limit.kind;
        }
        closed.since = Some(now);
    }

    /// Notes an answer that tells of no limit, to a request that was sent then.
    pub(crate) fn open(&self, sent: SystemTime) {
        let mut closed = self.closed();
        if closed.times > 0 && closed.since.is_none_or(|since| sent >= since) {
            *closed = Closed::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn told(seconds: Option<u64>) -> Limit {
        Limit { kind: Kind::Secondary, wait: seconds.map(Duration::from_secs) }
    }

    #[test]
    fn a_limit_that_is_told_of_again_and_again_closes_for_longer_each_time() {
        for (seconds, expected) in [
            (Some(0), [1, 2, 4, 8, 16, 32, 64, 64]),
            (Some(5), [5, 5, 5, 8, 16, 32, 64, 64]),
            (None, [60, 120, 240, 480, 960, 1_920, 3_840, 3_840]),
        ] {
            let limits = Limits::new(1);
            let mut now = at(1_000);
            for pause in expected {
                limits.close(told(seconds), now, now);
                let wait = limits.wait(now).expect("closed").0;
                assert_eq!(wait.as_secs(), pause, "{seconds:?}");
                now += wait;
            }
            limits.open(now);
            limits.close(told(Some(1)), now, now);
            assert_eq!(limits.wait(now).expect("closed").0.as_secs(), 1, "it had ended");
        }
    }

    #[test]
    fn requests_that_are_under_way_together_are_told_of_one_limit() {
        let limits = Limits::new(10);
        for _ in 0..10 {
            limits.close(told(Some(2)), at(999), at(1_000));
        }
        assert_eq!(limits.wait(at(1_000)).expect("closed").0.as_secs(), 2);
        // One that was sent before the limit says nothing of its end.
        limits.open(at(999));
        limits.close(told(Some(1)), at(1_002), at(1_002));
        assert_eq!(limits.wait(at(1_002)).expect("closed").0.as_secs(), 2);
    }
}
