//! Bringing a snapshot back: always into a new file, never over what is there.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use relplan_contract::{Problem, Restored, Value};

use crate::directory;
use crate::inspect::{hash, inspect};

/// Writes the snapshot that an object stands for to a new file, checked before and after.
pub(crate) fn restore(object: &Value, file: &Path, into: &Path) -> Result<Restored, Problem> {
    let expected = object.get("sha256").as_str().unwrap_or_default().to_owned();
    let found = hash(file).map_err(|error| {
        Problem::missing(format!("The snapshot {} cannot be read: {error}.", file.display()))
    })?;
    if found.0 != expected {
        return Err(Problem::conflict(format!(
            "The snapshot {} is not what was taken: its sha256 is {}, not {expected}.",
            file.display(),
            found.0
        ))
        .hint("It was changed or damaged. Use another snapshot."));
    }
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Problem::conflict(format!("There is a file {} already.", into.display())).hint("Name a new file.")
        }
        _ => Problem::refused(format!("{} cannot be written: {error}.", into.display())),
    };
    let mut target =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(into).map_err(failed)?;
    let copied = fs::File::open(file).and_then(|mut source| io::copy(&mut source, &mut target));
    let written = copied.and_then(|_| target.sync_all());
    let checked = written.map_err(failed).and_then(|()| inspect(into));
    let facts = match checked {
        Ok(facts) if facts.sha256 == expected => facts,
        Ok(_) => {
            let _ = fs::remove_file(into);
            return Err(Problem::refused("The copy is not what was read."));
        }
        Err(problem) => {
            let _ = fs::remove_file(into);
            return Err(problem);
        }
    };
    directory::sync(
        into.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new(".")),
    )
    .map_err(failed)?;
    let rows: i64 = facts.tables.values().sum();
    Ok(Restored {
        notes: vec![
            format!("{} bytes, sha256 {} as when it was taken", facts.bytes, facts.sha256),
            format!("integrity_check: ok; {} tables with {rows} rows", facts.tables.len()),
        ],
    })
}
