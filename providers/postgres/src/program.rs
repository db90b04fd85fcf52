//! PostgreSQL's own programs, started with a connection's environment.

use std::io::Read as _;

use relplan_archive::{Job, OnLine, Tool, ToolSpec};
use relplan_contract::Problem;
use rustix::process::Signal;

use crate::connection::Connection;
use crate::psql::problem_of;

/// Which way a program's data flows.
pub(crate) enum Flow {
    /// Something is written to it.
    In,
    /// What it writes is read; each message is told to somebody, if there is one.
    Out(Option<OnLine>),
    /// Both.
    Both,
}

/// Starts a program of the connection.
pub(crate) fn start<'j>(
    job: &'j Job,
    connection: &Connection,
    name: &str,
    arguments: Vec<String>,
    flow: Flow,
) -> Result<Tool<'j>, Problem> {
    let (input, output, on_line) = match flow {
        Flow::In => (true, false, None),
        Flow::Out(on_line) => (false, true, on_line),
        Flow::Both => (true, true, None),
    };
    let program = connection.program(name);
    let environment = connection.environment();
    // At SIGTERM they tell their server to stop.
    let farewell = Signal::TERM;
    let spec = ToolSpec {
        program: &program,
        arguments,
        environment,
        folder: None,
        input,
        output,
        on_line,
        farewell,
    };
    Tool::start(job, spec)
}

/// All that a program writes.
pub(crate) fn written_by(
    job: &Job,
    connection: &Connection,
    name: &str,
    arguments: Vec<String>,
    doing: &str,
) -> Result<Vec<u8>, Problem> {
    let mut tool = start(job, connection, name, arguments, Flow::Out(None))?;
    let mut written = Vec::new();
    let read = tool.output().and_then(|mut output| output.read_to_end(&mut written));
    tool.wait().map_err(|failed| problem_of(&failed, doing))?;
    read.map_err(|error| Problem::refused(format!("{doing}: {error}.")))?;
    Ok(written)
}
