//! `data "github_repositories"`: the repositories of an organisation or a user, by topic, name and more.

use std::collections::BTreeSet;
use std::sync::Arc;

use globset::{Glob, GlobSet, GlobSetBuilder};
use relplan_contract::{Answer, Attribute, Context, DataSchema, DataSource, Path, Problem, Type, Value};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::GitHub;
use crate::repository::is_owner;

/// Name of the type.
pub(crate) const TYPE_NAME: &str = "github_repositories";

/// The most pages of a hundred that are read: organisations with more need a search of their own.
const MOST_PAGES: usize = 200;

/// How often the list is read again because it is not whole.
const MOST_READS: usize = 4;

const DOCS: &str = r#"Finds the repositories that a release takes:

```hcl
data "github_repositories" "shop" {
  owner   = "acme"
  topics  = ["shop"]
  exclude = ["*-sandbox"]
}
```

A repository is taken when it carries **all** of `topics`, its name fits one of `names` (globs such as `shop-*`; left out, any) and
none of `exclude`, and its visibility is one of `visibility`. Archived and disabled ones are left out unless `archived` says
otherwise; those that were left out for that alone are listed in `skipped`, so that a plan can show them.

One that the token may not see, such as behind single sign-on, is no repository to leave out: then this is an error.

Topics are compared exactly, from the repositories themselves, not through GitHub's search, whose index lags behind. A hundred
repositories are one request."#;

const QUERY: &str = "query Repositories($owner:String!,$after:String){repositoryOwner(login:$owner){\
    repositories(first:100,after:$after,ownerAffiliations:OWNER,orderBy:{field:CREATED_AT,direction:ASC}){\
    totalCount pageInfo{hasNextPage endCursor} nodes{name nameWithOwner url isArchived isDisabled visibility description \
    defaultBranchRef{name target{oid}} \
    repositoryTopics(first:100){nodes{topic{name}}}}}}}";

/// The schema.
pub(crate) fn schema() -> DataSchema {
    let names = || Type::set(Type::String);
    DataSchema {
        type_name: TYPE_NAME,
        summary: "The repositories of an organisation or user, by topic, name and visibility.",
        docs: DOCS,
        attributes: vec![
            Attribute::required("owner", Type::String, "The organisation or user that owns them."),
            Attribute::optional("topics", names(), "Topics that a repository must carry, all of them."),
            Attribute::optional("names", names(), "Globs of which a name must fit one."),
            Attribute::optional("exclude", names(), "Globs of which a name must fit none."),
            Attribute::optional(
                "visibility",
                names(),
                "`public`, `private` or `internal`; left out, all three.",
            ),
            Attribute::optional(
                "archived",
                Type::Bool,
                "Whether archived and disabled repositories are taken, too.",
            )
            .or(false),
            Attribute::computed("full_names", names(), "The repositories, each as OWNER/NAME."),
            Attribute::computed(
                "repositories",
                Type::list(repository_type()),
                "The same with more, by name.",
            ),
            Attribute::computed(
                "skipped",
                names(),
                "Those left out only because they are archived or disabled.",
            ),
        ],
    }
}

fn repository_type() -> Type {
    let text = |name, docs| Attribute::required(name, Type::String, docs);
    relplan_contract::object_type(&[
        text("full_name", "OWNER/NAME."),
        text("name", "Its own name."),
        text("url", "Its page."),
        text("visibility", "`public`, `private` or `internal`."),
        text("description", "Its description; empty without one."),
        Attribute::optional("default_branch", Type::String, "Its default branch; null while it is empty."),
        Attribute::optional("head", Type::String, "The commit of the default branch."),
        Attribute::required("archived", Type::Bool, "Whether it is archived or disabled."),
        Attribute::required("topics", Type::list(Type::String), "Its topics, in alphabetical order."),
    ])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    total_count: usize,
    nodes: Vec<Option<Node>>,
    page_info: PageInfo,
}

/// Where a list goes on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    /// Whether there is more.
    pub(crate) has_next_page: bool,
    /// Where it begins.
    pub(crate) end_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    name: String,
    name_with_owner: String,
    url: String,
    is_archived: bool,
    is_disabled: bool,
    visibility: String,
    description: Option<String>,
    default_branch_ref: Option<Branch>,
    repository_topics: Topics,
}

#[derive(Deserialize)]
struct Branch {
    name: String,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    oid: String,
}

/// GitHub takes twenty topics for a repository
/// (<https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/classifying-your-repository-with-topics>).
#[derive(Deserialize)]
struct Topics {
    nodes: Vec<Topic>,
}

#[derive(Deserialize)]
struct Topic {
    topic: Name,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

impl Node {
    fn topics(&self) -> BTreeSet<&str> {
        self.repository_topics.nodes.iter().map(|node| node.topic.name.as_str()).collect()
    }

    fn visibility(&self) -> String {
        self.visibility.to_ascii_lowercase()
    }

    fn is_frozen(&self) -> bool {
        self.is_archived || self.is_disabled
    }

    fn to_value(&self) -> Value {
        let branch = self.default_branch_ref.as_ref();
        let head = branch.and_then(|branch| branch.target.as_ref());
        let maybe = |text: Option<&str>| text.map_or(Value::NULL, Value::from);
        Value::map([
            ("full_name", Value::from(self.name_with_owner.as_str())),
            ("name", self.name.as_str().into()),
            ("url", self.url.as_str().into()),
            ("visibility", self.visibility().into()),
            ("description", self.description.clone().unwrap_or_default().into()),
            ("default_branch", maybe(branch.map(|branch| branch.name.as_str()))),
            ("head", maybe(head.map(|head| head.oid.as_str()))),
            ("archived", self.is_frozen().into()),
            ("topics", Value::list(self.topics().into_iter().map(Value::from))),
        ])
    }
}

/// What is taken.
struct Filter {
    topics: Vec<String>,
    names: Option<GlobSet>,
    exclude: Option<GlobSet>,
    visibility: Vec<String>,
}

impl Filter {
    fn read(config: &Value) -> Result<Self, Problem> {
        let texts = |name: &str| -> Vec<String> {
            let items = config.get(name).as_list().unwrap_or_default();
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let visibility = texts("visibility");
        if let Some(wrong) =
            visibility.iter().find(|word| !["public", "private", "internal"].contains(&&***word))
        {
            let message = format!("A repository is public, private or internal, not {wrong:.80?}.");
            return Err(Problem::invalid("visibility", message));
        }
        Ok(Self {
            topics: texts("topics"),
            names: globs("names", &texts("names"))?,
            exclude: globs("exclude", &texts("exclude"))?,
            visibility,
        })
    }

    fn takes(&self, node: &Node) -> bool {
        let topics = node.topics();
        self.topics.iter().all(|topic| topics.contains(topic.as_str()))
            && self.names.as_ref().is_none_or(|names| names.is_match(&node.name))
            && !self.exclude.as_ref().is_some_and(|exclude| exclude.is_match(&node.name))
            && (self.visibility.is_empty() || self.visibility.contains(&node.visibility()))
    }
}

fn globs(attribute: &str, patterns: &[String]) -> Result<Option<GlobSet>, Problem> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let wrong =
        |error: globset::Error| Problem::invalid(attribute, format!("A glob cannot be read: {error}."));
    let mut builder = GlobSetBuilder::new();
    for pattern in patterns {
        builder.add(Glob::new(pattern).map_err(wrong)?);
    }
    builder.build().map(Some).map_err(wrong)
}

/// The data source type.
pub(crate) struct Repositories {
    github: Arc<GitHub>,
    schema: DataSchema,
}

impl Repositories {
    pub(crate) fn new(github: Arc<GitHub>) -> Self {
        Self { github, schema: schema() }
    }

    async fn look(&self, context: &Context, config: &Value) -> Result<Value, Problem> {
        let filter = Filter::read(config)?;
        let owner = config.get("owner").as_str().unwrap_or_default();
        let mut nodes = self.all(context, owner).await?;
        nodes.retain(|node| filter.takes(node));
        let all = config.get("archived").as_bool() == Some(true);
        let (taken, skipped): (Vec<_>, Vec<_>) = nodes.iter().partition(|node| all || !node.is_frozen());
        let names =
            |nodes: &[&Node]| Value::set(nodes.iter().map(|node| node.name_with_owner.as_str().into()));
        let given = self.schema.attributes.iter().map(|a| (a.name, config.get(a.name).clone()));
        Ok(Value::map(given)
            .with("full_names", names(&taken))
            .with("repositories", Value::list(taken.iter().map(|node| node.to_value())))
            .with("skipped", names(&skipped)))
    }

    /// All of them, or none: a repository that is left out is left out of the release. Read again where there are more than
    /// came, since one that goes while pages are read may take another one's place along.
    async fn all(&self, context: &Context, owner: &str) -> Result<Vec<Node>, Problem> {
        let what = format!("The repositories of {owner} could not be listed");
        for _ in 0..MOST_READS {
            let (mut nodes, total) = self.once(context, owner, &what).await?;
            // A repository that was made while the pages were read may come twice.
            nodes.sort_by(|left, right| left.name_with_owner.cmp(&right.name_with_owner));
            nodes.dedup_by(|left, right| left.name_with_owner == right.name_with_owner);
            if nodes.len() >= total {
                return Ok(nodes);
            }
        }
        Err(Problem::retry(format!("{what} as a whole: there are more than GitHub gives."))
            .hint("If that stays so, the token may not see some of them: see whether single sign-on wants it to be authorised."))
    }

    /// The repositories of all pages, and how many there are.
    async fn once(&self, context: &Context, owner: &str, what: &str) -> Result<(Vec<Node>, usize), Problem> {
        let mut nodes = Vec::new();
        let mut after = Json::Null;
        for _ in 0..MOST_PAGES {
            let variables = json!({ "owner": owner, "after": after });
            // One that may not be seen is a null in the list with an error beside it, such as
            // https://github.com/cli/cli/issues/7881 shows.
            let data = self.github.client.ask(context, QUERY, variables).await;
            let mut data = data.map_err(|fault| fault.reading(what))?;
            let list = data.pointer_mut("/repositoryOwner/repositories").map(Json::take);
            let Some(list) = list.filter(|list| !list.is_null()) else {
                let message =
                    format!("There is no organisation or user {owner}, or the token may not see it.");
                return Err(Problem::missing(message).about(Path::attribute("owner")));
            };
            let page: Listed = serde_json::from_value(list)
                .map_err(|error| Problem::retry(format!("{what}: the answer cannot be read ({error}).")))?;
            let some: Option<Vec<Node>> = page.nodes.into_iter().collect();
            let hole = || Problem::refused(format!("{what}: GitHub gives one that this token may not see."));
            nodes.extend(some.ok_or_else(hole)?);
            match page.page_info.end_cursor.filter(|_| page.page_info.has_next_page) {
                Some(cursor) => after = cursor.into(),
                None => return Ok((nodes, page.total_count)),
            }
        }
        Err(Problem::refused(format!("{what}: there are more than {} of them.", MOST_PAGES * 100)))
    }
}

impl DataSource for Repositories {
    fn schema(&self) -> &DataSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems: Vec<Problem> = Filter::read(config).err().into_iter().collect();
        if let Some(owner) = config.get("owner").as_str()
            && !is_owner(owner)
        {
            let message = format!("{owner:.200?} is no name of an organisation or user.");
            problems.push(Problem::invalid("owner", message));
        }
        problems
    }

    fn read<'a>(&'a self, context: &'a Context, config: &'a Value) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(self.look(context, config))
    }
}
