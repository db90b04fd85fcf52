//! kill -9 at random moments of an apply, one to three times, then once more in peace: every effect is there once.

use std::io;
use std::time::Duration;

use crate::random::Random;
use crate::scene::{Relplan, Scene, Shape};
use crate::tally::Tally;

/// The release that is killed: 200 resources, as long as it takes to be hit anywhere.
pub const SHAPE: Shape = Shape { records: 150, deployments: 40, checks: 10, action_ms: 6 };

/// Kills applies of `relplan` in `runs` scenes. `planted` is one that acts before its intents.
pub fn crash(relplan: &Relplan, planted: &Relplan, shape: Shape, runs: u64, seed: u64) -> io::Result<Tally> {
    let span = Scene::measure(relplan, shape)?;
    let mut tally = Tally::new("kill -9 at random moments");
    // A relplan with the bug is caught in one of a few runs, wherever the kills land.
    for number in 0..5 {
        let (findings, _) = once(planted, shape, span, &mut Random::new(seed ^ number))?;
        tally.caught_planted_bug |= !findings.is_empty();
    }
    let (mut hits, mut effects) = (0, 0);
    for number in 0..runs {
        let mut random = Random::new(seed.wrapping_add(number));
        let (findings, hit) = once(relplan, shape, span, &mut random)?;
        hits += hit;
        effects += shape.effects() as u64;
        let replay = format!("reliability crash --runs 1 --seed {}", seed.wrapping_add(number));
        tally.findings.extend(findings.into_iter().map(|finding| format!("{finding} ({replay})")));
        tally.runs += 1;
    }
    tally.figures = vec![("kills of a run under way", hits), ("effects", effects)];
    Ok(tally)
}

/// One scene: what was broken, and how many kills hit a run under way.
fn once(
    relplan: &Relplan,
    shape: Shape,
    span: Duration,
    random: &mut Random,
) -> io::Result<(Vec<String>, u64)> {
    let scene = Scene::new(shape)?;
    let mut findings = Vec::new();
    let mut hits = 0;
    for _ in 0..=random.below(3) {
        let mut child = scene.start_apply(relplan)?;
        std::thread::sleep(random.time(span));
        hits += u64::from(child.try_wait()?.is_none());
        child.kill()?;
        child.wait()?;
        findings.extend(scene.unintended());
    }
    findings.extend(scene.finish(relplan)?);
    Ok((findings, hits))
}
