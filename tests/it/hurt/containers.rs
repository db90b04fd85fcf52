//! Runs in PID namespaces of their own, as in containers: one cannot see what another one's dead run left running.

use super::{APPLY, RELPLAN, Site, deployment, ended_with, said};

/// Options of `unshare` for a PID namespace; root needs no user namespace for that.
fn apart(proc: bool) -> Vec<&'static str> {
    let user: &[&str] = if rustix::process::geteuid().is_root() { &[] } else { &["-r"] };
    let mount: &[&str] = if proc { &["--mount-proc"] } else { &[] };
    [user, &["-p", "-f"], mount].concat()
}

impl Site {
    /// An apply in a new namespace.
    fn apply_apart(&self, proc: bool) -> std::process::Output {
        let arguments = [&apart(proc)[..], &[RELPLAN], APPLY].concat();
        self.program("unshare", &arguments).output().expect("unshare")
    }

    /// A container in which an apply is killed when its deployment has begun. The container goes on, and so does
    /// what is left in it, until a file says that it is over.
    fn container_with_a_dead_run(&self, proc: bool) -> std::process::Child {
        let script = format!(
            "{RELPLAN} {} > output 2>&1 & while [ ! -e effects ]; do sleep 0.02; done; kill -9 $!; echo yes > killed\n\
             while [ ! -e over ]; do sleep 0.05; done",
            APPLY.join(" ")
        );
        let arguments = [&apart(proc)[..], &["sh", "-c", &script]].concat();
        let container = self.program("unshare", &arguments).spawn().expect("unshare");
        self.until("killed", "yes");
        container
    }

    /// Lets every deployment come to its end.
    fn hurry(&self) {
        std::fs::write(self.path("hurry"), "").expect("written");
    }

    fn over(&self, mut container: std::process::Child) {
        std::fs::write(self.path("over"), "").expect("written");
        container.wait().expect("ended");
    }
}

#[test]
fn what_still_runs_in_another_container_is_not_done_beside_it() {
    for (proc, nested) in [(true, false), (true, true), (false, false)] {
        let site = Site::deploying(600);
        let container = site.container_with_a_dead_run(proc);
        // The second container, and the machine itself, which counts the processes of both by other numbers.
        let second = if nested { site.apply() } else { site.apply_apart(proc) };
        ended_with(&second, 10);
        assert!(
            said(&second).contains("-accept") && said(&second).contains("PID namespace"),
            "{}",
            said(&second)
        );
        assert_eq!(site.words("effects"), "begin", "the first one's deployment is still under way");
        site.hurry();
        site.until("effects", "begin end");
        site.until("live", "1");
        // Now the version shows, which proves that it is done.
        ended_with(&site.apply_apart(true), 0);
        assert_eq!(site.words("effects"), "begin end");
        site.over(container);
    }
}

#[test]
fn an_old_version_is_no_proof_that_nothing_is_under_way_elsewhere() {
    let site = Site::deploying(600);
    let container = site.container_with_a_dead_run(true);
    std::fs::write(site.path("live"), "0").expect("written");
    ended_with(&site.apply_apart(true), 10);
    assert_eq!(site.words("effects"), "begin");
    site.over(container);
    // The container is gone, and all of it with it. That too cannot be seen from here: a person says so.
    ended_with(&site.apply_apart(true), 10);
    site.hurry();
    let again = site.relplan(&["apply", "-auto-approve", "-retry=exec_deployment.a", "r.hcl"]).output();
    ended_with(&again.expect("relplan"), 0);
    assert_eq!(site.words("effects"), "begin begin end");
}

#[test]
fn without_observe_a_person_says_what_became_of_it() {
    let site = Site::with(&deployment(2, ""));
    let container = site.container_with_a_dead_run(true);
    site.until("effects", "begin end");
    ended_with(&site.apply_apart(true), 10);
    let accepted = site.relplan(&["apply", "-auto-approve", "-accept=exec_deployment.a", "r.hcl"]).output();
    ended_with(&accepted.expect("relplan"), 0);
    assert_eq!(site.words("effects"), "begin end");
    site.over(container);
}

#[test]
fn a_migration_that_runs_in_another_container_is_not_run_beside_it() {
    let site = Site::with(
        "resource \"exec_migration\" \"a\" {\n  command = [\"sh\", \"-c\", \"echo begin >> effects; sleep 4; echo end >> effects; \
         echo 1 > done\"]\n  pending = [\"sh\", \"-c\", \"test -e done || echo 001\"]\n}\n",
    );
    let container = site.container_with_a_dead_run(true);
    ended_with(&site.apply_apart(true), 10);
    site.until("effects", "begin end");
    ended_with(&site.apply_apart(true), 0);
    assert_eq!(site.words("effects"), "begin end");
    site.over(container);
}

#[test]
fn in_its_own_container_a_command_that_is_gone_is_done_again() {
    let site = Site::deploying(600);
    // Killed with its command, in a container that collects no ended processes.
    let script = format!(
        "{RELPLAN} {apply} > output 2>&1 & while [ ! -e effects ]; do sleep 0.02; done; kill -9 $!; sleep 0.2\n\
         for p in /proc/[0-9]*; do tr '\\0' '\\n' < $p/environ 2>/dev/null | grep -q RELPLAN_IDEMPOTENCY && kill -9 ${{p#/proc/}}; done\n\
         sleep 0.2; touch hurry; exec {RELPLAN} {apply}",
        apply = APPLY.join(" ")
    );
    let arguments = [&apart(true)[..], &["bash", "-c", &script]].concat();
    let again = site.program("unshare", &arguments).output().expect("unshare");
    ended_with(&again, 0);
    assert_eq!(site.words("effects"), "begin begin end");
}

#[test]
fn who_holds_the_lock_is_named_with_its_container() {
    let site = Site::deploying(30);
    let arguments = [&apart(true)[..], &[RELPLAN], APPLY].concat();
    let mut first =
        site.program("unshare", &arguments).stdout(std::process::Stdio::null()).spawn().expect("unshare");
    site.until("effects", "begin");
    let refused = site.apply_apart(true);
    ended_with(&refused, 8);
    assert!(said(&refused).contains(" in PID namespace "), "{}", said(&refused));
    assert!(first.wait().expect("ended").success());
}
