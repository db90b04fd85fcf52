//! What the fake really does: lines in the file of effects, and a file for each live object.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use relplan_contract::{Context, MASK, Problem, Reconciled, Value};

/// Appends one line for an effect, in one write, so that it stands whole beside those of other processes.
pub(crate) fn append_effect(context: &Context, config: &Value, key: &str, what: &str) -> Result<(), Problem> {
    let Some(path) = config.get("effects").as_str() else { return Ok(()) };
    let path = context.unread(path);
    let line = format!("{key} {} {}\n", context.address, one_line(what));
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .map_err(|error| {
            Problem::refused(format!("Cannot append to {}: {error}.", path.display()))
                .about(relplan_contract::Path::attribute("effects"))
        })
}

/// Whether an effect with the key was appended already.
pub(crate) fn has_effect(context: &Context, config: &Value, key: &str) -> Result<Option<bool>, Problem> {
    let Some(path) = config.get("effects").as_str() else { return Ok(None) };
    let path = context.unread(path);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.lines().any(|line| line.split(' ').next() == Some(key)))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(false)),
        Err(error) => Err(Problem::retry(format!("Cannot read {}: {error}.", path.display()))),
    }
}

/// What became of an action: as the script says, else as the effects tell.
pub(crate) fn reconcile(
    context: &Context,
    config: &Value,
    key: &str,
    done: impl FnOnce() -> Reconciled,
) -> Result<Reconciled, Problem> {
    match config.get("reconcile").as_str() {
        Some("done") => return Ok(done()),
        Some("not_done") => return Ok(Reconciled::NotDone),
        Some("cannot_tell") => return Ok(Reconciled::CannotTell),
        Some(_) | None => {}
    }
    Ok(match has_effect(context, config, key)? {
        Some(true) => done(),
        Some(false) => Reconciled::NotDone,
        None => Reconciled::CannotTell,
    })
}

/// The text that stands for a value in the file of effects.
pub(crate) fn text_of(value: &Value) -> String {
    if value.has_sensitive() {
        return MASK.into();
    }
    value.as_str().map_or_else(|| format!("{value:?}"), str::to_owned)
}

/// The file of a live object in the folder `world`: named like its address and, where it has one, its slot, without
/// what paths read.
pub(crate) fn live_file(context: &Context, config: &Value) -> Option<PathBuf> {
    let folder = config.get("world").as_str()?;
    let slot = config.get("slot").as_str().map(|slot| format!("@{slot}")).unwrap_or_default();
    let name: String = format!("{}{slot}", context.address)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-@".contains(c) { c } else { '_' })
        .collect();
    Some(context.unread(folder).join(name))
}

/// Writes the current version of a live object.
#[allow(clippy::disallowed_methods, reason = "what the fake writes is all that it does")]
pub(crate) fn set_live(context: &Context, config: &Value, version: &str) -> Result<(), Problem> {
    let Some(path) = live_file(context, config) else { return Ok(()) };
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, version));
    written.map_err(|error| Problem::refused(format!("Cannot write {}: {error}.", path.display())))
}

/// The current version of a live object; none when it is not there.
pub(crate) fn live(path: &std::path::Path) -> Result<Option<String>, Problem> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim_end().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problem::retry(format!("Cannot read {}: {error}.", path.display()))),
    }
}

/// Removes a live object; one that is gone already is no problem.
pub(crate) fn remove_live(context: &Context, config: &Value) -> Result<(), Problem> {
    let Some(path) = live_file(context, config) else { return Ok(()) };
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Problem::refused(format!("Cannot remove {}: {error}.", path.display())))
        }
        _ => Ok(()),
    }
}

fn one_line(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}
