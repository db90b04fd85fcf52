//! What `strace -ff -y` wrote, read into calls.

use std::io;
use std::path::{Path, PathBuf};

use crate::pulls::watch;

/// A system call of a traced command.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Its name.
    pub(super) name: String,
    /// Its arguments, as strace writes them.
    pub(super) arguments: String,
    /// What it gave: a number, with what a descriptor stands for behind it, or an error.
    pub(super) result: String,
}

/// Every call of every process and thread of a command.
pub(super) fn read(folder: &Path, prefix: &str) -> io::Result<Vec<Call>> {
    let mut calls = Vec::new();
    for path in watch::logs(folder, prefix)? {
        let bytes = std::fs::read(path)?;
        calls.extend(String::from_utf8_lossy(&bytes).lines().filter_map(parse));
    }
    Ok(calls)
}

fn parse(line: &str) -> Option<Call> {
    let (name, rest) = line.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ").unwrap_or((rest, "?"));
    let arguments = arguments.trim_end().strip_suffix(')').unwrap_or(arguments);
    Some(Call { name: name.to_owned(), arguments: arguments.to_owned(), result: result.to_owned() })
}

impl Call {
    /// Whether it did what it was to do.
    pub(super) fn succeeded(&self) -> bool {
        self.result.starts_with(|c: char| c.is_ascii_digit())
    }

    /// The path that the descriptor of the result stands for, all links followed.
    pub(super) fn opened(&self) -> Option<PathBuf> {
        descriptor(&self.result)
    }

    /// The path that the first descriptor among the arguments stands for.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        descriptor(self.arguments.split(", ").next()?)
    }

    /// Each path among the arguments, from the descriptor before it where it is relative; no link is followed.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        let mut folder = PathBuf::from("/");
        let mut rest = self.arguments.as_str();
        while let Some((before, behind)) = rest.split_once('"') {
            folder = before.rsplit(", ").find_map(descriptor).unwrap_or(folder);
            let end = end_of_text(behind);
            paths.push(folder.join(unescaped(behind.get(..end).unwrap_or_default())));
            rest = behind.get(end + 1..).unwrap_or_default();
        }
        paths
    }

    /// Whether it has this among its flags.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.arguments.split(['|', ',', ' ']).any(|word| word == flag)
    }
}

/// `3</some/path>` and `AT_FDCWD</some/path>`.
fn descriptor(text: &str) -> Option<PathBuf> {
    let (_, path) = text.split_once('<')?;
    let path = path.trim_end().trim_end_matches("(deleted)").strip_suffix('>')?;
    path.starts_with('/').then(|| PathBuf::from(unescaped(path)))
}

fn end_of_text(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    text.len()
}

/// C's escapes. What is no UTF-8 is replaced: our own paths are.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let octal = after.iter().take(3).take_while(|digit| (b'0'..=b'7').contains(digit)).count();
        if *first != b'\\' {
            bytes.push(*first);
            rest = after;
        } else if octal > 0 {
            let digits = after.get(..octal).unwrap_or_default();
            let value = digits.iter().fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            bytes.push(u8::try_from(value & 0xff).unwrap_or_default());
            rest = after.get(octal..).unwrap_or_default();
        } else {
            let [escape, behind @ ..] = after else { break };
            bytes.push(match escape {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'v' => 0x0b,
                b'f' => 0x0c,
                other => *other,
            });
            rest = behind;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read() {
        let line = r#"openat(3</t/a b>, "x\"\303\244/\n", O_RDONLY|O_NOFOLLOW|O_CLOEXEC) = 4</t/a b/real>"#;
        let call = parse(line).expect("a call");
        assert_eq!(call.opened().expect("a path"), Path::new("/t/a b/real"));
        assert_eq!(call.folder().expect("a path"), Path::new("/t/a b"));
        assert_eq!(call.paths(), [Path::new("/t/a b/x\"ä/\n")]);
        assert!(call.succeeded() && call.has("O_NOFOLLOW") && !call.has("O_PATH"));
        let call = parse(r#"rename("/a", "/b")    = -1 ENOENT (No such file or directory)"#).expect("a call");
        assert_eq!(call.paths(), [Path::new("/a"), Path::new("/b")]);
        assert!(!call.succeeded());
        let call = parse("exit_group(1) = ?").expect("a call");
        assert_eq!((&*call.name, call.succeeded()), ("exit_group", false));
    }
}
