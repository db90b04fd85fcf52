//! Which verdicts hold, and which gates are looked at again.

use relplan_contract::{Outcome, Value};

use super::shop::{Script, Story, plan, preview, targets};
use crate::plan::Options;

/// A gate over the outside, a record and a service behind it, and a suite that depends on neither.
const GATED: &str = r#"
release "shop" {
  version = "1.0.0"
}

resource "shop_gate" "merged" {
}

resource "shop_test" "suite" {
}

resource "shop_tag" "tag" {
  depends_on = [shop_gate.merged, shop_test.suite]
}

resource "shop_app" "app" {
  value      = release.version
  depends_on = [shop_tag.tag]
}

resource "shop_test" "smoke" {
  depends_on = [shop_app.app]
}
"#;

fn version(number: u32) -> String {
    GATED.replace("1.0.0", &format!("{number}.0.0"))
}

fn planned(text: &str, story: &Story) -> String {
    plan(text, &story.state, Options::default(), &Script::new())
}

fn gate(outcome: Outcome, summary: &str) -> Script {
    let asked = Value::map([("value", Value::NULL), ("slot", Value::NULL), ("id", Value::UNKNOWN)]);
    Script::from([(("plan", "shop_gate.merged"), preview(asked, outcome, summary))])
}

#[test]
fn a_new_version_judges_every_check_again() {
    let mut story = Story::new();
    story.apply(&version(1));
    assert_eq!(planned(&version(1), &story), "");
    assert_eq!(
        planned(&version(2), &story),
        "Judge shop_gate.merged: its verdict is of version 1.0.0
Judge shop_test.suite: its verdict is of version 1.0.0
Create shop_tag.tag@2.0.0: not made yet for version 2.0.0
Update shop_app.app: input changed: value
Judge shop_test.smoke: changed since it was judged: shop_app.app"
    );
    // Also where nothing else is left of it.
    let checks = "release \"shop\" {\n  version = \"2.0.0\"\n}\nresource \"shop_test\" \"suite\" {\n}\n";
    assert!(planned(checks, &story).starts_with("Judge shop_test.suite: its verdict is of version 1.0.0"));
}

#[test]
fn a_gate_is_looked_at_as_long_as_it_guards_anything() {
    for done in 0..5 {
        let mut story = Story::new();
        story.apply(&version(1));
        story.stop_after(&version(2), done);
        let lines: Vec<String> = planned(&version(2), &story).lines().map(str::to_owned).collect();
        let looked = lines.iter().filter(|line| line.starts_with("Judge shop_gate.merged")).count();
        assert_eq!(looked, usize::from(done < 4), "{done} done: {lines:?}");
        let suite = lines.iter().filter(|line| line.starts_with("Judge shop_test.suite")).count();
        assert_eq!(suite, usize::from(done < 2), "{done} done: {lines:?}");
    }
}

#[test]
fn a_gate_that_is_shut_is_seen_beforehand_also_where_it_was_open() {
    let shut = gate(Outcome::Pending, "2 pull requests open.");
    let mut story = Story::new();
    let text = plan(&version(1), &story.state, Options::default(), &shut);
    assert!(text.contains("! The run would stop here: 2 pull requests open."), "{text}");
    story.stop_after(&version(1), 3);
    let shut = gate(Outcome::Failed, "1 pull request open.");
    let text = plan(&version(1), &story.state, Options::default(), &shut);
    assert!(text.contains("Judge shop_gate.merged: looked at again before what it guards begins"), "{text}");
    assert!(text.contains("! The run would stop here: 1 pull request open."), "{text}");
}

#[test]
fn how_a_gate_would_end_before_what_it_waits_for_says_nothing() {
    let text = version(1).replace(
        "resource \"shop_gate\" \"merged\" {",
        "resource \"shop_tag\" \"first\" {\n}\n\nresource \"shop_gate\" \"merged\" {\n  depends_on = [shop_tag.first]",
    );
    let shut = gate(Outcome::Failed, "too early");
    let planned = plan(&text, &Story::new().state, Options::default(), &shut);
    assert!(planned.contains("Judge shop_gate.merged: never made"), "{planned}");
    assert!(!planned.contains("would stop"), "{planned}");
}

#[test]
fn a_verdict_lapses_with_records_and_checks_too() {
    let text = "release \"shop\" {\n  version = \"1.0.0\"\n}\nresource \"shop_tag\" \"t\" {\n}\n\
                resource \"shop_test\" \"a\" {\n  depends_on = [shop_tag.t]\n}\n\
                resource \"shop_test\" \"b\" {\n  depends_on = [shop_test.a]\n}\n\
                resource \"shop_test\" \"c\" {\n  depends_on = [shop_test.b]\n}\n";
    let mut story = Story::new();
    story.apply(text);
    assert_eq!(planned(text, &story), "");
    let again = Options { replace: targets(&["shop_tag.t"]), ..Options::default() };
    assert_eq!(
        plan(text, &story.state, again, &Script::new()),
        "Create shop_tag.t@1.0.0: asked for with -replace
Judge shop_test.a: changed since it was judged: shop_tag.t
Judge shop_test.b: changed since it was judged: shop_test.a
Judge shop_test.c: changed since it was judged: shop_test.b"
    );
    // Its outcome is the same, and so are its arguments: what rests on it holds.
    let again = Options { replace: targets(&["shop_test.a"]), ..Options::default() };
    assert_eq!(plan(text, &story.state, again, &Script::new()), "Judge shop_test.a: asked for with -replace");
    // What a check asks is something that the next one rests on.
    let other = text.replace("\"shop_test\" \"a\" {", "\"shop_test\" \"a\" {\n  value = \"other\"");
    assert_eq!(
        planned(&other, &story),
        "Judge shop_test.a: input changed: value
Judge shop_test.b: changed since it was judged: shop_test.a
Judge shop_test.c: changed since it was judged: shop_test.b"
    );
}

#[test]
fn a_verdict_is_valid_for_as_long_as_the_file_says() {
    let text = "release \"shop\" {\n  version = \"1.0.0\"\n}\nresource \"shop_test\" \"a\" {\n\
                lifecycle {\n    valid_for = \"1h\"\n  }\n}\n";
    let mut story = Story::new();
    story.apply(text);
    let at = |now_ms| plan(text, &story.state, Options { now_ms, ..Options::default() }, &Script::new());
    let hour = 3_600_000;
    // It was given a second after 1970.
    assert_eq!(at(hour), "");
    assert_eq!(at(hour + 2_000), "Judge shop_test.a: its verdict was valid for 1h");
}

#[test]
fn going_back_passes_the_gates_of_the_past() {
    let mut story = Story::new();
    story.apply(&version(1));
    story.apply(&version(2));
    let shut = gate(Outcome::Failed, "1 pull request open.");
    let text = plan(&version(1), &story.state, Options::default(), &shut);
    assert_eq!(
        text,
        "Judge shop_test.suite: its verdict is of version 2.0.0
Update shop_app.app: input changed: value
Judge shop_test.smoke: changed since it was judged: shop_app.app
! This goes back: 2.0.0 is live, and 1.0.0 is older. Gates over the outside do not hold it."
    );
}

#[test]
fn going_back_is_judged_also_by_what_could_be_a_gate() {
    let text = |number| {
        let behind = "\nresource \"shop_gate\" \"orders\" {\n  depends_on = [shop_app.app]\n}\n";
        format!("{}{behind}", version(number))
    };
    let mut story = Story::new();
    story.apply(&text(1));
    story.apply(&text(2));
    let planned = planned(&text(1), &story);
    assert!(
        planned.contains("Judge shop_gate.orders: changed since it was judged: shop_app.app"),
        "{planned}"
    );
    assert!(!planned.contains("shop_gate.merged"), "{planned}");
}
