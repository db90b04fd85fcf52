//! Driving one call of a provider: a panic or a call that never ends becomes a [`Fault`] and not a broken test.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::context::Clock;
use crate::problem::Problem;

/// How a call ended when it gave no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// The provider said why.
    Problem(Problem),
    /// It panicked, with this message.
    Panic(String),
    /// It was still under way after this time.
    Late(Duration),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem(problem) => write!(f, "{} ({})", problem, problem.kind.name()),
            Self::Panic(message) => write!(f, "panic: {message}"),
            Self::Late(limit) => write!(f, "no answer within {} s", limit.as_secs()),
        }
    }
}

/// Runs the call to its end, but not past `limit`.
pub(super) async fn bounded<T>(
    clock: &dyn Clock,
    limit: Duration,
    call: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Fault> {
    let mut call = pin!(call);
    let mut end = clock.sleep(limit);
    std::future::poll_fn(move |task| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(task))) {
        Err(payload) => Poll::Ready(Err(Fault::Panic(panic_message(payload.as_ref())))),
        Ok(Poll::Ready(answer)) => Poll::Ready(answer.map_err(Fault::Problem)),
        Ok(Poll::Pending) => end.as_mut().poll(task).map(|()| Err(Fault::Late(limit))),
    })
    .await
}

/// Runs the call until it has waited `pauses` times and drops it then: what a crash or a deadline does to it.
/// True when it was dropped; false when it came to its end before, by an answer or a panic.
pub(super) async fn cut<T>(pauses: usize, call: impl Future<Output = T>) -> bool {
    let mut call = pin!(call);
    let mut seen = 0;
    std::future::poll_fn(move |task| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(task))) {
        Err(_) | Ok(Poll::Ready(_)) => Poll::Ready(false),
        Ok(Poll::Pending) => {
            seen += 1;
            if seen >= pauses { Poll::Ready(true) } else { Poll::Pending }
        }
    })
    .await
}

/// Runs a call that answers at once, with a panic as its message.
pub(super) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| panic_message(payload.as_ref()))
}

fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".into())
}
