//! A little provider of named entries in a shared map, sound but for the one [`Fault`] that it is told to have.

#![expect(clippy::wildcard_enum_match_arm, reason = "each place knows its own faults and leaves the rest")]

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use crate::conformance::{Fixture, Planted, context_in};
use crate::context::{Answer, Context};
use crate::problem::Problem;
use crate::propose;
use crate::provider::{
    Applied, ApplyRequest, Configured, Observed, PlanRequest, Planned, Provider, ReconcileRequest,
    Reconciled, Resource,
};
use crate::schema::{Attribute, Lifetime, ProviderSchema, Repeat, ResourceSchema};
use crate::ty::Type;
use crate::value::{Kind, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    PanicsOnUnknown,
    RefusesGood,
    AcceptsBad,
    PlanActs,
    PlanGuesses,
    PlanWanders,
    NeverSettles,
    LeavesUnknown,
    DropsAttribute,
    DropsMark,
    ReadActs,
    BlindToChange,
    BlindToRemoval,
    ClaimsDone,
    ForgetsDone,
    DestroyNeedsObject,
    IgnoresCancel,
    SplitsSecret,
    TellsInReference,
    KeepsSecret,
    TruncatesSecret,
    MumblesProblem,
    PanicsInApply,
    CarelessSchema,
}

/// The outside system: entries with the key of the action that wrote them, and a count of all writes.
#[derive(Default)]
struct World {
    entries: Mutex<BTreeMap<String, (String, String)>>,
    writes: AtomicUsize,
}

impl World {
    fn entries(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (String, String)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, name: &str, value: &str, key: &str) {
        self.entries().insert(name.into(), (value.into(), key.into()));
        self.writes.fetch_add(1, Ordering::SeqCst);
    }
}

struct Entry {
    schema: ResourceSchema,
    world: World,
    fault: Fault,
}

fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: "store_entry",
        lifetime: Lifetime::Live,
        summary: "An entry of the store.",
        docs: "",
        attributes: vec![
            Attribute::required("name", Type::String, "Its name.").immutable(),
            Attribute::required("value", Type::String, "Its value."),
            Attribute::optional("wait_ms", Type::Number, "How long writing takes, in milliseconds."),
            Attribute::computed("id", Type::String, "Its id.").stable(),
            Attribute::computed("length", Type::Number, "Length of the value in bytes."),
        ],
        repeat: Repeat::AskFirst,
        destroyable: true,
        backup: false,
        preview: false,
        gate: false,
        undo: "write the previous value again",
        headline: Some("value"),
        settle: Duration::ZERO,
        timeout: Duration::from_secs(60),
    }
}

impl Entry {
    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn object(&self, planned: &Value) -> Value {
        let text = planned.get("value").as_str().unwrap_or_default();
        let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
        let object = planned
            .clone()
            .with("id", Value::string(format!("entry-{}", planned.get("name").as_str().unwrap_or_default())))
            .with("length", length.into());
        match self.fault {
            Fault::LeavesUnknown => object.with("length", Value::UNKNOWN),
            Fault::DropsAttribute => Value::map(
                object
                    .as_map()
                    .into_iter()
                    .flatten()
                    .filter(|(name, _)| ***name != *"id")
                    .map(|(name, value)| (Arc::clone(name), value.clone())),
            ),
            Fault::DropsMark => object.transform(&Value::unmark),
            _ => object,
        }
    }

    async fn wait(&self, context: &Context, planned: &Value) -> Result<(), Problem> {
        let wait = u64::try_from(planned.get("wait_ms").as_i64().unwrap_or(0)).unwrap_or(0);
        let mut sleep = context.clock.sleep(Duration::from_millis(wait));
        let mut cancelled = context.cancel.cancelled();
        std::future::poll_fn(|task| {
            if !self.has(Fault::IgnoresCancel) && cancelled.as_mut().poll(task).is_ready() {
                return std::task::Poll::Ready(Err(Problem::cancelled()));
            }
            sleep.as_mut().poll(task).map(Ok)
        })
        .await
    }

    fn report(&self, context: &Context, value: &str) {
        match self.fault {
            Fault::SplitsSecret => {
                let (front, back) = value.split_at(value.len() / 2 + 1);
                context.progress.line(front);
                context.progress.line(back);
            }
            Fault::TellsInReference => context.progress.reference(value),
            Fault::KeepsSecret => {
                fs::create_dir_all(&context.keep).expect("a folder");
                fs::write(context.keep.join("out.log"), value).expect("a file");
            }
            _ => context.progress.line(value),
        }
    }
}

/// One wait, however slow the machine is: a sleep may be over before it is looked at, and then there is nothing to cut.
async fn a_wait() {
    let mut is_over = false;
    std::future::poll_fn(|task| {
        if std::mem::replace(&mut is_over, true) {
            return std::task::Poll::Ready(());
        }
        task.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

impl Resource for Entry {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let name = config.get("name");
        if self.has(Fault::PanicsOnUnknown) {
            assert!(!name.is_unknown(), "the name is not known");
        }
        let empty = matches!(name.kind(), Kind::String(text) if text.is_empty());
        if self.has(Fault::RefusesGood) || (empty && !self.has(Fault::AcceptsBad)) {
            return vec![Problem::invalid("name", "The name is empty.")];
        }
        Vec::new()
    }

    fn plan<'a>(&'a self, _: &'a Context, request: PlanRequest<'a>) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            let mut planned = propose(&self.schema.attributes, request.prior, request.config);
            match self.fault {
                Fault::PlanActs => self.world.write("planned", "x", "none"),
                Fault::PlanGuesses => planned.value = planned.value.with("length", Value::integer(-1)),
                Fault::PlanWanders => {
                    let count = self.world.entries().len();
                    self.world.entries().insert(format!("seen {count}"), (String::new(), String::new()));
                    planned.notes.push(format!("Seen {count} times."));
                }
                Fault::NeverSettles => planned.value = planned.value.with("id", Value::UNKNOWN),
                _ => {}
            }
            Ok(planned)
        })
    }

    fn read<'a>(&'a self, _: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        Box::pin(async move {
            if self.has(Fault::ReadActs) {
                self.world.write("read", "x", "none");
            }
            let name = prior.get("name").as_str().unwrap_or_default();
            let found = self.world.entries().get(name).cloned();
            Ok(match found {
                None if self.has(Fault::BlindToRemoval) => Observed::Same,
                None => Observed::Absent,
                Some(_) if self.has(Fault::BlindToChange) => Observed::Same,
                Some((value, _)) => {
                    Observed::Present(self.object(&prior.clone().with("value", value.into())))
                }
            })
        })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let text = |name: &str| request.planned.get(name).as_str().unwrap_or_default().to_owned();
            let (name, value) = (text("name"), text("value"));
            assert!(!self.has(Fault::PanicsInApply), "apply is broken");
            self.wait(context, request.planned).await?;
            if name == "refused" {
                let message = if self.has(Fault::MumblesProblem) { "no" } else { "The store said no." };
                let shown: String = match self.fault {
                    Fault::TruncatesSecret => value.chars().skip(2).collect(),
                    _ => value,
                };
                return Err(Problem::refused(message).detail(shown));
            }
            self.world.write(&name, &value, request.key);
            self.report(context, &value);
            a_wait().await;
            Ok(Applied::new(self.object(request.planned)))
        })
    }

    fn reconcile<'a>(
        &'a self,
        _: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(async move {
            if request.destroy {
                let name = request.prior.and_then(|prior| prior.get("name").as_str()).unwrap_or_default();
                let gone = !self.world.entries().contains_key(name) && !self.has(Fault::ForgetsDone);
                let done = Reconciled::Done(Applied::new(Value::NULL));
                return Ok(if gone { done } else { Reconciled::NotDone });
            }
            let name = request.planned.get("name").as_str().unwrap_or_default();
            let done = self.world.entries().get(name).is_some_and(|(_, key)| key == request.key);
            Ok(match (done || self.has(Fault::ClaimsDone), self.has(Fault::ForgetsDone)) {
                (true, false) => Reconciled::Done(Applied::new(self.object(request.planned))),
                _ => Reconciled::NotDone,
            })
        })
    }

    fn destroy<'a>(
        &'a self,
        _: &'a Context,
        prior: &'a Value,
        _: &'a str,
    ) -> Answer<'a, Result<(), Problem>> {
        Box::pin(async move {
            let name = prior.get("name").as_str().unwrap_or_default();
            match self.world.entries().remove(name) {
                None if self.has(Fault::DestroyNeedsObject) => Err(Problem::missing("It is gone already.")),
                _ => Ok(()),
            }
        })
    }
}

/// An entry in a world and a folder of its own.
pub(super) struct StoreFixture {
    entry: Entry,
    folder: TempDir,
}

impl StoreFixture {
    pub(super) fn new(fault: Fault) -> Self {
        let entry = Entry { schema: schema(), world: World::default(), fault };
        Self { entry, folder: tempfile::tempdir().expect("a folder") }
    }
}

fn arguments(name: &str, value: &str) -> Value {
    Value::map([("name", Value::from(name)), ("value", Value::from(value))])
}

impl Fixture for StoreFixture {
    fn resource(&self) -> &dyn Resource {
        &self.entry
    }

    fn context(&self) -> Context {
        context_in(self.folder.path(), "store_entry.it")
    }

    fn config(&self) -> Value {
        arguments("cart", "one")
    }

    fn changed(&self) -> Option<Value> {
        Some(arguments("cart", "two"))
    }

    fn invalid(&self) -> Vec<(&'static str, Value)> {
        vec![("name", arguments("", "one"))]
    }

    fn planted(&self) -> Vec<Planted> {
        let secret = "correct-horse-battery";
        ["cart", "refused"].map(|name| Planted { config: arguments(name, secret), secret }).into()
    }

    fn slow(&self) -> Option<Value> {
        Some(arguments("cart", "one").with("wait_ms", Value::integer(90_000)))
    }

    fn effects(&self) -> Option<usize> {
        Some(self.entry.world.writes.load(Ordering::SeqCst))
    }

    fn change_outside(&self, _: &Value) -> bool {
        self.entry.world.entries().insert("cart".into(), ("other".into(), "none".into()));
        true
    }

    fn remove_outside(&self, _: &Value) -> bool {
        self.entry.world.entries().remove("cart");
        true
    }
}

pub(super) struct StoreProvider {
    pub(super) fault: Fault,
}

impl Provider for StoreProvider {
    fn schema(&self) -> ProviderSchema {
        let mut entry = schema();
        if self.fault == Fault::CarelessSchema {
            let mut broken = Attribute::optional("Odd-Name", Type::Number, "no sentence");
            broken.default = Some("80".into());
            entry.attributes.extend([broken, Attribute::required("count", Type::Number, "A reserved name.")]);
            entry.attributes.push(Attribute::computed("id", Type::String, "Declared already."));
            entry.type_name = "shop_entry";
        }
        ProviderSchema {
            name: "store",
            version: "1.0.0",
            summary: "A store of named entries.",
            configuration: Vec::new(),
            resources: vec![entry],
            data_sources: Vec::new(),
        }
    }

    fn configure(&self, _: &Value, _: &BTreeMap<String, String>) -> Result<Configured, Problem> {
        let entry = Entry { schema: schema(), world: World::default(), fault: self.fault };
        let mut configured = Configured::default();
        configured.resources.insert("store_entry", Arc::new(entry));
        Ok(configured)
    }
}
