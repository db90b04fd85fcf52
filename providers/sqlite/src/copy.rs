//! Copies in clear that exist for a moment: where they lie, and that they go.

use std::path::{Path, PathBuf};

use relplan_archive::{failed, private_file};
use relplan_contract::{Context, Problem, Value};
use tempfile::NamedTempFile;

/// How the names of the copies begin; those that killed processes left are removed by it.
const BEGINNING: &str = ".relplan-copy-";

/// The folder for copies: the one that is named, else the database's own, where they are as safe as the database.
pub(crate) fn folder(context: &Context, object: &Value) -> Result<PathBuf, Problem> {
    if let Some(folder) = object.get("scratch").get("directory").as_str() {
        return context.place("scratch", folder);
    }
    let database = context.input("database", object.get("database").as_str().unwrap_or_default())?;
    Ok(database.parent().map(Path::to_path_buf).unwrap_or_default())
}

/// A new empty file there, gone when it is dropped.
pub(crate) fn file(folder: &Path) -> Result<NamedTempFile, Problem> {
    private_file(folder, BEGINNING).map_err(|error| {
        failed(&format!("No copy can be made in {}", folder.display()), &error).hint(
            "Name a folder for copies, best on an encrypted disk: scratch { directory = ... }; or now -with scratch.directory=FOLDER.",
        )
    })
}
