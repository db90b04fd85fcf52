//! `relplan output`.

use relplan_contract::{Parts, Type, Value};

use super::args::OutputArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::{ledger, planning};
use crate::view;

pub(super) fn run(context: &Context, args: &OutputArgs) -> Result<Exit, Failure> {
    let (folder, product) = ledger::find(context, &args.ledger)?;
    let mut state = planning::read_state(context, &folder, &product)?;
    if let Some(name) = &args.name {
        if !state.outputs.contains_key(name.as_str()) {
            let near = crate::diag::did_you_mean(name, state.outputs.keys().map(|name| &**name));
            let help = near.map_or_else(String::new, |near| format!("Did you mean {near:?}?"));
            return Err(Failure::error(format!("There is no output named {name:?}.")).help(help));
        }
        state.outputs.retain(|known, _| **known == **name);
    }
    if args.raw {
        let value = args.name.as_ref().and_then(|name| state.outputs.get(name.as_str()));
        let plain = |value: &&Value| !value.has_sensitive() && matches!(value.parts(), Parts::Leaf);
        let shown = value.filter(plain).and_then(|value| Type::String.convert(value).ok());
        let shown = shown.as_ref().and_then(Value::as_str).map(str::to_owned);
        let Some(text) = shown else {
            return Err(Failure::error(
                "Only one output that is a text, number or bool and not sensitive can be printed raw.",
            ));
        };
        context.print_exactly(&text);
        return Ok(Exit::Done);
    }
    context.print(&if context.json {
        view::json::to_line(&view::json::outputs(&state))
    } else {
        view::state::outputs(&state)
    });
    Ok(Exit::Done)
}
