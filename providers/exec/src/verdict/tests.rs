//! Every combination of an end and a report.

use relplan_contract::Outcome;

use super::*;
use crate::junit::Counts;

fn report(tests: u64, failures: u64, skipped: u64) -> Report {
    let failed = (0..failures).map(|number| format!("test {number}")).collect();
    let passed = tests - failures - skipped;
    Report { counts: Counts { tests, passed, failures, skipped, ..Counts::default() }, failed }
}

fn judged(ended: Ended, report: Option<&Result<Report, String>>) -> Verdict {
    bounded(ended, report, None)
}

fn bounded(ended: Ended, report: Option<&Result<Report, String>>, max_skipped: Option<u64>) -> Verdict {
    verdict(&Findings { ended, accepted: ended == Ended::Code(0), report, max_skipped, tail: "last words" })
}

#[test]
fn the_exit_code_judges_alone_where_no_report_is_asked_for() {
    for (ended, outcome) in [
        (Ended::Code(0), Outcome::Passed),
        (Ended::Code(1), Outcome::Failed),
        (Ended::Code(126), Outcome::Error),
        (Ended::Code(127), Outcome::Error),
        (Ended::Signal(9), Outcome::Error),
    ] {
        assert_eq!(judged(ended, None).outcome, outcome, "{ended:?}");
    }
    assert_eq!(judged(Ended::Code(1), None).details, ["last words"]);
}

#[test]
fn a_report_is_never_a_pass_unless_something_ran() {
    let missing = Err("missing".to_owned());
    for (ended, report, outcome) in [
        (Ended::Code(0), Ok(report(3, 0, 1)), Outcome::Passed),
        (Ended::Code(0), Ok(report(3, 1, 0)), Outcome::Failed),
        (Ended::Code(1), Ok(report(3, 1, 0)), Outcome::Failed),
        (Ended::Code(1), Ok(report(3, 0, 0)), Outcome::Failed),
        (Ended::Code(0), Ok(report(0, 0, 0)), Outcome::Inconclusive),
        (Ended::Code(0), Ok(report(2, 0, 2)), Outcome::Inconclusive),
        (Ended::Code(5), Ok(report(0, 0, 0)), Outcome::Error),
        (Ended::Code(0), missing.clone(), Outcome::Error),
        (Ended::Code(1), missing.clone(), Outcome::Error),
        (Ended::Signal(15), Ok(report(3, 0, 0)), Outcome::Error),
    ] {
        assert_eq!(judged(ended, Some(&report)).outcome, outcome, "{ended:?} {report:?}");
    }
}

#[test]
fn failed_tests_are_named_up_to_a_number() {
    let verdict = judged(Ended::Code(1), Some(&Ok(report(30, 25, 0))));
    assert_eq!(verdict.summary, "5 passed, 25 failed.");
    assert_eq!((verdict.details.len(), verdict.details[20].as_str()), (21, "and 5 more"));
}

#[test]
fn too_many_that_did_not_run_leave_it_open() {
    for (most, report, outcome) in [
        (None, report(9, 0, 8), Outcome::Passed),
        (Some(8), report(9, 0, 8), Outcome::Passed),
        (Some(7), report(9, 0, 8), Outcome::Inconclusive),
        (Some(0), report(9, 0, 1), Outcome::Inconclusive),
        (Some(0), report(9, 0, 0), Outcome::Passed),
        (Some(0), report(9, 1, 8), Outcome::Failed),
        (Some(9), report(9, 0, 9), Outcome::Inconclusive),
    ] {
        let verdict = bounded(Ended::Code(0), Some(&Ok(report)), most);
        assert_eq!(verdict.outcome, outcome, "{most:?}: {verdict:?}");
    }
}
