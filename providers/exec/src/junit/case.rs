//! One test case: whether it ran, and how it ended, in whichever words its tool says it.

use roxmltree::Node;

use super::{attribute, described, is_named, name};

/// How a test case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// It ran, and nothing bad is said of it.
    Ran,
    /// It did not run to its end, and so says nothing.
    NotRun,
    /// It ran, and says itself that it could not tell.
    Inconclusive,
    /// It failed: its name and the reason.
    Failed(String),
    /// It broke: its name and the reason.
    Broke(String),
}

/// Elements in a case that say that it did not run.
const NOT_RUN: [&str; 12] = [
    "skipped",
    "skip",
    "ignored",
    "ignore",
    "disabled",
    "pending",
    "notrun",
    "not-run",
    "inconclusive",
    "todo",
    "aborted",
    "cancelled",
];

/// Attributes in which tools tell how a case or a suite ended.
const ENDS: [&str; 4] = ["status", "result", "outcome", "state"];

/// Parts of words that say that something did not run, or not to its end.
const NOT_RUN_WORDS: [&str; 23] = [
    "notrun",
    "norun",
    "skip",
    "disab",
    "ignor",
    "suppress",
    "pend",
    "inconcl",
    "untest",
    "undef",
    "notexec",
    "notstart",
    "notapplic",
    "todo",
    "omit",
    "block",
    "exclud",
    "deselect",
    "filter",
    "cancel",
    "abort",
    "interrupt",
    "unresolved",
];

/// Beginnings of words that say that something went wrong.
const BAD_WORDS: [&str; 7] = ["fail", "err", "broke", "crash", "timeout", "timedout", "exception"];

/// What a word about an end means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Bad,
    NotRun,
    /// That it ran, or nothing that is known.
    Other,
}

fn meaning(word: &str) -> Word {
    let word: String =
        word.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    if BAD_WORDS.iter().any(|bad| word.starts_with(bad)) {
        Word::Bad
    } else if NOT_RUN_WORDS.iter().any(|part| word.contains(part)) {
        Word::NotRun
    } else {
        Word::Other
    }
}

/// How a case ended.
pub(super) fn ended(case: Node<'_, '_>) -> Case {
    let has = |names: &[&str]| case.children().find(|child| is_named(*child, names));
    let name = || {
        let name = name(case, "a test without a name");
        attribute(case, "classname").map_or_else(|| name.to_owned(), |class| format!("{class}.{name}"))
    };
    if ends(case).any(|word| word.eq_ignore_ascii_case("inconclusive")) {
        return Case::Inconclusive;
    }
    // Before a failure: tools that write both mean one that is not held against it (a skip that is raised as an
    // exception, a test that may fail), and end with the exit code of success.
    if has(&NOT_RUN).is_some() {
        return Case::NotRun;
    }
    if let Some(error) = has(&["error"]) {
        return Case::Broke(described(&name(), Some(error)));
    }
    if let Some(failure) = has(&["failure", "failed"]) {
        return Case::Failed(described(&name(), Some(failure)));
    }
    if says_bad(case) || says(case, &["success", "passed"], false) {
        return Case::Failed(name());
    }
    let not_run = ends(case).map(meaning).any(|word| word == Word::NotRun)
        || says(case, &["executed", "ran", "run"], false)
        || says(case, &["skipped", "disabled", "ignored", "pending"], true);
    if not_run { Case::NotRun } else { Case::Ran }
}

/// Whether an attribute tells that a case or suite ended badly.
pub(super) fn says_bad(node: Node<'_, '_>) -> bool {
    ends(node).any(|word| meaning(word) == Word::Bad)
}

/// The words in which it is told how a case or a suite ended.
fn ends<'n>(node: Node<'n, '_>) -> impl Iterator<Item = &'n str> {
    ENDS.iter().filter_map(move |name| attribute(node, name))
}

/// Whether one of the attributes is there and is true, or false.
fn says(node: Node<'_, '_>, names: &[&str], truth: bool) -> bool {
    let words: [&str; 3] = if truth { ["true", "yes", "1"] } else { ["false", "no", "0"] };
    let mut values = names.iter().filter_map(|name| attribute(node, name));
    values.any(|value| words.iter().any(|word| value.eq_ignore_ascii_case(word)))
}
