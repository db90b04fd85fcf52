//! From a loaded definition and a state to a plan, with everything that carrying it out needs.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use relplan_contract::{Cancel, Redactor, Tree};
use tracing::debug;

use super::args::SelectArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use super::load::Loaded;
use super::{tracked, typed};
use crate::addr::Target;
use crate::canonical::Digest;
use crate::event::{EntryKey, RunMode};
use crate::ledger::{self, Sealer};
use crate::plan::secrets::{Secrets, Stamp};
use crate::plan::{Commands, Draft, Options, Planner, Setup, WayBack, digest, unasked};
use crate::run::observe::{Interrupted, Replay, Word, observe};
use crate::run::surroundings::Surroundings;
use crate::state::{Open, State, Status};
use crate::view::words;

/// A plan with its digest and the outside that it was made in.
pub(super) struct Prepared {
    pub draft: Draft,
    pub digest: Digest,
    pub secrets: Secrets,
    pub surroundings: Surroundings,
    pub replay: Replay,
}

impl Prepared {
    /// Whether nothing is to be done, and nothing to be recorded.
    pub(super) fn has_nothing_to_do(&self) -> bool {
        self.draft.plan.is_empty() && self.draft.prelude.is_empty()
    }

    /// What the plan is known by in a review.
    pub(super) fn stamp(&self) -> Stamp {
        Stamp { digest: self.digest, secrets: self.secrets.witness() }
    }
}

/// What the command line asks for.
pub(super) fn options(context: &Context, select: &SelectArgs) -> Result<Options, Failure> {
    let mode = match (select.destroy, select.refresh_only) {
        (true, true) => return Err(Failure::usage("-destroy and -refresh-only exclude each other.")),
        (true, false) => RunMode::Destroy,
        (false, true) => RunMode::Refresh,
        (false, false) => RunMode::Apply,
    };
    Ok(Options {
        mode,
        targets: targets(&select.target)?,
        excludes: targets(&select.exclude)?,
        replace: targets(&select.replace)?,
        refresh: select.refresh,
        retry: Vec::new(),
        accept: Vec::new(),
        ask: true,
        now_ms: context.now_ms(),
    })
}

/// Addresses from the command line.
pub(super) fn targets(texts: &[String]) -> Result<Vec<Target>, Failure> {
    let parse =
        |text: &String| Target::from_str(text).map_err(|error| Failure::usage(sentence(&error.to_string())));
    texts.iter().map(parse).collect()
}

fn sentence(clause: &str) -> String {
    format!("{clause}.")
}

/// The state of a product, read without its lock.
pub(super) fn read_state(context: &Context, folder: &Path, product: &str) -> Result<State, Failure> {
    tracked::refuse(folder)?;
    let Some(reading) = ledger::file::read(folder, product)? else {
        return Ok(State { product: product.to_owned(), ..State::default() });
    };
    for notice in &reading.notices {
        context.warn(&format!("Note: {notice}.\n"));
    }
    Ok(reading.into_state())
}

/// The same for a plan that is only looked at: another run may be at work, of which it is told. What is under way there
/// is nothing that was cut off: it counts as not done yet.
pub(super) fn read_state_beside(context: &Context, folder: &Path, product: &str) -> Result<State, Failure> {
    // First who it is: what they end meanwhile is then no more under way.
    let holder = ledger::file::holder(folder, product)?;
    let mut state = read_state(context, folder, product)?;
    let Some(holder) = holder else { return Ok(state) };
    let at_work = state.runs.last().filter(|run| run.closed.is_none()).map(|run| run.id.clone());
    let of_it = |open: &Open| at_work.as_ref() == Some(&open.run);
    let open: Vec<EntryKey> =
        state.uncertain().filter(|(_, open)| of_it(open)).map(|(key, _)| key.clone()).collect();
    for key in &open {
        match state.entries.get_mut(key) {
            Some(entry) if entry.exists() => entry.status = Status::Done,
            _ => drop(state.entries.remove(key)),
        }
    }
    let who = if holder.id.is_empty() { "somebody who left no name".to_owned() } else { holder.to_string() };
    let under_way = match open.as_slice() {
        [] => String::new(),
        [first, rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            format!(" Under way there: {first}{more}.")
        }
    };
    context.warn(&format!(
        "Note: another run is at work, and the plan may be another one when it has ended. The lock is held by {who}.{under_way}\n"
    ));
    Ok(state)
}

#[allow(clippy::too_many_arguments, reason = "each is another part of what a plan is made from")]
/// Makes a plan. Answers that are in `replay` are not asked for again.
pub(super) async fn make(
    context: &mut Context,
    loaded: &Loaded,
    state: State,
    sealer: Sealer,
    options: Options,
    parallelism: usize,
    replay: Replay,
    cancel: &Cancel,
) -> Result<Prepared, Failure> {
    let world = loaded.world(context)?;
    let tree = loaded.tree();
    let product = &loaded.config.product;
    let surroundings = surroundings(context, loaded.folder(), tree, product, &world.version())?;
    let ask = options.ask;
    let seals = sealer.clone();
    let commands = typed::of_release(context, loaded, &options);
    let planner = Planner::new(Setup {
        world,
        state,
        registry: Arc::clone(&context.registry),
        environment: Arc::clone(&context.environment),
        sealer,
        options,
    })
    .naming(commands);
    finish(context, planner, &seals, surroundings, ask, parallelism, replay, cancel).await
}

/// Makes a plan for rolling back, from the ledger alone.
pub(super) async fn way_back(
    context: &mut Context,
    folder: &Path,
    way: WayBack,
    commands: Commands,
    parallelism: usize,
    cancel: &Cancel,
) -> Result<Prepared, Failure> {
    let product = way.state.product.clone();
    let surroundings = surroundings(context, folder, Tree::anywhere(folder), &product, "")?;
    let seals = way.sealer.clone();
    let planner = Planner::of_way_back(way).naming(commands);
    let replay = Replay::default();
    let mut prepared =
        finish(context, planner, &seals, surroundings, true, parallelism, replay, cancel).await?;
    prepared.surroundings.version = prepared.draft.plan.version.to_string();
    Ok(prepared)
}

/// What providers are given of the outside.
fn surroundings(
    context: &Context,
    folder: &Path,
    tree: Tree,
    product: &str,
    version: &str,
) -> Result<Surroundings, Failure> {
    Ok(Surroundings {
        product: product.to_owned(),
        version: version.to_owned(),
        base: folder.to_path_buf(),
        tree,
        keep: keep_folder(folder, product)?,
        environment: Arc::clone(&context.environment),
        clock: Arc::clone(&context.clock),
        redactor: Arc::new(Redactor::default()),
        masks: Arc::clone(&context.masks),
        usage: Arc::clone(&context.usage),
    })
}

/// Asks providers what the planner wants to know, until the plan is made.
#[allow(clippy::too_many_arguments, reason = "each is another part of what a plan is made from")]
async fn finish(
    context: &mut Context,
    mut planner: Planner,
    seals: &Sealer,
    mut surroundings: Surroundings,
    ask: bool,
    parallelism: usize,
    mut replay: Replay,
    cancel: &Cancel,
) -> Result<Prepared, Failure> {
    let mut telling = |key: &EntryKey, word: Word| {
        let text = match word {
            Word::Settling(wait) => {
                let wait = words::duration(wait);
                format!(
                    "An earlier run was cut off here; what it asked for may still land. Waiting {wait}..."
                )
            }
            Word::Says(text) => text,
        };
        context.warn(&format!("{key}: {text}\n"));
    };
    let observed = if ask {
        observe(&mut planner, &mut surroundings, parallelism, &mut replay, cancel, &mut telling).await
    } else {
        unasked::answer_all(&mut planner);
        Ok(())
    };
    context.mask(planner.secrets());
    observed.map_err(|Interrupted| {
        Failure::new(Exit::Interrupted, "Interrupted while planning: nothing was done.")
    })?;
    let draft = planner.finish().map_err(|failure| {
        context.mask(&failure.secrets);
        let exit = if failure.uncertain.is_empty() { Exit::Error } else { Exit::Uncertain };
        Failure::Found(failure.found, exit)
    })?;
    surroundings.mask(&draft.secrets);
    for change in &draft.plan.changes {
        let reasons = || change.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        // Only evaluated where it is logged.
        debug!(key = %change.key, action = ?change.action, reasons = reasons(), "planned");
    }
    let digest = digest::of(&draft.plan);
    let secrets = Secrets::of(&draft.plan, draft.providers.arguments(), seals);
    Ok(Prepared { draft, digest, secrets, surroundings, replay })
}

/// Where the output of actions is kept: beside the ledger.
pub(super) fn keep_folder(folder: &Path, product: &str) -> Result<PathBuf, Failure> {
    let name = ledger::file::directory_name(product)?;
    Ok(folder.join(ledger::file::ROOT).join(name).join("output"))
}
