//! Files that nobody else can read and that do not outlive us for long: secrets for a database's programs, copies in clear.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use relplan_contract::Problem;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use tempfile::NamedTempFile;

/// Memory that looks like a folder.
const SHARED_MEMORY: &str = "/dev/shm";

/// A file of mode 0600 with this text, gone when it is dropped, and where possible on no disk.
pub fn secret_file(text: &str) -> Result<NamedTempFile, Problem> {
    let written = private_file(&private_folder(), "relplan-secret-").and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        Ok(file)
    });
    written.map_err(|error| {
        Problem::refused(format!("The file for the password cannot be written: {error}."))
            .hint("relplan gives secrets to a database's programs in a file, never on their command line.")
    })
}

/// An empty file of mode 0600, gone when it is dropped. Those that killed processes left with the same beginning are removed.
///
/// Whoever made one holds a lock on it for as long as they live: their number alone tells nothing to another container,
/// which may have the same folder.
pub fn private_file(folder: &Path, beginning: &str) -> io::Result<NamedTempFile> {
    for entry in std::fs::read_dir(folder)?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.strip_prefix(beginning).and_then(|rest| rest.split('-').next()?.parse::<i32>().ok());
        let is_dead = |pid| test_kill_process(pid) == Err(Errno::SRCH);
        if pid.and_then(Pid::from_raw).is_some_and(is_dead) && is_unlocked(&entry.path()) {
            // Somebody else may remove it in the same moment.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    let prefix = format!("{beginning}{}-", std::process::id());
    let file = tempfile::Builder::new().prefix(&prefix).tempfile_in(folder)?;
    file.as_file().set_permissions(Permissions::from_mode(0o600))?;
    // In the instant before, another container may have taken it for left behind.
    file.as_file().lock()?;
    if !file.path().exists() {
        return private_file(folder, beginning);
    }
    Ok(file)
}

/// Whether nobody who lives holds a file.
fn is_unlocked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

/// A folder of ours alone, in memory where there is such a thing.
fn private_folder() -> PathBuf {
    let base = Path::new(SHARED_MEMORY);
    let base = if base.is_dir() { base.to_path_buf() } else { std::env::temp_dir() };
    let folder = base.join(format!("relplan-{}", rustix::process::geteuid().as_raw()));
    // Where it cannot be made, or is somebody else's, the file itself is refused by its creation.
    let _ = DirBuilder::new().mode(0o700).create(&folder);
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_reads_it_and_it_goes() {
        let file = secret_file("a password").expect("a file");
        let path = file.path().to_path_buf();
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("a folder"))), (0o600, 0o700));
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "a password");
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn what_the_dead_left_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        // A number that no process can have.
        let left = folder.path().join(format!("copy-{}-x", i32::MAX));
        let ours = folder.path().join(format!("copy-{}-x", std::process::id()));
        std::fs::write(&left, "rows").expect("left");
        std::fs::write(&ours, "rows").expect("kept");
        let file = private_file(folder.path(), "copy-").expect("a file");
        assert!(!left.exists() && ours.exists() && file.path().exists());
    }

    #[test]
    fn what_lives_in_another_container_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        // A number that is nobody's here; its process is there all the same.
        let elsewhere = folder.path().join(format!("copy-{}-x", i32::MAX));
        std::fs::write(&elsewhere, "rows").expect("made");
        let held = File::open(&elsewhere).expect("opened");
        held.lock().expect("locked");
        private_file(folder.path(), "copy-").expect("a file");
        assert!(elsewhere.exists(), "it is in use");
        drop(held);
        private_file(folder.path(), "copy-").expect("a file");
        assert!(!elsewhere.exists(), "nobody uses it any more");
    }
}
