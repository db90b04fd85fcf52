//! [`Disk`]: a repository on this machine, asked and changed through git's plumbing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use relplan_contract::{Context, Problem};

use crate::command::Call;
use crate::commit::{self, Commit};
use crate::oid::{self, Oid};
use crate::program::Program;
use crate::tag_object::{Annotation, Person, Tag, person};
use crate::view::View;

/// Who stands in a tag where neither the release file nor git's configuration names anyone.
const NOBODY: (&str, &str) = ("relplan", "relplan@localhost");

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
    pub(super) program: Program,
    pub(super) context: &'a Context,
    pub(super) folder: PathBuf,
    kind: Kind,
    /// Whether something was begun that an interruption must not leave half-done.
    begun: AtomicBool,
}

enum Kind {
    /// Somebody's, without its own configuration.
    Shown(View),
    /// A temporary one of ours, with the URL of its remote `origin`.
    Temporary(String),
}

impl<'a> Disk<'a> {
    /// The repository that `folder` is in, which messages call `label`.
    pub(crate) async fn open(
        program: Program,
        context: &'a Context,
        folder: &Path,
        label: &str,
    ) -> Result<Self, Problem> {
        let view = View::open(&program, context, folder, label).await?;
        let folder = view.folder.clone();
        Ok(Self { program, context, folder, kind: Kind::Shown(view), begun: AtomicBool::new(false) })
    }

    /// A temporary repository to be, in an empty folder, with a URL for its remote `origin` that is written nowhere.
    pub(crate) fn temporary(program: Program, context: &'a Context, folder: PathBuf, url: &str) -> Self {
        let kind = Kind::Temporary(url.to_owned());
        Self { program, context, folder, kind, begun: AtomicBool::new(false) }
    }

    /// From here on an interruption cuts no call short: what is under way is finished and looked at.
    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    /// A call of git inside it.
    pub(crate) fn call(&self) -> Call<'_> {
        let call = self.bare_call();
        match &self.kind {
            Kind::Shown(view) => view.shown_to(call),
            // A temporary repository never belongs to one that happens to lie around it.
            Kind::Temporary(url) => {
                call.config("remote.origin.url", url).config("safe.bareRepository", "all").env(
                    "GIT_CEILING_DIRECTORIES",
                    self.folder.parent().unwrap_or(&self.folder).to_string_lossy(),
                )
            }
        }
    }

    /// A call that is told of no repository yet.
    pub(super) fn bare_call(&self) -> Call<'_> {
        let call = self.program.call(self.context, &self.folder);
        if self.begun.load(Ordering::Relaxed) { call.steady() } else { call }
    }

    /// Whether it is a temporary one in front of a URL.
    pub(crate) const fn is_temporary(&self) -> bool {
        matches!(self.kind, Kind::Temporary(_))
    }

    /// Where its objects are.
    pub(super) fn objects(&self) -> PathBuf {
        match &self.kind {
            Kind::Shown(view) => view.objects(),
            Kind::Temporary(_) => self.folder.join("objects"),
        }
    }

    /// What of its own configuration is heeded; nothing of a temporary one.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        match &self.kind {
            Kind::Shown(view) => &view.configuration.pairs,
            Kind::Temporary(_) => &[],
        }
    }

    /// The URLs of a remote; none where it has no such remote.
    pub(crate) fn remote(&self, name: &str) -> Vec<&str> {
        match &self.kind {
            Kind::Shown(view) => view.configuration.remote(name),
            Kind::Temporary(_) => Vec::new(),
        }
    }

    /// Where a relative URL of a remote starts.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The problem with what the repository configures and relplan does not heed.
    pub(crate) fn explained(&self, problem: Problem) -> Problem {
        let Kind::Shown(view) = &self.kind else { return problem };
        let Some(withheld) = view.withheld() else { return problem };
        let hint = [problem.hint.as_str(), &withheld].join(" ");
        problem.hint(hint.trim())
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

    /// Those of the objects that are not here.
    pub(crate) async fn missing(&self, objects: &[&Oid]) -> Result<Vec<String>, Problem> {
        let input = objects.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let call = self.call().args(["cat-file", "--batch-check"]).env("GIT_NO_LAZY_FETCH", "1").input(input);
        let printed = call.succeed("look for the branches of the commit").await?;
        Ok(printed.lines().filter_map(|line| line.strip_suffix(" missing")).map(str::to_owned).collect())
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
        self.list_tags(&[&points_at, "refs/tags/"]).await
    }

    /// The names of the tags whose refs match a pattern, sorted.
    pub(crate) async fn tags(&self, pattern: &str) -> Result<Vec<String>, Problem> {
        self.list_tags(&[pattern]).await
    }

    async fn list_tags(&self, which: &[&str]) -> Result<Vec<String>, Problem> {
        let call =
            self.call().args(["for-each-ref", "--format=%(refname:lstrip=2)"]).args(which.iter().copied());
        let printed = call.succeed("list the tags").await?;
        let mut names: Vec<String> = printed.lines().map(str::to_owned).collect();
        names.sort();
        Ok(names)
    }

    /// Its tags and branches with what they lead to, by their full names.
    pub(crate) async fn refs(&self) -> Result<BTreeMap<String, Oid>, Problem> {
        let format = "--format=%(objectname) %(refname)";
        let call = self.call().args(["for-each-ref", format, "refs/tags/", "refs/heads/"]);
        let printed = call.succeed("list the tags and branches").await?;
        let entry = |line: &str| {
            let (oid, name) = line.split_once(' ')?;
            Some((name.to_owned(), Oid::parse(oid)?))
        };
        Ok(printed.lines().filter_map(entry).collect())
    }

    /// Whether one of these leads to the commit, as far as their histories are here.
    pub(crate) async fn leads_to(&self, tips: &[&Oid], commit: &Oid) -> Result<bool, Problem> {
        let mut input = format!("{commit}\n");
        for tip in tips {
            input.push_str(&format!("^{tip}\n"));
        }
        let call = self.call().args(["rev-list", "--max-count=1", "--ignore-missing", "--stdin"]);
        let call = call.env("GIT_NO_LAZY_FETCH", "1").input(input);
        Ok(call.succeed("look for the branches of the commit").await?.trim().is_empty())
    }

    /// What is known of a commit.
    pub(crate) async fn commit(&self, commit: &Oid) -> Result<Option<Commit>, Problem> {
        let range = Range { from: None, to: commit.clone(), path: None, max_count: 1, first_parent: false };
        Ok(self.log(&range).await?.into_iter().next())
    }

    /// When a commit was made, in seconds since 1970.
    pub(crate) async fn time_of(&self, commit: &Oid) -> Result<Option<i64>, Problem> {
        let call = self.call().args(["log", "--no-show-signature", "--max-count=1", "--format=%ct"]);
        let printed = call.args(["--end-of-options", commit.as_str()]).succeed("read the commit").await?;
        Ok(printed.trim().parse().ok())
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

    /// Gives what is there the name of a tag, only where no such tag is. git does that at once or not at all, and was told
    /// everything before it began.
    pub(crate) async fn name_tag(&self, name: &str, object: &Oid) -> Result<(), Problem> {
        let reference = format!("refs/tags/{name}");
        let none = "0".repeat(object.as_str().len());
        let arguments = ["update-ref", "--no-deref", "--end-of-options", &reference, object.as_str(), &none];
        self.call().args(arguments).succeed(&format!("create the tag `{name}`")).await.map(drop)
    }

    /// Who git says is at work; `git tag` would guess a name from the machine's, which helps nobody.
    pub(super) async fn identity(&self) -> Result<Person, Problem> {
        let call = self.call().args(["var", "GIT_COMMITTER_IDENT"]).config("user.useConfigOnly", "true");
        let output = call.run().await?;
        let found = person(&output.stdout).filter(|_| output.success);
        Ok(found.unwrap_or_else(|| Person { name: NOBODY.0.into(), email: NOBODY.1.into() }))
    }
}
