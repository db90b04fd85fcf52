//! The files of a release: read and hashed once, uploaded where they are missing, compared where they are there.

use std::fs;
use std::io::Read;

use relplan_contract::{Context, Kind, Path, PathError, Problem, Tree, Value};
use reqwest::Url;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::client::{Client, query};

/// The largest asset that GitHub takes: 2 GiB.
const LARGEST: u64 = 2 << 30;

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
#[derive(Debug, Deserialize)]
pub(super) struct Asset {
    pub(super) name: String,
    size: i64,
    state: String,
    /// `sha256:...`; older servers do not tell.
    #[serde(default)]
    digest: Option<String>,
}

/// The files that an object asks for.
pub(super) fn wanted(context: &Context, object: &Value) -> Vec<Wanted> {
    let blocks = object.get("asset").as_list().unwrap_or_default();
    let read = |(index, block): (usize, &Value)| {
        let text = |name: &str| block.get(name).as_str().map(str::to_owned);
        let path = context.base.join(text("path")?);
        let own = path.file_name()?.to_string_lossy().into_owned();
        let content_type = text("content_type").unwrap_or_else(|| "application/octet-stream".into());
        let (name, label) = (text("name").unwrap_or(own), text("label"));
        Some(Wanted { tree: context.tree.clone(), name, label, content_type, index, path })
    };
    blocks.iter().enumerate().filter_map(read).collect()
}

/// What the plan knows of them: name, size and checksum; unknown while a file is not there yet.
pub(super) fn pinned(wanted: &[Wanted]) -> Result<Value, Problem> {
    let one = |wanted: &Wanted| match wanted.tree.open_input(&wanted.path) {
        Err(PathError::Missing) => Ok(Value::UNKNOWN),
        _ => wanted.measured(),
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
        self.problem(format!("The asset {} is no file of 1 byte to 2 GiB.", self.path.display()))
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) -> Problem {
        self.problem(format!("The asset {} could not be read.", self.path.display()))
            .detail(error.to_string())
    }

    /// Its name, size and checksum, in a stream: an asset may be larger than memory should hold.
    fn measured(&self) -> Result<Value, Problem> {
        let mut file = self.open()?;
        let metadata = file.metadata().map_err(|error| self.unreadable(&error))?;
        if metadata.len() > LARGEST || metadata.len() == 0 {
            return Err(self.unusable());
        }
        let (mut hash, mut buffer, mut size) = (Sha256::new(), vec![0; 1 << 16], 0_i64);
        loop {
            let read = file.read(&mut buffer).map_err(|error| self.unreadable(&error))?;
            let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
            hash.update(part);
            size += i64::try_from(read).unwrap_or_default();
        }
        Ok(described(&self.name, size, &hex(&hash.finalize())))
    }
}

fn described(name: &str, size: i64, sha256: &str) -> Value {
    Value::map([("name", name.into()), ("size", size.into()), ("sha256", sha256.into())])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

/// Uploads what is missing and compares what is there. `pinned` is what the plan knew of the files.
pub(super) async fn upload(
    client: &Client,
    context: &Context,
    upload_url: &str,
    (wanted, pinned): (&[Wanted], &Value),
    there: &[Asset],
) -> Result<Value, Problem> {
    // `.../assets{?name,label}`, a URI template (RFC 6570).
    let base = upload_url.split('{').next().unwrap_or_default();
    let mut done = Vec::new();
    for (index, file) in wanted.iter().enumerate() {
        let measured = file.measured()?;
        let promised = pinned.as_list().and_then(|pinned| pinned.get(index));
        if promised.is_some_and(|promised| matches!(promised.kind(), Kind::Map(_)) && *promised != measured) {
            let message = format!("The asset {} is not the file that the plan saw.", file.path.display());
            return Err(file.problem(message).hint("Plan again, and let the new checksum be reviewed."));
        }
        match there.iter().find(|asset| asset.name == file.name) {
            Some(asset) => compare(asset, &measured)?,
            None => {
                send(client, context, base, file).await?;
                context.progress.line(&format!("Uploaded {}.", file.name));
            }
        }
        done.push(measured);
    }
    Ok(Value::list(done))
}

async fn send(client: &Client, context: &Context, base: &str, file: &Wanted) -> Result<(), Problem> {
    let mut pairs = vec![("name", file.name.as_str())];
    pairs.extend(file.label.as_deref().map(|label| ("label", label)));
    let what = format!("The asset {} could not be uploaded", file.name);
    let url =
        Url::parse(&query(base, &pairs)).map_err(|error| Problem::refused(format!("{what}: {error}.")))?;
    let mut bytes = Vec::new();
    file.open()?.read_to_end(&mut bytes).map_err(|error| file.unreadable(&error))?;
    // A half-uploaded asset has the state `starter`, and a repeat finds it by name.
    let sent: Result<Asset, _> = client.upload(context, url, &file.content_type, bytes).await;
    sent.map(drop).map_err(|fault| fault.reading(&what))
}

/// Whether an asset that is there is this file.
fn compare(asset: &Asset, measured: &Value) -> Result<(), Problem> {
    let sha256 = measured.get("sha256").as_str().unwrap_or_default();
    let same_digest = asset.digest.as_deref().is_none_or(|digest| digest == format!("sha256:{sha256}"));
    if asset.state == "uploaded" && same_digest && measured.get("size").as_i64() == Some(asset.size) {
        return Ok(());
    }
    Err(Problem::conflict(format!("The release has an asset {} that is another file.", asset.name))
        .hint("Delete that asset on GitHub, and apply again.")
        .about(Path::attribute("asset")))
}
