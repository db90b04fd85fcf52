//! Which system calls a command makes once it has the ledger, so that it can be killed at each.

use std::collections::{BTreeMap, BTreeSet};

use crate::random::Random;
use crate::scene::Relplan;
pub(crate) use crate::strace::Call;

/// Calls that write, make durable, rename, link, start or await a process, connect, or talk.
const KINDS: [&str; 30] = [
    "write",
    "pwrite64",
    "writev",
    "fsync",
    "fdatasync",
    "ftruncate",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlinkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "flock",
    "clone3",
    "clone",
    "vfork",
    "socketpair",
    "connect",
    "sendto",
    "sendmsg",
    "recvfrom",
    "pipe2",
    "wait4",
    "waitid",
    "epoll_ctl",
    "openat",
];

/// The calls of a command, by their names.
#[derive(Debug, Default)]
pub(crate) struct Calls(BTreeMap<&'static str, Vec<Call>>);

impl Calls {
    /// relplan that writes its calls down. What it starts is left alone.
    pub(crate) fn traced(relplan: &Relplan, log: &str) -> Relplan {
        let trace = format!("trace={}", KINDS.join(","));
        relplan.under("strace", &["-f", "-b", "execve", "-qqq", "-o", log, "-e", &trace])
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.0.values().map(Vec::len).sum::<usize>() as u64
    }

    /// One of them: each kind as often as another.
    pub(crate) fn choose(&self, random: &mut Random) -> Option<Call> {
        Self::among(&self.0.values().collect::<Vec<_>>(), random)
    }

    /// One of those that write to a disk: only the ledger does that by these.
    pub(crate) fn choose_write(&self, random: &mut Random) -> Option<Call> {
        let writes = ["pwrite64", "fsync", "fdatasync", "ftruncate", "renameat"];
        let writes: Vec<&Vec<Call>> = writes.iter().filter_map(|name| self.0.get(name)).collect();
        Self::among(&writes, random)
    }

    fn among(kinds: &[&Vec<Call>], random: &mut Random) -> Option<Call> {
        let kind = random.index(kinds.len());
        random.choose(kinds.get(kind)?)
    }

    /// The calls behind the one that takes the lock. strace counts those of each thread apart, so that one of another
    /// thread counts only where the first thread cannot have come to that number before.
    pub(crate) fn of(log: &str) -> Self {
        let mut counts: BTreeMap<(&str, &'static str), u64> = BTreeMap::new();
        let main = log.split_whitespace().next().unwrap_or_default();
        let mut threads = BTreeSet::from([main]);
        let mut early: Option<BTreeMap<&'static str, u64>> = None;
        let mut found: BTreeSet<(&'static str, u64)> = BTreeSet::new();
        for line in log.lines() {
            let Some((thread, call)) = line.split_once(' ') else { continue };
            if let Some((_, rest)) = call.split_once("parent_tid=[") {
                threads.extend(rest.split_once(']').map(|(thread, _)| thread));
            }
            let name = call.trim_start().split_once('(').map(|(name, _)| name);
            let Some(kind) = KINDS.iter().find(|kind| Some(**kind) == name).copied() else { continue };
            let count = counts.entry((thread, kind)).or_default();
            *count += 1;
            let number = *count;
            match &early {
                Some(early)
                    if threads.contains(thread) && early.get(kind).is_none_or(|before| number > *before) =>
                {
                    found.insert((kind, number));
                }
                None if kind == "flock" => {
                    let of_main = counts.iter().filter(|((thread, _), _)| *thread == main);
                    early = Some(of_main.map(|((_, kind), count)| (*kind, *count)).collect());
                }
                _ => {}
            }
        }
        let mut calls: BTreeMap<&'static str, Vec<Call>> = BTreeMap::new();
        for (name, number) in found {
            calls.entry(name).or_default().push(Call { name, number });
        }
        Self(calls)
    }
}
