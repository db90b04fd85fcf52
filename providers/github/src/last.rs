//! [`Range`]: what a branch has that no release before this version has, told by commits and not by times.
//!
//! The last release is the tag of the highest version before this one that the branch holds: a hotfix branch has its
//! own. A higher one that was made beside the branch, on a release branch, counts in its place where it took along more of
//! what the branch has: that was released with it. Tags of this version and of later ones say nothing, so that a release
//! counts the same after it was made. Twenty repositories are one request as long as the release that GitHub calls the
//! latest is the last one; else two.

mod names;
mod search;

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Context, Problem};
use serde_json::Value as Json;

use crate::GitHub;
use crate::client::{GraphqlError, Variables};
use crate::days::day;
use crate::repository::Repository;

pub(crate) use names::Names;
use search::Search;

/// How many repositories one request asks about.
pub(crate) const AT_ONCE: usize = 20;

/// The most rounds of requests: pages of a hundred tags, and of a hundred commits.
const MOST_ROUNDS: usize = 200;

/// By how much the clock of whoever made a commit may be ahead of GitHub's, in days.
const CLOCKS_DAYS: i64 = 7;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// Where.
    pub(crate) repository: Repository,
    /// The branch, or a commit; none for the default branch.
    pub(crate) head: Option<Head>,
    /// Which tags count.
    pub(crate) names: Names,
    /// Whether all commits of the range are wanted, or only their number.
    pub(crate) commits: bool,
}

/// Where a range ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// A branch; where this version has its tag, at the tag.
    Branch(String),
    /// A commit.
    Commit(String),
}

/// What came after the last release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Range {
    /// The commit that the branch stood at when this was found; none where a commit was asked about, or there is no branch.
    pub(crate) branch: Option<String>,
    /// The tag of the last release before this version; none where there is none.
    pub(crate) last: Option<String>,
    /// Whether all that the branch has belongs to it, since there was no release before.
    pub(crate) everything: bool,
    /// How many commits came after it.
    pub(crate) ahead: u64,
    /// Their names with their times; empty where they were not asked for, and where all belongs to it.
    pub(crate) commits: BTreeMap<String, String>,
}

impl Range {
    /// Whether a commit came after the last release.
    pub(crate) fn holds(&self, commit: &str) -> bool {
        self.everything || self.commits.contains_key(commit)
    }

    /// Whether something was before its first commit by so much that clocks which differ are no reason. Where all belongs
    /// to it, or nothing has a time, nothing was.
    pub(crate) fn began_after(&self, time: &str) -> bool {
        let first = self.commits.values().min().and_then(|time| day(time));
        first.zip(day(time)).is_some_and(|(first, day)| day + CLOCKS_DAYS < first)
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        !self.everything && self.commits.is_empty()
    }
}

/// Finds the range, together with whoever asks at about the same time.
pub(crate) async fn range(
    github: &Arc<GitHub>,
    context: &Context,
    question: Question,
) -> Result<Range, Problem> {
    let (asker, context) = (Arc::clone(github), context.clone());
    let answer = github.ranges.ask(question, move |questions| {
        let (github, context) = (Arc::clone(&asker), context.clone());
        async move { ask(&github, &context, questions).await }
    });
    answer.await.unwrap_or_else(|| Err(Problem::retry("The look at the last releases was dropped.")))
}

/// Finds several, in the order of the questions.
pub(crate) async fn ranges(
    github: &Arc<GitHub>,
    context: &Context,
    questions: Vec<Question>,
) -> Result<Vec<Range>, Problem> {
    let mut found = vec![Range::default(); questions.len()];
    let mut askers = tokio::task::JoinSet::new();
    for (index, question) in questions.into_iter().enumerate() {
        let (github, context) = (Arc::clone(github), context.clone());
        askers.spawn(async move { (index, range(&github, &context, question).await) });
    }
    while let Some(answer) = askers.join_next().await {
        let (index, range) =
            answer.map_err(|_| Problem::retry("The look at the last releases was dropped."))?;
        if let Some(place) = found.get_mut(index) {
            *place = range?;
        }
    }
    Ok(found)
}

/// The first of these tags that a branch holds.
pub(crate) async fn held(
    github: &Arc<GitHub>,
    context: &Context,
    repository: &Repository,
    branch: &str,
    tags: Vec<String>,
) -> Result<Option<String>, Problem> {
    let names = Names { among: Some(tags), ..Names::default() };
    let (repository, head) = (repository.clone(), Some(Head::Branch(branch.to_owned())));
    Ok(range(github, context, Question { repository, head, names, commits: false }).await?.last)
}

async fn ask(github: &GitHub, context: &Context, questions: Vec<Question>) -> Vec<Result<Range, Problem>> {
    let mut searches: Vec<Search> = questions.into_iter().map(Search::new).collect();
    for _ in 0..MOST_ROUNDS {
        let mut open: Vec<&mut Search> = searches.iter_mut().filter(|search| search.is_open()).collect();
        if open.is_empty() {
            break;
        }
        round(github, context, &mut open).await;
    }
    searches.into_iter().map(Search::end).collect()
}

/// One request, with what each search wants to know next.
async fn round(github: &GitHub, context: &Context, searches: &mut [&mut Search]) {
    let (mut parts, mut variables) = (String::new(), Variables::default());
    for (index, search) in searches.iter().enumerate() {
        let mut variable =
            |letter: &str, kind: &str, value: Json| variables.add(format!("{letter}{index}"), kind, value);
        let repository = search.repository();
        let owner = variable("o", "String!", repository.owner.as_str().into());
        let name = variable("n", "String!", repository.name.as_str().into());
        let wanted = search.wanted(&mut variable);
        parts.push_str(&format!("r{index}:repository(owner:{owner},name:{name}){{{wanted}}} "));
    }
    let (query, variables) = variables.operation("query Ranges", &parts, &search::fragments(&parts));
    match github.client.ask_parts(context, &query, variables).await {
        Ok(mut data) => {
            for (index, search) in searches.iter_mut().enumerate() {
                let alias = format!("r{index}");
                // That what GitHub calls the latest release cannot be compared costs a comparison more: it was a guess.
                let known = |error: &GraphqlError| {
                    error.is_missing_inside() || (error.is_inside("latestRelease") && error.is_at("compare"))
                };
                search.hear(data.part(&alias, known));
            }
        }
        Err(fault) => {
            let problem = fault.reading("The last releases could not be read");
            for search in searches {
                search.fail(problem.clone());
            }
        }
    }
}
