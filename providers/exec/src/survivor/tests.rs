use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

/// No machine has that many processes.
const NOBODY: i32 = 2_000_000_000;

/// A process in a group of its own, ended with the test.
struct Started(Child);

impl Started {
    fn new(key: &str, program: &[&str]) -> Self {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).env(crate::arguments::KEY, key).process_group(0).stdin(Stdio::null());
        let started = Self(command.spawn().expect("started"));
        until(|| {
            Process::find(started.id())
                .is_some_and(|process| process.holds(key) == Holds::Yes || process.is_over)
        });
        started
    }

    fn id(&self) -> i32 {
        i32::try_from(self.0.id()).expect("a number")
    }

    fn start(&self) -> u64 {
        Process::find(self.id()).expect("it is not collected").start
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(group) = Pid::from_raw(self.id()) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.0.wait();
    }
}

#[track_caller]
fn until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came to that");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn here() -> String {
    Place::here().expect("Linux").to_string()
}

/// The same place but for one part.
fn elsewhere() -> Vec<String> {
    let changed = |mark: &str, other: &str| {
        let (before, rest) =
            here().split_once(mark).map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a part");
        let after = rest.split_once(", ").map_or(String::new(), |(_, after)| format!(", {after}"));
        format!("{before}{mark}{other}{after}")
    };
    vec![
        changed("PID namespace ", "4026539999"),
        changed("time namespace ", "4026539999"),
        changed("boot ", "another"),
        changed("host ", "another"),
        "boot another".to_owned(),
        "in a place that the system does not tell".to_owned(),
    ]
}

#[test]
fn what_ran_elsewhere_is_never_called_gone() {
    for place in elsewhere() {
        for named in [format!("process group {NOBODY}"), format!("process group {NOBODY} (start 1)")] {
            assert_eq!(
                survivor("elsewhere", Some(&format!("{named}, {place}"))),
                Survivor::Unclear,
                "{named}, {place}"
            );
        }
        let starter = format!("command of process {NOBODY} (start 1), {place}");
        assert_eq!(survivor("elsewhere", Some(&starter)), Survivor::Unclear, "{starter}");
    }
    for damaged in ["", "run 7", "process group x, boot y", "process group 5 (start x), boot y"] {
        assert_eq!(survivor("elsewhere", Some(damaged)), Survivor::Unclear, "{damaged}");
    }
}

#[test]
fn what_ran_here_and_is_not_found_is_gone() {
    assert_eq!(survivor("nobody", None), Survivor::Gone);
    assert_eq!(survivor("nobody", Some(&Reference::started(NOBODY).to_string())), Survivor::Gone);
    assert_eq!(survivor("nobody", Some(&Reference::starting().to_string())), Survivor::Gone);
}

#[test]
fn an_older_reference_tells_only_what_is_found() {
    let key = "an-older-reference";
    let started = Started::new(key, &["sleep", "100"]);
    let boot =
        here().split_once("boot ").and_then(|(_, rest)| rest.split_once(", ")).expect("a boot").0.to_owned();
    let older = |group: i32| format!("process group {group}, boot {boot}");
    assert_eq!(survivor(key, Some(&older(started.id()))), Survivor::Running);
    assert_eq!(survivor(key, Some(&older(NOBODY))), Survivor::Unclear, "another container has the same boot");
}

#[test]
fn a_number_that_was_given_away_is_not_taken_for_the_command() {
    let other = Started::new("somebody-else", &["sleep", "100"]);
    let reference = |start: u64| format!("process group {} (start {start}), {}", other.id(), here());
    assert_eq!(survivor("ours", Some(&reference(other.start() - 1))), Survivor::Gone);
    // One that wrote over its own environment is still known by its start.
    assert_eq!(survivor("ours", Some(&reference(other.start()))), Survivor::Running);
    let no_start = format!("process group {}, {}", other.id(), here());
    assert_eq!(survivor("ours", Some(&no_start)), Survivor::Unclear);
}

#[test]
fn a_command_that_nobody_collects_has_ended() {
    let key = "never-collected";
    let over = Started::new(key, &["true"]);
    until(|| Process::find(over.id()).is_some_and(|process| process.is_over));
    let reference = format!("process group {} (start {}), {}", over.id(), over.start(), here());
    assert_eq!(survivor(key, Some(&reference)), Survivor::Gone);
}

#[test]
fn a_part_that_is_left_is_not_the_command() {
    let key = "a-part-is-left";
    let mut first = Started::new(key, &["sh", "-c", "sleep 100 & read -r wait; exit"]);
    let reference = Reference::started(first.id()).to_string();
    // It reads the end of its empty input, and leaves the other behind.
    first.0.wait().expect("ended");
    assert_eq!(survivor(key, Some(&reference)), Survivor::Unclear);
}

#[test]
fn a_command_is_found_that_was_started_before_its_number_was_kept() {
    let key = "between-the-two";
    let reference = Reference::starting().to_string();
    let started = Started::new(key, &["sleep", "100"]);
    assert_eq!(survivor(key, Some(&reference)), Survivor::Running);
    assert_eq!(survivor(key, None), Survivor::Running, "also one of a version that kept no place");
    drop(started);
    assert_eq!(survivor(key, Some(&reference)), Survivor::Gone);
}

#[test]
fn a_command_in_a_namespace_below_is_found_by_the_number_that_it_has_there() {
    let key = "in-a-namespace-below";
    // It is the first process there, and has another number here. Root needs no user namespace for that.
    let user: &[&str] = if rustix::process::geteuid().is_root() { &[] } else { &["-r"] };
    let program = [&["unshare"], user, &["-p", "-f", "--kill-child", "sleep", "100"]].concat();
    let _started = Started::new(key, &program);
    let below = || processes::all().into_iter().any(|process| is_first_of(1, &process, key));
    until(below);
    let place = &elsewhere()[0];
    assert_eq!(survivor(key, Some(&format!("process group 1, {place}"))), Survivor::Running);
    assert_eq!(survivor(key, Some(&format!("process group 2, {place}"))), Survivor::Unclear);
}
