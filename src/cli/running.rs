//! Carrying a plan out in front of a person or a program: live lines, the closing table, the exit.

use std::collections::BTreeMap;

use tokio::sync::mpsc::UnboundedReceiver;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::identity;
use super::live::Live;
use super::planning::Prepared;
use super::terminal::Terminal;
use crate::event::{Ending, Event, RunMode};
use crate::ledger::file::Files;
use crate::ledger::{Ledger, LedgerError, Sealer};
use crate::plan::Commands;
use crate::run::machine::Gate;
use crate::run::report::{Notice, Row, RowResult, Summary};
use crate::run::{Run, Signal, apply};
use crate::shell;
use crate::view;

/// How a plan is carried out.
pub(super) struct How {
    pub parallelism: usize,
    pub refresh: bool,
    /// Whether the plan covers the whole file.
    pub whole: bool,
    /// How long to wait at gates.
    pub gate: Gate,
    /// Commands to go on with.
    pub commands: Commands,
}

/// Asks a person whether something shall be done; where nobody can be asked, `help` says how to agree beforehand.
pub(super) async fn agreed(
    context: &Context,
    what: &str,
    help: &str,
    signals: &mut UnboundedReceiver<Signal>,
) -> Result<bool, Failure> {
    if !context.terminal.interactive || context.json {
        return Err(Failure::new(Exit::Declined, "Nobody can be asked here, so nothing was done.").help(help));
    }
    let question = format!("\nDo you want to {what}? Only `yes` is taken as yes.\n\n  Enter a value: ");
    let answer = tokio::task::spawn_blocking(move || Terminal::ask(&question));
    tokio::select! {
        answer = answer => Ok(answer.ok().flatten().as_deref() == Some("yes")),
        _ = signals.recv() => Err(Failure::new(Exit::Interrupted, "Interrupted: nothing was done.")),
    }
}

/// Carries a plan out, and shows it.
pub(super) async fn carry_out(
    context: &mut Context,
    ledger: &mut Ledger<Files>,
    prepared: Prepared,
    sealer: &Sealer,
    how: How,
    signals: &mut UnboundedReceiver<Signal>,
) -> Result<Exit, Failure> {
    let Prepared { draft, digest, mut surroundings, .. } = prepared;
    let crate::plan::Draft { plan, mut world, mut prelude, actors, providers, .. } = draft;
    prelude.extend(identity::event(&plan, &providers, &surroundings).await);
    let mut live = Live::new(context);
    let mut notify = |found: Notice| live.show(&found);
    let (summary, error) = apply(Run {
        plan: &plan,
        digest,
        actors: &actors,
        prelude,
        world: Some(&mut world),
        providers: &providers,
        journal: ledger,
        sealer,
        surroundings: &mut surroundings,
        signals,
        notify: &mut notify,
        parallelism: how.parallelism,
        refresh: how.refresh,
        gate: how.gate,
        whole: how.whole,
        command: context.command.clone(),
    })
    .await;
    finish(context, ledger, summary, error, plan.mode, &how.commands)
}

/// Keeps the state beside the ledger, shows how the run ended, and gives the exit.
fn finish(
    context: &Context,
    ledger: &mut Ledger<Files>,
    mut summary: Summary,
    error: Option<LedgerError>,
    mode: RunMode,
    commands: &Commands,
) -> Result<Exit, Failure> {
    if error.is_none()
        && let Err(refused) = ledger.checkpoint(context.now_ms())
    {
        // Everything is recorded already: without the checkpoint, the next command only reads slower.
        context.warn(&format!(
            "Warning: no checkpoint was kept, so that the next command reads the whole ledger: {refused}.\n"
        ));
    }
    summary.head = ledger.head().map(|head| head.hash);
    summary.next = next_commands(&summary, commands, error.is_some());
    for address in ledger.state().holds.keys() {
        let address = shell::quoted(&address.to_string());
        let command = format!("relplan state release{} {address} -reason=...", (commands.ledger)());
        summary.next.push((command, "once a person has looked: it is on hold".to_owned()));
    }
    context.print(&if context.json {
        view::json::to_line(&view::json::summary(&summary))
    } else {
        view::progress::summary(&summary, mode, &context.palette())
    });
    match error {
        Some(error) => Err(error.into()),
        None => Ok(Exit::of_run(summary.ending)),
    }
}

/// A release that needs nothing any more is complete, also when the run that ended it did not see that.
pub(super) fn note_complete(
    context: &Context,
    ledger: &mut Ledger<Files>,
    prepared: &Prepared,
    whole: bool,
) -> Result<(), Failure> {
    let plan = &prepared.draft.plan;
    let known = ledger.state().releases.get(&plan.version).is_some_and(|release| release.complete);
    if known || !whole || plan.mode != RunMode::Apply || plan.version.is_empty() {
        return Ok(());
    }
    let opened = Event::RunOpened {
        mode: RunMode::Apply,
        version: std::sync::Arc::clone(&plan.version),
        config: plan.basis.config,
        plan: Some(prepared.digest),
        versions: plan.basis.providers.clone(),
        command: context.command.clone(),
    };
    let closed = Event::RunClosed { ending: Ending::Complete, complete: true, counts: BTreeMap::new() };
    ledger.append(context.now_ms(), vec![opened, closed])?;
    ledger.sync()?;
    Ok(())
}

/// The command that takes over what was in the way of a change.
fn adoption(again: &str, row: &Row) -> Option<(String, String)> {
    let RowResult::Failed { adoptable: true, .. } = &row.result else { return None };
    let address = shell::quoted(&row.key.address.to_string());
    Some((
        format!("{again} -accept {address}"),
        "to take over what is live, once you know where it comes from".to_owned(),
    ))
}

/// What to type next, each with why.
fn next_commands(summary: &Summary, commands: &Commands, ledger_lost: bool) -> Vec<(String, String)> {
    let mut next = Vec::new();
    let (again, ledger) = (&commands.again, (commands.ledger)());
    for row in &summary.rows {
        if matches!(row.result, RowResult::Uncertain { .. }) {
            let address = &row.key.address;
            let quoted = shell::quoted(&address.to_string());
            next.push((
                format!("{again} -accept {quoted}"),
                format!("if you have looked, and {address} was done"),
            ));
            next.push((format!("{again} -retry {quoted}"), "if it was not".to_owned()));
        }
    }
    if ledger_lost {
        next.push((format!("relplan state verify{ledger}"), "to check what was recorded".to_owned()));
        return next;
    }
    match summary.ending {
        Ending::Complete | Ending::Uncertain => {}
        Ending::Inconclusive => {
            next.push((again.clone(), "to judge again, once what the check needs is there".to_owned()));
        }
        Ending::Waiting => {
            next.push((again.clone(), "to go on when the gate is open".to_owned()));
        }
        Ending::RolledBack => {
            next.push((format!("relplan state history{ledger}"), "to see what happened".to_owned()));
        }
        Ending::CheckFailed => {
            next.push((again.clone(), "to judge again, once it is mended".to_owned()));
            next.push((
                format!("relplan rollback{ledger}"),
                "to turn back to the last known good version".to_owned(),
            ));
        }
        Ending::Failed | Ending::Interrupted => {
            next.extend(summary.rows.iter().filter_map(|row| adoption(again, row)));
            next.push((again.clone(), "to go on with what is left".to_owned()));
        }
    }
    next
}
