//! A whole run: opened, carried out, turned back where a check asks for it, closed.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::Outcome;
use tokio::sync::mpsc::UnboundedReceiver;

use super::dispatch::{Phase, PhaseEnd, Signal, carry_out};
use super::journal::Journal;
use super::machine::{Gate, Stop};
use super::report::{Notice, Row, RowResult, Summary};
use super::surroundings::Surroundings;
use crate::canonical::Digest;
use crate::event::{Ending, EntryKey, Event, RunMode};
use crate::graph::Item;
use crate::ledger::{LedgerError, Sealer};
use crate::plan::{Plan, Providers, Whom};
use crate::world::World;

mod way_back;

/// What a run works with.
pub struct Run<'r> {
    /// What is done.
    pub plan: &'r Plan,
    /// Its digest.
    pub digest: Digest,
    /// Whom each change is done by.
    pub actors: &'r BTreeMap<EntryKey, Whom>,
    /// What the ledger is told first.
    pub prelude: Vec<Event>,
    /// The configuration; none when the plan was made from the ledger alone.
    pub world: Option<&'r mut World>,
    /// Every provider.
    pub providers: &'r Providers,
    /// Where it is recorded.
    pub journal: &'r mut dyn Journal,
    /// Makes fingerprints.
    pub sealer: &'r Sealer,
    /// The outside.
    pub surroundings: &'r mut Surroundings,
    /// Wishes to stop.
    pub signals: &'r mut UnboundedReceiver<Signal>,
    /// Who is told while it goes on.
    pub notify: &'r mut dyn FnMut(Notice),
    /// How many changes are under way at most.
    pub parallelism: usize,
    /// Whether each live resource is read again just before its intent.
    pub refresh: bool,
    /// How long to wait at gates.
    pub gate: Gate,
    /// Whether the plan covers the whole file.
    pub whole: bool,
    /// The command as typed, secrets left out.
    pub command: String,
}

/// Carries out a plan from the first record of the run to the last. An error means that the ledger could not be
/// written: what was recorded until then stays, and the next run goes on from there.
pub async fn apply(mut run: Run<'_>) -> (Summary, Option<LedgerError>) {
    if let Err(error) = open(&mut run) {
        return (summary(Ending::Failed, Vec::new(), run.journal), Some(error));
    }
    let mut end = phase(&mut run).await;
    let mut ending = ending_of(&end);
    if end.error.is_none() && !end.rollbacks.is_empty() && end.stopped == Some(Stop::Rollback) {
        ending = way_back::turn_back(&mut run, &mut end).await;
    }
    let closed = if end.error.is_none() { close(&mut run, &end, ending) } else { Ok(()) };
    let error = end.error.or_else(|| closed.err());
    if error.is_some() {
        // How it ended is told only when that is durable.
        ending = Ending::Failed;
    }
    (summary(ending, end.rows, run.journal), error)
}

fn open(run: &mut Run<'_>) -> Result<(), LedgerError> {
    let mut versions = run.plan.basis.providers.clone();
    versions.insert("relplan".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let mut events = vec![Event::RunOpened {
        mode: run.plan.mode,
        version: Arc::clone(&run.plan.version),
        config: run.plan.basis.config,
        plan: Some(run.digest),
        versions,
        command: run.command.clone(),
    }];
    events.append(&mut run.prelude);
    events.extend(run.plan.turning_back());
    // Only a file has blocks: what is turned back from the ledger alone uses those that it remembers.
    if run.plan.basis.config.is_some() {
        let sealed = run.providers.arguments().iter();
        let sealed: BTreeMap<_, _> =
            sealed.map(|(name, value)| (Arc::clone(name), run.sealer.seal_value(value))).collect();
        if sealed != run.journal.state().providers {
            events.push(Event::ProvidersSet { providers: sealed });
        }
    }
    if run.plan.mode == RunMode::Refresh {
        events.extend(run.plan.drift.iter().map(|drift| Event::Adopted {
            key: drift.key.clone(),
            value: drift.after.clone(),
            reason: "It was found so by -refresh-only.".to_owned(),
        }));
    }
    let now = run.surroundings.clock.now_ms();
    run.journal.append(now, events)?;
    run.journal.sync()
}

async fn phase(run: &mut Run<'_>) -> PhaseEnd {
    let mut phase = Phase {
        plan: run.plan,
        digest: run.digest,
        actors: run.actors,
        world: run.world.as_deref_mut(),
        journal: run.journal,
        sealer: run.sealer,
        surroundings: run.surroundings,
        signals: run.signals,
        notify: run.notify,
        parallelism: run.parallelism,
        refresh: run.refresh,
        gate: run.gate,
    };
    carry_out(&mut phase).await
}

fn ending_of(end: &PhaseEnd) -> Ending {
    let any = |test: &dyn Fn(&RowResult) -> bool| end.rows.iter().any(|row| test(&row.result));
    let verdict = |wanted: Outcome| {
        any(&|result| matches!(result, RowResult::NotPassed { verdict } if verdict.outcome == wanted))
    };
    if end.error.is_some() {
        Ending::Failed
    } else if any(&|result| matches!(result, RowResult::Uncertain { .. })) {
        Ending::Uncertain
    } else if end.stopped == Some(Stop::Interrupted)
        && any(&|result| !matches!(result, RowResult::Done { .. }))
    {
        Ending::Interrupted
    } else if verdict(Outcome::Failed) {
        Ending::CheckFailed
    } else if any(&|result| matches!(result, RowResult::Failed { .. })) {
        Ending::Failed
    } else if verdict(Outcome::Error) || verdict(Outcome::Inconclusive) {
        // To wait would not help: a person must look.
        Ending::Inconclusive
    } else if verdict(Outcome::Pending) {
        Ending::Waiting
    } else {
        Ending::Complete
    }
}

fn close(run: &mut Run<'_>, end: &PhaseEnd, ending: Ending) -> Result<(), LedgerError> {
    let mut events = Vec::new();
    if ending == Ending::Complete
        && let Some(outputs) = outputs(run)
    {
        events.push(Event::OutputsSet { outputs });
    }
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for row in &end.rows {
        let name = match &row.result {
            RowResult::Done { .. } => "done",
            RowResult::Failed { .. } | RowResult::NotPassed { .. } => "failed",
            RowResult::Uncertain { .. } => "uncertain",
            RowResult::Skipped { .. } => "skipped",
            RowResult::TurnedBack { .. } => "turned back",
        };
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    let complete = ending == Ending::Complete && run.whole && run.plan.mode == RunMode::Apply;
    events.push(Event::RunClosed { ending, complete, counts });
    let now = run.surroundings.clock.now_ms();
    run.journal.append(now, events)?;
    run.journal.sync()
}

/// The outputs of the root module, when they differ from those of the state. Those that are null are none; when all is
/// destroyed, there are none left.
fn outputs(run: &mut Run<'_>) -> Option<BTreeMap<Arc<str>, relplan_contract::Value>> {
    let mode = run.plan.mode;
    if mode == RunMode::Destroy && run.whole {
        return (!run.journal.state().outputs.is_empty()).then(BTreeMap::new);
    }
    let world = run.world.as_deref_mut().filter(|_| mode == RunMode::Apply)?;
    let graph = Arc::clone(world.graph());
    for id in graph.order() {
        if matches!(graph.node(*id).item, Item::Output(_)) {
            // An output that cannot be evaluated after all is left as it was: the objects are what counts.
            let _ = world.settle(*id);
            let _ = world.visit(*id);
        }
    }
    let mut outputs = world.outputs_over(&run.journal.state().outputs);
    outputs.retain(|_, value| !value.is_null());
    let sealed: BTreeMap<_, _> =
        outputs.iter().map(|(name, value)| (Arc::clone(name), run.sealer.seal_value(value))).collect();
    (sealed != run.journal.state().outputs).then_some(outputs)
}

fn summary(ending: Ending, rows: Vec<Row>, journal: &dyn Journal) -> Summary {
    let head = journal.state().head.map(|head| head.hash);
    Summary { ending, rows, head, next: Vec::new() }
}
