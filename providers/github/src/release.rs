//! `github_release`: a release as a record, with its tag, notes and assets.

mod assets;
mod names;
mod publish;
mod schema;
mod there;
mod wanted;

pub(crate) use schema::{TYPE_NAME, schema};

use std::sync::Arc;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Context, Observed, PlanRequest, Planned, Problem, ReconcileRequest,
    Reconciled, Resource, ResourceSchema, Value, propose,
};

use crate::GitHub;
use crate::arguments::{archived, check_reference, check_tag, not_known, text};
use crate::beside::Wants;
use crate::look::{self, Look, Question, look};
use crate::repository::{self, Repository};
use crate::tag::{conflict as tag_conflict, no_commit};
use assets::Attaching;
use publish::with_release;
use there::There;
use wanted::{Wanted, conflict, same_text};

/// The `github_release` resource type.
pub(crate) struct Release {
    github: Arc<GitHub>,
    schema: ResourceSchema,
}

impl Release {
    pub(crate) fn new(github: Arc<GitHub>) -> Self {
        Self { github, schema: schema() }
    }

    async fn look(&self, context: &Context, wanted: &Wanted, reference: &str) -> Result<Look, Problem> {
        let (repository, tag) = (wanted.tag.repository.clone(), wanted.tag.name.clone());
        let wants = Wants::default();
        look(&self.github, context, Question { repository, reference: reference.to_owned(), tag, wants })
            .await
    }

    async fn predict(&self, context: &Context, request: PlanRequest<'_>) -> Result<Planned, Problem> {
        let mut planned = propose(&self.schema.attributes, request.prior, request.config);
        if request.prior.is_some() && planned.replace.is_empty() {
            return Ok(planned);
        }
        let config = request.config;
        let Some(mut wanted) = read(config)? else { return Ok(planned) };
        if config.get("ref").is_unknown() {
            return Ok(planned);
        }
        let reference = text(config, "ref").unwrap_or_else(|| "HEAD".into());
        let seen = match request.prior {
            None => {
                let place = (&wanted.tag.repository, &*wanted.tag.name, &*reference);
                look::look_beside(&self.github, context, place).await?
            }
            Some(_) => self.look(context, &wanted, &reference).await?,
        };
        let commit = seen.commit().ok_or_else(|| no_commit(&wanted.tag.repository, &reference))?;
        commit.clone_into(&mut wanted.tag.commit);
        // Only a remark: what cannot be told is left out.
        let range = publish::since_last(&self.github, context, &wanted).await;
        planned.notes.extend(seen.note(&range.unwrap_or_default()));
        planned.value = planned.value.with("commit", commit.into());
        if !config.get("asset").has_unknown() {
            let files = assets::wanted(context, config);
            planned.value = planned.value.with("assets", assets::pinned(&files)?);
            planned.notes.extend(assets::renamed(&files));
        }
        if request.prior.is_none() {
            planned.notes.extend(check_there(&wanted, config, &seen)?);
            let note =
                self.check_whole(context, &wanted, (config, planned.value.get("assets")), &seen).await?;
            planned.notes.extend(note);
            if seen.tag().is_none() {
                let place = (&wanted.tag.repository, &*wanted.tag.name, "tag");
                planned.notes.extend(look::place(&self.github, context, place, &seen).await?);
            }
        }
        Ok(planned)
    }

    async fn make(&self, context: &Context, planned: &Value) -> Result<Applied, Problem> {
        let mut wanted = read(planned)?.ok_or_else(not_known)?;
        if wanted.tag.commit.is_empty() {
            let reference = text(planned, "ref").unwrap_or_else(|| "HEAD".into());
            let seen = self.look(context, &wanted, &reference).await?;
            let commit = seen.commit().ok_or_else(|| no_commit(&wanted.tag.repository, &reference))?;
            commit.clone_into(&mut wanted.tag.commit);
        }
        publish::ensure(&self.github, context, &wanted, planned).await.map(Applied::new)
    }

    /// What the plan must know of a release, or a draft, that is there: whose it is, and its files.
    async fn check_whole(
        &self,
        context: &Context,
        wanted: &Wanted,
        (config, pinned): (&Value, &Value),
        seen: &Look,
    ) -> Result<Option<String>, Problem> {
        let client = &self.github.client;
        if seen.release.is_none() && !seen.has_draft(&wanted.tag.name) {
            return Ok(None);
        }
        match there::look(client, context, wanted).await? {
            There::Nothing => Ok(None),
            There::Others(draft) => Err(draft.not_ours(wanted)),
            There::Ours(_) => Ok(Some("A draft that an earlier run left will be gone on with.".to_owned())),
            There::Published(found) => {
                let files = assets::wanted(context, config);
                if !files.is_empty() && !wanted.is_ours(found.body.as_deref()) {
                    let repository = &wanted.tag.repository;
                    Attaching::new(client, context, repository, &found).compared(&files, pinned).await?;
                }
                Ok(None)
            }
        }
    }

    async fn observe(&self, context: &Context, prior: &Value) -> Result<Observed, Problem> {
        let Some(wanted) = read(prior)? else { return Ok(Observed::Same) };
        let mut now = prior.clone();
        if wanted.draft {
            // Whether it was published since is for somebody else to say.
            let (tag, client) = (&wanted.tag, &self.github.client);
            let found = match prior.get("id").as_i64() {
                Some(id) => there::numbered(client, context, (&tag.repository, &tag.name), id).await?,
                None => there::any(client, context, &tag.repository, &tag.name).await?,
            };
            if found.is_none() {
                return Ok(Observed::Absent);
            }
        } else {
            let seen = self.look(context, &wanted, "HEAD").await?;
            let Some(changed) = changed(prior, &wanted, &seen) else { return Ok(Observed::Absent) };
            now = changed;
        }
        let attached = prior.get("assets");
        if let Some(id) = prior.get("id").as_i64()
            && attached.as_list().is_some_and(|attached| !attached.is_empty())
        {
            let place = (&wanted.tag.repository, id);
            let Some(assets) = assets::now(&self.github.client, context, place, attached).await? else {
                return Ok(Observed::Absent);
            };
            now = now.with("assets", assets);
        }
        Ok(if now == *prior { Observed::Same } else { Observed::Present(now) })
    }

    async fn find_out(&self, context: &Context, planned: &Value) -> Result<Reconciled, Problem> {
        let wanted = read(planned)?.ok_or_else(not_known)?;
        let client = &self.github.client;
        let found = match there::look(client, context, &wanted).await? {
            There::Published(found) | There::Ours(found) => found,
            There::Others(_) | There::Nothing => return Ok(Reconciled::NotDone),
        };
        let whole = found.draft == wanted.draft && planned.get("asset").as_list().is_none_or(<[_]>::is_empty);
        let body = found.body.as_deref().unwrap_or_default();
        // A draft of ours says what we wrote; a published one that still says so is not done with.
        let same = if wanted.draft {
            found.draft
        } else {
            wanted.difference(found.name.as_deref(), body, found.prerelease).is_none()
                && !wanted.is_ours(Some(body))
        };
        let seen = self.look(context, &wanted, "HEAD").await?;
        let tagged = wanted.draft || seen.tag().is_some_and(|tag| tag.commit == wanted.tag.commit);
        if !(whole && same && tagged) {
            // Making it goes on where it was cut, or tells why it cannot.
            return Ok(Reconciled::NotDone);
        }
        let object = with_release(planned, &found).with("assets", Value::list([]));
        Ok(Reconciled::Done(Applied::new(object.with("commit", wanted.tag.commit.into()))))
    }

    async fn adopt(&self, context: &Context, id: &str) -> Result<Value, Problem> {
        let malformed = || {
            Problem::refused("The id of a release is `OWNER/NAME#TAG`.")
                .hint("For example `acme/shop#v1.2.0`.")
        };
        let (repository, tag) = id.split_once('#').ok_or_else(malformed)?;
        let repository = Repository::parse(repository).ok_or_else(malformed)?;
        let found = there::any(&self.github.client, context, &repository, tag).await?;
        let missing = || Problem::missing(format!("There is no release of `{tag}` in {repository}."));
        let found = found.ok_or_else(missing)?;
        let empty = Value::map(self.schema.attributes.iter().map(|a| (a.name, Value::NULL)));
        let object = empty
            .with("repository", repository.to_string().into())
            .with("tag", tag.into())
            .with("name", found.name.clone().map_or(Value::NULL, Value::from))
            .with("draft", found.draft.into())
            .with("prerelease", found.prerelease.into())
            .with("generate_notes", false.into())
            .with("asset", Value::list([]))
            .with("assets", Value::list([]));
        let wanted = read(&object)?.ok_or_else(malformed)?;
        let seen = self.look(context, &wanted, "HEAD").await?;
        let commit = seen.tag().map_or(Value::NULL, |tag| tag.commit.into());
        Ok(with_release(&object, &found).with("commit", commit))
    }
}

fn read(object: &Value) -> Result<Option<Wanted>, Problem> {
    let (Some(repository), Some(tag)) = (Repository::of(object)?, text(object, "tag")) else {
        return Ok(None);
    };
    Ok(Some(Wanted::read(object, repository, tag)))
}

/// The object before with what is different now; none when the tag or the release is gone.
fn changed(prior: &Value, wanted: &Wanted, seen: &Look) -> Option<Value> {
    let (tag, release) = (seen.tag()?, seen.release.as_ref()?);
    let mut now = prior.clone();
    if Some(tag.commit.as_str()) != prior.get("commit").as_str() {
        now = now.with("commit", tag.commit.into());
    }
    let body = release.description.as_deref().unwrap_or_default();
    if !same_text(body, prior.get("body").as_str().unwrap_or_default()) {
        now = now.with("body", body.into());
    }
    let title = wanted.title();
    if let Some(name) = release.name.as_deref().filter(|name| !name.is_empty() && *name != title) {
        now = now.with("name", name.into());
    }
    Some(match (release.is_prerelease, release.is_draft) {
        (prerelease, _) if prerelease != wanted.prerelease => now.with("prerelease", prerelease.into()),
        (_, true) => now.with("draft", true.into()),
        (_, false) => now,
    })
}

/// What is there already: a remark, or the conflict.
fn check_there(wanted: &Wanted, config: &Value, seen: &Look) -> Result<Option<String>, Problem> {
    let (repository, name) = (&wanted.tag.repository, &wanted.tag.name);
    if let Some(found) = seen.tag() {
        let message_open = config.get("message").has_unknown();
        let difference =
            wanted.tag.difference(&found).filter(|_| !message_open || found.commit != wanted.tag.commit);
        if let Some(difference) = difference {
            return Err(tag_conflict(repository, name, &difference, "tag"));
        }
    }
    let Some(release) = seen.release.as_ref().filter(|release| !release.is_draft) else {
        // Also where the tag is there: a release is written all the same.
        return if seen.is_archived { Err(archived(repository)) } else { Ok(None) };
    };
    if wanted.is_ours(release.description.as_deref()) {
        let note = format!(
            "The release {name} of an earlier run was published before it was whole; it will be gone on with."
        );
        return Ok(Some(note));
    }
    let notes_open = ["name", "notes"].iter().any(|argument| config.get(argument).has_unknown());
    let body = release.description.as_deref().unwrap_or_default();
    match wanted.difference(release.name.as_deref(), body, release.is_prerelease) {
        Some(difference) if !notes_open => Err(conflict(&wanted.tag, difference)),
        _ if wanted.draft => Err(conflict(&wanted.tag, "it is published")),
        _ => Ok(Some(format!("The release {name} is there already and will be adopted."))),
    }
}

impl Resource for Release {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn asks_together(&self) -> bool {
        true
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems: Vec<Problem> = repository::check(config).into_iter().collect();
        problems.extend(check_tag(config, "tag"));
        problems.extend(check_reference(config, "ref"));
        if config.get("latest").as_str().is_some_and(|word| !["true", "false", "legacy"].contains(&word)) {
            problems.push(Problem::invalid("latest", "latest is \"true\", \"false\" or \"legacy\"."));
        }
        if config.get("generate_notes").as_bool() == Some(true) && !config.get("notes").is_null() {
            let message = "Either GitHub writes the notes, or `notes` are given.";
            problems.push(Problem::invalid("notes", message));
        }
        problems.extend(wanted::check_notes(config));
        problems.extend(assets::check(config));
        problems
    }

    fn plan<'a>(
        &'a self,
        context: &'a Context,
        request: PlanRequest<'a>,
    ) -> Answer<'a, Result<Planned, Problem>> {
        Box::pin(self.predict(context, request))
    }

    fn read<'a>(&'a self, context: &'a Context, prior: &'a Value) -> Answer<'a, Result<Observed, Problem>> {
        Box::pin(self.observe(context, prior))
    }

    fn discover<'a>(
        &'a self,
        context: &'a Context,
        config: &'a Value,
    ) -> Answer<'a, Result<Option<Value>, Problem>> {
        Box::pin(async move {
            let Some(Wanted { tag, .. }) = read(config)? else { return Ok(None) };
            let reference = text(config, "ref").unwrap_or_else(|| "HEAD".into());
            look::other_version(&self.github, context, (&tag.repository, &tag.name, &reference)).await
        })
    }

    /// The key is put nowhere: a release is found again by its tag.
    fn apply<'a>(
        &'a self,
        context: &'a Context,
        request: ApplyRequest<'a>,
    ) -> Answer<'a, Result<Applied, Problem>> {
        Box::pin(self.make(context, request.planned))
    }

    fn reconcile<'a>(
        &'a self,
        context: &'a Context,
        request: ReconcileRequest<'a>,
    ) -> Answer<'a, Result<Reconciled, Problem>> {
        Box::pin(self.find_out(context, request.planned))
    }

    fn destroy<'a>(
        &'a self,
        _context: &'a Context,
        prior: &'a Value,
        _key: &'a str,
    ) -> Answer<'a, Result<(), Problem>> {
        let tag = prior.get("tag").as_str().unwrap_or_default();
        let problem = Problem::refused(format!("The release {tag} is a record and is never deleted."))
            .hint("Mark it as withdrawn on GitHub and make a new version; `state rm` lets go of it.");
        Box::pin(async move { Err(problem) })
    }

    fn import<'a>(&'a self, context: &'a Context, id: &'a str) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(self.adopt(context, id))
    }
}
