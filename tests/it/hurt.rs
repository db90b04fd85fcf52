//! What the system does to a command: signals, closed terminals, containers, no more threads, a full disk for its output.

mod containers;
mod limits;
mod output;
mod signals;

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const RELPLAN: &str = env!("CARGO_BIN_EXE_relplan");

/// A folder with a release file.
struct Site(tempfile::TempDir);

impl Site {
    /// A release with one deployment, whose script writes `begin` and `end` into `effects`, the version into `live` when it
    /// is over, and prints while it works.
    fn deploying(tenths: u32) -> Self {
        Self::with(&deployment(tenths, "observe = [\"sh\", \"-c\", \"cat live 2>/dev/null || true\"]"))
    }

    fn with(blocks: &str) -> Self {
        let site = Self(tempfile::tempdir().expect("a folder"));
        std::fs::write(site.path("r.hcl"), format!("release \"k\" {{ version = \"1.0.0\" }}\n{blocks}"))
            .expect("written");
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The words of a file; none where it is not there.
    fn words(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The same with a step behind it, which is not begun when the run is to end.
    fn in_two_steps(tenths: u32) -> Self {
        let first = deployment(tenths, "observe = [\"sh\", \"-c\", \"cat live 2>/dev/null || true\"]");
        Self::with(&format!(
            "{first}resource \"fake_record\" \"b\" {{\n  value = \"1\"\n  depends_on = [exec_deployment.a]\n}}\n"
        ))
    }

    /// A program, run in the folder.
    fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").expect("a PATH"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("USER", "ann")
            // Where it runs in CI it is a person's all the same.
            .env_remove("CI")
            .env("PATH", path)
            .stdin(Stdio::null());
        command
    }

    fn relplan(&self, arguments: &[&str]) -> Command {
        self.program(RELPLAN, arguments)
    }

    /// An apply, started, with its output in a file.
    fn start_apply(&self) -> Child {
        let output = std::fs::File::create(self.path("output")).expect("a file");
        let other = output.try_clone().expect("the same");
        self.relplan(APPLY).stdout(output).stderr(other).spawn().expect("relplan")
    }

    fn apply(&self) -> Output {
        self.relplan(APPLY).output().expect("relplan")
    }

    /// Waits until a file has these words.
    #[track_caller]
    fn until(&self, name: &str, words: &str) {
        let begun = Instant::now();
        while self.words(name) != words {
            assert!(begun.elapsed() < PATIENCE, "{name} is {:?}, not {words:?}", self.words(name));
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

const APPLY: &[&str] = &["apply", "-auto-approve", "r.hcl"];

/// How long anything may take on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

fn deployment(tenths: u32, more: &str) -> String {
    let script = format!(
        "echo begin >> effects; i=0; while [ $i -lt {tenths} ] && [ ! -e hurry ]; do i=$((i+1)); sleep 0.1; echo line $i || exit 9; \
         echo word $i >&2 || exit 9; done; echo end >> effects; echo 1 > live"
    );
    format!(
        "resource \"exec_deployment\" \"a\" {{\n  version = \"1\"\n  deploy = [\"sh\", \"-c\", {script:?}]\n  {more}\n}}\n"
    )
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn ended_with(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", said(output));
}

/// Waits for the end, and gives the exit code; killed by a signal is none.
#[track_caller]
fn end_of(child: &mut Child) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status.code();
        }
        let is_late = begun.elapsed() > PATIENCE;
        if is_late {
            child.kill().expect("killed");
        }
        assert!(!is_late, "it does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn send(child: &Child, signal: rustix::process::Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a number");
    rustix::process::kill_process(pid, signal).expect("it runs");
}
