//! Making text harmless inside Markdown, as GitHub and GitLab read it.
//!
//! Backslashes and entities are not enough: mentions, references to issues and links are looked for in the text
//! that is left *after* Markdown was read. What could begin one is put into a code span of its own, in which
//! nobody looks for them.

use crate::view::escape;

/// Text of a sentence, for a paragraph, a list or the cell of a table.
#[must_use]
pub(super) fn text(raw: &str) -> String {
    let safe = escape::line(raw);
    let mut out = String::with_capacity(safe.len() + 16);
    let mut rest = &*safe;
    while let Some(c) = rest.chars().next() {
        let next = rest.chars().nth(1);
        match c {
            // GitLab's merge requests, labels, milestones and epics.
            '!' | '~' | '%' | '&' | '^' if next.is_some_and(|next| next.is_alphanumeric() || next == '"') => {
                out.extend(['`', c, '`']);
            }
            // GitHub's other way to refer to an issue.
            '-' if next.is_some_and(|next| next.is_ascii_digit()) && ends_with(&out, "gh") => {
                out.push_str("`-`");
            }
            // The pictures that words between colons stand for could pass for a verdict of ours.
            ':' if is_picture(rest) => out.push_str("`:`"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '{' | '}' | '!' => out.extend(['\\', c]),
            '@' | '#' | '$' => out.extend(['`', c, '`']),
            ':' if rest.starts_with("://") => out.push_str("`:`"),
            '.' if ends_with(&out, "www") => out.push_str("`.`"),
            c => out.push(c),
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

fn ends_with(text: &str, word: &str) -> bool {
    text.len()
        .checked_sub(word.len())
        .and_then(|start| text.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(word))
}

/// Whether `:tada:` stands here, and not a part of a time of day.
fn is_picture(text: &str) -> bool {
    let rest = text.get(1..).unwrap_or_default();
    let end = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-'));
    let name = rest.get(..rest.len() - end.len()).unwrap_or_default();
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    end.starts_with(':') && (!is_number || matches!(name, "100" | "1234"))
}

/// A code span, for a paragraph or a list.
#[must_use]
pub(super) fn code(raw: &str) -> String {
    let safe = escape::line(raw);
    if safe.trim().is_empty() {
        return "` `".to_owned();
    }
    let ticks = "`".repeat(longest_run(&safe) + 1);
    // A space on both sides is taken off again by the reader; it keeps ticks of the text apart from ours.
    let padded = safe.starts_with(['`', ' ']) || safe.ends_with(['`', ' ']);
    let pad = if padded { " " } else { "" };
    format!("{ticks}{pad}{safe}{pad}{ticks}")
}

/// A code span for the cell of a table, where a bar would end the cell even inside code.
#[must_use]
pub(super) fn cell_code(raw: &str) -> String {
    if !raw.contains('|') {
        return code(raw);
    }
    // A backslash before the bar is read in more than one way when there are others before it: so it is spelled out.
    let spelled =
        |c: char| if c.is_ascii_punctuation() { format!("&#{};", u32::from(c)) } else { c.to_string() };
    format!("<code>{}</code>", escape::line(raw).chars().map(spelled).collect::<String>())
}

/// Text between the tags of a piece of HTML.
#[must_use]
pub(super) fn html(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() + 8);
    for c in escape::line(raw).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// A fenced block; the fence is longer than any in the content. The content ends with a line break.
#[must_use]
pub(super) fn fence(language: &str, content: &str) -> String {
    let ticks = "`".repeat((longest_run(content) + 1).max(3));
    format!("{ticks}{language}\n{content}{ticks}\n")
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_stay_sentences() {
        assert_eq!(text("Commit 3f2a1c9 by Ann, 12 ahead."), "Commit 3f2a1c9 by Ann, 12 ahead.");
        assert_eq!(text("a|b *c* _d_ `e` ~f~"), r"a\|b \*c\* \_d\_ \`e\` `~`f\~");
        assert_eq!(text("<b>&--> \\"), r"&lt;b&gt;&amp;--&gt; \\");
        assert_eq!(text("@ann fixes #12 for $1"), "`@`ann fixes `#`12 for `$`1");
        assert_eq!(text("[x](https://evil.example)"), r"\[x\](https`:`//evil.example)");
        assert_eq!(text("WWW.evil.example"), "WWW`.`evil.example");
        assert_eq!(text("fixes GH-12 and gh-a"), "fixes GH`-`12 and gh-a");
        assert_eq!(
            text("!12 ~bug %1.0 &7 ~\"a b\" 50% done!"),
            "`!`12 `~`bug `%`1.0 `&`7 `~`\"a b\" 50% done\\!"
        );
        assert_eq!(text(":white_check_mark: 12:30:05 a::b"), "`:`white\\_check\\_mark: 12:30:05 a::b");
        assert_eq!(text(":100: :+1:"), "`:`100: `:`+1:");
        assert_eq!(text("![x](data:,y)"), r"\!\[x\](data:,y)");
        assert_eq!(text("a\n# b\u{202e}"), "a\\\\n`#` b\\\\u202e");
    }

    #[test]
    fn code_holds_any_text() {
        assert_eq!(code("a.b"), "`a.b`");
        assert_eq!(code("a`b``"), "``` a`b`` ```");
        assert_eq!(code(""), "` `");
        assert_eq!(cell_code("a.b"), "`a.b`");
        assert_eq!(cell_code("x|b"), "<code>x&#124;b</code>");
        assert_eq!(cell_code("a\\|<b>@c"), "<code>a&#92;&#124;&#60;b&#62;&#64;c</code>");
    }

    #[test]
    fn fences_are_longer_than_those_inside() {
        assert_eq!(fence("diff", "+ ```\n"), "````diff\n+ ```\n````\n");
    }

    #[test]
    fn tags_are_text() {
        assert_eq!(html("<a href=\"x\">"), "&lt;a href=&quot;x&quot;&gt;");
    }
}
