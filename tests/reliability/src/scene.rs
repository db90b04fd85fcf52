//! A folder with a release whose effects can be counted, and what must hold there whatever was done to the runs.
//!
//! Effects are lines of a file, `KEY ADDRESS WHAT`, which the `fake` provider appends; KEY is the idempotency key of
//! the intent that it acted for. So each effect can be held against the ledger.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How to start a relplan: the built one, or one with a planted bug.
#[derive(Clone, Debug)]
pub struct Relplan {
    program: PathBuf,
    before: Vec<OsString>,
    /// The variable through which the arguments are handed over, where the program has others of its own.
    through: Option<&'static str>,
}

impl Relplan {
    /// The built command.
    #[must_use]
    pub fn built(program: &Path) -> Self {
        Self { program: program.to_owned(), before: Vec::new(), through: None }
    }

    /// Another program with arguments of its own; it finds relplan's in the variable `through`, each on a line.
    #[must_use]
    pub fn inside(program: &Path, own: &[&str], through: &'static str) -> Self {
        let before = own.iter().map(OsString::from).collect();
        Self { program: program.to_owned(), before, through: Some(through) }
    }

    /// The same, started by another program that gets these arguments first: `strace -f ...`.
    #[must_use]
    pub fn under(&self, program: &str, arguments: &[&str]) -> Self {
        let mut before: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        before.push(self.program.clone().into());
        before.extend(self.before.iter().cloned());
        Self { program: program.into(), before, through: self.through }
    }

    /// A command of relplan in a folder, to be looked at before it is started.
    pub(crate) fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.before);
        match self.through {
            Some(variable) => command.env(variable, arguments.join("\n")),
            None => command.args(arguments),
        };
        command
            .env("USER", "ann")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// What a release of a scene is made of.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Records, each with one effect.
    pub records: usize,
    /// Deployments after them, each with one effect.
    pub deployments: usize,
    /// Checks after those. Judging twice does no harm, so that their effects may come twice.
    pub checks: usize,
    /// How long each action takes, in milliseconds, half of it before its effect and half of it after.
    pub action_ms: u64,
}

impl Shape {
    /// How many effects a whole release has, checks left out.
    #[must_use]
    pub const fn effects(&self) -> usize {
        self.records + self.deployments
    }

    fn release(&self, effects: &Path) -> String {
        let mut text = "release \"scene\" {\n  version = \"1.0.0\"\n}\n".to_owned();
        let half = self.action_ms / 2;
        let blocks = [
            ("fake_record", self.records, "value = \"r${count.index}\"", ""),
            ("fake_deployment", self.deployments, "version = \"1.0.${count.index}\"", "fake_record.it"),
            ("fake_check", self.checks, "value = \"c${count.index}\"", "fake_deployment.it"),
        ];
        for (ty, count, argument, after) in blocks {
            let _ = write!(
                text,
                "\nresource \"{ty}\" \"it\" {{\n  count = {count}\n  {argument}\n  delay_ms = {half}\n  \
                 delay_after_ms = {half}\n  effects = \"{}\"\n",
                effects.display()
            );
            if !after.is_empty() {
                let _ = writeln!(text, "  depends_on = [{after}]");
            }
            text.push_str("}\n");
        }
        text
    }
}

/// An effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The idempotency key that it was made under.
    pub key: String,
    /// For which object.
    pub address: String,
}

/// A folder with a release.
pub struct Scene {
    folder: PathBuf,
    effects: PathBuf,
    shape: Shape,
    /// Removed with the scene.
    _own: Option<tempfile::TempDir>,
}

impl Scene {
    /// A new folder with a release of this shape.
    pub fn new(shape: Shape) -> io::Result<Self> {
        let own = tempfile::tempdir()?;
        let effects = own.path().join("effects.txt");
        let scene = Self::at(own.path(), &effects, shape)?;
        Ok(Self { _own: Some(own), ..scene })
    }

    /// A release in a folder of somebody else's; its effects go into `effects`.
    pub fn at(folder: &Path, effects: &Path, shape: Shape) -> io::Result<Self> {
        std::fs::write(folder.join("scene.hcl"), shape.release(effects))?;
        Ok(Self { folder: folder.to_owned(), effects: effects.to_owned(), shape, _own: None })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The ledger's own folder.
    #[must_use]
    pub fn ledger_folder(&self) -> PathBuf {
        self.folder.join(".relplan/scene")
    }

    /// The ledger as it is.
    #[must_use]
    pub fn ledger(&self) -> String {
        let bytes = std::fs::read(self.ledger_folder().join("ledger.jsonl")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// An apply, started.
    pub fn start_apply(&self, relplan: &Relplan) -> io::Result<Child> {
        self.apply(relplan).spawn()
    }

    /// An apply, to be started.
    #[must_use]
    pub fn apply(&self, relplan: &Relplan) -> Command {
        relplan.command(&self.folder, &["apply", "-auto-approve", "-parallelism=10", "scene.hcl"])
    }

    /// Runs another command, and gives how it ended.
    pub fn run(&self, relplan: &Relplan, arguments: &[&str]) -> io::Result<ExitStatus> {
        relplan.command(&self.folder, arguments).status()
    }

    /// Runs another command, to be looked at before it is started.
    #[must_use]
    pub fn command(&self, relplan: &Relplan, arguments: &[&str]) -> Command {
        relplan.command(&self.folder, arguments)
    }

    /// Every effect so far, in order.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        let text = std::fs::read_to_string(&self.effects).unwrap_or_default();
        let effect = |line: &str| {
            let mut words = line.split(' ').map(str::to_owned);
            Some(Effect { key: words.next()?, address: words.next()? })
        };
        text.lines().filter_map(effect).collect()
    }

    /// Effects for which the ledger has no intent: somebody acted before the intent was there, or it was lost.
    #[must_use]
    pub fn unintended(&self) -> Vec<String> {
        let ledger = self.ledger();
        let effects = self.effects().into_iter();
        let unknown = effects.filter(|effect| !ledger.contains(&effect.key));
        unknown.map(|effect| format!("{} was done without an intent in the ledger", effect.address)).collect()
    }

    /// Runs until everything is done, and gives every promise that is broken then.
    pub fn finish(&self, relplan: &Relplan) -> io::Result<Vec<String>> {
        let mut findings = self.unintended();
        let applied = self.start_apply(relplan)?.wait()?;
        if applied.code() != Some(0) {
            findings.push(format!("the last apply does not finish: {applied}"));
        }
        findings.extend(self.miscounted());
        for arguments in [&["state", "verify"][..], &["plan", "-detailed-exitcode", "scene.hcl"]] {
            let status = self.run(relplan, arguments)?;
            if status.code() != Some(0) {
                findings.push(format!("`relplan {}` afterwards: {status}", arguments.join(" ")));
            }
        }
        Ok(findings)
    }

    /// Effects that are missing or were made more than once.
    #[must_use]
    pub fn miscounted(&self) -> Vec<String> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for effect in self.effects() {
            *counts.entry(effect.address).or_default() += 1;
        }
        let checks = |address: &str| address.starts_with("fake_check.");
        let mut findings: Vec<String> = counts
            .iter()
            .filter(|(address, count)| **count > 1 && !checks(address))
            .map(|(address, count)| format!("{address} was done {count} times"))
            .collect();
        let once = counts.keys().filter(|address| !checks(address)).count();
        if once != self.shape.effects() {
            findings.push(format!("{once} of {} effects were made", self.shape.effects()));
        }
        findings
    }

    /// How long a whole apply takes here, measured in a scene of its own.
    pub fn measure(relplan: &Relplan, shape: Shape) -> io::Result<Duration> {
        let scene = Self::new(shape)?;
        let begun = Instant::now();
        scene.start_apply(relplan)?.wait()?;
        Ok(begun.elapsed())
    }
}
