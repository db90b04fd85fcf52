//! Two at once: two applies, an apply and `state rm`, and a lock that is forced open in the middle of a run.

use std::io;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::random::Random;
use crate::scene::{Relplan, Scene, Shape};
use crate::strace;
use crate::tally::Tally;

/// Longer than anybody waits for a lock without patience.
const SHAPE: Shape = Shape { records: 6, deployments: 2, checks: 1, action_ms: 40 };

/// Long enough that the lock is forced while it runs.
const LONG: Shape = Shape { records: 60, deployments: 0, checks: 0, action_ms: 40 };

/// What the second of two is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rival {
    Apply,
    PatientApply,
    Remove,
}

impl Rival {
    const ALL: [Self; 3] = [Self::Apply, Self::PatientApply, Self::Remove];

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Apply => &["apply", "-auto-approve", "-parallelism=10", "scene.hcl"],
            Self::PatientApply => {
                &["apply", "-auto-approve", "-parallelism=10", "-lock-timeout=60s", "scene.hcl"]
            }
            Self::Remove => &["state", "rm", "fake_check.it[0]"],
        }
    }
}

/// Lets `runs` pairs race for a ledger, and forces the lock of `forced` runs open.
pub fn races(relplan: &Relplan, runs: u64, forced: u64, seed: u64) -> io::Result<Tally> {
    let mut tally = Tally::new("two at once, and locks forced open");
    // Locks that are granted to everybody: the call says 0, and nothing is locked.
    let lawless = strace::hollow(relplan, &["flock"]);
    for number in 0..10 {
        let findings = race(&lawless, Rival::Apply, &mut Random::new(seed ^ number))?.0;
        tally.caught_planted_bug |= !findings.is_empty();
    }
    let mut refused = 0;
    for number in 0..runs {
        let mut random = Random::new(seed.wrapping_add(number));
        let rival = random.choose(&Rival::ALL).unwrap_or(Rival::Apply);
        let (findings, turned_away) = race(relplan, rival, &mut random)?;
        refused += u64::from(turned_away);
        tally.findings.extend(findings.into_iter().map(|finding| format!("{finding} ({rival:?})")));
        tally.runs += 1;
    }
    let mut stopped = 0;
    for number in 0..forced {
        let (findings, loser) = force(relplan, &mut Random::new(seed.wrapping_add(number)))?;
        stopped += u64::from(loser);
        tally.findings.extend(findings.into_iter().map(|finding| format!("{finding} (forced)")));
        tally.runs += 1;
    }
    tally.figures =
        vec![("races", runs), ("of them refused", refused), ("forced", forced), ("losers stopped", stopped)];
    Ok(tally)
}

/// One race: what was broken, and whether one of the two was turned away.
fn race(relplan: &Relplan, rival: Rival, random: &mut Random) -> io::Result<(Vec<String>, bool)> {
    let scene = Scene::new(SHAPE)?;
    if rival == Rival::Remove && scene.start_apply(relplan)?.wait()?.code() != Some(0) {
        return Ok((vec!["the apply before does not finish".to_owned()], false));
    }
    let one = start(&scene, relplan, Rival::Apply.arguments())?;
    std::thread::sleep(random.time(Duration::from_millis(20)));
    let other = start(&scene, relplan, rival.arguments())?;
    let (one, other) = (one.wait_with_output()?, other.wait_with_output()?);
    let mut findings = Vec::new();
    if one.status.code() != Some(0) && other.status.code() != Some(0) {
        findings.push("neither of the two gets its turn".to_owned());
    }
    let patient = rival == Rival::PatientApply;
    findings.extend(mannered(&one, false));
    findings.extend(mannered(&other, patient));
    let turned_away = [&one, &other].iter().any(|output| output.status.code() == Some(8));
    findings.extend(scene.finish(relplan)?);
    Ok((findings, turned_away))
}

/// Each ends well, or says who holds the lock.
fn mannered(output: &Output, patient: bool) -> Option<String> {
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => None,
        Some(8) if patient => Some("it does not wait".to_owned()),
        Some(8) if said.contains("The ledger is locked by ann on ") && said.contains(", doing `relplan ") => {
            None
        }
        _ => Some(format!("it ends with {}: {said}", output.status)),
    }
}

/// One lock forced open: what was broken, and whether the loser was stopped by it.
fn force(relplan: &Relplan, random: &mut Random) -> io::Result<(Vec<String>, bool)> {
    let scene = Scene::new(LONG)?;
    let loser = start(&scene, relplan, Rival::Apply.arguments())?;
    let Some(id) = lock_id(&scene) else {
        return Ok((vec!["the first apply does not come to its lock".to_owned()], false));
    };
    std::thread::sleep(random.time(Duration::from_millis(200)));
    let forced = scene.command(relplan, &["force-unlock", &id, "-reason=it hangs"]).status()?;
    let winner = start(&scene, relplan, Rival::PatientApply.arguments())?.wait_with_output()?;
    let loser = loser.wait_with_output()?;
    let mut findings = scene.unintended();
    let said = String::from_utf8_lossy(&loser.stderr);
    let stopped =
        loser.status.code() == Some(11) && said.contains("wrote record") && said.contains("it hangs");
    // A run that was over by then has lost nothing.
    let too_late = loser.status.code() == Some(0) && forced.code() == Some(8);
    if !stopped && !too_late {
        findings.push(format!("the loser ends with {}: {said}", loser.status));
    }
    if winner.status.code() != Some(0) {
        let said = String::from_utf8_lossy(&winner.stderr);
        findings.push(format!("the winner ends with {}: {said}", winner.status));
    }
    findings.extend(stale(&scene.ledger()));
    if scene.run(relplan, &["state", "verify"])?.code() != Some(0) {
        findings.push("the ledger does not verify".to_owned());
    }
    Ok((findings, stopped))
}

fn start(scene: &Scene, relplan: &Relplan, arguments: &[&str]) -> io::Result<Child> {
    scene.command(relplan, arguments).stderr(Stdio::piped()).spawn()
}

/// The identity of the lock, once somebody has it.
fn lock_id(scene: &Scene) -> Option<String> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        // Forcing makes sense once the run is under way.
        if scene.ledger().contains("\"kind\":\"intended\"") {
            let text = std::fs::read(scene.ledger_folder().join("lock")).ok()?;
            let holder: Json = serde_json::from_slice(&text).ok()?;
            return holder.get("id")?.as_str().map(str::to_owned);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    None
}

/// Records of an epoch that was over.
fn stale(ledger: &str) -> Vec<String> {
    let mut newest = 0;
    let mut findings = Vec::new();
    for line in ledger.lines() {
        let record = line.split_once(' ').and_then(|(_, json)| serde_json::from_str::<Json>(json).ok());
        let epoch = record.as_ref().and_then(|record| record.get("epoch")?.as_u64()).unwrap_or_default();
        if epoch < newest {
            findings.push(format!("a record of epoch {epoch} stands behind epoch {newest}"));
        }
        newest = newest.max(epoch);
    }
    findings
}
