//! [`Outlet`]: where a command writes, so that it can go on writing when relplan is gone.
//!
//! A pipe that nobody reads any more kills who writes to it, or lets it fail half-way. So another process holds the
//! reading ends too: a shell that sleeps until relplan ends, however it ends, and then reads what is still written and
//! throws it away. Nothing that a command prints stands on the disk unmasked, or fills it, and one that prints faster
//! than relplan reads is slowed down, all of which a file in the place of the pipe would lack.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsRawFd;
use std::process::Stdio;

use relplan_contract::{Path, Problem};
use tokio::net::unix::pipe::Receiver;
use tokio::process::Command;

use crate::arguments::Spec;

/// The shell. Systems for a single program may have none.
const SHELL: &str = "/bin/sh";

/// Waits for the end of its standard input, then empties the pipes at 1 and 2. Where a pipe could not be opened anew, it
/// does not wait for what is to come (relplan's end is told not to), hence the second loop around `cat`.
const SCRIPT: &str = r"trap '' HUP INT QUIT TERM
read -r line
empty() {
  if command -v cat; then until cat; do sleep 0.1 || sleep 1; done
  else while read -r line; do :; done; fi
}
empty <&1 >/dev/null 2>&1 &
empty <&2 >/dev/null 2>&1
wait";

/// Folders of `cat` and `sleep`, behind those of the command's own PATH.
const FOLDERS: &str = "/usr/bin:/bin";

/// The reading ends of a command's output, for relplan.
pub(crate) struct Outlet {
    pub(crate) out: Option<Receiver>,
    pub(crate) err: Option<Receiver>,
    /// While this is open, the other reader sleeps.
    _awake: Option<PipeWriter>,
}

/// The writing ends, for the command.
pub(crate) struct Ends {
    pub(crate) out: Stdio,
    pub(crate) err: Stdio,
}

impl Outlet {
    /// Makes the pipes; with `outlives`, the command may go on writing when relplan is gone.
    pub(crate) fn make(spec: &Spec, outlives: bool) -> Result<(Self, Ends), Problem> {
        let refused = |error: io::Error| {
            let message = format!("What reads the output of the command could not be started: {error}.");
            let hint = "It is a process of its own: is the limit of processes or of open files reached?";
            Problem::retry(message).hint(hint).about(Path::attribute(spec.attribute))
        };
        let made = || -> io::Result<(Self, Ends)> {
            let ((out, out_end), (err, err_end)) = (io::pipe()?, io::pipe()?);
            let awake = if outlives { second_reader(spec, &out, &err)? } else { None };
            let (out, err) = (receiver(out)?, receiver(err)?);
            let ends = Ends { out: out_end.into(), err: err_end.into() };
            Ok((Self { out: Some(out), err: Some(err), _awake: awake }, ends))
        };
        made().map_err(refused)
    }
}

fn receiver(pipe: PipeReader) -> io::Result<Receiver> {
    Receiver::from_owned_fd(pipe.into())
}

/// Starts the second reader; none on a system without a shell.
fn second_reader(spec: &Spec, out: &PipeReader, err: &PipeReader) -> io::Result<Option<PipeWriter>> {
    let (asleep, awake) = io::pipe()?;
    let path = spec.environment.get("PATH").map_or("", String::as_str);
    #[expect(clippy::disallowed_methods, reason = "it reads what relplan can no longer read")]
    let started = Command::new(SHELL)
        .args(["-c", SCRIPT])
        .env_clear()
        .env("PATH", format!("{path}{}{FOLDERS}", if path.is_empty() { "" } else { ":" }))
        .current_dir("/")
        .stdin(asleep)
        .stdout(opened_anew(out)?)
        .stderr(opened_anew(err)?)
        .process_group(0)
        .spawn();
    match started {
        Ok(_) => Ok(Some(awake)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Another opening of the pipe, which waits for what is to come although relplan's own does not; else the same.
fn opened_anew(pipe: &PipeReader) -> io::Result<Stdio> {
    match File::open(format!("/proc/self/fd/{}", pipe.as_raw_fd())) {
        Ok(file) => Ok(file.into()),
        Err(_) => pipe.try_clone().map(Stdio::from),
    }
}
