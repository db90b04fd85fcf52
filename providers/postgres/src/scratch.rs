//! A database to restore into and to throw away: on a server that is started for it, or on one that stays.

use std::path::Path;

use relplan_archive::{Failed, Ground, Job, Served, scratch_name};
use relplan_contract::{Problem, Value};

use crate::connection::Connection;
use crate::properties::Locale;
use crate::psql::{Session, identifier, literal, problem_of};
use crate::snapshot::catalogue::Role;

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
    /// What of the source it could not be given, in words.
    pub(crate) note: Option<String>,
    /// How databases are made and dropped beside it.
    server: Connection,
    locale: Locale,
    job: &'j Job,
    kind: Kind<'j>,
}

enum Kind<'j> {
    /// On a server of ours.
    Own { _served: Served<'j> },
    /// On a server that stays; the databases go.
    Lent { databases: Vec<String> },
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
            let name = scratch_name("verify")?;
            let locale = Locale::of(&database.database);
            let note = create(job, &server, &name, &locale)?;
            let connection = server.to_database(&name);
            let kind = Kind::Lent { databases: vec![name] };
            return Ok(Self { connection, note, server, locale, job, kind });
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
        let server = ours.with("PGHOST", &folder).with("PGUSER", "relplan").with("PGDATABASE", "template1");
        served.await_answer(job, || Session::open(job, &server)?.close())?;
        // The same name: a function or a constraint may ask for it.
        let told = manifest.database.get("database").map_or("", String::as_str);
        let name = if ["", "template0", "template1"].contains(&told) { "relplan" } else { told };
        if name == "postgres" {
            Session::open(job, &server)?.run_text("DROP DATABASE postgres")?;
        }
        let locale = Locale::of(&manifest.database);
        let note = create(job, &server, name, &locale)?;
        let connection = server.to_database(name);
        Ok(Self { connection, note, server, locale, job, kind: Kind::Own { _served: served } })
    }

    /// Whether the server is one of ours: then it can be given roles.
    pub(crate) const fn is_own(&self) -> bool {
        matches!(self.kind, Kind::Own { .. })
    }

    /// Gives the server the roles that it lacks. Nobody can log in as one of them.
    pub(crate) fn give_roles(&self, roles: &[Role]) -> Result<(), Problem> {
        let mut session = Session::open(self.job, &self.server)?;
        let there: Vec<String> =
            session.asked("SELECT jsonb_agg(rolname) FROM pg_roles", "The roles cannot be listed")?;
        for role in roles.iter().filter(|role| !there.contains(&role.name)) {
            let rank = if role.superuser { "SUPERUSER" } else { "NOSUPERUSER" };
            session.run_text(&format!("CREATE ROLE {} NOLOGIN {rank}", identifier(&role.name)))?;
        }
        session.close()
    }

    /// A second, empty database.
    pub(crate) fn second(&mut self) -> Result<Connection, Problem> {
        let name = scratch_name("second")?;
        create(self.job, &self.server, &name, &self.locale)?;
        let connection = self.server.to_database(&name);
        if let Kind::Lent { databases } = &mut self.kind {
            databases.push(name);
        }
        Ok(connection)
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        // One of our own ends with its fields.
        let Kind::Lent { databases } = &self.kind else { return };
        for database in databases {
            let dropped = Session::open(self.job, &self.server).and_then(|mut session| {
                session.run_text(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(database)))
            });
            if dropped.is_err() {
                let line = format!("the scratch database {database} could not be dropped");
                self.job.context().progress.line(&line);
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

/// Makes an empty database with the encoding and the locale, or the next best where that is not to be had: then it says so.
pub(crate) fn create(
    job: &Job,
    server: &Connection,
    name: &str,
    like: &Locale,
) -> Result<Option<String>, Problem> {
    let encoding = if like.encoding.is_empty() { "UTF8" } else { &like.encoding };
    let base =
        format!("CREATE DATABASE {} TEMPLATE template0 ENCODING {}", identifier(name), literal(encoding));
    let place = like.place();
    let mut reason = None;
    for clause in like.clauses() {
        match Session::open(job, server)?.run_text(&format!("{base}{clause}{place}")) {
            Ok(_) => {
                return Ok(reason.map(|reason: String| {
                    format!("The locale of the source is not to be had here, and{clause} was taken: text is sorted otherwise. {reason}")
                }));
            }
            // What is sorted differs, what is stored does not.
            Err(problem) if is_locale(&problem) => reason = reason.or(Some(problem.message)),
            Err(problem) => return Err(problem),
        }
    }
    Err(Problem::refused(reason.unwrap_or_else(|| format!("The database {name} cannot be made."))))
}

/// Whether a server does not know a locale, or who provides it.
fn is_locale(problem: &Problem) -> bool {
    ["locale", "ICU", "collation", "LC_"].iter().any(|word| problem.message.contains(word))
}
