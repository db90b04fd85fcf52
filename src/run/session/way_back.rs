//! The automatic way back: a failed check turns back what it judges, in the run in which it failed.
//!
//! It is planned by the same planner and carried out by the same machine as everything else. One attempt: when it
//! fails, what is left is degraded, and held until a person releases it.

use std::collections::{BTreeMap, BTreeSet};

use relplan_contract::{Cancel, Value};

use super::{Run, ending_of};
use crate::addr::Address;
use crate::event::{ActOutcome, Ending, EntryKey, Event, RunMode};
use crate::plan::compare::has_sealed;
use crate::plan::rollback::{Aim, Scope};
use crate::plan::{Change, Draft, Options, Plan, Planner, WayBack};
use crate::run::dispatch::{Phase, PhaseEnd, carry_out};
use crate::run::machine::Gate;
use crate::run::observe::{Replay, Word, observe};
use crate::run::prepare;
use crate::run::report::{Notice, Row, RowResult};

/// Why there is no plan for the way back.
enum NoPlan {
    /// A person asked to stop.
    Interrupted,
    /// In words, as a clause.
    Because(String),
}

/// Turns back what the failed checks of a phase ask for, and says how the run ends by that.
pub(super) async fn turn_back(run: &mut Run<'_>, end: &mut PhaseEnd) -> Ending {
    for index in &end.rollbacks {
        if let Some(change) = run.plan.changes.get(*index) {
            (run.notify)(Notice::RollingBack { check: change.key.clone() });
        }
    }
    let draft = match plan(run, end).await {
        Ok(draft) => draft,
        Err(NoPlan::Interrupted) => return Ending::Interrupted,
        Err(NoPlan::Because(why)) => {
            let owed = end.owed.clone();
            hold(run, end, &owed, &format!("a check failed, and {why}"));
            return Ending::CheckFailed;
        }
    };
    let going: BTreeSet<&Address> = draft.plan.changes.iter().map(|change| &change.key.address).collect();
    let stuck: BTreeSet<Address> = end.owed.iter().filter(|live| !going.contains(*live)).cloned().collect();
    let mut events = draft.prelude;
    for event in &events {
        find_out(event, end);
    }
    events.extend(draft.plan.turning_back());
    let back = match begin(run, events) {
        Ok(()) if draft.plan.changes.is_empty() => None,
        Ok(()) => Some(carry_back(run, &draft.plan, &draft.actors).await),
        Err(error) => {
            end.error = Some(error);
            return Ending::Failed;
        }
    };
    let ended = back.as_ref().map_or(Ending::Complete, ending_of);
    if let Some(back) = back {
        end.error = back.error;
        if ended == Ending::Complete {
            mark_turned_back(&draft.plan, back.rows, end);
        } else {
            end.rows.extend(back.rows);
        }
    }
    match ended {
        Ending::Complete if stuck.is_empty() => Ending::RolledBack,
        Ending::Complete => {
            hold(run, end, &stuck, "a check failed, and no earlier version of it is known good");
            Ending::CheckFailed
        }
        // Said by a person, who can go on with it.
        Ending::Interrupted => Ending::Interrupted,
        _ => {
            let why = "a check failed, and turning back did not end well: the environment is degraded";
            let owed = end.owed.clone();
            hold(run, end, &owed, why);
            Ending::CheckFailed
        }
    }
}

/// The plan, made from the ledger as it is now.
async fn plan(run: &mut Run<'_>, end: &PhaseEnd) -> Result<Draft, NoPlan> {
    let mut scope = end.owed.clone();
    scope.extend(run.journal.state().lost().map(|(address, _)| address.clone()));
    let mut planner = Planner::of_way_back(WayBack {
        state: run.journal.state().clone(),
        providers: run.providers.clone(),
        sealer: run.sealer.clone(),
        scope: Scope { addresses: Some(scope), aim: Aim::KnownGood },
        known: known_arguments(run, end),
        options: Options { mode: RunMode::Rollback, refresh: run.refresh, ..Options::default() },
    });
    let (cancel, mut replay) = (Cancel::default(), Replay::default());
    let notify = &mut *run.notify;
    let mut telling = |key: &EntryKey, word: Word| {
        let text = match word {
            Word::Settling(wait) => format!("Waiting {} s for what may still land...", wait.as_secs()),
            Word::Says(text) => text,
        };
        notify(Notice::Line { key: key.clone(), text });
    };
    let observed = tokio::select! {
        biased;
        observed = observe(&mut planner, run.surroundings, run.parallelism, &mut replay, &cancel, &mut telling) => observed,
        _ = run.signals.recv() => return Err(NoPlan::Interrupted),
    };
    observed.map_err(|_| NoPlan::Interrupted)?;
    planner.finish().map_err(|failure| {
        let details: Vec<String> =
            failure.found.0.iter().map(|found| format!("{} {}", found.detail, found.help)).collect();
        NoPlan::Because(details.join(" ").trim_end_matches('.').to_owned())
    })
}

/// The present arguments of what the file names: the ledger keeps no secrets.
fn known_arguments(run: &mut Run<'_>, end: &PhaseEnd) -> BTreeMap<EntryKey, Value> {
    let mut known = end.configs.clone();
    let Some(world) = run.world.as_deref_mut() else { return known };
    for (key, entry) in &run.journal.state().entries {
        let schema = run.providers.registry().resource(&key.address.resource.ty);
        if let Some(schema) = schema.filter(|_| has_sealed(&entry.inputs) && !known.contains_key(key))
            && let Some(config) = prepare::arguments(world, &key.address, &schema.attributes)
        {
            known.insert(key.clone(), config);
        }
    }
    known
}

/// Tells the ledger what was found out while planning, and where it leads.
fn begin(run: &mut Run<'_>, events: Vec<Event>) -> Result<(), crate::ledger::LedgerError> {
    if !events.is_empty() {
        run.journal.append(run.surroundings.clock.now_ms(), events)?;
    }
    run.journal.sync()
}

async fn carry_back(
    run: &mut Run<'_>,
    plan: &Plan,
    actors: &BTreeMap<EntryKey, crate::plan::Whom>,
) -> PhaseEnd {
    let mut phase = Phase {
        plan,
        digest: crate::plan::digest::of(plan),
        actors,
        world: None,
        journal: run.journal,
        sealer: run.sealer,
        surroundings: run.surroundings,
        signals: run.signals,
        notify: run.notify,
        parallelism: run.parallelism,
        refresh: false,
        // Gates do not hold a rollback up.
        gate: Gate::default(),
    };
    carry_out(&mut phase).await
}

/// In the closing table, what was uncertain says what became of it, where that was found out on the way back.
fn find_out(event: &Event, end: &mut PhaseEnd) {
    let (key, result) = match event {
        Event::Ended { key, outcome: ActOutcome::Failed { message, .. }, .. } => {
            (key, RowResult::Failed { message: message.clone(), adoptable: false })
        }
        Event::Adopted { key, .. } => (key, RowResult::Done { verdict: None, headline: None }),
        _ => return,
    };
    let uncertain = |row: &&mut Row| row.key == *key && matches!(row.result, RowResult::Uncertain { .. });
    end.rows.iter_mut().filter(uncertain).for_each(|row| row.result = result.clone());
}

/// In the closing table, what was turned back says so, also where an earlier run had changed it.
fn mark_turned_back(plan: &Plan, rows: Vec<Row>, end: &mut PhaseEnd) {
    fn to(change: &Change) -> Option<(&EntryKey, String)> {
        Some((&change.key, change.turned_back_to()?.to_string()))
    }
    let to: BTreeMap<&EntryKey, String> = plan.changes.iter().filter_map(to).collect();
    let mut told: BTreeSet<EntryKey> = BTreeSet::new();
    for row in &mut end.rows {
        if let Some(version) = to.get(&row.key) {
            row.result = RowResult::TurnedBack { version: version.clone() };
            told.insert(row.key.clone());
        }
    }
    end.rows.extend(rows.into_iter().filter(|row| !told.contains(&row.key)).filter_map(|row| {
        let version = to.get(&row.key)?.clone();
        Some(Row { result: RowResult::TurnedBack { version }, ..row })
    }));
}

fn hold(run: &mut Run<'_>, end: &mut PhaseEnd, addresses: &BTreeSet<Address>, reason: &str) {
    if end.error.is_some() {
        return;
    }
    let events =
        addresses.iter().map(|address| Event::Held { address: address.clone(), reason: reason.to_owned() });
    let now = run.surroundings.clock.now_ms();
    if let Err(error) = run.journal.append(now, events.collect()) {
        end.error.get_or_insert(error);
    }
}
