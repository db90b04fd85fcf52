//! What is asked of a provider and changes nothing.

use std::sync::Arc;

use relplan_contract::{
    Context, DataSource, Observed, PlanRequest, Planned, Problem, ReconcileRequest, Reconciled, Resource,
    Value,
};

use super::{LOOK, look};
use crate::event::{Act, Intent};

/// How an object is now.
pub(crate) async fn read(
    resource: &Arc<dyn Resource>,
    prior: &Value,
    context: &Context,
) -> Result<Observed, Problem> {
    let asked = Arc::new((Arc::clone(resource), prior.clone()));
    look(context, "read", LOOK, prior, move |context| {
        let asked = Arc::clone(&asked);
        Box::pin(async move { asked.0.read(context, &asked.1).await })
    })
    .await
}

/// What is there already in the place of an object that is to be made.
pub(crate) async fn discover(
    resource: &Arc<dyn Resource>,
    config: &Value,
    context: &Context,
) -> Result<Observed, Problem> {
    let asked = Arc::new((Arc::clone(resource), config.clone()));
    look(context, "discover", LOOK, config, move |context| {
        let asked = Arc::clone(&asked);
        Box::pin(async move {
            let found = asked.0.discover(context, &asked.1).await?;
            Ok(found.map_or(Observed::Absent, Observed::Present))
        })
    })
    .await
}

/// How an object will be, and for a gate how it is now.
pub(crate) async fn plan(
    resource: &Arc<dyn Resource>,
    config: &Value,
    prior: Option<&Value>,
    context: &Context,
) -> Result<Planned, Problem> {
    let asked = Arc::new((Arc::clone(resource), config.clone(), prior.cloned()));
    look(context, "plan", LOOK, config, move |context| {
        let asked = Arc::clone(&asked);
        Box::pin(async move {
            let (resource, config, prior) = &*asked;
            resource.plan(context, PlanRequest { config, prior: prior.as_ref() }).await
        })
    })
    .await
}

/// What a data source says.
pub(crate) async fn data(
    source: &Arc<dyn DataSource>,
    config: &Value,
    context: &Context,
) -> Result<Value, Problem> {
    let asked = Arc::new((Arc::clone(source), config.clone()));
    look(context, "data", LOOK, config, move |context| {
        let asked = Arc::clone(&asked);
        Box::pin(async move { asked.0.read(context, &asked.1).await })
    })
    .await
}

/// What became of an action whose outcome was lost. The answer may take as long as the action: a pipeline that still
/// runs is waited for.
pub(crate) async fn reconcile(
    resource: &Arc<dyn Resource>,
    intent: Box<Intent>,
    prior: Option<Value>,
    reference: Option<String>,
    context: &Context,
) -> Result<Reconciled, Problem> {
    let (patience, planned) = (LOOK.max(resource.schema().timeout), intent.planned.clone());
    let asked = Arc::new((Arc::clone(resource), intent, prior, reference));
    look(context, "reconcile", patience, &planned, move |context| {
        let asked = Arc::clone(&asked);
        Box::pin(async move {
            let (resource, intent, prior, reference) = &*asked;
            let request = ReconcileRequest {
                planned: &intent.planned,
                prior: prior.as_ref(),
                key: &intent.idempotency_key,
                reference: reference.as_deref(),
                destroy: intent.act == Act::Destroy,
            };
            resource.reconcile(context, request).await
        })
    })
    .await
}
