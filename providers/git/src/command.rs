//! Running the `git` program: what it may see, what it may do, how long, and how much it may say.
//!
//! Arguments are an argv list, never a shell's line. Values of the release file are checked before they come
//! here, and stand behind `--end-of-options` all the same.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Seek as _, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use relplan_contract::{Context, Problem, ProblemKind};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tracing::debug;

use crate::failure::{self, presentable};
use crate::location::PROTOCOLS;
use crate::program::{self, Program};

/// The most that git may print before it is stopped.
const OUTPUT_LIMIT_BYTES: u64 = 64 * 1024 * 1024;

/// How much of the end of git's messages is kept.
const MESSAGES_KEPT_BYTES: usize = 16 * 1024;

/// How long output is waited for once git itself has ended: a daemon that it left may hold the pipe open.
const GRACE: Duration = Duration::from_millis(500);

/// How long a command may take that stays on this machine.
const LOCAL_LIMIT: Duration = Duration::from_secs(120);

/// How long a command may take that speaks to a server.
pub(crate) const NETWORK_LIMIT: Duration = Duration::from_secs(600);

/// The variables of git that are passed on: who commits, how to reach a server, where configuration is. All
/// others are taken away, above all those that redirect to another repository, index or object store.
const PASSED_ON: &[&str] = &[
    "GIT_ASKPASS",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
    "GIT_HTTP_LOW_SPEED_LIMIT",
    "GIT_HTTP_LOW_SPEED_TIME",
    "GIT_HTTP_PROXY_AUTHMETHOD",
    "GIT_HTTP_USER_AGENT",
    "GIT_PROXY_COMMAND",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_CIPHER_LIST",
    "GIT_SSL_KEY",
    "GIT_SSL_NO_VERIFY",
    "GIT_SSL_VERSION",
];

/// Configuration that stands above every file: nothing but git itself runs, and nothing happens on the side.
const CONFIGURATION: &[(&str, &str)] = &[
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("protocol.ext.allow", "never"),
    ("core.filesRefLockTimeout", "2000"),
    ("core.packedRefsTimeout", "2000"),
    // A tag must not outlive a power cut as a name of an object that did not.
    ("core.fsync", "committed,reference,loose-object"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("push.recurseSubmodules", "no"),
    ("push.followTags", "false"),
    ("tag.gpgSign", "false"),
    ("tag.forceSignAnnotated", "false"),
    ("log.showSignature", "false"),
    ("i18n.commitEncoding", "UTF-8"),
    ("i18n.logOutputEncoding", "UTF-8"),
    ("http.lowSpeedLimit", "1"),
    ("http.lowSpeedTime", "60"),
];

impl Program {
    /// A call of it in a folder, not yet made.
    pub(crate) fn call<'a>(&self, context: &'a Context, folder: &'a Path) -> Call<'a> {
        Call {
            program: self.clone(),
            context,
            folder,
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            of_repository: &[],
            configuration: Vec::new(),
            input: String::new(),
            limit: LOCAL_LIMIT,
            steady: false,
        }
    }
}

/// One call of git, not yet made.
pub(crate) struct Call<'a> {
    program: Program,
    context: &'a Context,
    folder: &'a Path,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    /// What stands below everything that the operator configures.
    of_repository: &'a [(String, String)],
    configuration: Vec<(String, String)>,
    input: String,
    limit: Duration,
    steady: bool,
}

/// What a finished git said.
#[derive(Debug)]
pub(crate) struct Output {
    /// Whether it ended well.
    pub(crate) success: bool,
    /// What it printed.
    pub(crate) stdout: String,
    /// The end of its messages, fit to be shown.
    pub(crate) stderr: String,
}

impl<'a> Call<'a> {
    /// More arguments.
    pub(crate) fn args<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// A variable for git.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// A configuration value. It travels in the environment, where other users of the machine cannot see it.
    pub(crate) fn config(mut self, key: &str, value: impl Into<String>) -> Self {
        self.configuration.push((key.into(), value.into()));
        self
    }

    /// Configuration of the repository that was let through.
    pub(crate) fn of_repository(mut self, pairs: &'a [(String, String)]) -> Self {
        self.of_repository = pairs;
        self
    }

    /// What git reads. It is there as a whole before git begins: a git that outlives relplan must not take the end of a
    /// pipe for the end of the text.
    pub(crate) fn input(mut self, text: impl Into<String>) -> Self {
        self.input = text.into();
        self
    }

    /// The call speaks to a server.
    pub(crate) fn network(mut self) -> Self {
        self.limit = NETWORK_LIMIT;
        self
    }

    /// The call changes something: an interruption waits for its end instead of cutting it short.
    pub(crate) fn steady(mut self) -> Self {
        self.steady = true;
        self
    }

    /// Makes the call; git's own failure is a problem. `doing` completes "Could not ...".
    pub(crate) async fn succeed(self, doing: &str) -> Result<String, Problem> {
        let output = self.run().await?;
        if output.success { Ok(output.stdout) } else { Err(failure::problem(doing, &output.stderr)) }
    }

    /// Makes the call. Git's own failure is told in the output.
    pub(crate) async fn run(self) -> Result<Output, Problem> {
        let cancel = self.context.cancel.clone();
        if cancel.is_cancelled() && !self.steady {
            return Err(Problem::cancelled());
        }
        let steady = self.steady;
        let name = format!("git {}", self.arguments.first().map_or("", String::as_str));
        let mut child = self.command()?.spawn().map_err(|error| self.spawn_problem(&error))?;
        let begun = Instant::now();
        debug!(program = name, pid = child.id(), "process started");
        let group = Group::of(&child);
        let interrupted =
            async { if steady { std::future::pending().await } else { cancel.cancelled().await } };
        // Real time, not the engine's clock: it is a real process that must not hang.
        let output = tokio::select! {
            output = tokio::time::timeout(self.limit, collect(&mut child)) => output,
            () = interrupted => return Err(Problem::cancelled()),
        };
        let finished = output.map_err(|_| {
            let message = format!("`{name}` did not end within {} s and was stopped.", self.limit.as_secs());
            Problem::new(if steady { ProblemKind::Uncertain } else { ProblemKind::Retry }, message)
        })?;
        group.ended();
        let success = finished.as_ref().is_ok_and(|output| output.success);
        debug!(program = name, success, ms = begun.elapsed().as_millis(), "process ended");
        finished
    }

    fn command(&self) -> Result<Command, Problem> {
        let path = self.context.environment.get("PATH").map(String::as_str);
        let program =
            self.program.find(path).ok_or_else(|| self.spawn_problem(&ErrorKind::NotFound.into()))?;
        let input = self.whole_input().map_err(|error| {
            Problem::refused(format!("What git is to read could not be put into a temporary file: {error}."))
        })?;
        #[expect(clippy::disallowed_methods, reason = "the one place where git is started")]
        let mut command = Command::new(program);
        command
            .args(&self.arguments)
            .current_dir(self.folder)
            .env_clear()
            .envs(self.variables())
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        Ok(command)
    }

    /// Its input as a file without a name, from which nobody can read less than all.
    fn whole_input(&self) -> std::io::Result<Stdio> {
        if self.input.is_empty() {
            return Ok(Stdio::null());
        }
        let mut file: File = tempfile::tempfile()?;
        file.write_all(self.input.as_bytes())?;
        file.rewind()?;
        Ok(file.into())
    }

    fn variables(&self) -> BTreeMap<String, String> {
        let given = &*self.context.environment;
        let mut variables: BTreeMap<String, String> = given
            .iter()
            .filter(|(name, _)| !name.starts_with("GIT_") || PASSED_ON.contains(&name.as_str()))
            // What makes programs load foreign code is nothing that git needs.
            .filter(|(name, _)| !name.starts_with("LD_") && !name.starts_with("DYLD_"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        variables.insert("PATH".into(), program::absolute(given.get("PATH").map(String::as_str)));
        // Without an askpass program ssh would ask on the terminal; `false` answers nothing.
        variables.entry("SSH_ASKPASS".into()).or_insert_with(|| "false".into());
        variables.entry("SSH_ASKPASS_REQUIRE".into()).or_insert_with(|| "force".into());
        for (name, value) in [
            ("LC_ALL", "C"),
            ("LANGUAGE", "C"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_ADVICE", "0"),
            ("GCM_INTERACTIVE", "never"),
        ] {
            variables.insert(name.into(), value.into());
        }
        variables.insert("GIT_ALLOW_PROTOCOL".into(), PROTOCOLS.join(":"));
        variables.extend(self.environment.clone());
        self.add_configuration(&mut variables);
        variables
    }

    /// The caller's `GIT_CONFIG_COUNT` is kept, since builds pass credentials that way; ours comes behind it
    /// and so wins.
    fn add_configuration(&self, variables: &mut BTreeMap<String, String>) {
        let given = &*self.context.environment;
        let own = CONFIGURATION.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let inherited: usize = given.get("GIT_CONFIG_COUNT").and_then(|n| n.parse().ok()).unwrap_or(0);
        let pairs = (0..inherited).filter_map(|index| {
            let key = given.get(&format!("GIT_CONFIG_KEY_{index}"))?;
            Some((key.clone(), given.get(&format!("GIT_CONFIG_VALUE_{index}"))?.clone()))
        });
        let pairs = self.of_repository.iter().cloned().chain(pairs).chain(own);
        let pairs: Vec<_> = pairs.chain(self.configuration.iter().cloned()).collect();
        variables.insert("GIT_CONFIG_COUNT".into(), pairs.len().to_string());
        for (index, (key, value)) in pairs.into_iter().enumerate() {
            variables.insert(format!("GIT_CONFIG_KEY_{index}"), key);
            variables.insert(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
    }

    fn spawn_problem(&self, error: &std::io::Error) -> Problem {
        let program = presentable(self.program.name());
        if error.kind() == ErrorKind::NotFound {
            Problem::missing(format!("The program `{program}` was not found."))
                .hint(format!("Install git, or name it as {}=/PATH/git.", program::VARIABLE))
        } else {
            Problem::refused(format!("The program `{program}` could not be started: {error}."))
        }
    }
}

/// Kills git with everything that it started, unless it was told that git had ended.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It fails only when the whole group has ended, which is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn collect(child: &mut Child) -> Result<Output, Problem> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut printed = Vec::new();
    let mut messages = Vec::new();
    let status = {
        let io = async { tokio::join!(read_bounded(stdout, &mut printed), read_end(stderr, &mut messages)) };
        tokio::pin!(io);
        tokio::select! {
            _ = &mut io => child.wait().await,
            status = child.wait() => {
                // Past the grace what was read so far is all that git itself said.
                let _ = tokio::time::timeout(GRACE, &mut io).await;
                status
            }
        }
    };
    let status = status.map_err(|error| Problem::retry(format!("git was lost: {error}.")))?;
    if printed.len() as u64 > OUTPUT_LIMIT_BYTES {
        let limit = OUTPUT_LIMIT_BYTES / 1024 / 1024;
        return Err(Problem::refused(format!("git printed more than {limit} MiB and was stopped."))
            .hint("Ask for fewer commits."));
    }
    Ok(Output {
        success: status.success(),
        stdout: String::from_utf8_lossy(&printed).into_owned(),
        stderr: presentable(&String::from_utf8_lossy(&messages)),
    })
}

/// Reads up to one byte past the limit; git then ends at the closed pipe.
async fn read_bounded(stream: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) {
    if let Some(stream) = stream {
        let _ = stream.take(OUTPUT_LIMIT_BYTES + 1).read_to_end(into).await;
    }
}

/// Reads all, and keeps the end.
async fn read_end(stream: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) {
    let Some(mut stream) = stream else { return };
    let mut chunk = vec![0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut chunk).await {
        into.extend_from_slice(chunk.get(..read).unwrap_or_default());
        if into.len() > MESSAGES_KEPT_BYTES {
            // Only whole lines stay: the end of a cut URL could be a password that nothing masks any more.
            let surplus = into.len() - MESSAGES_KEPT_BYTES;
            let whole = into.iter().skip(surplus).position(|byte| *byte == b'\n');
            into.drain(..whole.map_or(into.len(), |line| surplus + line + 1));
        }
    }
}

#[cfg(test)]
mod tests;
