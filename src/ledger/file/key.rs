//! The key of the fingerprints, in a file beside the ledger.

use std::path::Path;

use super::super::error::LedgerError;
use super::super::random::{random_bytes, random_id};
use super::super::seal::{KEY_LENGTH, Sealer};
use super::directory::{Directory, Privacy};
use super::{ROOT, directory_name};
use crate::state::State;

const KEY: &str = "key";

/// What makes fingerprints with the key of a product's ledger, given or kept beside it; without a key where there is
/// none. One that is not the key of `state` is refused.
pub fn sealer(
    root: &Path,
    product: &str,
    state: &State,
    given: Option<Sealer>,
) -> Result<Sealer, LedgerError> {
    let name = directory_name(product)?;
    let kept = match Directory::open(root, &[ROOT, &name])? {
        Some(directory) => read(&directory)?,
        None => None,
    };
    agreed(kept, given, state).map(|key| key.unwrap_or_else(Sealer::keyless))
}

/// As [`sealer`], for what is kept until the ledger is written: where no ledger has begun, the key is made that it will
/// have. Where that cannot be kept, there is none.
pub fn first_sealer(
    root: &Path,
    product: &str,
    state: &State,
    given: Option<Sealer>,
) -> Result<Sealer, LedgerError> {
    let found = sealer(root, product, state, given)?;
    if found.has_key() || state.lineage.is_some() {
        return Ok(found);
    }
    let made = super::directory(root, product).and_then(|directory| make(&directory));
    Ok(made.unwrap_or(found))
}

/// The one key that is meant.
pub(super) fn agreed(
    kept: Option<Sealer>,
    given: Option<Sealer>,
    state: &State,
) -> Result<Option<Sealer>, LedgerError> {
    let id = |key: &Option<Sealer>| key.as_ref().and_then(Sealer::key_id);
    let other = |key: &Option<Sealer>| key.is_some() && state.key.is_some() && id(key) != state.key;
    if other(&given) || (kept.is_some() && given.is_some() && id(&kept) != id(&given)) {
        return Err(LedgerError::WrongKey { given: true });
    }
    if other(&kept) {
        return Err(LedgerError::WrongKey { given: false });
    }
    Ok(given.or(kept))
}

/// The key that is kept.
pub(super) fn read(directory: &Directory) -> Result<Option<Sealer>, LedgerError> {
    let Some(content) = directory.content(KEY, Privacy::Private)?.map(zeroize::Zeroizing::new) else {
        return Ok(None);
    };
    let key: &[u8; KEY_LENGTH] = content
        .as_slice()
        .try_into()
        .map_err(|_| LedgerError::DamagedKey { path: directory.path(KEY).display().to_string() })?;
    Ok(Some(Sealer::new(key)))
}

/// Makes a key. Of two who do so at once, who may not see the ledger's lock, both get the first one's.
pub(super) fn make(directory: &Directory) -> Result<Sealer, LedgerError> {
    let key = zeroize::Zeroizing::new(random_bytes::<KEY_LENGTH>()?);
    directory.put_first(KEY, &format!("{KEY}.{}", random_id()?), &*key)?;
    let gone = || LedgerError::DamagedKey { path: directory.path(KEY).display().to_string() };
    read(directory)?.ok_or_else(gone)
}
