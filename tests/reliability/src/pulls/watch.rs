//! A command under `strace`, with its time and memory.
//!
//! Time is what the command would take with a processor to itself: waiting for one, on a busy machine, is no fault of
//! its. Its end is held up a little, so that its peak of memory can be read.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::pulls::trace::{self, Call};
use crate::scene::Relplan;

/// What is traced: whatever starts, connects, reads, writes or looks at anything by its name, and what gets around those.
const TRACED: &str = "trace=execve,execveat,%network,%file,?open_by_handle_at,getdents64,fchmod,fchown,ftruncate,\
                      ?io_uring_setup,?ptrace,?process_vm_readv,?process_vm_writev,?kill,?tgkill,exit_group";

/// How long the end is held up, in microseconds.
const HELD_UP: &str = "inject=exit_group:delay_enter=20000";

/// How often memory and time are looked at.
const PAUSE: Duration = Duration::from_millis(4);

/// The most that a command may print, in bytes.
pub(super) const PRINTED: u64 = 64 << 20;

/// The most that a command may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time, waiting for a processor left out.
    pub time: Duration,
    /// Memory at its peak, in bytes.
    pub memory: u64,
}

impl Limits {
    /// What is promised of a release build.
    pub const PROMISED: Self = Self { time: Duration::from_secs(10), memory: 1 << 30 };
}

/// What a command did.
pub(super) struct Seen {
    pub(super) calls: Vec<Call>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    pub(super) status: ExitStatus,
    pub(super) time: Duration,
    pub(super) memory: u64,
    /// It was ended by us, for taking too much.
    pub(super) ended: bool,
}

impl Seen {
    /// Takes off what was printed up to this line.
    pub(super) fn forget_until(&mut self, line: &[u8]) {
        if let Some(at) = memchr::memmem::find(&self.stdout, line) {
            self.stdout.drain(..at + line.len());
        }
    }

    /// All that was printed.
    pub(super) fn said(&self) -> Vec<u8> {
        [&*self.stdout, &*self.stderr].concat()
    }
}

/// Runs a command with arguments in a folder, changed by `with` before it is started, and watches it.
pub(super) fn watch(
    relplan: &Relplan,
    folder: &Path,
    arguments: &[&str],
    limits: Limits,
    with: impl FnOnce(&mut Command),
) -> io::Result<Seen> {
    let logs = tempfile::tempdir()?;
    let log = logs.path().join("call");
    let log_text = log.display().to_string();
    let traced = relplan.under(
        "strace",
        &[
            "-ff",
            "--seccomp-bpf",
            "-qqq",
            "-y",
            "-s",
            "256",
            "-o",
            &log_text,
            "-e",
            TRACED,
            "-e",
            "signal=none",
            "-e",
            HELD_UP,
        ],
    );
    let (out, err) = (logs.path().join("stdout"), logs.path().join("stderr"));
    let mut command = traced.command(folder, arguments);
    with(&mut command);
    let mut child = command.stdout(File::create(&out)?).stderr(File::create(&err)?).spawn()?;
    let begun = Instant::now();
    let mut first = None;
    let mut measured = Measured::default();
    let mut ended = false;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        first = first.or_else(|| lowest(logs.path()));
        if let Some(process) = first {
            measured.look(process, begun);
            let printed = [&out, &err]
                .iter()
                .filter_map(|path| fs::metadata(path).ok())
                .map(|file| file.len())
                .sum::<u64>();
            let over = measured.time > limits.time + Duration::from_millis(500)
                || measured.memory > limits.memory + (64 << 20);
            if !ended && (over || printed > PRINTED) {
                ended = true;
                // It may have ended just now.
                let _ = Pid::from_raw(process).map(|process| kill_process(process, Signal::KILL));
            }
        }
        std::thread::sleep(PAUSE);
    };
    Ok(Seen {
        calls: trace::read(logs.path(), "call.")?,
        stdout: fs::read(out)?,
        stderr: fs::read(err)?,
        status,
        time: measured.time,
        memory: measured.memory,
        ended,
    })
}

#[derive(Default)]
struct Measured {
    time: Duration,
    memory: u64,
}

impl Measured {
    /// Takes what the system says of a process, if it is still there.
    fn look(&mut self, process: i32, begun: Instant) {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok());
        let Some(peak) = peak else { return };
        self.memory = self.memory.max(peak * 1024);
        // Each thread's time on a processor, and the time that it waited for one, in nanoseconds.
        let threads =
            fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().filter_map(Result::ok);
        let schedules = threads.filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
        let (mut busiest, mut waited) = (0, 0);
        for schedule in schedules {
            let mut numbers = schedule.split(' ').map(|text| text.parse::<u64>().unwrap_or_default());
            busiest = busiest.max(numbers.next().unwrap_or_default());
            waited += numbers.next().unwrap_or_default();
        }
        let alone = begun.elapsed().saturating_sub(Duration::from_nanos(waited));
        self.time = self.time.max(alone.max(Duration::from_nanos(busiest)));
    }
}

/// The first process that was traced: the one with the lowest number so far.
fn lowest(folder: &Path) -> Option<i32> {
    let names = fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter_map(|name| name.strip_prefix("call.")?.parse().ok()).min()
}

/// The files of a traced command.
pub(super) fn logs(folder: &Path, prefix: &str) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}
