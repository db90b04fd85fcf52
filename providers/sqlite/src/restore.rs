//! Bringing a snapshot back for a person: whole or not at all, and never over what is there without putting it aside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use relplan_archive::{Archive, Job, Settings, Wanted, asserts};
use relplan_contract::{Problem, Restored};

use crate::copy;
use crate::inspect;
use crate::verify;

/// What SQLite keeps beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Restores into the file that a person named.
pub(crate) fn for_person(
    job: &Job,
    settings: &Settings,
    archive: &Archive,
    wanted: &Wanted,
) -> Result<Restored, Problem> {
    let into = wanted.folder.join(&wanted.into);
    let folder =
        into.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let there = into.symlink_metadata().is_ok();
    if there && !wanted.over {
        return Err(already_there(&into));
    }
    let mut file = copy::file(folder)?;
    let bytes = verify::write(job, settings, archive, &mut file)?;
    let failed =
        |error: io::Error| relplan_archive::failed(&format!("{} cannot be written", into.display()), &error);
    file.as_file().sync_all().map_err(failed)?;
    let facts = inspect::inspect(&inspect::open(file.path())?)?;
    let differences = archive.manifest.differences(&facts.tables);
    asserts::agree(&differences)?;
    let mut notes = vec![
        format!("{bytes} bytes, each as it was when it was copied"),
        format!("integrity_check: ok; {}", archive.manifest.counted()),
    ];
    if there {
        let aside = put_aside(&into, job.context().clock.now_ms()).map_err(failed)?;
        notes.push(format!(
            "The file that was there is now {}. Whoever has it open goes on in it: start them anew.",
            aside.display()
        ));
    }
    file.persist_noclobber(&into).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => already_there(&into),
        _ => failed(error.error),
    })?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(Restored { notes })
}

fn already_there(into: &Path) -> Problem {
    Problem::invalid("into", format!("There is a file {} already.", into.display()))
        .hint("Name a new file. With -over it is put aside under another name, and not deleted.")
}

/// Renames a database with what belongs to it.
fn put_aside(database: &Path, stamp: i64) -> io::Result<PathBuf> {
    let named = |ending: &str| {
        let mut name = database.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let aside = format!(".before-{stamp}");
    for ending in BESIDE {
        match fs::rename(named(ending), named(&format!("{aside}{ending}"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(database, named(&aside))?;
    Ok(named(&aside))
}
