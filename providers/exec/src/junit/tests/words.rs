//! Words for tests that did not run, and suites that tell of more than their tests do.

use super::*;

/// Passed, bad, skipped.
fn counts(inside: &str) -> (u64, u64, u64) {
    let report = parse(&format!("<testsuites>{inside}</testsuites>")).expect("a report");
    let bad = report.counts.failures + report.counts.errors;
    (report.counts.passed, bad, report.counts.skipped)
}

#[test]
fn what_did_not_run_is_said_in_many_ways() {
    for attributes in [
        "status='notrun'",
        "status='not_run'",
        "status='Not Run'",
        "status='disabled'",
        "status='Skipped'",
        "status='SKIP'",
        "status='ignored'",
        "status='pending'",
        "status='untested'",
        "status='undefined'",
        "status='notrun' result='suppressed'",
        "status='run' result='skipped'",
        "result='suppressed'",
        "result='Inconclusive'",
        "result='NotExecuted'",
        "outcome='Not Executed'",
        "state='blocked'",
        "STATUS='Disabled'",
        "status='filtered_out'",
        "status='canceled'",
        "status='aborted'",
        "status='todo'",
        "executed='False'",
        "skipped='true'",
        "disabled='1'",
        "ignored='yes'",
    ] {
        assert_eq!(
            counts(&format!("<testsuite><testcase name='a' {attributes}/></testsuite>")),
            (0, 0, 1),
            "{attributes}"
        );
    }
    for element in [
        "<skipped/>",
        "<Skipped message='x'/>",
        "<skip/>",
        "<ignored/>",
        "<disabled/>",
        "<pending/>",
        "<notrun/>",
        "<inconclusive/>",
        "<todo/>",
        "<x:skipped xmlns:x='urn:x'/>",
        "<properties/><skipped>why</skipped>",
    ] {
        assert_eq!(
            counts(&format!("<testsuite><testcase name='a'>{element}</testcase></testsuite>")),
            (0, 0, 1),
            "{element}"
        );
    }
}

#[test]
fn what_ran_and_what_failed_is_said_in_many_ways_too() {
    for ran in [
        "",
        "status='run'",
        "status='passed'",
        "status='run' result='completed'",
        "result='pass'",
        "status='0'",
        "executed='True'",
        "skipped='0'",
        "status='finished'",
        "status='expected_failure'",
        "name2='skipped'",
    ] {
        assert_eq!(counts(&format!("<testsuite><testcase name='a' {ran}/></testsuite>")), (1, 0, 0), "{ran}");
    }
    for bad in [
        "status='failed'",
        "result='Error'",
        "status='FAIL'",
        "outcome='timedOut'",
        "status='broken'",
        "success='False'",
    ] {
        assert_eq!(counts(&format!("<testsuite><testcase name='a' {bad}/></testsuite>")), (0, 1, 0), "{bad}");
    }
}

#[test]
fn a_suite_that_broke_is_seen_wherever_it_stands() {
    for broken in [
        "<testsuite tests='0' errors='1'/>",
        "<testsuite tests='0' failures='1'/>",
        "<testsuite name='s'><error message='no database'/></testsuite>",
        "<testsuite name='s'><testsuite name='t'><failure>no</failure></testsuite></testsuite>",
        "<testsuite errors='0'><testsuite errors='0'><testsuite errors='1'/></testsuite></testsuite>",
        "<folder><testsuite errors='1'/></folder>",
        "<testsuite name='s' status='error'/>",
        "<error/>",
    ] {
        assert_eq!(counts(broken).1, 1, "{broken}");
        let beside = format!("<testsuite tests='1' errors='0'><testcase name='a'/></testsuite>{broken}");
        assert_eq!(counts(&beside).1, 1, "{beside}");
        let under_zeros = format!("<testsuites tests='1' errors='0' failures='0'>{broken}</testsuites>");
        assert_eq!(
            parse(&under_zeros).map(|report| report.counts.failures + report.counts.errors),
            Ok(1),
            "{under_zeros}"
        );
    }
    let report = parse("<testsuite name='s'><error message='no database'/></testsuite>").expect("a report");
    assert_eq!(report.failed, ["s: no database"]);
    // Counted once, whoever tells of it.
    let told = "<testsuite errors='1'><testcase name='a'><error/></testcase></testsuite>";
    assert_eq!(counts(told), (0, 1, 0));
    let two =
        "<testsuite failures='1'><testcase name='a'><failure/></testcase></testsuite><testsuite errors='1'/>";
    assert_eq!(counts(two).1, 2);
}

#[test]
fn numbers_tell_of_fewer_that_ran() {
    for (suite, counted) in [
        ("<testsuite tests='2' disabled='2'/>", (0, 0, 2)),
        ("<testsuite tests='3' skipped='1' disabled='1'/>", (1, 0, 2)),
        ("<testsuite tests='2' ignored='2'/>", (0, 0, 2)),
        ("<testsuite tests='2' skip='1'/>", (1, 0, 1)),
        ("<testsuite tests='2' skips='9'/>", (0, 0, 2)),
        ("<testsuite tests='0' skipped='1'/>", (0, 0, 0)),
        ("<testsuite tests='2' skipped='1'><testcase/><testcase/></testsuite>", (1, 0, 1)),
        (
            "<testsuite tests='2' skipped='1' disabled='1'><testcase><skipped/></testcase><testcase/></testsuite>",
            (1, 0, 1),
        ),
        ("<testsuite tests='99999999999999999999' errors='-1' skipped='x'/>", (0, 0, 0)),
        (
            "<testsuite tests='18446744073709551615'/><testsuite tests='18446744073709551615'/>",
            (u64::MAX, 0, 0),
        ),
    ] {
        assert_eq!(counts(suite), counted, "{suite}");
    }
}

#[test]
fn absurd_numbers_are_no_danger() {
    let most = u64::MAX;
    let suite = format!("<testsuite tests='{most}' failures='{most}' errors='{most}' skipped='{most}'/>");
    let report = parse(&format!("<testsuites>{suite}{suite}</testsuites>")).expect("a report");
    assert_eq!(report.to_string(), format!("0 passed, {most} failed, {most} skipped."));
}

#[test]
fn suites_in_each_other_are_no_danger() {
    let deep = format!("{}<error/>{}", "<testsuite>".repeat(100_000), "</testsuite>".repeat(100_000));
    assert_eq!(counts(&deep), (0, 1, 0));
}
