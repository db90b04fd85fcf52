//! The files of a release: read and hashed once, and what the plan knows of them.

mod attach;

pub(super) use attach::{Attaching, now};

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

use relplan_contract::{Context, Path, PathError, Problem, Tree, Value};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::names::stored;

/// What an asset must be smaller than, and how many a release takes (GitHub's page "About releases", under "Storage and bandwidth
/// quotas").
const TOO_LARGE: u64 = 2 << 30;
const MOST: usize = 1_000;

/// A file that is to be attached.
pub(super) struct Wanted {
    tree: Tree,
    path: std::path::PathBuf,
    name: String,
    label: Option<String>,
    content_type: String,
    index: usize,
}

/// An asset as GitHub has it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Asset {
    id: i64,
    pub(super) name: String,
    size: i64,
    /// `uploaded`; `starter` for one whose upload was cut.
    state: String,
    /// `sha256:...`; older servers do not tell.
    #[serde(default)]
    digest: Option<String>,
}

/// A file as it was measured.
struct Measured {
    size: i64,
    sha256: String,
}

/// The files that an object asks for.
pub(super) fn wanted(context: &Context, object: &Value) -> Vec<Wanted> {
    let blocks = object.get("asset").as_list().unwrap_or_default();
    let read = |(index, block): (usize, &Value)| {
        let text = |name: &str| block.get(name).as_str().map(str::to_owned);
        let path = context.base.join(text("path")?);
        let name = name_of(block)?;
        let content_type = text("content_type").unwrap_or_else(|| "application/octet-stream".into());
        let label = text("label");
        Some(Wanted { tree: context.tree.clone(), name, label, content_type, index, path })
    };
    blocks.iter().enumerate().filter_map(read).collect()
}

/// The name that a block gives its asset; none where it is not known yet.
fn name_of(block: &Value) -> Option<String> {
    let name = block.get("name");
    if name.is_unknown() {
        return None;
    }
    let own = || {
        Some(std::path::Path::new(block.get("path").as_str()?).file_name()?.to_string_lossy().into_owned())
    };
    name.as_str().map(str::to_owned).or_else(own)
}

/// What is wrong with the known names: GitHub takes each one once.
pub(super) fn check(object: &Value) -> Vec<Problem> {
    let blocks = object.get("asset").as_list().unwrap_or_default();
    let mut problems = Vec::new();
    if blocks.len() > MOST {
        let message = format!("A release takes {MOST} assets at most, and has {}.", blocks.len());
        problems.push(Problem::invalid("asset", message));
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (index, block) in blocks.iter().enumerate() {
        let Some(name) = name_of(block) else { continue };
        let at = || Path::attribute("asset").index(index);
        if name.trim().is_empty() || name.contains('/') {
            let message = format!("{name:?} is no name for an asset.");
            problems.push(Problem::invalid("asset", message).about(at().key("name")));
            continue;
        }
        let as_stored = stored(&name).unwrap_or_else(|| name.clone());
        if let Some(first) = seen.insert(as_stored.clone(), index) {
            let message = format!(
                "Two assets are called {as_stored}, as GitHub writes it: number {} and number {}.",
                first + 1,
                index + 1
            );
            let hint = "Give one of them another `name`, such as one with its platform in it.";
            problems.push(Problem::invalid("asset", message).hint(hint).about(at()));
        }
    }
    problems
}

/// What the plan tells of names that GitHub writes in another way.
pub(super) fn renamed(wanted: &[Wanted]) -> Vec<String> {
    let note = |file: &Wanted| match stored(&file.name) {
        Some(stored) if stored == file.name => None,
        Some(stored) => Some(format!("GitHub calls the asset {:?} {stored}.", file.name)),
        None => {
            Some(format!("GitHub gives the asset {:?} another name, which is known after apply.", file.name))
        }
    };
    wanted.iter().filter_map(note).collect()
}

/// What the plan knows of them: name, size and checksum; unknown while a file is not there yet.
pub(super) fn pinned(wanted: &[Wanted]) -> Result<Value, Problem> {
    let one = |wanted: &Wanted| match wanted.tree.open_input(&wanted.path) {
        Err(PathError::Missing) => Ok(Value::UNKNOWN),
        _ => {
            let measured = wanted.measured(&mut wanted.open()?)?;
            let name = stored(&wanted.name).map_or(Value::UNKNOWN, Value::from);
            Ok(described(name, &measured))
        }
    };
    Ok(Value::list(wanted.iter().map(one).collect::<Result<Vec<_>, _>>()?))
}

impl Wanted {
    fn problem(&self, message: String) -> Problem {
        Problem::invalid("asset", message).about(Path::attribute("asset").index(self.index).key("path"))
    }

    /// Opens the file, where the release may read it.
    fn open(&self) -> Result<fs::File, Problem> {
        self.tree.open_input(&self.path).map_err(|error| match error {
            PathError::Outside | PathError::Reserved => {
                let about = Path::attribute("asset").index(self.index).key("path");
                error.problem(about, &self.path.display().to_string())
            }
            PathError::NotAFile => self.unusable(),
            error => self.unreadable(&error),
        })
    }

    fn unusable(&self) -> Problem {
        let path = self.path.display();
        self.problem(format!("The asset {path} is no file of at least 1 byte and less than 2 GiB."))
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) -> Problem {
        self.problem(format!("The asset {} could not be read.", self.path.display()))
            .detail(error.to_string())
    }

    /// Its size and checksum, in a stream: an asset may be larger than memory should hold.
    fn measured(&self, file: &mut fs::File) -> Result<Measured, Problem> {
        let metadata = file.metadata().map_err(|error| self.unreadable(&error))?;
        if metadata.len() >= TOO_LARGE || metadata.len() == 0 {
            return Err(self.unusable());
        }
        let (mut hash, mut buffer, mut size) = (Sha256::new(), vec![0; 1 << 16], 0_i64);
        loop {
            let read = file.read(&mut buffer).map_err(|error| self.unreadable(&error))?;
            let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
            hash.update(part);
            size += i64::try_from(read).unwrap_or_default();
        }
        Ok(Measured { size, sha256: hex(&hash.finalize()) })
    }
}

impl Measured {
    /// As a plan or the state has it.
    fn of(described: &Value) -> Self {
        Self {
            size: described.get("size").as_i64().unwrap_or_default(),
            sha256: described.get("sha256").as_str().unwrap_or_default().to_owned(),
        }
    }
}

fn described(name: Value, measured: &Measured) -> Value {
    let Measured { size, sha256 } = measured;
    Value::map([("name", name), ("size", (*size).into()), ("sha256", sha256.as_str().into())])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}
