//! Diagnostics: what is wrong, where, and how to mend it. Rendering lives in [`render`].

pub mod render;

use crate::source::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is done.
    Error,
    /// It goes on.
    Warning,
}

/// A marked place in the source with what to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// Words beside it; may be empty.
    pub text: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A few words, without a full stop: `Unsupported argument`.
    pub summary: String,
    /// What is wrong, in full sentences.
    pub detail: String,
    /// How to mend it, in a full sentence; may be empty.
    pub help: String,
    /// The place at fault first; then others that explain it. May be empty.
    pub labels: Vec<Label>,
    /// Address of the resource instance that it came up in.
    pub address: Option<String>,
    /// Whether it is said once, however often it comes up.
    pub once: bool,
}

impl Diagnostic {
    /// An error.
    #[must_use]
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            help: String::new(),
            labels: Vec::new(),
            address: None,
            once: false,
        }
    }

    /// A warning.
    #[must_use]
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(summary, detail) }
    }

    /// The same finding with a place; the first one is the place at fault.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.labels.push(Label { span, text: String::new() });
        self
    }

    /// The same finding with a place and words beside it.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// The same finding with a sentence on how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The same finding, said once: whatever comes up after it is likely to have the same fault.
    #[must_use]
    pub const fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// The same finding with the instance that it came up in.
    #[must_use]
    pub fn in_instance(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }
}

/// How many findings are looked at for one that is said once.
const LOOKED_BACK: usize = 1_000;

/// All findings of a stage, in the order in which they came up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Takes one in.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let is_same = |other: &Diagnostic| other.once && other.summary == diagnostic.summary;
        if !(diagnostic.once && self.0.iter().rev().take(LOOKED_BACK).any(is_same)) {
            self.0.push(diagnostic);
        }
    }

    /// Takes all of another's.
    pub fn extend(&mut self, other: Self) {
        other.0.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// Whether one of them stops the work.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value, with the warnings, when there is no error among the findings.
    pub fn unless_errors<T>(self, value: T) -> Result<(T, Self), Self> {
        if self.has_errors() { Err(self) } else { Ok((value, self)) }
    }
}

impl From<Box<Diagnostic>> for Diagnostics {
    fn from(diagnostic: Box<Diagnostic>) -> Self {
        Self(vec![*diagnostic])
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

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
