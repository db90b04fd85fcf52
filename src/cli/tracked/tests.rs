use std::path::Path;
use std::process::Command;

use super::*;

fn git(folder: &Path, arguments: &[&str]) {
    let identity =
        ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "protocol.file.allow=always"];
    let output =
        Command::new("git").args(identity).args(arguments).current_dir(folder).output().expect("git");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository with files, some of them odd, and a ledger that nobody added.
fn repository(init: &[&str]) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    git(place.path(), &[&["init", "-q"], init].concat());
    for name in [".relplanning", "releases/.relplan2/x", "other/.relplan/shop/key", "a/b"] {
        let path = place.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, "x").expect("written");
    }
    for name in ["releases/.relplan/shop/ledger.jsonl", "releases/v1.hcl"] {
        let path = place.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, "x").expect("written");
    }
    git(place.path(), &["add", ".relplanning", "releases/.relplan2", "other", "a", "releases/v1.hcl"]);
    place
}

#[test]
fn a_ledger_in_the_index_is_found_in_every_form_of_the_index() {
    let forms: [&[&[&str]]; 6] = [
        &[],
        &[&["update-index", "--index-version=4"]],
        // Extended flags make it version 3.
        &[&["add", "-N", "later"]],
        &[&["update-index", "--split-index"]],
        &[&["update-index", "--index-version=4"], &["update-index", "--split-index"]],
        &[&["update-index", "--force-untracked-cache"], &["status"]],
    ];
    for (init, forms) in [(&[][..], &forms[..]), (&["--object-format=sha256"][..], &forms[..2])] {
        for form in forms {
            let place = repository(init);
            std::fs::write(place.path().join("later"), "x").expect("written");
            let folder = place.path().join("releases");
            for call in *form {
                git(place.path(), call);
            }
            assert!(!is_tracked(&folder), "{init:?} {form:?}: nobody added it");
            assert!(refuse(&folder).is_ok());
            git(place.path(), &["add", "-f", "releases/.relplan"]);
            assert!(is_tracked(&folder), "{init:?} {form:?}: it was added");
            assert!(refuse(&folder).is_err());
            git(place.path(), &["commit", "-q", "-m", "first"]);
            assert!(is_tracked(&folder), "{init:?} {form:?}: it was committed");
            git(place.path(), &["rm", "-q", "-r", "--cached", "releases/.relplan"]);
            assert!(!is_tracked(&folder), "{init:?} {form:?}: it was taken out");
        }
    }
}

#[test]
fn a_ledger_in_a_worktree_or_a_submodule_is_found() {
    let place = repository(&[]);
    git(place.path(), &["add", "-f", "releases/.relplan"]);
    git(place.path(), &["commit", "-q", "-m", "first"]);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let path = elsewhere.path().join("tree");
    git(place.path(), &["worktree", "add", "-q", "-b", "other", path.to_str().expect("text")]);
    assert!(is_tracked(&path.join("releases")));
    // The ledger's folder is a repository of its own that the outer one brings along.
    let outer = tempfile::tempdir().expect("a folder");
    git(outer.path(), &["init", "-q"]);
    git(outer.path(), &["submodule", "add", "-q", place.path().to_str().expect("text"), "releases/.relplan"]);
    assert!(is_tracked(&outer.path().join("releases")));
}

#[test]
fn damage_is_no_index() {
    let place = repository(&[]);
    git(place.path(), &["add", "-f", "releases/.relplan"]);
    // Longer than the flags can tell.
    let long = format!("100644,{},{}", "1".repeat(40), vec!["b".repeat(200); 25].join("/"));
    git(place.path(), &["update-index", "--add", "--cacheinfo", &long]);
    let index = std::fs::read(place.path().join(".git/index")).expect("an index");
    assert!(holds(&index, b"releases/.relplan") && holds(&index, b"RELEASES/.Relplan"));
    for length in 0..index.len() {
        let _ = holds(&index[..length], b"releases/.relplan");
        let mut damaged = index.clone();
        damaged[length] ^= 0xff;
        let _ = holds(&damaged, b"releases/.relplan");
    }
    let endless = [b"DIRC".as_slice(), &[0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff]].concat();
    assert!(!holds(&endless, b"releases/.relplan"));
}
