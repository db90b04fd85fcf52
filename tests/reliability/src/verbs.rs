//! Rollback, destroy, refresh-only and the automatic way back, cut off at any moment: by themselves, after each other,
//! and mixed with applies of other versions. Deployments, records and checks are real processes.

mod effects;
mod judge;
mod planted;
mod shop;
mod spots;
mod story;
mod verb;

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

pub use planted::Bug;
pub(crate) use planted::{BUGS, providers};

use crate::scene::Relplan;
use crate::tally::Tally;
use spots::{Aim, Spots};
use story::Story;

/// A verb that is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Only {
    /// `relplan rollback`.
    Rollback,
    /// `relplan destroy`.
    Destroy,
    /// `relplan apply -refresh-only`.
    Refresh,
    /// What a failed check turns back.
    WayBack,
}

impl Only {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Rollback, Self::Destroy, Self::Refresh, Self::WayBack];

    const fn aim(self) -> Aim {
        match self {
            Self::Rollback => Aim::Rollback,
            Self::Destroy => Aim::Destroy,
            Self::Refresh => Aim::Refresh,
            Self::WayBack => Aim::WayBack,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Destroy => "destroy",
            Self::Refresh => "refresh",
            Self::WayBack => "way-back",
        }
    }
}

/// Stories until each verb of `only` was killed `kills` times while it was under way. `planted` are relplans with a bug
/// each, all of which must be found.
pub fn verbs(
    relplan: &Relplan,
    planted: &[Relplan],
    only: &[Only],
    kills: u64,
    jobs: usize,
    seed: u64,
) -> io::Result<Tally> {
    let mut tally = Tally::new("rollback, destroy, refresh-only and the way back, cut off");
    let spots = Spots::measured(relplan)?;
    tally.caught_planted_bug = true;
    for bug in planted {
        tally.caught_planted_bug &= is_found(bug, &spots, jobs, seed)?;
    }
    let mut sums = Story::default();
    let mut calls = 0;
    for only in only {
        calls += spots.calls(only.aim());
        let stories = stories(relplan, &spots, *only, kills, jobs, seed)?;
        for (seed, story) in stories {
            tally.runs += 1;
            sums.add(&story);
            if !story.findings.is_empty() {
                let (found, told) = (story.findings.join("\n  "), &story.told);
                let replay = format!("reliability verbs --only {} --runs 1 --seed {seed}", only.name());
                tally.findings.push(format!("{found}{told}\n      {replay}"));
            }
        }
    }
    tally.figures = vec![
        ("kills", sums.kills),
        ("signals", sums.asked),
        ("refused a write", sums.failed),
        ("told that it is locked", sums.refused),
        ("system calls to be killed at", calls),
    ];
    Ok(tally)
}

impl Story {
    const fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.asked += other.asked;
        self.failed += other.failed;
        self.refused += other.refused;
    }
}

/// Stories in a few threads: most of the time of each is waiting.
fn stories(
    relplan: &Relplan,
    spots: &Spots,
    only: Only,
    kills: u64,
    jobs: usize,
    seed: u64,
) -> io::Result<Vec<(u64, Story)>> {
    let (next, killed) = (AtomicU64::new(seed), AtomicU64::new(0));
    let told = Mutex::new(Vec::new());
    let work = || -> io::Result<()> {
        while killed.load(Ordering::SeqCst) < kills {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            let story = story::tell(relplan, spots, only.aim(), seed)?;
            killed.fetch_add(story.kills, Ordering::SeqCst);
            let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            told.push((seed, story));
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let ended = worker.join().map_err(|_| io::Error::other("a story broke off"))?;
            ended?;
        }
        Ok::<_, io::Error>(())
    })?;
    let mut told = told.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    told.sort_by_key(|(seed, _)| *seed);
    Ok(told)
}

/// Whether a relplan with a bug is found out within a few kills of some verb.
fn is_found(bug: &Relplan, spots: &Spots, jobs: usize, seed: u64) -> io::Result<bool> {
    for kills in 1..5 {
        for only in Only::ALL {
            let stories = stories(bug, spots, only, kills, jobs, seed.wrapping_add(kills * 1000))?;
            if stories.iter().any(|(_, story)| !story.findings.is_empty()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
