//! One attempt: the steps in order, until one is not as expected.

use relplan_contract::{Json, Outcome, Value};

use crate::client::{Answer, Client};
use crate::content::{self, Content, Missing};
use crate::expect::Judged;
use crate::fault::Fault;
use crate::shown::Shown;
use crate::step::Step;
use crate::template::Captured;

/// The most lines of one attempt's report.
const MOST_LINES: usize = 20;

/// How an attempt ended.
#[derive(Clone)]
pub(crate) struct Attempt {
    /// Passed, failed or error.
    pub(crate) outcome: Outcome,
    /// What is wrong, fit to be shown: the step first, then a line for each expectation.
    pub(crate) lines: Vec<String>,
    /// Status of the last answer.
    pub(crate) status: Option<u16>,
    pub(crate) captured: Captured,
    /// The object of each step that was made.
    pub(crate) steps: Vec<Value>,
    /// Where the next attempt begins; none where there may be no other.
    pub(crate) next: Option<Start>,
    /// Whether there was an answer without fault, of which something cannot be told.
    pub(crate) unread: bool,
}

/// Where an attempt begins: behind the last step that is not made again.
#[derive(Clone, Default)]
pub(crate) struct Start {
    step: usize,
    captured: Captured,
    steps: Vec<Value>,
}

impl Attempt {
    /// An attempt that brought nothing but a fault.
    pub(crate) fn faulty(fault: &Fault, shown: &Shown) -> Self {
        let mut attempt = Self::begin(Start::default());
        attempt.outcome = fault.outcome;
        attempt.lines.push(shown.text(&fault.message));
        attempt
    }

    fn begin(start: Start) -> Self {
        Self {
            outcome: Outcome::Passed,
            lines: Vec::new(),
            status: None,
            captured: start.captured.clone(),
            steps: start.steps.clone(),
            next: Some(start),
            unread: false,
        }
    }

    /// Makes the steps from the start on.
    pub(crate) async fn make(client: &Client, steps: &[Step], start: Start, shown: &Shown) -> Self {
        let first = start.step;
        let mut attempt = Self::begin(start);
        for (index, step) in steps.iter().enumerate().skip(first) {
            let shown = shown.and(&attempt.captured);
            let answer = match step.request(&attempt.captured) {
                Ok(request) => client.send(request).await,
                Err(fault) => Err(fault),
            };
            // What never left may go again, whatever it is.
            let may_again = step.repeatable || answer.as_ref().is_err_and(|fault| fault.unsent);
            attempt.take(step, answer, &shown);
            if attempt.outcome != Outcome::Passed {
                if !may_again {
                    attempt.next = None;
                    attempt.lines.push(format!(
                        "  It is not sent again, since it may have done something: `repeatable = true` says that a {} may be.",
                        step.method()
                    ));
                }
                break;
            }
            if !may_again {
                attempt.next = Some(Start {
                    step: index + 1,
                    captured: attempt.captured.clone(),
                    steps: attempt.steps.clone(),
                });
            }
        }
        attempt
    }

    fn take(&mut self, step: &Step, answer: Result<Answer, Fault>, shown: &Shown) {
        let mut shown = shown.clone();
        let (outcome, wrong, remarks) = match &answer {
            Err(fault) => (fault.outcome, vec![shown.text(&fault.message)], Vec::new()),
            Ok(answer) => {
                shown = shown.and_texts(answer.cookies.iter().map(String::as_str));
                let judged = self.judge(step, answer, &shown);
                self.unread = judged.wrong.is_empty() && !judged.unread.is_empty();
                let outcome = match (judged.wrong.is_empty(), judged.unread.is_empty()) {
                    (true, true) => Outcome::Passed,
                    (true, false) => Outcome::Error,
                    (false, _) => Outcome::Failed,
                };
                let lines = judged.wrong.into_iter().chain(judged.unread).chain(judged.wrong_body);
                (outcome, lines.collect(), answer.remarks.iter().map(|remark| shown.text(remark)).collect())
            }
        };
        let answer = answer.ok();
        self.status = answer.as_ref().map(|answer| answer.status);
        self.outcome = outcome;
        self.steps.push(report(step, answer.as_ref(), outcome, &shown));
        if outcome != Outcome::Passed {
            let name = shown.text(&step.name);
            self.lines.push(format!("Step {name:?}, {}:", shown.text(&step.shown_target())));
            let lines = wrong.into_iter().chain(remarks);
            self.lines.extend(lines.take(MOST_LINES).map(|line| format!("  {line}")));
        }
    }

    fn judge(&mut self, step: &Step, answer: &Answer, shown: &Shown) -> Judged {
        let content = Content::of(answer);
        let text = content.text();
        let json = content::json(&text);
        let mut judged = step.expect.judge(answer, &content, &json, shown);
        if judged.is_good() {
            self.capture(step, (answer, &content, &json), shown, &mut judged);
        }
        judged
    }

    fn capture(
        &mut self,
        step: &Step,
        (answer, content, json): (&Answer, &Content<'_>, &Result<Json<'_>, Missing>),
        shown: &Shown,
        judged: &mut Judged,
    ) {
        for (name, source) in &step.captures {
            match source.take(answer, content, json) {
                Ok(text) => {
                    self.captured.insert(name.clone(), text);
                }
                Err(Missing::Wrong(reason)) => {
                    judged.wrong.push(format!("Could not capture {}: {reason}.", shown.text(name)));
                }
                Err(Missing::Unread(why)) => judged.unread(&why, shown),
            }
        }
        judged.show_body(answer, content, &shown.and(&self.captured));
    }
}

fn report(step: &Step, answer: Option<&Answer>, outcome: Outcome, shown: &Shown) -> Value {
    let duration = answer.map(|answer| i64::try_from(answer.latency.as_millis()).unwrap_or(i64::MAX));
    Value::map([
        ("name", shown.text(&step.name).into()),
        ("status", answer.map_or(Value::NULL, |answer| i64::from(answer.status).into())),
        ("duration_ms", duration.map_or(Value::NULL, Value::from)),
        ("passed", (outcome == Outcome::Passed).into()),
    ])
}
