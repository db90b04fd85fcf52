//! A pull request as GitHub's GraphQL API tells it, and what is made of it.

use serde::Deserialize;

use crate::checks::{Checks, Rollup};
use crate::repositories::PageInfo;

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
    /// Who may write, approves it and is not its author.
    pub(crate) approvals: Vec<Approval>,
    /// Who may write and asks for changes.
    pub(crate) objections: Vec<String>,
    pub(crate) checks: Checks,
}

/// The last word of somebody who approves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Approval {
    pub(crate) login: String,
    /// Whether it was given for what the pull request holds now, and not before something was pushed to it.
    pub(crate) current: bool,
}

/// A pull request with what else is needed to take it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) number: i64,
    title: String,
    body: String,
    url: String,
    is_draft: bool,
    pub(super) base_ref_name: String,
    created_at: String,
    pub(super) updated_at: String,
    pub(super) merged_at: Option<String>,
    pub(super) merge_commit: Option<Oid>,
    author: Option<Actor>,
    milestone: Option<Milestone>,
    pub(super) labels: Option<Nodes<Label>>,
    /// The last commit; asked for with reviews and with checks.
    pub(super) head_ref_oid: Option<String>,
    pub(super) latest_opinionated_reviews: Option<Nodes<Review>>,
    commits: Option<Nodes<PullCommit>>,
    /// The checks of the last commit, where they had to be asked for by themselves.
    #[serde(skip)]
    pub(super) head_checks: Option<Checks>,
}

/// A list inside of a pull request, of which this may be the beginning.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Nodes<T> {
    nodes: Option<Vec<Option<T>>>,
    #[serde(default)]
    page_info: Option<PageInfo>,
}

impl<T> Nodes<T> {
    /// Where it goes on; none at its end.
    pub(super) fn more(&self) -> Option<&str> {
        let page = self.page_info.as_ref().filter(|page| page.has_next_page)?;
        page.end_cursor.as_deref()
    }

    /// Takes what comes after it.
    pub(super) fn extend(&mut self, rest: Self) {
        self.nodes.get_or_insert_default().extend(rest.nodes.unwrap_or_default());
        self.page_info = rest.page_info;
    }

    fn items(&self) -> impl Iterator<Item = &T> {
        self.nodes.iter().flatten().flatten()
    }

    /// Whether it has holes: what is in them nobody knows.
    fn is_whole(&self) -> bool {
        self.nodes.as_ref().is_some_and(|nodes| nodes.iter().all(Option::is_some))
    }
}

#[derive(Deserialize)]
pub(super) struct Oid {
    pub(super) oid: String,
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
pub(super) struct Label {
    name: String,
}

#[derive(Deserialize)]
pub(super) struct Review {
    author: Option<Actor>,
    state: String,
    /// The commit that was reviewed; none where it is gone.
    commit: Option<Oid>,
}

#[derive(Deserialize)]
struct PullCommit {
    commit: Head,
}

/// A commit with its checks.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    oid: String,
    pub(super) status_check_rollup: Option<Rollup>,
}

impl Node {
    pub(super) fn milestone(&self) -> Option<&str> {
        self.milestone.as_ref().map(|milestone| milestone.title.as_str())
    }

    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().flat_map(Nodes::items).map(|label| label.name.as_str())
    }

    /// What is missing of it that GitHub did not say a word about.
    pub(super) fn hole(&self) -> Option<&'static str> {
        let reviews = self.latest_opinionated_reviews.as_ref();
        match () {
            () if self.labels.as_ref().is_some_and(|labels| !labels.is_whole()) => Some("labels"),
            () if reviews.is_some_and(|reviews| !reviews.is_whole()) => Some("reviews"),
            () if self.commits.as_ref().is_some_and(|commits| !commits.is_whole()) => Some("commits"),
            () => None,
        }
    }

    /// The checks of the last commit; none where they were not told, since GitHub lists commits by their dates: the last of
    /// the list need not be the last one.
    fn listed_checks(&self) -> Option<Checks> {
        let listed = self.commits.as_ref()?.items().last()?;
        let is_head = self.head_ref_oid.as_ref() == Some(&listed.commit.oid);
        is_head.then(|| Checks::of(listed.commit.status_check_rollup.as_ref()))
    }

    /// The last commit, where its checks are wanted and not told.
    pub(super) fn unchecked_head(&self) -> Option<&str> {
        let is_told = self.head_checks.is_some() || self.listed_checks().is_some();
        self.commits.as_ref().filter(|_| !is_told)?;
        self.head_ref_oid.as_deref()
    }

    pub(super) fn pull(self, repository: &str, into: Option<String>) -> Pull {
        let checks = self.head_checks.or_else(|| self.listed_checks()).unwrap_or(Checks::Absent);
        let labels = self.labels().map(str::to_owned).collect();
        let author = self.author.map_or_else(|| "ghost".to_owned(), |author| author.login);
        let mut pull = Pull {
            repository: repository.to_owned(),
            number: self.number,
            title: self.title,
            body: self.body,
            url: self.url,
            draft: self.is_draft,
            into,
            created_at: self.created_at,
            merged_at: self.merged_at,
            merge_commit: self.merge_commit.map(|commit| commit.oid),
            labels,
            milestone: self.milestone.map(|milestone| milestone.title),
            approvals: Vec::new(),
            objections: Vec::new(),
            author,
            checks,
        };
        for review in self.latest_opinionated_reviews.iter().flat_map(Nodes::items) {
            let Some(Actor { login }) = &review.author else { continue };
            let reviewed = review.commit.as_ref().map(|commit| &commit.oid);
            let current = reviewed.is_some() && reviewed == self.head_ref_oid.as_ref();
            match review.state.as_str() {
                _ if *login == pull.author => {}
                "APPROVED" => pull.approvals.push(Approval { login: login.clone(), current }),
                "CHANGES_REQUESTED" => pull.objections.push(login.clone()),
                _ => {}
            }
        }
        pull
    }
}

/// What is asked of each pull request, beyond what tells whether it belongs to the release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    /// Who approves it, and who asks for changes.
    pub(crate) reviews: bool,
    /// How its checks stand.
    pub(crate) checks: bool,
}

/// Reviews by people who may write: those of others count for nothing at GitHub either
/// (<https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches#require-pull-request-reviews-before-merging>).
pub(super) const REVIEWS: &str =
    "writersOnly:true){pageInfo{hasNextPage endCursor} nodes{author{login} state commit{oid}}}";

pub(super) const LABELS: &str = "{pageInfo{hasNextPage endCursor} nodes{name}}";

/// A page of them.
pub(super) fn fragment(wants: Wants) -> String {
    let fields = fields(wants);
    format!("fragment pulls on PullRequestConnection{{pageInfo{{hasNextPage endCursor}} nodes{{{fields}}}}}")
}

/// What is asked of each.
pub(super) fn fields(wants: Wants) -> String {
    let mut fields = format!(
        "id number title body url isDraft baseRefName createdAt updatedAt mergedAt mergeCommit{{oid}} author{{login}} \
         milestone{{title}} labels(first:50){LABELS}"
    );
    if wants.reviews || wants.checks {
        fields.push_str(" headRefOid");
    }
    if wants.reviews {
        fields.push_str(&format!(" latestOpinionatedReviews(first:50,{REVIEWS}"));
    }
    if wants.checks {
        fields.push_str(" commits(last:1){nodes{commit{oid statusCheckRollup{state}}}}");
    }
    fields
}
