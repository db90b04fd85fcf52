//! Suites: the sum of their cases and of the suites inside them, held against what they say of themselves.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::case::{self, Case};
use super::{Counts, Report, attribute, described, is_named, name};

/// Whether an element is a suite, or the suite of all suites.
pub(super) fn is(node: Node<'_, '_>) -> bool {
    is_named(node, &["testsuite", "testsuites"])
}

/// What the suite says with all that is in it. From the last element to the first, so that what is inside is known
/// before what is around it: nobody knows how deep they are nested.
pub(super) fn report(root: Node<'_, '_>) -> Report {
    let mut inside: BTreeMap<usize, Counts> = BTreeMap::new();
    let mut failed = Vec::new();
    let elements: Vec<Node<'_, '_>> = root.descendants().filter(Node::is_element).collect();
    for node in elements.into_iter().rev() {
        let mut counts = inside.remove(&node.id().get_usize()).unwrap_or_default();
        if is_named(node, &["testcase"]) {
            count(case::ended(node), &mut counts, &mut failed);
        } else if is(node) {
            counts = whole(node, counts, &mut failed);
        }
        match node.parent_element().filter(|_| node != root) {
            Some(parent) => inside.entry(parent.id().get_usize()).or_default().add(counts),
            None => {
                failed.reverse();
                return Report { counts, failed };
            }
        }
    }
    Report::default()
}

fn count(ended: Case, counts: &mut Counts, failed: &mut Vec<String>) {
    counts.tests += 1;
    match ended {
        Case::Ran => counts.passed += 1,
        Case::NotRun => counts.skipped += 1,
        Case::Inconclusive => {
            counts.skipped += 1;
            counts.inconclusive += 1;
        }
        Case::Failed(name) => {
            counts.failures += 1;
            failed.push(name);
        }
        Case::Broke(name) => {
            counts.errors += 1;
            failed.push(name);
        }
    }
}

/// The counts of a suite, from those of what is in it.
fn whole(suite: Node<'_, '_>, mut counts: Counts, failed: &mut Vec<String>) -> Counts {
    let name = name(suite, "a suite without a name");
    // What broke outside of every case: before the first, between two, or behind the last.
    for broke in suite.children().rev().filter(|child| is_named(*child, &["error", "failure"])) {
        counts.errors += 1;
        failed.push(described(name, Some(broke)));
    }
    let told = |names: &[&str]| -> Vec<u64> { names.iter().filter_map(|name| number(suite, name)).collect() };
    let most_told = |names: &[&str]| told(names).into_iter().max().unwrap_or_default();
    counts.failures = counts.failures.max(most_told(&["failures", "failed"]));
    // NUnit's own translation to JUnit counts what could not tell as errors, and Qt counts warnings and notes.
    if counts.tests == 0 || !is_of_qt(suite) {
        counts.errors = counts.errors.max(most_told(&["errors"]).saturating_sub(counts.inconclusive));
    }
    if counts.bad() == 0 && case::says_bad(suite) {
        counts.errors = 1;
        failed.push(name.to_owned());
    }
    let skipped = ["skipped", "skip", "skips", "disabled", "ignored", "notrun", "not-run", "inconclusive"];
    if counts.tests == 0 {
        // Nobody says which: some tools count a test under two of these names, and then fewer ran than it seems.
        counts.tests = most_told(&["tests"]);
        counts.skipped = told(&skipped).into_iter().fold(0, u64::saturating_add).min(counts.tests);
        counts.passed = (counts.tests - counts.skipped).saturating_sub(counts.bad());
    } else {
        counts.skipped = counts.skipped.max(most_told(&skipped)).min(counts.tests);
        counts.passed = counts.passed.min(counts.tests - counts.skipped);
    }
    counts
}

fn is_of_qt(suite: Node<'_, '_>) -> bool {
    let mut properties =
        suite.children().filter(|child| is_named(*child, &["properties"])).flat_map(|child| child.children());
    properties.any(|property| attribute(property, "name") == Some("QTestVersion"))
}

fn number(node: Node<'_, '_>, name: &str) -> Option<u64> {
    attribute(node, name)?.parse().ok()
}
