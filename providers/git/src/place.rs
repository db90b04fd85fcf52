//! [`Place`]: the repository that the arguments mean: one on disk, one behind a remote of it, or one behind a
//! URL with a temporary bare repository in front of it.
//!
//! The temporary one holds no more than commits and tags, lives in the system's folder for temporary files and
//! goes when the call ends.

use std::collections::BTreeMap;
use std::path::Path as FilePath;

use relplan_contract::{Context, Path, Problem};
use tempfile::TempDir;

use crate::commit::Commit;
use crate::disk::Disk;
use crate::location::Location;
use crate::netrc;
use crate::oid::Oid;
use crate::program::Program;
use crate::remote::{Extent, Remote};
use crate::tag_object::Tag;
use crate::tree::Tree;
use crate::view::brought_along;

/// The most branches of a remote whose histories are looked at.
const MOST_TIPS: usize = 200;

/// By how much the clocks of those who commit may differ.
const CLOCKS_SECONDS: i64 = 7 * 24 * 3600;

/// The name of the remote of a temporary repository.
const ORIGIN: &str = "origin";

/// An open repository.
pub(crate) struct Place<'a> {
    disk: Disk<'a>,
    remote: Option<String>,
    label: String,
    scratch: Option<TempDir>,
}

impl<'a> Place<'a> {
    /// Opens a repository. With `remote`, the tags that count are those of that remote.
    pub(crate) async fn open(
        program: &Program,
        context: &'a Context,
        location: &Location,
        remote: Option<&str>,
    ) -> Result<Self, Problem> {
        match location {
            Location::Url(url) => Self::open_url(program, context, url, location),
            Location::Folder(folder) => {
                let path = context.input("repository", folder)?;
                let disk = Disk::open(program.clone(), context, &path, folder).await;
                let disk = disk.map_err(|problem| problem.about(Path::attribute("repository")))?;
                if let Some(name) = remote {
                    check_remote(&disk, context, folder, name)
                        .map_err(|problem| problem.about(Path::attribute("remote")))?;
                }
                let label = remote.unwrap_or(folder).to_owned();
                Ok(Self { disk, remote: remote.map(str::to_owned), label, scratch: None })
            }
        }
    }

    fn open_url(
        program: &Program,
        context: &'a Context,
        url: &str,
        location: &Location,
    ) -> Result<Self, Problem> {
        if Tree::around(&context.base).can_hold_remote(url, FilePath::new("/")) {
            return Err(brought_along(&location.to_string()).about(Path::attribute("repository")));
        }
        if let Some(path) = location.local_path() {
            context.input("repository", &path)?;
        }
        netrc::check(context, location).map_err(|problem| problem.about(Path::attribute("repository")))?;
        let scratch = tempfile::Builder::new()
            .prefix("relplan-git-")
            .tempdir()
            .map_err(|error| Problem::refused(format!("No temporary folder could be made: {error}.")))?;
        let folder: &FilePath = scratch.path();
        // The folder's real path: git compares it with its ceiling, where a link would not be seen through.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let disk = Disk::temporary(program.clone(), context, folder, url);
        Ok(Self {
            disk,
            remote: Some(ORIGIN.to_owned()),
            label: location.to_string(),
            scratch: Some(scratch),
        })
    }

    /// The repository on disk.
    pub(crate) const fn disk(&self) -> &Disk<'a> {
        &self.disk
    }

    /// The remote whose tags count, if there is one.
    pub(crate) fn remote(&self) -> Option<Remote<'_>> {
        self.remote.as_deref().map(|name| Remote::new(&self.disk, name, &self.label))
    }

    /// Whether it is known by a URL alone.
    pub(crate) const fn is_url(&self) -> bool {
        self.scratch.is_some()
    }

    /// The name under which messages tell of it.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// The commit that a branch, a tag, `HEAD` or a commit's name leads to.
    /// `argument` is the one that says so.
    pub(crate) async fn resolve(&self, argument: &str, reference: &str) -> Result<Oid, Problem> {
        let found = match self.remote().filter(|_| self.is_url()) {
            Some(remote) => self.resolve_behind(remote, argument, reference).await?,
            None => self.resolve_on_disk(argument, reference).await?,
        };
        found.ok_or_else(|| {
            let message = format!("There is no commit at `{reference}` in `{}`.", self.label);
            let hint = if self.is_url() {
                "Give a branch, a tag or all digits of a commit; only a local repository can complete a shortened one."
            } else {
                "Give a branch, a tag or a commit; `git fetch` brings in what a clone lacks."
            };
            Problem::missing(message).hint(hint).about(Path::attribute(argument))
        })
    }

    async fn resolve_on_disk(&self, argument: &str, reference: &str) -> Result<Option<Oid>, Problem> {
        if let Some(oid) = Oid::parse(reference) {
            return self.disk.peel(oid.as_str()).await;
        }
        let mut found = Vec::new();
        for name in candidates(reference) {
            found.extend(self.disk.peel(&name).await?.map(|commit| (name, commit)));
        }
        match choose(argument, reference, &found)? {
            Some(commit) => Ok(Some(commit)),
            None => self.disk.peel_digits(reference).await,
        }
    }

    async fn resolve_behind(
        &self,
        remote: Remote<'_>,
        argument: &str,
        reference: &str,
    ) -> Result<Option<Oid>, Problem> {
        if let Some(oid) = Oid::parse(reference) {
            let there = self.fetch_commit(remote, &oid).await?;
            return if there { self.disk.peel(oid.as_str()).await } else { Ok(None) };
        }
        let names = candidates(reference);
        let peeled = |name: &String| format!("{name}^{{}}");
        let patterns: Vec<String> = names.iter().flat_map(|name| [name.clone(), peeled(name)]).collect();
        let refs = remote.refs(&patterns).await?;
        let found = names.into_iter().filter_map(|name| {
            let commit = refs.get(&peeled(&name)).or_else(|| refs.get(&name))?.clone();
            Some((name, commit))
        });
        choose(argument, reference, &found.collect::<Vec<_>>())
    }

    /// What is known of a commit; none where it is not at hand and the remote does not give it.
    pub(crate) async fn commit(&self, commit: &Oid) -> Result<Option<Commit>, Problem> {
        match self.remote().filter(|_| self.is_url()) {
            Some(remote) if !self.fetch_commit(remote, commit).await? => Ok(None),
            Some(_) | None => self.disk.commit(commit).await,
        }
    }

    /// Brings a commit from the URL into the temporary repository. False when the server does not have it.
    pub(crate) async fn fetch_commit(&self, remote: Remote<'_>, commit: &Oid) -> Result<bool, Problem> {
        self.disk.init_bare(commit).await?;
        if self.disk.has(commit).await? {
            return Ok(true);
        }
        remote.fetch(&[commit.to_string()], Extent::Commits(1)).await
    }

    /// The tag of this name where it counts: at the remote if there is one. What it says is read where its commit
    /// is the expected one, or where none is.
    pub(crate) async fn tag(&self, name: &str, expected: Option<&Oid>) -> Result<Option<Tag>, Problem> {
        let Some(remote) = self.remote() else { return self.disk.tag(name).await };
        let Some(tag) = remote.tag(name).await? else { return Ok(None) };
        let other = expected.is_some_and(|commit| *commit != tag.commit);
        if !tag.is_unread() || other {
            return Ok(Some(tag));
        }
        self.read_tag(remote, name, tag).await.map(Some)
    }

    /// The names of the tags that match a pattern, where they count.
    pub(crate) async fn tags_like(&self, pattern: &str) -> Result<Vec<String>, Problem> {
        let full = format!("refs/tags/{pattern}");
        let Some(remote) = self.remote() else { return self.disk.tags(&full).await };
        let refs = remote.refs(&[full]).await?;
        let names = refs.into_keys().filter_map(|name| name.strip_prefix("refs/tags/").map(str::to_owned));
        Ok(names.filter(|name| !name.ends_with("^{}")).collect())
    }

    /// The tags and branches where they count, by their full names. A tag object's commit stands behind `NAME^{}`.
    pub(crate) async fn refs(&self) -> Result<BTreeMap<String, Oid>, Problem> {
        match self.remote() {
            Some(remote) => remote.refs(&["refs/tags/*", "refs/heads/*"].map(str::to_owned)).await,
            None => self.disk.refs().await,
        }
    }

    /// Whether one of these tips of branches leads to the commit, where they count; none where that cannot be told.
    pub(crate) async fn holds(&self, tips: &[&Oid], commit: &Oid) -> Result<Option<bool>, Problem> {
        if tips.contains(&commit) {
            return Ok(Some(true));
        }
        let Some(remote) = self.remote() else { return self.disk.leads_to(tips, commit).await.map(Some) };
        if self.is_url() {
            return self.holds_behind(remote, tips, commit).await;
        }
        if self.disk.leads_to(tips, commit).await? {
            return Ok(Some(true));
        }
        let missing = self.disk.missing(tips).await?;
        if missing.is_empty() {
            return Ok(Some(false));
        }
        if missing.len() > MOST_TIPS || !matches!(remote.fetch(&missing, Extent::Missing).await, Ok(true)) {
            return Ok(None);
        }
        self.disk.leads_to(tips, commit).await.map(Some)
    }

    /// The same where only a temporary repository is here: what leads to the commit is hardly older than it.
    async fn holds_behind(
        &self,
        remote: Remote<'_>,
        tips: &[&Oid],
        commit: &Oid,
    ) -> Result<Option<bool>, Problem> {
        if tips.is_empty() {
            return Ok(Some(false));
        }
        if tips.len() > MOST_TIPS || !self.fetch_commit(remote, commit).await? {
            return Ok(None);
        }
        let Some(time) = self.disk.time_of(commit).await? else { return Ok(None) };
        let wanted: Vec<String> = tips.iter().map(ToString::to_string).collect();
        match remote.fetch(&wanted, Extent::Since(time - CLOCKS_SECONDS)).await {
            Ok(true) => self.disk.leads_to(tips, commit).await.map(Some),
            Err(problem) if problem.detail.contains("no commits selected") => Ok(Some(false)),
            Ok(false) | Err(_) => Ok(None),
        }
    }

    async fn read_tag(&self, remote: Remote<'_>, name: &str, tag: Tag) -> Result<Tag, Problem> {
        let extent = if self.is_url() { Extent::Commits(1) } else { Extent::Missing };
        if self.is_url() {
            self.disk.init_bare(&tag.object).await?;
        }
        let mut here = self.disk.has(&tag.object).await?;
        if !here && remote.fetch(&[format!("refs/tags/{name}")], extent).await? {
            here = self.disk.has(&tag.object).await?;
        }
        if !here {
            return Err(Problem::retry(format!("The tag `{name}` changed while it was being looked at.")));
        }
        Ok(Tag { annotation: Some(self.disk.annotation(&tag.object).await?), ..tag })
    }
}

/// Whether a repository has the remote, and whether relplan may use it.
fn check_remote(disk: &Disk<'_>, context: &Context, folder: &str, name: &str) -> Result<(), Problem> {
    let urls = disk.remote(name);
    if urls.is_empty() {
        let message = format!("The repository `{folder}` has no remote `{name}`.");
        return Err(Problem::missing(message).hint("`git remote` lists those that it has."));
    }
    let tree = Tree::around(&context.base);
    for url in urls {
        Location::parse(url).map_err(|error| {
            Problem::refused(format!("The URL of the remote `{name}` is not used: {error}."))
                .hint("Use an https, http, ssh, git or file URL, or a path.")
        })?;
        if tree.can_hold_remote(url, disk.folder()) {
            return Err(brought_along(name));
        }
    }
    Ok(())
}

/// The full names that a reference may stand for, as in git's own lookup.
fn candidates(reference: &str) -> Vec<String> {
    if reference == "HEAD" || reference.starts_with("refs/") {
        return vec![reference.to_owned()];
    }
    ["refs/tags/", "refs/heads/", "refs/remotes/"].map(|prefix| format!("{prefix}{reference}")).into()
}

/// The one commit that the names found lead to. git would take the tag; a release must not hang on that.
fn choose(argument: &str, reference: &str, found: &[(String, Oid)]) -> Result<Option<Oid>, Problem> {
    let Some((first, commit)) = found.first() else { return Ok(None) };
    match found.iter().find(|(_, other)| other != commit) {
        Some((second, other)) => Err(Problem::invalid(
            argument,
            format!("`{reference}` is both `{first}`, at {commit}, and `{second}`, at {other}."),
        )
        .hint("Write the full name of the one that is meant.")),
        None => Ok(Some(commit.clone())),
    }
}
