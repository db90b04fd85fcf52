//! [`did_you_mean`]: what a misspelt word was meant to be.

/// Longest word that is compared with others, in bytes: nobody mistypes a text.
const LONGEST_WORD: usize = 128;

/// Most candidates that are compared.
const MAX_CANDIDATES: usize = 2_000;

/// The candidate nearest to a misspelt word, if one is near enough to be meant; never the word itself.
#[must_use]
pub fn did_you_mean<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.len() > LONGEST_WORD {
        return None;
    }
    let limit = (word.chars().count() / 3).max(1);
    let short = |candidate: &&str| candidate.len() <= LONGEST_WORD + limit * 4 && *candidate != word;
    let candidates = candidates.into_iter().filter(short).take(MAX_CANDIDATES);
    let near = candidates.map(|candidate| (distance(word, candidate, limit), candidate));
    near.filter(|(distance, _)| *distance <= limit).min().map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap neighbours) from one word to the other; above `limit` only a lower bound.
fn distance(from: &str, to: &str, limit: usize) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    if from.len().abs_diff(to.len()) > limit {
        return limit + 1;
    }
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut cost =
                (at(&last, j) + usize::from(a != b)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && from.get(i - 1) == Some(b) && to.get(j - 1) == Some(a);
            if swapped && a != b {
                cost = cost.min(at(&before_last, j - 1) + 1);
            }
            row.push(cost);
        }
        // No later row has a smaller number than the smallest of this one and the one before.
        if row.iter().chain(&last).min().is_some_and(|least| *least > limit) {
            return limit + 1;
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(limit + 1)
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn near_words_are_offered_and_far_ones_not() {
        let names = ["for_each", "count", "lifecycle", "depends_on"];
        assert_eq!(did_you_mean("for_eahc", names), Some("for_each"));
        assert_eq!(did_you_mean("cuont", names), Some("count"));
        assert_eq!(did_you_mean("provider", names), None);
        assert_eq!(did_you_mean("", names), None);
        assert_eq!(did_you_mean("count", names), None, "the word itself is no help");
        assert_eq!(did_you_mean("count", ["count", "counts"]), Some("counts"));
    }
}
