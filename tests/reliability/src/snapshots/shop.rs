//! A shop with a database and a release whose only step is a snapshot of it.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::database::{Database, Kind};
use crate::random::Random;

/// How long a command may take.
const LONGEST: Duration = Duration::from_secs(240);

/// How a command ended, and what it said.
pub(super) struct Run {
    pub(super) code: Option<i32>,
    pub(super) said: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Self { code: output.status.code(), said: said.concat() }
    }
}

/// What the state knows of a snapshot.
pub(super) struct Known {
    /// Its name; empty for none.
    pub(super) snapshot: String,
    /// Whether it counts as proven.
    pub(super) proven: bool,
}

pub(super) struct Shop {
    relplan: PathBuf,
    pub(super) server: Database,
    pub(super) bucket: bucket_server::Server,
    pub(super) folder: tempfile::TempDir,
    key: String,
    release: u64,
    /// How long a snapshot takes, about: bad luck strikes at a moment of it.
    pub(super) takes: Duration,
}

impl Shop {
    pub(super) fn new(relplan: &Path, kind: Kind) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let key = folder.path().join("backup.key");
        run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key))?;
        let public = std::fs::read_to_string(folder.path().join("backup.key.pub"))?;
        std::fs::create_dir(folder.path().join("scratch"))?;
        // The scratch server runs as another user where this is root.
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
        Ok(Self {
            relplan: relplan.to_path_buf(),
            server: Database::start(kind),
            bucket: bucket_server::Server::start(),
            folder,
            key: public.trim().to_owned(),
            release: 0,
            takes: Duration::ZERO,
        })
    }

    /// Begins the next release: a snapshot with jobs and proof by chance, and with these arguments, one on a line.
    pub(super) fn next_release(&mut self, arguments: &str, random: &mut Random) -> io::Result<()> {
        self.release += 1;
        let jobs = match self.server.kind() {
            Kind::Postgres => format!("jobs = {}", 1 + 2 * random.below(2)),
            Kind::Mariadb => String::new(),
        };
        let resource = self.server.kind().resource();
        let verify = if random.below(3) == 0 { "restore" } else { "read" };
        let mut text = format!(
            "release \"shop\" {{\n  version = \"1.0.{}\"\n}}\n\n\
             variable \"url\" {{\n  sensitive = true\n}}\n\n\
             resource \"{resource}\" \"before\" {{\n  url = var.url\n  \
             encrypt_to = [\"{}\"]\n  identity_file = \"backup.key\"\n  {jobs}\n",
            self.release, self.key
        );
        if !arguments.contains("bucket =") {
            text.push_str("  directory = \"snapshots\"\n");
        }
        if !arguments.contains("verify =") {
            let _ = writeln!(text, "  verify = \"{verify}\"");
        }
        let _ = write!(
            text,
            "{arguments}\n  retain {{\n    count = 2\n  }}\n  retry {{\n    attempts = 1\n  }}\n}}\n"
        );
        std::fs::write(self.folder.path().join("shop.hcl"), text)
    }

    /// Its version.
    pub(super) fn version(&self) -> String {
        format!("1.0.{}", self.release)
    }

    /// A command of relplan, begun by another program that gets these arguments first.
    pub(super) fn command(&self, before: &[&str], arguments: &[&str]) -> Command {
        let mut words: Vec<PathBuf> = before.iter().map(PathBuf::from).collect();
        words.push(self.relplan.clone());
        words.extend(arguments.iter().map(PathBuf::from));
        let mut words = words.into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("RELPLAN_VAR_url", self.server.url("shop"))
            .env("AWS_ACCESS_KEY_ID", &self.bucket.keys.id)
            .env("AWS_SECRET_ACCESS_KEY", &self.bucket.keys.secret)
            .env("AWS_ENDPOINT_URL_S3", self.bucket.endpoint())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(super) fn relplan(&self, arguments: &[&str]) -> io::Result<Run> {
        Self::ended(self.command(&[], arguments).spawn()?)
    }

    /// Takes the snapshot with good luck.
    pub(super) fn apply(&self) -> io::Result<Run> {
        self.relplan(&APPLY)
    }

    /// Takes it in the background.
    pub(super) fn applying(&self) -> io::Result<Child> {
        self.command(&[], &APPLY).spawn()
    }

    /// How it ended. One that hangs is killed, and ends with 98.
    pub(super) fn ended(child: Child) -> io::Result<Run> {
        let (pid, (ended, has_ended)) = (child.id(), channel::<()>());
        let watch = std::thread::spawn(move || {
            let hangs = has_ended.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout);
            if hangs {
                let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
                // It may have ended in this moment.
                let _ = pid.map(|pid| kill_process(pid, Signal::KILL));
            }
            hangs
        });
        let mut run = Run::of(&child.wait_with_output()?);
        drop(ended);
        if watch.join().unwrap_or(true) {
            run.code = Some(98);
            run.said.push_str("it hung, and was killed");
        }
        Ok(run)
    }

    /// Brings a server up again that was killed, and lets nothing fail any more.
    pub(super) fn mend(&mut self) {
        self.bucket.proxy.heal();
        self.server.mend();
    }

    /// The address of the snapshot of this release.
    pub(super) fn address(&self) -> String {
        format!("{}@{}", self.server.kind().address(), self.version())
    }

    /// The snapshot of this release as the state knows it.
    pub(super) fn known(&self) -> io::Result<Known> {
        let run = Run::of(&self.command(&[], &["snapshots", "-json"]).stderr(Stdio::null()).output()?);
        let document: serde_json::Value = serde_json::from_str(run.said.trim()).map_err(io::Error::other)?;
        let all = document.get("snapshots").and_then(serde_json::Value::as_array).into_iter().flatten();
        let version = self.version();
        let ours = |one: &&serde_json::Value| one.get("version").is_some_and(|text| *text == *version);
        let value = all.filter(ours).find_map(|one| one.get("value"));
        let text = |name: &str| value?.get(name)?.as_str().map(str::to_owned);
        Ok(Known { snapshot: text("snapshot").unwrap_or_default(), proven: text("verified").is_some() })
    }

    /// The folder of the snapshot of this release.
    pub(super) fn snapshot(&self) -> io::Result<PathBuf> {
        Ok(self.folder.path().join("snapshots").join(self.known()?.snapshot))
    }

    /// One of its parts.
    pub(super) fn part(&self, random: &mut Random) -> io::Result<PathBuf> {
        let files = std::fs::read_dir(self.snapshot()?)?.filter_map(|entry| Some(entry.ok()?.path()));
        let mut parts: Vec<PathBuf> =
            files.filter(|path| path.extension().is_some_and(|e| e == "age")).collect();
        parts.sort();
        let number = random.index(parts.len());
        parts.into_iter().nth(number).ok_or_else(|| io::Error::other("the snapshot has no part"))
    }
}

/// What takes the snapshot.
pub(super) const APPLY: [&str; 3] = ["apply", "-auto-approve", "shop.hcl"];

/// Runs a command that must not fail.
pub(super) fn run(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))))
}
