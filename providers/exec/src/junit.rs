//! Reports in `JUnit` XML: counting what ran, failed, broke and did not run.
//!
//! The format was never written down. What counts here are the `testcase` elements, with whatever their tool has to
//! say that one did not run; and the numbers and elements of the suites around them, where they tell of more trouble
//! (a suite that broke before its first case) or of fewer tests that ran.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use relplan_contract::{Text, Tree};
use roxmltree::{Document, Node, ParsingOptions};

mod case;
mod guard;
mod suite;

/// The largest report that is read, in bytes, and the most elements and texts in one.
const LARGEST: usize = 32 * 1024 * 1024;
const MOST_NODES: u32 = 1_000_000;

/// How many tests a case, a suite or all reports name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) tests: u64,
    /// Those that ran and were not found bad.
    pub(crate) passed: u64,
    pub(crate) failures: u64,
    pub(crate) errors: u64,
    /// Those that did not run, for whatever reason.
    pub(crate) skipped: u64,
    /// Of the skipped ones, those that could not tell.
    pub(crate) inconclusive: u64,
}

impl Counts {
    /// How many tests failed or broke.
    pub(crate) const fn bad(&self) -> u64 {
        self.failures.saturating_add(self.errors)
    }

    fn add(&mut self, other: Self) {
        self.tests = self.tests.saturating_add(other.tests);
        self.passed = self.passed.saturating_add(other.passed);
        self.failures = self.failures.saturating_add(other.failures);
        self.errors = self.errors.saturating_add(other.errors);
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.inconclusive = self.inconclusive.saturating_add(other.inconclusive);
    }
}

/// What the reports say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) counts: Counts,
    /// Names of the tests and suites that failed or broke.
    pub(crate) failed: Vec<String>,
}

impl Report {
    /// How many tests ran.
    pub(crate) const fn ran(&self) -> u64 {
        self.counts.tests.saturating_sub(self.counts.skipped)
    }

    fn add(&mut self, other: Self) {
        self.counts.add(other.counts);
        self.failed.extend(other.failed);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { passed, skipped, .. } = self.counts;
        write!(f, "{passed} passed, {} failed", self.counts.bad())?;
        if skipped > 0 {
            write!(f, ", {skipped} skipped")?;
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
        all.add(
            parse(&text(&bytes)).map_err(|error| format!("The report {name} is no JUnit XML: {error}."))?,
        );
    }
    Ok(all)
}

/// The characters of a report. A wrong or unknown word about them makes names odd, and is no reason to lose a verdict.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    Text::decode(bytes, None).map_or_else(|_| String::from_utf8_lossy(bytes), |text| text.text)
}

fn parse(text: &str) -> Result<Report, String> {
    // Without document type definitions there are no entities that could grow.
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let text = guard::checked(text)?;
    let document = Document::parse_with_options(&text, options).map_err(|error| error.to_string())?;
    let root = document.root_element();
    if !suite::is(root) {
        return Err(format!("its root is <{}>", root.tag_name().name()));
    }
    Ok(suite::report(root))
}

/// Whether an element has one of the names, whatever its namespace and its capitals.
fn is_named(node: Node<'_, '_>, names: &[&str]) -> bool {
    node.is_element() && names.iter().any(|name| node.tag_name().name().eq_ignore_ascii_case(name))
}

/// The value of an attribute, whatever its capitals.
fn attribute<'n>(node: Node<'n, '_>, name: &str) -> Option<&'n str> {
    let found = node.attributes().find(|attribute| attribute.name().eq_ignore_ascii_case(name));
    found.map(|attribute| attribute.value().trim())
}

/// What a case or a suite is called, or what is said where it has no name.
fn name<'n>(node: Node<'n, '_>, nameless: &'n str) -> &'n str {
    attribute(node, "name").filter(|name| !name.is_empty()).unwrap_or(nameless)
}

/// What a failed case or suite is called, with the first line of what went wrong.
fn described(name: &str, bad: Option<Node<'_, '_>>) -> String {
    let message = bad.and_then(|bad| bad.attribute("message").or_else(|| bad.text())).unwrap_or_default();
    let message = message.trim().lines().next().unwrap_or_default();
    if message.is_empty() { name.to_owned() } else { format!("{name}: {message}") }
}

#[cfg(test)]
mod tests;
