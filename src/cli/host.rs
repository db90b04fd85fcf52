//! Files for the language's functions: `file()`, `fileset()`, `templatefile()`.
//!
//! Only what lies in the release's own tree can be read: below the nearest folder above it that is a repository, or
//! else below the release file's folder. Links that lead out of it are not followed.

use std::path::{Component, Path, PathBuf};

use super::files::{clause, read_bounded};
use crate::lang::eval::Host;

/// The largest file that an expression may read, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Files of a release's tree.
pub(super) struct FileHost {
    base: PathBuf,
    /// What may be read; none when it cannot be found out.
    tree: Option<PathBuf>,
}

impl FileHost {
    pub(super) fn new(base: PathBuf) -> Self {
        let real = base.canonicalize().ok();
        let tree = real.map(|real| {
            let repository =
                real.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf);
            repository.unwrap_or(real)
        });
        Self { base, tree }
    }

    /// The real path of a file, if it is inside of the tree.
    fn inside(&self, path: &str) -> Result<PathBuf, String> {
        let real = self.base.join(path).canonicalize().map_err(|error| clause(&error))?;
        match &self.tree {
            Some(tree) if real.starts_with(tree) => Ok(real),
            _ => Err("it is outside of the release's own folder or repository".to_owned()),
        }
    }
}

impl Host for FileHost {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        let bytes = read_bounded(&self.inside(path)?, MAX_BYTES)?;
        if bytes.len() > MAX_BYTES {
            return Err(format!("it is larger than {} MiB", MAX_BYTES / 1024 / 1024));
        }
        Ok(bytes)
    }

    fn list_files(&self, folder: &str, pattern: &str) -> Result<Vec<String>, String> {
        let _ = (self.inside(folder)?, pattern);
        Err("not here".to_owned())
    }

    fn file_exists(&self, path: &str) -> Result<bool, String> {
        // A path that leads out is refused also when nothing is there: its absence would tell something, too.
        let leads_out =
            Path::new(path).is_absolute() || Path::new(path).components().any(|c| c == Component::ParentDir);
        match self.inside(path) {
            Ok(real) => Ok(real.is_file()),
            Err(_) if !leads_out => Ok(false),
            Err(why) => Err(why),
        }
    }

    fn timestamp(&self) -> Option<String> {
        None
    }
}
