//! Running a command of relplan, and what can be done to it meanwhile.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::calls::Call;
use crate::kept::{self, Record};
use crate::scene::Relplan;
use crate::told::{self, Told};

/// Longer than any command here may take; one that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(90);

/// What is done to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    None,
    /// kill -9 at a moment.
    Kill(Duration),
    /// The same while each program that it starts takes its time to start.
    KillAtExec(Duration),
    /// kill -9 when it enters a system call.
    At(Call),
    /// A system call that the system refuses, with this error.
    Refused(Call, &'static str),
    /// A signal that asks it to end; perhaps a second one.
    Signal(Signal, Duration, Option<Duration>),
    /// Somebody else types this meanwhile.
    Rival(Vec<String>),
}

impl Harm {
    /// Whether a person asks, and relplan answers in its own way.
    pub(crate) const fn asks(&self) -> bool {
        matches!(self, Self::Signal(..))
    }
}

impl fmt::Display for Harm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => write!(out, "in peace"),
            Self::Kill(after) => write!(out, "killed after {} ms", after.as_millis()),
            Self::KillAtExec(after) => write!(out, "killed after {} ms with slow starts", after.as_millis()),
            Self::At(call) => write!(out, "killed at {call}"),
            Self::Refused(call, error) => write!(out, "{error} at {call}"),
            Self::Signal(signal, after, again) => {
                let signal = signal.as_raw();
                write!(out, "signal {signal} after {} ms", after.as_millis())?;
                again.map_or(Ok(()), |again| write!(out, " and again {} ms later", again.as_millis()))
            }
            Self::Rival(typed) => write!(out, "while somebody else types `{}`", typed.join(" ")),
        }
    }
}

/// How a command ended.
pub(crate) struct Run {
    pub(crate) typed: String,
    /// None when a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it printed, errors last.
    pub(crate) said: String,
    /// Whether it was under way when the harm came.
    pub(crate) struck: bool,
    /// Every record, and how many there were before.
    pub(crate) records: Vec<Record>,
    pub(crate) before: usize,
    /// What was broken, whatever it is to do.
    pub(crate) findings: Vec<String>,
}

/// What runs relplan in a folder.
pub(crate) struct Runner<'r> {
    pub(crate) relplan: &'r Relplan,
    pub(crate) folder: &'r Path,
    pub(crate) ledger: PathBuf,
    pub(crate) environment: &'r [(String, String)],
    /// Of the command before; each has files of its own.
    pub(crate) number: u32,
}

impl Runner<'_> {
    /// Runs a command, does harm to it, and looks at what must hold of every command.
    pub(crate) fn run(&mut self, typed: &[String], harm: &Harm) -> io::Result<Run> {
        self.number += 1;
        let before = kept::read(&self.ledger).len();
        let trace = self.path("trace");
        let relplan = match harm {
            Harm::At(call) => self.relplan.under("strace", &words(&at(*call, "signal=KILL", &trace))),
            Harm::Refused(call, error) => {
                self.relplan.under("strace", &words(&at(*call, &format!("error={error}"), &trace)))
            }
            Harm::KillAtExec(_) => self.relplan.under("strace", &words(&slow_starts())),
            _ => self.relplan.clone(),
        };
        let mut child = self.start(&relplan, typed, "")?;
        let mut rival = Vec::new();
        let struck = match harm {
            Harm::None | Harm::At(_) | Harm::Refused(..) => false,
            Harm::Kill(after) => after_a_while(&mut child, *after, Signal::KILL)?,
            Harm::KillAtExec(after) => kill_traced(&mut child, *after)?,
            Harm::Signal(signal, after, again) => {
                let struck = after_a_while(&mut child, *after, *signal)?;
                if let Some(again) = again {
                    after_a_while(&mut child, *again, *signal)?;
                }
                struck
            }
            Harm::Rival(other) => self.rival(&mut child, before, other, &mut rival)?,
        };
        let (status, hangs) = ended(&mut child)?;
        let mut findings = rival;
        if hangs {
            findings.push("it hangs".to_owned());
        }
        let read = |name: &str| std::fs::read_to_string(self.path(name)).unwrap_or_default();
        let records = kept::read(&self.ledger);
        let said = read("out");
        findings.extend(Told::by(&said).unkept(records.get(before..).unwrap_or_default()));
        findings.extend(told::too_early(&read("trace")));
        let said = format!("{said}{}", read("err"));
        if let Some(line) =
            said.lines().find(|line| line.contains("lease report") || line.contains("panicked"))
        {
            findings.push(format!("it takes itself for broken: {line}"));
        }
        let struck = match harm {
            Harm::At(_) => status.signal().is_some(),
            Harm::Refused(..) => status.code() != Some(0),
            _ => struck,
        };
        Ok(Run { typed: typed.join(" "), code: status.code(), said, struck, records, before, findings })
    }

    /// Runs a command that only looks, and gives its exit code and what it printed.
    pub(crate) fn look(&mut self, arguments: &[&str]) -> io::Result<(Option<i32>, String)> {
        self.number += 1;
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let mut child = self.start(self.relplan, &arguments, "")?;
        let (status, _) = ended(&mut child)?;
        let read = |name: &str| std::fs::read_to_string(self.path(name)).unwrap_or_default();
        Ok((status.code(), format!("{}{}", read("out"), read("err"))))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}-{}", self.number))
    }

    /// Output goes to files: what was printed before a kill stays readable.
    fn start(&self, relplan: &Relplan, arguments: &[String], who: &str) -> io::Result<Child> {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command: Command = relplan.command(self.folder, &arguments);
        command
            .env("PATH", "/usr/bin:/bin")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(std::fs::File::create(self.path(&format!("{who}out")))?)
            .stderr(std::fs::File::create(self.path(&format!("{who}err")))?)
            .spawn()
    }

    /// Once the first has the lock, the second must be told so.
    fn rival(
        &self,
        first: &mut Child,
        before: usize,
        typed: &[String],
        findings: &mut Vec<String>,
    ) -> io::Result<bool> {
        let begun = Instant::now();
        while kept::read(&self.ledger).len() <= before {
            if first.try_wait()?.is_some() || begun.elapsed() > LONGEST {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let (status, _) = ended(&mut self.start(self.relplan, typed, "rival-")?)?;
        if first.try_wait()?.is_some() {
            // It may have been over before the second asked.
            return Ok(false);
        }
        let said = std::fs::read_to_string(self.path("rival-err")).unwrap_or_default();
        if status.code() != Some(8) || !said.contains("is locked by") {
            findings.push(format!("`{}` at the same time ends with {status}: {said}", typed.join(" ")));
        }
        Ok(true)
    }
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// strace that kills at a call, or refuses it, and writes down what was told and what was kept until then. What relplan starts is
/// left alone.
fn at(call: Call, what: &str, log: &Path) -> Vec<String> {
    let Call { name, number } = call;
    let log = log.display().to_string();
    let mut arguments: Vec<String> =
        ["-f", "-b", "execve", "-qqq", "-y", "-s", "100000", "-o", &log].map(str::to_owned).to_vec();
    arguments.extend(["-e".to_owned(), format!("trace=write,pwrite64,fsync,fdatasync,{name}")]);
    arguments.extend(["-e".to_owned(), format!("inject={name}:{what}:when={number}")]);
    arguments
}

/// strace that lets each program take its time to start.
fn slow_starts() -> Vec<String> {
    let inject = "inject=execve:delay_enter=60000";
    ["-f", "-b", "execve", "-qqq", "-o", "/dev/null", "-e", "trace=execve", "-e", inject]
        .map(str::to_owned)
        .to_vec()
}

/// Lets some time go by and sends a signal; gives whether the command was still under way.
fn after_a_while(child: &mut Child, after: Duration, signal: Signal) -> io::Result<bool> {
    std::thread::sleep(after);
    if child.try_wait()?.is_some() {
        return Ok(false);
    }
    if let Some(process) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        kill_process(process, signal)?;
    }
    Ok(true)
}

/// The same for what strace runs.
fn kill_traced(strace: &mut Child, after: Duration) -> io::Result<bool> {
    std::thread::sleep(after);
    if strace.try_wait()?.is_some() {
        return Ok(false);
    }
    let id = strace.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    let first = children.split_whitespace().next().and_then(|word| word.parse().ok());
    let Some(process) = first.and_then(Pid::from_raw) else { return Ok(false) };
    // It may end in this moment.
    Ok(kill_process(process, Signal::KILL).is_ok())
}

/// Waits until a command has ended, and says whether it had to be killed for that.
fn ended(child: &mut Child) -> io::Result<(std::process::ExitStatus, bool)> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, false));
        }
        if begun.elapsed() > LONGEST {
            child.kill()?;
            return Ok((child.wait()?, true));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The line of what a command said that tells what went wrong.
pub(crate) fn gist(said: &str) -> &str {
    let words = ["Error", "failed", "on hold", "  = "];
    let tells = |line: &&str| words.iter().any(|word| line.contains(word)) && !line.contains("= help");
    said.lines()
        .find(tells)
        .or_else(|| said.lines().rfind(|line| !line.is_empty()))
        .unwrap_or_default()
        .trim()
}
