//! The system that exists only as files.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use relplan_contract::{Context, Problem, Value};

/// Adds the line of an effect. One write of one line, so that those of several processes do not mix.
pub(crate) fn effect(context: &Context, config: &Value, key: &str, what: &str) -> Result<(), Problem> {
    let Some(file) = config.get("effects").as_str() else { return Ok(()) };
    let line = format!("{key} {} {what}\n", context.address);
    let opened = fs::OpenOptions::new().append(true).create(true).open(context.path(file));
    opened.and_then(|mut file| file.write_all(line.as_bytes())).map_err(|error| failed(&error))
}

/// The current value of an object as the world has it; none when there is none, or no world.
pub(crate) fn current(context: &Context, config: &Value) -> Result<Option<String>, Problem> {
    let Some(path) = path(context, config, "") else { return Ok(None) };
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

/// Sets the current value of an object; none removes it.
pub(crate) fn set(context: &Context, config: &Value, value: Option<&str>) -> Result<(), Problem> {
    let Some(path) = path(context, config, "") else { return Ok(()) };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    let written = match value {
        Some(text) => fs::write(path, text),
        None => fs::remove_file(path),
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Counts one more try of an object; gives how many there were before.
pub(crate) fn count_try(context: &Context, config: &Value) -> Result<i64, Problem> {
    let Some(path) = path(context, config, ".tries") else { return Ok(0) };
    let before = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    fs::write(path, format!("{}", before + 1)).map_err(|error| failed(&error))?;
    Ok(before)
}

fn path(context: &Context, config: &Value, suffix: &str) -> Option<PathBuf> {
    let folder = config.get("world").as_str()?;
    let name: String = context
        .address
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
        .collect();
    Some(context.path(folder).join(format!("{name}{suffix}")))
}

fn failed(error: &io::Error) -> Problem {
    Problem::refused(format!("The fake world cannot be used: {error}."))
}
