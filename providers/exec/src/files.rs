//! Finding the files that a pattern names, and which of them a command wrote.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The most folder entries that one pattern looks at, and the deepest folder.
const MOST_ENTRIES: usize = 100_000;
const DEEPEST: usize = 32;

/// What tells a file from the one that stood there before: time of change, number and size.
type Fingerprint = (i64, i64, i64, i64, u64, u64);

/// The files of a pattern as they were at one time.
#[derive(Debug)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, Fingerprint>);

impl Snapshot {
    /// Looks now.
    pub(crate) fn take(folder: &Path, pattern: &str) -> Self {
        Self(
            matching(folder, pattern)
                .into_iter()
                .filter_map(|path| Some((fingerprint(&path)?, path)))
                .map(|(p, path)| (path, p))
                .collect(),
        )
    }

    /// The files of the pattern that are new or were written since.
    pub(crate) fn written_since(&self, folder: &Path, pattern: &str) -> Vec<PathBuf> {
        let now = matching(folder, pattern);
        now.into_iter().filter(|path| fingerprint(path).as_ref() != self.0.get(path)).collect()
    }
}

fn fingerprint(path: &Path) -> Option<Fingerprint> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let (changed, modified) =
        ((metadata.ctime(), metadata.ctime_nsec()), (metadata.mtime(), metadata.mtime_nsec()));
    Some((changed.0, changed.1, modified.0, modified.1, metadata.ino(), metadata.size()))
}

/// The files that a pattern names, sorted: `*` and `?` within a name, `**` for any number of folders.
fn matching(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let start = if pattern.starts_with('/') { PathBuf::from("/") } else { folder.to_path_buf() };
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    let mut search = Search { budget: MOST_ENTRIES, found: Vec::new() };
    search.descend(&start, &parts, 0);
    search.found.sort();
    search.found.dedup();
    search.found
}

struct Search {
    budget: usize,
    found: Vec<PathBuf>,
}

impl Search {
    fn descend(&mut self, folder: &Path, parts: &[&str], depth: usize) {
        let Some((part, rest)) = parts.split_first() else { return };
        if depth > DEEPEST {
            return;
        }
        if *part == "**" {
            self.descend(folder, rest, depth);
            for path in self.entries(folder) {
                // Links are not followed here: they could lead in a circle.
                if path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
                    self.descend(&path, parts, depth + 1);
                }
            }
        } else if part.contains(['*', '?']) {
            for path in self.entries(folder) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if fits(part, &name) {
                    self.step(&path, rest, depth);
                }
            }
        } else {
            self.step(&folder.join(part), rest, depth);
        }
    }

    fn step(&mut self, path: &Path, rest: &[&str], depth: usize) {
        if !rest.is_empty() {
            self.descend(path, rest, depth + 1);
        } else if path.is_file() {
            self.found.push(path.to_path_buf());
        }
    }

    fn entries(&mut self, folder: &Path) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let paths: Vec<PathBuf> =
            entries.take(self.budget).filter_map(|entry| Some(entry.ok()?.path())).collect();
        self.budget -= paths.len();
        paths
    }
}

/// Whether a name fits a pattern of `*` (any characters) and `?` (any one).
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // Row by row: whether the pattern so far fits each beginning of the name.
    let mut row: Vec<bool> = (0..=name.len()).map(|length| length == 0).collect();
    for symbol in pattern {
        let mut next = Vec::with_capacity(row.len());
        let mut any = false;
        for (length, fitted) in row.iter().enumerate() {
            any |= fitted;
            let one = length.checked_sub(1).and_then(|before| Some((*row.get(before)?, *name.get(before)?)));
            next.push(match symbol {
                '*' => any,
                symbol => one.is_some_and(|(before, c)| before && (symbol == '?' || symbol == c)),
            });
        }
        row = next;
    }
    row.last() == Some(&true)
}

#[cfg(test)]
mod tests;
