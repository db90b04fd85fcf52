//! A server that is thrown away: started for one verification, in a folder of its own, reached by a socket in it alone.
//!
//! It ends with relplan, however that ends: a small shell beside it waits for the end of its input.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ChildStdin;
use std::time::Duration;

use relplan_archive::{Failed, Job, Tool, ToolSpec};
use relplan_contract::{Problem, Value};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::connection::Connection;
use crate::psql::{Session, identifier, literal, problem_of};

/// Starts the server, and ends it with the shell's own input.
const KEEPER: &str = r#""$@" & server=$!; cat > /dev/null; kill -QUIT $server; wait $server"#;

/// Who runs it where relplan is root: PostgreSQL refuses to.
const USER: &str = "postgres";

/// How long it may take to answer.
const START_MS: u64 = 60_000;

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
    Own { tool: Option<Tool<'j>>, _input: ChildStdin, _folder: TempDir },
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
        let programs = config.get("program_folder").as_str().map(|folder| job.context().path(folder));
        if let Some(url) = block.get("url").as_str() {
            let server = Connection::of_url(job.context(), url, programs)?;
            let name = format!("relplan_verify_{}", std::process::id());
            create(job, &server, &name, &database.database)?;
            let connection = server.to_database(&name);
            return Ok(Self { connection, kind: Kind::Lent { job, server, database: name } });
        }
        let folder = block.get("directory").as_str().map(|folder| job.context().path(folder));
        Self::start(job, source, folder.as_deref(), database)
    }

    fn start(
        job: &'j Job,
        source: &Connection,
        folder: Option<&Path>,
        manifest: &relplan_archive::Manifest,
    ) -> Result<Self, Problem> {
        let failed =
            |error: std::io::Error| Problem::refused(format!("The scratch server has no folder: {error}."));
        let mut builder = tempfile::Builder::new();
        builder.prefix("relplan-scratch-");
        let folder = match folder {
            Some(folder) => builder.tempdir_in(folder),
            None => builder.tempdir(),
        }
        .map_err(failed)?;
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).map_err(failed)?;
        let data = folder.path().join("data");
        let ours = plain(source);
        let prefix = as_user(job, &ours, folder.path())?;
        let run = |program: &str, arguments: Vec<String>| {
            let mut all = prefix.clone();
            all.push(program.to_owned());
            all.extend(arguments);
            all
        };
        let data_text = data.display().to_string();
        let init = [
            "-D",
            &data_text,
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
        let mut init = run(&ours.program("initdb"), init.map(str::to_owned).to_vec());
        let program = init.remove(0);
        let made = tool(job, &ours, &program, init, false)?.wait();
        made.map_err(|failed| not_made(&failed))?;
        let sockets = format!("unix_socket_directories={}", folder.path().display());
        let mut server = vec!["-D".to_owned(), data_text];
        server.extend(
            SETTINGS
                .iter()
                .copied()
                .chain([&*sockets])
                .flat_map(|setting| ["-c".to_owned(), setting.to_owned()]),
        );
        let mut arguments = vec!["-c".to_owned(), KEEPER.to_owned(), "relplan-scratch".to_owned()];
        arguments.extend(run(&ours.program("postgres"), server));
        let mut started = tool(job, &ours, "sh", arguments, true)?;
        let input = started.input().map_err(failed)?;
        let connection = ours
            .with("PGHOST", &folder.path().display().to_string())
            .with("PGUSER", "relplan")
            .with("PGDATABASE", "postgres");
        wait_for(job, &connection)?;
        let name = "relplan";
        create(job, &connection, name, &manifest.database)?;
        let connection = connection.to_database(name);
        Ok(Self { connection, kind: Kind::Own { tool: Some(started), _input: input, _folder: folder } })
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        match &mut self.kind {
            Kind::Own { tool, .. } => {
                // Nothing of it is kept, so that it need not end well.
                let _ = tool.take().map(|tool| tool.stop(Signal::QUIT));
            }
            Kind::Lent { job, server, database } => {
                let dropped = Session::open(job, server).and_then(|mut session| {
                    session.run(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(database)))
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

/// What comes before a program so that it does not run as root.
fn as_user(job: &Job, connection: &Connection, folder: &Path) -> Result<Vec<String>, Problem> {
    if !rustix::process::geteuid().is_root() {
        return Ok(Vec::new());
    }
    let arguments = vec![USER.to_owned(), folder.display().to_string()];
    tool(job, connection, "chown", arguments, false)?.wait().map_err(|_| {
        Problem::refused("PostgreSQL does not run as root, and there is no user `postgres` here.")
            .hint("Run relplan as another user, or name a server as `scratch { url = ... }`.")
    })?;
    Ok(["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"].map(str::to_owned).to_vec())
}

fn tool<'j>(
    job: &'j Job,
    connection: &Connection,
    program: &str,
    arguments: Vec<String>,
    input: bool,
) -> Result<Tool<'j>, Problem> {
    let spec = ToolSpec {
        program,
        arguments,
        environment: connection.environment(),
        folder: None,
        input,
        output: false,
        on_line: None,
    };
    Tool::start(job, spec)
}

fn wait_for(job: &Job, connection: &Connection) -> Result<(), Problem> {
    let mut waited = 0;
    loop {
        job.check()?;
        match Session::open(job, connection) {
            Ok(session) => return session.close(),
            Err(problem) if waited >= START_MS => return Err(problem),
            Err(_) => {
                std::thread::sleep(Duration::from_millis(50));
                waited += 50;
            }
        }
    }
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
    let with_locale = Session::open(job, server)?.run(&format!("{base}{locale}"));
    if with_locale.as_ref().is_err_and(|problem| problem.message.contains("locale")) {
        // The machine does not know the locale: what is sorted differs, what is stored does not.
        let plain = format!("{base} LC_COLLATE 'C' LC_CTYPE 'C'");
        return Session::open(job, server)?.run(&plain).map(drop);
    }
    with_locale.map(drop)
}
