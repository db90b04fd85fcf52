//! Making the object of an annotated or signed tag: complete, read again, and without a name.
//!
//! A git that was started outlives a relplan that is killed. So nothing that it does by itself may be half of anything
//! for others: `git tag` works in a repository aside, from which only the object comes over. It gets its name when it is
//! found to say what it should, by a call that says which object.

use std::time::{SystemTime, UNIX_EPOCH};

use relplan_contract::Problem;
use tempfile::TempDir;

use crate::command::Call;
use crate::disk::Disk;
use crate::oid::Oid;
use crate::tag_object::{Tag, Wanted};
use crate::view;

/// With what a tag is signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signing {
    /// The key, as `user.signingKey` takes it; none for git's own choice.
    pub(crate) key: Option<String>,
    /// `openpgp`, `ssh` or `x509`; none for git's own choice.
    pub(crate) format: Option<String>,
}

impl Disk<'_> {
    /// Makes what a tag is to name: an object that says what is wanted, or for a lightweight tag nothing but the commit.
    /// `now` becomes its date.
    pub(crate) async fn tag_object(
        &self,
        wanted: &Wanted,
        signing: &Signing,
        now: SystemTime,
    ) -> Result<Oid, Problem> {
        let Some(message) = &wanted.message else { return Ok(wanted.commit.clone()) };
        let aside = view::aside(wanted.commit.format()).map_err(|error| {
            Problem::refused(format!("No temporary repository could be made for the tag: {error}."))
        })?;
        let made = self.tag_aside(&aside, wanted, message, signing, now).await?;
        let tag = Tag {
            commit: wanted.commit.clone(),
            annotation: Some(self.annotation(&made).await?),
            object: made,
        };
        match wanted.difference(&tag) {
            None => Ok(tag.object),
            Some(difference) => Err(Problem::refused(format!(
                "git made another tag than it was told to, which got no name: {difference}."
            ))),
        }
    }

    async fn tag_aside(
        &self,
        aside: &TempDir,
        wanted: &Wanted,
        message: &str,
        signing: &Signing,
        now: SystemTime,
    ) -> Result<Oid, Problem> {
        let doing = format!("make the tag `{}`", wanted.name);
        let tagger = match &wanted.tagger {
            Some(tagger) => tagger.clone(),
            None => self.identity().await?,
        };
        let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut call = self
            .call_aside(aside)
            .args(["tag", "--file=-", "--cleanup=verbatim"])
            .env("GIT_COMMITTER_NAME", tagger.name)
            .env("GIT_COMMITTER_EMAIL", tagger.email)
            .env("GIT_COMMITTER_DATE", format!("@{seconds} +0000"))
            .input(format!("{}\n", message.trim_end()));
        call = match (&signing.key, wanted.sign) {
            (Some(key), true) => call.args([format!("--local-user={key}")]),
            (None, true) => call.args(["--sign"]),
            (_, false) => call.args(["--annotate"]),
        };
        if let (Some(format), true) = (&signing.format, wanted.sign) {
            call = call.config("gpg.format", format);
        }
        let made =
            call.args(["--end-of-options", &wanted.name, wanted.commit.as_str()]).succeed(&doing).await;
        made.map_err(|problem| if wanted.sign { self.explained(about_signing(problem)) } else { problem })?;
        let reference = format!("refs/tags/{}", wanted.name);
        let named = self.call_aside(aside).args(["rev-parse", "--verify", "--end-of-options", &reference]);
        let printed = named.succeed(&doing).await?;
        Oid::parse(printed.trim()).ok_or_else(|| Problem::refused("git does not tell which tag it made."))
    }

    fn call_aside(&self, aside: &TempDir) -> Call<'_> {
        self.bare_call()
            .of_repository(self.pairs())
            .env("GIT_DIR", aside.path().to_string_lossy())
            .env("GIT_OBJECT_DIRECTORY", self.objects().to_string_lossy())
    }
}

fn about_signing(problem: Problem) -> Problem {
    if problem.hint.is_empty() {
        problem.hint("Check `signing_key` and `signing_format`, and that the key needs no typed passphrase.")
    } else {
        problem
    }
}
