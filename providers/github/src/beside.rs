//! What stands beside a tag to be: names that exclude it, names like it, branches that have its commit, and tags of other
//! versions. It is asked along with the [`Look`](crate::look::Look) at the tag.

use relplan_contract::{Path, Problem, Value};
use semver::Version;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::repository::Repository;

/// What is asked beyond the tag itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    /// What a new tag must fit in with.
    pub(crate) beside: bool,
    /// The newest tags with this text in their names.
    pub(crate) like: Option<String>,
    /// Whether there is a draft of a release.
    pub(crate) drafts: bool,
}

/// What was seen of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Beside {
    below: Option<Names>,
    same: Option<Named>,
    /// The branch that the ref names.
    from: Option<Named>,
    like: Option<Names>,
    default_branch_ref: Option<DefaultBranch>,
    branches: Option<Names>,
    above0: Option<Named>,
    above1: Option<Named>,
    above2: Option<Named>,
    above3: Option<Named>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    nodes: Option<Vec<Option<Named>>>,
    #[serde(default)]
    total_count: usize,
}

#[derive(Clone, Debug, Deserialize)]
struct Named {
    name: String,
    compare: Option<Compared>,
}

#[derive(Clone, Debug, Deserialize)]
struct DefaultBranch {
    name: String,
    compare: Option<Compared>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Compared {
    ahead_by: u64,
}

/// How many parts of a name are looked at, the outermost first.
const DEPTH: usize = 4;

/// How many branches are compared.
const BRANCHES: usize = 20;

/// The parts of a query that ask for it, with their variables: what they are called by, and what stands in them.
pub(crate) fn query(
    wants: &Wants,
    tag: &str,
    reference: &str,
    index: usize,
) -> (String, Vec<(String, Json)>) {
    let mut variables: Vec<(String, Json)> = Vec::new();
    let mut variable = |letter: &str, value: Json| {
        let name = format!("{letter}{index}");
        variables.push((name.clone(), value));
        name
    };
    let mut text = String::new();
    if let Some(part) = &wants.like {
        let part = variable("l", part.as_str().into());
        text.push_str(&format!(
            "like:refs(refPrefix:\"refs/tags/\",query:${part},first:100,\
             orderBy:{{field:TAG_COMMIT_DATE,direction:DESC}}){{nodes{{name}}}} "
        ));
    }
    if wants.beside {
        let below = variable("w", format!("refs/tags/{tag}/").into());
        let same = variable("s", format!("refs/heads/{tag}").into());
        text.push_str(&format!(
            "below:refs(refPrefix:${below},first:1){{nodes{{name}}}} same:ref(qualifiedName:${same}){{name}} "
        ));
        for (depth, (end, _)) in tag.match_indices('/').take(DEPTH).enumerate() {
            let above = format!("refs/tags/{}", tag.get(..end).unwrap_or_default());
            let above = variable(&format!("v{depth}x"), above.into());
            text.push_str(&format!("above{depth}:ref(qualifiedName:${above}){{name}} "));
        }
        // The head of the default branch is on the default branch.
        if reference != "HEAD" {
            let from = variable("f", format!("refs/heads/{reference}").into());
            let head = variable("c", reference.into());
            let compared = format!("compare(headRef:${head}){{aheadBy}}");
            text.push_str(&format!(
                "from:ref(qualifiedName:${from}){{name}} defaultBranchRef{{name {compared}}} "
            ));
        }
    }
    (text, variables)
}

/// The parts of a query that ask for the branches which have a commit.
pub(crate) fn branches_query(head: &str) -> String {
    format!(
        "branches:refs(refPrefix:\"refs/heads/\",first:{BRANCHES},orderBy:{{field:TAG_COMMIT_DATE,direction:DESC}})\
         {{totalCount nodes{{name compare(headRef:{head}){{aheadBy}}}}}}"
    )
}

impl Beside {
    /// Whether a new tag of this name can be made, and what to tell of its name.
    pub(crate) fn fits(
        &self,
        repository: &Repository,
        tag: &str,
        attribute: &str,
    ) -> Result<Option<String>, Problem> {
        let below =
            self.below.as_ref().and_then(|names| names.nodes.as_ref()).into_iter().flatten().flatten();
        // With or without what was asked for before it.
        let inside = format!("{tag}/");
        let below = below
            .map(|one| format!("{inside}{}", one.name.strip_prefix(&inside).unwrap_or(&one.name)))
            .next();
        let above = [&self.above0, &self.above1, &self.above2, &self.above3].into_iter().flatten();
        if let Some(other) = below.or_else(|| above.map(|one| one.name.clone()).next()) {
            let message = format!(
                "There is a tag `{other}` in {repository}, and git can have none named `{tag}` beside it."
            );
            return Err(Problem::conflict(message)
                .hint(
                    "git keeps names as paths: `a` and `a/b` exclude each other. Give the tag another name.",
                )
                .about(Path::attribute(attribute)));
        }
        Ok(self.same.as_ref().map(|_| {
            format!(
                "There is a branch `{tag}` in {repository}, too: whoever asks for `{tag}` may get either."
            )
        }))
    }

    /// Whether a branch is known to have the commit; where none is, the others are to be asked.
    pub(crate) fn is_held(&self) -> bool {
        let Some(default) = &self.default_branch_ref else { return true };
        self.from.is_some() || default.compare.as_ref().is_some_and(|compared| compared.ahead_by == 0)
    }

    /// What to tell of a commit that the default branch does not have, when the others were asked.
    pub(crate) fn unheld(&self, others: &Self, repository: &Repository, commit: &str) -> Option<String> {
        let default = self.default_branch_ref.as_ref().map_or("HEAD", |default| default.name.as_str());
        let short = crate::tag::short(commit);
        let names = others.branches.as_ref()?;
        let mut nodes = names.nodes.iter().flatten().flatten();
        if nodes.any(|one| one.compare.as_ref().is_some_and(|compared| compared.ahead_by == 0)) {
            return None;
        }
        Some(if names.total_count > BRANCHES {
            format!(
                "CAUTION: neither `{default}` nor any of the {BRANCHES} branches of {repository} that were changed last \
                 has the commit {short}."
            )
        } else {
            format!(
                "CAUTION: no branch of {repository} has the commit {short}: its branch is gone, or is in a fork, and the tag \
                 would release what nobody reviewed there."
            )
        })
    }

    /// The newest tag that is named as this one, for any version.
    pub(crate) fn newest(&self, prefix: &str, suffix: &str) -> Option<Value> {
        let names = self.like.as_ref()?.nodes.iter().flatten().flatten();
        let version = |name: &str| Version::parse(name.strip_prefix(prefix)?.strip_suffix(suffix)?).ok();
        let (_, name) = names.filter_map(|one| Some((version(&one.name)?, &one.name))).max()?;
        Some(Value::map([("name", Value::from(name.as_str()))]))
    }
}
