//! `relplan fmt`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use relplan_contract::Tree;

use super::args::FmtArgs;
use super::context::Context;
use super::exit::{Exit, Failure};
use crate::lang::format::format;
use crate::lang::lower::MAX_FILE_BYTES;
use crate::view::escape;
use crate::view::json::{self, Reformatted};

pub(super) fn run(context: &Context, args: &FmtArgs) -> Result<Exit, Failure> {
    if args.paths.iter().any(|path| path.as_os_str() == "-") {
        return standard_input(context, args);
    }
    let mut files = Vec::new();
    if args.paths.is_empty() {
        collect(&context.directory, Path::new(""), args.recursive, &mut files)?;
    }
    for path in &args.paths {
        let full = context.path(path);
        if full.is_dir() {
            collect(&full, path, args.recursive, &mut files)?;
        } else {
            files.push((full, path.clone()));
        }
    }
    let mut changed = Vec::new();
    for (full, shown) in files {
        changed.extend(one(context, args, &full, &shown)?);
    }
    if context.json {
        context.print(&json::to_line(&json::formatted(&changed, !args.check)));
    }
    Ok(if args.check && !changed.is_empty() { Exit::Error } else { Exit::Done })
}

fn one(context: &Context, args: &FmtArgs, full: &Path, shown: &Path) -> Result<Option<Reformatted>, Failure> {
    let failure = |why: String| Failure::error(format!("{} cannot be formatted: {why}.", shown.display()));
    let around = full.parent().unwrap_or(full);
    let read = Tree::around(around).and_then(|tree| tree.read(full, MAX_FILE_BYTES));
    let bytes = read.map_err(|error| failure(error.to_string()))?;
    let source = String::from_utf8(bytes).map_err(|_| failure("it is not UTF-8".to_owned()))?;
    refuse_broken(&source, shown)?;
    let formatted = format(&source);
    if formatted == source {
        return Ok(None);
    }
    let path = escape::shown(&shown.display());
    let diff = args.diff.then(|| diff(&source, &formatted, &path));
    if !context.json {
        context.print_line(&path);
        context.print(diff.as_deref().unwrap_or_default());
    }
    if !args.check {
        write(full, &formatted).map_err(|error| failure(error.to_string()))?;
    }
    Ok(Some(Reformatted { path, diff, text: None }))
}

/// A file that cannot be parsed is left alone: what it means is not known.
fn refuse_broken(source: &str, shown: &Path) -> Result<(), Failure> {
    let mut sources = crate::source::Sources::default();
    let id = sources.add(shown.display().to_string(), source);
    let (_, found) = crate::lang::syntax::parse(id, source);
    if !found.has_errors() {
        return Ok(());
    }
    let text = crate::diag::render::text(&found, &sources, crate::diag::render::Style::PLAIN);
    Err(Failure::error(format!(
        "{} cannot be formatted, since it cannot be parsed:\n\n{text}",
        shown.display()
    )))
}

/// The new text takes the old one's place whole or not at all.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.relplan-fmt-{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&temporary)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.set_permissions(std::fs::metadata(path)?.permissions()))
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // What is left of the try is only in the way; the first error is the one that counts.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn standard_input(context: &Context, args: &FmtArgs) -> Result<Exit, Failure> {
    let mut source = String::new();
    let read = std::io::stdin().lock().read_to_string(&mut source);
    read.map_err(|error| Failure::error(format!("Standard input cannot be read: {error}.")))?;
    refuse_broken(&source, Path::new("<stdin>"))?;
    let formatted = format(&source);
    if context.json {
        let diff = args.diff.then(|| diff(&source, &formatted, "<stdin>"));
        let file = Reformatted { path: "<stdin>".to_owned(), diff, text: Some(formatted.clone()) };
        let files = if formatted == source { Vec::new() } else { vec![file] };
        context.print(&json::to_line(&json::formatted(&files, false)));
    } else if args.diff {
        context.print(&diff(&source, &formatted, "<stdin>"));
    } else if !args.check {
        context.print_exactly(&formatted);
    }
    Ok(if args.check && formatted != source { Exit::Error } else { Exit::Done })
}

fn diff(old: &str, new: &str, name: &str) -> String {
    similar::TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .header(&format!("old/{name}"), &format!("new/{name}"))
        .to_string()
}

fn collect(
    full: &Path,
    shown: &Path,
    recursive: bool,
    files: &mut Vec<(PathBuf, PathBuf)>,
) -> Result<(), Failure> {
    let failure =
        |error: std::io::Error| Failure::error(format!("{} cannot be read: {error}.", full.display()));
    let mut entries: Vec<_> = std::fs::read_dir(full).map_err(failure)?.filter_map(Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let hidden = name.to_string_lossy().starts_with('.');
        let (full, shown) = (entry.path(), shown.join(&name));
        if recursive && !hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&full, &shown, recursive, files)?;
        } else if full.extension().is_some_and(|extension| extension == "hcl") && full.is_file() {
            files.push((full, shown));
        }
    }
    Ok(())
}
