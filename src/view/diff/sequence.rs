//! Which elements of two sequences are the same, at a cost that stays bounded for hostile input.

use std::collections::BTreeMap;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// A stretch of two sequences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// The elements from `old` on are those from `new` on.
    Same {
        /// Where in the old sequence.
        old: Range<usize>,
        /// Where in the new sequence.
        new: Range<usize>,
    },
    /// The old elements went and the new ones came; one of the two may be empty.
    Differs {
        /// Where in the old sequence.
        old: Range<usize>,
        /// Where in the new sequence.
        new: Range<usize>,
    },
}

/// Above this many elements, equal ends apart, the middle counts as wholly different: nobody reads such a diff.
/// Below it, the algorithm's heuristics keep the time within a second or so also for hostile input.
const LONGEST: usize = 100_000;

/// The runs of two sequences, in order. Elements are compared by order alone, so they need no hash.
pub(super) fn runs<T: Ord>(old: &[T], new: &[T]) -> Vec<Run> {
    let (old, new) = numbered(old, new);
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (tail(&old, head), tail(&new, head));
    let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_middle, new_middle) = (front(old_rest, end), front(new_rest, end));

    let mut runs = Vec::new();
    push_same(&mut runs, 0..head, 0..head);
    if old_middle.len().max(new_middle.len()) > LONGEST {
        push_differs(&mut runs, head..head + old_middle.len(), head..head + new_middle.len());
    } else {
        for op in capture_diff_slices(Algorithm::Myers, old_middle, new_middle) {
            let shift = |range: Range<usize>| range.start + head..range.end + head;
            let (from, to) = (shift(op.old_range()), shift(op.new_range()));
            match op {
                DiffOp::Equal { .. } => push_same(&mut runs, from, to),
                DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                    push_differs(&mut runs, from, to);
                }
            }
        }
    }
    push_same(&mut runs, old.len() - end..old.len(), new.len() - end..new.len());
    runs
}

/// Each distinct element as a number.
fn numbered<T: Ord>(old: &[T], new: &[T]) -> (Vec<usize>, Vec<usize>) {
    let mut numbers: BTreeMap<&T, usize> = BTreeMap::new();
    let mut number = |item| {
        let next = numbers.len();
        *numbers.entry(item).or_insert(next)
    };
    (old.iter().map(&mut number).collect(), new.iter().map(&mut number).collect())
}

fn tail(items: &[usize], from: usize) -> &[usize] {
    items.get(from..).unwrap_or_default()
}

fn front(items: &[usize], without: usize) -> &[usize] {
    items.get(..items.len() - without).unwrap_or_default()
}

fn push_same(runs: &mut Vec<Run>, old: Range<usize>, new: Range<usize>) {
    if old.is_empty() {
        return;
    }
    if let Some(Run::Same { old: last_old, new: last_new }) = runs.last_mut() {
        (last_old.end, last_new.end) = (old.end, new.end);
    } else {
        runs.push(Run::Same { old, new });
    }
}

fn push_differs(runs: &mut Vec<Run>, old: Range<usize>, new: Range<usize>) {
    if old.is_empty() && new.is_empty() {
        return;
    }
    if let Some(Run::Differs { old: last_old, new: last_new }) = runs.last_mut() {
        (last_old.end, last_new.end) = (old.end, new.end);
    } else {
        runs.push(Run::Differs { old, new });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_ends_are_found() {
        let same = |old: Range<usize>, new: Range<usize>| Run::Same { old, new };
        let differs = |old: Range<usize>, new: Range<usize>| Run::Differs { old, new };
        assert_eq!(runs::<u8>(&[], &[]), []);
        assert_eq!(runs(b"abc", b"abc"), [same(0..3, 0..3)]);
        assert_eq!(runs(b"abc", b"axc"), [same(0..1, 0..1), differs(1..2, 1..2), same(2..3, 2..3)]);
        assert_eq!(runs(b"", b"x"), [differs(0..0, 0..1)]);
    }

    #[test]
    fn hostile_sequences_end_in_time() {
        let numbers = |from: usize| (from..from + 50_000).collect::<Vec<_>>();
        // A linear congruential generator: bits without a pattern, the same on every machine.
        let bits = |mut seed: u32| {
            let mut next = || {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed as usize >> 31
            };
            (0..50_000).map(|_| next()).collect::<Vec<_>>()
        };
        let reversed: Vec<usize> = numbers(0).into_iter().rev().collect();
        for (old, new) in [
            (numbers(0), numbers(7)),
            (numbers(0), numbers(40_000)),
            (numbers(0), numbers(90_000)),
            (numbers(0), reversed),
            (bits(1), bits(2)),
        ] {
            let start = std::time::Instant::now();
            runs(&old, &new);
            assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
        }
        let expected = [
            Run::Differs { old: 0..7, new: 0..0 },
            Run::Same { old: 7..50_000, new: 0..49_993 },
            Run::Differs { old: 50_000..50_000, new: 49_993..50_000 },
        ];
        assert_eq!(runs(&numbers(0), &numbers(7)), expected);
    }

    proptest! {
        #[test]
        fn runs_cover_both_sequences_in_order(
            old in prop::collection::vec(0_u8..4, 0..20),
            new in prop::collection::vec(0_u8..4, 0..20),
        ) {
            let (mut at_old, mut at_new) = (0, 0);
            for run in runs(&old, &new) {
                let (from, to) = match run {
                    Run::Same { old: from, new: to } => {
                        prop_assert_eq!(&old[from.clone()], &new[to.clone()]);
                        (from, to)
                    }
                    Run::Differs { old: from, new: to } => (from, to),
                };
                prop_assert_eq!((from.start, to.start), (at_old, at_new));
                (at_old, at_new) = (from.end, to.end);
            }
            prop_assert_eq!((at_old, at_new), (old.len(), new.len()));
        }
    }
}
