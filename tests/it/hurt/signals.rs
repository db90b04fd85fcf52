//! Signals that end a command, at every stage of it, and what it leaves running.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{APPLY, PATIENCE, RELPLAN, Site, end_of, ended_with, said, send};

/// Waits until a file holds these words among others.
#[track_caller]
fn has(site: &Site, name: &str, words: &str) {
    let begun = Instant::now();
    while !site.words(name).contains(words) {
        assert!(begun.elapsed() < PATIENCE, "{name} is {:?}", site.words(name));
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn every_signal_that_ends_lets_a_deployment_finish_and_records_it() {
    for signal in [Signal::HUP, Signal::TERM, Signal::QUIT, Signal::INT] {
        let site = Site::in_two_steps(10);
        let mut apply = site.start_apply();
        site.until("effects", "begin");
        send(&apply, signal);
        assert_eq!(end_of(&mut apply), Some(9), "{signal:?}: {}", site.words("output"));
        assert_eq!(site.words("effects"), "begin end", "{signal:?}");
        ended_with(&site.apply(), 0);
        assert_eq!(site.words("effects"), "begin end", "{signal:?}: it was recorded");
    }
}

#[test]
fn a_terminal_that_goes_tells_it_more_than_once_and_nothing_is_given_up() {
    let site = Site::in_two_steps(10);
    let mut apply = site.start_apply();
    site.until("effects", "begin");
    for _ in 0..3 {
        send(&apply, Signal::HUP);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(end_of(&mut apply), Some(9));
    assert_eq!(site.words("effects"), "begin end");
    // Asked twice by a person, it is given up, and said to be uncertain.
    let site = Site::deploying(100);
    let mut apply = site.start_apply();
    site.until("effects", "begin");
    for _ in 0..2 {
        send(&apply, Signal::INT);
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(end_of(&mut apply), Some(10), "{}", site.words("output"));
}

#[test]
fn what_is_to_outlive_its_terminal_does() {
    let site = Site::deploying(10);
    let arguments = [&[RELPLAN], APPLY].concat();
    let mut apply =
        site.program("nohup", &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nohup");
    site.until("effects", "begin");
    send(&apply, Signal::HUP);
    assert_eq!(end_of(&mut apply), Some(0), "nobody asked it to stop");
    assert_eq!(site.words("effects"), "begin end");
}

#[test]
fn a_deployment_that_prints_outlives_relplan_and_its_whole_group() {
    for (number, signal) in [Signal::KILL, Signal::HUP].into_iter().enumerate() {
        let site = Site::in_two_steps(40);
        // In a session of its own, of which all is hit at once, as when a terminal is closed or a job is killed.
        let arguments = [&[RELPLAN], APPLY].concat();
        let mut apply = site
            .program("setsid", &arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("setsid");
        site.until("effects", "begin");
        let group = Pid::from_raw(i32::try_from(apply.id()).expect("a number")).expect("a number");
        kill_process_group(group, signal).expect("it runs");
        if number == 0 {
            assert_eq!(end_of(&mut apply), None);
            // The dead run's deployment is under way, and nothing is done beside it.
            ended_with(&site.apply(), 10);
        } else {
            assert_eq!(end_of(&mut apply), Some(9));
        }
        site.until("effects", "begin end");
        site.until("live", "1");
        ended_with(&site.apply(), 0);
        assert_eq!(site.words("effects"), "begin end");
    }
}

#[test]
fn nothing_is_left_of_those_who_keep_the_output_flowing() {
    let site = Site::deploying(5);
    let mut apply = site.start_apply();
    site.until("effects", "begin");
    assert!(!readers(&site).is_empty(), "nobody would read when relplan is gone");
    apply.kill().expect("killed");
    apply.wait().expect("ended");
    site.until("live", "1");
    for _ in 0..500 {
        if readers(&site).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{:?} still run", readers(&site));
}

/// The processes that would read what a site's deployment writes.
fn readers(site: &Site) -> Vec<String> {
    // Those of one site are known by their PATH.
    let marker = format!("PATH={}", site.path("bin").display());
    let entries = std::fs::read_dir("/proc").expect("Linux").filter_map(Result::ok);
    let lines = entries.filter_map(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).ok()?;
        let has =
            environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(marker.as_bytes()));
        let line = String::from_utf8_lossy(&std::fs::read(entry.path().join("cmdline")).ok()?).into_owned();
        (has && line.contains("trap '' HUP")).then_some(line)
    });
    lines.collect()
}

#[test]
fn input_is_whole_although_relplan_is_killed_at_once() {
    let text = "a line of input ".repeat(20_000);
    let site = Site::with(&format!(
        "resource \"exec_deployment\" \"a\" {{\n  version = \"1\"\n  stdin = {text:?}\n  deploy = [\"sh\", \"-c\", \
         \"echo begin >> effects; sleep 0.5; wc -c > count\"]\n}}\n"
    ));
    let mut apply = site.start_apply();
    site.until("effects", "begin");
    apply.kill().expect("killed");
    apply.wait().expect("ended");
    site.until("count", &text.len().to_string());
}

#[test]
fn a_plan_is_interrupted_by_any_of_them() {
    for signal in [Signal::HUP, Signal::TERM, Signal::QUIT, Signal::INT] {
        let site = slow_to_look_at();
        let mut plan = site
            .relplan(&["plan", "r.hcl"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("relplan");
        site.until("looking", "yes");
        send(&plan, signal);
        assert_eq!(end_of(&mut plan), Some(9), "{signal:?}");
        let output = plan.wait_with_output().expect("ended");
        assert!(said(&output).contains("Interrupted while planning: nothing was done."), "{}", said(&output));
        let _ = std::fs::remove_file(site.path("looking"));
        let mut apply = site.start_apply();
        site.until("looking", "yes");
        send(&apply, signal);
        assert_eq!(end_of(&mut apply), Some(9), "{signal:?}");
        assert_eq!(site.words("effects"), "");
    }
}

/// A release for which planning takes long.
fn slow_to_look_at() -> Site {
    Site::with(
        "resource \"exec_migration\" \"a\" {\n  command = [\"sh\", \"-c\", \"echo begin >> effects\"]\n  \
         pending = [\"sh\", \"-c\", \"echo yes > looking; sleep 30\"]\n}\n",
    )
}

#[test]
fn who_waits_for_the_lock_or_a_person_is_interrupted() {
    for signal in [Signal::HUP, Signal::TERM] {
        let site = Site::deploying(20);
        let mut first = site.start_apply();
        site.until("effects", "begin");
        let waiting = [APPLY, &["-lock-timeout=10m"]].concat();
        let log = std::fs::File::create(site.path("waiting")).expect("a file");
        let mut second = site.relplan(&waiting).stdout(Stdio::null()).stderr(log).spawn().expect("relplan");
        has(&site, "waiting", "Waiting for the lock");
        send(&second, signal);
        assert_eq!(end_of(&mut second), Some(9), "{}", site.words("waiting"));
        assert!(
            site.words("waiting")
                .contains("Interrupted while waiting for the lock: the ledger was not touched.")
        );
        assert_eq!(end_of(&mut first), Some(0));
    }
}

#[test]
fn a_question_is_interrupted_when_its_terminal_goes() {
    let site = Site::deploying(1);
    // `script` gives it a terminal, and tells its exit code.
    let asking = format!("echo $$ > process; exec {RELPLAN} apply r.hcl");
    let mut terminal = site
        .program("script", &["-q", "-f", "-e", "-c", &asking, "typescript"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("script");
    has(&site, "typescript", "Enter a value:");
    let process = site.words("process").parse().ok().and_then(Pid::from_raw).expect("a number");
    kill_process(process, Signal::HUP).expect("it runs");
    assert_eq!(end_of(&mut terminal), Some(9));
    assert_eq!(site.words("effects"), "");
}

#[test]
fn a_deployment_outlives_the_terminal_that_it_was_started_from() {
    let site = Site::in_two_steps(15);
    let script = format!("{RELPLAN} {}", APPLY.join(" "));
    let mut terminal = site
        .program("script", &["-q", "-e", "-c", &script, "typescript"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("script");
    site.until("effects", "begin");
    // Who holds the terminal is gone: it hangs up, under the live lines.
    terminal.kill().expect("killed");
    terminal.wait().expect("ended");
    site.until("effects", "begin end");
    let ledger = || std::fs::read_to_string(site.path(".relplan/k/ledger.jsonl")).unwrap_or_default();
    let begun = Instant::now();
    while !ledger().contains("run_closed") {
        assert!(begun.elapsed() < PATIENCE, "relplan did not outlive its terminal: {}", ledger());
        std::thread::sleep(Duration::from_millis(20));
    }
    ended_with(&site.apply(), 0);
    assert_eq!(site.words("effects"), "begin end");
}
