//! The scripts of the action, at the stand-in: which pull request a commit was merged from, and a plan that nobody may comment.

#![allow(clippy::indexing_slicing, reason = "a part of the state that is missing fails the test")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use github_stand_in::{StandIn, TOKEN};
use serde_json::{Value as Json, json};

const RELEASE: &str = r#"release "shop" {
  version = "1.2.0"
}

resource "github_tag" "shop" {
  repository = "acme/shop"
  name       = "v${release.version}"
}
"#;

/// The action in a repository that `ann` looks after and that `eve` may only read.
struct Scene {
    stand_in: StandIn,
    folder: tempfile::TempDir,
    commit: String,
}

/// How a script ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    said: String,
    outputs: String,
    summary: String,
}

const EVE: &str = "ghp_eve_4k2j8d6s1f9g3h5";

impl Scene {
    fn new(pulls: &Json) -> Self {
        let stand_in = StandIn::seeded(&json!({
            "users": [{ "login": "ann" }, { "login": "eve" }], "organizations": ["acme"],
            "tokens": { TOKEN: { "login": "ann" }, EVE: { "login": "eve" } },
            "repositories": [{
                "owner": "acme", "name": "shop", "commits": [{ "id": "c1" }, { "id": "c2" }], "tags": { "v1.1.0": "c1" },
                "pulls": pulls, "readers": ["eve"],
            }],
        }));
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.hcl"), RELEASE).expect("a release file");
        // Nobody waits in a test.
        let sleep = folder.path().join("bin/sleep");
        std::fs::create_dir(folder.path().join("bin")).expect("a folder");
        std::fs::write(&sleep, "#!/bin/sh\necho \"$1\" >> \"$SLEPT\"\n").expect("a program");
        std::fs::set_permissions(&sleep, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        let commit = stand_in.state()["acme/shop"]["commits"]["c2"].as_str().expect("a commit").to_owned();
        Self { stand_in, folder, commit }
    }

    fn run(&self, mode: &str, event: &Json, more: &[(&str, &str)]) -> Ended {
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = |name: &str| self.folder.path().join(name);
        for name in ["outputs", "summary", "slept"] {
            std::fs::write(file(name), "").expect("a file");
        }
        std::fs::write(file("event.json"), event.to_string()).expect("an event");
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("bash")
            .arg(top.join(format!("action/{mode}.sh")))
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", file("bin").display()))
            .env("SLEPT", file("slept"))
            .env("ACTION", top)
            .env("RELPLAN", env!("CARGO_BIN_EXE_relplan"))
            .env("RELEASE", "a.hcl")
            .env("ARGUMENTS", "")
            .env("PULL_REQUEST", "")
            .env("GH_TOKEN", TOKEN)
            .env("GITHUB_API_URL", self.stand_in.url())
            .env("GITHUB_REPOSITORY", "acme/shop")
            .env("GITHUB_REF", "refs/heads/main")
            .env("GITHUB_SHA", &self.commit)
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_EVENT_PATH", file("event.json"))
            .env("GITHUB_OUTPUT", file("outputs"))
            .env("GITHUB_STEP_SUMMARY", file("summary"))
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("bash");
        let read = |name: &str| std::fs::read_to_string(file(name)).expect("a file");
        Ended {
            code: output.status.code().unwrap_or(-1),
            said: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
            outputs: read("outputs"),
            summary: read("summary"),
        }
    }

    fn reviewed(&self) {
        let ended = self.run("plan", &json!({ "pull_request": { "number": 42 } }), &[]);
        assert_eq!(ended.code, 0, "{ended:?}");
    }

    fn is_released(&self) -> bool {
        self.stand_in.state()["acme/shop"]["tags"]["v1.2.0"].is_object()
    }
}

fn merged(number: u64, more: &Json) -> Json {
    let mut pull = json!({ "number": number, "title": "Release", "merged": true, "merge_commit": "c2" });
    for (name, value) in more.as_object().into_iter().flatten() {
        pull[name] = value.clone();
    }
    pull
}

#[test]
fn the_pull_request_is_the_one_that_brought_the_commit_into_the_branch() {
    for (others, variables) in [
        (json!([merged(41, &json!({ "base": "develop" }))]), &[][..]),
        (json!([merged(41, &json!({ "merge_commit": "c1", "holds": ["c2"] }))]), &[]),
        (json!([merged(43, &json!({ "merged": false, "holds": ["c2"] }))]), &[]),
        // A job without a branch of its own asks for the default one.
        (json!([merged(41, &json!({ "base": "develop" }))]), &[("GITHUB_REF", "refs/tags/v1")]),
    ] {
        let mut pulls = others.as_array().expect("a list").clone();
        pulls.push(merged(42, &json!({})));
        let scene = Scene::new(&json!(pulls));
        scene.reviewed();
        let ended = scene.run("apply", &json!({}), variables);
        assert_eq!(ended.code, 0, "{others} {ended:?}");
        assert!(ended.outputs.contains("pr=42\n") && scene.is_released(), "{ended:?}");
    }
    // Into another branch as the same commit: of that branch it is the other one.
    let scene = Scene::new(&json!([merged(41, &json!({ "base": "develop" })), merged(42, &json!({}))]));
    scene.reviewed();
    let ended = scene.run("apply", &json!({}), &[("GITHUB_REF", "refs/heads/develop")]);
    assert!(ended.code == 7 && ended.said.contains("in the review of 41"), "{ended:?}");
    let both = Scene::new(&json!([merged(41, &json!({})), merged(42, &json!({}))]));
    both.reviewed();
    let ended = both.run("apply", &json!({}), &[]);
    assert!(ended.code == 7 && ended.said.contains("several pull requests: 41, 42"), "{ended:?}");
    assert!(!both.is_released());
    let ended = both.run("apply", &json!({}), &[("PULL_REQUEST", "42")]);
    assert!(ended.code == 0 && both.is_released(), "{ended:?}");
}

#[test]
fn a_look_up_that_fails_is_tried_again_and_told_as_such() {
    let at = |times: u64| json!({ "path": "/commits/.*/pulls$", "times": times });
    let status = |times: u64, status: u64| json!({ "match": at(times), "do": "status", "status": status });
    let limit = json!({ "match": at(1), "do": "secondary_limit", "seconds": 7 });
    let primary = json!({ "match": at(2), "do": "primary_limit", "seconds": 1 });
    let empty = json!({ "match": at(2), "do": "status", "status": 200, "body": [] });
    let reset = json!({ "match": at(1), "do": "reset" });
    for fault in [status(1, 502), status(5, 503), limit, primary, empty, reset, status(1, 429)] {
        let scene = Scene::new(&json!([merged(42, &json!({}))]));
        scene.reviewed();
        scene.stand_in.faults(&json!([fault]));
        let ended = scene.run("apply", &json!({}), &[]);
        assert!(ended.code == 0 && scene.is_released(), "{fault} {ended:?}");
    }
    for (fault, code, title) in [
        (status(99, 502), 1, "Look-up failed"),
        (status(99, 401), 1, "Look-up failed"),
        (status(99, 403), 1, "Look-up failed"),
        (json!({ "match": at(99), "do": "status", "status": 200, "body": [] }), 7, "Nothing was reviewed"),
        (
            json!({ "match": at(99), "do": "status", "status": 200, "body": { "message": "odd" } }),
            1,
            "Look-up failed",
        ),
    ] {
        let scene = Scene::new(&json!([merged(42, &json!({}))]));
        scene.reviewed();
        scene.stand_in.faults(&json!([fault]));
        let ended = scene.run("apply", &json!({}), &[]);
        assert_eq!(ended.code, code, "{fault} {ended:?}");
        assert!(ended.said.contains(&format!("title={title}::")) && !scene.is_released(), "{ended:?}");
        assert!(ended.outputs.contains(&format!("exit-code={code}\n")), "{ended:?}");
    }
    // It waits as long as GitHub says, and never for ever.
    let scene = Scene::new(&json!([merged(42, &json!({}))]));
    scene.reviewed();
    let limits =
        [7, 3_600].map(|seconds| json!({ "match": at(1), "do": "secondary_limit", "seconds": seconds }));
    scene.stand_in.faults(&json!(limits));
    assert_eq!(scene.run("apply", &json!({}), &[]).code, 0);
    let slept = std::fs::read_to_string(scene.folder.path().join("slept")).expect("a file");
    assert_eq!(slept, "7\n60\n");
}

#[test]
fn a_plan_that_may_not_be_commented_is_shown() {
    let scene = Scene::new(&json!([{ "number": 42, "title": "Release", "author": "eve" }]));
    let event = json!({ "pull_request": { "number": 42 } });
    scene.stand_in.change(&json!({ "repository": "acme/shop", "lock": 42 }));
    let refused = |times: u64, status: u64| {
        let at = json!({ "method": "POST", "path": "comments$", "times": times });
        let body = json!({ "message": "Resource not accessible by integration" });
        json!([{ "match": at, "do": "status", "status": status, "body": body }])
    };
    // A token that may only read, and one of somebody who may not speak in a locked conversation.
    for (faults, token) in [(refused(1, 403), TOKEN), (json!([]), EVE)] {
        scene.stand_in.faults(&faults);
        let ended = scene.run("plan", &event, &[("GH_TOKEN", token)]);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.outputs.starts_with("exit-code=2\npr=42\ndigest=sha256:"), "{ended:?}");
        assert!(ended.said.contains("::warning title=Plan is not in the pull request::"), "{ended:?}");
        assert!(ended.summary.contains("github_tag.shop"), "{ended:?}");
        // Whoever gives the number wants it to be there.
        scene.stand_in.faults(&faults);
        let ended = scene.run("plan", &json!({}), &[("GH_TOKEN", token), ("PULL_REQUEST", "42")]);
        assert!(ended.code == 1 && ended.summary.contains("github_tag.shop"), "{ended:?}");
    }
    // A server that fails is no refusal.
    scene.stand_in.faults(&refused(99, 500));
    assert_eq!(scene.run("plan", &event, &[]).code, 1);
    // A merge queue has no pull request of its own; the plan is shown.
    scene.stand_in.faults(&json!([]));
    let ended = scene.run("plan", &json!({ "merge_group": { "head_sha": "0" } }), &[]);
    assert!(ended.code == 0 && ended.outputs.contains("pr=\n"), "{ended:?}");
    assert_eq!(scene.stand_in.state()["acme/shop"]["comments"], json!([]));
}
