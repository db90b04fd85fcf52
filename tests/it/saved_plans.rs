//! What is reviewed is what is done: saved plans that were forged, and secrets that are not those of the review.

use std::path::Path;
use std::process::{Command, Stdio};

use relplan::canonical::Digest;
use relplan::ledger::Sealer;
use serde_json::Value as Json;

const RELEASE: &str = r#"
release "shop" {
  version = "1.0.0"
}

variable "pin" {
  type      = string
  sensitive = true
}

resource "git_tag" "app" {
  repository = "app"
  name       = "v${release.version}"
  ref        = "main"
}

resource "fake_deployment" "prod" {
  version = release.version
  echo    = var.pin
}
"#;

/// What comes before, so that there is a ledger.
const BEFORE: &str =
    "release \"shop\" {\n  version = \"0.9.0\"\n}\n\nresource \"fake_record\" \"note\" {\n  value = 1\n}\n";

const PIN: &str = "4711-0815";
const OTHER_PIN: &str = "4711-0816";

struct Scene {
    folder: tempfile::TempDir,
    /// Of two commits, the one that nobody wants to release.
    first: String,
    /// The one on the branch.
    second: String,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("shop.hcl"), RELEASE).expect("written");
        std::fs::write(folder.path().join("before.hcl"), BEFORE).expect("written");
        std::fs::create_dir(folder.path().join("app")).expect("a folder");
        let mut scene = Self { folder, first: String::new(), second: String::new() };
        scene.git(&["init", "--quiet", "--initial-branch", "main"]);
        for commit in [1, 2] {
            scene.git(&["commit", "--quiet", "--allow-empty", "--message", &format!("Commit {commit}")]);
            let head = scene.git(&["rev-parse", "HEAD"]);
            scene.first = std::mem::replace(&mut scene.second, head);
        }
        scene
    }

    /// With a ledger, and so a key.
    fn with_ledger() -> Self {
        let scene = Self::new();
        scene.expect(0, &["apply", "-auto-approve", "before.hcl"]);
        scene
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"])
            .args(arguments)
            .current_dir(self.path().join("app"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// The commit that was tagged, if one was.
    fn tagged(&self) -> Option<String> {
        Some(self.git(&["rev-parse", "--verify", "--quiet", "v1.0.0^{commit}"])).filter(|tag| !tag.is_empty())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relplan"));
        command.current_dir(self.path()).env("HOME", self.path()).env("USER", "ann");
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("RELPLAN_VAR_pin", PIN).stdin(Stdio::null());
        for name in ["RELPLAN_LEDGER_KEY", "RELPLAN_LEDGER_KEY_COMMAND"] {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String) {
        let output =
            self.command().args(arguments).envs(environment.iter().copied()).output().expect("relplan");
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (output.status.code().expect("a code"), text.concat())
    }

    #[track_caller]
    fn expect(&self, code: i32, arguments: &[&str]) -> String {
        self.expect_with(code, arguments, &[])
    }

    #[track_caller]
    fn expect_with(&self, code: i32, arguments: &[&str], environment: &[(&str, &str)]) -> String {
        let (found, text) = self.run(arguments, environment);
        assert_eq!(found, code, "{arguments:?}: {text}");
        assert!(!text.contains(PIN) && !text.contains(OTHER_PIN), "{arguments:?}: {text}");
        text
    }

    fn save(&self) -> String {
        self.expect(0, &["plan", "-out=saved.plan", "shop.hcl"]);
        self.read("saved.plan")
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("a file")
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("written");
    }
}

fn parts(saved: &str) -> (String, Json) {
    let mut words = saved.trim_end().splitn(4, ' ').skip(2);
    let mac = words.next().expect("a MAC").to_owned();
    (mac, serde_json::from_str(words.next().expect("a body")).expect("JSON"))
}

/// A saved plan of a body with the sum made anew, as anyone can.
fn summed(mac: &str, body: &Json) -> String {
    let body = relplan::canonical::to_string(body);
    let sum = Digest::of(format!("relplan-plan-2 {body}\n").as_bytes());
    format!("relplan-plan-2 {} {mac} {body}\n", sum.hex())
}

/// Replaces a text in parts of the body.
fn replaced(body: &Json, names: &[&str], from: &str, to: &str) -> Json {
    let mut body = body.clone();
    for name in names {
        let place = body.get_mut(*name).expect("a part");
        let part = place.to_string();
        assert!(part.contains(from), "{name} holds {from}");
        *place = serde_json::from_str(&part.replace(from, to)).expect("JSON");
    }
    body
}

const EVERYWHERE: [&[&str]; 3] = [&["answers"], &["plan"], &["answers", "plan"]];

#[test]
fn a_forged_plan_is_refused_whatever_was_changed_in_it() {
    let scene = Scene::with_ledger();
    let saved = scene.save();
    let (mac, body) = parts(&saved);
    assert_eq!(mac.len(), 64, "it is authenticated");
    for names in EVERYWHERE {
        let forged = replaced(&body, names, &scene.second, &scene.first);
        // The sum made anew, and the MAC left.
        scene.write("forged.plan", &summed(&mac, &forged));
        for arguments in [&["show", "forged.plan"][..], &["apply", "-auto-approve", "forged.plan"]] {
            let text = scene.expect(7, arguments);
            assert!(text.contains("is not what relplan saved for this ledger"), "{text}");
        }
        // With the MAC of another key, which the forger made.
        let body = relplan::canonical::to_string(&forged);
        let sum = Digest::of(format!("relplan-plan-2 {body}\n").as_bytes());
        let own = Sealer::new(&[7; 32]).mac("saved plan", &sum.0).expect("a key");
        scene.write("forged.plan", &summed(&relplan::canonical::hex(&own), &forged));
        scene.expect(7, &["apply", "-auto-approve", "forged.plan"]);
    }
    // An edit without any sums.
    scene.write("forged.plan", &saved.replace(&scene.second, &scene.first));
    scene.expect(7, &["show", "forged.plan"]);
    scene.expect(7, &["apply", "-auto-approve", "forged.plan"]);
    assert_eq!(scene.tagged(), None);
    scene.expect(0, &["apply", "saved.plan"]);
    assert_eq!(scene.tagged(), Some(scene.second.clone()));
}

/// With the MAC taken out, it is a plan that anyone can have written: it is shown and asked for, and what `show` said is
/// what would be done.
#[test]
fn a_plan_without_authentication_does_not_count_as_reviewed() {
    for names in EVERYWHERE {
        for ledger in [true, false] {
            let scene = if ledger { Scene::with_ledger() } else { Scene::new() };
            let (_, body) = parts(&scene.save());
            let forged = replaced(&body, names, &scene.second, &scene.first);
            scene.write("forged.plan", &summed("-", &forged));
            let text = scene.expect(0, &["show", "forged.plan"]);
            assert!(text.contains("not authenticated"), "{text}");
            let shown = if text.contains(&scene.first) { &scene.first } else { &scene.second };
            let consistent = names.len() == 2;
            let refused = scene.expect(if consistent { 12 } else { 7 }, &["apply", "forged.plan"]);
            assert!(refused.contains("not authenticated"), "{refused}");
            assert_eq!(scene.tagged(), None);
            // Who says yes to it gets what was shown, or nothing.
            scene.expect(if consistent { 0 } else { 7 }, &["apply", "-auto-approve", "forged.plan"]);
            assert_eq!(scene.tagged(), consistent.then(|| shown.clone()));
        }
    }
}

#[test]
fn a_truncated_plan_is_refused() {
    let scene = Scene::with_ledger();
    let saved = scene.save();
    for length in [0, 5, 14, 40, 80, 143, 144, 145, saved.len() / 2, saved.len() - 2, saved.len() - 1] {
        scene.write("cut.plan", &saved[..length]);
        scene.expect(7, &["show", "cut.plan"]);
        scene.expect(7, &["apply", "-auto-approve", "cut.plan"]);
    }
    scene.write("longer.plan", &format!("{saved}\n"));
    scene.expect(7, &["apply", "-auto-approve", "longer.plan"]);
    assert_eq!(scene.tagged(), None);
}

#[test]
fn a_plan_of_the_first_form_is_refused_with_a_message() {
    let scene = Scene::new();
    let body = "{\"relplan_saved_plan\":1}";
    scene.write("old.plan", &format!("{} {body}\n", Digest::of(body.as_bytes()).hex()));
    for arguments in [&["show", "old.plan"][..], &["apply", "old.plan"]] {
        let text = scene.expect(7, arguments);
        assert!(text.contains("it has the format 1, and this relplan knows 2"), "{text}");
    }
}

#[test]
fn a_plan_of_another_ledger_is_refused() {
    let (scene, other) = (Scene::with_ledger(), Scene::with_ledger());
    // The same commits, so that nothing but the ledger is another one.
    std::fs::remove_dir_all(other.path().join("app")).expect("removed");
    let mut copy = Command::new("cp");
    copy.args(["-r", "app"]).arg(other.path().join("app")).current_dir(scene.path());
    assert!(copy.status().expect("cp").success());
    other.write("saved.plan", &scene.save());
    for arguments in [&["apply", "-auto-approve", "saved.plan"][..], &["show", "saved.plan"]] {
        other.expect(7, arguments);
    }
    assert_eq!(other.tagged(), None);
}

#[test]
fn a_plan_of_another_product_is_refused() {
    // Both products have one key, so that only what is in the plan tells them apart.
    let key = [("RELPLAN_LEDGER_KEY", "11".repeat(32))];
    let key = [(key[0].0, key[0].1.as_str())];
    let scene = Scene::new();
    scene.write("bank.hcl", &RELEASE.replace("\"shop\"", "\"bank\""));
    scene.expect_with(0, &["plan", "-out=saved.plan", "shop.hcl"], &key);
    scene.expect_with(0, &["plan", "-out=bank.plan", "bank.hcl"], &key);
    let (mac, body) = parts(&scene.read("saved.plan"));
    let (_, bank) = parts(&scene.read("bank.plan"));
    for mac in [mac.as_str(), "-"] {
        let mut forged = body.clone();
        forged["source"] = "bank.hcl".into();
        scene.write("forged.plan", &summed(mac, &forged));
        scene.expect_with(7, &["apply", "-auto-approve", "forged.plan"], &key);
        // Also where the files are said to be those of the other product.
        forged["plan"]["basis"]["config"] = bank["plan"]["basis"]["config"].clone();
        scene.write("forged.plan", &summed(mac, &forged));
        scene.expect_with(7, &["apply", "-auto-approve", "forged.plan"], &key);
    }
    assert_eq!(scene.tagged(), None);
    scene.expect_with(0, &["apply", "saved.plan"], &key);
    assert_eq!(scene.tagged(), Some(scene.second.clone()));
}

#[test]
fn a_plan_from_before_the_ledger_is_authenticated_with_the_key_that_the_ledger_gets() {
    let scene = Scene::new();
    // Who only looks leaves nothing behind.
    scene.expect(0, &["plan", "shop.hcl"]);
    scene.expect(0, &["plan", "-no-exec", "shop.hcl"]);
    assert!(!scene.path().join(".relplan").exists());
    scene.save();
    let text = scene.expect(0, &["show", "saved.plan"]);
    assert!(!text.contains("not authenticated") && !text.contains("not compared"), "{text}");
    let text = scene.expect_with(7, &["apply", "saved.plan"], &[("RELPLAN_VAR_pin", OTHER_PIN)]);
    assert!(text.contains("var.pin"), "{text}");
    scene.expect(0, &["apply", "saved.plan"]);
    assert_eq!(scene.tagged(), Some(scene.second.clone()));
    scene.expect(0, &["state", "verify"]);
}

#[test]
fn a_plan_from_before_the_ledger_is_stale_when_something_was_done() {
    let scene = Scene::new();
    scene.save();
    // Somebody else made the ledger meanwhile, and did nothing.
    scene.expect(12, &["apply", "shop.hcl"]);
    scene.expect(0, &["show", "saved.plan"]);
    // Somebody else did something.
    scene.expect(0, &["apply", "-auto-approve", "before.hcl"]);
    let text = scene.expect(7, &["apply", "-auto-approve", "saved.plan"]);
    assert!(text.contains("the state has changed"), "{text}");
    assert_eq!(scene.tagged(), None);
}

#[test]
fn plans_that_are_saved_at_once_before_the_ledger_get_one_key() {
    let scene = Scene::new();
    let names: Vec<String> = (0..6).map(|number| format!("{number}.plan")).collect();
    let begun = names.iter().map(|name| {
        let mut command = scene.command();
        command
            .args(["plan", &format!("-out={name}"), "shop.hcl"])
            .stdout(Stdio::null())
            .spawn()
            .expect("relplan")
    });
    let begun: Vec<_> = begun.collect();
    for mut child in begun {
        assert!(child.wait().expect("an end").success());
    }
    for name in &names {
        let text = scene.expect(0, &["show", name]);
        assert!(!text.contains("not authenticated"), "{text}");
    }
    let kept = std::fs::read_dir(scene.path().join(".relplan/shop")).expect("a folder").count();
    assert_eq!(kept, 1, "the key, and nothing that was in the way");
}

#[test]
fn a_key_that_is_not_the_ledgers_is_refused() {
    let scene = Scene::with_ledger();
    scene.save();
    let wrong = "22".repeat(32);
    for arguments in [&["plan", "shop.hcl"][..], &["show", "saved.plan"], &["apply", "saved.plan"]] {
        let text = scene.expect_with(11, arguments, &[("RELPLAN_LEDGER_KEY", &wrong)]);
        assert!(text.contains("is not that with which the fingerprints"), "{text}");
    }
    for not_a_key in ["22", "hello", &"zz".repeat(32), &"22".repeat(33)] {
        scene.expect_with(3, &["plan", "shop.hcl"], &[("RELPLAN_LEDGER_KEY", not_a_key)]);
    }
    // Also in the place of the file.
    scene.write(".relplan/shop/key", &"2".repeat(32));
    scene.expect(11, &["plan", "shop.hcl"]);
    scene.expect(11, &["apply", "saved.plan"]);
    assert_eq!(scene.tagged(), None);
}

/// The digest, and the fingerprint of the secrets, that a plan prints.
fn stamp(text: &str) -> (String, Option<String>) {
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    (line("Plan digest: ").expect("a digest"), line("Secrets: "))
}

#[test]
fn another_secret_than_was_planned_with_is_refused() {
    let scene = Scene::with_ledger();
    scene.save();
    let other = [("RELPLAN_VAR_pin", OTHER_PIN)];
    let text = scene.expect_with(7, &["apply", "saved.plan"], &other);
    assert!(text.contains("fake_deployment.prod.echo") && text.contains("var.pin"), "{text}");

    let (digest, secrets) = stamp(&scene.expect(0, &["plan", "shop.hcl"]));
    let secrets = secrets.expect("a fingerprint");
    let (same, others) = stamp(&scene.expect_with(0, &["plan", "shop.hcl"], &other));
    assert_eq!(same, digest, "no secret is in the digest");
    assert_ne!(others.as_ref(), Some(&secrets));
    let both = format!("-plan-digest={digest}+{secrets}");
    let text = scene.expect_with(7, &["apply", &both, "shop.hcl"], &other);
    assert!(
        text.contains("The secrets are not those that were reviewed") && text.contains("var.pin"),
        "{text}"
    );
    // A digest alone says nothing of them.
    let text = scene.expect(7, &["apply", &format!("-plan-digest={digest}"), "shop.hcl"]);
    assert!(text.contains("The review did not see the secrets") && text.contains("var.pin"), "{text}");
    scene.expect(3, &["apply", &format!("-plan-digest={digest}+{digest}"), "shop.hcl"]);
    assert_eq!(scene.tagged(), None);
    scene.expect(0, &["apply", &both, "shop.hcl"]);
    let history = scene.expect(0, &["state", "history"]);
    assert!(history.contains("Its secrets are those that were reviewed"), "{history}");
}

#[test]
fn secrets_that_a_review_did_not_see_are_taken_only_by_word_and_that_is_recorded() {
    let scene = Scene::with_ledger();
    std::fs::rename(scene.path().join(".relplan/shop/key"), scene.path().join("key")).expect("moved");
    let text = scene.expect(0, &["plan", "-out=unseen.plan", "shop.hcl"]);
    assert!(text.contains("Secrets not compared"), "{text}");
    let json = scene.expect(0, &["plan", "-json", "shop.hcl"]);
    let json: Json = serde_json::from_str(json.lines().next().expect("a line")).expect("JSON");
    assert_eq!(json["secrets"], serde_json::json!({ "present": true, "fingerprint": null }));
    let markdown = scene.expect(0, &["plan", "-format=markdown", "shop.hcl"]);
    assert!(markdown.lines().next().is_some_and(|line| line.contains(" secrets=unseen ")), "{markdown}");
    let (digest, secrets) = stamp(&text);
    assert_eq!(secrets, None);
    std::fs::rename(scene.path().join("key"), scene.path().join(".relplan/shop/key")).expect("moved");
    let digest = format!("-plan-digest={digest}");
    scene.expect(7, &["apply", &digest, "shop.hcl"]);
    scene.expect(7, &["apply", &digest, "unseen.plan"]);
    scene.expect(12, &["apply", "unseen.plan"]);
    assert_eq!(scene.tagged(), None);
    scene.expect(0, &["apply", &digest, "-accept-unseen-secrets", "shop.hcl"]);
    let history = scene.expect(0, &["state", "history"]);
    let told = "The review did not see its secrets, which was accepted: fake_deployment.prod.echo, var.pin";
    assert!(history.contains(told), "{history}");
}

#[test]
fn ci_gets_the_key_from_a_variable_or_a_command() {
    let scene = Scene::with_ledger();
    let stamped = stamp(&scene.expect(0, &["plan", "shop.hcl"]));
    let file = scene.path().join(".relplan/shop/key");
    let key = std::fs::read(&file).expect("a key");
    std::fs::remove_file(&file).expect("removed");
    let hex = relplan::canonical::hex(&key);
    scene.write("hex", &format!("{hex}\n"));
    let encoded =
        Command::new("sh").args(["-c", "xxd -r -p hex | base64"]).current_dir(scene.path()).output();
    let encoded = String::from_utf8(encoded.expect("base64").stdout).expect("text");
    for (name, value) in [
        ("RELPLAN_LEDGER_KEY", hex.as_str()),
        ("RELPLAN_LEDGER_KEY", encoded.trim()),
        ("RELPLAN_LEDGER_KEY_COMMAND", "cat hex"),
    ] {
        let text = scene.expect_with(0, &["plan", "-out=saved.plan", "shop.hcl"], &[(name, value)]);
        assert_eq!(stamp(&text), stamped, "{name}");
    }
    for command in ["false", "echo nonsense", "exit 3", "head -c 100000 /dev/zero"] {
        let (code, text) = scene.run(&["plan", "shop.hcl"], &[("RELPLAN_LEDGER_KEY_COMMAND", command)]);
        assert!(
            matches!(code, 1 | 3) && text.contains("RELPLAN_LEDGER_KEY_COMMAND"),
            "{command}: {code} {text}"
        );
    }
    scene.expect_with(0, &["apply", "saved.plan"], &[("RELPLAN_LEDGER_KEY", &hex)]);
    assert!(!file.exists(), "a key that is given is not written down");
    assert_eq!(scene.tagged(), Some(scene.second.clone()));
}

/// A pull request must not learn by `plan -no-exec` whether its guess at a secret is right.
#[test]
fn without_looking_outside_no_key_is_used() {
    let scene = Scene::with_ledger();
    scene.expect(0, &["apply", "-auto-approve", "shop.hcl"]);
    let command = [("RELPLAN_LEDGER_KEY_COMMAND", "touch asked; exit 1")];
    let right = scene.expect_with(0, &["plan", "-no-exec", "shop.hcl"], &command);
    let wrong = scene.expect_with(
        0,
        &["plan", "-no-exec", "shop.hcl"],
        &[command[0], ("RELPLAN_VAR_pin", OTHER_PIN)],
    );
    assert_eq!(right, wrong);
    assert!(right.contains("Secrets not compared"), "{right}");
    assert!(!scene.path().join("asked").exists());
    // Who may look sees that it is another one.
    let looked = scene.expect_with(0, &["plan", "shop.hcl"], &[("RELPLAN_VAR_pin", OTHER_PIN)]);
    assert!(looked.contains("fake_deployment.prod will be updated"), "{looked}");
}

#[test]
fn no_command_of_a_release_sees_the_key() {
    let scene = Scene::new();
    let text = "release \"shop\" {\n  version = \"1.0.0\"\n}\n\nresource \"exec_deployment\" \"prod\" {\n  version = \"1\"\n  \
                deploy  = [\"sh\", \"-c\", \"env > seen\"]\n  observe = [\"echo\", \"1\"]\n  \
                inherit_environment = [\"RELPLAN_LEDGER_KEY\", \"RELPLAN_LEDGER_KEY_COMMAND\"]\n}\n";
    scene.write("shop.hcl", text);
    for (name, value) in [
        ("RELPLAN_LEDGER_KEY", "11".repeat(32)),
        ("RELPLAN_LEDGER_KEY_COMMAND", format!("echo {}", "11".repeat(32))),
    ] {
        let (_, text) = scene.run(
            &["apply", "-auto-approve", "-replace=exec_deployment.prod", "shop.hcl"],
            &[(name, value.as_str())],
        );
        let seen = std::fs::read_to_string(scene.path().join("seen")).unwrap_or_else(|_| panic!("{text}"));
        assert!(!seen.contains("LEDGER_KEY") && !seen.contains("1111"), "{seen}");
    }
}

/// The head shows on the disk, too: a ledger that was put back to an earlier state of its first run.
#[test]
fn a_first_run_that_was_cut_back_is_refused() {
    let scene = Scene::with_ledger();
    let folder = scene.path().join(".relplan/shop");
    std::fs::remove_file(folder.join("checkpoint.json")).expect("removed");
    let whole = std::fs::read(folder.join("ledger.jsonl")).expect("a ledger");
    let ends: Vec<usize> =
        whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    for end in [0, ends[0], ends[1], ends[ends.len() - 2], whole.len() - 3] {
        std::fs::write(folder.join("ledger.jsonl"), &whole[..end]).expect("written");
        for arguments in [&["state", "verify"][..], &["plan", "before.hcl"], &["apply", "before.hcl"]] {
            let (code, text) = scene.run(&[arguments, &[]].concat(), &[]);
            // Nothing at all is found there, when no record tells the name of the product.
            let none = end == 0 && arguments[0] == "state";
            assert!(code == 11 || none, "{end} {arguments:?}: {code} {text}");
        }
    }
    std::fs::remove_file(folder.join("ledger.jsonl")).expect("removed");
    scene.expect(11, &["plan", "before.hcl"]);
    scene.expect(11, &["apply", "before.hcl"]);
}
