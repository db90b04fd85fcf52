//! [`Snapshots`]: a type of snapshots. What all kinds of databases do alike: plan, prove, record, find again, delete.

use std::marker::PhantomData;
use std::time::Duration;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Attribute, Context, Lifetime, Observed, PlanRequest, Planned, Problem,
    ProblemKind, ReconcileRequest, Reconciled, Repeat, Resource, ResourceSchema, RestoreRequest, Restored,
    Value, Verification, VerifyRequest,
};

use crate::arguments::{self, Settings, Verify};
use crate::engine::{Engine, Wanted};
use crate::job::Job;
use crate::manifest::Verified;
use crate::place;
use crate::retention::Kept;
use crate::snapshot::Archive;

/// How long a snapshot may take unless its `timeouts` say otherwise.
const TIMEOUT: Duration = Duration::from_secs(8 * 60 * 60);

/// A type of snapshots: its own arguments, and those that all types share.
#[must_use]
pub fn schema(
    type_name: &'static str,
    summary: &'static str,
    docs: &'static str,
    own: Vec<Attribute>,
) -> ResourceSchema {
    let mut attributes = own;
    attributes.extend(arguments::attributes());
    ResourceSchema {
        type_name,
        lifetime: Lifetime::Record,
        summary,
        docs,
        attributes,
        repeat: Repeat::AskFirst,
        destroyable: false,
        backup: true,
        preview: false,
        gate: false,
        undo: "nothing to undo; `relplan restore` brings it back",
        headline: None,
        settle: Duration::ZERO,
        timeout: TIMEOUT,
    }
}

/// The type of snapshots of a kind of database.
pub struct Snapshots<E> {
    schema: ResourceSchema,
    engine: PhantomData<fn() -> E>,
}

impl<E: Engine> Default for Snapshots<E> {
    fn default() -> Self {
        Self { schema: E::schema(), engine: PhantomData }
    }
}

/// Proves a snapshot, and notes it beside it; gives sentences for people.
fn verify<E: Engine>(
    job: &Job,
    settings: &Settings,
    how: Verify,
    object: &Value,
    archive: &Archive,
) -> Result<(Verified, Vec<String>), Problem> {
    let began = job.context().clock.now_ms();
    let checked = archive.check(job)?;
    let mut notes = vec![format!("{} bytes read back, with the sums of the manifest.", checked.bytes)];
    notes.extend(match how {
        Verify::Checksum => Vec::new(),
        Verify::Read => E::read(job, settings, object, archive)?,
        Verify::Restore => E::rehearse(job, settings, object, archive)?,
    });
    // The sums are those of the snapshot that was proven before: a stronger proof of then still holds.
    let stronger = Verified::of(object).filter(|before| Verify::parse(&before.how) > Some(how));
    let verified = stronger.unwrap_or_else(|| how.note(job.context(), began));
    archive.note_verified(&verified)?;
    Ok((verified, notes))
}

/// Whether a snapshot is there, and is opened by today's key. That there is no key on this machine tells nothing of it.
fn glance(job: &Job, settings: &Settings, object: &Value) -> Result<bool, Problem> {
    let archive = Archive::of_object(settings, object)?;
    archive.glance()?;
    let opened = settings.identities().map(|keys| keys.map_or(Ok(()), |keys| archive.opens_with(&keys)));
    let telling = |problem: &Problem| job.context().progress.line(&problem.to_string());
    match opened {
        Ok(opened) => Ok(opened.inspect_err(telling).is_ok()),
        Err(no_key) => {
            telling(&no_key);
            Ok(true)
        }
    }
}

/// Takes the snapshot of an action unless it is there, proves it, and deletes the old ones that the plan named.
fn make<E: Engine>(job: &Job, planned: &Value, key: &str) -> Result<Value, Problem> {
    let context = job.context();
    let settings = Settings::of(context, planned)?;
    // The same action that was cut off after its dump has one already.
    let archive = match Archive::of_action(&settings, context, key)? {
        Some(archive) => archive,
        None => E::take(job, &settings, planned, key)?,
    };
    match verify::<E>(job, &settings, settings.verify, planned, &archive) {
        Ok((verified, notes)) => {
            for note in &notes {
                context.progress.line(note);
            }
            settings.prune(job, planned)?;
            Ok(archive.describe(planned.clone(), Some(&verified)))
        }
        // Nobody could look: the next try finds it, and looks again.
        Err(problem) if problem.kind == ProblemKind::Retry => Err(problem),
        Err(problem) => Err(unproven(&settings, &archive, problem)),
    }
}

/// Nobody may take a snapshot that was not proven for a good one: it goes.
fn unproven(settings: &Settings, archive: &Archive, problem: Problem) -> Problem {
    let deleted = Kept::delete(&settings.store, &archive.manifest.name);
    let left =
        deleted.err().map_or_else(String::new, |error| format!(" It is still there: {}", error.message));
    let message = format!("The snapshot was taken, but not proven. {}{left}", problem.message);
    Problem { message, ..problem }
}

impl<E: Engine> Resource for Snapshots<E> {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = E::check(config);
        problems.extend(arguments::check(config));
        problems
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(async move {
            let mut planned = arguments::plan(context, &self.schema.attributes, E::inputs(), request).await?;
            let (sends, withheld) = E::credentials(context, request.config)?;
            planned.sends.extend(sends);
            planned.notes.extend(withheld);
            planned.sends.extend(place::sends(request.config));
            Ok(planned)
        })
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        Box::pin(async move {
            if prior.get("snapshot").is_null() {
                // An older relplan took it, in a form of its own: a fact all the same.
                return Ok(Observed::Same);
            }
            let settings = Settings::of(context, prior)?;
            let object = prior.clone();
            match Job::run(context, move |job| glance(job, &settings, &object)).await {
                Ok(true) => Ok(Observed::Same),
                // It may be whole, but nobody could restore it.
                Ok(false) => Ok(Observed::Present(prior.clone().with("verified", Value::NULL))),
                Err(problem) if problem.kind == ProblemKind::Missing => Ok(Observed::Absent),
                Err(problem) if problem.kind == ProblemKind::Conflict => {
                    context.progress.line(&problem.message);
                    Ok(Observed::Present(prior.clone().with("manifest_sha256", "changed".into())))
                }
                Err(problem) => Err(problem),
            }
        })
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(async move {
            let (planned, key) = (request.planned.clone(), request.key.to_owned());
            Job::run(context, move |job| make::<E>(job, &planned, &key)).await.map(Applied::new)
        })
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(async move {
            let settings = Settings::of(context, request.planned)?;
            let (planned, key) = (request.planned.clone(), request.key.to_owned());
            Job::run(context, move |job| {
                let archive = Archive::of_action(&settings, job.context(), &key)?;
                // Whole, but perhaps not proven: only what was noted as proven counts as done.
                let proven = archive.as_ref().and_then(Archive::verified);
                let proven = proven.filter(|verified| Verify::parse(&verified.how) >= Some(settings.verify));
                Ok(match archive.zip(proven) {
                    Some((archive, proven)) => {
                        archive.check(job)?;
                        Reconciled::Done(Applied::new(archive.describe(planned, Some(&proven))))
                    }
                    None => Reconciled::NotDone,
                })
            })
            .await
        })
    }

    fn restore<'a>(
        &'a self,
        context: &'a Context,
        request: RestoreRequest<'a>,
    ) -> Answer<'a, Result<Restored, Problem>> {
        Box::pin(async move {
            let settings = Settings::of(context, request.object)?;
            let wanted = Wanted::of(&request);
            Job::run(context, move |job| {
                let archive = Archive::of_object(&settings, &wanted.object)?;
                archive.check(job)?;
                E::restore(job, &settings, &archive, &wanted)
            })
            .await
        })
    }

    fn verify<'a>(
        &'a self,
        context: &'a Context,
        request: VerifyRequest<'a>,
    ) -> Answer<'a, Result<Verification, Problem>> {
        Box::pin(async move {
            let settings = Settings::of(context, request.object)?;
            let how = match request.how {
                None => settings.verify,
                Some(text) => Verify::parse(text).ok_or_else(|| {
                    Problem::refused(format!("{text:.40?} is no way to verify a snapshot."))
                        .hint("`checksum`, `read` or `restore`.")
                })?,
            };
            let object = request.object.clone();
            Job::run(context, move |job| {
                let archive = Archive::of_object(&settings, &object)?;
                let (verified, notes) = verify::<E>(job, &settings, how, &object, &archive)?;
                Ok(Verification { value: archive.describe(object.clone(), Some(&verified)), notes })
            })
            .await
        })
    }
}
