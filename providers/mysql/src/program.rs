//! The database's own programs, those of MariaDB or else of MySQL, started with a connection's option file.

use std::io::Read as _;
use std::path::Path;

use relplan_archive::{Job, OnLine, Tool, ToolSpec};
use relplan_contract::Problem;
use rustix::process::Signal;

use crate::connection::Connection;
use crate::session::problem_of;

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

/// Which way a program's data flows.
pub(crate) enum Flow {
    /// Something is written to it.
    In,
    /// What it writes is read; each message is told to somebody, if there is one.
    Out(Option<OnLine>),
    /// Both.
    Both,
}

/// Starts a client program of the connection.
pub(crate) fn start<'j>(
    job: &'j Job,
    connection: &Connection,
    program: Program,
    more: Vec<String>,
    flow: Flow,
) -> Result<Tool<'j>, Problem> {
    let (input, output, on_line) = match flow {
        Flow::In => (true, false, None),
        Flow::Out(on_line) => (false, true, on_line),
        Flow::Both => (true, true, None),
    };
    let mut arguments = vec![connection.defaults()];
    arguments.extend(more);
    let spec = ToolSpec {
        program: &program.of(connection),
        arguments,
        environment: connection.environment(),
        folder: None,
        input,
        output,
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

/// All that a program writes.
pub(crate) fn written_by(
    job: &Job,
    connection: &Connection,
    program: Program,
    arguments: Vec<String>,
    doing: &str,
) -> Result<Vec<u8>, Problem> {
    let mut tool = start(job, connection, program, arguments, Flow::Out(None))?;
    let mut written = Vec::new();
    let read = tool.output().and_then(|mut output| output.read_to_end(&mut written));
    tool.wait().map_err(|failed| problem_of(&failed, doing))?;
    read.map_err(|error| Problem::refused(format!("{doing}: {error}.")))?;
    Ok(written)
}
