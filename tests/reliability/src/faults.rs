//! Writes, syncs and renames that the system refuses: a clear error, nothing started after it, nothing lost.

use std::io;
use std::process::Stdio;

use crate::scene::{Relplan, Scene, Shape};
use crate::strace::{self, Call};
use crate::tally::Tally;

/// The calls that can be refused, and what the system says then.
pub const CALLS: [&str; 7] = ["write", "pwrite64", "fsync", "fdatasync", "ftruncate", "renameat", "mkdirat"];

/// Disk broken, disk full, quota used up.
pub const ERRORS: [&str; 3] = ["EIO", "ENOSPC", "EDQUOT"];

const SHAPE: Shape = Shape { records: 6, deployments: 2, checks: 1, action_ms: 0 };

/// Refuses every `stride`-th call of an apply, with each of the `errors`.
pub fn faults(relplan: &Relplan, planted: &Relplan, errors: &[&str], stride: usize) -> io::Result<Tally> {
    let mut tally = Tally::new("EIO, ENOSPC and EDQUOT on each write, sync and rename");
    let calls = strace::calls(&Scene::new(SHAPE)?, relplan, &CALLS)?;
    let middle =
        calls.get(calls.len() / 2).copied().ok_or_else(|| io::Error::other("strace shows no call"))?;
    tally.caught_planted_bug = !once(planted, "EIO", middle)?.0.is_empty();
    let mut noticed = 0;
    for error in errors {
        for call in calls.iter().step_by(stride.max(1)) {
            tally.runs += 1;
            let (findings, refused) = once(relplan, error, *call)?;
            noticed += u64::from(refused);
            tally
                .findings
                .extend(findings.into_iter().map(|finding| format!("{finding} ({error} at {call})")));
        }
    }
    tally.figures = vec![("calls in an apply", calls.len() as u64), ("applies that stopped", noticed)];
    Ok(tally)
}

/// One scene with one refused call: what was broken, and whether the apply stopped for it.
fn once(relplan: &Relplan, error: &str, call: Call) -> io::Result<(Vec<String>, bool)> {
    let scene = Scene::new(SHAPE)?;
    let refused = strace::injected(&scene, relplan, call, &format!("error={error}"));
    let output = scene.apply(&refused).stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut findings = scene.unintended();
    let stopped = output.status.code() != Some(0);
    // What is only a matter of speed, the checkpoint, may fail without stopping anything; else a person must know.
    if stopped && !(said.contains("Error:") && said.len() > 30) {
        findings.push(format!("it stops with {} and does not say why: {said:?}", output.status));
    }
    if output.status.code().is_none_or(|code| code > 20) {
        findings.push(format!("it ends with {}: {said}", output.status));
    }
    let before = scene.effects();
    findings.extend(scene.finish(relplan)?);
    if stopped && scene.effects().len() < before.len() {
        findings.push("effects are gone".to_owned());
    }
    Ok((findings, stopped))
}
