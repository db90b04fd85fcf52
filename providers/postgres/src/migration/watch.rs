//! Looking after a statement while it runs: who it waits for is known to nobody any more once it was given up.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use relplan_archive::{Ender, Job, side_thread};
use relplan_contract::{Problem, ProblemKind};

use super::blockers::{look, told};
use crate::psql::Session;

/// When the first look is, and how often at most.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);

/// How many looks in a row must find that a statement waits for its client.
const SURE: usize = 3;

/// What the looks found.
#[derive(Default)]
struct Found {
    /// Who the statement waited for when it was last looked at.
    who: Option<String>,
    /// Whether it was ended since it waited for its client.
    wanted_input: bool,
}

/// A session as its watcher knows it.
#[derive(Clone, Copy)]
pub(super) struct Watched {
    /// Its number in the server.
    pub(super) pid: i64,
    /// Who can end its client.
    pub(super) client: Ender,
}

/// Does `work`, a statement of a session, while `watcher` looks who it waits for. A failure names them.
pub(super) fn watched<T>(
    job: &Job,
    watcher: &mut Session<'_>,
    session: Watched,
    what: &str,
    work: impl FnOnce() -> Result<T, Problem>,
) -> Result<T, Problem> {
    std::thread::scope(|scope| {
        let (over, ended) = channel::<()>();
        let looks = side_thread(scope, move || looks(job, watcher, session, what, &ended))?;
        let done = work();
        drop(over);
        let found = looks.join().unwrap_or_default();
        done.map_err(|problem| explained(problem, &found))
    })
}

fn explained(problem: Problem, found: &Found) -> Problem {
    if found.wanted_input {
        return Problem {
            kind: ProblemKind::Refused,
            message: "It was ended, since it waits for input of its client, and there is none.".to_owned(),
            ..problem
        };
    }
    match &found.who {
        Some(who) => Problem { message: format!("{} It waited for {who}.", problem.message), ..problem },
        None => problem,
    }
}

/// Looks until the statement has ended, or nothing can be seen any more.
fn looks(job: &Job, watcher: &mut Session<'_>, session: Watched, what: &str, ended: &Receiver<()>) -> Found {
    let (mut found, mut step, mut at_client) = (Found::default(), FIRST, 0);
    let mut told_of: Option<String> = None;
    while ended.recv_timeout(step) == Err(RecvTimeoutError::Timeout) {
        step = (step * 2).min(LONGEST);
        let Ok(seen) = look(watcher, session.pid) else { break };
        found.who = told(&seen.parties);
        at_client = if seen.waits_for_client { at_client + 1 } else { 0 };
        if at_client >= SURE {
            // The server gives its locks back at once; the client would go on waiting for its input.
            let ended = watcher.run(&format!("SELECT pg_terminate_backend({})", session.pid));
            found.wanted_input = ended.is_ok();
            session.client.end();
            break;
        }
        let first = |who: &str| who.split(['(', ',']).next().unwrap_or_default().to_owned();
        if let Some(who) = &found.who
            && told_of.as_deref() != Some(&first(who))
        {
            told_of = Some(first(who));
            job.context().progress.line(&format!("{what} waits for {who}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use relplan_contract::conformance::context_in;

    use super::*;
    use crate::connection::Connection;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_waits_for_its_client_is_ended() {
        let server = postgres_server::Server::start();
        server.shop("shop", 1);
        let context = context_in(Path::new("/"), "postgres_migration.it");
        let url = server.url("shop");
        let ended = Job::run(&context, move |job| {
            let connection = Connection::of_person(job.context(), &url, None)?;
            let (mut watcher, mut session) =
                (Session::open(job, &connection)?, Session::open(job, &connection)?);
            let pid = session.json("SELECT pg_backend_pid()")?.as_i64().unwrap_or_default();
            let known = Watched { pid, client: session.ender() };
            session.run("BEGIN; LOCK TABLE public.orders")?;
            let copy = || session.run_text("COPY public.orders FROM stdin");
            watched(job, &mut watcher, known, "1.sql, line 1", copy)
        });
        let problem = ended.await.expect_err("nobody sends anything");
        assert!(problem.message.contains("waits for input of its client"), "{problem}");
        assert_eq!(problem.kind, ProblemKind::Refused);
        assert_eq!(server.sql("shop", "SELECT count(*) FROM orders"), "1");
    }
}
