//! Finding objects of the state by their address.

use crate::addr::Address;
use crate::event::EntryKey;
use crate::state::{Entry, State};

/// Every object of one instance: a record has one for each version. What is deposed does not count.
pub(crate) fn of_address<'s>(
    state: &'s State,
    address: &Address,
) -> impl Iterator<Item = (&'s EntryKey, &'s Entry)> + use<'s> {
    let from = EntryKey { address: address.clone(), version: None };
    let address = address.clone();
    let own = state.entries.range(from..).take_while(move |(key, _)| key.address == address);
    own.filter(|(key, _)| !key.is_deposed())
}
