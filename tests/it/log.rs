//! The debug log: what stands in it, where it goes, and what never does.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;
use tempfile::TempDir;

const PIN: &str = "hunter22-4711";

const RELEASE: &str = r#"release "shop" {
  version = "1.0.0"
}

variable "pin" {
  type      = string
  sensitive = true
}

resource "terraform_data" "each" {
  for_each = toset(["a\n::stop-commands::x", "b"])
  input    = each.key
}

resource "exec_deployment" "prod" {
  version     = release.version
  deploy      = ["sh", "-c", "echo $RELPLAN_VERSION > live"]
  observe     = ["cat", "live"]
  environment = { PIN = var.pin }
}

resource "http_smoke_test" "prod" {
  depends_on = [exec_deployment.prod]
  step {
    name = "health"
    url = "http://127.0.0.1:9/${var.pin}/health"
  }
  deadline_seconds = 1
}
"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("shop.hcl"), RELEASE).expect("a release file");
    folder
}

fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_relplan"))
        .args(arguments)
        .current_dir(folder)
        .env("RELPLAN_VAR_pin", PIN)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("relplan")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// The lines of the log; each begins with a time.
fn lines(errors: &str) -> Vec<&str> {
    errors.lines().filter(|line| line.starts_with("20") && line.contains("Z ")).collect()
}

const APPLY: [&str; 3] = ["apply", "-auto-approve", "shop.hcl"];

#[test]
fn it_is_off_until_it_is_asked_for() {
    let folder = folder();
    let output = run(folder.path(), &APPLY, &[]);
    assert_eq!(lines(&text(&output.stderr)), [""; 0]);
}

#[test]
fn it_tells_of_calls_processes_requests_records_and_decisions() {
    let folder = folder();
    let output = run(folder.path(), &["-vv", "apply", "-auto-approve", "shop.hcl"], &[]);
    let errors = text(&output.stderr);
    for part in [
        "DEBUG relplan::cli::planning: planned key=exec_deployment.prod",
        "reasons=\"never made\"",
        "TRACE relplan::run::dispatch: the machine commands command=Prepare(",
        "call{address=\"exec_deployment.prod\" verb=\"apply\"}: relplan_exec::group: process started program=sh pid=",
        "process ended",
        "call{address=\"http_smoke_test.prod\" verb=\"apply\"}: relplan_http::client: request ended method=GET host=\"127.0.0.1\"",
        "relplan::ledger: record written seq=1 kind=\"ledger_began\"",
        "relplan::ledger: records durable",
        "call answered ms=",
    ] {
        assert!(lines(&errors).iter().any(|line| line.contains(part)), "{part}: {errors}");
    }
    // A line that the file writes is no line of its own.
    assert!(errors.contains("a\\n::stop-commands::x"), "{errors}");
    let ours = lines(&errors).iter().all(|line| line.contains(" relplan"));
    assert!(ours, "what is below relplan tells nothing: {errors}");
    // Once is less.
    let output = run(folder.path(), &["apply", "-v", "-auto-approve", "shop.hcl"], &[]);
    assert!(!text(&output.stderr).contains("TRACE"));
}

#[test]
fn no_secret_is_in_it() {
    for environment in [&[][..], &[("RELPLAN_LOG_FORMAT", "json")]] {
        let folder = folder();
        let output = run(folder.path(), &["apply", "-vv", "-auto-approve", "shop.hcl"], environment);
        let errors = text(&output.stderr);
        assert!(errors.contains("(sensitive value)/health"), "{errors}");
        assert!(!errors.contains(PIN), "{errors}");
    }
}

#[test]
fn for_programs_each_line_is_an_object() {
    let folder = folder();
    let wanted = [("RELPLAN_LOG", "trace"), ("RELPLAN_LOG_FORMAT", "json"), ("RELPLAN_LOG_FILE", "log")];
    run(folder.path(), &APPLY, &wanted);
    let path = folder.path().join("log");
    let log = std::fs::read_to_string(&path).expect("a log");
    let events: Vec<Json> = log.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let of = |message: &str| events.iter().find(|event| event["message"] == message).expect("an event");
    assert_eq!(of("process started")["span"]["address"], "exec_deployment.prod");
    assert_eq!(of("record written")["level"], "DEBUG");
    let mode = std::fs::metadata(&path).expect("a log").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // The next command goes on behind it.
    run(folder.path(), &["plan", "shop.hcl"], &wanted);
    assert!(std::fs::read_to_string(&path).expect("a log").starts_with(&log));
}

#[test]
fn a_filter_says_what_is_wanted() {
    let folder = folder();
    let output = run(folder.path(), &APPLY, &[("RELPLAN_LOG", "relplan::ledger=debug")]);
    let errors = text(&output.stderr);
    assert!(!lines(&errors).is_empty());
    assert!(lines(&errors).iter().all(|line| line.contains("relplan::ledger: ")), "{errors}");
}

#[test]
fn what_cannot_be_logged_is_told_before_anything_is_done() {
    let folder = folder();
    std::fs::create_dir(folder.path().join(".git")).expect("a folder");
    std::fs::write(folder.path().join("victim"), "as it was").expect("a file");
    symlink("victim", folder.path().join("inside")).expect("a link");
    symlink("/dev/null", folder.path().join("outside")).expect("a link");
    for (name, value) in [
        ("RELPLAN_LOG", "relplan=loud"),
        ("RELPLAN_LOG_FORMAT", "yaml"),
        ("RELPLAN_LOG_FILE", "none/such"),
        ("RELPLAN_LOG_FILE", "outside"),
    ] {
        let output = run(folder.path(), &["-v", "apply", "-auto-approve", "shop.hcl"], &[(name, value)]);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains(value) || errors.contains("outside"), "{errors}");
        assert!(!folder.path().join("live").exists() && !folder.path().join(".relplan").exists());
    }
}

/// What hangs has begun, and has not ended.
#[test]
fn a_hang_shows_what_is_waited_for() {
    let folder = folder();
    std::fs::write(
        folder.path().join("slow.hcl"),
        RELEASE.replace("echo $RELPLAN_VERSION > live", "exec sleep 2"),
    )
    .expect("a release file");
    let log = folder.path().join("log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_relplan"));
    command.args(["-v", "apply", "-auto-approve", "slow.hcl"]).current_dir(folder.path());
    command.env("RELPLAN_VAR_pin", PIN).env("RELPLAN_LOG_FILE", &log);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("relplan");
    let begun = "verb=\"apply\"}: relplan_exec::group: process started";
    let seen = (0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains(begun))
    });
    child.wait().expect("an end");
    assert!(seen);
}
