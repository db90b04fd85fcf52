//! "Last" is the last release before this version, by commits: nothing changes when this version is released.

use github_stand_in::StandIn;
use relplan_contract::{Context, Value};
use serde_json::{Value as Json, json};

use super::{configured, context};

/// Three versions on `main`, and a hotfix of the first one: `v1.0.1` has c2's fix again, as h1.
fn line() -> Json {
    json!({
        "owner": "acme", "name": "shop",
        "commits": [
            { "id": "c1" }, { "id": "c2" }, { "id": "c3" }, { "id": "c4" },
            { "id": "h1", "parents": ["c1"] }, { "id": "h2", "parents": ["h1"] },
        ],
        "branches": { "main": "c4", "hotfix/1.0": "h2" },
        "tags": { "v1.0.0": "c1", "v1.1.0": "c2", "v1.2.0": "c3", "v1.0.1": "h1" },
        "releases": [{ "tag": "v1.0.0" }, { "tag": "v1.1.0" }, { "tag": "v1.2.0" }, { "tag": "v1.0.1" }],
        "pulls": [
            pull(1, "c1", "main", "2026-01-01T00:00:00Z"), pull(2, "c2", "main", "2026-02-01T00:00:00Z"),
            pull(3, "c3", "main", "2026-03-01T00:00:00Z"), pull(4, "c4", "main", "2026-04-01T00:00:00Z"),
            pull(5, "h1", "hotfix/1.0", "2026-05-01T00:00:00Z"), pull(6, "h2", "hotfix/1.0", "2026-06-01T00:00:00Z"),
        ],
    })
}

fn of(version: &str) -> Context {
    Context { version: version.to_owned(), ..context() }
}

async fn read(stand_in: &StandIn, version: &str, name: &str, given: &[(&str, &str)]) -> Value {
    let source = std::sync::Arc::clone(&configured(stand_in).data_sources[name]);
    let given = Value::map(given.iter().map(|(name, value)| (*name, Value::from(*value))));
    let given = given.with("repository", "acme/shop".into());
    let config = Value::map(source.schema().attributes.iter().map(|attribute| {
        (attribute.name, attribute.fit(given.get(attribute.name)).expect("arguments that fit"))
    }));
    assert_eq!(source.validate(&config), []);
    source.read(&of(version), &config).await.unwrap_or_else(|problem| panic!("{problem}"))
}

/// The numbers of what was merged since the last release.
async fn merged(stand_in: &StandIn, version: &str, given: &[(&str, &str)]) -> Vec<i64> {
    let found = read(stand_in, version, "github_merged_pull_requests", given).await;
    let pulls = found.get("pull_requests").as_list().expect("a list").to_vec();
    pulls.iter().filter_map(|pull| pull.get("number").as_i64()).collect()
}

#[tokio::test]
async fn each_version_has_its_own_pull_requests_for_ever() {
    let stand_in = StandIn::with(&[line()]);
    let hotfix = [("base", "hotfix/1.0")];
    for (version, given, expected) in [
        ("1.3.0", &[][..], &[4][..]),
        ("", &[], &[4]),
        ("1.2.0", &[], &[3]),
        ("1.1.0", &[], &[2]),
        ("1.0.1", &hotfix, &[5]),
        ("1.0.2", &hotfix, &[6]),
        ("1.0.2", &[("base", "gone")], &[]),
    ] {
        assert_eq!(merged(&stand_in, version, given).await, expected, "{version}");
    }
    // The next version is released, and main goes on: it reads the same.
    stand_in.change(&json!({ "repository": "acme/shop", "set_tag": { "name": "v1.3.0", "commit": "c4" } }));
    let pull = json!({ "number": 7, "title": "Later", "merged": true });
    stand_in.change(&json!({ "repository": "acme/shop", "pull": pull }));
    assert_eq!(merged(&stand_in, "1.3.0", &[]).await, [4]);
    assert_eq!(merged(&stand_in, "1.4.0", &[]).await, [7]);
}

#[tokio::test]
async fn what_was_merged_before_the_tag_on_another_branch_counts_by_its_commit() {
    // Tagged late, on a release branch that came back to main; #3 was merged to main before that tag's commit.
    let stand_in = StandIn::with(&[json!({
        "owner": "acme", "name": "shop",
        "commits": [
            { "id": "c1" }, { "id": "r1", "date": "2026-06-01T00:00:00Z" }, { "id": "c2", "parents": ["c1"] },
            { "id": "m", "parents": ["c2", "r1"], "date": "2026-06-02T00:00:00Z" },
        ],
        "branches": { "main": "m" }, "tags": { "v1.1.0": "r1" }, "releases": [{ "tag": "v1.1.0" }],
        "pulls": [
            { "number": 2, "title": "Old", "merged": true, "merge_commit": "c1", "merged_at": "2026-01-01T00:00:00Z",
              "updated_at": "2026-07-01T00:00:00Z" },
            { "number": 3, "title": "New", "merged": true, "merge_commit": "c2", "merged_at": "2026-03-01T00:00:00Z" },
        ],
    })]);
    assert_eq!(merged(&stand_in, "1.2.0", &[]).await, [3]);
}

/// A pull request that ann approved.
fn pull(number: u64, commit: &str, base: &str, at: &str) -> Json {
    json!({
        "number": number, "title": format!("Change {number}"), "author": "bob", "merged": true, "base": base,
        "merge_commit": commit, "merged_at": at, "reviews": [{ "author": "ann", "state": "APPROVED" }],
    })
}

#[tokio::test]
async fn a_hotfix_that_github_calls_the_latest_hides_nothing() {
    // #10 was merged a second after its commit, which v1.2.0 is at; v1.2.1 came from its own branch after #11 and #12.
    let mut shop = json!({
        "owner": "acme", "name": "shop",
        "commits": [
            { "id": "c9" }, { "id": "c10", "date": "2026-01-10T09:00:00Z" }, { "id": "c11" }, { "id": "c12" }, { "id": "c13" },
            { "id": "h1", "parents": ["c10"], "date": "2026-01-20T12:00:00Z" },
        ],
        "branches": { "main": "c13", "release-1.2": "h1" }, "tags": { "v1.2.0": "c10" }, "releases": [{ "tag": "v1.2.0" }],
        "pulls": [
            pull(9, "c9", "main", "2026-01-05T09:00:00Z"), pull(11, "c11", "main", "2026-01-12T10:00:00Z"),
            pull(12, "c12", "main", "2026-01-18T10:00:00Z"), pull(13, "c13", "main", "2026-01-25T10:00:00Z"),
            pull(20, "h1", "release-1.2", "2026-01-20T12:00:00Z"),
        ],
    });
    shop["pulls"].as_array_mut().expect("a list").push({
        let mut late = pull(10, "c10", "main", "2026-01-10T09:00:00Z");
        late["updated_at"] = json!("2026-01-10T09:00:01Z");
        late
    });
    assert_eq!(merged(&StandIn::with(&[shop.clone()]), "1.3.0", &[]).await, [11, 12, 13], "no hotfix");
    shop["tags"]["v1.2.1"] = json!("h1");
    shop["releases"] = json!([{ "tag": "v1.2.0" }, { "tag": "v1.2.1" }]);
    let stand_in = StandIn::with(&[shop.clone()]);
    assert_eq!(merged(&stand_in, "1.3.0", &[]).await, [11, 12, 13], "a hotfix");
    assert_eq!(merged(&stand_in, "1.2.1", &[("base", "release-1.2")]).await, [20], "the hotfix itself");
    // Its branch came back to main, which gives main the hotfix and nothing else.
    shop["commits"].as_array_mut().expect("a list").push(json!({ "id": "back", "parents": ["c13", "h1"] }));
    shop["branches"]["main"] = json!("back");
    let stand_in = StandIn::with(&[shop.clone()]);
    assert_eq!(merged(&stand_in, "1.3.0", &[]).await, [11, 12, 13], "merged back");
    // Before the hotfix was tagged it came back as what it is: a change of main, too.
    shop["tags"] = json!({ "v1.2.0": "c10" });
    shop["releases"] = json!([{ "tag": "v1.2.0" }]);
    let stand_in = StandIn::with(&[shop.clone()]);
    assert_eq!(merged(&stand_in, "1.3.0", &[]).await, [11, 12, 13, 20], "merged back, and not released");
    assert_eq!(merged(&stand_in, "1.3.0", &[("base", "main")]).await, [11, 12, 13, 20], "the same by name");
    // As many hotfixes as there are: v1.2.0 is the last that main holds all the same.
    for number in 1..=40 {
        let id = format!("h{}", number + 1);
        let commit = json!({ "id": id, "parents": [format!("h{number}")] });
        shop["commits"].as_array_mut().expect("a list").push(commit);
        shop["tags"][format!("v1.2.{number}")] = json!(id);
    }
    shop["branches"]["main"] = json!("c13");
    assert_eq!(merged(&StandIn::with(&[shop]), "1.3.0", &[]).await, [11, 12, 13], "forty hotfixes");
}

#[tokio::test]
async fn releases_that_are_made_beside_the_branch_count_by_what_they_took_along() {
    // Each version is tagged on a branch of its own, with a commit that only names it: main holds none of the tags.
    let mut shop = json!({
        "owner": "acme", "name": "shop",
        "commits": [
            { "id": "c1" }, { "id": "c2" }, { "id": "c3" }, { "id": "c4" },
            { "id": "r1", "parents": ["c1"] }, { "id": "r2", "parents": ["c2"] }, { "id": "r2b", "parents": ["r2"] },
        ],
        "branches": { "main": "c4" }, "tags": { "v1.1.0": "r1", "v1.2.0": "r2", "v1.2.1": "r2b" },
        "releases": [{ "tag": "v1.1.0" }, { "tag": "v1.2.0" }, { "tag": "v1.2.1" }],
        "pulls": [
            pull(1, "c1", "main", "2026-01-01T00:00:00Z"), pull(2, "c2", "main", "2026-02-01T00:00:00Z"),
            pull(3, "c3", "main", "2026-03-01T00:00:00Z"), pull(4, "c4", "main", "2026-04-01T00:00:00Z"),
        ],
    });
    assert_eq!(merged(&StandIn::with(&[shop.clone()]), "1.3.0", &[]).await, [3, 4], "no tag on main");
    // The first release was made on main itself.
    shop["tags"]["v1.0.0"] = json!("c1");
    let stand_in = StandIn::with(&[shop.clone()]);
    assert_eq!(merged(&stand_in, "1.3.0", &[]).await, [3, 4], "an old tag on main");
    assert_eq!(merged(&stand_in, "1.2.0", &[]).await, [2]);
    let found = read(&stand_in, "1.3.0", "github_latest_version", &[("branch", "main")]).await;
    assert_eq!(found.get("version").as_str(), Some("1.0.0"), "which a branch holds is another question");
    // A tag of a history that has nothing in common with this one says nothing.
    shop["commits"].as_array_mut().expect("a list").push(json!({ "id": "alone", "parents": [] }));
    shop["tags"]["v1.2.9"] = json!("alone");
    assert_eq!(merged(&StandIn::with(&[shop]), "1.3.0", &[]).await, [3, 4], "a tag of another history");
    // Work goes to `develop`, and `production` gets it by merges that carry the tags.
    let flow = json!({
        "owner": "acme", "name": "shop", "default_branch": "develop",
        "commits": [
            { "id": "d1" }, { "id": "d2" }, { "id": "d3" },
            { "id": "p1", "parents": ["d1"] }, { "id": "p2", "parents": ["p1", "d2"] },
        ],
        "branches": { "develop": "d3", "production": "p2" }, "tags": { "v1.0.0": "p1", "v1.1.0": "p2" },
        "pulls": [
            pull(1, "d1", "develop", "2026-01-01T00:00:00Z"), pull(2, "d2", "develop", "2026-02-01T00:00:00Z"),
            pull(3, "d3", "develop", "2026-03-01T00:00:00Z"),
        ],
    });
    assert_eq!(merged(&StandIn::with(&[flow]), "1.2.0", &[]).await, [3], "two lines");
}

#[tokio::test]
async fn a_release_branch_has_what_went_to_main_before_it_was_cut() {
    let mut shop = json!({
        "owner": "acme", "name": "shop",
        "commits": [
            { "id": "c1" }, { "id": "c2" }, { "id": "c3" }, { "id": "c4" },
            { "id": "r1", "parents": ["c3"] }, { "id": "d1", "parents": ["c1"] }, { "id": "s1", "parents": ["c1", "d1"] },
        ],
        "branches": { "main": "c4", "release-1.3": "r1", "development": "d1", "staging": "s1" },
        "tags": { "v1.2.0": "c1" }, "releases": [{ "tag": "v1.2.0" }],
        "pulls": [
            pull(1, "c1", "main", "2026-01-01T00:00:00Z"), pull(2, "c2", "main", "2026-02-01T00:00:00Z"),
            pull(3, "c3", "main", "2026-03-01T00:00:00Z"), pull(4, "c4", "main", "2026-04-01T00:00:00Z"),
            pull(5, "r1", "release-1.3", "2026-05-01T00:00:00Z"), pull(6, "d1", "development", "2026-02-01T00:00:00Z"),
            pull(7, "s1", "staging", "2026-06-01T00:00:00Z"),
        ],
    });
    let open = json!({ "number": 8, "title": "Open", "base": "release-1.3" });
    shop["pulls"]
        .as_array_mut()
        .expect("a list")
        .extend([open, json!({ "number": 9, "title": "Open, too" })]);
    let stand_in = StandIn::with(&[shop]);
    assert_eq!(merged(&stand_in, "1.3.0", &[("base", "release-1.3")]).await, [2, 3, 5]);
    assert_eq!(merged(&stand_in, "1.3.0", &[("base", "staging")]).await, [6, 7], "merged as a whole");
    assert_eq!(merged(&stand_in, "1.3.0", &[]).await, [2, 3, 4]);
    let gate = super::resource(&stand_in, "github_pull_requests");
    let given = [("repository", "acme/shop".into()), ("base", Value::from("release-1.3"))];
    let request = relplan_contract::PlanRequest { config: &super::arguments(&*gate, given), prior: None };
    let verdict = gate.plan(&of("1.3.0"), request).await.expect("a plan").preview.expect("a preview");
    assert_eq!(verdict.summary, "1 pull request open, 3 merged.", "open ones count by where they go");
}

#[tokio::test]
async fn what_came_by_another_branch_is_in_the_release_too() {
    let mut shop = json!({
        "owner": "acme", "name": "shop",
        "commits": [{ "id": "c1" }, { "id": "c2" }, { "id": "c3" }, { "id": "x", "parents": ["c1"] }],
        "branches": { "main": "c3", "topic": "x" }, "tags": { "v1.0.0": "c1" }, "releases": [{ "tag": "v1.0.0" }],
        "pulls": [
            pull(1, "c1", "master", "2026-01-01T00:00:00Z"), pull(2, "c2", "master", "2026-02-01T00:00:00Z"),
            pull(3, "c3", "main", "2026-03-01T00:00:00Z"), pull(4, "x", "topic", "2026-03-01T00:00:00Z"),
        ],
    });
    shop["pulls"][1]["reviews"] = json!([]);
    let stand_in = StandIn::with(&[shop]);
    assert_eq!(merged(&stand_in, "1.1.0", &[]).await, [2, 3]);
    assert_eq!(merged(&stand_in, "1.1.0", &[("base", "main")]).await, [2, 3]);
    let gate = super::resource(&stand_in, "github_pull_requests");
    let config = super::arguments(&*gate, [("repository", "acme/shop".into())]);
    let request = relplan_contract::PlanRequest { config: &config, prior: None };
    let verdict = gate.plan(&of("1.1.0"), request).await.expect("a plan").preview.expect("a preview");
    assert_eq!(verdict.outcome, relplan_contract::Outcome::Failed);
    assert!(verdict.details[0].contains("merged into \"master\", 0 of 1 approvals"), "{:?}", verdict.details);
}

#[tokio::test]
async fn other_names_of_tags() {
    let mut line = line();
    line["tags"] = json!({ "shop-v1.0.0": "c1", "shop-v1.1.0": "c2", "cart-v9.0.0": "c4" });
    line["releases"] = json!([{ "tag": "shop-v1.1.0" }, { "tag": "cart-v9.0.0" }]);
    let stand_in = StandIn::with(&[line.clone()]);
    assert_eq!(merged(&stand_in, "1.2.0", &[("tag_prefix", "shop-v")]).await, [3, 4]);
    assert_eq!(merged(&stand_in, "1.1.0", &[]).await, [2], "its own tag ends it");
    line["tags"] = json!({ "first": "c1", "second": "c3" });
    line["releases"] = json!([{ "tag": "first" }, { "tag": "second" }]);
    let stand_in = StandIn::with(&[line.clone()]);
    assert_eq!(merged(&stand_in, "1.2.0", &[]).await, [4], "the latest release");
    line["tags"] = json!({});
    line["releases"] = json!([]);
    let stand_in = StandIn::with(&[line]);
    assert_eq!(merged(&stand_in, "1.0.0", &[]).await, [1, 2, 3, 4], "no release at all");
}

#[tokio::test]
async fn long_histories_are_read_whole() {
    let mut commits: Vec<Json> = vec![json!({ "id": "c0" })];
    commits.extend((1..=250).map(|number| json!({ "id": format!("c{number}") })));
    let tags: serde_json::Map<String, Json> =
        (0..130).map(|number| (format!("nightly-{number}"), json!("c250"))).collect();
    let mut one = json!({ "owner": "acme", "name": "shop", "commits": commits, "tags": tags });
    one["tags"]["v1.0.0"] = json!("c10");
    one["pulls"] = json!(
        (1..=250)
            .map(|number| json!({
                "number": number, "title": "x", "merged": true, "merge_commit": format!("c{number}"),
                "merged_at": format!("2026-01-02T{:02}:{:02}:00Z", number / 60, number % 60),
            }))
            .collect::<Vec<_>>()
    );
    let stand_in = StandIn::with(&[one]);
    assert_eq!(merged(&stand_in, "1.1.0", &[]).await, (11..=250).collect::<Vec<i64>>());
}

#[tokio::test]
async fn the_latest_version_is_one_before_this() {
    let stand_in = StandIn::with(&[line()]);
    for (version, given, expected) in [
        ("", &[][..], Some("1.2.0")),
        ("1.2.0", &[], Some("1.1.0")),
        ("1.0.0", &[], None),
        ("2.0.0", &[("branch", "hotfix/1.0")], Some("1.0.1")),
        ("1.0.1", &[("branch", "hotfix/1.0")], Some("1.0.0")),
        ("2.0.0", &[("branch", "main"), ("below", "1.2.0")], Some("1.1.0")),
        ("2.0.0", &[("branch", "hotfix/1.0"), ("from", "releases")], Some("1.0.1")),
    ] {
        let found = read(&stand_in, version, "github_latest_version", given).await;
        assert_eq!(found.get("version").as_str(), expected, "{version} {given:?}");
    }
    let next = read(&stand_in, "1.2.0", "github_latest_version", &[]).await;
    assert_eq!(next.get("next_minor").as_str(), Some("1.2.0"));
}

#[tokio::test]
async fn the_next_version_after_candidates_is_what_they_lead_to() {
    let mut line = line();
    for (tag, commit) in [
        ("v1.3.0-rc.1", "c3"),
        ("v1.3.0-rc.9", "c3"),
        ("v1.3.0-rc.10", "c4"),
        ("v1.3.0-rc.2", "c4"),
        ("v1.2.0+build.7", "c3"),
        ("v1.3", "c4"),
        ("v01.4.0", "c4"),
        ("v1.0.2-rc.1", "h2"),
    ] {
        line["tags"][tag] = json!(commit);
    }
    let stand_in = StandIn::with(&[line]);
    let candidates = ("prereleases", "true");
    for (version, given, expected) in [
        ("", &[][..], ["1.2.0+build.7", "1.2.1", "1.3.0", "2.0.0"]),
        ("", &[candidates], ["1.3.0-rc.10", "1.3.0", "1.3.0", "2.0.0"]),
        // What the release says of itself it says again after it was made.
        ("1.3.0-rc.10", &[candidates], ["1.3.0-rc.9", "1.3.0", "1.3.0", "2.0.0"]),
        ("1.3.0", &[candidates], ["1.3.0-rc.10", "1.3.0", "1.3.0", "2.0.0"]),
        ("1.3.0", &[candidates, ("branch", "hotfix/1.0")], ["1.0.2-rc.1", "1.0.2", "1.1.0", "2.0.0"]),
        ("1.3.0", &[("branch", "hotfix/1.0")], ["1.0.1", "1.0.2", "1.1.0", "2.0.0"]),
    ] {
        let found = read(&stand_in, version, "github_latest_version", given).await;
        let names = ["version", "next_patch", "next_minor", "next_major"];
        assert_eq!(
            names.map(|name| found.get(name).as_str().unwrap_or("-")),
            expected,
            "{version} {given:?}"
        );
    }
}

#[tokio::test]
async fn generated_notes_tell_what_came_since_the_last_before_this() {
    let stand_in = StandIn::with(&[line()]);
    let release = super::resource(&stand_in, "github_release");
    let given = [
        ("repository", Value::from("acme/shop")),
        ("tag", "v1.0.2".into()),
        ("ref", "hotfix/1.0".into()),
        ("generate_notes", true.into()),
    ];
    let config = super::arguments(&*release, given);
    let context = of("1.0.2");
    let request = relplan_contract::PlanRequest { config: &config, prior: None };
    let planned = release.plan(&context, request).await.expect("a plan");
    assert!(planned.notes[0].ends_with("no checks, 1 commit ahead of v1.0.1."), "{:?}", planned.notes);
    let request = relplan_contract::ApplyRequest { planned: &planned.value, prior: None, key: "key" };
    let made = release.apply(&context, request).await.expect("a release").value;
    let body = made.get("body").as_str().expect("notes").to_owned();
    assert!(body.contains("* Change 6 by @bob") && !body.contains("Change 5"), "{body}");
    assert!(body.ends_with("/compare/v1.0.1...v1.0.2"), "{body}");
}
