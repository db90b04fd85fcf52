//! Snapshots of a command's output and of a SQLite file: what is recorded restores, and nothing half is left.

use std::io;
use std::path::{Path, PathBuf};

use relplan_archive::Manifest;

use super::Outside;
use crate::harm::Runner;
use crate::scene::Relplan;

/// Restores the snapshot of a version into a file, and gives what is in it.
fn restored(outside: &dyn Outside, relplan: &Relplan, address: &str) -> io::Result<Result<Vec<u8>, String>> {
    let into = outside.folder().join("restored");
    if into.exists() {
        std::fs::remove_file(&into)?;
    }
    let folder = outside.folder();
    let mut runner = Runner { relplan, folder, ledger: PathBuf::new(), environment: &[], number: 1 };
    let target = into.display().to_string();
    let (code, said) = runner.look(&["restore", address, "-into", &target])?;
    Ok(if code == Some(0) { Ok(std::fs::read(into)?) } else { Err(said) })
}

/// What looks like a snapshot and is none, and what was not finished and is still there. What is left of one that was
/// being deleted goes with the next snapshot, so that it is one at most.
pub(super) fn left_over(store: &Path) -> io::Result<Vec<String>> {
    let mut findings = Vec::new();
    let mut half_deleted = Vec::new();
    if !store.exists() {
        return Ok(findings);
    }
    for entry in std::fs::read_dir(store)? {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".deleted.unfinished") {
            half_deleted.push(name);
        } else if name.starts_with('.') {
            findings.push(format!("{name} was not finished, and is still there"));
        } else if Manifest::read(&std::fs::read(folder.join("manifest.json")).unwrap_or_default()).is_err() {
            findings.push(format!("{name} has no manifest"));
        }
    }
    if half_deleted.len() > 1 {
        findings.push(format!("{half_deleted:?} were being deleted, and are still there"));
    }
    Ok(findings)
}

fn judged(
    outside: &dyn Outside,
    relplan: &Relplan,
    address: &str,
    wanted: impl Fn(&[u8]) -> bool,
) -> io::Result<Vec<String>> {
    let mut findings = left_over(&outside.folder().join("snapshots"))?;
    match restored(outside, relplan, address)? {
        Ok(bytes) if wanted(&bytes) => {}
        Ok(bytes) => findings.push(format!("what is restored is another: {} bytes", bytes.len())),
        Err(said) => findings.push(format!("it does not restore: {said}")),
    }
    Ok(findings)
}

/// A command that writes some megabytes, slowly.
pub(super) struct OfACommand {
    folder: tempfile::TempDir,
    data: Vec<u8>,
}

impl OfACommand {
    pub(super) fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let data: Vec<u8> = (0_u32..200_000).flat_map(u32::to_le_bytes).collect();
        std::fs::write(folder.path().join("data"), &data)?;
        std::fs::write(folder.path().join("dump.sh"), "sleep 0.05\ncat data\nsleep 0.05\n")?;
        std::fs::write(folder.path().join("restore.sh"), "cat > \"$RELPLAN_INTO\"\n")?;
        Ok(Self { folder, data })
    }
}

impl Outside for OfACommand {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn release(&mut self, _: &str) -> io::Result<String> {
        Ok("resource \"exec_snapshot\" \"it\" {\n  command   = [\"sh\", \"dump.sh\"]\n  \
            restore   = [\"sh\", \"restore.sh\"]\n  directory = \"snapshots\"\n\n  retain {\n    count = 2\n  }\n}\n"
            .to_owned())
    }

    fn wrong(&self, relplan: &Relplan, version: &str) -> io::Result<Vec<String>> {
        judged(self, relplan, &format!("exec_snapshot.it@{version}"), |bytes| bytes == self.data)
    }
}

/// A SQLite file.
pub(super) struct OfSqlite {
    folder: tempfile::TempDir,
}

/// Rows of its table.
const ROWS: i64 = 20_000;

impl OfSqlite {
    pub(super) fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let sql = format!(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT); WITH RECURSIVE n(i) AS \
             (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) INSERT INTO orders SELECT i, hex(i * 7919) FROM n;"
        );
        let made = rusqlite::Connection::open(folder.path().join("shop.sqlite"));
        made.and_then(|database| database.execute_batch(&sql)).map_err(io::Error::other)?;
        Ok(Self { folder })
    }

    fn rows(path: &Path) -> Option<i64> {
        let database = rusqlite::Connection::open(path).ok()?;
        let question = "SELECT count(*) FROM orders WHERE item = hex(id * 7919)";
        database.query_row(question, (), |row| row.get(0)).ok()
    }
}

impl Outside for OfSqlite {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn release(&mut self, _: &str) -> io::Result<String> {
        Ok("resource \"sqlite_snapshot\" \"it\" {\n  database  = \"shop.sqlite\"\n  directory = \"snapshots\"\n  \
            verify    = \"restore\"\n\n  retain {\n    count = 2\n  }\n}\n"
            .to_owned())
    }

    fn wrong(&self, relplan: &Relplan, version: &str) -> io::Result<Vec<String>> {
        let path = self.folder().join("restored");
        let mut findings = judged(self, relplan, &format!("sqlite_snapshot.it@{version}"), |_| {
            Self::rows(&path) == Some(ROWS)
        })?;
        // Copies in clear lie beside the database for a moment only.
        let names = std::fs::read_dir(self.folder())?.filter_map(|entry| Some(entry.ok()?.file_name()));
        let names = names.map(|name| name.to_string_lossy().into_owned());
        let copies = names.filter(|name| name.contains("shop.sqlite") && name != "shop.sqlite");
        findings.extend(copies.map(|name| format!("{name} is still there")));
        Ok(findings)
    }
}
