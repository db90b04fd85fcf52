//! The table of functions, and their results beside Terraform's: the files in `tests` hold the `jsonencode` of what
//! Terraform 1.11 gives. Where relplan differs on purpose, a comment says so.

use std::collections::BTreeMap;

use super::*;
use crate::lang::eval::tests::{Variables, check_table, evaluate_text};

/// Files in memory, and a clock that stands still or is not there.
struct Shelf {
    files: BTreeMap<&'static str, &'static [u8]>,
    time: Option<Timestamp>,
}

impl Shelf {
    fn new(time: Option<Timestamp>) -> Self {
        let files: [(&str, &[u8]); 3] = [("a.txt", b"hello\n"), ("sub/b.txt", b"b"), ("raw.bin", b"\xff")];
        Self { files: files.into(), time }
    }
}

impl Host for Shelf {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        if path.starts_with('/') {
            return Err(FileError::Outside);
        }
        self.files.get(path).map(|bytes| bytes.to_vec()).ok_or(FileError::Missing)
    }

    fn exists(&self, path: &str) -> Result<bool, FileError> {
        Ok(self.files.contains_key(path))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        if folder == "." {
            Ok(self.files.keys().map(ToString::to_string).collect())
        } else {
            Err(FileError::Missing)
        }
    }

    fn absolute(&self, path: &str) -> Result<String, FileError> {
        Ok(format!("/home/releases/{path}"))
    }

    fn home(&self) -> Option<String> {
        Some("/home/ann".into())
    }

    fn now(&self) -> Option<Timestamp> {
        self.time
    }

    fn run_time(&self) -> Option<Timestamp> {
        self.time
    }
}

fn value(text: &str) -> Value {
    let host = Shelf::new(Timestamp::from_second(1_500_000_000).ok());
    evaluate_text(text, &Variables::default(), &host)
        .unwrap_or_else(|findings| panic!("{text}: {findings:?}"))
}

#[test]
fn string_results_are_terraforms() {
    check_table(include_str!("tests/string.txt"), &NoFiles);
}

#[test]
fn format_results_are_terraforms() {
    check_table(include_str!("tests/format.txt"), &NoFiles);
}

#[test]
fn numeric_results_are_terraforms() {
    check_table(include_str!("tests/numeric.txt"), &NoFiles);
}

#[test]
fn collection_results_are_terraforms() {
    check_table(include_str!("tests/collection.txt"), &NoFiles);
}

#[test]
fn encoding_results_are_terraforms() {
    check_table(include_str!("tests/encoding.txt"), &NoFiles);
}

#[test]
fn time_results_are_terraforms() {
    check_table(include_str!("tests/time.txt"), &NoFiles);
}

#[test]
fn version_results() {
    check_table(include_str!("tests/semver.txt"), &NoFiles);
}

#[test]
fn file_results() {
    check_table(include_str!("tests/file.txt"), &Shelf::new(None));
}

#[test]
fn families_are_sorted_so_that_find_finds() {
    for family in FAMILIES {
        assert!(family.is_sorted_by_key(|function| function.name));
    }
    for function in all() {
        assert_eq!(find(function.name).map(|found| found.name), Some(function.name));
        assert!(function.description.ends_with('.'), "{}", function.name);
    }
    assert!(all().count() > 100, "{}", all().count());
    assert!(find("nope").is_none());
}

#[test]
fn examples_hold() {
    for function in all() {
        let (call, result) = function.example;
        assert!(call.contains(function.name), "{}", function.name);
        if function.name.ends_with("timestamp") {
            continue;
        }
        assert_eq!(value(call), value(result), "{call}");
    }
}

#[test]
fn the_clock_is_unknown_without_a_host_that_tells_it() {
    for call in ["timestamp()", "plantimestamp()"] {
        assert_eq!(value(call), Value::from("2017-07-14T02:40:00Z"));
        let planned = evaluate_text(call, &Variables::default(), &Shelf::new(None));
        assert!(planned.is_ok_and(|value| value.is_unknown()));
    }
}

#[test]
fn signatures_are_shown() {
    assert_eq!(find("join").map(Function::signature).as_deref(), Some("join(separator, lists...)"));
}
