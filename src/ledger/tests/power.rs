//! Power cuts: of what was not made durable, any part may be there afterwards, in any order.

use proptest::prelude::*;

use super::disk::Disk;
use super::story::Teller;
use super::{TIME, open};
use crate::event::{Event, RunId};
use crate::ledger::{Ledger, Notice, Reading};

/// The part of a disk that is written wholly or not at all. Much smaller than a real one, so that records tear.
const SECTOR: usize = 64;

/// What is left of a disk after a power cut: all that is durable, and of each other sector what `fate` says: kept,
/// zeros, or old garbage. The file may have grown to any length before.
fn cut(disk: &Disk, fate: &[u8]) -> Disk {
    let (durable, mut bytes) = (disk.durable().len(), disk.bytes());
    let unsynced = bytes.len() - durable;
    let length = durable + fate.first().map_or(0, |byte| usize::from(*byte) * unsynced / 255);
    bytes.truncate(length);
    for (index, sector) in bytes[durable..].chunks_mut(SECTOR).enumerate() {
        match fate[(index + 1) % fate.len()] % 4 {
            0 => sector.fill(0),
            1 => sector.fill(0xa5),
            _ => {}
        }
    }
    let left = Disk::with(&bytes, disk.checkpoint());
    left.set_head(disk.head());
    left
}

fn tell(ledger: &mut Ledger<Disk>, teller: &mut Teller, op: (u8, u8, u8)) {
    if op.0.is_multiple_of(8) {
        ledger.sync().expect("synced");
    } else if op.0 % 64 == 1 {
        ledger.checkpoint(TIME).expect("a checkpoint");
    } else if let Some(event) = teller.next(ledger.state(), &ledger.writer.run.clone(), op) {
        if matches!(event, Event::RunOpened { .. }) {
            ledger.writer.run = RunId(format!("r{}", ledger.state().runs.len() + 1).into());
        }
        ledger.append(TIME, vec![event]).expect("a legal event");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_was_acknowledged_outlives_every_power_cut(
        lives in prop::collection::vec(
            (prop::collection::vec(any::<(u8, u8, u8)>(), 0..30), prop::collection::vec(any::<u8>(), 1..20)), 1..5),
    ) {
        let mut disk = Disk::default();
        let mut acknowledged = Vec::new();
        for (ops, fate) in lives {
            let (mut ledger, notices) = open(disk.clone(), "again").expect("what a power cut leaves can be opened");
            prop_assert!(notices.iter().all(|notice| matches!(notice, Notice::TornTail { .. })), "{:?}", notices);
            prop_assert!(disk.bytes().starts_with(&acknowledged));
            let mut teller = Teller::default();
            // A dead run is never gone on with: each life has its own.
            ledger.writer.run = RunId("dead".into());
            for op in ops {
                tell(&mut ledger, &mut teller, op);
                if ledger.is_synced() {
                    acknowledged = disk.bytes();
                }
            }
            let before = disk.clone();
            disk = cut(&disk, &fate);
            prop_assert!(disk.bytes().starts_with(&acknowledged));
            let whole = Reading::records(&mut before.clone()).expect("read");
            let left = Reading::records(&mut disk.clone()).expect("read");
            prop_assert!(whole.starts_with(&left));
        }
    }
}
