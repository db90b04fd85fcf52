//! `relplan show`: a saved plan, or the state.

use super::args::ShowArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::files::{MAX_PLAN_BYTES, read_bounded};
use super::{ledger, planning};
use crate::view;

pub(super) fn run(context: &Context, args: &ShowArgs) -> Result<Exit, Failure> {
    let Some(path) = &args.file else {
        let (folder, product) = ledger::find(context, &args.ledger)?;
        let (state, _) = planning::read_state(context, &folder, &product)?;
        context.print(&if context.json {
            view::json::to_line(&view::json::state(&state))
        } else {
            view::state::table(&state, &context.palette())
        });
        return Ok(Exit::Done);
    };
    let shown = path.display();
    let bytes = read_bounded(&context.path(path), MAX_PLAN_BYTES)
        .map_err(|why| Failure::error(format!("The saved plan {shown} cannot be read: {why}.")))?;
    let saved = crate::plan::file::read(&bytes).map_err(|error| {
        Failure::new(Exit::StalePlan, format!("The saved plan {shown} cannot be used: {error}."))
    })?;
    // The text is whatever the file says: nothing in it may move the cursor.
    let text = || view::escape::lines(&saved.text).flat_map(|line| [line, "\n".into()]).collect();
    context.print(&if context.json { view::json::to_line(&saved.json) } else { text() });
    Ok(Exit::Done)
}
