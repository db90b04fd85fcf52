//! `reliability`: runs one ordeal at the counts given, prints its tally, and leaves with 1 when a promise was broken.

#![allow(clippy::disallowed_methods, reason = "ordeals start processes and damage files")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use relplan_reliability::Tally;

#[derive(Parser)]
#[command(about = "Hurts relplan on purpose, and counts what was lost, doubled or leaked")]
struct Arguments {
    /// The relplan to hurt
    #[arg(long, global = true, default_value = "target/release/relplan")]
    relplan: PathBuf,
    #[command(subcommand)]
    ordeal: Ordeal,
}

#[derive(Subcommand)]
enum Ordeal {
    /// Shows what a tally looks like: the version that would be hurt
    Version,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let tally = match arguments.ordeal {
        Ordeal::Version => version(&arguments.relplan),
    };
    report(&tally)
}

fn version(relplan: &std::path::Path) -> Tally {
    let answers =
        std::process::Command::new(relplan).arg("version").status().is_ok_and(|status| status.success());
    Tally {
        ordeal: "the command answers",
        runs: 1,
        figures: Vec::new(),
        caught_planted_bug: true,
        findings: if answers { Vec::new() } else { vec![format!("{} version fails", relplan.display())] },
    }
}

#[expect(clippy::print_stdout, reason = "the tally is what this command is for")]
fn report(tally: &Tally) -> ExitCode {
    println!("{tally}");
    if tally.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
