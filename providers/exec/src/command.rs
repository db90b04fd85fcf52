//! Running one command: its process group, its environment, its end.

use std::collections::BTreeMap;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use relplan_contract::{Context, Problem, Value};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use crate::log::Log;

/// Variables that every command takes over.
const INHERITED: [&str; 8] = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// How long a group is given to end after it was asked to.
const GRACE: Duration = Duration::from_secs(3);

/// What a command is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It is never cut short on request: half of it would be worse. Only its deadline ends it.
    Finish,
    /// It is cut short when the run is interrupted.
    Stop,
}

/// How a command ended.
pub(crate) struct Ended {
    /// None when a signal ended it.
    pub exit_code: Option<i32>,
    /// Which signal, if one did.
    pub signal: Option<i32>,
    /// The first bytes of its standard output.
    pub stdout: String,
    pub log: Log,
}

/// The words of a command from an argument.
pub(crate) fn words(value: &Value) -> Vec<String> {
    value.as_list().unwrap_or_default().iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

/// Looks for what no command may have.
pub(crate) fn check(config: &Value, names: &[&'static str]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in names {
        let value = config.get(name);
        let Some(items) = value.as_list().filter(|_| !value.has_unknown()) else { continue };
        if items.first().is_none_or(|first| first.as_str().is_none_or(str::is_empty)) {
            problems.push(
                Problem::invalid(name, "The command is empty.")
                    .hint("Give the program and its arguments, as in `[\"./deploy.sh\", \"prod\"]`."),
            );
        }
        if items.iter().any(|item| item.as_str().is_some_and(|text| text.contains('\0'))) {
            problems.push(Problem::invalid(name, "An argument contains a NUL character.").hint("Remove it."));
        }
    }
    for (name, value) in config.get("environment").as_map().into_iter().flatten() {
        let bad_name = name.is_empty() || name.contains(['=', '\0']);
        if bad_name || value.as_str().is_some_and(|text| text.contains('\0')) {
            problems.push(
                Problem::invalid("environment", format!("{name:?} is no environment variable."))
                    .hint("A name has no `=`, and neither name nor value a NUL character."),
            );
        }
    }
    problems
}

/// The exit codes that mean success.
pub(crate) fn is_success(config: &Value, code: i32) -> bool {
    match config.get("success_exit_codes").as_list() {
        Some(codes) => codes.iter().any(|wanted| wanted.as_i64() == Some(i64::from(code))),
        None => code == 0,
    }
}

/// Runs a command to its end.
pub(crate) async fn run(
    context: &Context,
    config: &Value,
    words: &[String],
    extra: &[(&str, &str)],
    log_name: &str,
    patience: Patience,
) -> Result<Ended, Problem> {
    let log = Log::new(context, log_name)?;
    let mut child = spawn(context, config, words, extra)?;
    let group = Group(Mutex::new(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))));
    if let Some(pid) = child.id().filter(|_| patience == Patience::Finish) {
        context.progress.reference(&format!("process {pid}"));
    }
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let reader = log.clone();
    let reading = async {
        let out = async {
            if let Some(pipe) = stdout { reader.take(pipe, STDOUT_LIMIT).await } else { Vec::new() }
        };
        let err = async { if let Some(pipe) = stderr { reader.take(pipe, 0).await } else { Vec::new() } };
        tokio::join!(out, err).0
    };
    let finishing = async {
        let (status, stdout) = tokio::join!(wait_and_sweep(&mut child, &group), reading);
        (status, stdout)
    };
    tokio::pin!(finishing);
    let (status, stdout) = if patience == Patience::Stop {
        tokio::select! {
            done = &mut finishing => done,
            () = context.cancel.cancelled() => {
                group.signal(Signal::TERM);
                let stopped = tokio::time::timeout(GRACE, &mut finishing).await;
                group.signal(Signal::KILL);
                if stopped.is_err() {
                    // The group is dead: the pipes close now, and nothing is left behind.
                    let _ = tokio::time::timeout(GRACE, &mut finishing).await;
                }
                log.close();
                return Err(Problem::cancelled());
            }
        }
    } else {
        finishing.await
    };
    log.close();
    let status = status
        .map_err(|error| Problem::uncertain(format!("It cannot be told how the command ended: {error}.")))?;
    Ok(Ended { exit_code: status.code(), signal: signal_of(status), stdout: text_of(&stdout, context), log })
}

const STDOUT_LIMIT: usize = 64 * 1024;

/// The command's end, after which what it left running in its group goes, too: else a forgotten child would hold
/// its output open for ever.
async fn wait_and_sweep(child: &mut Child, group: &Group) -> std::io::Result<ExitStatus> {
    let status = child.wait().await;
    group.signal(Signal::KILL);
    group.disarm();
    status
}

fn spawn(
    context: &Context,
    config: &Value,
    words: &[String],
    extra: &[(&str, &str)],
) -> Result<Child, Problem> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Problem::refused("The command is empty."));
    };
    let folder =
        config.get("working_directory").as_str().map_or_else(|| context.base.clone(), |f| context.path(f));
    if !folder.is_dir() {
        return Err(Problem::missing(format!(
            "There is no folder {} to run the command in.",
            folder.display()
        ))
        .about(relplan_contract::Path::attribute("working_directory")));
    }
    // A program given by a relative path is looked for in the folder that it runs in.
    let program_path = if program.contains('/') { folder.join(program) } else { program.into() };
    let mut command = Command::new(&program_path);
    command
        .args(arguments)
        .current_dir(&folder)
        .env_clear()
        .envs(environment(context, config))
        .envs(extra.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    command.spawn().map_err(|error| not_started(program, &error))
}

fn not_started(program: &str, error: &std::io::Error) -> Problem {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Problem::missing(format!("The program {program:?} is not there."))
            .hint("Check the path, which starts in the working directory, or install the program.");
    }
    if error.kind() == std::io::ErrorKind::PermissionDenied {
        return Problem::refused(format!("The program {program:?} may not be run."))
            .hint("Make it executable with `chmod +x`.");
    }
    Problem::refused(format!("The program {program:?} cannot be started: {error}."))
}

fn environment(context: &Context, config: &Value) -> BTreeMap<String, String> {
    let wanted = words(config.get("inherit_environment"));
    let names = INHERITED.iter().map(|name| (*name).to_owned()).chain(wanted);
    let mut all: BTreeMap<String, String> =
        names.filter_map(|name| Some((name.clone(), context.environment.get(&name)?.clone()))).collect();
    all.insert("RELPLAN_ADDRESS".to_owned(), context.address.clone());
    all.insert("RELPLAN_PRODUCT".to_owned(), context.product.clone());
    all.insert("RELPLAN_RELEASE_VERSION".to_owned(), context.version.clone());
    let given = config.get("environment").as_map().into_iter().flatten();
    all.extend(given.filter_map(|(name, value)| Some((name.to_string(), value.as_str()?.to_owned()))));
    all
}

fn signal_of(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal()
}

fn text_of(bytes: &[u8], context: &Context) -> String {
    context.redactor.mask(&String::from_utf8_lossy(bytes)).trim().to_owned()
}

/// A process group that dies with this value, unless it ended by itself.
struct Group(Mutex<Option<Pid>>);

impl Group {
    fn signal(&self, signal: Signal) {
        let pid = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = pid {
            // A group that is gone already is what was wanted.
            let _ = kill_process_group(pid, signal);
        }
    }

    /// The leader is gone and so is its group: its number may soon be somebody else's.
    fn disarm(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
