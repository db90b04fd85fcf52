//! Text from outside made plain Markdown: what people wrote in titles and labels stays readable, and does nothing.
//!
//! Nobody is notified by it, no image loads, no HTML begins, no link stands behind other words, and no line becomes a
//! heading or a list. Whole code spans stay: what is in them is no markup to anybody.

/// Text on one line, without characters that hide themselves or what stands beside them.
pub(crate) fn one_line(text: &str) -> String {
    let shown: String = text.chars().filter(|c| c.is_whitespace() || !is_hidden(*c)).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        )
}

/// Text in Markdown that shows it as it is, line by line.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() + text.len() / 8);
    for line in text.split_inclusive('\n') {
        plain_line(line, &mut plain);
    }
    plain
}

fn plain_line(line: &str, plain: &mut String) {
    let mut rest = line;
    if let Some(mark) = begins_block(line) {
        let (before, after) = line.split_at_checked(mark).unwrap_or((line, ""));
        plain.push_str(before);
        plain.push('\\');
        let mut chars = after.chars();
        plain.extend(chars.next());
        rest = chars.as_str();
    }
    while let Some(c) = rest.chars().next() {
        if c == '`' {
            let (run, after) = rest.split_at_checked(ticks(rest)).unwrap_or((rest, ""));
            match code_end(after, run.len()) {
                Some(end) => {
                    let (code, after) = after.split_at_checked(end).unwrap_or((after, ""));
                    plain.push_str(run);
                    plain.push_str(code);
                    rest = after;
                }
                // It would begin a code span that ends somewhere behind this text.
                None => {
                    plain.push_str(&"\\`".repeat(run.len()));
                    rest = after;
                }
            }
            continue;
        }
        match c {
            '<' => plain.push_str("&lt;"),
            '&' => plain.push_str("&amp;"),
            // A mention ends where nothing that can be a name follows.
            '@' => plain.push_str("@\u{200b}"),
            '\\' | '[' | ']' | '$' => plain.extend(['\\', c]),
            '!' if rest.starts_with("![") => plain.push_str("\\!"),
            _ if is_hidden(c) && !c.is_whitespace() => {}
            _ => plain.push(c),
        }
        rest = rest.strip_prefix(c).unwrap_or_default();
    }
}

/// How many backticks a text begins with.
fn ticks(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'`').count()
}

/// Where the code span ends that as many backticks began: behind as many again.
fn code_end(text: &str, length: usize) -> Option<usize> {
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let at = from + rest.find('`')?;
        let found = ticks(text.get(at..)?);
        if found == length {
            return Some(at + found);
        }
        from = at + found;
    }
}

/// Where the sign stands by which a line becomes more than text: a heading, a quotation, an item of a list, a rule.
fn begins_block(line: &str) -> Option<usize> {
    let text = line.trim_start();
    let start = line.len() - text.len();
    let first = text.chars().next()?;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let spaced = |text: &str| text.is_empty() || text.starts_with(char::is_whitespace);
    match first {
        '#' | '>' | '=' | '|' | '~' | ':' => Some(start),
        '-' | '+' | '*' | '_' => {
            let after = text.trim_start_matches(first);
            let rule = text.chars().all(|c| c == first || c.is_whitespace());
            (rule || (spaced(after) && after.len() + 1 == text.len())).then_some(start)
        }
        '0'..='9' => {
            let after = text.get(digits..)?;
            let rest = after.strip_prefix(['.', ')'])?;
            spaced(rest).then_some(start + digits)
        }
        _ => None,
    }
}

/// Who is named: with a link where it can be the name of an account, else as plain text.
pub(crate) fn mention(name: &str) -> String {
    let is_login = name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if is_login { format!("@{name}") } else { plain(&one_line(name)) }
}

/// An address that can stand behind a number in a link; none where it is another thing, or would end the link.
pub(crate) fn address(url: &str) -> Option<&str> {
    let is_web = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
    let is_whole = |c: char| c.is_ascii_graphic() && !"()<>[]\\`\"'{}|^".contains(c);
    (is_web && url.chars().all(is_whole)).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_does_nothing() {
        for (text, expected) in [
            ("Fix the cart, at last (#12)", "Fix the cart, at last (#12)"),
            ("thanks @ann and @acme/team", "thanks @\u{200b}ann and @\u{200b}acme/team"),
            ("&#64;ann &lt;b>", "&amp;#64;ann &amp;lt;b>"),
            ("![x](http://spy/p.png)", "\\!\\[x\\](http://spy/p.png)"),
            ("see [our page](http://evil) or [it][1]", "see \\[our page\\](http://evil) or \\[it\\]\\[1\\]"),
            ("\\![x](y) \\<b>", "\\\\\\!\\[x\\](y) \\\\&lt;b>"),
            ("<img src=x> <!-- no --> <https://x>", "&lt;img src=x> &lt;!-- no --> &lt;https://x>"),
            ("Return `Vec<T>` and ``a ` @b``", "Return `Vec<T>` and ``a ` @b``"),
            ("a lone ` and <b>", "a lone \\` and &lt;b>"),
            ("two ``then` <b>", "two \\`\\`then\\` &lt;b>"),
            ("costs $5$", "costs \\$5\\$"),
            ("# Big", "\\# Big"),
            ("- item", "\\- item"),
            ("-1 is no item", "-1 is no item"),
            ("*bold* stays", "*bold* stays"),
            ("---", "\\---"),
            ("* * *", "\\* * *"),
            ("> quoted", "\\> quoted"),
            ("1. first", "1\\. first"),
            ("1.2.0 is out", "1.2.0 is out"),
            ("one\n# two\n", "one\n\\# two\n"),
            ("", ""),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
        assert_eq!(one_line(" a\r\n\tb\u{202e}c\u{200b}\0 "), "a bc");
    }

    #[test]
    fn names_and_addresses_are_links_only_where_they_can_be() {
        for (name, expected) in [
            ("ann", "@ann"),
            ("ann-b_acme", "@ann-b_acme"),
            ("acme/team", "acme/team"),
            ("Ann <b> @bob", "Ann &lt;b> @\u{200b}bob"),
            ("renovate[bot]", "renovate\\[bot\\]"),
        ] {
            assert_eq!(mention(name), expected);
        }
        for url in ["https://h/a/pull/1", "http://h:80/?a=1&b=%20#c"] {
            assert_eq!(address(url), Some(url));
        }
        for url in
            ["javascript:alert(1)", "https://h/a b", "https://h/)", "ftp://h", "", "https://h/\u{202e}"]
        {
            assert_eq!(address(url), None, "{url}");
        }
    }
}
