//! The local ledger on a real file system: safe files, a real lock, writers that race, limits and kills.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use relplan::event::{Actor, Event, RunId, RunMode};
use relplan::ledger::file::{self, Files, Request};
use relplan::ledger::lock::{Holder, LockError, Patience};
use relplan::ledger::{Ledger, LedgerError, Notice, StoreError, Writer, random_id};
use tempfile::TempDir;

const TIME: i64 = 1_700_000_000_000;

fn request<'a>(root: &'a Path, user: &str) -> Request<'a> {
    let run = RunId(random_id().expect("random").into());
    let actor = Actor { user: user.into(), host: "here".into(), ..Actor::default() };
    let holder = Holder {
        id: random_id().expect("random"),
        user: user.into(),
        host: "here".into(),
        pid: std::process::id(),
        namespace: String::new(),
        command: "relplan apply".into(),
        since_ms: TIME,
        job: String::new(),
    };
    Request { root, product: "shop", writer: Writer { run, actor }, holder, key: None, time_ms: TIME }
}

type Opened = Result<(Ledger<Files>, Vec<Notice>), LedgerError>;

/// Opens without waiting for the lock longer than it takes to look twice. Another test's process that is just being
/// started has this one's files for a moment.
fn open_as(root: &Path, user: &str) -> Opened {
    let sleep = &mut |_: Option<&Holder>, pause| {
        std::thread::sleep(pause);
        ControlFlow::Continue(())
    };
    file::open(request(root, user), Patience { timeout: Duration::ZERO, sleep })
}

/// Opens and waits for the lock.
fn open_patiently(root: &Path, user: &str) -> Opened {
    let sleep = &mut |_: Option<&Holder>, _| {
        std::thread::sleep(Duration::from_millis(2));
        ControlFlow::Continue(())
    };
    file::open(request(root, user), Patience { timeout: Duration::from_secs(3600), sleep })
}

fn opened() -> Event {
    Event::RunOpened {
        mode: RunMode::State,
        version: "1.0.0".into(),
        config: None,
        plan: None,
        versions: BTreeMap::new(),
        command: "relplan state".into(),
    }
}

fn outputs(number: i64) -> Event {
    Event::OutputsSet { outputs: BTreeMap::from([("n".into(), relplan_contract::Value::integer(number))]) }
}

fn begun() -> TempDir {
    let root = tempfile::tempdir().expect("a directory");
    drop(open_as(root.path(), "ann").expect("opened"));
    root
}

fn place(root: &TempDir) -> PathBuf {
    root.path().join(".relplan/shop")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[test]
fn the_first_use_makes_files_for_the_owner_alone() {
    let root = tempfile::tempdir().expect("a directory");
    assert!(file::read(root.path(), "shop").expect("nothing is no error").is_none());
    assert!(!place(&root).exists(), "reading makes nothing");
    let (mut ledger, notices) = open_as(root.path(), "ann").expect("opened");
    assert!(notices.is_empty());
    ledger.append(TIME, vec![opened(), outputs(1)]).expect("appended");
    let head = ledger.checkpoint(TIME).expect("a checkpoint");
    assert_eq!((mode(&root.path().join(".relplan")), mode(&place(&root))), (0o700, 0o700));
    for name in ["ledger.jsonl", "checkpoint.json", "key", "lock"] {
        assert_eq!(mode(&place(&root).join(name)), 0o600, "{name}");
    }
    let reading = file::read(root.path(), "shop").expect("read").expect("there");
    assert_eq!((reading.state(), reading.notices.len()), (ledger.state(), 0));
    let report = file::verify(&place(&root), head.map(|head| head.hash)).expect("verified");
    assert_eq!((report.records, report.noted), (4, Some(4)));
}

#[test]
fn a_symbolic_link_is_followed_nowhere() {
    for name in [".relplan", ".relplan/shop", "ledger.jsonl", "checkpoint.json", "key", "lock"] {
        let root = begun();
        let (mut ledger, _) = open_as(root.path(), "ann").expect("opened");
        ledger.checkpoint(TIME).expect("a checkpoint");
        drop(ledger);
        let path = if name.starts_with('.') { root.path().join(name) } else { place(&root).join(name) };
        let moved = root.path().join("moved");
        fs::rename(&path, &moved).expect("moved");
        symlink(&moved, &path).expect("a link");
        match open_as(root.path(), "ann").err() {
            Some(LedgerError::Store(StoreError::Unsafe { path: told, .. })) => assert_eq!(told, path),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_link_at_the_temporary_name_is_not_written_through() {
    let root = begun();
    let victim = root.path().join("victim");
    fs::write(&victim, "precious").expect("written");
    symlink(&victim, place(&root).join("checkpoint.json.new")).expect("a link");
    let (mut ledger, _) = open_as(root.path(), "ann").expect("opened");
    ledger.checkpoint(TIME).expect("a checkpoint");
    assert_eq!(fs::read_to_string(&victim).expect("there"), "precious");
    assert!(!place(&root).join("checkpoint.json").is_symlink());
}

#[test]
fn what_others_could_write_is_refused_with_a_hint() {
    for (name, bits) in [("", 0o770), ("", 0o707), ("ledger.jsonl", 0o620), ("lock", 0o602), ("key", 0o640)] {
        let root = begun();
        let path = if name.is_empty() { place(&root) } else { place(&root).join(name) };
        fs::set_permissions(&path, fs::Permissions::from_mode(bits)).expect("set");
        let told = open_as(root.path(), "ann").err().expect("refused").to_string();
        assert!(told.contains("by others. Run `chmod"), "{name} {bits:o}: {told}");
    }
}

#[test]
fn what_belongs_to_somebody_else_is_refused() {
    let root = begun();
    // Only root can give files away; others meet the refusal at a directory of root's.
    if fs::metadata(root.path()).expect("there").uid() == 0 {
        for name in ["ledger.jsonl", ""] {
            std::os::unix::fs::chown(place(&root).join(name), Some(1234), None).expect("given away");
            let told = open_as(root.path(), "ann").err().expect("refused").to_string();
            assert!(told.contains("belongs to another user"), "{told}");
        }
    }
}

#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    let root = begun();
    let log = place(&root).join("ledger.jsonl");
    fs::remove_file(&log).expect("removed");
    assert!(Command::new("mkfifo").arg(&log).status().expect("mkfifo").success());
    for opened in [open_as(root.path(), "ann").err(), file::read(root.path(), "shop").err()] {
        assert!(matches!(opened, Some(LedgerError::Store(StoreError::Unsafe { .. }))), "{opened:?}");
    }
}

#[test]
fn a_torn_end_is_kept_aside_and_cut_off_once_only() {
    let root = begun();
    let log = place(&root).join("ledger.jsonl");
    let whole = fs::read(&log).expect("there");
    for number in 1..=2 {
        fs::write(&log, [&whole[..], b"0123 {\"actor\":"].concat()).expect("written");
        let reading = file::read(root.path(), "shop").expect("read").expect("there");
        assert!(
            matches!(reading.notices[..], [Notice::TornTail { aside: None, .. }]),
            "reading cuts nothing"
        );
        let (_, notices) = open_as(root.path(), "ann").expect("opened");
        let aside = format!("ledger.torn-2-{number}");
        let torn =
            Notice::TornTail { seq: 2, offset: whole.len() as u64, bytes: 14, aside: Some(aside.clone()) };
        assert_eq!(notices, [torn]);
        assert_eq!(fs::read(place(&root).join(&aside)).expect("kept"), b"0123 {\"actor\":");
        assert_eq!(mode(&place(&root).join(aside)), 0o600);
        assert_eq!(fs::read(&log).expect("there"), whole);
    }
}

#[test]
fn the_lock_tells_its_holder_and_goes_with_it() {
    let root = begun();
    let (ledger, _) = open_as(root.path(), "ann").expect("opened");
    let naps = &mut Vec::new();
    let sleep = &mut |holder: Option<&Holder>, nap: Duration| {
        assert_eq!(holder.map(|holder| holder.user.as_str()), Some("ann"));
        naps.push(nap);
        ControlFlow::Continue(())
    };
    let refused =
        file::open(request(root.path(), "bob"), Patience { timeout: Duration::from_secs(9), sleep }).err();
    let Some(LedgerError::Lock(LockError::Held { holder: Some(holder) })) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((holder.user.as_str(), holder.command.as_str()), ("ann", "relplan apply"));
    assert_eq!(naps.iter().sum::<Duration>(), Duration::from_secs(9) + Duration::from_millis(50));
    assert!(holder.to_string().contains("2023-11-14T22:13:20Z"), "{holder}");
    assert_eq!(file::holder(root.path(), "shop").expect("looked"), Some(*holder));
    drop(ledger);
    assert_eq!(file::holder(root.path(), "shop").expect("looked"), None);
    open_as(root.path(), "bob").expect("free again");
}

#[test]
fn a_ledger_can_be_written_from_another_thread() {
    fn sendable<T: Send>(_: &T) {}
    sendable(&open_as(begun().path(), "ann").expect("opened").0);
}

#[test]
fn a_wait_can_be_broken_off() {
    let root = begun();
    let _ledger = open_as(root.path(), "ann").expect("opened");
    let sleep = &mut |_: Option<&Holder>, _| ControlFlow::Break(());
    let patience = Patience { timeout: Duration::from_secs(9), sleep };
    let refused = file::open(request(root.path(), "bob"), patience).err();
    assert!(matches!(refused, Some(LedgerError::Lock(LockError::Held { .. }))));
}

#[test]
fn forcing_needs_the_id_and_ends_the_other_writer() {
    let root = begun();
    let refused = file::force_unlock(&request(root.path(), "bob"), "x", "why").err();
    assert!(matches!(refused, Some(LedgerError::Lock(LockError::NotHeld))), "{refused:?}");
    let (mut ledger, _) = open_as(root.path(), "ann").expect("opened");
    ledger.append(TIME, vec![opened()]).expect("appended");
    let refused = file::force_unlock(&request(root.path(), "bob"), "x", "why").err();
    assert!(matches!(refused, Some(LedgerError::Lock(LockError::OtherHolder { .. }))), "{refused:?}");

    let id = file::holder(root.path(), "shop").expect("looked").expect("held").id;
    let head = file::force_unlock(&request(root.path(), "bob"), &id, "it hangs").expect("forced");
    assert_eq!(head.seq, 3);
    // The hanging process still has its own lock, but the next epoch has another one.
    let (mut next, _) = open_as(root.path(), "cora").expect("opened");
    assert!(matches!(ledger.sync(), Err(LedgerError::Superseded(_))));
    let Err(LedgerError::Poisoned { first }) = ledger.append(TIME, vec![outputs(1)]) else {
        panic!("the other writer went on");
    };
    assert!(first.contains("bob on here wrote record 3") && first.contains("because: it hangs"), "{first}");
    next.append(TIME, vec![opened(), outputs(2)]).expect("appended");
    next.sync().expect("synced");
    let report = file::verify(&place(&root), None).expect("verified");
    assert_eq!((report.records, report.epochs.len()), (5, 1));
}

#[test]
fn no_stale_record_lands_behind_a_forced_epoch() {
    for _ in 0..20 {
        let root = begun();
        let (mut ledger, _) = open_as(root.path(), "ann").expect("opened");
        ledger.append(TIME, vec![opened()]).expect("appended");
        let id = file::holder(root.path(), "shop").expect("looked").expect("held").id;
        let path = root.path().to_owned();
        let forcing = std::thread::spawn(move || {
            file::force_unlock(&request(&path, "bob"), &id, "it hangs").expect("forced");
        });
        // Much more than it takes, but not for ever when forcing fails.
        let refused = (0..10_000).find_map(|number| {
            let appended = ledger.append(TIME, vec![outputs(number)]).map(|_| ());
            appended.and_then(|()| ledger.sync()).err()
        });
        forcing.join().expect("forced");
        assert!(matches!(refused, Some(LedgerError::Superseded(_))), "{refused:?}");
        let report = file::verify(&place(&root), None).expect("verified");
        assert_eq!(
            report.epochs.first().map(|epoch| epoch.seq),
            Some(report.records),
            "the epoch is the end"
        );
    }
}

#[test]
fn writers_that_race_for_the_lock_all_get_their_turn() {
    let root = begun();
    let writers: Vec<_> = (0..8)
        .map(|number| {
            let path = root.path().to_owned();
            std::thread::spawn(move || {
                let (mut ledger, _) = open_patiently(&path, "ann").expect("opened");
                ledger.append(TIME, vec![opened(), outputs(number)]).expect("appended");
                ledger.sync().expect("synced");
            })
        })
        .collect();
    for writer in writers {
        writer.join().expect("written");
    }
    assert_eq!(file::verify(&place(&root), None).expect("verified").records, 1 + 8 * 2);
}

#[test]
fn a_ledger_replaced_under_its_writer_is_not_written() {
    let replace: [fn(&Path); 4] = [
        |place| fs::rename(place, place.with_file_name("elsewhere")).expect("moved"),
        |place| fs::remove_file(place.join("ledger.jsonl")).expect("removed"),
        |place| {
            let older = fs::read(place.join("ledger.jsonl")).expect("there");
            fs::remove_file(place.join("ledger.jsonl")).expect("removed");
            fs::write(place.join("ledger.jsonl"), older).expect("written");
        },
        |place| fs::write(place.join("ledger.jsonl"), "").expect("cut"),
    ];
    for (number, replace) in replace.into_iter().enumerate() {
        let root = begun();
        let (mut ledger, _) = open_as(root.path(), "ann").expect("opened");
        replace(&place(&root));
        let refused = ledger.append(TIME, vec![opened()]);
        assert!(matches!(refused, Err(LedgerError::Store(StoreError::Replaced))), "{number}: {refused:?}");
    }
}

#[test]
fn a_ledger_that_is_gone_is_missed_by_its_checkpoint() {
    let root = begun();
    let (mut ledger, _) = open_as(root.path(), "ann").expect("opened");
    ledger.checkpoint(TIME).expect("a checkpoint");
    drop(ledger);
    fs::remove_file(place(&root).join("ledger.jsonl")).expect("removed");
    for refused in [file::read(root.path(), "shop").err(), open_as(root.path(), "ann").err()] {
        assert!(matches!(refused, Some(LedgerError::Truncated { last: 0, known: 2, .. })), "{refused:?}");
    }
}

#[test]
fn the_key_is_missed_and_a_damaged_one_refused() {
    let root = begun();
    let key = place(&root).join("key");
    let first = fs::read(&key).expect("there");
    assert_eq!(first.len(), 32);
    fs::remove_file(&key).expect("removed");
    assert_eq!(open_as(root.path(), "ann").expect("opened").1, [Notice::NewKey]);
    assert_ne!(fs::read(&key).expect("there"), first);
    fs::write(&key, "short").expect("written");
    assert!(matches!(open_as(root.path(), "ann").err(), Some(LedgerError::DamagedKey { .. })));
}

#[test]
fn a_product_cannot_name_a_place_outside() {
    let root = tempfile::tempdir().expect("a directory");
    let (ledger, _) = {
        let mut request = request(root.path(), "ann");
        request.product = "../my shop/é";
        let sleep = &mut |_: Option<&Holder>, _| ControlFlow::Break(());
        file::open(request, Patience { timeout: Duration::ZERO, sleep }).expect("opened")
    };
    assert_eq!(ledger.state().product, "../my shop/é");
    assert!(root.path().join(".relplan/%2E.%2Fmy%20shop%2F%C3%A9/ledger.jsonl").exists());
    assert!(matches!(file::directory_name(""), Err(LedgerError::ProductName { .. })));
    assert!(matches!(file::directory_name(&"x".repeat(201)), Err(LedgerError::ProductName { .. })));
}

#[test]
fn the_chain_can_be_checked_by_hand() {
    let root = begun();
    let (mut ledger, _) = open_as(root.path(), "ann").expect("opened");
    ledger.append(TIME, vec![opened(), outputs(1)]).expect("appended");
    ledger.sync().expect("synced");
    let manual = include_str!("../../docs/ledger.md");
    let script = manual.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a script");
    let check =
        || Command::new("sh").args(["-c", script]).current_dir(root.path()).output().expect("a shell");
    let output = check();
    let head = ledger.head().expect("a head");
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("head: \"{}\"\n", head.hash));
    let log = place(&root).join("ledger.jsonl");
    let text = fs::read_to_string(&log).expect("there");
    fs::write(&log, text.replace("relplan state", "relplan apply")).expect("written");
    assert_eq!(check().stdout, b"damaged\n");
}

/// Runs [`child`] in a process of its own, by a shell that first does `prepare`.
fn spawn(root: &Path, what: &str, prepare: &str) -> std::process::Child {
    let script = format!("{prepare} exec \"$0\" --exact ledger::child --ignored --nocapture");
    let mut command = Command::new("bash");
    command.args(["-c", &script]).arg(env::current_exe().expect("a name"));
    command.env("RELPLAN_TEST_ROOT", root).env("RELPLAN_TEST_CHILD", what);
    command.stdout(Stdio::piped()).spawn().expect("a child")
}

#[test]
#[ignore = "run by other tests, in a process of its own"]
fn child() {
    let Some(root) = env::var_os("RELPLAN_TEST_ROOT").map(PathBuf::from) else { return };
    let (mut ledger, _) = open_as(&root, "child").expect("opened");
    ledger.append(TIME, vec![opened()]).expect("appended");
    for number in 0.. {
        let done = ledger.append(TIME, vec![outputs(number)]).map(|_| ()).and_then(|()| ledger.sync());
        match done {
            Ok(()) => println!("synced {number}"),
            Err(error) => {
                let then = ledger.append(TIME, vec![outputs(-1)]).expect_err("poisoned");
                println!("failed: {error}\nthen: {then}");
                return;
            }
        }
    }
}

/// The number of the last output that a child said was durable.
fn last_synced(lines: &[String]) -> i64 {
    let number = |line: &String| line.strip_prefix("synced ").and_then(|number| number.parse().ok());
    lines.iter().rev().find_map(number).expect("at least one")
}

fn output_of(root: &Path) -> Option<i64> {
    file::read(root, "shop").expect("read").expect("there").state().outputs.get("n")?.as_i64()
}

#[test]
fn a_full_disk_ends_writing_and_loses_nothing_acknowledged() {
    let root = begun();
    // A limit on the size of files, in blocks of 1024 bytes, fails like a full disk: after a part of the write.
    let child = spawn(root.path(), "write", "trap '' XFSZ; ulimit -f 10;");
    let output = child.wait_with_output().expect("ended");
    let lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    let failed = lines.iter().find(|line| line.starts_with("failed: ")).expect("it fails");
    assert!(failed.contains("cannot write") && failed.contains("ledger.jsonl: File too large"), "{failed}");
    let then = lines.iter().find(|line| line.starts_with("then: ")).expect("it stays so");
    assert!(
        then.contains("nothing more is written to the ledger after an earlier error: cannot write"),
        "{then}"
    );
    let (ledger, notices) = open_as(root.path(), "ann").expect("the next command goes on");
    assert!(matches!(notices[..], [Notice::TornTail { .. }]), "{notices:?}");
    drop(ledger);
    assert_eq!(output_of(root.path()), Some(last_synced(&lines)));
}

#[test]
fn a_killed_process_frees_the_lock_and_leaves_what_it_synced() {
    for _ in 0..5 {
        let root = begun();
        let mut child = spawn(root.path(), "write", "");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let mut seen: Vec<String> = lines.by_ref().take_while(|line| line != "synced 20").collect();
        let holder = file::holder(root.path(), "shop").expect("looked").expect("held");
        assert_eq!((holder.user.as_str(), holder.pid), ("child", child.id()));
        child.kill().expect("killed");
        child.wait().expect("gone");
        seen.push("synced 20".into());
        seen.extend(lines);
        assert_eq!(file::holder(root.path(), "shop").expect("looked"), None);
        drop(open_as(root.path(), "ann").expect("the next command goes on"));
        assert!(output_of(root.path()) >= Some(last_synced(&seen)));
        file::verify(&place(&root), None).expect("verified");
    }
}
