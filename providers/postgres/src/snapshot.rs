//! `postgres_snapshot`: a dump that is known to restore.

pub(crate) mod catalogue;
pub(crate) mod take;
pub(crate) mod verify;

use relplan_archive::{Archive, Depth, Engine, Job, Settings, Verify, Wanted, asserts, whole_number};
use relplan_contract::{Attribute, Context, Problem, ResourceSchema, Restored, Sends, Type, Value};

use crate::connection::{self, Connection};
use crate::restore;
use crate::selection::{self, Selection};

const DOCS: &str = r#"One consistent snapshot of the database is dumped by `pg_dump`, compressed, encrypted where `encrypt_to` names
keys, and summed on its way into the store; the rows are counted in the same snapshot. Then it is verified, and only what was verified is
recorded. Production is held up by nothing but a share lock on each table, and no longer than `lock_timeout_ms` waiting for it.

```hcl
resource "postgres_snapshot" "before" {
  url           = var.database_url
  directory     = "/var/backups/shop"
  encrypt_to    = ["age1..."]
  identity_file = var.backup_key
  jobs          = 4
  verify        = "restore"

  assert {
    query  = "SELECT count(*) > 0 FROM orders"
    equals = "true"
  }

  retain {
    count = 10
    days  = 30
  }
}
```

A parent in `tables`, `exclude_tables` or `exclude_table_data` means its partitions and the tables that inherit from it, too. Whatever
`verify` says, what could not be restored is refused before anything is dumped: a pattern that matches nothing, a table that needs one
(or a type, a function) that is left out, rows that refer to rows that are left out. Schemas and extensions that chosen tables need are
made by the restore. With `schemas` or `tables`, large objects are not in the snapshot; the rows of foreign tables never are.

With verify = "restore", a server of relplan's own gets the roles of the source (nobody can log in as one), the database's name, encoding
and locale. Compared are: of each table the rows and a sum over its columns by name, without generated ones; of each object what the
catalogue knows, by name, with owner and rights; large objects; and the text of the schema, after that of the source took the same way.
Not compared are the values of sequences, security labels, tablespaces, and what belongs to an extension, which makes it anew: an owner or
right of such an object that was changed is in no dump. On the server of `scratch { url }`, owners, rights, publications and
subscriptions are not compared. Subscriptions come back disabled.

`relplan restore -over` gives the restored database the owner, rights, locale, connection limit, comment and settings (also those of a role
in this database) of the one that is put aside, and looks whether it has them. What the role may not set is told as statements, before and
after. A new database gets none of these, and the statements are told."#;

/// The arguments that only PostgreSQL has.
fn own() -> Vec<Attribute> {
    let patterns = |name, docs| Attribute::optional(name, Type::set(Type::String), docs);
    let number = |name, docs| Attribute::optional(name, Type::Number, docs);
    let mut attributes = connection::attributes();
    attributes.extend([
        patterns("schemas", "Only these schemas; `*` and `?` stand for any characters, and a name that holds a dot is in double quotes. Default: all."),
        patterns("exclude_schemas", "Not these schemas."),
        patterns("tables", "Only these tables: `public.orders`, `audit.*`; with their partitions and heirs."),
        patterns("exclude_tables", "Not these tables, nor their partitions and heirs."),
        patterns("exclude_table_data", "These tables, their partitions and heirs without their rows."),
        Attribute::optional("globals", Type::Bool, "Roles (without passwords) and tablespaces, too.")
            .or(false),
        number("jobs", "How many `pg_dump` run side by side, 1 to 64.").or(1).means(),
        number("lock_timeout_ms", "How long to wait for a lock on a table, in milliseconds.")
            .or(10_000)
            .means(),
        number(
            "statement_timeout_ms",
            "How long one statement may take, in milliseconds. Default: for ever.",
        )
        .or(0)
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
    pub(crate) jobs: usize,
    pub(crate) globals: bool,
    pub(crate) lock_timeout_ms: i64,
    statement_timeout_ms: i64,
}

impl Plan {
    fn read(context: &Context, config: &Value, verify: Verify) -> Result<Self, Problem> {
        let number = |name: &str| config.get(name).as_i64().unwrap_or_default();
        Ok(Self {
            connection: Connection::read(context, config)?,
            selection: Selection::read(config),
            depth: Depth::of(config, verify),
            jobs: usize::try_from(number("jobs")).unwrap_or(1).clamp(1, 64),
            globals: config.get("globals").as_bool() == Some(true),
            lock_timeout_ms: number("lock_timeout_ms"),
            statement_timeout_ms: number("statement_timeout_ms"),
        })
    }

    /// The connection with what keeps a server safe from us: bounded waits, and an end when we are gone.
    pub(crate) fn guarded(&self, server: u32) -> Connection {
        let mut options = vec![
            ("lock_timeout", self.lock_timeout_ms.to_string()),
            ("statement_timeout", self.statement_timeout_ms.to_string()),
            ("idle_in_transaction_session_timeout", "0".to_owned()),
        ];
        if server >= 14 {
            options.push(("client_connection_check_interval", "5s".to_owned()));
        }
        self.connection.with_options(&options)
    }
}

/// PostgreSQL, as a kind of database.
pub(crate) struct Postgres;

impl Engine for Postgres {
    fn schema() -> ResourceSchema {
        let summary = "A dump of a PostgreSQL database that is known to restore.";
        relplan_archive::schema("postgres_snapshot", summary, DOCS, own())
    }

    fn check(config: &Value) -> Vec<Problem> {
        let mut problems = connection::check(config);
        problems.extend(selection::check(config));
        problems.extend(
            [
                whole_number(config, "jobs", 1..=64),
                whole_number(config, "lock_timeout_ms", 0..=i64::MAX),
                whole_number(config, "statement_timeout_ms", 0..=i64::MAX),
                whole_number(config, "connect_timeout", 1..=3_600),
            ]
            .into_iter()
            .flatten(),
        );
        problems.extend(Depth::check(config));
        problems.extend(asserts::check(config));
        problems
    }

    fn credentials(context: &Context, config: &Value) -> Result<(Vec<Sends>, Option<String>), Problem> {
        connection::credentials(context, config)
    }

    fn inputs() -> &'static [&'static str] {
        &["passfile", "sslrootcert"]
    }

    fn take(job: &Job, settings: &Settings, planned: &Value, key: &str) -> Result<Archive, Problem> {
        let plan = Plan::read(job.context(), planned, settings.verify)?;
        take::take(job, settings, &plan, key)
    }

    fn read(
        job: &Job,
        settings: &Settings,
        object: &Value,
        archive: &Archive,
    ) -> Result<Vec<String>, Problem> {
        verify::read(job, settings, object, archive)
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
        restore::person::for_person(job, settings, archive, wanted)
    }
}
