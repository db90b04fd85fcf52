//! The ledger above any store: what is written is read back, and every way of damaging it is noticed.

mod disk;
mod forks;
mod power;
mod story;

use std::collections::BTreeMap;

use proptest::prelude::*;
use relplan_contract::Value;

use super::*;
use crate::canonical::Digest;
use crate::event::Act;
use disk::Disk;
use story::{Teller, address, intent, key, opened};

const TIME: i64 = 1_700_000_000_000;

fn writer(run: &str) -> Writer {
    let actor = Actor {
        user: "ann".into(),
        host: "build-7".into(),
        job: String::new(),
        author: "Ann <ann@example>".into(),
        login: "octocat".to_owned(),
    };
    Writer { run: RunId(run.into()), actor }
}

fn sealer() -> Sealer {
    Sealer::new(&[7; KEY_LENGTH])
}

fn open(disk: Disk, run: &str) -> Result<(Ledger<Disk>, Vec<Notice>), LedgerError> {
    let mut disk = disk;
    let reading = Reading::of(&mut disk)?;
    Ledger::open(disk, reading, "shop", writer(run), sealer(), TIME)
}

/// A small ledger of some batches: a deployment, its check, a checkpoint and an end.
fn small() -> Disk {
    let disk = Disk::default();
    let (mut ledger, _) = open(disk.clone(), "r1").expect("opened");
    let deploy = intent("exec_deployment.web", Act::Create, 1, "1.0.0");
    let value =
        Value::map([("url", Value::from("u")), ("password", Value::from("hunter2hunter2").mark(true))]);
    let ended = Event::Ended {
        key: deploy.key.clone(),
        idempotency_key: deploy.idempotency_key.clone(),
        outcome: crate::event::ActOutcome::Done { value },
    };
    ledger.append(TIME, vec![opened("1.0.0")]).expect("appended");
    ledger.append(TIME, vec![Event::Intended(Box::new(deploy))]).expect("appended");
    ledger.sync().expect("synced");
    ledger.append(TIME, vec![ended]).expect("appended");
    ledger.sync().expect("synced");
    let held = Event::Held { address: address("exec_deployment.web"), reason: "a look first".into() };
    ledger.append(TIME, vec![held, story::closed()]).expect("appended");
    ledger.sync().expect("synced");
    disk
}

fn state_of(disk: &Disk) -> State {
    Reading::of(&mut disk.clone()).expect("read").into_state()
}

#[test]
fn what_is_appended_is_read_back() {
    let disk = small();
    let report = verify(&disk.bytes(), None, None).expect("verified");
    assert_eq!((report.records, report.batches, report.runs, report.unclosed), (6, 4, 1, 0));
    let state = state_of(&disk);
    assert_eq!(state.head, report.head);
    let entry = state.entry(&address("exec_deployment.web")).expect("an entry");
    assert!(entry.value.get("password").is_sensitive());
    assert_eq!(state.live_digest(&address("exec_deployment.web")), Some(State::value_digest(&entry.value)));
}

#[test]
fn secrets_are_kept_as_fingerprints() {
    let disk = small();
    let text = String::from_utf8(disk.bytes()).expect("text");
    assert!(!text.contains("hunter2") && text.contains("$sealed"));
    let state = state_of(&disk);
    let prior = &state.entry(&address("exec_deployment.web")).expect("an entry").value;
    let same =
        Value::map([("url", Value::from("u")), ("password", Value::from("hunter2hunter2").mark(true))]);
    let other =
        Value::map([("url", Value::from("u")), ("password", Value::from("hunter3hunter3").mark(true))]);
    assert_eq!(sealer().unseal(prior, &same), same);
    assert_ne!(sealer().unseal(prior, &other), other);
}

#[test]
fn every_truncation_is_noticed_or_leaves_whole_records() {
    let disk = small();
    let whole = disk.bytes();
    let ends: Vec<usize> =
        whole.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect();
    for length in 0..whole.len() {
        let cut = Disk::of(&whole[..length]);
        let verified = verify(&whole[..length], None, None);
        let (_, notices) = open(cut.clone(), "r2").expect("a torn end is cut off");
        if length == 0 || ends.contains(&length) {
            assert!(verified.is_ok() && notices.is_empty(), "{length}");
            continue;
        }
        let record = ends.iter().filter(|end| **end <= length).count() as u64 + 1;
        assert!(
            matches!(verified, Err(LedgerError::Damaged { seq, .. }) if seq == record),
            "cut to {length}: {verified:?}"
        );
        let start = ends.iter().rev().find(|end| **end <= length).copied().unwrap_or(0);
        let torn = Notice::TornTail {
            seq: record,
            offset: start as u64,
            bytes: (length - start) as u64,
            aside: Some(format!("torn-{record}")),
        };
        assert_eq!(notices, [torn]);
        assert_eq!(cut.aside(), [whole[start..length].to_vec()]);
        assert!(verify(&cut.bytes(), None, None).is_ok());
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let whole = small().bytes();
    let last_batch = whole.len() - lines(&whole).iter().rev().take(2).map(Vec::len).sum::<usize>();
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(verify(&bytes, None, None), Err(LedgerError::Damaged { .. })), "bit {bit}");
        if bit % 8 != bit / 8 % 8 {
            continue; // Opening is tried with one bit of each byte.
        }
        match open(Disk::of(&bytes), "r2") {
            Err(LedgerError::Damaged { .. }) => assert!(bit / 8 < last_batch, "bit {bit}"),
            Ok((_, notices)) => assert!(
                bit / 8 >= last_batch && matches!(notices[..], [Notice::TornTail { .. }]),
                "bit {bit}: only the last batch can be torn: {notices:?}"
            ),
            Err(other) => panic!("bit {bit}: {other}"),
        }
    }
}

#[test]
fn damage_before_a_checkpoint_is_named_and_a_cut_one_refused() {
    let disk = small();
    let (mut ledger, _) = open(disk.clone(), "r2").expect("opened");
    ledger.checkpoint(TIME).expect("a checkpoint");
    let whole = disk.bytes();
    assert_eq!(Reading::of(&mut disk.clone()).expect("read").notices, []);

    // Without the checkpoint, the flip in the last record would pass for a torn end.
    let mut bytes = whole.clone();
    let last = bytes.len() - 10;
    bytes[last] ^= 1;
    let refused = Reading::of(&mut Disk::with(&bytes, disk.checkpoint())).err();
    assert!(matches!(refused, Some(LedgerError::Truncated { last: 6, known: 7, .. })), "{refused:?}");

    let older: Vec<u8> = lines(&whole)[..5].concat();
    let refused = Reading::of(&mut Disk::with(&older, disk.checkpoint())).err();
    assert!(matches!(refused, Some(LedgerError::Truncated { last: 5, known: 7, .. })), "{refused:?}");

    let mut bytes = whole.clone();
    bytes[100] ^= 1;
    let refused = Reading::of(&mut Disk::with(&bytes, disk.checkpoint())).err();
    assert!(matches!(refused, Some(LedgerError::Damaged { seq: 1, offset: 0, .. })), "{refused:?}");
}

#[test]
fn a_damaged_checkpoint_is_ignored_and_told() {
    let disk = small();
    let (mut ledger, _) = open(disk.clone(), "r2").expect("opened");
    ledger.checkpoint(TIME).expect("a checkpoint");
    let expected = ledger.state().clone();
    let kept = disk.checkpoint().expect("a checkpoint");
    for at in (0..kept.len()).step_by(7) {
        let mut flipped = kept.clone();
        flipped[at] ^= 4;
        let reading = Reading::of(&mut Disk::with(&disk.bytes(), Some(flipped))).expect("read");
        assert!(matches!(reading.notices[..], [Notice::CheckpointIgnored { .. }]), "{at}");
        assert_eq!(*reading.state(), expected);
    }
    let report = verify(&disk.bytes(), Some(&kept), None).expect("verified");
    assert_eq!(report.checkpoint, CheckpointVerdict::Sound { seq: 7 });
    assert!(report.other_folds.is_empty());
}

#[test]
fn a_noted_head_shows_truncation_and_rewriting() {
    let disk = small();
    let whole = disk.bytes();
    let head = verify(&whole, None, None).expect("verified").head.expect("a head");
    assert_eq!(verify(&whole, None, Some(head.hash)).expect("verified").noted, Some(6));
    let cut = lines(&whole)[..5].concat();
    assert!(matches!(verify(&cut, None, Some(head.hash)), Err(LedgerError::UnknownHead { .. })));
    assert!(matches!(verify(&small().bytes(), None, Some(head.hash)), Err(LedgerError::UnknownHead { .. })));
}

#[test]
fn records_left_out_put_in_or_swapped_are_refused() {
    let whole = lines(&small().bytes());
    let damaged =
        |lines: &[Vec<u8>]| matches!(verify(&lines.concat(), None, None), Err(LedgerError::Damaged { .. }));
    for at in 0..whole.len() {
        let mut without = whole.clone();
        without.remove(at);
        assert!(at + 1 == whole.len() || damaged(&without), "without {at}");
        let mut twice = whole.clone();
        twice.insert(at, whole[at].clone());
        assert!(damaged(&twice), "twice {at}");
        let mut swapped = whole.clone();
        swapped.swap(at, (at + 1) % whole.len());
        assert!(damaged(&swapped), "swapped {at}");
    }
    let mut foreign = whole.clone();
    foreign[3] = lines(&small().bytes())[3].clone();
    assert!(damaged(&foreign));
}

#[test]
fn the_slower_of_two_writers_is_refused_for_good() {
    let disk = small();
    let (mut slow, _) = open(disk.clone(), "slow").expect("opened");
    slow.append(TIME, vec![opened("1.1.0")]).expect("appended");
    slow.sync().expect("synced");
    let (mut fast, _) = open(disk.clone(), "fast").expect("opened");
    fast.append(TIME, vec![Event::EpochBegan { epoch: 2, reason: "it hangs".into() }]).expect("appended");
    fast.append(TIME, vec![opened("1.1.0")]).expect("appended");
    let Err(LedgerError::Superseded(by)) = slow.append(TIME, vec![story::closed()]) else {
        panic!("the slower writer was not refused");
    };
    assert_eq!((by.run.0.as_ref(), by.epoch, by.reason.as_deref()), ("fast", 2, Some("it hangs")));
    assert!(matches!(slow.append(TIME, vec![]), Err(LedgerError::Poisoned { .. })));
    assert!(matches!(slow.sync(), Err(LedgerError::Poisoned { .. })));
    assert!(matches!(slow.checkpoint(TIME), Err(LedgerError::Poisoned { .. })));
    fast.append(TIME, vec![story::closed()]).expect("the faster writer goes on");
    let report = verify(&disk.bytes(), None, None).expect("verified");
    assert_eq!(report.epochs, [Epoch { epoch: 2, seq: 8, reason: "it hangs".into() }]);
}

#[test]
fn a_run_of_an_older_epoch_may_not_go_on() {
    let (mut ledger, _) = open(small(), "r2").expect("opened");
    ledger.append(TIME, vec![Event::EpochBegan { epoch: 3, reason: String::new() }]).expect_err("skipped");
    ledger.append(TIME, vec![Event::EpochBegan { epoch: 2, reason: String::new() }]).expect("the next one");
    assert_eq!(ledger.state().epoch, 2);
}

#[test]
fn any_error_of_the_store_ends_writing_for_good() {
    for nth in 0..4 {
        let disk = small();
        let (mut ledger, _) = open(disk.clone(), "r2").expect("opened");
        ledger.append(TIME, vec![opened("1.1.0")]).expect("appended");
        ledger.sync().expect("synced");
        let acknowledged = disk.bytes();
        disk.fail_after(nth);
        let close = |ledger: &mut Ledger<Disk>| {
            ledger.append(TIME, vec![story::closed()])?;
            ledger.sync()?;
            ledger.checkpoint(TIME)
        };
        let failed = close(&mut ledger);
        if nth < 3 {
            assert!(matches!(failed, Err(LedgerError::Store(StoreError::Io { .. }))), "{nth}: {failed:?}");
        }
        disk.heal();
        assert!(
            matches!(ledger.append(TIME, vec![]), Err(LedgerError::Poisoned { .. }))
                || nth >= 3 && failed.is_ok()
        );
        assert!(disk.bytes().starts_with(&acknowledged));
        open(disk, "r3").expect("the next command goes on");
    }
}

#[test]
fn an_impossible_event_is_refused_and_those_before_it_kept() {
    let (mut ledger, _) = open(Disk::default(), "r1").expect("opened");
    let lone = Event::Referenced { key: key("git_tag.app", Some("1.0.0")), reference: "7".into() };
    let refused = ledger.append(TIME, vec![opened("1.0.0"), lone, story::closed()]);
    assert!(matches!(refused, Err(LedgerError::Illegal(_))));
    assert_eq!(ledger.head().map(|head| head.seq), Some(2));
    ledger.append(TIME, vec![story::closed()]).expect("a refused event does not end writing");
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let (mut ledger, _) = open(Disk::default(), "r1").expect("opened");
    ledger.append(TIME, vec![opened("1.0.0")]).expect("appended");
    let deep = (0..200).fold(Value::NULL, |inner, _| Value::list([inner]));
    let outputs = Event::OutputsSet { outputs: BTreeMap::from([("deep".into(), deep)]) };
    assert!(matches!(
        ledger.append(TIME, vec![outputs]),
        Err(LedgerError::Unwritable { kind: "outputs_set", .. })
    ));
    ledger.append(TIME, vec![story::closed()]).expect("the next one is written");
}

#[test]
fn another_product_is_refused() {
    let mut disk = small();
    let reading = Reading::of(&mut disk).expect("read");
    let refused = Ledger::open(disk, reading, "bank", writer("r2"), sealer(), TIME).err();
    assert!(matches!(refused, Some(LedgerError::OtherProduct { .. })));
}

#[test]
fn ten_thousand_objects_are_folded_in_linear_time() {
    // No clock here: a quadratic step would take minutes, and show.
    let disk = Disk::default();
    let (mut ledger, _) = open(disk.clone(), "r1").expect("opened");
    ledger.append(TIME, vec![opened("1.0.0")]).expect("appended");
    for index in 0..10_000 {
        let deploy = intent(&format!("terraform_data.x[{index}]"), Act::Create, 1, "1.0.0");
        let ended = story::done(&deploy, Value::map([("id", Value::integer(index))]));
        ledger.append(TIME, vec![Event::Intended(Box::new(deploy)), ended]).expect("appended");
    }
    ledger.checkpoint(TIME).expect("a checkpoint");
    let digest = ledger.state().digest();
    let reading = Reading::of(&mut disk.clone()).expect("read");
    assert_eq!((reading.notices.len(), reading.state().entries.len()), (0, 10_000));
    assert_eq!(reading.state().digest(), digest);
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Live, from the whole log, and from any checkpoint with the rest behind it, the state is the same.
    #[test]
    fn any_story_folds_the_same_live_and_from_its_bytes(ops in prop::collection::vec(any::<(u8, u8, u8)>(), 0..120)) {
        let disk = Disk::default();
        let (mut ledger, _) = open(disk.clone(), "r1").expect("opened");
        let mut teller = Teller::default();
        let mut written = Vec::new();
        for op in ops {
            match op.0 % 16 {
                0 => {
                    let digest = ledger.state().digest();
                    ledger.checkpoint(TIME).expect("a checkpoint");
                    prop_assert_eq!(ledger.state().digest(), digest);
                }
                1 => ledger.sync().expect("synced"),
                _ => {
                    if let Some(event) = teller.next(ledger.state(), &ledger.writer.run.clone(), op) {
                        if matches!(event, Event::RunOpened { .. }) {
                            ledger.writer.run = RunId(format!("r{}", ledger.state().runs.len() + 1).into());
                        }
                        written.extend(ledger.append(TIME, vec![event]).expect("a legal event"));
                    }
                }
            }
        }
        let mut fold = State::default();
        for recorded in Reading::records(&mut disk.clone()).expect("read") {
            fold.apply(&recorded).expect("a legal event");
        }
        prop_assert_eq!(&fold, ledger.state());
        let reading = Reading::of(&mut disk.clone()).expect("read");
        prop_assert_eq!(reading.notices.len(), 0);
        prop_assert_eq!(reading.state(), ledger.state());
        prop_assert_eq!(reading.state().digest(), ledger.state().digest());
        let report = verify(&disk.bytes(), disk.checkpoint().as_deref(), ledger.head().map(|head| head.hash));
        let report = report.expect("verified");
        let ignored = matches!(report.checkpoint, CheckpointVerdict::Ignored { .. });
        prop_assert!(!ignored, "the checkpoint was not used");
        prop_assert!(report.other_folds.is_empty());
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let refused = verify(&bytes, Some(&bytes), Some(Digest([0; 32]))).is_err();
        prop_assert!(refused);
    }
}
