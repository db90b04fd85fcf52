//! What reaches the run's loop from the tasks that it started.

use relplan_contract::Applied;
use tokio::sync::oneshot;

use super::call::Fault;
use super::machine::{ChangeIndex, End};
use super::prepare::Ready;

/// What reaches the run's loop.
pub(super) enum Message {
    /// A change can be intended.
    Ready(ChangeIndex, Box<Ready>),
    /// A change cannot be begun, or needs nothing any more.
    NotBegun(ChangeIndex, End, String),
    /// An action ended.
    Ended(ChangeIndex, Result<Applied, Fault>),
    /// A wait is over.
    Woke(ChangeIndex),
    /// An action said something.
    Line(ChangeIndex, String),
    /// The outside system's name for an action, and who waits until it is durable.
    Reference(ChangeIndex, String, Option<oneshot::Sender<()>>),
}
