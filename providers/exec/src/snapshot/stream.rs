//! Commands that write a stream, or are given one.

use std::io;
use std::sync::mpsc;

use relplan_archive::{Archive, Flow, Job, Settings, Tool, ToolSpec};
use relplan_contract::{Context, Path, Problem, Value};
use rustix::process::Signal;

use super::STREAM;
use crate::arguments::Spec;
use crate::output::{Lines, Tail, clean};

/// A command with all that it is started with.
pub(super) struct Command(Spec);

impl Command {
    /// The command in an attribute of an object, with all its secrets.
    pub(super) fn of(
        context: &Context,
        object: &Value,
        attribute: &'static str,
        key: &str,
    ) -> Result<Self, Problem> {
        let missing = || {
            Problem::invalid(attribute, format!("There is no command `{attribute}`."))
                .hint(format!("Give it in the release file, or now: `-with '{attribute}=[\"PROGRAM\"]'`."))
        };
        Ok(Self(Spec::of(context, object, attribute, key)?.ok_or_else(missing)?.whole()?))
    }

    /// Its program, as it was written.
    pub(super) fn program(&self) -> &str {
        self.0.argv.first().map_or("", String::as_str)
    }

    /// Gives it a variable.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Starts it, to read what it writes.
    pub(super) fn writing<'j>(&self, job: &'j Job) -> Result<Tool<'j>, Problem> {
        self.start(job, Flow::Out)
    }

    /// Starts it, gives it the whole stream, and waits for its verdict; gives the last lines that it printed.
    pub(super) fn given(
        &self,
        job: &Job,
        settings: &Settings,
        archive: &Archive,
    ) -> Result<Vec<String>, Problem> {
        let attribute = self.0.attribute;
        let part = archive.only_part(STREAM)?;
        let mut reader = archive.reader(part, settings.identities()?.as_ref())?;
        let context = job.context().clone();
        let (give, output) = mpsc::channel();
        // Before the command: it must not have begun when there is no thread to be had.
        let keeping = std::thread::Builder::new()
            .spawn(move || output.recv().map(|output| last_lines(&context, output)).unwrap_or_default())
            .map_err(|error| Problem::retry(format!("The system gives no more threads: {error}.")))?;
        let mut tool = self.start(job, Flow::Both)?;
        // It waits for this, and for nothing else.
        let _ = give.send(tool.output().map_err(|error| unreadable(&error))?);
        let fed = tool.feed(&mut reader, STREAM);
        let ended = tool.wait();
        // It ends with the command's output; a fault in it loses lines, not the verdict.
        let printed = keeping.join().unwrap_or_default();
        ended.map_err(|failed| {
            let problem = failed.problem(&format!("The command `{attribute}` refuses the snapshot"));
            let detail = format!("{printed}\n{}", problem.detail).trim().to_owned();
            let problem = Problem { detail, ..problem };
            problem.about(Path::attribute(attribute))
        })?;
        fed.map_err(|error| unreadable(&error))?;
        Ok(printed.lines().map(str::to_owned).collect())
    }

    fn start<'j>(&self, job: &'j Job, flow: Flow) -> Result<Tool<'j>, Problem> {
        let context = job.context().clone();
        let on_line = move |line: &str| {
            context.progress.line(&clean(&context.redactor, line, 0));
            false
        };
        let (program, arguments) = self.0.program()?;
        let spec = ToolSpec {
            program: &program.display().to_string(),
            arguments: arguments.to_vec(),
            environment: &self.0.environment,
            folder: Some(&self.0.directory),
            flow,
            on_line: Some(Box::new(on_line)),
            farewell: Signal::TERM,
        };
        Tool::start(job, spec).map_err(|problem| problem.about(Path::attribute(self.0.attribute)))
    }
}

/// Reads the whole stream, which compares every sum on its way.
pub(super) fn read(job: &Job, settings: &Settings, archive: &Archive) -> Result<(), Problem> {
    let mut reader = archive.reader(archive.only_part(STREAM)?, settings.identities()?.as_ref())?;
    job.copy(&mut reader, &mut io::sink(), STREAM).map(drop).map_err(|error| unreadable(&error))
}

/// The last lines of a command's output, which are told in the end.
fn last_lines(context: &Context, mut output: impl io::Read) -> String {
    let (mut lines, mut tail) = (Lines::default(), Tail::default());
    let mut kept = |line: &str, left_out: usize| tail.push(&clean(&context.redactor, line, left_out));
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = output.read(&mut buffer) {
        lines.feed(buffer.get(..count).unwrap_or_default(), &mut kept);
    }
    lines.finish(&mut kept);
    tail.text()
}

fn unreadable(error: &io::Error) -> Problem {
    Problem::conflict(format!("The stream of the snapshot cannot be read: {error}."))
        .hint("It is damaged. Use another snapshot.")
}
