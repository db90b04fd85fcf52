//! From trees of blocks to a [`Config`]: modules are brought together, and the form of every block is checked.
//!
//! Nothing is read here: the files are handed in through [`Files`]. All errors of all files are collected; only the
//! checks of references wait until the files can be parsed, since a name may be missing because of a syntax error.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config::{Body, Config, Module};
use super::{refs, syntax};
use crate::canonical::Digest;
use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{FileId, Sources, Span};

mod address;
mod blocks;
mod call;
pub(crate) mod constant;
mod module;
mod path;
mod reader;
mod release;
mod resource;
mod types;
mod version;

pub use constant::duration;

/// Largest source file, in bytes.
pub const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;

/// Most files of one module.
pub const MAX_FILES: usize = 1_000;

/// Most errors and warnings that are reported.
pub const MAX_DIAGNOSTICS: usize = 200;

/// Most folders of modules.
pub const MAX_MODULES: usize = 1_000;

/// Most module calls, each counted as often as the module that it stands in is called.
pub const MAX_MODULE_CALLS: u64 = 10_000;

/// Deepest nesting of module calls.
pub const MAX_MODULE_DEPTH: usize = 32;

/// Where source files come from.
pub trait Files {
    /// Names of the files in a folder, in any order, without the folder. The error is a clause: `it does not exist`.
    fn list(&self, folder: &str) -> Result<Vec<String>, String>;

    /// The bytes of a file. The error is a clause: `permission denied`.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// What is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path of the root folder as the user would write it; empty or `.` for the current one.
    pub folder: String,
    /// The one file of it that is the root module; none for all its `*.hcl` files.
    pub file: Option<String>,
    /// Name of the product where no `release` block gives one: the folder's own name.
    pub name: String,
}

/// Loads a release definition with all its modules, and checks all that can be checked without evaluating.
///
/// The warnings come with the configuration; the errors, with the warnings, instead of it. All source files are in
/// `sources` in both cases.
pub fn load(
    sources: &mut Sources,
    files: &dyn Files,
    entry: &Entry,
) -> Result<(Config, Diagnostics), Diagnostics> {
    let mut loader = Loader {
        sources,
        files,
        root: path::normalise(&entry.folder),
        modules: BTreeMap::new(),
        under_way: Vec::new(),
        too_deep: false,
        loaded: 0,
        digests: BTreeMap::new(),
        whole: true,
        diagnostics: Diagnostics::default(),
    };
    let lowered = loader.module("", entry.file.as_deref(), None);
    let digest = loader.digest();
    let (whole, mut diagnostics) = (loader.whole, loader.diagnostics);
    let product =
        lowered.release.as_ref().map_or_else(|| entry.name.as_str().into(), |r| Arc::clone(&r.name));
    let config = Config { release: lowered.release, product, root: Arc::new(lowered.module), digest };
    let calls = call_limit(&config.root);
    diagnostics.extend(calls.clone());
    if whole && !calls.has_errors() {
        diagnostics.extend(refs::check(&config));
    }
    diagnostics.0.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span));
    limit(&mut diagnostics);
    diagnostics.unless_errors(config)
}

/// Modules that call modules twice, and so on, are small as files and huge as a release.
fn call_limit(root: &Arc<Module>) -> Diagnostics {
    let mut known = BTreeMap::new();
    let calls = |module| count_calls(module, &mut known);
    let mut sums = root
        .calls
        .values()
        .map(|call| call.source_span)
        .zip(root.calls.values().map(|call| &call.module).map(calls));
    let Some((span, _)) = sums.find(|(_, calls)| *calls >= MAX_MODULE_CALLS) else {
        return Diagnostics::default();
    };
    Diagnostic::error(
        "Too many module calls",
        format!(
            "Through this call more than {MAX_MODULE_CALLS} modules are called, each as often as its caller."
        ),
    )
    .at(span)
    .help("Use `for_each` on a call instead of calls that call each other.")
    .into()
}

/// How many calls a module makes, with those that its modules make; each module is looked at once.
fn count_calls(module: &Arc<Module>, known: &mut BTreeMap<*const Module, u64>) -> u64 {
    let id = Arc::as_ptr(module);
    if let Some(count) = known.get(&id) {
        return *count;
    }
    let inner = module.calls.values().map(|call| count_calls(&call.module, known).saturating_add(1));
    let count = inner.fold(0, u64::saturating_add);
    known.insert(id, count);
    count
}

/// Cuts off what nobody would read.
fn limit(diagnostics: &mut Diagnostics) {
    let left_out = diagnostics.0.len().saturating_sub(MAX_DIAGNOSTICS);
    if left_out > 0 {
        // Errors first, so that none is hidden behind warnings; the sort is stable.
        diagnostics.0.sort_by_key(|diagnostic| diagnostic.severity);
        diagnostics.0.truncate(MAX_DIAGNOSTICS);
        diagnostics.push(
            Diagnostic::error("More errors", format!("{left_out} more errors and warnings are not shown."))
                .help("Mend those above first: others often follow from them."),
        );
    }
}

struct Loader<'l> {
    sources: &'l mut Sources,
    files: &'l dyn Files,
    /// The root folder, normalised.
    root: String,
    /// Modules by their folder relative to the root; none for one that could not be read.
    modules: BTreeMap<String, Option<Arc<Module>>>,
    /// Folders of the modules that are being loaded, the root first.
    under_way: Vec<String>,
    /// Whether modules nest too deeply.
    too_deep: bool,
    /// How many module folders were begun; the largest number once that was too many.
    loaded: usize,
    /// Digest of each file by its name relative to the root.
    digests: BTreeMap<String, Digest>,
    /// Whether nothing is missing that a file defines. Otherwise names are not looked up: they may be what is missing.
    whole: bool,
    diagnostics: Diagnostics,
}

impl Loader<'_> {
    /// Loads a folder, relative to the root; `file` limits it to one file, `called` is the source that named it.
    fn module(&mut self, folder: &str, file: Option<&str>, called: Option<Span>) -> module::Lowered {
        let shown = path::join(&self.root, folder);
        let names = match file {
            Some(name) => vec![name.to_owned()],
            None => self.list(&shown, called),
        };
        let bodies: Vec<Body> = names.iter().filter_map(|name| self.file(folder, name, called)).collect();
        self.under_way.push(folder.to_owned());
        let mut diagnostics = Diagnostics::default();
        let mut resolve =
            |source: &str, span: Span, _: &mut Diagnostics| self.called(&path::join(folder, source), span);
        // However the release was named: a plan is the same for each way to it.
        let own = if folder.is_empty() { "." } else { folder };
        let lowered = module::lower(own, bodies, &mut resolve, &mut diagnostics);
        self.under_way.pop();
        self.whole &= !lowered.incomplete;
        self.diagnostics.extend(diagnostics);
        lowered
    }

    /// The module of a call, loaded once however often it is called.
    fn called(&mut self, folder: &str, span: Span) -> Option<Arc<Module>> {
        let name = if folder.is_empty() { "." } else { folder };
        if self.under_way.iter().any(|other| other == folder) {
            self.diagnostics.push(
                Diagnostic::error(
                    "Module calls itself",
                    format!("The module in {name:?} is called from within itself."),
                )
                .at(span)
                .help("Take the call out, or move what both need to a third module."),
            );
            return None;
        }
        if self.under_way.len() >= MAX_MODULE_DEPTH {
            self.whole = false;
            // Said once: in a tree of calls there would be as many of these as leaves.
            if !std::mem::replace(&mut self.too_deep, true) {
                self.diagnostics.push(
                    Diagnostic::error(
                        "Modules nested too deeply",
                        format!("Modules can be nested {MAX_MODULE_DEPTH} levels deep."),
                    )
                    .at(span)
                    .help("Call the module from further outside."),
                );
            }
            return None;
        }
        if let Some(known) = self.modules.get(folder) {
            return known.clone();
        }
        if self.loaded >= MAX_MODULES {
            self.too_many_modules(span);
            return None;
        }
        self.loaded += 1;
        let lowered = self.module(folder, None, Some(span));
        if let Some(release) = lowered.release {
            self.diagnostics.push(
                Diagnostic::error("`release` in a module", "Only the root module defines the release.")
                    .label(release.span, "this file belongs to a called module")
                    .label(span, "called here")
                    .help(
                        "Delete the block; `release.version` and `release.name` are known in every module.",
                    ),
            );
        }
        let module = Some(Arc::new(lowered.module));
        self.modules.insert(folder.to_owned(), module.clone());
        module
    }

    /// Said once: links can make a small tree endless.
    fn too_many_modules(&mut self, span: Span) {
        self.whole = false;
        if std::mem::replace(&mut self.loaded, usize::MAX) < usize::MAX {
            self.diagnostics.push(
                Diagnostic::error(
                    "Too many modules",
                    format!("The release is made of more than {MAX_MODULES} module folders."),
                )
                .at(span)
                .help("Look for a link to a folder above: it makes the tree endless."),
            );
        }
    }

    /// Names of the source files of a folder, sorted.
    fn list(&mut self, shown: &str, called: Option<Span>) -> Vec<String> {
        let place = |diagnostic: Diagnostic| called.into_iter().fold(diagnostic, Diagnostic::at);
        let folder = if shown.is_empty() { "." } else { shown };
        let mut names = match self.files.list(folder) {
            Ok(names) => names,
            Err(reason) => {
                let diagnostic = Diagnostic::error(
                    "Folder cannot be read",
                    format!("The folder {folder:?} cannot be read: {reason}."),
                );
                self.diagnostics.push(place(diagnostic).help("Check the path and its permissions."));
                self.whole = false;
                return Vec::new();
            }
        };
        names.retain(|name| is_source(name));
        names.sort_unstable();
        if names.is_empty() {
            let diagnostic =
                Diagnostic::error("No configuration", format!("The folder {folder:?} has no `*.hcl` files."));
            self.diagnostics
                .push(place(diagnostic).help("Name another folder, or write a file such as `release.hcl`."));
        }
        if names.len() > MAX_FILES {
            let diagnostic = Diagnostic::error(
                "Too many files",
                format!(
                    "The folder {folder:?} has {} `*.hcl` files; {MAX_FILES} are read at most.",
                    names.len()
                ),
            );
            self.diagnostics.push(place(diagnostic).help("Divide them into modules."));
            names.clear();
        }
        names
    }

    /// Reads and parses a file; none where there is nothing to go on with.
    fn file(&mut self, folder: &str, name: &str, called: Option<Span>) -> Option<Body> {
        let relative = path::join(folder, name);
        let shown = path::join(&self.root, &relative);
        let bytes = match self.files.read(&shown) {
            Ok(bytes) => bytes,
            Err(reason) => {
                let diagnostic = Diagnostic::error(
                    "File cannot be read",
                    format!("The file {shown:?} cannot be read: {reason}."),
                );
                let diagnostic = called.into_iter().fold(diagnostic, Diagnostic::at);
                self.diagnostics.push(diagnostic.help("Check the path and its permissions."));
                self.whole = false;
                return None;
            }
        };
        self.digests.insert(relative, Digest::of(&bytes));
        match add_source(self.sources, &shown, &bytes, false) {
            Ok(file) => {
                let text = self.sources.get(file).map(|source| Arc::clone(&source.text)).unwrap_or_default();
                let (body, diagnostics) = syntax::parse(file, &text);
                self.whole &= !diagnostics.has_errors();
                self.diagnostics.extend(diagnostics);
                Some(body)
            }
            Err(diagnostic) => {
                self.whole = false;
                self.diagnostics.push(*diagnostic);
                None
            }
        }
    }

    /// The digest over names and contents of all files.
    fn digest(&self) -> Digest {
        let lines = self.digests.iter().map(|(name, digest)| format!("{} {name}\n", digest.hex()));
        Digest::of(lines.collect::<String>().as_bytes())
    }
}

/// Whether a file of a folder belongs to its module.
fn is_source(name: &str) -> bool {
    let ignored = name.starts_with('.') || name.ends_with(".vars.hcl") || name.ends_with(".test.hcl");
    !ignored && name.rsplit_once('.').is_some_and(|(_, extension)| extension == "hcl")
}

/// Takes the bytes of a source file in, where they are text of a bearable size; `private` as in
/// [`Sources::add_private`].
pub(crate) fn add_source(
    sources: &mut Sources,
    name: &str,
    bytes: &[u8],
    private: bool,
) -> Result<FileId, Box<Diagnostic>> {
    if bytes.len() > MAX_FILE_BYTES {
        let mib = MAX_FILE_BYTES / (1024 * 1024);
        let detail =
            format!("The file {name:?} has {} bytes; a source file can have {mib} MiB.", bytes.len());
        let help = "Divide it, or read large data with `file` and `jsondecode`.";
        return Err(Box::new(Diagnostic::error("File too large", detail).help(help)));
    }
    let text = String::from_utf8_lossy(bytes);
    let file = if private { sources.add_private(name, &*text) } else { sources.add(name, &*text) };
    let Err(error) = std::str::from_utf8(bytes) else { return Ok(file) };
    let start = u32::try_from(error.valid_up_to()).unwrap_or(u32::MAX);
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let help = if utf16 { "The file is UTF-16: save it as UTF-8." } else { "Save the file as UTF-8." };
    Err(Box::new(
        Diagnostic::error("Not UTF-8", "The bytes here are no text in UTF-8.")
            .at(Span { file, start, end: start + 1 })
            .help(help),
    ))
}

#[cfg(test)]
mod tests;
