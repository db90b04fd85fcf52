//! The kinds of bad luck.

use std::io;
use std::process::{Child, Command};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::database::Kind;
use super::proxy::Proxy;
use super::shop::{APPLY, Run, Shop, run};
use crate::random::Random;

/// What happens to a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The database server dies.
    ServerKilled,
    /// The network between is cut after some bytes.
    ConnectionCut,
    /// An administrator ends the sessions.
    SessionsEnded,
    /// A file may become no larger.
    FileTooLarge,
    /// The disk of the store is full; needs root.
    StoreFull,
    /// The disk of the scratch server is full while the snapshot is restored; needs root.
    ScratchFull,
    /// The password is wrong.
    WrongPassword,
    /// `pg_dump` is older than the server.
    OlderClient,
    /// relplan is killed.
    Killed,
    /// A person presses Ctrl-C.
    Interrupted,
    /// The clock is years off.
    WrongClock,
    /// The bucket is busy, slow, or breaks connections off, for a few requests or for good.
    BucketBusy,
    /// The bucket forbids what it allowed before.
    BucketForbids,
    /// The bucket does what it is asked, and its answers are lost.
    BucketSilent,
    /// A byte of the store flips.
    ByteFlipped,
    /// A part in the store is cut off.
    PartCut,
    /// A part in the store is gone.
    PartMissing,
    /// The manifest in the store was changed.
    ManifestChanged,
    /// The private key is lost, or another.
    KeyLost,
}

/// The requests of a snapshot, by method and a part of their target.
const REQUESTS: [(&str, &str); 7] = [
    ("POST", "uploads"),
    ("PUT", "partNumber"),
    ("PUT", ".age."),
    ("POST", "uploadId"),
    ("PUT", "manifest.json"),
    ("GET", ".age."),
    ("GET", ""),
];

/// When it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// While the snapshot is taken and proven.
    WhileTaken,
    /// Long after.
    WhenKept,
}

/// All kinds that this machine can make.
pub(super) fn all(kind: Kind) -> Vec<Fault> {
    let mut all = vec![
        Fault::Killed,
        Fault::ByteFlipped,
        Fault::ConnectionCut,
        Fault::ServerKilled,
        Fault::FileTooLarge,
        Fault::PartCut,
        Fault::SessionsEnded,
        Fault::KeyLost,
        Fault::Interrupted,
        Fault::WrongPassword,
        Fault::PartMissing,
        Fault::WrongClock,
        Fault::ManifestChanged,
        Fault::BucketBusy,
        Fault::BucketForbids,
        Fault::BucketSilent,
    ];
    if kind == Kind::Postgres {
        // MariaDB's programs do not ask how old they are.
        all.push(Fault::OlderClient);
    }
    if rustix::process::geteuid().is_root() {
        all.extend([Fault::StoreFull, Fault::ScratchFull]);
    }
    all
}

impl Fault {
    pub(super) const fn moment(self) -> Moment {
        match self {
            Self::ByteFlipped | Self::PartCut | Self::PartMissing | Self::ManifestChanged | Self::KeyLost => {
                Moment::WhenKept
            }
            _ => Moment::WhileTaken,
        }
    }

    /// Arguments of the resource that belong to it.
    pub(super) fn arguments(self, shop: &Shop) -> String {
        match self {
            Self::ScratchFull => {
                "  verify = \"restore\"\n  scratch {\n    directory = \"scratch\"\n  }\n".to_owned()
            }
            Self::BucketBusy | Self::BucketForbids | Self::BucketSilent => format!(
                "  bucket = \"s3://backups/shop\"\n  bucket_options {{\n    endpoint = \"{}\"\n  }}\n",
                shop.bucket.endpoint()
            ),
            _ => String::new(),
        }
    }

    /// Takes a snapshot that meets it.
    pub(super) fn strike(self, shop: &mut Shop, random: &mut Random) -> io::Result<Run> {
        match self {
            Self::ServerKilled => at_a_moment(shop, random, |shop, _| shop.server.kill()),
            Self::SessionsEnded => at_a_moment(shop, random, |shop, _| shop.server.end_sessions()),
            Self::Killed => at_a_moment(shop, random, |_, relplan| signal(relplan, Signal::KILL)),
            Self::Interrupted => at_a_moment(shop, random, |_, relplan| signal(relplan, Signal::INT)),
            Self::ConnectionCut => {
                // The dump is some 4 MB, and the conversation around it some kB.
                let bytes = random.below(5_000_000);
                let proxy = Proxy::start(shop.server.port(), i64::try_from(bytes).unwrap_or_default())?;
                let url = shop.server.url_through("shop", proxy.port);
                let run = Shop::ended(shop.command(&[], &APPLY).env("RELPLAN_VAR_url", url).spawn()?)?;
                if run.code != Some(0) && !proxy.has_cut() {
                    return Err(io::Error::other(format!("nothing was cut: {}", run.said)));
                }
                Ok(run)
            }
            Self::FileTooLarge => {
                // Blocks of 512 bytes. The signal that comes with it is ignored, as by a service of systemd.
                let limit = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", 40 + random.below(2_500));
                Shop::ended(shop.command(&["sh", "-c", &limit, "limited"], &APPLY).spawn()?)
            }
            Self::StoreFull => {
                let disk = SmallDisk::mount(shop, "snapshots", 2_000)?;
                let relplan = shop.applying()?;
                disk.fill_once_used()?;
                let run = disk.ended(Shop::ended(relplan)?)?;
                if run.code == Some(0) {
                    Err(io::Error::other("there was room on a full disk"))
                } else {
                    Ok(run)
                }
            }
            Self::ScratchFull => {
                let disk = SmallDisk::mount(shop, "scratch", 15_000 + random.below(40_000))?;
                disk.ended(shop.apply()?)
            }
            Self::WrongPassword => {
                let url = shop.server.wrong_url("shop");
                Shop::ended(shop.command(&[], &APPLY).env("RELPLAN_VAR_url", url).spawn()?)
            }
            Self::OlderClient => {
                let path = format!("{}:/usr/bin:/bin", older_programs(shop)?.display());
                Shop::ended(shop.command(&[], &APPLY).env("PATH", path).spawn()?)
            }
            Self::WrongClock => {
                let years = format!("{:+}y", [-10, -1, 1, 10].get(random.index(4)).unwrap_or(&1));
                Shop::ended(shop.command(&["faketime", "-f", &years], &APPLY).spawn()?)
            }
            Self::BucketBusy | Self::BucketForbids | Self::BucketSilent => {
                let (method, target) =
                    REQUESTS.get(random.index(REQUESTS.len())).copied().unwrap_or(REQUESTS[0]);
                let (times, spoilt) = self.spoilt(random);
                shop.bucket.proxy.spoil(method, target, times, spoilt);
                shop.apply()
            }
            Self::ByteFlipped | Self::PartCut | Self::PartMissing | Self::ManifestChanged | Self::KeyLost => {
                Err(io::Error::other("it strikes later"))
            }
        }
    }

    /// How often requests of a bucket are spoilt, and how.
    fn spoilt(self, random: &mut Random) -> (usize, bucket_server::Fault) {
        use bucket_server::Fault as Spoilt;
        // What lasts is tried for half a minute before it is given up.
        let times = if random.below(8) == 0 { 1_000 } else { 1 + random.index(3) };
        let kinds = [
            Spoilt::Status(500, "InternalError"),
            Spoilt::Status(503, "SlowDown"),
            Spoilt::Slow(Duration::from_millis(random.below(1_500))),
            Spoilt::Reset,
        ];
        match self {
            Self::BucketForbids => (1_000, Spoilt::Status(403, "AccessDenied")),
            Self::BucketSilent => (1 + random.index(3), Spoilt::Lost),
            _ => (times, kinds.get(random.index(kinds.len())).cloned().unwrap_or(Spoilt::Reset)),
        }
    }

    /// Damages the snapshot in the store, and mends it again; gives what relplan did not tell of it.
    pub(super) fn damage(self, shop: &Shop, random: &mut Random) -> io::Result<Vec<String>> {
        let file = match self {
            Self::KeyLost => shop.folder.path().join("backup.key"),
            Self::ManifestChanged => shop.snapshot()?.join("manifest.json"),
            _ => shop.part(random)?,
        };
        let whole = std::fs::read(&file)?;
        let place = random.index(whole.len());
        match self {
            Self::PartMissing => std::fs::remove_file(&file)?,
            Self::PartCut => std::fs::write(&file, whole.get(..place).unwrap_or_default())?,
            Self::KeyLost if random.below(2) == 0 => std::fs::remove_file(&file)?,
            Self::KeyLost => other_key(shop)?,
            _ => {
                let mut flipped = whole.clone();
                flipped.get_mut(place).into_iter().for_each(|byte| *byte ^= 1 << random.below(8));
                std::fs::write(&file, flipped)?;
            }
        }
        let told = told(self, shop)?;
        let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
        std::fs::write(&file, whole)?;
        std::fs::set_permissions(&file, mode)?;
        Ok(told)
    }
}

/// What `relplan verify` does not tell of a damaged snapshot, by its way of looking.
fn told(fault: Fault, shop: &Shop) -> io::Result<Vec<String>> {
    let mut findings = Vec::new();
    let address = shop.address();
    for how in ["checksum", "read"] {
        let run = shop.relplan(&["verify", &format!("-how={how}"), &address])?;
        // Without the key the sums are still right, and nothing is said about the snapshot.
        let expected = match (fault, how) {
            (Fault::KeyLost, "checksum") => 0,
            (Fault::KeyLost, _) => 1,
            _ => 13,
        };
        if run.code != Some(expected) {
            findings.push(format!("verify -how={how} ends with {:?}: {}", run.code, run.said));
        }
    }
    if (fault == Fault::KeyLost) != shop.known()?.proven {
        findings.push("what counts as proven is wrong".to_owned());
    }
    Ok(findings)
}

/// Takes a snapshot, and strikes at a moment of it.
fn at_a_moment(shop: &mut Shop, random: &mut Random, strike: impl FnOnce(&Shop, &Child)) -> io::Result<Run> {
    let moment = random.time(shop.takes.max(Duration::from_millis(200)));
    let relplan = shop.applying()?;
    std::thread::sleep(moment);
    strike(shop, &relplan);
    Shop::ended(relplan)
}

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // It may have ended in the meantime.
    let _ = pid.map(|pid| kill_process(pid, signal));
}

/// A folder of the shop on a disk of its own, that is small.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(shop: &Shop, folder: &str, kilobytes: u64) -> io::Result<Self> {
        let path = shop.folder.path().join(folder);
        std::fs::create_dir_all(&path)?;
        // Only a scratch server, which runs as another user, has to enter it.
        let mode = if folder == "scratch" { "0711" } else { "0700" };
        let options = format!("size={kilobytes}k,mode={mode}");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "small"]).arg(&path))?;
        Ok(Self(path))
    }

    /// Fills it as soon as something is written there.
    fn fill_once_used(&self) -> io::Result<()> {
        for _ in 0..2_000 {
            if std::fs::read_dir(&self.0)?.next().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let filler = std::fs::write(self.0.join(".filler"), vec![1; 4_000_000]);
        if filler.is_ok() { Err(io::Error::other("the disk is not small")) } else { Ok(()) }
    }

    /// How the run ended. Nothing of a snapshot may be left of one that failed.
    fn ended(self, mut run: Run) -> io::Result<Run> {
        let names = std::fs::read_dir(&self.0)?.filter_map(Result::ok).map(|entry| entry.file_name());
        let left: Vec<_> = names.filter(|name| name != ".filler").collect();
        if !left.is_empty() {
            run.code = Some(99);
            run.said.push_str(&format!("{left:?} is left on the full disk"));
        }
        Ok(run)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // It is in the memory of this machine, and gone with its last file.
        let _ = run(Command::new("umount").arg("--lazy").arg(&self.0));
    }
}

/// Programs that say that they are older than any server.
fn older_programs(shop: &Shop) -> io::Result<std::path::PathBuf> {
    let old = shop.folder.path().join("old");
    std::fs::create_dir_all(&old)?;
    let programs = postgres_server::programs();
    for name in ["psql", "pg_restore"] {
        let link = old.join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(programs.join(name), link)?;
        }
    }
    let dump = old.join("pg_dump");
    std::fs::write(&dump, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")?;
    std::fs::set_permissions(dump, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(old)
}

/// Puts another key in the place of the right one.
fn other_key(shop: &Shop) -> io::Result<()> {
    let key = shop.folder.path().join("backup.key");
    std::fs::remove_file(&key)?;
    let public = shop.folder.path().join("backup.key.pub");
    let kept = std::fs::read(&public)?;
    std::fs::remove_file(&public)?;
    run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key))?;
    std::fs::write(public, kept)
}
