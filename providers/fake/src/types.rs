//! The types: one of each kind, all scripted alike.

use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Observed, PlanRequest, Planned, Problem,
    ReconcileRequest, Reconciled, Repeat, Resource, ResourceSchema, Type, Value, propose,
};

use crate::{script, world};

pub(crate) fn schema(name: &'static str, lifetime: Lifetime) -> ResourceSchema {
    let mut attributes = script::attributes();
    match lifetime {
        Lifetime::Live => attributes.extend([
            Attribute::required("version", Type::String, "The version that is deployed."),
            Attribute::optional("place", Type::String, "Where; a change of it replaces the object.")
                .immutable(),
        ]),
        Lifetime::Check => attributes.push(
            Attribute::optional(
                "verdict",
                Type::String,
                "How it ends: passed, failed, pending, inconclusive or error.",
            )
            .or("passed"),
        ),
        Lifetime::Record => {}
    }
    ResourceSchema {
        type_name: name,
        lifetime,
        summary: "Does what its arguments say; for tests and trials.",
        docs: "",
        attributes,
        repeat: if lifetime == Lifetime::Check { Repeat::Harmless } else { Repeat::AskFirst },
        destroyable: lifetime == Lifetime::Live,
        preview: lifetime == Lifetime::Check,
        undo: if lifetime == Lifetime::Live {
            "deploy the version of before again"
        } else {
            "nothing to undo"
        },
        headline: (lifetime == Lifetime::Live).then_some("version"),
        settle: Duration::ZERO,
        timeout: Duration::from_secs(60),
    }
}

/// A scripted type.
pub(crate) struct Scripted {
    schema: ResourceSchema,
}

impl Scripted {
    pub(crate) fn new(name: &'static str, lifetime: Lifetime) -> Self {
        Self { schema: schema(name, lifetime) }
    }

    /// What the world shows of an object: a live one's version, anything else's value.
    fn shown(&self, object: &Value) -> String {
        match self.schema.lifetime {
            Lifetime::Live => object.get("version").as_str().unwrap_or_default().to_owned(),
            Lifetime::Record | Lifetime::Check => format!("{:?}", object.get("value")),
        }
    }

    async fn act(&self, context: &Context, request: ApplyRequest<'_>) -> Result<Applied, Problem> {
        let config = request.planned;
        if let Some(reference) = config.get("reference").as_str() {
            context.progress.reference(reference);
        }
        context.progress.line(&format!("at work on {}", self.shown(config)));
        script::delay(context, config).await?;
        let times = config.get("fail_times").as_i64();
        let fails = match times {
            Some(times) => world::count_try(context, config)? < times,
            None => true,
        };
        if let Some(problem) = script::failure(config).filter(|_| fails) {
            return Err(problem);
        }
        // On demand, to show that the engine survives it.
        assert!(config.get("panic").as_bool() != Some(true), "a panic was asked for");
        if self.schema.lifetime != Lifetime::Check {
            world::effect(context, config, request.key, &self.shown(config))?;
            world::set(context, config, Some(&self.shown(config)))?;
        }
        let secret = config.get("secret").as_str();
        let echoed = secret.map_or(Value::NULL, |secret| Value::string(format!("hello {secret}, welcome")));
        let value = config.clone().with("echoed", echoed).with("key", Value::string(request.key));
        let judges = self.schema.lifetime == Lifetime::Check;
        Ok(Applied { value, verdict: judges.then(|| script::verdict(config)) })
    }
}

impl Resource for Scripted {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn plan<'a>(&'a self, _: &'a Context, request: PlanRequest<'a>) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            let mut planned = propose(&self.schema.attributes, request.prior, request.config);
            let known = !request.config.has_unknown();
            planned.preview = (self.schema.preview && known).then(|| script::verdict(request.config));
            Ok(planned)
        })
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        Box::pin(async move {
            if prior.get("world").is_null() {
                return Ok(Observed::Same);
            }
            Ok(match world::current(context, prior)? {
                None => Observed::Absent,
                Some(now) if now == self.shown(prior) => Observed::Same,
                Some(now) if self.schema.lifetime == Lifetime::Live => {
                    Observed::Present(prior.clone().with("version", Value::string(now)))
                }
                Some(now) => Observed::Present(prior.clone().with("value", Value::string(now))),
            })
        })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(self.act(context, request))
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(async move {
            let object = request.planned;
            let done = || {
                let blank = object.transform(&|part| if part.is_unknown() { Value::NULL } else { part });
                Reconciled::Done(Applied::new(blank.with("key", Value::string(request.key))))
            };
            let file = object.get("effects").as_str();
            Ok(match object.get("reconcile").as_str() {
                Some("done") => done(),
                Some("not_done") => Reconciled::NotDone,
                Some("cannot_tell") => Reconciled::CannotTell,
                // The effects say under which keys something was done.
                _ => match file.map(|file| std::fs::read_to_string(context.path(file)).unwrap_or_default()) {
                    Some(text) if text.lines().any(|line| line.starts_with(request.key)) => done(),
                    Some(_) => Reconciled::NotDone,
                    None => Reconciled::CannotTell,
                },
            })
        })
    }

    fn destroy<'a>(
        &'a self,
        context: &'a Context,
        prior: &'a Value,
        key: &'a str,
    ) -> Answer<'a, Result<(), Problem>> {
        Box::pin(async move {
            script::delay(context, prior).await?;
            world::effect(context, prior, key, "destroyed")?;
            world::set(context, prior, None)
        })
    }
}
