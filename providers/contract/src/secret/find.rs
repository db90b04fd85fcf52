//! Finding texts in a text, all of them in one pass and in time that grows with the text alone.

use std::collections::BTreeSet;

use aho_corasick::automaton::Automaton as _;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};

use super::known::Known;

/// Texts from this length on are not searched for as a whole, but in blocks: an automaton has a state for each byte.
const LONG: usize = 64;
const BLOCK: usize = 32;

/// Most bytes of short texts that an automaton is made of.
const MAX_BYTES: usize = 4 << 20;

/// Too many texts to search for.
#[derive(Debug)]
pub(super) struct TooMany;

/// Finds a set of texts.
#[derive(Debug, Default)]
pub(super) struct Finder {
    short: Option<NFA>,
    /// Hashes of blocks of the long ones, side by side; the last one ends where the text ends.
    long: Known,
}

impl Finder {
    pub(super) fn new(texts: &BTreeSet<Vec<u8>>) -> Result<Self, TooMany> {
        let (long, short): (Vec<&Vec<u8>>, Vec<&Vec<u8>>) = texts.iter().partition(|text| text.len() >= LONG);
        if short.iter().map(|text| text.len()).sum::<usize>() > MAX_BYTES {
            return Err(TooMany);
        }
        let automaton = if short.is_empty() {
            None
        } else {
            Some(NFA::builder().match_kind(MatchKind::Standard).build(short).map_err(|_| TooMany)?)
        };
        let blocks = |text: &&Vec<u8>| {
            let last = text.get(text.len() - BLOCK..).map(hash);
            text.chunks_exact(BLOCK).map(hash).chain(last).collect::<Vec<u64>>()
        };
        Ok(Self { short: automaton, long: Known::new(long.iter().flat_map(blocks).collect()) })
    }

    /// Adds where the texts stand, also where one begins in another.
    pub(super) fn find(&self, text: &[u8], ranges: &mut Vec<(usize, usize)>) {
        self.find_short(text, ranges);
        if self.long.is_empty() {
            return;
        }
        let mut rolling = 0_u64;
        for (at, byte) in text.iter().enumerate() {
            let gone = at.checked_sub(BLOCK).and_then(|gone| text.get(gone)).copied().unwrap_or(0);
            rolling = rolling
                .wrapping_mul(BASE)
                .wrapping_add(u64::from(*byte))
                .wrapping_sub(u64::from(gone).wrapping_mul(OUTGOING));
            if at + 1 >= BLOCK && self.long.has(rolling) {
                ranges.push((at + 1 - BLOCK, at + 1));
            }
        }
    }

    fn find_short(&self, text: &[u8], ranges: &mut Vec<(usize, usize)>) {
        let Some(automaton) = &self.short else { return };
        let Ok(start) = automaton.start_state(Anchored::No) else { return };
        let mut state = start;
        for (at, byte) in text.iter().enumerate() {
            state = automaton.next_state(Anchored::No, state, *byte);
            if automaton.is_match(state) {
                // The first one is the longest that ends here.
                let length = automaton.pattern_len(automaton.match_pattern(state, 0));
                ranges.push(((at + 1).saturating_sub(length), at + 1));
            }
        }
    }
}

const BASE: u64 = 0x0100_0000_01b3;

/// The base to the power of the block's length: what a byte counts when it leaves the block.
const OUTGOING: u64 = BASE.wrapping_pow(32);

fn hash(block: &[u8]) -> u64 {
    block.iter().fold(0, |hash: u64, byte| hash.wrapping_mul(BASE).wrapping_add(u64::from(*byte)))
}
