//! Whether a ledger is checked in to git: then whoever can change the repository has written it, and it proves nothing.
//!
//! git's index says so, a list of names (<https://git-scm.com/docs/index-format>). It is read here, since git itself
//! would be run for it, and only where there is a ledger at all.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use super::exit::{Exit, Failure};
use crate::ledger::file::ROOT;

/// The largest index that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// Sizes of the names of objects: of SHA-1 and of SHA-256.
const HASHES: [usize; 2] = [20, 32];

/// Refuses the ledgers beside the release files where git has any of their files.
pub(super) fn refuse(folder: &Path) -> Result<(), Failure> {
    if !folder.join(ROOT).is_dir() || !is_tracked(folder) {
        return Ok(());
    }
    let shown = folder.join(ROOT);
    Err(Failure::new(
        Exit::Ledger,
        format!("The ledger in {} is checked in to git, so that whoever changes the repository writes it.", shown.display()),
    )
    .help(format!(
        "If you wrote it, take it out with `git rm -r --cached {ROOT}` and commit that; otherwise remove the folder and look who put it there."
    )))
}

fn is_tracked(folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let Some(top) = folder.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok()) else {
        return false;
    };
    let Ok(below) = folder.strip_prefix(top) else { return false };
    let ledgers = below.join(ROOT).to_string_lossy().into_owned();
    indexes(&top.join(".git")).iter().any(|index| holds(index, ledgers.as_bytes()))
}

/// git's folder of a work tree: `.git` itself, or what it names where it is a file.
pub(super) fn git_folder(git: &Path) -> Option<PathBuf> {
    match git.symlink_metadata() {
        Ok(metadata) if metadata.is_file() && metadata.len() < 1 << 16 => {
            let text = std::fs::read_to_string(git).unwrap_or_default();
            let named = text.strip_prefix("gitdir:")?;
            Some(git.parent().unwrap_or(git).join(named.trim()))
        }
        _ => Some(git.to_owned()),
    }
}

/// The index, and those that it shares with others.
pub(super) fn indexes(git: &Path) -> Vec<Vec<u8>> {
    let Some(folder) = git_folder(git) else { return Vec::new() };
    let names =
        std::fs::read_dir(&folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.file_name()));
    let names = names.filter(|name| name == "index" || name.to_string_lossy().starts_with("sharedindex."));
    let small = |path: &PathBuf| path.metadata().is_ok_and(|file| file.is_file() && file.len() <= LARGEST);
    let paths = names.map(|name| folder.join(name)).filter(small);
    paths.filter_map(|path| std::fs::read(path).ok()).collect()
}

/// Whether an index has a name, or one below it. What is no index has none.
fn holds(index: &[u8], wanted: &[u8]) -> bool {
    let is_it = |name: &[u8]| {
        let (beginning, rest) = name.split_at(wanted.len().min(name.len()));
        beginning.eq_ignore_ascii_case(wanted) && (rest.is_empty() || rest.starts_with(b"/"))
    };
    HASHES.iter().any(|hash| find(index, *hash, |name, _| is_it(name)) == Some(true))
}

/// Whether an index has a file with this name and content.
pub(super) fn has(index: &[u8], wanted: &[u8], content: &[u8]) -> bool {
    let mut blob = format!("blob {}\0", content.len()).into_bytes();
    blob.extend_from_slice(content);
    let (short, long) = (digest(&SHA1_FOR_LEGACY_USE_ONLY, &blob), digest(&SHA256, &blob));
    let is_it = |name: &[u8], id: &[u8]| name == wanted && (id == short.as_ref() || id == long.as_ref());
    HASHES.iter().any(|hash| find(index, *hash, is_it) == Some(true))
}

/// Whether any name of an index fits; none where it cannot be read with names of objects of that size.
fn find(index: &[u8], hash: usize, fits: impl Fn(&[u8], &[u8]) -> bool) -> Option<bool> {
    let number = |at: usize, length: usize| {
        let bytes = index.get(at..at.checked_add(length)?)?;
        Some(bytes.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte)))
    };
    let version = number(4, 4).filter(|version| index.starts_with(b"DIRC") && (2..=4).contains(version))?;
    let (mut at, mut name, mut found) = (12, Vec::new(), false);
    for _ in 0..number(8, 4)? {
        let begun = at;
        // Ten numbers of what stat says, the object, flags; the highest but one of them says that there are more.
        at += 40 + hash + 2;
        let flags = number(at - 2, 2)?;
        at += if flags & 0x4000 == 0 { 0 } else { 2 };
        if version == 4 {
            let dropped = offset(index, &mut at)?;
            name.truncate(name.len().checked_sub(dropped)?);
        } else {
            name.clear();
        }
        let rest = index.get(at..)?;
        let length = rest.iter().position(|byte| *byte == 0)?;
        name.extend_from_slice(rest.get(..length)?);
        at += length + 1;
        if version < 4 {
            at = begun + (at - begun).next_multiple_of(8);
        }
        // The flags have the length, so that a wrong guess of the size of objects is noticed.
        if flags & 0xfff != name.len().min(0xfff) {
            return None;
        }
        found |= fits(&name, index.get(begun + 40..begun + 40 + hash)?);
    }
    Some(found)
}

/// A number of seven bits a byte, as in packs.
fn offset(index: &[u8], at: &mut usize) -> Option<usize> {
    let mut next = || {
        let byte = index.get(*at).copied().map(usize::from);
        *at += 1;
        byte
    };
    let mut byte = next()?;
    let mut number = byte & 0x7f;
    while byte & 0x80 != 0 {
        byte = next()?;
        number = number.checked_add(1)?.checked_mul(128)? | byte & 0x7f;
    }
    Some(number)
}

#[cfg(test)]
mod tests;
