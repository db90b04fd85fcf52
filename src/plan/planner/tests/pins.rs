//! What a record was made from stays with it: the outside may be other later, what the author wrote may not.

use relplan_contract::{Observed, Value};

use super::shop::{Script, Story, draft, plan, targets};
use crate::plan::{Answer, Options};

/// Notes that are made from what is outside, directly and through a local value and a condition, and from the file.
const NOTES: &str = r#"
release "shop" {
  version = "1.0.0"
}

variable "by" {
  default = "ann"
}

locals {
  id = shop_app.app.id
}

resource "shop_app" "app" {
  value = "x"
}

resource "shop_tag" "direct" {
  value = shop_app.app.id
}

resource "shop_tag" "mixed" {
  value   = "${local.id} by ${var.by}"
  through = "git"
}

resource "shop_tag" "chosen" {
  value = local.id == "made" ? "first" : "later"
  slot  = "blue"
}
"#;

/// The service is another one by now.
fn other() -> Script {
    let now = Value::map([
        ("value", Value::from("x")),
        ("through", Value::NULL),
        ("slot", Value::NULL),
        ("id", Value::from("other")),
    ]);
    Script::from([(("read", "shop_app.app"), crate::plan::Answer::Observed(Ok(Observed::Present(now))))])
}

fn made() -> Story {
    let mut story = Story::new();
    story.apply(NOTES);
    story
}

fn planned(text: &str, options: Options) -> Vec<String> {
    let text = plan(text, &made().state, options, &other());
    text.lines().filter(|line| *line != "! It was changed from outside.").map(str::to_owned).collect()
}

#[test]
fn what_only_the_outside_makes_other_is_kept_and_told() {
    let told = "! What is read from outside is other now than when it was made (`value`): it stays as it is.";
    assert_eq!(planned(NOTES, Options::default()), [told; 3]);
    let _: Answer = other().remove(&("read", "shop_app.app")).expect("an answer");
}

#[test]
fn what_the_author_wrote_is_refused_as_before() {
    for (from, to, place) in [
        (
            "value = local.id == \"made\" ? \"first\" : \"later\"\n  slot  = \"blue\"",
            "value = \"x\"\n  slot  = \"blue\"",
            "value",
        ),
        ("slot  = \"blue\"", "slot  = \"green\"", "slot"),
        ("value = shop_app.app.id", "value = \"made by hand\"", "value"),
    ] {
        let text = NOTES.replace(from, to);
        assert_ne!(text, NOTES);
        let failed =
            draft(&text, &made().state, Options::default(), &other(), &|_| 0).err().expect("refused");
        let found: Vec<&str> = failed.found.0.iter().map(|found| found.detail.as_str()).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(&format!("with other arguments: {place}.")), "{found:?}");
    }
}

#[test]
fn a_variable_is_of_the_author() {
    let text = NOTES.replace("value   = \"${local.id} by ${var.by}\"", "value   = var.by");
    let mut story = Story::new();
    story.apply(&text);
    let other_name = text.replace("\"ann\"", "\"bob\"");
    let refused = draft(&other_name, &story.state, Options::default(), &Script::new(), &|_| 0);
    assert!(refused.is_err());
}

#[test]
fn what_is_made_anew_is_made_from_what_is_there_now() {
    let again = Options { replace: targets(&["shop_tag.direct"]), ..Options::default() };
    let lines = planned(NOTES, again);
    assert_eq!(lines[0], "Create shop_tag.direct@1.0.0: asked for with -replace");
    assert_eq!(lines.len(), 3, "{lines:?}");
}
