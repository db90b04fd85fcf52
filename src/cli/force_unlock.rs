//! `relplan force-unlock`.

use super::args::ForceUnlockArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::ledger;
use crate::ledger::file;
use crate::view::json::Deed;

pub(super) fn run(context: &Context, args: &ForceUnlockArgs) -> Result<Exit, Failure> {
    if args.reason.trim().is_empty() {
        return Err(Failure::usage("A reason is needed: it goes into the ledger."));
    }
    let (folder, product) = ledger::find(context, &args.ledger)?;
    let request = ledger::request(context, &folder, &product)?;
    file::force_unlock(&request, &args.id, &args.reason)?;
    let text = "The lock was forced open: whoever held it is refused at the next write.".to_owned();
    context.print_done("force-unlock", &[Deed { key: None, text }]);
    Ok(Exit::Done)
}
