//! Rolling back, planned over histories: what was released, killed, rolled back and killed again.

use std::collections::BTreeSet;

use relplan_contract::{Observed, Problem, Reconciled, Value};

use super::shop::{Script, Story, back, lines, made};
use crate::plan::rollback::{Aim, Scope};
use crate::plan::{Answer, Options};

/// Two services side by side, of which the second uses the first, and a check of both.
const TWO: &str = r#"
release "shop" {
  version = "1.0.0"
}

resource "shop_app" "a" {
  value = release.version
}

resource "shop_app" "b" {
  value      = release.version
  depends_on = [shop_app.a]
}

resource "shop_test" "both" {
  depends_on = [shop_app.a, shop_app.b]
}
"#;

const B_TO_1: &str = "\
Update shop_app.b: turned back to version 1.0.0
Judge shop_test.b: changed since it was judged: shop_app.b";

const IRREVERSIBLE: &str =
    "! Databases, tags and messages are not turned back; `relplan restore` brings a snapshot back.";

fn version(number: u32) -> String {
    TWO.replace("1.0.0", &format!("{number}.0.0"))
}

/// The same with a check for each of them.
fn split(number: u32) -> String {
    let both = "resource \"shop_test\" \"both\" {\n  depends_on = [shop_app.a, shop_app.b]\n}";
    let each = ["a", "b"].map(|name| {
        format!("resource \"shop_test\" \"{name}\" {{\n  depends_on = [shop_app.{name}]\n}}\n\n")
    });
    version(number).replace(both, &each.concat())
}

/// What is planned for going back, without the caution that always stands there.
fn plan_to(story: &Story, aim: Aim, script: &Script) -> String {
    let text = lines(back(&story.state, Scope { addresses: None, aim }, script));
    text.lines().filter(|line| *line != IRREVERSIBLE).collect::<Vec<_>>().join("\n")
}

fn plan(story: &Story) -> String {
    plan_to(story, Aim::Back, &Script::new())
}

fn released(versions: &[u32]) -> Story {
    let mut story = Story::new();
    for number in versions {
        story.apply(&version(*number));
    }
    story
}

/// A lost action that was done, or not.
fn found(key: &'static str, done: Option<Value>) -> Script {
    let answer =
        done.map_or(Reconciled::NotDone, |value| Reconciled::Done(relplan_contract::Applied::new(value)));
    Script::from([(("reconcile", key), Answer::Reconciled(Ok(answer)))])
}

fn app(version: &str) -> Value {
    made(&Value::map([
        ("value", Value::from(version)),
        ("through", Value::NULL),
        ("slot", Value::NULL),
        ("id", Value::from("made")),
    ]))
}

const BOTH_TO_1: &str = "\
Update shop_app.a: turned back to version 1.0.0
Update shop_app.b: turned back to version 1.0.0
Judge shop_test.both: changed since it was judged: shop_app.a, shop_app.b";

#[test]
fn a_good_release_goes_back_one_release_and_no_further() {
    let mut story = released(&[1, 2]);
    assert_eq!(plan(&story), BOTH_TO_1);
    story.roll_back();
    assert_eq!(plan(&story), "");
    let mut story = released(&[1, 2, 3]);
    story.roll_back();
    story.roll_back();
    assert_eq!(plan(&story), "", "from 3 to 2, then to 1; not back up");
}

#[test]
fn what_a_killed_apply_did_goes_back_and_the_rest_stays() {
    for (done, lost) in [(0, true), (0, false), (1, true), (1, false), (2, false)] {
        let mut story = released(&[1]);
        story.die_after(&version(2), done);
        let key = ["shop_app.a", "shop_app.b", "shop_test.both"][done];
        let script = found(key, lost.then(|| app("2.0.0")));
        let changed = done + usize::from(lost);
        let expected: Vec<&str> = match changed {
            0 => vec![],
            1 => vec![
                "Update shop_app.a: turned back to version 1.0.0",
                "Judge shop_test.both: changed since it was judged: shop_app.a",
            ],
            _ => BOTH_TO_1.lines().collect(),
        };
        assert_eq!(plan_to(&story, Aim::Back, &script), expected.join("\n"), "{done} done, {lost}");
    }
}

#[test]
fn what_became_of_a_lost_action_is_found_out_before_anything_goes_back() {
    let mut story = released(&[1]);
    story.die_after(&version(2), 0);
    let text = plan(&story);
    assert!(
        text.starts_with("Uncertain: An earlier run was cut off while it worked on shop_app.a"),
        "{text}"
    );
    // What is not turned back may stay uncertain.
    let scope = Scope {
        addresses: Some(BTreeSet::from(["shop_app.b".parse().expect("an address")])),
        aim: Aim::Back,
    };
    let text = lines(back(&story.state, scope, &Script::new()));
    assert!(text.contains("It stays uncertain"), "{text}");
}

#[test]
fn a_killed_rollback_goes_on_to_where_it_was_going() {
    for (done, lost) in [(0, true), (0, false), (1, true), (1, false), (2, false)] {
        let mut story = released(&[0, 1, 2]);
        let under_way = story.die_rolling_back(done);
        if lost {
            story.adopt(&under_way, app("1.0.0"));
        } else {
            story.not_done(&under_way);
        }
        story.roll_back();
        for name in ["shop_app.a", "shop_app.b"] {
            let entry = story.state.entry(&name.parse().expect("an address")).expect("it is there");
            assert_eq!(&*entry.version, "1.0.0", "{name}, {done} done, {under_way} lost: {lost}");
        }
        let check = story.state.entry(&"shop_test.both".parse().expect("an address")).expect("it is there");
        let judged =
            check.judgement.as_ref().expect("a verdict").judged.values().copied().collect::<Vec<_>>();
        let live = ["shop_app.a", "shop_app.b"]
            .map(|name| story.state.live_digest(&name.parse().expect("an address")));
        assert_eq!(judged.into_iter().map(Some).collect::<Vec<_>>(), live, "what is live was judged");
    }
}

#[test]
fn a_failure_after_a_killed_rollback_turns_back_to_where_that_was_going() {
    for done in 0..2 {
        let mut story = released(&[0, 1, 2]);
        let under_way = story.die_rolling_back(done);
        story.not_done(&under_way);
        story.fail_last(&version(3));
        let text = plan_to(&story, Aim::KnownGood, &Script::new());
        assert!(text.starts_with(BOTH_TO_1), "{done}: {text}");
        // It is killed in its turn.
        let under_way = story.die_rolling_back(1);
        story.adopt(&under_way, app("1.0.0"));
        story.fail_last(&version(4));
        assert!(plan(&story).starts_with(BOTH_TO_1), "{done}: {}", plan(&story));
        // A good release ends it: from there, one release back.
        story.apply(&version(5));
        story.apply(&version(6));
        assert!(plan(&story).contains("back to version 5.0.0"), "{done}: {}", plan(&story));
    }
}

#[test]
fn what_a_killed_rollback_was_not_about_stays() {
    let mut story = Story::new();
    story.apply(&split(1));
    story.fail_last(&split(2));
    let under_way = story.die_rolling_back(0);
    assert_eq!(under_way, "shop_app.b");
    story.not_done(&under_way);
    assert_eq!(plan(&story), B_TO_1);
    story.fail_last(&split(3));
    assert_eq!(plan(&story), B_TO_1);
}

#[test]
fn what_was_to_be_made_anew_and_is_gone_comes_back() {
    let with = |number, slot: &str| {
        let line = format!("value      = release.version\n  slot       = \"{slot}\"");
        version(number).replacen("value      = release.version", &line, 1)
    };
    let mut story = Story::new();
    story.apply(&with(1, "blue"));
    let other = with(2, "green");
    story.destroy_and_die(&other, "shop_app.b");
    let text = plan(&story);
    assert!(text.contains("Create shop_app.b: turned back to version 1.0.0"), "{text}");
    assert!(text.contains("Judge shop_test.both"), "{text}");
    story.roll_back();
    assert_eq!(plan(&story), "");
    assert_eq!(
        story.state.entry(&"shop_app.b".parse().expect("an address")).map(|a| &*a.version),
        Some("1.0.0")
    );
}

#[test]
fn what_left_the_file_does_not_come_back() {
    let without = version(2).replace(
        "resource \"shop_app\" \"b\" {\n  value      = release.version\n  depends_on = [shop_app.a]\n}\n",
        "",
    );
    let without = without.replace("[shop_app.a, shop_app.b]", "[shop_app.a]");
    let mut story = released(&[1]);
    story.fail_last(&without);
    assert!(!plan_to(&story, Aim::KnownGood, &Script::new()).contains("shop_app.b"));
}

#[test]
fn what_broke_off_half_way_goes_back_to_what_it_was() {
    let mut story = released(&[1]);
    story.die_after(&version(2), 0);
    story.broken("shop_app.a");
    assert_eq!(
        plan(&story),
        "Update shop_app.a: turned back to version 1.0.0\nJudge shop_test.both: changed since it was judged: shop_app.a"
    );
}

#[test]
fn only_what_is_in_doubt_goes_back() {
    let mut story = Story::new();
    story.apply(&split(1));
    story.fail_last(&split(2));
    assert_eq!(plan(&story), B_TO_1);
}

#[test]
fn a_version_is_known_good_only_when_every_check_of_it_has_passed() {
    let more =
        "\nresource \"shop_test\" \"more\" {\n  depends_on = [shop_app.a, shop_app.b, shop_test.both]\n}\n";
    let mut story = released(&[1]);
    // Killed before the second check was begun: one has passed.
    story.die_after(&format!("{}{more}", version(2)), 3);
    let text = plan_to(&story, Aim::KnownGood, &Script::new());
    assert!(text.contains("shop_app.a: turned back to version 1.0.0"), "{text}");
    assert!(text.contains("shop_app.b: turned back to version 1.0.0"), "{text}");
}

#[test]
fn without_an_earlier_good_version_it_is_said_that_there_is_no_way_back() {
    let mut story = Story::new();
    story.fail_last(TWO);
    let text = plan(&story);
    assert_eq!(
        text.matches("It stays as it is: no earlier version of it is known good.").count(),
        2,
        "{text}"
    );
}

#[test]
fn a_named_version_is_gone_back_to_whatever_is_known_of_it() {
    let mut story = Story::new();
    story.fail_last(TWO);
    story.apply(&version(2));
    assert_eq!(
        plan_to(&story, Aim::Version("1.0.0".into()), &Script::new()).lines().next(),
        BOTH_TO_1.lines().next()
    );
    assert_eq!(plan_to(&story, Aim::Version("7.0.0".into()), &Script::new()), "");
}

#[test]
fn what_is_not_well_and_does_not_answer_goes_back_all_the_same() {
    let story = released(&[1, 2]);
    let mute = || Answer::Observed(Err(Problem::refused("no route to host")));
    let script = Script::from([(("read", "shop_app.a"), mute()), (("read", "shop_app.b"), mute())]);
    let text = plan_to(&story, Aim::Back, &script);
    assert!(text.starts_with(BOTH_TO_1), "{text}");
    assert!(
        text.contains("It could not be looked at, and is taken to be as it was last: no route to host"),
        "{text}"
    );
    let gone = Script::from([(("read", "shop_app.a"), Answer::Observed(Ok(Observed::Absent)))]);
    let text = plan_to(&story, Aim::Back, &gone);
    assert!(text.starts_with("Create shop_app.a: turned back to version 1.0.0"), "{text}");
}

#[test]
fn what_is_on_hold_does_not_go_back() {
    let mut story = released(&[1, 2]);
    story.hold("shop_app.b", "somebody looks");
    let text = plan(&story);
    assert!(text.starts_with("Held: Nothing is done to shop_app.b until a person releases it"), "{text}");
}

/// A version whose services have contents of their own.
fn contents(number: u32, a: &str, b: &str) -> String {
    let text = version(number).replacen("value = release.version", &format!("value = \"{a}\""), 1);
    text.replacen("value      = release.version", &format!("value      = \"{b}\""), 1)
}

/// What is left of a version's file.
fn left(story: &Story, text: &str) -> String {
    super::shop::plan(text, &story.state, Options::default(), &Script::new())
}

/// A third version failed, and the way back to the second, which had left the first service as it was, was cut off.
fn cut_off_on_the_way_to_2(done: usize) -> Story {
    let mut story = Story::new();
    story.apply(&contents(1, "1", "1"));
    story.apply(&contents(2, "1", "2"));
    story.fail_last(&contents(3, "3", "3"));
    let under_way = story.die_rolling_back(done);
    story.not_done(&under_way);
    story
}

#[test]
fn the_release_that_is_gone_back_to_has_nothing_left_wherever_it_was_cut_off() {
    for done in 0..3 {
        let mut story = cut_off_on_the_way_to_2(done);
        story.roll_back();
        assert_eq!(left(&story, &contents(2, "1", "2")), "", "{done} done");
        assert_eq!(plan_to(&story, Aim::KnownGood, &Script::new()), "", "{done} done");
    }
}

#[test]
fn a_version_that_changed_nothing_but_failed_is_gone_back_from_by_its_checks() {
    let earlier = Some(contents(0, "0", "0"));
    // As texts, 10.0.0 would be older than 9.0.0.
    for (earlier, good, failed) in [(None, 1, 2), (earlier.clone(), 1, 2), (earlier, 9, 10)] {
        let mut story = Story::new();
        if let Some(earlier) = &earlier {
            story.apply(earlier);
        }
        story.apply(&contents(good, "1", "1"));
        story.fail_last(&contents(failed, "1", "1"));
        assert_eq!(plan(&story), "Judge shop_test.both: changed since it was judged: shop_app.a, shop_app.b");
        story.roll_back();
        assert_eq!(left(&story, &contents(good, "1", "1")), "");
    }
}

#[test]
fn what_was_there_with_a_version_is_known_although_it_went_and_came_back_since() {
    for done in [1, 2] {
        let mut story = cut_off_on_the_way_to_2(done);
        story.apply(&contents(4, "3", "4"));
        for aim in [Aim::Back, Aim::Version("2.0.0".into())] {
            let text = plan_to(&story, aim, &Script::new());
            let expected = "Update shop_app.a: turned back to version 1.0.0\nUpdate shop_app.b: turned back to version 2.0.0\n";
            assert!(text.starts_with(expected), "{done} done: {text}");
        }
        story.roll_back();
        assert_eq!(left(&story, &contents(2, "1", "2")), "", "{done} done");
    }
}
