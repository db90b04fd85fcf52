//! `relplan snapshots`: the backups that the state knows.

use super::args::SnapshotsArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::{ledger, planning};
use crate::state::Entry;
use crate::view;

pub(super) fn run(context: &Context, args: &SnapshotsArgs) -> Result<Exit, Failure> {
    let (folder, product) = ledger::find(context, &args.ledger)?;
    let state = planning::read_state(context, &folder, &product)?;
    let holds_backup = |ty: &str| context.registry.resource(ty).is_some_and(|schema| schema.backup);
    let held = state.entries.iter().filter(|(key, _)| holds_backup(&key.address.resource.ty));
    // What is shown is the last proof, also where it changed nothing.
    let last = |entry: &Entry| Entry {
        value: entry.proof.clone().unwrap_or_else(|| entry.value.clone()),
        ..entry.clone()
    };
    let found: Vec<_> = held.map(|(key, entry)| (key, last(entry))).collect();
    let found: Vec<_> = found.iter().map(|(key, entry)| (*key, entry)).collect();
    context.print(&if context.json {
        view::json::to_line(&view::json::snapshots(&found))
    } else {
        view::snapshots::table(&found, context.now_ms(), &context.palette())
    });
    Ok(Exit::Done)
}
