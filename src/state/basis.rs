//! What a verdict rests on: one digest of everything that a check directly depends on.
//!
//! What those depend on in their turn is in their own digests where they are checks, so that each verdict names a few
//! digests, however deep the release is.

use std::sync::Arc;

use relplan_contract::Lifetime;
use serde_json::{Value as Json, json};

use super::{Entry, State, digest};
use crate::addr::Address;
use crate::canonical::{Digest, Hidden, Stream, encode};
use crate::event::EntryKey;

impl State {
    /// The digest of what is at the addresses of blocks now, whatever their instances are: live resources and the
    /// records of this version as they are, checks by their arguments, their outcome and what they rest on. Not by
    /// their time, their counts or their words.
    #[must_use]
    pub fn basis(&self, blocks: &[Address], version: &Arc<str>) -> Digest {
        let mut blocks: Vec<&Address> = blocks.iter().collect();
        blocks.sort_unstable();
        blocks.dedup();
        let mut stream = Stream::default();
        stream.array(blocks.into_iter().flat_map(|block| self.instances(block)).filter_map(
            |(key, entry)| {
                let counts = key.version.as_ref().is_none_or(|of| of == version) && entry.exists();
                counts.then(|| json!([key.address.to_string(), part(entry)]))
            },
        ));
        stream.finish()
    }

    /// Every object of every instance of a block; the key of the address does not count, nor does what is deposed.
    pub fn instances(&self, block: &Address) -> impl Iterator<Item = (&EntryKey, &Entry)> + use<'_> {
        let from = EntryKey { address: block.block(), version: None };
        let (module, resource) = (block.module.clone(), block.resource.clone());
        let inside = move |key: &EntryKey| key.address.module == module && key.address.resource == resource;
        let own = self.entries.range(from..).take_while(move |(key, _)| inside(key));
        own.filter(|(key, _)| !key.is_deposed())
    }
}

fn part(entry: &Entry) -> Json {
    match (entry.lifetime, &entry.judgement) {
        (Lifetime::Check, Some(judgement)) => json!([
            judgement.outcome.name(),
            encode(&entry.inputs, &Hidden),
            judgement.basis.map(|basis| basis.to_string()),
        ]),
        (Lifetime::Check, None) => Json::Null,
        (Lifetime::Live | Lifetime::Record, _) => digest::of_value(&entry.value).to_string().into(),
    }
}
