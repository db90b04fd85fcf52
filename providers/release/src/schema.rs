//! The schema of `release_notes`, and the template that it uses unless another is given.

use std::time::Duration;

use relplan_contract::{Attribute, Lifetime, Repeat, ResourceSchema, Type, object_type};

/// Name of the type.
pub(crate) const TYPE_NAME: &str = "release_notes";

/// Breaking changes first, then each group, for each repository where there are several.
pub(crate) const TEMPLATE: &str = r"# {{ title }}
{% if breaking %}

## Breaking changes

{% for change in breaking %}
- {{ line(change) }}{% if change.breaking_note %}: {{ change.breaking_note }}{% endif +%}
{% endfor %}
{% endif %}
{% for group in groups %}

## {{ group.title }}
{% for repository in group.repositories %}

{% if several %}
### {{ repository.name }}

{% endif %}
{% for change in repository.changes %}
- {{ line(change) }}
{% endfor %}
{% endfor %}
{% endfor %}
{% if not changes %}

Nothing was changed.
{% endif %}
{% if contributors %}

## Contributors

{% for name in contributors %}{{ mention(name) }}{% if not loop.last %}, {% endif %}{% endfor +%}
{% endif %}
";

const DOCS: &str = r#"Writes the notes of a release from what was merged:

```hcl
data "github_merged_pull_requests" "shop" {
  repositories = data.github_repositories.shop.full_names
}

resource "release_notes" "shop" {
  changes = data.github_merged_pull_requests.shop.pull_requests
  text    = try(file("notes/v${release.version}.md"), null)
}

resource "github_release" "shop" {
  for_each   = data.github_repositories.shop.full_names
  repository = each.key
  tag        = "v${release.version}"
  notes      = lookup(release_notes.shop.by_repository, each.key, "No changes in this repository.")
}
```

**Groups.** Breaking changes come first. The others are grouped by the Conventional Commits type of their title, or by their labels; each `group` block
takes the changes with one of its `types` or `labels`, the first that fits, and the last group, `Other changes`, the rest. Without blocks the groups are
Features, Fixes, Performance, Documentation. Where the changes come from several repositories, each group tells them apart.

**A hand-written text wins.** Where `text` is given it is taken as it is, and `markdown` is this text.

**Templates.** `template` replaces the built-in one. It is a Jinja template (minijinja), with `title`, `product`, `version`, `changes`,
`breaking`, `groups` (each with `title`, `changes`, `repositories`), `repositories` (each with `name`, `changes`), `several`, `contributors`, and the functions
`line(change)`, which writes a change with its links, and `mention(name)`, which names an account. `relplan plan` shows the notes line by line, and the ledger
keeps them.

**What others wrote stays plain.** Titles, notes of what breaks, labels, scopes, names of authors and repositories are on one line and notify nobody, load no
image, begin no HTML, and hide no link behind other words; `code` in them stays. That holds in a template of your own, too: there `{{ change.title | safe }}`
writes a text as it is. Your own words are markup: `title`, `text`, the titles of groups, and what stands in the template outside of its expressions."#;

/// The schema.
pub(crate) fn schema() -> ResourceSchema {
    let texts = || Type::set(Type::String);
    let group = vec![
        Attribute::required("title", Type::String, "Its heading."),
        Attribute::optional("types", texts(), "Conventional Commits types, such as `feat`."),
        Attribute::optional("labels", texts(), "Labels, such as `bug`."),
    ];
    ResourceSchema {
        type_name: TYPE_NAME,
        lifetime: Lifetime::Record,
        summary: "The notes of a release, grouped from its changes or written by hand.",
        docs: DOCS,
        attributes: vec![
            Attribute::optional("changes", Type::list(change()), "What was changed.").immutable(),
            Attribute::optional("text", Type::String, "Notes written by hand, which win.").immutable(),
            Attribute::optional("title", Type::String, "The heading. Left out, the product and the version.")
                .immutable(),
            Attribute::optional("template", Type::String, "A template in the place of the built-in one.")
                .immutable(),
            Attribute::optional("exclude_labels", texts(), "Changes with one of these labels are left out.")
                .immutable(),
            Attribute::optional("exclude_authors", texts(), "Changes by these authors are left out.")
                .immutable(),
            Attribute::blocks("group", group, "A group of changes.").immutable(),
            Attribute::computed("markdown", Type::String, "The notes.").stable(),
            Attribute::computed(
                "by_repository",
                Type::map(Type::String),
                "The notes of each repository alone.",
            )
            .stable(),
            Attribute::computed("contributors", Type::list(Type::String), "Who wrote the changes.").stable(),
        ],
        repeat: Repeat::Harmless,
        destroyable: false,
        backup: false,
        preview: false,
        gate: false,
        undo: "none: the notes stay in the ledger",
        headline: None,
        settle: Duration::ZERO,
        timeout: Duration::from_secs(60),
    }
}

/// What is read of a change: all that `github_merged_pull_requests` tells and the notes use.
fn change() -> Type {
    let text = |name| Attribute::optional(name, Type::String, "");
    object_type(&[
        Attribute::required("title", Type::String, ""),
        text("repository"),
        Attribute::optional("number", Type::Number, ""),
        text("url"),
        text("author"),
        text("type"),
        text("scope"),
        Attribute::optional("breaking", Type::Bool, ""),
        text("breaking_note"),
        Attribute::optional("labels", Type::list(Type::String), ""),
    ])
}
