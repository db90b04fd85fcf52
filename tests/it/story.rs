//! The company's release, three versions long: the first one good, the second killed at five places and gone on with, the
//! third one failing in production and turned back. After each step the same file is planned again: what is done is done,
//! and no record refuses its own release. The release files are in a real git repository, the database is a real
//! PostgreSQL, and the stand-in's commits and merges are in the order of their times.

#![allow(clippy::indexing_slicing, reason = "a part of the state that is missing fails the test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use github_stand_in::{StandIn, TOKEN};
use serde_json::{Value as Json, json};

use crate::github::{COMPANY_WORKFLOW, serve, up};

/// The version that breaks in production, right after it was deployed.
const BROKEN: &str = "1.4.0";

/// A repository of the topic: c1 is released as v1.1.0, c2 waits for its release.
fn repository(name: &str) -> Json {
    json!({
        "owner": "acme", "name": name, "topics": ["shop"],
        "commits": [{ "id": "c1", "message": "Open the shop" }, { "id": "c2", "message": "Fix the cart (#1)" }],
        "tags": { "v1.1.0": "c1" }, "releases": [{ "tag": "v1.1.0" }],
        "check_runs": [{ "commit": "c2", "name": "build", "conclusion": "success" }],
        "pulls": [{
            "number": 1, "title": "Fix the cart", "author": "bob", "merged": true, "merge_commit": "c2",
            "merged_at": "2026-02-01T00:00:00Z", "reviews": [{ "author": "ann", "state": "APPROVED" }],
        }],
    })
}

const REPOSITORIES: [&str; 4] = ["shop", "shop-cart", "shop-docs", "shop-site"];

/// One thing after the other, so that each place is one.
const APPLY: [&str; 3] = ["apply", "-auto-approve", "-parallelism=1"];

struct Story {
    folder: tempfile::TempDir,
    stand_in: StandIn,
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
    product: &'static str,
}

impl Story {
    fn new(repositories: &[Json], product: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        git(folder.path(), &["init", "-q"]);
        Self {
            folder,
            stand_in: StandIn::with(repositories),
            environment: Vec::new(),
            arguments: Vec::new(),
            product,
        }
    }

    fn command(&self, verb: &[&str], file: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relplan"));
        command.args(verb).args(&self.arguments).arg(file).current_dir(self.folder.path());
        command.env("USER", "ann").env("GITHUB_API_URL", self.stand_in.url()).env("GH_TOKEN", TOKEN);
        command.env("CI", "true").stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it; its exit code and all that it printed. No record ever refuses its own release.
    fn run(&self, verb: &[&str], file: &str) -> (Option<i32>, String) {
        let output = self.command(verb, file).output().expect("relplan");
        let text =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(!text.contains("Record exists already"), "{verb:?} {file}: {text}");
        (output.status.code(), text)
    }

    fn apply(&self, file: &str) -> (Option<i32>, String) {
        self.run(&APPLY, file)
    }

    /// Nothing is left of it.
    fn is_done(&self, file: &str) {
        let (code, text) = self.run(&["plan", "-detailed-exitcode"], file);
        assert!(code == Some(0) && text.contains("No changes."), "{file}: {code:?} {text}");
    }

    fn ledger(&self) -> Vec<String> {
        ledger(self.folder.path(), self.product)
    }

    /// Applies, and is killed as soon as what an address makes was begun; a deployment, once its run is known: else a
    /// request may still be on its way, which the next run waits out for minutes.
    fn killed_at(&self, file: &str, address: &str) {
        let before = self.ledger().len();
        let quoted = format!("\"address\":{}", Json::from(address));
        let kind = if address.ends_with("deployment.it") { "referenced" } else { "intended" };
        let kind = format!("\"kind\":\"{kind}\"");
        let begun = |line: &String| line.contains(&kind) && line.contains(&quoted);
        let mut command = self.command(&APPLY, file);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("relplan");
        let started = Instant::now();
        while !self.ledger().iter().skip(before).any(begun) {
            let ended = child.try_wait().expect("a process");
            assert!(ended.is_none(), "it ended ({ended:?}) before {address} was begun");
            assert!(started.elapsed() < Duration::from_secs(240), "{address} is never begun");
            std::thread::sleep(Duration::from_millis(3));
        }
        child.kill().expect("killed");
        child.wait().expect("gone");
    }

    /// Merges a pull request in each repository, reviewed and green.
    fn merge(&self, number: u64) {
        for name in REPOSITORIES {
            self.merge_in(name, number);
        }
    }

    fn merge_in(&self, name: &str, number: u64) {
        let pull = json!({
            "number": number, "title": format!("Change {number}"), "author": "bob", "merged": true,
            "merged_at": now(), "reviews": [{ "author": "ann", "state": "APPROVED" }],
        });
        self.stand_in.change(&json!({ "repository": format!("acme/{name}"), "pull": pull }));
    }

    /// The notes of a version in a repository.
    fn notes(&self, name: &str, version: &str) -> String {
        let state = self.stand_in.state();
        let releases = state[format!("acme/{name}")]["releases"].as_array().cloned().unwrap_or_default();
        let of = |one: &&Json| one["tag"] == format!("v{version}");
        let found: Vec<&Json> = releases.iter().filter(of).collect();
        assert_eq!(found.len(), 1, "releases of {version} in {name}");
        found[0]["body"].as_str().unwrap_or_default().to_owned()
    }

    /// The versions that the pipeline was asked to deploy to an environment, in order.
    fn dispatched(&self, environment: &str) -> Vec<String> {
        let state = self.stand_in.state();
        let runs = state["acme/shop"]["runs"].as_array().cloned().unwrap_or_default();
        let to = |run: &&Json| run["inputs"]["environment"] == environment;
        runs.iter().filter(to).filter_map(|run| Some(run["inputs"]["version"].as_str()?.to_owned())).collect()
    }

    /// Puts a release file into the repository, as a commit of its own.
    fn commit(&self, path: &str, text: &str) {
        let file = self.folder.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a release file");
        git(self.folder.path(), &["add", "--", path]);
        let who = ["-c", "user.name=ann", "-c", "user.email=ann@example.com", "commit", "-q", "-m", path];
        git(self.folder.path(), &who);
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    assert!(Command::new("git").args(arguments).current_dir(folder).status().expect("git").success());
}

fn now() -> String {
    let output = Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]).output().expect("date");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The file at the end of a path, wherever below a folder it begins.
fn find(folder: &Path, end: &str) -> Option<PathBuf> {
    if folder.join(end).exists() {
        return Some(folder.join(end));
    }
    let entries = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    entries.filter(|path| path.is_dir() && !path.ends_with(".git")).find_map(|path| find(&path, end))
}

/// The lines of a product's ledger, wherever below a folder it is.
fn ledger(folder: &Path, product: &str) -> Vec<String> {
    let path = find(folder, &format!(".relplan/{product}/ledger.jsonl"));
    let text = path.map(|path| std::fs::read_to_string(path).expect("a ledger")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Answers for production. The broken version says who it is, and then fails until its test has told so and somebody
/// restarts it.
fn production(file: PathBuf, top: PathBuf) -> String {
    let mut answered = 0;
    serve(file, move |version| {
        let again = version.trim() == BROKEN && answered > 0;
        answered += usize::from(version.trim() == BROKEN);
        let told = |line: &String| line.contains("\"kind\":\"judged\"") && line.contains("\"failed\"");
        if again && !ledger(&top, "shop").iter().any(told) { "503 Service Unavailable" } else { up(version) }
    })
}

/// Where a release lives: what ends with the test.
struct Company {
    _live: tempfile::TempDir,
    _database: postgres_server::Server,
    bucket: bucket_server::Server,
    story: Story,
}

fn company() -> Company {
    let live = tempfile::tempdir().expect("a folder");
    let mut all: Vec<Json> = REPOSITORIES.iter().map(|name| repository(name)).collect();
    let workflow = COMPANY_WORKFLOW.replace("LIVE", &live.path().to_string_lossy());
    all[0]["workflows"] =
        json!([{ "path": ".github/workflows/deploy.yml", "name": "Deploy", "text": workflow }]);
    let mut story = Story::new(&all, "shop");
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/company");
    let module = std::fs::read_to_string(plans.join("modules/environment/main.hcl")).expect("a module");
    // Its tests give up after ten seconds, in the place of two minutes.
    let module =
        module.replace("  base_url   = var.url\n", "  base_url   = var.url\n  deadline_seconds = 10\n");
    assert!(module.contains("deadline_seconds"), "{module}");
    story.commit("modules/environment/main.hcl", &module);
    let release = std::fs::read_to_string(plans.join("releases/v1.2.hcl")).expect("a release file");
    for version in ["1.2", "1.3", "1.4"] {
        let text = release.replace("1.2.0", &format!("{version}.0"));
        story.commit(&format!("releases/v{version}.hcl"), &text);
    }
    let top = story.folder.path().to_owned();
    let (dev, production) = (live.path().join("dev"), live.path().join("production"));
    let (dev, production) = (serve(dev, up), self::production(production, top));
    let (database, bucket) = (postgres_server::Server::start(), bucket_server::Server::start());
    database.shop("shop", 500);
    let key = crate::databases::ssh_key(&story.folder.path().join("releases/backup.key"));
    story.arguments = vec![
        format!("-var=environments={{dev=\"{dev}\",production=\"{production}\"}}"),
        format!("-var=backups={{bucket=\"s3://backups/shop\",key=\"{key}\",identity_file=\"backup.key\"}}"),
    ];
    let environment = [
        ("RELPLAN_VAR_database_url", database.url("shop")),
        ("AWS_ENDPOINT_URL", bucket.endpoint()),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_ACCESS_KEY_ID", bucket.keys.id.clone()),
        ("AWS_SECRET_ACCESS_KEY", bucket.keys.secret.clone()),
    ];
    story.environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Company { _live: live, _database: database, bucket, story }
}

#[test]
#[ignore = "five minutes: `cargo test --test it story -- --ignored`"]
fn the_company_releases_three_versions() {
    let company = company();
    let story = &company.story;

    // 1.2.0 is good.
    let first = "releases/v1.2.hcl";
    let (code, text) = story.apply(first);
    assert_eq!(code, Some(0), "{text}");
    story.is_done(first);
    assert!(story.notes("shop", "1.2.0").contains("Fix the cart"));

    // 1.3.0 is killed at five places, and gone on with. Meanwhile somebody merges what comes with the next version.
    story.merge(2);
    let second = "releases/v1.3.hcl";
    for address in [
        "release_notes.shop",
        "github_release.shop[\"acme/shop-docs\"]",
        "postgres_snapshot.production",
        "module.dev.github_workflow_deployment.it",
        "module.production.github_workflow_deployment.it",
    ] {
        story.killed_at(second, address);
        let (code, text) = story.run(&["plan"], second);
        assert_eq!(code, Some(0), "after it was killed at {address}: {text}");
        if address == "postgres_snapshot.production" {
            story.merge_in("shop-cart", 3);
        }
    }
    let (code, text) = story.apply(second);
    assert_eq!(code, Some(0), "{text}");
    story.is_done(second);
    for name in REPOSITORIES {
        let notes = story.notes(name, "1.3.0");
        assert_eq!(notes.matches("Change 2").count(), 4, "{notes}");
        assert!(!notes.contains("Fix the cart") && !notes.contains("Change 3"), "{notes}");
    }
    assert_eq!(story.dispatched("dev"), ["1.2.0", "1.3.0"]);
    assert_eq!(story.dispatched("production"), ["1.2.0", "1.3.0"]);

    // 1.4.0 fails in production, and is turned back.
    story.merge(4);
    let third = "releases/v1.4.hcl";
    let (code, text) = story.apply(third);
    assert_eq!(code, Some(5), "{text}");
    assert_eq!(story.dispatched("production"), ["1.2.0", "1.3.0", "1.4.0", "1.3.0"], "{text}");
    let notes = story.notes("shop-cart", "1.4.0");
    assert!(
        notes.contains("Change 3") && notes.contains("Change 4") && !notes.contains("Change 2"),
        "{notes}"
    );
    let (code, text) = story.run(&["plan"], third);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("module.production.github_workflow_deployment.it"),
        "it is still to be deployed: {text}"
    );

    // What was wrong is mended, and the same version goes on.
    let (code, text) = story.apply(third);
    assert_eq!(code, Some(0), "{text}");
    story.is_done(third);
    assert_eq!(story.dispatched("dev"), ["1.2.0", "1.3.0", "1.4.0"]);
    let snapshots = company.bucket.keys_in("backups");
    assert!(snapshots.iter().filter(|key| key.ends_with("/manifest.json")).count() >= 3, "{snapshots:?}");
}

#[test]
fn what_blastoff_knew_is_released_three_times() {
    let all: Vec<Json> = REPOSITORIES.iter().map(|name| repository(name)).collect();
    let story = Story::new(&all, "shop");
    let versions = json!({ "organizations": [{
        "alias": "shop", "organization": "acme", "label": "shop", "next_version": "v1.2.0", "last_released_version": "v1.1.0",
    }] });
    std::fs::write(story.folder.path().join("org-versions.json"), versions.to_string()).expect("a file");
    let (code, text) = story.run(&["init"], "-from-blastoff=org-versions.json");
    assert_eq!(code, Some(0), "{text}");
    let first = "releases/v1.2.0.hcl";
    let text = std::fs::read_to_string(story.folder.path().join(first)).expect("a release file");
    for version in ["1.2.0", "1.3.0", "1.4.0"] {
        story.commit(&format!("releases/v{version}.hcl"), &text.replace("1.2.0", version));
    }
    let (code, text) = story.apply(first);
    assert_eq!(code, Some(0), "{text}");
    story.is_done(first);

    story.merge(2);
    let second = "releases/v1.3.0.hcl";
    let places = ["release_notes.all".to_owned()].into_iter();
    for address in places.chain(REPOSITORIES.map(|name| format!("github_release.all[\"acme/{name}\"]"))) {
        story.killed_at(second, &address);
        let (code, text) = story.run(&["plan"], second);
        assert_eq!(code, Some(0), "after it was killed at {address}: {text}");
    }
    story.merge_in("shop-cart", 3);
    let (code, text) = story.apply(second);
    assert_eq!(code, Some(0), "{text}");
    story.is_done(second);

    // A failed check of a merged pull request shuts the gate; then it is mended.
    story.merge(4);
    let third = "releases/v1.4.0.hcl";
    let red = json!({ "number": 5, "title": "Change 5", "author": "bob", "created_at": now() });
    story.stand_in.change(&json!({ "repository": "acme/shop-cart", "pull": red }));
    let (code, text) = story.apply(third);
    assert_eq!(code, Some(6), "{text}");
    assert!(story.notes_of_all("1.4.0").is_empty());
    let reviews = json!([{ "author": "ann", "state": "APPROVED" }]);
    story.stand_in.change(&json!({ "repository": "acme/shop-cart", "merge_pull": 5, "reviews": reviews }));
    let (code, text) = story.apply(third);
    assert_eq!(code, Some(0), "{text}");
    story.is_done(third);
    let notes = story.notes("shop-cart", "1.4.0");
    assert!(notes.contains("Change 5 ") && !notes.contains("Change 2"), "{notes}");

    // An older one has nothing left but its gate, which is looked at for that version.
    for (file, version, merged) in [(first, "1.2.0", 4), (second, "1.3.0", 4)] {
        let (code, text) = story.run(&["plan"], file);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("Plan: 0 to add, 0 to change, 0 to destroy."), "{version}: {text}");
        assert!(
            text.contains(&format!("would pass now: {merged} pull requests merged")),
            "{version}: {text}"
        );
    }
}

impl Story {
    fn notes_of_all(&self, version: &str) -> Vec<String> {
        let state = self.stand_in.state();
        let releases = state.as_object().expect("repositories").values();
        let releases = releases.flat_map(|one| one["releases"].as_array().cloned().unwrap_or_default());
        let of = releases.filter(|release| release["tag"] == format!("v{version}"));
        of.map(|release| release["body"].as_str().unwrap_or_default().to_owned()).collect()
    }
}
