//! [`Session`]: a conversation with a server through `psql`, with which the programs that dump share all ways to connect.

use relplan_archive::{Conversation, Ender, Failed, Flow, Job};
use relplan_contract::{Problem, ProblemKind};
use serde::de::DeserializeOwned;
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

/// A statement for `psql` of which the beginning does nothing: it is a text in quotes, which is run when it is complete. The
/// quotes are of the kind that no setting gives another meaning to.
fn whole(sql: &str) -> String {
    let tag = (0..=sql.len()).map(|number| format!("$r{number}$")).find(|tag| !sql.contains(tag.as_str()));
    let tag = tag.unwrap_or_default();
    format!("SELECT {tag}{sql}\n{tag} \\gexec")
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

    /// Runs statements of ours that change nothing for good, and gives the lines that they print. A `psql` that outlives
    /// us runs what it has of them when its input ends.
    pub(crate) fn run(&mut self, sql: &str) -> Result<Vec<String>, Problem> {
        let lines = self.0.ask(|end| format!("{sql}\n;\n\\echo {}\n", literal(end)));
        let texts =
            lines.and_then(|lines| lines.into_iter().map(|line| String::from_utf8(line).ok()).collect());
        texts.ok_or_else(|| self.ended())
    }

    /// Runs one statement that changes something, or that a person wrote: `psql` sends the text as it is, and takes no
    /// `\` in it for a command. It has either all of the text or no statement at all, however it comes to its end.
    pub(crate) fn run_text(&mut self, sql: &str) -> Result<Vec<String>, Problem> {
        self.run(&whole(sql))
    }

    /// Asks one of our queries that gives one JSON value.
    pub(crate) fn json(&mut self, sql: &str) -> Result<Json, Problem> {
        let lines = self.run(sql)?;
        Ok(serde_json::from_str(&lines.concat()).unwrap_or(Json::Null))
    }

    /// Asks one of our queries that gives one JSON value of this form; `failing` begins the message where it has another one.
    pub(crate) fn asked<T: DeserializeOwned>(&mut self, sql: &str, failing: &str) -> Result<T, Problem> {
        serde_json::from_value(self.json(sql)?)
            .map_err(|error| Problem::refused(format!("{failing}: {error}.")))
    }

    /// Who can end `psql` while it is asked.
    pub(crate) const fn ender(&self) -> Ender {
        self.0.ender()
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    /// What a `psql` makes of an input that ends there.
    fn fed(server: &postgres_server::Server, input: &str) {
        let mut psql = Command::new(postgres_server::programs().join("psql"))
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", &server.url("shop")])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("psql");
        psql.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
        psql.wait().expect("ended");
    }

    #[test]
    fn the_beginning_of_a_change_changes_nothing() {
        let server = postgres_server::Server::start();
        server.shop("shop", 1);
        server.sql("shop", "CREATE TABLE half (name text, done int)");
        let all = "SELECT string_agg(name || done, ' ' ORDER BY name) FROM half";
        let change = "UPDATE half SET done = 1 WHERE name = 'a' OR name = 'it''s \\x'";
        let reset = || server.sql("shop", "DELETE FROM half; INSERT INTO half VALUES ('a', 0), ('b', 0)");
        reset();
        // psql runs what it has of a statement when its input ends: here everything but the condition.
        fed(&server, change.split(" WHERE").next().unwrap_or_default());
        assert_eq!(server.sql("shop", all), "a1 b1");
        let whole = whole(change);
        reset();
        for end in (0..whole.len()).rev() {
            fed(&server, &whole[..end]);
            assert_eq!(server.sql("shop", all), "a0 b0", "{}", &whole[..end]);
        }
        fed(&server, &whole);
        assert_eq!(server.sql("shop", all), "a1 b0");
    }
}
