//! Random identities and keys, from the operating system.

use super::error::LedgerError;
use crate::canonical::hex;

/// 128 random bits in hexadecimal: for runs, lineages and locks.
pub fn random_id() -> Result<String, LedgerError> {
    random_bytes::<16>().map(|bytes| hex(&bytes))
}

/// Random bytes for a key.
pub(super) fn random_bytes<const N: usize>() -> Result<[u8; N], LedgerError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| LedgerError::Random(error.to_string()))?;
    Ok(bytes)
}
