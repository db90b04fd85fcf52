//! Source files from the file system, for the language.

use std::path::PathBuf;

use crate::lang::lower::{Files, MAX_FILE_BYTES};

/// Files below a folder of the file system.
pub(super) struct Folder {
    /// Where relative paths start.
    pub base: PathBuf,
}

impl Files for Folder {
    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        let entries = std::fs::read_dir(self.base.join(folder)).map_err(|error| clause(&error))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| clause(&error))?;
            if entry.path().is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        read_bounded(&self.base.join(path), MAX_FILE_BYTES)
    }
}

/// The largest saved plan that is read, in bytes.
pub(super) const MAX_PLAN_BYTES: usize = 1 << 30;

/// The bytes of a regular file, at most `limit` and one more, so that the reader sees that it is too large.
pub(super) fn read_bounded(path: &std::path::Path, limit: usize) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    // Without waiting: a pipe that nobody writes to would keep us here before it can be seen that it is one.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let opened = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = opened.map_err(|error| clause(&error))?;
    let metadata = file.metadata().map_err(|error| clause(&error))?;
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| clause(&error))?;
    Ok(bytes)
}

/// What the system says, as a clause.
pub(super) fn clause(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::NotADirectory => "a part of its path is no folder".to_owned(),
        _ => error.to_string(),
    }
}
