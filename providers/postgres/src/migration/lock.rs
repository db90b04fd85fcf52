//! The lock under which migrations run: asked for again and again, and never waited for within the server, where whoever waits
//! holds a snapshot that `CREATE INDEX CONCURRENTLY` waits for in turn.

use std::time::Duration;

use relplan_archive::Job;
use relplan_contract::Problem;

use super::blockers::{duration, holders, told};
use super::history::History;
use crate::connection::Connection;
use crate::psql::Session;

/// How often is asked: soon at first, then less often.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// How often it is told that somebody is waited for, in milliseconds.
const TOLD_EVERY_MS: i64 = 30_000;

/// How long a question of ours may take, in milliseconds.
const OURS_MS: i64 = 60_000;

/// A session that does nothing but hold the lock, and looks after those that run the files.
pub(super) struct Holder<'j>(Session<'j>);

impl<'j> Holder<'j> {
    /// Waits until the lock is ours. It ends with the session, however that ends.
    pub(super) fn take(
        job: &'j Job,
        connection: &Connection,
        history: &History,
        patience_ms: i64,
    ) -> Result<Self, Problem> {
        let connection = connection.with_options(&[("statement_timeout", OURS_MS.to_string())]);
        let mut session = Session::open(job, &connection)?;
        // It may have nothing to say for hours.
        session.run(
            "SELECT set_config(name, '0', false) FROM pg_settings \
             WHERE name IN ('idle_session_timeout', 'idle_in_transaction_session_timeout')",
        )?;
        acquire(job, &mut session, &history.lock_number(), patience_ms)?;
        Ok(Self(session))
    }

    pub(super) const fn session(&mut self) -> &mut Session<'j> {
        &mut self.0
    }

    /// Fails when the session, and the lock with it, is gone.
    pub(super) fn check(&mut self) -> Result<(), Problem> {
        self.0.run("SELECT 1").map(drop).map_err(|problem| {
            Problem::retry(format!(
                "The session that held the lock of the migrations was ended: {}",
                problem.message
            ))
            .hint("A migration may end every session but its own; it is tried again.")
        })
    }
}

/// Waits until a session has the advisory lock with a number, which is an expression; fails with who has it.
pub(super) fn acquire(
    job: &Job,
    session: &mut Session<'_>,
    number: &str,
    patience_ms: i64,
) -> Result<(), Problem> {
    let clock = &job.context().clock;
    let begun = clock.now_ms();
    let (mut step, mut told_at) = (SHORTEST, None);
    loop {
        job.check()?;
        if session.run(&format!("SELECT pg_try_advisory_lock({number})"))?.concat() == "t" {
            return Ok(());
        }
        let now = clock.now_ms();
        let waited = now - begun;
        let over = waited >= patience_ms;
        if over || told_at.is_none_or(|told| now - told >= TOLD_EVERY_MS) {
            told_at = Some(now);
            let who = told(&holders(session, number)?)
                .unwrap_or_else(|| "a session that is gone by now".to_owned());
            if over {
                let waited = duration(waited / 1_000);
                return Err(Problem::retry(format!(
                    "Another one migrates this database, and did so for {waited}: {who}."
                ))
                .hint("`wait_timeout_ms` says how long is waited for it."));
            }
            job.context().progress.line(&format!("another one migrates this database; waiting for {who}"));
        }
        std::thread::sleep(step);
        step = (step * 2).min(LONGEST);
    }
}
