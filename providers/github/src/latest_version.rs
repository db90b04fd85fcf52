//! `data "github_latest_version"`: the highest version among tags or releases, by Semantic Versioning.

use std::collections::BTreeMap;
use std::sync::Arc;

use relplan_contract::{Answer, Attribute, Context, DataSchema, DataSource, Problem, Type, Value};
use semver::Version;
use serde::Deserialize;

use crate::GitHub;
use crate::client::query;
use crate::last;
use crate::repository::{self, Repository};

/// Name of the type.
pub(crate) const TYPE_NAME: &str = "github_latest_version";

const DOCS: &str = r#"Finds the last version, and the next ones:

```hcl
data "github_latest_version" "shop" {
  repositories = data.github_repositories.shop.full_names
}

output "next" {
  value = data.github_latest_version.shop.next_minor
}
```

In a release only versions before its own count, so that it reads the same after it was made. With `repositories` the highest
version of all of them counts. Names that are no version after `prefix` are passed over, and so are prereleases (and, from
releases, drafts) unless `prereleases` asks for them. With `branch` only versions count whose tags the branch holds: those of a
hotfix branch. With `below` only versions under it count: `below = "1.3.0"` finds the last hotfix of 1.2. Where there is none,
`version` is null and the next ones start at 0.

The next ones are finished versions. After a prerelease they are the version that it leads to, where that is such a step, so
that with `prereleases = true` nothing is passed over:

| after | next_patch | next_minor | next_major |
|---|---|---|---|
| 1.2.3 | 1.2.4 | 1.3.0 | 2.0.0 |
| 1.2.4-rc.1 | 1.2.4 | 1.3.0 | 2.0.0 |
| 1.3.0-rc.10 | 1.3.0 | 1.3.0 | 2.0.0 |
| 2.0.0-rc.1 | 2.0.0 | 2.0.0 | 2.0.0 |

Prereleases are ordered as Semantic Versioning does: rc.10 comes after rc.9. A number that cannot go on gives null."#;

/// The schema.
pub(crate) fn schema() -> DataSchema {
    let text = |name, docs| Attribute::computed(name, Type::String, docs);
    DataSchema {
        type_name: TYPE_NAME,
        summary: "The highest version among the tags or releases of repositories.",
        docs: DOCS,
        attributes: vec![
            Attribute::optional("repository", Type::String, "One repository, as OWNER/NAME."),
            Attribute::optional("repositories", Type::set(Type::String), "Several of them, in its place."),
            Attribute::optional("from", Type::String, "Where to look: `tags` or `releases`.").or("tags"),
            Attribute::optional("prefix", Type::String, "What stands before the version.").or("v"),
            Attribute::optional("prereleases", Type::Bool, "Whether prereleases count.").or(false),
            Attribute::optional("below", Type::String, "Only versions under this one count."),
            Attribute::optional("branch", Type::String, "Only versions whose tags this branch holds count."),
            text("version", "The highest version, without the prefix; null where there is none."),
            text("name", "The same as it is written there."),
            text("next_patch", "The next version, with no more than a patch."),
            text("next_minor", "The next version with a new minor number."),
            text("next_major", "The next version with a new major number."),
            Attribute::computed(
                "versions",
                Type::map(Type::String),
                "The highest version of each repository that has one.",
            ),
        ],
    }
}

#[derive(Deserialize)]
struct TagItem {
    name: String,
}

#[derive(Deserialize)]
struct ReleaseItem {
    tag_name: String,
    draft: bool,
    prerelease: bool,
}

/// Which versions count.
struct Filter {
    releases: bool,
    prefix: String,
    prereleases: bool,
    below: Option<Version>,
    /// The release's own version.
    own: Option<Version>,
    branch: Option<String>,
}

impl Filter {
    fn read(config: &Value, own: &str) -> Result<Self, Problem> {
        let releases = match config.get("from").as_str() {
            Some("releases") => true,
            Some("tags") | None => false,
            Some(other) => {
                let message = format!("Versions come from \"tags\" or \"releases\", not from {other:.80?}.");
                return Err(Problem::invalid("from", message));
            }
        };
        let below = config.get("below").as_str().map(Version::parse).transpose();
        let below =
            below.map_err(|error| Problem::invalid("below", format!("This is no version: {error}.")))?;
        Ok(Self {
            releases,
            prefix: config.get("prefix").as_str().unwrap_or("v").to_owned(),
            prereleases: config.get("prereleases").as_bool() == Some(true),
            below,
            own: Version::parse(own.strip_prefix('v').unwrap_or(own)).ok(),
            branch: config.get("branch").as_str().map(str::to_owned),
        })
    }

    fn version(&self, name: &str) -> Option<Version> {
        let version = Version::parse(name.strip_prefix(&self.prefix)?).ok()?;
        let counts = (self.prereleases || version.pre.is_empty())
            && [&self.below, &self.own]
                .into_iter()
                .flatten()
                .all(|below| version.cmp_precedence(below).is_lt());
        counts.then_some(version)
    }
}

/// The data source type.
pub(crate) struct LatestVersion {
    github: Arc<GitHub>,
    schema: DataSchema,
}

impl LatestVersion {
    pub(crate) fn new(github: Arc<GitHub>) -> Self {
        Self { github, schema: schema() }
    }

    async fn look(&self, context: &Context, config: &Value) -> Result<Value, Problem> {
        let filter = Arc::new(Filter::read(config, &context.version)?);
        let mut highest: BTreeMap<String, Version> = BTreeMap::new();
        let mut readers = tokio::task::JoinSet::new();
        for repository in repositories(config)? {
            let (github, context, filter) = (Arc::clone(&self.github), context.clone(), Arc::clone(&filter));
            readers.spawn(async move {
                let highest = highest_of(&github, &context, &repository, &filter).await;
                (repository.to_string(), highest)
            });
        }
        while let Some(read) = readers.join_next().await {
            let (name, version) =
                read.map_err(|_| Problem::retry("The look at the versions was dropped."))?;
            if let Some(version) = version? {
                highest.insert(name, version);
            }
        }
        let best = highest.values().max();
        let start = Version::new(0, 0, 0);
        let next = |step| match following(best.unwrap_or(&start), step) {
            Some(next) => Value::from(next.to_string()),
            None => Value::NULL,
        };
        let versions = highest.iter().map(|(name, version)| (name.as_str(), version.to_string().into()));
        let given = self.schema.attributes.iter().map(|a| (a.name, config.get(a.name).clone()));
        Ok(Value::map(given)
            .with("version", best.map_or(Value::NULL, |best| best.to_string().into()))
            .with("name", best.map_or(Value::NULL, |best| format!("{}{best}", filter.prefix).into()))
            .with("next_patch", next(Step::Patch))
            .with("next_minor", next(Step::Minor))
            .with("next_major", next(Step::Major))
            .with("versions", Value::map(versions)))
    }
}

/// Which number goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Patch,
    Minor,
    Major,
}

/// The first version above this one that changes no lower number than the step: of a prerelease the very version that it
/// leads to, where that is such a step. None past the highest number.
fn following(version: &Version, step: Step) -> Option<Version> {
    let Version { major, minor, patch, .. } = *version;
    let leads_to_it = !version.pre.is_empty()
        && match step {
            Step::Patch => true,
            Step::Minor => patch == 0,
            Step::Major => minor == 0 && patch == 0,
        };
    let (major, minor, patch) = match step {
        _ if leads_to_it => (major, minor, patch),
        Step::Patch => (major, minor, patch.checked_add(1)?),
        Step::Minor => (major, minor.checked_add(1)?, 0),
        Step::Major => (major.checked_add(1)?, 0, 0),
    };
    Some(Version::new(major, minor, patch))
}

fn repositories(config: &Value) -> Result<Vec<Repository>, Problem> {
    let several = config.get("repositories");
    match (Repository::of(config)?, several.as_list()) {
        (Some(one), None) => Ok(vec![one]),
        (None, Some(several)) => several
            .iter()
            .filter_map(Value::as_str)
            .map(|name| {
                let wrong = || format!("{name:.200?} is no name of a repository.");
                Repository::parse(name).ok_or_else(|| Problem::invalid("repositories", wrong()))
            })
            .collect(),
        _ => Err(Problem::invalid("repository", "Give either `repository` or `repositories`.")),
    }
}

async fn highest_of(
    github: &Arc<GitHub>,
    context: &Context,
    repository: &Repository,
    filter: &Filter,
) -> Result<Option<Version>, Problem> {
    let client = &github.client;
    let whole = [("per_page", "100")];
    let names: Result<Vec<String>, _> = if filter.releases {
        let path = query(&repository.path(&["releases"]), &whole);
        let same = |left: &ReleaseItem, right: &ReleaseItem| left.tag_name == right.tag_name;
        client.all::<ReleaseItem>(context, &path, same).await.map(|releases| {
            let counts = |release: &ReleaseItem| filter.prereleases || !(release.draft || release.prerelease);
            releases.into_iter().filter(counts).map(|release| release.tag_name).collect()
        })
    } else {
        let path = query(&repository.path(&["tags"]), &whole);
        let same = |left: &TagItem, right: &TagItem| left.name == right.name;
        client
            .all::<TagItem>(context, &path, same)
            .await
            .map(|tags| tags.into_iter().map(|tag| tag.name).collect())
    };
    let names =
        names.map_err(|fault| fault.reading(&format!("The versions of {repository} could not be read")))?;
    let counting = names.iter().filter_map(|name| Some((filter.version(name)?, name)));
    let Some(branch) = &filter.branch else { return Ok(counting.map(|(version, _)| version).max()) };
    let mut candidates: Vec<(Version, &String)> = counting.collect();
    candidates.sort_by(|(left, _), (right, _)| right.cmp(left));
    let candidates = candidates.into_iter().map(|(_, name)| name.clone()).collect();
    let held = last::held(github, context, repository, branch, candidates).await?;
    Ok(held.and_then(|name| filter.version(&name)))
}

impl DataSource for LatestVersion {
    fn schema(&self) -> &DataSchema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems: Vec<Problem> = repository::check(config).into_iter().collect();
        problems.extend(Filter::read(config, "").err());
        problems.extend(crate::arguments::check_reference(config, "branch"));
        let given = |name: &str| !config.get(name).is_null();
        if given("repository") == given("repositories") {
            problems.push(Problem::invalid("repository", "Give either `repository` or `repositories`."));
        }
        problems
    }

    fn read<'a>(&'a self, context: &'a Context, config: &'a Value) -> Answer<'a, Result<Value, Problem>> {
        Box::pin(self.look(context, config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prerelease_leads_to_its_own_version() {
        let highest = u64::MAX;
        for (version, expected) in [
            ("1.2.3", ["1.2.4", "1.3.0", "2.0.0"]),
            ("1.2.3+build.7", ["1.2.4", "1.3.0", "2.0.0"]),
            ("1.2.4-rc.1", ["1.2.4", "1.3.0", "2.0.0"]),
            ("1.3.0-rc.10", ["1.3.0", "1.3.0", "2.0.0"]),
            ("1.3.0-alpha+build", ["1.3.0", "1.3.0", "2.0.0"]),
            ("2.0.0-rc.1", ["2.0.0", "2.0.0", "2.0.0"]),
            ("0.0.0-alpha", ["0.0.0", "0.0.0", "0.0.0"]),
            ("0.0.0", ["0.0.1", "0.1.0", "1.0.0"]),
            (&format!("1.{highest}.{highest}"), ["-", "-", "2.0.0"]),
        ] {
            let version = Version::parse(version).expect("a version");
            let next = [Step::Patch, Step::Minor, Step::Major]
                .map(|step| following(&version, step).map_or("-".to_owned(), |next| next.to_string()));
            assert_eq!(next, expected.map(str::to_owned), "{version}");
        }
    }
}
