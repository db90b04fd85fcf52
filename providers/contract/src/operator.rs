//! Files that the operator keeps for the programs that a provider starts: passwords, services, logins. Whoever decides what of
//! them a server gets reads them here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The most that is read of one, in bytes.
const LARGEST: u64 = 1 << 20;

/// The path of a file in the home of the environment; none where it names no home.
#[must_use]
pub fn home_file(environment: &BTreeMap<String, String>, name: &str) -> Option<PathBuf> {
    environment.get("HOME").filter(|home| !home.is_empty()).map(|home| Path::new(home).join(name))
}

/// The text of such a file, up to a mebibyte; none where it is not there, or is no text.
#[must_use]
pub fn operator_text(file: &Path) -> Option<String> {
    // Opening a pipe would wait for somebody to write.
    if !std::fs::metadata(file).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(file).ok()?.take(LARGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_of_text_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().to_string_lossy().into_owned();
        let environment = BTreeMap::from([("HOME".to_owned(), home)]);
        let file = home_file(&environment, ".netrc").expect("a home");
        assert_eq!(operator_text(&file), None);
        std::fs::write(&file, "machine a").expect("a file");
        assert_eq!(operator_text(&file).as_deref(), Some("machine a"));
        std::fs::write(&file, b"\xff").expect("a file");
        assert_eq!(operator_text(&file), None);
        assert_eq!(operator_text(folder.path()), None);
        assert_eq!(home_file(&BTreeMap::from([("HOME".to_owned(), String::new())]), ".netrc"), None);
    }
}
