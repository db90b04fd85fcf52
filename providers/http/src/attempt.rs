//! One attempt: the steps in order, until one is not as expected.

use relplan_contract::{Outcome, Value};
use serde_json::Value as Json;

use crate::client::{Answer, Client};
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
}

impl Attempt {
    /// An attempt that brought nothing but a fault.
    pub(crate) fn faulty(fault: &Fault, shown: &Shown) -> Self {
        let mut attempt = Self::begin();
        attempt.outcome = fault.outcome;
        attempt.lines.push(shown.text(&fault.message));
        attempt
    }

    const fn begin() -> Self {
        Self {
            outcome: Outcome::Passed,
            lines: Vec::new(),
            status: None,
            captured: Captured::new(),
            steps: Vec::new(),
        }
    }

    /// Makes the steps.
    pub(crate) async fn make(client: &Client, steps: &[Step], shown: &Shown) -> Self {
        let mut attempt = Self::begin();
        for step in steps {
            let shown = shown.and(&attempt.captured);
            let answer = match step.request(&attempt.captured) {
                Ok(request) => client.send(request).await,
                Err(fault) => Err(fault),
            };
            attempt.take(step, answer, &shown);
            if attempt.outcome != Outcome::Passed {
                break;
            }
        }
        attempt
    }

    fn take(&mut self, step: &Step, answer: Result<Answer, Fault>, shown: &Shown) {
        let (outcome, wrong, remarks) = match &answer {
            Err(fault) => (fault.outcome, vec![shown.text(&fault.message)], Vec::new()),
            Ok(answer) => {
                let json = serde_json::from_slice(&answer.body).ok();
                let mut wrong = step.expect.judge(answer, json.as_ref(), shown);
                if wrong.is_empty() {
                    wrong = self.capture(step, answer, json.as_ref(), shown);
                }
                let outcome = if wrong.is_empty() { Outcome::Passed } else { Outcome::Failed };
                (outcome, wrong, answer.remarks.iter().map(|remark| shown.text(remark)).collect())
            }
        };
        let answer = answer.ok();
        self.status = answer.as_ref().map(|answer| answer.status);
        self.outcome = outcome;
        self.steps.push(report(step, answer.as_ref(), outcome, shown));
        if !wrong.is_empty() {
            let name = shown.text(&step.name);
            self.lines.push(format!("Step {name:?}, {}:", shown.text(&step.shown_target())));
            let lines = wrong.into_iter().chain(remarks);
            self.lines.extend(lines.take(MOST_LINES).map(|line| format!("  {line}")));
        }
    }

    fn capture(&mut self, step: &Step, answer: &Answer, json: Option<&Json>, shown: &Shown) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, source) in &step.captures {
            match source.take(answer, json) {
                Ok(text) => {
                    self.captured.insert(name.clone(), text);
                }
                Err(reason) => wrong.push(format!("Could not capture {}: {reason}.", shown.text(name))),
            }
        }
        if !wrong.is_empty() && !answer.body.is_empty() {
            wrong.push(format!("The body: {}", shown.and(&self.captured).bytes(&answer.body)));
        }
        wrong
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
