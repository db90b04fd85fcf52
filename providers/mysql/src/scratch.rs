//! A database to restore into and to throw away: on a server that is started for it, or on one that stays.

use std::collections::BTreeMap;
use std::path::Path;

use relplan_archive::{Ground, Job, Manifest, Served, scratch_name};
use relplan_contract::{Problem, Value};

use crate::connection::Connection;
use crate::objects;
use crate::program::Program;
use crate::session::{Session, identifier, problem_of};

/// Who runs the server where relplan is root.
const USER: &str = "mysql";

/// For speed: what is lost with the machine is only a copy. No event of the copy may ever happen.
const SETTINGS: [&str; 10] = [
    "--skip-networking",
    "--skip-log-bin",
    "--event-scheduler=OFF",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--innodb-flush-method=nosync",
    "--innodb-buffer-pool-size=256M",
    "--innodb-log-file-size=256M",
    "--max-allowed-packet=1G",
    "--character-set-server=utf8mb4",
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
    Lent { job: &'j Job, server: Connection },
}

impl<'j> Scratch<'j> {
    /// A database as the arguments say: on the server that they name, else on one that is started.
    pub(crate) fn make(
        job: &'j Job,
        config: &Value,
        programs: &Connection,
        of: &Manifest,
    ) -> Result<Self, Problem> {
        let block = config.get("scratch");
        if let Some(url) = block.get("url").as_str() {
            let folder = programs.programs().map(Path::to_path_buf);
            let server = Connection::of_scratch(job.context(), url, folder)?.to_database("");
            let name = scratch_name("verify")?;
            create(job, &server, &name, &of.database)?;
            return Ok(Self { connection: server.to_database(&name), kind: Kind::Lent { job, server } });
        }
        let folder = block.get("directory").as_str();
        let folder = folder.map(|folder| job.context().place("scratch", folder)).transpose()?;
        Self::start(job, programs, folder.as_deref(), of)
    }

    fn start(
        job: &'j Job,
        programs: &Connection,
        folder: Option<&Path>,
        of: &Manifest,
    ) -> Result<Self, Problem> {
        let like = &of.database;
        let ground = Ground::make(job, folder, USER, programs.environment())?;
        let below = |name: &str| ground.path().join(name).display().to_string();
        let (socket, data) = (below("socket"), format!("--datadir={}", below("data")));
        // How names of tables are compared is fixed when the folder is made.
        let names = like.get("lower_case_table_names").filter(|text| *text != "2");
        let names = format!("--lower-case-table-names={}", names.map_or("0", String::as_str));
        let mut install = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
            .map(str::to_owned)
            .to_vec();
        // A server that starts clears the temporary folder of what looks like its own: that of another one, if both share it.
        let temporary = format!("--tmpdir={}", ground.path().display());
        install.extend([data.clone(), names.clone(), temporary.clone()]);
        let made = ground.run(&Program::Install.of(programs), install)?;
        made.map_err(|failed| {
            problem_of(&failed, "The scratch server could not be made").hint(format!(
                "It needs MariaDB's server; under root it runs as the user `{USER}`, who must be able to enter the folders above. \
                 Or name another server as `scratch {{ url = ... }}`."
            ))
        })?;
        let mut arguments = vec!["--no-defaults".to_owned(), data, names, temporary];
        arguments.extend([format!("--socket={socket}"), format!("--pid-file={}", below("pid"))]);
        arguments.extend(SETTINGS.map(str::to_owned));
        let served = ground.serve(&Program::Server.of(programs), arguments, "KILL")?;
        let connection = programs.of_socket(job.context(), &socket)?;
        served.await_answer(job, || Session::open(job, &connection)?.close())?;
        // The name that it had: texts that name it mean the copy.
        let name = like.get("database").map_or("relplan", String::as_str);
        create(job, &connection, name, like)?;
        welcome(job, &connection, &objects::accounts(&of.objects))?;
        Ok(Self { connection: connection.to_database(name), kind: Kind::Own { _served: served } })
    }
}

/// Makes the accounts that views, triggers, routines and events run as: with all rights, since nobody else can reach the server.
fn welcome(job: &Job, server: &Connection, accounts: &[(String, Option<String>)]) -> Result<(), Problem> {
    let mut session = Session::open(job, server)?;
    for (name, host) in accounts.iter().filter(|(name, _)| !name.is_empty()) {
        let (kind, account) = match host {
            Some(host) => ("USER", format!("{}@{}", identifier(name), identifier(host))),
            None => ("ROLE", identifier(name)),
        };
        session.run(&format!("CREATE {kind} IF NOT EXISTS {account}; GRANT ALL ON *.* TO {account}"))?;
    }
    session.close()
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        match &self.kind {
            // It ends with its fields.
            Kind::Own { .. } => {}
            Kind::Lent { job, server } => {
                let database = self.connection.database();
                if drop_database(job, server, database).is_err() {
                    job.context()
                        .progress
                        .line(&format!("the scratch database {database} could not be dropped"));
                }
            }
        }
    }
}

/// Makes an empty database with the character set, and where it exists the collation, of the one that was dumped.
pub(crate) fn create(
    job: &Job,
    server: &Connection,
    name: &str,
    like: &BTreeMap<String, String>,
) -> Result<(), Problem> {
    let word = |name: &str| {
        let word = like.get(name).map_or("", String::as_str);
        word.chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
            .then_some(word)
            .filter(|word| !word.is_empty())
    };
    let charset = word("encoding").map_or_else(String::new, |word| format!(" CHARACTER SET {word}"));
    let collation = word("collate").map_or_else(String::new, |word| format!(" COLLATE {word}"));
    // In a comment, which older servers do not read.
    let comment = like.get("comment").filter(|text| !text.contains("*/"));
    let comment = comment.map_or_else(String::new, |text| {
        format!(" /*M!100500 COMMENT '{}' */", text.replace('\\', "\\\\").replace('\'', "''"))
    });
    let run = |sql: String| {
        let mut session = Session::open(job, server)?;
        session.run(&sql)?;
        session.close()
    };
    let with_all = run(format!("CREATE DATABASE {}{charset}{collation}{comment}", identifier(name)));
    if with_all.as_ref().is_err_and(|problem| problem.message.contains("ollation")) {
        // The server does not know the collation: what is sorted differs, what is stored does not.
        return run(format!("CREATE DATABASE {}{charset}{comment}", identifier(name)));
    }
    with_all
}

/// Drops a database that is ours.
pub(crate) fn drop_database(job: &Job, server: &Connection, name: &str) -> Result<(), Problem> {
    let mut session = Session::open(job, server)?;
    session.run_whole(&format!("DROP DATABASE IF EXISTS {}", identifier(name)))?;
    session.close()
}
