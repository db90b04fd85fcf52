//! Releases with files: whose draft it is, what GitHub makes of names, what was cut, and what others do to it later.

use std::path::Path;

use github_stand_in::StandIn;
use relplan_contract::{Observed, Problem, ProblemKind, Resource, Value};
use serde_json::{Value as Json, json};

use super::{apply, arguments, context, make, plan, resource, shop};

/// An asset block for a file.
fn asset(path: &Path, name: Option<&str>) -> Value {
    Value::map([
        ("path", Value::from(&*path.to_string_lossy())),
        ("name", name.map_or(Value::NULL, Value::from)),
        ("label", Value::NULL),
        ("content_type", Value::NULL),
    ])
}

/// A folder with files of these names, and their blocks.
fn files(names: &[&str]) -> (tempfile::TempDir, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let blocks: Vec<Value> = names
        .iter()
        .map(|name| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, name).expect("a file");
            asset(&path, None)
        })
        .collect();
    (folder, Value::list(blocks))
}

fn config(release: &dyn Resource, assets: Value) -> Value {
    arguments(release, [("repository", "acme/shop".into()), ("tag", "v1.2.0".into()), ("asset", assets)])
}

fn change(stand_in: &StandIn, mut what: Json) {
    what["repository"] = json!("acme/shop");
    stand_in.change(&what);
}

/// The releases of v1.2.0, and whether it is tagged.
fn there(stand_in: &StandIn) -> (Vec<Json>, bool) {
    let shop = stand_in.state()["acme/shop"].clone();
    let releases = shop["releases"].as_array().cloned().unwrap_or_default();
    let ours = releases.into_iter().filter(|one| one["tag"] == "v1.2.0").collect();
    (ours, !shop["tags"]["v1.2.0"].is_null())
}

fn names(release: &Json) -> Vec<&str> {
    release["assets"].as_array().expect("assets").iter().filter_map(|one| one["name"].as_str()).collect()
}

#[tokio::test]
async fn somebodys_draft_is_told_by_the_plan_and_is_never_published() {
    let (_folder, assets) = files(&["app.tgz"]);
    for (with_files, notes) in
        [(true, Value::NULL), (true, "Ours".into()), (false, "Ours".into()), (false, Value::NULL)]
    {
        let stand_in = StandIn::with(&[shop()]);
        let release = resource(&stand_in, "github_release");
        let given = if with_files { assets.clone() } else { Value::list([]) };
        let config = config(&*release, given).with("notes", notes);
        let planned = plan(&*release, &config).await.expect("nothing is there").value;
        let draft = json!({ "tag_name": "v1.2.0", "name": "Soon", "body": "Unfinished", "author": "eve", "assets": [{ "name": "extra.exe" }] });
        change(&stand_in, json!({ "add_draft": draft }));
        let problem = plan(&*release, &config).await.expect_err("a draft");
        assert_eq!(problem.kind, ProblemKind::Conflict);
        for words in ["draft", "eve", "Soon", "extra.exe"] {
            assert!(problem.message.contains(words), "{words}: {problem}");
        }
        // One that was made after the plan is nobody's to publish either.
        let made = apply(&*release, &planned).await;
        let (releases, tagged) = there(&stand_in);
        assert_eq!((&releases[0]["draft"], &releases[0]["body"]), (&json!(true), &json!("Unfinished")));
        assert_eq!(names(&releases[0]), ["extra.exe"]);
        assert_eq!((made.is_err(), tagged), (with_files, !with_files), "{made:?}");
    }
}

#[tokio::test]
async fn a_release_that_was_cut_goes_on_with_its_own_draft_whatever_github_calls_its_files() {
    for name in ["My App 1.2.0.tgz", "app (2).tgz", ".env", "größe.tgz", "app~rc.tgz"] {
        let stand_in = StandIn::with(&[shop()]);
        let release = resource(&stand_in, "github_release");
        let (_folder, assets) = files(&[name]);
        let planned = plan(&*release, &config(&*release, assets)).await.expect("a plan");
        assert!(planned.notes.iter().any(|note| note.starts_with("GitHub ")), "{:?}", planned.notes);
        stand_in.faults(&json!([{ "match": { "method": "PATCH" }, "do": "status", "status": 502 }]));
        apply(&*release, &planned.value).await.expect_err("cut before it was published");
        stand_in.faults(&json!([]));
        let again = plan(&*release, &config(&*release, planned.value.get("asset").clone())).await;
        // The tag is there by now.
        let again = again.unwrap_or_else(|problem| panic!("{problem}"));
        assert!(again.notes.iter().any(|note| note.contains("will be gone on with")), "{:?}", again.notes);
        let made = apply(&*release, &again.value).await.unwrap_or_else(|problem| panic!("{problem}")).value;
        let (releases, _) = there(&stand_in);
        assert_eq!((releases.len(), &releases[0]["draft"]), (1, &json!(false)), "{name}");
        let asset = &made.get("assets").as_list().expect("assets")[0];
        assert_eq!(asset.get("name").as_str(), releases[0]["assets"][0]["name"].as_str(), "{name}");
        assert_eq!(release.read(&context(), &made).await, Ok(Observed::Same), "{name}");
    }
}

#[tokio::test]
async fn names_that_github_cannot_tell_apart_are_refused_by_the_plan() {
    let stand_in = StandIn::with(&[shop()]);
    let release = resource(&stand_in, "github_release");
    for (pair, good) in [
        (["amd64/app.tgz", "arm64/app.tgz"], false),
        (["my app.tgz", "my.app.tgz"], false),
        (["a/app (1).tgz", "b/app.1.tgz"], false),
        (["app.tgz", "App.tgz"], true),
    ] {
        let (_folder, assets) = files(&pair);
        let problems = release.validate(&config(&*release, assets));
        assert_eq!(problems.is_empty(), good, "{pair:?}: {problems:?}");
    }
    let (folder, _) = files(&["one", "two"]);
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    let named = |name| Value::list([asset(&one, None), asset(&two, Some(name))]);
    assert_eq!(release.validate(&config(&*release, named("one"))).len(), 1);
    assert_eq!(release.validate(&config(&*release, named("three"))), []);
    assert_eq!(release.validate(&config(&*release, named(" "))).len(), 1);
}

#[tokio::test]
async fn an_upload_that_was_cut_is_made_again() {
    let stand_in = StandIn::with(&[shop()]);
    let release = resource(&stand_in, "github_release");
    let (folder, assets) = files(&["one.tgz", "two words.tgz"]);
    let planned = plan(&*release, &config(&*release, assets.clone())).await.expect("a plan").value;
    stand_in.settings(&json!({ "starter": 1 }));
    for left in ["starter", "starter"] {
        let problem = apply(&*release, &planned).await.expect_err("a failure on the way");
        assert_eq!(problem.kind, ProblemKind::Retry, "{problem}");
        let (releases, tagged) = there(&stand_in);
        let last = releases[0]["assets"].as_array().and_then(|assets| assets.last()).expect("an asset");
        assert_eq!((last["state"].as_str(), tagged), (Some(left), false), "no tag before the files");
        stand_in.settings(&json!({ "starter": 1 }));
    }
    // The file was built anew in between, and that was reviewed: what is in our own draft is ours to replace.
    stand_in.settings(&json!({ "starter": 0 }));
    std::fs::write(folder.path().join("one.tgz"), "another build").expect("a file");
    let problem = apply(&*release, &planned).await.expect_err("not what was reviewed");
    assert!(problem.message.contains("is not the file that the plan saw"), "{problem}");
    let planned = plan(&*release, &config(&*release, assets)).await.expect("a plan").value;
    apply(&*release, &planned).await.expect("a release");
    let (releases, tagged) = there(&stand_in);
    assert_eq!((names(&releases[0]), tagged), (vec!["one.tgz", "two.words.tgz"], true));
    assert!(releases[0]["assets"].as_array().expect("assets").iter().all(|one| one["state"] == "uploaded"));
}

#[tokio::test]
async fn a_file_that_somebody_adds_to_our_draft_is_not_published() {
    let stand_in = StandIn::with(&[shop()]);
    let release = resource(&stand_in, "github_release");
    let (_folder, assets) = files(&["app.tgz"]);
    let planned = plan(&*release, &config(&*release, assets)).await.expect("a plan").value;
    stand_in.faults(&json!([{ "match": { "path": "^/uploads" }, "do": "reset" }]));
    apply(&*release, &planned).await.expect_err("cut");
    stand_in.faults(&json!([]));
    change(&stand_in, json!({ "add_asset": { "tag": "v1.2.0", "name": "extra.exe" } }));
    let problem = apply(&*release, &planned).await.expect_err("a file too many");
    assert!(problem.message.contains("extra.exe"), "{problem}");
    let (releases, tagged) = there(&stand_in);
    assert_eq!((&releases[0]["draft"], tagged), (&json!(true), false));
}

#[tokio::test]
async fn a_draft_of_ours_that_somebody_publishes_on_the_way_is_made_whole() {
    let stand_in = StandIn::with(&[shop()]);
    let release = resource(&stand_in, "github_release");
    let (_folder, assets) = files(&["app.tgz"]);
    let config = config(&*release, assets).with("notes", "All new.".into());
    let planned = plan(&*release, &config).await.expect("a plan").value;
    stand_in.faults(&json!([{ "match": { "method": "PATCH" }, "do": "status", "status": 502 }]));
    apply(&*release, &planned).await.expect_err("cut");
    stand_in.faults(&json!([]));
    change(&stand_in, json!({ "publish_release": "v1.2.0" }));
    let again = plan(&*release, &config).await.expect("ours");
    let made = apply(&*release, &again.value).await.expect("whole").value;
    let (releases, _) = there(&stand_in);
    assert_eq!((releases.len(), &releases[0]["body"]), (1, &json!("All new.")));
    assert_eq!(release.read(&context(), &made).await, Ok(Observed::Same));
}

#[tokio::test]
async fn assets_that_were_replaced_or_removed_are_drift() {
    let stand_in = StandIn::with(&[shop()]);
    let release = resource(&stand_in, "github_release");
    let (_folder, assets) = files(&["one.tgz", "two.tgz"]);
    let made = make(&*release, &config(&*release, assets)).await.expect("a release");
    let seen = |now: Result<Observed, Problem>| match now.expect("an answer") {
        Observed::Present(now) => now.get("assets").as_list().map(<[Value]>::to_vec).unwrap_or_default(),
        other => panic!("{other:?}"),
    };
    let digest = format!("sha256:{}", "f".repeat(64));
    change(
        &stand_in,
        json!({ "edit_asset": { "tag": "v1.2.0", "name": "two.tgz", "to": { "digest": digest, "size": 999 } } }),
    );
    let now = seen(release.read(&context(), &made).await);
    assert_eq!((now.len(), now[1].get("size").as_i64()), (2, Some(999)));
    change(
        &stand_in,
        json!({ "edit_asset": { "tag": "v1.2.0", "name": "one.tgz", "to": { "name": "1.tgz" } } }),
    );
    let now = seen(release.read(&context(), &made).await);
    assert_eq!(now[0].get("name").as_str(), Some("1.tgz"));
    change(&stand_in, json!({ "remove_assets": "v1.2.0" }));
    assert_eq!(seen(release.read(&context(), &made).await), []);
    // What others attach beside them is theirs.
    let stand_in = StandIn::with(&[shop()]);
    let release = resource(&stand_in, "github_release");
    let (_folder, assets) = files(&["one.tgz"]);
    let made = make(&*release, &config(&*release, assets)).await.expect("a release");
    change(&stand_in, json!({ "add_asset": { "tag": "v1.2.0", "name": "sbom.json" } }));
    assert_eq!(release.read(&context(), &made).await, Ok(Observed::Same));
}

#[tokio::test]
async fn an_older_server_that_tells_no_checksums_is_believed_by_size() {
    let stand_in = StandIn::with(&[shop()]);
    stand_in.settings(&json!({ "no_digests": true }));
    let release = resource(&stand_in, "github_release");
    let (_folder, assets) = files(&["My App.tgz"]);
    let planned = plan(&*release, &config(&*release, assets)).await.expect("a plan").value;
    stand_in.faults(&json!([{ "match": { "method": "PATCH", "times": 1 }, "do": "reset" }]));
    apply(&*release, &planned).await.expect_err("cut");
    let made = apply(&*release, &planned).await.expect("goes on").value;
    assert_eq!(release.read(&context(), &made).await, Ok(Observed::Same));
    change(
        &stand_in,
        json!({ "edit_asset": { "tag": "v1.2.0", "name": "My.App.tgz", "to": { "size": 1 } } }),
    );
    assert!(matches!(release.read(&context(), &made).await, Ok(Observed::Present(_))));
}

#[tokio::test]
async fn immutable_releases_have_their_files_before_they_are_published() {
    let mut immutable = shop();
    immutable["immutable_releases"] = json!(true);
    let stand_in = StandIn::with(&[immutable.clone()]);
    let release = resource(&stand_in, "github_release");
    let (_folder, assets) = files(&["one.tgz", "two.tgz"]);
    let made = make(&*release, &config(&*release, assets.clone())).await.expect("a release");
    let (releases, tagged) = there(&stand_in);
    assert_eq!((&releases[0]["immutable"], names(&releases[0]).len(), tagged), (&json!(true), 2, true));
    // Each part was there before what cannot be taken back.
    let log = stand_in.log();
    let at = |method: &str, path: &str| {
        log.iter().position(|one| {
            one["method"] == method && one["path"].as_str().is_some_and(|own| own.contains(path))
        })
    };
    let last_upload =
        log.iter().rposition(|one| one["path"].as_str().is_some_and(|path| path.starts_with("/uploads")));
    assert!(at("POST", "/releases") < last_upload && last_upload < at("PATCH", "/releases/"));
    let tagging = log.iter().position(|one| one["body"].to_string().contains("createRef"));
    assert!(last_upload < tagging && tagging < at("PATCH", "/releases/"));
    // Made again, it is adopted; with a file that it does not have, the plan says so.
    assert_eq!(
        make(&*release, &config(&*release, assets)).await.expect("the same").get("id"),
        made.get("id")
    );
    for name in ["three.tgz", "one.tgz"] {
        let (folder, _) = files(&[name]);
        std::fs::write(folder.path().join(name), "another").expect("a file");
        let other = Value::list([asset(&folder.path().join(name), None)]);
        let problem = plan(&*release, &config(&*release, other)).await.expect_err("immutable");
        assert!(problem.message.contains(name) && problem.hint.contains("immutable"), "{problem:?}");
    }
}

#[tokio::test]
async fn notes_that_github_does_not_take_are_refused_before_anything_is_done() {
    let stand_in = StandIn::with(&[shop()]);
    let release = resource(&stand_in, "github_release");
    for (length, good) in [(125_000, true), (125_001, false)] {
        let config = config(&*release, Value::list([])).with("notes", "x".repeat(length).into());
        assert_eq!(release.validate(&config).is_empty(), good, "{length}");
    }
    // Those that are known only by then are refused by apply, before the tag.
    let planned = plan(&*release, &config(&*release, Value::list([]))).await.expect("a plan").value;
    let problem =
        apply(&*release, &planned.with("notes", "é".repeat(125_001).into())).await.expect_err("too long");
    assert!(problem.message.contains("125001 characters"), "{problem}");
    assert_eq!(there(&stand_in), (Vec::new(), false));
}

#[tokio::test]
async fn an_archived_repository_is_told_by_the_plan_with_its_tag_or_without() {
    for tagged in [false, true] {
        let mut frozen = shop();
        frozen["archived"] = json!(true);
        if tagged {
            frozen["tags"]["v1.2.0"] = json!("c2");
        }
        let stand_in = StandIn::with(&[frozen]);
        let release = resource(&stand_in, "github_release");
        let problem = plan(&*release, &config(&*release, Value::list([]))).await.expect_err("archived");
        assert!(problem.message.contains("is archived"), "{problem}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_githubs_gets_neither_file_nor_token_and_nothing_is_tagged() {
    let (stand_in, elsewhere) = (StandIn::with(&[shop()]), StandIn::with(&[shop()]));
    stand_in.settings(&json!({ "upload_base": elsewhere.url() }));
    let release = resource(&stand_in, "github_release");
    let (_folder, assets) = files(&["app.tgz"]);
    let problem = make(&*release, &config(&*release, assets)).await.expect_err("another host");
    assert!(problem.message.contains("is not known to be part of it"), "{problem}");
    assert_eq!((elsewhere.log().len(), there(&stand_in).1), (0, false));
}

#[tokio::test]
async fn a_release_that_is_left_as_a_draft_is_found_again_and_may_be_published_by_anybody() {
    let stand_in = StandIn::with(&[shop()]);
    let release = resource(&stand_in, "github_release");
    let (_folder, assets) = files(&["app.tgz"]);
    let config = config(&*release, assets).with("draft", true.into()).with("notes", "Soon.".into());
    let made = make(&*release, &config).await.expect("a draft");
    let (releases, tagged) = there(&stand_in);
    assert!(releases[0]["body"].as_str().is_some_and(|body| body.starts_with("Soon.")), "{releases:?}");
    assert_eq!((&releases[0]["draft"], tagged), (&json!(true), false));
    assert_eq!(make(&*release, &config).await.expect("the same").get("id"), made.get("id"));
    change(&stand_in, json!({ "publish_release": "v1.2.0" }));
    assert_eq!(release.read(&context(), &made).await, Ok(Observed::Same));
    change(&stand_in, json!({ "delete_release": "v1.2.0" }));
    assert_eq!(release.read(&context(), &made).await, Ok(Observed::Absent));
}

#[tokio::test]
async fn an_upload_whose_answer_was_lost_is_found_by_the_next_try() {
    for name in ["app.tgz", "größe.tgz"] {
        let stand_in = StandIn::with(&[shop()]);
        let release = resource(&stand_in, "github_release");
        let (_folder, assets) = files(&[name]);
        let planned = plan(&*release, &config(&*release, assets)).await.expect("a plan").value;
        stand_in.faults(&json!([{ "match": { "path": "^/uploads", "times": 1 }, "do": "lose" }]));
        apply(&*release, &planned).await.expect_err("lost");
        apply(&*release, &planned).await.expect("found again");
        let (releases, _) = there(&stand_in);
        assert_eq!((releases.len(), names(&releases[0]).len()), (1, 1));
    }
}

#[tokio::test]
async fn of_two_runs_at_once_one_publishes_and_the_other_adopts_it() {
    let stand_in = StandIn::with(&[shop()]);
    let release = resource(&stand_in, "github_release");
    let (_folder, assets) = files(&["app.tgz"]);
    let planned = plan(&*release, &config(&*release, assets)).await.expect("a plan").value;
    stand_in.settings(&json!({ "latency_ms": 20 }));
    let once = || async {
        match apply(&*release, &planned).await {
            Err(problem) if problem.kind == ProblemKind::Retry => apply(&*release, &planned).await,
            ended => ended,
        }
    };
    let (left, right) = tokio::join!(once(), once());
    let [left, right] = [left, right].map(|made| made.unwrap_or_else(|problem| panic!("{problem}")).value);
    assert_eq!(left.get("id"), right.get("id"));
    let (releases, _) = there(&stand_in);
    assert_eq!(releases.iter().filter(|one| one["draft"] == false).count(), 1);
}

#[tokio::test]
async fn the_tag_of_an_immutable_release_that_was_deleted_is_told_as_spent() {
    let mut spent = shop();
    spent["spent_tags"] = json!(["v1.2.0"]);
    let stand_in = StandIn::with(&[spent]);
    let release = resource(&stand_in, "github_release");
    let problem = make(&*release, &config(&*release, Value::list([]))).await.expect_err("spent");
    assert!(problem.hint.contains("release a new version"), "{problem:?}");
}
