//! relplan under `strace`, which can kill it at, or refuse it, any single system call on the ledger's files.

use std::io;
use std::process::Stdio;

use crate::scene::{Relplan, Scene};

/// What writes to the ledger's folder, or makes it durable, or guards it.
pub const WRITE_PATH: &[&str] = &[
    "mkdirat",
    "openat",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "flock",
    "unlinkat",
    "renameat",
    "renameat2",
];

/// The files of a ledger's folder, the temporary ones included.
const FILES: [&str; 7] =
    ["", "/ledger.jsonl", "/lock", "/key", "/key.new", "/checkpoint.json", "/checkpoint.json.new"];

/// relplan with `inject` done to those of its `calls` that touch the ledger's files: `signal=KILL:when=3`.
#[must_use]
pub fn injected(scene: &Scene, relplan: &Relplan, calls: &[&str], inject: &str) -> Relplan {
    let calls = calls.join(",");
    let mut arguments = vec!["-f".to_owned(), "-qqq".to_owned(), "-o".to_owned(), "/dev/null".to_owned()];
    arguments.extend(["-e".to_owned(), format!("trace={calls}")]);
    arguments.extend(["-e".to_owned(), format!("inject={calls}:{inject}")]);
    arguments.extend(paths(scene));
    under(relplan, &arguments)
}

/// How many of the `calls` an apply makes on the ledger's files of a scene. The apply is really done.
pub fn count(scene: &Scene, relplan: &Relplan, calls: &[&str]) -> io::Result<u64> {
    let log = tempfile::NamedTempFile::new()?;
    let mut arguments = vec!["-f".to_owned(), "-qqq".to_owned(), "-o".to_owned()];
    arguments.push(log.path().display().to_string());
    arguments.extend(["-e".to_owned(), format!("trace={}", calls.join(","))]);
    arguments.extend(paths(scene));
    scene.apply(&under(relplan, &arguments)).status()?;
    let text = std::fs::read_to_string(log.path())?;
    // A call that another thread's line came between has a second line, `<... resumed>`.
    Ok(text.lines().filter(|line| line.contains('(') && !line.contains("resumed>")).count() as u64)
}

/// Whether `strace` is there and may trace.
#[must_use]
pub fn works() -> bool {
    let tried =
        std::process::Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

fn paths(scene: &Scene) -> Vec<String> {
    let folder = scene.ledger_folder();
    let paths = FILES.iter().map(|file| format!("{}{file}", folder.display()));
    let above = folder.parent().map(|above| above.display().to_string());
    paths.chain(above).flat_map(|path| ["-P".to_owned(), path]).collect()
}

fn under(relplan: &Relplan, arguments: &[String]) -> Relplan {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    relplan.under("strace", &arguments)
}
