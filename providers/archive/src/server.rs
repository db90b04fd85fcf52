//! A server that is thrown away: started for one verification, in a folder of its own, reached by a socket in it alone.
//!
//! It ends with relplan, however that ends: a small shell beside it waits for the end of its input.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ChildStdin;
use std::time::Duration;

use relplan_contract::Problem;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::job::Job;
use crate::tool::{Failed, Flow, Tool, ToolSpec};

/// Starts the server, and ends it with the shell's own input. `$0` is the signal.
const KEEPER: &str = r#""$@" & server=$!; cat > /dev/null; kill -"$0" $server; wait $server"#;

/// How long the server may take to answer, and how often is asked.
const START: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_millis(50);

/// How long the server may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a server that is thrown away has its files.
pub struct Ground<'j> {
    job: &'j Job,
    folder: TempDir,
    environment: BTreeMap<String, String>,
    /// What comes before a program so that it does not run as root.
    as_user: Vec<String>,
}

/// A server that is thrown away when this is dropped.
pub struct Served<'j> {
    /// What the shell waits for the end of. Before the program, so that it ends first.
    input: Option<ChildStdin>,
    tool: Tool<'j>,
    _folder: TempDir,
}

impl<'j> Ground<'j> {
    /// A private folder, below `parent` where one is given. Where relplan is root, `user` has it and runs what runs there.
    pub fn make(
        job: &'j Job,
        parent: Option<&Path>,
        user: &str,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Problem> {
        let failed =
            |error: std::io::Error| Problem::refused(format!("The scratch server has no folder: {error}."));
        let mut builder = tempfile::Builder::new();
        builder.prefix("relplan-scratch-");
        let folder = match parent {
            Some(parent) => builder.tempdir_in(parent),
            None => builder.tempdir(),
        }
        .map_err(failed)?;
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).map_err(failed)?;
        let mut ground = Self { job, folder, environment: environment.clone(), as_user: Vec::new() };
        if rustix::process::geteuid().is_root() {
            let arguments = vec![user.to_owned(), ground.folder.path().display().to_string()];
            ground.run("chown", arguments)?.map_err(|_| {
                Problem::refused(format!(
                    "The database does not run as root, and there is no user `{user}` here."
                ))
                .hint("Run relplan as another user, or name a server as `scratch { url = ... }`.")
            })?;
            let (uid, gid) = (format!("--reuid={user}"), format!("--regid={user}"));
            ground.as_user = ["setpriv", &uid, &gid, "--init-groups", "--"].map(str::to_owned).to_vec();
        }
        Ok(ground)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a program to its end.
    pub fn run(&self, program: &str, arguments: Vec<String>) -> Result<Result<(), Failed>, Problem> {
        let mut all = self.command(program, arguments);
        let program = all.remove(0);
        Ok(self.start(&program, all, Flow::Neither)?.wait())
    }

    /// Starts the server. It gets the signal `farewell`, such as `QUIT`, in the end: nothing of it is kept.
    pub fn serve(self, program: &str, arguments: Vec<String>, farewell: &str) -> Result<Served<'j>, Problem> {
        let mut all = vec!["-c".to_owned(), KEEPER.to_owned(), farewell.to_owned()];
        all.extend(self.command(program, arguments));
        let mut tool = self.start("sh", all, Flow::In)?;
        let input = tool.input().map_err(|error| {
            Problem::refused(format!("The scratch server cannot be looked after: {error}."))
        })?;
        Ok(Served { input: Some(input), tool, _folder: self.folder })
    }

    fn command(&self, program: &str, arguments: Vec<String>) -> Vec<String> {
        self.as_user.iter().cloned().chain([program.to_owned()]).chain(arguments).collect()
    }

    fn start(&self, program: &str, arguments: Vec<String>, flow: Flow) -> Result<Tool<'j>, Problem> {
        let spec = ToolSpec {
            program,
            arguments,
            environment: &self.environment,
            folder: None,
            flow,
            on_line: None,
            farewell: Signal::TERM,
        };
        Tool::start(self.job, spec)
    }
}

impl Served<'_> {
    /// Waits until it answers.
    pub fn await_answer(&self, job: &Job, ask: impl Fn() -> Result<(), Problem>) -> Result<(), Problem> {
        let mut waited = Duration::ZERO;
        loop {
            job.check()?;
            match ask() {
                Err(_) if waited < START => {
                    std::thread::sleep(STEP);
                    waited += STEP;
                }
                answer => return answer,
            }
        }
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        // The shell ends the server. No signal would do: in the background of a script, children ignore some of them.
        drop(self.input.take());
        // Dropped, the program is killed: a server that goes on in spite of the shell does so no longer.
        self.tool.await_end(PATIENCE);
    }
}
