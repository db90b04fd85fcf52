//! The `relplan` command: wires the providers that come with it, and leaves with the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(relplan::cli::main(std::env::args_os().collect(), relplan_bundled::registry()).code())
}
