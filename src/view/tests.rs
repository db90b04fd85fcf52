//! What holds in every view, on random values and on large ones.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use relplan_contract::{Lifetime, Number, Path, Value};

use super::style::Palette;
use super::{json, markdown, samples, state, text};
use crate::addr::{Key, is_deceptive};
use crate::plan::{Action, Change, Drift, OutputChange, Plan, Reason};

/// Text that tries to break out of where it stands.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b c",
        "\n",
        "\r\n",
        "\t",
        "\"",
        "\\",
        "${x}",
        "`",
        "```",
        "|",
        "<b>",
        "-->",
        "EOT",
        "{\"a\":1}",
        "\u{1b}[2J",
        "\u{202e}",
        "\u{9b}",
        "\u{200b}",
        "\u{2028}",
        "\u{feff}",
        "\u{e0041}",
        "ü",
        "🎉",
    ]);
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// A value of which only marked parts hold the secret.
fn value() -> impl Strategy<Value = Value> {
    let secret = prop_oneof![
        Just(samples::secret()),
        Just(samples::sealed()),
        Just(Value::list([Value::from(samples::SECRET)]).mark(true)),
        Just(Value::map([(samples::SECRET, Value::NULL)]).mark(true)),
        Just(Value::UNKNOWN.mark(true)),
    ];
    let leaf = prop_oneof![
        Just(Value::NULL),
        Just(Value::UNKNOWN),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Number::parse("0.1").expect("a number").into()),
        nasty().prop_map(Value::from),
        nasty().prop_map(Value::from),
        secret,
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::list),
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::set),
            prop::collection::btree_map(nasty(), inner, 0..5).prop_map(Value::map),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::NULL),
        9 => prop::collection::btree_map(prop_oneof![Just("id".to_owned()), nasty()], value(), 0..5).prop_map(Value::map),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop::sample::select(vec![
        Action::Create,
        Action::Update,
        Action::Replace { create_first: true },
        Action::Destroy,
        Action::Judge,
        Action::Forget,
        Action::Read,
    ])
}

fn plan() -> impl Strategy<Value = Plan> {
    (object(), object(), action(), nasty()).prop_map(|(before, after, action, text)| {
        let mut change: Change = samples::change(
            "git_tag.a",
            Lifetime::Live,
            action,
            Reason::InputsChanged(vec![Path::attribute(&text)]),
        );
        change.key.address.key = Some(Key::Name(text.as_str().into()));
        (change.before, change.after) = (before.clone(), after.clone());
        change.notes.push(text.clone());
        change.undo.clone_from(&text);
        change.headline = Some("id".into());
        let drift = Drift { key: change.key.clone(), before: before.clone(), after: after.clone() };
        let output = OutputChange { name: text.as_str().into(), before, after };
        Plan {
            product: text.as_str().into(),
            version: text.into(),
            changes: vec![change],
            drift: vec![drift],
            outputs: vec![output],
            ..samples::empty()
        }
    })
}

fn assert_safe(shown: &str) -> Result<(), TestCaseError> {
    prop_assert!(!shown.contains(samples::SECRET) && !shown.contains("0f0f0f"), "{}", shown);
    let deceptive = shown.chars().find(|c| *c != '\n' && is_deceptive(*c));
    prop_assert_eq!(deceptive, None, "{}", shown);
    Ok(())
}

proptest! {
    #[test]
    fn no_view_shows_a_secret_or_lets_text_deceive(plan in plan()) {
        let digest = samples::digest();
        let plain = text::plan(&plan, &digest, &Palette::PLAIN);
        assert_safe(&plain)?;
        let stripped: String = anstream::adapter::strip_str(&text::plan(&plan, &digest, &Palette::COLOR)).collect();
        prop_assert_eq!(&stripped, &plain);
        let shown = markdown::plan(&plan, &digest);
        assert_safe(&shown)?;
        prop_assert!(shown.len() <= markdown::LIMIT);
        assert_safe(&json::to_line(&json::plan(&plan, &digest)))?;
        assert_safe(&json::to_text(&json::plan(&plan, &digest)))?;
    }

    #[test]
    fn no_view_of_the_state_shows_a_secret_or_lets_text_deceive(value in object(), text in nasty()) {
        let mut of = samples::state();
        for entry in of.entries.values_mut() {
            entry.value = value.clone();
            entry.version = text.as_str().into();
            entry.provider.clone_from(&text);
        }
        of.outputs.insert(text.as_str().into(), value);
        for (key, entry) in &of.entries {
            assert_safe(&state::show(&of, key, entry, &Palette::PLAIN))?;
            assert_safe(&json::to_line(&json::entry(key, entry)))?;
        }
        assert_safe(&state::table(&of, &Palette::PLAIN))?;
        assert_safe(&state::outputs(&of))?;
        assert_safe(&json::to_line(&json::state(&of)))?;
    }
}

fn numbers(range: std::ops::Range<i64>) -> Vec<Value> {
    range.map(Value::integer).collect()
}

#[test]
fn large_values_are_compared_in_time() {
    let names = |from: i64| (from..from + 20_000).map(|n| (format!("k{n:06}"), Value::integer(n)));
    let lines = |from: i64| (from..from + 20_000).map(|n| format!("{n}\n")).collect::<Vec<_>>().concat();
    let wide = |from| {
        Value::map([
            ("list", Value::list(numbers(from..from + 20_000))),
            ("map", Value::map(names(from))),
            ("set", Value::set(numbers(from..from + 20_000))),
            ("text", Value::from(lines(from))),
        ])
    };
    let mut change = samples::change("git_tag.a", Lifetime::Live, Action::Update, Reason::NeverMade);
    change.before = wide(0);
    for shift in [7, 15_000, 100_000] {
        change.after = wide(shift);
        let plan = Plan { changes: vec![change.clone()], ..samples::empty() };
        let start = Instant::now();
        let shown = text::plan(&plan, &samples::digest(), &Palette::PLAIN);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        assert!(shown.contains("- 6,\n") && shown.contains(&format!("+ {},\n", 19_999 + shift)));
    }
}

#[test]
fn ten_thousand_changes_become_json_in_time() {
    let plan = samples::large(10_000);
    let start = Instant::now();
    let line = json::to_line(&json::plan(&plan, &samples::digest()));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(line.contains("git_tag.app[9999]"));
}
