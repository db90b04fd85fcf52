//! What the tests share: a folder of their own with real repositories, cut off from this machine's git.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use relplan_contract::conformance::fitted;
use relplan_contract::{
    Answer, Applied, ApplyRequest, Cancel, Clock, Context, DataSource, Observed, PlanRequest, Planned,
    Problem, ProblemKind, Progress, Provider, Redactor, Resource, Tree, Value,
};
use tempfile::TempDir;

/// The time of day in tests, in seconds since 1970.
pub(crate) const NOW: u64 = 1_800_000_000;

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW)
    }

    fn sleep(&self, _duration: Duration) -> Answer<'static, ()> {
        Box::pin(std::future::pending())
    }
}

/// Keeps what was reported.
#[derive(Default)]
pub(crate) struct Lines(Mutex<Vec<String>>);

impl Progress for Lines {
    fn line(&self, text: &str) {
        self.0.lock().expect("no panic before").push(text.into());
    }

    fn reference(&self, _reference: &str) {}
}

/// A folder with repositories.
pub(crate) struct Sandbox {
    root: TempDir,
    /// Variables of the process that git is called from.
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) cancel: Cancel,
    lines: Arc<Lines>,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let home = root.path().to_string_lossy().into_owned();
        let path = std::env::var("PATH").expect("PATH is set");
        let environment = [
            ("PATH", path.as_str()),
            ("HOME", &home),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_COMMITTER_NAME", "Rel"),
            ("GIT_COMMITTER_EMAIL", "rel@example.org"),
        ];
        Self {
            root,
            environment: environment.map(|(name, value)| (name.into(), value.into())).into(),
            cancel: Cancel::default(),
            lines: Arc::default(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.0.lock().expect("no panic before").clone()
    }

    pub(crate) fn context(&self) -> Context {
        let progress: Arc<dyn Progress> = self.lines.clone();
        Context {
            address: "git_tag.release".into(),
            product: "shop".into(),
            version: "1.2.0".into(),
            base: self.root.path().to_owned(),
            tree: Tree::around(self.root.path()).expect("a tree"),
            keep: self.path("keep"),
            environment: Arc::new(self.environment.clone()),
            clock: Arc::new(FixedClock),
            progress,
            cancel: self.cancel.clone(),
            redactor: Arc::new(Redactor::default()),
            usage: Arc::default(),
        }
    }

    /// Runs git itself, as a person would.
    pub(crate) fn git(&self, repository: &str, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.path(repository))
            .env_clear()
            .envs(&self.environment)
            .env("GIT_AUTHOR_NAME", "Ann")
            .env("GIT_AUTHOR_EMAIL", "ann@example.org")
            .env("GIT_AUTHOR_DATE", "2026-11-20T10:00:00+01:00")
            .env("GIT_COMMITTER_DATE", "2026-11-20T10:00:00+01:00")
            .output()
            .expect("git runs");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {arguments:?}: {stderr}");
        String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
    }

    /// Has a shell command run just before git is called with the subcommand, as another process might: it knows
    /// nothing of the variables of that call.
    pub(crate) fn before(&mut self, subcommand: &str, command: &str) {
        let path = self.environment["PATH"].clone();
        let real = std::env::var("PATH").expect("PATH is set");
        let own = self.path("bin");
        let unset = "unset GIT_DIR GIT_COMMON_DIR GIT_OBJECT_DIRECTORY GIT_CONFIG_COUNT";
        let case = format!("case \"$1\" in {subcommand}) ({unset}; {command}) >/dev/null 2>&1;; esac");
        script(&own.join("git"), &format!("#!/bin/sh\nPATH='{real}'\n{case}\nexec git \"$@\"\n"));
        if !path.starts_with(&*own.to_string_lossy()) {
            self.environment.insert("PATH".into(), format!("{}:{path}", own.display()));
        }
    }

    /// A repository with a work tree, a branch `main` and one commit for each subject.
    pub(crate) fn repository(&self, name: &str, subjects: &[&str]) -> PathBuf {
        std::fs::create_dir_all(self.path(name)).expect("a folder");
        self.git(name, &["init", "--quiet", "--initial-branch=main"]);
        for subject in subjects {
            self.commit(name, subject, "file");
        }
        self.path(name)
    }

    /// Commits a change of a file, and tells the commit.
    pub(crate) fn commit(&self, repository: &str, message: &str, file: &str) -> String {
        let path = self.path(repository).join(file);
        std::fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
        std::fs::write(path, message).expect("a file");
        self.git(repository, &["add", "--all"]);
        self.git(repository, &["commit", "--quiet", "--message", message]);
        self.git(repository, &["rev-parse", "HEAD"])
    }

    /// A bare copy of a repository, which becomes its remote `origin`.
    pub(crate) fn origin(&self, of: &str, name: &str) -> String {
        self.git(".", &["clone", "--quiet", "--bare", of, name]);
        self.git(name, &["config", "uploadpack.allowFilter", "true"]);
        self.git(of, &["remote", "add", "origin", &self.url(name)]);
        self.url(name)
    }

    /// What a repository's ref leads to; empty where it is not.
    pub(crate) fn ref_of(&self, repository: &str, name: &str) -> String {
        self.git(repository, &["for-each-ref", "--format=%(objectname)", name])
    }

    pub(crate) async fn plan(&self, arguments: &[(&str, Value)]) -> Result<Planned, Problem> {
        let config = tag_arguments(arguments);
        let request = PlanRequest { config: &config, prior: None };
        tag_type().plan(&self.context(), request).await
    }

    pub(crate) async fn discover(&self, arguments: &[(&str, Value)]) -> Result<Option<Value>, Problem> {
        tag_type().discover(&self.context(), &tag_arguments(arguments)).await
    }

    pub(crate) async fn plan_again(
        &self,
        arguments: &[(&str, Value)],
        prior: &Value,
    ) -> Result<Planned, Problem> {
        let config = tag_arguments(arguments);
        let request = PlanRequest { config: &config, prior: Some(prior) };
        tag_type().plan(&self.context(), request).await
    }

    pub(crate) async fn apply(&self, planned: &Value) -> Result<Applied, Problem> {
        let request = ApplyRequest { planned, prior: None, key: "key-1" };
        tag_type().apply(&self.context(), request).await
    }

    /// Applies as the engine does: a problem that another try may mend gets one.
    pub(crate) async fn apply_patiently(&self, planned: &Value) -> Result<Applied, Problem> {
        for _ in 0..20 {
            match self.apply(planned).await {
                Err(problem) if problem.kind == ProblemKind::Retry => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                ended => return ended,
            }
        }
        self.apply(planned).await
    }

    /// Plans and applies.
    pub(crate) async fn release(&self, arguments: &[(&str, Value)]) -> Result<Value, Problem> {
        let planned = self.plan(arguments).await?;
        Ok(self.apply(&planned.value).await?.value)
    }

    pub(crate) async fn read(&self, prior: &Value) -> Result<Observed, Problem> {
        tag_type().read(&self.context(), prior).await
    }
}

/// A server on loopback that answers every request with one status.
pub(crate) struct Answering {
    pub(crate) address: String,
    /// What it was asked, as far as one read gives it.
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

/// Starts one.
pub(crate) fn answering(status: &'static str) -> Answering {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let requests: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&requests);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or_default();
            kept.lock()
                .expect("no panic before")
                .push(String::from_utf8_lossy(&request[..read]).into_owned());
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n");
            let _ = stream.write_all(format!("{head}WWW-Authenticate: Basic realm=\"x\"\r\n\r\n").as_bytes());
        }
    });
    Answering { address, requests }
}

/// Writes an executable file.
pub(crate) fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
    std::fs::write(path, text).expect("a file");
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("executable");
}

pub(crate) fn tag_type() -> Arc<dyn Resource> {
    let configured = crate::provider().configure(&Value::NULL, &BTreeMap::new()).expect("configures");
    configured.resources["git_tag"].clone()
}

pub(crate) fn data_type(name: &str) -> Arc<dyn DataSource> {
    let configured = crate::provider().configure(&Value::NULL, &BTreeMap::new()).expect("configures");
    configured.data_sources[name].clone()
}

pub(crate) fn tag_arguments(arguments: &[(&str, Value)]) -> Value {
    fitted(&tag_type().schema().attributes, arguments)
}

pub(crate) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).as_str().unwrap_or_else(|| panic!("{name} is no text in {value:?}"))
}
