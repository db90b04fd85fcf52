//! Which release: the one named, the one in this folder, or the next one under `releases/`.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use relplan_contract::{PathError, Tree};
use semver::Version;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::files::{SourceFiles, refused};
use crate::lang::lower::Entry;
use crate::ledger::Reading;
use crate::state::State;
use crate::state::versions::{is_newer, parsed};

/// A release definition that was found.
#[derive(Clone, Debug)]
pub(super) struct Located {
    /// Folder of the root module.
    pub folder: PathBuf,
    /// The one file that is the root module; none for the whole folder.
    pub file: Option<String>,
    /// How messages name it.
    pub shown: String,
    /// Whether it was found without being named.
    pub guessed: bool,
    /// The files that may be read for it.
    pub tree: Tree,
}

impl Located {
    /// The same for the language.
    pub(super) fn entry(&self) -> Entry {
        let folder = if self.shown_folder().is_empty() { ".".to_owned() } else { self.shown_folder() };
        // Its own name, whatever link or `..` it was reached by: a product is named after it.
        let real = self.tree.input(&self.folder).ok();
        let name = real.and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
        Entry { folder, file: self.file.clone(), name: name.unwrap_or_else(|| "release".to_owned()) }
    }

    /// The same, where the file is a link, at the place of the file itself: its modules, ledger and relative paths are
    /// those of that folder, however the file was named.
    fn through_links(self, directory: &Path) -> Result<Self, Failure> {
        let Some(name) = &self.file else { return Ok(self) };
        let full = self.folder.join(name);
        if !full.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
            return Ok(self);
        }
        let refused = |error: PathError| refused(Path::new(&self.shown), &error);
        let real = self.tree.input(&full).map_err(refused)?;
        let (Some(folder), Some(name)) = (real.parent(), real.file_name()) else { return Ok(self) };
        let tree = Tree::around(folder).map_err(refused)?;
        let near = tree.input(directory).ok();
        let near = near.as_deref().and_then(|directory| real.strip_prefix(directory).ok());
        let shown = near.unwrap_or(&real).to_string_lossy().into_owned();
        let file = Some(name.to_string_lossy().into_owned());
        Ok(Self { folder: folder.to_owned(), file, shown, tree, ..self })
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
    let located = match named {
        Some(path) => of_path(context, path),
        None => guess(context),
    };
    located?.through_links(&context.directory)
}

fn of_path(context: &Context, path: &Path) -> Result<Located, Failure> {
    let full = context.path(path);
    let shown = path.to_string_lossy().into_owned();
    let refused = |error: PathError| match error {
        PathError::Outside | PathError::Reserved | PathError::Circle => refused(path, &error),
        _ => nothing_at(&shown),
    };
    // A link leads within the tree that it lies in, whether that of a file or of a whole folder.
    let around = full.parent().unwrap_or(&full);
    let tree = Tree::around(around).map_err(refused)?;
    let ends_in_name = full.components().next_back().is_some_and(|last| matches!(last, Component::Normal(_)));
    if !ends_in_name || tree.is_folder(&full).map_err(refused)? {
        let tree = Tree::around(&full).map_err(refused)?;
        return Ok(Located { folder: full, file: None, shown, guessed: false, tree });
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    match (tree.is_file(&full).map_err(refused)?, name) {
        (true, Some(name)) => {
            Ok(Located { folder: around.to_owned(), file: Some(name), shown, guessed: false, tree })
        }
        _ => Err(nothing_at(&shown)),
    }
}

fn nothing_at(shown: &str) -> Failure {
    Failure::new(Exit::Usage, format!("There is no file or folder {shown:?}."))
        .help("Name a release file, as in `relplan plan releases/v1.2.hcl`.")
}

fn guess(context: &mut Context) -> Result<Located, Failure> {
    let directory = context.directory.clone();
    let tree = Tree::around(&directory).map_err(|error| refused(Path::new("."), &error))?;
    match definitions(&tree).as_slice() {
        [] => under_releases(context, &tree),
        [only] => {
            let shown = only.clone();
            Ok(Located { folder: directory, file: Some(only.clone()), shown, guessed: true, tree })
        }
        _ => Ok(Located { folder: directory, file: None, shown: ".".to_owned(), guessed: true, tree }),
    }
}

/// A release file that may be meant.
struct Candidate {
    version: Version,
    file: String,
    product: String,
    /// Whether something of it is still to be done, as far as the ledger tells.
    open: bool,
    /// Whether it is older than what is live.
    below: bool,
    /// Whether it is what is live.
    live: bool,
}

/// The highest version under `releases/` that is not wholly applied, never one below what is live; where all are, the
/// one that is live.
fn under_releases(context: &mut Context, around: &Tree) -> Result<Located, Failure> {
    let folder = context.directory.join("releases");
    let nothing = || {
        Failure::new(Exit::Usage, "There is no release file here, and none under releases/.")
            .help("Name one, as in `relplan plan releases/v1.2.hcl`, or write one: see docs/language.md.")
    };
    let refused = |error: PathError| refused(Path::new("releases"), &error);
    if !around.is_folder(Path::new("releases")).map_err(refused)? {
        return Err(nothing());
    }
    let tree = Tree::around(&folder).map_err(refused)?;
    let mut found: Vec<Candidate> = Vec::new();
    // Mostly all are of one product: its ledger is read once.
    let mut ledgers: BTreeMap<String, Option<Reading>> = BTreeMap::new();
    for file in definitions(&tree) {
        let located = Located {
            folder: folder.clone(),
            shown: format!("releases/{file}"),
            file: Some(file.clone()),
            guessed: true,
            tree: tree.clone(),
        };
        let Some((version, product)) = version_of(context, &located) else { continue };
        let reading = ledgers
            .entry(product.clone())
            .or_insert_with(|| crate::ledger::file::read(&folder, &product).ok().flatten());
        found.extend(candidate(reading.as_ref().map(Reading::state), file, &version, product));
    }
    found.sort_by(|a, b| (&a.version, &a.file).cmp(&(&b.version, &b.file)));
    let file = chosen(&found).ok_or_else(nothing)??.file.clone();
    Ok(Located { folder, shown: format!("releases/{file}"), file: Some(file), guessed: true, tree })
}

fn candidate(state: Option<&State>, file: String, version: &str, product: String) -> Option<Candidate> {
    let complete =
        state.and_then(|state| state.releases.get(version)).is_some_and(|release| release.complete);
    let withdrawn = state.is_some_and(|state| state.withdrawn.contains_key(version));
    let live = state.and_then(State::newest_live);
    Some(Candidate {
        below: live.is_some_and(|live| is_newer(live, version)),
        live: live.is_some_and(|live| **live == *version),
        version: parsed(version)?,
        file,
        product,
        open: !complete && !withdrawn,
    })
}

/// Which of them is meant, sorted by version; none where there is none.
fn chosen(found: &[Candidate]) -> Option<Result<&Candidate, Failure>> {
    let first = found.first()?;
    if let Some(other) = found.iter().find(|other| other.product != first.product) {
        let text =
            format!("Under releases/ there are releases of {} and of {}.", first.product, other.product);
        return Some(Err(Failure::new(Exit::Usage, text).help("Name the release file.")));
    }
    let newest = found.iter().rev();
    let ahead = newest.clone().find(|one| one.open && !one.below);
    let next =
        ahead.or_else(|| found.iter().find(|one| one.live)).or_else(|| newest.clone().find(|one| !one.below));
    Some(next.ok_or_else(|| {
        Failure::new(Exit::Usage, "Every release file under releases/ is older than what is live.").help(
            "Name one to go back to it, as in `relplan plan releases/v1.2.hcl`, or run `relplan rollback`.",
        )
    }))
}

/// Version and product of a release file, as far as they stand in it literally.
fn version_of(context: &mut Context, located: &Located) -> Option<(String, String)> {
    let files = SourceFiles { tree: &located.tree, directory: context.directory.clone() };
    let mut sources = crate::source::Sources::default();
    let (config, _) = crate::lang::lower::load(&mut sources, &files, &located.entry()).ok()?;
    let release = config.release?;
    let crate::lang::ast::Node::Literal(value) = &release.version.node else { return None };
    Some((value.as_str()?.to_owned(), release.name.to_string()))
}

/// The release definitions in the tree's folder, sorted.
fn definitions(tree: &Tree) -> Vec<String> {
    let mut names: Vec<String> = tree.names(Path::new("")).unwrap_or_default();
    names.retain(|name| Path::new(name).extension().is_some_and(|extension| extension == "hcl"));
    names.retain(|name| !name.ends_with(".vars.hcl") && !name.ends_with(".test.hcl"));
    names.sort();
    names
}
