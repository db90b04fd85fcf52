//! Transcripts: `tests/cli/*.md` are sessions at a terminal, run against the built command.
//!
//! A block ```` ```hcl file=PATH ```` (or with any other language) makes a file. A block ```` ```console ```` has lines
//! `$ COMMAND`, each followed by what it prints (both streams together) and, where it is not 0, `? CODE`. In what is
//! printed, `[..]` stands for anything on a line and a line `...` for any lines. With `SNAPSHOTS=overwrite` the printed
//! parts are written anew; look at the difference before it is committed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn transcripts_are_true() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let overwrite = std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("transcripts")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    files.sort();
    assert!(files.len() >= 6, "the transcripts are gone");
    let only = std::env::var("TRANSCRIPT").unwrap_or_default();
    // Each has its own folder, so that they can run side by side.
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = files
            .iter()
            .filter(|path| path.to_string_lossy().contains(&only))
            .map(|path| scope.spawn(move || check(path, overwrite)))
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs one transcript; gives what differs.
fn check(path: &Path, overwrite: bool) -> Option<String> {
    let text = std::fs::read_to_string(path).expect("a transcript");
    let folder = tempfile::tempdir().expect("a folder");
    let mut written = String::new();
    let mut wrong = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let _ = writeln!(written, "{line}");
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let mut block: Vec<&str> = Vec::new();
        for line in lines.by_ref().take_while(|line| *line != "```") {
            block.push(line);
        }
        if let Some((_, name)) = info.split_once(" file=") {
            write_file(folder.path(), name, &block);
            written.extend(block.iter().map(|line| format!("{line}\n")));
        } else if info == "console" {
            console(folder.path(), &block, &mut written, &mut wrong);
        } else {
            written.extend(block.iter().map(|line| format!("{line}\n")));
        }
        written.push_str("```\n");
    }
    if overwrite && !wrong.is_empty() {
        std::fs::write(path, written).expect("written");
        return None;
    }
    (!wrong.is_empty()).then(|| format!("{}:\n{wrong}", path.display()))
}

fn write_file(folder: &Path, name: &str, lines: &[&str]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(&path, lines.join("\n") + "\n").expect("written");
}

fn console(folder: &Path, block: &[&str], written: &mut String, wrong: &mut String) {
    let mut at = 0;
    while let Some(command) = block.get(at).and_then(|line| line.strip_prefix("$ ")) {
        at += 1;
        let expected: Vec<&str> =
            block.iter().skip(at).take_while(|line| !line.starts_with("$ ")).copied().collect();
        at += expected.len();
        let printed = run(folder, command);
        let _ = writeln!(written, "$ {command}");
        if matches(&expected, &printed) {
            written.extend(expected.iter().map(|line| format!("{line}\n")));
        } else {
            written.extend(printed.iter().map(|line| format!("{line}\n")));
            let _ = writeln!(
                wrong,
                "$ {command}\n--- expected\n{}\n--- printed\n{}",
                expected.join("\n"),
                printed.join("\n")
            );
        }
    }
}

/// What a command line prints, with its exit code where that is not 0, and with what differs from run to run blotted out.
fn run(folder: &Path, command: &str) -> Vec<String> {
    let relplan = env!("CARGO_BIN_EXE_relplan");
    let path = format!(
        "{}:{}",
        Path::new(relplan).parent().expect("a folder").display(),
        std::env::var("PATH").expect("a PATH")
    );
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder)
        .env("USER", "ann")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(std::process::Stdio::null())
        .output()
        .expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines: Vec<String> = text.lines().map(|line| blot(line, folder)).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    match output.status.code() {
        Some(0) => {}
        Some(code) => lines.push(format!("? {code}")),
        None => lines.push("? signal".to_owned()),
    }
    lines
}

/// Hashes, identities and times are different in each run.
fn blot(line: &str, folder: &Path) -> String {
    let mut line = line.trim_end().replace(&folder.to_string_lossy().into_owned(), "[FOLDER]");
    let patterns = [
        (r"sha256:[0-9a-f]{64}", "sha256:[HASH]"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "[UUID]"),
        (r"\bfake-[0-9a-f]{12}\b", "fake-[ID]"),
        (r"\b[0-9a-f]{64}\b", "[HASH]"),
        (r"\b[0-9a-f]{40}\b", "[COMMIT]"),
        (r"\b[0-9a-f]{32}\b", "[ID]"),
        (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( UTC|Z)?", "[TIME]"),
        (r"\b\d\d:\d\d:\d\d\b", "[CLOCK]"),
        (r"(after|\[)\d+s", "${1}[..]s"),
        (r"after \d+s", "after [..]s"),
        (r"by ann@\S+", "by ann@[HOST]"),
        (r"ann on \S+ \(process \d+( in PID namespace \d+)?", "ann on [HOST] (process [PID]"),
        (r"\d+ bytes", "[..] bytes"),
    ];
    for (pattern, with) in patterns {
        line = regex::Regex::new(pattern).expect("a pattern").replace_all(&line, with).into_owned();
    }
    line
}

/// Whether what was printed is as expected.
fn matches(expected: &[&str], printed: &[String]) -> bool {
    let expected: Vec<&str> = expected.to_vec();
    match (expected.split_first(), printed.split_first()) {
        (None, None) => true,
        (Some((&"...", rest)), _) => {
            (0..=printed.len()).any(|skip| matches(rest, printed.get(skip..).unwrap_or_default()))
        }
        (Some((first, rest)), Some((line, behind))) => like(first, line) && matches(rest, behind),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn like(pattern: &str, line: &str) -> bool {
    if pattern == line {
        return true;
    }
    let mut parts = pattern.split("[..]");
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut tail = None;
    for part in parts {
        tail = Some(part);
        match rest.find(part) {
            Some(found) => rest = &rest[found + part.len()..],
            None => return false,
        }
    }
    tail.is_some_and(|tail| tail.is_empty() || rest.is_empty() || line.ends_with(tail))
}

#[test]
fn the_patterns_notice_differences() {
    let printed = ["a".to_owned(), "b 12 c".to_owned(), "d".to_owned()];
    assert!(matches(&["a", "b [..] c", "d"], &printed));
    assert!(matches(&["a", "...", "d"], &printed));
    assert!(!matches(&["a", "b [..] x", "d"], &printed));
    assert!(!matches(&["a", "d"], &printed));
}
