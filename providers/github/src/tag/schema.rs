//! The schema of `github_tag`.

use std::time::Duration;

use relplan_contract::{Attribute, Lifetime, Repeat, ResourceSchema, Type};

/// Name of the type.
pub(crate) const TYPE_NAME: &str = "github_tag";

const DOCS: &str = r#"Tags the commit of a release through GitHub's API, without a clone:

```hcl
data "github_repositories" "shop" {
  owner  = "acme"
  topics = ["shop"]
}

resource "github_tag" "release" {
  for_each   = data.github_repositories.shop.full_names
  repository = each.key
  name       = "v${release.version}"
  message    = "Shop ${release.version}"
}
```

The plan resolves `ref` (left out, the default branch) to a commit and pins it, and shows its title, author, date, the state of
its checks and how far it is ahead of the last release before this version. What the reviewers saw is what is tagged, even when the branch
moves on before the apply.

**Created only.** A ref is created only where none of its name is; that is left to GitHub, so that two runs at once cannot
both win. A tag that is there already is adopted when it is the same: same commit, and for an annotated one same message.
Any other is a conflict. Nothing ever moves or deletes a tag. One that was moved or deleted by somebody else shows as drift.

**What the plan looks at.** Whether the name fits: git cannot have `release/1.0` beside a tag `release`. It tells of a branch of
the same name, and when no branch of the repository has the commit: a commit can be reached by its digits although its branch is
gone, or is in a fork.

**Kind.** Without `message` the tag is lightweight; with it, annotated. For signed tags take `git_tag`.

**Rules.** Where a ruleset or tag protection forbids the tag, the error says so.

**Workflows.** GitHub starts no `on: push` or `on: release` workflow for what was made with the token of a workflow, the
`GITHUB_TOKEN` of Actions. Start it with `github_deployment`, which dispatches it, or give the provider block an `app`.

A hundred repositories are read with a few GraphQL requests, and ten tags are made with each.

Import takes `OWNER/NAME#TAG`."#;

/// The schema.
pub(crate) fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: TYPE_NAME,
        lifetime: Lifetime::Record,
        summary: "A tag in a GitHub repository, made once and never moved.",
        docs: DOCS,
        attributes: attributes(),
        repeat: Repeat::AskFirst,
        destroyable: false,
        backup: false,
        preview: false,
        gate: false,
        undo: "none: a tag stays; withdraw it and release a new version",
        headline: None,
        // A request of a dead process may land late, but creating is conditional: the repeat adopts it then.
        settle: Duration::ZERO,
        timeout: Duration::from_secs(900),
    }
}

/// The argument `repository`.
pub(crate) fn repository_argument() -> Attribute {
    Attribute::required("repository", Type::String, "The repository, as OWNER/NAME.").immutable()
}

/// The argument `ref`.
pub(crate) fn reference_argument() -> Attribute {
    Attribute::optional(
        "ref",
        Type::String,
        "What to tag: a branch, a tag or a commit. Left out, the default branch.",
    )
    .immutable()
}

fn attributes() -> Vec<Attribute> {
    vec![
        repository_argument(),
        Attribute::required("name", Type::String, "Name of the tag, without `refs/tags/`.").immutable(),
        reference_argument(),
        Attribute::optional(
            "message",
            Type::String,
            "Message of an annotated tag. Left out, the tag is lightweight.",
        )
        .immutable(),
        Attribute::block(
            "tagger",
            vec![
                Attribute::required("name", Type::String, "Name of the tagger."),
                Attribute::required("email", Type::String, "E-mail address of the tagger."),
            ],
            "Who stands in an annotated tag. Left out, it is whoever the token belongs to.",
        )
        .immutable(),
        Attribute::computed("commit", Type::String, "Full name of the tagged commit; pinned by the plan.")
            .stable(),
        Attribute::computed(
            "object",
            Type::String,
            "Full name of the tag object; of the commit for a lightweight tag.",
        )
        .stable(),
    ]
}
