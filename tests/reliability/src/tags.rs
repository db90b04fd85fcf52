//! kill -9 of relplan alone while it makes tags: the git that it has started lives on, and must leave nothing half made.
//!
//! Other ordeals have effects that relplan's own process makes, and end with it. Here a child makes them: each tag
//! that is there afterwards says what the release file says, and the same apply goes on and ends well.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use relplan_contract::{
    Answer, Applied, ApplyRequest, Configured, Context, PlanRequest, Planned, Problem, Provider,
    ProviderSchema, ReconcileRequest, Reconciled, Resource, ResourceSchema, Value,
};

use crate::random::Random;
use crate::scene::Relplan;
use crate::tally::Tally;

/// How many tags a release has.
const TAGS: usize = 30;

/// More than a pipe holds: the message of every tenth tag.
const LONG: usize = 80_000;

/// How long a planted relplan waits with git started and not yet fed.
const PAUSE: Duration = Duration::from_millis(20);

/// Longest time for what a dead relplan has started.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kills relplan once in each of `runs` releases of many tags. `planted` feeds git after it has started it.
pub fn tags(relplan: &Relplan, planted: &Relplan, runs: u64, seed: u64) -> io::Result<Tally> {
    let mut tally = Tally::new("kill -9 while tags are made");
    for number in 0..10 {
        if tally.caught_planted_bug {
            break;
        }
        let (findings, _) = once(planted, PAUSE * 10, &mut Random::new(seed ^ number))?;
        tally.caught_planted_bug = !findings.is_empty();
    }
    let span = measure(relplan)?;
    let (mut hits, mut there) = (0, 0);
    for number in 0..runs {
        let mut random = Random::new(seed.wrapping_add(number));
        let (findings, hit) = once(relplan, span, &mut random)?;
        hits += u64::from(hit.is_some());
        there += hit.unwrap_or_default() as u64;
        let replay = format!("reliability tags --runs 1 --seed {}", seed.wrapping_add(number));
        tally.findings.extend(findings.into_iter().map(|finding| format!("{finding} ({replay})")));
        tally.runs += 1;
    }
    tally.figures = vec![("kills of a run under way", hits), ("tags made by then", there)];
    Ok(tally)
}

/// How long a whole apply makes tags.
fn measure(relplan: &Relplan) -> io::Result<Duration> {
    let scene = Scene::new()?;
    let mut child = scene.apply(relplan).spawn()?;
    scene.await_intent();
    let begun = Instant::now();
    child.wait()?;
    Ok(begun.elapsed())
}

/// One release: what was broken, and how many tags there were when a run under way was killed.
fn once(relplan: &Relplan, span: Duration, random: &mut Random) -> io::Result<(Vec<String>, Option<usize>)> {
    let scene = Scene::new()?;
    let mut child = scene.apply(relplan).spawn()?;
    scene.await_intent();
    std::thread::sleep(random.time(span));
    let under_way = child.try_wait()?.is_none();
    child.kill()?;
    child.wait()?;
    let mut findings = Vec::new();
    if !scene.await_orphans() {
        findings.push("what a dead relplan has started does not end".to_owned());
    }
    let (there, wrong) = scene.judge(false)?;
    findings.extend(wrong);
    let again = scene.apply(relplan).stderr(Stdio::piped()).output()?;
    if again.status.code() != Some(0) {
        let said = String::from_utf8_lossy(&again.stderr);
        let said: String = said.trim().chars().take(300).collect();
        findings.push(format!("the same apply ends with {}: {said}", again.status));
    }
    findings.extend(scene.judge(true)?.1);
    Ok((findings, under_way.then_some(there)))
}

/// Where a tag of the release goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    /// Into a repository on disk.
    Local,
    /// There, and from there to its remote.
    Pushed,
    /// To a URL.
    Url,
}

fn goal(number: usize) -> Goal {
    match number % 5 {
        0..=2 => Goal::Local,
        3 => Goal::Pushed,
        _ => Goal::Url,
    }
}

fn is_signed(number: usize) -> bool {
    number % 6 == 1
}

fn message(number: usize) -> String {
    let end = if number.is_multiple_of(10) { "and more ".repeat(LONG / 9) } else { String::new() };
    format!("Release notes of t{number}\n\nAll of them{end}.")
}

/// A folder with a repository, its remote, a key and a release.
struct Scene {
    own: tempfile::TempDir,
    commit: String,
}

impl Scene {
    fn new() -> io::Result<Self> {
        let own = tempfile::tempdir()?;
        let mut scene = Self { own, commit: String::new() };
        scene.git(&["init", "--quiet", "--initial-branch=main", "app"])?;
        for (key, value) in [("user.name", "Ann"), ("user.email", "ann@example.org")] {
            scene.git(&["-C", "app", "config", key, value])?;
        }
        scene.git(&["-C", "app", "commit", "--quiet", "--allow-empty", "--message=One"])?;
        scene.git(&["clone", "--quiet", "--bare", "app", "origin.git"])?;
        scene.git(&["-C", "origin.git", "config", "uploadpack.allowFilter", "true"])?;
        scene.git(&["-C", "app", "remote", "add", "origin", "../origin.git"])?;
        scene.git(&["-C", "app", "rev-parse", "HEAD"])?.trim().clone_into(&mut scene.commit);
        let key = ["-q", "-t", "ed25519", "-N", "", "-f", "key"];
        let made = Command::new("ssh-keygen").args(key).current_dir(scene.own.path()).status()?;
        if !made.success() {
            return Err(io::Error::other("ssh-keygen makes no key"));
        }
        std::fs::write(scene.own.path().join("release.hcl"), scene.release())?;
        Ok(scene)
    }

    fn release(&self) -> String {
        let mut text = "release \"tags\" {\n  version = \"1.0.0\"\n}\n".to_owned();
        for number in 0..TAGS {
            let message = message(number).replace('\n', "\\n");
            let place = match goal(number) {
                Goal::Local => "repository = \"app\"".to_owned(),
                Goal::Pushed => "repository = \"app\"\n  remote = \"origin\"".to_owned(),
                Goal::Url => format!(
                    "repository = \"file://{}\"\n  ref = \"main\"",
                    self.own.path().join("origin.git").display()
                ),
            };
            let _ = write!(
                text,
                "\nresource \"git_tag\" \"t{number}\" {{\n  {place}\n  name = \"t{number}\"\n  message = \"{message}\"\n"
            );
            if is_signed(number) {
                text.push_str("  sign = true\n  signing_format = \"ssh\"\n  signing_key = \"key\"\n");
            }
            text.push_str("}\n");
        }
        text
    }

    fn apply(&self, relplan: &Relplan) -> Command {
        let arguments = ["apply", "-auto-approve", "-parallelism=10", "release.hcl"];
        let mut command = relplan.command(self.own.path(), &arguments);
        command.envs(ENVIRONMENT);
        command
    }

    /// Waits until the first action may begin.
    fn await_intent(&self) {
        let ledger = self.own.path().join(".relplan/tags/ledger.jsonl");
        let intended = || {
            std::fs::read(&ledger).is_ok_and(|text| memchr::memmem::find(&text, b"\"intended\"").is_some())
        };
        wait(intended);
    }

    /// Waits until nothing runs any more that a dead relplan has started: all of it works in the scene's folder, or in a
    /// temporary repository in front of its remote.
    fn await_orphans(&self) -> bool {
        wait(|| !self.has_orphans())
    }

    fn has_orphans(&self) -> bool {
        let folder = self.own.path();
        let ours = |process: &Path| {
            let is_inside = std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
            let environment = std::fs::read(process.join("environ")).unwrap_or_default();
            is_inside || memchr::memmem::find(&environment, folder.as_os_str().as_encoded_bytes()).is_some()
        };
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        processes.into_iter().any(|process| ours(&process.path()))
    }

    /// How many tags are there, and what is wrong with them; with `all`, which are missing as well.
    fn judge(&self, all: bool) -> io::Result<(usize, Vec<String>)> {
        let (mut there, mut findings) = (0, Vec::new());
        for number in 0..TAGS {
            let goal = goal(number);
            for (repository, wanted) in [("app", goal != Goal::Url), ("origin.git", goal != Goal::Local)] {
                let found = self.git(&["-C", repository, "for-each-ref", &format!("refs/tags/t{number}")])?;
                match (found.is_empty(), wanted) {
                    (true, true) if all => findings.push(format!("t{number} is not in {repository}")),
                    (true, _) => {}
                    (false, false) => findings.push(format!("t{number} is in {repository}")),
                    (false, true) => {
                        there += 1;
                        findings.extend(self.wrong(repository, number)?);
                    }
                }
            }
        }
        Ok((there, findings))
    }

    fn wrong(&self, repository: &str, number: usize) -> io::Result<Option<String>> {
        let name = format!("refs/tags/t{number}");
        let raw = self.git(&["-C", repository, "cat-file", "tag", &name])?;
        let said = raw.split_once("\n\n").map_or("", |(_, said)| said);
        let (said, signature) = said.split_once("-----BEGIN SSH SIGNATURE-----").unwrap_or((said, ""));
        let whole = message(number);
        Ok(if !raw.starts_with(&format!("object {}\n", self.commit)) {
            Some(format!("t{number} in {repository} names another commit"))
        } else if said.trim_end() != whole {
            Some(format!("t{number} in {repository} says {} of {} bytes", said.trim_end().len(), whole.len()))
        } else if is_signed(number) == signature.is_empty() {
            Some(format!("the signature of t{number} in {repository} is not as it should be"))
        } else {
            None
        })
    }

    fn git(&self, arguments: &[&str]) -> io::Result<String> {
        let output =
            Command::new("git").args(arguments).current_dir(self.own.path()).envs(ENVIRONMENT).output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("git {}: {said}", arguments.join(" "))))
    }
}

/// Cuts the scene off from this machine's git.
const ENVIRONMENT: [(&str, &str); 2] = [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")];

fn wait(until: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if until() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

/// The planted bug: a provider `git` that starts git, and then feeds it.
pub struct Late(pub Arc<dyn Provider>);

impl Provider for Late {
    fn schema(&self) -> ProviderSchema {
        self.0.schema()
    }

    fn configure(
        &self,
        configuration: &Value,
        environment: &BTreeMap<String, String>,
    ) -> Result<Configured, Problem> {
        let mut configured = self.0.configure(configuration, environment)?;
        if let Some(tag) = configured.resources.get_mut("git_tag") {
            *tag = Arc::new(LateTag(Arc::clone(tag)));
        }
        Ok(configured)
    }
}

struct LateTag(Arc<dyn Resource>);

impl LateTag {
    /// Makes a tag in a folder in one call of `git tag`, whose message comes through a pipe.
    async fn make(&self, context: &Context, planned: &Value) -> io::Result<()> {
        use std::os::unix::process::CommandExt as _;
        let text = |name: &str| planned.get(name).as_str().unwrap_or_default();
        let arguments = ["tag", "--annotate", "--cleanup=verbatim", "--file=-", text("name"), text("commit")];
        let mut command = Command::new("git");
        command.args(arguments).current_dir(context.unread(text("repository"))).envs(ENVIRONMENT);
        let mut child = command.process_group(0).stdin(Stdio::piped()).spawn()?;
        tokio::time::sleep(PAUSE).await;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(text("message").as_bytes())?;
        }
        child.wait().map(drop)
    }
}

impl Resource for LateTag {
    fn schema(&self) -> &ResourceSchema {
        self.0.schema()
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        self.0.plan(context, request)
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let planned = request.planned;
            let in_folder = !planned.get("repository").as_str().unwrap_or_default().starts_with("file:");
            if in_folder && planned.get("sign").as_bool() != Some(true) {
                let _ = self.make(context, planned).await;
            }
            // It is found there, and adopted.
            self.0.apply(context, request).await
        })
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        self.0.reconcile(context, request)
    }
}
