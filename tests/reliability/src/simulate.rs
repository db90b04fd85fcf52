//! Whole releases in virtual time under one seeded scheduler: the planner, the run, the ledger on a disk that dies
//! and loses what was not synced, and providers whose actions fail, stall, panic, answer too late, and land after the
//! process that asked for them is dead. Everything that happens follows from the seed.

mod judge;
mod outside;
mod process;
mod provider;
mod scenario;

use std::io;
use std::time::Duration;

use relplan::addr::Target;
use relplan::event::RunMode;
use relplan::ledger::Reading;
use relplan::plan::Options;

use crate::disk::{Disk, Stroke};
use crate::random::Random;
use crate::tally::Tally;
use outside::Outside;
use process::{Ended, Hurt, Start, live};
use scenario::Release;

/// A ledger with its first record: the identity of a new one is random, and a seed must always tell the same story.
const BEGUN: &[u8] = include_bytes!("simulate/begun.jsonl");

/// A bug to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The ledger says that it has synced, and has not.
    SyncsNothing,
    /// A provider acts while it plans.
    ActsTooEarly,
    /// A provider says that nothing of it can still be on its way.
    AsksTooEarly,
    /// A gate is looked at once for all.
    LooksOnce,
}

/// Among how many seeds each planted bug must be found.
const PLANTED: u64 = 500;

/// How many processes are hurt before one is left in peace, at most.
const HURT: u64 = 4;

/// How many processes in peace may be needed: one that finds out what became of lost actions, one that is told what
/// nobody can find out, one that judges again, and some to spare.
const PEACE: u64 = 8;

/// What happens to the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Everything: kills, power cuts, a full disk, interrupts, and actions that go wrong.
    Everything,
    /// Nothing but power cuts, one after the other, at a write, at a sync, or between.
    PowerCuts,
}

/// Simulates the seeds from `seed` on, on every core.
pub fn simulate(weather: Weather, runs: u64, seed: u64) -> io::Result<Tally> {
    let mut tally = Tally::new(match weather {
        Weather::Everything => "simulated releases",
        Weather::PowerCuts => "power cuts of a simulated disk",
    });
    let bugs = [Bug::SyncsNothing, Bug::ActsTooEarly, Bug::AsksTooEarly, Bug::LooksOnce];
    tally.caught_planted_bug = bugs.into_iter().all(|bug| {
        (seed..seed + PLANTED).any(|seed| !one(weather, seed, Some(bug), false).findings.is_empty())
    });
    let cores = std::thread::available_parallelism()?.get() as u64;
    let parts: Vec<Story> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|core| {
                let seeds = (seed..seed + runs).skip(usize::try_from(core).unwrap_or_default());
                scope.spawn(move || {
                    let seeds = seeds.step_by(usize::try_from(cores).unwrap_or(1));
                    seeds.fold(Story::default(), |told, seed| told.and(one(weather, seed, None, runs == 1)))
                })
            })
            .collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
    });
    if parts.len() as u64 != cores {
        tally.findings.push("a simulation panicked".to_owned());
    }
    let told = parts.into_iter().fold(Story::default(), Story::and);
    tally.runs = runs;
    tally.findings.extend(told.findings);
    tally.told = told.told;
    tally.figures = vec![
        ("processes", told.processes),
        ("of them killed", told.killed),
        ("power cuts", told.cuts),
        ("refused writes", told.refused),
        ("effects", told.effects),
    ];
    Ok(tally)
}

/// What happened under a seed.
#[derive(Debug, Default)]
pub struct Story {
    /// Each broken promise, with the command that shows it again.
    pub findings: Vec<String>,
    /// Processes that were started.
    pub processes: u64,
    /// Processes that were killed.
    pub killed: u64,
    /// Power cuts.
    pub cuts: u64,
    /// Processes to which the disk refused something.
    pub refused: u64,
    /// Effects outside.
    pub effects: u64,
    /// What happened, line by line, where that was asked for.
    pub told: Vec<String>,
}

impl Story {
    fn and(mut self, mut other: Self) -> Self {
        self.findings.append(&mut other.findings);
        self.processes += other.processes;
        self.killed += other.killed;
        self.cuts += other.cuts;
        self.refused += other.refused;
        self.effects += other.effects;
        self.told.append(&mut other.told);
        self
    }
}

/// Simulates one seed; `tell` keeps what happened, line by line.
#[must_use]
pub fn one(weather: Weather, seed: u64, bug: Option<Bug>, tell: bool) -> Story {
    let mut random = Random::new(seed);
    let releases = scenario::releases(&mut random);
    let parallelism = 1 + random.index(4);
    let disk = Disk::with(BEGUN);
    if bug == Some(Bug::SyncsNothing) {
        disk.lie();
    }
    let outside = Outside::new(disk.clone(), Random::new(random.next()), parallelism, tell);
    let mut teller =
        Teller { disk, outside, random, weather, bug, parallelism, number: 0, story: Story::default() };
    for release in &releases {
        teller.hurt(release);
        teller.finish(release);
        if !teller.story.findings.is_empty() {
            break;
        }
    }
    let mut story = teller.story;
    story.findings.extend(teller.outside.findings());
    story.told = teller.outside.told();
    story.effects = teller.outside.effects();
    for finding in &mut story.findings {
        let verb = if weather == Weather::Everything { "simulate" } else { "power" };
        finding.push_str(&format!(" (reliability {verb} --runs 1 --seed {seed})"));
    }
    story
}

struct Teller {
    disk: Disk,
    outside: Outside,
    random: Random,
    weather: Weather,
    bug: Option<Bug>,
    parallelism: usize,
    number: u64,
    story: Story,
}

impl Teller {
    /// Some processes that are killed, interrupted, or find the disk full, while actions go wrong.
    fn hurt(&mut self, release: &Release) {
        for _ in 0..self.random.below(HURT + 1) {
            let hurt = match self.weather {
                Weather::Everything => self.trouble(),
                Weather::PowerCuts => self.power_cut(),
            };
            let durable = self.disk.durable(<[u8]>::to_vec);
            let mode = self.mode();
            self.process(release, &hurt, Options { mode, ..Options::default() });
            self.disk.strike(None);
            if !self.disk.log().starts_with(&durable) {
                self.story.findings.push("durable records are gone".to_owned());
            }
        }
    }

    fn trouble(&mut self) -> Hurt {
        const STROKES: [Stroke; 5] =
            [Stroke::DieBefore, Stroke::DieWithin, Stroke::DieBehind, Stroke::Refuse, Stroke::DieBehind];
        let mut hurt = Hurt { trouble: self.random.below(40), ..Hurt::default() };
        match self.random.below(3) {
            0 => hurt.dies = Some(self.random.time(Duration::from_secs(15))),
            1 => {
                let stroke = self.random.choose(&STROKES).unwrap_or(Stroke::DieBefore);
                hurt.full = stroke == Stroke::Refuse;
                self.disk.strike(Some((self.random.below(30), stroke)));
            }
            _ => {}
        }
        for _ in 0..self.random.below(3) {
            hurt.interrupts.push(self.random.time(Duration::from_secs(60)));
        }
        hurt
    }

    fn power_cut(&mut self) -> Hurt {
        const STROKES: [Stroke; 3] = [Stroke::DieBefore, Stroke::DieWithin, Stroke::DieBehind];
        let stroke = self.random.choose(&STROKES).unwrap_or(Stroke::DieBefore);
        self.disk.strike(Some((self.random.below(30), stroke)));
        Hurt { dies: Some(self.random.time(Duration::from_secs(30))), ..Hurt::default() }
    }

    /// What the next process is for: mostly the release.
    fn mode(&mut self) -> RunMode {
        const MODES: [RunMode; 8] = [
            RunMode::Apply,
            RunMode::Apply,
            RunMode::Apply,
            RunMode::Apply,
            RunMode::Rollback,
            RunMode::Rollback,
            RunMode::Refresh,
            RunMode::Destroy,
        ];
        self.random.choose(&MODES).unwrap_or(RunMode::Apply)
    }

    /// Now and then another verb is brought to its end first; then the release.
    fn finish(&mut self, release: &Release) {
        let mode = self.mode();
        if mode != RunMode::Apply {
            self.bring_to_an_end(release, mode);
        }
        if self.story.findings.is_empty() {
            self.bring_to_an_end(release, RunMode::Apply);
        }
    }

    /// Processes in peace, and a person who looks and decides, until everything is done.
    fn bring_to_an_end(&mut self, release: &Release, mode: RunMode) {
        for _ in 0..PEACE {
            // Whoever looks waits until nothing can land any more.
            self.outside.process_ended(Duration::ZERO, outside::ON_THE_WAY);
            let options = Options { mode, ..self.decide() };
            self.number += 1;
            if let Err(error) = process::release_holds(&self.disk, self.number, &self.outside) {
                return self.story.findings.push(format!("holds cannot be released: {error}"));
            }
            if self.process(release, &Hurt::default(), options) {
                let found = match mode {
                    RunMode::Rollback => judge::rolled_back(&self.disk, &self.outside),
                    RunMode::Destroy => judge::destroyed(&self.outside),
                    RunMode::Apply => judge::at_the_end(&self.disk, &self.outside, release),
                    RunMode::Refresh | RunMode::State => Vec::new(),
                };
                return self.story.findings.extend(found);
            }
        }
        self.story.findings.push(format!("{mode:?} does not finish: {}", self.story.findings.join("; ")));
    }

    /// What a person says who has looked: what nobody else can tell is taken as done, or done again.
    fn decide(&self) -> Options {
        let mut options = Options::default();
        let Ok(reading) = Reading::of(&mut self.disk.clone()) else { return options };
        for (key, open) in reading.state().uncertain() {
            if !key.address.to_string().starts_with("sim_once.") {
                continue;
            }
            let Ok(target) = key.address.to_string().parse::<Target>() else { continue };
            let done = self.outside.was_done(&open.intent.idempotency_key);
            if done { options.accept.push(target) } else { options.retry.push(target) }
        }
        options
    }

    /// One process; gives whether it found nothing left to do.
    fn process(&mut self, release: &Release, hurt: &Hurt, options: Options) -> bool {
        self.number += 1;
        self.story.processes += 1;
        let start = Start {
            disk: &self.disk,
            outside: &self.outside,
            release,
            bug: self.bug,
            number: self.number,
            parallelism: self.parallelism,
            options,
        };
        let (ended, lived) = live(start, hurt);
        // Often the next one is started at once, while requests of the dead are still on their way.
        let longest = self.random.choose(&[0, 0, 3, 30]).unwrap_or(0);
        let pause = self.random.time(Duration::from_secs(longest));
        self.outside.process_ended(lived, pause);
        self.outside.tell(|| format!("process {} ended: {ended}", self.number));
        match ended {
            Ended::Died => {
                self.story.killed += 1;
                if self.weather == Weather::PowerCuts || self.random.below(2) == 0 {
                    self.story.cuts += 1;
                    self.disk.cut(&mut self.random);
                }
            }
            Ended::Ledger(_) if hurt.full => self.story.refused += 1,
            Ended::Ledger(error) => self.story.findings.push(format!("the ledger refuses: {error}")),
            Ended::Ran(ran) => {
                let (summary, state) = *ran;
                self.story.findings.extend(judge::after_a_run(&self.disk, self.number, &summary, &state));
            }
            Ended::NotPlanned(_) => {}
            Ended::Nothing => return true,
        }
        false
    }
}
