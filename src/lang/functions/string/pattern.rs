//! Regular expressions: RE2's syntax and meaning, over the `regex` crate.
//!
//! Both crates come from the same family. What differs is written anew before compiling: in RE2 `\d`, `\w`, `\s`
//! and `\b` know ASCII alone, `\Q...\E` quotes, and inside of `[...]` a `[`, `&&`, `--` or `~~` has no meaning.

use regex::{Captures, Regex, RegexBuilder};
use relplan_contract::{Map, Value};

use super::super::{Arguments, Fault};
use price::Price;

mod price;

/// Longest pattern, in bytes.
const LONGEST: usize = 10_000;

/// Largest compiled program, in bytes.
const PROGRAM: usize = 1 << 20;

/// Steps that compiling a pattern costs, and one more for each of its bytes.
const COMPILING: u64 = 100;

/// Steps that it costs to find out that a pattern is too large.
const TOO_LARGE: u64 = 100_000;

pub(super) fn regex(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (pattern, mut price) = compile(arguments, arguments.text(0), 0)?;
    price.search(arguments, arguments.text(1), 0)?;
    if let Some(found) = pattern.find(arguments.text(1)) {
        price.found(arguments, found.len())?;
    }
    match pattern.captures(arguments.text(1)) {
        Some(captures) => {
            arguments.budget().bytes(captures.get_match().len() * captures.len())?;
            groups(&pattern, &captures)
        }
        None => Err(Fault::argument(
            1,
            format!("The pattern matches no part of {}.", arguments.show(1)),
            "Use `regexall(...)`, or `try(regex(...), null)`, where there may be no match.",
        )),
    }
}

pub(super) fn regexall(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (pattern, mut price) = compile(arguments, arguments.text(0), 0)?;
    let mut matches = Vec::new();
    for captures in Matches::new(arguments, &pattern, &mut price, arguments.text(1)) {
        let captures = captures?;
        arguments.budget().elements(captures.len())?;
        arguments.budget().bytes(captures.get_match().len() * captures.len())?;
        matches.push(groups(&pattern, &captures)?);
    }
    Ok(Value::list(matches))
}

pub(super) fn replace(
    arguments: &Arguments<'_>,
    text: &str,
    pattern: &str,
    replacement: &str,
) -> Result<Value, Fault> {
    let (pattern, mut price) = compile(arguments, pattern, 1)?;
    let mut replaced = String::with_capacity(text.len());
    let mut last = 0;
    for captures in Matches::new(arguments, &pattern, &mut price, text) {
        let captures = captures?;
        let Some(found) = captures.get(0) else { continue };
        let before = replaced.len();
        replaced.push_str(text.get(last..found.start()).unwrap_or_default());
        captures.expand(replacement, &mut replaced);
        last = found.end();
        arguments.budget().bytes(replaced.len().saturating_sub(before))?;
    }
    replaced.push_str(text.get(last..).unwrap_or_default());
    arguments.string(replaced)
}

/// The whole match; or the groups, by name where they have names, null where one took no part.
fn groups(pattern: &Regex, captures: &Captures<'_>) -> Result<Value, Fault> {
    let text = |index: usize| captures.get(index).map_or(Value::NULL, |group| Value::string(group.as_str()));
    let names: Vec<Option<&str>> = pattern.capture_names().skip(1).collect();
    let with_name = names.iter().flatten().count();
    if names.is_empty() {
        return Ok(text(0));
    }
    if with_name == 0 {
        return Ok(Value::list((1..=names.len()).map(text)));
    }
    if with_name < names.len() {
        return Err(Fault::argument(
            0,
            "Some of its groups have names, and others have none.",
            "Name all groups, `(?P<name>...)`, or none; write `(?:...)` for a group that is not wanted.",
        ));
    }
    let entries = (1..).zip(&names).filter_map(|(index, name)| name.map(|name| (name.into(), text(index))));
    Ok(Value::new(relplan_contract::Kind::Map(std::sync::Arc::new(entries.collect::<Map>()))))
}

/// All matches one after the other, as [`Regex::captures_iter`] finds them; each is paid for before it is looked for.
struct Matches<'m, 'a, 't> {
    arguments: &'m Arguments<'a>,
    pattern: &'m Regex,
    price: &'m mut Price,
    text: &'t str,
    /// Where the next search begins; none behind the end.
    next: Option<usize>,
    /// Where the last match ended.
    last: Option<usize>,
}

impl<'m, 'a, 't> Matches<'m, 'a, 't> {
    const fn new(
        arguments: &'m Arguments<'a>,
        pattern: &'m Regex,
        price: &'m mut Price,
        text: &'t str,
    ) -> Self {
        Self { arguments, pattern, price, text, next: Some(0), last: None }
    }

    fn search(&mut self, from: usize) -> Result<Option<Captures<'t>>, Fault> {
        self.price.search(self.arguments, self.text, from)?;
        let Some(found) = self.pattern.find_at(self.text, from) else { return Ok(None) };
        if found.is_empty() && self.last == Some(found.end()) {
            // An empty match right behind the last one is none: the search goes on a character further.
            let character = self.text.get(from..).and_then(|rest| rest.chars().next());
            let Some(character) = character else { return Ok(None) };
            return self.search_again(from + character.len_utf8());
        }
        self.found(found.start(), found.len())
    }

    fn search_again(&mut self, from: usize) -> Result<Option<Captures<'t>>, Fault> {
        self.price.search(self.arguments, self.text, from)?;
        let Some(found) = self.pattern.find_at(self.text, from) else { return Ok(None) };
        self.found(found.start(), found.len())
    }

    fn found(&mut self, start: usize, length: usize) -> Result<Option<Captures<'t>>, Fault> {
        self.price.found(self.arguments, length)?;
        self.next = Some(start + length);
        self.last = self.next;
        Ok(self.pattern.captures_at(self.text, start))
    }
}

impl<'t> Iterator for Matches<'_, '_, 't> {
    type Item = Result<Captures<'t>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let from = self.next.take()?;
        self.search(from).transpose()
    }
}

fn compile(arguments: &Arguments<'_>, pattern: &str, index: usize) -> Result<(Regex, Price), Fault> {
    let help = "The syntax is RE2's; in a quoted string a backslash is written twice.";
    if pattern.len() > LONGEST {
        return Err(Fault::argument(index, format!("The pattern is longer than {LONGEST} bytes."), help));
    }
    arguments.budget().steps(COMPILING + pattern.len() as u64)?;
    let refuse = |why: &str| Fault::argument(index, format!("It is no valid regular expression{why}."), help);
    let translated = translate(pattern).ok_or_else(|| refuse(": it ends within a class or an escape"))?;
    let built =
        RegexBuilder::new(&translated).size_limit(PROGRAM).dfa_size_limit(PROGRAM).octal(true).build();
    let compiled = built.map_err(|error| {
        if let regex::Error::CompiledTooBig(_) = error {
            return match arguments.budget().steps(TOO_LARGE) {
                Ok(()) => refuse(": it is too large when compiled"),
                Err(exceeded) => exceeded.into(),
            };
        }
        // The last line tells what is wrong; those before it draw the translated pattern.
        let words = error.to_string();
        let last = words.lines().last().unwrap_or_default().trim_start_matches("error: ");
        refuse(&arguments.detail(|| format!(": {last}")))
    })?;
    let price = Price::of(arguments, &translated, compiled.captures_len() > 1)?;
    Ok((compiled, price))
}

/// The pattern in the syntax of the `regex` crate; none where it ends too early.
fn translate(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix("\\Q") {
            let (literal, behind) = quoted.split_once("\\E").unwrap_or((quoted, ""));
            out.push_str(&regex::escape(literal));
            rest = behind;
            continue;
        }
        rest = rest.get(c.len_utf8()..)?;
        match c {
            '\\' => {
                let escaped = rest.chars().next()?;
                rest = rest.get(escaped.len_utf8()..)?;
                match (ascii_class(escaped), escaped) {
                    (Some(class), _) => out.push_str(&format!("[{class}]")),
                    (None, 'b' | 'B') => out.push_str(&format!("(?-u:\\{escaped})")),
                    (None, escaped) => out.extend(['\\', escaped]),
                }
            }
            '[' => rest = translate_class(rest, &mut out)?,
            c => out.push(c),
        }
    }
    Some(out)
}

/// Writes the class whose `[` was read, and returns what stands behind its `]`.
fn translate_class<'p>(inside: &'p str, out: &mut String) -> Option<&'p str> {
    out.push('[');
    let mut rest = inside;
    if let Some(behind) = rest.strip_prefix('^') {
        out.push('^');
        rest = behind;
    }
    let mut first = true;
    loop {
        let c = rest.chars().next()?;
        rest = rest.get(c.len_utf8()..)?;
        match c {
            ']' if !first => {
                out.push(']');
                return Some(rest);
            }
            '[' if rest.starts_with(':') => {
                let (name, behind) = rest.split_once(":]")?;
                out.push_str(&format!("[{name}:]"));
                rest = behind;
            }
            '[' | ']' | '&' | '~' => out.extend(['\\', c]),
            '\\' => {
                let escaped = rest.chars().next()?;
                rest = rest.get(escaped.len_utf8()..)?;
                match ascii_class(escaped) {
                    Some(class) => out.push_str(&format!("[{class}]")),
                    None => out.extend(['\\', escaped]),
                }
            }
            '-' if rest.starts_with('-') => out.push_str("\\-"),
            c => out.push(c),
        }
        first = false;
    }
}

/// What stands between the brackets for `\d` and its kin.
const fn ascii_class(letter: char) -> Option<&'static str> {
    match letter {
        'd' => Some("0-9"),
        'D' => Some("^0-9"),
        'w' => Some("0-9A-Za-z_"),
        'W' => Some("^0-9A-Za-z_"),
        's' => Some("\\t\\n\\f\\r "),
        'S' => Some("^\\t\\n\\f\\r "),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn re2_syntax_is_written_as_the_crate_reads_it() {
        for (re2, ours) in [
            (r"\d+", "[0-9]+"),
            (r"[\d-x]", "[[0-9]-x]"),
            (r"[[a]", r"[\[a]"),
            (r"[]a]", r"[\]a]"),
            (r"[[:alpha:]&&]", r"[[:alpha:]\&\&]"),
            (r"\Qa.b\E+", r"a\.b+"),
            (r"\bx", r"(?-u:\b)x"),
        ] {
            assert_eq!(translate(re2).as_deref(), Some(ours), "{re2}");
        }
        assert_eq!(translate("[a"), None);
        assert_eq!(translate("a\\"), None);
    }
}
