//! A resource and a data source that misbehave in one verb at one call: as the file `rogue` of the working directory
//! says, `VERB NTH DEED`. The file `began` shows that it has begun.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, DataSchema, DataSource, Observed, PlanRequest,
    Planned, Problem, ReconcileRequest, Reconciled, Resource, ResourceSchema, RestoreRequest, Restored, Type,
    Value, Verification, VerifyRequest, propose,
};

/// How often each verb was called in this process.
static CALLS: Mutex<BTreeMap<&str, u32>> = Mutex::new(BTreeMap::new());

/// What is to be done now in a verb.
fn cue(verb: &'static str) -> Option<String> {
    let mut calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    let count = calls.entry(verb).or_default();
    *count += 1;
    let text = std::fs::read_to_string("rogue").ok()?;
    let mut words = text.split_whitespace();
    let meant = words.next() == Some(verb) && words.next()?.parse() == Ok(*count);
    let deed = words.next().filter(|_| meant)?;
    std::fs::write("began", "").ok()?;
    Some(deed.to_owned())
}

/// The moment of a verb that is waited for.
async fn on_stage(verb: &'static str) {
    match cue(verb) {
        Some(deed) if deed == "hangs" => std::future::pending().await,
        Some(deed) => misbehave(&deed),
        None => {}
    }
}

/// The moment of a verb that answers at once.
pub(super) fn at_once(verb: &'static str) {
    if let Some(deed) = cue(verb) {
        misbehave(&deed);
    }
}

fn misbehave(deed: &str) {
    if deed == "panics" {
        std::panic::resume_unwind(Box::new("a rogue"));
    }
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// The resource type.
pub(super) struct Stage(pub ResourceSchema);

pub(super) fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: "rogue_stage",
        attributes: vec![
            Attribute::required("version", Type::String, "What is live."),
            Attribute::computed("id", Type::String, "Its name outside."),
        ],
        undo: "deploy the previous version",
        headline: Some("version"),
        timeout: Duration::from_secs(3600),
        ..super::schema()
    }
}

impl Resource for Stage {
    fn schema(&self) -> &ResourceSchema {
        &self.0
    }

    fn validate(&self, _: &Value) -> Vec<Problem> {
        at_once("validate");
        Vec::new()
    }

    fn plan<'a>(&'a self, _: &'a Context, request: PlanRequest<'a>) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            on_stage("plan").await;
            Ok(propose(&self.0.attributes, request.prior, request.config))
        })
    }

    fn read<'a>(&'a self, _: &'a Context, _: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        Box::pin(async move {
            on_stage("read").await;
            Ok(Observed::Same)
        })
    }

    fn discover<'a>(&'a self, _: &'a Context, _: &'a Value) -> Answer<'a, Result<Option<Value>, Problem>> {
        Box::pin(async move {
            on_stage("discover").await;
            Ok(None)
        })
    }

    fn apply<'a>(
        &'a self,
        _: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            on_stage("apply").await;
            Ok(Applied::new(request.planned.clone().with("id", "stage".into())))
        })
    }

    fn reconcile<'a>(
        &'a self,
        _: &'a Context,
        _: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(async move {
            on_stage("reconcile").await;
            Ok(Reconciled::NotDone)
        })
    }

    fn can_destroy(&self, _: &Value) -> bool {
        at_once("can_destroy");
        true
    }

    fn destroy<'a>(&'a self, _: &'a Context, _: &'a Value, _: &'a str) -> Answer<'a, Result<(), Problem>> {
        Box::pin(async move {
            on_stage("destroy").await;
            Ok(())
        })
    }

    fn restore<'a>(&'a self, _: &'a Context, _: RestoreRequest<'a>) -> Answer<'a, Result<Restored, Problem>> {
        Box::pin(async move {
            on_stage("restore").await;
            Ok(Restored { notes: Vec::new() })
        })
    }

    fn verify<'a>(
        &'a self,
        _: &'a Context,
        request: VerifyRequest<'a>,
    ) -> Answer<'a, Result<Verification, Problem>> {
        Box::pin(async move {
            on_stage("verify").await;
            Ok(Verification { value: request.object.clone(), notes: Vec::new() })
        })
    }
}

/// The data source type.
pub(super) struct Word(pub DataSchema);

pub(super) fn word_schema() -> DataSchema {
    DataSchema {
        type_name: "rogue_word",
        summary: "",
        docs: "",
        attributes: vec![Attribute::computed("text", Type::String, "A word.")],
    }
}

impl DataSource for Word {
    fn schema(&self) -> &DataSchema {
        &self.0
    }

    fn read<'a>(&'a self, _: &'a Context, config: &'a Value) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(async move {
            on_stage("data").await;
            Ok(config.clone().with("text", "word".into()))
        })
    }
}
