//! Whether a command outlived the relplan that started it: a killed relplan cannot end what it started.

use std::fs;
use std::io;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process_group};

use crate::arguments::KEY;

/// What is known of the command of a lost action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Survivor {
    /// The command itself runs.
    Running,
    /// The command has ended, and something that it started runs: a server, or a part of its work. Or it ran on
    /// another machine, or before this one started last, where nobody can look.
    Unclear,
    /// Nothing of it runs.
    Gone,
}

/// The external reference of a command: its process group, and the boot of the machine in which that number
/// means something.
pub(crate) fn reference(group: i32) -> String {
    format!("process group {group}, boot {}", boot().unwrap_or_else(|| "unknown".into()))
}

/// Looks for the command of the action with this key and reference.
pub(crate) fn survivor(key: &str, reference: Option<&str>) -> Survivor {
    // Without a reference it was never started, or relplan died in the instant after.
    let Some(reference) = reference else {
        return if environment_holds(key) { Survivor::Running } else { Survivor::Gone };
    };
    let (Some((group, then)), Some(now)) = (parse(reference), boot()) else { return Survivor::Unclear };
    let Some(group) = Pid::from_raw(group).filter(|_| then == now) else { return Survivor::Unclear };
    if leads(group, key) {
        Survivor::Running
    } else if test_kill_process_group(group) != Err(Errno::SRCH) || environment_holds(key) {
        Survivor::Unclear
    } else {
        Survivor::Gone
    }
}

/// Whether the first process of the group runs: one with the key, or one of another user that hides it.
fn leads(group: Pid, key: &str) -> bool {
    match fs::read(format!("/proc/{}/environ", group.as_raw_pid())) {
        Ok(environment) => holds(&environment, key),
        Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
    }
}

fn parse(reference: &str) -> Option<(i32, &str)> {
    let (group, boot) = reference.strip_prefix("process group ")?.split_once(", boot ")?;
    Some((group.parse().ok()?, boot))
}

/// The random id that Linux draws at each start.
fn boot() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|text| text.trim().to_owned())
}

/// Whether any process runs that was started with the key in its environment. On systems without `/proc` nobody
/// can tell, and the reference decides.
fn environment_holds(key: &str) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    processes
        .filter_map(|entry| fs::read(entry.ok()?.path().join("environ")).ok())
        .any(|environment| holds(&environment, key))
}

fn holds(environment: &[u8], key: &str) -> bool {
    let wanted = format!("{KEY}={key}");
    environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
}
