//! Every reader against every way out: names, links, links to links, what is swapped while it is read.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const SECRET: &str = "AUTHORIZATION: basic c2VjcmV0";

/// `outside/` beside `repository/`, which has `releases/`.
struct Ground {
    place: tempfile::TempDir,
    tree: Tree,
}

impl Ground {
    fn new() -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let top = place.path();
        for (name, text) in [
            ("outside/secret", SECRET),
            ("outside/folder/secret", SECRET),
            ("repository/.git/config", SECRET),
            ("repository/releases/.relplan/shop/key", SECRET),
            ("repository/sub/.git/config", SECRET),
            ("repository/releases/a.txt", "inside"),
            ("repository/templates/deep/b.txt", "inside"),
            ("repository/.gitignore", "inside"),
            ("repository/.github/c.txt", "inside"),
        ] {
            let path = top.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        }
        let tree = Tree::around(&top.join("repository/releases")).expect("a tree");
        Self { place, tree }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn link(&self, target: impl AsRef<Path>, name: &str) {
        symlink(target, self.path(name)).expect("a link");
    }

    /// What every reader says of a path: none may say that something is there.
    #[track_caller]
    fn refused(&self, path: &str, why: &PathError) {
        let (tree, named) = (&self.tree, Path::new(path));
        assert_eq!(tree.read(named, 1 << 20).as_ref(), Err(why), "read {path}");
        assert_eq!(tree.is_file(named).as_ref(), Err(why), "is_file {path}");
        assert_eq!(tree.is_folder(named).as_ref(), Err(why), "is_folder {path}");
        assert_eq!(tree.names(named).as_ref(), Err(why), "names {path}");
        assert_eq!(tree.files(named, 100).as_ref(), Err(why), "files {path}");
        assert_eq!(tree.input(named).as_ref(), Err(why), "input {path}");
        assert_eq!(tree.input_names(named).as_ref(), Err(why), "input_names {path}");
        assert_eq!(tree.open_input(named).map(drop).as_ref(), Err(why), "open_input {path}");
        assert_eq!(tree.read_input(named, 1 << 20).as_ref(), Err(why), "read_input {path}");
    }
}

#[test]
fn what_lies_outside_is_not_looked_at_by_any_name() {
    let ground = Ground::new();
    let outside = ground.path("outside");
    ground.link(outside.join("secret"), "repository/releases/linked");
    ground.link(&outside, "repository/releases/folder");
    ground.link("../../outside/secret", "repository/releases/relative");
    ground.link("linked", "repository/releases/again");
    ground.link("../releases/again", "repository/templates/thrice");
    ground.link(outside.join("nothing"), "repository/releases/dangling");
    ground.link("/proc/self/root/etc/passwd", "repository/releases/proc");
    ground.link("/proc/self/cwd/../../etc", "repository/releases/cwd");
    ground.link("/dev/stdin", "repository/releases/stdin");
    let absolute = outside.join("secret");
    for path in [
        absolute.to_str().expect("text"),
        outside.to_str().expect("text"),
        "/",
        "/etc/passwd",
        "/etc/no-such-file",
        "/proc/self/environ",
        "/proc/self/root/etc/passwd",
        "/dev/stdin",
        "/dev/fd/0",
        "../../outside/secret",
        "../../outside/nothing",
        "../../../../../../../../../../etc/passwd",
        "../..",
        "linked",
        "./linked",
        "folder",
        "folder/secret",
        "folder/nothing",
        "folder/../../outside/secret",
        "relative",
        "again",
        "../templates/thrice",
        "dangling",
        "proc",
        "cwd",
        "cwd/passwd",
        "stdin",
    ] {
        ground.refused(path, &PathError::Outside);
    }
}

#[test]
fn what_is_gits_and_relplans_own_is_read_at_no_depth_and_by_no_name() {
    let ground = Ground::new();
    ground.link("../.git", "repository/releases/git");
    ground.link("../.git/config", "repository/releases/config");
    ground.link(".relplan/shop", "repository/releases/ledger");
    ground.link("git", "repository/releases/again");
    let absolute = ground.path("repository/.git/config");
    for path in [
        "../.git/config",
        "../.git",
        "../.git/no-such-file",
        "../.git/../releases/a.txt",
        ".relplan/shop/key",
        ".relplan",
        ".relplan/../a.txt",
        "./.relplan/./shop/key",
        "../sub/.git/config",
        "../.GIT/config",
        "../.Git",
        ".RELPLAN/shop/key",
        "../.g\u{200c}it/config",
        "../git~1/config",
        "git/config",
        "config",
        "ledger/key",
        "again/config",
        absolute.to_str().expect("text"),
    ] {
        ground.refused(path, &PathError::Reserved);
    }
    // Only these names are taken.
    for (path, folder) in [("../.gitignore", false), ("../.github", true), ("../.github/c.txt", false)] {
        assert_eq!(ground.tree.is_folder(Path::new(path)), Ok(folder), "{path}");
        assert_eq!(ground.tree.is_file(Path::new(path)), Ok(!folder), "{path}");
    }
    let all = ground.tree.files(Path::new(".."), 100).expect("files");
    assert!(!all.iter().any(|name| name.contains(".git/") || name.contains(".relplan")), "{all:?}");
    assert_eq!(all.len(), 4, "{all:?}");
}

#[test]
fn a_git_folder_elsewhere_in_the_tree_is_reserved_too() {
    let ground = Ground::new();
    fs::rename(ground.path("repository/.git"), ground.path("repository/store")).expect("moved");
    fs::create_dir(ground.path("repository/store/worktree")).expect("made");
    fs::write(ground.path("repository/store/worktree/commondir"), "..\n").expect("written");
    fs::write(ground.path("repository/.git"), "gitdir: store/worktree\n").expect("written");
    let ground =
        Ground { tree: Tree::around(&ground.path("repository/releases")).expect("a tree"), ..ground };
    for path in ["../.git", "../store/config", "../store", "../store/worktree"] {
        ground.refused(path, &PathError::Reserved);
    }
    assert_eq!(ground.tree.read(Path::new("a.txt"), 10), Ok(b"inside".to_vec()));
}

#[test]
fn what_lies_inside_is_read_by_every_path_that_leads_there() {
    let ground = Ground::new();
    ground.link("../templates", "repository/releases/link");
    ground.link(ground.path("repository/templates/deep"), "repository/releases/absolute");
    let absolute = ground.path("repository/templates/deep/b.txt");
    for path in [
        "a.txt",
        "./a.txt",
        "../releases/a.txt",
        "../../repository/releases/a.txt",
        "../templates/deep/b.txt",
        "link/deep/b.txt",
        "link/deep/../deep/b.txt",
        "absolute/b.txt",
        absolute.to_str().expect("text"),
    ] {
        assert_eq!(ground.tree.read(Path::new(path), 6), Ok(b"inside".to_vec()), "{path}");
        assert_eq!(ground.tree.is_file(Path::new(path)), Ok(true), "{path}");
    }
    let real = ground.path("repository/templates/deep/b.txt").canonicalize().expect("there");
    assert_eq!(ground.tree.input(Path::new("absolute/b.txt")), Ok(real), "links are taken out");
    // As the system has it, a link is followed before `..` is.
    assert_eq!(ground.tree.is_folder(Path::new("absolute/../../releases")), Ok(true));
    let missing = |path: &str| ground.tree.read(Path::new(path), 6);
    assert_eq!(missing("nothing"), Err(PathError::Missing));
    assert_eq!(missing("nothing/../a.txt"), Err(PathError::Missing));
    assert_eq!(missing("a.txt/b"), Err(PathError::NotAFolder));
    assert_eq!(missing(".."), Err(PathError::NotAFile));
    assert_eq!(ground.tree.read(Path::new("a.txt"), 5), Err(PathError::TooLarge(5)));
    assert!(matches!(missing("a\0b"), Err(PathError::Other(_))));
}

#[test]
fn pipes_devices_and_circles_end_at_once() {
    let ground = Ground::new();
    let pipe = ground.path("repository/releases/pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    ground.link("circle", "repository/releases/circle");
    ground.link("pong", "repository/releases/ping");
    ground.link("ping", "repository/releases/pong");
    ground.link("..", "repository/releases/up");
    assert_eq!(ground.tree.read(Path::new("pipe"), 10), Err(PathError::NotAFile));
    assert_eq!(ground.tree.is_file(Path::new("pipe")), Ok(false));
    for path in ["circle", "ping", "ping/x"] {
        ground.refused(path, &PathError::Circle);
    }
    // A link to a folder above makes a listing no circle.
    assert_eq!(ground.tree.files(Path::new(""), 100).expect("files"), ["a.txt"]);
    assert_eq!(ground.tree.files(Path::new(".."), 1), Err(PathError::TooMany(1)));
}

#[test]
fn a_file_that_is_swapped_for_a_link_is_never_read() {
    let ground = Ground::new();
    let (file, folder) = (ground.path("repository/releases/swapped"), ground.path("repository/releases/s"));
    let over = AtomicBool::new(false);
    let refused = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let _ = fs::write(&file, "inside");
                let _ = fs::create_dir(&folder).and_then(|()| fs::write(folder.join("secret"), "inside"));
                let _ = fs::remove_file(&file).and_then(|()| symlink(ground.path("outside/secret"), &file));
                let _ = fs::remove_dir_all(&folder).and_then(|()| symlink(ground.path("outside"), &folder));
                let _ = (fs::remove_file(&file), fs::remove_file(&folder));
            }
        });
        let mut refused = 0;
        for _ in 0..20_000 {
            for path in ["swapped", "s/secret"] {
                match ground.tree.read(Path::new(path), 100) {
                    Ok(bytes) => assert!(b"inside".starts_with(&bytes), "{bytes:?}"),
                    Err(PathError::Outside) => refused += 1,
                    Err(_) => {}
                }
            }
        }
        over.store(true, Ordering::Relaxed);
        refused
    });
    assert!(refused > 0, "the links were never in place");
}

#[test]
fn names_show_links_that_are_refused_and_hide_the_rest() {
    let ground = Ground::new();
    ground.link(ground.path("outside/secret"), "repository/releases/linked.hcl");
    ground.link("a.txt", "repository/releases/alias.hcl");
    ground.link("nothing", "repository/releases/dangling.hcl");
    ground.link("../templates", "repository/releases/folder.hcl");
    let mut names = ground.tree.names(Path::new("")).expect("names");
    names.sort();
    assert_eq!(names, ["a.txt", "alias.hcl", "linked.hcl"]);
}

#[test]
fn what_the_operator_names_is_an_input_and_nothing_more() {
    let ground = Ground::new();
    ground.link("secret", "outside/folder/alias");
    ground.link("../secret", "outside/folder/out");
    let key = ground.path("outside/secret");
    let named =
        ground.tree.with_named(&[key.clone(), ground.path("outside/folder"), ground.path("outside/later")]);
    let bytes = Ok(SECRET.as_bytes().to_vec());
    for path in ["outside/secret", "outside/folder/secret", "outside/folder/alias", "outside/folder/out"] {
        let path = ground.path(path);
        assert_eq!(named.read_input(&path, 100), bytes, "{path:?}");
        assert_eq!(named.read(&path, 100), Err(PathError::Outside), "a function reads it: {path:?}");
        assert_eq!(named.is_file(&path), Err(PathError::Outside));
        assert_eq!(ground.tree.read_input(&path, 100), Err(PathError::Outside), "named by nobody");
    }
    assert_eq!(named.read_input(Path::new("../../outside/secret"), 100), bytes, "by another path");
    // Beside it is not named, nor is what a link of the tree leads to elsewhere.
    fs::write(ground.path("outside/other"), SECRET).expect("written");
    ground.link(ground.path("outside/other"), "repository/releases/other");
    ground.link(&key, "repository/releases/key");
    for path in [ground.path("outside/other"), ground.path("outside"), "other".into()] {
        assert_eq!(named.input(&path), Err(PathError::Outside), "{path:?}");
    }
    assert_eq!(named.read_input(Path::new("key"), 100), bytes, "a link to what is named");
    assert_eq!(named.input(&ground.path("outside/secret/x")), Err(PathError::NotAFolder));
    assert_eq!(named.input(&ground.path("outside/folder/../other")), Err(PathError::Outside));
    // What is not there yet may be named as well.
    let later = ground.path("outside/later");
    assert_eq!(named.read_input(&later, 100), Err(PathError::Missing));
    assert_eq!(named.input(&later), Ok(later.clone()));
    fs::write(&later, SECRET).expect("written");
    assert_eq!(named.read_input(&later, 100), bytes);
    // Also where everything is named, these are not.
    let all = ground.tree.with_named(&["/".into()]);
    assert_eq!(all.input(Path::new("../.git/config")), Err(PathError::Reserved));
    assert_eq!(all.input(&ground.path("repository/sub/.git/config")), Err(PathError::Reserved));
    assert_eq!(all.read_input(&ground.path("outside/other"), 100), bytes);
}

#[test]
fn a_place_is_where_it_says() {
    let ground = Ground::new();
    ground.link(ground.path("outside"), "repository/releases/away");
    ground.link("../templates", "repository/releases/near");
    let outside = ground.path("outside");
    let place = |path: &str| ground.tree.place(Path::new(path));
    assert_eq!(place(outside.to_str().expect("text")), Ok(outside.clone()));
    assert_eq!(place("../../outside/new"), Ok(outside.join("new")));
    assert_eq!(place("../snapshots"), Ok(ground.path("repository/releases/../snapshots")), "to be made");
    assert_eq!(place("near").map(|path| path.ends_with("repository/templates")), Ok(true));
    assert_eq!(place("away"), Err(PathError::Outside));
    assert_eq!(place("away/new"), Err(PathError::Outside));
    for path in [".relplan", "../.git/hooks", "new/.git", "/proc/self/cwd/.git/hooks", "../new/../.git"] {
        assert_eq!(place(path), Err(PathError::Reserved), "{path}");
    }
}

#[test]
fn without_a_repository_the_tree_is_the_folder_above() {
    let place = tempfile::tempdir().expect("a folder");
    let top = place.path().canonicalize().expect("a folder");
    for name in ["project/releases/v1.hcl", "project/app/file", "other/file"] {
        fs::create_dir_all(top.join(name).parent().expect("a folder")).expect("made");
        fs::write(top.join(name), "x").expect("written");
    }
    let tree = Tree::around(&top.join("project/releases")).expect("a tree");
    assert_eq!(tree.is_file(Path::new("../app/file")), Ok(true));
    assert_eq!(tree.is_file(Path::new("../../other/file")), Err(PathError::Outside));
    // A folder that is everybody's is nobody's project.
    fs::set_permissions(top.join("project"), fs::Permissions::from_mode(0o1777)).expect("opened");
    let tree = Tree::around(&top.join("project/releases")).expect("a tree");
    assert_eq!(tree.is_file(Path::new("v1.hcl")), Ok(true));
    assert_eq!(tree.is_file(Path::new("../app/file")), Err(PathError::Outside));
    // The release files' own folder is a link to somewhere else.
    fs::set_permissions(top.join("project"), fs::Permissions::from_mode(0o755)).expect("closed");
    symlink(top.join("other"), top.join("project/linked")).expect("a link");
    assert_eq!(Tree::around(&top.join("project/linked")).map(drop), Err(PathError::Outside));
}

#[test]
fn links_on_a_path_that_the_operator_names_stay_in_their_repository() {
    let ground = Ground::new();
    ground.link(ground.path("outside"), "repository/away");
    ground.link("releases", "repository/near");
    ground.link(ground.path("repository"), "way");
    fs::create_dir(ground.path("outside/.git")).expect("made");
    for (path, fine) in [
        ("repository/releases/a.txt", true),
        ("repository/near/a.txt", true),
        ("way/releases/a.txt", true),
        ("way/near/../releases/a.txt", true),
        ("repository/nothing", true),
        ("repository/away/secret", false),
        ("repository/away", false),
        ("way/away/secret", false),
        ("repository/near/../away/secret", false),
    ] {
        let path = ground.path(path);
        assert_eq!(check_named(&path).is_ok(), fine, "{path:?}");
        assert!(fine || open_named(&path).is_err() && Tree::around(&path).is_err(), "{path:?}");
    }
    assert!(Tree::around(&ground.path("way/near")).is_ok());
}
