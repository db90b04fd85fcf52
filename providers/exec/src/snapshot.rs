//! `exec_snapshot`: whatever a command can write as a stream, kept and proven like every other snapshot.

mod stream;

use relplan_archive::{Archive, Draft, Engine, Facts, Job, Settings, Wanted};
use relplan_contract::{Attribute, Path, Problem, ResourceSchema, Restored, Type, Value};

use crate::arguments;
use stream::Command;

const DOCS: &str = r#"For what relplan knows nothing of: a command writes the snapshot to its standard output, and relplan compresses, encrypts, sums and
keeps the stream, as it does with those of its own databases.

```hcl
resource "exec_snapshot" "ldap" {
  command   = ["slapcat", "-n", "1"]
  read      = ["./check-ldif.sh"]
  rehearse  = ["./load-into-a-scratch-server-and-compare.sh"]
  restore   = ["./load.sh"]
  directory = "/var/backups/ldap"
  verify    = "restore"
}
```

**No shell.** The first element of a command is the program, the others are handed to it as they are. Of a pipe in a shell only the last exit code counts: write
`["bash", "-o", "pipefail", "-c", "a | b"]`.

**`read`** gets the stream on its standard input for verify = "read", and must end with the exit code 0. Without it relplan decrypts and decompresses
everything itself, and compares: that finds all damage in the store, and nothing that was wrong in what `command` wrote.

**`rehearse`** gets the stream for verify = "restore": it restores it where it harms nobody, compares, cleans up, and its exit code is the verdict. What it
prints last is kept as the evidence.

**`restore`** gets the stream when a person runs `relplan restore`, with what was given as `-into` in `RELPLAN_INTO`, and "1" in `RELPLAN_OVER` where
that may replace what is there. It must refuse a target that is not empty otherwise.

A command that writes nothing has failed, whatever its exit code. When the run is interrupted, everything that a command started is ended. Secrets belong into
`environment`; those that `verify` and `restore` need later, into `inherit_environment`, since the ledger keeps no secret."#;

/// Name of the part that holds the stream.
const STREAM: &str = "stream";

/// The variables that tell `restore` what a person asked for.
const INTO: &str = "RELPLAN_INTO";
const OVER: &str = "RELPLAN_OVER";

/// The commands, by attribute.
const COMMANDS: [&str; 4] = ["command", "read", "rehearse", "restore"];

fn own() -> Vec<Attribute> {
    let argv = || Type::list(Type::String);
    let mut attributes = vec![
        Attribute::required("command", argv(), "Program and arguments that write the snapshot."),
        Attribute::optional("read", argv(), "Program and arguments that read all of it.").means(),
        Attribute::optional(
            "rehearse",
            argv(),
            "Program and arguments that restore it elsewhere and compare.",
        )
        .means(),
        Attribute::optional("restore", argv(), "Program and arguments that bring it back.").means(),
    ];
    attributes.extend(arguments::surroundings().into_iter().map(Attribute::means));
    attributes
}

/// Anything, as a kind of database.
pub(crate) struct Stream;

impl Engine for Stream {
    fn schema() -> ResourceSchema {
        let summary = "What a command writes, kept and proven.";
        relplan_archive::schema("exec_snapshot", summary, DOCS, own())
    }

    fn check(config: &Value) -> Vec<Problem> {
        let mut problems = arguments::validate(config);
        for attribute in COMMANDS {
            problems.extend(arguments::validate_argv(config, attribute));
        }
        if config.get("verify").as_str() == Some("restore") && config.get("rehearse").is_null() {
            problems.push(
                Problem::invalid("verify", "Nobody knows how to restore this somewhere else.")
                    .hint("Give a command as `rehearse`, or write verify = \"read\"."),
            );
        }
        problems
    }

    fn take(job: &Job, settings: &Settings, planned: &Value, key: &str) -> Result<Archive, Problem> {
        let command = Command::of(job.context(), planned, "command", key)?;
        let draft = Draft::begin(settings, job.context(), key, 0)?;
        let about = || Path::attribute("command");
        let meaning = |failed: &relplan_archive::Failed| {
            failed.problem("The command that writes the snapshot failed").about(about())
        };
        let part = draft.written_by(job, STREAM, command.writing(job)?, meaning, |end| match end {
            [] => Err(Problem::refused("The command that writes the snapshot wrote nothing.")
                .hint("It must write to its standard output.")
                .about(about())),
            _ => Ok(()),
        })?;
        let facts = Facts {
            engine: "exec".to_owned(),
            tools: [("program".to_owned(), command.program().to_owned())].into(),
            ..Facts::default()
        };
        draft.finish(job.context(), vec![part], facts)
    }

    fn read(
        job: &Job,
        settings: &Settings,
        object: &Value,
        archive: &Archive,
    ) -> Result<Vec<String>, Problem> {
        if object.get("read").is_null() {
            stream::read(job, settings, archive)?;
            return Ok(vec!["Decrypted where it was encrypted, and decompressed to its end.".to_owned()]);
        }
        let told = |took| format!("Read by its own command in {took} s.");
        judged_by(job, settings, object, archive, "read", told)
    }

    fn rehearse(
        job: &Job,
        settings: &Settings,
        object: &Value,
        archive: &Archive,
    ) -> Result<Vec<String>, Problem> {
        let told = |took| format!("Restored and compared by its own command in {took} s.");
        judged_by(job, settings, object, archive, "rehearse", told)
    }

    fn restore(
        job: &Job,
        settings: &Settings,
        archive: &Archive,
        wanted: &Wanted,
    ) -> Result<Restored, Problem> {
        let key = &archive.manifest.name;
        let mut command = Command::of(job.context(), &wanted.object, "restore", key)?;
        command.set(INTO, &wanted.into);
        command.set(OVER, if wanted.over { "1" } else { "" });
        let mut notes = command.given(job, settings, archive)?;
        notes.insert(0, format!("{} was given {} bytes.", command.program(), archive.manifest.raw_bytes()));
        Ok(Restored { notes })
    }
}

/// Gives the stream to a command whose exit code is the verdict; what it printed last is the evidence.
fn judged_by(
    job: &Job,
    settings: &Settings,
    object: &Value,
    archive: &Archive,
    attribute: &'static str,
    told: impl FnOnce(i64) -> String,
) -> Result<Vec<String>, Problem> {
    let command = Command::of(job.context(), object, attribute, &archive.manifest.name)?;
    let began = job.context().clock.now_ms();
    let mut notes = command.given(job, settings, archive)?;
    notes.insert(0, told(job.context().clock.now_ms().saturating_sub(began) / 1_000));
    Ok(notes)
}
