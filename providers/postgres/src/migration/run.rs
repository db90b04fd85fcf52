//! Running migrations: under one lock, each file in a session of its own, in a transaction with the row that remembers it.

use relplan_archive::{Job, before};
use relplan_contract::{Problem, ProblemKind, Value};

use super::files::Script;
use super::history::History;
use super::lock::{Holder, acquire};
use super::watch::{Watched, watched};
use crate::connection::Connection;
use crate::psql::{Session, literal};

/// What every text of ours relies on, whatever a file sets: it is in UTF-8, and a backslash in quotes is one.
const READABLE: &str = "SET client_encoding = 'UTF8'; SET standard_conforming_strings = on";

/// Back to what the session began with, so that the row which remembers a file is written as if that had set nothing. What the
/// file put off is checked before, as it set it.
const AS_BEGUN: &str = "RESET ALL; RESET SESSION AUTHORIZATION; RESET ROLE";

/// First words of statements that leave the settings of a session alone.
const SETTLED: [&str; 10] =
    ["INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE", "TRUNCATE"];

/// What one action runs.
pub(crate) struct Run<'r> {
    pub(crate) job: &'r Job,
    pub(crate) connection: Connection,
    pub(crate) history: History,
    pub(crate) scripts: Vec<Script>,
    pub(crate) planned: &'r Value,
    pub(crate) key: &'r str,
}

/// The session that runs a file, and its number in the server.
struct Runner<'r> {
    session: Session<'r>,
    pid: i64,
}

impl<'r> Run<'r> {
    fn number(&self, name: &str) -> i64 {
        self.planned.get(name).as_i64().unwrap_or_default()
    }

    /// The settings under which a statement waits, and how long each may take.
    fn bounds(&self) -> [(&'static str, String); 2] {
        [("lock_timeout", "lock_timeout_ms"), ("statement_timeout", "statement_timeout_ms")]
            .map(|(setting, argument)| (setting, self.number(argument).to_string()))
    }

    /// The lock under which all of it is done, by a session of its own.
    pub(crate) fn hold(&self) -> Result<Holder<'r>, Problem> {
        let connection =
            self.connection.with_options(&[("lock_timeout", self.number("lock_timeout_ms").to_string())]);
        Holder::take(self.job, &connection, &self.history, self.number("wait_timeout_ms"))
    }

    /// Waits until nobody runs a file any more, also not one whose relplan is gone.
    pub(crate) fn await_files(&self, session: &mut Session<'_>) -> Result<(), Problem> {
        acquire(self.job, session, &self.history.file_lock_number(), self.number("wait_timeout_ms"))
    }

    /// A new session with the settings that the database gives to everybody.
    fn runner(&self) -> Result<Runner<'r>, Problem> {
        let mut session = Session::open(self.job, &self.connection.with_options(&self.bounds()))?;
        session.run(&format!("\\set VERBOSITY verbose\n{AS_BEGUN}; {READABLE}"))?;
        let pid = session.json("SELECT pg_catalog.pg_backend_pid()")?.as_i64().unwrap_or_default();
        self.await_files(&mut session)?;
        // What its statements give is for nobody, and may be large.
        session.run("\\o /dev/null")?;
        Ok(Runner { session, pid })
    }

    /// Runs what is still to run; gives the names of those files.
    pub(crate) fn all(&self) -> Result<Vec<String>, Problem> {
        let mut holder = self.hold()?;
        self.history.prepare(holder.session())?;
        let known = self.history.known(holder.session())?;
        let pending = self.history.pending(&self.scripts, &known)?;
        for (done, script) in pending.iter().enumerate() {
            self.job.context().progress.line(&format!("running {}", script.name));
            let ended = self.job.check().and_then(|()| holder.check());
            let ended = ended.and_then(|()| self.one(&mut holder, script));
            ended.map_err(|problem| self.told(&mut holder, script, done, problem))?;
        }
        Ok(pending.iter().map(|script| script.name.clone()).collect())
    }

    fn one(&self, holder: &mut Holder<'_>, script: &Script) -> Result<(), Problem> {
        let release = &self.job.context().version;
        let remembering = |done| self.history.remembering(script, release, self.key, done);
        let mut runner = self.runner()?;
        if script.in_transaction {
            // No file can give this one back before its end.
            let lock = self.history.file_lock_number();
            runner.session.run(&format!("BEGIN; SELECT pg_catalog.pg_advisory_xact_lock({lock})"))?;
            self.statements(holder, &mut runner, script)?;
            let ending = |problem: Problem| Problem {
                message: format!("{}, at its end: {}", script.name, problem.message),
                ..problem
            };
            runner
                .session
                .run(&format!("SET CONSTRAINTS ALL IMMEDIATE; {AS_BEGUN}; {READABLE}"))
                .map_err(ending)?;
            runner.session.run_text(&remembering(true)).map_err(ending)?;
            runner.session.run("COMMIT").map_err(ending)?;
        } else {
            runner.session.run_text(&remembering(false))?;
            self.statements(holder, &mut runner, script)?;
            runner.session.run(&format!("{AS_BEGUN}; {READABLE}"))?;
            runner.session.run_text(&self.history.finishing(&script.name))?;
        }
        // It is done and remembered, whatever becomes of the session.
        let _ = runner.session.close();
        Ok(())
    }

    fn statements(
        &self,
        holder: &mut Holder<'_>,
        runner: &mut Runner<'_>,
        script: &Script,
    ) -> Result<(), Problem> {
        let mut settled = true;
        for statement in &script.statements {
            self.job.check()?;
            let place = format!("{}, line {}", script.name, statement.line);
            let known = Watched { pid: runner.pid, client: runner.session.ender() };
            let run = || {
                if !settled {
                    runner.session.run(&self.bounded())?;
                }
                runner.session.run_text(&statement.text)
            };
            watched(self.job, holder.session(), known, &place, run)
                .map_err(|problem| Problem { message: format!("{place}: {}", problem.message), ..problem })?;
            settled = statement.words.first().is_some_and(|first| SETTLED.contains(&first.as_str()));
        }
        Ok(())
    }

    /// What bounds the next statement where one before it took the bounds away, as the beginning of a dump does.
    fn bounded(&self) -> String {
        let bounds = self.bounds().map(|(name, value)| format!("({}, {})", literal(name), literal(&value)));
        format!(
            "{READABLE}; SELECT pg_catalog.set_config(n, v, false) FROM (VALUES {}) AS b(n, v) \
             WHERE pg_catalog.current_setting(n) OPERATOR(pg_catalog.=) '0'",
            bounds.join(", ")
        )
    }

    /// A failure with what is left of the file, and the way back.
    fn told(&self, holder: &mut Holder<'_>, script: &Script, done: usize, problem: Problem) -> Problem {
        if self.job.check().is_err() && (done > 0 || !script.in_transaction) {
            return Problem::uncertain(format!(
                "Interrupted in {}; {done} files had been run before it.",
                script.name
            ))
            .hint("Apply again: what was run is remembered.");
        }
        let mut problem = problem;
        if problem.message.contains("canceling statement due to statement timeout") {
            problem = problem.hint(
                "`statement_timeout_ms` says how long one statement may take; a file may give itself more with SET statement_timeout.",
            );
        }
        let left = if script.in_transaction {
            "Nothing of this file was kept; those before it were.".to_owned()
        } else {
            // What it did stands: doing it again would do it twice.
            if problem.kind == ProblemKind::Retry {
                problem.kind = ProblemKind::Refused;
            }
            format!("It ran without a transaction: what it did before is kept.{}", invalid_indexes(holder))
        };
        let back = before::way_back(self.planned);
        Problem { message: format!("{} {left}{back}", problem.message), ..problem }
    }
}

/// The indexes that cannot be used, as a statement that was cut off leaves them; empty where there are none.
fn invalid_indexes(holder: &mut Holder<'_>) -> String {
    let found = holder.session().run(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND c.relkind = 'i' ORDER BY 1 LIMIT 5",
    );
    match found {
        Ok(names) if !names.is_empty() => {
            let drops: Vec<String> =
                names.iter().map(|name| format!("DROP INDEX CONCURRENTLY {name}")).collect();
            format!(" Indexes that are invalid are there now: {}.", drops.join("; "))
        }
        Ok(_) | Err(_) => String::new(),
    }
}
