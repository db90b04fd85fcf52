//! The output of a command: streamed, masked, kept, and bounded however much of it there is.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use relplan_contract::{Context, Problem, Progress, Redactor};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest line that is kept, in bytes; the rest of it is left out.
const MAX_LINE: usize = 64 * 1024;

/// What is cut off a line that is too long, so that no half of a secret stays at its end.
const CUT: usize = 4 * 1024;

/// How much is written to the file as it comes, in bytes.
const MAX_HEAD: usize = 8 * 1024 * 1024;

/// How much of the end is kept behind that.
const MAX_TAIL: usize = 2 * 1024 * 1024;

/// How many of the last lines are shown.
const SHOWN_LINES: usize = 20;

/// How much of them, in bytes.
const SHOWN_BYTES: usize = 4 * 1024;

/// Where the lines of one command go.
#[derive(Clone)]
pub(crate) struct Log {
    path: PathBuf,
    base: PathBuf,
    kept: Arc<Mutex<Kept>>,
    progress: Arc<dyn Progress>,
    redactor: Arc<Redactor>,
}

struct Kept {
    file: File,
    written: usize,
    tail: VecDeque<String>,
    tail_bytes: usize,
    dropped: usize,
}

impl Log {
    /// A new log in the object's own folder, which only its owner can read.
    pub(crate) fn new(context: &Context, name: &str) -> Result<Self, Problem> {
        let failed = |error: std::io::Error| {
            Problem::refused(format!(
                "The command's output cannot be kept in {}: {error}.",
                context.keep.display()
            ))
        };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&context.keep).map_err(failed)?;
        let path = context.keep.join(name);
        // A file of an earlier try is put out of the way first, so that no link in its place is followed.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            Ok(()) | Err(_) => {}
        }
        let file = File::options().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        let kept = Kept { file, written: 0, tail: VecDeque::new(), tail_bytes: 0, dropped: 0 };
        Ok(Self {
            path,
            base: context.base.clone(),
            kept: Arc::new(Mutex::new(kept)),
            progress: Arc::clone(&context.progress),
            redactor: Arc::clone(&context.redactor),
        })
    }

    /// The file, as it is kept in the state: from the release file's folder on, so that it is the same wherever
    /// the release lies.
    pub(crate) fn path(&self) -> String {
        self.path.strip_prefix(&self.base).unwrap_or(&self.path).to_string_lossy().into_owned()
    }

    /// Takes everything that a pipe gives; with `collect`, the first bytes of it are given back as well.
    pub(crate) async fn take(&self, mut pipe: impl AsyncRead + Unpin, collect: usize) -> Vec<u8> {
        let mut collected = Vec::new();
        let mut line: Vec<u8> = Vec::new();
        let mut overlong = false;
        let mut buffer = vec![0; 16 * 1024];
        // A pipe that breaks is a command that is gone: what it said until then counts.
        while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
            let bytes = buffer.get(..count).unwrap_or_default();
            let room = collect.saturating_sub(collected.len());
            collected.extend_from_slice(bytes.get(..room.min(count)).unwrap_or_default());
            for byte in bytes {
                if *byte == b'\n' {
                    self.line(&line, overlong);
                    line.clear();
                    overlong = false;
                } else if line.len() < MAX_LINE {
                    line.push(*byte);
                } else {
                    overlong = true;
                }
            }
        }
        if !line.is_empty() {
            self.line(&line, overlong);
        }
        collected
    }

    fn line(&self, bytes: &[u8], overlong: bool) {
        let text = String::from_utf8_lossy(bytes);
        let mut text = self.redactor.mask(text.trim_end_matches('\r')).into_owned();
        if overlong {
            let end = (0..=text.len().saturating_sub(CUT)).rev().find(|at| text.is_char_boundary(*at));
            text.truncate(end.unwrap_or_default());
            text.push_str(" (line cut)");
        }
        self.progress.line(&text);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.add(text);
    }

    /// The last lines, for messages.
    pub(crate) fn tail(&self) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines: Vec<&str> = Vec::new();
        let mut bytes = 0;
        for line in kept.tail.iter().rev().take(SHOWN_LINES) {
            bytes += line.len() + 1;
            if bytes > SHOWN_BYTES {
                break;
            }
            lines.push(line);
        }
        lines.reverse();
        lines.join("\n")
    }

    /// Writes what was held back, and says how much was left out.
    pub(crate) fn close(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &mut *kept;
        if kept.written < MAX_HEAD {
            return;
        }
        let note = format!("... {} lines were left out here ...\n", kept.dropped);
        // A log that cannot be written whole is no reason to fail what it is about.
        let _ = kept.file.write_all(note.as_bytes());
        for line in &kept.tail {
            let _ = kept.file.write_all(format!("{line}\n").as_bytes());
        }
    }
}

impl Kept {
    fn add(&mut self, line: String) {
        if self.written < MAX_HEAD {
            self.written += line.len() + 1;
            let _ = self.file.write_all(format!("{line}\n").as_bytes());
            self.tail.push_back(line);
            // Until the head is full, the tail is only for messages.
            while self.tail.len() > SHOWN_LINES {
                self.tail.pop_front();
            }
            if self.written >= MAX_HEAD {
                self.tail.clear();
            }
            return;
        }
        self.tail_bytes += line.len() + 1;
        self.tail.push_back(line);
        while self.tail_bytes > MAX_TAIL {
            let Some(oldest) = self.tail.pop_front() else { break };
            self.tail_bytes -= oldest.len() + 1;
            self.dropped += 1;
        }
    }
}
