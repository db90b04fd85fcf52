//! The schema of `github_release`.

use std::time::Duration;

use relplan_contract::{Attribute, Lifetime, Repeat, ResourceSchema, Type};

use crate::tag;

/// Name of the type.
pub(crate) const TYPE_NAME: &str = "github_release";

const DOCS: &str = r#"Makes a release on GitHub, with its tag:

```hcl
resource "github_release" "shop" {
  for_each       = data.github_repositories.shop.full_names
  repository     = each.key
  tag            = "v${release.version}"
  generate_notes = true
}

resource "github_release" "cli" {
  repository = "acme/cli"
  tag        = "v${release.version}"
  message    = "CLI ${release.version}"
  notes      = file("notes/v${release.version}.md")

  asset {
    path = "dist/cli-linux-x86_64.tar.gz"
  }
}
```

The tag is made as by `github_tag`: at the commit that the plan pinned, only where none of its name is, never moved. The release is
a record: one that is there already is adopted when its title, notes, marks and files are those that are asked for; any other is a conflict.

**Notes** are `notes`, or with `generate_notes` what GitHub writes, when the release is made, from the pull requests merged since the
last release before this version that its commit holds. GitHub takes 125,000 characters: the plan refuses more.

**Assets** are read by the plan where they exist by then: their checksums are pinned, and another file is refused by apply. A release with assets
is made in steps: a draft, its files, the tag, and then it is published and read back. So nobody ever sees it without them, nothing is
tagged before they are there, and a repository whose releases are immutable takes them. A run that was cut goes on with its draft, and
makes an upload again that was cut. An upload takes as long as it goes on; it ends when nothing could be sent for a minute.
An asset that is replaced, renamed or removed later is drift; what others attach beside them is not.

**Names of assets.** GitHub writes a blank, and most characters that are no letter or digit, as a dot. The plan tells of it, and refuses two assets
that would have one name.

**Drafts of others.** A draft that somebody else made for the tag is a conflict, already in the plan: relplan neither publishes nor changes it. Only who may write
to the repository sees drafts, so a plan with a token that may only read does not. relplan knows its own by a mark in their text, which goes
when they are published.

**Left as a draft.** With `draft = true` neither tag nor release shows to others; GitHub makes the tag when somebody publishes it.

Import takes `OWNER/NAME#TAG`."#;

/// The schema.
pub(crate) fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: TYPE_NAME,
        lifetime: Lifetime::Record,
        summary: "A release in a GitHub repository, with its tag and assets.",
        docs: DOCS,
        attributes: attributes(),
        repeat: Repeat::AskFirst,
        destroyable: false,
        backup: false,
        preview: false,
        gate: false,
        undo: "none: the release stays; mark it as withdrawn and release a new version",
        headline: None,
        // GitHub makes no second release of a tag, so that a late request does no harm to a repeat.
        settle: Duration::ZERO,
        // A file may be of 2 GiB, and the line slow; each request has a limit of its own.
        timeout: Duration::from_secs(6 * 3_600),
    }
}

fn attributes() -> Vec<Attribute> {
    let mut attributes = vec![
        tag::repository_argument(),
        Attribute::required("tag", Type::String, "Name of the tag.").immutable(),
        tag::reference_argument(),
        Attribute::optional("message", Type::String, "Message of an annotated tag. Left out, it is lightweight.")
            .immutable(),
        Attribute::optional("name", Type::String, "Title of the release. Left out, the tag's name.").immutable(),
        Attribute::optional("notes", Type::String, "Text of the release, in Markdown.").immutable(),
        Attribute::optional(
            "generate_notes",
            Type::Bool,
            "Whether GitHub writes the notes from the merged pull requests.",
        )
        .or(false)
        .immutable(),
        Attribute::optional("draft", Type::Bool, "Whether it is left for somebody to publish.")
            .or(false)
            .immutable(),
        Attribute::optional("prerelease", Type::Bool, "Whether it is marked as not ready for production.")
            .or(false)
            .immutable(),
        Attribute::optional(
            "latest",
            Type::String,
            "Whether it becomes the repository's latest release: `true`, `false`, or `legacy` for the highest version \
             by date. Left out, GitHub's default.",
        )
        .immutable(),
        Attribute::blocks("asset", asset(), "A file that is attached to it."),
    ];
    attributes.extend(results());
    attributes
}

fn asset() -> Vec<Attribute> {
    vec![
        Attribute::required("path", Type::String, "The file, relative to the release file."),
        Attribute::optional("name", Type::String, "Its name there. Left out, the file's own."),
        Attribute::optional("label", Type::String, "What is shown in the place of its name."),
        Attribute::optional("content_type", Type::String, "Its media type.").or("application/octet-stream"),
    ]
}

fn results() -> Vec<Attribute> {
    let asset = relplan_contract::object_type(&[
        Attribute::computed("name", Type::String, "Its name."),
        Attribute::computed("size", Type::Number, "Its size, in bytes."),
        Attribute::computed("sha256", Type::String, "Its checksum, in hexadecimal digits."),
    ]);
    vec![
        Attribute::computed("commit", Type::String, "Full name of the tagged commit; pinned by the plan.")
            .stable(),
        Attribute::computed(
            "assets",
            Type::list(asset),
            "The assets with their checksums; pinned by the plan.",
        )
        .stable(),
        Attribute::computed("body", Type::String, "The notes as they are on GitHub.").stable(),
        Attribute::computed("id", Type::Number, "Number of the release.").stable(),
        Attribute::computed("url", Type::String, "Its page.").stable(),
    ]
}
