//! [`Journal`]: the ledger, as far as a run needs it.

use crate::event::{Event, Recorded};
use crate::ledger::{Ledger, LedgerError, Store};
use crate::state::State;

/// Where a run records what it does.
pub trait Journal {
    /// Writes events; they are durable only after [`Journal::sync`].
    fn append(&mut self, time_ms: i64, events: Vec<Event>) -> Result<Vec<Recorded>, LedgerError>;

    /// Makes everything written durable.
    fn sync(&mut self) -> Result<(), LedgerError>;

    /// The state after everything written.
    fn state(&self) -> &State;
}

impl<S: Store> Journal for Ledger<S> {
    fn append(&mut self, time_ms: i64, events: Vec<Event>) -> Result<Vec<Recorded>, LedgerError> {
        Self::append(self, time_ms, events)
    }

    fn sync(&mut self) -> Result<(), LedgerError> {
        Self::sync(self)
    }

    fn state(&self) -> &State {
        Self::state(self)
    }
}
