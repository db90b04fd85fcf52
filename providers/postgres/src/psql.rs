//! [`Session`]: a conversation with a server through `psql`, with which the programs that dump share all ways to connect.

use relplan_archive::{Conversation, Failed, Flow, Job};
use relplan_contract::{Problem, ProblemKind};
use serde_json::Value as Json;

use crate::connection::{Connection, attribute_of};
use crate::program;

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
pub(crate) struct Session<'j>(Conversation<'j>, Connection);

impl<'j> Session<'j> {
    /// Connects.
    pub(crate) fn open(job: &'j Job, connection: &Connection) -> Result<Self, Problem> {
        let options = ["-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=default"];
        let arguments = options.map(str::to_owned).to_vec();
        let client = program::start(job, connection, "psql", arguments, Flow::Both, None)?;
        let broken = |error: std::io::Error| Problem::refused(format!("psql cannot be talked to: {error}."));
        let mut session = Self(Conversation::with(client).map_err(broken)?, connection.clone());
        session.run(FORMS)?;
        Ok(session)
    }

    /// Runs statements of ours and gives the lines that they print.
    pub(crate) fn run(&mut self, sql: &str) -> Result<Vec<String>, Problem> {
        let lines = self.0.ask(|end| format!("{sql}\n;\n\\echo {}\n", literal(end)));
        let texts =
            lines.and_then(|lines| lines.into_iter().map(|line| String::from_utf8(line).ok()).collect());
        texts.ok_or_else(|| self.ended())
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
        self.0.ended().map_err(|failed| refused(&failed, &self.1))
    }

    fn ended(&mut self) -> Problem {
        match self.0.ended() {
            Err(failed) => refused(&failed, &self.1),
            Ok(()) => Problem::refused("psql ended without an answer."),
        }
    }
}

fn refused(failed: &Failed, connection: &Connection) -> Problem {
    connection.explain(problem_of(failed, "The database refused"), failed)
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
