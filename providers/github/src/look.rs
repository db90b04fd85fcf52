//! [`Look`]: what a tag or a release needs to know of a repository, for fifty repositories in one request.

use std::sync::Arc;

use relplan_contract::{Context, Problem, Value};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::GitHub;
use crate::beside::{self, Beside, Wants};
use crate::checks::{self, Checks, Rollup};
use crate::client::{Client, Data, GraphqlError, Variables};
use crate::last::{self, Head, Names, Range};
use crate::repository::Repository;

/// How many repositories one request asks about: GitHub gives up on queries that take it more than ten seconds.
pub(crate) const AT_ONCE: usize = 50;

/// The part of a query that finds drafts. They are dated by when they were made.
const NEWEST: &str =
    "newest:releases(first:30,orderBy:{field:CREATED_AT,direction:DESC}){nodes{tagName isDraft}} ";

/// What is asked: what a ref leads to, and what a tag's name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// Where.
    pub(crate) repository: Repository,
    /// Branch, tag or commit; `HEAD` for the default branch.
    pub(crate) reference: String,
    /// Name of the tag.
    pub(crate) tag: String,
    /// What more is asked.
    pub(crate) wants: Wants,
}

/// What was seen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Look {
    /// GitHub's id for use in other queries.
    pub(crate) id: String,
    /// Whether nothing can be changed in it.
    pub(crate) is_archived: bool,
    commit: Option<Object>,
    tag: Option<Ref>,
    /// The release of the tag.
    pub(crate) release: Option<Release>,
    /// The newest releases, where drafts are among them.
    #[serde(default)]
    newest: Option<Newest>,
    /// What stands beside the tag, where that was asked.
    #[serde(flatten)]
    pub(crate) beside: Beside,
}

/// A commit or a tag object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Object {
    oid: String,
    message: Option<String>,
    message_headline: Option<String>,
    committed_date: Option<String>,
    author: Option<Author>,
    status_check_rollup: Option<Rollup>,
    target: Option<Box<Object>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Ref {
    target: Option<Object>,
}

#[derive(Clone, Debug, Deserialize)]
struct Author {
    name: Option<String>,
}

/// A release as the queries see it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Release {
    /// Title.
    pub(crate) name: Option<String>,
    /// Notes.
    pub(crate) description: Option<String>,
    /// Whether it is not published yet.
    pub(crate) is_draft: bool,
    /// Whether it is marked as not ready for production.
    pub(crate) is_prerelease: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Newest {
    nodes: Option<Vec<Option<OneOfNewest>>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OneOfNewest {
    tag_name: String,
    is_draft: bool,
}

/// A tag as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// The commit that it leads to.
    pub(crate) commit: String,
    /// The tag object; the commit itself for a lightweight tag.
    pub(crate) object: String,
    /// The message of an annotated one.
    pub(crate) message: Option<String>,
}

impl Look {
    /// The commit that the ref leads to, through a tag object where there is one.
    pub(crate) fn commit(&self) -> Option<&str> {
        self.commit.as_ref().map(|object| object.peeled().oid.as_str())
    }

    /// Whether a draft for this tag is among the newest releases. `release(tagName:)` is said to find drafts, too (`gh` relies
    /// on that), but that is not written down.
    pub(crate) fn has_draft(&self, tag: &str) -> bool {
        let newest = self.newest.iter().flat_map(|newest| newest.nodes.iter().flatten().flatten());
        newest.filter(|one| one.is_draft).any(|one| one.tag_name == tag)
    }

    /// The tag of the name.
    pub(crate) fn tag(&self) -> Option<Tag> {
        let object = self.tag.as_ref()?.target.as_ref()?;
        Some(Tag {
            commit: object.peeled().oid.clone(),
            object: object.oid.clone(),
            message: object.target.as_ref().and(object.message.clone()),
        })
    }

    /// What a reviewer wants to know of the commit: `Commit 3f2a1c9 "Fix the cart" by Ann, checks passed, 12
    /// commits ahead of v1.1.0.`
    pub(crate) fn note(&self, range: &Range) -> Option<String> {
        let commit = self.commit.as_ref()?.peeled();
        let short: String = commit.oid.chars().take(7).collect();
        let title = commit.message_headline.as_deref().unwrap_or_default();
        let mut note = format!("Commit {short} {title:?}");
        if let Some(author) = commit.author.as_ref().and_then(|author| author.name.as_deref()) {
            note.push_str(&format!(" by {author}"));
        }
        if let Some(day) = commit.committed_date.as_deref().and_then(|date| date.get(..10)) {
            note.push_str(&format!(" of {day}"));
        }
        note.push_str(match Checks::of(commit.status_check_rollup.as_ref()) {
            Checks::Passed => ", checks passed",
            Checks::Failed => ", CHECKS FAILED",
            Checks::Running => ", checks not finished",
            Checks::Absent => ", no checks",
            Checks::Unreadable => ", checks that this token may not read",
        });
        if let Some(last) = &range.last {
            let commits = if range.ahead == 1 { "commit" } else { "commits" };
            note.push_str(&format!(", {} {commits} ahead of {last}", range.ahead));
        }
        note.push('.');
        Some(note)
    }
}

/// What came after the release before this version, at the commit of this one's tag: only how much, and since which.
pub(crate) async fn since_last(
    github: &Arc<GitHub>,
    context: &Context,
    wanted: (&Repository, &str),
    commit: &str,
) -> Result<Range, Problem> {
    let (repository, tag) = wanted;
    let question = last::Question {
        repository: repository.clone(),
        head: Some(Head::Commit(commit.to_owned())),
        names: Names::beside(tag, &context.version),
        commits: false,
    };
    last::range(github, context, question).await
}

/// What the plan of a new tag tells of its place; a problem where it cannot be made there.
pub(crate) async fn place(
    github: &Arc<GitHub>,
    context: &Context,
    (repository, tag, attribute): (&Repository, &str, &str),
    seen: &Look,
) -> Result<Vec<String>, Problem> {
    let mut notes: Vec<String> = seen.beside.fits(repository, tag, attribute)?.into_iter().collect();
    let Some(commit) = seen.commit().filter(|_| !seen.beside.is_held()) else { return Ok(notes) };
    // Rare enough for a request of its own. Only a remark: what cannot be told is left out.
    let wanted = beside::branches_query("$h");
    let query = format!(
        "query Branches($o:String!,$n:String!,$h:String!){{r0:repository(owner:$o,name:$n){{{wanted}}}}}"
    );
    let variables = json!({ "o": repository.owner, "n": repository.name, "h": commit });
    if let Ok(mut data) = github.client.ask_parts(context, &query, variables).await
        && let Ok(part) = data.part("r0", |error| error.is_missing_inside() || error.is_at("compare"))
    {
        let others = Beside::deserialize(&part).unwrap_or_default();
        notes.extend(seen.beside.unheld(&others, repository, commit));
    }
    Ok(notes)
}

/// Looks at where a new tag goes: what was seen there a moment ago, when tags of other versions were looked for, is not
/// asked again.
pub(crate) async fn look_beside(
    github: &Arc<GitHub>,
    context: &Context,
    (repository, tag, reference): (&Repository, &str, &str),
) -> Result<Look, Problem> {
    if let Some(seen) = github.take_seen(repository, tag, reference, context.clock.now()) {
        return Ok(seen);
    }
    let wants = Wants { beside: true, like: None, drafts: true };
    let (repository, reference, tag) = (repository.clone(), reference.to_owned(), tag.to_owned());
    look(github, context, Question { repository, reference, tag, wants }).await
}

/// The newest tag of a repository that is named as this one is, for another version.
pub(crate) async fn other_version(
    github: &Arc<GitHub>,
    context: &Context,
    (repository, tag, reference): (&Repository, &str, &str),
) -> Result<Option<Value>, Problem> {
    let parts = tag.split_once(&*context.version).filter(|_| !context.version.is_empty());
    let Some((prefix, suffix)) = parts else { return Ok(None) };
    let wants = Wants { beside: true, like: Some(prefix.to_owned()), drafts: true };
    let (repository, reference, tag) = (repository.clone(), reference.to_owned(), tag.to_owned());
    let question = Question { repository, reference, tag, wants };
    let seen = look(github, context, question.clone()).await?;
    let newest = seen.beside.newest(prefix, suffix);
    github.keep_seen(question, seen, context.clock.now());
    Ok(newest)
}

impl Object {
    fn peeled(&self) -> &Self {
        self.target.as_deref().map_or(self, Self::peeled)
    }
}

/// Looks, together with whoever looks at about the same time.
pub(crate) async fn look(
    github: &Arc<GitHub>,
    context: &Context,
    question: Question,
) -> Result<Look, Problem> {
    let (asker, context) = (Arc::clone(github), context.clone());
    let repository = question.repository.clone();
    let answer = github.looks.ask(question, move |questions| {
        let (github, context) = (Arc::clone(&asker), context.clone());
        async move { ask(&github.client, &context, &questions).await }
    });
    let seen =
        answer.await.unwrap_or_else(|| Err(Problem::retry("The look at the repository was dropped.")))?;
    github.remember_id(&repository, &seen.id);
    Ok(seen)
}

async fn ask(client: &Client, context: &Context, questions: &[Question]) -> Vec<Result<Look, Problem>> {
    let (query, variables) = query(questions);
    match client.ask_parts(context, &query, variables).await {
        Ok(mut data) => {
            checks::mark_unreadable(&mut data);
            questions.iter().enumerate().map(|(index, question)| one(&mut data, index, question)).collect()
        }
        Err(fault) => {
            let problem = fault.reading("The repositories could not be read");
            questions.iter().map(|_| Err(problem.clone())).collect()
        }
    }
}

fn one(data: &mut Data, index: usize, question: &Question) -> Result<Look, Problem> {
    let what = format!("The repository {} could not be read", question.repository);
    // Names that lead nowhere are missing inside; anything else that could not be had might be the tag that is there.
    // How the commit stands to a branch is a remark.
    let known = |error: &GraphqlError| {
        error.is_missing_inside() || error.is_at("compare") || checks::are_unreadable(error)
    };
    let part = data
        .part(&format!("r{index}"), known)
        .map_err(|fault| fault.reading(&what).about(relplan_contract::Path::attribute("repository")))?;
    Look::deserialize(&part).map_err(|error| Problem::retry(format!("{what}: {error}.")))
}

/// The query with its variables: texts never become part of the query itself.
fn query(questions: &[Question]) -> (String, Json) {
    let (mut parts, mut variables) = (String::new(), Variables::default());
    for (index, question) in questions.iter().enumerate() {
        let texts = [
            ("o", question.repository.owner.clone()),
            ("n", question.repository.name.clone()),
            ("e", question.reference.clone()),
            ("q", format!("refs/tags/{}", question.tag)),
            ("t", question.tag.clone()),
        ];
        for (letter, text) in texts {
            variables.add(format!("{letter}{index}"), "String!", text);
        }
        let newest = if question.wants.drafts { NEWEST } else { "" };
        let (beside, more) = beside::query(&question.wants, &question.tag, &question.reference, index);
        for (name, value) in more {
            variables.add(name, "String!", value);
        }
        parts.push_str(&format!(
            "r{index}:repository(owner:$o{index},name:$n{index}){{id isArchived \
             commit:object(expression:$e{index}){{oid ...commit ...on Tag{{target{{oid ...commit}}}}}} \
             tag:ref(qualifiedName:$q{index}){{target{{oid ...on Tag{{message target{{oid ...on Tag{{target{{oid}}}}}}}}}}}} \
             release(tagName:$t{index}){{name description isDraft isPrerelease}} {newest}{beside}}} "
        ));
    }
    let fragment =
        " fragment commit on Commit{messageHeadline committedDate author{name} statusCheckRollup{state}}";
    variables.operation("query Look", &parts, fragment)
}
