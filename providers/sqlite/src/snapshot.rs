//! `sqlite_snapshot`: a copy of a live database that is known to restore.

use std::time::Duration;

use relplan_archive::{Archive, Draft, Engine, Job, Settings, Wanted, asserts, failed, whole_number};
use relplan_contract::{Attribute, Problem, ResourceSchema, Restored, Type, Value};

use crate::backup::Patience;
use crate::inspect::Found;
use crate::{backup, copy, inspect, restore, verify};

const DOCS: &str = r#"A copy is made with SQLite's online backup, checked (`PRAGMA integrity_check`), and then compressed, encrypted where `encrypt_to` names keys, and summed on its way into the store. A run that is cut off leaves nothing that looks whole.

```hcl
resource "sqlite_snapshot" "before" {
  database  = "../app/shop.sqlite"
  directory = "../snapshots"
  verify    = "restore"

  retain {
    count = 10
  }
}
```

The copy lies beside the database for that moment, with mode 0600: there it is as safe as the database itself. `scratch { directory = ... }` names another folder.

**Writers.** With a write-ahead log (`PRAGMA journal_mode = WAL`) the copy is made in one read transaction: who writes is not held up, and the log grows until it is done. In the other modes SQLite
begins a copy anew with each commit of somebody else: it is made in small steps between which others write, and after five beginnings once in one go, which holds up all who
write for no longer than `hold_writers_ms`. Where that is not enough, it ends with the reason.

**What an application brings along.** Collations, functions and modules of an application are not here. Without them the pages, the rows and everything else are checked; what was not is
said, and is no damage. Tables of modules (`CREATE VIRTUAL TABLE`) are not counted; the tables that they keep are.

**What verify = "restore" compares**: all bytes, by their sums; SQLite's check, the numbers of rows, the schema, and your `assert` queries, which cannot use an application's own functions.

`relplan restore ADDRESS -into FILE` brings the very same bytes back, into a new file, or with `-over` into the place of one that is put aside. Then it gets the
owner, the group and the mode of that file (what may not be given is printed as a command), and keeps a write-ahead log where that file or the database that was taken did. Page size,
encoding, `user_version`, `application_id` and `auto_vacuum` are in the file. Access lists and other extended attributes of the file are not carried over."#;

/// The part that holds the copy.
pub(crate) const COPY: &str = "database.sqlite";

/// The arguments that only SQLite has.
fn own() -> Vec<Attribute> {
    let copies = Attribute::optional(
        "directory",
        Type::String,
        "Folder for copies in clear, also while one is made. Default: that of the database.",
    );
    let mut attributes = vec![
        Attribute::required("database", Type::String, "The database file. It may be in use."),
        Attribute::optional(
            "busy_timeout_ms",
            Type::Number,
            "How long to wait for a locked database, in milliseconds.",
        )
        .or(10_000)
        .means(),
        Attribute::optional(
            "hold_writers_ms",
            Type::Number,
            "How long those who write may be held up where there is no write-ahead log, in milliseconds; 0 for not at all.",
        )
        .or(5_000)
        .means(),
    ];
    attributes.extend(asserts::attributes(vec![copies]));
    attributes
}

/// SQLite, as a kind of database.
pub(crate) struct Sqlite;

impl Engine for Sqlite {
    fn schema() -> ResourceSchema {
        let summary = "A copy of a live SQLite database that is known to restore.";
        relplan_archive::schema("sqlite_snapshot", summary, DOCS, own())
    }

    fn check(config: &Value) -> Vec<Problem> {
        let mut problems: Vec<Problem> = ["busy_timeout_ms", "hold_writers_ms"]
            .iter()
            .filter_map(|name| whole_number(config, name, 0..=86_400_000))
            .collect();
        problems.extend(asserts::check(config));
        problems
    }

    fn inputs() -> &'static [&'static str] {
        &["database"]
    }

    fn take(job: &Job, settings: &Settings, planned: &Value, key: &str) -> Result<Archive, Problem> {
        let context = job.context();
        let database = context.input("database", planned.get("database").as_str().unwrap_or_default())?;
        // What is not there is told by the backup.
        let bytes = std::fs::metadata(&database).map_or(0, |metadata| metadata.len());
        let draft = Draft::begin(settings, context, key, bytes / 8)?;
        let copied = copy::file(&copy::folder(context, planned)?)?;
        let time = |name: &str| {
            let ms = planned.get(name).as_i64().and_then(|ms| u64::try_from(ms).ok());
            Duration::from_millis(ms.unwrap_or_default())
        };
        let patience = Patience { busy: time("busy_timeout_ms"), hold: time("hold_writers_ms") };
        let mode = backup::backup(job, &database, copied.path(), patience)?;
        let Found { mut facts, unseen } = inspect::inspect(copied.path())?;
        facts.database.insert("journal_mode".to_owned(), mode);
        for told in unseen {
            context.progress.line(&told);
        }
        let unwritable = |error: std::io::Error| failed("The snapshot cannot be written", &error);
        let mut writer = draft.part(COPY)?;
        let mut reader = copied.reopen().map_err(unwritable)?;
        job.copy(&mut reader, &mut writer, COPY).map_err(unwritable)?;
        let part = writer.finish().map_err(unwritable)?;
        draft.finish(context, vec![part], facts)
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
