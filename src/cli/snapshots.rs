//! `relplan snapshots`: the backups that the state knows.

use super::args::SnapshotsArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::{ledger, planning};
use crate::view;

pub(super) fn run(context: &Context, args: &SnapshotsArgs) -> Result<Exit, Failure> {
    let (folder, product) = ledger::find(context, &args.ledger)?;
    let (state, _) = planning::read_state(context, &folder, &product)?;
    let holds_backup = |ty: &str| context.registry.resource(ty).is_some_and(|schema| schema.backup);
    let found: Vec<_> =
        state.entries.iter().filter(|(key, _)| holds_backup(&key.address.resource.ty)).collect();
    context.print(&if context.json {
        view::json::to_line(&view::json::snapshots(&found))
    } else {
        view::snapshots::table(&found, context.now_ms(), &context.palette())
    });
    Ok(Exit::Done)
}
