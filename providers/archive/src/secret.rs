//! Files for secrets that a database's programs are to read: nobody else can, and where possible they are on no disk.

use std::fs::{DirBuilder, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use relplan_contract::Problem;
use tempfile::NamedTempFile;

/// Memory that looks like a folder.
const SHARED_MEMORY: &str = "/dev/shm";

/// How the names of the files begin; the number of the process follows.
const BEGINNING: &str = "relplan-secret-";

/// A file of mode 0600 with this text, gone when it is dropped. What killed processes left is removed.
pub fn secret_file(text: &str) -> Result<NamedTempFile, Problem> {
    written(text).map_err(|error| {
        Problem::refused(format!("The file for the password cannot be written: {error}."))
            .hint("relplan gives secrets to a database's programs in a file, never on their command line.")
    })
}

fn written(text: &str) -> io::Result<NamedTempFile> {
    let prefix = format!("{BEGINNING}{}-", std::process::id());
    let mut file = tempfile::Builder::new().prefix(&prefix).tempfile_in(private_folder())?;
    file.as_file().set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

/// A folder of ours alone, in memory where there is such a thing.
fn private_folder() -> PathBuf {
    let base = Path::new(SHARED_MEMORY);
    let base = if base.is_dir() { base.to_path_buf() } else { std::env::temp_dir() };
    let folder = base.join(format!("relplan-{}", rustix::process::geteuid().as_raw()));
    // Where it cannot be made, or is somebody else's, the file itself is refused by its creation.
    let _ = DirBuilder::new().mode(0o700).create(&folder);
    for entry in std::fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.strip_prefix(BEGINNING).and_then(|rest| rest.split('-').next()?.parse::<i32>().ok());
        let dead = pid
            .and_then(rustix::process::Pid::from_raw)
            .is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH));
        if dead {
            let _ = std::fs::remove_file(entry.path());
        }
    }
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
        // A number that no process can have.
        let left = private_folder().join(format!("{BEGINNING}{}-x", i32::MAX));
        std::fs::write(&left, "a password").expect("left");
        secret_file("another").expect("a file");
        assert!(!left.exists());
    }
}
