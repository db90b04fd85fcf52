//! Files and assets brought together: what is missing is uploaded, what is there is compared.

use relplan_contract::{Context, Kind, Path, Problem, Value};
use reqwest::{Method, Url};

use super::{Asset, Measured, Wanted, described, stored};
use crate::client::{Client, Fault, query};
use crate::release::there::Found;
use crate::repository::Repository;

/// The state of an asset that is whole.
const WHOLE: &str = "uploaded";

/// A release whose assets are looked at.
pub(in crate::release) struct Attaching<'a> {
    client: &'a Client,
    context: &'a Context,
    repository: &'a Repository,
    release: &'a Found,
}

impl Asset {
    /// Whether it is this file, whole.
    fn is(&self, file: &Measured) -> bool {
        let digest = self.digest.as_deref();
        self.state == WHOLE
            && self.size == file.size
            && digest.is_none_or(|digest| digest == format!("sha256:{}", file.sha256))
    }

    /// Whether its checksum is this file's, whatever its name.
    fn has_digest_of(&self, file: &Measured) -> bool {
        self.digest.is_some() && self.is(file)
    }

    /// Whether this is the name that GitHub gave a file of that name.
    fn is_called(&self, name: &str) -> bool {
        self.name == name || stored(name).is_some_and(|stored| stored == self.name)
    }
}

impl<'a> Attaching<'a> {
    pub(in crate::release) const fn new(
        client: &'a Client,
        context: &'a Context,
        repository: &'a Repository,
        release: &'a Found,
    ) -> Self {
        Self { client, context, repository, release }
    }

    /// The assets as they are now.
    async fn there(&self) -> Result<Vec<Asset>, Problem> {
        let there = list(self.client, self.context, (self.repository, self.release.id)).await;
        there.map_err(|fault| fault.reading(&self.unread()))
    }

    fn unread(&self) -> String {
        format!(
            "The assets of the release {} of {} could not be read",
            self.release.tag_name, self.repository
        )
    }

    /// Compares the known files of a plan with what is there. What is pinned was measured already.
    pub(in crate::release) async fn compared(&self, files: &[Wanted], pinned: &Value) -> Result<(), Problem> {
        let there = self.there().await?;
        for (index, file) in files.iter().enumerate() {
            let measured = match known(pinned, index) {
                Some(known) => Measured::of(known),
                // A file that is not there yet is compared by apply.
                None => match file.open() {
                    Ok(mut opened) => file.measured(&mut opened)?,
                    Err(_) => continue,
                },
            };
            match found(&there, &file.name, &measured) {
                Some(asset) if asset.is(&measured) => {}
                Some(asset) => return Err(self.other(&asset.name)),
                None => return Err(self.lacks(&file.name)),
            }
        }
        Ok(())
    }

    /// Sees to it that the files are there and gives what they became. `pinned` is what the plan knew of them, `own` whether
    /// the release is a draft of our own, in which everything is ours.
    pub(in crate::release) async fn all(
        &self,
        (wanted, pinned): (&[Wanted], &Value),
        own: bool,
    ) -> Result<Value, Problem> {
        if wanted.is_empty() {
            return Ok(Value::list([]));
        }
        let there = self.there().await?;
        let mut done = Vec::new();
        for (index, file) in wanted.iter().enumerate() {
            let mut opened = file.open()?;
            let measured = file.measured(&mut opened)?;
            file.check_pinned(known(pinned, index), &measured)?;
            let asset = match found(&there, &file.name, &measured) {
                Some(asset) if asset.is(&measured) => asset.clone(),
                Some(asset) if own => {
                    // Its upload was cut, or the file is another one since.
                    self.remove(asset).await?;
                    self.send(file, (opened, &measured)).await?
                }
                Some(asset) => return Err(self.other(&asset.name)),
                None if own => self.send(file, (opened, &measured)).await?,
                None => return Err(self.lacks(&file.name)),
            };
            done.push(described(asset.name.as_str().into(), &measured));
        }
        Ok(Value::list(done))
    }

    /// Sees to it that nothing is published with it but what was attached: others may write to a draft, too.
    pub(in crate::release) async fn only(&self, attached: &Value) -> Result<(), Problem> {
        let known: Vec<&str> = attached
            .as_list()
            .unwrap_or_default()
            .iter()
            .filter_map(|one| one.get("name").as_str())
            .collect();
        let there = self.there().await?;
        there
            .iter()
            .find(|asset| !known.contains(&asset.name.as_str()))
            .map_or(Ok(()), |extra| Err(self.extra(&extra.name)))
    }

    /// Whether everybody sees what was attached.
    pub(in crate::release) async fn shown(&self, attached: &Value) -> Result<(), Problem> {
        if now(self.client, self.context, (self.repository, self.release.id), attached).await?.as_ref()
            == Some(attached)
        {
            return Ok(());
        }
        let message = format!(
            "The release {} of {} was published, and its assets are not those that were uploaded.",
            self.release.tag_name, self.repository
        );
        Err(Problem::retry(message).hint("Look at it on GitHub: somebody may be changing it."))
    }

    async fn send(
        &self,
        file: &Wanted,
        (opened, measured): (std::fs::File, &Measured),
    ) -> Result<Asset, Problem> {
        // `.../assets{?name,label}`, a URI template (RFC 6570).
        let base = self.release.upload_url.split('{').next().unwrap_or_default();
        let mut pairs = vec![("name", file.name.as_str())];
        pairs.extend(file.label.as_deref().map(|label| ("label", label)));
        let what = format!("The asset {} could not be uploaded", file.name);
        let url = Url::parse(&query(base, &pairs))
            .map_err(|error| Problem::refused(format!("{what}: {error}.")))?;
        let size = u64::try_from(measured.size).unwrap_or_default();
        let sent: Result<Asset, Fault> =
            self.client.upload(self.context, url, &file.content_type, (opened, size)).await;
        let asset = match sent {
            Ok(asset) => asset,
            // GitHub wrote its name as that of another one, in a way that nobody could tell before.
            Err(Fault::Refused(refusal)) if refusal.says("already_exists") => {
                let there = self.there().await?;
                let same = there.into_iter().find(|asset| asset.has_digest_of(measured));
                return same.ok_or_else(|| self.other(&file.name));
            }
            // A half-uploaded asset has the state `starter`, and a repeat finds it by name.
            Err(fault) => return Err(fault.reading(&what)),
        };
        if !asset.is(measured) {
            let message = format!("{what}: GitHub has {} bytes of it, which are not the file.", asset.size);
            return Err(Problem::retry(message));
        }
        self.context.progress.line(&format!("Uploaded {}.", asset.name));
        Ok(asset)
    }

    async fn remove(&self, asset: &Asset) -> Result<(), Problem> {
        let path = self.repository.path(&["releases", "assets", &asset.id.to_string()]);
        let what = format!("The unfinished asset {} could not be removed", asset.name);
        match self.client.bare(self.context, Method::DELETE, &path).await {
            Err(fault) if !fault.is_status(404) => Err(fault.reading(&what)),
            _ => Ok(()),
        }
    }

    fn conflict(&self, message: &str) -> Problem {
        let release = format!("The release {} of {}", self.release.tag_name, self.repository);
        Problem::conflict(format!("{release} {message}.")).about(Path::attribute("asset"))
    }

    fn other(&self, name: &str) -> Problem {
        let hint = if self.release.immutable {
            "It is immutable: release a new version."
        } else {
            "relplan never changes a release that it did not make: delete that asset on GitHub and upload the file, or release a \
             new version."
        };
        self.conflict(&format!("is there already, and its asset {name} is another file")).hint(hint)
    }

    fn lacks(&self, name: &str) -> Problem {
        let hint = if self.release.immutable {
            "It is immutable, so that nothing can be added to it: release a new version."
        } else {
            "relplan never changes a release that it did not make: upload the file yourself, or release a new version."
        };
        self.conflict(&format!("is published already, without the asset {name}")).hint(hint)
    }

    fn extra(&self, name: &str) -> Problem {
        let hint = format!(
            "Somebody added it to the draft: delete it at {}, or ask for it here.",
            self.release.html_url
        );
        self.conflict(&format!("would be published with the file {name}, which is not asked for")).hint(hint)
    }
}

impl Wanted {
    fn check_pinned(&self, promised: Option<&Value>, measured: &Measured) -> Result<(), Problem> {
        let Some(promised) = promised else { return Ok(()) };
        let same = promised.get("size").as_i64() == Some(measured.size)
            && promised.get("sha256").as_str() == Some(&measured.sha256);
        if same {
            return Ok(());
        }
        let message = format!("The asset {} is not the file that the plan saw.", self.path.display());
        Err(self.problem(message).hint("Plan again, and let the new checksum be reviewed."))
    }
}

/// What a plan knows of the file at an index, where it does.
fn known(pinned: &Value, index: usize) -> Option<&Value> {
    pinned.as_list()?.get(index).filter(|known| matches!(known.kind(), Kind::Map(_)))
}

/// The asset of a name; or of a checksum, where GitHub gave the file a name of its own.
fn found<'a>(there: &'a [Asset], name: &str, file: &Measured) -> Option<&'a Asset> {
    let by_name = there.iter().find(|asset| asset.is_called(name));
    by_name.or_else(|| there.iter().find(|asset| asset.has_digest_of(file) && stored(name).is_none()))
}

async fn list(
    client: &Client,
    context: &Context,
    (repository, id): (&Repository, i64),
) -> Result<Vec<Asset>, Fault> {
    let path = query(&repository.path(&["releases", &id.to_string(), "assets"]), &[("per_page", "100")]);
    client.all::<Asset>(context, &path, |left, right| left.id == right.id).await
}

/// What became of the assets that were attached; none when the release is gone. One that was removed is left out.
pub(in crate::release) async fn now(
    client: &Client,
    context: &Context,
    (repository, id): (&Repository, i64),
    attached: &Value,
) -> Result<Option<Value>, Problem> {
    let there = match list(client, context, (repository, id)).await {
        Ok(there) => there,
        Err(fault) if fault.is_status(404) => return Ok(None),
        Err(fault) => {
            return Err(fault.reading(&format!("The assets of a release of {repository} could not be read")));
        }
    };
    let one = |before: &Value| {
        let name = before.get("name").as_str().unwrap_or_default();
        let file = Measured::of(before);
        let asset = there.iter().find(|asset| asset.is_called(name));
        let asset = asset.or_else(|| there.iter().find(|asset| asset.has_digest_of(&file)));
        let asset = asset.filter(|asset| asset.state == WHOLE)?;
        if asset.is_called(name) && asset.is(&file) {
            return Some(before.clone());
        }
        let digest = asset.digest.as_deref().and_then(|digest| digest.strip_prefix("sha256:"));
        let sha256 = digest.map_or(Value::NULL, Value::from);
        let changed = [("name", asset.name.as_str().into()), ("size", asset.size.into()), ("sha256", sha256)];
        Some(Value::map(changed))
    };
    let known = attached.as_list().unwrap_or_default();
    Ok(Some(Value::list(known.iter().filter_map(one))))
}
