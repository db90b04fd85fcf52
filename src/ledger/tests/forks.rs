//! Other histories under what lies beside the ledger, and damage where no checkpoint is: all of it is refused.

use super::disk::Disk;
use super::story::opened;
use super::*;

/// A ledger with a checkpoint of its record 7, and one synced record behind it.
fn grown() -> Disk {
    let disk = small();
    let (mut ledger, _) = open(disk.clone(), "r2").expect("opened");
    ledger.checkpoint(TIME).expect("a checkpoint");
    ledger.append(TIME, vec![opened("1.1.0")]).expect("appended");
    ledger.sync().expect("synced");
    disk
}

/// Another history of `length` records that is the same up to the record `common`, without anything beside it.
fn forked(disk: &Disk, common: usize, length: usize) -> Vec<u8> {
    let fork = Disk::of(&lines(&disk.bytes())[..common].concat());
    let (mut ledger, _) = open(fork.clone(), "fork").expect("opened");
    for record in common..length {
        let state = Digest::of(&record.to_be_bytes());
        ledger.append(TIME, vec![Event::Checkpointed { state }]).expect("appended");
        ledger.sync().expect("synced");
    }
    assert_eq!(verify(&fork.bytes(), None, None).expect("sound in itself").records, length as u64);
    fork.bytes()
}

#[allow(clippy::needless_pass_by_value, reason = "given as the disk hands it out")]
/// What every way of reading says of a log with this beside it: they agree.
fn judged(log: &[u8], checkpoint: Option<Vec<u8>>, head: Option<Vec<u8>>) -> Result<(), LedgerError> {
    let disk = Disk::with(log, checkpoint.clone());
    disk.set_head(head.clone());
    let verified =
        verify_with(log, Beside { checkpoint: checkpoint.as_deref(), head: head.as_deref() }, None);
    let read = Reading::of(&mut disk.clone());
    let opened = open(disk.clone(), "r9").map(drop);
    assert_eq!(verified.is_ok(), opened.is_ok(), "{:?} {opened:?}", verified.err());
    assert_eq!(read.is_ok(), opened.is_ok());
    assert!(opened.is_ok() || disk.bytes() == log, "what is refused is not changed");
    opened
}

#[test]
fn a_fork_is_refused_whatever_its_length() {
    let disk = grown();
    let whole = lines(&disk.bytes()).len();
    assert_eq!(whole, 8);
    for common in 1..7 {
        for length in [common, common + 1, 7, whole, whole + 3] {
            let log = forked(&disk, common, length);
            for (checkpoint, head) in
                [(disk.checkpoint(), None), (None, disk.head()), (disk.checkpoint(), disk.head())]
            {
                let known = if checkpoint.is_some() { 7 } else { 8 };
                let refused = judged(&log, checkpoint, head).expect_err("another history");
                let expected = if length < known {
                    matches!(refused, LedgerError::Truncated { .. })
                } else {
                    // With both, a fork that is long enough for one of them may be too short for the other.
                    matches!(refused, LedgerError::Forked { .. } | LedgerError::Truncated { known: 8, .. })
                };
                assert!(expected, "the same up to {common}, {length} records: {refused}");
            }
        }
    }
}

#[test]
fn a_fork_behind_the_checkpoint_is_seen_by_the_head() {
    let disk = grown();
    for length in 7..12 {
        let log = forked(&disk, 7, length);
        judged(&log, disk.checkpoint(), None).expect("the checkpoint knows nothing of what came behind it");
        let refused = judged(&log, disk.checkpoint(), disk.head()).expect_err("another history");
        let seen = matches!(
            refused,
            LedgerError::Truncated { last: 7, known: 8, witness: Witness::Head }
                | LedgerError::Forked { seq: 8, witness: Witness::Head }
        );
        assert!(seen, "{length}: {refused}");
    }
    judged(&disk.bytes(), disk.checkpoint(), disk.head()).expect("its own history");
}

#[test]
fn what_is_of_another_lineage_is_refused() {
    let (one, other) = (grown(), grown());
    for (checkpoint, head) in
        [(other.checkpoint(), None), (None, other.head()), (one.checkpoint(), other.head())]
    {
        let refused = judged(&one.bytes(), checkpoint, head).expect_err("not of this ledger");
        assert!(matches!(refused, LedgerError::OtherLineage { .. }), "{refused}");
    }
    // A new ledger in the place of the old one, shorter and longer.
    for length in [1, 7, 8, 20] {
        let log = forked(&other, 1, length);
        let refused = judged(&log, one.checkpoint(), one.head()).expect_err("another ledger");
        assert!(matches!(refused, LedgerError::OtherLineage { .. }), "{length}: {refused}");
    }
}

#[test]
fn a_checkpoint_of_another_version_still_knows_its_record() {
    let disk = grown();
    let text = String::from_utf8(disk.checkpoint().expect("a checkpoint")).expect("text");
    let body = text.trim_end().split_once(' ').expect("a body").1;
    let mut json: serde_json::Value = serde_json::from_str(body).expect("JSON");
    json["checkpoint"] = 99.into();
    let newer = record::frame(&json).1;
    judged(&disk.bytes(), Some(newer.clone()), None).expect("its own history");
    for length in [3, 7, 9] {
        judged(&forked(&disk, 3, length), Some(newer.clone()), None).expect_err("another history");
    }
}

/// The first run, killed before any checkpoint: nothing of what was durable can go unnoticed.
#[test]
fn damage_to_the_first_run_is_noticed_before_any_checkpoint() {
    let disk = small();
    assert!(disk.checkpoint().is_none());
    let whole = disk.bytes();
    let ends = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    for length in (0..whole.len()).step_by(7).chain(ends) {
        judged(&whole[..length], None, disk.head()).expect_err("something durable is missing");
    }
    for at in (0..whole.len()).step_by(7) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        judged(&flipped, None, disk.head()).expect_err("something durable was changed");
    }
    judged(&whole, None, disk.head()).expect("it is whole");
}

#[test]
fn what_was_not_synced_is_still_a_torn_end() {
    let disk = small();
    let (mut ledger, _) = open(disk.clone(), "r2").expect("opened");
    let durable = disk.bytes().len();
    ledger.append(TIME, vec![opened("1.1.0")]).expect("appended");
    let whole = disk.bytes();
    for length in durable..whole.len() {
        let cut = Disk::of(&whole[..length]);
        cut.set_head(disk.head());
        let (_, notices) = open(cut, "r3").expect("a torn end is cut off");
        assert_eq!(notices.len(), usize::from(length > durable));
    }
}

#[test]
fn a_damaged_head_is_told_and_written_anew() {
    let disk = grown();
    let head = disk.head().expect("a head");
    let line = head.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    for at in 0..head.len() {
        let mut flipped = head.clone();
        flipped[at] ^= 1;
        disk.set_head(Some(flipped));
        let reading = Reading::of(&mut disk.clone()).expect("read");
        assert!(matches!(reading.notices[..], [Notice::HeadIgnored { .. }]), "{at} of {line}");
    }
    let (mut ledger, notices) = open(disk.clone(), "r3").expect("opened");
    assert_eq!(notices.len(), 1);
    ledger.append(TIME, vec![opened("1.2.0")]).expect("appended");
    ledger.sync().expect("synced");
    assert_eq!(Reading::of(&mut disk.clone()).expect("read").notices, []);
}
