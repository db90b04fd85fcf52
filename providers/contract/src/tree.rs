//! [`Tree`]: the files of a release, and the one way to read any of them.
//!
//! Whoever may change a release's repository may write any path into its files, and put any link there. So a path is
//! followed step by step, each folder opened from the one before and each link read and followed here: what lies
//! outside is not looked at, not even whether it is there, and what was checked is what is read. Nothing of `.git`
//! (the token of a checkout is in it) and `.relplan` (the key of the ledger is in it) is opened at any depth.
//! A hard link cannot be told from a file.
//!
//! What the operator names ([`Tree::with_named`]) may lie elsewhere. It is an *input* for providers (a key, a bundle of
//! certificates, a database), and no file that an expression or a module could read.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

mod border;
mod error;
mod walk;

pub use error::PathError;

use border::Border;
use walk::{Found, walk};

/// Names of what is not read at any depth: as they are, and as the file systems of other systems shorten them.
const RESERVED: [&str; 4] = [".git", ".relplan", "git~1", "relpla~1"];

/// Whether a name stands for git's own folder or for the ledgers', on whatever file system.
fn is_reserved(name: &OsStr) -> bool {
    // Some file systems ignore these characters, so that a name with one of them opens the same file.
    let ignored = |c: &char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let name: String = name.to_string_lossy().chars().filter(|c| !ignored(c)).collect();
    RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
}

/// The files that may be read for a release.
#[derive(Clone, Debug)]
pub struct Tree(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Where relative paths start, as it was named.
    base: PathBuf,
    /// The tree itself, and behind it what the operator named; none where there are no borders.
    borders: Option<Vec<Border>>,
}

impl Tree {
    /// The tree of a folder of release files: its git work tree, else the folder above it.
    ///
    /// Refused where a link leads from there to somewhere else.
    pub fn around(folder: &Path) -> Result<Self, PathError> {
        let (base, border) = border::around(folder)?;
        Ok(Self(Arc::new(Inner { base, borders: Some(vec![border]) })))
    }

    /// No borders: for what a person asks of a record that the ledger has, and for tests.
    #[must_use]
    pub fn anywhere(base: &Path) -> Self {
        Self(Arc::new(Inner { base: base.to_owned(), borders: None }))
    }

    /// The same without borders, for what the ledger says: it was inside, or allowed, when it was recorded.
    #[must_use]
    pub fn of_record(&self) -> Self {
        Self::anywhere(&self.0.base)
    }

    /// The same with files and folders that the operator named. Those that are not there are left out.
    #[must_use]
    pub fn with_named(&self, named: &[PathBuf]) -> Self {
        let Inner { base, borders } = &*self.0;
        let borders = borders.as_ref().map(|borders| {
            let more = named.iter().filter_map(|path| Border::named(&base.join(path)));
            borders.iter().cloned().chain(more).collect()
        });
        Self(Arc::new(Inner { base: base.clone(), borders }))
    }

    /// Where relative paths start.
    #[must_use]
    pub fn base(&self) -> &Path {
        &self.0.base
    }

    /// A path without `.` and `..`, as far as that can be done without looking.
    #[must_use]
    pub fn lexical(path: &Path) -> PathBuf {
        let mut out = PathBuf::new();
        for part in path.components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => drop(out.pop()),
                Component::Normal(_) | Component::RootDir | Component::Prefix(_) => out.push(part),
            }
        }
        out
    }

    /// Whether a path would lie in the tree if there were no links.
    #[must_use]
    pub fn holds(&self, path: &Path) -> bool {
        let path = Self::lexical(&self.0.base.join(path));
        self.tree().is_none_or(|borders| borders.iter().any(|border| border.holds(&path)))
    }

    /// The tree alone, without what the operator named.
    fn tree(&self) -> Option<&[Border]> {
        self.0.borders.as_deref().and_then(|borders| borders.get(..1))
    }

    fn find(&self, path: &Path, borders: Option<&[Border]>) -> Result<Found, PathError> {
        let full = self.0.base.join(path);
        match borders {
            Some(borders) => walk(borders, &full),
            None => walk(&[Border::everything()?], &std::path::absolute(full).map_err(PathError::of)?),
        }
    }

    /// The bytes of a regular file of the tree, at most `limit`.
    pub fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>, PathError> {
        bytes(&self.find(path, self.tree())?.open()?, limit)
    }

    /// Whether there is a regular file in the tree.
    pub fn is_file(&self, path: &Path) -> Result<bool, PathError> {
        match self.find(path, self.tree()) {
            Ok(found) => Ok(found.is_file()),
            Err(PathError::Missing) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether there is a folder in the tree.
    pub fn is_folder(&self, path: &Path) -> Result<bool, PathError> {
        match self.find(path, self.tree()) {
            Ok(found) => Ok(found.is_folder()),
            Err(PathError::Missing) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The names of the files in a folder of the tree, in any order. A link that may not be followed is among them: what
    /// reads it is told so.
    pub fn names(&self, folder: &Path) -> Result<Vec<String>, PathError> {
        self.names_within(folder, self.tree())
    }

    /// The same of a folder that a provider reads, as in [`input`](Self::input).
    pub fn input_names(&self, folder: &Path) -> Result<Vec<String>, PathError> {
        self.names_within(folder, self.0.borders.as_deref())
    }

    fn names_within(&self, folder: &Path, borders: Option<&[Border]>) -> Result<Vec<String>, PathError> {
        let mut names = Vec::new();
        for entry in self.find(folder, borders)?.entries()? {
            let Some(name) = entry.name.to_str().filter(|_| !is_reserved(&entry.name)) else { continue };
            let leads_to_file = || match self.find(&folder.join(name), borders) {
                Ok(found) => found.is_file(),
                Err(error) => matches!(error, PathError::Outside | PathError::Reserved),
            };
            if entry.is_file || entry.is_link && leads_to_file() {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// The regular files below a folder of the tree, relative to it with `/` between names, in any order, at most `most`.
    /// Links are left out: they could lead in a circle.
    pub fn files(&self, folder: &Path, most: usize) -> Result<Vec<String>, PathError> {
        let top = self.find(folder, self.tree())?;
        let mut found = Vec::new();
        let mut left = vec![String::new()];
        while let Some(above) = left.pop() {
            let entries = match top.below(&above).and_then(|at| at.entries()) {
                // Gone or replaced by now.
                Err(PathError::Missing | PathError::NotAFolder | PathError::Outside) if !above.is_empty() => {
                    continue;
                }
                entries => entries?,
            };
            for entry in entries {
                let Some(name) = entry.name.to_str().filter(|_| !is_reserved(&entry.name)) else { continue };
                if entry.is_folder {
                    left.push(format!("{above}{name}/"));
                } else if entry.is_file {
                    found.push(format!("{above}{name}"));
                }
            }
            if found.len().saturating_add(left.len()) > most {
                return Err(PathError::TooMany(most));
            }
        }
        Ok(found)
    }

    /// The real path of what a provider's program is to read: in the tree, or named by the operator. It need not be
    /// there.
    pub fn input(&self, path: &Path) -> Result<PathBuf, PathError> {
        let full = self.0.base.join(path);
        let Some(borders) = &self.0.borders else { return Ok(full) };
        match self.find(path, Some(borders)) {
            Ok(found) => Ok(found.real()),
            Err(PathError::Missing) => Ok(full),
            Err(error) => Err(error),
        }
    }

    /// Opens what a provider reads itself, a regular file as in [`input`](Self::input).
    pub fn open_input(&self, path: &Path) -> Result<File, PathError> {
        match &self.0.borders {
            Some(borders) => self.find(path, Some(borders))?.open(),
            None => open_file(&self.0.base.join(path)),
        }
    }

    /// The bytes of the same, at most `limit`.
    pub fn read_input(&self, path: &Path, limit: usize) -> Result<Vec<u8>, PathError> {
        bytes(&self.open_input(path)?, limit)
    }

    /// A folder that is written to, or run in. It may lie anywhere, but where its path says: one that looks to be in
    /// the tree does not lead out of it, and none is git's or relplan's own.
    pub fn place(&self, path: &Path) -> Result<PathBuf, PathError> {
        let full = self.0.base.join(path);
        let Some(tree) = self.tree() else { return Ok(full) };
        let plain = Self::lexical(&full);
        let own = |border: &Border| border.below(&plain).map(Path::to_path_buf);
        let below = tree.iter().find_map(own).unwrap_or_else(|| plain.clone());
        if below.components().any(|part| is_reserved(part.as_os_str())) {
            return Err(PathError::Reserved);
        }
        if !self.holds(path) {
            return Ok(plain);
        }
        match self.find(path, Some(tree)) {
            Ok(found) => Ok(found.real()),
            Err(PathError::Missing) => Ok(full),
            Err(error) => Err(error),
        }
    }
}

/// Checks a path that the operator names: a link on it that lies in a git work tree, where others may have put it, must
/// not lead out of that.
pub fn check_named(path: &Path) -> Result<(), PathError> {
    border::plain(path).map(drop)
}

/// Opens a regular file that the operator names. Without waiting: nobody may write to a pipe.
pub fn open_named(path: &Path) -> Result<File, PathError> {
    check_named(path)?;
    open_file(path)
}

fn open_file(path: &Path) -> Result<File, PathError> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(PathError::of)?);
    let is_file = file.metadata().map_err(PathError::of)?.is_file();
    if is_file { Ok(file) } else { Err(PathError::NotAFile) }
}

/// The bytes of an open file, at most `limit`.
fn bytes(file: &File, limit: usize) -> Result<Vec<u8>, PathError> {
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(PathError::of)?;
    if bytes.len() > limit { Err(PathError::TooLarge(limit as u64)) } else { Ok(bytes) }
}

/// A folder, opened only to reach what is in it.
fn open_folder(path: &Path) -> io::Result<OwnedFd> {
    rustix::fs::open(path, walk::REACH, rustix::fs::Mode::empty()).map_err(Into::into)
}

#[cfg(test)]
mod tests;
