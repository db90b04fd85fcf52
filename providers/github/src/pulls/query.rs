//! Reading pull requests: twenty repositories in one request, further pages only where there are some.

use relplan_contract::{Context, Problem};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::{Selection, Since};
use crate::client::Client;
use crate::last::Range;
use crate::repositories::PageInfo;
use crate::repository::Repository;

/// How many repositories one request asks about: with fifty pull requests each it stays far below GitHub's limit of
/// 500,000 nodes.
const AT_ONCE: usize = 20;

/// The most pages of fifty that are read of one repository.
const MOST_PAGES: usize = 100;

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pull {
    pub(crate) repository: String,
    pub(crate) number: i64,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) url: String,
    /// Login of the author; of an account that is gone, `ghost`.
    pub(crate) author: String,
    pub(crate) draft: bool,
    /// The branch that it went to, where that is not the one that was asked for.
    pub(crate) into: Option<String>,
    /// When it was opened, as RFC 3339.
    pub(crate) created_at: String,
    /// When it was merged; none while it is open.
    pub(crate) merged_at: Option<String>,
    /// The commit that it was merged as.
    pub(crate) merge_commit: Option<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) milestone: Option<String>,
    /// Who approves it and is not its author.
    pub(crate) approvals: Vec<String>,
    /// Who asks for changes.
    pub(crate) objections: Vec<String>,
    pub(crate) checks: Checks,
}

/// How the checks of the last commit stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checks {
    Passed,
    Failed,
    Running,
    /// There are none.
    Absent,
}

#[derive(Deserialize)]
struct List {
    nodes: Vec<Option<Node>>,
    #[serde(rename = "pageInfo")]
    page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    number: i64,
    title: String,
    body: String,
    url: String,
    is_draft: bool,
    base_ref_name: String,
    created_at: String,
    updated_at: String,
    merged_at: Option<String>,
    merge_commit: Option<Oid>,
    author: Option<Actor>,
    milestone: Option<Milestone>,
    labels: Option<Nodes<Label>>,
    latest_opinionated_reviews: Option<Nodes<Review>>,
    commits: Nodes<PullCommit>,
}

#[derive(Deserialize)]
struct Nodes<T> {
    nodes: Option<Vec<Option<T>>>,
}

impl<T> Nodes<T> {
    fn items(self) -> impl Iterator<Item = T> {
        self.nodes.unwrap_or_default().into_iter().flatten()
    }
}

#[derive(Deserialize)]
struct Oid {
    oid: String,
}

#[derive(Deserialize)]
struct Actor {
    login: String,
}

#[derive(Deserialize)]
struct Milestone {
    title: String,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
struct Review {
    author: Option<Actor>,
    state: String,
}

#[derive(Deserialize)]
struct PullCommit {
    commit: Head,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    status_check_rollup: Option<Rollup>,
}

#[derive(Deserialize)]
struct Rollup {
    state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    default_branch_ref: Option<Branch>,
    open: Option<List>,
    merged: Option<List>,
}

#[derive(Deserialize)]
struct Branch {
    name: String,
}

/// Where a repository's lists go on.
struct Place<'a> {
    repository: &'a Repository,
    /// What came after the last release, where that is the beginning.
    range: Option<&'a Range>,
    open: Next,
    merged: Next,
}

impl Place<'_> {
    /// Whether commits tell what was merged. Then it counts by whatever branch it came: by one that had another name once,
    /// by a shared one that was merged as a whole, or before this one was cut from it.
    fn is_by_commits(&self) -> bool {
        self.range.is_some_and(|range| !range.everything)
    }
}

/// The next page of a list.
#[derive(Clone)]
enum Next {
    First,
    After(String),
    None,
}

/// All that the query can select, open and merged.
pub(super) async fn read(
    client: &Client,
    context: &Context,
    selection: &Selection,
    ranges: &[Range],
) -> Result<Vec<Pull>, Problem> {
    let start = |(index, repository)| {
        let range = ranges.get(index);
        let merged = if range.is_some_and(Range::is_empty) { Next::None } else { Next::First };
        Place { repository, range, open: Next::First, merged }
    };
    let mut places: Vec<Place<'_>> = selection.repositories.iter().enumerate().map(start).collect();
    let mut pulls = Vec::new();
    for _ in 0..MOST_PAGES {
        let mut rest = Vec::new();
        for chunk in places.chunks(AT_ONCE) {
            rest.extend(read_chunk(client, context, selection, chunk, &mut pulls).await?);
        }
        if rest.is_empty() {
            return Ok(pulls);
        }
        places = rest;
    }
    Err(Problem::refused("There are more pull requests than can be read.")
        .hint("Select fewer of them with `since`."))
}

/// Reads a page of each place; gives the places that have more.
async fn read_chunk<'a>(
    client: &Client,
    context: &Context,
    selection: &Selection,
    chunk: &[Place<'a>],
    pulls: &mut Vec<Pull>,
) -> Result<Vec<Place<'a>>, Problem> {
    let (query, variables) = query(chunk, selection);
    let answer = client.ask(context, &query, variables).await;
    let mut data = answer.map_err(|fault| fault.reading("The pull requests could not be read"))?;
    let mut rest = Vec::new();
    for (index, place) in chunk.iter().enumerate() {
        let alias = format!("r{index}");
        let what = format!("The pull requests of {} could not be read", place.repository);
        let part = data.data.get_mut(&alias).map(Json::take).filter(|part| !part.is_null());
        let Some(part) = part else {
            let error = data.errors.iter().find(|error| error.is_about(&alias)).cloned().unwrap_or_default();
            return Err(error.fault().reading(&what));
        };
        let part: Part =
            serde_json::from_value(part).map_err(|error| Problem::retry(format!("{what}: {error}.")))?;
        rest.extend(take(part, place, selection, pulls));
    }
    Ok(rest)
}

/// Takes what belongs to the selection; gives where there is more.
fn take<'a>(
    part: Part,
    place: &Place<'a>,
    selection: &Selection,
    pulls: &mut Vec<Pull>,
) -> Option<Place<'a>> {
    // An empty repository has no branch, and no pull requests.
    let base = selection.base.clone().or_else(|| part.default_branch_ref.map(|branch| branch.name));
    let since = match &selection.since {
        Since::Time(time) => Some(time.as_str()),
        Since::LastRelease | Since::Ever => None,
    };
    let belongs = |node: &Node| {
        let after = since.is_none_or(|since| node.merged_at.as_deref().is_some_and(|at| at > since));
        let in_range = |range: &Range| match &node.merge_commit {
            Some(commit) => range.holds(&commit.oid),
            None => range.everything,
        };
        after && place.range.is_none_or(in_range)
    };
    // Sorted by their last update, which is never before the merge, nor that before the commit but for clocks that differ.
    let is_before = |node: &Node| {
        since.is_some_and(|since| node.updated_at.as_str() <= since)
            || place.range.is_some_and(|range| range.began_after(&node.updated_at))
    };
    let by_commits = place.is_by_commits();
    let repository = place.repository.to_string();
    let mut page = |list: Option<List>, merged: bool| -> Next {
        let Some(list) = list else { return Next::None };
        let mut next = list.page_info.end_cursor.filter(|_| list.page_info.has_next_page);
        for node in list.nodes.into_iter().flatten() {
            if merged && is_before(&node) {
                next = None;
            }
            let is_to_base = base.as_ref() == Some(&node.base_ref_name);
            if (is_to_base || (merged && by_commits)) && (!merged || belongs(&node)) {
                let into = (!is_to_base).then(|| node.base_ref_name.clone());
                pulls.push(Pull { into, ..node.pull(&repository) });
            }
        }
        next.map_or(Next::None, Next::After)
    };
    let open = page(part.open, false);
    let merged = page(part.merged, true);
    let more = !matches!((&open, &merged), (Next::None, Next::None));
    more.then_some(Place { repository: place.repository, range: place.range, open, merged })
}

impl Node {
    fn pull(self, repository: &str) -> Pull {
        let author = self.author.map_or_else(|| "ghost".to_owned(), |author| author.login);
        let reviews: Vec<Review> =
            self.latest_opinionated_reviews.map(|reviews| reviews.items().collect()).unwrap_or_default();
        let by = |state: &str| -> Vec<String> {
            let reviews = reviews.iter().filter(|review| review.state == state);
            let logins = reviews.filter_map(|review| review.author.as_ref().map(|actor| actor.login.clone()));
            logins.filter(|login| *login != author).collect()
        };
        let rollup = self.commits.items().last().and_then(|commit| commit.commit.status_check_rollup);
        let checks = match rollup.as_ref().map(|rollup| rollup.state.as_str()) {
            None => Checks::Absent,
            Some("SUCCESS") => Checks::Passed,
            Some("FAILURE" | "ERROR") => Checks::Failed,
            Some(_) => Checks::Running,
        };
        Pull {
            repository: repository.to_owned(),
            number: self.number,
            title: self.title,
            body: self.body,
            url: self.url,
            draft: self.is_draft,
            into: None,
            created_at: self.created_at,
            merged_at: self.merged_at,
            merge_commit: self.merge_commit.map(|commit| commit.oid),
            labels: self
                .labels
                .map(|labels| labels.items().map(|label| label.name).collect())
                .unwrap_or_default(),
            milestone: self.milestone.map(|milestone| milestone.title),
            approvals: by("APPROVED"),
            objections: by("CHANGES_REQUESTED"),
            author,
            checks,
        }
    }
}

const FRAGMENT: &str = "fragment pulls on PullRequestConnection{pageInfo{hasNextPage endCursor} nodes{\
    number title body url isDraft baseRefName createdAt updatedAt mergedAt mergeCommit{oid} author{login} milestone{title} \
    labels(first:50){nodes{name}} latestOpinionatedReviews(first:50){nodes{author{login} state}} \
    commits(last:1){nodes{commit{statusCheckRollup{state}}}}}}";

fn query(places: &[Place<'_>], selection: &Selection) -> (String, Json) {
    let (mut declared, mut parts, mut variables) = (String::new(), String::new(), Map::new());
    for (index, place) in places.iter().enumerate() {
        declared.push_str(&format!("$o{index}:String!,$n{index}:String!,"));
        variables.insert(format!("o{index}"), json!(place.repository.owner));
        variables.insert(format!("n{index}"), json!(place.repository.name));
        let base = format!("baseRefName:$b{index},");
        let mut list = |alias: &str, letter: char, (states, base): (&str, &str), next: &Next| {
            let after = match next {
                Next::None => return String::new(),
                Next::First => Json::Null,
                Next::After(cursor) => json!(cursor),
            };
            declared.push_str(&format!("${letter}{index}:String,"));
            variables.insert(format!("{letter}{index}"), after);
            format!(
                "{alias}:pullRequests(states:{states},{base}first:50,after:${letter}{index},\
                 orderBy:{{field:UPDATED_AT,direction:DESC}}){{...pulls}} "
            )
        };
        let open = list("open", 'x', ("OPEN", &base), &place.open);
        let base_of_merged = if place.is_by_commits() { "" } else { &*base };
        let merged = list("merged", 'y', ("MERGED", base_of_merged), &place.merged);
        // GitHub refuses variables that nothing uses.
        if [&open, &merged].iter().any(|list| list.contains(&base)) {
            declared.push_str(&format!("$b{index}:String,"));
            variables.insert(format!("b{index}"), json!(selection.base));
        }
        parts.push_str(&format!(
            "r{index}:repository(owner:$o{index},name:$n{index}){{defaultBranchRef{{name}} \
             {open}{merged}}} "
        ));
    }
    (format!("query PullRequests({declared}){{{parts}}} {FRAGMENT}"), Json::Object(variables))
}
