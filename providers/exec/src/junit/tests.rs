//! Reports as different tools write them, and hostile ones.

mod tools;
mod words;

use super::guard::without_illegal;
use super::*;

fn counts(text: &str) -> (u64, u64, u64, u64) {
    let report = parse(text).expect("a report");
    (report.counts.tests, report.counts.failures, report.counts.errors, report.counts.skipped)
}

#[test]
fn cases_are_counted_in_nested_suites() {
    let text = r#"<?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="all">
          <testsuite name="cart" tests="3">
            <testcase classname="cart" name="adds"/>
            <testcase classname="cart" name="pays"><failure message="402 &lt; 200">at line 7</failure></testcase>
            <testsuite name="inner"><testcase name="breaks"><error>lost
                connection</error></testcase></testsuite>
          </testsuite>
          <testsuite name="later"><testcase name="soon"><skipped/></testcase></testsuite>
        </testsuites>"#;
    let report = parse(text).expect("a report");
    assert_eq!(report.failed, ["cart.pays: 402 < 200", "breaks: lost"]);
    assert_eq!(
        (report.counts.tests, report.counts.failures, report.counts.errors, report.counts.skipped),
        (4, 1, 1, 1)
    );
    assert_eq!((report.to_string(), report.ran()), ("1 passed, 2 failed, 1 skipped.".into(), 3));
}

#[test]
fn numbers_count_where_cases_are_left_out_or_tell_of_less() {
    assert_eq!(counts(r#"<testsuite tests="5" failures="1" skipped="2"/>"#), (5, 1, 0, 2));
    assert_eq!(
        counts(r#"<testsuites><testsuite tests="2"/><testsuite tests="3" errors="1"/></testsuites>"#),
        (5, 0, 1, 0)
    );
    assert_eq!(counts(r#"<testsuite tests="1" errors="1"><testcase name="a"/></testsuite>"#), (1, 0, 1, 0));
    assert_eq!(counts("\u{feff}\n<testsuites/>"), (0, 0, 0, 0));
    assert_eq!(counts(r#"<testsuite tests="many" failures="-1"/>"#), (0, 0, 0, 0));
}

#[test]
fn other_and_hostile_documents_are_refused() {
    for text in ["", "no XML", "<html/>", "<testsuite>", "<testsuite><testcase></testsuite>"] {
        assert!(parse(text).is_err(), "{text}");
    }
    let entities = r#"<!DOCTYPE t [<!ENTITY a "xxxx"><!ENTITY b "&a;&a;">]><testsuite name="&b;"/>"#;
    assert!(parse(entities).is_err());
    let many = format!("<testsuite>{}</testsuite>", "<a/>".repeat(1_000_001));
    assert!(parse(&many).is_err());
}

#[test]
fn what_tools_write_against_the_rules_is_borne() {
    let coloured =
        "<testsuite><testcase name=\"a\"><failure>\u{1b}[31mno\u{0}</failure></testcase></testsuite>";
    assert_eq!(parse(coloured).expect("a report").failed, ["a: \u{fffd}[31mno\u{fffd}"]);
    let referenced = "<testsuite><testcase name=\"a&#27;&#x1B;&#xfc;&#252;\"><error/></testcase></testsuite>";
    assert_eq!(parse(referenced).expect("a report").failed, ["a\u{fffd}\u{fffd}\u{fc}\u{fc}"]);
    for odd in ["&#", "&#;", "&#\u{fc};", "&#x110000;", "&#99999999999999;"] {
        without_illegal(odd);
    }
}

#[test]
fn a_deep_document_is_no_danger() {
    let deep = format!("<testsuite>{}{}</testsuite>", "<a>".repeat(100_000), "</a>".repeat(100_000));
    assert_eq!(counts(&deep), (0, 0, 0, 0));
}

#[test]
fn several_reports_add_up_and_none_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = ["a.xml", "b.xml"].map(|name| folder.path().join(name));
    for path in &paths {
        std::fs::write(path, r#"<testsuite><testcase name="x"/></testsuite>"#).expect("written");
    }
    assert_eq!(read(&Tree::anywhere("/".as_ref()), &paths).expect("read").counts.tests, 2);
    assert_eq!(
        read(&Tree::anywhere("/".as_ref()), &[]),
        Err("The test command wrote no report where `junit` says.".into())
    );
    std::fs::write(&paths[1], [0xff, 0xfe]).expect("written");
    assert!(read(&Tree::anywhere("/".as_ref()), &paths).is_err(), "two bytes are no report");
}

#[test]
fn what_would_take_the_reader_minutes_is_refused() {
    let attributes =
        |count: usize| (0..count).map(|index| format!(" a{index}='>'")).collect::<Vec<_>>().concat();
    let case =
        |before: &str, attributes: &str| format!("<testsuite>{before}<testcase{attributes}/></testsuite>");
    assert_eq!(counts(&case("", &attributes(900))), (1, 0, 0, 0));
    for before in ["", "<!-- don't -->", "<![CDATA[ it's = ' ]]>", "<?x '?>", "<a b=\"'\"/>", "text ' = "] {
        let error = parse(&case(before, &attributes(200_000))).expect_err(before);
        assert_eq!(error, "an element has more than 1000 attributes", "{before}");
    }
    let nested = (0..100_000).map(|index| format!("<a xmlns:n{index}='x'>")).collect::<Vec<_>>().concat();
    let error = parse(&format!("<testsuite>{nested}")).expect_err("too many");
    assert_eq!(error, "it names more than 5000 namespaces");
}
