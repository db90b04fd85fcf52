//! A report of each tool, written after its documentation (`tests/junit`), and the verdict that the tool itself gives:
//! by its exit code, and what it prints. Where nothing ran, tools end with success, and we do not.

use std::collections::BTreeSet;
use std::path::Path;

use relplan_contract::Outcome::{self, Error, Failed, Inconclusive, Passed};
use relplan_contract::Tree;

use crate::junit;
use crate::process::Ended;
use crate::verdict::{Findings, verdict};

/// File, exit code of the tool, verdict, and what is said of it.
const REPORTS: [(&str, i32, Outcome, &str); 53] = [
    ("bats.xml", 1, Failed, "1 passed, 1 failed, 1 skipped."),
    ("bazel-crash.xml", 3, Failed, "0 passed, 1 failed."),
    ("behave-untested.xml", 0, Inconclusive, "No test ran: 0 passed, 0 failed, 2 skipped."),
    ("boost.xml", 201, Failed, "0 passed, 1 failed, 1 skipped."),
    ("catch2-mayfail.xml", 0, Passed, "1 passed, 0 failed, 1 skipped."),
    ("ctest-disabled.xml", 0, Inconclusive, "No test ran: 0 passed, 0 failed, 2 skipped."),
    ("ctest-failed.xml", 8, Failed, "1 passed, 1 failed."),
    ("cucumber-undefined.xml", 1, Failed, "1 passed, 1 failed."),
    ("cypress-pending.xml", 0, Inconclusive, "No test ran: 0 passed, 0 failed, 2 skipped."),
    ("dart.xml", 0, Passed, "1 passed, 0 failed, 1 skipped."),
    ("dunit-utf16be-failed.xml", 1, Failed, "1 passed, 1 failed."),
    ("go-junit-report-build.xml", 1, Failed, "1 passed, 1 failed."),
    ("googletest-all-skipped.xml", 0, Inconclusive, "No test ran: 0 passed, 0 failed, 1 skipped."),
    ("googletest-disabled.xml", 0, Passed, "1 passed, 0 failed, 1 skipped."),
    ("googletest-outside.xml", 1, Failed, "1 passed, 1 failed."),
    ("gotestsum.xml", 0, Passed, "1 passed, 0 failed, 1 skipped."),
    ("gradle.xml", 0, Passed, "2 passed, 0 failed, 1 skipped."),
    ("jest-junit-suite-error.xml", 1, Failed, "1 passed, 1 failed."),
    ("k6-thresholds.xml", 99, Failed, "1 passed, 1 failed."),
    ("karma-disconnected.xml", 1, Failed, "0 passed, 1 failed."),
    ("maestro.xml", 1, Failed, "1 passed, 1 failed."),
    ("minitest-skip-and-failure.xml", 0, Passed, "1 passed, 0 failed, 1 skipped."),
    ("mocha-junit-hook.xml", 1, Failed, "0 passed, 1 failed."),
    ("mocha-xunit.xml", 0, Passed, "2 passed, 0 failed, 1 skipped."),
    ("newman-request-error.xml", 1, Failed, "1 passed, 1 failed."),
    ("nextest-failed.xml", 100, Failed, "0 passed, 1 failed."),
    ("nextest-flaky.xml", 0, Passed, "2 passed, 0 failed."),
    ("node-test.xml", 0, Passed, "2 passed, 0 failed, 1 skipped."),
    ("nunit-inconclusive.xml", 0, Passed, "1 passed, 0 failed, 2 skipped."),
    ("nunit-setup-failed.xml", 1, Failed, "0 passed, 1 failed."),
    ("pester-utf8-bom.xml", 0, Passed, "1 passed, 0 failed, 1 skipped."),
    ("phpunit.xml", 1, Failed, "1 passed, 1 failed, 1 skipped."),
    ("playwright-flaky.xml", 0, Passed, "2 passed, 0 failed, 1 skipped."),
    ("pysys-skipped.xml", 0, Inconclusive, "No test ran: 0 passed, 0 failed, 1 skipped."),
    ("pytest-collection.xml", 2, Failed, "0 passed, 1 failed."),
    ("pytest-fixture.xml", 1, Failed, "0 passed, 1 failed."),
    ("pytest-nothing.xml", 5, Error, "Exit code 5 before any test ran."),
    ("pytest-xfail.xml", 0, Passed, "1 passed, 0 failed, 2 skipped."),
    ("qtest-warnings.xml", 0, Passed, "2 passed, 0 failed."),
    ("robot.xml", 0, Passed, "1 passed, 0 failed, 1 skipped."),
    ("rspec-outside.xml", 1, Failed, "0 passed, 1 failed."),
    ("rspec-pending.xml", 0, Passed, "1 passed, 0 failed, 1 skipped."),
    ("surefire-assumption.xml", 0, Inconclusive, "No test ran: 0 passed, 0 failed, 2 skipped."),
    ("surefire-flaky.xml", 0, Passed, "2 passed, 0 failed."),
    ("surefire-rerun-failed.xml", 1, Failed, "0 passed, 1 failed."),
    ("swift.xml", 1, Failed, "1 passed, 1 failed."),
    ("tap-plan.xml", 1, Failed, "1 passed, 1 failed."),
    ("testng-ignored.xml", 0, Inconclusive, "No test ran: 0 passed, 0 failed, 1 skipped."),
    ("utplsql-latin1-failed.xml", 1, Failed, "1 passed, 1 failed."),
    ("vbunit-utf16le.xml", 0, Passed, "2 passed, 0 failed."),
    ("vitest.xml", 0, Passed, "1 passed, 0 failed, 1 skipped."),
    ("xcpretty.xml", 0, Passed, "1 passed, 0 failed, 1 skipped."),
    ("xunit-net.xml", 0, Passed, "1 passed, 0 failed, 1 skipped."),
];

#[test]
fn each_report_is_judged_as_its_tool_judges() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/junit");
    let tree = Tree::anywhere("/".as_ref());
    for (file, code, outcome, summary) in REPORTS {
        let report = junit::read(&tree, &[folder.join(file)]);
        let ended = Ended::Code(code);
        let findings =
            Findings { ended, accepted: code == 0, report: Some(&report), max_skipped: None, tail: "" };
        let verdict = verdict(&findings);
        assert_eq!((verdict.outcome, &*verdict.summary), (outcome, summary), "{file}: {report:?}");
        // Where only the exit code would tell, the report has to: a pipe may lose it.
        let alone = self::verdict(&Findings { ended: Ended::Code(0), accepted: true, ..findings });
        assert_eq!(alone.outcome == Failed, outcome == Failed, "{file}: {alone:?}");
    }
    let told: BTreeSet<String> = REPORTS.iter().map(|(file, ..)| (*file).to_owned()).collect();
    let there = std::fs::read_dir(&folder).expect("the reports");
    let there =
        there.map(|file| file.expect("a report").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(told, there);
}

#[test]
fn names_are_read_in_their_own_characters() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/junit");
    for file in ["dunit-utf16be-failed.xml", "utplsql-latin1-failed.xml"] {
        let report = junit::read(&Tree::anywhere("/".as_ref()), &[folder.join(file)]).expect("a report");
        assert_eq!(report.failed, ["Wörter.kleiner: zu groß"], "{file}");
    }
}
