//! Hostile pull requests under `plan -no-exec`, `validate`, `plan -pr` and `fmt`: whatever their files name, no command is
//! started, no socket opened but to the reviewer, no byte read from outside or from `.git` and `.relplan` but the
//! product's own ledger, nothing written, no secret told, and nobody deceived; within 10 s and 1 GiB.
//!
//! `strace` tells what a command did. The worst that a pull request here could do is to touch a marker in its own
//! temporary folder, or to contact a listener of this process.

mod canary;
mod families;
mod ground;
mod judge;
mod listeners;
mod markdown;
mod place;
pub(crate) mod planted;
mod pull;
mod said;
mod trace;
mod tree;
mod verb;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::random::Random;
use crate::scene::Relplan;
use crate::strace;
use crate::tally::Tally;
use ground::Ground;
use judge::{Case, Opens};
use listeners::Listeners;
use pull::Pull;
use tree::Tree;
use verb::{Reviewer, Verb};
pub use watch::Limits;

/// From one variation of a family to the next: a prime, so that all have their turn.
const STEP: usize = 7919;

/// The names of the families.
#[must_use]
pub fn families() -> Vec<&'static str> {
    families::ALL.iter().map(|(name, _)| *name).collect()
}

/// A relplan that leaks: this program, started again. `own` are the arguments that lead it to
/// [`crate::planted::run_if_asked`].
pub fn leaking(own: &[&str]) -> io::Result<Relplan> {
    Ok(Relplan::inside(&std::env::current_exe()?, own, planted::ARGUMENTS))
}

/// What all pull requests have in common.
struct Ordeal<'o> {
    relplan: &'o Relplan,
    ground: Ground,
    reviewer: Reviewer,
    limits: Limits,
    innocent: BTreeMap<Verb, Opens>,
}

/// What became of one pull request.
struct Met {
    name: String,
    findings: Vec<String>,
    told: Vec<String>,
    commands: u64,
    slowest_ms: u64,
    largest: u64,
}

/// Meets `runs` pull requests, in turn from all families or from `only` one.
pub fn pulls(
    relplan: &Relplan,
    leaking: &Relplan,
    limits: Limits,
    runs: u64,
    seed: u64,
    only: Option<&str>,
) -> io::Result<Tally> {
    if !strace::works() {
        return Err(io::Error::other("strace is missing, or may not trace"));
    }
    let families = families::ALL.iter().filter(|(name, _)| only.is_none_or(|only| only == *name));
    let families: Vec<(&str, Vec<Pull>)> = families.map(|(name, all)| (*name, all())).collect();
    if families.is_empty() {
        return Err(io::Error::other(format!("the families are {}", self::families().join(", "))));
    }
    let mut ordeal = Ordeal::new(relplan, limits)?;
    let mut tally = Tally::new("hostile pull requests");
    let missed = ordeal.missed_leaks(leaking)?;
    tally.caught_planted_bug = missed.is_empty();
    tally.findings = missed;
    let mut grouped: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let (mut commands, mut slowest, mut largest) = (0, 0, 0);
    for number in (seed..).take(usize::try_from(runs).unwrap_or(usize::MAX)) {
        // Seeds begin at 1, and every table with what is worst.
        let turn = usize::try_from(number.saturating_sub(1)).unwrap_or_default();
        let Some((family, variations)) = families.get(turn % families.len()) else { continue };
        // Far steps: a few runs see variations of every kind.
        let step = (turn / families.len()).wrapping_mul(STEP) % variations.len().max(1);
        let Some(variation) = variations.get(step) else { continue };
        let mut random = Random::new(number);
        let met = ordeal.meet(&variation.clone().drawn(&mut random), &mut random, runs == 1)?;
        let only = if only.is_some() { format!(" --only {family}") } else { String::new() };
        for finding in met.findings {
            let key =
                format!("{family}: {}: {}", variation.name, finding.split(']').next().unwrap_or_default());
            let told = format!(
                "{finding}\n    ({family}: {}; reliability pulls --runs 1 --seed {number}{only})",
                met.name
            );
            grouped.entry(key).or_insert((0, told)).0 += 1;
        }
        tally.told = met.told;
        tally.runs += 1;
        commands += met.commands;
        slowest = slowest.max(met.slowest_ms);
        largest = largest.max(met.largest >> 20);
    }
    tally.findings.extend(grouped.into_values().map(|(count, told)| format!("{count}x {told}")));
    let broken = ordeal.reviewer.end();
    tally.findings.extend(broken);
    tally.figures = vec![
        ("families", families.len() as u64),
        ("commands", commands),
        ("ms at most", slowest),
        ("MB at most", largest),
    ];
    Ok(tally)
}

impl<'o> Ordeal<'o> {
    fn new(relplan: &'o Relplan, limits: Limits) -> io::Result<Self> {
        let ground = Ground::new(relplan, Listeners::new()?)?;
        let mut ordeal =
            Self { relplan, ground, reviewer: Reviewer::new(), limits, innocent: BTreeMap::new() };
        for verb in [Verb::Plan, Verb::Markdown, Verb::Json, Verb::Review] {
            let ground = ordeal.ground.copy()?;
            let pull = innocent();
            pull.write(&ground)?;
            let words = verb.words(&pull, &mut Random::new(0));
            let seen = ordeal.reviewer.watch(relplan, &ground, &words, limits, &[])?;
            let opens = judge::opens(&ground, &seen);
            if !seen.status.success() || opens.is_empty() {
                let said = String::from_utf8_lossy(&seen.said()).into_owned();
                return Err(io::Error::other(format!(
                    "an innocent pull request does not read its ledger: {said}"
                )));
            }
            ordeal.innocent.insert(verb, opens);
        }
        Ok(ordeal)
    }

    /// Meets one pull request with every command.
    fn meet(&self, pull: &Pull, random: &mut Random, tell: bool) -> io::Result<Met> {
        let ground = self.ground.copy()?;
        pull.write(&ground)?;
        let told = if tell { pull.told(&ground) } else { Vec::new() };
        let mut met = Met {
            name: pull.name.clone(),
            findings: Vec::new(),
            told,
            commands: 0,
            slowest_ms: 0,
            largest: 0,
        };
        for verb in Verb::drawn(random) {
            let words = verb.words(pull, random);
            let (findings, seen) = self.judged(self.relplan, &ground, verb, &words, self.limits, &[])?;
            met.commands += 1;
            met.slowest_ms = met.slowest_ms.max(u64::try_from(seen.time.as_millis()).unwrap_or(u64::MAX));
            met.largest = met.largest.max(seen.memory);
            if tell {
                let said = String::from_utf8_lossy(&seen.said()).chars().take(6000).collect::<String>();
                let (ms, mb) = (seen.time.as_millis(), seen.memory >> 20);
                met.told.push(format!(
                    "$ relplan {} # {}, {ms} ms, {mb} MB\n{said}",
                    words.join(" "),
                    seen.status
                ));
            }
            let command = words.join(" ");
            met.findings.extend(findings.into_iter().map(|finding| format!("{finding} (relplan {command})")));
        }
        Ok(met)
    }

    /// Runs one command, and gives every promise that it broke.
    fn judged(
        &self,
        relplan: &Relplan,
        ground: &Ground,
        verb: Verb,
        words: &[&str],
        limits: Limits,
        more: &[(&str, &str)],
    ) -> io::Result<(Vec<String>, watch::Seen)> {
        let before = Tree::of(ground.top())?;
        let contacts = ground.listeners().contacts();
        let comments = if verb == Verb::Review { self.reviewer.comments() } else { BTreeSet::new() };
        let mut seen = self.reviewer.watch(relplan, ground, words, limits, more)?;
        if !more.is_empty() {
            seen.forget_until(planted::BEGINNING);
        }
        let innocent = self.innocent.get(&verb);
        let case = Case { ground, verb, limits, port: self.reviewer.port(), innocent };
        let mut found = judge::calls(&case, &seen);
        let canaries = self.ground.canaries()?;
        found.extend(said::output(verb, &canaries, &seen));
        let after = Tree::of(ground.top())?;
        let changes = before.changes(&after, |path| case.may_write(path));
        found.extend(changes.into_iter().map(|change| format!("[written] {change}")));
        if ground.listeners().contacts() > contacts {
            found.push("[socket] a server that the file names was contacted".to_owned());
        }
        if verb == Verb::Markdown && seen.status.success() {
            found.extend(markdown::plan(&String::from_utf8_lossy(&seen.stdout)));
        }
        if verb == Verb::Review {
            for comment in self.reviewer.comments().difference(&comments) {
                found.extend(markdown::plan(comment));
                found.extend(said::comment(&canaries, comment));
            }
        }
        Ok((found, seen))
    }

    /// Leaks of relplans that leak which the judge does not find; and what it finds of one that does not.
    fn missed_leaks(&mut self, leaking: &Relplan) -> io::Result<Vec<String>> {
        /// What a leak of time or memory passes.
        const TIGHT: Limits = Limits { time: std::time::Duration::from_millis(1500), memory: 300 << 20 };
        let mut missed = Vec::new();
        let none = [Verb::Plan, Verb::Markdown, Verb::Json, Verb::Validate, Verb::Review, Verb::Format];
        let none = none.map(|verb| ("", verb, ""));
        let leaks = planted::LEAKS.iter().map(|(name, verb, kind, _)| (*name, *verb, *kind));
        for (leak, verb, kind) in none.into_iter().chain(leaks) {
            let ground = self.ground.copy()?;
            let pull = innocent();
            pull.write(&ground)?;
            let words = verb.words(&pull, &mut Random::new(0));
            let port = ground.listeners().port().to_string();
            let more = [(planted::LEAK, leak), (planted::PORT, &*port)];
            let limits = if matches!(kind, "[time]" | "[memory]") { TIGHT } else { self.limits };
            let (findings, _) = self.judged(leaking, &ground, verb, &words, limits, &more)?;
            if kind.is_empty() {
                missed.extend(
                    findings
                        .into_iter()
                        .map(|finding| format!("without a leak {verb:?} is found guilty: {finding}")),
                );
            } else if !findings.iter().any(|finding| finding.starts_with(kind)) {
                missed.push(format!("the leak of {leak} in {verb:?} is not found as {kind}: {findings:?}"));
            }
        }
        Ok(missed)
    }
}

/// A pull request without any harm in it, but for a link that nobody reads.
fn innocent() -> Pull {
    Pull::new("innocent")
        .blocks("resource \"terraform_data\" \"d\" {\n  input = file(\"notes.txt\")\n}\n")
        .file("releases/notes.txt", "All is well.\n")
        .link("out", "../outside/secret.txt")
}
