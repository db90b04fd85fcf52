//! `relplan rollback`: back to the last known good version, from the ledger alone.
//!
//! It goes the way of every apply: what is open is found out first, the planner plans, the machine carries out, and
//! all of it can be killed and said again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use relplan_contract::Cancel;
use tokio::sync::mpsc::UnboundedReceiver;

use super::args::{PlanFormat, RollbackArgs};
use super::context::Context;
use super::exit::{Exit, Failure};
use super::planning::{self, Prepared};
use super::{ledger, plan as plan_verb, running, signals, state as state_verb, typed};
use crate::diag::did_you_mean;
use crate::event::RunMode;
use crate::ledger::Ledger;
use crate::ledger::file::{self, Files};
use crate::plan::rollback::{Aim, Scope};
use crate::plan::{CautionKind, Commands, Options, Providers, WayBack, covers};
use crate::run::Signal;
use crate::run::machine::Gate;
use crate::shell;
use crate::state::State;
use crate::view::json::Deed;

pub(super) fn run(context: &mut Context, args: &RollbackArgs) -> Result<Exit, Failure> {
    let (folder, product) = ledger::find(context, &args.ledger)?;
    let runtime = Context::runtime(args.parallelism)?;
    let ended = runtime.block_on(async {
        let mut signals = signals::listen()?;
        let (mut ledger, aim) = open(context, args, &folder, &product)?;
        roll_back(context, args, &folder, &mut ledger, aim, &mut signals).await
    });
    context.print_usage();
    ended
}

/// Opens the ledger, and says where the way leads. Who had to wait for another run goes back to what is known good and no
/// further: perhaps that run did what was asked for here, and going back one more release is for a person to say.
fn open(
    context: &Context,
    args: &RollbackArgs,
    folder: &Path,
    product: &str,
) -> Result<(Ledger<Files>, Aim), Failure> {
    let open = || ledger::open(context, folder, product, &args.lock);
    if let Some(version) = &args.to {
        return Ok((open()?, Aim::Version(version.as_str().into())));
    }
    let asked_at = file::read(folder, product)?.and_then(|reading| reading.into_state().head);
    let ledger = open()?;
    let aim = if ledger.state().head == asked_at { Aim::Back } else { Aim::KnownGood };
    Ok((ledger, aim))
}

async fn roll_back(
    context: &mut Context,
    args: &RollbackArgs,
    folder: &Path,
    ledger: &mut Ledger<Files>,
    aim: Aim,
    signals: &mut UnboundedReceiver<Signal>,
) -> Result<Exit, Failure> {
    let sealer = ledger.sealer().clone();
    let way = way(context, args, ledger, aim.clone())?;
    let commands = commands(context, args, folder, ledger)?;
    let cancel = Cancel::default();
    let planned = planning::way_back(context, folder, way, commands.clone(), args.parallelism, &cancel);
    let prepared = signals::unless_asked(signals, || signals::interrupted("planning"), planned).await?;
    context.show(&prepared.draft.warnings);
    if prepared.has_nothing_to_do() {
        return nothing(context, &aim, &prepared);
    }
    let format = if context.json { PlanFormat::Json } else { PlanFormat::Text };
    if args.plan || !context.json {
        plan_verb::show(context, &prepared, format);
    }
    if args.plan {
        return Ok(Exit::Done);
    }
    let help = "Give -auto-approve.";
    if !args.auto_approve && !running::agreed(context, "turn back", help, signals).await? {
        return Err(Failure::new(Exit::Declined, "Nothing was done."));
    }
    let how = running::How {
        parallelism: args.parallelism,
        refresh: false,
        whole: true,
        gate: Gate::default(),
        commands,
    };
    running::carry_out(context, ledger, prepared, &sealer, how, signals).await
}

/// What a person may have to type next.
fn commands(
    context: &Context,
    args: &RollbackArgs,
    folder: &Path,
    ledger: &Ledger<Files>,
) -> Result<Commands, Failure> {
    let ledger = typed::of_ledger(context, folder, &ledger.state().product);
    let mut again = format!("relplan rollback{}", ledger());
    let to = args.to.as_ref().map(|version| shell::word(&format!("-to={version}")));
    for word in to.into_iter().chain(typed::parts("target", &planning::targets(&args.target)?)) {
        again = format!("{again} {word}");
    }
    Ok(Commands { again, ledger: Arc::new(ledger) })
}

/// What the plan is made from.
fn way(context: &Context, args: &RollbackArgs, ledger: &Ledger<Files>, aim: Aim) -> Result<WayBack, Failure> {
    let state = ledger.state();
    let mut providers = Providers::new(Arc::clone(&context.registry), Arc::clone(&context.environment));
    providers.recall(&state.providers);
    known_version(state, args)?;
    let options = Options {
        mode: RunMode::Rollback,
        refresh: args.refresh,
        retry: planning::targets(&args.retry)?,
        accept: planning::targets(&args.accept)?,
        ..Options::default()
    };
    Ok(WayBack {
        state: state.clone(),
        providers,
        sealer: ledger.sealer().clone(),
        scope: Scope { addresses: chosen(context, state, args)?, aim },
        known: BTreeMap::new(),
        options,
    })
}

/// A version that was never applied is not gone back to.
fn known_version(state: &State, args: &RollbackArgs) -> Result<(), Failure> {
    let Some(to) = args.to.as_deref().filter(|to| !state.releases.contains_key(*to)) else { return Ok(()) };
    let known: Vec<&str> = state.releases.keys().map(|version| &**version).collect();
    let help = did_you_mean(to, known.iter().copied())
        .map_or_else(|| format!("It has: {}.", known.join(", ")), |near| format!("Did you mean {near}?"));
    Err(Failure::error(format!("The ledger has no version {to}.")).help(help))
}

fn chosen(
    context: &Context,
    state: &State,
    args: &RollbackArgs,
) -> Result<Option<BTreeSet<crate::addr::Address>>, Failure> {
    if args.target.is_empty() {
        return Ok(None);
    }
    let targets = planning::targets(&args.target)?;
    for target in &targets {
        state_verb::must_be_there(context, state, target)?;
    }
    let addresses = state.entries.keys().map(|key| &key.address);
    Ok(Some(addresses.filter(|address| covers(&targets, address)).cloned().collect()))
}

/// Nothing goes back: because all is well, or because there is no way.
fn nothing(context: &Context, aim: &Aim, prepared: &Prepared) -> Result<Exit, Failure> {
    let cautions = prepared.draft.plan.cautions.iter();
    let stuck: Vec<String> = cautions
        .filter(|caution| caution.kind == CautionKind::NoWayBack)
        .filter_map(|caution| caution.key.as_ref().map(ToString::to_string))
        .collect();
    if !stuck.is_empty() {
        let message =
            format!("There is no way back for {}: no earlier version is known good.", stuck.join(", "));
        return Err(Failure::error(message).help("Name a version with -to, or mend it and apply again."));
    }
    let text = match aim {
        Aim::KnownGood => "No changes: another run ended while this one waited for its turn, and every live resource is at its last \
                           known good version. To go back one release from here, say it again."
            .to_owned(),
        Aim::Back => no_other("known good version"),
        Aim::Version(version) => no_other(&format!("state in version {version}")),
    };
    context.print_done("rollback", &[Deed { key: None, text }]);
    Ok(Exit::Done)
}

fn no_other(what: &str) -> String {
    format!(
        "No changes: there is nothing to turn back: no live resource has another {what} than the one it has now."
    )
}
