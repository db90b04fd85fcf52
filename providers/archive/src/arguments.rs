//! The arguments that all types of snapshots share.

use std::ops::RangeInclusive;
use std::sync::Arc;

use relplan_contract::{Attribute, Context, PlanRequest, Planned, Problem, Tree, Type, Value, propose};

use crate::cipher::{Identities, Recipients};
use crate::compression::Compression;
use crate::job::Job;
use crate::name::{is_safe, series};
use crate::place;
use crate::retention::{Kept, Retain};
use crate::store::Store;

/// How a snapshot is verified; each proves more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verify {
    /// Read back from the store, and its sums compared.
    Checksum,
    /// Decrypted, decompressed, and wholly read by the database's own program.
    Read,
    /// Restored into a scratch database, and compared.
    Restore,
}

impl Verify {
    /// Reads its word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Checksum, Self::Read, Self::Restore].into_iter().find(|one| one.name() == text)
    }

    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checksum => "checksum",
            Self::Read => "read",
            Self::Restore => "restore",
        }
    }
}

/// The shared arguments, and what is known of a snapshot afterwards.
#[must_use]
pub(crate) fn attributes() -> Vec<Attribute> {
    let text = |name, docs| Attribute::optional(name, Type::String, docs);
    let number = |name, docs| Attribute::optional(name, Type::Number, docs);
    let known = |name, ty, docs| Attribute::computed(name, ty, docs);
    let mut all = place::attributes();
    all.extend([
        text("name", "Name of the series of snapshots. Default: product and address."),
        Attribute::optional(
            "encrypt_to",
            Type::set(Type::String),
            "Public keys of age (`age1...`) or SSH of those who can read the snapshots.",
        ),
        text("identity_file", "A file with one of the private keys, for verification and restore.").means(),
        text("compression", "`zstd` or `gzip`, with a level: `zstd:9`.").or("zstd:3").means(),
        text("verify", "How it is verified before it counts: `checksum`, `read` or `restore`.").or("read"),
        Attribute::block(
            "retain",
            vec![
                number("count", "That many, the newest."),
                number("days", "Those of the last days."),
                number("weekly", "The newest of each of the last weeks."),
                number("monthly", "The newest of each of the last months."),
            ],
            "Which snapshots of the series are kept; what any rule wants stays, and the last verified one. Default: all.",
        )
        .means(),
        known("snapshot", Type::String, "Its name."),
        known("location", Type::String, "Where it is."),
        known("manifest_sha256", Type::String, "SHA-256 of its manifest, which has the sums of its parts."),
        known("bytes", Type::Number, "How much is stored, in bytes."),
        known("raw_bytes", Type::Number, "The same before compression."),
        known("created_at", Type::String, "When it was begun."),
        known("took_ms", Type::Number, "How long it took, in milliseconds."),
        known(
            "source",
            Type::map(Type::String),
            "What the database says of itself: version, place in its log.",
        ),
        known("rows", Type::map(Type::Number), "How many rows each table has."),
        known("verified", Type::String, "How it was verified."),
        known("verified_at", Type::String, "When it was verified last."),
        known(
            "verified_ms",
            Type::Number,
            "How long that took: of `restore`, how long a real one will take.",
        ),
        known(
            "deletes",
            Type::list(Type::String),
            "The snapshots that are deleted once this one is verified.",
        ),
    ]);
    all
}

/// What is wrong with the shared arguments.
#[must_use]
pub(crate) fn check(config: &Value) -> Vec<Problem> {
    let mut problems = place::check(config);
    if let Some(name) = config.get("name").as_str()
        && (name.is_empty() || name.starts_with('.') || !name.chars().all(is_safe))
    {
        problems.push(
            Problem::invalid("name", format!("{name:?} cannot name files."))
                .hint("Use letters, digits, `-`, `_` and `.`, and no `.` in front."),
        );
    }
    let keys = config.get("encrypt_to").as_list().unwrap_or_default();
    problems.extend(Recipients::read(keys.iter().filter_map(Value::as_str)).err());
    if let Some(text) = config.get("compression").as_str()
        && Compression::parse(text).is_none()
    {
        problems.push(
            Problem::invalid("compression", format!("{text:.40?} is no compression."))
                .hint("Write zstd:1 to zstd:19, or gzip:1 to gzip:9."),
        );
    }
    if let Some(text) = config.get("verify").as_str() {
        match Verify::parse(text) {
            None => problems.push(
                Problem::invalid("verify", format!("{text:.40?} is no way to verify a snapshot."))
                    .hint("Write `checksum`, `read` or `restore`."),
            ),
            Some(verify)
                if verify > Verify::Checksum && !keys.is_empty() && config.get("identity_file").is_null() =>
            {
                problems.push(
                    Problem::invalid("verify", "What is encrypted can be read with a key only.")
                        .hint("Name the file of a key as `identity_file`, or write verify = \"checksum\"."),
                );
            }
            Some(_) => {}
        }
    }
    let retain = config.get("retain");
    for name in ["count", "days", "weekly", "monthly"] {
        let value = retain.get(name);
        if !value.is_null() && !value.is_unknown() && value.as_i64().is_none_or(|number| number < 1) {
            problems.push(Problem::invalid("retain", format!("`{name}` is a whole number from 1.")));
        }
    }
    problems
}

/// What is wrong with an argument that must be a whole number of a range; it may be unknown, or not given.
#[must_use]
pub fn whole_number(config: &Value, name: &str, range: RangeInclusive<i64>) -> Option<Problem> {
    let value = config.get(name);
    let known = !value.is_null() && !value.is_unknown();
    (known && value.as_i64().is_none_or(|number| !range.contains(&number)))
        .then(|| Problem::invalid(name, format!("It must be a whole number from {}.", range.start())))
}

/// The shared arguments, read.
pub struct Settings {
    /// Where snapshots lie.
    pub store: Store,
    /// The series.
    pub series: String,
    /// How parts are compressed.
    pub compression: Compression,
    /// Those who can read them; none for everybody.
    pub recipients: Option<Arc<Recipients>>,
    /// The file of a private key, and where it may lie.
    identity_file: Option<(Tree, String)>,
    /// How it is verified.
    pub verify: Verify,
    /// What is kept; none for everything.
    pub retain: Option<Retain>,
}

impl Settings {
    /// Reads the arguments of an object; none while the place is not known.
    pub fn read(context: &Context, object: &Value) -> Result<Option<Self>, Problem> {
        let text = |name: &str| object.get(name).as_str();
        let Some(store) = place::read(context, object)? else { return Ok(None) };
        let keys = object.get("encrypt_to").as_list().unwrap_or_default();
        let recipients = Recipients::read(keys.iter().filter_map(Value::as_str))?;
        let identity_file = text("identity_file").map(str::to_owned);
        if let Some(file) = &identity_file {
            // Refused before anything is done.
            context.input("identity_file", file)?;
        }
        Ok(Some(Self {
            store,
            series: series(context, object),
            compression: text("compression").and_then(Compression::parse).unwrap_or_default(),
            recipients: (!recipients.texts().is_empty()).then(|| Arc::new(recipients)),
            identity_file: identity_file.map(|file| (context.tree.clone(), file)),
            verify: text("verify").and_then(Verify::parse).unwrap_or(Verify::Read),
            retain: Retain::read(object.get("retain")),
        }))
    }

    /// The same of an object that was made.
    pub fn of(context: &Context, object: &Value) -> Result<Self, Problem> {
        Self::read(context, object)?
            .ok_or_else(|| Problem::invalid("directory", "It is not known where the snapshots are."))
    }

    /// The private keys; none where no file is named.
    pub fn identities(&self) -> Result<Option<Identities>, Problem> {
        self.identity_file.as_ref().map(|(tree, file)| Identities::read(tree, file)).transpose()
    }

    /// Deletes the snapshots that the plan named, and says so.
    pub fn prune(&self, job: &Job, planned: &Value) -> Result<(), Problem> {
        for name in planned.get("deletes").as_list().unwrap_or_default().iter().filter_map(Value::as_str) {
            // A snapshot of another series cannot be meant, whatever the object says.
            if name.starts_with(&format!("{}-", self.series))
                && crate::Archive::find(&self.store, name)?.is_some()
            {
                // The new one is good, whatever becomes of the old one.
                let line = match Kept::delete(&self.store, name) {
                    Ok(()) => format!("deleted the old snapshot {name}"),
                    Err(problem) => format!("kept the old snapshot {name}: {}", problem.message),
                };
                job.context().progress.line(&line);
            }
        }
        Ok(())
    }
}

/// Predicts a snapshot: which old ones go, what verification costs.
pub(crate) async fn plan(
    context: &Context,
    attributes: &[Attribute],
    inputs: &[&str],
    request: PlanRequest<'_>,
) -> Result<Planned, Problem> {
    for name in inputs {
        if let Some(path) = request.config.get(name).as_str() {
            context.input(*name, path)?;
        }
    }
    let mut planned = propose(attributes, request.prior, request.config);
    let Some(settings) = Settings::read(context, request.config)? else { return Ok(planned) };
    let now = context.clock.now_ms();
    let (new, verify) = (request.prior.is_none(), settings.verify);
    let (kept, surplus) = Job::run(context, move |_| {
        let kept = Kept::list(&settings)?;
        let retain = settings.retain.filter(|_| new);
        let surplus = retain.map_or_else(Vec::new, |retain| retain.surplus(&kept, now));
        let held = |one: Kept| Ok((Kept::held(&settings.store, &one.name)?, one));
        let surplus = surplus.into_iter().map(held).collect::<Result<Vec<_>, Problem>>()?;
        Ok((kept, surplus))
    })
    .await?;
    let same = |one: &&Kept| one.verified.as_ref().is_some_and(|verified| verified.how == verify.name());
    planned.notes.push(match kept.iter().rev().find(same).and_then(|one| one.verified.as_ref()) {
        Some(verified) => format!(
            "It is verified (`{}`), which took {} s the last time, {}.",
            verify.name(),
            verified.took_ms.max(0) / 1_000,
            ago(now - verified.at_ms),
        ),
        None => format!("It is verified (`{}`); how long that takes is not known yet.", verify.name()),
    });
    if new {
        let mut deletes = Vec::new();
        for (held, Kept { name, created_ms, bytes, .. }) in surplus {
            let age = ago(now - created_ms);
            planned.notes.push(match &held {
                None => format!(
                    "The old snapshot {name} of {age} ({bytes} bytes) will be deleted, because of `retain`."
                ),
                Some(held) => {
                    format!("The old snapshot {name} of {age} ({bytes} bytes) stays: it is {held}.")
                }
            });
            if held.is_none() {
                deletes.push(Value::from(name));
            }
        }
        planned.value = planned.value.with("deletes", Value::list(deletes));
    }
    Ok(planned)
}

/// How long ago something was, in words.
fn ago(ms: i64) -> String {
    match ms / 60_000 {
        ..1 => "just now".to_owned(),
        minutes @ 1..120 => format!("{minutes} minutes ago"),
        minutes @ 120..2_880 => format!("{} hours ago", minutes / 60),
        minutes => format!("{} days ago", minutes / 1_440),
    }
}
