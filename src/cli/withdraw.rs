//! `relplan withdraw`: a version of the release ends for good.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::args::WithdrawArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::{ledger, state};
use crate::diag::did_you_mean;
use crate::event::Event;
use crate::state::State;
use crate::view::json::Deed;

pub(super) fn run(context: &Context, args: &WithdrawArgs) -> Result<Exit, Failure> {
    if args.reason.trim().is_empty() {
        return Err(Failure::usage("A reason is needed: it goes into the ledger."));
    }
    let (folder, product) = ledger::find(context, &args.ledger)?;
    state::change(context, &folder, &product, "withdraw", |state| {
        let version = known(state, &args.version)?;
        if let Some(reason) = state.withdrawn.get(&version) {
            return Err(Failure::error(format!("Version {version} was withdrawn already: {reason}")));
        }
        let live = state.newest_live() == Some(&version);
        let next = if live { " It is live: `relplan rollback` turns it back." } else { "" };
        let text = format!(
            "Version {version} of {product} is withdrawn: it is not released, nor gone back to, any more.{next}"
        );
        let event = Event::VersionWithdrawn { version, reason: args.reason.clone() };
        Ok(vec![(event, Deed { key: None, text })])
    })
}

/// The version as the ledger writes it. One that was never begun needs no withdrawal.
fn known(state: &State, version: &str) -> Result<Arc<str>, Failure> {
    let mut known: BTreeSet<Arc<str>> = state.versions();
    known.extend(state.runs.iter().map(|run| Arc::clone(&run.version)));
    known.retain(|version| !version.is_empty());
    if let Some(found) = known.get(version) {
        return Ok(Arc::clone(found));
    }
    let help = did_you_mean(version, known.iter().map(|known| &**known)).map_or_else(
        || "A version that was never begun needs no withdrawal: remove its file.".to_owned(),
        |near| format!("Did you mean {near}?"),
    );
    Err(Failure::error(format!("The ledger knows no version {version:?}.")).help(help))
}
