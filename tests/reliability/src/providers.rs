//! Every provider with a child or two requests, killed at any moment while it acts, and then let go on by the same
//! command: the effect is there once, as the outside system itself shows.

mod checks;
mod databases;
mod exec;
mod github;
mod snapshots;

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::calls::Calls;
use crate::harm::{Harm, Run, Runner, gist};
use crate::random::Random;
use crate::scene::Relplan;
use crate::tally::Tally;

/// How often a release is tried in peace until it must be done.
const TRIES: usize = 5;

/// A system outside, and a release whose only step acts on it.
trait Outside {
    /// The folder that relplan runs in.
    fn folder(&self) -> &Path;

    /// Variables that it needs.
    fn environment(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The resource `it` of a release, and whatever must be there before it.
    fn release(&mut self, version: &str) -> io::Result<String>;

    /// What is wrong outside once the release is done.
    fn wrong(&self, relplan: &Relplan, version: &str) -> io::Result<Vec<String>>;

    /// Does the effect of a release once more by hand, so that it can be seen whether that is found; false where the
    /// outside does not let anybody do it twice.
    fn double(&mut self, version: &str) -> io::Result<bool> {
        let _ = version;
        Ok(false)
    }

    /// What a person who looks would say: whether it was done. None where relplan must find out by itself.
    fn was_done(&self, version: &str) -> Option<bool> {
        let _ = version;
        None
    }
}

/// How one is made. The name is its type, with what is special about it.
type Made = (&'static str, fn() -> io::Result<Box<dyn Outside>>);

/// All of them.
const ALL: [Made; 13] = [
    ("exec_migration", || Ok(Box::new(exec::Migration::new(true)?))),
    ("exec_migration without pending", || Ok(Box::new(exec::Migration::new(false)?))),
    ("exec_deployment without observe", || Ok(Box::new(exec::Deployment::new()?))),
    ("exec_snapshot", || Ok(Box::new(snapshots::OfACommand::new()?))),
    ("sqlite_snapshot", || Ok(Box::new(snapshots::OfSqlite::new()?))),
    ("postgres_snapshot", || Ok(Box::new(databases::Snapshots::postgres()?))),
    ("mysql_snapshot", || Ok(Box::new(databases::Snapshots::mariadb()?))),
    ("postgres_migration", || Ok(Box::new(databases::Migrations::new()?))),
    ("github_tag", || Ok(Box::new(github::Tag::new()?))),
    ("github_release", || Ok(Box::new(github::Release::new()?))),
    ("github_workflow_deployment", || Ok(Box::new(github::Deployment::new()?))),
    ("http_smoke_test", || Ok(Box::new(checks::Http::new()?))),
    ("exec_test", || Ok(Box::new(checks::Exec::new()?))),
];

/// Kills each provider whose name begins with `only` `kills` times.
pub fn providers(relplan: &Relplan, only: &str, kills: u64, jobs: usize, seed: u64) -> io::Result<Tally> {
    let mut tally = Tally::new("every provider with a child or two requests, killed");
    let chosen = ALL.iter().filter(|(name, _)| name.starts_with(only));
    let left: Mutex<VecDeque<&Made>> = Mutex::new(chosen.collect());
    let ended = Mutex::new(Vec::new());
    let work = || -> io::Result<()> {
        loop {
            let next = left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some((name, made)) = next else { return Ok(()) };
            let mut killer = Killer::new(relplan, name, made()?, seed)?;
            killer.kill(kills)?;
            ended.lock().unwrap_or_else(PoisonError::into_inner).push(killer.ended);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().map_err(|_| io::Error::other("a provider's outside broke"))?
        })
    })?;
    tally.caught_planted_bug = true;
    let mut all_kills = 0;
    let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    tally.figures.push(("providers", ended.len() as u64));
    for one in ended {
        tally.runs += one.releases;
        all_kills += one.kills;
        tally.caught_planted_bug &= one.finds_what_is_wrong;
        if !one.finds_what_is_wrong {
            tally.told.push(format!("{}: an effect that is missing or doubled is not found", one.name));
        }
        tally.findings.extend(one.findings);
    }
    tally.figures.push(("kills", all_kills));
    Ok(tally)
}

/// What became of one provider.
#[derive(Default)]
struct Ended {
    name: &'static str,
    releases: u64,
    kills: u64,
    finds_what_is_wrong: bool,
    findings: Vec<String>,
}

struct Killer<'k> {
    relplan: &'k Relplan,
    outside: Box<dyn Outside>,
    environment: Vec<(String, String)>,
    random: Random,
    number: u32,
    span: Duration,
    calls: Calls,
    ended: Ended,
    /// What was done in this release.
    told: String,
}

impl<'k> Killer<'k> {
    /// One release in peace, to see how long it takes and which calls it makes, and whether it is seen when something
    /// is wrong with it.
    fn new(
        relplan: &'k Relplan,
        name: &'static str,
        outside: Box<dyn Outside>,
        seed: u64,
    ) -> io::Result<Self> {
        let environment = outside.environment();
        let mut killer = Self {
            relplan,
            outside,
            environment,
            random: Random::new(seed.wrapping_mul(name.bytes().map(u64::from).sum())),
            number: 0,
            span: Duration::ZERO,
            calls: Calls::default(),
            ended: Ended { name, ..Ended::default() },
            told: String::new(),
        };
        let version = killer.next()?;
        let log = killer.outside.folder().join("calls");
        let traced = Calls::traced(relplan, &log.display().to_string());
        let run = killer.run(&traced, &apply(), &Harm::None)?;
        killer.calls = Calls::of(&std::fs::read_to_string(log)?);
        if run.code != Some(0) {
            return Err(io::Error::other(format!("a first {name}: {}", run.said)));
        }
        let right = killer.outside.wrong(relplan, &version)?.is_empty();
        let missing = !killer.outside.wrong(relplan, "9.9.9")?.is_empty();
        let doubled =
            !killer.outside.double(&version)? || !killer.outside.wrong(relplan, &version)?.is_empty();
        killer.ended.finds_what_is_wrong = right && missing && doubled;
        killer.next()?;
        let begun = Instant::now();
        killer.run(relplan, &apply(), &Harm::None)?;
        killer.span = begun.elapsed();
        Ok(killer)
    }

    fn kill(&mut self, kills: u64) -> io::Result<()> {
        // What is over before it can be hit must not be tried for ever.
        while self.ended.kills < kills && self.ended.releases < 4 * kills + 20 {
            self.told.clear();
            let version = self.next()?;
            let mut findings = self.once(&version)?;
            findings.dedup();
            if !findings.is_empty() {
                let (name, found, told) = (self.ended.name, findings.join("\n  "), &self.told);
                self.ended.findings.push(format!("{name} {version}: {found}{told}"));
            }
        }
        let (code, said) = self.runner(self.relplan).look(&["state", "verify"])?;
        if code != Some(0) {
            self.ended.findings.push(format!("{}: `state verify`: {said}", self.ended.name));
        }
        Ok(())
    }

    /// Writes the next release, and gives its version.
    fn next(&mut self) -> io::Result<String> {
        self.ended.releases += 1;
        let version = format!("1.{}.0", self.ended.releases);
        let resource = self.outside.release(&version)?;
        let text = format!("release \"it\" {{\n  version = \"{version}\"\n}}\n\n{resource}");
        std::fs::write(self.outside.folder().join("it.hcl"), text)?;
        Ok(version)
    }

    fn runner<'s>(&'s mut self, relplan: &'s Relplan) -> Runner<'s> {
        self.number += 10;
        let folder = self.outside.folder();
        let ledger = folder.join(".relplan/it/ledger.jsonl");
        Runner { relplan, folder, ledger, environment: &self.environment, number: self.number }
    }

    fn run(&mut self, relplan: &Relplan, typed: &[String], harm: &Harm) -> io::Result<Run> {
        let run = self.runner(relplan).run(typed, harm)?;
        let code = run.code.map_or_else(|| "killed".to_owned(), |code| code.to_string());
        self.told.push_str(&format!("\n      {}, {harm}: {code}", run.typed));
        Ok(run)
    }

    /// One release: killed, once or twice, then let go on.
    fn once(&mut self, version: &str) -> io::Result<Vec<String>> {
        let (typed, relplan) = (apply(), self.relplan);
        let mut findings = Vec::new();
        let mut code = None;
        for _ in 0..=self.random.below(2) {
            let harm = self.harm();
            let run = self.run(relplan, &typed, &harm)?;
            self.ended.kills += u64::from(run.struck);
            findings.extend(run.findings);
            code = run.code;
            if code == Some(0) {
                break;
            }
        }
        if code != Some(0) {
            findings.extend(self.goes_on(version)?);
        }
        findings.extend(self.outside.wrong(relplan, version)?);
        let (code, said) = self.runner(relplan).look(&["plan", "-detailed-exitcode", "it.hcl"])?;
        if code != Some(0) {
            findings.push(format!("`plan` afterwards ends with {code:?}: {}", gist(&said)));
        }
        Ok(findings)
    }

    fn harm(&mut self) -> Harm {
        let moment = self.random.time(self.span + self.span / 4);
        match self.random.below(20) {
            0..=11 => Harm::Kill(moment),
            12..=16 => self.calls.choose(&mut self.random).map_or(Harm::Kill(moment), Harm::At),
            _ => Harm::KillAtExec(moment + Duration::from_millis(60)),
        }
    }

    /// The same command until it is done. What nobody can find out is said by a person who looks.
    fn goes_on(&mut self, version: &str) -> io::Result<Vec<String>> {
        let mut findings = Vec::new();
        let mut said = None;
        for _ in 0..TRIES {
            let mut typed = apply();
            typed.extend(said.take());
            let run = self.run(self.relplan, &typed, &Harm::None)?;
            findings.extend(run.findings);
            match (run.code, self.outside.was_done(version)) {
                (Some(0), _) => return Ok(findings),
                (Some(10), Some(done)) => {
                    let address = run.records.iter().rev().find(|record| record.kind == "intended");
                    let address = address.map_or("", |record| record.address());
                    said = Some(format!("{}={address}", if done { "-accept" } else { "-retry" }));
                }
                (code, _) => findings.push(format!("in peace it ends with {code:?}: {}", gist(&run.said))),
            }
        }
        findings.push("it does not come to its end".to_owned());
        Ok(findings)
    }
}

fn apply() -> Vec<String> {
    ["apply", "-auto-approve", "it.hcl"].map(str::to_owned).to_vec()
}

/// Waits until nobody is at work in a folder any more.
fn idle(folder: &Path) {
    let begun = Instant::now();
    let works = || {
        let processes = std::fs::read_dir("/proc").into_iter().flatten();
        let mut folders =
            processes.filter_map(|entry| std::fs::read_link(entry.ok()?.path().join("cwd")).ok());
        folders.any(|cwd| cwd == folder)
    };
    while works() && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// How often each line is in a file.
fn count(file: &Path, line: &str) -> usize {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter(|one| *one == line).count()
}
