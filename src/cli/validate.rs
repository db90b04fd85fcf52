//! `relplan validate`: everything that can be said without looking at anything outside.

use std::sync::Arc;

use super::args::ValidateArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::load;
use crate::ledger::Sealer;
use crate::plan::{Options, Planner, Setup};
use crate::state::State;
use crate::view::json;

pub(super) fn run(context: &mut Context, args: &ValidateArgs) -> Result<Exit, Failure> {
    let mut loaded = load::load(context, &args.release)?;
    // A variable without a value is no error here: what hangs on it is unknown.
    for (name, variable) in &loaded.config.root.variables {
        if variable.default.is_none() && !loaded.given.contains_key(name) {
            let given = crate::world::Given {
                value: relplan_contract::Value::UNKNOWN,
                origin: "validate".to_owned(),
                span: None,
                must_exist: false,
            };
            loaded.given.insert(Arc::clone(name), given);
        }
    }
    let world = loaded.world(context)?;
    let mut planner = Planner::new(Setup {
        world,
        state: State::default(),
        registry: Arc::clone(&context.registry),
        environment: Arc::clone(&context.environment),
        sealer: Sealer::keyless(),
        options: Options { refresh: false, ..Options::default() },
    });
    planner.validate_only();
    while !planner.poll().is_empty() {}
    let draft = planner.finish().map_err(|failure| {
        context.mask(&failure.secrets);
        Failure::Found(failure.found, Exit::Error)
    })?;
    if context.json {
        context.print(&json::to_line(&json::diagnostics(&draft.warnings, &context.sources)));
    } else {
        context.show(&draft.warnings);
        context.print_line("Success! The configuration is valid.");
    }
    Ok(Exit::Done)
}
