//! A hostile pull request: what it puts into the operator's checkout, as data.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::pulls::ground::Ground;
use crate::pulls::place;
use crate::random::Random;

/// Where the release file of a pull request lies, unless it says otherwise.
pub(super) const RELEASE: &str = "releases/pr.hcl";

/// What a pull request adds to the checkout, or replaces there. In paths, targets and texts `@CHECKOUT@`, `@OUTSIDE@`,
/// `@HOME@`, `@MARKER@`, `@PORT@`, `@PORT6@` and `@SOCKET@` stand for what the ground has of its own.
#[derive(Clone, Debug)]
enum Thing {
    File { path: String, bytes: Vec<u8> },
    Link { path: String, target: String },
    Fifo { path: String },
    Socket { path: String },
    Sparse { path: String, length: u64 },
}

/// One pull request.
#[derive(Clone, Debug)]
pub(super) struct Pull {
    /// What it tries, in a few words.
    pub(super) name: String,
    /// What the commands are told to read.
    pub(super) argument: String,
    things: Vec<Thing>,
    /// An expression that is to stand somewhere in the release file.
    expression: Option<String>,
}

impl Pull {
    /// One that changes nothing yet.
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), argument: RELEASE.to_owned(), things: Vec::new(), expression: None }
    }

    /// With this release file: blocks beside the one of the release itself.
    pub(super) fn blocks(self, text: impl AsRef<str>) -> Self {
        let text = format!("{}{}\n", place::HEAD, text.as_ref());
        self.file(RELEASE, text)
    }

    /// With this expression, somewhere in the release file where an expression can stand.
    pub(super) fn expression(mut self, text: impl Into<String>) -> Self {
        self.expression = Some(text.into());
        self
    }

    /// With a file.
    pub(super) fn file(mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.things.push(Thing::File { path: path.into(), bytes: bytes.into() });
        self
    }

    /// With a symbolic link.
    pub(super) fn link(mut self, path: impl Into<String>, target: impl Into<String>) -> Self {
        self.things.push(Thing::Link { path: path.into(), target: target.into() });
        self
    }

    /// With a pipe that nobody writes to.
    pub(super) fn fifo(mut self, path: impl Into<String>) -> Self {
        self.things.push(Thing::Fifo { path: path.into() });
        self
    }

    /// With a socket in the file system.
    pub(super) fn socket(mut self, path: impl Into<String>) -> Self {
        self.things.push(Thing::Socket { path: path.into() });
        self
    }

    /// With a file of this length that takes no room.
    pub(super) fn sparse(mut self, path: impl Into<String>, length: u64) -> Self {
        self.things.push(Thing::Sparse { path: path.into(), length });
        self
    }

    /// The commands are told to read this, in the place of [`RELEASE`].
    pub(super) fn named(mut self, argument: impl Into<String>) -> Self {
        self.argument = argument.into();
        self
    }

    /// The pull request as it is sent: an expression gets its place.
    pub(super) fn drawn(mut self, random: &mut Random) -> Self {
        if let Some(expression) = self.expression.take() {
            let (where_, text) = place::somewhere(&expression, random);
            self.name = format!("{}, {where_}", self.name);
            let release = format!("{}{text}", place::HEAD);
            self = self.file(RELEASE, release);
            if text.contains("./placed") {
                self = self.file("releases/placed/main.hcl", place::MODULE);
            }
        }
        self
    }

    /// Puts it into a checkout.
    pub(super) fn write(&self, ground: &Ground) -> io::Result<()> {
        for thing in &self.things {
            match thing {
                Thing::File { path, bytes } => {
                    let path = cleared(ground, path)?;
                    fs::write(path, filled(ground, bytes))?;
                }
                Thing::Link { path, target } => symlink(ground.fill(target), cleared(ground, path)?)?,
                Thing::Fifo { path } => {
                    let mode = rustix::fs::Mode::from_raw_mode(0o644);
                    let fifo = rustix::fs::FileType::Fifo;
                    rustix::fs::mknodat(rustix::fs::CWD, cleared(ground, path)?, fifo, mode, 0)?;
                }
                // The name stays when the listener is gone.
                Thing::Socket { path } => drop(UnixListener::bind(cleared(ground, path)?)?),
                Thing::Sparse { path, length } => {
                    fs::File::create(cleared(ground, path)?)?.set_len(*length)?;
                }
            }
        }
        Ok(())
    }

    /// The pull request as text, to be read by a person.
    pub(super) fn told(&self, ground: &Ground) -> Vec<String> {
        let tell = |thing: &Thing| match thing {
            Thing::File { path, bytes } => {
                let text = String::from_utf8_lossy(&filled(ground, bytes)).into_owned();
                let shown: String = text.chars().take(4000).collect();
                format!("--- {path}\n{shown}")
            }
            Thing::Link { path, target } => format!("--- {path} -> {}", ground.fill(target)),
            other => format!("--- {other:?}"),
        };
        self.things.iter().map(tell).collect()
    }
}

/// Where a thing goes, with the folders above it, and nothing there.
fn cleared(ground: &Ground, path: &str) -> io::Result<std::path::PathBuf> {
    let path = ground.checkout().join(ground.fill(path));
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(path),
    }
}

fn filled(ground: &Ground, bytes: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains('@') => ground.fill(text).into_bytes(),
        _ => bytes.to_vec(),
    }
}
