//! The folder that snapshots lie in: only its owner may read or write there.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use relplan_contract::Problem;

/// Makes the folder where it is missing, and refuses one that others could change.
pub(crate) fn prepare(folder: &Path) -> Result<(), Problem> {
    let failed = |error: std::io::Error| {
        Problem::refused(format!("The folder {} cannot be used: {error}.", folder.display()))
            .about(attribute())
    };
    if !folder.exists() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    let metadata = fs::symlink_metadata(folder).map_err(failed)?;
    let refuse = |why: &str, hint: String| {
        Err(Problem::refused(format!("The folder {} {why}.", folder.display())).hint(hint).about(attribute()))
    };
    if !metadata.is_dir() {
        return refuse("is no folder, or a link", "Name a folder of its own.".to_owned());
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return refuse("belongs to somebody else", "Name a folder of your own.".to_owned());
    }
    if metadata.permissions().mode() & 0o022 != 0 {
        return refuse("can be changed by others", format!("Run `chmod 700 {}`.", folder.display()));
    }
    Ok(())
}

/// Makes what was done in the folder durable: a rename is only so after this.
pub(crate) fn sync(folder: &Path) -> std::io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

fn attribute() -> relplan_contract::Path {
    relplan_contract::Path::attribute("directory")
}
