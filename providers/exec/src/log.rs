//! [`Log`]: the kept output of one command, of bounded size: its beginning, and its end.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use relplan_contract::{Context, Problem};

/// The bytes of the beginning and of the end that are kept: 10 MB together.
const HEAD: usize = 9_000_000;
const TAIL: usize = 1_000_000;

/// A log that only its owner can read.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: BufWriter<File>,
    written: usize,
    head: usize,
    tail: Ring,
}

/// The last lines, up to a number of bytes.
#[derive(Debug)]
struct Ring {
    lines: VecDeque<String>,
    bytes: usize,
    limit: usize,
    left_out: usize,
}

impl Log {
    /// Makes the log of an action in the resource's own folder; an earlier one of the same action goes.
    pub(crate) fn create(context: &Context, what: &str, key: &str) -> Result<Self, Problem> {
        let key: String = key.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        let path = context.keep.join(format!("{what}-{key}.log"));
        Self::at(&path, HEAD, TAIL).map_err(|error| {
            Problem::refused(format!("The log {} cannot be written: {error}.", path.display()))
        })
    }

    fn at(path: &Path, head: usize, tail: usize) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // A new file, so that no link is followed and nobody else has it open.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let tail = Ring { lines: VecDeque::new(), bytes: 0, limit: tail, left_out: 0 };
        Ok(Self { path: path.into(), file: BufWriter::new(file), written: 0, head, tail })
    }

    /// Where it is, as the state shall say: relative to the release file where it lies below that.
    pub(crate) fn shown_path(&self, context: &Context) -> String {
        self.path.strip_prefix(&context.base).unwrap_or(&self.path).display().to_string()
    }

    /// Adds a line, which was cleaned and masked before.
    pub(crate) fn line(&mut self, line: &str) -> io::Result<()> {
        if self.written + line.len() < self.head {
            self.written += line.len() + 1;
            writeln!(self.file, "{line}")
        } else {
            self.head = 0;
            self.tail.push(line);
            Ok(())
        }
    }

    /// Puts what came so far where others can read it while the command runs.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    fn write_end(&mut self) -> io::Result<()> {
        if self.tail.left_out > 0 {
            writeln!(self.file, "[relplan: {} bytes were left out here]", self.tail.left_out)?;
        }
        for line in &self.tail.lines {
            writeln!(self.file, "{line}")?;
        }
        self.file.flush()
    }
}

impl Ring {
    fn push(&mut self, line: &str) {
        self.bytes += line.len() + 1;
        self.lines.push_back(line.to_owned());
        while self.bytes > self.limit {
            let Some(gone) = self.lines.pop_front() else { break };
            self.bytes -= gone.len() + 1;
            self.left_out += gone.len() + 1;
        }
    }
}

impl Drop for Log {
    /// Writes the end, also when the command was cut short.
    fn drop(&mut self) {
        // Nobody is left to be told that the disk is full.
        let _ = self.write_end();
    }
}

#[cfg(test)]
mod tests;
