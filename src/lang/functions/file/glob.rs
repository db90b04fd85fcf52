//! The patterns of `fileset`, turned into a regular expression.

use regex::{Regex, RegexBuilder};

/// Longest pattern, in bytes.
const LONGEST: usize = 1_000;

/// The expression that a whole relative path must match; or what is wrong with the pattern, as a sentence.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST {
        return Err(format!("The pattern is longer than {LONGEST} bytes."));
    }
    let mut expression = String::from("^");
    let mut rest = pattern;
    let mut braces = 0_u32;
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("**/") {
            expression.push_str("(?:[^/]+/)*");
            rest = behind;
            continue;
        }
        if let Some(behind) = rest.strip_prefix("**") {
            expression.push_str(".*");
            rest = behind;
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '{' => {
                braces += 1;
                expression.push_str("(?:");
            }
            '}' if braces > 0 => {
                braces -= 1;
                expression.push(')');
            }
            ',' if braces > 0 => expression.push('|'),
            '[' => rest = class(rest, &mut expression)?,
            '\\' => {
                let escaped = rest.chars().next().ok_or("The pattern ends in a backslash.")?;
                rest = rest.get(escaped.len_utf8()..).unwrap_or_default();
                expression.push_str(&regex::escape(&escaped.to_string()));
            }
            c => expression.push_str(&regex::escape(&c.to_string())),
        }
    }
    if braces > 0 {
        return Err("The pattern lacks a `}`.".to_owned());
    }
    expression.push('$');
    RegexBuilder::new(&expression)
        .dot_matches_new_line(true)
        .size_limit(1 << 20)
        .build()
        .map_err(|_| "The pattern is not valid.".to_owned())
}

/// Writes a class, and returns what stands behind its `]`.
fn class<'p>(inside: &'p str, expression: &mut String) -> Result<&'p str, String> {
    let (content, behind) = inside.split_once(']').ok_or("The pattern lacks a `]`.")?;
    let (negated, content) =
        content.strip_prefix(['^', '!']).map_or((false, content), |content| (true, content));
    if content.is_empty() {
        return Err("The pattern has an empty class `[]`.".to_owned());
    }
    expression.push_str(if negated { "[^/" } else { "[" });
    for c in content.chars() {
        if c != '-' && !c.is_alphanumeric() {
            expression.push('\\');
        }
        expression.push(c);
    }
    expression.push(']');
    Ok(behind)
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn patterns_match_whole_paths() {
        for (pattern, path, matches) in [
            ("*.txt", "a.txt", true),
            ("*.txt", "b/a.txt", false),
            ("**/*.txt", "a.txt", true),
            ("**/*.txt", "b/c/a.txt", true),
            ("**", "b/c", true),
            ("?.{txt,sh}", "a.sh", true),
            ("[a-c].txt", "d.txt", false),
            ("[!a-c].txt", "d.txt", true),
            ("a.b", "axb", false),
            ("\\*", "*", true),
        ] {
            assert_eq!(compile(pattern).map(|glob| glob.is_match(path)), Ok(matches), "{pattern} {path}");
        }
        for bad in ["[a", "{a", "[]", "a\\"] {
            assert!(compile(bad).is_err(), "{bad}");
        }
    }
}
