//! Damage to what lies on the disk: truncation at every byte, single flipped bits, other histories in the place of the
//! true one. All of it must be noticed, and nothing repaired but a torn tail.

use std::io;

use relplan::canonical::Digest;
use relplan::event::{Actor, Event, RunId};
use relplan::ledger::{Beside, Ledger, LedgerError, Notice, Reading, Sealer, Writer, verify, verify_with};

use crate::disk::Disk;
use crate::fuzz::framed;
use crate::random::Random;
use crate::scene::{Relplan, Scene, Shape};
use crate::tally::Tally;

const SHAPE: Shape = Shape { records: 12, deployments: 4, checks: 2, action_ms: 0 };

/// A sound ledger with its checkpoint, and the hash of its last record, noted elsewhere.
struct Sound {
    log: Vec<u8>,
    checkpoint: Vec<u8>,
    /// The file `head` beside it.
    beside: Vec<u8>,
    head: Digest,
    state: Digest,
    sealer: Sealer,
}

/// What is left beside a damaged ledger.
#[derive(Clone, Copy)]
enum Left {
    Nothing,
    Checkpoint,
    Head,
    Both,
}

impl Left {
    fn of(self, sound: &Sound) -> Beside<'_> {
        let checkpoint = matches!(self, Self::Checkpoint | Self::Both).then_some(&*sound.checkpoint);
        Beside { checkpoint, head: matches!(self, Self::Head | Self::Both).then_some(&*sound.beside) }
    }
}

/// Cuts the ledger of an apply of `relplan` off at every `stride`-th byte, and flips `flips` bits of it and of its
/// checkpoint, one at a time.
pub fn damage(relplan: &Relplan, stride: usize, flips: u64, seed: u64) -> io::Result<Tally> {
    let mut tally = Tally::new("truncation at every byte, and single flipped bits");
    let sound = sound(relplan)?;
    // Who can compute hashes can rewrite the end: nobody notices but by the noted head, and the ordeal must say so.
    tally.caught_planted_bug = unnoticed(&sound, &forged(&sound.log), Left::Nothing, None).is_some();
    let mut cuts = 0;
    for length in (0..sound.log.len()).step_by(stride.max(1)) {
        cuts += 1;
        let cut = sound.log.get(..length).unwrap_or_default();
        tally.findings.extend(unnoticed(&sound, cut, Left::Checkpoint, None));
        tally.findings.extend(unnoticed(&sound, cut, Left::Head, None));
        tally.findings.extend(unnoticed(&sound, cut, Left::Nothing, Some(sound.head)));
    }
    let forks = forks(&sound, &mut tally.findings).map_err(io::Error::other)?;
    let mut random = Random::new(seed);
    let bytes = sound.log.len() as u64;
    for _ in 0..flips {
        let at = random.below(bytes + sound.checkpoint.len() as u64);
        let bit = 1 << random.below(8);
        if at < bytes {
            let log = flipped(&sound.log, at, bit);
            for left in [Left::Nothing, Left::Head] {
                let found = unnoticed(&sound, &log, left, None);
                tally.findings.extend(found.map(|why| format!("{why}, byte {at}")));
            }
        } else {
            let checkpoint = flipped(&sound.checkpoint, at - bytes, bit);
            tally
                .findings
                .extend(trusted(&sound, &checkpoint).map(|why| format!("{why}, byte {}", at - bytes)));
        }
    }
    tally.runs = cuts + flips + forks;
    tally.figures = vec![
        ("bytes of ledger", bytes),
        ("truncations", cuts),
        ("flipped bits", flips),
        ("other histories", forks),
    ];
    Ok(tally)
}

fn sound(relplan: &Relplan) -> io::Result<Sound> {
    let scene = Scene::new(SHAPE)?;
    scene.start_apply(relplan)?.wait()?;
    let log = std::fs::read(scene.ledger_folder().join("ledger.jsonl"))?;
    let checkpoint = std::fs::read(scene.ledger_folder().join("checkpoint.json"))?;
    let beside = std::fs::read(scene.ledger_folder().join("head"))?;
    let key = std::fs::read(scene.ledger_folder().join("key"))?;
    let report = verify(&log, Some(&checkpoint), None).map_err(io::Error::other)?;
    let head = report.head.ok_or_else(|| io::Error::other("the ledger is empty"))?.hash;
    let key = key.as_slice().try_into().map_err(io::Error::other)?;
    Ok(Sound { log, checkpoint, beside, head, state: report.state, sealer: Sealer::new(key) })
}

/// Puts other histories in the ledger's place, sound in themselves: the same up to each record, and then shorter, as
/// long and longer; and one of another lineage. How many there were.
fn forks(sound: &Sound, findings: &mut Vec<String>) -> Result<u64, LedgerError> {
    let lines: Vec<&[u8]> = sound.log.split_inclusive(|byte| *byte == b'\n').collect();
    let mut count = 0;
    for common in 0..lines.len() {
        let whole = lines.len();
        for length in [common + 1, whole.saturating_sub(1), whole, whole + 3] {
            let log = fork(sound, lines.get(..common).unwrap_or_default(), length)?;
            if verify(&log, None, None).is_err() {
                findings.push(format!("the fork behind record {common} is not sound in itself"));
            }
            for left in [Left::Checkpoint, Left::Head, Left::Both] {
                count += 1;
                let found = unnoticed(sound, &log, left, None);
                findings.extend(found.map(|why| format!("{why}, another history behind record {common}")));
            }
        }
    }
    Ok(count)
}

/// A ledger that begins with these records, and has others behind them.
fn fork(sound: &Sound, common: &[&[u8]], length: usize) -> Result<Vec<u8>, LedgerError> {
    let disk = Disk::with(&common.concat());
    let reading = Reading::of(&mut disk.clone())?;
    let writer = Writer { run: RunId("fork".into()), actor: Actor::default() };
    let (mut ledger, _) = Ledger::open(disk.clone(), reading, "scene", writer, sound.sealer.clone(), 0)?;
    let mut last = ledger.head().map_or(0, |head| head.seq);
    while last < length as u64 {
        last += 1;
        let state = Digest::of(&last.to_be_bytes());
        ledger.append(0, vec![Event::Checkpointed { state }])?;
    }
    ledger.sync()?;
    Ok(disk.log())
}

fn flipped(bytes: &[u8], at: u64, bit: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(byte) = usize::try_from(at).ok().and_then(|at| bytes.get_mut(at)) {
        *byte ^= bit;
    }
    bytes
}

/// The ledger with the time of its last record changed, and the hash of that made anew.
fn forged(log: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(log);
    let (before, last) = text.trim_end().rsplit_once('\n').unwrap_or_default();
    let body = last.split_once(' ').map_or("", |(_, body)| body).replace("\"time\":1", "\"time\":2");
    [before.as_bytes(), b"\n", &framed(&body).1].concat()
}

/// Why damage to the log goes unnoticed, or is repaired, if that is so.
fn unnoticed(sound: &Sound, log: &[u8], left: Left, noted: Option<Digest>) -> Option<String> {
    let length = log.len();
    let beside = left.of(sound);
    if verify_with(log, beside, noted).is_ok() {
        return Some(format!("`state verify` accepts a damaged ledger of {length} bytes"));
    }
    if noted.is_some() {
        // Who opens it knows nothing of what was noted elsewhere.
        return None;
    }
    let disk = Disk::with(log);
    disk.set_checkpoint(beside.checkpoint.map(<[u8]>::to_vec));
    disk.set_head(beside.head.map(<[u8]>::to_vec));
    let opened = open(sound, &disk);
    // With a head beside it, nothing of a ledger that was wholly durable passes for a torn end.
    let may_be_torn = beside.head.is_none();
    let torn = |notices: &[Notice]| notices.iter().any(|notice| matches!(notice, Notice::TornTail { .. }));
    match opened {
        Err(_) if disk.log() != log => {
            Some(format!("a damaged ledger of {length} bytes was refused, and changed"))
        }
        Err(_) => None,
        Ok(notices) if may_be_torn && torn(&notices) && sound.log.starts_with(&disk.log()) => None,
        Ok(notices) => Some(format!("a damaged ledger of {length} bytes is opened: {notices:?}")),
    }
}

/// Why a damaged checkpoint is trusted, if that is so.
fn trusted(sound: &Sound, checkpoint: &[u8]) -> Option<String> {
    let disk = Disk::with(&sound.log);
    disk.set_checkpoint(Some(checkpoint.to_vec()));
    match Reading::of(&mut disk.clone()) {
        Err(error) => Some(format!("a damaged checkpoint stops everything: {error}")),
        Ok(reading) if reading.state().digest() != sound.state => {
            Some("a damaged checkpoint is believed".to_owned())
        }
        Ok(reading) if reading.notices.is_empty() => Some("a damaged checkpoint is not mentioned".to_owned()),
        Ok(_) => None,
    }
}

fn open(sound: &Sound, disk: &Disk) -> Result<Vec<Notice>, LedgerError> {
    let reading = Reading::of(&mut disk.clone())?;
    let writer = Writer { run: RunId("a run".into()), actor: Actor::default() };
    Ledger::open(disk.clone(), reading, "scene", writer, sound.sealer.clone(), 0).map(|(_, notices)| notices)
}
