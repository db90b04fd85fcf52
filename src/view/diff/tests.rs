#![allow(clippy::needless_raw_string_hashes, reason = "snapbox writes snapshots like this")]

use relplan_contract::{Kind, Path, Value};
use snapbox::{IntoData, assert_data_eq, str};

use super::{Options, listing, named, object};
use crate::view::sheet;
use crate::view::style::Palette;

fn shown(lines: &[sheet::Line]) -> String {
    let mut text = String::new();
    sheet::write(lines, &Palette::PLAIN, &mut text);
    text
}

fn diff(before: &Value, after: &Value) -> String {
    shown(&object(before, after, Options::default()))
}

fn attribute(value: impl Into<Value>) -> Value {
    Value::map([("input", value.into())])
}

fn numbers(numbers: &[i64]) -> Value {
    Value::list(numbers.iter().map(|number| Value::integer(*number)))
}

#[test]
fn a_new_object_is_shown_whole() {
    let after = Value::map([
        ("id", Value::UNKNOWN),
        (
            "labels",
            Value::map([("team", Value::from("shop")), ("a b", Value::integer(1)), ("none", Value::NULL)]),
        ),
        ("name", Value::from("v1.2.0")),
        ("message", Value::from("one\ntwo\n")),
        ("empty", Value::list([])),
        ("numbers", numbers(&[1, 2])),
        ("password", Value::from("hunter2").mark(true)),
        ("left_out", Value::NULL),
    ]);
    assert_data_eq!(
        diff(&Value::NULL, &after),
        str![[r#"
      + empty    = []
      + id       = (known after apply)
      + labels   = {
          + "a b" = 1
          + team  = "shop"
        }
      + message  = <<-EOT
            one
            two
        EOT
      + name     = "v1.2.0"
      + numbers  = [
          + 1,
          + 2,
        ]
      + password = (sensitive value)

"#]]
    );
}

#[test]
fn an_update_hides_what_stays() {
    let object = |version: &str, retries: i64| {
        Value::map([
            ("id", Value::from("d-1")),
            ("image", Value::from("shop")),
            ("region", Value::from("eu")),
            ("retries", Value::integer(retries)),
            ("version", Value::from(version)),
        ])
    };
    let replace = [Path::attribute("version")];
    let options = Options { replace: &replace, ..Options::default() };
    let (before, after) = (object("1.1.0", 1), object("1.2.0", 2));
    assert_data_eq!(
        shown(&super::object(&before, &after, options)),
        str![[r#"
        id      = "d-1"
      ~ retries = 1 -> 2
      ~ version = "1.1.0" -> "1.2.0" # forces replacement
        # (2 unchanged attributes hidden)

"#]]
    );
    let terse = Options { terse: true, ..options };
    assert_data_eq!(
        shown(&super::object(&before, &after, terse)),
        str![[r#"
      ~ retries = 1 -> 2
      ~ version = "1.1.0" -> "1.2.0" # forces replacement

"#]]
    );
}

#[test]
fn a_destroyed_object_goes_to_null() {
    let before = Value::map([("id", Value::from("d-1")), ("tags", Value::map([("a", Value::from("b"))]))]);
    assert_data_eq!(
        diff(&before, &Value::NULL),
        str![[r#"
      - id   = "d-1" -> null
      - tags = {
          - a = "b"
        } -> null

"#]]
    );
}

#[test]
fn lists_show_one_neighbour_of_a_change() {
    let text = |items: &[&str]| attribute(Value::list(items.iter().map(|item| Value::from(*item))));
    let (before, after) =
        (text(&["a", "b", "c", "d", "e", "f"]), text(&["a", "b", "x", "y", "d", "e", "f", "g"]));
    assert_data_eq!(
        diff(&before, &after),
        str![[r#"
      ~ input = [
            # (1 unchanged element hidden)
            "b",
          - "c",
          + "x",
          + "y",
            "d",
            # (1 unchanged element hidden)
            "f",
          + "g",
        ]

"#]]
    );
}

#[test]
fn elements_of_lists_are_compared_one_by_one() {
    let step =
        |url: &str, status: i64| Value::map([("url", Value::from(url)), ("status", Value::integer(status))]);
    let before = attribute(Value::list([step("/a", 200), step("/b", 200)]));
    let after = attribute(Value::list([step("/a", 204)]));
    assert_data_eq!(
        diff(&before, &after),
        str![[r#"
      ~ input = [
          ~ {
              ~ status = 200 -> 204
                # (1 unchanged attribute hidden)
            },
          - {
              - status = 200
              - url    = "/b"
            },
        ]

"#]]
    );
}

#[test]
fn sets_are_compared_by_membership() {
    let set = |items: &[i64]| attribute(Value::set(items.iter().map(|item| Value::integer(*item))));
    assert_data_eq!(
        diff(&set(&[3, 1, 2]), &set(&[2, 3, 4])),
        str![[r#"
      ~ input = [
          - 1,
          + 4,
            # (2 unchanged elements hidden)
        ]

"#]]
    );
}

#[test]
fn maps_show_what_came_and_went() {
    let before =
        attribute(Value::map([("a", Value::integer(1)), ("b", Value::NULL), ("c", Value::integer(3))]));
    let after =
        attribute(Value::map([("b", Value::integer(2)), ("c", Value::integer(3)), ("d", Value::NULL)]));
    assert_data_eq!(
        diff(&before, &after),
        str![[r#"
      ~ input = {
          - a = 1 -> null
          ~ b = null -> 2
          + d = null
            # (1 unchanged attribute hidden)
        }

"#]]
    );
}

#[test]
fn long_text_is_compared_by_line_with_three_lines_around() {
    let before = (1..=12).map(|line| format!("line {line}\n")).collect::<Vec<_>>().concat();
    let after = before.replace("line 6\n", "line six\n");
    assert_data_eq!(
        diff(&attribute(before.as_str()), &attribute(after.trim_end())),
        str![[r#"
      ~ input = <<-EOT
            # (2 unchanged lines hidden)
            line 3
            line 4
            line 5
          - line 6
          + line six
            line 7
            line 8
            line 9
            # (3 unchanged lines hidden)
            # (the line break at the end goes)
        EOT

"#]]
    );
}

#[test]
fn line_ends_that_differ_are_seen() {
    let shown = |old: &str, new: &str| diff(&attribute(old), &attribute(new));
    assert_data_eq!(
        shown("a\nb\n", "a\r\nb\n"),
        str![[r#"
      ~ input = <<-EOT
          - a
          + a\r
            b
            # (\r stands for a carriage return)
        EOT

"#]]
        .raw()
    );
    assert_data_eq!(
        shown("a\r\nb\r\n", "a\r\nc\r\n"),
        str![[r#"
      ~ input = <<-EOT
            a
          - b
          + c
        EOT

"#]]
        .raw()
    );
}

#[test]
fn texts_that_differ_are_shown_differently_also_when_they_are_new() {
    let texts = [
        "one\ntwo\n",
        "one\ntwo",
        "one\r\ntwo\r\n",
        "one\r\ntwo",
        "one\ntwo\r\n",
        "one\r\ntwo\n",
        "one\\r\ntwo\\r\n",
        "one\ntwo\n\n",
        "one\n\ntwo\n",
        "\none\ntwo\n",
        "one\rtwo\n",
        "one\u{85}two\n",
        "{\"a\": 1}",
        "{\"a\": 1}\n",
        "{\"a\":\r\n1}",
        "{\"a\": 1, \"b\": null}",
    ];
    let shown: std::collections::BTreeSet<_> =
        texts.iter().map(|text| diff(&Value::NULL, &attribute(*text))).collect();
    assert_eq!(shown.len(), texts.len(), "{shown:#?}");
    let new = attribute("one\r\ntwo");
    assert_data_eq!(
        diff(&Value::NULL, &new),
        str![[r#"
      + input = <<-EOT
            one\r
            two
            # (\r stands for a carriage return)
            # (no line break at the end)
        EOT

"#]]
        .raw()
    );
}

#[test]
fn a_member_that_is_null_is_shown_where_the_author_named_it() {
    let value = Value::map([("a", Value::NULL), ("inner", Value::list([Value::map([("b", Value::NULL)])]))]);
    let object_of = |free: &[std::sync::Arc<str>]| {
        shown(&object(&Value::NULL, &attribute(value.clone()), Options { free, ..Options::default() }))
    };
    assert_data_eq!(
        object_of(&["input".into()]),
        str![[r#"
      + input = {
          + a     = null
          + inner = [
              + {
                  + b = null
                },
            ]
        }

"#]]
    );
    // In a block, what was left out is null as well.
    assert_data_eq!(
        object_of(&[]),
        str![[r#"
      + input = {
          + inner = [
              + {
                },
            ]
        }

"#]]
    );
    // An output has no type.
    assert!(shown(&named("o", &Value::NULL, &value, 1, Options::default())).contains("a     = null"));
}

#[test]
fn json_text_is_compared_by_content() {
    let (before, after) = (r#"{"a":1,"b":[1,2]}"#, r#"{"a": 2, "b": [1, 3]}"#);
    assert_data_eq!(
        diff(&attribute(before), &attribute(after)),
        str![[r#"
      ~ input = jsonencode(
          ~ {
              ~ a = 1 -> 2
              ~ b = [
                    1,
                  ~ 2 -> 3,
                ]
            }
        )

"#]]
    );
    assert_data_eq!(
        diff(&attribute(r"[1]"), &attribute(r"[ 1]")),
        str![[r#"
      ~ input = "[1]" -> "[ 1]"

"#]]
    );
}

#[test]
fn values_of_another_kind_are_shown_whole() {
    assert_data_eq!(
        diff(&attribute(numbers(&[1])), &attribute(Value::UNKNOWN)),
        str![[r#"
      ~ input = [
          - 1,
        ] -> (known after apply)

"#]]
    );
    assert_data_eq!(
        diff(&attribute("1"), &attribute(numbers(&[1]))),
        str![[r#"
      ~ input = "1" -> [
          + 1,
        ]

"#]]
    );
}

#[test]
fn what_is_sensitive_on_one_side_is_shown_on_neither() {
    let open = attribute(Value::map([("password", Value::from("hunter2"))]));
    let closed = attribute(Value::map([("password", Value::from("hunter3"))]).mark(true));
    for (before, after) in [(&open, &closed), (&closed, &open), (&closed.clone().mark(true), &open)] {
        let text = diff(before, after);
        assert!(text.contains("(sensitive value)") && !text.contains("hunter"), "{text}");
    }
    let same = attribute(Value::map([("password", Value::from("hunter2"))]).mark(true));
    assert!(!diff(&same, &open).contains("hunter"));
}

#[test]
fn a_sealed_value_counts_as_the_same_unless_a_reason_names_it() {
    let sealed = Value::map([("token", Value::new(Kind::Sealed("ab".into())).mark(true))]);
    let given = Value::map([("token", Value::from("hunter2").mark(true))]);
    assert_data_eq!(
        diff(&sealed, &given),
        str![[r#"
        # (1 unchanged attribute hidden)

"#]]
    );
    let changed = [Path::attribute("token")];
    let options = Options { changed: &changed, ..Options::default() };
    assert_data_eq!(
        shown(&object(&sealed, &given, options)),
        str![[r#"
      ~ token = (sensitive value)

"#]]
    );
}

#[test]
fn names_and_text_cannot_break_out() {
    let after = Value::map([("a\u{1b}[2K", Value::from("x\u{202e}\nEOT\u{7}\n"))]);
    let expected = str![[r#"
      + input = {
          + "a\u001b[2K" = <<-EOT
                x\u202e
                EOT\u0007
            EOT
        }

"#]];
    assert_data_eq!(diff(&Value::NULL, &attribute(after)), expected.raw());
}

#[test]
fn single_values_stand_at_the_edge() {
    let lines = named("url", &Value::from("a"), &numbers(&[1]), 5, Options::default());
    assert_data_eq!(
        shown(&lines),
        str![[r#"
  ~ url   = "a" -> [
      + 1,
    ]

"#]]
    );
}

#[test]
fn a_listing_shows_everything_that_is_there() {
    let value = Value::map([("id", Value::from("x")), ("none", Value::NULL), ("list", numbers(&[1]))]);
    assert_data_eq!(
        shown(&listing(&value, 1)),
        str![[r#"
        id   = "x"
        list = [
            1,
        ]

"#]]
    );
    assert_data_eq!(
        shown(&listing(&value.mark(true), 1)),
        str![[r#"
        # (sensitive value)

"#]]
    );
}
