//! A kill at every system call of the ledger's write path: of a first apply, and of the one that recovers from it.
//!
//! The kill comes when the call is entered and not yet done, which is when the one before it is done: so each call is
//! cut off on both sides.

use std::io;

use crate::random::Random;
use crate::scene::{Relplan, Scene, Shape};
use crate::strace::{self, WRITE_PATH};
use crate::tally::Tally;

/// Small enough to be killed at each call in turn; every kind of record is written.
pub const SHAPE: Shape = Shape { records: 4, deployments: 2, checks: 1, action_ms: 0 };

/// Kills applies of `relplan` at every `stride`-th call, then `recoveries` times at a random call of an apply that
/// recovers. `planted` is one that acts before its intents.
pub fn syscalls(
    relplan: &Relplan,
    planted: &Relplan,
    stride: u64,
    recoveries: u64,
    seed: u64,
) -> io::Result<Tally> {
    let mut tally = Tally::new("a kill at each system call of the ledger's write path");
    let calls = strace::count(&Scene::new(SHAPE)?, relplan, WRITE_PATH)?;
    let caught = at(planted, &[calls / 2])?;
    tally.caught_planted_bug = !caught.is_empty();
    for call in (1..=calls).step_by(usize::try_from(stride.max(1)).unwrap_or(1)) {
        tally.runs += 1;
        tally.findings.extend(at(relplan, &[call])?);
    }
    let mut random = Random::new(seed);
    for _ in 0..recoveries {
        tally.runs += 1;
        // Recovery writes less: most of these hit, and those that come too late are a run without a kill.
        let moments = [1 + random.below(calls), 1 + random.below(calls / 2), 1 + random.below(calls / 2)];
        tally.findings.extend(at(relplan, &moments)?);
    }
    tally.figures = vec![("calls in an apply", calls), ("kills during recovery", recoveries * 2)];
    Ok(tally)
}

/// One scene: killed at these calls of its applies, one after the other, then finished.
fn at(relplan: &Relplan, calls: &[u64]) -> io::Result<Vec<String>> {
    let scene = Scene::new(SHAPE)?;
    for call in calls {
        let killed = strace::injected(&scene, relplan, WRITE_PATH, &format!("signal=KILL:when={call}"));
        scene.apply(&killed).status()?;
    }
    let findings = scene.finish(relplan)?;
    Ok(findings.into_iter().map(|finding| format!("{finding} (killed at call {calls:?})")).collect())
}
