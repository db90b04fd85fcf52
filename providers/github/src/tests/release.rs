//! Releases: the tag first, then what others see; assets, drafts, and going on after a cut.

use github_stand_in::StandIn;
use relplan_contract::{Observed, ProblemKind, ReconcileRequest, Reconciled, Value};
use serde_json::json;

use super::{apply, arguments, context, make, plan, resource, shop};

fn asset(path: &str) -> Value {
    Value::map([
        ("path", Value::from(path)),
        ("name", Value::NULL),
        ("label", Value::NULL),
        ("content_type", Value::NULL),
    ])
}

#[tokio::test]
async fn a_release_has_its_tag_at_the_planned_commit() {
    let stand_in = StandIn::with(&[shop()]);
    let release = resource(&stand_in, "github_release");
    let given = [
        ("repository", "acme/shop".into()),
        ("tag", "v1.2.0".into()),
        ("notes", "All *new*.\n".into()),
        ("latest", "true".into()),
    ];
    let config = arguments(&*release, given);
    let planned = plan(&*release, &config).await.expect("a plan").value;
    stand_in.change(&json!({ "repository": "acme/shop", "commit": { "id": "c3" } }));
    let made = apply(&*release, &planned).await.expect("a release").value;
    let there = stand_in.state()["acme/shop"].clone();
    assert_eq!(there["tags"]["v1.2.0"]["commit"], there["commits"]["c2"]);
    assert_eq!(there["releases"][1]["body"], "All *new*.\n");
    assert_eq!(made.get("url").as_str(), Some("https://github.test/acme/shop/releases/tag/v1.2.0"));
    assert_eq!(release.read(&context(), &made).await, Ok(Observed::Same));

    let edit = json!({ "tag": "v1.2.0", "body": "Nothing new." });
    stand_in.change(&json!({ "repository": "acme/shop", "edit_release": edit }));
    let seen = release.read(&context(), &made).await.expect("an answer");
    assert!(
        matches!(&seen, Observed::Present(now) if now.get("body").as_str() == Some("Nothing new.")),
        "{seen:?}"
    );
    stand_in.change(&json!({ "repository": "acme/shop", "delete_release": "v1.2.0" }));
    assert_eq!(release.read(&context(), &made).await, Ok(Observed::Absent));
}

#[tokio::test]
async fn an_equal_release_is_adopted_and_another_is_a_conflict() {
    let stand_in = StandIn::with(&[shop()]);
    let release = resource(&stand_in, "github_release");
    let with = |notes: Value, reference: &str| {
        let given = [
            ("repository", "acme/shop".into()),
            ("tag", "v1.1.0".into()),
            ("ref", reference.into()),
            ("notes", notes),
        ];
        arguments(&*release, given)
    };
    let planned = plan(&*release, &with(Value::NULL, "v1.1.0")).await.expect("a plan");
    assert_eq!(
        planned.notes.last().map(String::as_str),
        Some("The release v1.1.0 is there already and will be adopted.")
    );
    apply(&*release, &planned.value).await.expect("the same release");
    assert_eq!(stand_in.state()["acme/shop"]["releases"].as_array().map(Vec::len), Some(1));
    let problem = plan(&*release, &with("Others".into(), "v1.1.0")).await.expect_err("a conflict");
    assert_eq!(problem.kind, ProblemKind::Conflict);
    assert!(problem.message.contains("its notes are others"), "{problem}");
    let problem = plan(&*release, &with(Value::NULL, "main")).await.expect_err("a conflict");
    assert!(problem.message.contains("The tag `v1.1.0` is in acme/shop already"), "{problem}");
}

#[tokio::test]
async fn assets_are_there_before_anyone_sees_the_release() {
    let stand_in = StandIn::with(&[shop()]);
    let release = resource(&stand_in, "github_release");
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (folder.path().join("one.tar"), folder.path().join("two.tar"));
    std::fs::write(&first, "one").expect("a file");
    std::fs::write(&second, "two").expect("a file");
    let assets = Value::list([&first, &second].map(|path| asset(&path.to_string_lossy())));
    let given = [("repository", "acme/shop".into()), ("tag", "v1.2.0".into()), ("asset", assets)];
    let config = arguments(&*release, given);
    let planned = plan(&*release, &config).await.expect("a plan").value;
    let sha256 = planned.get("assets").as_list().expect("assets")[0].get("sha256").clone();
    assert_eq!(sha256.as_str(), Some("7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"));

    stand_in.faults(&json!([{ "match": { "path": "^/uploads", "nth": 2 }, "do": "reset" }]));
    let problem = apply(&*release, &planned).await.expect_err("cut in the middle");
    assert_eq!(problem.kind, ProblemKind::Retry, "{problem}");
    let there = stand_in.state()["acme/shop"]["releases"][1].clone();
    assert_eq!((&there["draft"], there["assets"].as_array().map(Vec::len)), (&json!(true), Some(1)));
    let request =
        ReconcileRequest { planned: &planned, prior: None, key: "key", reference: None, destroy: false };
    assert_eq!(release.reconcile(&context(), request).await, Ok(Reconciled::NotDone));

    let made = apply(&*release, &planned).await.expect("goes on").value;
    let there = stand_in.state()["acme/shop"]["releases"].clone();
    assert_eq!(there.as_array().map(Vec::len), Some(2));
    assert_eq!((&there[1]["draft"], there[1]["assets"].as_array().map(Vec::len)), (&json!(false), Some(2)));
    assert_eq!(made.get("assets"), planned.get("assets"));

    std::fs::write(&first, "another").expect("a file");
    let planned = planned.with("tag", "v1.3.0".into());
    let problem = apply(&*release, &planned).await.expect_err("another file");
    assert!(problem.message.contains("is not the file that the plan saw"), "{problem}");
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_release() {
    let stand_in = StandIn::with(&[shop()]);
    let release = resource(&stand_in, "github_release");
    for (fault, tag) in [("lose", "v1.2.0"), ("after_status", "v1.3.0")] {
        let given =
            [("repository", "acme/shop".into()), ("tag", tag.into()), ("draft", (tag == "v1.3.0").into())];
        let config = arguments(&*release, given);
        stand_in
            .faults(&json!([{ "match": { "method": "POST", "path": "/releases$", "nth": 1 }, "do": fault }]));
        make(&*release, &config).await.expect("found again");
    }
    let releases = stand_in.state()["acme/shop"]["releases"].clone();
    assert_eq!(releases.as_array().map(Vec::len), Some(3));
}
