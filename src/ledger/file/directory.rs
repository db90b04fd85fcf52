//! A directory that is safe to keep a ledger in: ours alone, and opened without following a symbolic link.
//!
//! Every file is opened relative to the directory's descriptor, so that what was checked is what is used.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, linkat, mkdirat, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::super::store::StoreError;

const OTHERS_WRITE: u32 = 0o022;
const OTHERS_ANY: u32 = 0o077;

/// An open directory.
#[derive(Debug)]
pub(in crate::ledger) struct Directory {
    fd: OwnedFd,
    path: PathBuf,
}

/// Who else may do what with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ledger) enum Privacy {
    /// Nobody else may write it.
    Readable,
    /// Nobody else may even read it.
    Private,
}

impl Directory {
    /// Opens an existing directory `names` levels below `root`; none where there is none.
    pub(in crate::ledger) fn open(root: &Path, names: &[&str]) -> Result<Option<Self>, StoreError> {
        Self::walk(root, names, false)
    }

    /// Opens a directory, and makes it and those above it (up to `root`) where they are missing.
    pub(in crate::ledger) fn create(root: &Path, names: &[&str]) -> Result<Self, StoreError> {
        let missing = || StoreError::io("open", root)(io::ErrorKind::NotFound.into());
        Self::walk(root, names, true)?.ok_or_else(missing)
    }

    /// Opens a directory in this one, and makes it where it is missing.
    pub(in crate::ledger) fn inner(&self, name: &str) -> Result<Self, StoreError> {
        let missing = || StoreError::io("open", self.path.join(name))(io::ErrorKind::NotFound.into());
        self.enter(name, true)?.ok_or_else(missing)
    }

    fn walk(root: &Path, names: &[&str], make: bool) -> Result<Option<Self>, StoreError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = openat(CWD, root, flags, Mode::empty()).map_err(|errno| failed("open", root, errno))?;
        let mut directory = Self { fd, path: root.to_owned() };
        for name in names {
            match directory.enter(name, make)? {
                Some(inner) => directory = inner,
                None => return Ok(None),
            }
        }
        Ok(Some(directory))
    }

    fn enter(&self, name: &str, make: bool) -> Result<Option<Self>, StoreError> {
        let path = self.path.join(name);
        if make {
            match mkdirat(&self.fd, name, Mode::RWXU) {
                // Also when it was there: whoever made it may have died before this.
                Ok(()) | Err(Errno::EXIST) => self.sync()?,
                Err(errno) => return Err(failed("make the directory", &path, errno)),
            }
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let fd = match openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR) => {
                return Err(not_a("is no directory, or a symbolic link to one", path));
            }
            Err(errno) => return Err(failed("open", &path, errno)),
        };
        let stat = fstat(&fd).map_err(|errno| failed("look at", &path, errno))?;
        check_owner(&stat, &path)?;
        check_mode(&stat, &path, OTHERS_WRITE, "can be written by others", "Run `chmod go-w` on it")?;
        Ok(Some(Self { fd, path }))
    }

    /// The path of a file in it, for messages.
    pub(in crate::ledger) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether the path still leads to this directory.
    pub(in crate::ledger) fn is_in_place(&self) -> bool {
        let now = statat(CWD, &self.path, AtFlags::SYMLINK_NOFOLLOW).ok();
        now.zip(fstat(&self.fd).ok()).is_some_and(|(now, ours)| same(&now, &ours))
    }

    /// Whether the name still leads to an open file.
    pub(in crate::ledger) fn still_names(&self, name: &str, file: &File) -> bool {
        let now = statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).ok();
        now.zip(fstat(file).ok()).is_some_and(|(now, ours)| same(&now, &ours))
    }

    /// Opens an existing file; none where there is none.
    pub(in crate::ledger) fn file(
        &self,
        name: &str,
        write: bool,
        privacy: Privacy,
    ) -> Result<Option<File>, StoreError> {
        let access = if write { OFlags::RDWR } else { OFlags::RDONLY };
        match self.open_file(name, access) {
            Ok(fd) => self.check_file(name, File::from(fd), privacy).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.refused(name, errno)),
        }
    }

    /// Opens a file for reading and writing, and makes it where it is missing.
    pub(in crate::ledger) fn file_or_new(&self, name: &str, privacy: Privacy) -> Result<File, StoreError> {
        let fd =
            self.open_file(name, OFlags::RDWR | OFlags::CREATE).map_err(|errno| self.refused(name, errno))?;
        self.check_file(name, File::from(fd), privacy)
    }

    /// Makes a file that must not be there yet; none where it is.
    pub(in crate::ledger) fn new_file(&self, name: &str) -> Result<Option<File>, StoreError> {
        match self.open_file(name, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL) {
            Ok(fd) => Ok(Some(File::from(fd))),
            Err(Errno::EXIST) => Ok(None),
            Err(errno) => Err(self.refused(name, errno)),
        }
    }

    /// The content of a file; none where there is none.
    pub(in crate::ledger) fn content(
        &self,
        name: &str,
        privacy: Privacy,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(mut file) = self.file(name, false, privacy)? else { return Ok(None) };
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(StoreError::io("read", self.path(name)))?;
        Ok(Some(content))
    }

    /// Puts a file in the place of the one before, wholly or not at all, and makes that durable.
    pub(in crate::ledger) fn replace(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        let new = format!("{name}.new");
        match unlinkat(&self.fd, new.as_str(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed("remove", &self.path(&new), errno)),
        }
        self.write_new(&new, content)?;
        renameat(&self.fd, new.as_str(), &self.fd, name)
            .map_err(|errno| failed("rename", &self.path(&new), errno))?;
        self.sync()
    }

    /// Makes a file with this content unless there is one: whole from the beginning, whoever else makes it at the same
    /// time. It is written under the name `new`, which nobody else uses.
    pub(in crate::ledger) fn put_first(
        &self,
        name: &str,
        new: &str,
        content: &[u8],
    ) -> Result<(), StoreError> {
        self.write_new(new, content)?;
        let linked = linkat(&self.fd, new, &self.fd, name, AtFlags::empty());
        unlinkat(&self.fd, new, AtFlags::empty())
            .map_err(|errno| failed("remove", &self.path(new), errno))?;
        match linked {
            Ok(()) | Err(Errno::EXIST) => self.sync(),
            Err(errno) => Err(failed("make", &self.path(name), errno)),
        }
    }

    /// Makes a file that must not be there yet, with this content, which is durable then.
    fn write_new(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        let taken = || StoreError::io("make", self.path(name))(io::ErrorKind::AlreadyExists.into());
        let mut file = self.new_file(name)?.ok_or_else(taken)?;
        file.write_all(content).map_err(StoreError::io("write", self.path(name)))?;
        file.sync_all().map_err(StoreError::io("sync", self.path(name)))
    }

    /// Makes the names in it durable.
    pub(in crate::ledger) fn sync(&self) -> Result<(), StoreError> {
        rustix::fs::fsync(&self.fd).map_err(|errno| failed("sync", &self.path, errno))
    }

    fn open_file(&self, name: &str, access: OFlags) -> Result<OwnedFd, Errno> {
        // NONBLOCK, so that a pipe laid in the file's place is refused and not waited for.
        let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        openat(&self.fd, name, flags, Mode::RUSR | Mode::WUSR)
    }

    fn check_file(&self, name: &str, file: File, privacy: Privacy) -> Result<File, StoreError> {
        let path = self.path(name);
        let stat = fstat(&file).map_err(|errno| failed("look at", &path, errno))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(not_a("is no regular file", path));
        }
        check_owner(&stat, &path)?;
        match privacy {
            Privacy::Readable => {
                check_mode(&stat, &path, OTHERS_WRITE, "can be written by others", "Run `chmod go-w` on it")?;
            }
            Privacy::Private => {
                check_mode(&stat, &path, OTHERS_ANY, "can be read by others", "Run `chmod 600` on it")?;
            }
        }
        Ok(file)
    }

    fn refused(&self, name: &str, errno: Errno) -> StoreError {
        let path = self.path(name);
        match errno {
            Errno::LOOP => not_a("is a symbolic link", path),
            Errno::ISDIR | Errno::NXIO => not_a("is no regular file", path),
            errno => failed("open", &path, errno),
        }
    }
}

/// The name as one component of a path: what is neither letter, digit, `_`, `-` nor an inner `.` is written `%XX`.
pub(in crate::ledger) fn component(name: &str) -> String {
    let plain = |index: usize, byte: u8| {
        byte.is_ascii_alphanumeric() || b"_-".contains(&byte) || (byte == b'.' && index > 0)
    };
    let byte = |(index, byte): (usize, u8)| {
        if plain(index, byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    name.bytes().enumerate().map(byte).collect()
}

fn same(a: &Stat, b: &Stat) -> bool {
    (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)
}

fn failed(action: &'static str, path: &Path, errno: Errno) -> StoreError {
    StoreError::io(action, path)(errno.into())
}

fn not_a(problem: &'static str, path: PathBuf) -> StoreError {
    StoreError::Unsafe { path, problem, hint: "Look who put it there, and remove it" }
}

fn check_owner(stat: &Stat, path: &Path) -> Result<(), StoreError> {
    if stat.st_uid == geteuid().as_raw() {
        return Ok(());
    }
    let hint = "Run relplan as its owner, or make it yours with `chown`";
    Err(StoreError::Unsafe { path: path.to_owned(), problem: "belongs to another user", hint })
}

fn check_mode(
    stat: &Stat,
    path: &Path,
    forbidden: u32,
    problem: &'static str,
    hint: &'static str,
) -> Result<(), StoreError> {
    if stat.st_mode & forbidden == 0 {
        return Ok(());
    }
    Err(StoreError::Unsafe { path: path.to_owned(), problem, hint })
}
