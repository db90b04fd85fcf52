//! [`Conversation`]: a database's own client, that is sent statements and answers in lines.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout};

use crate::tool::{Ender, Failed, Tool};

/// A conversation. Dropped, the client ends.
pub struct Conversation<'j> {
    /// Before the client, so that it has ended when that is dropped: one that waits for statements may heed no signal.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    client: Tool<'j>,
    asked: u64,
}

impl<'j> Conversation<'j> {
    /// Begins one with a client that was started for both directions.
    pub fn with(mut client: Tool<'j>) -> io::Result<Self> {
        let (input, output) = (Some(client.input()?), BufReader::new(client.output()?));
        Ok(Self { input, output, client, asked: 0 })
    }

    /// Sends what `statements` makes of a mark, which the client must write as the last line of its answer; gives the lines
    /// before it. None when the client has ended instead: [`Conversation::ended`] tells why.
    pub fn ask(&mut self, statements: impl FnOnce(&str) -> String) -> Option<Vec<Vec<u8>>> {
        self.asked += 1;
        let end = format!("relplan: the end of {}", self.asked);
        let sent = self.input.as_mut().map(|input| {
            // A failed write means that the client has ended, which its output tells as well.
            input.write_all(statements(&end).as_bytes()).and_then(|()| input.flush())
        });
        drop(sent);
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            if matches!(self.output.read_until(b'\n', &mut line), Ok(0) | Err(_)) {
                return None;
            }
            if line.ends_with(b"\n") {
                line.pop();
            }
            if line == end.as_bytes() {
                return Some(lines);
            }
            lines.push(line);
        }
    }

    /// Who can end the client while it is asked.
    #[must_use]
    pub const fn ender(&self) -> Ender {
        self.client.ender()
    }

    /// Lets the client end, and tells how it did.
    pub fn ended(&mut self) -> Result<(), Failed> {
        drop(self.input.take());
        self.client.wait()
    }
}
