//! How a test ended: from its exit code and its report to a verdict.

use relplan_contract::{Outcome, Verdict};

use crate::junit::Report;
use crate::process::Ended;

/// How many failed tests the verdict names.
const NAMED: usize = 20;

/// All that is known of a test run.
pub(crate) struct Findings<'f> {
    pub(crate) ended: Ended,
    /// Whether the exit code counts as success.
    pub(crate) accepted: bool,
    /// The report or why there is none; none where none was asked for.
    pub(crate) report: Option<&'f Result<Report, String>>,
    /// How many tests may have been skipped; none for any number.
    pub(crate) max_skipped: Option<u64>,
    pub(crate) tail: &'f str,
}

/// Only tests that ran and were found bad make it *failed*, since that is what rolls a release back.
pub(crate) fn verdict(findings: &Findings<'_>) -> Verdict {
    let with_tail = |outcome, summary: String| Verdict {
        details: findings.tail.lines().map(str::to_owned).collect(),
        ..Verdict::new(outcome, summary)
    };
    let code = match findings.ended {
        Ended::Code(code) => code,
        Ended::Signal(signal) => {
            return with_tail(Outcome::Error, format!("The test command was killed by signal {signal}."));
        }
        Ended::Stopped => return with_tail(Outcome::Error, "The test command was interrupted.".into()),
    };
    if matches!(code, 126 | 127) && !findings.accepted {
        let message = format!("Exit code {code}: the test command or a program in it could not be run.");
        return with_tail(Outcome::Error, message);
    }
    match findings.report {
        None if findings.accepted => Verdict::new(Outcome::Passed, format!("Exit code {code}.")),
        None => with_tail(Outcome::Failed, format!("Exit code {code}.")),
        Some(Err(message)) if findings.accepted => with_tail(Outcome::Error, message.clone()),
        Some(Err(message)) => with_tail(Outcome::Error, format!("Exit code {code}. {message}")),
        Some(Ok(report)) => by_report(report, code, findings, &with_tail),
    }
}

fn by_report(
    report: &Report,
    code: i32,
    findings: &Findings<'_>,
    with_tail: &dyn Fn(Outcome, String) -> Verdict,
) -> Verdict {
    let counts = report.to_string();
    if report.counts.bad() > 0 {
        let mut details: Vec<String> = report.failed.iter().take(NAMED).cloned().collect();
        let more = report.failed.len().saturating_sub(NAMED);
        if more > 0 {
            details.push(format!("and {more} more"));
        }
        return Verdict { details, ..Verdict::new(Outcome::Failed, counts) };
    }
    match (report.ran(), findings.accepted) {
        (0, true) => Verdict::new(Outcome::Inconclusive, format!("No test ran: {counts}")),
        (0, false) => with_tail(Outcome::Error, format!("Exit code {code} before any test ran.")),
        (_, true) => match findings.max_skipped.filter(|most| report.counts.skipped > *most) {
            // What did not run says nothing bad: it is missing.
            Some(most) => {
                let message = format!("More than {most} tests did not run: {counts}");
                Verdict::new(Outcome::Inconclusive, message)
            }
            None => Verdict::new(Outcome::Passed, counts),
        },
        (_, false) => {
            with_tail(Outcome::Failed, format!("Exit code {code}, though no test is reported as failed."))
        }
    }
}

#[cfg(test)]
mod tests;
