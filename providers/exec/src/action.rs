//! Running a command that changes something: shown, logged, and found again by a run that comes after a crash.

use relplan_contract::{Context, Path, Problem, Value};

use crate::arguments::Spec;
use crate::log::Log;
use crate::process::{Ended, Leftovers, Manner, Sink, run};
use crate::survivor::Reference;

/// What a command that succeeded left behind.
pub(crate) struct Results {
    pub(crate) exit_code: Option<i64>,
    pub(crate) tail: String,
    pub(crate) log: String,
}

/// Runs the command in an attribute to its end, with its output shown and kept. After a crash it is found by its reference.
pub(crate) async fn command(
    context: &Context,
    object: &Value,
    attribute: &'static str,
    key: &str,
    leftovers: Leftovers,
) -> Result<Results, Problem> {
    let spec = Spec::of(context, object, attribute, key)?
        .ok_or_else(|| Problem::invalid(attribute, format!("{attribute} is not given.")))?
        .whole()?;
    if context.cancel.is_cancelled() {
        return Err(Problem::cancelled());
    }
    let log = Log::create(context, attribute, key)?;
    let shown_log = log.shown_path(context);
    let mut sink = Sink::live(context, log);
    let stop_on_cancel = object.get("on_interrupt").as_str() == Some("stop");
    let manner = Manner { leftovers, stop_on_cancel, outlives: true };
    // Whoever finds no place in the ledger knows that nothing was started, wherever they look from.
    context.progress.keep_reference(&Reference::starting().to_string()).await?;
    let started = |group| context.progress.reference(&Reference::started(group).to_string());
    let ended = run(context, &spec, manner, &mut sink, started).await?;
    let problem = match ended {
        Ended::Code(code) if spec.accepts(code) => {
            return Ok(Results { exit_code: Some(code.into()), tail: sink.tail.text(), log: shown_log });
        }
        Ended::Code(code) => {
            Problem::refused(format!("The {attribute} command ended with exit code {code}."))
        }
        Ended::Signal(signal) => {
            Problem::uncertain(format!("The {attribute} command was killed by signal {signal}."))
                .hint("It may have been done in part.")
        }
        Ended::Stopped => Problem::uncertain(format!("The {attribute} command was interrupted."))
            .hint("It may have been done in part."),
    };
    let hint = format!("{} The whole output is in {shown_log}.", problem.hint);
    let hint = hint.trim().to_owned();
    Err(problem.hint(hint).about(Path::attribute(attribute)).detail(sink.tail.text()))
}
