//! [`Download`]: an object that is read, a piece at a time, the next ones already on their way. A piece that is cut off is
//! asked for again; the whole is not.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use object_store::path::Path;
use object_store::{GetOptions, ObjectMeta};
use tokio::task::JoinHandle;

use super::Bucket;
use super::fault::Fault;
use super::wire::allowed;

/// The size of a piece.
const PIECE: u64 = 4 << 20;

/// How many are asked for ahead.
const AHEAD: usize = 2;

pub(super) struct Download {
    bucket: Arc<Bucket>,
    path: Path,
    /// What it was when reading began: another one under the same name is not the same.
    meta: ObjectMeta,
    asked: u64,
    ahead: VecDeque<JoinHandle<Result<Bytes, Fault>>>,
    current: Bytes,
}

impl Download {
    pub(super) fn new(bucket: Arc<Bucket>, path: Path, meta: ObjectMeta) -> Self {
        Self { bucket, path, meta, asked: 0, ahead: VecDeque::new(), current: Bytes::new() }
    }

    fn ask(&mut self) {
        while self.ahead.len() < AHEAD && self.asked < self.meta.size {
            let range = self.asked..self.meta.size.min(self.asked + PIECE);
            self.asked = range.end;
            let (bucket, path, tag) = (Arc::clone(&self.bucket), self.path.clone(), self.meta.e_tag.clone());
            let piece =
                async move { bucket.persist(|_| piece(&bucket, &path, tag.clone(), range.clone())).await };
            self.ahead.push_back(self.bucket.runtime.spawn(piece));
        }
    }

    fn next(&mut self) -> Result<Bytes, Fault> {
        self.ask();
        let Some(mut piece) = self.ahead.pop_front() else { return Ok(Bytes::new()) };
        let ended = self.bucket.wait(async { Ok((&mut piece).await) });
        match ended {
            Ok(ended) => ended.unwrap_or_else(|error| Err(Fault::Silent(error.to_string()))),
            Err(fault) => {
                piece.abort();
                Err(fault)
            }
        }
    }
}

async fn piece(bucket: &Bucket, path: &Path, tag: Option<String>, range: Range<u64>) -> Result<Bytes, Fault> {
    let options = GetOptions { range: Some(range.clone().into()), if_match: tag, ..GetOptions::default() };
    let wanted = range.end - range.start;
    let read = async {
        let answer = bucket.client.objects.get_opts(path, options).await?;
        answer.bytes().await
    };
    let late = |_| Fault::Silent("too slow".to_owned());
    let read = tokio::time::timeout(allowed(bucket.options.silence, wanted), read).await.map_err(late)?;
    let bytes = read.map_err(|error| Fault::of(&error))?;
    if bytes.len() as u64 == wanted {
        return Ok(bytes);
    }
    Err(Fault::Silent(format!("{} bytes came, in the place of {wanted}", bytes.len())))
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.current.is_empty() {
            let next = self.next();
            self.current = next.map_err(|fault| {
                io::Error::other(fault.problem(&format!("{} cannot be read", self.path), &self.bucket.shown))
            })?;
            // Those behind it are on their way while this one is used.
            self.ask();
        }
        let count = buffer.len().min(self.current.len());
        self.current.split_to(count).copy_to_slice(buffer.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        for piece in &self.ahead {
            piece.abort();
        }
    }
}
