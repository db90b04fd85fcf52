//! A kill at every system call of the ledger's write path: of a first apply, and of the one that recovers from it.
//!
//! The kill comes when the call is entered and not yet done, which is when the one before it is done: so each call is
//! cut off on both sides.

use std::io;

use crate::random::Random;
use crate::scene::{Relplan, Scene, Shape};
use crate::strace::{self, Call, WRITE_PATH};
use crate::tally::Tally;

/// Small enough to be killed at each call in turn; every kind of record is written.
pub const SHAPE: Shape = Shape { records: 4, deployments: 2, checks: 1, action_ms: 0 };

/// Kills applies of `relplan` at every `stride`-th call, then until `recoveries` applies
/// that recover were killed at a random call. `planted` is one that acts before its intents.
pub fn syscalls(
    relplan: &Relplan,
    planted: &Relplan,
    stride: usize,
    recoveries: u64,
    seed: u64,
) -> io::Result<Tally> {
    let mut tally = Tally::new("a kill at each system call of the ledger's write path");
    let calls = strace::calls(&Scene::new(SHAPE)?, relplan, WRITE_PATH)?;
    let middle =
        calls.get(calls.len() / 2).copied().ok_or_else(|| io::Error::other("strace shows no call"))?;
    tally.caught_planted_bug = !at(planted, &[middle])?.0.is_empty();
    let mut killed = 0;
    for call in calls.iter().step_by(stride.max(1)) {
        tally.runs += 1;
        let (findings, kills) = at(relplan, &[*call])?;
        tally.findings.extend(findings);
        killed += kills;
    }
    let mut random = Random::new(seed);
    let mut recovering = 0;
    while recovering < recoveries {
        tally.runs += 1;
        let mut moment = || random.choose(&calls).unwrap_or(middle);
        let (findings, kills) = at(relplan, &[moment(), moment(), moment()])?;
        tally.findings.extend(findings);
        recovering += kills.saturating_sub(1);
    }
    tally.figures = vec![
        ("calls in an apply", calls.len() as u64),
        ("of them cut off", killed),
        ("kills during recovery", recovering),
    ];
    Ok(tally)
}

/// One scene: killed at these calls of its applies, one after the other, then finished. Gives what was broken, and how
/// many applies were really killed: one that recovers makes fewer calls.
fn at(relplan: &Relplan, calls: &[Call]) -> io::Result<(Vec<String>, u64)> {
    let scene = Scene::new(SHAPE)?;
    let mut kills = 0;
    for call in calls {
        let killed = strace::injected(&scene, relplan, *call, "signal=KILL");
        kills += u64::from(scene.apply(&killed).status()?.code() != Some(0));
    }
    let at: Vec<String> = calls.iter().map(ToString::to_string).collect();
    let findings = scene.finish(relplan)?;
    Ok((
        findings.into_iter().map(|finding| format!("{finding} (killed at {})", at.join(", "))).collect(),
        kills,
    ))
}
