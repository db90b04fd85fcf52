//! What the command line names: what is left out is in nobody's way, and what names nothing is an error.

use super::shop::{Script, Story, plan, targets};
use super::*;

const TEXT: &str = r#"
release "shop" {
  version = "1.0.0"
}

resource "shop_app" "source" {
  value = "a"
}

resource "shop_app" "many" {
  for_each = toset([shop_app.source.id])
  value    = each.key
}

resource "shop_app" "behind" {
  value = join(",", [for one in shop_app.many : one.id])
}

resource "shop_test" "smoke" {
  value = shop_app.behind.id
}

resource "shop_app" "pair" {
  for_each = toset(["x", "y"])
  value    = each.key
}

output "all" {
  value = shop_app.behind.id
}
"#;

fn of(targeted: &[&str], excluded: &[&str], story: &Story) -> String {
    let options = Options { targets: targets(targeted), excludes: targets(excluded), ..Options::default() };
    let text = plan(TEXT, &story.state, options, &Script::new());
    text.lines().filter(|line| !line.starts_with("! Only a part")).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_left_out_may_stay_unknown() {
    let story = Story::new();
    assert!(
        plan(TEXT, &story.state, Options::default(), &Script::new()).starts_with("for_each is not known")
    );
    assert_eq!(of(&["shop_app.source"], &[], &story), "Create shop_app.source: never made");
    assert_eq!(of(&["shop_app.pair[\"x\"]"], &[], &story), "Create shop_app.pair[\"x\"]: never made");
    let rest = "Create shop_app.source: never made\nCreate shop_app.pair[\"x\"]: never made\n\
                Create shop_app.pair[\"y\"]: never made";
    assert_eq!(of(&[], &["shop_app.many"], &story), rest);
    assert_eq!(of(&["shop_app.source", "shop_app.pair"], &["shop_app.behind"], &story), rest);
}

#[test]
fn what_is_asked_for_must_be_known() {
    let story = Story::new();
    for targeted in ["shop_app.many", "shop_app.behind", "shop_test.smoke"] {
        assert!(of(&[targeted], &[], &story).starts_with("for_each is not known"), "{targeted}");
    }
    assert!(of(&[], &["shop_app.behind"], &story).starts_with("for_each is not known"));
}

#[test]
fn objects_of_what_is_left_out_stay() {
    let mut story = Story::new();
    story.apply(&TEXT.replace("[shop_app.source.id]", "[\"made\"]"));
    let key = |text: &str| story.state.entries.keys().any(|key| key.address.to_string() == text);
    assert!(key("shop_app.many[\"made\"]") && key("shop_app.behind"));
    let changed = TEXT.replace("value = \"a\"", "value = \"b\"\n  slot = \"red\"");
    for (targeted, excluded) in [(vec!["shop_app.source"], vec![]), (vec![], vec!["shop_app.many"])] {
        let options =
            Options { targets: targets(&targeted), excludes: targets(&excluded), ..Options::default() };
        let text = plan(&changed, &story.state, options, &Script::new());
        let planned: Vec<&str> = text.lines().filter(|line| !line.starts_with('!')).collect();
        assert_eq!(planned.len(), 1, "{text}");
        assert!(planned.iter().all(|line| line.contains("shop_app.source")), "{text}");
    }
}

#[test]
fn what_names_nothing_is_an_error() {
    let mut story = Story::new();
    story.apply(&TEXT.replace("[shop_app.source.id]", "[\"made\"]"));
    let known = ["shop_app.many[\"made\"]", "shop_app.pair", "shop_app.pair[\"y\"]", "shop_test.smoke"];
    for (name, is_known) in known.into_iter().map(|name| (name, true)).chain(
        ["shop_app.pairs", "shop_app.pair[\"z\"]", "shop_app.source[0]", "module.m", "shop_tag.smoke"]
            .map(|name| (name, false)),
    ) {
        let one = || targets(&[name]);
        let base = || Options { targets: targets(&["shop_app.pair"]), ..Options::default() };
        let all = [
            Options { excludes: one(), ..base() },
            Options { replace: one(), ..base() },
            Options { retry: one(), ..base() },
            Options { accept: one(), ..base() },
            Options { targets: one(), excludes: targets(&["shop_app.many"]), ..Options::default() },
        ];
        for options in all {
            let text = plan(TEXT, &story.state, options.clone(), &Script::new());
            assert_eq!(!text.starts_with("Nothing of that name"), is_known, "{name}: {options:?}\n{text}");
        }
    }
}
