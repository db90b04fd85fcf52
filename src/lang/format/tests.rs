//! Properties that hold for every text, and a few examples; `tests/fmt` has more.

use proptest::prelude::*;

use super::format;

fn without_space(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn arguments_are_aligned_and_blocks_indented() {
    let source = "a=1\nlonger   =  [1,2 ]# why\n\nb \"x\"{\nc=-1\nd = {\ne=f(1)-2\n}\n}";
    let expected =
        "a      = 1\nlonger = [1, 2] # why\n\nb \"x\" {\n  c = -1\n  d = {\n    e = f(1) - 2\n  }\n}\n";
    assert_eq!(format(source), expected);
}

#[test]
fn texts_and_heredocs_stay_as_they_are() {
    let source = "a = \"x ${y[\"k\"]}  {\"\nb = <<-EOT\n    {  kept\n  EOT\nc = 1\n";
    assert_eq!(format(source), source);
}

#[test]
fn a_megabyte_takes_no_time_to_speak_of() {
    let source = "name = [1, 2, { a = \"${b}\" }] # remark\n".repeat(30_000);
    assert_eq!(format(&source), source);
}

/// Up to three blanks, where the language allows any number.
fn gap() -> impl Strategy<Value = String> {
    " {0,3}"
}

/// An expression with blanks at random, on one line.
fn expression() -> impl Strategy<Value = String> {
    let leaf =
        prop_oneof!["[a-cé]{1,3}", "[0-9]{1,2}", Just("\"t ${a} {\"".to_owned()), Just("-1".to_owned())];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let list = prop::collection::vec((gap(), inner.clone(), gap()), 0..4);
        let list = list
            .prop_map(|parts| parts.iter().map(|(a, b, c)| format!("{a}{b}{c}")).collect::<Vec<_>>())
            .boxed();
        prop_oneof![
            list.clone().prop_map(|parts| format!("[{}]", parts.join(","))),
            list.prop_map(|parts| format!("f({})", parts.join(","))),
            (inner.clone(), gap(), "(\\+|\\*|==|&&|-)", gap(), inner.clone())
                .prop_map(|(a, b, op, c, d)| format!("{a}{b}{op}{c}{d}")),
            (inner.clone(), gap(), inner).prop_map(|(a, b, c)| format!("{{{b}k={b}{a},{b}l ={c}}}")),
        ]
    })
}

/// A body of arguments, blocks, remarks and empty lines, indented at random.
fn body() -> impl Strategy<Value = String> {
    let remark = prop_oneof![Just(String::new()), gap().prop_map(|gap| format!("{gap}# why"))];
    let argument = (gap(), "[a-c]{1,4}", gap(), expression(), remark)
        .prop_map(|(a, name, b, value, remark)| format!("{a}{name}{b}={b}{value}{remark}\n"));
    let line = prop_oneof![
        8 => argument,
        1 => Just("\n".to_owned()),
        1 => gap().prop_map(|gap| format!("{gap}/* a\n b */\n")),
        1 => gap().prop_map(|gap| format!("{gap}h = <<-E\n{gap}  text\n  E\n")),
    ];
    line.prop_recursive(3, 24, 5, |inner| {
        let lines = prop::collection::vec(inner, 0..5);
        (gap(), lines, gap())
            .prop_map(|(a, lines, b)| format!("{a}block{b}\"l\"{b}{{\n{}{b}}}\n", lines.concat()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn formatting_twice_changes_nothing_more(bodies in prop::collection::vec(body(), 0..6)) {
        let once = format(&bodies.concat());
        prop_assert_eq!(format(&once), once);
    }

    #[test]
    fn nothing_but_white_space_changes(text in "([a-c{}\\[\\]()=,.#\"$\n -]|<<E|/\\*|\\*/|[é0-9]){0,60}") {
        prop_assert_eq!(without_space(&format(&text)), without_space(&text));
    }
}
