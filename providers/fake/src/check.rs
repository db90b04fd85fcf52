//! `fake_check`: a verdict as asked for.

use std::fs;
use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Outcome, PlanRequest, Planned, Problem,
    Repeat, Resource, ResourceSchema, Type, Value, Verdict, propose,
};

use crate::script::{self, Ending, Player};
use crate::world;

const DOCS: &str = r#"For tests and trials. Ends with the verdict that it is given:

```hcl
resource "fake_check" "smoke" {
  verdict = "failed"
  summary = "1 of 3 probes answered."
}
```

`verdict_file` names a file with the verdict in it, so that a test can change it between two runs."#;

const OUTCOMES: [Outcome; 5] =
    [Outcome::Passed, Outcome::Pending, Outcome::Inconclusive, Outcome::Error, Outcome::Failed];

/// The type `fake_check`.
#[derive(Debug)]
pub struct FakeCheck {
    schema: ResourceSchema,
    prefix: String,
    player: Player,
}

impl FakeCheck {
    /// The type, with what its ids begin with.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self { schema: schema(), prefix: prefix.into(), player: Player::default() }
    }

    /// The type `fake_gate`, likewise.
    #[must_use]
    pub fn gate(prefix: &str) -> Self {
        Self { schema: gate(), ..Self::new(prefix) }
    }
}

pub(crate) fn schema() -> ResourceSchema {
    let mut attributes = vec![
        Attribute::optional("value", Type::Any, "What it judges, of any type."),
        Attribute::optional(
            "verdict",
            Type::String,
            "`passed` (unless given), `failed`, `pending`, `inconclusive` or `error`.",
        ),
        Attribute::optional(
            "verdict_file",
            Type::String,
            "File with the verdict in it, relative to the release file; while it is missing, the verdict is `pending`.",
        ),
        Attribute::optional("summary", Type::String, "The sentence that gives the reason."),
        Attribute::optional("details", Type::list(Type::String), "More lines about it."),
        Attribute::optional("preview", Type::Bool, "Whether the plan shows the verdict beforehand."),
    ];
    attributes.extend(script::attributes());
    ResourceSchema {
        type_name: "fake_check",
        lifetime: Lifetime::Check,
        summary: "A check for tests and trials.",
        docs: DOCS,
        attributes,
        repeat: Repeat::Harmless,
        destroyable: false,
        backup: false,
        preview: true,
        gate: false,
        undo: "",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(600),
    }
}

/// The same as a gate over the outside, which every plan looks at.
pub(crate) fn gate() -> ResourceSchema {
    ResourceSchema {
        type_name: "fake_gate",
        summary: "A gate over the outside, for tests and trials.",
        docs: "A `fake_check` that is looked at in every plan, and once more right before anything that it guards begins.",
        gate: true,
        ..schema()
    }
}

impl Resource for FakeCheck {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = script::validate(config);
        script::one_of(config, "verdict", &OUTCOMES.map(Outcome::name), &mut problems);
        problems
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            let planned = propose(&self.schema.attributes, request.prior, request.config);
            let wanted = self.schema.gate || request.config.get("preview").as_bool() == Some(true);
            let known = ["verdict", "verdict_file", "summary", "details"];
            let known = known.iter().all(|name| !request.config.get(name).has_unknown());
            let preview = if wanted && known { Some(verdict(context, request.config)?) } else { None };
            Ok(Planned { preview, ..planned })
        })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let planned = request.planned;
            if let Ending::Fails(problem) | Ending::Lost(problem) =
                self.player.before(context, planned, request.key).await?
            {
                return Err(problem);
            }
            let verdict = verdict(context, planned)?;
            world::append_effect(context, planned, request.key, verdict.outcome.name())?;
            self.player.after(context, planned).await;
            let value = script::object(&self.prefix, planned, request.key);
            Ok(Applied { value, verdict: Some(verdict) })
        })
    }
}

fn verdict(context: &Context, config: &Value) -> Result<Verdict, Problem> {
    let word = match config.get("verdict_file").as_str() {
        // A file that is not there yet is a verdict that is not there yet.
        Some(path) => fs::read_to_string(context.unread(path)).unwrap_or_else(|_| "pending".into()),
        None => config.get("verdict").as_str().unwrap_or("passed").to_owned(),
    };
    let word = word.trim();
    let outcome = OUTCOMES.into_iter().find(|outcome| outcome.name() == word).ok_or_else(|| {
        Problem::invalid("verdict_file", format!("{word:?} is no verdict."))
            .hint("Use one of passed, pending, inconclusive, error, failed.")
    })?;
    let summary = match config.get("summary").as_str() {
        Some(summary) if !summary.trim().is_empty() => summary.to_owned(),
        Some(_) | None => format!("The check ended as asked: {word}."),
    };
    let details = config.get("details").as_list().unwrap_or_default();
    let details = details.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Verdict { outcome, summary, details })
}
