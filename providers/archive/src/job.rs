//! [`Job`]: work that blocks, on a thread of its own, that ends when the run is interrupted or nobody waits any more.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};
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
    /// One of two things that are done side by side has failed: the other ends, and with it what it still starts.
    failed: AtomicBool,
    /// The groups of its programs, each with the signal that it is to end at.
    groups: Mutex<BTreeMap<i32, Signal>>,
}

impl Shared {
    /// Ends the programs, politely first, so that they can tell their server.
    fn stop(self: &Arc<Self>) {
        self.stopped.store(true, Ordering::SeqCst);
        self.signal_farewell();
        let shared = Arc::clone(self);
        let later = std::thread::Builder::new().spawn(move || {
            std::thread::sleep(GRACE);
            shared.kill();
        });
        if later.is_err() {
            // Without a thread that waits, nobody could end what does not heed the first signal.
            self.kill();
        }
    }

    fn kill(&self) {
        for group in self.groups().into_keys() {
            signal(group, Signal::KILL);
        }
    }

    /// Asks the programs to end.
    fn signal_farewell(&self) {
        for (group, farewell) in self.groups() {
            signal(group, farewell);
        }
    }

    fn groups(&self) -> BTreeMap<i32, Signal> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A thread for a part of the work. A system that gives none is a passing problem, of work that has not begun.
pub fn side_thread<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, Problem> {
    std::thread::Builder::new().spawn_scoped(scope, work).map_err(|error| no_thread(&error))
}

pub(crate) fn no_thread(error: &io::Error) -> Problem {
    Problem::retry(format!("The system gives no more threads: {error}."))
        .hint("Raise the limit of processes (`ulimit -u`, the pids limit of the container) or of memory.")
}

/// Tells a program, with all that it started.
pub(crate) fn signal(group: i32, signal: Signal) {
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

    /// Does two things side by side. When one fails, the programs of both end, and what failed first is told.
    pub fn both<A: Send, B>(
        &self,
        one: impl FnOnce() -> Result<A, Problem> + Send,
        other: impl FnOnce() -> Result<B, Problem>,
    ) -> Result<(A, B), Problem> {
        let first = OnceLock::new();
        let failed = |problem: Problem| {
            // What fails behind it does so because its programs were ended.
            if first.set(problem).is_ok() {
                self.shared.failed.store(true, Ordering::SeqCst);
                self.shared.signal_farewell();
            }
        };
        let (one, other) = std::thread::scope(|scope| {
            let one = side_thread(scope, || one().map_err(&failed))?;
            let other = other().map_err(&failed);
            Ok::<_, Problem>((one.join(), other))
        })?;
        self.shared.failed.store(false, Ordering::SeqCst);
        match (one, other, first.into_inner()) {
            (Ok(Ok(one)), Ok(other), None) => Ok((one, other)),
            (_, _, Some(problem)) => Err(problem),
            _ => Err(Problem::uncertain("The work on the database broke off: this is a fault in relplan.")),
        }
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
        } else if self.shared.failed.load(Ordering::SeqCst) {
            signal(group, farewell);
        }
    }

    pub(crate) fn left(&self, group: i32) {
        self.shared.groups.lock().unwrap_or_else(PoisonError::into_inner).remove(&group);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Instant;

    use relplan_contract::conformance::context_in;

    use super::*;
    use crate::{Flow, Tool, ToolSpec};

    fn sleeper(job: &Job) -> Result<(), Problem> {
        let environment = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        let spec = ToolSpec {
            program: "sleep",
            arguments: vec!["100".to_owned()],
            environment: &environment,
            folder: None,
            flow: Flow::Neither,
            on_line: None,
            farewell: Signal::TERM,
        };
        Tool::start(job, spec)?.wait().map_err(|failed| failed.problem("It was ended"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_failed_first_ends_the_other_and_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let context = context_in(folder.path(), "postgres_snapshot.it");
        let begun = Instant::now();
        let ended = Job::run(&context, |job| {
            let soon = || {
                std::thread::sleep(Duration::from_millis(100));
                Err::<(), _>(Problem::refused("The disk is full."))
            };
            job.both(|| sleeper(job), soon)
        });
        assert_eq!(ended.await.expect_err("failed").message, "The disk is full.");
        assert!(begun.elapsed() < Duration::from_secs(50), "the other went on");
        let fine = Job::run(&context, |job| job.both(|| Ok(1), || Ok(2)));
        assert_eq!(fine.await.expect("done"), (1, 2));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_begins_after_the_other_failed_ends_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let context = context_in(folder.path(), "postgres_snapshot.it");
        let begun = Instant::now();
        let ended = Job::run(&context, |job| {
            let late = || {
                std::thread::sleep(Duration::from_millis(100));
                sleeper(job)
            };
            let told = job.both(late, || Err::<(), _>(Problem::refused("The disk is full.")));
            // What clears up afterwards is not ended.
            let cleared = job.both(|| Ok(1), || Ok(2))?;
            told.map(|_| cleared)
        });
        assert_eq!(ended.await.expect_err("failed").message, "The disk is full.");
        assert!(begun.elapsed() < Duration::from_secs(50), "the other went on");
    }
}
