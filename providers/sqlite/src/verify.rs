//! Proving a snapshot: by reading all of it, or by restoring it and having SQLite look.

use std::io;

use relplan_archive::{Archive, Job, Settings, asserts};
use relplan_contract::{Problem, Value};

use crate::copy;
use crate::inspect;
use crate::snapshot::COPY;

/// Writes the database of a snapshot somewhere, with every sum compared on the way.
pub(crate) fn write(
    job: &Job,
    settings: &Settings,
    archive: &Archive,
    to: &mut impl io::Write,
) -> Result<u64, Problem> {
    let part = archive.only_part(COPY)?;
    let mut reader = archive.reader(part, settings.identities()?.as_ref())?;
    job.copy(&mut reader, to, &part.name).map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            relplan_archive::failed("The database cannot be written", &error)
        }
        _ => part.unreadable(&error),
    })
}

/// Reads the whole database: it must begin as one of SQLite, and have as many pages as it had.
pub(crate) fn read(job: &Job, settings: &Settings, archive: &Archive) -> Result<Vec<String>, Problem> {
    let mut sink = Beginning::default();
    let bytes = write(job, settings, archive, &mut sink)?;
    let number = |name: &str| archive.manifest.database.get(name).and_then(|text| text.parse::<u64>().ok());
    let expected =
        number("page_count").zip(number("page_size")).map(|(pages, size)| pages.saturating_mul(size));
    if !sink.0.starts_with(b"SQLite format 3\0") || expected != Some(bytes) {
        return Err(Problem::conflict("What was stored is no whole database of SQLite.")
            .hint("This snapshot cannot be trusted. Take another one."));
    }
    Ok(vec![format!("Decrypted where it was encrypted, and read to its end: {bytes} bytes.")])
}

/// Keeps the first bytes of what is written to it.
#[derive(Default)]
struct Beginning(Vec<u8>);

impl io::Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = 16_usize.saturating_sub(self.0.len()).min(bytes.len());
        self.0.extend_from_slice(bytes.get(..room).unwrap_or_default());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Restores the snapshot into a file for a moment, has SQLite check it, and compares.
pub(crate) fn restored(
    job: &Job,
    settings: &Settings,
    object: &Value,
    archive: &Archive,
) -> Result<Vec<String>, Problem> {
    let began = job.context().clock.now_ms();
    let mut file = copy::file(&copy::folder(job.context(), object)?)?;
    write(job, settings, archive, &mut file)?;
    let took = job.context().clock.now_ms().saturating_sub(began);
    let found = inspect::inspect(file.path())?;
    let opened = inspect::open(file.path())?;
    let mut differences = found.differences(&archive.manifest);
    if found.facts.schema_sha256 != archive.manifest.schema_sha256 {
        differences.push("the schema is another".to_owned());
    }
    differences.extend(asserts::failing(object, |query| inspect::first(&opened, query))?);
    asserts::agree(&differences)?;
    let (seconds, tenths) = (took / 1_000, took % 1_000 / 100);
    let counted = archive.manifest.counted();
    let checked = found.checked();
    let mut notes = vec![format!("Restored in {seconds}.{tenths} s; {checked}; {counted} are the same.")];
    notes.extend(found.unseen);
    Ok(notes)
}
