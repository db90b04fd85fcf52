//! Finding the files that a pattern names, and which of them a command wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use relplan_contract::Tree;

/// The most folder entries that one pattern looks at.
const MOST_ENTRIES: usize = 100_000;

/// What tells a file from the one that stood there before: time of change, number and size.
type Fingerprint = (i64, i64, i64, i64, u64, u64);

/// The files of a pattern as they were at one time.
#[derive(Debug)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, Fingerprint>);

impl Snapshot {
    /// Looks now; the error is a sentence.
    pub(crate) fn take(tree: &Tree, folder: &Path, pattern: &str) -> Result<Self, String> {
        let paths = matching(tree, folder, pattern)?.into_iter();
        Ok(Self(paths.filter_map(|path| fingerprint(&path).map(|print| (path, print))).collect()))
    }

    /// The files of the pattern that are new or were written since.
    pub(crate) fn written_since(
        &self,
        tree: &Tree,
        folder: &Path,
        pattern: &str,
    ) -> Result<Vec<PathBuf>, String> {
        let now = matching(tree, folder, pattern)?;
        Ok(now.into_iter().filter(|path| fingerprint(path).as_ref() != self.0.get(path)).collect())
    }
}

fn fingerprint(path: &Path) -> Option<Fingerprint> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let (changed, modified) =
        ((metadata.ctime(), metadata.ctime_nsec()), (metadata.mtime(), metadata.mtime_nsec()));
    Some((changed.0, changed.1, modified.0, modified.1, metadata.ino(), metadata.size()))
}

/// The part of a pattern that names one folder or file.
pub(crate) fn beginning(folder: &Path, pattern: &str) -> PathBuf {
    let plain = Path::new(pattern).iter().take_while(|part| !part.to_string_lossy().contains(['*', '?']));
    folder.join(plain.collect::<PathBuf>())
}

/// The files that a pattern names, sorted: `*` and `?` within a name, `**` for any number of folders. Those that the
/// release may not read are not among them.
fn matching(tree: &Tree, folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let start = if pattern.starts_with('/') { PathBuf::from("/") } else { folder.to_path_buf() };
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    let mut search = Search { tree, seen: 0, found: BTreeSet::new() };
    search.descend(&start, &parts);
    if search.seen > MOST_ENTRIES {
        // Half of the reports would tell of half of the failures.
        return Err(format!(
            "The pattern {pattern} looks through more than {MOST_ENTRIES} files; name a smaller folder."
        ));
    }
    Ok(search.found.into_iter().collect())
}

struct Search<'t> {
    tree: &'t Tree,
    seen: usize,
    found: BTreeSet<PathBuf>,
}

impl Search<'_> {
    fn descend(&mut self, folder: &Path, parts: &[&str]) {
        let Some((part, rest)) = parts.split_first() else { return };
        if *part == "**" {
            self.descend(folder, rest);
            for path in self.entries(folder) {
                // Links are not followed here: they could lead in a circle.
                if path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
                    self.descend(&path, parts);
                }
            }
        } else if part.contains(['*', '?']) {
            for path in self.entries(folder) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if fits(part, &name) {
                    self.step(path, rest);
                }
            }
        } else {
            self.step(folder.join(part), rest);
        }
    }

    fn step(&mut self, path: PathBuf, rest: &[&str]) {
        if !rest.is_empty() {
            self.descend(&path, rest);
        } else if self.tree.input(&path).is_ok_and(|path| path.is_file()) {
            self.found.insert(path);
        }
    }

    /// The entries of a folder; none any more when too many were seen.
    fn entries(&mut self, folder: &Path) -> Vec<PathBuf> {
        let Ok(real) = self.tree.input(folder) else { return Vec::new() };
        let Ok(entries) = fs::read_dir(real) else { return Vec::new() };
        let room = (MOST_ENTRIES + 1).saturating_sub(self.seen);
        let paths: Vec<PathBuf> =
            entries.take(room).filter_map(|entry| Some(folder.join(entry.ok()?.file_name()))).collect();
        self.seen += paths.len();
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
