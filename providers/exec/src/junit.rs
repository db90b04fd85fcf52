//! Reading `JUnit` XML: as many dialects of it as there are test runners, of which only counts and names matter.

use roxmltree::{Document, Node, ParsingOptions};

/// The largest report, in bytes.
pub(crate) const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// At most this many failed tests are named.
pub(crate) const MAX_NAMED: usize = 20;

/// What a report says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub tests: i64,
    pub failures: i64,
    pub errors: i64,
    pub skipped: i64,
    /// Names of failed tests, with the first line of why.
    pub failed: Vec<String>,
}

impl Summary {
    /// Adds what another report says.
    pub(crate) fn add(&mut self, other: Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
        self.failed.extend(other.failed);
        self.failed.truncate(MAX_NAMED);
    }
}

/// Counts the test cases of a report. Its own totals are not believed: a runner that was cut off leaves wrong ones.
pub(crate) fn read(text: &str) -> Result<Summary, String> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: 4_000_000, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| error.to_string())?;
    let root = document.root_element();
    if !matches!(root.tag_name().name(), "testsuites" | "testsuite") {
        return Err(format!(
            "its outermost element is {:?}, not \"testsuites\" or \"testsuite\"",
            root.tag_name().name()
        ));
    }
    let mut summary = Summary::default();
    for case in root.descendants().filter(|node| node.has_tag_name("testcase")) {
        summary.tests += 1;
        let child = |name: &str| case.children().find(|node| node.has_tag_name(name));
        if let Some(failure) = child("failure") {
            summary.failures += 1;
            name(&mut summary, case, failure);
        } else if let Some(error) = child("error") {
            summary.errors += 1;
            name(&mut summary, case, error);
        } else if child("skipped").is_some() {
            summary.skipped += 1;
        }
    }
    Ok(summary)
}

fn name(summary: &mut Summary, case: Node<'_, '_>, why: Node<'_, '_>) {
    if summary.failed.len() >= MAX_NAMED {
        return;
    }
    let class = case.attribute("classname").filter(|class| !class.is_empty());
    let test = case.attribute("name").unwrap_or("a test without a name");
    let message = why.attribute("message").or(why.text()).unwrap_or_default();
    let first: String = message.trim().lines().next().unwrap_or_default().chars().take(200).collect();
    let full = class.map_or_else(|| test.to_owned(), |class| format!("{class}.{test}"));
    summary.failed.push(if first.is_empty() { full } else { format!("{full}: {first}") });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_counted_whatever_the_totals_say() {
        let text = r#"<testsuites tests="1"><testsuite name="a">
            <testcase classname="cart" name="adds"/>
            <testcase classname="cart" name="pays"><failure message="expected 3&#10;got 2">trace</failure></testcase>
            <testcase name="ships"><error>no route</error></testcase>
            <testcase name="later"><skipped/></testcase>
        </testsuite></testsuites>"#;
        let summary = read(text).expect("a report");
        assert_eq!((summary.tests, summary.failures, summary.errors, summary.skipped), (4, 1, 1, 1));
        assert_eq!(summary.failed, ["cart.pays: expected 3", "ships: no route"]);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        assert!(read("<html/>").is_err());
        assert!(read("<testsuite>").is_err());
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><testsuite>&a;</testsuite>";
        assert!(read(bomb).is_err(), "entities of a report's own are refused");
    }
}
