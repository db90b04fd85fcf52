//! `reliability`: runs one ordeal at the counts given, prints its tally, and leaves with 1 when a promise was broken.

#![allow(clippy::disallowed_methods, reason = "ordeals start processes and damage files")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use relplan_reliability::scene::Relplan;
use relplan_reliability::simulate::Weather;
use relplan_reliability::verbs::{Bug, Only, verbs};
use relplan_reliability::{
    Tally, crash, damage, faults, images, outlive, planted, providers, pulls, races, rogue, simulate,
    snapshots, syscalls, tags,
};

#[derive(Parser)]
#[command(about = "Hurts relplan on purpose, and counts what was lost, doubled or leaked")]
struct Arguments {
    /// The relplan to hurt
    #[arg(long, global = true, default_value = "target/release/relplan")]
    relplan: PathBuf,
    #[command(subcommand)]
    ordeal: Ordeal,
}

#[derive(Args)]
struct Seeded {
    /// How many times
    #[arg(long)]
    runs: u64,
    /// Where the random numbers start
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Args)]
struct Verbs {
    /// How many kills of each verb
    #[arg(long)]
    runs: u64,
    /// Where the random numbers start
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One of them alone
    #[arg(long)]
    only: Option<Only>,
    /// How many stories at the same time
    #[arg(long, default_value_t = 4)]
    jobs: usize,
}

#[derive(Args)]
struct Providers {
    /// How many kills of each
    #[arg(long)]
    runs: u64,
    /// Where the random numbers start
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Those whose type begins so
    #[arg(long, default_value = "")]
    only: String,
    /// How many at the same time
    #[arg(long, default_value_t = 4)]
    jobs: usize,
}

#[derive(Subcommand)]
enum Ordeal {
    /// kill -9 at random moments of an apply
    Crash(Seeded),
    /// Deployments that print while relplan is killed or hung up, this many times
    Outlive(Seeded),
    /// A kill at each system call of the ledger's write path, and this many during recoveries
    Syscalls(Seeded),
    /// A ledger cut off at every byte, and this many single flipped bits
    Damage(Seeded),
    /// Power cuts of a real file system on a loop device; needs root
    Images(Seeded),
    /// Power cuts of a simulated disk
    Power(Seeded),
    /// Whole releases in virtual time, each from a seed
    Simulate(Seeded),
    /// Pairs that race for a ledger, and a fifth as many locks forced open
    Races(Seeded),
    /// Providers that hang, block, panic, answer garbage, or say too much
    Rogues,
    /// A provider that hangs, blocks or panics in each of its verbs
    RogueVerbs,
    /// A write, sync or rename that the system refuses
    Faults,
    /// Pull requests from outside, under strace
    Pulls {
        #[command(flatten)]
        seeded: Seeded,
        /// Only those of one family
        #[arg(long)]
        only: Option<String>,
    },
    /// Rollback, destroy, refresh-only and the automatic way back, cut off
    Verbs(Verbs),
    /// Every provider with a child or two requests, killed while it acts
    Providers(Providers),
    /// Bad luck for snapshots of a real PostgreSQL: servers, networks, disks, keys and clocks that fail
    Snapshots(Seeded),
    /// kill -9 of relplan alone while git makes tags for it
    Tags(Seeded),
}

fn main() -> ExitCode {
    if let Some(code) = planted::run_if_asked() {
        return ExitCode::from(code);
    }
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(tally) => report(&tally),
        Err(error) => failed(&error),
    }
}

fn run(arguments: &Arguments) -> std::io::Result<Tally> {
    let relplan = || Ok::<_, std::io::Error>(Relplan::built(&arguments.relplan.canonicalize()?));
    let early = planted::acts_too_early(&[])?;
    match &arguments.ordeal {
        Ordeal::Crash(Seeded { runs, seed }) => crash::crash(&relplan()?, &early, crash::SHAPE, *runs, *seed),
        Ordeal::Outlive(Seeded { runs, seed }) => {
            outlive::outlive(&relplan()?, &planted::with_frail_commands(&[])?, *runs, *seed)
        }
        Ordeal::Syscalls(Seeded { runs, seed }) => syscalls::syscalls(&relplan()?, &early, 1, *runs, *seed),
        Ordeal::Faults => faults::faults(&relplan()?, &early, &faults::ERRORS, 1),
        Ordeal::Races(Seeded { runs, seed }) => races::races(&relplan()?, *runs, runs.div_ceil(5), *seed),
        Ordeal::Tags(Seeded { runs, seed }) => {
            tags::tags(&relplan()?, &planted::with_late_input(&[])?, *runs, *seed)
        }
        Ordeal::Verbs(Verbs { runs, seed, only, jobs }) => {
            let relplan = relplan()?;
            let only = only.map_or_else(|| Only::ALL.to_vec(), |only| vec![only]);
            verbs(&relplan, &Bug::all(&relplan, &[])?, &only, *runs, *jobs, *seed)
        }
        Ordeal::Providers(Providers { runs, seed, only, jobs }) => {
            providers::providers(&relplan()?, only, *runs, *jobs, *seed)
        }
        Ordeal::Rogues => rogue::rogues(&planted::with_rogues(&[])?),
        Ordeal::RogueVerbs => rogue::verbs(&planted::with_rogues(&[])?),
        Ordeal::Pulls { seeded: Seeded { runs, seed }, only } => {
            let leaking = pulls::leaking(&[])?;
            pulls::pulls(&relplan()?, &leaking, pulls::Limits::PROMISED, *runs, *seed, only.as_deref())
        }
        Ordeal::Snapshots(Seeded { runs, seed }) => {
            snapshots::snapshots(&arguments.relplan.canonicalize()?, *runs, *seed)
        }
        Ordeal::Damage(Seeded { runs, seed }) => damage::damage(&relplan()?, 1, *runs, *seed),
        Ordeal::Images(Seeded { runs, seed }) => images::images(&relplan()?, *runs, *seed),
        Ordeal::Power(Seeded { runs, seed }) => simulate::simulate(Weather::PowerCuts, *runs, *seed),
        Ordeal::Simulate(Seeded { runs, seed }) => simulate::simulate(Weather::Everything, *runs, *seed),
    }
}

#[expect(clippy::print_stdout, reason = "the tally is what this command is for")]
fn report(tally: &Tally) -> ExitCode {
    println!("{tally}");
    if tally.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stderr, reason = "the ordeal could not be held at all")]
fn failed(error: &std::io::Error) -> ExitCode {
    eprintln!("The ordeal cannot be held: {error}.");
    ExitCode::from(2)
}
