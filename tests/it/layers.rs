//! The house: which part may know which. See `CONTRIBUTING.md`, "Never".

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Parts of the library that touch nothing outside.
const PURE: [&str; 14] = [
    "addr",
    "canonical",
    "diag",
    "event",
    "graph",
    "lang",
    "plan",
    "source",
    "state",
    "view",
    "world",
    "run/backoff.rs",
    "run/machine",
    "run/report.rs",
];

/// What touches the outside, or waits for it.
const OUTSIDE: [&str; 14] = [
    "std::fs",
    "std::env",
    "std::process",
    "std::net",
    "std::os",
    "SystemTime::now",
    "Instant::now",
    "tokio",
    "async fn",
    ".await",
    "println!",
    "eprintln!",
    "rustix",
    "getrandom",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file below a folder or at a path, tests left out.
fn sources(part: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join("src").join(part), root().join("src").join(format!("{part}.rs"))];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs") && path.is_file() {
            let is_test =
                path.iter().any(|part| part == "tests" || part == "tests.rs" || part == "samples.rs");
            if !is_test {
                let text = std::fs::read_to_string(&path).expect("a source");
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

/// Each line outside of comments and of the test module at the end that has one of the words.
fn lines_with(files: &[(PathBuf, String)], words: &[&str]) -> String {
    let mut found = String::new();
    for (path, text) in files {
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = words.iter().find(|word| code.contains(**word)) {
                let shown = path.strip_prefix(root()).unwrap_or(path).display();
                let _ = writeln!(found, "{shown}:{}: {word}", number + 1);
            }
        }
    }
    found
}

#[test]
fn the_pure_parts_touch_nothing_outside() {
    let files: Vec<_> =
        PURE.iter().flat_map(|part| sources(part)).filter(|(path, _)| !is_parser_thread(path)).collect();
    assert!(files.len() > 80, "the parts have moved");
    assert_eq!(lines_with(&files, &OUTSIDE), "");
}

/// The parser needs a deeper stack than a thread has by default, and so a thread of its own: that is no waiting.
fn is_parser_thread(path: &Path) -> bool {
    path.ends_with("lang/syntax.rs")
}

#[test]
fn the_library_names_no_provider_and_only_the_command_line_prints() {
    let all = sources("");
    let providers = [
        "relplan_git",
        "relplan_sqlite",
        "relplan_exec",
        "relplan_http",
        "relplan_terraform",
        "relplan_fake",
        "relplan_mysql",
        "relplan_postgres",
        "relplan_archive",
    ];
    assert_eq!(lines_with(&all, &providers), "");
    let library: Vec<_> = all
        .iter()
        .filter(|(path, _)| {
            !path.ends_with("src/main.rs")
                && !path.starts_with(root().join("src/cli"))
                && !path.ends_with("src/cli.rs")
        })
        .cloned()
        .collect();
    assert_eq!(
        lines_with(
            &library,
            &["clap::", "use clap", "ExitCode", "process::exit", "stdout()", "stderr()", "relplan_bundled"]
        ),
        ""
    );
}

#[test]
fn knowledge_goes_one_way() {
    let others: Vec<_> = sources("")
        .into_iter()
        .filter(|(path, _)| {
            !path.starts_with(root().join("src/lang/syntax")) && !path.ends_with("lang/syntax.rs")
        })
        .collect();
    assert_eq!(lines_with(&others, &["hcl_edit"]), "", "only lang::syntax knows the parser");
    let base: Vec<_> = ["state", "ledger"].iter().flat_map(|part| sources(part)).collect();
    assert_eq!(lines_with(&base, &["crate::run", "crate::plan", "crate::cli", "crate::view"]), "");
    let plan: Vec<_> = ["plan", "world", "graph", "lang"].iter().flat_map(|part| sources(part)).collect();
    assert_eq!(lines_with(&plan, &["crate::run", "crate::cli", "crate::view"]), "");
    assert_eq!(
        lines_with(&sources(""), &["derive(Serialize", "derive(Deserialize", "Serialize)]"]),
        "",
        "wire forms are written by hand"
    );
}

#[test]
fn providers_know_the_contract_and_nothing_else() {
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        let ours = package["dependencies"].as_array().expect("dependencies");
        let ours: Vec<&str> = ours
            .iter()
            .filter(|d| d["kind"].is_null())
            .filter_map(|d| d["name"].as_str())
            .filter(|name| name.starts_with("relplan"))
            .collect();
        match name {
            "relplan" => assert_eq!(ours, ["relplan-bundled", "relplan-contract"], "{name}"),
            "relplan-contract" | "shop" | "github-stand-in" | "kept-server" | "mariadb-server"
            | "postgres-server" => {
                assert_eq!(ours, [] as [&str; 0], "{name}");
            }
            "relplan-reliability" => {}
            "relplan-bundled" => assert!(ours.len() > 5, "{name}"),
            // What providers of databases share: where snapshots are kept.
            "relplan-exec" | "relplan-mysql" | "relplan-postgres" | "relplan-sqlite" => {
                assert_eq!(ours, ["relplan-archive", "relplan-contract"], "{name}");
            }
            _ => assert_eq!(ours, ["relplan-contract"], "{name}"),
        }
    }
}

/// What opens files by their paths, each with why: of them no path is one that a release file writes, or it was checked.
const OPENERS: &[&str] = &[
    // The one reader of what release files name.
    "providers/contract/src/tree.rs",
    "providers/contract/src/tree/border.rs",
    // Below a folder that was checked.
    "providers/archive/src/folder.rs",
    "providers/exec/src/files.rs",
    "providers/sqlite/src/restore.rs",
    // The system's own, or one that relplan made.
    "providers/archive/src/secret.rs",
    "providers/exec/src/log.rs",
    "providers/contract/src/place.rs",
    "providers/exec/src/outlet.rs",
    "providers/exec/src/processes.rs",
    "src/cli/signals.rs",
    "src/cli/threads.rs",
    "providers/git/src/place.rs",
    // What git would read of a repository, so that git is shown less of it.
    "providers/git/src/tree.rs",
    "providers/git/src/view.rs",
    "providers/postgres/src/connection.rs",
    "src/cli.rs",
    // The operator's.
    "providers/contract/src/operator.rs",
    "providers/mysql/src/credentials.rs",
    "src/cli/fmt.rs",
    "src/cli/files.rs",
    "src/cli/init.rs",
    "src/cli/state.rs",
    // The ledger, and whether it is one.
    "src/cli/ledger.rs",
    "src/cli/tracked.rs",
    // What the release file's commit is, once the plan is agreed to.
    "src/cli/source_commit.rs",
    // Who has a database open, as the kernel tells.
    "providers/sqlite/src/in_use.rs",
];

#[test]
fn one_module_reads_files_for_everybody() {
    let mut files = sources("cli");
    for part in [
        "archive",
        "contract",
        "exec",
        "git",
        "github",
        "http",
        "mysql",
        "postgres",
        "release",
        "sqlite",
        "terraform",
    ] {
        files.extend(sources(&format!("../providers/{part}/src")));
    }
    let shown = |path: &Path| {
        let path = path.strip_prefix(root()).unwrap_or(path).display().to_string();
        path.split_once("src/../").map_or(path.clone(), |(_, path)| path.to_owned())
    };
    files.retain(|(path, _)| !path.ends_with("testing.rs"));
    files.retain(|(path, _)| !["/conformance", "/traps"].iter().any(|part| shown(path).contains(part)));
    assert!(files.len() > 150, "the parts have moved");
    let outside: Vec<_> =
        files.iter().filter(|(path, _)| !OPENERS.contains(&shown(path).as_str())).cloned().collect();
    let words = [
        "fs::read",
        "fs::File::open",
        " File::open",
        "(File::open",
        "OpenOptions",
        "read_dir",
        "canonicalize",
    ];
    assert_eq!(lines_with(&outside, &words), "", "read it through `relplan_contract::Tree`");
    let others: Vec<_> = files
        .iter()
        .filter(|(path, _)| {
            // They show a path, or hand it to the tree.
            ![
                "contract/src/context.rs",
                "exec/src/log.rs",
                "release/assets.rs",
                "git/src/view.rs",
                "git/src/place.rs",
            ]
            .iter()
            .any(|known| path.ends_with(known))
        })
        .cloned()
        .collect();
    assert_eq!(
        lines_with(&others, &["context.base", "self.base.join"]),
        "",
        "ask `input`, `place` or `unread`"
    );
}

#[test]
fn a_breach_is_noticed() {
    let seeded = vec![(PathBuf::from("src/plan.rs"), "// std::fs is fine here\nuse std::fs;\n".to_owned())];
    assert_eq!(lines_with(&seeded, &OUTSIDE), "src/plan.rs:2: std::fs\n");
}
