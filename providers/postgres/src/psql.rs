//! [`Session`]: a conversation with a server through `psql`, with which the programs that dump share all ways to connect.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout};

use relplan_archive::{Failed, Job, Tool};
use relplan_contract::{Problem, ProblemKind};
use serde_json::Value as Json;

use crate::connection::{Connection, attribute_of};
use crate::program::{self, Flow};

/// How values are written as text, so that two servers write the same ones alike.
const FORMS: &str = "SET DateStyle = ISO; SET IntervalStyle = postgres; SET TimeZone = 'UTC'; SET extra_float_digits = 3; \
    SET bytea_output = hex; SET search_path = pg_catalog; SET row_security = off; SET client_encoding = 'UTF8'; \
    SET standard_conforming_strings = on;";

/// A text as a literal of SQL (with `standard_conforming_strings`).
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as an identifier of SQL.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A conversation. The server ends it when it is dropped.
pub(crate) struct Session<'j> {
    tool: Tool<'j>,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    asked: u64,
}

impl<'j> Session<'j> {
    /// Connects.
    pub(crate) fn open(job: &'j Job, connection: &Connection) -> Result<Self, Problem> {
        let options = ["-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=default"];
        let arguments = options.map(str::to_owned).to_vec();
        let mut tool = program::start(job, connection, "psql", arguments, Flow::Both)?;
        let broken = |error: std::io::Error| Problem::refused(format!("psql cannot be talked to: {error}."));
        let input = Some(tool.input().map_err(broken)?);
        let output = BufReader::new(tool.output().map_err(broken)?);
        let mut session = Self { tool, input, output, asked: 0 };
        session.run(FORMS)?;
        Ok(session)
    }

    /// Runs statements of ours and gives the lines that they print.
    pub(crate) fn run(&mut self, sql: &str) -> Result<Vec<String>, Problem> {
        self.asked += 1;
        let end = format!("relplan: the end of {}", self.asked);
        let sent = self.input.as_mut().map(|input| {
            // A failed write means that psql has ended: what it said is told below.
            input
                .write_all(format!("{sql}\n;\n\\echo {}\n", literal(&end)).as_bytes())
                .and_then(|()| input.flush())
        });
        drop(sent);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            match self.output.read_line(&mut line) {
                Ok(0) | Err(_) => return Err(self.ended()),
                Ok(_) if line.trim_end() == end => return Ok(lines),
                Ok(_) => lines.push(line.trim_end_matches('\n').to_owned()),
            }
        }
    }

    /// Runs statements that a person wrote: `psql` sends the text as it is, and takes no `\` in it for a command.
    pub(crate) fn run_text(&mut self, sql: &str) -> Result<Vec<String>, Problem> {
        self.run(&format!("SELECT {} \\gexec", literal(sql)))
    }

    /// Asks one of our queries that gives one JSON value.
    pub(crate) fn json(&mut self, sql: &str) -> Result<Json, Problem> {
        let lines = self.run(sql)?;
        Ok(serde_json::from_str(&lines.concat()).unwrap_or(Json::Null))
    }

    /// Ends the conversation in good order.
    pub(crate) fn close(mut self) -> Result<(), Problem> {
        drop(self.input.take());
        self.tool.wait().map_err(|failed| problem_of(&failed, "The database refused"))
    }

    fn ended(&mut self) -> Problem {
        drop(self.input.take());
        match self.tool.wait() {
            Err(failed) => problem_of(&failed, "The database refused"),
            Ok(()) => Problem::refused("psql ended without an answer."),
        }
    }
}

/// What a failed program of libpq means.
pub(crate) fn problem_of(failed: &Failed, doing: &str) -> Problem {
    let mut problem = failed.problem(doing);
    let passing = [
        "the database system is starting up",
        "the database system is shutting down",
        "server closed the connection unexpectedly",
        "terminating connection due to administrator command",
        "Connection refused",
        "Connection reset",
        "timeout expired",
        "too many clients",
        "SSL SYSCALL error",
        "could not receive data from server",
        "connection to server was lost",
    ];
    if failed.says(&["canceling statement due to lock timeout", "could not obtain lock"]) {
        problem.kind = ProblemKind::Retry;
        problem = problem.hint(
            "Somebody holds a lock on a table; it is tried again. `lock_timeout_ms` says how long is waited.",
        );
    } else if failed.says(&passing) {
        problem.kind = ProblemKind::Retry;
    }
    if failed.says(&["password authentication failed", "no password supplied"]) {
        problem = problem.hint(
            "Look at the user and the password; relplan gives it to the programs in a file of its own.",
        );
    }
    if let Some(about) = failed.messages.iter().find_map(|line| attribute_of(line)) {
        problem = problem.about(about);
    }
    problem
}
