//! `mysql_snapshot`: a dump that is known to restore.

pub(crate) mod take;
pub(crate) mod verify;

use relplan_archive::{Archive, Depth, Engine, Job, Settings, Verify, Wanted, asserts, whole_number};
use relplan_contract::{Attribute, Context, Problem, ResourceSchema, Restored, Sends, Type, Value};

use crate::connection::{self, Connection};
use crate::restore;
use crate::selection::{self, Selection};

const DOCS: &str = r#"One consistent snapshot of the database is dumped by `mariadb-dump` (or `mysqldump`) in a single transaction, with routines, events,
triggers and views, compressed, encrypted where `encrypt_to` names keys, and summed on its way into the store. Then it is verified, and only what was verified
is recorded.

```hcl
resource "mysql_snapshot" "before" {
  url           = var.database_url
  directory     = "/var/backups/shop"
  encrypt_to    = ["age1..."]
  identity_file = var.backup_key
  verify        = "restore"

  assert {
    query  = "SELECT COUNT(*) > 0 FROM orders"
    equals = "1"
  }
}
```

**Counts.** For `counts = "exact"` the rows are counted (and, for verify = "restore", summed) in a transaction that sees what the dump sees: for the moment in which both
begin, `FLUSH TABLES WITH READ LOCK` holds up those who write, no longer than `lock_timeout_ms`. That needs the right RELOAD, and gives the place in the server's
log. With `counts = "estimated"` nothing is locked, the place is not known, and a restored copy is compared by its tables alone.

**Rights**: SELECT, SHOW VIEW, TRIGGER, EVENT, and for exact counts RELOAD and BINLOG MONITOR (MySQL: REPLICATION CLIENT); MySQL's own programs want PROCESS, too.

**Tables without transactions** (MyISAM, Aria, MEMORY) are not part of any snapshot: they are refused, unless `lock_all_tables = true` holds up those who write until
the dump is through.

**TLS.** MariaDB's programs of before 11.4 hold to `verify_identity` by themselves. For `required` and `verify_ca` relplan looks itself whether the server speaks TLS
before anything is dumped; against somebody who sits in between, only `verify_identity` helps.

**History.** Of system-versioned tables all rows are dumped, counted and compared, also those that were changed or deleted, where server and `mariadb-dump` are of 10.11 or
newer. Where that cannot be (older ones, tables whose history counts transactions), `source.history`, each proof and each restore say whose history is not in it.

**What verify = "restore" compares.** On the scratch server the database has its own name, and the accounts that views, triggers, routines and events run as are made there. Rows and
sums of each table are compared, and how each table, view, sequence, trigger, routine and event is made, with its mode, character sets and definer: a difference is told by name.
Not compared: the next numbers of tables and sequences, which go on while it is taken (they are dumped); the schema where the scratch server is of another
version; an event for once whose time is over, which the server drops. Not part of a snapshot: accounts, rights, settings of the server, other databases. A view that reads another database
is proven only on a server that has it (`scratch { url = ... }`).

**Refused before anything is dumped**: views, and columns that draw from a sequence, when what they need is left out by `tables` or `exclude_tables`; an event with `;;` in its text, at which
mariadb-dump never ends.

**Restoring under another name.** Where the server or `mariadb-dump` writes the database's name by itself, the new one is put: sequences of defaults, functions and columns of views, triggers, the
collation that routines were made under. What the text of a routine, trigger or event names itself goes on meaning the old database: the restore lists those, and the events that are enabled.
With `-over` the tables change places, and the database keeps its rights, comment, character set and collation; where those were others when the snapshot was taken, the statement is printed.

The restored copy has its definers, but not their accounts: users and their rights are not part of a database."#;

/// The arguments that only MySQL has.
fn own() -> Vec<Attribute> {
    let patterns = |name, docs| Attribute::optional(name, Type::set(Type::String), docs);
    let mut attributes = connection::attributes();
    attributes.extend([
        patterns(
            "tables",
            "Only these tables and views; `*` and `?` stand for any characters. Default: all.",
        ),
        patterns("exclude_tables", "Not these tables and views; what needs them must be left out as well."),
        patterns("exclude_table_data", "These tables without their rows (MariaDB only)."),
        Attribute::optional("lock_all_tables", Type::Bool, "Nobody writes until the dump is through.")
            .or(false)
            .means(),
        Attribute::optional(
            "lock_timeout_ms",
            Type::Number,
            "How long to wait for a lock, in milliseconds; the server knows whole seconds.",
        )
        .or(10_000)
        .means(),
        Depth::attribute(),
    ]);
    attributes.extend(asserts::attributes(asserts::scratch_server()));
    attributes
}

/// What is dumped, and how.
pub(crate) struct Plan {
    pub(crate) connection: Connection,
    pub(crate) selection: Selection,
    pub(crate) depth: Depth,
    pub(crate) lock_all_tables: bool,
    pub(crate) lock_timeout_ms: i64,
}

impl Plan {
    fn read(context: &Context, config: &Value, verify: Verify) -> Result<Self, Problem> {
        Ok(Self {
            connection: Connection::read(context, config)?,
            selection: Selection::read(config),
            depth: Depth::of(config, verify),
            lock_all_tables: config.get("lock_all_tables").as_bool() == Some(true),
            lock_timeout_ms: config.get("lock_timeout_ms").as_i64().unwrap_or_default(),
        })
    }

    /// The same in the unit that the server knows, rounded up.
    pub(crate) const fn lock_timeout_s(&self) -> i64 {
        let seconds = (self.lock_timeout_ms + 999) / 1_000;
        if seconds < 1 { 1 } else { seconds }
    }
}

/// MariaDB and MySQL, as a kind of database.
pub(crate) struct Mysql;

impl Engine for Mysql {
    fn schema() -> ResourceSchema {
        let summary = "A dump of a MariaDB or MySQL database that is known to restore.";
        relplan_archive::schema("mysql_snapshot", summary, DOCS, own())
    }

    fn check(config: &Value) -> Vec<Problem> {
        let mut problems = connection::check(config);
        problems.extend(selection::check(config));
        for name in ["lock_timeout_ms", "connect_timeout"] {
            problems.extend(whole_number(config, name, 1..=86_400_000));
        }
        problems.extend(Depth::check(config));
        problems.extend(asserts::check(config));
        problems
    }

    fn credentials(context: &Context, config: &Value) -> Result<(Vec<Sends>, Option<String>), Problem> {
        connection::credentials(context, config)
    }

    fn inputs() -> &'static [&'static str] {
        &["defaults_file", "ssl_ca"]
    }

    fn take(job: &Job, settings: &Settings, planned: &Value, key: &str) -> Result<Archive, Problem> {
        let plan = Plan::read(job.context(), planned, settings.verify)?;
        take::take(job, settings, &plan, key)
    }

    fn read(job: &Job, settings: &Settings, _: &Value, archive: &Archive) -> Result<Vec<String>, Problem> {
        verify::read(job, settings, archive)
    }

    fn rehearse(
        job: &Job,
        settings: &Settings,
        object: &Value,
        archive: &Archive,
    ) -> Result<Vec<String>, Problem> {
        verify::restored(job, settings, object, archive)
    }

    fn restore(
        job: &Job,
        settings: &Settings,
        archive: &Archive,
        wanted: &Wanted,
    ) -> Result<Restored, Problem> {
        restore::for_person(job, settings, archive, wanted)
    }
}
