//! A large set of numbers that is asked often and says yes seldom.

use std::collections::BTreeSet;

/// A set of numbers that is asked for each byte of a text: a few bits say no at once.
#[derive(Debug, Default)]
pub(super) struct Known {
    sorted: Vec<u64>,
    bits: Vec<u64>,
}

impl Known {
    pub(super) fn new(numbers: BTreeSet<u64>) -> Self {
        let sorted: Vec<u64> = numbers.into_iter().collect();
        if sorted.is_empty() {
            return Self::default();
        }
        let words = (sorted.len() / 4).max(64).next_power_of_two();
        let mut bits = vec![0; words];
        for number in &sorted {
            let (word, bit) = place(*number, words);
            if let Some(word) = bits.get_mut(word) {
                *word |= bit;
            }
        }
        Self { sorted, bits }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    pub(super) fn has(&self, number: u64) -> bool {
        let (word, bit) = place(number, self.bits.len());
        self.bits.get(word).is_some_and(|word| word & bit != 0) && self.sorted.binary_search(&number).is_ok()
    }
}

/// Which bit of how many words (a power of two) a number sets.
fn place(number: u64, words: usize) -> (usize, u64) {
    let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let word = usize::try_from(hash >> 32).unwrap_or_default() & words.saturating_sub(1);
    (word, 1 << (hash >> 26 & 63))
}
