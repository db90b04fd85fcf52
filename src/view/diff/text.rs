//! Text: short text in quotes, text of several lines as a heredoc that is compared line by line.

use super::sequence::{Run, runs};
use super::{Differ, json};
use crate::addr::quoted;
use crate::view::escape;
use crate::view::sheet::Mark;

/// This many lines that stay are shown around a change.
const CONTEXT: usize = 3;

impl Differ<'_> {
    /// Writes a text that changed behind the label on the last line.
    pub(super) fn text(&mut self, depth: usize, old: &str, new: &str) {
        match (json::collection(old), json::collection(new)) {
            (Some(before), Some(after)) if before != after => {
                self.put("jsonencode(");
                self.begin(depth + 1, Mark::Change, String::new());
                let outer = std::mem::replace(&mut self.in_json, true);
                self.changed(depth + 1, &before, &after);
                self.in_json = outer;
                self.begin(depth, Mark::Same, ")".to_owned());
            }
            _ if is_long(old) || is_long(new) => self.heredoc(depth, old, new),
            _ => self.put(&format!("{} -> {}", quoted(old), quoted(new))),
        }
    }

    /// Writes a text that came, went or stayed behind the label on the last line.
    pub(super) fn whole_text(&mut self, depth: usize, text: &str, mark: Mark) {
        if let Some(value) = json::collection(text) {
            self.put("jsonencode(");
            self.begin(depth + 1, Mark::Same, String::new());
            let outer = std::mem::replace(&mut self.in_json, true);
            self.whole(depth + 1, &value, mark);
            self.in_json = outer;
            self.around_json(depth + 1, text);
            self.begin(depth, Mark::Same, ")".to_owned());
        } else if is_long(text) {
            self.put("<<-EOT");
            for line in lines(text, true) {
                self.begin(depth + 1, Mark::Same, escape::line(line).into_owned());
            }
            self.returns(depth + 1, &[text]);
            if !text.ends_with('\n') {
                self.aside(depth + 1, "# (no line break at the end)".to_owned());
            }
            self.begin(depth, Mark::Same, "EOT".to_owned());
        } else {
            self.put(&quoted(text));
        }
    }

    fn heredoc(&mut self, depth: usize, old: &str, new: &str) {
        self.put("<<-EOT");
        let keep_returns = !(has_crlf_only(old) && has_crlf_only(new));
        let (old_lines, new_lines) = (lines(old, keep_returns), lines(new, keep_returns));
        let runs = runs(&old_lines, &new_lines);
        for (index, run) in runs.iter().enumerate() {
            match run {
                Run::Same { old: range, .. } => {
                    let stays = old_lines.get(range.clone()).unwrap_or_default();
                    self.unchanged_lines(depth + 1, stays, index > 0, index + 1 < runs.len());
                }
                Run::Differs { old: from, new: to } => {
                    for line in old_lines.get(from.clone()).unwrap_or_default() {
                        self.begin(depth + 1, Mark::Remove, escape::line(line).into_owned());
                    }
                    for line in new_lines.get(to.clone()).unwrap_or_default() {
                        self.begin(depth + 1, Mark::Add, escape::line(line).into_owned());
                    }
                }
            }
        }
        if keep_returns {
            self.returns(depth + 1, &[old, new]);
        }
        self.last_break(depth + 1, old, new);
        self.begin(depth, Mark::Same, "EOT".to_owned());
    }

    fn unchanged_lines(&mut self, depth: usize, lines: &[&str], after_change: bool, before_change: bool) {
        let context = if self.options.terse { 0 } else { CONTEXT };
        let first = if after_change { context.min(lines.len()) } else { 0 };
        let last = if before_change { context.min(lines.len() - first) } else { 0 };
        let hidden = lines.len() - first - last;
        // A note in the place of one line would save nothing.
        let folded = if hidden == 1 && !self.options.terse { 0 } else { hidden };
        for (index, line) in lines.iter().enumerate() {
            if folded > 0 && index == first {
                self.hidden(depth, folded, "line");
            }
            if folded == 0 || index < first || index >= first + hidden {
                self.begin(depth, Mark::Same, escape::line(line).into_owned());
            }
        }
    }

    /// Says what a `\r` on the lines stands for: a text may have these two characters themselves.
    fn returns(&mut self, depth: usize, texts: &[&str]) {
        if texts.iter().any(|text| text.contains('\r')) {
            self.aside(depth, "# (\\r stands for a carriage return)".to_owned());
        }
    }

    /// Says what is around the content of a JSON text, which alone is shown.
    fn around_json(&mut self, depth: usize, text: &str) {
        if text.contains('\r') {
            self.aside(depth, "# (with carriage returns between)".to_owned());
        }
        if text.ends_with('\n') {
            self.aside(depth, "# (with a line break at the end)".to_owned());
        }
    }

    /// Says what lines cannot show: how the last one ends.
    fn last_break(&mut self, depth: usize, old: &str, new: &str) {
        match (old.ends_with('\n'), new.ends_with('\n')) {
            (true, false) => self.aside(depth, "# (the line break at the end goes)".to_owned()),
            (false, true) => self.aside(depth, "# (a line break at the end comes)".to_owned()),
            (true, true) | (false, false) => {}
        }
    }
}

/// Whether a text is shown as a heredoc.
fn is_long(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
}

/// Whether every line break, if there are any, is `\r\n`.
fn has_crlf_only(text: &str) -> bool {
    text.matches('\n').count() == text.matches("\r\n").count()
}

/// The lines; where the two sides do not agree on how lines end, the carriage returns are kept to be seen.
fn lines(text: &str, keep_returns: bool) -> Vec<&str> {
    if keep_returns {
        text.strip_suffix('\n').unwrap_or(text).split('\n').collect()
    } else {
        text.lines().collect()
    }
}
