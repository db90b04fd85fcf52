//! Patterns, and telling new files from old ones.

use super::*;

fn anywhere() -> Tree {
    Tree::anywhere(Path::new("/"))
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for path in ["a.xml", "b.txt", "one/a.xml", "one/two/TEST-b.xml"] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, "old").expect("written");
    }
    folder
}

#[test]
fn patterns_name_files() {
    let folder = folder();
    let found = |pattern: &str| -> Vec<String> {
        let paths = matching(&anywhere(), folder.path(), pattern).expect("few");
        let below = |path: &PathBuf| path.strip_prefix(folder.path()).expect("below").display().to_string();
        paths.iter().map(below).collect()
    };
    assert_eq!(found("a.xml"), ["a.xml"]);
    assert_eq!(found("*.xml"), ["a.xml"]);
    assert_eq!(found("*/?.xml"), ["one/a.xml"]);
    assert_eq!(found("**/*.xml"), ["a.xml", "one/a.xml", "one/two/TEST-b.xml"]);
    assert_eq!(found("one/**/TEST-*.xml"), ["one/two/TEST-b.xml"]);
    assert_eq!(found("missing/*.xml"), Vec::<String>::new());
    assert_eq!(
        matching(&anywhere(), Path::new("elsewhere"), &format!("{}/a.xml", folder.path().display()))
            .map(|all| all.len()),
        Ok(1)
    );
}

#[test]
fn a_circle_of_links_comes_to_an_end() {
    let folder = folder();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("one/circle")).expect("a link");
    assert_eq!(matching(&anywhere(), folder.path(), "**/a.xml").map(|all| all.len()), Ok(2));
}

#[test]
fn only_what_was_written_since_counts() {
    let folder = folder();
    let before = Snapshot::take(&anywhere(), folder.path(), "**/*.xml").expect("few");
    assert_eq!(before.written_since(&anywhere(), folder.path(), "**/*.xml"), Ok(Vec::new()));
    fs::write(folder.path().join("a.xml"), "newer").expect("written");
    fs::write(folder.path().join("one/c.xml"), "new").expect("written");
    let names = before.written_since(&anywhere(), folder.path(), "**/*.xml").expect("few");
    assert_eq!(names, [folder.path().join("a.xml"), folder.path().join("one/c.xml")]);
}

#[test]
fn names_fit_patterns() {
    for (pattern, name, fitting) in [
        ("*", "", true),
        ("a*c", "abc", true),
        ("a*c", "ac", true),
        ("a*c", "acb", false),
        ("a?c", "ac", false),
        ("*.x?l", "\u{fc}.xml", true),
        ("**a", "bba", true),
        ("", "a", false),
    ] {
        assert_eq!(fits(pattern, name), fitting, "{pattern} {name}");
    }
}
