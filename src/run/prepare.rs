//! Getting one change ready: its final arguments, and a last look whether the outside is still as planned.

use std::sync::Arc;
use std::time::Duration;

use relplan_contract::{
    Attribute, Context, Lifetime, Observed, Problem, Resource as Managed, ResourceSchema, Value, propose,
};

use super::backoff::Backoff;
use super::call;
use super::machine::{End, Policy};
use super::perform::Work;
use crate::addr::Address;
use crate::diag::Diagnostics;
use crate::graph::{Item, NodeId};
use crate::lang::body;
use crate::lang::config::Resource;
use crate::lang::lower::duration;
use crate::lang::scope::Bindings;
use crate::ledger::Sealer;
use crate::plan::compare::{differences, has_sealed, ignoring, overlay};
use crate::plan::{Action, Change, Whom};
use crate::world::{Verdicts, World};

/// A change that can be intended.
pub(super) struct Ready {
    /// The final arguments.
    pub config: Value,
    /// The final prediction.
    pub planned: Value,
    /// The object as it is.
    pub prior: Option<Value>,
    pub policy: Policy,
    pub timeout: Duration,
    /// Whether the old object of a replacement was destroyed by a step before.
    pub cleared: bool,
    /// The version that is live in the place of what is to be made, as far as that can be seen.
    pub live: Option<String>,
}

/// Why a change is not begun, with words for the table.
pub(super) type Refusal = (End, String);

/// What evaluation alone can tell of a change.
pub(super) struct Evaluated {
    pub config: Value,
    /// Whether the arguments were wholly known in the plan, so that nothing is predicted anew.
    pub settled: bool,
    pub policy: Policy,
    pub timeout: Duration,
    pub cleared: bool,
}

/// Evaluates what was unknown when the plan was made. What was known must be as it was then.
pub(super) fn evaluate(
    change: &Change,
    whom: &Whom,
    world: Option<&mut World>,
    cleared: bool,
) -> Result<Evaluated, Refusal> {
    let default_timeout = match whom {
        Whom::Resource(_, schema) => schema.timeout,
        Whom::Data(_) => DATA_TIMEOUT,
    };
    let both = matches!(change.action, Action::Replace { create_first: false }) && !cleared;
    let acts = if both { 2 } else { 1 };
    let mut evaluated = Evaluated {
        config: change.inputs.clone(),
        settled: !change.inputs.has_unknown(),
        policy: Policy { acts, backoff: Backoff::default() },
        timeout: default_timeout,
        cleared,
    };
    let Some(world) = world else { return Ok(evaluated) };
    let Some((id, resource)) = block_of(world, change.address()) else { return Ok(evaluated) };
    let goes = matches!(change.action, Action::Destroy | Action::Forget);
    // What goes needs nothing that is made before it; perhaps that is only made anew behind it.
    let errors = if goes { Diagnostics::default() } else { world.settle(id) };
    if errors.has_errors() {
        return Err(refused(&errors));
    }
    let bindings = world.bindings(id, change.address());
    let module = &change.address().module;
    if let Some(retry) = &resource.retry {
        evaluated.policy.backoff =
            Backoff { attempts: retry.attempts, min_delay: retry.min_delay, max_delay: retry.max_delay };
    }
    evaluated.timeout = timeout(world, &resource, change, &bindings)?.unwrap_or(default_timeout);
    if goes {
        return Ok(evaluated);
    }
    let conditions = &resource.lifecycle.preconditions;
    match world.check_conditions(conditions, module, &bindings) {
        Ok(Verdicts::Hold) => {}
        Ok(Verdicts::Unknown) => return Err(failed("A precondition is still not known.".to_owned())),
        Err(errors) => return Err(refused(&errors)),
    }
    if evaluated.settled {
        return Ok(evaluated);
    }
    let attributes = whom.attributes();
    let now = world
        .with_evaluator(module, &bindings, |evaluator| body::evaluate(&resource.body, attributes, evaluator))
        .map_err(|errors| refused(&errors))?;
    let now = if change.action == Action::Update {
        ignoring(&resource.lifecycle.ignore_changes, now, Some(&change.before))
    } else {
        now
    };
    let changed = differences(&change.inputs, &now, false);
    if let Some(path) = changed.first() {
        return Err(failed(format!("{path} would not be what was planned. Plan again.")));
    }
    if now.has_unknown() {
        return Err(failed("Some of its arguments are still not known.".to_owned()));
    }
    evaluated.config = now;
    Ok(evaluated)
}

const DATA_TIMEOUT: Duration = Duration::from_secs(120);

/// Looks at the outside once more and predicts what was unknown.
pub(super) async fn look(
    change: &Change,
    whom: &Whom,
    evaluated: Evaluated,
    context: &Context,
    sealer: &Sealer,
    refresh: bool,
) -> Result<Ready, Refusal> {
    let Evaluated { config, settled, policy, timeout, cleared } = evaluated;
    if has_sealed(&config) && change.action != Action::Destroy {
        return Err(failed(
            "One of its arguments is sensitive and is not kept: plan with the release file.".to_owned(),
        ));
    }
    let before = (!change.before.is_null()).then(|| sealer.unseal(&change.before, &config));
    let ready = |planned: Value, prior: Option<Value>| Ready {
        config: config.clone(),
        planned,
        prior,
        policy,
        timeout,
        cleared,
        live: None,
    };
    let (resource, schema) = match whom {
        Whom::Data(_) => return Ok(ready(change.after.clone(), None)),
        Whom::Resource(resource, schema) => (resource, schema),
    };
    let acts_on_it = matches!(change.action, Action::Update | Action::Destroy | Action::Replace { .. });
    if let (Some(prior), true) = (&before, refresh && acts_on_it && !cleared) {
        let observed = call::read(resource, prior, &context.of_record())
            .await
            .map_err(|problem| refused_by(&problem))?;
        if let Some(refusal) = moved_meanwhile(change, &observed, sealer) {
            return Err(refusal);
        }
    }
    let first = change.action == Action::Create && schema.lifetime == Lifetime::Live && before.is_none();
    // A rollback goes its way whatever is there.
    let live = if first && refresh && change.turned_back_to().is_none() {
        live_version(change, resource, &config, context).await
    } else {
        None
    };
    if settled || change.action == Action::Destroy {
        return Ok(Ready { live, ..ready(change.after.clone(), before) });
    }
    let planned = predict(change, resource, schema, &config, before.as_ref(), context).await?;
    Ok(Ready { live, ..ready(planned, before) })
}

/// The version that is live already where the ledger has nothing. What cannot be seen keeps nobody from deploying.
async fn live_version(
    change: &Change,
    resource: &Arc<dyn Managed>,
    config: &Value,
    context: &Context,
) -> Option<String> {
    match call::discover(resource, config, context).await {
        Ok(Observed::Present(value)) => change.version_in(&value).map(str::to_owned),
        Ok(Observed::Same | Observed::Absent) | Err(_) => None,
    }
}

/// What changed since the plan was made stops the step.
fn moved_meanwhile(change: &Change, observed: &Observed, sealer: &Sealer) -> Option<Refusal> {
    match observed {
        Observed::Same => None,
        Observed::Absent if change.action == Action::Destroy => {
            Some((End::Done, "It was gone already.".to_owned()))
        }
        Observed::Absent => Some(failed("It was deleted since the plan was made. Plan again.".to_owned())),
        Observed::Present(value) => {
            let paths = differences(&sealer.seal_value(&change.before), &sealer.seal_value(value), true);
            let first = paths.first()?;
            Some(failed(format!("It was changed since the plan was made ({first}). Plan again.")))
        }
    }
}

/// The prediction with the now known arguments; what the plan had pinned stays.
async fn predict(
    change: &Change,
    resource: &Arc<dyn Managed>,
    schema: &Arc<ResourceSchema>,
    config: &Value,
    prior: Option<&Value>,
    context: &Context,
) -> Result<Value, Refusal> {
    let prior = if matches!(change.action, Action::Replace { .. } | Action::Create | Action::Judge) {
        None
    } else {
        prior
    };
    let planned =
        call::plan(resource, config, prior, context).await.map_err(|problem| refused_by(&problem))?;
    let new_object = prior.is_some() && !planned.replace.is_empty();
    if new_object {
        return Err(failed("It would have to be replaced, which was not planned. Plan again.".to_owned()));
    }
    let given = propose(&schema.attributes, prior, config).value;
    let mut pinned = known_leaves(&change.after);
    pinned.retain(|path| path.find(&given).is_none_or(Value::is_unknown));
    Ok(overlay(&planned.value, &change.after, &pinned))
}

fn known_leaves(value: &Value) -> Vec<relplan_contract::Path> {
    let mut paths = Vec::new();
    value.leaves(&mut |path, leaf| {
        if !leaf.has_unknown() && !leaf.is_null() {
            paths.push(path.clone());
        }
    });
    paths
}

/// The work of a change's next act.
pub(super) fn work(change: &Change, whom: &Whom, ready: &Ready, acts_done: u8, key: &str) -> Option<Work> {
    match whom {
        Whom::Data(source) => Some(Work::Read { source: Arc::clone(source), config: ready.config.clone() }),
        Whom::Resource(resource, _) => {
            let resource = Arc::clone(resource);
            let prior = ready.prior.clone();
            let key = key.to_owned();
            let destroys = match change.action {
                Action::Destroy => true,
                Action::Replace { create_first } => !create_first && acts_done == 0 && !ready.cleared,
                Action::Create | Action::Update | Action::Judge => false,
                Action::Forget | Action::Read => return None,
            };
            if destroys {
                return Some(Work::Destroy { resource, prior: prior.unwrap_or(Value::NULL), key });
            }
            let prior = prior.filter(|_| !matches!(change.action, Action::Replace { .. }));
            Some(Work::Apply { resource, planned: ready.planned.clone(), prior, key })
        }
    }
}

/// The arguments of an instance as the file has them now; none where they cannot be evaluated.
pub(super) fn arguments(world: &mut World, address: &Address, attributes: &[Attribute]) -> Option<Value> {
    let (id, resource) = block_of(world, address)?;
    if world.settle(id).has_errors() {
        return None;
    }
    let bindings = world.bindings(id, address);
    let evaluated = world.with_evaluator(&address.module, &bindings, |evaluator| {
        body::evaluate(&resource.body, attributes, evaluator)
    });
    evaluated.ok().filter(|config| !config.has_unknown())
}

/// The block of an instance, where the file has it.
pub(super) fn block_of(world: &World, address: &Address) -> Option<(NodeId, Arc<Resource>)> {
    let module = world.module_of(&address.module)?;
    let id = world.graph().find(module, &Item::Resource(address.resource.clone()))?;
    let resource = world.graph().module(module).module.resources.get(&address.resource)?;
    Some((id, Arc::new(resource.clone())))
}

fn timeout(
    world: &World,
    resource: &Resource,
    change: &Change,
    bindings: &Bindings,
) -> Result<Option<Duration>, Refusal> {
    let name = match change.action {
        Action::Create | Action::Replace { .. } => "create",
        Action::Update => "update",
        Action::Destroy | Action::Forget => "destroy",
        Action::Judge => "judge",
        Action::Read => "read",
    };
    let found = resource.timeouts.get(name).or_else(|| resource.timeouts.get("default"));
    let Some((expr, _)) = found else { return Ok(None) };
    let value =
        world.evaluate(expr, &change.address().module, bindings).map_err(|errors| refused(&errors))?;
    if value.is_unknown() {
        return Ok(None);
    }
    let text = value.as_str().unwrap_or_default();
    let parsed = duration(text);
    parsed.map(Some).ok_or_else(|| failed(format!("{text:?} is no duration, as in \"90s\" or \"1h30m\".")))
}

fn failed(message: String) -> Refusal {
    (End::Failed, message)
}

fn refused(errors: &Diagnostics) -> Refusal {
    let text: Vec<String> =
        errors.0.iter().map(|error| format!("{}: {}", error.summary, error.detail)).collect();
    failed(text.join(" "))
}

fn refused_by(problem: &Problem) -> Refusal {
    failed(problem.to_string())
}
