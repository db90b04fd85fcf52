//! What a provider answers, cut to what a ledger and a person can take: a provider that says too much must not bring
//! the run down.

use relplan_contract::{Problem, Value, Verdict};

/// Bytes of a sentence: a message, a summary, a line of output.
pub(super) const SENTENCE: usize = 16 << 10;

/// Bytes of the output that explains a problem.
pub(super) const DETAIL: usize = 256 << 10;

/// Lines of a verdict's details.
const LINES: usize = 1000;

/// Lines that one action may say while it runs; what it says beyond is left out.
pub(super) const SAID: u64 = 20_000;

/// Bytes of an object. A record of the ledger must hold it with its arguments.
const OBJECT: usize = 8 << 20;

/// The text, or its beginning with how much is left out.
pub(super) fn text(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let kept = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        let left_out = text.len() - kept;
        text.truncate(kept);
        text.push_str(&format!(" [{left_out} bytes more]"));
        text.shrink_to_fit();
    }
    text
}

/// The problem with texts of bearable length.
pub(super) fn problem(problem: Problem) -> Problem {
    Problem {
        message: text(problem.message, SENTENCE),
        hint: text(problem.hint, SENTENCE),
        detail: text(problem.detail, DETAIL),
        ..problem
    }
}

/// The verdict with texts of bearable length.
pub(super) fn verdict(mut verdict: Verdict) -> Verdict {
    let left_out = verdict.details.len().saturating_sub(LINES);
    verdict.details.truncate(LINES);
    if left_out > 0 {
        verdict.details.push(format!("[{left_out} lines more]"));
    }
    let details = verdict.details.into_iter().map(|line| text(line, SENTENCE)).collect();
    Verdict { summary: text(verdict.summary, SENTENCE), details, ..verdict }
}

/// How large an object is, in bytes of text, where that is too much to be kept.
pub(super) fn too_large(value: &Value) -> Option<usize> {
    let mut bytes = 0;
    value.leaves(&mut |_, leaf| bytes += leaf.as_str().map_or(8, str::len));
    (bytes > OBJECT).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(text("short".to_owned(), 5), "short");
        assert_eq!(text("ab\u{fc}d".to_owned(), 3), "ab [3 bytes more]");
        let long = verdict(Verdict {
            details: vec!["x".repeat(SENTENCE + 1); LINES + 2],
            ..Verdict::new(relplan_contract::Outcome::Failed, "no")
        });
        assert_eq!(long.details.len(), LINES + 1);
        assert_eq!(long.details.last().map(String::as_str), Some("[2 lines more]"));
        assert!(long.details[0].ends_with("x [1 bytes more]"));
    }

    #[test]
    fn an_object_that_no_record_can_hold_is_too_large() {
        let value = |length| Value::list([Value::from("x".repeat(length)), Value::NULL]);
        assert_eq!(too_large(&value(OBJECT - 8)), None);
        assert_eq!(too_large(&value(OBJECT)), Some(OBJECT + 8));
    }
}
