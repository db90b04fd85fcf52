//! [`Tool`]: a running program of a database, such as `pg_dump`.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead as _, BufReader, Read};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use relplan_contract::Problem;
use rustix::process::Signal;
use tracing::debug;

use crate::job::{Job, no_thread, signal};

/// How long a program that is not waited for any more may take to end, and how often is looked.
const GRACE: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(20);

/// How many of the last lines of its messages are kept.
const TAIL: usize = 20;

/// How much a pipe holds, in bytes: as much as Linux allows everybody.
const WIDTH: usize = 1 << 20;

/// The longest line of its messages, in bytes.
const LONGEST: usize = 2_000;

/// What is told of each line of messages; true for one that only says how far the program is, and is not kept.
pub type OnLine = Box<dyn FnMut(&str) -> bool + Send>;

/// Which way a program's data flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Nothing is written to it, and what it writes is not read.
    Neither,
    /// Something is written to it.
    In,
    /// What it writes is read.
    Out,
    /// Both.
    Both,
}

/// What to start.
pub struct ToolSpec<'s> {
    /// The program: a name that is looked for in PATH, or a path.
    pub program: &'s str,
    /// Its arguments. No secret may be among them: everybody can read them.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub environment: &'s BTreeMap<String, String>,
    /// The folder that it runs in; none for relplan's own.
    pub folder: Option<&'s Path>,
    /// Which way its data flows.
    pub flow: Flow,
    /// Who is told of each line of its messages.
    pub on_line: Option<OnLine>,
    /// What it is sent when nobody waits for it any more: the signal at which it tells its server to stop.
    pub farewell: Signal,
}

/// A program that runs in a process group of its own. Dropped, it is killed.
pub struct Tool<'j> {
    job: &'j Job,
    program: String,
    child: Child,
    group: i32,
    farewell: Signal,
    messages: Option<JoinHandle<VecDeque<String>>>,
    over: bool,
}

/// How a program failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its name.
    pub program: String,
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The last lines of its messages, secrets masked.
    pub messages: Vec<String>,
}

impl Failed {
    /// Whether its messages hold one of these words.
    #[must_use]
    pub fn says(&self, words: &[&str]) -> bool {
        self.messages.iter().any(|line| words.iter().any(|word| line.contains(word)))
    }

    /// The message that tells most: the first error.
    #[must_use]
    pub fn reason(&self) -> String {
        let error =
            |line: &&String| line.contains("error:") || line.contains("ERROR:") || line.contains("FATAL:");
        let line = self.messages.iter().find(error).or_else(|| self.messages.last());
        match (line, self.code) {
            (Some(line), _) => line.trim_end_matches('.').to_owned(),
            (None, Some(code)) => format!("{} ended with the exit code {code}", self.program),
            (None, None) => format!("{} was killed", self.program),
        }
    }

    /// As a problem, with the messages beside it.
    #[must_use]
    pub fn problem(&self, doing: &str) -> Problem {
        let mut problem = Problem::refused(format!("{doing}: {}.", self.reason()));
        problem.detail = self.messages.join("\n");
        problem
    }
}

/// Ends a program that waits for what never comes, while another waits for it.
#[derive(Clone, Copy, Debug)]
pub struct Ender(i32);

impl Ender {
    /// Kills it, with all that it started.
    pub fn end(self) {
        signal(self.0, Signal::KILL);
    }
}

impl<'j> Tool<'j> {
    /// Starts a program.
    pub fn start(job: &'j Job, spec: ToolSpec<'_>) -> Result<Self, Problem> {
        job.check()?;
        let pipe = |wanted| if wanted { Stdio::piped() } else { Stdio::null() };
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where a database's programs are started"
        )]
        let mut command = Command::new(spec.program);
        command.args(&spec.arguments).env_clear().envs(spec.environment).process_group(0);
        command.stdin(pipe(matches!(spec.flow, Flow::In | Flow::Both)));
        command.stdout(pipe(matches!(spec.flow, Flow::Out | Flow::Both))).stderr(Stdio::piped());
        if let Some(folder) = spec.folder {
            command.current_dir(folder);
        }
        let redactor = std::sync::Arc::clone(&job.context().redactor);
        let mask = move |line: &str| redactor.mask(line).into_owned();
        let (give, stderr) = mpsc::channel();
        let on_line = spec.on_line;
        // Before the program: one that runs while nobody can listen would have to be killed.
        let messages = std::thread::Builder::new()
            .spawn(move || gather(stderr.recv().ok(), &mask, on_line))
            .map_err(|error| no_thread(&error))?;
        let child = command.spawn();
        let mut child = child.map_err(|error| not_started(spec.program, &error))?;
        let group = i32::try_from(child.id()).unwrap_or_default();
        debug!(program = spec.program, pid = group, "process started");
        job.joined(group, spec.farewell);
        if let Some(stderr) = child.stderr.take() {
            // It waits for this, and for nothing else.
            let _ = give.send(stderr);
        }
        let program = spec.program.rsplit('/').next().unwrap_or_default().to_owned();
        let farewell = spec.farewell;
        Ok(Self { job, program, child, group, farewell, messages: Some(messages), over: false })
    }

    /// Who can end it while another waits for it.
    #[must_use]
    pub const fn ender(&self) -> Ender {
        Ender(self.group)
    }

    /// What it writes; once.
    pub fn output(&mut self) -> io::Result<ChildStdout> {
        let output = self.child.stdout.take().ok_or_else(|| io::Error::other("its output is not read"))?;
        widen(&output);
        Ok(output)
    }

    /// Where to write to it; once. Dropped, its input ends.
    pub fn input(&mut self) -> io::Result<ChildStdin> {
        let input = self.child.stdin.take().ok_or_else(|| io::Error::other("nothing is written to it"))?;
        widen(&input);
        Ok(input)
    }

    /// Gives it all of a stream. What it does not want is read all the same: the sums are at the end.
    pub fn feed(&mut self, reader: &mut impl Read, what: &str) -> io::Result<()> {
        let job = self.job;
        let copied = self.input().and_then(|mut input| job.copy(reader, &mut input, what));
        match copied {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                io::copy(reader, &mut io::sink()).map(drop)
            }
            copied => copied.map(drop),
        }
    }

    /// All that it writes. `meaning` says what its failure in doing so means.
    pub fn written(
        mut self,
        doing: &str,
        meaning: impl FnOnce(&Failed, &str) -> Problem,
    ) -> Result<Vec<u8>, Problem> {
        let mut written = Vec::new();
        let read = self.output().and_then(|mut output| output.read_to_end(&mut written));
        self.wait().map_err(|failed| meaning(&failed, doing))?;
        read.map_err(|error| Problem::refused(format!("{doing}: {error}.")))?;
        Ok(written)
    }

    /// Waits for a while until it has ended by itself.
    pub fn await_end(&mut self, patience: Duration) {
        let mut waited = Duration::ZERO;
        while waited < patience && !self.has_ended() {
            std::thread::sleep(STEP);
            waited += STEP;
        }
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) -> Result<(), Failed> {
        drop(self.child.stdin.take());
        let status = self.child.wait();
        let code = status.as_ref().ok().and_then(ExitStatus::code);
        debug!(program = self.program, pid = self.group, code, "process ended");
        self.over = true;
        self.job.left(self.group);
        let messages = self.messages.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.failed(status.code().filter(|_| status.signal().is_none()), messages)),
            Err(_) => Err(self.failed(None, messages)),
        }
    }

    /// Whether it has ended.
    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn failed(&self, code: Option<i32>, messages: VecDeque<String>) -> Failed {
        Failed { program: self.program.clone(), code, messages: messages.into() }
    }
}

impl Drop for Tool<'_> {
    fn drop(&mut self) {
        if !self.over {
            // Asked first, so that it can tell its server to stop; a program that does not heed it is killed.
            signal(self.group, self.farewell);
            self.await_end(GRACE);
            signal(self.group, Signal::KILL);
            let _ = self.child.wait();
            self.job.left(self.group);
        }
    }
}

/// Lets a pipe hold more, so that the two ends wait for each other less often. Where that is not to be had, it works as well.
fn widen(pipe: &impl AsFd) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, WIDTH);
}

fn not_started(program: &str, error: &io::Error) -> Problem {
    if error.kind() == io::ErrorKind::NotFound {
        return Problem::refused(format!("The program {program} was not found."))
            .hint("Install the database's client programs, or name their folder as `program_folder`.");
    }
    Problem::refused(format!("The program {program} could not be started: {error}."))
}

fn gather(
    stderr: Option<ChildStderr>,
    mask: &dyn Fn(&str) -> String,
    mut on_line: Option<OnLine>,
) -> VecDeque<String> {
    let mut tail = VecDeque::new();
    let Some(stderr) = stderr else { return tail };
    for line in BufReader::new(stderr).split(b'\n') {
        let Ok(line) = line else { break };
        let text =
            String::from_utf8_lossy(line.get(..line.len().min(LONGEST)).unwrap_or_default()).into_owned();
        let text = mask(text.trim_end());
        if on_line.as_mut().is_some_and(|told| told(&text)) {
            continue;
        }
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(text);
    }
    tail
}
