//! A database to restore into and to throw away: on a server that is started for it, or on one that stays.

use std::path::Path;

use relplan_archive::{Failed, Ground, Job, Served};
use relplan_contract::{Problem, Value};

use crate::connection::Connection;
use crate::psql::{Session, identifier, literal, problem_of};

/// Who runs it where relplan is root: PostgreSQL refuses to.
const USER: &str = "postgres";

/// For speed: what is lost with the machine is only a copy.
const SETTINGS: [&str; 10] = [
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=8GB",
    "shared_buffers=256MB",
    "maintenance_work_mem=256MB",
];

/// A database to restore into, gone when it is dropped.
pub(crate) struct Scratch<'j> {
    /// How it is reached.
    pub(crate) connection: Connection,
    kind: Kind<'j>,
}

enum Kind<'j> {
    /// On a server of ours.
    Own { _served: Served<'j> },
    /// On a server that stays; the database goes.
    Lent { job: &'j Job, server: Connection, database: String },
}

impl<'j> Scratch<'j> {
    /// A database as the arguments say: on the server that they name, else on one that is started.
    pub(crate) fn make(
        job: &'j Job,
        config: &Value,
        source: &Connection,
        database: &relplan_archive::Manifest,
    ) -> Result<Self, Problem> {
        let block = config.get("scratch");
        let programs = config.get("program_folder").as_str().map(|folder| job.context().unread(folder));
        if let Some(url) = block.get("url").as_str() {
            let server = Connection::of_scratch(job.context(), url, programs)?;
            let name = format!("relplan_verify_{}", std::process::id());
            create(job, &server, &name, &database.database)?;
            let connection = server.to_database(&name);
            return Ok(Self { connection, kind: Kind::Lent { job, server, database: name } });
        }
        let folder = block.get("directory").as_str();
        let folder = folder.map(|folder| job.context().place("scratch", folder)).transpose()?;
        Self::start(job, source, folder.as_deref(), database)
    }

    fn start(
        job: &'j Job,
        source: &Connection,
        folder: Option<&Path>,
        manifest: &relplan_archive::Manifest,
    ) -> Result<Self, Problem> {
        let ours = plain(source);
        let ground = Ground::make(job, folder, USER, ours.environment())?;
        let (folder, data) =
            (ground.path().display().to_string(), ground.path().join("data").display().to_string());
        let init = [
            "-D",
            &data,
            "-U",
            "relplan",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ];
        let made = ground.run(&ours.program("initdb"), init.map(str::to_owned).to_vec())?;
        made.map_err(|failed| not_made(&failed))?;
        let sockets = format!("unix_socket_directories={folder}");
        let settings = SETTINGS.iter().copied().chain([&*sockets]);
        let mut arguments = vec!["-D".to_owned(), data];
        arguments.extend(settings.flat_map(|setting| ["-c".to_owned(), setting.to_owned()]));
        let served = ground.serve(&ours.program("postgres"), arguments, "QUIT")?;
        let connection =
            ours.with("PGHOST", &folder).with("PGUSER", "relplan").with("PGDATABASE", "postgres");
        served.await_answer(job, || Session::open(job, &connection)?.close())?;
        let name = "relplan";
        create(job, &connection, name, &manifest.database)?;
        let connection = connection.to_database(name);
        Ok(Self { connection, kind: Kind::Own { _served: served } })
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        match &mut self.kind {
            // It ends with its fields.
            Kind::Own { .. } => {}
            Kind::Lent { job, server, database } => {
                let dropped = Session::open(job, server).and_then(|mut session| {
                    session
                        .run_text(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(database)))
                });
                if dropped.is_err() {
                    job.context()
                        .progress
                        .line(&format!("the scratch database {database} could not be dropped"));
                }
            }
        }
    }
}

fn not_made(failed: &Failed) -> Problem {
    let problem = problem_of(failed, "The scratch server could not be made");
    if rustix::process::geteuid().is_root() && failed.says(&["Permission denied"]) {
        return problem.hint(format!(
            "Under root it runs as the user `{USER}`, who must be able to enter the folders above `scratch {{ directory }}`."
        ));
    }
    problem
}

/// A connection that knows nothing of the source.
fn plain(source: &Connection) -> Connection {
    source.without(&[
        "PGSERVICE",
        "PGPASSFILE",
        "PGPORT",
        "PGSSLMODE",
        "PGSSLROOTCERT",
        "PGOPTIONS",
        "PGPASSWORD",
        "PGHOSTADDR",
    ])
}

/// Makes an empty database with the encoding, and where it exists the locale, of the one that was dumped.
pub(crate) fn create(
    job: &Job,
    server: &Connection,
    name: &str,
    like: &std::collections::BTreeMap<String, String>,
) -> Result<(), Problem> {
    let told = |name: &str| like.get(name).map_or("", String::as_str);
    let encoding = if told("encoding").is_empty() { "UTF8" } else { told("encoding") };
    let base =
        format!("CREATE DATABASE {} TEMPLATE template0 ENCODING {}", identifier(name), literal(encoding));
    let mut locale = String::new();
    for (what, value) in [("LC_COLLATE", told("collate")), ("LC_CTYPE", told("ctype"))] {
        if !value.is_empty() {
            locale.push_str(&format!(" {what} {}", literal(value)));
        }
    }
    let with_locale = Session::open(job, server)?.run_text(&format!("{base}{locale}"));
    if with_locale.as_ref().is_err_and(|problem| problem.message.contains("locale")) {
        // The machine does not know the locale: what is sorted differs, what is stored does not.
        let plain = format!("{base} LC_COLLATE 'C' LC_CTYPE 'C'");
        return Session::open(job, server)?.run_text(&plain).map(drop);
    }
    with_locale.map(drop)
}
