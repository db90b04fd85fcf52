//! [`Bench`]: a fixture with its context, through which the parts of the suite call the provider, and
//! [`Report`], which gathers what they find.

use std::sync::Arc;
use std::time::Duration;

use super::compare::{broken_promises, misfits, unknown_parts, wording_fault};
use super::drive::{Fault, bounded};
use super::{Finding, Fixture, Recorder};
use crate::context::{Cancel, Context};
use crate::problem::Problem;
use crate::provider::{
    Applied, ApplyRequest, Observed, PlanRequest, Planned, ReconcileRequest, Reconciled, Resource,
};
use crate::schema::{Attribute, ResourceSchema, attribute_at};
use crate::value::Value;

/// The key that the suite's actions carry, in the shape of the engine's.
pub(super) const KEY: &str = "5f0c1e5b6a7d4c2f9e8b3a1d0c4f6e7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e";

/// The key of an action that comes after another one.
pub(super) const NEXT_KEY: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90";

/// How long one call may take before it counts as one that never ends.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Finding>);

impl Report {
    pub(super) fn add(&mut self, rule: &'static str, message: impl Into<String>) {
        self.0.push(Finding { rule, message: message.into() });
    }

    pub(super) fn all(&mut self, rule: &'static str, messages: impl IntoIterator<Item = String>) {
        messages.into_iter().for_each(|message| self.add(rule, message));
    }

    /// The answer of a call, or none and a finding.
    pub(super) fn expect<T>(&mut self, rule: &'static str, answer: Result<T, Fault>) -> Option<T> {
        answer.map_err(|fault| self.add(rule, fault.to_string())).ok()
    }

    /// The findings in order, each once.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}

/// One world of a fixture.
pub(super) struct Bench<F> {
    pub(super) fixture: F,
    pub(super) context: Context,
    pub(super) recorder: Arc<Recorder>,
}

impl<F: Fixture> Bench<F> {
    pub(super) fn new(fixture: F) -> Self {
        let recorder = Arc::new(Recorder::default());
        let progress = Arc::<Recorder>::clone(&recorder);
        let context = Context { progress, cancel: Cancel::default(), ..fixture.context() };
        Self { fixture, context, recorder }
    }

    pub(super) fn resource(&self) -> &dyn Resource {
        self.fixture.resource()
    }

    pub(super) fn schema(&self) -> &ResourceSchema {
        self.resource().schema()
    }

    /// The arguments as the engine hands them in: every attribute there, with its type, default and mark.
    pub(super) fn fit(&self, arguments: &Value, report: &mut Report) -> Value {
        let mut object = Vec::new();
        for attribute in &self.schema().attributes {
            match attribute.fit(arguments.get(attribute.name)) {
                Ok(value) => object.push((attribute.name, value)),
                Err(misfit) => report.add("fixture.config", format!("{misfit}.")),
            }
        }
        Value::map(object)
    }

    /// The good arguments, fitted.
    pub(super) fn config(&self, report: &mut Report) -> Value {
        self.fit(&self.fixture.config(), report)
    }

    pub(super) async fn plan(&self, config: &Value, prior: Option<&Value>) -> Result<Planned, Fault> {
        let call = async { self.resource().plan(&self.context, PlanRequest { config, prior }).await };
        bounded(&*self.context.clock, PATIENCE, call).await
    }

    pub(super) async fn apply(
        &self,
        planned: &Value,
        prior: Option<&Value>,
        key: &str,
    ) -> Result<Applied, Fault> {
        let call = async { self.resource().apply(&self.context, ApplyRequest { planned, prior, key }).await };
        bounded(&*self.context.clock, PATIENCE, call).await
    }

    pub(super) async fn read(&self, prior: &Value) -> Result<Observed, Fault> {
        let call = async { self.resource().read(&self.context, prior).await };
        bounded(&*self.context.clock, PATIENCE, call).await
    }

    pub(super) async fn destroy(&self, prior: &Value, key: &str) -> Result<(), Fault> {
        let call = async { self.resource().destroy(&self.context, prior, key).await };
        bounded(&*self.context.clock, PATIENCE, call).await
    }

    pub(super) async fn reconcile(
        &self,
        planned: &Value,
        prior: Option<&Value>,
    ) -> Result<Reconciled, Fault> {
        let references = self.recorder.references();
        let reference = references.last().map(String::as_str);
        self.ask(ReconcileRequest { planned, prior, key: KEY, reference, destroy: false }).await
    }

    /// What became of destroying the object, with what was reported since there were `known` references.
    pub(super) async fn reconcile_destroy(&self, object: &Value, known: usize) -> Result<Reconciled, Fault> {
        let references = self.recorder.references();
        let reference = references.get(known..).and_then(<[String]>::last).map(String::as_str);
        let (planned, prior) = (&Value::NULL, Some(object));
        self.ask(ReconcileRequest { planned, prior, key: NEXT_KEY, reference, destroy: true }).await
    }

    async fn ask(&self, request: ReconcileRequest<'_>) -> Result<Reconciled, Fault> {
        let call = async { self.resource().reconcile(&self.context, request).await };
        bounded(&*self.context.clock, PATIENCE, call).await
    }

    /// Plans and makes the good object; what goes wrong on the way is reported elsewhere.
    pub(super) async fn make(&self, report: &mut Report) -> Option<(Value, Value)> {
        let config = self.config(report);
        let planned = self.plan(&config, None).await.ok()?;
        let applied = self.apply(&planned.value, None, KEY).await.ok()?;
        Some((config, applied.value))
    }

    /// Whether an object may stand in the state, and keeps what the plan promised.
    pub(super) fn look_at_object(
        &self,
        rule: &'static str,
        planned: Option<&Value>,
        object: &Value,
        report: &mut Report,
    ) {
        report.all(rule, misfits(&self.schema().attributes, object));
        let unknown = unknown_parts(object);
        report.all(rule, unknown.iter().map(|part| format!("{part} is unknown after it was done.")));
        report.all(rule, planned.map(|planned| broken_promises(planned, object)).unwrap_or_default());
    }

    /// Whether a problem can be shown to a person.
    pub(super) fn look_at_problem(&self, problem: &Problem, report: &mut Report) {
        look_at_problem(&self.schema().attributes, problem, report);
    }

    /// Reports when effects were added since `before`.
    pub(super) fn unchanged(
        &self,
        rule: &'static str,
        what: &str,
        before: Option<usize>,
        report: &mut Report,
    ) {
        let now = self.fixture.effects();
        if now != before {
            report.add(rule, format!("{what} changed something outside ({before:?} effects, then {now:?})."));
        }
    }
}

/// Whether a problem can be shown to a person.
pub(super) fn look_at_problem(attributes: &[Attribute], problem: &Problem, report: &mut Report) {
    if let Some(fault) = wording_fault(&problem.message) {
        report.add("problem.wording", format!("The message {:?} {fault}.", problem.message));
    }
    if let Some(fault) = (!problem.hint.is_empty()).then(|| wording_fault(&problem.hint)).flatten() {
        report.add("problem.wording", format!("The hint {:?} {fault}.", problem.hint));
    }
    if let Some(path) = &problem.attribute
        && attribute_at(attributes, path).is_none()
    {
        report.add("problem.attribute", format!("{path} is not in the schema."));
    }
}
