//! Which names of tags, branches and remotes are let through to git.
//!
//! The rules are those of `git check-ref-format`, and stricter where a name could deceive: no leading `-`,
//! which git would take for an option, and no character that is invisible or turns the direction of the text.

use thiserror::Error;

use crate::oid;

/// The longest name in bytes: a ref may be a file, and most file systems end at 255.
const LONGEST: usize = 200;

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum NameError {
    #[error("it is empty")]
    Empty,
    #[error("it is longer than {LONGEST} bytes")]
    TooLong,
    #[error("it begins with a dash, which git would take for an option")]
    LeadingDash,
    #[error("it holds a control character or an invisible one")]
    Unprintable,
    #[error("git does not allow {0:?} in a name")]
    Character(char),
    #[error("git does not allow {0:?} in a name")]
    Sequence(&'static str),
    #[error("a part of it begins or ends with a dot or is empty, or it ends with `.lock`")]
    Part,
    #[error("the name has a meaning of its own in git")]
    Reserved,
}

/// Whether a tag may have this name, told without `refs/tags/`.
pub(crate) fn check_tag(name: &str) -> Result<(), NameError> {
    check(name)?;
    if name == "HEAD" || name.starts_with("refs/") { Err(NameError::Reserved) } else { Ok(()) }
}

/// Whether this may name a commit: `HEAD`, a branch, a tag, a full `refs/...` or a commit's digits.
pub(crate) fn check_reference(text: &str) -> Result<(), NameError> {
    if oid::may_be_commit(text) { Ok(()) } else { check(text) }
}

/// Whether a remote may have this name.
pub(crate) fn check_remote(name: &str) -> Result<(), NameError> {
    check(name)
}

/// Whether a character can hide itself or what stands beside it.
pub(crate) fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > LONGEST {
        return Err(NameError::TooLong);
    }
    if name.starts_with('-') {
        return Err(NameError::LeadingDash);
    }
    if name.chars().any(is_deceptive) {
        return Err(NameError::Unprintable);
    }
    let forbidden = |c: &char| c.is_whitespace() || "~^:?*[\\".contains(*c);
    if let Some(c) = name.chars().find(forbidden) {
        return Err(NameError::Character(c));
    }
    if let Some(sequence) = ["..", "@{"].into_iter().find(|sequence| name.contains(sequence)) {
        return Err(NameError::Sequence(sequence));
    }
    if name == "@" {
        return Err(NameError::Reserved);
    }
    let bad_part = |part: &str| part.is_empty() || part.starts_with('.') || has_suffix(part, ".lock");
    if name.ends_with('.') || name.split('/').any(bad_part) {
        return Err(NameError::Part);
    }
    Ok(())
}

/// `ends_with`, in either case: a file system may not tell `.LOCK` from `.lock`.
fn has_suffix(part: &str, suffix: &str) -> bool {
    part.to_ascii_lowercase().ends_with(suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_pass() {
        for name in ["v1.2.0", "release/2026-11", "api@1.0", "v1.0+build.7", "größe", "a-b_c"] {
            assert_eq!(check_tag(name), Ok(()), "{name}");
        }
        for name in ["HEAD", "main", "origin/main", "refs/heads/main", "3f2a1c9"] {
            assert_eq!(check_reference(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn hostile_and_malformed_names_are_refused() {
        for (name, error) in [
            ("", NameError::Empty),
            ("-x", NameError::LeadingDash),
            ("--upload-pack=cmd", NameError::LeadingDash),
            ("a..b", NameError::Sequence("..")),
            ("a@{1}", NameError::Sequence("@{")),
            ("@", NameError::Reserved),
            ("a b", NameError::Character(' ')),
            ("a~1", NameError::Character('~')),
            ("a^{}", NameError::Character('^')),
            ("a:b", NameError::Character(':')),
            ("v*", NameError::Character('*')),
            ("a\\b", NameError::Character('\\')),
            ("a\nb", NameError::Unprintable),
            ("v1\u{202e}0.2", NameError::Unprintable),
            ("v1\u{200b}", NameError::Unprintable),
            ("/a", NameError::Part),
            ("a//b", NameError::Part),
            ("a/", NameError::Part),
            ("a/.b", NameError::Part),
            ("a.lock/b", NameError::Part),
            ("a.", NameError::Part),
        ] {
            assert_eq!(check_tag(name), Err(error), "{name:?}");
            assert_eq!(check_reference(name), Err(error), "{name:?}");
        }
        assert_eq!(check_tag(&"a".repeat(201)), Err(NameError::TooLong));
        assert_eq!(check_tag("HEAD"), Err(NameError::Reserved));
        assert_eq!(check_tag("refs/tags/v1"), Err(NameError::Reserved));
    }
}
