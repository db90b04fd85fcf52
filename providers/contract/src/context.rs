//! [`Context`]: what the engine hands to every call: who asks, how to stop, where to report.
//!
//! No runtime is named here: a provider brings the one it needs, and tests hand in their own clock.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, SystemTime};

use crate::path::Path;
use crate::problem::Problem;
use crate::secret::Redactor;
use crate::tree::Tree;

/// A boxed future, since the trait must be usable as an object.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Time as the engine has it: real, or a test's.
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> SystemTime;

    /// The same in milliseconds since 1970.
    fn now_ms(&self) -> i64 {
        let since = self.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    /// Completes after `duration`.
    fn sleep(&self, duration: Duration) -> Answer<'static, ()>;
}

/// Where an action reports while it runs.
pub trait Progress: Send + Sync {
    /// One line for people: shown live, kept in the run's output. Secrets are masked by the engine.
    fn line(&self, text: &str);

    /// The outside system's name for what is under way (a pipeline's run number), the moment it is known.
    /// It is kept in the ledger and handed to `reconcile`.
    fn reference(&self, reference: &str);

    /// The same, and completes when it is kept for good: for what must be found again even if relplan dies right after.
    /// With a problem it is not kept, and what it was to find must not be begun.
    fn keep_reference<'a>(&'a self, reference: &'a str) -> Answer<'a, Result<(), Problem>> {
        Box::pin(async move {
            self.reference(reference);
            Ok(())
        })
    }
}

/// Progress that nobody looks at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn line(&self, _text: &str) {}

    fn reference(&self, _reference: &str) {}
}

/// Tells an action to stop early, once.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<CancelState>);

#[derive(Debug, Default)]
struct CancelState {
    cancelled: AtomicBool,
    wakers: Mutex<Vec<Waker>>,
}

impl Cancel {
    /// Asks everyone who waits on it to stop.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        let wakers = std::mem::take(&mut *self.0.wakers.lock().unwrap_or_else(PoisonError::into_inner));
        for waker in wakers {
            waker.wake();
        }
    }

    /// Whether it was asked.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// Completes when it is asked.
    #[must_use]
    pub fn cancelled(&self) -> Answer<'static, ()> {
        Box::pin(Cancelled(self.clone()))
    }
}

struct Cancelled(Cancel);

impl Future for Cancelled {
    type Output = ();

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<()> {
        if self.0.is_cancelled() {
            return Poll::Ready(());
        }
        let mut wakers = self.0.0.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        if !wakers.iter().any(|waker| waker.will_wake(task.waker())) {
            wakers.push(task.waker().clone());
        }
        drop(wakers);
        // Looked at again behind the lock: a cancel in between would otherwise wake nobody.
        if self.0.is_cancelled() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// What a command asked of outside systems, counted: shown at its end, so that people know their budgets.
#[derive(Debug, Default)]
pub struct Usage(Mutex<BTreeMap<&'static str, Used>>);

/// What was asked of one outside system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Requests that were sent.
    pub calls: u64,
    /// Those whose answer was that nothing had changed since it was last asked, which costs little.
    pub unchanged: u64,
    /// How long was waited because of its rate limits, in milliseconds.
    pub waited_ms: u64,
}

impl Usage {
    /// Counts this in for a provider.
    pub fn add(&self, provider: &'static str, more: Used) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = counts.entry(provider).or_default();
        used.calls += more.calls;
        used.unchanged += more.unchanged;
        used.waited_ms += more.waited_ms;
    }

    /// What was asked so far, by provider; only those that count are in it.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<&'static str, Used> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What every call to a provider is given.
#[derive(Clone)]
pub struct Context {
    /// Full address of the resource: `module.app.git_tag.release["web"]`.
    pub address: String,
    /// Name of the product, the release block's label.
    pub product: String,
    /// Version of the release; empty for a configuration without one.
    pub version: String,
    /// Folder of the release file: relative paths in arguments start there.
    pub base: PathBuf,
    /// The files that may be read: see [`input`](Self::input).
    pub tree: Tree,
    /// Folder of this resource's own (0700, made on first use by whoever needs it) for output to keep.
    pub keep: PathBuf,
    /// The environment of the process, as it was when relplan started.
    pub environment: Arc<BTreeMap<String, String>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Reports.
    pub progress: Arc<dyn Progress>,
    /// Set when the run is interrupted: cut waits short, finish what cannot be cut.
    pub cancel: Cancel,
    /// Masks secrets in text.
    pub redactor: Arc<Redactor>,
    /// Counts what is asked of outside systems that have budgets.
    pub usage: Arc<Usage>,
}

impl Context {
    /// The path of what an argument names for reading: a file, a folder, a repository. It lies in the release's tree,
    /// nothing of git's or relplan's own, or is named by the operator; whether it is there is not said.
    ///
    /// What a provider reads itself it opens with [`Tree::open_input`]: nothing can be put in its place in between.
    pub fn input(&self, attribute: impl Into<Path>, argument: &str) -> Result<PathBuf, Problem> {
        self.tree.input(argument.as_ref()).map_err(|error| error.problem(attribute, argument))
    }

    /// The path of a folder that an argument names for writing to it or running in it. It may lie anywhere but in git's
    /// and relplan's own folders, and is where it says: no link leads from the tree to elsewhere.
    pub fn place(&self, attribute: impl Into<Path>, argument: &str) -> Result<PathBuf, Problem> {
        self.tree.place(argument.as_ref()).map_err(|error| error.problem(attribute, argument))
    }

    /// The path of what an argument names and nothing is read from: a program, a folder of programs, a socket. It may
    /// lie anywhere; relative ones start at the release file's folder.
    #[must_use]
    pub fn unread(&self, argument: &str) -> PathBuf {
        self.base.join(argument)
    }

    /// The same for a call about what the ledger says alone: its paths were inside, or allowed, when they were recorded.
    #[must_use]
    pub fn of_record(&self) -> Self {
        Self { tree: self.tree.of_record(), ..self.clone() }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("address", &self.address).finish_non_exhaustive()
    }
}
