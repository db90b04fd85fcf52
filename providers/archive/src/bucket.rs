//! A bucket as a store: S3 and what speaks it, Google Cloud Storage, Azure Blob Storage.
//!
//! A snapshot is the objects below its name. Those of an attempt have names of its own, so that two attempts never touch
//! each other's; the manifest comes last, and only where there is none yet: whose manifest is there has the snapshot.

mod binding;
mod client;
mod download;
mod fault;
mod leftovers;
pub(crate) mod options;
mod s3;
mod upload;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use object_store::list::PaginatedListOptions;
use object_store::path::Path;
use object_store::{GetOptions, MultipartId, ObjectMeta, ObjectStoreExt as _, PutMode, PutOptions};
use relplan_contract::{Context, Problem, Value};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::client::{Client, Objects};
use self::download::Download;
use self::fault::Fault;
use self::options::{Address, Options};
use self::upload::{UNDER_WAY, Upload};
use crate::manifest::MANIFEST;
use crate::store::{Place, Sink, Source};

/// How often something is tried before it is given up: half a minute, with the waits between.
const TRIES: u32 = 8;

/// The first of these waits; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// How long cleaning up may take.
const CLEANING: Duration = Duration::from_secs(60);

/// A snapshot that is being made.
#[derive(Default)]
struct Attempt {
    /// The end of the names of its objects.
    nonce: String,
    uploads: Vec<(Path, MultipartId)>,
    objects: Vec<Path>,
}

/// A bucket with all that is needed to work on it from any thread that may block.
pub(super) struct Bucket {
    address: Address,
    options: Options,
    client: Client,
    shown: String,
    context: Context,
    runtime: Handle,
    room: Arc<Semaphore>,
    making: Mutex<BTreeMap<String, Attempt>>,
}

/// A bucket as a store.
pub(crate) struct InBucket(Arc<Bucket>);

impl InBucket {
    /// The bucket that an object names. Wants a runtime around it.
    pub(crate) fn new(context: &Context, text: &str, options: &Value) -> Result<Self, Problem> {
        let address = Address::parse(text)?;
        // Parts may not have been known when the arguments were checked.
        if let Some(problem) = options::endpoint_problem(options) {
            return Err(problem);
        }
        let options = Options::read(options);
        let shown = address.shown();
        if let Some(problem) = binding::problem(&context.environment, address.kind, &options) {
            return Err(problem);
        }
        let unusable = |fault: &Fault| fault.problem("The bucket cannot be used", &shown);
        let runtime = Handle::try_current().map_err(|error| unusable(&Fault::Unasked(error.to_string())))?;
        let client = Client::new(context, &address, &options).map_err(|fault| unusable(&fault))?;
        Ok(Self(Arc::new(Bucket {
            address,
            options,
            client,
            shown,
            context: context.clone(),
            runtime,
            room: Arc::new(Semaphore::new(UNDER_WAY)),
            making: Mutex::default(),
        })))
    }
}

impl Bucket {
    /// Waits for work, or for the run to be interrupted.
    fn wait<T>(&self, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.context.cancel.cancelled() => Err(Fault::Cancelled),
                done = work => done,
            }
        })
    }

    /// Tries something until it succeeds, or fails for good, or has failed too often.
    async fn persist<T, E, W>(&self, attempt: impl Fn(u32) -> W) -> Result<T, Fault>
    where
        Fault: From<E>,
        W: Future<Output = Result<T, E>>,
    {
        let mut tried = 0;
        loop {
            let fault = match attempt(tried).await {
                Ok(done) => return Ok(done),
                Err(error) => Fault::from(error),
            };
            tried += 1;
            if !fault.is_passing() || tried == TRIES {
                return Err(fault);
            }
            let asked = match &fault {
                Fault::Refused(refusal) => refusal.after.unwrap_or_default().min(CLEANING),
                _ => Duration::ZERO,
            };
            self.context.clock.sleep(asked.max(jittered(FIRST_WAIT * (1 << (tried - 1))))).await;
        }
    }

    /// Room for so many bytes on their way; held until they have arrived.
    async fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(bytes.min(UNDER_WAY)).unwrap_or(u32::MAX);
        Arc::clone(&self.room).acquire_many_owned(permits).await.ok()
    }

    fn making(&self) -> MutexGuard<'_, BTreeMap<String, Attempt>> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn began(&self, snapshot: &str, path: &Path, id: &MultipartId) {
        self.making().entry(snapshot.to_owned()).or_default().uploads.push((path.clone(), id.clone()));
    }

    fn ended(&self, snapshot: &str, id: &MultipartId) {
        self.making().entry(snapshot.to_owned()).or_default().uploads.retain(|(_, other)| other != id);
    }

    /// From now on there may be such an object.
    fn made(&self, snapshot: &str, path: &Path) {
        self.making().entry(snapshot.to_owned()).or_default().objects.push(path.clone());
    }

    /// The client for what makes an object of a snapshot.
    fn creating(&self) -> Result<Arc<dyn Objects>, Fault> {
        let Some(lock) = self.options.lock else { return Ok(Arc::clone(&self.client.sending)) };
        let now =
            Timestamp::from_second(self.context.clock.now_ms() / 1_000).unwrap_or(Timestamp::UNIX_EPOCH);
        let until = now.checked_add(SignedDuration::from_hours(24 * lock.days));
        let until = until.map_err(|error| Fault::Unasked(error.to_string()))?;
        self.client.locking(lock, &until.to_string())
    }

    fn path(&self, snapshot: &str, file: &str) -> Path {
        Path::from(self.address.key(&format!("{snapshot}/{file}")))
    }

    /// All objects whose names begin so.
    async fn objects(&self, beginning: &str) -> Result<Vec<ObjectMeta>, Fault> {
        let (prefix, mut all, mut page) = (self.address.key(beginning), Vec::new(), None);
        loop {
            let listed = self.persist(|_| {
                let options =
                    PaginatedListOptions { page_token: page.clone(), ..PaginatedListOptions::default() };
                self.client.objects.list_paginated(Some(&prefix), options)
            });
            let listed = listed.await?;
            all.extend(listed.result.objects);
            page = listed.page_token;
            if page.is_none() {
                return Ok(all);
            }
        }
    }

    /// The snapshot and the file that an object is.
    fn parts<'o>(&self, object: &'o ObjectMeta) -> Option<(&'o str, &'o str)> {
        object.location.as_ref().strip_prefix(&self.address.key(""))?.split_once('/')
    }

    /// What an object is; none where there is none.
    async fn head(&self, path: &Path) -> Result<Option<ObjectMeta>, Fault> {
        match self.persist(|_| self.client.objects.head(path)).await {
            Ok(found) => Ok(Some(found)),
            Err(fault) if fault.status() == 404 => {
                // The answer does not tell whether the bucket is missing, too; this one does.
                self.objects(path.as_ref()).await?;
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    async fn delete(&self, path: &Path) -> Result<(), Fault> {
        match self.persist(|_| self.client.objects.delete(path)).await {
            Err(fault) if fault.status() == 404 => Ok(()),
            deleted => deleted,
        }
    }

    /// Writes the manifest where there is none, and finds out what became of it.
    async fn put_manifest(&self, path: &Path, bytes: &[u8]) -> Result<Published, Fault> {
        let creating = self.creating()?;
        let put = self.persist(|_| {
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            creating.put_opts(path, bytes.to_vec().into(), options)
        });
        let Err(fault) = put.await else { return Ok(Published::Ours) };
        if !fault.is_passing() && ![409, 412].contains(&fault.status()) {
            return Err(fault);
        }
        // Perhaps our own first try arrived, and only its answer was lost.
        match self.persist(|_| self.holds(path, bytes)).await {
            Ok(true) => Ok(Published::Ours),
            Ok(false) => Ok(Published::Anothers),
            // What was not answered may still be on its way, and arrive later.
            Err(missing) if missing.status() == 404 && fault.status() != 0 => Err(fault),
            Err(_) => Ok(Published::Unknown(fault)),
        }
    }

    /// Whether an object is just these bytes.
    async fn holds(&self, path: &Path, bytes: &[u8]) -> object_store::Result<bool> {
        let found = self.client.objects.get_opts(path, GetOptions::default()).await?;
        Ok(found.meta.size == bytes.len() as u64 && *found.bytes().await? == *bytes)
    }

    fn told(&self, doing: &str, fault: &Fault) -> io::Error {
        io::Error::other(fault.problem(doing, &self.shown))
    }
}

/// Whose manifest is there.
enum Published {
    Ours,
    Anothers,
    Unknown(Fault),
}

/// Half of the wait, and a part of the other half.
fn jittered(wait: Duration) -> Duration {
    let share = getrandom::u32().unwrap_or_default();
    wait / 2 + (wait / 2).mul_f64(f64::from(share) / f64::from(u32::MAX))
}

impl Place for InBucket {
    fn shown(&self) -> String {
        self.0.shown.clone()
    }

    fn prepare(&self, series: &str, _: u64) -> Result<(), Problem> {
        let swept = self.0.wait(self.0.sweep(series));
        swept.map_err(|fault| fault.problem("The bucket cannot be used", &self.0.shown))
    }

    fn create(&self, snapshot: &str, file: &str) -> io::Result<(String, Box<dyn Sink>)> {
        let nonce = {
            let mut making = self.0.making();
            let attempt = making.entry(snapshot.to_owned()).or_default();
            if attempt.nonce.is_empty() {
                attempt.nonce = format!("{:08x}", getrandom::u32().map_err(io::Error::other)?);
            }
            attempt.nonce.clone()
        };
        let name = format!("{file}.{nonce}");
        let upload = Upload::new(Arc::clone(&self.0), snapshot, self.0.path(snapshot, &name));
        Ok((name, Box::new(upload)))
    }

    fn publish(&self, snapshot: &str, manifest: &[u8]) -> Result<(), Problem> {
        let bucket = &self.0;
        let doing = format!("The snapshot {snapshot} could not be given its name");
        // Not to be cut short: what became of it would not be known.
        match bucket.runtime.block_on(bucket.put_manifest(&bucket.path(snapshot, MANIFEST), manifest)) {
            Ok(Published::Ours) => {
                bucket.making().remove(snapshot);
                Ok(())
            }
            Ok(Published::Anothers) => {
                Err(Problem::conflict(format!("There is a snapshot {snapshot} in {} already.", bucket.shown))
                    .hint("Another run made it at the same time. Look at it; it was left as it is."))
            }
            Ok(Published::Unknown(fault)) => {
                // Its parts stay: they may belong to a snapshot that is there.
                bucket.making().remove(snapshot);
                Err(Problem::uncertain(fault.problem(&doing, &bucket.shown).message))
            }
            Err(fault) => Err(fault.problem(&doing, &bucket.shown)),
        }
    }

    fn discard(&self, snapshot: &str) {
        let bucket = &self.0;
        let Some(attempt) = bucket.making().remove(snapshot) else { return };
        let cleaned =
            bucket.runtime.block_on(async { tokio::time::timeout(CLEANING, bucket.undo(&attempt)).await });
        let left = match cleaned {
            Ok(Ok(())) => return,
            Ok(Err(fault)) => fault.problem("What was stored so far is left over", &bucket.shown).message,
            Err(_) => format!("What was stored so far is left over in {}.", bucket.shown),
        };
        bucket
            .context
            .progress
            .line(&format!("{left} A later snapshot of the series removes it after a day."));
    }

    fn open(&self, snapshot: &str, file: &str) -> io::Result<Option<Source>> {
        let path = self.0.path(snapshot, file);
        let found = self.0.wait(self.0.head(&path));
        let found = found.map_err(|fault| self.0.told(&format!("{path} cannot be read"), &fault))?;
        Ok(found.map(|meta| Box::new(Download::new(Arc::clone(&self.0), path, meta)) as Source))
    }

    fn note(&self, snapshot: &str, file: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.0.path(snapshot, file);
        let put = self.0.persist(|_| self.0.client.sending.put(&path, bytes.to_vec().into()));
        let put = self.0.wait(put);
        put.map(drop).map_err(|fault| self.0.told(&format!("{path} cannot be written"), &fault))
    }

    fn list(&self, beginning: &str) -> io::Result<Vec<String>> {
        let all = self.0.wait(self.0.objects(beginning));
        let all = all.map_err(|fault| self.0.told("The snapshots cannot be listed", &fault))?;
        let named = all.iter().filter_map(|object| self.0.parts(object));
        let manifests = named.filter(|(_, file)| *file == MANIFEST);
        let mut names: Vec<String> = manifests.map(|(snapshot, _)| snapshot.to_owned()).collect();
        names.sort();
        Ok(names)
    }

    fn held(&self, snapshot: &str) -> io::Result<Option<String>> {
        let held = self.0.wait(self.0.held(&format!("{snapshot}/")));
        held.map_err(|fault| {
            self.0.told(&format!("Whether {snapshot} may be deleted cannot be seen"), &fault)
        })
    }

    fn delete(&self, snapshot: &str) -> io::Result<()> {
        let bucket = &self.0;
        let deleted = bucket.wait(async {
            bucket.delete(&bucket.path(snapshot, MANIFEST)).await?;
            for object in bucket.objects(&format!("{snapshot}/")).await? {
                bucket.delete(&object.location).await?;
            }
            Ok(())
        });
        deleted.map_err(|fault| bucket.told(&format!("{snapshot} cannot be deleted"), &fault))
    }
}
