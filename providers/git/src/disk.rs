//! [`Disk`]: a repository on this machine, asked and changed through git's plumbing.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use relplan_contract::{Context, Problem};

use crate::command::{Call, Program};
use crate::commit::{self, Commit};
use crate::oid::{self, Oid};
use crate::tag_object::{Annotation, Person, Tag, Wanted, person};

/// Who stands in a tag where neither the release file nor git's configuration names anyone.
const NOBODY: (&str, &str) = ("relplan", "relplan@localhost");

/// With what a tag is signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signing {
    /// The key, as `user.signingKey` takes it; none for git's own choice.
    pub(crate) key: Option<String>,
    /// `openpgp`, `ssh` or `x509`; none for git's own choice.
    pub(crate) format: Option<String>,
}

/// Which part of a history is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    /// Commits reachable from here are left out.
    pub(crate) from: Option<Oid>,
    /// Where the walk begins.
    pub(crate) to: Oid,
    /// Only commits that touch this, told from the top of the repository.
    pub(crate) path: Option<String>,
    /// The most commits.
    pub(crate) max_count: usize,
    /// Only the first parent of a merge is followed.
    pub(crate) first_parent: bool,
}

/// A repository on this machine.
pub(crate) struct Disk<'a> {
    program: Program,
    context: &'a Context,
    folder: PathBuf,
    /// The URL of the remote `origin`, for a temporary repository.
    origin: Option<String>,
    /// Whether something was begun that an interruption must not leave half-done.
    begun: AtomicBool,
}

impl<'a> Disk<'a> {
    /// The repository that `folder` is in.
    pub(crate) fn new(program: Program, context: &'a Context, folder: PathBuf) -> Self {
        Self { program, context, folder, origin: None, begun: AtomicBool::new(false) }
    }

    /// The same repository with a URL for its remote `origin`, written nowhere.
    pub(crate) fn with_origin(self, url: &str) -> Self {
        Self { origin: Some(url.to_owned()), ..self }
    }

    /// From here on an interruption cuts no call short: what is under way is finished and looked at.
    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    /// A call of git inside it.
    pub(crate) fn call(&self) -> Call<'_> {
        let call = self.program.call(self.context, &self.folder);
        let call = if self.begun.load(Ordering::Relaxed) { call.steady() } else { call };
        match &self.origin {
            // A temporary repository never belongs to one that happens to lie around it.
            Some(url) => call.config("remote.origin.url", url).env(
                "GIT_CEILING_DIRECTORIES",
                self.folder.parent().unwrap_or(&self.folder).to_string_lossy(),
            ),
            None => call,
        }
    }

    /// Whether it is a temporary one in front of a URL.
    pub(crate) const fn is_temporary(&self) -> bool {
        self.origin.is_some()
    }

    /// Whether it is there and may be used.
    pub(crate) async fn check(&self, label: &str) -> Result<(), Problem> {
        if !self.folder.is_dir() {
            return Err(Problem::missing(format!("There is no folder `{label}`."))
                .hint("Relative paths start at the folder of the release file."));
        }
        let doing = format!("open the repository `{label}`");
        self.call().args(["rev-parse", "--git-dir"]).succeed(&doing).await.map(drop)
    }

    /// Makes it a bare repository for objects such as `sample`, unless it is one.
    pub(crate) async fn init_bare(&self, sample: &Oid) -> Result<(), Problem> {
        if self.folder.join("HEAD").exists() {
            return Ok(());
        }
        let format = format!("--object-format={}", sample.format());
        let arguments = ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", &format, "."];
        self.call().args(arguments).succeed("make a temporary repository").await.map(drop)
    }

    /// The commit that a revision leads to, if there is one. The revision was checked.
    pub(crate) async fn peel(&self, revision: &str) -> Result<Option<Oid>, Problem> {
        self.rev_parse(&format!("{revision}^{{commit}}")).await
    }

    async fn rev_parse(&self, expression: &str) -> Result<Option<Oid>, Problem> {
        let call = self.call().args(["rev-parse", "--verify", "--quiet", "--end-of-options", expression]);
        let output = call.run().await?;
        Ok(Oid::parse(output.stdout.trim()).filter(|_| output.success))
    }

    /// The commit that a shortened name leads to.
    pub(crate) async fn peel_digits(&self, digits: &str) -> Result<Option<Oid>, Problem> {
        if oid::may_be_commit(digits) { self.peel(digits).await } else { Ok(None) }
    }

    /// Whether the object is here.
    pub(crate) async fn has(&self, oid: &Oid) -> Result<bool, Problem> {
        // Without lazy fetching: a partial clone would ask its remote for it.
        let call = self.call().args(["cat-file", "-e", oid.as_str()]).env("GIT_NO_LAZY_FETCH", "1");
        Ok(call.run().await?.success)
    }

    /// Whether its history ends before the first commit.
    pub(crate) async fn is_shallow(&self) -> Result<bool, Problem> {
        let call = self.call().args(["rev-parse", "--is-shallow-repository"]);
        Ok(call.succeed("look at the repository").await?.trim() == "true")
    }

    /// The tag of this name, wholly read.
    pub(crate) async fn tag(&self, name: &str) -> Result<Option<Tag>, Problem> {
        let reference = format!("refs/tags/{name}");
        let Some(object) = self.rev_parse(&reference).await? else { return Ok(None) };
        let peeled = self.rev_parse(&format!("{reference}^{{}}")).await?;
        let commit = peeled.unwrap_or_else(|| object.clone());
        let annotation = if object == commit { None } else { Some(self.annotation(&object).await?) };
        Ok(Some(Tag { object, commit, annotation }))
    }

    /// What a tag object says.
    pub(crate) async fn annotation(&self, object: &Oid) -> Result<Annotation, Problem> {
        let call = self.call().args(["cat-file", "tag", object.as_str()]);
        Ok(Annotation::parse(&call.succeed("read the tag").await?))
    }

    /// The names of the tags at a commit, sorted.
    pub(crate) async fn tags_at(&self, commit: &Oid) -> Result<Vec<String>, Problem> {
        let points_at = format!("--points-at={commit}");
        let arguments = ["for-each-ref", "--format=%(refname:lstrip=2)", &points_at, "refs/tags/"];
        let printed = self.call().args(arguments).succeed("list the tags").await?;
        let mut names: Vec<String> = printed.lines().map(str::to_owned).collect();
        names.sort();
        Ok(names)
    }

    /// What is known of a commit.
    pub(crate) async fn commit(&self, commit: &Oid) -> Result<Option<Commit>, Problem> {
        let range = Range { from: None, to: commit.clone(), path: None, max_count: 1, first_parent: false };
        Ok(self.log(&range).await?.into_iter().next())
    }

    /// The commits of a range, the newest first.
    pub(crate) async fn log(&self, range: &Range) -> Result<Vec<Commit>, Problem> {
        let mut arguments: Vec<String> =
            ["log", "-z", "--no-color", "--no-mailmap", "--no-show-signature", commit::FORMAT]
                .map(str::to_owned)
                .into();
        arguments.push(format!("--max-count={}", range.max_count));
        if range.first_parent {
            arguments.push("--first-parent".into());
        }
        arguments.push("--end-of-options".into());
        arguments.push(range.to.to_string());
        arguments.extend(range.from.as_ref().map(|from| format!("^{from}")));
        arguments.push("--".into());
        arguments.extend(range.path.as_ref().map(|path| format!(":(top,literal){path}")));
        // A path filter in a partial clone may fetch trees.
        Ok(commit::parse(&self.call().args(arguments).network().succeed("read the log").await?))
    }

    /// Whether a remote of this name is configured.
    pub(crate) async fn has_remote(&self, name: &str) -> Result<bool, Problem> {
        Ok(self.call().args(["remote", "get-url", "--end-of-options", name]).run().await?.success)
    }

    /// Makes the tag, only where none of that name is. `now` becomes its date.
    pub(crate) async fn create_tag(
        &self,
        wanted: &Wanted,
        signing: &Signing,
        now: SystemTime,
    ) -> Result<(), Problem> {
        let doing = format!("create the tag `{}`", wanted.name);
        let commit = wanted.commit.as_str();
        let Some(message) = &wanted.message else {
            let reference = format!("refs/tags/{}", wanted.name);
            let none = "0".repeat(commit.len());
            let arguments = ["update-ref", "--no-deref", "--end-of-options", &reference, commit, &none];
            return self.call().args(arguments).succeed(&doing).await.map(drop);
        };
        let tagger = match &wanted.tagger {
            Some(tagger) => tagger.clone(),
            None => self.identity().await?,
        };
        let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut call = self
            .call()
            .args(["tag", "--file=-", "--cleanup=verbatim"])
            .env("GIT_COMMITTER_NAME", tagger.name)
            .env("GIT_COMMITTER_EMAIL", tagger.email)
            .env("GIT_COMMITTER_DATE", format!("@{seconds} +0000"))
            .input(&format!("{}\n", message.trim_end()));
        call = match (&signing.key, wanted.sign) {
            (Some(key), true) => call.args([format!("--local-user={key}")]),
            (None, true) => call.args(["--sign"]),
            (_, false) => call.args(["--annotate"]),
        };
        if let (Some(format), true) = (&signing.format, wanted.sign) {
            call = call.config("gpg.format", format);
        }
        let made = call.args(["--end-of-options", &wanted.name, commit]).succeed(&doing).await;
        made.map(drop).map_err(|problem| if wanted.sign { about_signing(problem) } else { problem })
    }

    /// Who git says is at work; `git tag` would guess a name from the machine's, which helps nobody.
    async fn identity(&self) -> Result<Person, Problem> {
        let call = self.call().args(["var", "GIT_COMMITTER_IDENT"]).config("user.useConfigOnly", "true");
        let output = call.run().await?;
        let found = person(&output.stdout).filter(|_| output.success);
        Ok(found.unwrap_or_else(|| Person { name: NOBODY.0.into(), email: NOBODY.1.into() }))
    }
}

fn about_signing(problem: Problem) -> Problem {
    if problem.hint.is_empty() {
        problem.hint("Check `signing_key` and `signing_format`, and that the key needs no typed passphrase.")
    } else {
        problem
    }
}
