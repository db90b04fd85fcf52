//! Deployments that print while relplan is killed, hung up or asked to end at random moments, alone or with all of its
//! process group: each finishes, none is begun beside itself or again, and the next apply settles what became of them.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::random::Random;
use crate::scene::Relplan;
use crate::tally::Tally;

/// How many deployments a release has, side by side.
const DEPLOYMENTS: usize = 3;

/// Each prints more than its two pipes hold, for a while, and fails when it cannot.
const RELEASE: &str = r#"release "scene" { version = "1.0.0" }
resource "exec_deployment" "it" {
  count   = 3
  version = "1"
  deploy  = ["sh", "-c", <<-END
    echo begin >> work-$0
    i=0
    while [ $i -lt 25 ]; do
      i=$((i+1))
      printf '%04000d\n' $i || exit 9
      printf '%04000d\n' $i >&2 || exit 9
      sleep 0.02
    done
    echo end >> work-$0
    echo 1 > live-$0
  END
  , "${count.index}"]
  observe = ["sh", "-c", "cat live-$0 2>/dev/null || true", "${count.index}"]
}
"#;

/// How long nothing may move before what is under way counts as broken off, and how long anything may take.
const STILL: Duration = Duration::from_secs(4);
const LONGEST: Duration = Duration::from_secs(120);

/// What happens to a relplan that works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    Kill,
    /// With everything in its process group, as a terminal or a runner does.
    KillGroup,
    /// Once, or as often as a terminal that goes tells it.
    Hangup(u64),
    Interrupt,
    Terminate,
}

impl Blow {
    fn any(random: &mut Random) -> Self {
        match random.below(8) {
            0..=2 => Self::Kill,
            3 => Self::KillGroup,
            4 => Self::Hangup(1),
            5 => Self::Hangup(3),
            6 => Self::Interrupt,
            _ => Self::Terminate,
        }
    }

    /// Strikes.
    fn on(self, relplan: &Child) -> io::Result<()> {
        let process = i32::try_from(relplan.id()).ok().and_then(Pid::from_raw);
        let process = process.ok_or_else(|| io::Error::other("it has no number"))?;
        match self {
            Self::Kill => kill_process(process, Signal::KILL)?,
            Self::KillGroup => kill_process_group(process, Signal::KILL)?,
            Self::Interrupt => kill_process(process, Signal::INT)?,
            Self::Terminate => kill_process(process, Signal::TERM)?,
            Self::Hangup(times) => {
                for _ in 0..times {
                    kill_process_group(process, Signal::HUP)?;
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
        Ok(())
    }

    const fn kills(self) -> bool {
        matches!(self, Self::Kill | Self::KillGroup)
    }
}

/// Strikes applies of `relplan` at random moments until `kills` of them were under way. `planted` is one whose
/// commands write to a pipe that ends with it.
pub fn outlive(relplan: &Relplan, planted: &Relplan, kills: u64, seed: u64) -> io::Result<Tally> {
    let mut tally = Tally::new("printing deployments outlive relplan");
    let span = measure(relplan)?;
    for number in 3..9 {
        // It is caught where it is killed in the middle of a deployment.
        let mut random = Random::new(seed ^ u64::from(number));
        let middle = span * number / 10;
        let (findings, _) = once(planted, &mut random, &mut |_| (Blow::Kill, middle))?;
        if !findings.is_empty() {
            tally.caught_planted_bug = true;
            break;
        }
    }
    let (mut hits, mut number) = (0, seed);
    while hits < kills {
        let mut random = Random::new(number);
        let (findings, hit) =
            once(relplan, &mut random, &mut |random| (Blow::any(random), random.time(span)))?;
        let replay = format!("reliability outlive --runs 1 --seed {number}");
        tally.findings.extend(findings.into_iter().map(|finding| format!("{finding} ({replay})")));
        (hits, number) = (hits + hit, number.wrapping_add(1));
        tally.runs += 1;
        if tally.runs > kills * 4 + 20 {
            tally.findings.push(format!("only {hits} blows hit a run under way: the moments are wrong"));
            break;
        }
    }
    tally.figures =
        vec![("blows to a run under way", hits), ("deployments", tally.runs * DEPLOYMENTS as u64)];
    Ok(tally)
}

/// How long a whole apply takes.
fn measure(relplan: &Relplan) -> io::Result<Duration> {
    let folder = scene()?;
    let begun = Instant::now();
    apply(relplan, folder.path())?.wait()?;
    Ok(begun.elapsed())
}

fn scene() -> io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("scene.hcl"), RELEASE)?;
    Ok(folder)
}

fn apply(relplan: &Relplan, folder: &Path) -> io::Result<Child> {
    relplan.command(folder, &["apply", "-auto-approve", "scene.hcl"]).process_group(0).spawn()
}

/// One scene: one or two blows, then peace. What was broken, and how many blows hit a run under way.
fn once(
    relplan: &Relplan,
    random: &mut Random,
    choose: &mut dyn FnMut(&mut Random) -> (Blow, Duration),
) -> io::Result<(Vec<String>, u64)> {
    let folder = scene()?;
    let folder = folder.path();
    let (mut findings, mut hits) = (Vec::new(), 0);
    for _ in 0..=random.below(2) {
        let (blow, moment) = choose(random);
        let mut child = apply(relplan, folder)?;
        std::thread::sleep(moment);
        let hit = child.try_wait()?.is_none();
        if hit {
            hits += 1;
            blow.on(&child)?;
        }
        let status = child.wait()?;
        findings.extend(unexpected(status, blow, hit).map(|what| format!("{blow:?} at {moment:?}: {what}")));
        if random.below(2) == 0 {
            // At once, while what the dead one started may still be under way.
            let next = apply(relplan, folder)?.wait()?;
            if !matches!(next.code(), Some(0 | 10)) {
                findings.push(format!("the apply right after {blow:?} at {moment:?}: {next}"));
            }
        }
    }
    wait_until_nothing_moves(folder);
    let begun = Instant::now();
    let mut last = apply(relplan, folder)?.wait()?;
    // What was started in the last instant may not even have begun its work when nothing moved.
    while last.code() == Some(10) && begun.elapsed() < STILL * 3 {
        last = apply(relplan, folder)?.wait()?;
    }
    if last.code() != Some(0) {
        findings.push(format!("the last apply does not finish: {last}"));
    }
    for (number, work) in works(folder).iter().enumerate() {
        if work != "begin\nend\n" {
            findings.push(format!("deployment {number} did {:?}", work.replace('\n', " ")));
        }
    }
    Ok((findings, hits))
}

/// What is wrong with how a relplan ended.
fn unexpected(status: ExitStatus, blow: Blow, hit: bool) -> Option<String> {
    let fine = match status.code() {
        // It may have come to its end before it noticed.
        Some(0) => true,
        // An earlier one's deployment is still under way.
        Some(10) => true,
        // Signals that come before it listens end it at once, when nothing was begun.
        None => hit,
        Some(9) => hit && !blow.kills(),
        Some(_) => false,
    };
    (!fine).then(|| format!("it ended with {status}"))
}

fn works(folder: &Path) -> Vec<String> {
    let work = |number| std::fs::read_to_string(folder.join(format!("work-{number}"))).unwrap_or_default();
    (0..DEPLOYMENTS).map(work).collect()
}

/// Waits until everything that was begun is over, or nothing moves any more.
fn wait_until_nothing_moves(folder: &Path) {
    let begun = Instant::now();
    let (mut seen, mut since) = (works(folder), Instant::now());
    while begun.elapsed() < LONGEST && since.elapsed() < STILL {
        let is_over = |work: &String| work.matches("begin").count() == work.matches("end").count();
        if seen.iter().all(is_over) && since.elapsed() > Duration::from_millis(300) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
        let now = works(folder);
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
    }
}
