//! The pull requests of a release: open ones and those merged since the release before it, across repositories.

mod more;
mod node;
mod query;

use std::sync::Arc;

use relplan_contract::{Attribute, Context, Path, Problem, Type, Value};

use crate::GitHub;
use crate::last::{self, Head, Names, Question};
use crate::repository::Repository;

pub(crate) use node::{Pull, Wants};
pub(crate) use query::one;

/// How often everything is read again because a branch moved on meanwhile.
const MOST_READS: usize = 4;

/// Which pull requests belong to the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) repositories: Vec<Repository>,
    milestone: Option<String>,
    labels: Vec<String>,
    base: Option<String>,
    since: Since,
    tag_prefix: Option<String>,
}

/// From when on merged ones count.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Since {
    /// The last release before this version; everything where there is none.
    LastRelease,
    /// A time, as RFC 3339.
    Time(String),
    /// The beginning.
    Ever,
}

/// The arguments that select.
pub(crate) fn arguments() -> Vec<Attribute> {
    vec![
        Attribute::optional("repository", Type::String, "One repository, as OWNER/NAME."),
        Attribute::optional("repositories", Type::set(Type::String), "Several of them, in its place."),
        Attribute::optional("milestone", Type::String, "Title of the milestone that they belong to."),
        Attribute::optional("labels", Type::set(Type::String), "Labels that they carry, all of them."),
        Attribute::optional(
            "base",
            Type::String,
            "Branch that open ones go to, and that has the merged ones. Left out, the default branch.",
        ),
        Attribute::optional(
            "since",
            Type::String,
            "From when on merged ones count: `last_release`, `ever` or a time such as 2026-01-31T00:00:00Z. Left out, \
             `last_release`; with a milestone, `ever`.",
        ),
        Attribute::optional(
            "tag_prefix",
            Type::String,
            "What stands before the version in the names of tags, for the last release. Left out, `v` or nothing; \
             where no tag is named so, anything.",
        ),
    ]
}

impl Selection {
    /// Reads the arguments; none where any is not known yet.
    pub(crate) fn read(object: &Value) -> Result<Option<Self>, Problem> {
        let names = ["repository", "repositories", "milestone", "labels", "base", "since", "tag_prefix"];
        let repositories = repositories(object)?;
        let text = |name: &str| object.get(name).as_str().map(str::to_owned);
        let milestone = text("milestone");
        let since = match text("since").as_deref() {
            Some("last_release") => Since::LastRelease,
            Some("ever") => Since::Ever,
            Some(time) => Since::Time(checked_time(time)?),
            None if milestone.is_some() => Since::Ever,
            None => Since::LastRelease,
        };
        let labels = object.get("labels").as_list().unwrap_or_default();
        let labels = labels.iter().filter_map(|label| label.as_str().map(str::to_owned)).collect();
        let (base, tag_prefix) = (text("base"), text("tag_prefix"));
        let selection = Self { repositories, milestone, labels, base, since, tag_prefix };
        Ok((!crate::arguments::any_unknown(object, &names)).then_some(selection))
    }

    /// All of them, open and merged, in the order of repositories and numbers.
    pub(crate) async fn pulls(
        &self,
        github: &Arc<GitHub>,
        context: &Context,
        wants: Wants,
    ) -> Result<Vec<Pull>, Problem> {
        for _ in 0..MOST_READS {
            let ranges = match self.since {
                Since::LastRelease => last::ranges(github, context, self.questions(context)).await?,
                Since::Time(_) | Since::Ever => Vec::new(),
            };
            // One that was merged after its branch was looked at is neither open nor in what the branch had then.
            if let Some(pulls) = query::read(&github.client, context, (self, wants), &ranges).await? {
                return Ok(pulls);
            }
        }
        Err(Problem::retry("A branch moved on each time while its pull requests were read."))
    }

    /// What came after the last release, asked of each repository.
    fn questions(&self, context: &Context) -> Vec<Question> {
        let (version, prefix) = (context.version.clone(), self.tag_prefix.clone());
        let names = Names { version, prefix, among: None };
        let question = |repository: &Repository| Question {
            repository: repository.clone(),
            head: self.base.clone().map(Head::Branch),
            names: names.clone(),
            commits: true,
        };
        self.repositories.iter().map(question).collect()
    }

    fn takes_milestone(&self, own: Option<&str>) -> bool {
        self.milestone.as_deref().is_none_or(|wanted| own == Some(wanted))
    }

    fn takes_labels(&self, carries: impl Fn(&str) -> bool) -> bool {
        self.labels.iter().all(|label| carries(label))
    }

    /// What it selects, for messages: `of milestone v1.2`.
    pub(crate) fn described(&self) -> String {
        let mut words = String::new();
        if let Some(milestone) = &self.milestone {
            words.push_str(&format!(" of milestone {milestone}"));
        }
        if !self.labels.is_empty() {
            words.push_str(&format!(" with label {}", self.labels.join(" and ")));
        }
        match &self.since {
            Since::LastRelease => words.push_str(" since the last release"),
            Since::Time(time) => words.push_str(&format!(" since {time}")),
            Since::Ever => {}
        }
        words
    }
}

fn repositories(object: &Value) -> Result<Vec<Repository>, Problem> {
    let several = object.get("repositories").as_list().unwrap_or_default();
    let parse = |name: &str| {
        let wrong = || format!("{name:.200?} is no name of a repository.");
        Repository::parse(name).ok_or_else(|| Problem::invalid("repositories", wrong()))
    };
    let several = several.iter().filter_map(Value::as_str).map(parse);
    Repository::of(object)?.into_iter().map(Ok).chain(several).collect()
}

/// Times are compared as GitHub writes them: to the second, in UTC.
fn checked_time(time: &str) -> Result<String, Problem> {
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if shape == "0000-00-00T00:00:00Z" {
        return Ok(time.to_owned());
    }
    Err(Problem::invalid("since", format!("{time:.80?} is no time that can be compared with GitHub's."))
        .hint("Give `last_release`, `ever`, or a time in UTC such as 2026-01-31T00:00:00Z."))
}

/// What is wrong with the arguments.
pub(crate) fn check(object: &Value) -> Vec<Problem> {
    let given = |name: &str| !object.get(name).is_null();
    if given("repository") == given("repositories") {
        let problem = Problem::invalid("repository", "Give either `repository` or `repositories`.");
        return vec![problem.about(Path::attribute("repository"))];
    }
    Selection::read(object).err().into_iter().collect()
}
