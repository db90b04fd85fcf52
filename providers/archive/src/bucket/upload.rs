//! [`Upload`]: a stream on its way into one object, in parts. Memory holds the part that is being filled, and those under
//! way, of which all streams of a snapshot together have no more than [`UNDER_WAY`].

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use object_store::multipart::PartId;
use object_store::path::Path;
use object_store::{Attribute, Attributes, MultipartId, PutMultipartOptions, PutOptions};
use tokio::task::JoinSet;

use super::Bucket;
use super::fault::Fault;
use crate::store::Sink;

/// How many bytes are under way at the same time, unless a single part is larger.
pub(super) const UNDER_WAY: usize = 32 << 20;

const SMALLEST: usize = 8 << 20;

/// After so many parts they are twice as large. S3 takes 10,000: enough for 8 TB.
const DOUBLED_AFTER: usize = 1_000;

/// What S3 takes.
const MOST_PARTS: usize = 10_000;

/// The size of a part.
fn size(fixed: Option<usize>, number: usize) -> usize {
    let doubled = u32::try_from(number / DOUBLED_AFTER).unwrap_or(u32::MAX).min(9);
    fixed.unwrap_or(SMALLEST << doubled)
}

/// A stream on its way into an object. Nothing is visible before its end.
pub(super) struct Upload {
    bucket: Arc<Bucket>,
    snapshot: String,
    path: Path,
    buffer: Vec<u8>,
    id: Option<MultipartId>,
    /// How many parts were sent.
    sent: usize,
    bytes: u64,
    under_way: JoinSet<Result<(usize, PartId), Fault>>,
    done: Vec<(usize, PartId)>,
}

impl Upload {
    pub(super) fn new(bucket: Arc<Bucket>, snapshot: &str, path: Path) -> Self {
        Self {
            bucket,
            snapshot: snapshot.to_owned(),
            path,
            buffer: Vec::new(),
            id: None,
            sent: 0,
            bytes: 0,
            under_way: JoinSet::new(),
            done: Vec::new(),
        }
    }

    fn size(&self) -> usize {
        size(self.bucket.options.part_bytes, self.sent)
    }

    /// What the object is given beside its bytes.
    fn attributes(&self) -> Attributes {
        let class = self.bucket.options.storage_class.clone();
        class.into_iter().map(|class| (Attribute::StorageClass, class)).collect()
    }

    fn begin(&mut self) -> Result<MultipartId, Fault> {
        if let Some(id) = &self.id {
            return Ok(id.clone());
        }
        let creating = self.bucket.creating()?;
        let id = self.bucket.wait(self.bucket.persist(|_| {
            let options =
                PutMultipartOptions { attributes: self.attributes(), ..PutMultipartOptions::default() };
            creating.create_multipart_opts(&self.path, options)
        }))?;
        self.bucket.began(&self.snapshot, &self.path, &id);
        Ok(self.id.insert(id).clone())
    }

    /// Sends what is in the buffer as the next part, once there is room for it under way.
    fn send(&mut self) -> Result<(), Fault> {
        let id = self.begin()?;
        if self.sent == MOST_PARTS {
            return Err(Fault::Unasked(format!(
                "the stream is longer than {MOST_PARTS} parts of {} bytes: give a larger `part_size_mb`",
                self.size()
            )));
        }
        let bytes = Bytes::from(std::mem::take(&mut self.buffer));
        let (bucket, path, number) = (Arc::clone(&self.bucket), self.path.clone(), self.sent);
        let room = self.bucket.wait(async { Ok(bucket.room(bytes.len()).await) })?;
        self.sent += 1;
        self.bytes += bytes.len() as u64;
        self.under_way.spawn_on(
            async move {
                let part = bucket
                    .persist(|_| bucket.client.sending.put_part(&path, &id, number, bytes.clone().into()));
                let part = part.await?;
                drop(room);
                Ok((number, part))
            },
            &self.bucket.runtime,
        );
        // A part that failed ends the stream now, not after terabytes.
        while let Some(ended) = self.under_way.try_join_next() {
            self.done.push(joined(ended)?);
        }
        Ok(())
    }

    /// The only part there is: one request is enough.
    fn put(&mut self) -> Result<(), Fault> {
        let bytes = Bytes::from(std::mem::take(&mut self.buffer));
        let creating = self.bucket.creating()?;
        self.bucket.made(&self.snapshot, &self.path);
        let sent = self.bucket.wait(self.bucket.persist(|_| {
            let options = PutOptions { attributes: self.attributes(), ..PutOptions::default() };
            creating.put_opts(&self.path, bytes.clone().into(), options)
        }));
        sent.map(drop)
    }

    /// Sends what is left, waits for all parts, and makes them one object.
    fn complete(mut self) -> Result<(), Fault> {
        if self.id.is_none() {
            return self.put();
        }
        if !self.buffer.is_empty() {
            self.send()?;
        }
        let id = self.begin()?;
        let bucket = Arc::clone(&self.bucket);
        bucket.wait(async {
            while let Some(ended) = self.under_way.join_next().await {
                self.done.push(joined(ended)?);
            }
            self.done.sort_unstable_by_key(|(number, _)| *number);
            let parts: Vec<PartId> = self.done.iter().map(|(_, part)| part.clone()).collect();
            bucket.made(&self.snapshot, &self.path);
            let ended = bucket
                .persist(|_| bucket.client.objects.complete_multipart(&self.path, &id, parts.clone()))
                .await;
            match ended {
                // Its answer may have been lost: nobody else writes to this name.
                Err(fault) if fault.status() == 404 => match bucket.head(&self.path).await? {
                    Some(found) if found.size == self.bytes => Ok(()),
                    _ => Err(fault),
                },
                ended => ended.map(drop),
            }
        })?;
        self.bucket.ended(&self.snapshot, &id);
        Ok(())
    }

    fn failed(&self, fault: &Fault) -> io::Error {
        io::Error::other(fault.problem("The snapshot cannot be written", &self.bucket.shown))
    }
}

fn joined<T>(ended: Result<Result<T, Fault>, tokio::task::JoinError>) -> Result<T, Fault> {
    ended.unwrap_or_else(|error| Err(Fault::Silent(error.to_string())))
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = self.size();
        if self.buffer.capacity() == 0 {
            self.buffer.reserve_exact(size);
        }
        let count = bytes.len().min(size - self.buffer.len());
        self.buffer.extend_from_slice(bytes.get(..count).unwrap_or_default());
        if self.buffer.len() == size {
            self.send().map_err(|fault| self.failed(&fault))?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Upload {
    fn finish(self: Box<Self>) -> io::Result<()> {
        let (bucket, upload) = (Arc::clone(&self.bucket), *self);
        upload
            .complete()
            .map_err(|fault| io::Error::other(fault.problem("The snapshot cannot be written", &bucket.shown)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_parts_are_enough() {
        let all: u64 = (0..MOST_PARTS).map(|number| size(None, number) as u64).sum();
        assert!(all > 8_000_000_000_000, "{all}");
        // Streams up to 8 GB take no more than the smallest.
        assert_eq!((size(None, 999), size(None, 1_000), size(Some(5), 9_999)), (8 << 20, 16 << 20, 5));
    }
}
