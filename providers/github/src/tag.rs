//! `github_tag`: a tag as a record of a release, made through the API.

mod create;
mod schema;

pub(crate) use create::{NewRef, REFS_AT_ONCE, ensure};
pub(crate) use schema::{TYPE_NAME, reference_argument, repository_argument, schema};

use std::sync::Arc;

use relplan_contract::{
    Answer, Applied, ApplyRequest, Context, Observed, Path, PlanRequest, Planned, Problem, ReconcileRequest,
    Reconciled, Resource, ResourceSchema, Value, propose,
};

use crate::GitHub;
use crate::arguments::{any_unknown, archived, check_reference, check_tag, not_known, text};
use crate::beside::Wants;
use crate::look::{self, Look, Question, Tag as Found, look, since_last};
use crate::repository::{self, Repository};

/// The `github_tag` resource type.
pub(crate) struct Tag {
    github: Arc<GitHub>,
    schema: ResourceSchema,
}

/// The tag that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) repository: Repository,
    pub(crate) name: String,
    /// The commit, pinned by the plan.
    pub(crate) commit: String,
    /// The message of an annotated tag.
    pub(crate) message: Option<String>,
    /// Name and address of who makes it; whoever the token belongs to unless given.
    pub(crate) tagger: Option<(String, String)>,
}

impl Wanted {
    /// How a tag differs from it; none when it is the same.
    pub(crate) fn difference(&self, found: &Found) -> Option<String> {
        if found.commit != self.commit {
            return Some(format!("it is at commit {}, not at {}", short(&found.commit), short(&self.commit)));
        }
        match (&found.message, &self.message) {
            (None, None) => None,
            (Some(_), None) => Some("it is annotated, and no message is given here".to_owned()),
            (None, Some(_)) => Some("it is lightweight, and a message is given here".to_owned()),
            (Some(found), Some(wanted)) if found.trim_end() == wanted.trim_end() => None,
            (Some(_), Some(_)) => Some("its message is another one".to_owned()),
        }
    }
}

/// The first seven digits.
pub(crate) fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

/// The problem of a tag that is there and another one.
pub(crate) fn conflict(repository: &Repository, name: &str, difference: &str, attribute: &str) -> Problem {
    Problem::conflict(format!("The tag `{name}` is in {repository} already: {difference}."))
        .hint("relplan never moves a tag: leave the repository out, release a new version, or point `ref` at that commit.")
        .about(Path::attribute(attribute))
}

impl Tag {
    pub(crate) fn new(github: Arc<GitHub>) -> Self {
        Self { github, schema: schema() }
    }

    async fn look(
        &self,
        context: &Context,
        repository: &Repository,
        name: &str,
        reference: &str,
    ) -> Result<Look, Problem> {
        let (repository, reference, tag) = (repository.clone(), reference.to_owned(), name.to_owned());
        look(&self.github, context, Question { repository, reference, tag, wants: Wants::default() }).await
    }

    async fn predict(&self, context: &Context, request: PlanRequest<'_>) -> Result<Planned, Problem> {
        let planned = propose(&self.schema.attributes, request.prior, request.config);
        if request.prior.is_some() && planned.replace.is_empty() {
            return Ok(planned);
        }
        let config = request.config;
        let (Some(repository), Some(name)) = (Repository::of(config)?, text(config, "name")) else {
            return Ok(planned);
        };
        if config.get("ref").is_unknown() {
            return Ok(planned);
        }
        let reference = text(config, "ref").unwrap_or_else(|| "HEAD".into());
        let seen = match request.prior {
            None => look::look_beside(&self.github, context, (&repository, &name, &reference)).await?,
            Some(_) => self.look(context, &repository, &name, &reference).await?,
        };
        let commit = seen.commit().ok_or_else(|| no_commit(&repository, &reference))?.to_owned();
        let open = any_unknown(config, &["message", "tagger"]);
        let annotated = !config.get("message").is_null();
        let object = if annotated { Value::UNKNOWN } else { commit.as_str().into() };
        let value = planned.value.with("commit", commit.as_str().into()).with("object", object);
        let mut planned = Planned { value, ..planned };
        // Only a remark: what cannot be told is left out.
        let range = since_last(&self.github, context, (&repository, &name), &commit).await;
        planned.notes.extend(seen.note(&range.unwrap_or_default()));
        let wanted = Wanted { commit, ..wanted(config, repository.clone(), name.clone()) };
        match seen.tag() {
            // The message is not known yet, so that apply must compare it.
            Some(found) if open && found.commit == wanted.commit => {}
            Some(found) => match wanted.difference(&found) {
                None => {
                    planned.value = planned.value.with("object", found.object.as_str().into());
                    planned.notes.push(format!("The tag `{name}` is there already and will be adopted."));
                }
                Some(difference) if request.prior.is_none() => {
                    return Err(conflict(&repository, &name, &difference, "name"));
                }
                // A change of a record is for the engine to refuse, which shows what changed.
                Some(difference) => planned.notes.push(format!("The tag is there, and {difference}.")),
            },
            None if seen.is_archived => return Err(archived(&repository)),
            None => {
                let place = look::place(&self.github, context, (&repository, &name, "name"), &seen).await?;
                planned.notes.extend(place);
            }
        }
        Ok(planned)
    }

    async fn make(&self, context: &Context, planned: &Value) -> Result<Applied, Problem> {
        let wanted = self.pinned(context, planned).await?;
        let tag = ensure(&self.github, context, &wanted, "name").await?;
        Ok(Applied::new(with_tag(planned, &tag)))
    }

    /// The tag that an object asks for; its commit is found now where the plan could not.
    async fn pinned(&self, context: &Context, planned: &Value) -> Result<Wanted, Problem> {
        let (Some(repository), Some(name)) = (Repository::of(planned)?, text(planned, "name")) else {
            return Err(not_known());
        };
        let mut wanted = wanted(planned, repository, name);
        if wanted.commit.is_empty() {
            let reference = text(planned, "ref").unwrap_or_else(|| "HEAD".into());
            let seen = self.look(context, &wanted.repository, &wanted.name, &reference).await?;
            seen.commit()
                .ok_or_else(|| no_commit(&wanted.repository, &reference))?
                .clone_into(&mut wanted.commit);
        }
        Ok(wanted)
    }

    async fn observe(&self, context: &Context, prior: &Value) -> Result<Observed, Problem> {
        let (Some(repository), Some(name)) = (Repository::of(prior)?, text(prior, "name")) else {
            return Ok(Observed::Same);
        };
        let seen = self.look(context, &repository, &name, "HEAD").await?;
        Ok(match seen.tag() {
            None => Observed::Absent,
            Some(tag) if prior.get("object").as_str() == Some(&tag.object) => Observed::Same,
            Some(tag) => Observed::Present(with_tag(prior, &tag)),
        })
    }

    async fn find_out(&self, context: &Context, planned: &Value) -> Result<Reconciled, Problem> {
        let wanted = self.pinned(context, planned).await?;
        let seen = self.look(context, &wanted.repository, &wanted.name, "HEAD").await?;
        Ok(match seen.tag() {
            Some(tag) if wanted.difference(&tag).is_none() => {
                Reconciled::Done(Applied::new(with_tag(planned, &tag)))
            }
            // Somebody else's: ours was not made, and making it will say so.
            Some(_) | None => Reconciled::NotDone,
        })
    }

    async fn adopt(&self, context: &Context, id: &str) -> Result<Value, Problem> {
        let malformed = || {
            Problem::refused("The id of a tag is `OWNER/NAME#TAG`.").hint("For example `acme/shop#v1.2.0`.")
        };
        let (repository, name) = id.split_once('#').ok_or_else(malformed)?;
        let repository = Repository::parse(repository).ok_or_else(malformed)?;
        let seen = self.look(context, &repository, name, "HEAD").await?;
        let tag = seen.tag();
        let tag =
            tag.ok_or_else(|| Problem::missing(format!("There is no tag `{name}` in {repository}.")))?;
        let given = [
            ("repository", Value::from(repository.to_string())),
            ("name", name.into()),
            ("ref", tag.commit.as_str().into()),
            ("message", tag.message.as_deref().map_or(Value::NULL, Value::from)),
        ];
        let empty = Value::map(self.schema.attributes.iter().map(|a| (a.name, Value::NULL)));
        let object = given.into_iter().fold(empty, |object, (name, value)| object.with(name, value));
        Ok(with_tag(&object, &tag))
    }
}

/// The tag that an object asks for; its commit is empty where it was not pinned.
fn wanted(object: &Value, repository: Repository, name: String) -> Wanted {
    let tagger = object.get("tagger");
    Wanted {
        repository,
        name,
        commit: text(object, "commit").unwrap_or_default(),
        message: text(object, "message"),
        tagger: text(tagger, "name").zip(text(tagger, "email")),
    }
}

/// The problem of a ref that leads to no commit.
pub(crate) fn no_commit(repository: &Repository, reference: &str) -> Problem {
    let what = match reference {
        "HEAD" => format!("The repository {repository} is empty: it has no commit to tag."),
        other => format!("There is no branch, tag or commit `{other}` in {repository}."),
    };
    Problem::missing(what).about(Path::attribute("ref"))
}

fn with_tag(object: &Value, tag: &Found) -> Value {
    object.clone().with("commit", tag.commit.as_str().into()).with("object", tag.object.as_str().into())
}

impl Resource for Tag {
    fn schema(&self) -> &ResourceSchema {
        &self.schema
    }

    fn asks_together(&self) -> bool {
        true
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems: Vec<Problem> = repository::check(config).into_iter().collect();
        problems.extend(check_tag(config, "name"));
        problems.extend(check_reference(config, "ref"));
        if config.get("message").as_str().is_some_and(|message| message.trim().is_empty()) {
            let message = "The message of an annotated tag is not empty; leave it out for a lightweight one.";
            problems.push(Problem::invalid("message", message));
        }
        if !config.get("tagger").is_null() && config.get("message").is_null() {
            let message = "Only an annotated tag has a tagger: give a `message`, too.";
            problems.push(Problem::invalid("tagger", message));
        }
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
            let (Some(repository), Some(name)) = (Repository::of(config)?, text(config, "name")) else {
                return Ok(None);
            };
            let reference = text(config, "ref").unwrap_or_else(|| "HEAD".into());
            look::other_version(&self.github, context, (&repository, &name, &reference)).await
        })
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
