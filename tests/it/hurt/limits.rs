//! Limits of processes, threads and memory: every command ends soon, does its work, or says what to raise.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;
use std::time::{Duration, Instant};

use super::{RELPLAN, Site, said};

impl Site {
    /// relplan under a limit of the shell.
    fn limited(&self, limit: &str, arguments: &[&str]) -> Output {
        self.as_nobody(&format!("ulimit {limit}; exec ./relplan {}", arguments.join(" ")))
    }

    /// The number of a user who has nothing running but what this site starts: limits count all that a user has.
    fn somebody(&self) -> u32 {
        let name = self.0.path().to_string_lossy();
        64_000 + name.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 1_000
    }

    /// A script of a user for whom limits of processes hold: root has none, so that another user takes its place; for
    /// anybody else the limit counts what they have running already, and is reached at once.
    fn as_nobody(&self, script: &str) -> Output {
        std::fs::set_permissions(self.0.path(), std::fs::Permissions::from_mode(0o777)).expect("set");
        let number = self.somebody();
        let (user, group) = (format!("--reuid={number}"), format!("--regid={number}"));
        let other: &[&str] = if rustix::process::geteuid().is_root() {
            &["setpriv", &user, &group, "--clear-groups"]
        } else {
            &[]
        };
        // The built command may lie where another user may not look: a copy that all may run stands in the folder.
        let copy = self.path("relplan");
        if !copy.exists() {
            std::fs::copy(RELPLAN, &copy).expect("copied");
        }
        let words = [&["-s", "KILL", "40"], other, &["bash", "-c", script]].concat();
        let begun = Instant::now();
        let output = self.program("timeout", &words).output().expect("timeout");
        assert!(begun.elapsed() < Duration::from_secs(38), "{script}: it hangs: {}", said(&output));
        output
    }
}

/// What a run under a limit may end as: done, or refused with words. Then what was said has the way on.
#[track_caller]
fn ends_well(output: &Output, what: &str) -> bool {
    let said = said(output);
    assert!(!said.contains("Fault at"), "{what}: a panic: {said}");
    let done = output.status.code() == Some(0);
    let told = said.contains("ulimit -u") && said.contains("ulimit -v");
    assert!(done || output.status.code() == Some(1) && told, "{what}: {:?}: {said}", output.status);
    done
}

#[test]
fn without_threads_every_command_says_what_to_raise() {
    let mut done = 0;
    for limit in [1, 2, 4, 8, 12, 16, 17, 64] {
        let site = Site::deploying(0);
        let limit = format!("-u {limit}");
        done += usize::from(ends_well(&site.limited(&limit, &["plan", "r.hcl"]), &limit));
        let output = site.limited(&limit, &["apply", "-auto-approve", "r.hcl"]);
        let words = site.words("effects");
        let whole = ends_well(&output, &limit);
        assert_eq!(words, if whole { "begin end" } else { "" }, "{limit}");
        assert_eq!(site.path(".relplan").exists(), whole, "{limit}: nothing was begun that is not finished");
    }
    // Under none of them for anybody else: their processes count too.
    assert!(done >= 1 || !rustix::process::geteuid().is_root(), "no limit was wide enough");
}

#[test]
fn where_only_the_command_cannot_be_started_it_is_said_and_tried_again_later() {
    // Threads for one at a time are to be had, and no process beside them.
    let mut seen = false;
    for limit in 8..=12 {
        let site = Site::deploying(0);
        let limit = format!("-u {limit}");
        let output = site.limited(&limit, &["apply", "-auto-approve", "-parallelism=1", "r.hcl"]);
        let said = said(&output);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
        assert!(!said.contains("Fault at"), "{said}");
        if said.contains("exec_deployment.a: Creation failed") {
            seen = true;
            assert!(said.contains("could not be started: Resource temporarily unavailable"), "{said}");
            assert_eq!(site.words("effects"), "");
            // What failed was recorded as such: nothing is uncertain.
            super::ended_with(&site.limited("-u 64", &["apply", "-auto-approve", "r.hcl"]), 0);
            assert_eq!(site.words("effects"), "begin end");
        }
    }
    assert!(seen || !rustix::process::geteuid().is_root(), "no limit was met in the middle");
}

#[test]
fn with_little_memory_every_command_ends() {
    let mut refused = 0;
    for megabytes in [200, 240, 280, 320, 400, 520, 600, 1000, 1200, 1400, 4000] {
        let site = Site::deploying(0);
        let limit = format!("-v {}", megabytes * 1000);
        for arguments in [&["plan", "r.hcl"][..], &["apply", "-auto-approve", "r.hcl"]] {
            let done = ends_well(&site.limited(&limit, arguments), &limit);
            refused += usize::from(!done);
            assert!(done || megabytes < 4000, "4 GB are enough");
        }
        let words = site.words("effects");
        assert!(words.is_empty() || words == "begin end", "{limit}: {words}");
    }
    assert!(refused > 0, "no limit was narrow enough");
}

#[test]
fn a_limit_that_comes_in_the_middle_loses_no_outcome() {
    let first = super::deployment(10, "");
    let site = Site::with(&format!(
        "{first}resource \"exec_deployment\" \"b\" {{\n  version = \"1\"\n  deploy = [\"sh\", \"-c\", \"echo second >> effects\"]\n  \
         depends_on = [exec_deployment.a]\n}}\n"
    ));
    // From the middle of the first step on, the system gives neither processes nor threads.
    let output = site.as_nobody(
        "./relplan apply -auto-approve r.hcl & until [ -e effects ]; do sleep 0.05; done\n\
         prlimit --pid $! --nproc=1 && wait $!",
    );
    super::ended_with(&output, 1);
    let text = said(&output);
    assert!(text.contains("exec_deployment.a: Creation complete"), "{text}");
    assert!(text.contains("exec_deployment.b: Creation failed"), "{text}");
    super::ended_with(&site.as_nobody("./relplan apply -auto-approve r.hcl"), 0);
    assert_eq!(site.words("effects"), "begin end second");
}
