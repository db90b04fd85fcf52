//! What a command must not have done, by the calls that it made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::pulls::ground::{Ground, LEDGER};
use crate::pulls::trace::Call;
use crate::pulls::verb::Verb;
use crate::pulls::watch::{Limits, Seen};

/// What every program reads of the system: its libraries, its own memory map, how many processors there are.
const ANY_PROGRAM: &[&str] =
    &["/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/", "/sys/devices/system/cpu/", "/sys/fs/cgroup/"];
const ANY_PROGRAM_FILES: &[&str] =
    &["/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/proc/sys/vm/overcommit_memory"];
/// What it reads of `/proc`, behind the number of the process.
const ANY_PROCESS: &[&str] = &["maps", "status", "cgroup", "mountinfo"];
/// The system's authorities: a provider that speaks HTTP reads them when it is configured, and each is, whether a file
/// names it or not.
const AUTHORITIES: &[&str] = &[
    "/etc/ssl/",
    "/usr/share/ca-certificates/",
    "/usr/local/share/ca-certificates/",
    "/usr/lib/ssl/",
    "/etc/pki/",
];
/// What a program reads that looks for a server.
const ANY_CLIENT_FILES: &[&str] =
    &["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf"];

/// The files of its ledger that a plan reads.
const LEDGER_FILES: [&str; 5] = ["ledger.jsonl", "checkpoint.json", "head", "lock", "key"];

/// Calls that change something by name.
const CHANGES: &[&str] = &[
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "symlink",
    "symlinkat",
    "link",
    "linkat",
    "truncate",
    "chmod",
    "fchmodat",
    "fchmodat2",
    "chown",
    "lchown",
    "fchownat",
    "mknod",
    "mknodat",
    "utimensat",
    "setxattr",
    "lsetxattr",
    "removexattr",
    "mount",
    "umount2",
    "chroot",
    "pivot_root",
    "swapon",
];

/// Calls that nobody has a use for here.
const NEVER: &[&str] = &[
    "bind",
    "listen",
    "accept",
    "accept4",
    "open_by_handle_at",
    "io_uring_setup",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kill",
];

/// How often an innocent pull request's plan opens each file of its ledger.
pub(super) type Opens = BTreeMap<PathBuf, usize>;

/// What a judgement needs to know beside the calls.
pub(super) struct Case<'c> {
    pub(super) ground: &'c Ground,
    pub(super) verb: Verb,
    pub(super) limits: Limits,
    /// The only port that may be contacted, and only by a review.
    pub(super) port: &'c str,
    /// How often the ledger's own files may be opened; none while that is measured.
    pub(super) innocent: Option<&'c Opens>,
}

/// Every promise that the calls break, as `[kind] what`.
pub(super) fn calls(case: &Case<'_>, seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    let started = seen.calls.iter().filter(|call| call.name.starts_with("execve")).skip(1);
    found.extend(started.map(|call| format!("[command started] {}", shortened(&call.arguments))));
    for call in &seen.calls {
        found.extend(network(case, call));
        found.extend(case.read(call));
        found.extend(case.written(call));
        if NEVER.contains(&&*call.name) {
            found.push(format!("[call] {}({})", call.name, shortened(&call.arguments)));
        }
    }
    for (path, count) in opens(case.ground, seen) {
        let most =
            case.innocent.map_or(usize::MAX, |innocent| innocent.get(&path).copied().unwrap_or_default());
        if case.verb.plans() && count > most {
            let whose = if path.ends_with(".git/index") { ".git" } else { ".relplan" };
            found.push(format!("[read of {whose}] {} is opened {count} times, not {most}", path.display()));
        }
    }
    found.extend(taken(case.limits, seen));
    found
}

fn taken(limits: Limits, seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    if seen.time > limits.time {
        found.push(format!("[time] it takes {} ms and more", seen.time.as_millis()));
    }
    if seen.memory > limits.memory {
        found.push(format!("[memory] it takes {} MB and more", seen.memory >> 20));
    }
    found
}

/// How often each file of the product's ledger is opened, and git's index, which says whether that was checked in.
pub(super) fn opens(ground: &Ground, seen: &Seen) -> Opens {
    let (folder, index) = (ground.checkout().join(LEDGER), ground.checkout().join(".git/index"));
    let own = |path: &PathBuf| *path == index || (path.starts_with(&folder) && *path != folder);
    let mut opens = Opens::new();
    let paths = seen
        .calls
        .iter()
        .filter(|call| call.name.starts_with("open") && call.succeeded())
        .filter_map(Call::opened);
    for path in paths.filter(own) {
        *opens.entry(path.strip_prefix(ground.top()).unwrap_or(&path).to_owned()).or_default() += 1;
    }
    opens
}

fn network(case: &Case<'_>, call: &Call) -> Option<String> {
    let allowed = match &*call.name {
        // What tokio hears signals by: two ends of its own, with no name.
        "socketpair" => call.arguments.starts_with("AF_UNIX"),
        "socket" => case.verb == Verb::Review && call.arguments.starts_with("AF_INET"),
        "connect" | "sendto" => {
            let named = call.arguments.contains("sin_port")
                || call.arguments.contains("sun_path")
                || call.arguments.contains("sin6_port");
            let ours = format!("sin_port=htons({}), sin_addr=inet_addr(\"127.0.0.1\")", case.port);
            case.verb == Verb::Review
                && (!named || call.arguments.contains(&ours))
                && (named || call.name == "sendto")
        }
        _ => return None,
    };
    (!allowed).then(|| format!("[socket] {}({})", call.name, shortened(&call.arguments)))
}

impl Case<'_> {
    /// A successful look into a file or folder that this command has no business with.
    fn read(&self, call: &Call) -> Option<String> {
        let (path, what) = match &*call.name {
            "getdents64" if call.succeeded() => (call.folder()?, "lists"),
            "creat" => return None,
            name if name.starts_with("open") && call.succeeded() => {
                if call.has("O_PATH") || call.has("O_WRONLY") {
                    return None;
                }
                let path = call.opened()?;
                // Opening a folder reads nothing of it: listing it does.
                if call.has("O_DIRECTORY") || path.is_dir() {
                    return None;
                }
                (path, "opens")
            }
            _ => return None,
        };
        let checkout = self.ground.checkout();
        let Ok(inside) = path.strip_prefix(&checkout) else {
            return (!self.of_the_system(&path))
                .then(|| format!("[read outside] {what} {}", self.shown(&path)));
        };
        if has_name(inside, ".git") && !self.own_index(what, inside) {
            return Some(format!("[read of .git] {what} {}", self.shown(&path)));
        }
        if has_name(inside, ".relplan") && !self.own_ledger(call, inside) {
            return Some(format!("[read of .relplan] {what} {}", self.shown(&path)));
        }
        None
    }

    /// Whether it is the ledger's own code that opens a file of the product's ledger: beside an open folder, no link
    /// followed.
    fn own_ledger(&self, call: &Call, inside: &Path) -> bool {
        let name = inside.file_name().unwrap_or_default().to_string_lossy();
        self.verb.plans()
            && call.name == "openat"
            && call.has("O_NOFOLLOW")
            && inside.parent().and_then(Path::parent).is_some_and(|above| above.ends_with(".relplan"))
            && call
                .folder()
                .is_some_and(|folder| Some(&*folder) == self.ground.checkout().join(inside).parent())
            && LEDGER_FILES.contains(&&*name)
    }

    /// Whether it is a plan that looks whether its ledger was checked in: by the names in git's index, and nothing else.
    fn own_index(&self, what: &str, inside: &Path) -> bool {
        let names = what == "lists" && inside == Path::new(".git");
        self.verb.plans() && (names || inside == Path::new(".git/index"))
    }

    fn of_the_system(&self, path: &Path) -> bool {
        let text = path.to_string_lossy();
        let below = |folders: &[&str]| folders.iter().any(|folder| text.starts_with(folder));
        let of_a_process = text.strip_prefix("/proc/").and_then(|rest| rest.split_once('/'));
        // What is to be printed, or is started, lies wherever we put it.
        below(ANY_PROGRAM)
            || ANY_PROGRAM_FILES.contains(&&*text)
            || of_a_process.is_some_and(|(_, name)| ANY_PROCESS.contains(&name))
            || (self.verb != Verb::Format && below(AUTHORITIES))
            || (self.verb == Verb::Review && ANY_CLIENT_FILES.contains(&&*text))
    }

    /// A change that this command has no business with.
    fn written(&self, call: &Call) -> Option<String> {
        if !call.succeeded() {
            return None;
        }
        let opens = call.name.starts_with("open") || call.name == "creat";
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| call.has(flag));
        let paths = match &*call.name {
            _ if opens && (writes || call.name == "creat") => call.opened().into_iter().collect(),
            "fchmod" | "fchown" | "ftruncate" => call.folder().into_iter().collect(),
            name if CHANGES.contains(&name) => call.paths(),
            _ => return None,
        };
        let bad = paths.iter().find(|path| path.to_str() != Some("/dev/null") && !self.may_write(path))?;
        Some(format!("[written] {} {}", call.name, self.shown(bad)))
    }

    /// Only `fmt` writes, and only HCL files of the tree, by way of a file beside them.
    pub(super) fn may_write(&self, path: &Path) -> bool {
        let inside = path.strip_prefix(self.ground.checkout());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.verb == Verb::Format
            && inside.is_ok_and(|inside| !has_name(inside, ".git") && !has_name(inside, ".relplan"))
            && (name.ends_with(".hcl") || name.contains(".relplan-fmt-"))
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.ground.top()).unwrap_or(path).display().to_string()
    }
}

/// Whether a path leads through a file or folder of this name, as any file system reads it.
pub(super) fn has_name(path: &Path, name: &str) -> bool {
    path.components().any(|part| part.as_os_str().to_string_lossy().eq_ignore_ascii_case(name))
}

fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}
