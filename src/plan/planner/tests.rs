//! What is planned, and why: a file, a state and what providers say in; changes with their reasons out.
//!
//! Nothing outside is touched: the planner hands out questions, and the tests answer them.

use relplan_contract::{Observed, Problem, Reconciled, Sends, Value};

use super::*;

mod asked;
mod checks;
mod order;
mod pins;
mod shop;
mod way_back;

use crate::plan::change::CautionKind;
use shop::{Script, Story, draft, made, plan, targets};

const V1: &str = r#"
release "shop" {
  version = "1.0.0"
}

resource "shop_tag" "tag" {
  value = release.version
}

resource "shop_app" "app" {
  value      = release.version
  slot       = "blue"
  depends_on = [shop_tag.tag]
}

resource "shop_test" "smoke" {
  value = shop_app.app.id
}
"#;

fn v2() -> String {
    V1.replace("1.0.0", "2.0.0")
}

fn after_v1() -> Story {
    let mut story = Story::new();
    story.apply(V1);
    story
}

/// What is planned for a file over a state, with plain options, against what is expected.
#[track_caller]
fn check(text: &str, story: &Story, script: &Script, expected: &str) {
    assert_eq!(plan(text, &story.state, Options::default(), script), expected.trim());
}

/// An object with all parts known.
fn object(value: &str, slot: &str) -> Value {
    Value::map([("value", Value::from(value)), ("slot", Value::from(slot)), ("id", Value::from("made"))])
}

#[test]
fn the_first_release_makes_everything() {
    check(
        V1,
        &Story::new(),
        &Script::new(),
        "Create shop_tag.tag@1.0.0: never made\nCreate shop_app.app: never made\nJudge shop_test.smoke: never made",
    );
}

#[test]
fn what_is_done_stays_done() {
    check(V1, &after_v1(), &Script::new(), "");
}

#[test]
fn each_kind_of_resource_lives_its_own_life() {
    check(
        &v2(),
        &after_v1(),
        &Script::new(),
        "
Create shop_tag.tag@2.0.0: not made yet for version 2.0.0
Update shop_app.app: input changed: value
Judge shop_test.smoke: changed since it was judged: shop_app.app",
    );
}

#[test]
fn the_older_release_turns_the_live_back_and_leaves_the_facts() {
    let mut story = after_v1();
    story.apply(&v2());
    check(
        V1,
        &story,
        &Script::new(),
        "
Update shop_app.app: input changed: value
Judge shop_test.smoke: changed since it was judged: shop_app.app
! This goes back: 2.0.0 is live, and 1.0.0 is older. Gates over the outside do not hold it.",
    );
}

#[test]
fn a_fact_of_a_version_is_not_changed() {
    let text = V1.replacen("value = release.version", "value = \"other\"", 1);
    let text = plan(&text, &after_v1().state, Options::default(), &Script::new());
    assert!(text.starts_with("Record exists already: shop_tag.tag was made already for version"), "{text}");
}

#[test]
fn how_a_fact_is_reached_may_change() {
    let text = V1.replacen("value = release.version", "value = release.version\n  through = \"another\"", 1);
    check(&text, &after_v1(), &Script::new(), "");
}

#[test]
fn what_cannot_be_changed_in_place_is_replaced() {
    let green = V1.replace("blue", "green");
    check(
        &green,
        &after_v1(),
        &Script::new(),
        "
Replace { create_first: false } shop_app.app: cannot be changed in place: slot; input changed: slot
Judge shop_test.smoke: input changed: value; changed since it was judged: shop_app.app
! It is destroyed and made anew.",
    );
}

#[test]
fn drift_is_turned_back() {
    let changed = Answer::Observed(Ok(Observed::Present(object("0.9.0", "blue"))));
    check(
        V1,
        &after_v1(),
        &Script::from([(("read", "shop_app.app"), changed)]),
        "
Update shop_app.app: changed from outside: value
Judge shop_test.smoke: changed since it was judged: shop_app.app
! It was changed from outside.",
    );
    check(
        V1,
        &after_v1(),
        &Script::from([(("read", "shop_app.app"), Answer::Observed(Ok(Observed::Absent)))]),
        "
Create shop_app.app: deleted from outside
Judge shop_test.smoke: input changed: value; changed since it was judged: shop_app.app
! It was deleted from outside.",
    );
}

#[test]
fn of_what_leaves_the_file_only_the_live_goes() {
    let none = "release \"shop\" {\n  version = \"2.0.0\"\n}\n";
    check(
        none,
        &after_v1(),
        &Script::new(),
        "
Destroy shop_app.app: no longer in the file
! It is destroyed.",
    );
}

#[test]
fn a_lost_outcome_is_found_out_first() {
    let mut story = Story::new();
    story.die_at_first(V1);
    let key = ("reconcile", "shop_tag.tag@1.0.0");
    let done = relplan_contract::Applied::new(made(&object("1.0.0", "")));
    let rest = "Create shop_app.app: never made\nJudge shop_test.smoke: never made";
    let script = Script::from([(key, Answer::Reconciled(Ok(Reconciled::Done(done))))]);
    check(V1, &story, &script, rest);
    let script = Script::from([(key, Answer::Reconciled(Ok(Reconciled::NotDone)))]);
    check(V1, &story, &script, &format!("Create shop_tag.tag@1.0.0: never made\n{rest}"));
    let found = draft(V1, &story.state, Options::default(), &Script::new(), &|_| 0);
    let uncertain = found.err().expect("nobody can tell").uncertain;
    assert_eq!(uncertain.iter().map(ToString::to_string).collect::<Vec<_>>(), ["shop_tag.tag@1.0.0"]);
}

#[test]
fn a_person_decides_what_nobody_can_tell() {
    let mut story = Story::new();
    story.die_at_first(V1);
    let rest = "Create shop_app.app: never made\nJudge shop_test.smoke: never made";
    let accept = Options { accept: targets(&["shop_tag.tag"]), ..Options::default() };
    let unknown = "! It is accepted as done, but nobody knows its `id`: null from here on.";
    assert_eq!(plan(V1, &story.state, accept, &Script::new()), format!("{rest}\n{unknown}"));
    let retry = Options { retry: targets(&["shop_tag.tag"]), ..Options::default() };
    let again = plan(V1, &story.state, retry, &Script::new());
    assert!(again.starts_with("Create shop_tag.tag@1.0.0: "), "{again}");
}

#[test]
fn a_part_of_the_release_can_be_chosen() {
    let only = Options { targets: targets(&["shop_tag.tag"]), ..Options::default() };
    let text = plan(V1, &Story::new().state, only, &Script::new());
    assert_eq!(
        text,
        "Create shop_tag.tag@1.0.0: never made\n! Only a part of the release is planned, because of -target or -exclude."
    );
    let replace = Options { replace: targets(&["shop_app.app"]), ..Options::default() };
    let text = plan(V1, &after_v1().state, replace, &Script::new());
    assert!(
        text.starts_with("Replace { create_first: false } shop_app.app: asked for with -replace"),
        "{text}"
    );
}

#[test]
fn every_provider_that_refuses_is_heard() {
    let two = "resource \"shop_app\" \"a\" {}\nresource \"shop_app\" \"b\" {}\n";
    let refuse = || Answer::Planned(Err(Problem::refused("No.")));
    let script = Script::from([(("plan", "shop_app.a"), refuse()), (("plan", "shop_app.b"), refuse())]);
    let text = plan(two, &Story::new().state, Options::default(), &script);
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn the_order_of_the_answers_does_not_count() {
    let many =
        format!("{}\nresource \"shop_app\" \"many\" {{\n  count = 30\n  value = count.index\n}}\n", v2());
    let story = after_v1();
    let digest = |order: &dyn Fn(usize) -> usize| {
        let draft = draft(&many, &story.state, Options::default(), &Script::new(), order);
        crate::plan::digest::of(&draft.unwrap_or_else(|failure| panic!("{:?}", failure.found)).plan)
    };
    let first = digest(&|_| 0);
    assert_eq!(digest(&|open| open - 1), first);
    for seed in 0..20 {
        let state = std::cell::Cell::new(seed);
        let random = |open: usize| {
            state.set((state.get() * 7_919 + 104_729) % 1_299_709);
            state.get() % open
        };
        assert_eq!(digest(&random), first, "seed {seed}");
    }
}

#[test]
fn a_change_that_failed_is_done_over_in_place() {
    let mut story = after_v1();
    story.fail(&v2(), "shop_app.app");
    let text = plan(V1, &story.state, Options::default(), &Script::new());
    assert!(text.starts_with("Update shop_app.app: the last try failed half-way"), "{text}");
}

#[test]
fn a_server_that_gets_credentials_for_the_first_time_is_pointed_out() {
    let at =
        |server: &str, text: &str| text.replacen("value = ", &format!("through = {server}\n  value = "), 1);
    let cautions = |text: &str, story: &Story, named_by: &[&str]| {
        let sends = Sends {
            server: "db.example:5432".into(),
            what: "PGPASSWORD".into(),
            named_by: named_by.iter().map(|name| (*name).to_owned()).collect(),
        };
        let value = Value::map([("value", Value::from("x")), ("id", Value::UNKNOWN)]);
        let answer = Answer::Planned(Ok(relplan_contract::Planned {
            sends: vec![sends],
            ..relplan_contract::Planned::new(value)
        }));
        let keys = ["shop_tag.tag@1.0.0", "shop_tag.tag@2.0.0"];
        let script = keys.map(|key| (("plan", key), answer.clone())).into();
        let draft = draft(text, &story.state, Options::default(), &script, &|_| 0)
            .unwrap_or_else(|failure| panic!("{:?}", failure.found));
        let new = draft.plan.cautions.iter().filter(|one| one.kind == CautionKind::NewServer);
        new.map(|one| format!("{} {}", one.key.as_ref().expect("a key"), one.text)).collect::<Vec<_>>()
    };
    let mut story = Story::new();
    let (first, by_file) = (at("\"db.example\"", V1), ["through", "slot"]);
    let told = [
        "shop_tag.tag@1.0.0 It sends PGPASSWORD of the environment to db.example:5432, which no earlier run used.",
    ];
    assert_eq!(cautions(&first, &story, &by_file), told);
    story.apply(&first);
    // The next version's record is a new one, at a server that is known.
    assert_eq!(cautions(&at("\"db.example\"", &v2()), &story, &by_file), [] as [&str; 0]);
    assert_eq!(cautions(&at("\"db.evil\"", &v2()), &story, &by_file).len(), 1);
    assert_eq!(cautions(&at("\"db.example\"\n  slot = \"x\"", &v2()), &story, &by_file).len(), 1);
    // What the file does not name, the operator does.
    assert_eq!(cautions(&v2(), &story, &by_file), [] as [&str; 0]);
}
