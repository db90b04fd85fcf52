//! `relplan plan`.

use relplan_contract::Cancel;

use super::args::{PlanArgs, PlanFormat};
use super::context::Context;
use super::exit::{Exit, Failure};
use super::files::open_private;
use super::load;
use super::planning::{self, Prepared};
use super::{review, review_basis, signals, typed};
use crate::ledger::Sealer;
use crate::plan::{Options, file as plan_file};
use crate::run::observe::Replay;
use crate::shell;
use crate::view;

pub(super) fn run(context: &mut Context, args: &PlanArgs) -> Result<Exit, Failure> {
    let mut loaded = load::load(context, &args.release)?;
    if args.no_exec {
        loaded.withhold_environment();
    }
    let options = Options { ask: !args.no_exec, ..planning::options(context, &args.select)? };
    if args.no_exec && args.out.is_some() {
        return Err(Failure::usage(
            "-no-exec and -out exclude each other: what was not looked at cannot be saved.",
        ));
    }
    let (folder, product) = (loaded.folder(), &loaded.config.product);
    let state = planning::read_state_beside(context, folder, product)?;
    let sealer = if args.no_exec {
        // Whoever wrote the file must not learn by it whether a guess at a secret is right.
        Sealer::keyless()
    } else {
        review_basis::sealer(context, folder, product, &state, args.out.is_some())?
    };
    let runtime = Context::runtime(args.select.parallelism)?;
    let cancel = Cancel::default();
    let parallelism = args.select.parallelism;
    let (prepared, mut signals) = runtime.block_on(async {
        let mut signals = signals::listen()?;
        let (options, seals) = (options.clone(), sealer.clone());
        let made =
            planning::make(context, &loaded, state, seals, options, parallelism, Replay::default(), &cancel);
        Ok::<_, Failure>((
            signals::unless_asked(&mut signals, || signals::interrupted("planning"), made).await?,
            signals,
        ))
    })?;
    context.show(&prepared.draft.warnings);
    let format = if context.json { PlanFormat::Json } else { args.format };
    show(context, &prepared, format);
    if let Some(change) = &args.pr {
        // Whoever wrote the file must not choose where a connection is opened to.
        if args.no_exec && prepared.draft.providers.names_reviews() {
            let message = "-no-exec opens no connection to the server that the release file names, so the plan cannot be written into a pull request there.";
            return Err(Failure::usage(message).help("Leave out -pr, or the provider blocks, or -no-exec."));
        }
        let published = review::publish(context, &prepared, change, args.pr_optional);
        runtime.block_on(signals::unless_asked(&mut signals, half_published, published))?;
    }
    context.print_usage();
    if let Some(path) = &args.out {
        let parts = plan_file::Parts {
            source: loaded.located.shown.as_str(),
            options: &options,
            given: &loaded.given,
            answers: &prepared.replay.answers,
            secrets: &prepared.secrets,
        };
        let text = plan_file::write(&prepared.draft.plan, parts, &sealer);
        save(&context.path(path), &text)?;
        if format == PlanFormat::Text {
            let mut words = typed::variables(&args.release, &loaded.config, true);
            words.push(shell::path(path));
            context.print_line(&format!(
                "\nSaved the plan to: {}\n\nTo do exactly this, say:\n    {}",
                path.display(),
                context.typed("apply", &words)
            ));
            if !sealer.has_key() {
                context.print_line(
                    "\nIt is not authenticated, since the key of a ledger is not at hand: `apply` shows it and asks.",
                );
            }
        }
    }
    let empty = prepared.draft.plan.is_empty();
    Ok(if args.detailed_exitcode && !empty { Exit::Changes } else { Exit::Done })
}

fn half_published() -> Failure {
    let message = "Interrupted while the plan was written into the pull request: it may be there or not.";
    Failure::new(Exit::Interrupted, message)
}

pub(super) fn show(context: &Context, prepared: &Prepared, format: PlanFormat) {
    let plan = &prepared.draft.plan;
    let text = match format {
        PlanFormat::Text => view::text::plan(plan, prepared.stamp(), &context.palette()),
        PlanFormat::Markdown => view::markdown::plan(plan, prepared.stamp()),
        PlanFormat::Json => view::json::to_line(&view::json::plan(plan, prepared.stamp())),
    };
    context.print(&text);
}

/// Writes a saved plan that only its owner can read.
fn save(path: &std::path::Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let opened = open_private(path, std::fs::File::options().write(true).truncate(true));
    let written = opened.and_then(|mut file| {
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| error.to_string())
    });
    written.map_err(|why| Failure::error(format!("The plan cannot be saved to {}: {why}.", path.display())))
}
