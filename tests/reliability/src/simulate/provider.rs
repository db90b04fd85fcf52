//! A provider whose actions go as the outside decides: one type for each way of living and each way of being repeated.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Configured, Context, Lifetime, Observed, Outcome, PlanRequest,
    Planned, Problem, ProblemKind, Provider, ProviderSchema, ReconcileRequest, Reconciled, Repeat, Resource,
    ResourceSchema, Type, Value, Verdict, propose,
};

use super::Bug;
use super::outside::{DEADLINE, Fate, ON_THE_WAY, Outside};

/// The types: name, lifetime, and what may be done with an action whose outcome was lost.
pub(super) const TYPES: [(&str, Lifetime, Repeat); 6] = [
    ("sim_record", Lifetime::Record, Repeat::AskFirst),
    ("sim_once", Lifetime::Record, Repeat::AtMostOnce),
    ("sim_note", Lifetime::Record, Repeat::Harmless),
    ("sim_app", Lifetime::Live, Repeat::AskFirst),
    ("sim_check", Lifetime::Check, Repeat::Harmless),
    (GATE, Lifetime::Check, Repeat::Harmless),
];

/// The type that is a gate over the outside.
pub(super) const GATE: &str = "sim_gate";

/// Whether an object of this name, outside or in the ledger, is a check.
pub(super) fn is_check(object: &str) -> bool {
    let ty = object.split('.').next();
    TYPES.iter().any(|(name, lifetime, _)| *lifetime == Lifetime::Check && ty == Some(*name))
}

/// The provider `sim`.
pub(super) struct Simulated {
    pub outside: Outside,
    pub bug: Option<Bug>,
}

fn schemas(bug: Option<Bug>) -> Vec<ResourceSchema> {
    let schema = |(type_name, lifetime, repeat)| ResourceSchema {
        type_name,
        lifetime,
        summary: "",
        docs: "",
        attributes: vec![
            Attribute::optional("value", Type::String, "What is to be there."),
            Attribute::optional("needs", Type::list(Type::String), "What must be there before."),
            Attribute::computed("id", Type::String, "Its name outside.").stable(),
        ],
        repeat,
        destroyable: lifetime == Lifetime::Live,
        backup: false,
        preview: type_name == GATE,
        gate: type_name == GATE && bug != Some(Bug::LooksOnce),
        undo: "",
        headline: Some("value").filter(|_| lifetime == Lifetime::Live),
        settle: if bug == Some(Bug::AsksTooEarly) { Duration::ZERO } else { ON_THE_WAY },
        timeout: DEADLINE,
    };
    TYPES.into_iter().map(schema).collect()
}

impl Provider for Simulated {
    fn schema(&self) -> ProviderSchema {
        ProviderSchema {
            name: "sim",
            version: "1.0.0",
            summary: "",
            configuration: Vec::new(),
            resources: schemas(self.bug),
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let resources = schemas(self.bug).into_iter().map(|schema| {
            let resource = SimulatedResource { schema, outside: self.outside.clone(), bug: self.bug };
            (resource.schema.type_name, Arc::new(resource) as Arc<dyn Resource>)
        });
        Ok(Configured { resources: resources.collect(), ..Configured::default() })
    }
}

struct SimulatedResource {
    schema: ResourceSchema,
    outside: Outside,
    bug: Option<Bug>,
}

impl SimulatedResource {
    /// The name of an object outside: records are made anew for each version.
    fn entry(&self, context: &Context) -> String {
        match self.schema.lifetime {
            Lifetime::Record => format!("{}@{}", context.address, context.version),
            Lifetime::Live | Lifetime::Check => context.address.clone(),
        }
    }

    /// Does what was asked for, or not, as the outside decides. A check is a request like any other.
    async fn act(&self, context: &Context, key: &str, object: &Value, gone: bool) -> Result<Fate, Problem> {
        let entry = self.entry(context);
        let needs = needs(object);
        let _running = self.outside.begin(&entry, key, if gone { &[] } else { &needs });
        if !gone {
            self.outside.passes_gates(&entry, key, &content(object));
        }
        let fate = self.outside.fate();
        self.outside.tell(|| format!("{entry} begins under {key:.8}: {fate:?}"));
        let pause = self.outside.random(|random| random.time(ON_THE_WAY));
        let mut rest = tokio::time::sleep(pause);
        match fate {
            Fate::Refused => {
                self.outside.fails(&entry);
                return Err(Problem::refused("no"));
            }
            Fate::TryAgain => return Err(Problem::retry("later")),
            Fate::StallsUnsent => std::future::pending().await,
            Fate::PanicsUnsent => crate::disk::die(),
            _ => {}
        }
        if self.outside.random(|random| random.below(2)) == 0 && context.cancel.is_cancelled() {
            return Err(Problem::cancelled());
        }
        context.progress.line("sent");
        let value = content(object);
        let harmless = self.schema.repeat == Repeat::Harmless;
        let takes = self.outside.send(&entry, key, Some(value).filter(|_| !gone), harmless);
        tokio::time::sleep(takes).await;
        self.outside.arrive();
        match fate {
            Fate::Lost => return Err(Problem::new(ProblemKind::Uncertain, "the answer was lost")),
            Fate::Stalls => std::future::pending().await,
            Fate::Panics => crate::disk::die(),
            // Some answer within what is granted behind the deadline, and some behind that.
            Fate::Late => rest = tokio::time::sleep(DEADLINE + pause),
            _ => {}
        }
        rest.await;
        Ok(fate)
    }

    /// How a check ends now; of a gate it is noted that somebody looked.
    fn verdict(&self, context: &Context) -> Verdict {
        let outcome = self.outside.verdict();
        if self.schema.preview {
            self.outside.looked(&context.address, outcome == Outcome::Passed);
        }
        Verdict::new(outcome, "judged")
    }

    fn made(&self, context: &Context, planned: &Value) -> Value {
        planned.clone().with("id", Value::from(self.entry(context)))
    }
}

fn needs(object: &Value) -> Vec<String> {
    let needs = object.get("needs").as_list().unwrap_or_default();
    needs.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What is there outside when an object is.
pub(super) fn content(object: &Value) -> String {
    super::scenario::content(object.get("value").as_str().unwrap_or_default(), &needs(object))
}

impl Resource for SimulatedResource {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            let mut planned = propose(&self.schema.attributes, request.prior, request.config);
            if self.schema.repeat == Repeat::AtMostOnce {
                // Its name is known beforehand, so that others can refer to it when a person accepts it as done.
                planned.value = self.made(context, &planned.value);
            }
            if self.schema.preview {
                planned.preview = Some(self.verdict(context));
            }
            if self.bug == Some(Bug::ActsTooEarly) && request.prior.is_none() {
                let _running = self.outside.begin(&self.entry(context), "too early", &[]);
            }
            Ok(planned)
        })
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        Box::pin(async move {
            if self.schema.lifetime != Lifetime::Live {
                return Ok(Observed::Same);
            }
            Ok(match self.outside.object(&self.entry(context)) {
                None => Observed::Absent,
                Some(found) if found == content(prior) => Observed::Same,
                Some(found) => Observed::Present(prior.clone().with("value", found.into())),
            })
        })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let fate = self.act(context, request.key, request.planned, false).await?;
            if fate == Fate::Garbage {
                return Ok(Applied::new(request.planned.clone().with("id", Value::UNKNOWN)));
            }
            let check = self.schema.lifetime == Lifetime::Check;
            let verdict = check.then(|| self.verdict(context));
            Ok(Applied { value: self.made(context, request.planned), verdict })
        })
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(async move {
            if self.schema.repeat != Repeat::AskFirst {
                return Ok(Reconciled::CannotTell);
            }
            if self.outside.fate() == Fate::TryAgain {
                return Err(Problem::retry("later"));
            }
            let done = self.outside.was_done(request.key);
            let value = || if request.destroy { Value::NULL } else { self.made(context, request.planned) };
            Ok(if done { Reconciled::Done(Applied::new(value())) } else { Reconciled::NotDone })
        })
    }

    fn destroy<'a>(
        &'a self,
        context: &'a Context,
        prior: &'a Value,
        key: &'a str,
    ) -> Answer<'a, Result<(), Problem>> {
        Box::pin(async move { self.act(context, key, prior, true).await.map(|_| ()) })
    }
}
