//! A release over the hundred repositories of a topic, as `docs/github.md` tells it: planned, reviewed, held up by a
//! gate, killed in the middle, finished, and done. The stand-in fails the test when a request breaks GitHub's description.

#![allow(clippy::indexing_slicing, reason = "a part of the state that is missing fails the test")]

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use github_stand_in::{StandIn, TOKEN};
use serde_json::{Value as Json, json};

use crate::leaks;

const RELEASE: &str = include_str!("github/shop.hcl");

/// A repository of the topic: c1 is released as v1.1.0, c2 waits for its release.
fn repository(number: usize) -> Json {
    json!({
        "owner": "acme", "name": format!("shop-{number:03}"), "topics": ["shop"],
        "commits": [{ "id": "c1", "message": "Open the shop" }, { "id": "c2", "message": "Fix the cart (#1)" }],
        "tags": { "v1.1.0": "c1" }, "releases": [{ "tag": "v1.1.0" }],
        "check_runs": [{ "commit": "c2", "name": "build", "conclusion": "success" }],
        "pulls": [{
            "number": 1, "title": "Fix the cart", "author": "bob", "merged": true, "merge_commit": "c2",
            "merged_at": "2026-02-01T00:00:00Z", "reviews": [{ "author": "ann", "state": "APPROVED" }],
        }],
    })
}

/// A hundred: 0 to 2 archived, 3 to 7 tagged already, 8 tagged differently, 9 and 10 with an open pull request.
fn hundred() -> Vec<Json> {
    let mut all: Vec<Json> = (0..100).map(repository).collect();
    for (number, one) in all.iter_mut().enumerate() {
        match number {
            0..3 => one["archived"] = json!(true),
            3..8 => {
                one["tags"]["v1.2.0"] = json!("c2");
                one["releases"].as_array_mut().expect("releases").push(json!({ "tag": "v1.2.0" }));
            }
            8 => one["tags"]["v1.2.0"] = json!("c1"),
            9 | 10 => {
                let open = json!({ "number": 2, "title": "Faster", "author": "eve", "created_at": "2026-02-01T00:00:00Z" });
                one["pulls"].as_array_mut().expect("pulls").push(open);
            }
            _ => {}
        }
    }
    all
}

struct Shop {
    folder: tempfile::TempDir,
    stand_in: StandIn,
    printed: String,
    environment: Vec<(&'static str, String)>,
}

impl Shop {
    fn new(repositories: &[Json]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("v1.2.hcl"), RELEASE).expect("a release file");
        Self {
            folder,
            stand_in: StandIn::with(repositories),
            printed: String::new(),
            environment: Vec::new(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relplan"));
        command.args(arguments).current_dir(self.folder.path()).env("USER", "ann").stdin(Stdio::null());
        command.env("GITHUB_API_URL", self.stand_in.url()).env("GH_TOKEN", TOKEN).env("CI", "true");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it; its exit code and all that it printed.
    fn run(&mut self, arguments: &[&str]) -> (Option<i32>, String) {
        let output: Output = self.command(arguments).output().expect("relplan");
        let text =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        self.printed.push_str(&text);
        (output.status.code(), text)
    }

    /// How many releases there are of v1.2.0.
    fn released(&self) -> usize {
        let state = self.stand_in.state();
        let repositories = state.as_object().expect("repositories").values();
        let releases =
            |one: &Json| one["releases"].as_array().into_iter().flatten().cloned().collect::<Vec<_>>();
        repositories.flat_map(releases).filter(|release| release["tag"] == "v1.2.0").count()
    }
}

const EXCLUDE: &str = "-var=exclude=[\"shop-008\"]";

#[test]
fn a_release_over_a_hundred_repositories_survives_everything() {
    let mut shop = Shop::new(&hundred());
    let (code, text) = shop.run(&["plan", "v1.2.hcl"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("The tag `v1.2.0` is in acme/shop-008 already: it is at commit "), "{text}");

    let (code, text) = shop.run(&["plan", EXCLUDE, "v1.2.hcl"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Plan: 96 to add, 0 to change, 0 to destroy"), "{text}");
    assert!(text.contains("acme/shop-009#2 \"Faster\" by eve, "), "{text}");
    let adopted = text.matches("The release v1.2.0 is there already and will be adopted.").count();
    let ahead = text.matches("checks passed, 1 commit ahead of v1.1.0.").count();
    assert_eq!((adopted, ahead), (5, 96), "{text}");

    let (code, text) = shop.run(&["apply", "-auto-approve", EXCLUDE, "v1.2.hcl"]);
    assert_eq!((code, shop.released()), (Some(6), 5), "a gate that is not open: {text}");
    for number in [9, 10] {
        let name = format!("acme/shop-{number:03}");
        let reviews = json!([{ "author": "ann", "state": "APPROVED" }]);
        shop.stand_in.change(&json!({ "repository": name, "merge_pull": 2, "reviews": reviews }));
    }
    kill_and_go_on(&mut shop);

    let (code, text) = shop.run(&["plan", EXCLUDE, "v1.2.hcl"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("No changes."), "{text}");
    nowhere(&shop);
}

/// Applies what was reviewed, is killed in the middle, and applies again.
fn kill_and_go_on(shop: &mut Shop) {
    let (code, text) = shop.run(&["plan", "-out=reviewed.plan", EXCLUDE, "v1.2.hcl"]);
    assert_eq!(code, Some(0), "{text}");
    let before = shop.stand_in.state();
    let mut child = shop.command(&["apply", "reviewed.plan"]).stdout(Stdio::null()).spawn().expect("relplan");
    while shop.released() < 40 {
        assert!(child.try_wait().expect("a process").is_none(), "it ended before it was killed");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
    let released = shop.released();
    assert!((40..96).contains(&released), "{released}");

    let (code, text) = shop.run(&["apply", "-auto-approve", EXCLUDE, "v1.2.hcl"]);
    assert_eq!(code, Some(0), "{text}");
    let after = shop.stand_in.state();
    for number in 0..100 {
        let name = format!("acme/shop-{number:03}");
        let tag = after[&name]["tags"]["v1.2.0"]["commit"].clone();
        let planned = match number {
            0..3 => Json::Null,
            8 => before[&name]["commits"]["c1"].clone(),
            9 | 10 => before[&name]["commits"]["merge-2"].clone(),
            _ => before[&name]["commits"]["c2"].clone(),
        };
        assert_eq!(tag, planned, "{name}");
        let releases = after[&name]["releases"].as_array().expect("releases").len();
        assert_eq!(releases, if number < 3 || number == 8 { 1 } else { 2 }, "{name}");
    }
}

/// The token is neither in what was printed, nor in any file, nor in what was sent but for its header.
fn nowhere(shop: &Shop) {
    let bodies: Vec<String> = shop.stand_in.log().iter().map(|entry| entry["body"].to_string()).collect();
    leaks::nowhere(TOKEN, shop.folder.path(), &format!("{}{}", shop.printed, bodies.join("\n")));
}

#[test]
fn a_server_that_echoes_the_token_is_masked() {
    let mut shop = Shop::new(&(20..23).map(repository).collect::<Vec<_>>());
    let (code, text) = shop.run(&["plan", "-out=reviewed.plan", "v1.2.hcl"]);
    assert_eq!(code, Some(0), "{text}");
    shop.stand_in.faults(&json!([{ "match": { "path": "/releases$" }, "do": "echo", "status": 422 }]));
    // Saved before there was a ledger, so that it does not count as reviewed.
    let (code, text) = shop.run(&["apply", "-auto-approve", "reviewed.plan"]);
    assert!(code == Some(1) && text.contains("echo: "), "{code:?} {text}");
    shop.stand_in.faults(&json!([{ "do": "echo", "status": 400 }]));
    let (code, text) = shop.run(&["plan", "v1.2.hcl"]);
    assert!(code == Some(1) && text.contains("echo: "), "{code:?} {text}");
    for arguments in
        [&["state", "history", "-json"][..], &["show", "-json"], &["show", "-json", "reviewed.plan"]]
    {
        shop.run(arguments);
    }
    nowhere(&shop);
}

#[test]
fn what_was_reviewed_is_what_is_applied() {
    let mut shop = Shop::new(&(20..30).map(repository).collect::<Vec<_>>());
    let (_, text) = shop.run(&["plan", "v1.2.hcl"]);
    let digest =
        text.lines().find_map(|line| line.strip_prefix("Plan digest: ")).expect("a digest").to_owned();
    let digest = format!("-plan-digest={digest}");
    let later = json!({ "id": "c3", "message": "Not reviewed" });
    shop.stand_in.change(&json!({ "repository": "acme/shop-021", "commit": later }));
    let (code, text) = shop.run(&["apply", &digest, "v1.2.hcl"]);
    assert_eq!((code, shop.released()), (Some(7), 0), "{text}");
    let (_, text) = shop.run(&["plan", "-json", "v1.2.hcl"]);
    let usage: Json = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    assert_eq!(usage["format"], "relplan_usage");
    assert!(usage["providers"]["github"]["calls"].as_i64().is_some_and(|calls| calls <= 5), "{usage}");
    // Whose token it was is for the auditor.
    let (code, text) = shop.run(&["apply", "-auto-approve", "v1.2.hcl"]);
    assert_eq!(code, Some(0), "{text}");
    let (_, text) = shop.run(&["state", "history", "-by=ann"]);
    assert!(text.contains("Acting outside: github as ann"), "{text}");
}

/// The workflow of `docs/github.md`.
const ACTION_WORKFLOW: &str = include_str!("github/relplan.yml");

/// Runs the workflow with act, as GitHub would for an event; whether it succeeded, and what was printed.
fn act(shop: &Shop, event: &str, payload: &Json) -> (bool, String) {
    let top = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let (folder, home) = (shop.folder.path(), tempfile::tempdir().expect("a folder"));
    std::fs::write(folder.join("event.json"), payload.to_string()).expect("an event");
    let secret = format!("GITHUB_TOKEN={TOKEN}");
    let output = Command::new(top.join("target/tools/act/bin/act"))
        .current_dir(folder)
        .args([
            event,
            "-W",
            ".github/workflows/relplan.yml",
            "-e",
            "event.json",
            "-P",
            "ubuntu-latest=-self-hosted",
        ])
        .args(["--no-cache-server", "-s", &secret])
        .env("HOME", home.path())
        .args(["--env", &format!("GITHUB_API_URL={}", shop.stand_in.url())])
        .args(["--env", "GITHUB_REPOSITORY=acme/deploy"])
        .args(["--var", &format!("RELPLAN={}", env!("CARGO_BIN_EXE_relplan"))])
        .stdin(Stdio::null())
        .output()
        .expect("act");
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.success(), text)
}

/// A repository with the release file, the workflow and the action, whose pull request 7 brings the release.
fn reviewed() -> Shop {
    let top = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all: Vec<Json> = (20..23).map(repository).collect();
    all.push(json!({ "owner": "acme", "name": "deploy" }));
    let shop = Shop::new(&all);
    let folder = shop.folder.path();
    for made in ["relplan/action", ".github/workflows"] {
        std::fs::create_dir_all(folder.join(made)).expect("a folder");
    }
    std::fs::write(folder.join(".github/workflows/relplan.yml"), ACTION_WORKFLOW).expect("a workflow");
    for file in ["action.yml", "action/common.sh", "action/plan.sh", "action/apply.sh"] {
        std::fs::copy(top.join(file), folder.join("relplan").join(file)).expect("copied");
    }
    for arguments in [
        &["init", "-q", "-b", "main"][..],
        &["add", "-A"],
        &["-c", "user.name=ann", "-c", "user.email=ann@example.com", "commit", "-q", "-m", "Release"],
    ] {
        Command::new("git").args(arguments).current_dir(folder).status().expect("git");
    }
    let head = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(folder).output().expect("git");
    let head = String::from_utf8_lossy(&head.stdout).trim().to_owned();
    let pull = json!({ "number": 7, "title": "Release 1.2.0", "merged": true, "merge_commit": "m" });
    shop.stand_in.change(&json!({
        "repository": "acme/deploy", "commit": { "id": "m", "sha": head, "message": "Release 1.2.0 (#7)" }, "pull": pull,
    }));
    shop
}

#[test]
fn the_action_plans_in_the_pull_request_and_applies_what_was_reviewed() {
    let mut shop = reviewed();
    let pull_request = json!({ "pull_request": { "number": 7 } });
    let comments = |shop: &Shop| shop.stand_in.state()["acme/deploy"]["comments"].clone();

    let (done, text) = act(&shop, "push", &json!({}));
    assert!(!done && text.contains("There is no plan of this release in the review of 7."), "{text}");

    let (done, text) = act(&shop, "pull_request", &pull_request);
    assert!(done, "{text}");
    let first = comments(&shop);
    let digest = first[0]["body"]
        .as_str()
        .and_then(|body| body.split("digest=").nth(1)?.split(' ').next())
        .expect("a digest");
    assert!(text.contains(&format!("digest: {digest}")) && text.contains("exit code: 2"), "{text}");

    // The branch of one repository moves on: the comment is edited in place, and says what is new.
    shop.stand_in
        .change(&json!({ "repository": "acme/shop-021", "commit": { "id": "c3", "message": "More" } }));
    let (done, text) = act(&shop, "push", &json!({}));
    assert!(!done && text.contains("is not what was reviewed"), "{text}");
    assert_eq!(shop.released(), 0);
    let (done, text) = act(&shop, "pull_request", &pull_request);
    assert!(done, "{text}");
    let second = comments(&shop);
    assert_eq!((second.as_array().map(Vec::len), &second[0]["id"]), (Some(1), &first[0]["id"]));
    assert_ne!(second[0]["body"], first[0]["body"]);

    // A plan that somebody else wrote into the pull request counts for nothing.
    let forged = first[0]["body"].clone();
    shop.stand_in.change(&json!({ "repository": "acme/deploy", "add_comment": { "issue": 7, "author": "eve", "body": forged } }));
    let (done, text) = act(&shop, "push", &json!({}));
    assert!(done, "{text}");
    assert_eq!(shop.released(), 3);
    shop.printed.push_str(&text);
    nowhere(&shop);
}

#[test]
fn a_mistake_is_marked_on_its_line() {
    let shop = reviewed();
    std::fs::write(shop.folder.path().join("v1.2.hcl"), RELEASE.replace("owner ", "ovner ")).expect("a file");
    let (done, text) = act(&shop, "pull_request", &json!({ "pull_request": { "number": 7 } }));
    assert!(!done && text.contains("::error file=v1.2.hcl,line=11,col=3"), "{text}");
}

/// The company's pipeline: production waits for nobody, so that a run can be killed in it.
pub(crate) const COMPANY_WORKFLOW: &str = r#"name: Deploy
run-name: Deploy ${{ inputs.version }} to ${{ inputs.environment }} (${{ inputs.relplan_key }})
on:
  workflow_dispatch:
    inputs:
      environment: { required: true }
      version: { required: true }
      relplan_key: { required: false }
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: ${{ inputs.environment }}
    steps:
      - run: echo "${{ inputs.version }}" > "LIVE/${{ inputs.environment }}"
"#;

/// Answers `/version` of an environment with what the workflow wrote for it, and the status that is given for that. Ends
/// with the process.
pub(crate) fn serve(
    file: std::path::PathBuf,
    mut status: impl FnMut(&str) -> &'static str + Send + 'static,
) -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let version = std::fs::read_to_string(&file).unwrap_or_default();
            let head = format!(
                "HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                status(&version),
                version.len()
            );
            stream.write_all(format!("{head}{version}").as_bytes()).ok();
        }
    });
    url
}

/// An environment is there once something was deployed to it.
pub(crate) fn up(version: &str) -> &'static str {
    if version.is_empty() { "404 Not Found" } else { "200 OK" }
}

#[test]
fn the_companys_whole_release_is_planned_and_applied() {
    let live = tempfile::tempdir().expect("a folder");
    let mut all: Vec<Json> = (20..23).map(repository).collect();
    let mut main = repository(0);
    main["name"] = json!("shop");
    let workflow = COMPANY_WORKFLOW.replace("LIVE", &live.path().to_string_lossy());
    main["workflows"] =
        json!([{ "path": ".github/workflows/deploy.yml", "name": "Deploy", "text": workflow }]);
    all.push(main);
    let mut shop = Shop::new(&all);
    let plans = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/company");
    let copied = Command::new("cp").arg("-r").arg(plans).arg(shop.folder.path()).status().expect("cp");
    assert!(copied.success());
    let url = |environment: &str| serve(live.path().join(environment), up);
    let environments =
        format!("-var=environments={{dev=\"{}\",production=\"{}\"}}", url("dev"), url("production"));
    let file = "company/releases/v1.2.hcl";
    let (database, bucket) = (postgres_server::Server::start(), bucket_server::Server::start());
    database.shop("shop", 500);
    let key = crate::databases::ssh_key(&shop.folder.path().join("company/releases/backup.key"));
    let backups =
        format!("-var=backups={{bucket=\"s3://backups/shop\",key=\"{key}\",identity_file=\"backup.key\"}}");
    shop.environment = vec![
        ("RELPLAN_VAR_database_url", database.url("shop")),
        ("AWS_ENDPOINT_URL", bucket.endpoint()),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_ACCESS_KEY_ID", bucket.keys.id.clone()),
        ("AWS_SECRET_ACCESS_KEY", bucket.keys.secret.clone()),
    ];

    let (code, text) = shop.run(&["plan", &environments, &backups, file]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Plan: 14 to add, 0 to change, 0 to destroy"), "{text}");
    // A snapshot that does not restore stops production, and nothing else.
    let rule = |truth: &str| {
        format!(
            "CREATE OR REPLACE FUNCTION good(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT {truth}'"
        )
    };
    database.sql(
        "shop",
        &format!("{}; CREATE TABLE odd (a int CHECK (good(a))); INSERT INTO odd VALUES (1)", rule("true")),
    );
    database.sql("shop", &rule("false"));
    let (code, text) = shop.run(&["apply", "-auto-approve", &environments, &backups, file]);
    assert!(code == Some(1) && text.contains("The snapshot was taken, but not proven. "), "{text}");
    assert_eq!(deployed(&shop), ["dev"], "{text}");
    database.sql("shop", &rule("true"));
    let (code, text) = shop.run(&["apply", "-auto-approve", &environments, &backups, file]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(deployed(&shop), ["dev", "production"]);
    assert_eq!(bucket.keys_in("backups").iter().filter(|key| key.ends_with("/manifest.json")).count(), 1);
    let state = shop.stand_in.state();
    let ours = &state["acme/shop"];
    assert_eq!(
        (ours["issues"].as_array().map(Vec::len), ours["statuses"].as_array().map(Vec::len)),
        (Some(2), Some(1))
    );
    assert!(
        ours["releases"][1]["body"].as_str().is_some_and(|notes| notes.contains("- Fix the cart ([#1](")),
        "{ours}"
    );
    let (code, text) = shop.run(&["plan", &environments, &backups, file]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("No changes."), "{text}");
    nowhere(&shop);
}

/// Each release has the notes of its own repository: those of all would stand in it a hundred times.
#[test]
fn the_plan_of_a_hundred_repositories_says_each_change_once() {
    let mut all: Vec<Json> = (1..100).map(repository).collect();
    let mut main = repository(0);
    main["name"] = json!("shop");
    main["workflows"] =
        json!([{ "path": ".github/workflows/deploy.yml", "name": "Deploy", "text": COMPANY_WORKFLOW }]);
    all.push(main);
    let mut shop = Shop::new(&all);
    let plans = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/company");
    let copied = Command::new("cp").arg("-r").arg(plans).arg(shop.folder.path()).status().expect("cp");
    assert!(copied.success());
    let file = shop.folder.path().join("company/releases/v1.2.hcl");
    // A folder in the place of the bucket: nothing but the plan is looked at here.
    let release = std::fs::read_to_string(&file).expect("a release file");
    let release = release.replace("bucket        = var.backups.bucket", "directory     = \"snapshots\"");
    std::fs::write(&file, release).expect("a release file");
    let key = crate::databases::ssh_key(&shop.folder.path().join("company/releases/backup.key"));
    let backups = format!("-var=backups={{bucket=\"\",key=\"{key}\",identity_file=\"backup.key\"}}");
    shop.environment = vec![("RELPLAN_VAR_database_url", "postgres://shop@127.0.0.1:9/shop".to_owned())];
    let (code, text) = shop.run(&["plan", &backups, "company/releases/v1.2.hcl"]);
    assert_eq!(code, Some(0), "{text}");
    let releases: Vec<&str> = text.split("\n  # ").filter(|one| one.starts_with("github_release.")).collect();
    assert_eq!(releases.len(), 100);
    for release in &releases {
        let own = release.split('"').nth(1).expect("a repository");
        let others = release.lines().filter(|line| line.contains("acme/") && !line.contains(own));
        assert_eq!(others.count(), 0, "{release}");
        assert!(release.lines().count() < 30, "{release}");
    }
    let lines = text.lines().count();
    // With the notes of all in each it had 47,229.
    assert!(lines < 8_000, "{lines}");
    let versions = json!({ "organizations": [{
        "alias": "shop", "organization": "acme", "label": "shop", "next_version": "v1.2.0",
    }] });
    std::fs::write(shop.folder.path().join("org-versions.json"), versions.to_string()).expect("a file");
    let (code, text) = shop.run(&["init", "-from-blastoff=org-versions.json"]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = shop.run(&["plan", "releases/v1.2.0.hcl"]);
    assert_eq!(code, Some(0), "{text}");
    let lines = text.lines().count();
    assert!(lines < 6_500 && text.contains("+ notes "), "{lines}");
}

/// The environments that the workflow was dispatched for, in order.
fn deployed(shop: &Shop) -> Vec<String> {
    let state = shop.stand_in.state();
    let runs = state["acme/shop"]["runs"].as_array().cloned().unwrap_or_default();
    runs.iter().filter_map(|run| Some(run["inputs"]["environment"].as_str()?.to_owned())).collect()
}

#[test]
fn what_blastoff_knew_becomes_a_plan() {
    let mut shop = Shop::new(&(20..23).map(repository).collect::<Vec<_>>());
    let versions = json!({ "organizations": [{
        "alias": "shop", "organization": "acme", "label": "shop", "next_version": "v1.2.0", "last_released_version": "v1.1.0",
    }] });
    std::fs::write(shop.folder.path().join("org-versions.json"), versions.to_string()).expect("a file");
    let (code, text) = shop.run(&["init", "-from-blastoff=org-versions.json"]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = shop.run(&["apply", "-auto-approve", "releases/v1.2.0.hcl"]);
    assert_eq!((code, shop.released()), (Some(0), 3), "{text}");
    let commit =
        shop.stand_in.state()["acme/shop-021"]["commits"]["c1"].as_str().expect("a commit").to_owned();
    let commit = format!("-var=commit={}", &commit[..7]);
    let hotfix = ["apply", "-auto-approve", "-var=repository=shop-021", &commit, "hotfixes/v1.1.1.hcl"];
    let (code, text) = shop.run(&hotfix);
    assert_eq!(code, Some(0), "{text}");
    let state = shop.stand_in.state();
    assert_eq!(state["acme/shop-021"]["tags"]["v1.1.1"]["commit"], state["acme/shop-021"]["commits"]["c1"]);
    assert_eq!(state["acme/shop-020"]["tags"]["v1.1.1"], Json::Null);
}
