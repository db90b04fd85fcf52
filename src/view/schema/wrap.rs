//! Filling text into lines of a width, counted in characters.

use crate::view::escape;

/// The narrowest column of text: narrower terminals get lines that are too long rather than one word a line.
const NARROWEST: usize = 30;

/// The words of the text in lines of at most `width` characters, `indent` spaces before each. A longer word gets a
/// line of its own. Nothing for no words.
pub(super) fn paragraph(text: &str, indent: usize, width: usize) -> String {
    let room = width.saturating_sub(indent).max(NARROWEST);
    let mut out = String::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let word = escape::line(word);
        let size = word.chars().count();
        if length > 0 && length + 1 + size > room {
            push_line(&mut out, indent, &line);
            line.clear();
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(&word);
        length += size;
    }
    if length > 0 {
        push_line(&mut out, indent, &line);
    }
    out
}

/// Markdown for a terminal: paragraphs are filled; code, lists, headings and tables keep their lines.
pub(super) fn markdown(text: &str, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut pending = String::new();
    let mut in_code = false;
    for line in text.trim().lines() {
        let is_fence = line.trim_start().starts_with("```");
        if !in_code && !is_fence && !keeps_its_line(line) {
            pending.push_str(line);
            pending.push(' ');
            continue;
        }
        out.push_str(&paragraph(&std::mem::take(&mut pending), indent, width));
        if is_fence {
            in_code = !in_code;
        } else if line.trim().is_empty() {
            out.push('\n');
        } else if in_code {
            push_line(&mut out, indent + 4, &escape::line(line));
        } else {
            push_line(&mut out, indent, &escape::line(line));
        }
    }
    out + &paragraph(&pending, indent, width)
}

fn keeps_its_line(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with(['-', '*', '#', '|', '>'])
}

fn push_line(out: &mut String, indent: usize, line: &str) {
    if !line.is_empty() {
        out.push_str(&" ".repeat(indent));
        out.push_str(line);
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_into_lines() {
        let text =
            "One two three four five six seven eight, and a wordthatislongerthantheline_itself to end.";
        assert_eq!(
            paragraph(text, 2, 32),
            "  One two three four five six\n  seven eight, and a\n  wordthatislongerthantheline_itself\n  to end.\n"
        );
        assert_eq!(paragraph("  ", 2, 32), "");
    }

    #[test]
    fn code_and_lists_keep_their_lines() {
        let docs = "A tag\nof git.\n\n```hcl\na = {\n  b = 1\n}\n```\n- one\n- two\n";
        assert_eq!(
            markdown(docs, 1, 80),
            " A tag of git.\n\n     a = {\n       b = 1\n     }\n - one\n - two\n"
        );
    }
}
