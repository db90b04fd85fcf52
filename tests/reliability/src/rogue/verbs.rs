//! A provider that misbehaves in each of its verbs in turn. It hangs, blocks its thread or panics there: two Ctrl-C end the
//! command and free the lock, a panic is told, and the next command goes on as if nothing had been.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::scene::Relplan;
use crate::tally::Tally;

/// A verb, at which of its calls, and the command in which that happens.
struct Scene {
    verb: &'static str,
    nth: u32,
    command: &'static [&'static str],
    /// Whether the release before was made.
    later: bool,
}

const APPLY: &[&str] = &["apply", "-auto-approve", "v2.hcl"];
const DESTROY: &[&str] = &["destroy", "-auto-approve", "v1.hcl"];

const fn scene(verb: &'static str, nth: u32, command: &'static [&'static str]) -> Scene {
    Scene { verb, nth, command, later: true }
}

const SCENES: [Scene; 14] = [
    scene("configure", 1, APPLY),
    scene("validate", 1, APPLY),
    scene("plan", 1, APPLY),
    scene("read", 1, APPLY),
    // The last look before the action.
    scene("read", 2, APPLY),
    scene("data", 1, APPLY),
    scene("apply", 1, APPLY),
    scene("reconcile", 1, APPLY),
    scene("can_destroy", 1, DESTROY),
    scene("destroy", 1, DESTROY),
    scene("restore", 1, &["restore", "rogue_stage.it", "-into=copy"]),
    scene("verify", 1, &["verify", "rogue_stage.it"]),
    Scene { verb: "discover", nth: 1, command: APPLY, later: false },
    Scene { verb: "discover", nth: 2, command: APPLY, later: false },
];

const DEEDS: [&str; 3] = ["hangs", "blocks", "panics"];

/// What answers at once cannot wait.
const AT_ONCE: [&str; 3] = ["configure", "validate", "can_destroy"];

/// How many stories are told at the same time: they mostly wait.
const AT_A_TIME: usize = 4;

/// A command that takes longer hangs. It may take two seconds from the second Ctrl-C on, and machines are slow.
const LONGEST: Duration = Duration::from_secs(30);

const RELEASE: &str = r#"release "scene" { version = "1.0.0" }
data "rogue_word" "it" {}
resource "rogue_stage" "it" { version = release.version }
output "word" { value = data.rogue_word.it.text }
"#;

/// How a command ended that met a rogue.
#[derive(Default)]
struct Ended {
    status: Option<ExitStatus>,
    said: String,
}

/// Every verb with every deed.
pub fn verbs(relplan: &Relplan) -> io::Result<Tally> {
    let mut tally = Tally::new("providers that misbehave in each verb");
    let stories: Vec<(&Scene, &str)> = SCENES
        .iter()
        .flat_map(|scene| DEEDS.map(|deed| (scene, deed)))
        .filter(|(scene, deed)| *deed != "hangs" || !AT_ONCE.contains(&scene.verb))
        .collect();
    let (left, findings) = (Mutex::new(stories.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let next = left.lock().ok().and_then(|mut left| left.next());
                    let Some((scene, deed)) = next else { return };
                    let name = format!("{deed} in call {} of {}", scene.nth, scene.verb);
                    let found = tell(relplan, scene, deed).unwrap_or_else(|error| vec![error.to_string()]);
                    let found = found.into_iter().map(|what| format!("one that {name}: {what}"));
                    if let Ok(mut findings) = findings.lock() {
                        findings.extend(found);
                    }
                }
            });
        }
    });
    tally.findings = findings.into_inner().unwrap_or_default();
    // A command that never ends, and one that says nothing of the panic, must be noticed.
    let silent = Ended { status: Some(ExitStatus::from_raw(1 << 8)), said: String::new() };
    tally.caught_planted_bug =
        judged("hangs", &Ended::default()).is_some() && judged("panics", &silent).is_some();
    tally.runs = stories.len() as u64;
    tally.figures = vec![("verbs", SCENES.len() as u64), ("deeds", DEEDS.len() as u64)];
    Ok(tally)
}

/// One story; gives what was broken.
fn tell(relplan: &Relplan, scene: &Scene, deed: &str) -> io::Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    std::fs::write(folder.join("v1.hcl"), RELEASE)?;
    std::fs::write(folder.join("v2.hcl"), RELEASE.replace("1.0.0", "1.1.0"))?;
    let mut findings = Vec::new();
    let mut well = |what: &str, arguments: &[&str]| -> io::Result<()> {
        let status = relplan.command(folder, arguments).status()?;
        if status.code() != Some(0) {
            findings.push(format!("`{}` {what} ends with {status}", arguments.join(" ")));
        }
        Ok(())
    };
    if scene.later {
        well("before", &["apply", "-auto-approve", "v1.hcl"])?;
    }
    if scene.verb == "reconcile" {
        let mut lost = begin(relplan, folder, scene, "apply 1 hangs")?;
        await_cue(folder, &mut lost)?;
        lost.kill()?;
        lost.wait()?;
        std::fs::remove_file(folder.join("began"))?;
    }
    let mut child = begin(relplan, folder, scene, &format!("{} {} {deed}", scene.verb, scene.nth))?;
    let met = await_cue(folder, &mut child)?;
    let ended = end(child, deed)?;
    std::fs::remove_file(folder.join("rogue"))?;
    well("afterwards", &["state", "verify"])?;
    let goes_on = if scene.command == DESTROY { DESTROY } else { APPLY };
    well("afterwards", goes_on)?;
    if !met {
        findings.push("it was never called".to_owned());
    }
    let said = std::fs::read_to_string(folder.join("said")).unwrap_or_default();
    // What cannot be discovered keeps nobody from deploying.
    let passes = deed == "panics" && scene.verb == "discover" && ended.is_some_and(|ended| ended.success());
    if !passes {
        findings.extend(judged(deed, &Ended { status: ended, said }));
    }
    Ok(findings)
}

/// Starts the command of a scene.
fn begin(relplan: &Relplan, folder: &Path, scene: &Scene, cue: &str) -> io::Result<Child> {
    std::fs::write(folder.join("rogue"), cue)?;
    let said = std::fs::File::create(folder.join("said"))?;
    relplan.command(folder, scene.command).stdout(said.try_clone()?).stderr(Stdio::from(said)).spawn()
}

/// Waits until the rogue is at work; gives whether it came to that.
fn await_cue(folder: &Path, child: &mut Child) -> io::Result<bool> {
    let since = Instant::now();
    while since.elapsed() < LONGEST {
        if folder.join("began").exists() {
            return Ok(true);
        }
        if child.try_wait()?.is_some() {
            return Ok(folder.join("began").exists());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(false)
}

/// Asks the command twice to end, unless a panic should end it; none where it goes on all the same.
fn end(mut child: Child, deed: &str) -> io::Result<Option<ExitStatus>> {
    let process = Pid::from_child(&child);
    for _ in 0..if deed == "panics" { 0 } else { 2 } {
        std::thread::sleep(Duration::from_millis(100));
        if child.try_wait()?.is_none() {
            kill_process(process, Signal::INT)?;
        }
    }
    let since = Instant::now();
    while since.elapsed() < LONGEST {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// What is wrong with how a command ended.
fn judged(deed: &str, ended: &Ended) -> Option<String> {
    let Some(status) = ended.status else { return Some("it does not end".to_owned()) };
    let code = status.code();
    // With something under way that was given up, that is what counts.
    let right = if deed == "panics" { matches!(code, Some(1 | 10)) } else { matches!(code, Some(9 | 10)) };
    let told = deed != "panics" || ended.said.contains("a fault in it");
    (!right || !told).then(|| format!("it ends with {status} and says {:?}", ended.said))
}
