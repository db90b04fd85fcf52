//! Power cuts of a real file system: relplan works on an ext4 on a loop device, is halted at a random moment, and what
//! the device holds just then is mounted instead. What the kernel had not yet written is gone.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::random::Random;
use crate::scene::{Relplan, Scene, Shape};
use crate::strace;
use crate::tally::Tally;

const SHAPE: Shape = Shape { records: 40, deployments: 10, checks: 2, action_ms: 6 };

/// Large enough for ext4 with a journal.
const MEGABYTES: u64 = 12;

/// Takes `runs` images, and finishes the release on each. Needs root and loop devices.
pub fn images(relplan: &Relplan, runs: u64, seed: u64) -> io::Result<Tally> {
    let span = Scene::measure(relplan, SHAPE)?;
    let mut tally = Tally::new("images of an ext4 taken while it runs");
    let lab = Lab::new()?;
    // A relplan whose syncs do nothing: the call says 0, and nothing is written.
    let planted = strace::hollow(relplan, &["fsync", "fdatasync"]);
    for number in 0..5 {
        tally.caught_planted_bug |=
            !lab.once(&planted, span * 3, &mut Random::new(seed ^ number))?.0.is_empty();
    }
    let mut halted = 0;
    for number in 0..runs {
        let seed = seed.wrapping_add(number);
        let (findings, under_way) = lab.once(relplan, span, &mut Random::new(seed))?;
        halted += u64::from(under_way);
        let replay = format!("reliability images --runs 1 --seed {seed}");
        tally.findings.extend(findings.into_iter().map(|finding| format!("{finding} ({replay})")));
        tally.runs += 1;
    }
    tally.figures = vec![("taken of a run under way", halted)];
    Ok(tally)
}

/// A place for images, and one to mount them at. Whatever is mounted when it goes is unmounted.
struct Lab {
    folder: tempfile::TempDir,
    mount: PathBuf,
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Nothing may be mounted any more; and then there is nothing to be done about the error.
        let _ = Command::new("umount").arg(&self.mount).stderr(Stdio::null()).status();
    }
}

impl Lab {
    fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mount = folder.path().join("mount");
        fs::create_dir(&mount)?;
        let lab = Self { folder, mount };
        fs::File::create(lab.image("empty"))?.set_len(MEGABYTES << 20)?;
        run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(lab.image("empty")))?;
        Ok(lab)
    }

    fn image(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn mount(&self, image: &Path) -> io::Result<()> {
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(&self.mount))
    }

    fn unmount(&self) -> io::Result<()> {
        run(Command::new("umount").arg(&self.mount))
    }

    /// One image: what was broken on it, and whether the run was under way when it was taken.
    fn once(
        &self,
        relplan: &Relplan,
        span: Duration,
        random: &mut Random,
    ) -> io::Result<(Vec<String>, bool)> {
        let (live, cut) = (self.image("live"), self.image("cut"));
        fs::copy(self.image("empty"), &live)?;
        self.mount(&live)?;
        // The effects are the outside: no power cut takes them back.
        let effects = self.image("effects.txt");
        fs::write(&effects, "")?;
        let scene = Scene::at(&self.mount, &effects, SHAPE)?;
        // The release file is there for good.
        fs::File::open(self.mount.join("scene.hcl"))?.sync_all()?;
        fs::File::open(&self.mount)?.sync_all()?;
        let mut child = scene.apply(relplan).process_group(0).spawn()?;
        std::thread::sleep(random.time(span));
        let under_way = child.try_wait()?.is_none();
        signal(&child, Signal::STOP);
        still_copy(&live, &cut)?;
        signal(&child, Signal::KILL);
        child.wait()?;
        self.unmount()?;
        self.mount(&cut)?;
        let findings = scene.finish(relplan);
        self.unmount()?;
        Ok((findings?, under_way))
    }
}

fn signal(child: &Child, signal: Signal) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Gone already: then there is nothing to halt.
        let _ = kill_process_group(group, signal);
    }
}

/// Copies a device's file until two copies in a row are the same: then nothing was written to it meanwhile.
fn still_copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut before = fs::read(from)?;
    loop {
        let now = fs::read(from)?;
        if now == before {
            return fs::write(to, now);
        }
        before = now;
    }
}

fn run(command: &mut Command) -> io::Result<()> {
    let status = command.stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}: {status}"))) }
}
