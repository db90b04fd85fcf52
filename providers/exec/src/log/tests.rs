//! The kept log: its size, its rights, and what stands in its way.

use std::os::unix::fs::{MetadataExt, symlink};

use super::*;

#[test]
fn it_keeps_the_beginning_and_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keep/deploy.log");
    let mut log = Log::at(&path, 30, 20).expect("a log");
    for number in 0..100 {
        log.line(&format!("line {number}")).expect("written");
    }
    drop(log);
    let text = fs::read_to_string(&path).expect("readable");
    assert_eq!(
        text,
        "line 0\nline 1\nline 2\nline 3\n[relplan: 746 bytes were left out here]\nline 98\nline 99\n"
    );
    let rights = |path: &Path| fs::metadata(path).expect("there").mode() & 0o777;
    assert_eq!((rights(&path), rights(path.parent().expect("a folder"))), (0o600, 0o700));
}

#[test]
fn it_replaces_an_earlier_one_and_follows_no_link() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, other) = (folder.path().join("deploy.log"), folder.path().join("other"));
    fs::write(&other, "precious").expect("written");
    symlink(&other, &path).expect("a link");
    Log::at(&path, 100, 100).expect("a log").line("new").expect("written");
    assert_eq!(fs::read_to_string(&other).expect("there"), "precious");
    assert_eq!(fs::read_to_string(&path).expect("there"), "new\n");
}
