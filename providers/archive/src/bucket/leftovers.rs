//! What is not wanted any more, or by nobody: attempts that failed, those of processes that died, and what a lock holds.

use std::collections::BTreeMap;

use object_store::path::Path;

use super::fault::Fault;
use super::{Attempt, Bucket};
use crate::manifest::MANIFEST;

/// After so long nobody works on a snapshot any more. No lock of ours tells it: a bucket has none that ends with a process.
const ABANDONED_MS: i64 = 24 * 60 * 60 * 1_000;

/// The objects of a snapshot.
#[derive(Default)]
struct Group {
    whole: bool,
    /// When something of it was stored, or begun, last.
    newest_ms: i64,
    objects: Vec<Path>,
}

impl Bucket {
    /// Removes what an attempt of ours stored.
    pub(super) async fn undo(&self, attempt: &Attempt) -> Result<(), Fault> {
        for (path, id) in &attempt.uploads {
            self.abort(path, id).await?;
        }
        for path in &attempt.objects {
            self.delete(path).await?;
        }
        Ok(())
    }

    async fn abort(&self, path: &Path, id: &str) -> Result<(), Fault> {
        let id = id.to_owned();
        match self.persist(|_| self.client.objects.abort_multipart(path, &id)).await {
            Err(fault) if fault.status() == 404 => Ok(()),
            aborted => aborted,
        }
    }

    /// Removes what dead processes left of snapshots of a series.
    pub(super) async fn sweep(&self, series: &str) -> Result<(), Fault> {
        let beginning = format!("{series}-");
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for object in self.objects(&beginning).await? {
            let Some((snapshot, file)) = self.parts(&object) else { continue };
            let group = groups.entry(snapshot.to_owned()).or_default();
            group.whole |= file == MANIFEST;
            group.newest_ms = group.newest_ms.max(object.last_modified.timestamp_millis());
            group.objects.push(object.location.clone());
        }
        let now_ms = self.sweep_uploads(&beginning, &mut groups).await?;
        let dead = groups.values().filter(|group| !group.whole && now_ms - group.newest_ms > ABANDONED_MS);
        for path in dead.flat_map(|group| &group.objects) {
            if self
                .held(path.as_ref().strip_prefix(&self.address.key("")).unwrap_or_default())
                .await?
                .is_none()
            {
                self.delete(path).await?;
            }
        }
        Ok(())
    }

    /// Aborts the uploads that nobody will end, tells the groups of the others, and gives the time of the server.
    async fn sweep_uploads(
        &self,
        beginning: &str,
        groups: &mut BTreeMap<String, Group>,
    ) -> Result<i64, Fault> {
        let own_ms = self.context.clock.now_ms();
        // Azure drops them by itself after a week; Google by a rule of the bucket.
        let Some(s3) = &self.client.s3 else { return Ok(own_ms) };
        let prefix = self.address.key(beginning);
        let found = match self.persist(|_| s3.unended(&prefix)).await {
            Ok(found) => found,
            Err(fault @ Fault::Refused(_)) if !fault.is_passing() => {
                let problem = fault.problem("Uploads that were not ended cannot be listed", &self.shown);
                self.context.progress.line(&problem.message);
                return Ok(own_ms);
            }
            Err(fault) => return Err(fault),
        };
        let now_ms = found.now.map_or(own_ms, jiff::Timestamp::as_millisecond);
        for upload in found.uploads {
            let begun_ms = upload.begun.as_millisecond();
            let rest = upload.key.strip_prefix(&self.address.key(""));
            let Some((snapshot, _)) = rest.and_then(|rest| rest.split_once('/')) else { continue };
            if now_ms - begun_ms > ABANDONED_MS {
                self.abort(&Path::from(&*upload.key), &upload.id).await?;
            } else {
                let group = groups.entry(snapshot.to_owned()).or_default();
                group.newest_ms = group.newest_ms.max(begun_ms);
            }
        }
        Ok(now_ms)
    }

    /// What keeps objects whose names begin so from being deleted, in words. Only S3 can be asked; the others refuse.
    pub(super) async fn held(&self, beginning: &str) -> Result<Option<String>, Fault> {
        let Some(s3) = &self.client.s3 else { return Ok(None) };
        for object in self.objects(beginning).await? {
            let held = self.persist(|_| s3.held(object.location.as_ref())).await;
            match held {
                Err(fault) if fault.status() == 404 => {}
                Ok(None) => {}
                held => return held,
            }
        }
        Ok(None)
    }
}
