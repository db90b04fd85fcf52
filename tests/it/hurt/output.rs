//! Output that cannot be written: to a full disk, and to a reader that is gone.

use std::fs::OpenOptions;
use std::process::{Output, Stdio};

use super::{APPLY, Site, ended_with, said};

impl Site {
    /// A command whose standard output is a disk that is full.
    fn onto_a_full_disk(&self, arguments: &[&str]) -> Output {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("Linux");
        let mut command = self.relplan(arguments);
        command.stdout(full).stderr(Stdio::piped());
        if arguments.contains(&"-") {
            command.stdin(std::fs::File::open(self.path("r.hcl")).expect("there"));
        }
        command.spawn().and_then(std::process::Child::wait_with_output).expect("relplan")
    }

    /// A command whose reader is gone before it writes.
    fn to_nobody(&self, arguments: &[&str]) -> Output {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = self.relplan(arguments);
        command.stdout(writer).stderr(Stdio::piped());
        if arguments.contains(&"-") {
            command.stdin(std::fs::File::open(self.path("r.hcl")).expect("there"));
        }
        command.spawn().and_then(std::process::Child::wait_with_output).expect("relplan")
    }
}

fn applied() -> Site {
    let site = Site::with(
        "resource \"fake_deployment\" \"a\" { version = \"1\" }\nresource \"fake_deployment\" \"b\" { version = \"1\" }\n\
         output \"o\" { value = \"v\" }\n",
    );
    ended_with(&site.apply(), 0);
    site
}

/// Every verb that tells something, and can be repeated. The first word is left out of none.
const VERBS: &[&[&str]] = &[
    &["plan", "r.hcl"],
    &["plan", "-json", "r.hcl"],
    &["plan", "-format=markdown", "r.hcl"],
    &["plan", "-no-exec", "r.hcl"],
    &["apply", "-auto-approve", "r.hcl"],
    &["apply", "-auto-approve", "-json", "r.hcl"],
    &["show"],
    &["show", "-json"],
    &["output"],
    &["output", "-json"],
    &["output", "-raw", "o"],
    &["graph", "r.hcl"],
    &["graph", "-json", "r.hcl"],
    &["validate", "r.hcl"],
    &["validate", "-json", "r.hcl"],
    &["fmt", "-"],
    &["fmt", "-diff", "-"],
    &["fmt", "-json", "-"],
    &["state", "list"],
    &["state", "list", "-json"],
    &["state", "show", "fake_deployment.a"],
    &["state", "pull"],
    &["state", "history"],
    &["state", "history", "-json"],
    &["state", "verify"],
    &["state", "verify", "-json"],
    &["providers"],
    &["providers", "-json"],
    &["snapshots"],
    &["version"],
    &["version", "-json"],
    &["completion", "bash"],
    &["-help"],
    &["plan", "-help"],
];

#[test]
fn every_verb_says_that_its_output_is_lost() {
    let site = applied();
    for verb in VERBS {
        let told = site.relplan(verb).stdin(Stdio::null()).output().expect("relplan");
        // One that reads standard input has another here.
        if !verb.contains(&"-") {
            ended_with(&told, 0);
            assert!(!told.stdout.is_empty(), "{verb:?} tells nothing");
        }
        let lost = site.onto_a_full_disk(verb);
        let said = said(&lost);
        assert_eq!(lost.status.code(), Some(1), "{verb:?}: {said}");
        assert!(
            said.contains("Error: The output could not be written: No space left on device"),
            "{verb:?}: {said}"
        );
    }
}

#[test]
fn a_reader_that_is_gone_is_no_error() {
    let site = applied();
    for verb in VERBS {
        let output = site.to_nobody(verb);
        assert_eq!((output.status.code(), said(&output)), (Some(0), String::new()), "{verb:?}");
    }
}

#[test]
fn verbs_that_act_do_so_whatever_becomes_of_their_words() {
    let site = Site::deploying(2);
    let output = site.onto_a_full_disk(APPLY);
    ended_with(&output, 1);
    assert!(said(&output).contains("Everything but that was done."), "{}", said(&output));
    ended_with(&site.relplan(&["plan", "-detailed-exitcode", "r.hcl"]).output().expect("relplan"), 0);
    assert_eq!(site.words("effects"), "begin end");
    // An exit that tells more stays as it is: of the run, of a mistake, of changes.
    let failing = Site::with("resource \"fake_deployment\" \"a\" {\n  version = \"1\"\n  fail = \"no\"\n}\n");
    let output = failing.onto_a_full_disk(APPLY);
    ended_with(&output, 1);
    assert!(said(&output).contains("It failed for another reason too."), "{}", said(&output));
    ended_with(&failing.onto_a_full_disk(&["plan", "-nonsense"]), 3);
    ended_with(&failing.onto_a_full_disk(&["plan", "-detailed-exitcode", "r.hcl"]), 1);
    ended_with(&failing.to_nobody(&["plan", "-detailed-exitcode", "r.hcl"]), 2);
    let checked = Site::with("resource \"fake_check\" \"a\" {\n  value = \"1\"\n  verdict = \"failed\"\n}\n");
    ended_with(&checked.onto_a_full_disk(APPLY), 4);
    ended_with(&checked.to_nobody(APPLY), 4);
    let site = Site::deploying(2);
    ended_with(&site.to_nobody(APPLY), 0);
    assert_eq!(site.words("effects"), "begin end");
}

#[test]
fn a_reader_that_goes_in_the_middle_stops_no_deployment() {
    let site = Site::deploying(5);
    let script = format!("{} {}; echo $? > exit", super::RELPLAN, APPLY.join(" "));
    let piped = format!("({script}) 2> errors | head -n 1 > first");
    assert!(site.program("sh", &["-c", &piped]).status().expect("sh").success());
    site.until("exit", "0");
    assert_eq!((site.words("effects").as_str(), site.words("errors").as_str()), ("begin end", ""));
}

#[test]
fn a_question_that_nobody_could_read_is_not_asked() {
    let site = Site::deploying(0);
    // A terminal to type at, and no place for what is shown: an answer would agree to nothing seen.
    let script = format!("{} apply r.hcl > /dev/full; echo $? > exit", super::RELPLAN);
    let typing = format!("printf 'yes\\nyes\\n' | script -q -f -c '{script}' typescript > shown");
    assert!(site.program("sh", &["-c", &typing]).status().expect("sh").success());
    site.until("exit", "12");
    assert_eq!(site.words("effects"), "");
}

#[test]
fn output_that_its_reader_takes_slowly_is_whole() {
    let site = applied();
    let whole = site.relplan(&["providers", "-json"]).output().expect("relplan").stdout;
    // Node.js and others tell their pipes not to wait; then a write that finds no room is refused.
    let script = "import os, subprocess, sys, time\n\
                  r, w = os.pipe()\n\
                  os.set_blocking(w, False)\n\
                  child = subprocess.Popen(sys.argv[1:], stdout=w)\n\
                  os.close(w)\n\
                  time.sleep(2)\n\
                  sys.stdout.buffer.write(open(r, 'rb').read())\n\
                  sys.exit(child.wait())";
    let slow = site
        .program("python3", &["-c", script, super::RELPLAN, "providers", "-json"])
        .output()
        .expect("python3");
    ended_with(&slow, 0);
    assert!(whole.len() > 65536, "it fits into a pipe: {} bytes", whole.len());
    assert!(slow.stdout == whole, "{} of {} bytes", slow.stdout.len(), whole.len());
}
