#![allow(
    clippy::needless_raw_string_hashes,
    clippy::too_many_lines,
    reason = "snapshots are written by snapbox"
)]

use std::time::Duration;

use relplan_contract::{Outcome, Verdict};
use snapbox::{IntoData, assert_data_eq, str};

use super::{notice, summary};
use crate::event::{Ending, RunMode};
use crate::plan::Action;
use crate::run::report::{Notice, Row, RowResult, Summary};
use crate::view::samples;
use crate::view::style::Palette;

fn done(headline: Option<&str>) -> RowResult {
    RowResult::Done { verdict: None, headline: headline.map(str::to_owned) }
}

fn verdict(outcome: Outcome, summary: &str) -> Verdict {
    Verdict { details: vec!["test_cart\u{1b}[2K".into()], ..Verdict::new(outcome, summary) }
}

#[test]
fn a_run_tells_what_it_does() {
    let key = || samples::key("git_tag.app", Some("1.2.0"));
    let took = Duration::from_millis(1_900);
    let finished = |action, result| Notice::Finished { key: key(), action, result, took };
    let notices = [
        Notice::Started { key: key(), action: Action::Create },
        Notice::Line { key: key(), text: "pushing\nTotal 1\r".into() },
        Notice::Retrying {
            key: key(),
            attempt: 2,
            wait: Duration::from_secs(4),
            message: "Refused.\nBusy.".into(),
        },
        finished(Action::Create, done(None)),
        finished(Action::Update, done(Some("1.2.0"))),
        finished(
            Action::Destroy,
            RowResult::Failed { message: "No.\nIt is in use.".into(), adoptable: false },
        ),
        finished(Action::Create, RowResult::Uncertain { message: "The answer was lost.".into() }),
        finished(Action::Create, RowResult::Skipped { because: "exec_test.unit failed".into() }),
        finished(Action::Update, RowResult::TurnedBack { version: "1.1.0".into() }),
        Notice::Started { key: key(), action: Action::Judge },
        finished(
            Action::Judge,
            RowResult::Done { verdict: Some(verdict(Outcome::Passed, "42 tests passed.")), headline: None },
        ),
        finished(Action::Judge, RowResult::NotPassed { verdict: verdict(Outcome::Failed, "1 test failed.") }),
        Notice::RollingBack { check: key() },
        Notice::Stopping { running: 1 },
        Notice::Aborting { running: 1 },
    ];
    let mut text = notices.map(|of| notice(&of, &Palette::PLAIN)).concat();
    text += &notice(
        &Notice::Still { key: key(), action: Action::Forget, elapsed: Duration::from_secs(10) },
        &Palette::PLAIN,
    );
    assert_data_eq!(
        text,
        str![[r#"
git_tag.app: Creating...
git_tag.app | pushing
git_tag.app | Total 1\r
git_tag.app: Try 2 in 4s: Refused.
git_tag.app: Creation complete after 1s
git_tag.app: Modifications complete after 1s [1.2.0]
git_tag.app: Destruction failed after 1s: No.
  It is in use.
git_tag.app: Creation may or may not be done, after 1s: The answer was lost.
git_tag.app: Not started: exec_test.unit failed
git_tag.app: Turned back to 1.1.0 after 1s
git_tag.app: Judging...
git_tag.app: passed after 1s: 42 tests passed.
git_tag.app: failed after 1s: 1 test failed.
  test_cart\u001b[2K
git_tag.app: Rolling back what it judged, since it failed...

Stopping: nothing new is started, 1 action is still under way; interrupt again to abort it.


Aborting: 1 action is given up; what becomes of that is not known.

git_tag.app: Still letting go... [10s elapsed]

"#]]
        .raw()
    );
}

fn row(address: &str, action: Action, result: RowResult) -> Row {
    Row { key: samples::key(address, (action == Action::Create).then_some("1.2.0")), action, result }
}

#[test]
fn a_run_that_did_everything_ends_in_one_line() {
    let passed = RowResult::Done { verdict: Some(verdict(Outcome::Passed, "Ok.")), headline: None };
    let of = Summary {
        ending: Ending::Complete,
        rows: vec![
            row("git_tag.app", Action::Create, done(None)),
            row("exec_deployment.dev", Action::Update, done(Some("1.2.0"))),
            row("sqlite_database.a", Action::Replace { create_first: false }, done(None)),
            row("http_smoke_test.dev", Action::Judge, passed),
        ],
        head: Some(samples::digest()),
        next: Vec::new(),
    };
    assert_data_eq!(
        summary(&of, RunMode::Apply, &Palette::PLAIN),
        str![[r#"

Apply complete! Resources: 2 added, 1 changed, 1 destroyed.
Checks: 1 passed.

Head of the ledger: sha256:64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525

"#]]
        .raw()
    );
    assert!(
        summary(&of, RunMode::Destroy, &Palette::PLAIN)
            .contains("Destroy complete! Resources: 1 destroyed.\n")
    );
}

#[test]
fn a_run_that_did_not_shows_a_table_and_what_to_type() {
    let failed = verdict(Outcome::Failed, "3 of 5 requests failed.");
    let rows = vec![
        row("git_tag.app", Action::Create, done(None)),
        row("exec_deployment.production", Action::Update, RowResult::TurnedBack { version: "1.1.0".into() }),
        row("http_smoke_test.production", Action::Judge, RowResult::NotPassed { verdict: failed }),
        row(
            "exec_deployment.eu",
            Action::Update,
            RowResult::Failed { message: "Exit code 1.\nmore".into(), adoptable: false },
        ),
        row(
            "slack_message.all",
            Action::Create,
            RowResult::Uncertain { message: "The answer was lost.".into() },
        ),
        row(
            "exec_deployment.us",
            Action::Update,
            RowResult::Skipped { because: "waits for exec_deployment.eu".into() },
        ),
    ];
    let next = vec![
        ("relplan apply".into(), "goes on where this run stopped".into()),
        ("relplan apply -accept slack_message.all".into(), "if it was sent".into()),
    ];
    let of = Summary { ending: Ending::RolledBack, rows, head: Some(samples::digest()), next };
    assert_data_eq!(
        summary(&of, RunMode::Apply, &Palette::PLAIN),
        str![[r#"

  done         git_tag.app (record of 1.2.0)        created
  turned back  exec_deployment.production           to 1.1.0
  failed       http_smoke_test.production           3 of 5 requests failed.
  failed       exec_deployment.eu                   Exit code 1.
  uncertain    slack_message.all (record of 1.2.0)  The answer was lost.
  not started  exec_deployment.us                   waits for exec_deployment.eu

A check failed, and what it judged was turned back. Resources: 1 added, 0 changed, 0 destroyed, 1 turned back.
Checks: 1 failed.

Next:
  relplan apply                            goes on where this run stopped
  relplan apply -accept slack_message.all  if it was sent

Head of the ledger: sha256:64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525

"#]]
        .raw()
    );
}
