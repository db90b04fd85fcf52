//! Commands that write a stream, or are given one.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use relplan_archive::{Archive, Job, Settings, Tool, ToolSpec};
use relplan_contract::{Context, Path, Problem, Value};
use rustix::process::Signal;

use super::STREAM;
use crate::arguments::Spec;
use crate::output::{Tail, clean};

/// A command with all that it is started with.
pub(super) struct Command {
    spec: Spec,
    program: String,
}

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
        let spec = Spec::of(context, object, attribute, key)?.ok_or_else(missing)?.whole()?;
        if !spec.directory.is_dir() {
            let message = format!("The folder {} does not exist.", spec.directory.display());
            return Err(Problem::missing(message).about(Path::attribute("working_directory")));
        }
        let program = spec.argv.first().cloned().unwrap_or_default();
        // A program with a folder in its name is looked for where the command runs.
        let program =
            if program.contains('/') { spec.directory.join(program).display().to_string() } else { program };
        Ok(Self { spec, program })
    }

    /// Its program, as it was written.
    pub(super) fn program(&self) -> &str {
        self.spec.argv.first().map_or("", String::as_str)
    }

    /// Gives it a variable.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.spec.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Starts it, to read what it writes.
    pub(super) fn writing<'j>(&self, job: &'j Job) -> Result<Tool<'j>, Problem> {
        self.start(job, false)
    }

    /// Starts it, gives it the whole stream, and waits for its verdict; gives the last lines that it printed.
    pub(super) fn given(
        &self,
        job: &Job,
        settings: &Settings,
        archive: &Archive,
    ) -> Result<Vec<String>, Problem> {
        let attribute = self.spec.attribute;
        let part = part_of(archive)?;
        let mut reader = archive.reader(part, settings.identities()?.as_ref())?;
        let mut tool = self.start(job, true)?;
        let output = tool.output().map_err(|error| unreadable(&error))?;
        let printed = Arc::new(Mutex::new(Tail::default()));
        let keeping = {
            let (context, printed) = (job.context().clone(), Arc::clone(&printed));
            std::thread::spawn(move || keep(&context, output, &printed))
        };
        let fed = tool.feed(&mut reader, STREAM);
        let ended = tool.wait();
        // It ends with the command's output; a fault in it loses lines, not the verdict.
        let _ = keeping.join();
        let printed = printed.lock().unwrap_or_else(PoisonError::into_inner).text();
        ended.map_err(|failed| {
            let problem = failed.problem(&format!("The command `{attribute}` refuses the snapshot"));
            let detail = format!("{printed}\n{}", problem.detail).trim().to_owned();
            let problem = Problem { detail, ..problem };
            problem.about(Path::attribute(attribute))
        })?;
        fed.map_err(|error| unreadable(&error))?;
        Ok(printed.lines().map(str::to_owned).collect())
    }

    fn start<'j>(&self, job: &'j Job, input: bool) -> Result<Tool<'j>, Problem> {
        let context = job.context().clone();
        let on_line = move |line: &str| {
            context.progress.line(&clean(&context.redactor, line, 0));
            false
        };
        let spec = ToolSpec {
            program: &self.program,
            arguments: self.spec.argv.iter().skip(1).cloned().collect(),
            environment: &self.spec.environment,
            folder: Some(&self.spec.directory),
            input,
            output: true,
            on_line: Some(Box::new(on_line)),
            farewell: Signal::TERM,
        };
        let attribute = self.spec.attribute;
        Tool::start(job, spec).map_err(|problem| problem.about(Path::attribute(attribute)))
    }
}

/// Reads the whole stream, which compares every sum on its way.
pub(super) fn read(job: &Job, settings: &Settings, archive: &Archive) -> Result<(), Problem> {
    let mut reader = archive.reader(part_of(archive)?, settings.identities()?.as_ref())?;
    job.copy(&mut reader, &mut io::sink(), STREAM).map(drop).map_err(|error| unreadable(&error))
}

fn part_of(archive: &Archive) -> Result<&relplan_archive::Part, Problem> {
    match archive.manifest.parts.as_slice() {
        [part] if part.name.starts_with(STREAM) => Ok(part),
        _ => Err(Problem::refused("The snapshot has parts that this relplan does not know.")
            .hint("Use a newer relplan.")),
    }
}

/// Keeps the last lines of a command's output, which are told in the end.
fn keep(context: &Context, output: impl io::Read, printed: &Mutex<Tail>) {
    let mut lines = crate::output::Lines::default();
    let mut kept = |line: &str, left_out: usize| {
        let line = clean(&context.redactor, line, left_out);
        printed.lock().unwrap_or_else(PoisonError::into_inner).push(&line);
    };
    let (mut output, mut buffer) = (output, vec![0; 16 << 10]);
    while let Ok(count @ 1..) = output.read(&mut buffer) {
        lines.feed(buffer.get(..count).unwrap_or_default(), &mut kept);
    }
    lines.finish(&mut kept);
}

fn unreadable(error: &io::Error) -> Problem {
    Problem::conflict(format!("The stream of the snapshot cannot be read: {error}."))
        .hint("It is damaged. Use another snapshot.")
}
