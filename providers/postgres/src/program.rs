//! PostgreSQL's own programs, started with a connection's environment.

use relplan_archive::{Flow, Job, OnLine, Tool, ToolSpec};
use relplan_contract::Problem;
use rustix::process::Signal;

use crate::connection::Connection;

/// Starts a program of the connection. Each of its messages is told to `on_line`.
pub(crate) fn start<'j>(
    job: &'j Job,
    connection: &Connection,
    name: &str,
    arguments: Vec<String>,
    flow: Flow,
    on_line: Option<OnLine>,
) -> Result<Tool<'j>, Problem> {
    let spec = ToolSpec {
        program: &connection.program(name),
        arguments,
        environment: connection.environment(),
        folder: None,
        flow,
        on_line,
        // At SIGTERM they tell their server to stop.
        farewell: Signal::TERM,
    };
    Tool::start(job, spec)
}
