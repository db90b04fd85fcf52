//! How many snapshots of a series are kept.

use std::path::{Path, PathBuf};

/// The snapshots of a series beyond the newest `keep`, oldest first. `latest` always stays. Sorted by when they were
/// written, and by name where that is the same.
pub(crate) fn surplus(folder: &Path, series: &str, keep: usize, latest: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.strip_prefix(series).is_some_and(|rest| rest.starts_with('-')) && name.ends_with(".sqlite")
        })
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .filter(|(_, path)| path != latest)
        .collect();
    found.sort();
    let beyond = (found.len() + 1).saturating_sub(keep.max(1));
    found.into_iter().take(beyond).map(|(_, path)| path).collect()
}

/// Deletes the snapshots beyond the newest `keep`; gives the names of those that went.
pub(crate) fn prune(folder: &Path, series: &str, keep: usize, latest: &Path) -> std::io::Result<Vec<String>> {
    let mut gone = Vec::new();
    for path in surplus(folder, series, keep, latest) {
        std::fs::remove_file(&path)?;
        gone.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
    }
    Ok(gone)
}
