//! Following a path step by step, from one open folder to the next.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, openat, readlinkat, statat};
use rustix::io::Errno;

use super::border::Border;
use super::{PathError, is_reserved};

/// How a folder is opened to reach what is in it: that needs no right to list it where the system can tell.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) const REACH: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const REACH: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// As many links as Linux follows.
const MOST_LINKS: u32 = 40;

/// What a path leads to.
pub(super) struct Found {
    /// The folders from the border on, each opened from the one before; the border itself is the first.
    folders: Vec<Arc<OwnedFd>>,
    real: PathBuf,
    /// The name of what is in the last of them, and its kind; none for that folder itself.
    leaf: Option<(OsString, FileType)>,
}

/// An entry of a folder.
pub(super) struct Entry {
    pub(super) name: OsString,
    pub(super) is_file: bool,
    pub(super) is_folder: bool,
    pub(super) is_link: bool,
}

/// Where a walk is.
enum At {
    /// Before any border. Nothing was looked at.
    Outside(PathBuf),
    Inside {
        border: usize,
        found: Found,
    },
}

struct Walk<'b> {
    borders: &'b [Border],
    at: At,
    rest: VecDeque<OsString>,
    links: u32,
}

/// Follows an absolute path within the borders.
pub(super) fn walk(borders: &[Border], path: &Path) -> Result<Found, PathError> {
    if path.as_os_str().as_bytes().contains(&0) {
        return Err(PathError::Other("it contains a NUL character".to_owned()));
    }
    let mut walk = Walk { borders, at: At::Outside(PathBuf::new()), rest: VecDeque::new(), links: 0 };
    walk.go_to(path)?;
    while let Some(name) = walk.rest.pop_front() {
        walk.step(name)?;
    }
    match walk.at {
        At::Inside { found, .. } => Ok(found),
        At::Outside(_) => Err(PathError::Outside),
    }
}

impl Walk<'_> {
    /// Goes on at a path, and then to what is left.
    fn go_to(&mut self, path: &Path) -> Result<(), PathError> {
        let names = path.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
        });
        for name in names.collect::<Vec<_>>().into_iter().rev() {
            self.rest.push_front(name);
        }
        if path.is_absolute() { self.outside("/".into()) } else { Ok(()) }
    }

    /// Stands at a path that is the border of something, or above one; anything else is not gone to.
    fn outside(&mut self, path: PathBuf) -> Result<(), PathError> {
        let here = self.borders.iter().position(|border| border.is(&path));
        let Some((border, at)) = here.and_then(|index| Some((index, self.borders.get(index)?))) else {
            if !self.borders.iter().any(|border| border.may_follow(&path)) {
                return Err(PathError::Outside);
            }
            self.at = At::Outside(path);
            return Ok(());
        };
        let mut found = Found { folders: vec![Arc::clone(&at.folder)], real: at.real.clone(), leaf: None };
        if let Some(name) = &at.file {
            if !self.rest.is_empty() {
                return Err(PathError::NotAFolder);
            }
            found.leaf = Some((name.clone(), kind(at.folder.as_fd(), name)?));
        }
        self.at = At::Inside { border, found };
        Ok(())
    }

    fn step(&mut self, name: OsString) -> Result<(), PathError> {
        let (border, found) = match &mut self.at {
            At::Outside(path) => {
                let mut path = std::mem::take(path);
                if name == ".." {
                    path.pop();
                } else {
                    path.push(name);
                }
                return self.outside(path);
            }
            At::Inside { border, found } => (*border, found),
        };
        if found.leaf.is_some() {
            return Err(PathError::NotAFolder);
        }
        if name == ".." {
            let above = found.real.parent().unwrap_or(Path::new("/")).to_path_buf();
            if found.folders.len() == 1 {
                return self.outside(above);
            }
            found.folders.pop();
            found.real = above;
            return Ok(());
        }
        if is_reserved(&name) {
            return Err(PathError::Reserved);
        }
        let real = found.real.join(&name);
        if self.borders.get(border).is_some_and(|border| border.reserved.contains(&real)) {
            return Err(PathError::Reserved);
        }
        match kind(found.last()?, &name)? {
            FileType::Symlink => {
                self.links += 1;
                if self.links > MOST_LINKS {
                    return Err(PathError::Circle);
                }
                let target = readlinkat(found.last()?, &name, Vec::new()).map_err(PathError::of)?;
                let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
                return self.go_to(&target);
            }
            FileType::Directory => {
                let inner = openat(found.last()?, &name, REACH, Mode::empty()).map_err(changed)?;
                found.folders.push(Arc::new(inner));
            }
            other => found.leaf = Some((name, other)),
        }
        found.real = real;
        Ok(())
    }
}

/// What is at a name in a folder, not followed.
fn kind(folder: BorrowedFd<'_>, name: &OsStr) -> Result<FileType, PathError> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(PathError::of)?;
    Ok(FileType::from_raw_mode(stat.st_mode))
}

/// What was a file or folder a moment ago and is a link now was put there by somebody who wants it followed.
fn changed(errno: Errno) -> PathError {
    if errno == Errno::LOOP { PathError::Outside } else { PathError::of(errno) }
}

impl Found {
    fn last(&self) -> Result<BorrowedFd<'_>, PathError> {
        self.folders.last().map(|folder| folder.as_fd()).ok_or(PathError::Missing)
    }

    /// Its path without links.
    pub(super) fn real(self) -> PathBuf {
        self.real
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self.leaf, Some((_, FileType::RegularFile)))
    }

    pub(super) fn is_folder(&self) -> bool {
        self.leaf.is_none()
    }

    /// Opens a regular file. Nothing else is opened: even that can have an effect, or wait without an end.
    pub(super) fn open(&self) -> Result<File, PathError> {
        let Some((name, FileType::RegularFile)) = &self.leaf else { return Err(PathError::NotAFile) };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(self.last()?, name, flags, Mode::empty()).map_err(changed)?;
        let stat = fstat(&file).map_err(PathError::of)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(PathError::NotAFile);
        }
        Ok(File::from(file))
    }

    /// The entries of a folder.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, PathError> {
        if self.leaf.is_some() {
            return Err(PathError::NotAFolder);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(self.last()?, ".", flags, Mode::empty()).map_err(PathError::of)?;
        let mut entries = Vec::new();
        for entry in Dir::new(folder).map_err(PathError::of)? {
            let entry = entry.map_err(PathError::of)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes()).to_owned();
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                // Some file systems do not tell. What is gone by now is none of them.
                FileType::Unknown => kind(self.last()?, &name).unwrap_or(FileType::Unknown),
                kind => kind,
            };
            entries.push(Entry {
                name,
                is_file: kind == FileType::RegularFile,
                is_folder: kind == FileType::Directory,
                is_link: kind == FileType::Symlink,
            });
        }
        Ok(entries)
    }

    /// A folder below this one, by a path of plain names that end in `/`; no link is followed.
    pub(super) fn below(&self, path: &str) -> Result<Self, PathError> {
        let mut last = self.folders.last().cloned().ok_or(PathError::Missing)?;
        for name in path.split_terminator('/') {
            last = Arc::new(openat(&last, name, REACH, Mode::empty()).map_err(changed)?);
        }
        Ok(Self { folders: vec![last], real: self.real.join(path), leaf: self.leaf.clone() })
    }
}
