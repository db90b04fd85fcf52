//! What a pull request's files may read: their own tree, and nothing of git's and relplan's own, by whatever name, link
//! or reader. What the operator names may lie elsewhere, and is used for nothing but its argument.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// In every file that must not be read.
const SECRET: &str = "ghs_TOKEN_c2VjcmV0";

/// A repository with a ledger, and `outside/` beside it.
struct Ground {
    place: TempDir,
}

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

impl Ground {
    fn new() -> Self {
        let ground = Self { place: tempfile::tempdir().expect("a folder") };
        ground.write("outside/secret", &format!("SECRET = \"{SECRET}\"\n"));
        ground.write("outside/secret.hcl", &format!("machine github.com password {SECRET}\n"));
        ground.write("outside/module/main.hcl", &format!("output \"it\" {{ value = \"{SECRET}\" }}\n"));
        ground.git(&["init", "-q", "-b", "main", "."]);
        ground.git(&["config", "http.extraheader", SECRET]);
        ground.write("repository/releases/v1.hcl", "release \"shop\" {\n  version = \"1.0.0\"\n}\nresource \"terraform_data\" \"it\" {\n  input = 1\n}\n");
        ground.run(&["apply", "-auto-approve", "releases/v1.hcl"]).says(0, "Apply complete");
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn link(&self, target: impl AsRef<Path>, name: &str) {
        symlink(target, self.path(name)).expect("a link");
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
        let folder = self.path("repository");
        fs::create_dir_all(&folder).expect("made");
        let status = Command::new("git").args(identity).args(arguments).current_dir(folder).status();
        assert!(status.expect("git").success(), "{arguments:?}");
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relplan"));
        command.args(arguments).envs(environment.iter().copied());
        self.ran(&mut command)
    }

    fn ran(&self, command: &mut Command) -> Ran {
        let output = command
            .current_dir(self.path("repository"))
            .env("USER", "ann")
            .stdin(Stdio::null())
            .output()
            .expect("it runs");
        let said = [output.stdout, output.stderr].concat();
        let code = output.status.code().expect("no signal");
        Ran { code, said: String::from_utf8_lossy(&said).into_owned() }
    }

    /// Every path that leads to a secret, or would tell whether one is there.
    fn ways_out(&self) -> Vec<String> {
        let outside = self.path("outside");
        let here = self.path("repository/releases");
        for (target, name) in [
            (outside.join("secret"), "linked"),
            (outside.clone(), "folder"),
            ("../../outside/secret".into(), "relative"),
            ("linked".into(), "again"),
            ("../.git".into(), "git"),
            (".relplan/shop".into(), "ledger"),
            (outside.join("nothing"), "dangling"),
            (Path::new("/proc/self/root").join(outside.strip_prefix("/").expect("absolute")), "proc"),
            ("/dev/stdin".into(), "stdin"),
            ("/proc/self/environ".into(), "environ"),
        ] {
            symlink(target, here.join(name)).expect("a link");
        }
        let mut ways: Vec<String> = [
            "../.git/config",
            "../.GIT/config",
            "../.git",
            "git/config",
            "../.git/../.git/config",
            ".relplan/shop/key",
            ".relplan/shop/ledger.jsonl",
            ".relplan/../.relplan/shop/key",
            "ledger/key",
            ".Relplan/shop/key",
            "linked",
            "./linked",
            "folder/secret",
            "folder/nothing",
            "relative",
            "again",
            "dangling",
            "proc/secret",
            "stdin",
            "environ",
            "../../outside/secret",
            "../../outside/nothing",
            "/etc/passwd",
            "/etc/nothing",
            "/proc/self/environ",
            "/proc/self/root/etc/passwd",
            "/dev/stdin",
            "/dev/fd/0",
            "../../../../../../../../etc/passwd",
            "folder/../outside/secret",
        ]
        .map(str::to_owned)
        .to_vec();
        ways.extend(
            ["outside/secret", "repository/.git/config"].map(|name| self.path(name).display().to_string()),
        );
        ways
    }
}

/// A release that reads each path with each function, and says what came of it.
fn reads_all(ways: &[String]) -> String {
    let functions = [
        "file",
        "filebase64",
        "filemd5",
        "filesha1",
        "filesha256",
        "filesha512",
        "filebase64sha256",
        "filebase64sha512",
        "fileexists",
    ];
    let list = ways.iter().map(|way| format!("{way:?}")).collect::<Vec<_>>().join(", ");
    let mut text =
        format!("release \"shop\" {{\n  version = \"1.0.1\"\n}}\nlocals {{\n  ways = [{list}]\n}}\n");
    let mut one = |name: &str, call: &str| {
        let _ = writeln!(
            text,
            "output \"{name}\" {{\n  value = [for way in local.ways : try({call}, \"refused\")]\n}}"
        );
    };
    for function in functions {
        one(function, &format!("{function}(way)"));
    }
    one("below", "fileset(way, \"**\")");
    // Where the folder may be listed, links in it are no part of it.
    one("beside", "fileset(dirname(way), basename(way))");
    text
}

/// Runs relplan under strace, and gives every path that a file or folder was opened at.
fn opened(ground: &Ground, arguments: &[&str]) -> (Ran, Vec<String>) {
    let log = ground.path("strace");
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-e", "trace=open,openat,openat2", "-s", "4096", "-o"]);
    command.arg(&log).arg(env!("CARGO_BIN_EXE_relplan")).args(arguments);
    let ran = ground.ran(&mut command);
    let text = fs::read_to_string(&log).expect("a log");
    // `openat(4</a/b>, "c", O_RDONLY) = 5</a/b/c>`: what follows the last `=` is what was opened.
    let result =
        |line: &str| Some(line.rsplit_once(" = ")?.1.split_once('<')?.1.trim_end_matches('>').to_owned());
    let opened: Vec<String> = text.lines().filter_map(result).collect();
    assert!(opened.iter().any(|path| path.ends_with("releases/pr.hcl")), "strace saw nothing: {text}");
    (ran, opened)
}

#[test]
fn no_function_reads_what_is_outside_or_gits_or_relplans_own() {
    let ground = Ground::new();
    let ways = ground.ways_out();
    ground.write("repository/releases/pr.hcl", &reads_all(&ways));
    for arguments in [
        &["plan", "-no-exec", "releases/pr.hcl"][..],
        &["plan", "-no-exec", "-format=markdown", "releases/pr.hcl"],
        &["plan", "releases/pr.hcl", "-allow-read=/"],
        &["plan", "-json", "releases/pr.hcl"],
    ] {
        let ran = ground.run(arguments);
        ran.says(0, "refused");
        let refused = ran.said.matches("refused").count();
        // Each of the ten says so of each way; what is beside it may be an empty list.
        assert!(refused >= ways.len() * 10, "{arguments:?}: {refused} of {}\n{}", ways.len() * 10, ran.said);
        assert!(!ran.said.contains("linked\"") && !ran.said.contains("true"), "{}", ran.said);
        assert!(!ran.said.contains(SECRET) && !ran.said.contains("root:x"), "{}", ran.said);
    }
}

#[test]
fn nothing_outside_or_of_git_is_opened_at_all() {
    let ground = Ground::new();
    ground.write("repository/releases/pr.hcl", &reads_all(&ground.ways_out()));
    let outside = ground.path("outside").canonicalize().expect("there").display().to_string();
    let git = ground.path("repository/.git").canonicalize().expect("there").display().to_string();
    let key = "/.relplan/shop/key";
    for arguments in [&["plan", "-no-exec", "releases/pr.hcl"][..], &["validate", "releases/pr.hcl"]] {
        let (ran, opened) = opened(&ground, arguments);
        assert_eq!(ran.code, 0, "{}", ran.said);
        let ledger = arguments[0] == "plan";
        for path in &opened {
            let own_index = ledger && (*path == git || *path == format!("{git}/index"));
            assert!(!path.starts_with(&outside), "{arguments:?} opened {path}");
            assert!(own_index || !path.starts_with(&git), "{arguments:?} opened {path}");
            assert!(
                ledger || !path.ends_with(key) && !path.contains("/.relplan"),
                "{arguments:?} opened {path}"
            );
            assert!(!path.starts_with("/dev/") || path == "/dev/null", "{arguments:?} opened {path}");
        }
    }
}

#[test]
fn the_reason_is_told_and_nothing_of_what_is_there() {
    let ground = Ground::new();
    for (way, why) in [
        ("../../outside/secret", "leads out of the release's tree"),
        ("../../outside/nothing", "leads out of the release's tree"),
        ("../.git/config", "nothing of `.git` and `.relplan` is read"),
        (".relplan/shop/nothing", "nothing of `.git` and `.relplan` is read"),
        ("nothing", "there is no such file"),
    ] {
        for function in ["file", "fileexists", "filesha256"] {
            let text = format!("output \"it\" {{\n  value = {function}(\"{way}\")\n}}\n");
            ground.write("repository/releases/a.hcl", &text);
            let ran = ground.run(&["plan", "-no-exec", "releases/a.hcl"]);
            if (way, function) == ("nothing", "fileexists") {
                ran.says(0, "false");
            } else {
                ran.says(1, why);
            }
            assert!(!ran.said.contains(SECRET));
        }
    }
}

#[test]
fn no_source_file_comes_from_elsewhere() {
    let ground = Ground::new();
    let outside = ground.path("outside");
    ground.link(outside.join("secret.hcl"), "repository/releases/linked.hcl");
    ground.link("linked.hcl", "repository/releases/again.hcl");
    ground.link(&outside, "repository/away");
    ground.link("../.git/config", "repository/releases/git.hcl");
    ground.write("repository/all/a.hcl", "output \"it\" {\n  value = 1\n}\n");
    ground.link(outside.join("secret.hcl"), "repository/all/b.hcl");
    for file in
        ["releases/linked.hcl", "releases/again.hcl", "releases/git.hcl", "away/secret.hcl", "away", "all"]
    {
        for verb in ["validate", "plan", "graph", "fmt"] {
            let more: &[&str] = if verb == "fmt" { &["-diff"] } else { &[] };
            let ran = ground.run(&[&[verb, file], more].concat());
            assert_eq!(ran.code, 1, "{verb} {file}: {}", ran.said);
            assert!(
                !ran.said.contains(SECRET) && !ran.said.contains("machine"),
                "{verb} {file}: {}",
                ran.said
            );
        }
    }
    let text = fs::read_to_string(outside.join("secret.hcl")).expect("it is as it was");
    assert!(text.contains(SECRET), "fmt wrote to it");
    // A link within the repository is as good as the file.
    ground.link("v1.hcl", "repository/releases/current.hcl");
    ground.run(&["validate", "releases/current.hcl"]).says(0, "valid");
    ground.link("../../outside", "repository/releases/module");
    let absolute = outside.join("module").display().to_string();
    for source in
        ["../../outside/module", "./module/module", "../.git", "./.relplan/shop", "./.relplan", &absolute]
    {
        let text = format!(
            "module \"it\" {{\n  source = \"{source}\"\n}}\noutput \"it\" {{\n  value = module.it.it\n}}\n"
        );
        ground.write("repository/releases/m.hcl", &text);
        for verb in ["validate", "plan"] {
            let ran = ground.run(&[verb, "releases/m.hcl"]);
            assert_eq!(ran.code, 1, "{source}: {}", ran.said);
            assert!(!ran.said.contains(SECRET), "{source}: {}", ran.said);
        }
    }
}

#[test]
fn files_of_variables_are_of_the_tree_or_of_the_operator() {
    let ground = Ground::new();
    let text = "variable \"SECRET\" {\n  default = \"none\"\n}\noutput \"it\" {\n  value = var.SECRET\n}\n";
    ground.write("repository/variables/a.hcl", text);
    let plan = |more: &[&str]| ground.run(&[&["plan", "-no-exec", "variables/a.hcl"], more].concat());
    let secret = ground.path("outside/secret");
    // The operator's own file is read, wherever it is.
    plan(&["-var-file", secret.to_str().expect("text")]).says(0, SECRET);
    plan(&["-var-file", "../outside/secret"]).says(0, SECRET);
    // A link in the repository is none.
    ground.link(&secret, "repository/variables/linked.vars.hcl");
    for file in ["variables/linked.vars.hcl", "./variables/../variables/linked.vars.hcl", ".git/config"] {
        let ran = plan(&["-var-file", file]);
        ran.says(1, "cannot be read");
        assert!(!ran.said.contains(SECRET), "{}", ran.said);
    }
    for (target, name) in
        [(secret.clone(), "x"), ("../.git/config".into(), "y"), ("linked.vars.hcl".into(), "z")]
    {
        let name = format!("repository/variables/{name}.auto.vars.hcl");
        ground.link(target, &name);
        for verb in ["plan", "validate"] {
            let ran = ground.run(&[verb, "variables/a.hcl"]);
            ran.says(1, "cannot be read");
            assert!(!ran.said.contains(SECRET), "{}", ran.said);
        }
        fs::remove_file(ground.path(&name)).expect("removed");
    }
}

#[test]
fn a_saved_plan_is_neither_read_from_a_link_nor_written_through_one() {
    let ground = Ground::new();
    ground.link(ground.path("outside/secret"), "repository/saved.plan");
    for arguments in [
        &["apply", "saved.plan"][..],
        &["show", "saved.plan"],
        &["plan", "-out=saved.plan", "releases/v1.hcl"],
    ] {
        let ran = ground.run(arguments);
        assert!(ran.code != 0 && ran.said.contains("leads out of"), "{arguments:?}: {}", ran.said);
        assert!(!ran.said.contains(SECRET), "{}", ran.said);
    }
    assert!(
        fs::read_to_string(ground.path("outside/secret")).expect("there").contains(SECRET),
        "it was overwritten"
    );
}

#[test]
fn a_ledger_that_is_checked_in_is_no_ledger() {
    let ground = Ground::new();
    // It is not even offered to git.
    ground.git(&["add", "-A"]);
    ground.git(&["commit", "-q", "-m", "first"]);
    ground.run(&["plan", "releases/v1.hcl"]).says(0, "No changes");
    ground.git(&["add", "-f", "releases/.relplan"]);
    for arguments in [
        &["plan", "releases/v1.hcl"][..],
        &["plan", "-no-exec", "releases/v1.hcl"],
        &["apply", "-auto-approve", "releases/v1.hcl"],
        &["rollback", "-auto-approve"],
        &["state", "list"],
        &["output"],
    ] {
        let ran = ground.run(arguments);
        assert!(ran.code != 0 && ran.said.contains("checked in to git"), "{arguments:?}: {}", ran.said);
    }
    ground.run(&["validate", "releases/v1.hcl"]).says(0, "valid");
    ground.git(&["rm", "-q", "-r", "--cached", "releases/.relplan"]);
    ground.run(&["plan", "releases/v1.hcl"]).says(0, "No changes");
    // A link in its place is none either.
    fs::rename(ground.path("repository/releases/.relplan"), ground.path("outside/.relplan")).expect("moved");
    ground.link("../../outside/.relplan", "repository/releases/.relplan");
    assert_ne!(ground.run(&["plan", "releases/v1.hcl"]).code, 0);
}

/// A release whose argument names a file by a variable or in writing.
fn snapshot(database: &str) -> String {
    format!(
        "release \"shop\" {{\n  version = \"1.1.0\"\n}}\nvariable \"database\" {{\n  default = \"none\"\n}}\n\
         resource \"sqlite_snapshot\" \"it\" {{\n  database  = {database}\n  directory = \"snapshots\"\n}}\n"
    )
}

#[test]
fn an_argument_leads_outside_only_where_the_operator_says_so() {
    let ground = Ground::new();
    let database = ground.path("outside/shop.sqlite");
    let made =
        Command::new("sqlite3").arg(&database).arg("create table t (a); insert into t values (1);").status();
    assert!(made.expect("sqlite3").success());
    let literal = format!("{:?}", database.display().to_string());
    let folder = ground.path("outside").display().to_string();
    let plan = |text: &str, more: &[&str], environment: &[(&str, &str)]| {
        ground.write("repository/releases/a.hcl", text);
        ground.run_with(&[&["plan", "releases/a.hcl"], more].concat(), environment)
    };
    let refused = "leads out of the release's tree";
    plan(&snapshot(&literal), &[], &[]).says(1, refused);
    plan(&snapshot("\"../../outside/shop.sqlite\""), &[], &[]).says(1, "-allow-read");
    plan(&snapshot("\"../.git/config\""), &["-allow-read=/"], &[]).says(1, "nothing of `.git`");
    ground.link(&database, "repository/releases/link.sqlite");
    plan(&snapshot("\"link.sqlite\""), &[], &[]).says(1, refused);
    // A file of the tree is not the operator, though it gives the variable.
    ground.write("repository/releases/x.auto.vars.hcl", &format!("database = {literal}\n"));
    plan(&snapshot("var.database"), &[], &[]).says(1, refused);
    plan(&snapshot("var.database"), &["-var-file=releases/x.auto.vars.hcl"], &[]).says(1, refused);
    let given = format!("-var=database={}", database.display());
    plan(&snapshot("var.database"), &[&given], &[]).says(0, "1 to add");
    fs::remove_file(ground.path("repository/releases/x.auto.vars.hcl")).expect("removed");
    let text = database.display().to_string();
    plan(&snapshot("var.database"), &[], &[("RELPLAN_VAR_database", &text)]).says(0, "1 to add");
    ground.write("outside/own.vars.hcl", &format!("database = {literal}\n"));
    plan(&snapshot("var.database"), &["-var-file=../outside/own.vars.hcl"], &[]).says(0, "1 to add");
    let below = format!("-var=database={folder}");
    plan(&snapshot("\"${var.database}/shop.sqlite\""), &[&below], &[]).says(0, "1 to add");
    plan(&snapshot(&literal), &[&format!("-allow-read={folder}")], &[]).says(0, "1 to add");
    plan(&snapshot(&literal), &["-allow-read=../outside"], &[]).says(0, "1 to add");
    plan(&snapshot(&literal), &[], &[("RELPLAN_ALLOW_READ", &format!("/nowhere:{folder}"))])
        .says(0, "1 to add");
    plan(&snapshot(&literal), &["-allow-read=/nowhere"], &[]).says(1, refused);
    // It stays a file for its argument, and is no text for a function.
    let read = "output \"it\" {\n  value = file(var.database)\n}\n";
    plan(&format!("{}{read}", snapshot("var.database")), &[&given, "-allow-read=/"], &[]).says(1, refused);
    // What was applied is found again without it being named again.
    ground.write("repository/releases/a.hcl", &snapshot("var.database"));
    ground.run(&["apply", "-auto-approve", &given, "releases/a.hcl"]).says(0, "1 added");
    ground.run(&["verify", "sqlite_snapshot.it"]).says(0, "sqlite_snapshot.it");
}

#[test]
fn every_argument_that_names_a_file_is_one_of_the_tree() {
    let ground = Ground::new();
    let outside = ground.path("outside").display().to_string();
    ground.git(&["init", "-q", "-b", "main", "../outside/history"]);
    ground.git(&["-C", "../outside/history", "commit", "-q", "--allow-empty", "-m", SECRET]);
    let test = |more: &str| format!("resource \"exec_test\" \"it\" {{\n  command = [\"true\"]\n{more}}}\n");
    let kept = "  directory = \"snapshots\"\n";
    let cases = [
        format!("data \"git_log\" \"it\" {{\n  repository = \"{outside}/history\"\n}}\noutput \"o\" {{\n  value = data.git_log.it\n}}\n"),
        format!("data \"git_log\" \"it\" {{\n  repository = \"file://{outside}/history\"\n}}\noutput \"o\" {{\n  value = data.git_log.it\n}}\n"),
        format!("data \"git_log\" \"it\" {{\n  repository = \"file://{outside}%2Fhistory\"\n}}\noutput \"o\" {{\n  value = data.git_log.it\n}}\n"),
        "data \"git_log\" \"it\" {\n  repository = \"../../outside/history\"\n}\noutput \"o\" {\n  value = data.git_log.it\n}\n".to_owned(),
        test(&format!("  junit = \"{outside}/*.xml\"\n")),
        test("  junit = \"../../outside/**/report.xml\"\n"),
        test("  junit = \"../.git/*\"\n"),
        test(&format!("  working_directory = \"{outside}\"\n  junit = \"report.xml\"\n")),
        format!("resource \"exec_snapshot\" \"it\" {{\n  command = [\"true\"]\n{kept}  identity_file = \"{outside}/secret\"\n}}\n"),
        format!("resource \"postgres_migration\" \"it\" {{\n  url = \"postgres://127.0.0.1:1/x\"\n  directory = \"{outside}\"\n}}\n"),
        format!("resource \"postgres_snapshot\" \"it\" {{\n  url = \"postgres://127.0.0.1:1/x\"\n{kept}  passfile = \"{outside}/secret\"\n}}\n"),
        format!("resource \"mysql_snapshot\" \"it\" {{\n  database = \"x\"\n{kept}  defaults_file = \"{outside}/secret\"\n}}\n"),
        "resource \"sqlite_snapshot\" \"it\" {\n  database = \"a.sqlite\"\n  directory = \".relplan/snapshots\"\n}\n".to_owned(),
        "resource \"sqlite_snapshot\" \"it\" {\n  database = \"a.sqlite\"\n  directory = \"away/snapshots\"\n}\n".to_owned(),
    ];
    ground.link(&outside, "repository/releases/away");
    for (index, case) in cases.iter().enumerate() {
        ground.write("repository/releases/a.hcl", case);
        let ran = ground.run(&["plan", "releases/a.hcl"]);
        assert_eq!(ran.code, 1, "{index}: {case}\n{}", ran.said);
        let told = ["leads out of the release's tree", "nothing of `.git` and `.relplan`"];
        assert!(told.iter().any(|why| ran.said.contains(why)), "{index}: {case}\n{}", ran.said);
        assert!(!ran.said.contains(SECRET), "{index}: {}", ran.said);
    }
    // Backups may be kept on another disk, and are where the plan says.
    let text = format!(
        "resource \"sqlite_snapshot\" \"it\" {{\n  database = \"a.sqlite\"\n  directory = \"{outside}/snapshots\"\n}}\n"
    );
    ground.write("repository/releases/a.hcl", &text);
    ground.run(&["plan", "releases/a.hcl"]).says(0, &format!("{outside}/snapshots"));
}

#[test]
fn a_shared_folder_is_no_project() {
    let place = tempfile::tempdir().expect("a folder");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o1777)).expect("opened");
    fs::create_dir(place.path().join("mine")).expect("made");
    fs::write(place.path().join("theirs"), SECRET).expect("written");
    fs::write(place.path().join("mine/a.hcl"), "output \"it\" {\n  value = file(\"../theirs\")\n}\n")
        .expect("written");
    let plan = || {
        let output = Command::new(env!("CARGO_BIN_EXE_relplan"))
            .args(["plan", "a.hcl"])
            .current_dir(place.path().join("mine"))
            .output()
            .expect("relplan");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    assert!(plan().contains("leads out of the release's tree"), "{}", plan());
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("closed");
    assert!(plan().contains(SECRET), "the folder above is the project's own: {}", plan());
}
