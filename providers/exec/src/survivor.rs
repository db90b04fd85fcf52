//! Whether a command outlived the relplan that started it: a killed relplan cannot end what it started.
//!
//! Before a command starts, the ledger knows in which [`Place`] it will, and right after by which number. What ran in
//! another place (another container, another machine, before this one started last) cannot be asked for from here,
//! and is never taken for gone.

use std::fmt;

use relplan_contract::Place;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process_group};

use crate::processes::{self, Holds, Process};

/// What is known of the command of a lost action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Survivor {
    /// The command itself runs.
    Running,
    /// Nobody here can tell: it ran elsewhere, or the command has ended and something that it started runs (a server,
    /// or a part of its work).
    Unclear,
    /// Nothing of it runs.
    Gone,
}

/// By which a command is found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    named: Named,
    /// None in references of older versions, which told only the boot of the machine, and where nobody can tell.
    place: Option<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// By its process group, and when the first process of that started.
    Group(i32, Option<u64>),
    /// By the relplan that was about to start it, and when that started.
    Starter(u32, Option<u64>),
}

impl Reference {
    /// Of a command that this process is about to start.
    pub(crate) fn starting() -> Self {
        let start = Process::own().map(|own| own.start);
        Self { named: Named::Starter(std::process::id(), start), place: Place::here() }
    }

    /// Of a command that was started as this group, and not collected yet.
    pub(crate) fn started(group: i32) -> Self {
        let start = Process::find(group).filter(|_| Place::is_shown_in_proc()).map(|process| process.start);
        Self { named: Named::Group(group, start), place: Place::here() }
    }

    fn parse(text: &str) -> Option<Self> {
        let (named, place) = text.split_once(", ")?;
        let (named, start) = match named.strip_suffix(')').and_then(|named| named.split_once(" (start ")) {
            Some((named, start)) => (named, Some(start.parse().ok()?)),
            None => (named, None),
        };
        let named = match named.strip_prefix("process group ") {
            Some(group) => Named::Group(group.parse().ok()?, start),
            None => Named::Starter(named.strip_prefix("command of process ")?.parse().ok()?, start),
        };
        Some(Self { named, place: Place::parse(place) })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = match self.named {
            Named::Group(group, start) => {
                write!(f, "process group {group}")?;
                start
            }
            Named::Starter(process, start) => {
                write!(f, "command of process {process}")?;
                start
            }
        };
        if let Some(start) = start {
            write!(f, " (start {start})")?;
        }
        match &self.place {
            Some(place) => write!(f, ", {place}"),
            None => f.write_str(", in a place that the system does not tell"),
        }
    }
}

/// Looks for the command of the action with this key and reference.
pub(crate) fn survivor(key: &str, reference: Option<&str>) -> Survivor {
    // A command is started only when its place is in the ledger. Versions that wrote none until it ran are looked for.
    let Some(reference) = reference else {
        return if is_held(key) { Survivor::Running } else { Survivor::Gone };
    };
    let Some(Reference { named, place }) = Reference::parse(reference) else { return Survivor::Unclear };
    // To be found is a proof from wherever it is seen; not to be found is one only in its own place.
    if let Named::Group(group, _) = named
        && processes::all().iter().any(|process| is_first_of(group, process, key))
    {
        return Survivor::Running;
    }
    if place.is_none() || place != Place::here() {
        return Survivor::Unclear;
    }
    match named {
        Named::Group(group, start) => in_group(key, group, start),
        Named::Starter(_, start) => started_since(key, start),
    }
}

/// Whether a process is the first of the group with this number, counted where it was started.
fn is_first_of(group: i32, process: &Process, key: &str) -> bool {
    process.holds(key) == Holds::Yes && process.innermost() == Some(group)
}

/// Looks for a command in the place where it was started as this group.
fn in_group(key: &str, group: i32, start: Option<u64>) -> Survivor {
    let Some(id) = Pid::from_raw(group) else { return Survivor::Unclear };
    let first = Process::find(group).filter(|_| Place::is_shown_in_proc());
    let is_same = first.zip(start).map(|(first, start)| first.start == start);
    if is_same == Some(true) && first.is_some_and(|first| !first.is_over) {
        return Survivor::Running;
    }
    // A number is given away again only when nobody is left in its group.
    let is_given_away = is_same == Some(false);
    let is_there = !is_given_away && test_kill_process_group(id) != Err(Errno::SRCH) && !is_all_over(group);
    if is_there || is_held(key) { Survivor::Unclear } else { Survivor::Gone }
}

/// Whether all of a group that is there has ended, and waits for a first process that collects nobody.
fn is_all_over(group: i32) -> bool {
    let mut members = processes::all().into_iter().filter(|process| process.group == group).peekable();
    Place::is_shown_in_proc()
        && processes::shows_everybody()
        && members.peek().is_some()
        && members.all(|process| process.is_over)
}

/// Looks for a command that a relplan which started at `start` was about to start here: it may have come to that.
fn started_since(key: &str, start: Option<u64>) -> Survivor {
    let mut is_clear = Place::is_shown_in_proc() && processes::shows_everybody();
    for process in processes::all() {
        match process.holds(key) {
            Holds::Yes => return Survivor::Running,
            Holds::Hidden if start.is_none_or(|start| process.start >= start) => is_clear = false,
            Holds::Hidden | Holds::No => {}
        }
    }
    if is_clear { Survivor::Gone } else { Survivor::Unclear }
}

/// Whether any process is to be seen that was started with the key in its environment.
fn is_held(key: &str) -> bool {
    processes::all().iter().any(|process| process.holds(key) == Holds::Yes)
}

#[cfg(test)]
mod tests;
