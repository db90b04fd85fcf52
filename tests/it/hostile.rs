//! Hostile input, one test for each kind: what must be refused is refused with a diagnostic, and nothing that a file
//! names is run, followed or sent anywhere that it must not be.

use std::fmt::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// How a command ended, and all that it printed.
struct Ran {
    code: i32,
    said: String,
}

impl Ran {
    #[track_caller]
    fn says(&self, code: i32, expected: &str) {
        assert_eq!(self.code, code, "{}", self.said);
        assert!(self.said.contains(expected), "nothing says {expected:?}: {}", self.said);
    }
}

fn folder(release: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.hcl"), release).expect("a release file");
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Ran {
    run_with(folder, arguments, &[])
}

fn run_with(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_relplan"))
        .args(arguments)
        .current_dir(folder)
        .env("USER", "ann")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("relplan");
    let said = [output.stdout, output.stderr].concat();
    Ran { code: output.status.code().expect("no signal"), said: String::from_utf8_lossy(&said).into_owned() }
}

fn plan(release: &str) -> Ran {
    run(folder(release).path(), &["plan", "a.hcl"])
}

fn record(value: &str) -> String {
    format!("resource \"fake_record\" \"it\" {{\n  value = {value}\n}}\n")
}

#[test]
fn a_hundred_thousand_brackets_are_refused() {
    for (open, close) in [("[", "]"), ("(", ")"), ("{a=", "}"), ("\"${", "}\""), ("!", ""), ("-", "")] {
        let value = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let ran = plan(&record(&value));
        assert!(ran.said.contains("rror"), "{open}: {}", ran.said.chars().take(500).collect::<String>());
        assert_eq!(ran.code, 1, "{open}");
    }
    let blocks = format!("{}{}", "a {\n".repeat(100_000), "}\n".repeat(100_000));
    assert_eq!(plan(&blocks).code, 1);
}

#[test]
fn an_object_with_forty_thousand_keys_is_read() {
    let mut object = "{\n".to_owned();
    for key in 0..40_000 {
        let _ = writeln!(object, "    key{key} = {key}");
    }
    object.push_str("  }");
    plan(&record(&object)).says(0, "1 to add");
}

#[test]
fn work_without_end_is_refused() {
    let nested = "[for a in range(4000) : [for b in range(4000) : a * b]]";
    assert_eq!(plan(&record(nested)).code, 1);
    let mut doubled = record("local.a40");
    doubled.push_str("locals {\n  a0 = \"xxxxxxxx\"\n");
    for number in 1..=40 {
        let before = number - 1;
        let _ = writeln!(doubled, "  a{number} = \"${{local.a{before}}}${{local.a{before}}}\"");
    }
    doubled.push_str("}\n");
    assert_eq!(plan(&doubled).code, 1);
    plan(&record("1 / 0")).says(1, "zero");
    plan(&record("range(100000000)")).says(1, "rror");
}

#[test]
fn deceptive_characters_are_shown_escaped() {
    let release = "resource \"fake_record\" \"it\" {\n  for_each = toset([\"a\\u202eb\\u0007c\\u001b[2Jd\\u200be\"])\n  value = each.key\n  echo = each.key\n}\n";
    let folder = folder(release);
    let mut said = String::new();
    for arguments in [
        &["plan", "a.hcl"][..],
        &["plan", "-format=markdown", "a.hcl"],
        &["apply", "-auto-approve", "a.hcl"],
        &["state", "list"],
        &["state", "history"],
        &["show"],
        &["graph", "a.hcl"],
    ] {
        said.push_str(&run(folder.path(), arguments).said);
    }
    assert!(said.contains("202e"), "it is shown: {said}");
    for deceptive in ['\u{202e}', '\u{7}', '\u{1b}', '\u{200b}'] {
        assert!(!said.contains(deceptive), "{deceptive:?} is shown as it is: {said}");
    }
}

#[test]
fn files_outside_of_the_release_are_not_read() {
    let outside = tempfile::tempdir().expect("a folder");
    std::fs::write(outside.path().join("passwd"), "root:x:0:0").expect("a file");
    let inside = folder("");
    symlink(outside.path(), inside.path().join("link")).expect("a link");
    symlink(outside.path().join("passwd"), inside.path().join("linked")).expect("a link");
    for path in
        ["../../../../../../../../etc/passwd", "/etc/passwd", "link/passwd", "linked", "./link/../linked"]
    {
        std::fs::write(inside.path().join("a.hcl"), record(&format!("file(\"{path}\")"))).expect("written");
        let ran = run(inside.path(), &["plan", "a.hcl"]);
        assert_eq!(ran.code, 1, "{path}: {}", ran.said);
        assert!(!ran.said.contains("root:x"), "{path}: {}", ran.said);
    }
    // Neither a pipe that nobody writes to nor a device without an end is waited for.
    Command::new("mkfifo").arg(inside.path().join("pipe")).status().expect("mkfifo");
    symlink("/dev/zero", inside.path().join("zero")).expect("a link");
    for path in ["pipe", "zero"] {
        std::fs::write(inside.path().join("a.hcl"), record(&format!("file(\"{path}\")"))).expect("written");
        assert_eq!(run(inside.path(), &["plan", "a.hcl"]).code, 1, "{path}");
    }
    std::fs::remove_file(inside.path().join("a.hcl")).expect("removed");
    Command::new("mkfifo").arg(inside.path().join("a.hcl")).status().expect("mkfifo");
    assert_eq!(run(inside.path(), &["plan", "a.hcl"]).code, 3, "a pipe is no release file");
    assert_eq!(run(inside.path(), &["apply", "pipe"]).code, 7, "nor a saved plan");
}

/// A repository with a commit, whose configuration and hooks would run a command.
fn trapped_repository(folder: &Path) {
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
        let status = Command::new("git")
            .args(identity)
            .args(arguments)
            .current_dir(folder)
            .stdout(Stdio::null())
            .status()
            .expect("git");
        assert!(status.success(), "{arguments:?}");
    };
    git(&["init", "-q", "-b", "main", "repository"]);
    git(&["-C", "repository", "commit", "-q", "--allow-empty", "-m", "first"]);
    let trap = folder.join("trap");
    std::fs::write(&trap, format!("#!/bin/sh\ntouch {}/pwned\n", folder.display())).expect("a trap");
    std::fs::set_permissions(&trap, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
    let trap_path = trap.display().to_string();
    for name in
        ["core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "gpg.program", "diff.external"]
    {
        git(&["-C", "repository", "config", name, &trap_path]);
    }
    git(&["-C", "repository", "config", "alias.ls-remote", &format!("!{trap_path}")]);
    for hook in ["pre-push", "reference-transaction", "post-checkout", "update", "pre-auto-gc"] {
        let hook = folder.join("repository/.git/hooks").join(hook);
        std::fs::copy(&trap, &hook).expect("a hook");
    }
}

#[test]
fn nothing_that_a_repository_brings_along_is_run() {
    let tag = "release \"a\" {\n  version = \"1.0.0\"\n}\n\nresource \"git_tag\" \"it\" {\n  repository = \"repository\"\n  name = \"v1\"\n  ref = \"main\"\n  message = \"one\"\n}\n";
    let folder = folder(tag);
    trapped_repository(folder.path());
    run(folder.path(), &["plan", "a.hcl"]).says(0, "1 to add");
    run(folder.path(), &["apply", "-auto-approve", "a.hcl"]).says(0, "1 added");
    assert!(!folder.path().join("pwned").exists(), "a hook or a configured command was run");
}

#[test]
fn arguments_for_git_are_never_options_or_commands() {
    let hostile = [
        ("repository", "ext::sh -c touch% pwned"),
        ("repository", "--upload-pack=touch pwned"),
        ("repository", "-oProxyCommand=touch pwned"),
        ("repository", "ssh://-oProxyCommand=touch%20pwned/x"),
        ("ref", "--upload-pack=touch pwned"),
        ("ref", "--output=pwned"),
        ("ref", "$(touch pwned)"),
        ("name", "--output=pwned"),
        ("name", "-d"),
        ("name", "`touch pwned`"),
        ("name", "../../hooks/post-checkout"),
        ("name", "a\\nb"),
    ];
    for (argument, value) in hostile {
        let mut arguments = [("repository", "repository"), ("name", "v1"), ("ref", "main")].to_vec();
        arguments.retain(|(name, _)| *name != argument);
        arguments.push((argument, value));
        let mut text =
            "release \"a\" {\n  version = \"1.0.0\"\n}\n\nresource \"git_tag\" \"it\" {\n".to_owned();
        for (name, value) in arguments {
            let value = value.replace("$(", "$$(").replace("$$(", "$(");
            let _ = writeln!(text, "  {name} = \"{value}\"");
        }
        text.push_str("}\n");
        let folder = folder(&text);
        trapped_repository(folder.path());
        let ran = run(folder.path(), &["apply", "-auto-approve", "a.hcl"]);
        assert_ne!(ran.code, 0, "{argument} = {value:?}: {}", ran.said);
        let pwned = folder.path().join("pwned").exists() || folder.path().join("repository/pwned").exists();
        assert!(!pwned, "{argument} = {value:?}");
    }
}

#[test]
fn the_environment_does_not_lead_git_elsewhere() {
    let tag = "release \"a\" {\n  version = \"1.0.0\"\n}\n\nresource \"git_tag\" \"it\" {\n  repository = \"repository\"\n  name = \"v1\"\n  ref = \"main\"\n}\n";
    let folder = folder(tag);
    trapped_repository(folder.path());
    let trap = folder.path().join("trap").display().to_string();
    let environment = [
        ("GIT_DIR", "/nowhere"),
        ("GIT_WORK_TREE", "/nowhere"),
        ("GIT_INDEX_FILE", "/nowhere/index"),
        ("GIT_EXEC_PATH", "/nowhere"),
        ("GIT_EXTERNAL_DIFF", trap.as_str()),
        ("GIT_PAGER", trap.as_str()),
        ("PGHOST", "/nowhere"),
        ("LD_LIBRARY_PATH", "/nowhere"),
    ];
    run_with(folder.path(), &["apply", "-auto-approve", "a.hcl"], &environment).says(0, "1 added");
    assert!(!folder.path().join("pwned").exists());
}

#[test]
fn commands_are_run_without_a_shell() {
    let text = "release \"a\" {\n  version = \"1.0.0\"\n}\n\nresource \"exec_test\" \"it\" {\n  command = [\"echo\", \"; touch pwned\", \"$(touch pwned)\", \"`touch pwned`\", \"> pwned\"]\n}\n";
    let folder = folder(text);
    run(folder.path(), &["apply", "-auto-approve", "a.hcl"]).says(0, "complete");
    assert!(!folder.path().join("pwned").exists());
}

#[test]
fn lines_in_headers_are_refused() {
    for header in
        ["x = \"a\\r\\nSet-Cookie: b\"", "\"x\\r\\ny\" = \"a\"", "\"x y\" = \"a\"", "x = \"a\\u0000b\""]
    {
        let text = format!(
            "release \"a\" {{\n  version = \"1.0.0\"\n}}\n\nresource \"http_smoke_test\" \"it\" {{\n  base_url = \"http://127.0.0.1:1\"\n  \
             headers = {{ {header} }}\n  step {{\n    name = \"a\"\n    path = \"/\"\n  }}\n}}\n"
        );
        plan(&text).says(1, "eader");
    }
}

#[test]
fn a_product_cannot_lead_its_ledger_out_of_its_folder() {
    let text = "release \"../../out\" {\n  version = \"1.0.0\"\n}\n\nresource \"fake_record\" \"it\" {}\n";
    let outer = tempfile::tempdir().expect("a folder");
    let inner = outer.path().join("one/two");
    std::fs::create_dir_all(&inner).expect("folders");
    std::fs::write(inner.join("a.hcl"), text).expect("a release file");
    let ran = run(&inner, &["apply", "-auto-approve", "a.hcl"]);
    let beside: Vec<_> = std::fs::read_dir(outer.path()).expect("a folder").collect();
    assert_eq!(beside.len(), 1, "nothing lies outside: {}", ran.said);
    assert!(!outer.path().join("one/out").exists() && !inner.join(".relplan/../out").exists());
}

#[test]
fn links_in_the_place_of_the_ledger_are_refused() {
    let text = "release \"a\" {\n  version = \"1.0.0\"\n}\n\nresource \"fake_record\" \"it\" {}\n";
    for name in [".relplan", ".relplan/a", ".relplan/a/ledger.jsonl", ".relplan/a/lock", ".relplan/a/key"] {
        let folder = folder(text);
        let target = tempfile::tempdir().expect("a folder");
        let link = folder.path().join(name);
        std::fs::create_dir_all(link.parent().expect("above")).expect("a folder");
        let file = name.contains("/a/");
        let target = if file { target.path().join("target") } else { target.path().to_owned() };
        if file {
            std::fs::write(&target, "").expect("a target");
        }
        symlink(&target, &link).expect("a link");
        let ran = run(folder.path(), &["apply", "-auto-approve", "a.hcl"]);
        assert_eq!(ran.code, 11, "{name}: {}", ran.said);
        let untouched = if file {
            std::fs::read(&target).expect("the target").is_empty()
        } else {
            std::fs::read_dir(&target).is_ok_and(|mut entries| entries.next().is_none())
        };
        assert!(untouched, "{name}: the target was written to");
    }
}

#[test]
fn another_ledger_and_an_older_one_are_noticed() {
    let text = |value: &str| {
        format!(
            "release \"a\" {{\n  version = \"1.0.0\"\n}}\n\nresource \"fake_deployment\" \"it\" {{\n  version = \"{value}\"\n}}\n"
        )
    };
    let (one, other) = (folder(&text("1")), folder(&text("1")));
    for folder in [&one, &other] {
        run(folder.path(), &["apply", "-auto-approve", "a.hcl"]).says(0, "complete");
    }
    let ledger = |folder: &TempDir| folder.path().join(".relplan/a/ledger.jsonl");
    let older = std::fs::read(ledger(&one)).expect("a ledger");
    std::fs::write(one.path().join("a.hcl"), text("2")).expect("written");
    run(one.path(), &["plan", "-out=saved.plan", "a.hcl"]).says(0, "Saved");
    run(one.path(), &["apply", "-auto-approve", "a.hcl"]).says(0, "complete");
    let newer = std::fs::read(ledger(&one)).expect("a ledger");
    let line = String::from_utf8_lossy(&newer).lines().last().expect("a record").to_owned();
    let head = format!("sha256:{}", line.split(' ').next().expect("a hash"));
    // Older than its checkpoint.
    std::fs::write(ledger(&one), &older).expect("put back");
    run(one.path(), &["plan", "a.hcl"]).says(11, "older copy");
    run(one.path(), &["state", "verify"]).says(11, "older copy");
    // Without the checkpoint, the head beside it knows; without that, only who noted the head can tell.
    let beside = |name: &str| one.path().join(".relplan/a").join(name);
    std::fs::remove_file(beside("checkpoint.json")).expect("removed");
    run(one.path(), &["plan", "a.hcl"]).says(11, "its head saw record");
    let kept = std::fs::read(beside("head")).expect("a head");
    std::fs::remove_file(beside("head")).expect("removed");
    run(one.path(), &["plan", "a.hcl"]).says(0, "Plan:");
    run(one.path(), &["state", "verify", &format!("-head={head}")]).says(11, "No record");
    std::fs::write(beside("head"), kept).expect("put back");
    // Another ledger with what was beside the first one, and then with all that is its own: a saved plan knows which
    // ledger it was made for.
    std::fs::copy(ledger(&other), ledger(&one)).expect("copied");
    run(one.path(), &["plan", "a.hcl"]).says(11, "not of the same lineage");
    for name in ["checkpoint.json", "head", "key"] {
        std::fs::copy(other.path().join(".relplan/a").join(name), beside(name)).expect("copied");
    }
    run(one.path(), &["apply", "saved.plan"]).says(7, "another ledger");
}
