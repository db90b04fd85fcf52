//! [`Session`]: a conversation with a server through its own client, with which the program that dumps shares all ways to connect.

use relplan_archive::{Conversation, Failed, Flow, Job};
use relplan_contract::{Problem, ProblemKind};

use crate::connection::{Connection, attribute_of};
use crate::program::{self, Program};

/// How values are written as text, so that two servers write the same ones alike.
const FORMS: &str = "SET NAMES utf8mb4; SET SESSION time_zone = '+00:00'; SET SESSION sql_mode = ''; SET SESSION wait_timeout = 86400";

/// A text as an expression of SQL, whatever the server takes for an escape.
pub(crate) fn literal(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    let mut hex = String::new();
    for byte in text.bytes() {
        hex.push_str(&format!("{byte:02x}"));
    }
    format!("CONVERT(0x{hex} USING utf8mb4)")
}

/// A name as an identifier of SQL.
pub(crate) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A statement of which the beginning does nothing.
fn whole(sql: &str) -> String {
    format!(
        "SET @relplan = {};\nPREPARE relplan FROM @relplan;\nEXECUTE relplan;\nDEALLOCATE PREPARE relplan",
        literal(sql)
    )
}

/// One row of an answer, its columns as text; NULL is `NULL`.
pub(crate) type Row = Vec<String>;

/// A conversation. The server ends it when it is dropped.
pub(crate) struct Session<'j>(Conversation<'j>, Connection);

impl<'j> Session<'j> {
    /// Connects, to the connection's database where it has one.
    pub(crate) fn open(job: &'j Job, connection: &Connection) -> Result<Self, Problem> {
        let mut arguments = [
            "--batch",
            "--skip-column-names",
            "--unbuffered",
            "--binary-mode",
            "--skip-reconnect",
            "--default-character-set=utf8mb4",
        ]
        .map(str::to_owned)
        .to_vec();
        if !connection.database().is_empty() {
            arguments.push(format!("--database={}", connection.database()));
        }
        let client = program::start(job, connection, Program::Client, arguments, Flow::Both, None)?;
        let broken =
            |error: std::io::Error| Problem::refused(format!("The client cannot be talked to: {error}."));
        let mut session = Self(Conversation::with(client).map_err(broken)?, connection.clone());
        session.run(FORMS)?;
        if connection.needs_tls()
            && session.row("SHOW STATUS LIKE 'Ssl_cipher'")?.get(1).is_none_or(String::is_empty)
        {
            return Err(Problem::refused("The server does not speak TLS, and `ssl_mode` asks for it.")
                .about(relplan_contract::Path::attribute("ssl_mode")));
        }
        Ok(session)
    }

    /// Runs one statement that changes something. The client runs what it has of a statement when its input ends, also one
    /// that outlives us: so it gets a text, which is a statement when it is complete.
    pub(crate) fn run_whole(&mut self, sql: &str) -> Result<(), Problem> {
        self.run(&whole(sql)).map(drop)
    }

    /// Runs statements that change nothing for good, and gives the rows that they answer.
    pub(crate) fn run(&mut self, sql: &str) -> Result<Vec<Row>, Problem> {
        let lines = self.0.ask(|end| format!("{sql}\n;\nSELECT '{end}';\n")).ok_or_else(|| self.ended())?;
        let row = |line: &Vec<u8>| String::from_utf8_lossy(line).split('\t').map(plain).collect();
        Ok(lines.iter().map(row).collect())
    }

    /// The first row of an answer; empty where there is none.
    pub(crate) fn row(&mut self, sql: &str) -> Result<Row, Problem> {
        Ok(self.run(sql)?.into_iter().next().unwrap_or_default())
    }

    /// Ends the conversation in good order.
    pub(crate) fn close(mut self) -> Result<(), Problem> {
        self.0.ended().map_err(|failed| refused(&failed, &self.1))
    }

    fn ended(&mut self) -> Problem {
        match self.0.ended() {
            Err(failed) => refused(&failed, &self.1),
            Ok(()) => Problem::refused("The client ended without an answer."),
        }
    }
}

/// A column as it is: in batch mode the client writes line ends, tabs, NUL and backslashes with a backslash.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            (_, Some('n')) => plain.push('\n'),
            (_, Some('t')) => plain.push('\t'),
            (_, Some('0')) => plain.push('\0'),
            (_, Some(other)) => plain.push(other),
            (c, None) => plain.push(c),
        }
    }
    plain
}

fn refused(failed: &Failed, connection: &Connection) -> Problem {
    connection.explain(problem_of(failed, "The database refused"), failed)
}

/// What a failed program means.
pub(crate) fn problem_of(failed: &Failed, doing: &str) -> Problem {
    let mut problem = failed.problem(doing);
    let passing = [
        "ERROR 2002",
        "ERROR 2003",
        "ERROR 2006",
        "ERROR 2013",
        "ERROR 2026 (HY000): Lost",
        "ERROR 1040",
        "ERROR 1053",
        "ERROR 1927",
        "Can't connect to",
        "Lost connection",
        "server has gone away",
        "Connection was killed",
        "Server shutdown in progress",
        "Too many connections",
    ];
    if failed.says(&["ERROR 1205", "Lock wait timeout", "ERROR 1412", "Table definition has changed"]) {
        problem.kind = ProblemKind::Retry;
        problem = problem.hint(
            "Somebody holds a lock, or changed a table; it is tried again. `lock_timeout_ms` says how long is waited.",
        );
    } else if failed.says(&passing) {
        problem.kind = ProblemKind::Retry;
    }
    if failed.says(&["ERROR 1045", "Access denied for user"]) {
        problem = problem.hint(
            "Look at the user, the password and its rights; relplan gives them to the programs in a file of its own.",
        );
    }
    if failed.says(&["ERROR 1356"]) {
        problem = problem.hint(
            "A view is made of what is not there, or its definer has no rights in this database: give him those first, or leave the view out.",
        );
    }
    if let Some(about) = failed.messages.iter().find_map(|line| attribute_of(line)) {
        problem = problem.about(about);
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a client makes of an input that ends there.
    fn fed(server: &mariadb_server::Server, input: &str) {
        use std::io::Write as _;
        use std::process::{Command, Stdio};
        let mut client = Command::new("mariadb")
            .args(["--no-defaults", "--batch", "--binary-mode", "--user=root", "--database=shop"])
            .arg(format!("--socket={}", server.socket().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the client");
        client.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
        client.wait().expect("ended");
    }

    #[test]
    fn the_beginning_of_a_change_changes_nothing() {
        let server = mariadb_server::Server::start();
        server.shop("shop", 1);
        server.sql("shop", "CREATE TABLE a (i int); CREATE TABLE b (i int); CREATE DATABASE aside");
        let moved = "SELECT GROUP_CONCAT(table_name ORDER BY table_name) FROM information_schema.tables \
                     WHERE table_schema = 'aside'";
        let change = "RENAME TABLE shop.a TO aside.a, shop.b TO aside.b";
        let whole = whole(change);
        let execute = whole.find("EXECUTE relplan").expect("it is run") + "EXECUTE relplan".len();
        for end in 0..execute {
            fed(&server, &whole[..end]);
            assert_eq!(server.sql("shop", moved), "NULL", "{}", &whole[..end]);
        }
        fed(&server, &whole);
        assert_eq!(server.sql("shop", moved), "a,b");
        // The client does run the beginning of what it is told plainly.
        server.sql("shop", "RENAME TABLE aside.a TO shop.a, aside.b TO shop.b");
        fed(&server, change.split(',').next().unwrap_or_default());
        assert_eq!(server.sql("shop", moved), "a");
    }

    #[test]
    fn texts_and_names_are_what_they_were() {
        assert_eq!(literal("a'b\\"), "CONVERT(0x6127625c USING utf8mb4)");
        assert_eq!(identifier("a`b"), "`a``b`");
        assert_eq!(plain("a\\tb\\\\n\\n"), "a\tb\\n\n");
    }
}
