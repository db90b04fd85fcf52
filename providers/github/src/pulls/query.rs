//! Reading pull requests: twenty repositories in one request, further pages only where there are some.
//!
//! What happens while the pages are read hides none of them. Open ones come in the order in which they were opened, which
//! never changes. Merged ones come by their last update, so that the reading can end at the last release; one that is
//! touched meanwhile jumps to the front, where it was read already. So after several requests the front is read again, down to
//! what was the newest at the beginning. That also finds an open one of a later page which was merged meanwhile.

use std::collections::BTreeMap;

use relplan_contract::{Context, Problem};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::node::{Node, fragment};
use super::{Pull, Selection, Since, Wants, more};
use crate::checks;
use crate::client::{Client, Variables};
use crate::last::Range;
use crate::repositories::PageInfo;
use crate::repository::Repository;

/// How many repositories one request asks about: with fifty pull requests each it stays far below GitHub's limit of
/// 500,000 nodes.
const AT_ONCE: usize = 20;

/// The most pages of fifty that are read of one repository.
const MOST_PAGES: usize = 200;

/// How often the front of a list that changes is read again.
const MOST_READS: u32 = 4;

#[derive(Deserialize)]
struct List {
    nodes: Vec<Option<Node>>,
    #[serde(rename = "pageInfo")]
    page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    default_branch_ref: Option<Branch>,
    base: Option<Branch>,
    open: Option<List>,
    merged: Option<List>,
}

#[derive(Deserialize)]
struct Branch {
    name: String,
    target: Option<super::node::Oid>,
}

/// Where a repository's lists go on.
struct Place<'a> {
    repository: &'a Repository,
    /// What came after the last release, where that is the beginning.
    range: Option<&'a Range>,
    open: Next,
    merged: Next,
    /// When the newest of the merged ones was touched, as the first page told it.
    newest: Option<String>,
    /// Down to when the front is read again.
    floor: Option<String>,
    /// How many requests this reading took.
    requests: u32,
    /// How often it was read again.
    again: u32,
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

/// What was found so far, by repository and number: what was read last counts.
type Found = BTreeMap<(String, i64), Candidate>;

/// A pull request that may belong to the release.
struct Candidate {
    repository: Repository,
    node: Node,
    /// The branch that the release is made from.
    base: String,
    /// Whether it went there, or its commit tells that the branch has it.
    is_there: bool,
}

/// All that the selection takes, open and merged; none where a branch moved on since its range was found.
pub(super) async fn read(
    client: &Client,
    context: &Context,
    (selection, wants): (&Selection, Wants),
    ranges: &[Range],
) -> Result<Option<Vec<Pull>>, Problem> {
    let start = |(index, repository)| {
        let range = ranges.get(index);
        let merged = if range.is_some_and(Range::is_empty) { Next::None } else { Next::First };
        let (newest, floor) = (None, None);
        Place { repository, range, open: Next::First, merged, newest, floor, requests: 0, again: 0 }
    };
    let mut places: Vec<Place<'_>> = selection.repositories.iter().enumerate().map(start).collect();
    let mut found = Found::new();
    for _ in 0..MOST_PAGES {
        let mut rest = Vec::new();
        for chunk in places.chunks(AT_ONCE) {
            let Some(more) = read_chunk(client, context, (selection, wants), chunk, &mut found).await? else {
                return Ok(None);
            };
            rest.extend(more);
        }
        if rest.is_empty() {
            return finish(client, context, selection, found).await.map(Some);
        }
        places = rest;
    }
    Err(Problem::refused("There are more pull requests than can be read.")
        .hint("Select fewer of them with `since`."))
}

/// Reads a page of each place; gives the places that have more, and none where a branch moved on.
async fn read_chunk<'a>(
    client: &Client,
    context: &Context,
    (selection, wants): (&Selection, Wants),
    chunk: &[Place<'a>],
    found: &mut Found,
) -> Result<Option<Vec<Place<'a>>>, Problem> {
    let (query, variables) = query(chunk, selection, wants);
    let answer = client.ask_parts(context, &query, variables).await;
    let mut data = answer.map_err(|fault| fault.reading("The pull requests could not be read"))?;
    checks::mark_unreadable(&mut data);
    let mut rest = Vec::new();
    for (index, place) in chunk.iter().enumerate() {
        let what = format!("The pull requests of {} could not be read", place.repository);
        let part = data.part(&format!("r{index}"), checks::are_unreadable);
        let part = part.map_err(|fault| fault.reading(&what))?;
        let part: Part =
            serde_json::from_value(part).map_err(|error| Problem::retry(format!("{what}: {error}.")))?;
        if place.range.is_some_and(|range| range.branch.as_ref() != part.head(selection)) {
            return Ok(None);
        }
        rest.extend(take(part, place, selection, found)?);
    }
    Ok(Some(rest))
}

impl Part {
    /// The commit that the branch stands at.
    fn head(&self, selection: &Selection) -> Option<&String> {
        let branch = if selection.base.is_some() { &self.base } else { &self.default_branch_ref };
        branch.as_ref().and_then(|branch| branch.target.as_ref()).map(|target| &target.oid)
    }
}

/// Takes what may belong to the selection; gives where there is more.
fn take<'a>(
    part: Part,
    place: &Place<'a>,
    selection: &Selection,
    found: &mut Found,
) -> Result<Option<Place<'a>>, Problem> {
    // An empty repository has no branch, and no pull requests.
    let base = selection.base.clone().or_else(|| part.default_branch_ref.map(|branch| branch.name));
    let base = base.unwrap_or_default();
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
            || place.floor.as_ref().is_some_and(|floor| node.updated_at < *floor)
    };
    let by_commits = place.is_by_commits();
    let mut newest = place.newest.clone();
    let mut page = |list: Option<List>, merged: bool| -> Result<Next, Problem> {
        let Some(list) = list else { return Ok(Next::None) };
        let mut next = list.page_info.end_cursor.filter(|_| list.page_info.has_next_page);
        for node in list.nodes {
            let node = node.ok_or_else(|| hole(place.repository, "pull requests"))?;
            if let Some(what) = node.hole() {
                return Err(hole(place.repository, what));
            }
            if merged {
                newest = newest.take().max(Some(node.updated_at.clone()));
                next = next.filter(|_| !is_before(&node));
            }
            let key = (place.repository.to_string(), node.number);
            let is_to_base = base == node.base_ref_name;
            if (merged || is_to_base) && (!merged || belongs(&node)) {
                let (repository, base) = (place.repository.clone(), base.clone());
                let is_there = is_to_base || by_commits;
                found.insert(key, Candidate { repository, node, base, is_there });
            } else {
                // It was read before, and is another one's now.
                found.remove(&key);
            }
        }
        Ok(next.map_or(Next::None, Next::After))
    };
    let (open, merged) = (page(part.open, false)?, page(part.merged, true)?);
    place.next(open, merged, newest)
}

fn hole(repository: &Repository, what: &str) -> Problem {
    Problem::retry(format!("GitHub did not tell all {what} of {repository}, and not why."))
}

impl Place<'_> {
    /// Where the reading goes on; none when it is done.
    fn next(&self, open: Next, merged: Next, newest: Option<String>) -> Result<Option<Self>, Problem> {
        let Self { repository, range, .. } = *self;
        let requests = self.requests + 1;
        if !matches!((&open, &merged), (Next::None, Next::None)) {
            let (floor, again) = (self.floor.clone(), self.again);
            return Ok(Some(Place { repository, range, open, merged, newest, floor, requests, again }));
        }
        let newest = newest.unwrap_or_default();
        // One request is one moment. After several, nothing moved when nothing newer has come to the front.
        let is_still = requests == 1 || self.floor.as_ref() == Some(&newest);
        if is_still || range.is_some_and(Range::is_empty) {
            return Ok(None);
        }
        if self.again == MOST_READS {
            let message =
                format!("The pull requests of {repository} changed each time while they were read.");
            return Err(Problem::retry(message));
        }
        let (open, merged, again) = (Next::None, Next::First, self.again + 1);
        let floor = Some(newest);
        Ok(Some(Place { repository, range, open, merged, newest: None, floor, requests: 0, again }))
    }
}

/// What the selection takes of what was found, each with all that was asked for.
async fn finish(
    client: &Client,
    context: &Context,
    selection: &Selection,
    mut found: Found,
) -> Result<Vec<Pull>, Problem> {
    found.retain(|_, one| selection.takes_milestone(one.node.milestone()));
    more::complete(client, context, found.values_mut().map(|one| &mut one.node).collect()).await?;
    found.retain(|_, one| {
        selection.takes_labels(|wanted| one.node.labels().any(|own| own.eq_ignore_ascii_case(wanted)))
    });
    // One that went to another branch belongs to the release all the same where the release has its commit: the branch had
    // another name once, or has taken the other one over.
    let elsewhere = found.values().filter(|one| !one.is_there).filter_map(|one| {
        let commit = one.node.merge_commit.as_ref()?;
        Some((one.repository.clone(), one.base.clone(), commit.oid.clone()))
    });
    let held = more::held(client, context, &elsewhere.collect::<Vec<_>>()).await?;
    found.retain(|_, one| {
        let commit = one.node.merge_commit.as_ref().map(|commit| commit.oid.clone());
        one.is_there
            || commit.is_some_and(|commit| held.get(&(one.repository.clone(), commit)) == Some(&true))
    });
    let pull = |one: Candidate| {
        let into = (one.node.base_ref_name != one.base).then(|| one.node.base_ref_name.clone());
        one.node.pull(&one.repository.to_string(), into)
    };
    Ok(found.into_values().map(pull).collect())
}

fn query(places: &[Place<'_>], selection: &Selection, wants: Wants) -> (String, Json) {
    let (mut parts, mut variables) = (String::new(), Variables::default());
    for (index, place) in places.iter().enumerate() {
        let mut variable =
            |letter: char, kind: &str, value: Json| variables.add(format!("{letter}{index}"), kind, value);
        let owner = variable('o', "String!", json!(place.repository.owner));
        let name = variable('n', "String!", json!(place.repository.name));
        let mut list = |alias: &str, letter: char, (states, base, order): (&str, &str, &str), next: &Next| {
            let after = match next {
                Next::None => return String::new(),
                Next::First => Json::Null,
                Next::After(cursor) => json!(cursor),
            };
            let after = variable(letter, "String", after);
            format!(
                "{alias}:pullRequests(states:{states},{base}first:50,after:{after},orderBy:{{{order}}}){{...pulls}} "
            )
        };
        let base = format!("baseRefName:$b{index},");
        let open = list("open", 'x', ("OPEN", &base, "field:CREATED_AT,direction:ASC"), &place.open);
        let merged = list("merged", 'y', ("MERGED", "", "field:UPDATED_AT,direction:DESC"), &place.merged);
        if !open.is_empty() {
            variable('b', "String", json!(selection.base));
        }
        let mut branch = String::new();
        if let Some(name) = &selection.base {
            let name = variable('r', "String!", json!(format!("refs/heads/{name}")));
            branch.push_str(&format!("base:ref(qualifiedName:{name}){{name target{{oid}}}} "));
        }
        parts.push_str(&format!(
            "r{index}:repository(owner:{owner},name:{name}){{defaultBranchRef{{name target{{oid}}}} \
             {branch}{open}{merged}}} "
        ));
    }
    variables.operation("query PullRequests", &parts, &format!(" {}", fragment(wants)))
}

/// One pull request, with its reviews.
pub(crate) async fn one(
    client: &Client,
    context: &Context,
    repository: &Repository,
    number: i64,
) -> Result<Pull, Problem> {
    let what = format!("The pull request {repository}#{number} could not be read");
    let fields = super::node::fields(Wants { reviews: true, checks: false });
    let query = format!(
        "query PullRequest($o:String!,$n:String!,$p:Int!){{repository(owner:$o,name:$n){{pullRequest(number:$p){{{fields}}}}}}}"
    );
    let variables = json!({ "o": repository.owner, "n": repository.name, "p": number });
    let answer = client.ask(context, &query, variables).await;
    let mut data = answer.map_err(|fault| fault.reading(&what))?;
    let node = data.pointer_mut("/repository/pullRequest").map(Json::take).unwrap_or_default();
    let mut node = Node::deserialize(&node).map_err(|error| Problem::retry(format!("{what}: {error}.")))?;
    if let Some(missing) = node.hole() {
        return Err(hole(repository, missing));
    }
    more::complete(client, context, vec![&mut node]).await?;
    Ok(node.pull(&repository.to_string(), None))
}
