//! [`Runtime`]: what waits, with every thread that it needs. They are started before anything else is: a system that gives
//! no more of them says so while nothing has been done yet, and an action that is under way needs no new one.

use std::sync::{Barrier, Mutex, mpsc};
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use super::exit::Failure;

/// The most calls at the same time that may block their thread, which providers should not do.
const MOST: usize = 64;

/// Threads for what must block: a question to a person, a name that is looked up, a database's programs.
const SPARE: usize = 4;

/// The stack of each, in bytes.
const STACK: usize = 2 << 20;

/// Memory that must be free beside the stacks, in bytes.
const MEMORY: usize = 32 << 20;

/// Addresses that the GNU allocator keeps for each thread that asks for memory, and as many again while it aligns them.
const ARENA: usize = 64 << 20;

/// How long threads may take to begin on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// A runtime that waits for nobody at its end: a call that never comes back must not keep the command.
pub(super) struct Runtime(Option<tokio::runtime::Runtime>);

impl Runtime {
    /// Starts it, with the deadlines of all calls kept while `parallelism` of them block their thread.
    pub(super) fn start(parallelism: usize) -> Result<Self, Failure> {
        let workers = parallelism.min(MOST) + 2;
        let (done, started) = mpsc::channel();
        // On a thread of its own, since a runtime that gets only a part of its threads may never come to be.
        let starter = std::thread::Builder::new().spawn(move || {
            let before = own_threads();
            let had = all_at_once(workers + SPARE);
            await_end_of_others(before);
            let _ = done.send(had.and_then(|()| build(workers)));
        });
        let ended = starter.map_err(|error| error.to_string()).and_then(|_| {
            started.recv_timeout(PATIENCE).unwrap_or_else(|_| Err("they do not begin".to_owned()))
        });
        ended.map(|runtime| Self(Some(runtime))).map_err(|why| no_threads(workers + SPARE, &why))
    }
}

impl std::ops::Deref for Runtime {
    type Target = tokio::runtime::Runtime;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref().expect("it is taken only when it is dropped")
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn no_threads(count: usize, why: &str) -> Failure {
    Failure::error(format!("The system does not give relplan the {count} threads that it needs: {why}.")).help(
        "Nothing was done. Raise the limit that is reached: of processes (`ulimit -u`, the pids limit of the container) \
         or of memory (`ulimit -v`). A smaller -parallelism needs fewer.",
    )
}

/// Whether so many threads can be had at the same time, and memory for them and for what they do.
fn all_at_once(count: usize) -> Result<(), String> {
    let mut memory: Vec<u8> = Vec::new();
    // Asked for first: the system's allocator reserves more for each thread than it needs, and gives it to the others.
    let wanted = count.saturating_mul(STACK).saturating_add(MEMORY);
    has_addresses(count.saturating_mul(ARENA).saturating_add(ARENA + wanted))?;
    memory
        .try_reserve_exact(wanted)
        .map_err(|_| format!("there are not even {} MB of memory", wanted >> 20))?;
    drop(memory);
    let gate = Mutex::new(());
    std::thread::scope(|scope| {
        let closed = gate.lock();
        let wait = || drop(gate.lock());
        for number in 0..count {
            let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, wait);
            thread.map_err(|error| format!("after {number} of them, {error}"))?;
        }
        drop(closed);
        Ok(())
    })
}

/// Whether the process may have so many bytes of addresses. Where they are limited, threads that begin would take what is
/// left from those that are at work, and a process that gets no memory is ended by the language, wherever it stands.
fn has_addresses(wanted: usize) -> Result<(), String> {
    let limit = getrlimit(Resource::As).current.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let used = own_status("VmSize:").unwrap_or(0).saturating_mul(1 << 10);
    match limit {
        Some(limit) if limit < used.saturating_add(wanted) => {
            let needed = used.saturating_add(wanted) >> 10;
            Err(format!("its addresses are limited to {} kB, and {needed} kB are needed", limit >> 10))
        }
        _ => Ok(()),
    }
}

/// The threads of this process as the system counts them; none where it does not tell.
fn own_threads() -> Option<usize> {
    own_status("Threads:")
}

/// A number that the system tells of this process, in its unit: of bytes, 1024.
fn own_status(name: &str) -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// Waits until there are no more threads than before: one that was waited for still counts for a moment.
fn await_end_of_others(before: Option<usize>) {
    const NAP: Duration = Duration::from_millis(1);
    let mut naps = 0..1000;
    while before.is_some() && own_threads() > before && naps.next().is_some() {
        std::thread::sleep(NAP);
    }
}

/// Builds the runtime and waits until its threads run, the spare ones too. They stay.
fn build(workers: usize) -> Result<tokio::runtime::Runtime, String> {
    const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(workers).thread_stack_size(STACK).thread_keep_alive(FOR_EVER).enable_all();
    let runtime = builder.build().map_err(|error| error.to_string())?;
    let all_run = std::sync::Arc::new(Barrier::new(SPARE + 1));
    for _ in 0..SPARE {
        let all_run = std::sync::Arc::clone(&all_run);
        // What was to run before them runs when they do: threads are given in order.
        runtime.spawn_blocking(move || all_run.wait());
    }
    all_run.wait();
    Ok(runtime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_threads_than_there_can_be_are_refused_in_words() {
        // More stacks than fit into the addresses of a process.
        let why = all_at_once(1 << 27).expect_err("too many");
        assert_eq!(why, "there are not even 268435488 MB of memory");
    }

    #[test]
    fn what_blocks_runs_although_every_worker_is_busy() {
        let runtime = Runtime::start(1).expect("threads");
        let (said, heard) = mpsc::channel();
        for _ in 0..3 {
            runtime.spawn(async { std::thread::sleep(Duration::from_secs(2)) });
        }
        for number in 0..SPARE {
            let said = said.clone();
            runtime.spawn_blocking(move || said.send(number));
        }
        for _ in 0..SPARE {
            heard.recv_timeout(Duration::from_secs(1)).expect("a thread for each");
        }
    }
}
