//! The lock: who may write, and who does so now.
//!
//! It is a real lock of the operating system, freed by the kernel when its process dies, on a file of its own that
//! is never renamed. What the file says of its holder is for people. The lock is politeness; safety is in
//! [`super::Store::write`], which refuses the slower of two writers even when the lock was forced open.
//!
//! Forcing begins a new epoch of the ledger, and each epoch has a lock file of its own: so the one who forces need
//! not wait until the kernel frees the lock of a process that hangs, perhaps on another machine.

use std::fmt;
use std::fs::{File, TryLockError};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use serde_json::json;

use super::file::directory::{Directory, Privacy};
use super::record::fields::Fields;
use super::store::StoreError;
use crate::canonical;

/// The number that Linux gives the PID namespace of each machine itself, outside of all containers.
const FIRST_NAMESPACE: &str = "4026531836";

/// Who holds a lock, as far as that can be found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Random identity of this very acquisition: what `force-unlock` asks for.
    pub id: String,
    /// User of the operating system.
    pub user: String,
    /// Name of the machine.
    pub host: String,
    /// Number of the process there.
    pub pid: u32,
    /// Number of the PID namespace that counts it: containers have their own. Empty where nobody can tell.
    pub namespace: String,
    /// The command as typed, secrets left out.
    pub command: String,
    /// Since when, by the holder's clock, in milliseconds since 1970.
    pub since_ms: i64,
    /// The CI job; empty outside CI.
    pub job: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, user, host, pid, namespace, command, job, .. } = self;
        let since = jiff::Timestamp::from_millisecond(self.since_ms).map(|time| time.to_string());
        write!(f, "{} on {} (process {pid}", plain(user), plain(host))?;
        if ![FIRST_NAMESPACE, ""].contains(&namespace.as_str()) {
            write!(f, " in PID namespace {}", plain(namespace))?;
        }
        if !job.is_empty() {
            write!(f, ", job {}", plain(job))?;
        }
        write!(f, "), doing `{}` since {}; lock {}", plain(command), since.unwrap_or_default(), plain(id))
    }
}

/// The text without what could deceive a terminal: the lock file is anybody's text.
fn plain(text: &str) -> String {
    text.chars().map(|c| if crate::addr::is_deceptive(c) { '?' } else { c }).collect()
}

/// Why a lock cannot be had, or cannot be forced.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error("the ledger is locked by {}", HeldBy(holder.as_deref()))]
    Held {
        /// Who, where the lock file says so.
        holder: Option<Box<Holder>>,
    },
    /// Nobody has it, so there is nothing to force.
    #[error("nobody holds the lock: there is nothing to force")]
    NotHeld,
    /// Somebody else has it than the one who was to be forced out.
    #[error("the lock is no longer {given:?}, but held by {holder}. Force it with its own id, if you must")]
    OtherHolder {
        /// The id that was given.
        given: String,
        /// Who has it.
        holder: Box<Holder>,
    },
}

struct HeldBy<'a>(Option<&'a Holder>);

impl fmt::Display for HeldBy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("somebody who left no name. Wait for it, or give -lock-timeout"),
            Some(holder) => write!(
                f,
                "{holder}. Wait for it, or give -lock-timeout; if it hangs, `relplan force-unlock {}`",
                plain(&holder.id)
            ),
        }
    }
}

/// How long to wait for a lock.
pub struct Patience<'a> {
    /// Altogether; zero does not wait.
    pub timeout: Duration,
    /// Called between tries with the holder and how long to sleep; it sleeps, or breaks off the wait.
    pub sleep: &'a mut dyn FnMut(Option<&Holder>, Duration) -> ControlFlow<()>,
}

/// A lock that is held; freed when it goes.
#[derive(Debug)]
pub struct Lock {
    file: File,
    epoch: u64,
}

impl Lock {
    /// Takes the lock of an epoch, or says who has it.
    pub(super) fn take(
        directory: &Directory,
        epoch: u64,
        holder: &Holder,
    ) -> Result<Result<Self, Option<Holder>>, StoreError> {
        let name = file_name(epoch);
        loop {
            let file = directory.file_or_new(&name, Privacy::Readable)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(Err(read_holder(directory, &name)?)),
                Err(TryLockError::Error(error)) => {
                    return Err(StoreError::io("lock", directory.path(&name))(error));
                }
            }
            // Somebody may have removed the file between opening and locking: then the lock is of no use.
            if directory.still_names(&name, &file) {
                let lock = Self { file, epoch };
                lock.write_holder(holder).map_err(StoreError::io("write", directory.path(&name)))?;
                return Ok(Ok(lock));
            }
        }
    }

    /// Takes the lock of an epoch, and waits for it as long as patience lasts.
    pub(super) fn wait(
        directory: &Directory,
        epoch: u64,
        holder: &Holder,
        patience: &mut Patience<'_>,
    ) -> Result<Self, super::LedgerError> {
        const GLANCE: Duration = Duration::from_millis(10);
        let mut pause = Duration::from_millis(50);
        // Whoever looks who holds the lock has it for a moment, and who has just taken it has not left a name yet, or
        // took it away to go: that is waited for without patience.
        let mut glances = 0;
        loop {
            let other = match Self::take(directory, epoch, holder)? {
                Ok(lock) => return Ok(lock),
                Err(other) => other,
            };
            let most = if other.is_none() { 100 } else { 5 };
            let glance = glances < most;
            let nap = if glance { GLANCE } else { pause.min(patience.timeout) };
            if glance {
                glances += 1;
            } else {
                patience.timeout -= nap;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
            if nap.is_zero() || (patience.sleep)(other.as_ref(), nap).is_break() {
                return Err(LockError::Held { holder: other.map(Box::new) }.into());
            }
        }
    }

    /// The epoch that it is of.
    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    fn write_holder(&self, holder: &Holder) -> std::io::Result<()> {
        let line = format!("{}\n", canonical::to_string(&wire(holder)));
        self.file.set_len(0)?;
        self.file.write_all_at(line.as_bytes(), 0)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // For people only; the kernel frees the lock itself when the file is closed.
        let _ = self.file.set_len(0);
    }
}

/// Who holds the lock of an epoch now, without a name where they left none; none when nobody does.
pub(super) fn holder(directory: &Directory, epoch: u64) -> Result<Option<Holder>, StoreError> {
    let name = file_name(epoch);
    let Some(file) = directory.file(&name, false, Privacy::Readable)? else { return Ok(None) };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(read_holder(directory, &name)?.unwrap_or_default())),
        Err(TryLockError::Error(error)) => Err(StoreError::io("lock", directory.path(&name))(error)),
    }
}

/// `lock` in the first epoch, `lock-2` in the second.
fn file_name(epoch: u64) -> String {
    if epoch <= 1 { "lock".to_owned() } else { format!("lock-{epoch}") }
}

fn read_holder(directory: &Directory, name: &str) -> Result<Option<Holder>, StoreError> {
    let content = directory.content(name, Privacy::Readable)?.unwrap_or_default();
    // The holder may be writing it right now: what cannot be read is left out.
    Ok(serde_json::from_slice(&content).ok().and_then(|json| read_wire(Fields::of(&json).ok()?).ok()))
}

fn wire(holder: &Holder) -> serde_json::Value {
    json!({
        "command": holder.command,
        "host": holder.host,
        "id": holder.id,
        "job": holder.job,
        "namespace": holder.namespace,
        "pid": holder.pid,
        "since": holder.since_ms,
        "user": holder.user,
    })
}

fn read_wire(fields: Fields<'_>) -> Result<Holder, String> {
    Ok(Holder {
        id: fields.text("id")?.to_owned(),
        user: fields.text("user")?.to_owned(),
        host: fields.text("host")?.to_owned(),
        pid: u32::try_from(fields.number("pid")?).unwrap_or(0),
        // Older versions did not tell.
        namespace: fields.text("namespace").unwrap_or_default().to_owned(),
        command: fields.text("command")?.to_owned(),
        since_ms: fields.time("since")?,
        job: fields.text("job")?.to_owned(),
    })
}
