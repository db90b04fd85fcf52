//! [`Remote`]: a repository behind a remote of one on disk: its refs, and pushes that create only.

use std::collections::BTreeMap;

use relplan_contract::Problem;

use crate::disk::Disk;
use crate::failure;
use crate::oid::Oid;
use crate::tag_object::Tag;

/// Words with which a server says that it does not have, or does not give, what was asked for.
const NOT_THERE: [&str; 4] =
    ["not our ref", "couldn't find remote ref", "unadvertised object", "no such remote ref"];

/// How much of a history is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What is missing, as `git fetch` would: for a repository that is somebody's.
    Missing,
    /// The last commits, without trees and files.
    Commits(usize),
    /// All commits, without trees and files.
    AllCommits,
    /// All commits and trees, without files.
    AllTrees,
    /// The commits since a time, as seconds since 1970, without trees and files.
    Since(i64),
}

/// A remote of a repository on disk.
#[derive(Clone, Copy)]
pub(crate) struct Remote<'a> {
    disk: &'a Disk<'a>,
    name: &'a str,
    /// For messages, without credentials.
    label: &'a str,
}

impl<'a> Remote<'a> {
    /// The remote of this name, which was checked.
    pub(crate) const fn new(disk: &'a Disk<'a>, name: &'a str, label: &'a str) -> Self {
        Self { disk, name, label }
    }

    /// Its refs that match the patterns; a tag object's commit stands behind `NAME^{}`.
    pub(crate) async fn refs(&self, patterns: &[String]) -> Result<BTreeMap<String, Oid>, Problem> {
        let call = self.disk.call().args(["ls-remote", "--quiet", "--end-of-options", self.name]);
        let doing = format!("look at `{}`", self.label);
        let printed = call.args(patterns).network().succeed(&doing).await;
        let printed = printed.map_err(|problem| self.disk.explained(problem))?;
        let entry = |line: &str| {
            let (oid, name) = line.split_once('\t')?;
            Some((name.to_owned(), Oid::parse(oid)?))
        };
        Ok(printed.lines().filter_map(entry).collect())
    }

    /// The tag of this name; what it says is not read.
    pub(crate) async fn tag(&self, name: &str) -> Result<Option<Tag>, Problem> {
        let full = format!("refs/tags/{name}");
        let peeled = format!("{full}^{{}}");
        // git matches the end of a ref: only the exact names count.
        let refs = self.refs(&[full.clone(), peeled.clone()]).await?;
        Ok(refs.get(&full).map(|object| Tag {
            object: object.clone(),
            commit: refs.get(&peeled).unwrap_or(object).clone(),
            annotation: None,
        }))
    }

    /// Fetches refs or objects. False when the remote does not have or not give them.
    pub(crate) async fn fetch(&self, wanted: &[String], extent: Extent) -> Result<bool, Problem> {
        let mut call = self.disk.call().args([
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
        ]);
        call = match extent {
            Extent::Missing => call,
            Extent::Commits(depth) => call.args([&format!("--depth={depth}"), "--filter=tree:0"]),
            Extent::AllCommits => call.args(["--filter=tree:0"]),
            Extent::AllTrees => call.args(["--filter=blob:none"]),
            Extent::Since(time) => call.args([&format!("--shallow-since={time}"), "--filter=tree:0"]),
        };
        let output = call.args(["--end-of-options", self.name]).args(wanted).network().run().await?;
        if output.success {
            return Ok(true);
        }
        if NOT_THERE.iter().any(|sign| output.stderr.contains(sign)) {
            return Ok(false);
        }
        let problem = failure::problem(&format!("fetch from `{}`", self.label), &output.stderr);
        Err(self.disk.explained(problem))
    }

    /// Gives an object that is on disk the name of a tag, only where no such tag is: never moves one.
    pub(crate) async fn push_tag(&self, name: &str, object: &Oid) -> Result<(), Problem> {
        let lease = format!("--force-with-lease=refs/tags/{name}:");
        let refspec = format!("{object}:refs/tags/{name}");
        let mut call = self.disk.call().args(["push", "--no-verify", &lease]).network();
        if self.disk.is_temporary() {
            // Negotiation finds out that the server has the commit, though it is no tip of a branch there;
            // otherwise git would fetch the commit's files only to send them back. A thin pack would be built
            // on its folder listing, which is not here either.
            call = call.config("push.negotiate", "true").args(["--no-thin"]);
        }
        let doing = format!("push the tag `{name}` to `{}`", self.label);
        let pushed = call.args(["--end-of-options", self.name, &refspec]).succeed(&doing).await;
        pushed.map(drop).map_err(|problem| self.disk.explained(problem))
    }
}
