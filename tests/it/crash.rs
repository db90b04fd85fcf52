//! What a run that was cut off leaves to the next one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const RESOURCES: usize = 30;

fn relplan(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relplan"));
    command
        .current_dir(folder)
        .env("USER", "ann")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn write_release(folder: &Path) {
    let text = format!(
        "release \"shop\" {{\n  version = \"1.0.0\"\n}}\n\nresource \"fake_record\" \"step\" {{\n  count    = {RESOURCES}\n  \
         value    = count.index\n  delay_ms = 15\n  effects  = \"effects.txt\"\n}}\n\nresource \"fake_deployment\" \"prod\" {{\n  \
         version    = release.version\n  world      = \"world\"\n  effects    = \"effects.txt\"\n  depends_on = [fake_record.step]\n}}\n"
    );
    std::fs::write(folder.join("shop.hcl"), text).expect("a release file");
}

#[test]
fn two_plans_have_one_digest_wherever_they_are_made() {
    let digest = |host: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join(host).join("releases");
        std::fs::create_dir_all(&inner).expect("made");
        write_release(&inner);
        let output = Command::new(env!("CARGO_BIN_EXE_relplan"))
            .args(["plan", "shop.hcl"])
            .current_dir(&inner)
            .env("HOSTNAME", host)
            .env("USER", host)
            .env("TZ", if host == "a" { "UTC" } else { "Asia/Tokyo" })
            .output()
            .expect("relplan");
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines().find_map(|line| line.strip_prefix("Plan digest: ").map(str::to_owned)).expect("a digest")
    };
    assert_eq!(digest("a"), digest("another-much-longer-name"));
}

#[test]
fn what_a_dead_run_asked_for_is_waited_out_before_anyone_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    // The second try finds the live version there: the first deployed it, and died before it could say so.
    let text = "release \"shop\" {\n  version = \"1.0.0\"\n}\n\nresource \"exec_deployment\" \"prod\" {\n  version = release.version\n  \
                deploy  = [\"sh\", \"-c\", \"echo once >> deploys; echo $0 > live; sleep 1\", release.version]\n  \
                observe = [\"cat\", \"live\"]\n}\n";
    std::fs::write(folder.path().join("shop.hcl"), text).expect("a release file");
    let mut child =
        relplan(folder.path()).args(["apply", "-auto-approve", "shop.hcl"]).spawn().expect("relplan");
    let live = folder.path().join("live");
    for _ in 0..500 {
        if live.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
    let again = relplan(folder.path())
        .args(["apply", "-auto-approve", "shop.hcl"])
        .stderr(Stdio::piped())
        .output()
        .expect("relplan");
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(said.contains("exec_deployment.prod: An earlier run was cut off here"), "{said}");
    assert!(said.contains("Waiting 2s"), "{said}");
    assert_eq!(again.status.code(), Some(0), "{said}");
    let deploys = std::fs::read_to_string(folder.path().join("deploys")).expect("one at least");
    assert_eq!(deploys, "once\n", "what was deployed already is not deployed again");
}

#[test]
fn a_checkpoint_that_cannot_be_kept_spoils_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    write_release(folder.path());
    let apply = |arguments: &[&str]| {
        relplan(folder.path()).args(arguments).stderr(Stdio::piped()).output().expect("relplan")
    };
    assert_eq!(apply(&["plan", "shop.hcl"]).status.code(), Some(0));
    assert_eq!(
        apply(&["apply", "-auto-approve", "-target=fake_record.step[0]", "shop.hcl"]).status.code(),
        Some(0)
    );
    // A folder with something in it stands where the new checkpoint is to be written.
    std::fs::create_dir_all(folder.path().join(".relplan/shop/checkpoint.json.new/x")).expect("a folder");
    let finished = apply(&["apply", "-auto-approve", "shop.hcl"]);
    let said = String::from_utf8_lossy(&finished.stderr);
    assert_eq!(finished.status.code(), Some(0), "{said}");
    assert!(said.contains("Warning: no checkpoint was kept"), "{said}");
    assert_eq!(apply(&["plan", "-detailed-exitcode", "shop.hcl"]).status.code(), Some(0));
}
