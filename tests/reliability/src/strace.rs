//! relplan under `strace`, which can kill it at, or refuse it, any single system call on the ledger's files.

use std::collections::BTreeMap;
use std::fmt;
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

/// A system call on the ledger's files: which, and the how manieth of its kind in an apply, from 1. strace counts each
/// kind apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub name: &'static str,
    /// Its number.
    pub number: u64,
}

impl fmt::Display for Call {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.name, self.number)
    }
}

/// relplan with something done to a call on the ledger's files: `signal=KILL`, `error=EIO`.
#[must_use]
pub fn injected(scene: &Scene, relplan: &Relplan, call: Call, what: &str) -> Relplan {
    let Call { name, number } = call;
    let mut arguments = vec!["-f".to_owned(), "-qqq".to_owned(), "-o".to_owned(), "/dev/null".to_owned()];
    arguments.extend(["-e".to_owned(), format!("trace={name}")]);
    arguments.extend(["-e".to_owned(), format!("inject={name}:{what}:when={number}")]);
    arguments.extend(paths(scene));
    under(relplan, &arguments)
}

/// relplan with calls that do nothing, and say that they did: a planted bug.
#[must_use]
pub fn hollow(relplan: &Relplan, kinds: &[&str]) -> Relplan {
    let kinds = kinds.join(",");
    let (trace, inject) = (format!("trace={kinds}"), format!("inject={kinds}:retval=0"));
    relplan.under("strace", &["-f", "-qqq", "-o", "/dev/null", "-e", &trace, "-e", &inject])
}

/// Each of the `kinds` of calls that an apply makes on the ledger's files of a scene, in order. The apply is really
/// done.
pub fn calls(scene: &Scene, relplan: &Relplan, kinds: &[&'static str]) -> io::Result<Vec<Call>> {
    let log = tempfile::NamedTempFile::new()?;
    let mut arguments = vec!["-f".to_owned(), "-qqq".to_owned(), "-o".to_owned()];
    arguments.push(log.path().display().to_string());
    arguments.extend(["-e".to_owned(), format!("trace={}", kinds.join(","))]);
    arguments.extend(paths(scene));
    scene.apply(&under(relplan, &arguments)).status()?;
    let text = std::fs::read_to_string(log.path())?;
    let mut counts = BTreeMap::new();
    // `PID name(arguments...`; a call that another thread's line came between has a second line, `<... resumed>`.
    let names = text.lines().filter_map(|line| line.split_whitespace().nth(1)?.split_once('('));
    let known = names.filter_map(|(name, _)| kinds.iter().find(|kind| **kind == name));
    Ok(known
        .map(|name| {
            let number: &mut u64 = counts.entry(name).or_default();
            *number += 1;
            Call { name, number: *number }
        })
        .collect())
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
