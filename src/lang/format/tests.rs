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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn formatting_twice_changes_nothing_more(text in "([a-c{}\\[\\]()=,.#\"$\n -]|<<E|/\\*|\\*/|[é0-9]){0,60}") {
        let once = format(&text);
        prop_assert_eq!(format(&once), once);
    }

    #[test]
    fn nothing_but_white_space_changes(text in "([a-c{}\\[\\]()=,.#\"$\n -]|<<E|/\\*|\\*/|[é0-9]){0,60}") {
        prop_assert_eq!(without_space(&format(&text)), without_space(&text));
    }
}
