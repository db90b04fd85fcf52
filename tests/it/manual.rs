//! Every example of the manual is valid, and is planned as far as the outside lets it: the pages of all types, as
//! `relplan providers` shows them, those in `docs/` and the one of `README.md`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use regex::Regex;
use serde_json::Value as Json;

/// What examples refer to and other pages show.
const STAND_INS: [(&str, &str); 13] = [
    ("exec_deployment.dev", "version = release.version\n deploy = [\"./deploy.sh\"]"),
    ("exec_deployment.production", "version = release.version\n deploy = [\"./deploy.sh\"]"),
    (
        "http_smoke_test.dev",
        "base_url = \"https://dev.shop.example\"\n step {\n name = \"up\"\n path = \"/\"\n }",
    ),
    (
        "http_smoke_test.production",
        "base_url = \"https://shop.example\"\n step {\n name = \"up\"\n path = \"/\"\n }",
    ),
    ("mysql_snapshot.before", "url = var.mysql_url\n directory = \"../snapshots\""),
    ("postgres_snapshot.before", "url = var.database_url\n directory = \"../snapshots\""),
    ("postgres_migration.shop", "url = var.database_url\n directory = \"../migrations\""),
    ("data.github_repositories.shop", "owner = \"acme\"\n topics = [\"shop\"]"),
    ("data.github_merged_pull_requests.shop", "repositories = [\"acme/shop\"]"),
    ("github_release.shop", "repository = \"acme/shop\"\n tag = \"v1.2.0\"\n generate_notes = true"),
    ("github_tag.shop", "repository = \"acme/shop\"\n name = \"v1.2.0\"\n message = \"Shop\""),
    (
        "github_workflow_deployment.production",
        "repository = \"acme/shop\"\n workflow = \"deploy.yml\"\n version = release.version\n ref = \"main\"",
    ),
    ("terraform_data.revision", "input = \"1\""),
];

/// Keys that examples shorten, and addresses at which nobody listens.
const AGE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const SSH: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN alice@rust";
const POSTGRES: &str = "postgres://shop@127.0.0.1:1/shop";
const MYSQL: &str = "mysql://shop@127.0.0.1:1/shop";

/// What only the outside can tell.
const OUTSIDE: [&str; 5] = [
    "the server could not be reached or broke off",
    "Nobody is known to GitHub here",
    "brought no answer",
    "Connection refused",
    "answered 401 NoCredentials",
];

/// The examples, by the page on which they are.
fn examples() -> Vec<(String, String)> {
    let output =
        Command::new(env!("CARGO_BIN_EXE_relplan")).args(["providers", "-json"]).output().expect("relplan");
    let pages: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut examples = Vec::new();
    collect(&pages, "", &mut examples);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(root.join("docs")).expect("docs").map(|file| file.expect("a file").path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    for path in files.chain([root.join("README.md")]) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        blocks(&name, &fs::read_to_string(path).expect("a page"), &mut examples);
    }
    examples
}

fn collect(json: &Json, around: &str, examples: &mut Vec<(String, String)>) {
    let name = ["type", "name"].iter().find_map(|key| json.get(key)?.as_str()).unwrap_or(around);
    if let Some(docs) = json.get("docs").and_then(Json::as_str) {
        blocks(name, docs, examples);
    }
    match json {
        Json::Array(items) => items.iter().for_each(|item| collect(item, name, examples)),
        Json::Object(members) => members.values().for_each(|item| collect(item, name, examples)),
        _ => {}
    }
}

fn blocks(page: &str, text: &str, examples: &mut Vec<(String, String)>) {
    let block = Regex::new(r"(?s)```hcl\n(.*?)```").expect("a pattern");
    examples.extend(block.captures_iter(text).map(|found| (page.to_owned(), found[1].to_owned())));
}

/// The example as a whole release file.
fn whole(example: &str) -> String {
    let mut source = example.replace("\"age1...\"", &format!("\"{AGE}\""));
    source = source.replace("\"ssh-ed25519 ...\"", &format!("\"{SSH}\""));
    let begins = ["resource ", "data ", "provider ", "release ", "#"];
    if !begins.iter().any(|word| example.trim_start().starts_with(word)) {
        // Blocks that stand in a resource.
        source = format!("resource \"exec_test\" \"it\" {{\n command = [\"true\"]\n{source}}}\n");
    }
    if !source.contains("release \"") {
        source.insert_str(0, "release \"shop\" {\n version = \"1.2.0\"\n}\n");
    }
    let missing = |source: &str| {
        let (address, body) = STAND_INS.iter().find(|(address, _)| {
            let named = Regex::new(&format!(r"(^|[^\w.]){}\b", regex::escape(address))).expect("a pattern");
            named.is_match(source) && !source.contains(&declaration(address))
        })?;
        Some(format!("{} {{\n {body}\n}}\n", declaration(address)))
    };
    while let Some(block) = missing(&source) {
        source.push_str(&block);
    }
    let database = if source.contains("\"mysql_snapshot\" \"before\"") { MYSQL } else { POSTGRES };
    let given =
        BTreeMap::from([("database_url", database), ("mysql_url", MYSQL), ("backup_key", "../backup.key")]);
    let named = Regex::new(r"\bvar\.(\w+)").expect("a pattern");
    let names: std::collections::BTreeSet<String> =
        named.captures_iter(&source).map(|found| found[1].to_owned()).collect();
    for name in names {
        let value =
            given.get(&*name).unwrap_or(if name.ends_with("_url") { &"https://shop.example" } else { &"x" });
        source.push_str(&format!("variable \"{name}\" {{\n default = \"{value}\"\n}}\n"));
    }
    source
}

/// `resource "a" "b"` of `a.b`, or `data "a" "b"` of `data.a.b`.
fn declaration(address: &str) -> String {
    let (kind, rest) = address.strip_prefix("data.").map_or(("resource", address), |rest| ("data", rest));
    let (ty, name) = rest.split_once('.').expect("an address");
    format!("{kind} \"{ty}\" \"{name}\"")
}

/// A repository with what examples read.
fn place(folder: &Path) {
    for (path, content) in [
        ("releases/notes/v1.2.0.md", "Faster.\n"),
        ("releases/dist/cli-linux-x86_64.tar.gz", "x"),
        ("releases/pending-migrations.sh", "#!/bin/sh\n"),
        ("migrations/1_orders.sql", "SELECT 1;\n"),
        ("backup.key", "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n"),
    ] {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("a mode");
    }
    repository(folder, "main");
    fs::create_dir(folder.join("app")).expect("a folder");
    repository(&folder.join("app"), "release-1.2");
}

/// A repository of two commits with a tag between them.
fn repository(folder: &Path, branch: &str) {
    for arguments in [
        format!("init -q -b {branch}"),
        "-c user.name=a -c user.email=a@b.example commit -q --allow-empty -m first".to_owned(),
        "tag v1.1.0".to_owned(),
        "-c user.name=a -c user.email=a@b.example commit -q --allow-empty -m fix:second".to_owned(),
    ] {
        let git = Command::new("git").args(arguments.split(' ')).current_dir(folder).status();
        assert!(git.expect("git").success(), "{arguments}");
    }
}

/// What is wrong with an example, apart from the outside.
fn wrong(folder: &Path, example: &str) -> Option<String> {
    let file = folder.join("releases/v1.2.hcl");
    fs::write(&file, whole(example)).expect("a file");
    for verb in ["validate", "plan"] {
        let output = Command::new(env!("CARGO_BIN_EXE_relplan"))
            .args([verb, "v1.2.hcl"])
            .current_dir(folder.join("releases"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder)
            .stdin(Stdio::null())
            .output()
            .expect("relplan");
        let said = format!("\n{}", String::from_utf8_lossy(&output.stderr));
        let errors: Vec<&str> = said.split("\nerror: ").skip(1).collect();
        let outside = |error: &&str| {
            error.starts_with("Cannot be planned") && OUTSIDE.iter().any(|words| error.contains(words))
        };
        let excused = verb == "plan" && !errors.is_empty() && errors.iter().all(outside);
        if !output.status.success() && !excused {
            return Some(format!("{verb}: {said}"));
        }
    }
    None
}

#[test]
fn every_example_of_the_manual_is_planned() {
    let examples: Vec<(String, String)> =
        examples().into_iter().filter(|(page, _)| !page.starts_with("fake_")).collect();
    for page in ["http_response", "exec_test", "git_tag", "github_release", "sqlite_snapshot", "README.md"] {
        assert!(examples.iter().any(|(of, _)| of == page), "the example of {page} is gone");
    }
    assert!(examples.len() >= 30, "{}", examples.len());
    let found = std::thread::scope(|scope| {
        let half = examples.chunks(examples.len().div_ceil(2)).map(|examples| {
            scope.spawn(move || {
                let folder = tempfile::tempdir().expect("a folder");
                place(folder.path());
                let judge = |(page, example): &(String, String)| {
                    Some(format!("{page}: {}", wrong(folder.path(), example)?))
                };
                examples.iter().filter_map(judge).collect::<Vec<_>>()
            })
        });
        let running: Vec<_> = half.collect();
        running.into_iter().flat_map(|half| half.join().expect("judged")).collect::<Vec<_>>()
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}
