//! What is said of expressions that have no value: how many findings, where, and with which words.

use super::*;

/// The findings of a text: the marked part of the text, and the detail.
fn findings<const N: usize>(variables: [(&'static str, Value); N], text: &str) -> Vec<(String, String)> {
    let found = with(variables, text).expect_err("an error");
    let mark = |finding: &Diagnostic| {
        let span = finding.labels.first().expect("a place").span;
        text.get(span.start as usize..span.end as usize).unwrap_or("?").to_owned()
    };
    found.0.iter().map(|finding| (mark(finding), finding.detail.clone())).collect()
}

fn check(text: &str, place: &str, words: &str) {
    let found = findings([], text);
    assert!(
        found.iter().any(|(at, detail)| at == place && detail.contains(words)),
        "{text}: no {words:?} at {place:?} in {found:?}"
    );
    assert_eq!(found.len(), 1, "{text}: {found:?}");
}

#[test]
fn the_part_at_fault_is_marked() {
    check("1 + [true]", "[true]", "`+` needs a number, but this is a list of one element");
    check("2 * (1 / (3 - 3))", "(3 - 3)", "The divisor is zero");
    check("5 % 0", "0", "The divisor is zero");
    check("1e1000 * 1e1000 * 1e1000", "1e1000 * 1e1000 * 1e1000", "more digits than a number can have");
    check("[1, 2][7]", "7", "There is no element 7: the list has 2 elements, from 0 to 1");
    check("{ region = 1 }.regoin", "regoin", "no attribute \"regoin\"");
    check("{ region = 1 }[\"x\"]", "\"x\"", "no key \"x\"");
    check("[{ a = 1 }].a", "a", "A list has no attributes of its own");
    check("null.a", "a", "This value is null");
    check("\"x${[1]}\"", "[1]", "Only a string, a number or a bool can stand in a text");
    check("[for x in 5 : x]", "5", "but this is the number 5");
    check("{ for x in [1, 1] : \"k\" => x }", "\"k\"", "make the same key \"k\"");
    check("null ? 1 : 2", "null", "must be true or false, but this is null");
    check("true ? 1 : []", "1", "one is a number and the other is a list");
    check("upper([\"a\"])", "[\"a\"]", "a string is required, but this is a list of one element");
    check("join(\",\", [\"a\", null])", "[\"a\", null]", "an element is null");
    check("uper(\"a\")", "uper", "There is no function `uper`");
    check("substr(\"a\")", "substr", "takes 3 arguments, but 1 is given. `offset` is missing");
    check("max(\"a\"...)", "\"a\"", "`...` takes the elements of a list");
    check("var", "var", "A name is needed behind `var`");
}

#[test]
fn help_offers_what_was_meant() {
    let help = |text: &str| with([], text).expect_err("an error").0[0].help.clone();
    assert_eq!(help("{ region = 1 }.regoin"), "Did you mean `region`?");
    assert_eq!(help("uper(\"a\")"), "Did you mean `upper`?");
    assert_eq!(help("{ a = 1, b = 2 }.zzzz"), "It has the attributes \"a\", \"b\".");
    assert_eq!(
        help("lookup({ region = 1 }, \"regoin\")"),
        "Did you mean \"region\"? A third argument is taken where there is none."
    );
    assert!(help("\"a\" + \"b\"").starts_with("To join strings"));
}

#[test]
fn parts_side_by_side_are_all_looked_at() {
    assert_eq!(findings([], "[1 / 0, 2, {}.x, upper(null)]").len(), 3);
    assert_eq!(findings([], "{ a = 1 / 0, (null) = {}.x }").len(), 3);
    assert_eq!(findings([], "(1 / 0) + \"x${null}\"").len(), 2);
    assert_eq!(findings([], "join(1 / 0, {}.x)").len(), 2);
    assert_eq!(findings([], "\"${null} and ${[]}\"").len(), 2);
    assert_eq!(findings([], "replace(null, [], {})").len(), 3);
    let loops = findings([], "[for x in [1, 2, 3] : x / 0]");
    assert_eq!(loops.len(), 1, "the rounds of a loop have the same fault");
}

#[test]
fn long_values_are_cut_in_messages() {
    let long = "x".repeat(5_000);
    for text in [
        "var.long + 1",
        "tonumber(var.long)",
        "{}[var.long]",
        "timeadd(var.long, \"1h\")",
        "regex(\"z\", var.long)",
    ] {
        let found = findings([("long", Value::from(long.as_str()))], text);
        assert!(found.iter().all(|(_, detail)| detail.len() < 300), "{found:?}");
    }
}

#[test]
fn try_tells_of_all_its_failures() {
    let found = with([], "try({}.a, [][0])").expect_err("an error");
    assert_eq!(found.0[0].labels.len(), 3);
    assert_eq!(found.0[0].labels[1].text, "Unsupported attribute");
    assert_eq!(found.0[0].labels[2].text, "Index out of range");
}
