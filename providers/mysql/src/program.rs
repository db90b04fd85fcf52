//! The database's own programs, those of MariaDB or else of MySQL, started with a connection's option file.

use std::path::Path;

use relplan_archive::{Flow, Job, OnLine, Tool, ToolSpec};
use relplan_contract::Problem;
use rustix::process::Signal;

use crate::connection::Connection;

/// A program by what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// Sends statements.
    Client,
    /// Dumps.
    Dump,
    /// Is a server.
    Server,
    /// Makes the folder of a server.
    Install,
}

impl Program {
    /// Its names, that of MariaDB first.
    const fn names(self) -> [&'static str; 2] {
        match self {
            Self::Client => ["mariadb", "mysql"],
            Self::Dump => ["mariadb-dump", "mysqldump"],
            Self::Server => ["mariadbd", "mysqld"],
            Self::Install => ["mariadb-install-db", "mysql_install_db"],
        }
    }

    /// Where it is: in the folder that was named, in PATH, or where systems keep what is only for administrators.
    pub(crate) fn of(self, connection: &Connection) -> String {
        let path = connection.environment().get("PATH").map_or("", String::as_str);
        let named = connection.programs().map(Path::to_path_buf);
        let folders: Vec<_> = match named {
            Some(folder) => vec![folder.join("../sbin"), folder.join("../libexec"), folder],
            None => path
                .split(':')
                .filter(|folder| !folder.is_empty())
                .chain(["/usr/sbin", "/usr/libexec", "/usr/local/sbin"])
                .map(Into::into)
                .collect(),
        };
        let [first, second] = self.names();
        let among =
            |name: &str| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file());
        let found = among(first).or_else(|| among(second));
        found.map_or_else(|| first.to_owned(), |program| program.display().to_string())
    }
}

/// Starts a client program of the connection. Each of its messages is told to `on_line`.
pub(crate) fn start<'j>(
    job: &'j Job,
    connection: &Connection,
    program: Program,
    more: Vec<String>,
    flow: Flow,
    on_line: Option<OnLine>,
) -> Result<Tool<'j>, Problem> {
    let mut arguments = vec![connection.defaults()];
    arguments.extend(more);
    let spec = ToolSpec {
        program: &program.of(connection),
        arguments,
        environment: connection.environment(),
        folder: None,
        flow,
        on_line: Some(without_warnings(on_line)),
        // At SIGINT the client tells its server to stop what it is doing; at SIGTERM it only goes.
        farewell: if program == Program::Client { Signal::INT } else { Signal::TERM },
    };
    Tool::start(job, spec)
}

/// Leaves out what MariaDB's programs say of an option that is meant for MySQL's.
fn without_warnings(mut on_line: Option<OnLine>) -> OnLine {
    Box::new(move |line| line.contains("'loose-ssl-mode=") || on_line.as_mut().is_some_and(|told| told(line)))
}
