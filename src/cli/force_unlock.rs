//! `relplan force-unlock`.

use super::args::ForceUnlockArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::ledger;
use crate::ledger::file;

pub(super) fn run(context: &Context, args: &ForceUnlockArgs) -> Result<Exit, Failure> {
    if args.reason.trim().is_empty() {
        return Err(Failure::usage("A reason is needed: it goes into the ledger."));
    }
    let (folder, product) = ledger::find(context, &args.ledger)?;
    let request = ledger::request(context, &folder, &product)?;
    file::force_unlock(&request, &args.id, &args.reason)?;
    context.print_line("The lock was forced open: whoever held it is refused at the next write.");
    Ok(Exit::Done)
}
