//! [`Border`]: a folder (or file) that may be read, and how that of a release is found.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::{PathError, Tree, open_folder};

/// A folder, or a single file, within which paths are followed.
#[derive(Clone, Debug)]
pub(super) struct Border {
    /// As it was named, absolute.
    given: PathBuf,
    /// Without links.
    pub(super) real: PathBuf,
    /// The folder itself; that around it when it is a file.
    pub(super) folder: Arc<OwnedFd>,
    /// Its name, when it is a file.
    pub(super) file: Option<OsString>,
    /// Where git keeps what elsewhere is in `.git`, when that is inside.
    pub(super) reserved: Vec<PathBuf>,
}

impl Border {
    /// The whole file system.
    pub(super) fn everything() -> Result<Self, PathError> {
        Self::folder(Path::new("/"))
    }

    fn folder(given: &Path) -> Result<Self, PathError> {
        let real = given.canonicalize().map_err(PathError::of)?;
        let folder = Arc::new(open_folder(&real).map_err(PathError::of)?);
        Ok(Self { given: given.to_owned(), real, folder, file: None, reserved: Vec::new() })
    }

    /// What the operator named, wherever its links lead; none where nothing is there, nor a folder for it.
    pub(super) fn named(path: &Path) -> Option<Self> {
        let given = Tree::lexical(path);
        let later = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
        let real = path.canonicalize().ok().or_else(later)?;
        if real.is_dir() {
            let folder = Arc::new(open_folder(&real).ok()?);
            return Some(Self { given, real, folder, file: None, reserved: Vec::new() });
        }
        let folder = Arc::new(open_folder(real.parent()?).ok()?);
        let file = Some(real.file_name()?.to_owned());
        Some(Self { given, real, folder, file, reserved: Vec::new() })
    }

    /// The part of a path behind the border; none when it lies elsewhere.
    pub(super) fn below<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        path.strip_prefix(&self.given).or_else(|_| path.strip_prefix(&self.real)).ok()
    }

    pub(super) fn holds(&self, path: &Path) -> bool {
        self.below(path).is_some()
    }

    /// Whether a path is the border itself, by either name.
    pub(super) fn is(&self, path: &Path) -> bool {
        path == self.given || path == self.real
    }

    /// Whether the border may lie behind a path.
    pub(super) fn may_follow(&self, path: &Path) -> bool {
        self.given.starts_with(path) || self.real.starts_with(path)
    }
}

/// The folder as a plain absolute path, and the tree around it.
pub(super) fn around(folder: &Path) -> Result<(PathBuf, Border), PathError> {
    let folder = plain(folder)?;
    let repository = folder.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok());
    let given = repository.unwrap_or_else(|| project(&folder));
    let mut border = Border::folder(given)?;
    let real = folder.canonicalize().map_err(PathError::of)?;
    if !real.starts_with(&border.real) {
        return Err(PathError::Outside);
    }
    border.reserved = elsewhere(&border.real);
    Ok((folder, border))
}

/// The folder above the release files; the folder itself where that is everybody's, as `/tmp` is.
fn project(folder: &Path) -> &Path {
    let own = |above: &&Path| {
        above.parent().is_some()
            && above.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o002 == 0)
    };
    folder.parent().filter(own).unwrap_or(folder)
}

/// Where git keeps what elsewhere is in `.git`: a file of that name says it.
fn elsewhere(root: &Path) -> Vec<PathBuf> {
    let file = root.join(".git");
    let is_file =
        file.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() < 1 << 16);
    let text = if is_file { std::fs::read_to_string(&file).unwrap_or_default() } else { String::new() };
    let Some(folder) = text.strip_prefix("gitdir:").map(str::trim) else { return Vec::new() };
    let folder = root.join(folder);
    let common = std::fs::read_to_string(folder.join("commondir")).unwrap_or_default();
    let common = folder.join(common.trim());
    [folder, common].iter().filter_map(|path| path.canonicalize().ok()).filter(|path| path != root).collect()
}

/// An absolute path without `.` and `..`, with the links that are on it. Refused is a link in a git work tree that leads
/// out of it: whoever may change the repository may have put it there.
pub(super) fn plain(path: &Path) -> Result<PathBuf, PathError> {
    let path = std::path::absolute(path).map_err(PathError::of)?;
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out = out.canonicalize().map_err(PathError::of)?;
                out.pop();
            }
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => {
                let holder = out.clone();
                out.push(part);
                if out.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
                    check_link(&holder, &out)?;
                }
            }
        }
    }
    Ok(out)
}

fn check_link(holder: &Path, link: &Path) -> Result<(), PathError> {
    let holder = holder.canonicalize().map_err(PathError::of)?;
    let Some(top) = holder.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok()) else {
        return Ok(());
    };
    let border = [Border::folder(top)?];
    match super::walk::walk(&border, &holder.join(link.file_name().unwrap_or_default())) {
        Ok(_) | Err(PathError::Missing) => Ok(()),
        Err(error) => Err(error),
    }
}
