//! [`Search`]: the search for one repository's last release, question by question.

mod parts;

use std::collections::BTreeMap;

use relplan_contract::Problem;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{Head, Question, Range};
use crate::client::Fault;
use crate::repository::Repository;
pub(super) use parts::fragments;
use parts::{Against, COMMITS, Compared, Part, Target};

/// How many tags are compared at once, once the first guess was wrong.
const TAGS_AT_ONCE: usize = 5;

/// How many are compared at the least before one that the branch does not hold is taken for the last.
const ENOUGH_COMPARED: usize = 30;

/// Makes a variable of the query; texts never become part of the query itself.
pub(super) type Variable<'v> = dyn FnMut(&str, &str, Json) -> String + 'v;

/// The search in one repository.
pub(super) struct Search {
    question: Question,
    /// The commit where the range ends.
    head: Option<String>,
    /// The commit that the branch stands at.
    branch: Option<String>,
    tags: BTreeMap<String, String>,
    /// Where the list of tags goes on.
    after: Option<String>,
    /// What GitHub calls the latest release, where its name is no version.
    latest: Option<String>,
    compared: BTreeMap<String, Compared>,
    next: Next,
}

enum Next {
    /// A page of tags; of the first, what is known of the branch too.
    Tags,
    /// Where these tags stand to the head.
    Compare(Vec<String>),
    /// More commits after this tag.
    Commits(String, String),
    Done(Result<Range, Problem>),
}

/// Where a tag stands to the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// The head holds it.
    Held,
    /// It holds the head.
    Later,
    /// Each has something that the other has not: a hotfix, or a release that was made on a branch of its own.
    Beside,
}

impl Search {
    pub(super) fn new(question: Question) -> Self {
        Self {
            question,
            head: None,
            branch: None,
            tags: BTreeMap::new(),
            after: None,
            latest: None,
            compared: BTreeMap::new(),
            next: Next::Tags,
        }
    }

    pub(super) const fn repository(&self) -> &Repository {
        &self.question.repository
    }

    pub(super) const fn is_open(&self) -> bool {
        !matches!(self.next, Next::Done(_))
    }

    pub(super) fn fail(&mut self, problem: Problem) {
        self.next = Next::Done(Err(problem));
    }

    /// What was found.
    pub(super) fn end(self) -> Result<Range, Problem> {
        match self.next {
            Next::Done(found) => found.map(|range| Range { branch: self.branch, ..range }),
            Next::Tags | Next::Compare(_) | Next::Commits(..) => {
                let repository = &self.question.repository;
                Err(Problem::refused(format!(
                    "The last release of {repository} could not be found: it has too many tags or commits."
                ))
                .hint("Give `since` a time, or `tag_prefix` what stands before the versions."))
            }
        }
    }

    /// What is wanted of the repository, in GitHub's language.
    pub(super) fn wanted(&self, variable: &mut Variable<'_>) -> String {
        let compared = if self.question.commits { "range" } else { "distance" };
        match &self.next {
            Next::Tags => {
                let after = variable("a", "String", self.after.as_deref().into());
                let mut wanted = format!(
                    "refs(refPrefix:\"refs/tags/\",first:100,after:{after},orderBy:{{field:TAG_COMMIT_DATE,\
                     direction:DESC}}){{pageInfo{{hasNextPage endCursor}} nodes{{name target{{oid ...on Tag{{target{{oid \
                     ...on Tag{{target{{oid}}}}}}}}}}}}}}"
                );
                if self.after.is_none() {
                    wanted.push_str(&self.first_wanted(variable, compared));
                }
                wanted
            }
            Next::Compare(tags) => {
                let head = variable("h", "String!", self.head.as_deref().into());
                let one = |(index, tag): (usize, &String)| {
                    let letter = format!("t{index}x");
                    let tag = variable(&letter, "String!", format!("refs/tags/{tag}").into());
                    format!("t{index}:ref(qualifiedName:{tag}){{compare(headRef:{head}){{...{compared}}}}} ")
                };
                tags.iter().enumerate().map(one).collect()
            }
            Next::Commits(tag, cursor) => {
                let head = variable("h", "String!", self.head.as_deref().into());
                let tag = variable("t", "String!", format!("refs/tags/{tag}").into());
                let after = variable("c", "String!", cursor.as_str().into());
                format!(
                    "t0:ref(qualifiedName:{tag}){{compare(headRef:{head}){{aheadBy behindBy headTarget{{oid}} \
                     commits(first:100,after:{after}){COMMITS}}}}}"
                )
            }
            Next::Done(_) => "id".to_owned(),
        }
    }

    /// Where the branch is; and, as a guess, what came after the release that GitHub calls the latest.
    fn first_wanted(&self, variable: &mut Variable<'_>, compared: &str) -> String {
        const TARGET: &str = "{name target{oid}}";
        let (head, branch) = match &self.question.head {
            None => ("HEAD", None),
            Some(Head::Branch(branch)) => (branch.as_str(), Some(format!("refs/heads/{branch}"))),
            Some(Head::Commit(commit)) => (commit.as_str(), None),
        };
        let branch = branch.map(|branch| variable("b", "String!", branch.into()));
        let branch =
            branch.map(|branch| format!("head:ref(qualifiedName:{branch}){TARGET}")).unwrap_or_default();
        let head = variable("h", "String!", head.into());
        format!(
            " defaultBranchRef{TARGET} {branch} \
             latestRelease{{tagName tag{{compare(headRef:{head}){{...{compared}}}}}}}"
        )
    }

    /// Takes an answer, in which nothing is missing but what is not there, and decides what is wanted next.
    pub(super) fn hear(&mut self, answer: Result<Json, Fault>) {
        let what = format!("The last release of {} could not be read", self.question.repository);
        let part = match answer {
            Ok(part) => part,
            Err(fault) => return self.fail(fault.reading(&what)),
        };
        let heard = match std::mem::replace(&mut self.next, Next::Tags) {
            Next::Tags => Part::deserialize(&part).map(|part| self.hear_tags(part)),
            Next::Compare(tags) => self.hear_compared(&part, &tags),
            Next::Commits(tag, _) => self.hear_compared(&part, &[tag]),
            Next::Done(_) => Ok(()),
        };
        match heard {
            Ok(()) if self.is_open() => self.next = self.decide(),
            Ok(()) => {}
            Err(error) => self.fail(Problem::retry(format!("{what}: {error}."))),
        }
    }

    fn hear_tags(&mut self, part: Part) {
        let is_first = self.after.is_none();
        let (tags, page) = part.refs.map_or((None, None), |refs| (refs.nodes, Some(refs.page_info)));
        let tags: Option<Vec<_>> = tags.unwrap_or_default().into_iter().collect();
        // An empty repository has no list of tags. In any other one a hole is a tag that may be the last release.
        let (Some(tags), true) = (tags, page.is_some() || part.default_branch_ref.is_none()) else {
            let message = format!("GitHub did not tell all tags of {}.", self.question.repository);
            return self.fail(Problem::retry(message));
        };
        self.after = page.filter(|page| page.has_next_page).and_then(|page| page.end_cursor);
        for tag in tags {
            if let Some(target) = tag.target {
                self.tags.insert(tag.name, target.commit());
            }
        }
        if !is_first {
            return;
        }
        self.head = match &self.question.head {
            Some(Head::Commit(commit)) => Some(commit.clone()),
            Some(Head::Branch(_)) => part.head.and_then(|head| head.target).map(Target::commit),
            None => part.default_branch_ref.and_then(|head| head.target).map(Target::commit),
        };
        let is_branch = !matches!(self.question.head, Some(Head::Commit(_)));
        self.branch = self.head.clone().filter(|_| is_branch);
        if let Some(latest) = part.latest_release {
            if let Some(compared) = latest.tag.and_then(|tag| tag.compare) {
                self.take(&latest.tag_name, compared);
            }
            self.latest = Some(latest.tag_name);
        }
        if self.head.is_none() {
            // There is no such branch here: nothing came after anything.
            self.next = Next::Done(Ok(Range::default()));
        }
    }

    fn hear_compared(&mut self, part: &Json, tags: &[String]) -> Result<(), serde_json::Error> {
        for (index, tag) in tags.iter().enumerate() {
            let against = part.get(format!("t{index}")).map(Option::<Against>::deserialize).transpose()?;
            match against.flatten() {
                Some(Against { compare: Some(compared) }) => self.take(tag, compared),
                // It went away meanwhile, or has no commit in common with the head.
                Some(Against { compare: None }) | None => {
                    self.tags.remove(tag);
                }
            }
        }
        Ok(())
    }

    /// Remembers how a tag stands to a head, with the commits of earlier pages.
    fn take(&mut self, tag: &str, mut compared: Compared) {
        if let (Some(before), Some(commits)) = (self.compared.remove(tag), compared.commits.as_mut())
            && before.head_target.oid == compared.head_target.oid
        {
            let earlier = before.commits.and_then(|commits| commits.nodes).unwrap_or_default();
            let later = commits.nodes.take().unwrap_or_default();
            commits.nodes = Some(earlier.into_iter().chain(later).collect());
        }
        self.compared.insert(tag.to_owned(), compared);
    }

    /// How a tag stands to the head, where that is known.
    fn compared(&self, tag: &str) -> Option<&Compared> {
        self.compared.get(tag).filter(|compared| Some(&compared.head_target.oid) == self.head.as_ref())
    }

    fn decide(&mut self) -> Next {
        let names: Vec<String> = self.tags.keys().cloned().collect();
        let told = self.question.names.told(&names);
        // What this version holds ends at its own tag, where that is there already.
        if let (Some(own), false) = (told.own, matches!(self.question.head, Some(Head::Commit(_)))) {
            self.head = self.tags.get(own).cloned();
        }
        let mut candidates: Vec<&str> = told.before;
        let version = &self.question.names.version;
        // Of releases whose names are no versions, the one that GitHub calls the latest counts, unless it is this one.
        let is_other =
            |latest: &&str| !told.any && (version.is_empty() || !latest.contains(version.as_str()));
        let latest = self.latest.clone();
        candidates.extend(latest.as_deref().filter(is_other));
        let held = |tag: &&str| self.stands(tag) == Some(Stands::Held);
        let found = candidates.iter().position(held);
        let higher = candidates.get(..found.unwrap_or(candidates.len())).unwrap_or_default();
        let open: Vec<&str> = higher.iter().copied().filter(|tag| self.compared(tag).is_none()).collect();
        let is_guess = !candidates.iter().any(|tag| self.compared(tag).is_some());
        let at_once = if is_guess { 1 } else { TAGS_AT_ONCE };
        let nearest = self.nearest(higher, found.and_then(|index| candidates.get(index)).copied());
        // On a line of its own a branch holds no release at all: the hundredth comparison tells nothing new.
        let is_enough = nearest.is_some() && higher.len() - open.len() >= ENOUGH_COMPARED;
        match (open.is_empty() || is_enough, nearest) {
            (false, _) => Next::Compare(open.into_iter().take(at_once).map(str::to_owned).collect()),
            (true, Some(nearest)) if found.is_some() || is_enough || self.after.is_none() => {
                self.finished(nearest)
            }
            (true, _) if self.after.is_some() => Next::Tags,
            (true, _) => Next::Done(Ok(Range { everything: true, ..Range::default() })),
        }
    }

    /// The tag after which the least came: the one that the branch holds, or a higher one that was made beside the branch
    /// and took more of it along. Where both took the same it is the one that the branch holds.
    fn nearest<'t>(&self, higher: &[&'t str], held: Option<&'t str>) -> Option<&'t str> {
        let ahead = |tag: &&str| self.compared(tag).map_or(u64::MAX, |compared| compared.ahead_by);
        // Whoever asks which version a branch holds means no other.
        let counts =
            |tag: &&&str| self.question.names.among.is_none() && self.stands(tag) == Some(Stands::Beside);
        held.into_iter().chain(higher.iter().filter(counts).copied()).min_by_key(ahead)
    }

    fn stands(&self, tag: &str) -> Option<Stands> {
        self.compared(tag).map(|compared| match (compared.behind_by, compared.ahead_by) {
            (0, _) => Stands::Held,
            (_, 0) => Stands::Later,
            (_, _) => Stands::Beside,
        })
    }

    /// The range after a tag, or where the rest of its commits is.
    fn finished(&self, tag: &str) -> Next {
        let compared = self.compared(tag);
        let ahead = compared.map_or(0, |compared| compared.ahead_by);
        let commits = compared.and_then(|compared| compared.commits.as_ref());
        if let Some(cursor) = commits
            .filter(|commits| commits.page_info.has_next_page)
            .and_then(|commits| commits.page_info.end_cursor.as_ref())
        {
            return Next::Commits(tag.to_owned(), cursor.clone());
        }
        let nodes = commits.and_then(|commits| commits.nodes.as_ref()).into_iter().flatten().flatten();
        let commits: BTreeMap<String, String> =
            nodes.map(|commit| (commit.oid.clone(), commit.committed_date.clone())).collect();
        let read = u64::try_from(commits.len()).unwrap_or(u64::MAX);
        Next::Done(if self.question.commits && read != ahead {
            let repository = &self.question.repository;
            let message = format!("GitHub gave {read} of {ahead} commits of {repository} since {tag}.");
            Err(Problem::retry(message).hint("Give `since` a time to do without them."))
        } else {
            Ok(Range { last: Some(tag.to_owned()), ahead, commits, ..Range::default() })
        })
    }
}

#[cfg(test)]
mod tests;
