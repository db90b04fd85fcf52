//! [`Job`]: work that blocks, on a thread of its own, that ends when the run is interrupted or nobody waits any more.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use relplan_contract::{Context, Problem, ProblemKind};
use rustix::process::{Pid, Signal, kill_process_group};

/// How long programs may take to end by themselves after they were asked to.
const GRACE: Duration = Duration::from_secs(3);

/// How often the progress of a stream is told, in milliseconds.
const TOLD_EVERY_MS: i64 = 5_000;

/// Work on a thread of its own, with the programs that it started.
#[derive(Clone)]
pub struct Job {
    context: Context,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    /// The groups of its programs, each with the signal that it is to end at.
    groups: Mutex<BTreeMap<i32, Signal>>,
}

impl Shared {
    /// Ends the programs, politely first, so that they can tell their server.
    fn stop(self: &Arc<Self>) {
        self.stopped.store(true, Ordering::SeqCst);
        let groups = self.groups();
        if groups.is_empty() {
            return;
        }
        for (group, farewell) in groups {
            signal(group, farewell);
        }
        let shared = Arc::clone(self);
        std::thread::spawn(move || {
            std::thread::sleep(GRACE);
            for group in shared.groups().into_keys() {
                signal(group, Signal::KILL);
            }
        });
    }

    fn groups(&self) -> BTreeMap<i32, Signal> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn signal(group: i32, signal: Signal) {
    if let Some(group) = Pid::from_raw(group) {
        // It fails when the group is gone already, which is what is wanted.
        let _ = kill_process_group(group, signal);
    }
}

/// Ends the work when the caller goes away.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Job {
    /// Does the work where it may block. Its programs end with it, whatever happens.
    pub async fn run<T: Send + 'static>(
        context: &Context,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let job = Self { context: context.clone(), shared: Arc::default() };
        let guard = Guard(Arc::clone(&job.shared));
        let mut thread = tokio::task::spawn_blocking(move || work(&job));
        let ended = tokio::select! {
            ended = &mut thread => ended,
            () = context.cancel.cancelled() => {
                guard.0.stop();
                thread.await
            }
        };
        let stopped = guard.0.stopped.load(Ordering::SeqCst);
        match ended {
            // It says itself when something was done before it was stopped.
            Ok(Err(problem)) if stopped && problem.kind != ProblemKind::Uncertain => {
                Err(Problem::cancelled())
            }
            Ok(ended) => ended,
            Err(_) => {
                Err(Problem::uncertain("The work on the database broke off: this is a fault in relplan."))
            }
        }
    }

    /// What the call was given.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// Fails when the work is to end.
    pub fn check(&self) -> Result<(), Problem> {
        if self.shared.stopped.load(Ordering::SeqCst) { Err(Problem::cancelled()) } else { Ok(()) }
    }

    /// Copies a stream to its end, and tells now and then how far it is.
    pub fn copy(&self, from: &mut impl Read, to: &mut impl Write, what: &str) -> io::Result<u64> {
        let mut buffer = vec![0; 256 << 10];
        let (mut bytes, mut told) = (0, self.context.clock.now_ms());
        loop {
            self.check().map_err(io::Error::other)?;
            let count = match from.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                count => count?,
            };
            if count == 0 {
                return Ok(bytes);
            }
            to.write_all(buffer.get(..count).unwrap_or_default())?;
            bytes += count as u64;
            let now = self.context.clock.now_ms();
            if now - told >= TOLD_EVERY_MS {
                told = now;
                self.context.progress.line(&format!("{what}: {} MB", bytes / 1_000_000));
            }
        }
    }

    pub(crate) fn joined(&self, group: i32, farewell: Signal) {
        self.shared.groups.lock().unwrap_or_else(PoisonError::into_inner).insert(group, farewell);
        // It may have been stopped between the look and the start.
        if self.shared.stopped.load(Ordering::SeqCst) {
            self.shared.stop();
        }
    }

    pub(crate) fn left(&self, group: i32) {
        self.shared.groups.lock().unwrap_or_else(PoisonError::into_inner).remove(&group);
    }
}
