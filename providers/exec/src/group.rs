//! [`Group`]: a running command with all that it started, which ends as one.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use relplan_contract::{Clock, Path, Problem};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process::{Child, Command};
use tracing::debug;

use crate::arguments::Spec;
use crate::input;
use crate::outlet::Outlet;

/// How long a command may take to end by itself after SIGTERM, before SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// The same when nobody can wait for it, because the call was dropped.
const GRACE_WHEN_DROPPED: Duration = Duration::from_millis(500);

/// How often is looked whether it has ended.
const STEP: Duration = Duration::from_millis(20);

/// A command in a process group of its own. Dropped while it runs, it is killed with everything in the group.
pub(crate) struct Group {
    child: Child,
    pub(crate) outlet: Outlet,
    pid: Option<Pid>,
    over: bool,
}

impl Group {
    /// Starts the command; with `outlives`, so that it can go on when relplan is killed.
    pub(crate) fn spawn(spec: &Spec, outlives: bool) -> Result<Self, Problem> {
        let (program, arguments) = spec.program()?;
        let stdin = input::of(spec.stdin.as_deref())?;
        let (outlet, ends) = Outlet::make(spec, outlives)?;
        #[expect(clippy::disallowed_methods, reason = "the one place where commands are started")]
        let child = Command::new(&program)
            .args(arguments)
            .current_dir(&spec.directory)
            .env_clear()
            .envs(&spec.environment)
            .stdin(stdin)
            .stdout(ends.out)
            .stderr(ends.err)
            .process_group(0)
            .spawn()
            .map_err(|error| refused(spec, &program.display().to_string(), &error))?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        debug!(program = %program.display(), pid = pid.map(Pid::as_raw_pid), "process started");
        Ok(Self { child, outlet, pid, over: false })
    }

    /// The number by which the system knows the group.
    pub(crate) fn id(&self) -> Option<i32> {
        self.pid.map(Pid::as_raw_pid)
    }

    /// Waits for the command itself. What it left behind in its group runs on.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.over = true;
        debug!(pid = self.id(), code = status.code(), "process ended");
        Ok(status)
    }

    /// Ends the group: asks first, and kills what does not heed it.
    pub(crate) async fn stop(&mut self, clock: &dyn Clock) {
        self.over = false;
        debug!(pid = self.id(), "process group is asked to end");
        self.signal(Signal::TERM);
        let mut waited = Duration::ZERO;
        while waited < GRACE && !self.is_gone() {
            clock.sleep(STEP).await;
            waited += STEP;
        }
        self.signal(Signal::KILL);
        let _ = self.child.wait().await;
        self.over = true;
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid {
            // It fails when the group is gone already, which is what is wanted.
            let _ = kill_process_group(pid, signal);
        }
    }

    fn is_gone(&mut self) -> bool {
        // Collects the command itself; until then it counts as there.
        let _ = self.child.try_wait();
        self.pid.is_none_or(|pid| test_kill_process_group(pid).is_err())
    }
}

impl Drop for Group {
    /// Blocks for up to half a second: the process may end right after, and then nobody would send SIGKILL.
    fn drop(&mut self) {
        if self.over {
            return;
        }
        self.signal(Signal::TERM);
        let mut waited = Duration::ZERO;
        while waited < GRACE_WHEN_DROPPED && !self.is_gone() {
            std::thread::sleep(STEP);
            waited += STEP;
        }
        self.signal(Signal::KILL);
        let _ = self.child.try_wait();
    }
}

fn refused(spec: &Spec, program: &str, error: &io::Error) -> Problem {
    let about = Path::attribute(spec.attribute).index(0);
    let failed = format!("The program {program} could not be started: {error}.");
    let problem = if error.kind() == io::ErrorKind::NotFound && program.contains(' ') {
        Problem::missing(format!("The program \"{program}\" was not found: the spaces are part of its name."))
            .hint("No shell reads it: give each argument as an element of its own, or use [\"sh\", \"-c\", ...].")
    } else if error.kind() == io::ErrorKind::NotFound {
        Problem::missing(format!("The program {program} was not found."))
            .hint("Look at its name, at PATH, and for a script at the interpreter in its first line.")
    } else if error.kind() == io::ErrorKind::PermissionDenied {
        Problem::refused(failed).hint("Is it executable (chmod +x)?")
    } else if matches!(error.kind(), io::ErrorKind::ExecutableFileBusy | io::ErrorKind::WouldBlock) {
        Problem::retry(failed)
    } else {
        Problem::refused(failed)
    };
    problem.about(about)
}
