//! The versions of a release, and which of them is newer.

use std::sync::Arc;

use relplan_contract::Lifetime;
use semver::Version;

use super::{Entry, State};
use crate::addr::Address;
use crate::event::EntryKey;

/// A version to be compared by its precedence; none where it has no semantic version.
#[must_use]
pub fn parsed(version: &str) -> Option<Version> {
    Version::parse(version.trim_start_matches('v')).ok()
}

/// Whether a version is newer than another; false where either cannot be compared.
#[must_use]
pub fn is_newer(version: &str, than: &str) -> bool {
    parsed(version).zip(parsed(than)).is_some_and(|(version, than)| version > than)
}

/// The newest of some versions; those that cannot be compared come before the others.
pub fn newest<'v>(versions: impl Iterator<Item = &'v Arc<str>>) -> Option<&'v Arc<str>> {
    versions.max_by_key(|version| (parsed(version), *version))
}

impl State {
    /// The live resources that are there, without what is deposed.
    pub fn live(&self) -> impl Iterator<Item = (&Address, &Entry)> {
        let live = self.entries.iter().filter(|(key, entry)| {
            entry.lifetime == Lifetime::Live && key.version.is_none() && entry.exists()
        });
        live.map(|(key, entry)| (&key.address, entry))
    }

    /// Whether a live version is nothing that this ledger brought there: none of its releases, at an address where it has
    /// done nothing yet, or where that is newer than what is wanted.
    #[must_use]
    pub fn is_from_elsewhere(&self, key: &EntryKey, live: &str, wanted: &str) -> bool {
        let released = |version: &str| self.releases.contains_key(version);
        let acted = self.generations.get(key).is_some_and(|generation| *generation > 0);
        live != wanted
            && !released(live)
            && !released(live.trim_start_matches('v'))
            && (!acted || is_newer(live, wanted))
    }

    /// The newest version that is live at any address; none where nothing is.
    #[must_use]
    pub fn newest_live(&self) -> Option<&Arc<str>> {
        newest(self.live().map(|(_, entry)| &entry.version))
    }
}
