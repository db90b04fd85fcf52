//! `relplan show`: a saved plan, or the state.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::args::ShowArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::files::{MAX_PLAN_BYTES, read_bounded};
use super::{ledger, planning, review_basis};
use crate::ledger::Sealer;
use crate::plan::file::SavedPlan;
use crate::plan::secrets::{Secrets, Stamp};
use crate::view;

pub(super) fn run(context: &Context, args: &ShowArgs) -> Result<Exit, Failure> {
    let Some(path) = &args.file else {
        let (folder, product) = ledger::find(context, &args.ledger)?;
        let state = planning::read_state(context, &folder, &product)?;
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
            .help("Plan again with `relplan plan -out=FILE`.")
    })?;
    let sealer = sealer(context, args, &saved)?;
    let authentic = review_basis::authentic(context, &saved, &sealer)?;
    let stamp = stamp(&saved, &sealer);
    // What is shown is what `apply` carries out: there is no other plan in the file.
    context.print(&if context.json {
        view::json::to_line(&view::json::saved_plan(&saved.plan, stamp, authentic))
    } else {
        view::text::plan(&saved.plan, stamp, &context.palette())
    });
    Ok(Exit::Done)
}

/// The key of the ledger that the plan was made for.
fn sealer(context: &Context, args: &ShowArgs, saved: &SavedPlan) -> Result<Sealer, Failure> {
    let folder =
        args.ledger.dir.as_ref().map_or_else(|| folder(context, saved), |folder| context.path(folder));
    if !folder.is_dir() {
        return Ok(Sealer::keyless());
    }
    let product = &saved.plan.product;
    let state = planning::read_state(context, &folder, product)?;
    review_basis::sealer(context, &folder, product, &state, false)
}

/// The folder of its release file.
fn folder(context: &Context, saved: &SavedPlan) -> PathBuf {
    let source = context.path(Path::new(&saved.source));
    if source.is_dir() { source } else { source.parent().map(Path::to_owned).unwrap_or_default() }
}

fn stamp(saved: &SavedPlan, sealer: &Sealer) -> Stamp {
    let secrets = match &saved.secrets {
        Some(prints) if prints.is_empty() || sealer.has_key() => Secrets::restored(prints, sealer),
        Some(_) | None => Secrets::of(&saved.plan, &BTreeMap::new(), &Sealer::keyless()),
    };
    Stamp { digest: saved.digest(), secrets: secrets.witness() }
}
