//! Snapshots and migrations of real servers.

use std::io;
use std::path::{Path, PathBuf};

use super::Outside;
use super::snapshots::left_over;
use crate::harm::Runner;
use crate::scene::Relplan;
use crate::snapshots::database::{Database, Kind};

fn url(address: String) -> Vec<(String, String)> {
    vec![("RELPLAN_VAR_url".to_owned(), address)]
}

const VARIABLE: &str = "variable \"url\" {\n  sensitive = true\n}\n\n";

/// A snapshot of a database with some thousand rows.
pub(super) struct Snapshots {
    folder: tempfile::TempDir,
    server: Database,
}

impl Snapshots {
    pub(super) fn postgres() -> io::Result<Self> {
        Self::of(Kind::Postgres)
    }

    pub(super) fn mariadb() -> io::Result<Self> {
        Self::of(Kind::Mariadb)
    }

    fn of(kind: Kind) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        // A scratch server runs as another user where this is root.
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
        Ok(Self { folder, server: Database::start(kind) })
    }
}

impl Outside for Snapshots {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn environment(&self) -> Vec<(String, String)> {
        url(self.server.url("shop"))
    }

    fn release(&mut self, _: &str) -> io::Result<String> {
        Ok(format!(
            "{VARIABLE}resource \"{}\" \"it\" {{\n  url       = var.url\n  directory = \"snapshots\"\n\n  \
             retain {{\n    count = 2\n  }}\n}}\n",
            self.server.kind().resource()
        ))
    }

    fn wrong(&self, relplan: &Relplan, version: &str) -> io::Result<Vec<String>> {
        let mut findings = left_over(&self.folder().join("snapshots"))?;
        let environment = self.environment();
        let (ledger, folder) = (PathBuf::new(), self.folder());
        let mut runner = Runner { relplan, folder, ledger, environment: &environment, number: 1 };
        let address = format!("{}.it@{version}", self.server.kind().resource());
        let into = self.server.url("copy");
        let (code, said) = runner.look(&["restore", &address, "-confirm=copy", "-into", &into])?;
        if code != Some(0) {
            findings.push(format!("it does not restore: {said}"));
            return Ok(findings);
        }
        let [was, is] = ["shop", "copy"].map(|database| self.server.summed(database));
        self.server.drop_copy("copy")?;
        if was.is_err() || was != is {
            findings.push(format!("the restored database is another: {was:?} {is:?}"));
        }
        Ok(findings)
    }
}

/// Three changes of a PostgreSQL database in each version.
pub(super) struct Migrations {
    folder: tempfile::TempDir,
    server: postgres_server::Server,
}

impl Migrations {
    pub(super) fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("migrations"))?;
        let server = postgres_server::Server::start();
        server.sql("postgres", "CREATE TABLE changes (name text)");
        Ok(Self { folder, server })
    }

    fn count(&self, table: &str, name: &str) -> String {
        let sql = format!("SELECT count(*) FROM {table} t WHERE t::text LIKE '%{name}%'");
        self.server.try_sql("postgres", &sql).unwrap_or_else(|error| error).trim().to_owned()
    }
}

impl Outside for Migrations {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn environment(&self) -> Vec<(String, String)> {
        url(self.server.url("postgres"))
    }

    fn release(&mut self, version: &str) -> io::Result<String> {
        // Names are run in their order.
        let number: u64 = version.split('.').nth(1).and_then(|text| text.parse().ok()).unwrap_or_default();
        for step in 1..=3 {
            let sql = format!("INSERT INTO changes VALUES ('{version}-{step}');\nSELECT pg_sleep(0.04);\n");
            std::fs::write(self.folder().join(format!("migrations/{number:05}-{step}.sql")), sql)?;
        }
        Ok(format!(
            "{VARIABLE}resource \"postgres_migration\" \"it\" {{\n  url       = var.url\n  directory = \"migrations\"\n}}\n"
        ))
    }

    fn wrong(&self, _: &Relplan, version: &str) -> io::Result<Vec<String>> {
        let made = [1, 2, 3].map(|step| self.count("changes", &format!("{version}-{step}")));
        Ok(if made.iter().all(|count| count == "1") {
            Vec::new()
        } else {
            vec![format!("its three changes were made {made:?} times")]
        })
    }

    fn double(&mut self, version: &str) -> io::Result<bool> {
        self.server.sql("postgres", &format!("INSERT INTO changes VALUES ('{version}-2')"));
        Ok(true)
    }
}
