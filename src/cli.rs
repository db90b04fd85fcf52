//! The command line: the only place that prints, knows clap and picks exit codes. One file a verb.

use std::ffi::OsString;
use std::sync::Arc;

use clap::Parser;
use relplan_contract::Provider;

mod actor;
mod apply;
mod args;
mod backups;
mod clock;
mod completion;
mod context;
mod exit;
mod files;
mod fmt;
mod force_unlock;
mod graph;
mod history;
mod host;
mod identity;
mod init;
mod key;
mod ledger;
mod live;
mod load;
mod locate;
mod log;
mod means;
mod named;
mod output;
mod plan;
mod planning;
mod providers;
mod restore;
mod review;
mod review_basis;
mod rollback;
mod running;
mod screen;
mod show;
mod signals;
mod snapshots;
mod source_commit;
mod state;
mod terminal;
mod threads;
mod tracked;
mod typed;
mod validate;
mod variables;
mod verify;
mod version;
mod withdraw;

pub use exit::Exit;

use args::{Arguments, Verb};
use context::Context;

/// Runs the command with the arguments of the process, and says how it ended.
#[must_use]
pub fn main(arguments: Vec<OsString>, providers: Vec<Arc<dyn Provider>>) -> Exit {
    // Where it happened is enough to find a fault; its message may hold anything, a secret too.
    std::panic::set_hook(Box::new(|fault| {
        let place = fault.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
        terminal::Terminal::warn(&format!(
            "Fault{}: this is an error in relplan or a provider. Please report it.\n",
            place.unwrap_or_default()
        ));
    }));
    keep_memory_private();
    let arguments = match Arguments::try_parse_from(args::normalised(arguments)) {
        Ok(arguments) => arguments,
        Err(error) => return exit::with_output(exit::of_clap(&error)),
    };
    let mut context = match Context::new(&arguments.global, providers) {
        Ok(context) => context,
        Err(message) => return exit::failed_to_start(&message),
    };
    exit::with_output(match run(arguments.verb, &mut context) {
        Ok(exit) => exit,
        Err(failure) => context.fail(failure),
    })
}

/// Secrets stand in memory while a command runs: no core file and no other process of the user may have it.
fn keep_memory_private() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
        // Who traces a command from its start sees everything anyway, and could see nothing more if this were set.
        if tracer.is_none_or(|tracer| tracer.trim() == "0") {
            // Where the system knows no such thing, it is as it was.
            let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
        }
    }
}

fn run(verb: Verb, context: &mut Context) -> Result<Exit, exit::Failure> {
    match verb {
        Verb::Init(options) => init::run(context, &options),
        Verb::Plan(options) => plan::run(context, &options),
        Verb::Apply(options) => apply::run(context, &options),
        Verb::Destroy(options) => apply::destroy(context, options),
        Verb::Rollback(options) => rollback::run(context, &options),
        Verb::Withdraw(options) => withdraw::run(context, &options),
        Verb::Show(options) => show::run(context, &options),
        Verb::State(options) => state::run(context, &options),
        Verb::Output(options) => output::run(context, &options),
        Verb::Validate(options) => validate::run(context, &options),
        Verb::Fmt(options) => fmt::run(context, &options),
        Verb::Graph(options) => graph::run(context, &options),
        Verb::ForceUnlock(options) => force_unlock::run(context, &options),
        Verb::Restore(options) => restore::run(context, &options),
        Verb::Verify(options) => verify::run(context, &options),
        Verb::Snapshots(options) => snapshots::run(context, &options),
        Verb::Providers(options) => providers::run(context, &options),
        Verb::Version => version::run(context),
        Verb::Completion(options) => completion::run(context, &options),
    }
}
