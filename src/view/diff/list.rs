//! Lists by their longest common part, sets by membership.

use relplan_contract::{Parts, Step, Value};

use super::sequence::{Run, runs};
use super::{Differ, is_hidden};
use crate::view::sheet::Mark;

impl Differ<'_> {
    /// Writes a list that changed behind the label on the last line.
    pub(super) fn list(&mut self, depth: usize, old: &[Value], new: &[Value]) {
        self.put("[");
        let runs = runs(old, new);
        for (index, run) in runs.iter().enumerate() {
            match run {
                Run::Same { old: range, .. } => {
                    let stays = old.get(range.clone()).unwrap_or_default();
                    self.unchanged(depth + 1, stays, index > 0, index + 1 < runs.len());
                }
                Run::Differs { old: from, new: to } => {
                    let went = old.get(from.clone()).unwrap_or_default();
                    let came = new.get(to.clone()).unwrap_or_default();
                    self.replaced(depth + 1, from.start, went, came);
                }
            }
        }
        self.begin(depth, Mark::Same, "]".to_owned());
    }

    /// Writes a set that changed behind the label on the last line.
    pub(super) fn set(&mut self, depth: usize, old: &[Value], new: &[Value]) {
        self.put("[");
        let mut hidden = 0;
        for item in old {
            // Sets are sorted by the contract.
            if new.binary_search(item).is_ok() {
                hidden += 1;
            } else {
                self.element(depth + 1, Mark::Remove, item);
            }
        }
        for item in new.iter().filter(|item| old.binary_search(item).is_err()) {
            self.element(depth + 1, Mark::Add, item);
        }
        self.hidden(depth + 1, hidden, "element");
        self.begin(depth, Mark::Same, "]".to_owned());
    }

    /// Elements that stay: the ones beside a change are shown, where they are short.
    fn unchanged(&mut self, depth: usize, items: &[Value], after_change: bool, before_change: bool) {
        let shown = |item: &&Value| !self.options.terse && is_short(item);
        let first = items.first().filter(|_| after_change).filter(shown);
        let rest = items.get(usize::from(first.is_some())..).unwrap_or_default();
        let last = rest.last().filter(|_| before_change).filter(shown);
        if let Some(item) = first {
            self.element(depth, Mark::Same, item);
        }
        self.hidden(depth, rest.len() - usize::from(last.is_some()), "element");
        if let Some(item) = last {
            self.element(depth, Mark::Same, item);
        }
    }

    /// Elements in the place of others: collections, and runs of the same length, are compared one by one.
    fn replaced(&mut self, depth: usize, start: usize, went: &[Value], came: &[Value]) {
        let same_length = went.len() == came.len();
        let paired =
            went.iter().zip(came).take_while(|(old, new)| same_length || are_alike(old, new)).count();
        for (offset, (old, new)) in went.iter().zip(came).take(paired).enumerate() {
            self.path.0.push(Step::Index(start + offset));
            let mark = self.mark(Some(old), Some(new));
            self.begin(depth, mark, String::new());
            self.pair(depth, Some(old), Some(new), false);
            self.put(",");
            self.path.0.pop();
        }
        for item in went.get(paired..).unwrap_or_default() {
            self.element(depth, Mark::Remove, item);
        }
        for item in came.get(paired..).unwrap_or_default() {
            self.element(depth, Mark::Add, item);
        }
    }
}

fn is_short(item: &Value) -> bool {
    is_hidden(item)
        || (matches!(item.parts(), Parts::Leaf) && item.as_str().is_none_or(|text| !text.contains('\n')))
}

fn are_alike(old: &Value, new: &Value) -> bool {
    match (old.parts(), new.parts()) {
        (Parts::Entries(_), Parts::Entries(_)) | (Parts::Items(_), Parts::Items(_)) => true,
        (Parts::Leaf | Parts::Entries(_) | Parts::Items(_), _) => false,
    }
}
