//! Bringing a snapshot back for a person: whole or not at all, and never over what is there without putting it aside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use relplan_archive::{Archive, Job, Settings, Wanted, asserts};
use relplan_contract::{Problem, Restored};

use crate::copy;
use crate::in_use;
use crate::inspect;
use crate::likeness;
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
    if let Some(left) = beside(&into).find(|path| !wanted.over && path.symlink_metadata().is_ok()) {
        let message =
            format!("There is no {}, but {} of a database that was there.", into.display(), left.display());
        return Err(Problem::invalid("into", message).hint(
            "SQLite would take it for changes of the restored one. Move it away, or put it aside with -over.",
        ));
    }
    let files = || std::iter::once(into.clone()).chain(beside(&into));
    in_use::refuse(&into, files())?;
    let mut file = copy::file(folder)?;
    let bytes = verify::write(job, settings, archive, &mut file)?;
    let failed =
        |error: io::Error| relplan_archive::failed(&format!("{} cannot be written", into.display()), &error);
    file.as_file().sync_all().map_err(failed)?;
    let found = inspect::inspect(file.path())?;
    asserts::agree(&found.differences(&archive.manifest))?;
    let mut notes = vec![
        format!("{bytes} bytes, each as it was when it was copied"),
        format!("{}; {}", found.checked(), archive.manifest.counted()),
    ];
    notes.extend(found.unseen);
    // No pipe, of which the opening would wait.
    let is_file = fs::metadata(&into).is_ok_and(|found| found.is_file());
    let before = likeness::Before::of(is_file.then(|| fs::File::open(&into).ok()).flatten());
    let wal =
        before.is_wal() || archive.manifest.database.get("journal_mode").is_some_and(|mode| mode == "wal");
    if wal {
        likeness::log(file.path())?;
        notes.push("its journal_mode is WAL, as it was".to_owned());
    }
    notes.extend(before.carry(file.path(), &into));
    file.as_file().sync_all().map_err(failed)?;
    // Once more: all of it was written meanwhile. It is held until the new one has the name.
    let held = in_use::refuse(&into, files())?;
    let aside = put_aside(&into, job.context().clock.now_ms()).map_err(failed)?;
    if there {
        notes.push(format!("The file that was there is now {}.", aside.display()));
    }
    file.persist_noclobber(&into).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => already_there(&into),
        _ => failed(error.error),
    })?;
    drop(held);
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(Restored { notes })
}

fn already_there(into: &Path) -> Problem {
    Problem::invalid("into", format!("There is a file {} already.", into.display()))
        .hint("Name a new file. With -over it is put aside under another name, and not deleted.")
}

/// What SQLite keeps beside a database, there or not.
fn beside(database: &Path) -> impl Iterator<Item = PathBuf> {
    BESIDE.iter().map(|ending| with_ending(database, ending))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Gives a database with what belongs to it another name. What belongs to it gets a second name first, so that however
/// far this comes, the database is whole under one of the two names, and a new one never meets the changes of the old.
fn put_aside(database: &Path, stamp: i64) -> io::Result<PathBuf> {
    let aside = with_ending(database, &format!(".before-{stamp}"));
    let kept: Vec<_> = BESIDE
        .iter()
        .filter(|ending| with_ending(database, ending).symlink_metadata().is_ok())
        .map(|ending| (with_ending(database, ending), with_ending(&aside, ending)))
        .collect();
    for (here, there) in &kept {
        match fs::hard_link(here, there) {
            // A file system without second names: a copy does as well, as long as nobody writes.
            Err(error) if error.kind() != io::ErrorKind::NotFound => fs::copy(here, there).map(drop)?,
            _ => {}
        }
    }
    match fs::rename(database, &aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    for (here, _) in &kept {
        match fs::remove_file(here) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_put_aside_with_its_changes_and_leaves_none_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("shop.sqlite");
        for (ending, text) in [("", "all"), ("-wal", "changes"), ("-shm", "index")] {
            fs::write(with_ending(&database, ending), text).expect("a file");
        }
        let aside = put_aside(&database, 1).expect("is put aside");
        let text = |path: &Path, ending| fs::read_to_string(with_ending(path, ending)).ok();
        assert_eq!(
            ["", "-wal", "-shm"].map(|e| text(&aside, e)),
            ["all", "changes", "index"].map(|t| Some(t.into()))
        );
        assert_eq!(
            ["", "-wal", "-shm", "-journal"].map(|e| text(&database, e)),
            [const { None::<String> }; 4]
        );
        // What a run left that was cut off behind the database itself goes as well.
        fs::write(with_ending(&database, "-wal"), "changes").expect("a file");
        let aside = put_aside(&database, 2).expect("is put aside");
        assert_eq!((text(&aside, ""), text(&aside, "-wal")), (None, Some("changes".into())));
        assert_eq!(text(&database, "-wal"), None);
    }
}
