//! Answers that are kept so that GitHub may say "unchanged", which costs nothing of the rate limit.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// The most bytes of answers that are kept.
const MOST_BYTES: usize = 32 << 20;

/// An answer with the tag that GitHub knows it by.
pub(crate) struct Kept {
    /// Its `ETag`.
    pub(crate) tag: String,
    /// Its body.
    pub(crate) body: Arc<str>,
    /// Its `Link`.
    pub(crate) link: Option<String>,
}

/// The answers by URL; the oldest go first.
#[derive(Default)]
pub(crate) struct Etags(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    by_url: BTreeMap<String, Arc<Kept>>,
    order: VecDeque<String>,
    bytes: usize,
}

impl Etags {
    /// The answer that was kept for a URL.
    pub(crate) fn get(&self, url: &str) -> Option<Arc<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by_url.get(url).cloned()
    }

    /// Keeps an answer.
    pub(crate) fn keep(&self, url: &str, kept: Kept) {
        if kept.body.len() > MOST_BYTES / 4 {
            return;
        }
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.bytes += kept.body.len();
        match inner.by_url.insert(url.to_owned(), Arc::new(kept)) {
            Some(before) => inner.bytes -= before.body.len(),
            None => inner.order.push_back(url.to_owned()),
        }
        while inner.bytes > MOST_BYTES
            && let Some(oldest) = inner.order.pop_front()
        {
            let gone = inner.by_url.remove(&oldest).map_or(0, |kept| kept.body.len());
            inner.bytes -= gone;
        }
    }
}
