//! What a command reads on its standard input: whole before it starts, so that it never acts on a half of it because
//! relplan was killed while it wrote.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::process::Stdio;

use relplan_contract::{Path, Problem};

/// The standard input with this text; empty without one.
pub(crate) fn of(text: Option<&str>) -> Result<Stdio, Problem> {
    let Some(text) = text else { return Ok(Stdio::null()) };
    let written = || -> io::Result<Stdio> {
        let mut file = in_memory()?;
        file.write_all(text.as_bytes())?;
        file.rewind()?;
        Ok(file.into())
    };
    written().map_err(|error| {
        Problem::refused(format!("The text for the command's standard input cannot be kept: {error}."))
            .about(Path::attribute("stdin"))
    })
}

/// A file without a name, and on no disk: the text may be a secret.
#[cfg(target_os = "linux")]
fn in_memory() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    // Some systems refuse memory that could be run as a program; older ones do not know how to forbid that.
    let strict = memfd_create("stdin", MemfdFlags::CLOEXEC | MemfdFlags::NOEXEC_SEAL);
    let made = strict.or_else(|_| memfd_create("stdin", MemfdFlags::CLOEXEC))?;
    Ok(made.into())
}

/// A file without a name: other systems have no such memory.
#[cfg(not(target_os = "linux"))]
fn in_memory() -> io::Result<File> {
    tempfile::tempfile()
}
