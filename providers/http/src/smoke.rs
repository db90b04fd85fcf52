//! `http_smoke_test`: steps that a service must pass, tried again until it is healthy or the deadline is over.

use std::time::{Duration, Instant};

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Outcome, Problem, ProblemKind, Repeat,
    Resource, ResourceSchema, Type, Value, Verdict,
};
use reqwest::Client;

use crate::assertions::{self, Response};
use crate::client::{self, MAX_BODY, chain, request_timeout, seconds};
use crate::request::{self, Captured};

pub(crate) fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: "http_smoke_test",
        lifetime: Lifetime::Check,
        summary: "A check that asks a service over HTTP, step by step.",
        docs: DOCS,
        attributes: attributes(),
        repeat: Repeat::Harmless,
        destroyable: false,
        preview: false,
        undo: "nothing to undo",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(60 * 60),
    }
}

const DOCS: &str = r#"The steps are done in their order, each on its own connection state. When one of them does not
go as expected, all are done again after `interval_seconds`, until `consecutive` rounds in a row went well or
`deadline_seconds` are over. A service that does not answer has failed; an address or certificate of ours that cannot
be used is an error of the check.

What a step captures is filled in for `{{name}}` in the addresses, headers and bodies of later steps. A capture is a
path into a JSON answer (`items[0].id`), `header:NAME`, or `regex:EXPRESSION`, of which the first group counts.

```hcl
resource "http_smoke_test" "prod" {
  base_url = "https://shop.example"
  step {
    path        = "/version"
    expect_json = { version = release.version }
  }
}
```"#;

fn attributes() -> Vec<Attribute> {
    let text_map = || Type::map(Type::String);
    let number = |name, docs| Attribute::optional(name, Type::Number, docs);
    let step = vec![
        Attribute::optional(
            "name",
            Type::String,
            "What messages call the step. Default: its method and path.",
        ),
        Attribute::optional("method", Type::String, "HTTP method.").or("GET"),
        Attribute::optional("url", Type::String, "The whole address."),
        Attribute::optional("path", Type::String, "Path behind `base_url`, with query."),
        Attribute::optional("headers", text_map(), "Headers of this step."),
        Attribute::optional("body", Type::String, "Body of the request."),
        Attribute::optional("json", Type::Any, "Body of the request, as a value that is sent as JSON."),
        Attribute::optional("expect_status", Type::Any, "Status, or list of them. Default: 200 to 299."),
        Attribute::optional(
            "expect_headers",
            text_map(),
            "Headers that the answer must have, with their values.",
        ),
        Attribute::optional("expect_body_contains", Type::String, "Text that the answer must contain."),
        Attribute::optional(
            "expect_body_matches",
            Type::String,
            "Regular expression that the answer must match.",
        ),
        Attribute::optional(
            "expect_json",
            Type::map(Type::Any),
            "Values that a JSON answer must have, by path.",
        ),
        Attribute::optional("capture", text_map(), "What later steps may use, by name."),
        number("max_latency_ms", "Longest time that the answer may take, in milliseconds."),
    ];
    vec![
        Attribute::optional("base_url", Type::String, "Address in front of the steps' paths."),
        Attribute::optional("headers", text_map(), "Headers of every step; values may be sensitive."),
        number("deadline_seconds", "How long it is tried, in seconds. 0 tries once.").or(0),
        number("interval_seconds", "Pause between rounds, in seconds.").or(2),
        number("consecutive", "How many rounds in a row must go well.").or(1),
        number("request_timeout_seconds", "Longest time for one request, in seconds.").or(30),
        number("max_body_bytes", "Largest answer, in bytes. Default: 10 MiB."),
        Attribute::optional(
            "follow_redirects",
            Type::Bool,
            "Whether redirects are followed; never from https to http.",
        )
        .or(true),
        Attribute::optional(
            "ca_file",
            Type::String,
            "File with certificates to trust besides the system's, as PEM.",
        ),
        Attribute::blocks("step", step, "A request with what is expected of its answer."),
        Attribute::computed("rounds", Type::Number, "How many rounds were done."),
        Attribute::computed("captured", text_map(), "What the last round captured."),
    ]
}

/// The type.
pub(crate) struct SmokeTest {
    schema: ResourceSchema,
}

impl Default for SmokeTest {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

impl Resource for SmokeTest {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        let steps = config.get("step");
        if steps.as_list().is_some_and(<[Value]>::is_empty) {
            problems.push(Problem::invalid("step", "The test has no step.").hint("Add a `step` block."));
        }
        for (index, step) in steps.as_list().unwrap_or_default().iter().enumerate() {
            let at = relplan_contract::Path::attribute("step").index(index);
            if let Some(text) = step.get("expect_body_matches").as_str()
                && let Err(problem) = assertions::pattern(text)
            {
                problems.push(problem.about(at.key("expect_body_matches")));
            }
            let whole = !step.has_unknown() && !config.get("base_url").is_unknown();
            if whole && let Err(problem) = request::address(config, step, &Captured::new()) {
                problems.push(problem.about(at.clone()));
            }
            if !step.get("json").is_null() && !step.get("body").is_null() {
                problems.push(Problem::invalid("step", "`json` and `body` exclude each other.").about(at));
            }
        }
        problems
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let config = request.planned;
            let client = client::client(context, config)?;
            let mut test = Test { context, config, client, rounds: 0, captured: Captured::new() };
            let verdict = test.run().await?;
            let captured =
                test.captured.iter().map(|(name, value)| (name.as_str(), Value::from(value.as_str())));
            let value = config
                .clone()
                .with("rounds", Value::integer(test.rounds))
                .with("captured", Value::map(captured));
            Ok(Applied { value, verdict: Some(verdict) })
        })
    }
}

struct Test<'t> {
    context: &'t Context,
    config: &'t Value,
    client: Client,
    rounds: i64,
    captured: Captured,
}

impl Test<'_> {
    async fn run(&mut self) -> Result<Verdict, Problem> {
        let begun = Instant::now();
        let deadline = seconds(self.config, "deadline_seconds", 0);
        let wanted = self.config.get("consecutive").as_i64().unwrap_or(1).max(1);
        let mut in_a_row = 0;
        loop {
            self.rounds += 1;
            let cancelled = self.context.cancel.cancelled();
            let wrong = tokio::select! {
                wrong = self.round() => wrong?,
                () = cancelled => return Err(Problem::cancelled()),
            };
            let last = begun.elapsed() >= deadline;
            match wrong {
                None => in_a_row += 1,
                Some(wrong) if last => return Ok(self.failed(&wrong)),
                Some(wrong) => {
                    in_a_row = 0;
                    self.context.progress.line(&format!("not yet: {wrong}"));
                }
            }
            if in_a_row >= wanted {
                let steps = self.config.get("step").as_list().unwrap_or_default().len();
                let noun = if steps == 1 { "step" } else { "steps" };
                return Ok(Verdict::new(Outcome::Passed, format!("{steps} {noun} went well.")));
            }
            if last && deadline > Duration::ZERO {
                let text =
                    format!("Only {in_a_row} of {wanted} rounds in a row went well before the deadline.");
                return Ok(Verdict::new(Outcome::Inconclusive, text));
            }
            tokio::select! {
                () = self.context.clock.sleep(seconds(self.config, "interval_seconds", 2)) => {}
                () = self.context.cancel.cancelled() => return Err(Problem::cancelled()),
            }
        }
    }

    fn failed(&self, wrong: &str) -> Verdict {
        let text = if self.rounds == 1 {
            format!("{wrong}.")
        } else {
            format!("{wrong}, also in the last of {} rounds.", self.rounds)
        };
        let mut chars = text.chars();
        let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
        Verdict::new(Outcome::Failed, format!("{first}{}", chars.as_str()))
    }

    /// One round of all steps; what went wrong first, as a clause.
    async fn round(&mut self) -> Result<Option<String>, Problem> {
        self.captured.clear();
        for step in self.config.get("step").as_list().unwrap_or_default() {
            if let Some(wrong) = self.step(step).await? {
                return Ok(Some(format!("{}: {wrong}", name_of(step))));
            }
        }
        Ok(None)
    }

    async fn step(&mut self, step: &Value) -> Result<Option<String>, Problem> {
        let request = request::build(&self.client, self.config, step, &self.captured)?;
        let limit = self.config.get("max_body_bytes").as_i64().and_then(|limit| u64::try_from(limit).ok());
        let begun = Instant::now();
        let timeout = request_timeout(self.config);
        let asked = tokio::time::timeout(timeout, self.ask(request, limit.unwrap_or(MAX_BODY))).await;
        let response = match asked {
            Ok(Ok(response)) => response,
            Ok(Err(Wrong::Service(why))) => return Ok(Some(why)),
            Ok(Err(Wrong::Ours(problem))) => return Err(problem),
            Err(_) => {
                return Ok(Some(format!("there was no whole answer within {} seconds", timeout.as_secs())));
            }
        };
        let response = Response { took: begun.elapsed(), ..response };
        let mut wrong = assertions::check(step, &response)?;
        if wrong.is_empty() {
            wrong = assertions::capture(step, &response, &mut self.captured)?;
        }
        Ok((!wrong.is_empty()).then(|| wrong.join("; ")))
    }

    async fn ask(&self, request: reqwest::Request, limit: u64) -> Result<Response, Wrong> {
        let response = self.client.execute(request).await.map_err(|error| wrong(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = client::body(response, limit).await.map_err(Wrong::Service)?;
        Ok(Response { status, headers, body, took: Duration::ZERO })
    }
}

/// Whose fault it is that there is no answer.
enum Wrong {
    /// The service's: it has failed.
    Service(String),
    /// Ours: the check could not be made.
    Ours(Problem),
}

fn wrong(error: &reqwest::Error) -> Wrong {
    let why = chain(error);
    if error.is_builder() || (error.is_connect() && why.contains("certificate")) {
        let problem = Problem::new(ProblemKind::Refused, format!("The service cannot be asked: {why}."));
        return Wrong::Ours(problem.hint("Check the address, and the certificates in `ca_file`."));
    }
    Wrong::Service(why)
}

/// What messages call a step: its name, or its method and path without what may be secret in it.
fn name_of(step: &Value) -> String {
    if let Some(name) = step.get("name").as_str() {
        return format!("step {name:?}");
    }
    let method = step.get("method").as_str().unwrap_or("GET");
    let place = step.get("path").as_str().or(step.get("url").as_str()).unwrap_or("/");
    let place = place.split(['?', '#']).next().unwrap_or_default();
    let place = place.split_once('@').map_or(place, |(_, behind)| behind);
    format!("{method} {place}")
}
