//! What GitHub answers of a repository's tags and of how they stand to a branch.

use serde::Deserialize;

use crate::repositories::PageInfo;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    pub(super) head: Option<Ref>,
    pub(super) default_branch_ref: Option<Ref>,
    pub(super) refs: Option<Refs>,
    pub(super) latest_release: Option<Latest>,
}

#[derive(Deserialize)]
pub(super) struct Refs {
    pub(super) nodes: Option<Vec<Option<Ref>>>,
    #[serde(rename = "pageInfo")]
    pub(super) page_info: PageInfo,
}

#[derive(Deserialize)]
pub(super) struct Ref {
    pub(super) name: String,
    pub(super) target: Option<Target>,
}

#[derive(Deserialize)]
pub(super) struct Target {
    pub(super) oid: String,
    pub(super) target: Option<Box<Target>>,
}

impl Target {
    pub(super) fn commit(self) -> String {
        self.target.map_or(self.oid, |target| target.commit())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Latest {
    pub(super) tag_name: String,
    pub(super) tag: Option<Against>,
}

#[derive(Deserialize)]
pub(super) struct Against {
    pub(super) compare: Option<Compared>,
}

/// How a tag stands to the head.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Compared {
    pub(super) ahead_by: u64,
    pub(super) behind_by: u64,
    pub(super) head_target: HeadTarget,
    pub(super) commits: Option<Commits>,
}

#[derive(Deserialize)]
pub(super) struct HeadTarget {
    pub(super) oid: String,
}

#[derive(Deserialize)]
pub(super) struct Commits {
    pub(super) nodes: Option<Vec<Option<Commit>>>,
    #[serde(rename = "pageInfo")]
    pub(super) page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Commit {
    pub(super) oid: String,
    pub(super) committed_date: String,
}

/// The fragments that the parts of a query use: GitHub refuses those that nothing uses.
pub(in super::super) fn fragments(parts: &str) -> String {
    let used = |name: &str, fields: &str| {
        let fragment =
            || format!(" fragment {name} on Comparison{{aheadBy behindBy headTarget{{oid}}{fields}}}");
        parts.contains(&format!("...{name}}}")).then(fragment).unwrap_or_default()
    };
    used("distance", "") + &used("range", &format!(" commits(first:100){COMMITS}"))
}

pub(super) const COMMITS: &str = "{pageInfo{hasNextPage endCursor} nodes{oid committedDate}}";
