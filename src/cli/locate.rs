//! Which release: the one named, the one in this folder, or the next one under `releases/`.

use std::path::{Path, PathBuf};

use semver::Version;

use super::context::Context;
use super::exit::{Exit, Failure};
use crate::lang::lower::Entry;

/// A release definition that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    /// Folder of the root module.
    pub folder: PathBuf,
    /// The one file that is the root module; none for the whole folder.
    pub file: Option<String>,
    /// How messages name it.
    pub shown: String,
    /// Whether it was found without being named.
    pub guessed: bool,
}

impl Located {
    /// The same for the language.
    pub(super) fn entry(&self) -> Entry {
        let folder = if self.shown_folder().is_empty() { ".".to_owned() } else { self.shown_folder() };
        let name = std::path::absolute(&self.folder)
            .ok()
            .and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
        Entry { folder, file: self.file.clone(), name: name.unwrap_or_else(|| "release".to_owned()) }
    }

    fn shown_folder(&self) -> String {
        match &self.file {
            Some(_) => Path::new(&self.shown)
                .parent()
                .map(|path| path.to_string_lossy().into_owned())
                .unwrap_or_default(),
            None => self.shown.clone(),
        }
    }
}

/// The release that the command line names, or else the one to be found.
pub(super) fn release(context: &mut Context, named: Option<&Path>) -> Result<Located, Failure> {
    match named {
        Some(path) => of_path(context, path),
        None => guess(context),
    }
}

fn of_path(context: &Context, path: &Path) -> Result<Located, Failure> {
    let full = context.path(path);
    let shown = path.to_string_lossy().into_owned();
    if full.is_dir() {
        return Ok(Located { folder: full, file: None, shown, guessed: false });
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let folder = full.parent().map(Path::to_path_buf);
    match (full.is_file(), name, folder) {
        (true, Some(name), Some(folder)) => Ok(Located { folder, file: Some(name), shown, guessed: false }),
        _ => Err(Failure::new(Exit::Usage, format!("There is no file or folder {shown:?}."))
            .help("Name a release file, as in `relplan plan releases/v1.2.hcl`.")),
    }
}

fn guess(context: &mut Context) -> Result<Located, Failure> {
    let here = definitions(&context.directory);
    match here.as_slice() {
        [] => under_releases(context),
        [only] => {
            let shown = only.clone();
            Ok(Located { folder: context.directory.clone(), file: Some(only.clone()), shown, guessed: true })
        }
        _ => Ok(Located {
            folder: context.directory.clone(),
            file: None,
            shown: ".".to_owned(),
            guessed: true,
        }),
    }
}

/// The highest version under `releases/` that is not wholly applied; the highest of all when all are.
fn under_releases(context: &mut Context) -> Result<Located, Failure> {
    let folder = context.directory.join("releases");
    let mut found: Vec<(Version, String, bool)> = Vec::new();
    for name in definitions(&folder) {
        let located = Located {
            folder: folder.clone(),
            shown: format!("releases/{name}"),
            file: Some(name.clone()),
            guessed: true,
        };
        let Some((version, product)) = version_of(context, &located) else { continue };
        let complete = is_complete(&folder, &product, &version);
        let Ok(version) = Version::parse(version.trim_start_matches('v')) else { continue };
        found.push((version, name, complete));
    }
    found.sort();
    let next = found.iter().rev().find(|(_, _, complete)| !complete).or(found.last());
    let Some((_, name, _)) = next else {
        return Err(Failure::new(Exit::Usage, "There is no release file here, and none under releases/.")
            .help("Name one, as in `relplan plan releases/v1.2.hcl`, or write one: see docs/language.md."));
    };
    Ok(Located { folder, file: Some(name.clone()), shown: format!("releases/{name}"), guessed: true })
}

/// Version and product of a release file, as far as they stand in it literally.
fn version_of(context: &mut Context, located: &Located) -> Option<(String, String)> {
    let files = super::files::Folder { base: context.directory.clone() };
    let mut sources = crate::source::Sources::default();
    let (config, _) = crate::lang::lower::load(&mut sources, &files, &located.entry()).ok()?;
    let release = config.release?;
    let crate::lang::ast::Node::Literal(value) = &release.version.node else { return None };
    Some((value.as_str()?.to_owned(), release.name.to_string()))
}

fn is_complete(folder: &Path, product: &str, version: &str) -> bool {
    let reading = crate::ledger::file::read(folder, product).ok().flatten();
    reading
        .is_some_and(|reading| reading.state().releases.get(version).is_some_and(|release| release.complete))
}

/// The release definitions in a folder, sorted.
fn definitions(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "hcl"))
        .filter(|name| !name.ends_with(".vars.hcl") && !name.ends_with(".test.hcl"))
        .filter(|name| folder.join(name).is_file())
        .collect();
    names.sort();
    names
}
