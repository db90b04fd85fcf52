//! `relplan rollback`: back to the last verified version, from the ledger alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relplan_contract::{Redactor, Tree};

use super::args::RollbackArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::live::Live;
use super::terminal::Terminal;
use super::{ledger, planning, running, signals};
use crate::event::RunMode;
use crate::ledger::{Ledger, file::Files};
use crate::plan::rollback::{self, NoWayBack, Scope};
use crate::plan::{Providers, covers, digest};
use crate::run::machine::Gate;
use crate::run::surroundings::Surroundings;
use crate::run::{Run, apply};
use crate::state::State;
use crate::view::{self, json::Deed};

pub(super) fn run(context: &mut Context, args: &RollbackArgs) -> Result<Exit, Failure> {
    let (folder, product) = ledger::find(context, &args.ledger)?;
    let mut ledger = ledger::open(context, &folder, &product, &args.lock)?;
    let scope = Scope { addresses: chosen(ledger.state(), args)?, to: args.to.clone() };
    let mut providers = Providers::new(Arc::clone(&context.registry), Arc::clone(&context.environment));
    providers.recall(&ledger.state().providers);
    let sealer = ledger.sealer().clone();
    let way = match rollback::plan(ledger.state(), &providers, &sealer, &scope, &BTreeMap::new()) {
        Ok(way) => way,
        Err(nothing @ NoWayBack::Nothing(_)) => {
            let text = format!("No changes: {nothing}.");
            context.print_done("rollback", &[Deed { key: None, text }]);
            return Ok(Exit::Done);
        }
        Err(no_way) => return Err(Failure::error(format!("{no_way}."))),
    };
    let digest = digest::of(&way.plan);
    if !context.json {
        context.print(&view::text::plan(&way.plan, &digest, &context.palette()));
    } else if args.plan {
        context.print(&view::json::to_line(&view::json::plan(&way.plan, &digest)));
    }
    if args.plan {
        return Ok(Exit::Done);
    }
    agree(context, args)?;
    let mut surroundings = Surroundings {
        product: product.clone(),
        version: way.plan.version.to_string(),
        base: folder.clone(),
        tree: Tree::anywhere(&folder),
        keep: planning::keep_folder(&folder, &product)?,
        environment: Arc::clone(&context.environment),
        clock: Arc::clone(&context.clock),
        redactor: Arc::new(Redactor::default()),
        usage: Arc::clone(&context.usage),
    };
    let runtime = Context::runtime(args.parallelism)?;
    runtime.block_on(async {
        let mut signals = signals::listen()
            .map_err(|error| Failure::error(format!("Signals cannot be listened for: {error}.")))?;
        let mut live = Live::new(context);
        let mut notify = |notice| live.show(&notice);
        let journal: &mut Ledger<Files> = &mut ledger;
        let (summary, error) = apply(Run {
            plan: &way.plan,
            digest,
            actors: &way.actors,
            prelude: Vec::new(),
            world: None,
            providers: &providers,
            journal,
            sealer: &sealer,
            surroundings: &mut surroundings,
            signals: &mut signals,
            notify: &mut notify,
            parallelism: args.parallelism,
            refresh: false,
            gate: Gate::default(),
            whole: true,
            command: context.command.clone(),
        })
        .await;
        running::finish(context, &mut ledger, summary, error, RunMode::Rollback, "")
    })
}

fn chosen(state: &State, args: &RollbackArgs) -> Result<Option<BTreeSet<crate::addr::Address>>, Failure> {
    if args.target.is_empty() {
        return Ok(None);
    }
    let targets = planning::targets(&args.target)?;
    let addresses = state.entries.keys().map(|key| &key.address);
    Ok(Some(addresses.filter(|address| covers(&targets, address)).cloned().collect()))
}

fn agree(context: &Context, args: &RollbackArgs) -> Result<(), Failure> {
    if args.auto_approve {
        return Ok(());
    }
    if !context.terminal.interactive || context.json {
        return Err(Failure::new(Exit::Declined, "Nobody can be asked here, so nothing was done.")
            .help("Give -auto-approve."));
    }
    let question = "\nDo you want to turn back? Only `yes` is taken as yes.\n\n  Enter a value: ";
    match Terminal::ask(question).as_deref() {
        Some("yes") => Ok(()),
        _ => Err(Failure::new(Exit::Declined, "Nothing was done.")),
    }
}
