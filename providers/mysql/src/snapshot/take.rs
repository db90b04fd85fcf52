//! Taking a snapshot: one dump in a transaction, and a count of its rows in another that sees the same.
//!
//! MySQL cannot hand the view of one transaction to another. So writers are held up by a global read lock for the moment in
//! which both begin; the program that dumps tells on its messages when its own has begun.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use relplan_archive::{Archive, Depth, Draft, Facts, Flow, Job, OnLine, Part, Settings, Tool};
use relplan_contract::Problem;

use super::Plan;
use crate::database::{self, COMMON, is_since};
use crate::objects;
use crate::program::{self, Program};
use crate::session::{Session, problem_of};
use crate::tables::{self, Dumped, Listed};

/// The part that holds the dump.
pub(crate) const DUMP: &str = "database.sql";

/// What a whole dump ends with.
pub(crate) const COMPLETED: &str = "-- Dump completed";

/// What the program that dumps says before its transaction has begun.
const BEFORE: [&str; 2] = ["-- Connecting to", "-- Starting transaction"];

/// Takes the snapshot of an action.
pub(crate) fn take(job: &Job, settings: &Settings, plan: &Plan, key: &str) -> Result<Archive, Problem> {
    let mut session = Session::open(job, &plan.connection)?;
    let name = plan.connection.database();
    let mut said = database::about(&mut session, name)?;
    let (version, dump_is_mariadbs) = database::dump_version(job, &plan.connection)?;
    let is_mariadb = database::is_mariadb(&said);
    let listed = tables::list(&mut session, &plan.selection)?;
    check_engines(plan, &listed)?;
    objects::check_whole(&mut session, name, &listed)?;
    let mut more = chosen(name, &listed, is_mariadb && dump_is_mariadbs)?;
    let knows_history = is_mariadb
        && dump_is_mariadbs
        && [said.get("server_version"), Some(&version)]
            .iter()
            .flatten()
            .all(|version| is_since(version, (10, 11)));
    let with_history = keep_history(job, &listed, knows_history, &mut said);
    if with_history {
        more.push("--dump-history".to_owned());
    }
    let objects = objects::list(&mut session, name, &listed)?;
    let raw: i64 =
        listed.iter().filter(|table| table.dumped != Dumped::Nothing).map(|table| table.bytes).sum();
    said.insert("bytes".to_owned(), raw.to_string());
    // Compressed rows take far less than tables on a disk; a disk that fills up all the same is told then.
    let draft = Draft::begin(settings, job.context(), key, u64::try_from(raw / 8).unwrap_or_default())?;
    let lock = Lock::take(job, plan)?;
    if lock.is_some() {
        said.extend(database::place_in_log(job, &plan.connection, is_mariadb)?);
    }
    session.run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")?;
    let (begun, has_begun) = channel();
    let tool = dump(job, plan, &more, begun)?;
    let counted = || {
        // Held to the end where nobody is to write until then.
        let held = lock.map_or(Ok(None), |lock| lock.until(&has_begun))?;
        Ok((tables::contents(&mut session, &listed, plan.depth, with_history)?, held))
    };
    let (part, (contents, held)) = job.both(|| written(job, &draft, tool), counted)?;
    drop(held);
    session.run("COMMIT")?;
    let listed_after = tables::list(&mut session, &plan.selection)?;
    let (changed, over) = objects::differences(&objects, &objects::list(&mut session, name, &listed_after)?);
    session.close()?;
    if !changed.is_empty() || !over.is_empty() {
        let what = changed.first().cloned().unwrap_or_else(|| "an event was over".to_owned());
        return Err(Problem::retry(format!("Somebody changed the schema while it was dumped: {what}."))
            .hint("It is tried again; better when nobody migrates."));
    }
    let facts = Facts {
        engine: "mysql".to_owned(),
        database: said,
        tools: BTreeMap::from([("dump".to_owned(), version)]),
        tables: contents,
        exact: plan.depth != Depth::Estimated,
        schema_sha256: objects::sum(&objects),
        objects,
    };
    draft.finish(job.context(), vec![part], facts)
}

/// Refuses tables that no transaction sees as they were.
fn check_engines(plan: &Plan, listed: &[Listed]) -> Result<(), Problem> {
    let outside = listed.iter().filter(|table| table.has_rows());
    let names: Vec<&str> =
        outside.filter(|table| !table.transactional).map(|table| table.name.as_str()).take(5).collect();
    if names.is_empty() || plan.lock_all_tables {
        return Ok(());
    }
    Err(Problem::refused(format!(
        "The engines of these tables know no transactions: {}. A dump would not be of one moment.",
        names.join(", ")
    ))
    .hint("Convert them to InnoDB, leave them out with `exclude_tables`, or hold up all who write with lock_all_tables = true.")
    .about(relplan_contract::Path::attribute("lock_all_tables")))
}

/// What tells the program that dumps which tables are not wanted.
fn chosen(database: &str, listed: &[Listed], knows_data: bool) -> Result<Vec<String>, Problem> {
    let mut arguments = Vec::new();
    for table in listed {
        let name = &table.name;
        match table.dumped {
            Dumped::Rows => {}
            Dumped::Nothing => arguments.push(format!("--ignore-table={database}.{name}")),
            Dumped::Schema if knows_data => {
                arguments.push(format!("--ignore-table-data={database}.{name}"));
            }
            Dumped::Schema => {
                return Err(Problem::invalid(
                    "exclude_table_data",
                    "Only MariaDB's programs can dump a table without its rows.",
                ));
            }
        }
    }
    Ok(arguments)
}

/// Whether what rows were before comes along. Where it cannot, that is said, and stays with the snapshot.
fn keep_history(job: &Job, listed: &[Listed], known: bool, said: &mut BTreeMap<String, String>) -> bool {
    let kept = listed.iter().filter(|table| table.has_rows());
    let kept: Vec<_> =
        kept.filter_map(|table| Some((table.name.as_str(), table.history.as_ref()?))).collect();
    if kept.is_empty() {
        return false;
    }
    let precise = kept.iter().find(|(_, history)| history.precise).map(|(name, _)| *name);
    let why = match precise {
        Some(name) => format!("mariadb-dump cannot write that of {name}, which counts transactions"),
        None if !known => "that needs a server and a mariadb-dump of 10.11 or newer".to_owned(),
        None => {
            said.insert("history".to_owned(), super::verify::IN_IT.to_owned());
            return true;
        }
    };
    let names: Vec<&str> = kept.iter().map(|(name, _)| *name).collect();
    let told = format!("The history of {} is not in it: {why}.", names.join(", "));
    job.context().progress.line(&told);
    said.insert("history".to_owned(), told);
    false
}

/// Starts the dump. `begun` is told when its transaction has begun.
fn dump<'j>(job: &'j Job, plan: &Plan, more: &[String], begun: Sender<()>) -> Result<Tool<'j>, Problem> {
    let mut arguments: Vec<String> = COMMON.map(str::to_owned).to_vec();
    arguments.extend(["--verbose", "--hex-blob", "--max-allowed-packet=1G"].map(str::to_owned));
    arguments.extend(more.iter().cloned());
    arguments.push(plan.connection.database().to_owned());
    let telling = Some(telling(job, begun));
    program::start(job, &plan.connection, Program::Dump, arguments, Flow::Out, telling)
}

/// Tells of each table that is dumped, and of the beginning.
fn telling(job: &Job, begun: Sender<()>) -> OnLine {
    let progress = Arc::clone(&job.context().progress);
    Box::new(move |line| {
        if !line.starts_with("-- ") {
            return false;
        }
        if !BEFORE.iter().any(|words| line.starts_with(words)) {
            // Nobody listens any more once the lock is gone.
            let _ = begun.send(());
        }
        if let Some(table) = line.strip_prefix("-- Retrieving table structure for table ") {
            progress.line(&format!("dumping {}", table.trim_end_matches('.')));
        }
        true
    })
}

fn written(job: &Job, draft: &Draft<'_>, tool: Tool<'_>) -> Result<Part, Problem> {
    let meaning = |failed: &relplan_archive::Failed| problem_of(failed, "The database cannot be dumped");
    draft.written_by(job, DUMP, tool, meaning, |end| {
        if String::from_utf8_lossy(end).contains(COMPLETED) {
            return Ok(());
        }
        Err(Problem::retry("The dump ends too early, though its program says that all is well."))
    })
}

/// A lock under which nobody writes. It ends with its session.
struct Lock<'j> {
    session: Session<'j>,
    patience: Duration,
    /// Whether it is held until the dump is through.
    to_the_end: bool,
}

impl<'j> Lock<'j> {
    /// Takes the lock, where counts or engines need it.
    fn take(job: &'j Job, plan: &Plan) -> Result<Option<Self>, Problem> {
        if plan.depth == Depth::Estimated && !plan.lock_all_tables {
            return Ok(None);
        }
        let mut session = Session::open(job, &plan.connection)?;
        let seconds = plan.lock_timeout_s();
        let locked =
            session.run(&format!("SET SESSION lock_wait_timeout = {seconds}; FLUSH TABLES WITH READ LOCK"));
        locked.map_err(|problem| {
            if problem.detail.contains("ERROR 1227") {
                return problem.hint("Grant the right RELOAD, or write counts = \"estimated\".");
            }
            problem
        })?;
        let patience = Duration::from_secs(seconds.unsigned_abs());
        Ok(Some(Self { session, patience, to_the_end: plan.lock_all_tables }))
    }

    /// Waits until the dump has begun, and lets the others write; gives the lock back where it is to be held on.
    fn until(mut self, has_begun: &Receiver<()>) -> Result<Option<Self>, Problem> {
        match has_begun.recv_timeout(self.patience) {
            Err(RecvTimeoutError::Timeout) => {
                return Err(Problem::retry(
                    "The dump did not begin in time; those who write were not held up longer.",
                )
                .hint("`lock_timeout_ms` says how long they may be."));
            }
            // Its program has ended: what it said is told by those who wait for it.
            Err(RecvTimeoutError::Disconnected) | Ok(()) => {}
        }
        if self.to_the_end {
            return Ok(Some(self));
        }
        self.session.run("UNLOCK TABLES")?;
        self.session.close()?;
        Ok(None)
    }
}
