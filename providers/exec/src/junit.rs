//! Reports in `JUnit` XML: counting what ran, failed, broke and was skipped.
//!
//! The format was never written down; what counts here are the `testcase` elements, and the numbers on the outer
//! elements only where they tell of more trouble (a suite that broke before its first case).

use std::fmt;
use std::path::PathBuf;

use relplan_contract::Tree;
use roxmltree::{Document, Node, ParsingOptions};

/// The largest report that is read, in bytes, and the most elements and texts in one.
const LARGEST: usize = 32 * 1024 * 1024;
const MOST_NODES: u32 = 1_000_000;

/// The most attributes of one element. The reader compares each with all others, and takes minutes for ten thousands.
const MOST_ATTRIBUTES: usize = 1_000;

/// The most namespaces. Each element gets those of all around it.
const MOST_NAMESPACES: usize = 5_000;

/// What the reports say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) tests: u64,
    pub(crate) failures: u64,
    pub(crate) errors: u64,
    pub(crate) skipped: u64,
    /// Names of the tests that failed or broke.
    pub(crate) failed: Vec<String>,
}

impl Report {
    /// How many tests were not skipped.
    pub(crate) const fn ran(&self) -> u64 {
        self.tests.saturating_sub(self.skipped)
    }

    fn add(&mut self, other: Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
        self.failed.extend(other.failed);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bad = self.failures + self.errors;
        write!(f, "{} passed, {bad} failed", self.ran().saturating_sub(bad))?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        f.write_str(".")
    }
}

/// Reads the reports; the error is a sentence.
pub(crate) fn read(tree: &Tree, files: &[PathBuf]) -> Result<Report, String> {
    if files.is_empty() {
        return Err("The test command wrote no report where `junit` says.".into());
    }
    let mut all = Report::default();
    for path in files {
        let name = path.display();
        let bytes = tree
            .read_input(path, LARGEST)
            .map_err(|error| format!("The report {name} cannot be read: {error}."))?;
        let text = String::from_utf8_lossy(&bytes);
        all.add(parse(&text).map_err(|error| format!("The report {name} is no JUnit XML: {error}."))?);
    }
    Ok(all)
}

fn parse(text: &str) -> Result<Report, String> {
    // Without document type definitions there are no entities that could grow.
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let text = without_illegal(text.trim_start_matches('\u{feff}').trim_start());
    if most_attributes(&text) > MOST_ATTRIBUTES {
        return Err(format!("an element has more than {MOST_ATTRIBUTES} attributes"));
    }
    if text.matches("xmlns").count() > MOST_NAMESPACES {
        return Err(format!("it names more than {MOST_NAMESPACES} namespaces"));
    }
    let document = Document::parse_with_options(&text, options).map_err(|error| error.to_string())?;
    let root = document.root_element();
    if !matches!(root.tag_name().name(), "testsuites" | "testsuite") {
        return Err(format!("its root is <{}>", root.tag_name().name()));
    }
    let mut report = Report::default();
    for case in root.descendants().filter(|node| node.has_tag_name("testcase")) {
        count(case, &mut report);
    }
    let told = |name: &str| told(root, name);
    if report.tests == 0 {
        report.tests = told("tests");
        report.skipped = told("skipped").max(told("disabled"));
    }
    report.failures = report.failures.max(told("failures"));
    report.errors = report.errors.max(told("errors"));
    Ok(report)
}

/// The number of attributes of the element that has most: signs of equality outside of values.
fn most_attributes(text: &str) -> usize {
    let mut most = 0;
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('<') {
        let skipped = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")].iter().find_map(|(open, close)| {
            let inside = behind.strip_prefix(open)?;
            Some(inside.split_once(close).map_or("", |(_, after)| after))
        });
        if let Some(after) = skipped {
            rest = after;
            continue;
        }
        let (mut count, mut quote, mut length) = (0, None, behind.len());
        for (at, byte) in behind.bytes().enumerate() {
            match (quote, byte) {
                (None, b'>') => {
                    length = at;
                    break;
                }
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                (None, b'=') => count += 1,
                _ => {}
            }
        }
        most = most.max(count);
        rest = behind.get(length..).unwrap_or_default();
    }
    most
}

/// The text without the characters that XML has no place for, as they are or as references such as `&#27;`. Many
/// tools write them: colours in the output of a test are no reason to lose its verdict.
fn without_illegal(text: &str) -> String {
    let mut legal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("&#") {
        let (before, reference) = rest.split_at(start);
        legal.extend(before.chars().map(legal_or_replaced));
        let end = reference.bytes().take(12).position(|byte| byte == b';').map_or(2, |end| end + 1);
        let (reference, after) = reference.split_at(end);
        let number = reference.trim_start_matches("&#").trim_end_matches(';');
        let number = match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        let meant = number.ok().and_then(char::from_u32);
        legal.push_str(if meant.is_some_and(is_legal) { reference } else { "\u{fffd}" });
        rest = after;
    }
    legal.extend(rest.chars().map(legal_or_replaced));
    legal
}

const fn legal_or_replaced(c: char) -> char {
    if is_legal(c) { c } else { '\u{fffd}' }
}

const fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}

fn count(case: Node<'_, '_>, report: &mut Report) {
    report.tests += 1;
    let has = |name: &str| case.children().find(|child| child.has_tag_name(name));
    let bad = match (has("error"), has("failure"), has("skipped")) {
        (Some(error), _, _) => {
            report.errors += 1;
            error
        }
        (None, Some(failure), _) => {
            report.failures += 1;
            failure
        }
        (None, None, Some(_)) => {
            report.skipped += 1;
            return;
        }
        (None, None, None) => return,
    };
    let name = case.attribute("name").unwrap_or("a test without a name");
    let name = case.attribute("classname").map_or_else(|| name.to_owned(), |class| format!("{class}.{name}"));
    let message = bad.attribute("message").or_else(|| bad.text()).unwrap_or_default();
    let message = message.trim().lines().next().unwrap_or_default();
    let full = if message.is_empty() { name } else { format!("{name}: {message}") };
    report.failed.push(full);
}

/// A number on the root, or the sum of those on the suites right below it.
fn told(root: Node<'_, '_>, name: &str) -> u64 {
    let number = |node: &Node<'_, '_>| node.attribute(name).and_then(|text| text.trim().parse::<u64>().ok());
    number(&root).unwrap_or_else(|| {
        let suites = root.children().filter(|child| child.has_tag_name("testsuite"));
        suites.filter_map(|suite| number(&suite)).fold(0, u64::saturating_add)
    })
}

#[cfg(test)]
mod tests;
