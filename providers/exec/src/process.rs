//! Running one command to its end, with its output on the way to where it belongs.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use relplan_contract::{Answer, Context, Problem};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::arguments::Spec;
use crate::group::Group;
use crate::log::Log;
use crate::output::{Lines, Tail, clean};

/// How many lines of a command are shown live; all are in the log.
const LIVE_LINES: usize = 10_000;

/// How much standard output is captured for those who read it.
const CAPTURED: usize = 512 * 1024;

/// How long the output is still read after the command ended, when something that it started holds it open.
const DRAIN: Duration = Duration::from_millis(300);

/// The same where the output is an answer: half of one would be another.
const DRAIN_ANSWER: Duration = Duration::from_secs(3);

/// How an answer is printed as a whole.
pub(crate) const WHOLE: &str =
    "Let it wait for what it starts, and let what stays behind write elsewhere (`> /dev/null`).";

/// What becomes of what a command left running in its process group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leftovers {
    /// It runs on: a server that the command started.
    Keep,
    /// It is ended.
    Stop,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, with this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Stopped, because the run was interrupted.
    Stopped,
}

/// Where the output of a command goes.
pub(crate) struct Sink<'c> {
    context: &'c Context,
    log: Option<Log>,
    shown: usize,
    pub(crate) tail: Tail,
    /// Whether what is printed is an answer, which is captured.
    answers: bool,
    captured: Vec<u8>,
    /// Why the answer is not known to be whole.
    partial: Option<&'static str>,
}

impl<'c> Sink<'c> {
    /// Shown live and kept in the log.
    pub(crate) fn live(context: &'c Context, log: Log) -> Self {
        Self::new(context, Some(log), 0)
    }

    /// Only captured.
    pub(crate) fn quiet(context: &'c Context) -> Self {
        Self::new(context, None, LIVE_LINES + 1)
    }

    fn new(context: &'c Context, log: Option<Log>, shown: usize) -> Self {
        let answers = log.is_none();
        Self { context, log, shown, tail: Tail::default(), answers, captured: Vec::new(), partial: None }
    }

    /// What was captured, or why it may be a part of an answer only.
    pub(crate) fn answer(&self) -> Result<&[u8], &'static str> {
        self.partial.map_or(Ok(&self.captured), Err)
    }

    fn line(&mut self, line: &str, left_out: usize) {
        let line = clean(&self.context.redactor, line, left_out);
        self.tail.push(&line);
        self.keep(|log| log.line(&line));
        self.shown = self.shown.saturating_add(1);
        if self.shown < LIVE_LINES {
            self.context.progress.line(&line);
        } else if self.shown == LIVE_LINES {
            self.context.progress.line("[the rest of the output is in the log only]");
        }
    }

    /// Writes to the log. A command matters more than its log: without one it runs on.
    fn keep(&mut self, write: impl FnOnce(&mut Log) -> io::Result<()>) {
        if let Some(Err(error)) = self.log.as_mut().map(write) {
            self.log = None;
            self.context.progress.line(&format!("[the log cannot be written any more: {error}]"));
        }
    }

    fn capture(&mut self, bytes: &[u8]) {
        if !self.answers {
            return;
        }
        let room = CAPTURED.saturating_sub(self.captured.len()).min(bytes.len());
        self.captured.extend_from_slice(bytes.get(..room).unwrap_or_default());
        if room < bytes.len() {
            self.partial = Some("printed more than is read");
        }
    }
}

/// How a command is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) leftovers: Leftovers,
    /// Whether an interrupted run stops it, or lets it finish.
    pub(crate) stop_on_cancel: bool,
    /// Whether it can go on when relplan is killed. One that changes nothing need not: its next word ends it.
    pub(crate) outlives: bool,
}

/// Runs the command to its end. Dropped on the way, it kills the command with all that it started.
///
/// `started` is told the number of the process group as soon as there is one.
pub(crate) async fn run(
    context: &Context,
    spec: &Spec,
    manner: Manner,
    sink: &mut Sink<'_>,
    started: impl FnOnce(i32),
) -> Result<Ended, Problem> {
    if manner.stop_on_cancel && context.cancel.is_cancelled() {
        return Err(Problem::cancelled());
    }
    let mut group = Group::spawn(spec, manner.outlives)?;
    if let Some(id) = group.id() {
        started(id);
    }
    let cancelled: Answer<'static, ()> =
        if manner.stop_on_cancel { context.cancel.cancelled() } else { Box::pin(std::future::pending()) };
    let ended = pump(context, &mut group, sink, cancelled).await?;
    match ended {
        Some(status) if manner.leftovers == Leftovers::Stop => {
            group.stop(&*context.clock).await;
            Ok(ended_of(status))
        }
        Some(status) => Ok(ended_of(status)),
        None => {
            group.stop(&*context.clock).await;
            Ok(Ended::Stopped)
        }
    }
}

/// Moves the output along until the command has ended; none when it was cancelled before.
async fn pump(
    context: &Context,
    group: &mut Group,
    sink: &mut Sink<'_>,
    mut cancelled: Answer<'static, ()>,
) -> Result<Option<ExitStatus>, Problem> {
    let (mut out, mut err) = (Stream::new(group.outlet.out.take()), Stream::new(group.outlet.err.take()));
    let mut status = None;
    let mut drained: Answer<'static, ()> = Box::pin(std::future::pending());
    while status.is_none() || out.is_open() || err.is_open() {
        tokio::select! {
            count = out.read(), if out.is_open() => {
                sink.capture(out.bytes(count));
                out.take(count, sink);
            }
            count = err.read(), if err.is_open() => err.take(count, sink),
            ended = group.wait(), if status.is_none() => {
                let lost = |error| Problem::uncertain(format!("How the command ended is not known: {error}."));
                status = Some(ended.map_err(lost)?);
                drained = context.clock.sleep(if sink.answers { DRAIN_ANSWER } else { DRAIN });
            }
            () = &mut drained => break,
            () = &mut cancelled => break,
        }
    }
    if out.is_open() && sink.answers {
        sink.partial = Some("ended while something that it started could still print");
    }
    out.lines.finish(&mut |line, left_out| sink.line(line, left_out));
    err.lines.finish(&mut |line, left_out| sink.line(line, left_out));
    Ok(status)
}

/// One of the two streams that a command writes.
struct Stream<R> {
    source: Option<R>,
    buffer: Vec<u8>,
    lines: Lines,
}

impl<R: AsyncRead + Unpin> Stream<R> {
    fn new(source: Option<R>) -> Self {
        Self { source, buffer: vec![0; 16 * 1024], lines: Lines::default() }
    }

    const fn is_open(&self) -> bool {
        self.source.is_some()
    }

    /// The count of the bytes read into the buffer; 0 at the end.
    async fn read(&mut self) -> usize {
        match &mut self.source {
            // A stream that cannot be read any more has ended.
            Some(source) => source.read(&mut self.buffer).await.unwrap_or(0),
            None => 0,
        }
    }

    fn bytes(&self, count: usize) -> &[u8] {
        self.buffer.get(..count).unwrap_or_default()
    }

    fn take(&mut self, count: usize, sink: &mut Sink<'_>) {
        if count == 0 {
            self.source = None;
        }
        let bytes = self.buffer.get(..count).unwrap_or_default();
        self.lines.feed(bytes, &mut |line, left_out| sink.line(line, left_out));
        sink.keep(Log::flush);
    }
}

fn ended_of(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Code(code),
        (None, signal) => Ended::Signal(signal.unwrap_or_default()),
    }
}

impl Ended {
    /// The exit code, where there is one.
    pub(crate) const fn code(self) -> Option<i32> {
        match self {
            Self::Code(code) => Some(code),
            Self::Signal(_) | Self::Stopped => None,
        }
    }
}
