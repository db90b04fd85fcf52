//! Taking a snapshot: one exported snapshot of the database, seen by every `pg_dump` and by the counting.
//!
//! With one job there is one archive of everything. With more there is one for the schema, and the rows are dealt to as many
//! others as there are jobs, each written by a `pg_dump` of its own: so all are streams, and nothing lies on a disk in clear.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_archive::{Archive, Depth, Draft, Facts, Flow, Job, OnLine, Part, Settings, side_thread};
use relplan_contract::Problem;

use super::Plan;
use super::catalogue::{self, Catalogue, TEXT};
use crate::chosen::Chosen;
use crate::connection::Connection;
use crate::database;
use crate::program;
use crate::psql::{Session, problem_of};
use crate::schema;
use crate::tables::{self, Listed};

/// What each `pg_dump` is told, whatever it dumps.
const COMMON: [&str; 3] = ["--no-password", "--verbose", "--no-sync"];

/// How the messages of `--verbose` begin that tell of a step.
const STEPS: [&str; 8] = [
    "reading ",
    "saving ",
    "dumping ",
    "last built-in",
    "identifying ",
    "finding ",
    "flagging ",
    "creating ",
];

/// The archive of everything, of the schema, of the rows, and of roles and tablespaces.
pub(crate) const WHOLE: &str = "database.dump";
pub(crate) const SCHEMA: &str = "schema.dump";
pub(crate) const ROWS: &str = "rows-";
pub(crate) const GLOBALS: &str = "globals.sql";

/// Takes the snapshot of an action.
pub(crate) fn take(job: &Job, settings: &Settings, plan: &Plan, key: &str) -> Result<Archive, Problem> {
    let mut session = Session::open(job, &plan.connection)?;
    let mut said = database::about(&mut session)?;
    let tool = database::dump_version(job, &plan.connection)?;
    let (server, client) =
        (database::major(&said), tool.split('.').next().and_then(|text| text.parse::<u32>().ok()));
    if client < server {
        return Err(Problem::refused(format!(
            "pg_dump is of version {tool}, older than the server's {}.",
            said.get("server_version").map_or("", String::as_str)
        ))
        .hint("Install newer client programs, and name their folder as `program_folder`."));
    }
    let connection = plan.guarded(server.unwrap_or_default());
    // A new session: the settings count from its start.
    let mut session = Session::open(job, &connection)?;
    session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    let exported = session.run("SELECT pg_export_snapshot()")?.concat();
    let chosen = Chosen::find(&mut session, &plan.selection)?;
    for note in &chosen.notes {
        job.context().progress.line(note);
    }
    let listed = &chosen.listed;
    lock(&mut session, listed)?;
    let database = said.get("database").cloned().unwrap_or_default();
    let compared = plan.depth == Depth::Summed;
    let known = Catalogue::look(&mut session, &plan.selection, &chosen, &database, compared)?;
    let raw: i64 = listed.iter().map(|table| table.bytes).sum();
    said.insert("bytes".to_owned(), raw.to_string());
    // Compressed rows take far less than tables on a disk; a disk that fills up all the same is told then.
    let draft = Draft::begin(settings, job.context(), key, u64::try_from(raw / 8).unwrap_or_default())?;
    let dump =
        Dump { job, draft: &draft, connection: &connection, plan, chosen: &chosen, snapshot: &exported };
    let ((mut parts, schema_sha256), contents) =
        job.both(|| dump.all(), || tables::contents(&mut session, listed, plan.depth))?;
    parts.push(known.write(&draft)?);
    session.run("COMMIT")?;
    session.close()?;
    let facts = Facts {
        engine: "postgres".to_owned(),
        database: said,
        tools: BTreeMap::from([("pg_dump".to_owned(), tool)]),
        tables: contents,
        exact: plan.depth != Depth::Estimated,
        schema_sha256,
        ..Facts::default()
    };
    draft.finish(job.context(), parts, facts)
}

/// Keeps the tables from being dropped or changed until the last of them is dumped.
fn lock(session: &mut Session<'_>, listed: &[Listed]) -> Result<(), Problem> {
    for tables in listed.chunks(500) {
        let names: Vec<String> = tables.iter().map(Listed::exact).collect();
        session.run(&format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", ")))?;
    }
    Ok(())
}

/// All that the single dumps share.
struct Dump<'d> {
    job: &'d Job,
    draft: &'d Draft<'d>,
    connection: &'d Connection,
    plan: &'d Plan,
    chosen: &'d Chosen,
    snapshot: &'d str,
}

impl Dump<'_> {
    /// Writes every part; with them, the sum of the schema.
    fn all(&self) -> Result<(Vec<Part>, String), Problem> {
        let selection = &self.chosen.arguments;
        let text = self.schema()?;
        let schema = schema::sum(&text);
        let mut parts = vec![catalogue::write(self.draft, TEXT, text.as_bytes())?];
        if self.plan.globals {
            let arguments = vec![
                "--globals-only".to_owned(),
                "--no-role-passwords".to_owned(),
                "--no-password".to_owned(),
            ];
            parts.push(self.part(GLOBALS, "pg_dumpall", arguments)?);
        }
        if self.plan.jobs <= 1 {
            parts.push(self.part(WHOLE, "pg_dump", self.arguments(selection.clone()))?);
            return Ok((parts, schema));
        }
        let mut of_schema = selection.clone();
        of_schema.extend(["--section=pre-data".to_owned(), "--section=post-data".to_owned()]);
        parts.push(self.part(SCHEMA, "pg_dump", self.arguments(of_schema))?);
        let rows = deal(&self.chosen.listed, self.plan.jobs);
        let mut dealt = std::thread::scope(|scope| {
            let each: Vec<_> = (0..rows.len())
                .map(|number| {
                    let arguments = rows_of(selection, &rows, number);
                    side_thread(scope, move || {
                        self.part(&format!("{ROWS}{number}.dump"), "pg_dump", self.arguments(arguments))
                    })
                })
                .collect::<Result<_, _>>()?;
            let parts = each.into_iter().map(|one| {
                one.join().unwrap_or_else(|_| {
                    Err(Problem::uncertain("A dump broke off: this is a fault in relplan."))
                })
            });
            parts.collect::<Result<Vec<_>, _>>()
        })?;
        parts.append(&mut dealt);
        Ok((parts, schema))
    }

    fn arguments(&self, more: Vec<String>) -> Vec<String> {
        let mut arguments: Vec<String> = COMMON.map(str::to_owned).to_vec();
        arguments.extend(["--format=custom".to_owned(), "--compress=0".to_owned()]);
        arguments.extend([
            format!("--snapshot={}", self.snapshot),
            format!("--lock-wait-timeout={}", self.plan.lock_timeout_ms),
        ]);
        arguments.extend(more);
        arguments
    }

    fn part(&self, name: &str, program: &str, arguments: Vec<String>) -> Result<Part, Problem> {
        let telling = Some(self.telling());
        let tool = program::start(self.job, self.connection, program, arguments, Flow::Out, telling)?;
        let meaning = |failed: &relplan_archive::Failed| problem_of(failed, "The database cannot be dumped");
        // Its archives have their own end, which every way to verify but `checksum` reads.
        self.draft.written_by(self.job, name, tool, meaning, |_| Ok(()))
    }

    /// Tells of each table whose rows are dumped.
    fn telling(&self) -> OnLine {
        let progress = Arc::clone(&self.job.context().progress);
        Box::new(move |line| {
            if let Some((_, table)) = line.split_once("dumping contents of table ") {
                progress.line(&format!("dumping {}", table.trim_matches('"')));
            }
            // `--verbose` tells every step; of a failed dump only the complaints are worth keeping.
            let step = line.strip_prefix("pg_dump: ").unwrap_or_default();
            STEPS.iter().any(|word| step.starts_with(word))
        })
    }

    /// The schema as `pg_dump` writes it.
    fn schema(&self) -> Result<String, Problem> {
        let mut arguments = self.chosen.arguments.clone();
        arguments.push(format!("--snapshot={}", self.snapshot));
        schema::text(self.job, self.connection, arguments)
    }
}

/// What tells `pg_dump` to dump the rows of one hand. The first takes what no other has: sequences, large objects, and
/// the tables that are left.
fn rows_of(selection: &[String], hands: &[Vec<&Listed>], number: usize) -> Vec<String> {
    let mut arguments = vec!["--section=data".to_owned()];
    if number == 0 {
        arguments.extend(selection.iter().cloned());
        let others = hands.iter().skip(1).flatten();
        arguments.extend(others.map(|table| format!("--exclude-table-data={}", table.exact())));
    } else {
        let own = hands.get(number).into_iter().flatten();
        arguments.extend(own.map(|table| format!("--table={}", table.exact())));
    }
    arguments
}

/// The tables in as many hands, each taking the largest that is left when it has the least.
fn deal(listed: &[Listed], hands: usize) -> Vec<Vec<&Listed>> {
    let mut largest: Vec<&Listed> = listed.iter().collect();
    largest.sort_by(|left, right| (right.bytes, left.name()).cmp(&(left.bytes, right.name())));
    let mut dealt: Vec<(i64, Vec<&Listed>)> = vec![(0, Vec::new()); hands.min(largest.len().max(1))];
    for table in largest {
        if let Some((bytes, hand)) = dealt.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            *bytes += table.bytes.max(1);
            hand.push(table);
        }
    }
    dealt.into_iter().map(|(_, hand)| hand).collect()
}
