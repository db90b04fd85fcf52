//! What lies below a folder, so that a change can be told.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Everything below a folder: what it is, its mode and length, and a hash of what is in it or of where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tree(BTreeMap<PathBuf, Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    kind: &'static str,
    mode: u32,
    length: u64,
    hash: u64,
}

/// Of longer files only so much is looked at: they are sparse ones.
const LOOKED_AT: u64 = 32 << 20;

impl Tree {
    /// What is there now.
    pub(super) fn of(top: &Path) -> io::Result<Self> {
        let mut entries = BTreeMap::new();
        add(top, &mut entries)?;
        Ok(Self(entries))
    }

    /// Each path that is different in another tree, in words. `may` says of a file that was changed, and is a file still,
    /// whether that was allowed.
    pub(super) fn changes(&self, after: &Self, may: impl Fn(&Path) -> bool) -> Vec<String> {
        let mut found = Vec::new();
        for (path, entry) in &self.0 {
            match after.0.get(path) {
                None => found.push(format!("{} is gone", path.display())),
                Some(now) if now == entry => {}
                Some(now) if now.kind != entry.kind => {
                    found.push(format!("{} was a {} and is a {}", path.display(), entry.kind, now.kind));
                }
                Some(now) if now.mode == entry.mode && now.kind == "file" && may(path) => {}
                Some(_) => found.push(format!("{} was changed", path.display())),
            }
        }
        let new = after.0.keys().filter(|path| !self.0.contains_key(*path));
        found.extend(new.map(|path| format!("{} is new", path.display())));
        found
    }
}

fn add(folder: &Path, entries: &mut BTreeMap<PathBuf, Entry>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let metadata = fs::symlink_metadata(&path)?;
        let mut hasher = DefaultHasher::new();
        let kind = metadata.file_type();
        let kind = if kind.is_dir() {
            add(&path, entries)?;
            "folder"
        } else if kind.is_symlink() {
            fs::read_link(&path)?.hash(&mut hasher);
            "link"
        } else if kind.is_file() {
            let mut bytes = Vec::new();
            fs::File::open(&path)?.take(LOOKED_AT).read_to_end(&mut bytes)?;
            bytes.hash(&mut hasher);
            "file"
        } else if kind.is_fifo() {
            "pipe"
        } else {
            "socket or device"
        };
        let length = if kind == "file" { metadata.len() } else { 0 };
        entries.insert(path, Entry { kind, mode: metadata.mode(), length, hash: hasher.finish() });
    }
    Ok(())
}
