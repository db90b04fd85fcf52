//! `http_smoke_test`: tries until the service is as expected, or until its time is over.

use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Context, Outcome, Path, Problem, Resource, ResourceSchema, Value,
};

use crate::arguments::{check_connection, check_seconds, check_url, check_whole, headers, seconds};
use crate::attempt::{Attempt, Start};
use crate::client::Client;
use crate::fault::Fault;
use crate::schema;
use crate::shown::Shown;
use crate::step::{Step, steps};
use crate::tally::Tally;

/// How often an attempt that fails like the one before is told.
const TELL_EVERY: u32 = 10;

/// The type `http_smoke_test`.
#[derive(Debug)]
pub struct HttpSmokeTest {
    schema: ResourceSchema,
}

impl Default for HttpSmokeTest {
    fn default() -> Self {
        Self { schema: schema::smoke_test() }
    }
}

impl Resource for HttpSmokeTest {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        check_seconds(config, "deadline_seconds", 0.001, &mut problems);
        check_seconds(config, "interval_seconds", 0.0, &mut problems);
        check_whole(config, "consecutive", 1, 100_000, &mut problems);
        check_connection(config, &mut problems);
        check_pace(config, &mut problems);
        headers(config.get("headers"), &Path::attribute("headers"), &mut problems);
        if let Some(base) = config.get("base_url").as_str() {
            check_url(base, Path::attribute("base_url"), &mut problems);
            if base.contains(['?', '#']) {
                let message = "The base_url ends with a query, and paths are appended to it.";
                problems.push(Problem::invalid("base_url", message));
            }
        }
        steps(config, &mut problems);
        problems
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let test = Test::of(context, request.planned)?;
            tokio::select! {
                biased;
                () = context.cancel.cancelled() => Err(Problem::cancelled()),
                applied = test.run(request.planned) => Ok(applied),
            }
        })
    }
}

/// Good attempts in a row that cannot fit into the deadline would never pass.
fn check_pace(config: &Value, problems: &mut Vec<Problem>) {
    let wanted = config.get("consecutive").as_i64().and_then(|wanted| u32::try_from(wanted).ok());
    let (interval, deadline) =
        (seconds(config.get("interval_seconds")), seconds(config.get("deadline_seconds")));
    let (Some(wanted), Some(interval), Some(deadline)) = (wanted, interval, deadline) else { return };
    if interval.saturating_mul(wanted.saturating_sub(1)) >= deadline && wanted > 1 {
        let message =
            format!("The deadline is too short for {wanted} attempts with the interval between them.");
        let hint = "Give a longer deadline_seconds or a shorter interval_seconds.";
        problems.push(Problem::invalid("consecutive", message).hint(hint));
    }
}

/// A test, ready to be made.
struct Test<'a> {
    context: &'a Context,
    client: Client,
    steps: Vec<Step>,
    shown: Shown,
    interval: Duration,
    deadline: Duration,
    consecutive: u32,
}

impl<'a> Test<'a> {
    fn of(context: &'a Context, planned: &Value) -> Result<Self, Problem> {
        let mut problems = Vec::new();
        let steps = steps(planned, &mut problems);
        if let Some(problem) = problems.into_iter().next() {
            return Err(problem);
        }
        let wanted = planned.get("consecutive").as_i64().and_then(|wanted| u32::try_from(wanted).ok());
        Ok(Self {
            context,
            client: Client::of(context, planned)?,
            steps,
            shown: Shown::new(context.redactor.clone()),
            interval: seconds(planned.get("interval_seconds")).unwrap_or_default(),
            deadline: seconds(planned.get("deadline_seconds")).unwrap_or_default(),
            consecutive: wanted.unwrap_or(1),
        })
    }

    async fn run(&self, planned: &Value) -> Applied {
        let clock = &self.context.clock;
        let start = clock.now();
        let mut tally = Tally::new(self.consecutive);
        tokio::select! {
            biased;
            () = self.attempts(&mut tally) => {}
            () = clock.sleep(self.deadline) => {}
        }
        let seconds = self.deadline.as_secs_f64();
        if tally.attempts == 0 {
            // It had all the time there was. An attempt that is cut short after others says nothing.
            let fault = Fault::failed(format!("There was no whole answer within {seconds} s."));
            tally.add(Attempt::faulty(&fault, &self.shown));
        }
        let verdict = tally.verdict(self.steps.len(), seconds);
        let took = clock.now().duration_since(start).unwrap_or_default();
        Applied { value: object(planned, &tally, took), verdict: Some(verdict) }
    }

    /// Tries until it is enough.
    async fn attempts(&self, tally: &mut Tally) {
        let mut told = String::new();
        let mut start = Start::default();
        loop {
            let attempt = Attempt::make(&self.client, &self.steps, start, &self.shown).await;
            let (outcome, lines) = (attempt.outcome, attempt.lines.join("\n"));
            start = attempt.next.clone().unwrap_or_default();
            let enough = tally.add(attempt);
            // The same fault every two seconds is told now and then.
            if outcome == Outcome::Passed || lines != told || tally.attempts.is_multiple_of(TELL_EVERY) {
                self.context.progress.line(&tally.progress());
            }
            told = lines;
            if enough {
                return;
            }
            self.context.clock.sleep(self.interval).await;
        }
    }
}

fn object(planned: &Value, tally: &Tally, took: Duration) -> Value {
    let last = tally.last.as_ref();
    let captured = last.map(|last| last.captured.clone()).unwrap_or_default();
    let captured = captured.into_iter().map(|(name, text)| (name, Value::from(text)));
    let status = last.and_then(|last| last.status).map_or(Value::NULL, |status| i64::from(status).into());
    let took = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
    [
        ("status", status),
        ("attempts", i64::from(tally.attempts).into()),
        ("duration_ms", took.into()),
        ("captured", Value::map(captured).mark(true)),
        ("steps", Value::list(last.map(|last| last.steps.clone()).unwrap_or_default())),
    ]
    .into_iter()
    .fold(planned.clone(), |object, (name, value)| object.with(name, value))
}
