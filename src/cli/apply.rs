//! `relplan apply` and `relplan destroy`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use relplan_contract::Cancel;
use tokio::sync::mpsc::UnboundedReceiver;

use super::args::{ApplyArgs, PlanFormat, ReleaseArgs};
use super::context::Context;
use super::exit::{Exit, Failure};
use super::files::{MAX_PLAN_BYTES, read_bounded};
use super::load::{self, Loaded};
use super::planning::{self, Prepared};
use super::review;
use super::review_basis::{self, Reviewed, stale};
use super::{ledger, plan as plan_verb, running, signals, source_commit, typed};
use crate::event::RunMode;
use crate::plan::Options;
use crate::plan::file::SavedPlan;
use crate::run::Signal;
use crate::run::machine::Gate;
use crate::run::observe::Replay;

pub(super) fn destroy(context: &mut Context, mut args: ApplyArgs) -> Result<Exit, Failure> {
    args.select.destroy = true;
    run(context, &args)
}

pub(super) fn run(context: &mut Context, args: &ApplyArgs) -> Result<Exit, Failure> {
    let saved = args.release.file.as_deref().and_then(|path| saved_plan(context, path)).transpose()?;
    let wanted = args.plan_digest.as_deref().map(review_basis::parse).transpose()?;
    let runtime = Context::runtime(args.select.parallelism)?;
    let ended = runtime.block_on(async {
        let mut signals = signals::listen()?;
        if let Some(saved) = saved {
            return Box::pin(apply_saved(context, args, saved, wanted, &mut signals)).await;
        }
        let loaded = load::load(context, &args.release)?;
        let options = options(context, args)?;
        Box::pin(apply(context, args, &loaded, options, Replay::default(), wanted, &mut signals)).await
    });
    context.print_usage();
    ended
}

fn options(context: &Context, args: &ApplyArgs) -> Result<Options, Failure> {
    let mut options = planning::options(context, &args.select)?;
    options.retry = planning::targets(&args.retry)?;
    options.accept = planning::targets(&args.accept)?;
    Ok(options)
}

/// The saved plan that an argument names; none when it names a release file or folder.
fn saved_plan(context: &Context, path: &Path) -> Option<Result<SavedPlan, Failure>> {
    let full = context.path(path);
    let is_source = full.is_dir() || path.extension().is_some_and(|extension| extension == "hcl");
    if is_source || !full.exists() {
        return None;
    }
    let read = read_bounded(&full, MAX_PLAN_BYTES);
    let read = read.and_then(|bytes| crate::plan::file::read(&bytes).map_err(|error| error.to_string()));
    Some(read.map_err(|why| {
        Failure::new(Exit::StalePlan, format!("The saved plan {} cannot be used: {why}.", path.display()))
            .help("Plan again with `relplan plan -out=FILE`.")
    }))
}

/// The saved plan's release file is the one that is found as without an argument, or named by -var... arguments are
/// taken from the plan where they are not given again.
async fn apply_saved(
    context: &mut Context,
    args: &ApplyArgs,
    saved: SavedPlan,
    wanted: Option<Reviewed>,
    signals: &mut UnboundedReceiver<Signal>,
) -> Result<Exit, Failure> {
    let release = ReleaseArgs { file: Some(saved.source.clone().into()), ..args.release.clone() };
    let mut loaded = load::load(context, &release)?;
    let mut again = Vec::new();
    for (name, value) in saved.variables.iter().filter(|(_, value)| !value.is_null()) {
        let given = crate::world::Given {
            value: value.clone(),
            origin: "the saved plan".to_owned(),
            span: None,
            must_exist: false,
        };
        loaded.given.entry(Arc::clone(name)).or_insert_with(|| {
            again.extend(typed::variable(name, value));
            given
        });
    }
    loaded.again.splice(..0, again);
    if saved.plan.basis.config != Some(loaded.config.digest) {
        return Err(stale("the release files have changed since it was saved"));
    }
    if let Some(wanted) = wanted.filter(|wanted| wanted.digest != saved.digest()) {
        let message = format!("The saved plan has the digest {}, not {}.", saved.digest(), wanted.digest);
        return Err(Failure::new(Exit::StalePlan, message));
    }
    let replay = Replay { answers: saved.answers.clone(), closed: true };
    let options = saved.options.clone();
    Box::pin(apply_checked(context, args, &loaded, options, replay, wanted, Some(&saved), signals)).await
}

async fn apply(
    context: &mut Context,
    args: &ApplyArgs,
    loaded: &Loaded,
    options: Options,
    replay: Replay,
    wanted: Option<Reviewed>,
    signals: &mut UnboundedReceiver<Signal>,
) -> Result<Exit, Failure> {
    Box::pin(apply_checked(context, args, loaded, options, replay, wanted, None, signals)).await
}

#[allow(clippy::too_many_arguments, reason = "what was asked for, what was saved, and who may interrupt")]
async fn apply_checked(
    context: &mut Context,
    args: &ApplyArgs,
    loaded: &Loaded,
    options: Options,
    replay: Replay,
    wanted: Option<Reviewed>,
    saved: Option<&SavedPlan>,
    signals: &mut UnboundedReceiver<Signal>,
) -> Result<Exit, Failure> {
    let product = Arc::clone(&loaded.config.product);
    let mut ledger = ledger::open(context, loaded.folder(), &product, &args.lock)?;
    let state = ledger.state().clone();
    let sealer = ledger.sealer().clone();
    let authentic = match saved {
        Some(saved) => review_basis::check_saved(context, saved, &state, &sealer)?,
        None => false,
    };
    let commands = typed::of_release(context, loaded, &options);
    let whole = options.targets.is_empty() && options.excludes.is_empty();
    let parallelism = args.select.parallelism;
    let cancel = Cancel::default();
    let planned =
        planning::make(context, loaded, state, sealer.clone(), options, parallelism, replay, &cancel);
    let planned = Box::pin(async { planned.await.map_err(review_basis::unanswered) });
    let mut prepared = signals::unless_asked(signals, || signals::interrupted("planning"), planned).await?;
    context.show(&prepared.draft.warnings);
    let wanted = match &args.reviewed_pr {
        Some(change) => Some(review::reviewed(&prepared, change).await?),
        None => wanted,
    };
    review_basis::check_plan(&prepared, wanted, saved)?;
    let accepts = args.accept_unseen_secrets || prepared.has_nothing_to_do();
    let secrets = review_basis::check_secrets(&prepared, wanted, saved.filter(|_| authentic), accepts)?;
    let gate = gate(args)?;
    if prepared.has_nothing_to_do() {
        context.print_nothing(&prepared);
        running::note_complete(context, &mut ledger, &prepared, whole)?;
        return Ok(Exit::Done);
    }
    if !agreed(context, args, &prepared, authentic || wanted.is_some(), signals).await? {
        return Err(Failure::new(Exit::Declined, "Nothing was done."));
    }
    let review = args.reviewed_pr.as_deref();
    let source = source_commit::event(context, loaded, &prepared, review).await;
    prepared.draft.prelude.extend(source);
    prepared.draft.prelude.extend(secrets);
    loaded.host.begin(context.now_ms());
    let how = running::How { parallelism, refresh: args.select.refresh, whole, gate, commands };
    running::carry_out(context, &mut ledger, prepared, &sealer, how, signals).await
}

/// How often a gate that is not open is looked at again.
fn gate(args: &ApplyArgs) -> Result<Gate, Failure> {
    const PAUSE: Duration = Duration::from_secs(10);
    let Some(text) = &args.wait else { return Ok(Gate::default()) };
    let wait = crate::lang::lower::duration(text)
        .ok_or_else(|| Failure::usage(format!("{text:?} is no duration.")).help("Write it as -wait=2h."))?;
    let times = u32::try_from(wait.as_millis().div_ceil(PAUSE.as_millis())).unwrap_or(u32::MAX);
    Ok(Gate { times, pause: PAUSE.min(wait) })
}

/// Whether the person agrees; asked unless the plan was reviewed already.
async fn agreed(
    context: &Context,
    args: &ApplyArgs,
    prepared: &Prepared,
    reviewed: bool,
    signals: &mut UnboundedReceiver<Signal>,
) -> Result<bool, Failure> {
    if !context.json {
        plan_verb::show(context, prepared, PlanFormat::Text);
    }
    if args.auto_approve || reviewed {
        return Ok(true);
    }
    let version = &prepared.draft.plan.version;
    let what = if version.is_empty() { "this".to_owned() } else { format!("release {version}") };
    let verb = match prepared.draft.plan.mode {
        RunMode::Destroy => "destroy the live resources of",
        RunMode::Refresh => "take into the state what was found of",
        RunMode::Apply | RunMode::Rollback | RunMode::State => "carry out",
    };
    let help = "Give -auto-approve, or better -plan-digest with the digest of the plan that was reviewed.";
    running::agreed(context, &format!("{verb} {what}"), help, signals).await
}
