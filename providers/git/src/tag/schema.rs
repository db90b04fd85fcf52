//! The schema of `git_tag`.

use std::time::Duration;

use relplan_contract::{Attribute, Lifetime, Repeat, ResourceSchema, Type};

const DOCS: &str = r#"Tags the commit of a release, in a repository on this machine or at any URL that git can reach.

```hcl
resource "git_tag" "release" {
  repository = "https://git.example.org/shop.git"
  name       = "v${release.version}"
  ref        = "main"
  message    = "Shop ${release.version}"
}
```

The plan resolves `ref` to a commit and pins it: what the reviewers saw is what is tagged, even when the branch
moves on before the apply. `ref` may be `HEAD`, a branch, a tag, a full `refs/...` or a commit; a name that is both
a branch and a tag of different commits is refused.

**Where the tag is made.** With a URL, there. With a folder, in that repository. With `remote` as well, at that remote,
whose tag is the one that counts; the folder gets it when the remote has it, so that a push which is refused leaves nothing
behind. A tag of that name which is in the folder already is pushed.

**Created only.** A tag is made only where none of that name is; that is left to git itself, so that two runs at once
cannot both win. A tag that is there already is adopted when it is the same: same commit, same kind, and for an annotated
one same message (and same tagger, when one is given). Any other is a conflict. Nothing ever moves or
deletes a tag.

**What the plan looks at.** Whether the name fits: git cannot have `release/1.0` beside a tag `release`, here or at the remote.
It tells of a tag that differs only in case, and of a branch of the same name. And it tells when no branch of the remote has the
commit, as one that was not pushed; with `branch`, a commit that this branch does not have is refused, by the plan and by the
apply.

**Kind.** Without `message` the tag is lightweight; with it, annotated; with `sign` as well, signed. The date in an annotated
tag is the time of the apply. Nothing else of relplan stands in it.

**Credentials** come from git's own helpers, agents and configuration; git never asks. Hooks of the repository do not run.

Import takes `REPOSITORY#NAME`."#;

/// The schema of `git_tag`.
pub(crate) fn schema() -> ResourceSchema {
    ResourceSchema {
        type_name: "git_tag",
        lifetime: Lifetime::Record,
        summary: "A tag, made once and never moved.",
        docs: DOCS,
        attributes: attributes(),
        repeat: Repeat::AskFirst,
        destroyable: false,
        backup: false,
        preview: false,
        gate: false,
        undo: "none: a pushed tag stays; withdraw it and release a new version",
        headline: None,
        // A push of a dead process may land late, but creating is conditional: the repeat adopts it then.
        settle: Duration::ZERO,
        timeout: Duration::from_secs(900),
    }
}

fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::optional(
            "repository",
            Type::String,
            "A folder in or above which the repository is, relative to the release file, or a URL: https, http, \
             ssh, git, file or host:path. A URL with a password must come from a sensitive variable.",
        )
        .or(".")
        .immutable(),
        Attribute::required("name", Type::String, "Name of the tag, without `refs/tags/`.").immutable(),
        Attribute::optional(
            "ref",
            Type::String,
            "What to tag: HEAD, a branch, a tag, a full ref or a commit.",
        )
        .or("HEAD")
        .immutable(),
        Attribute::optional(
            "message",
            Type::String,
            "Message of an annotated or signed tag. Left out for a lightweight one.",
        )
        .immutable(),
        Attribute::optional("sign", Type::Bool, "Whether to sign the tag; needs `message`.")
            .or(false)
            .immutable(),
        Attribute::optional(
            "signing_key",
            Type::String,
            "Key to sign with: a GPG key id, or for ssh the path of a key file or `key::` and the public key. \
             Git's `user.signingKey` when left out.",
        ),
        Attribute::optional(
            "signing_format",
            Type::String,
            "Kind of signature: `openpgp`, `ssh` or `x509`. Git's `gpg.format` when left out.",
        ),
        Attribute::block(
            "tagger",
            vec![
                Attribute::required("name", Type::String, "Name of the tagger."),
                Attribute::required("email", Type::String, "E-mail address of the tagger."),
            ],
            "Who stands in an annotated or signed tag. Left out, it is git's `user.name` and `user.email`, or \
             relplan itself where these are not set.",
        )
        .immutable(),
        Attribute::optional(
            "remote",
            Type::String,
            "Name of the remote to push the tag to, for a repository in a folder. Left out, the tag stays local.",
        ),
        Attribute::optional(
            "branch",
            Type::String,
            "Branch that must have the commit, where the tag counts. Left out, the plan says so when no branch of the \
             remote has it.",
        ),
        Attribute::computed("commit", Type::String, "Full name of the tagged commit; pinned by the plan.")
            .stable(),
        Attribute::computed(
            "object",
            Type::String,
            "Full name of the tag object; of the commit for a lightweight tag.",
        )
        .stable(),
        Attribute::computed("kind", Type::String, "`lightweight`, `annotated` or `signed`.").stable(),
    ]
}
