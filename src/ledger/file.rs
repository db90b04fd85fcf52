//! The local ledger: a directory `.relplan/<product>/` with `ledger.jsonl`, `head`, `checkpoint.json`, `key` and
//! `lock`.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write as _};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

pub(in crate::ledger) mod directory;
mod key;

pub use key::{first_sealer, sealer};

use super::chain::End;
use super::error::{LedgerError, Notice};
use super::known::Known;
use super::lock::{self, Holder, Lock, LockError, Patience};
use super::log::Log;
use super::reading::Reading;
use super::seal::Sealer;
use super::store::{Store, StoreError};
use super::{Beside, Ledger, Report, Writer};
use crate::canonical::Digest;
use crate::event::{Event, Recorded};
use crate::state::Head;
use directory::{Directory, Privacy};

/// Directory of the ledgers of all products, beside the release files.
pub const ROOT: &str = ".relplan";

/// Tells git to leave the folder of the ledgers alone.
const IGNORE: &str = ".gitignore";

const LOG: &str = "ledger.jsonl";
const CHECKPOINT: &str = "checkpoint.json";
const HEAD: &str = "head";

/// The longest name of a product's directory, in bytes.
const NAME_LIMIT: usize = 200;

/// How long one write of another process may hold up ours.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);

/// The files of one ledger.
#[derive(Debug)]
pub struct Files {
    directory: Directory,
    log: File,
    /// Opened with the first head that is written.
    head: Option<File>,
    /// Held as long as the files are open for writing; none for reading, and for the one who forces the lock.
    lock: Option<Lock>,
}

/// How often forcing is tried against a writer that does not stop writing.
const FORCE_TRIES: u32 = 1000;

/// What a ledger opened for writing needs to know.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The directory of the release files: `.relplan` is in it, or will be.
    pub root: &'a Path,
    /// Name of the product.
    pub product: &'a str,
    /// On whose behalf records are written.
    pub writer: Writer,
    /// What the lock file tells others.
    pub holder: Holder,
    /// The key of the fingerprints, where it is given and not only kept beside the ledger.
    pub key: Option<Sealer>,
    /// The time, for the first record, in milliseconds since 1970.
    pub time_ms: i64,
}

/// Reads the ledger of a product, verified and folded, without its lock and without changing anything. None where
/// there is none yet.
pub fn read(root: &Path, product: &str) -> Result<Option<Reading>, LedgerError> {
    let Some(mut files) = Files::find(root, product, false)? else { return Ok(None) };
    let reading = Reading::of(&mut files)?;
    let found = &reading.state().product;
    if reading.state().lineage.is_some() && found != product {
        return Err(LedgerError::OtherProduct { found: found.clone(), wanted: product.to_owned() });
    }
    Ok(Some(reading))
}

/// Every record of a product's ledger, verified, in order. None without a ledger.
pub fn records(root: &Path, product: &str) -> Result<Vec<Recorded>, LedgerError> {
    let Some(mut files) = Files::find(root, product, false)? else { return Ok(Vec::new()) };
    Reading::records(&mut files)
}

/// Opens the ledger of a product for writing under its lock, and makes it where there is none.
pub fn open(
    request: Request<'_>,
    mut patience: Patience<'_>,
) -> Result<(Ledger<Files>, Vec<Notice>), LedgerError> {
    let mut files = Files::create(directory(request.root, request.product)?)?;
    let mut reading = Reading::of(&mut files)?;
    loop {
        let epoch = reading.state().epoch;
        files.lock = Some(Lock::wait(&files.directory, epoch, &request.holder, &mut patience)?);
        // Others may have written, or forced the lock, while this command waited.
        reading.catch_up(&mut files)?;
        if files.lock.as_ref().map(Lock::epoch) == Some(reading.state().epoch) || reading.state().epoch <= 1 {
            break;
        }
        files.lock = None;
    }
    begin(files, reading, request)
}

/// Forces the lock with the id `given` open: a new epoch begins with `reason`, and whoever held the lock is refused
/// at their next write.
pub fn force_unlock(request: &Request<'_>, given: &str, reason: &str) -> Result<Head, LedgerError> {
    // The one who is forced out may be writing all the time: then this is tried again from what they wrote.
    for _ in 1..FORCE_TRIES {
        match try_force(request.clone(), given, reason) {
            Err(LedgerError::Superseded(_) | LedgerError::Disturbed { .. }) => {}
            outcome => return outcome,
        }
    }
    try_force(request.clone(), given, reason)
}

fn try_force(request: Request<'_>, given: &str, reason: &str) -> Result<Head, LedgerError> {
    let Some(mut files) = Files::find(request.root, request.product, true)? else {
        return Err(LockError::NotHeld.into());
    };
    let reading = Reading::of(&mut files)?;
    match lock::holder(&files.directory, reading.state().epoch)? {
        None => return Err(LockError::NotHeld.into()),
        Some(holder) if holder.id != given && !holder.id.is_empty() => {
            return Err(LockError::OtherHolder { given: given.to_owned(), holder: Box::new(holder) }.into());
        }
        Some(_) => {}
    }
    let time_ms = request.time_ms;
    let (mut ledger, _) = begin(files, reading, request)?;
    let epoch = ledger.state().epoch.saturating_add(1);
    ledger.append(time_ms, vec![Event::EpochBegan { epoch, reason: reason.to_owned() }])?;
    ledger.sync()?;
    ledger.head().ok_or(LedgerError::Disturbed { offset: 0 })
}

/// Who holds the lock of a product's ledger now: none when nobody does.
pub fn holder(root: &Path, product: &str) -> Result<Option<Holder>, LedgerError> {
    let Some(mut files) = Files::find(root, product, false)? else { return Ok(None) };
    let epoch = Reading::of(&mut files)?.state().epoch;
    lock::holder(&files.directory, epoch).map_err(Into::into)
}

/// Verifies a ledger: its directory, or a copy of its `ledger.jsonl` alone. Asks nothing of who owns it.
pub fn verify(path: &Path, noted: Option<Digest>) -> Result<Report, LedgerError> {
    let read = |path: &Path| match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("read", path)(error)),
    };
    let whole = path.is_dir();
    let beside = |name: &str| if whole { read(&path.join(name)) } else { Ok(None) };
    let (checkpoint, head) = (beside(CHECKPOINT)?, beside(HEAD)?);
    let log = if whole { path.join(LOG) } else { path.to_owned() };
    let bytes = read(&log)?.ok_or_else(|| LedgerError::Absent { path: log.display().to_string() })?;
    let beside = Beside { checkpoint: checkpoint.as_deref(), head: head.as_deref() };
    super::verify_with(&bytes, beside, noted)
}

/// The name of a product's directory under [`ROOT`].
pub fn directory_name(product: &str) -> Result<String, LedgerError> {
    let name = directory::component(product);
    if name.is_empty() || name.len() > NAME_LIMIT {
        return Err(LedgerError::ProductName { name: product.to_owned(), limit: NAME_LIMIT });
    }
    Ok(name)
}

/// The directory of a product's ledger, made where it is missing.
fn directory(root: &Path, product: &str) -> Result<Directory, LedgerError> {
    let name = directory_name(product)?;
    // Ledgers belong to no repository: git shall not even offer to add them. Where this fails, nothing is lost.
    let ledgers = Directory::create(root, &[ROOT])?;
    if let Ok(Some(mut ignoring)) = ledgers.new_file(IGNORE) {
        let _ = ignoring.write_all(b"*\n");
    }
    Ok(ledgers.inner(&name)?)
}

fn begin(
    files: Files,
    reading: Reading,
    request: Request<'_>,
) -> Result<(Ledger<Files>, Vec<Notice>), LedgerError> {
    let begun = reading.state().lineage.is_some();
    let Request { product, writer, time_ms, key, .. } = request;
    let (sealer, new) = match key::agreed(key::read(&files.directory)?, key, reading.state())? {
        Some(sealer) => (sealer, false),
        None => (key::make(&files.directory)?, begun),
    };
    let (ledger, mut notices) = Ledger::open(files, reading, product, writer, sealer, time_ms)?;
    notices.extend(new.then_some(Notice::NewKey));
    Ok((ledger, notices))
}

impl Files {
    fn find(root: &Path, product: &str, write: bool) -> Result<Option<Self>, LedgerError> {
        let name = directory_name(product)?;
        let Some(directory) = Directory::open(root, &[ROOT, &name])? else { return Ok(None) };
        let log = directory.file(LOG, write, Privacy::Readable)?;
        if log.is_none() {
            // What is beside it tells whether there has been one.
            let beside = |name| directory.content(name, Privacy::Readable);
            let checkpoint = beside(CHECKPOINT)?.and_then(|kept| Known::of_checkpoint(&kept));
            let known = checkpoint.or(beside(HEAD)?.and_then(|kept| Known::of_head(&kept).ok()));
            known.map_or(Ok(()), |known| known.check(&Log::default(), &[], 0))?;
        }
        Ok(log.map(|log| Self { directory, log, head: None, lock: None }))
    }

    fn create(directory: Directory) -> Result<Self, StoreError> {
        let log = directory.file_or_new(LOG, Privacy::Readable)?;
        directory.sync()?;
        Ok(Self { directory, log, head: None, lock: None })
    }

    /// Does something while no other writer can: a short lock on the log itself, whoever has the long one.
    fn alone<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let nap = Duration::from_millis(5);
        let mut waited = Duration::ZERO;
        loop {
            match self.log.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if waited < WRITE_PATIENCE => {
                    std::thread::sleep(nap);
                    waited += nap;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(self.failed("write (another process has been writing for long)")(
                        std::io::ErrorKind::TimedOut.into(),
                    ));
                }
                Err(TryLockError::Error(error)) => return Err(self.failed("lock")(error)),
            }
        }
        let outcome = act(self);
        let unlocked = self.log.unlock().map_err(self.failed("unlock"));
        outcome.and_then(|value| unlocked.map(|()| value))
    }

    /// Checks that the log ends where we know it to end. Only sound while alone.
    fn check_end(&mut self, end: &End) -> Result<(), StoreError> {
        if !self.directory.is_in_place() || !self.directory.still_names(LOG, &self.log) {
            return Err(StoreError::Replaced);
        }
        let length = self.log.metadata().map_err(self.failed("look at"))?.len();
        if length < end.offset {
            return Err(StoreError::Replaced);
        }
        if let Some(hash) = end.hash {
            let mut hex = [0; 64];
            self.log.read_exact_at(&mut hex, end.line).map_err(self.failed("read"))?;
            if hash.hex().as_bytes() != hex {
                return Err(StoreError::Replaced);
            }
        }
        if length > end.offset {
            return Err(StoreError::Overtaken { behind: self.read(end.offset)? });
        }
        Ok(())
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(std::io::Error) -> StoreError + use<> {
        StoreError::io(action, self.directory.path(LOG))
    }
}

impl Store for Files {
    fn read(&mut self, offset: u64) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.log.seek(SeekFrom::Start(offset)).map_err(self.failed("read"))?;
        self.log.read_to_end(&mut bytes).map_err(self.failed("read"))?;
        Ok(bytes)
    }

    fn write(&mut self, end: &End, lines: &[u8]) -> Result<(), StoreError> {
        self.alone(|files| {
            files.check_end(end)?;
            files.log.write_all_at(lines, end.offset).map_err(files.failed("write"))
        })
    }

    fn sync(&mut self, end: &End) -> Result<(), StoreError> {
        self.alone(|files| {
            files.check_end(end)?;
            files.log.sync_data().map_err(files.failed("sync"))
        })
    }

    fn set_aside(&mut self, end: &End, torn: &[u8]) -> Result<String, StoreError> {
        self.alone(|files| {
            match files.check_end(end) {
                Err(StoreError::Overtaken { behind }) if behind == torn => {}
                Err(error) => return Err(error),
                Ok(()) => return Err(StoreError::Replaced),
            }
            let name = files.keep_aside(end.seq.saturating_add(1), torn)?;
            files.log.set_len(end.offset).map_err(files.failed("cut"))?;
            files.log.sync_all().map_err(files.failed("sync"))?;
            Ok(name)
        })
    }

    fn read_checkpoint(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.directory.content(CHECKPOINT, Privacy::Readable)
    }

    fn write_checkpoint(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.directory.replace(CHECKPOINT, bytes)
    }

    fn read_head(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.directory.content(HEAD, Privacy::Readable)
    }

    fn write_head(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if self.head.is_none() {
            self.head = self.directory.file(HEAD, true, Privacy::Readable)?;
        }
        match &self.head {
            Some(head) => {
                head.write_all_at(bytes, 0).map_err(StoreError::io("write", self.directory.path(HEAD)))
            }
            None => self.directory.replace(HEAD, bytes),
        }
    }
}

impl Files {
    /// Writes the torn bytes to the first free `ledger.torn-<seq>-<n>`, durably.
    fn keep_aside(&self, seq: u64, torn: &[u8]) -> Result<String, StoreError> {
        for number in 1..=u32::MAX {
            let name = format!("ledger.torn-{seq}-{number}");
            let Some(file) = self.directory.new_file(&name)? else { continue };
            file.write_all_at(torn, 0).map_err(StoreError::io("write", self.directory.path(&name)))?;
            file.sync_all().map_err(StoreError::io("sync", self.directory.path(&name)))?;
            self.directory.sync()?;
            return Ok(name);
        }
        Err(StoreError::io("make", self.directory.path("ledger.torn"))(
            std::io::ErrorKind::AlreadyExists.into(),
        ))
    }
}
