//! Snapshots of a real PostgreSQL and a real MariaDB that meet every kind of bad luck: none is recorded as good that does not restore, no
//! half file is left that looks whole, and no backend stays behind.

pub(crate) mod database;
mod fault;
mod judge;
mod proxy;
mod shop;

use std::io;
use std::path::Path;
use std::time::Instant;

use crate::random::Random;
use crate::tally::Tally;
use database::Kind;
use fault::{Fault, Moment};
use shop::Shop;

/// Takes snapshots, one bad luck each, in turn from all kinds that this machine can make.
pub fn snapshots(relplan: &Path, runs: u64, seed: u64) -> io::Result<Tally> {
    let mut tally = Tally::new("bad luck for snapshots");
    let mut shops = [Shop::new(relplan, Kind::Postgres)?, Shop::new(relplan, Kind::Mariadb)?];
    tally.caught_planted_bug = true;
    for shop in &mut shops {
        tally.caught_planted_bug &= finds_a_lie(shop)?;
    }
    let faults = shops.each_ref().map(|shop| fault::all(shop.server.kind()));
    let (mut stopped, mut damaged) = (0, 0);
    let round = faults[0].len().max(1);
    for number in 0..runs {
        // Each kind of bad luck in turn, for one database and in the next round for the other.
        let turn = usize::try_from(number).unwrap_or_default();
        let which = (turn + turn / round) % 2;
        let (Some(shop), Some(kinds)) = (shops.get_mut(which), faults.get(which)) else { continue };
        let Some(fault) = kinds.get(turn % round % kinds.len().max(1)) else { continue };
        tally.runs += 1;
        let mut random = Random::new(seed.wrapping_add(number));
        let ended = once(shop, *fault, &mut random)?;
        stopped += u64::from(ended.stopped);
        damaged += u64::from(ended.damage_told);
        let kind = shop.server.kind();
        let again = |finding| format!("{finding} ({kind:?}, {fault:?}, seed {})", seed.wrapping_add(number));
        tally.findings.extend(ended.findings.into_iter().map(again));
    }
    tally.figures = vec![
        ("kinds of bad luck", round as u64),
        ("applies that stopped for it", stopped),
        ("damages told", damaged),
    ];
    Ok(tally)
}

/// What became of one snapshot.
#[derive(Default)]
struct Ended {
    findings: Vec<String>,
    stopped: bool,
    damage_told: bool,
}

/// One snapshot, its bad luck, what is found then, and what is found when luck is good again.
fn once(shop: &mut Shop, fault: Fault, random: &mut Random) -> io::Result<Ended> {
    let mut ended = Ended::default();
    shop.next_release(&fault.arguments(shop), random)?;
    if fault.moment() == Moment::WhileTaken {
        let run = fault.strike(shop, random)?;
        ended.stopped = run.code != Some(0);
        // The server is needed to look; the fault was what it did to the run.
        shop.mend();
        ended.findings.extend(judge::unrecorded(shop, &run)?);
    }
    let run = shop.apply()?;
    if run.code != Some(0) {
        ended.findings.push(format!("with good luck it ends with {:?}: {}", run.code, run.said));
        return Ok(ended);
    }
    ended.findings.extend(judge::recorded(shop)?);
    if fault.moment() == Moment::WhenKept {
        let told = fault.damage(shop, random)?;
        ended.damage_told = told.is_empty();
        ended.findings.extend(told);
    }
    Ok(ended)
}

/// A store that says of a snapshot without its rows that it was verified: the judge has to find that.
fn finds_a_lie(shop: &mut Shop) -> io::Result<bool> {
    let begun = Instant::now();
    shop.next_release("verify = \"read\"", &mut Random::new(1))?;
    let run = shop.apply()?;
    shop.takes = begun.elapsed();
    if run.code != Some(0) {
        return Err(io::Error::other(format!("a first snapshot: {}", run.said)));
    }
    if !judge::recorded(shop)?.is_empty() {
        return Ok(false);
    }
    let part = shop.part(&mut Random::new(1))?;
    let whole = std::fs::read(&part)?;
    std::fs::write(&part, whole.get(..whole.len() / 2).unwrap_or_default())?;
    let found = !judge::recorded(shop)?.is_empty();
    std::fs::write(&part, whole)?;
    Ok(found)
}
