//! Files from the file system: those of the release's tree for the language, and those that the operator names.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use relplan_contract::{PathError, Tree, check_named, open_named};

use super::exit::Failure;
use crate::lang::lower::{Files, MAX_FILE_BYTES};

/// The source files of a release.
pub(super) struct SourceFiles<'t> {
    /// What may be read.
    pub tree: &'t Tree,
    /// Where the paths that the language asks for start: the folder that the command works in.
    pub directory: PathBuf,
}

impl Files for SourceFiles<'_> {
    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        self.tree.names(&self.directory.join(folder)).map_err(|error| error.to_string())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        // One byte more, so that the language can tell how large a file may be.
        let read = self.tree.read(&self.directory.join(path), MAX_FILE_BYTES + 1);
        read.map_err(|error| error.to_string())
    }
}

/// The largest saved plan that is read, in bytes.
pub(super) const MAX_PLAN_BYTES: usize = 1 << 30;

/// The bytes of a regular file that the operator names, at most `limit` and one more, so that the reader sees that it is
/// too large.
pub(super) fn read_bounded(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    let file = open_named(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let read = file.take(limit as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Opens a file that the operator names for writing, as `options` say; a new one only its owner can read.
pub(super) fn open_private(path: &Path, options: &mut OpenOptions) -> Result<File, String> {
    // The link in its place may be from the repository, and lead to a file that must not be written.
    check_named(path).map_err(|error| error.to_string())?;
    options.create(true).mode(0o600).open(path).map_err(|error| error.to_string())
}

/// Why a release's files are not read.
pub(super) fn refused(shown: &Path, error: &PathError) -> Failure {
    let shown = shown.to_string_lossy();
    let failure = Failure::error(format!("{shown:?} is not read: {error}."));
    match error {
        PathError::Outside => failure.help(
            "The tree is the git work tree, else the folder above the release files; a link on this path leads out of it. Name the \
             file by its own path.",
        ),
        _ => failure,
    }
}
