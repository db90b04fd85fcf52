//! What `/proc` tells of processes.

use std::fs;
use std::io;

use crate::arguments::KEY;

/// A thread of the kernel, in the flags of a process.
const KERNEL: u64 = 0x0020_0000;

/// One process, as everybody may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: i32,
    pub(crate) group: i32,
    /// When it started, in ticks since the machine did. With it a number that was given to another process is known.
    pub(crate) start: u64,
    /// It has ended, and only waits to be collected.
    pub(crate) is_over: bool,
    is_kernel: bool,
}

/// Whether a process was started with a key in its environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Yes,
    No,
    /// Another user's, who does not show it.
    Hidden,
}

impl Process {
    /// The process with this number, as `/proc` counts.
    pub(crate) fn find(id: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name of the program stands in parentheses, and may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |at: usize| fields.get(at).copied();
        Some(Self {
            id,
            group: field(2)?.parse().ok()?,
            start: field(19)?.parse().ok()?,
            is_over: matches!(field(0)?, "Z" | "X"),
            is_kernel: field(6)?.parse::<u64>().ok()? & KERNEL != 0,
        })
    }

    /// This one.
    pub(crate) fn own() -> Option<Self> {
        let id = fs::read_link("/proc/self").ok()?.to_str()?.parse().ok()?;
        Self::find(id)
    }

    /// Whether it was started with this key.
    pub(crate) fn holds(&self, key: &str) -> Holds {
        if self.is_kernel || self.is_over {
            return Holds::No;
        }
        match fs::read(format!("/proc/{}/environ", self.id)) {
            Ok(environment) => {
                let wanted = format!("{KEY}={key}");
                let found =
                    environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes());
                if found { Holds::Yes } else { Holds::No }
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Holds::Hidden,
            // It has ended meanwhile.
            Err(_) => Holds::No,
        }
    }

    /// Its number where it was started itself, perhaps in a PID namespace below this one.
    pub(crate) fn innermost(&self) -> Option<i32> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).ok()?;
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
        numbers.split_whitespace().next_back()?.parse().ok()
    }
}

/// All processes that are to be seen.
pub(crate) fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter_map(Process::find).collect()
}

/// Whether others hide nothing more than their secrets: `/proc` can be mounted so that each user sees only their own
/// processes. The first process is always there, and another user's for all but its own.
pub(crate) fn shows_everybody() -> bool {
    Process::find(1).is_some()
}
