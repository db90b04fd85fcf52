//! `relplan restore`: a backup that a record holds, into a new file. Never automatic.

use std::sync::Arc;

use relplan_contract::{Cancel, Redactor, Silent};

use super::args::RestoreArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::{ledger, planning, state};
use crate::plan::Providers;
use crate::run::surroundings::Surroundings;
use crate::view::json::Deed;

pub(super) fn run(context: &Context, args: &RestoreArgs) -> Result<Exit, Failure> {
    let (folder, product) = ledger::find(context, &args.ledger)?;
    let (known, _) = planning::read_state(context, &folder, &product)?;
    let keys = state::keys(&known, &args.address)?;
    // Without a version the newest record is meant: the one that was written last.
    let newest = keys.into_iter().filter_map(|key| known.entries.get(&key).map(|entry| (key, entry)));
    let Some((key, entry)) = newest.max_by_key(|(_, entry)| entry.seq) else {
        return Err(Failure::error(format!("There is no {} in the state.", args.address)));
    };
    let providers = Providers::new(Arc::clone(&context.registry), Arc::clone(&context.environment));
    let Some(resource) = providers.resource_of_entry(&entry.provider, &key.address.resource.ty) else {
        return Err(Failure::error(format!("The provider {:?} of {key} is not there.", entry.provider)));
    };
    let surroundings = Surroundings {
        product: product.clone(),
        version: entry.version.to_string(),
        base: folder.clone(),
        keep: planning::keep_folder(&folder, &product)?,
        environment: Arc::clone(&context.environment),
        clock: Arc::clone(&context.clock),
        redactor: Arc::new(Redactor::default()),
        usage: Arc::clone(&context.usage),
    };
    let call = surroundings.context(&key, Arc::new(Silent), Cancel::default());
    let into = context.path(&args.into);
    let restored = Context::runtime(1)?.block_on(resource.restore(&call, &entry.value, &into));
    let restored = restored.map_err(|problem| Failure::error(problem.message.clone()).help(problem.hint))?;
    let text = format!("Restored {key} into {}", args.into.display());
    let mut deeds = vec![Deed { key: Some(key), text }];
    deeds.extend(restored.notes.into_iter().map(|note| Deed { key: None, text: format!("  {note}") }));
    context.print_done("restore", &deeds);
    Ok(Exit::Done)
}
