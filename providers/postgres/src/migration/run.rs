//! Running migrations: under one lock, each file in a transaction with the row that remembers it.

use relplan_archive::{Job, before};
use relplan_contract::{Problem, Value};

use super::files::Script;
use super::history::History;
use crate::connection::Connection;
use crate::psql::Session;

/// What one action runs.
pub(crate) struct Run<'r> {
    pub(crate) job: &'r Job,
    pub(crate) connection: Connection,
    pub(crate) history: History,
    pub(crate) scripts: Vec<Script>,
    pub(crate) planned: &'r Value,
    pub(crate) key: &'r str,
}

impl Run<'_> {
    /// A session with the settings that the database gives to everybody.
    pub(crate) fn session(&self) -> Result<Session<'_>, Problem> {
        let number = |name: &str| self.planned.get(name).as_i64().unwrap_or_default().to_string();
        let connection = self.connection.with_options(&[
            ("lock_timeout", number("lock_timeout_ms")),
            ("statement_timeout", number("statement_timeout_ms")),
        ]);
        let mut session = Session::open(self.job, &connection)?;
        session.run("\\set VERBOSITY verbose\nRESET ALL; SET standard_conforming_strings = on; SET client_encoding = 'UTF8'")?;
        Ok(session)
    }

    /// Runs what is still to run; gives the names of those files.
    pub(crate) fn all(&self) -> Result<Vec<String>, Problem> {
        let mut session = self.session()?;
        self.history.lock(&mut session)?;
        self.history.prepare(&mut session)?;
        let known = self.history.known(&mut session)?;
        let pending = self.history.pending(&self.scripts, &known)?;
        for (done, script) in pending.iter().enumerate() {
            self.job.context().progress.line(&format!("running {}", script.name));
            let ended = self.job.check().and_then(|()| self.one(&mut session, script));
            ended.map_err(|problem| self.told(script, done, problem))?;
        }
        session.close()?;
        Ok(pending.iter().map(|script| script.name.clone()).collect())
    }

    fn one(&self, session: &mut Session<'_>, script: &Script) -> Result<(), Problem> {
        let release = &self.job.context().version;
        let remembering = |done| self.history.remembering(script, release, self.key, done);
        if script.in_transaction {
            session.run("BEGIN")?;
            self.statements(session, script)?;
            session.run_text(&remembering(true))?;
            return session.run("COMMIT").map(drop);
        }
        session.run_text(&remembering(false))?;
        self.statements(session, script)?;
        session.run_text(&self.history.finishing(&script.name)).map(drop)
    }

    fn statements(&self, session: &mut Session<'_>, script: &Script) -> Result<(), Problem> {
        for statement in &script.statements {
            self.job.check()?;
            session.run_text(&statement.text).map_err(|problem| Problem {
                message: format!("{}, line {}: {}", script.name, statement.line, problem.message),
                ..problem
            })?;
        }
        Ok(())
    }

    /// A failure with what is left of the file, and the way back.
    fn told(&self, script: &Script, done: usize, problem: Problem) -> Problem {
        if self.job.check().is_err() && (done > 0 || !script.in_transaction) {
            return Problem::uncertain(format!(
                "Interrupted in {}; {done} files had been run before it.",
                script.name
            ))
            .hint("Apply again: what was run is remembered.");
        }
        let left = if script.in_transaction {
            "Nothing of this file was kept; those before it were."
        } else {
            "It ran without a transaction: what it did before is kept."
        };
        let back = before::way_back(self.planned);
        Problem { message: format!("{} {left}{back}", problem.message), ..problem }
    }
}
