//! `git_tag`: a tag as a record of a release.

mod arguments;
mod beside;
mod create;
mod schema;

pub(crate) use schema::schema;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Context, Observed, Path, PlanRequest, Planned, Problem, ReconcileRequest,
    Reconciled, Resource, ResourceSchema, Value, propose,
};

use crate::arguments::parse_location;
use crate::oid::Oid;
use crate::place::Place;
use crate::program::Program;
use crate::refname::check_tag;
use crate::tag_object::{Kind, Tag as Found, Wanted};
use arguments::Arguments;
use create::Where;

/// The `git_tag` resource type.
pub(crate) struct Tag {
    program: Program,
    schema: ResourceSchema,
}

impl Tag {
    /// The type, which calls this git.
    pub(crate) fn new(program: Program) -> Self {
        Self { program, schema: schema() }
    }

    async fn open<'a>(&self, context: &'a Context, arguments: &Arguments) -> Result<Place<'a>, Problem> {
        Place::open(&self.program, context, &arguments.location, arguments.remote.as_deref()).await
    }

    async fn predict(&self, context: &Context, request: PlanRequest<'_>) -> Result<Planned, Problem> {
        let planned = propose(&self.schema.attributes, request.prior, request.config);
        if request.prior.is_some() && planned.replace.is_empty() {
            return Ok(planned);
        }
        let Some(arguments) = Arguments::read(request.config)? else { return Ok(planned) };
        let place = self.open(context, &arguments).await?;
        let commit = place.resolve("ref", &arguments.reference).await?;
        if let Some(prior) = request.prior
            && planned.replace == [Path::attribute("ref")]
            && prior.get("commit").as_str() == Some(commit.as_str())
        {
            // Another way to say the same commit.
            let kept = ["commit", "object", "kind"];
            let value =
                kept.iter().fold(planned.value, |value, name| value.with(name, prior.get(name).clone()));
            return Ok(Planned::new(value));
        }
        let mut planned = pin(planned, &arguments, &commit);
        planned.notes.extend(place.commit(&commit).await?.map(|commit| commit.note()));
        let wanted = arguments.wanted(commit);
        let seen = look(&place, &arguments, &wanted).await;
        if request.prior.is_none()
            && let Ok(seen) = &seen
        {
            let is_new = seen.as_ref().is_none_or(|seen| seen.tag.is_none());
            planned.notes.extend(beside::look(&place, &arguments, &wanted.commit, is_new).await?);
        }
        match seen {
            Ok(None) => Ok(planned),
            Ok(Some(Seen { tag, note })) => {
                planned.notes.push(note);
                planned.value = match tag {
                    Some(tag) => planned.value.with("object", tag.object.as_str().into()),
                    None => planned.value,
                };
                Ok(planned)
            }
            // A change of a record is for the engine to refuse, which shows what changed.
            Err(problem) if request.prior.is_some() => {
                planned.notes.push(problem.message);
                Ok(planned)
            }
            Err(problem) => Err(problem),
        }
    }

    async fn make(&self, context: &Context, planned: &Value) -> Result<Applied, Problem> {
        let arguments = known(planned)?;
        let place = self.open(context, &arguments).await?;
        let commit = match planned.get("commit").as_str().and_then(Oid::parse) {
            Some(commit) => commit,
            None => place.resolve("ref", &arguments.reference).await?,
        };
        let promised = planned.get("object").as_str().and_then(Oid::parse).filter(|object| *object != commit);
        let wanted = Wanted { object: promised, ..arguments.wanted(commit) };
        if arguments.branch.is_some() {
            // It may have been moved since the plan.
            beside::look(&place, &arguments, &wanted.commit, false).await?;
        }
        let tag = create::create(&place, context, &wanted, &arguments.signing(context)?).await?;
        Ok(Applied::new(with_tag(planned, &tag)))
    }

    async fn observe(&self, context: &Context, prior: &Value) -> Result<Observed, Problem> {
        // Of a sensitive repository only a fingerprint was kept: nothing can be known.
        let Some(arguments) = Arguments::read(prior)? else { return Ok(Observed::Same) };
        let place = self.open(context, &arguments).await?;
        let commit = prior.get("commit").as_str().and_then(Oid::parse);
        let Some(tag) = place.tag(&arguments.name, commit.as_ref()).await? else {
            return Ok(Observed::Absent);
        };
        if prior.get("object").as_str() == Some(tag.object.as_str()) {
            return Ok(Observed::Same);
        }
        Ok(Observed::Present(with_tag(prior, &tag)))
    }

    /// The newest tag that is named like this one, for any version.
    async fn seek(&self, context: &Context, config: &Value) -> Result<Option<Value>, Problem> {
        let Some(arguments) = Arguments::read(config)? else { return Ok(None) };
        let Some((prefix, suffix)) = arguments.name.split_once(&*context.version) else { return Ok(None) };
        let place = self.open(context, &arguments).await?;
        let names = place.tags_like(&format!("{prefix}*{suffix}")).await?;
        let version = |name: &String| {
            let version = name.strip_prefix(prefix)?.strip_suffix(suffix)?;
            semver::Version::parse(version).ok()
        };
        let newest = names.into_iter().filter_map(|name| Some((version(&name)?, name))).max();
        Ok(newest.map(|(_, name)| Value::map([("name", Value::from(name))])))
    }

    async fn find_out(&self, context: &Context, planned: &Value) -> Result<Reconciled, Problem> {
        let arguments = known(planned)?;
        let place = self.open(context, &arguments).await?;
        let pinned = planned.get("commit").as_str().and_then(Oid::parse);
        let Some(tag) = place.tag(&arguments.name, pinned.as_ref()).await? else {
            return Ok(Reconciled::NotDone);
        };
        let Some(commit) = pinned else { return Ok(Reconciled::CannotTell) };
        Ok(match arguments.wanted(commit).difference(&tag) {
            // Made where it counts; to do it again gives the folder its copy.
            None if create::lacks_copy(&place, &tag, &arguments.name).await? => Reconciled::NotDone,
            None => Reconciled::Done(Applied::new(with_tag(planned, &tag))),
            // Somebody else's: ours was not made, and making it will say so.
            Some(_) => Reconciled::NotDone,
        })
    }

    async fn adopt(&self, context: &Context, id: &str) -> Result<Value, Problem> {
        let malformed =
            || Problem::refused("The id of a tag is `REPOSITORY#NAME`.").hint("For example `.#v1.2.0`.");
        let (repository, name) = id.rsplit_once('#').ok_or_else(malformed)?;
        check_tag(name)
            .map_err(|error| Problem::refused(format!("This cannot be the name of a tag: {error}.")))?;
        let location = parse_location(repository)?;
        let place = Place::open(&self.program, context, &location, None).await?;
        let Some(tag) = place.tag(name, None).await? else {
            return Err(Problem::missing(format!("There is no tag `{name}` in `{location}`.")));
        };
        let message = tag.annotation.as_ref().map_or(Value::NULL, |said| said.message.as_str().into());
        let given = [
            ("repository", Value::from(repository).mark(location.has_password())),
            ("name", name.into()),
            ("ref", tag.commit.as_str().into()),
            ("message", message),
            ("sign", (tag.kind() == Kind::Signed).into()),
        ];
        let empty = Value::map(self.schema.attributes.iter().map(|a| (a.name, Value::NULL)));
        let object = given.into_iter().fold(empty, |object, (name, value)| object.with(name, value));
        Ok(with_tag(&object, &tag))
    }
}

impl Resource for Tag {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        arguments::check(config)
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
        Box::pin(self.seek(context, config))
    }

    /// The key is put nowhere: a tag is found again by its name and what it says.
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
        let name = prior.get("name").as_str().unwrap_or_default();
        let problem = Problem::refused(format!("The tag `{name}` is a record and is never deleted."))
            .hint("Withdraw the release and make a new version; `state rm` lets go of the tag.");
        Box::pin(async move { Err(problem) })
    }

    fn import<'a>(&'a self, context: &'a Context, id: &'a str) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(self.adopt(context, id))
    }
}

/// What planning saw of a tag that is there already.
struct Seen {
    /// The tag where it counts; none when it is only on disk so far.
    tag: Option<Found>,
    /// What to tell the reviewer.
    note: String,
}

/// Whether the tag is there already, and the same; a different one is a conflict.
async fn look(place: &Place<'_>, arguments: &Arguments, wanted: &Wanted) -> Result<Option<Seen>, Problem> {
    let differs = |tag: &Found| {
        // What is not known yet cannot be compared: apply will do that.
        if arguments.is_open && tag.commit == wanted.commit { None } else { wanted.difference(tag) }
    };
    let name = &wanted.name;
    if let Some(tag) = place.tag(name, Some(&wanted.commit)).await? {
        if let Some(difference) = differs(&tag) {
            return Err(create::conflict(place, wanted, &tag, &difference, Where::Counts));
        }
        let note = format!("The tag `{name}` is there already and will be adopted.");
        return Ok(Some(Seen { tag: Some(tag), note }));
    }
    if place.is_url() || place.remote().is_none() {
        return Ok(None);
    }
    let Some(tag) = place.disk().tag(name).await? else { return Ok(None) };
    if let Some(difference) = differs(&tag) {
        return Err(create::conflict(place, wanted, &tag, &difference, Where::OnDisk));
    }
    let note = format!("The tag `{name}` is in the local repository already and will be pushed.");
    Ok(Some(Seen { tag: None, note }))
}

/// The prediction with what the commit tells.
fn pin(planned: Planned, arguments: &Arguments, commit: &Oid) -> Planned {
    let commit = Value::from(commit.as_str());
    let kind = arguments.kind();
    let object = if kind == Some(Kind::Lightweight) { commit.clone() } else { Value::UNKNOWN };
    let kind = kind.map_or(Value::UNKNOWN, |kind| kind.name().into());
    let value = planned.value.with("commit", commit).with("object", object).with("kind", kind);
    Planned { value, ..planned }
}

/// The arguments in an object that is to be made, in which all must be known.
fn known(planned: &Value) -> Result<Arguments, Problem> {
    Arguments::read(planned)?.filter(|arguments| !arguments.is_open).ok_or_else(|| {
        Problem::refused("An argument of the tag is still unknown or was sealed.")
            .hint("Plan again from the release file.")
    })
}

fn with_tag(object: &Value, tag: &Found) -> Value {
    object
        .clone()
        .with("commit", tag.commit.as_str().into())
        .with("object", tag.object.as_str().into())
        .with("kind", tag.kind().name().into())
}

#[cfg(test)]
mod tests;
