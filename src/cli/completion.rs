//! `relplan completion`.

use clap::CommandFactory as _;

use super::args::{Arguments, CompletionArgs};
use super::context::Context;
use super::exit::{Exit, Failure};

pub(super) fn run(context: &Context, args: &CompletionArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "relplan", &mut script);
    let text = String::from_utf8(script)
        .map_err(|error| Failure::error(format!("The completion script is no text: {error}.")))?;
    context.print(&text);
    Ok(Exit::Done)
}
