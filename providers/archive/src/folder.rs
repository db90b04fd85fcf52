//! A folder of this machine as a store. Only its owner may read or write there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use relplan_contract::Problem;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;

use crate::manifest::MANIFEST;
use crate::store::{Place, Sink, Source, failed};

/// The end of the name of a snapshot that is being made, or deleted.
const UNFINISHED: &str = ".unfinished";

/// How long the end of an attempt that was cut off is waited for: its programs get a few seconds to end by themselves.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often is looked.
const STEP: Duration = Duration::from_millis(20);

/// A folder.
pub(crate) struct Folder {
    path: PathBuf,
    /// The folders that are being made, each locked: who dies leaves one that anybody can lock.
    making: Mutex<Vec<(String, File)>>,
}

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, making: Mutex::default() }
    }

    fn unfinished(&self, snapshot: &str) -> PathBuf {
        self.path.join(format!(".{snapshot}{UNFINISHED}"))
    }

    /// The folder of a snapshot that is being made, made and locked with its first file.
    fn begin(&self, snapshot: &str) -> io::Result<PathBuf> {
        let folder = self.unfinished(snapshot);
        let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if !making.iter().any(|(name, _)| name == snapshot) {
            make(&folder)?;
            let lock = File::open(&folder)?;
            flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
            making.push((snapshot.to_owned(), lock));
        }
        Ok(folder)
    }

    fn forget(&self, snapshot: &str) {
        let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        making.retain(|(name, _)| name != snapshot);
    }

    /// Removes what dead processes left half-made, or half-deleted.
    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)?.filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') && name.ends_with(UNFINISHED) {
                let lock = File::open(entry.path())?;
                if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
                    fs::remove_dir_all(entry.path())?;
                }
            }
        }
        Ok(())
    }
}

fn refuse(path: &Path, why: &str, hint: String) -> Problem {
    Problem::refused(format!("The folder {} {why}.", path.display()))
        .hint(hint)
        .about(relplan_contract::Path::attribute("directory"))
}

/// Makes the folder where it is missing, and refuses one that others could read or change.
fn prepare(path: &Path) -> Result<(), Problem> {
    let unusable = |error: io::Error| refuse(path, &format!("cannot be used: {error}"), String::new());
    if !path.exists() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable)?;
    }
    let metadata = fs::symlink_metadata(path).map_err(unusable)?;
    if !metadata.is_dir() {
        return Err(refuse(path, "is no folder, or a link", "Name a folder of its own.".to_owned()));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(refuse(path, "belongs to somebody else", "Name a folder of your own.".to_owned()));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(refuse(
            path,
            "can be read or changed by others",
            format!("Run `chmod 700 {}`.", path.display()),
        ));
    }
    Ok(())
}

/// Makes the folder of a snapshot. One of an attempt that was cut off may be there until its programs have ended.
fn make(folder: &Path) -> io::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && waited < PATIENCE => {
                std::thread::sleep(STEP);
                waited += STEP;
            }
            made => return made,
        }
    }
}

/// Opens a file of a snapshot, neither of which is a link: nobody who takes snapshots makes one, and it would be read in
/// the place of what it leads to.
fn open_unlinked(folder: &Path, file: &str) -> Result<File, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let folder = rustix::fs::open(folder, flags | OFlags::DIRECTORY, Mode::empty())?;
    let file = File::from(rustix::fs::openat(folder, file, flags, Mode::empty())?);
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    if is_file { Ok(file) } else { Err(Errno::INVAL) }
}

struct FileSink(File);

impl Write for FileSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Sink for FileSink {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.sync_all()
    }
}

impl Place for Folder {
    fn shown(&self) -> String {
        self.path.display().to_string()
    }

    fn prepare(&self, _: &str, bytes: u64) -> Result<(), Problem> {
        prepare(&self.path)?;
        self.sweep().map_err(|error| failed("What a dead process left could not be removed", &error))?;
        let free = rustix::fs::statvfs(&self.path)
            .map_or(u64::MAX, |stat| stat.f_bavail.saturating_mul(stat.f_frsize));
        if free < bytes {
            let message = format!("has {free} bytes free, and about {bytes} may be needed");
            return Err(refuse(&self.path, &message, "Make room, or name another folder.".to_owned()));
        }
        Ok(())
    }

    fn create(&self, snapshot: &str, file: &str) -> io::Result<(String, Box<dyn Sink>)> {
        let path = self.begin(snapshot)?.join(file);
        let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok((file.to_owned(), Box::new(FileSink(opened))))
    }

    fn publish(&self, snapshot: &str, manifest: &[u8]) -> Result<(), Problem> {
        let (from, to) = (self.unfinished(snapshot), self.path.join(snapshot));
        let written = self.create(snapshot, MANIFEST).and_then(|(_, mut sink)| {
            sink.write_all(manifest)?;
            sink.finish()
        });
        let done = written
            .and_then(|()| File::open(&from)?.sync_all())
            // A rename over an empty folder would succeed, one over a snapshot does not.
            .and_then(|()| fs::rename(&from, &to))
            .and_then(|()| File::open(&self.path)?.sync_all());
        self.forget(snapshot);
        done.map_err(|error| failed(&format!("The snapshot {snapshot} could not be given its name"), &error))
    }

    fn discard(&self, snapshot: &str) {
        // It was made by us alone, and is swept later if this fails.
        let _ = fs::remove_dir_all(self.unfinished(snapshot));
        self.forget(snapshot);
    }

    fn open(&self, snapshot: &str, file: &str) -> io::Result<Option<Source>> {
        match open_unlinked(&self.path.join(snapshot), file) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    fn note(&self, snapshot: &str, file: &str, bytes: &[u8]) -> io::Result<()> {
        let folder = self.path.join(snapshot);
        let mut part = tempfile::Builder::new().prefix(&format!(".{file}-")).tempfile_in(&folder)?;
        part.write_all(bytes)?;
        part.as_file().sync_all()?;
        part.persist(folder.join(file)).map_err(|failed| failed.error)?;
        File::open(&folder)?.sync_all()
    }

    fn list(&self, beginning: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()));
        let mut names: Vec<String> = names
            .filter(|name| name.starts_with(beginning))
            .filter(|name| open_unlinked(&self.path.join(name), MANIFEST).is_ok())
            .collect();
        names.sort();
        Ok(names)
    }

    fn delete(&self, snapshot: &str) -> io::Result<()> {
        let folder = self.path.join(snapshot);
        open_unlinked(&folder, MANIFEST)?;
        let lock = File::open(&folder)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        // With one step it is no snapshot any more. What is left of it when we die is swept.
        let deleted = self.unfinished(&format!("{snapshot}.deleted"));
        fs::rename(folder, &deleted)?;
        File::open(&self.path)?.sync_all()?;
        fs::remove_dir_all(deleted)
    }
}
